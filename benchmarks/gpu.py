"""Examples per second of the ranking model with its gate on one and two GPUs, one process a row.

    python benchmarks/gpu.py --gpus 1 2

26 features of 100,000 ids, 32 wide, in one table; DCN-v2 (two crosses of rank 64) and a tower of 1024-512-256; 65,536 examples
a GPU and step; synthetic batches in memory; the gate searching; row-wise Adagrad and Adam. Needs TensorFlow, tf_keras,
tensorflow-recommenders, pydantic and PyYAML only. `--profile` lists the kernels that take longest; without a GPU, small
`--rows` and `--batch` try the script on a CPU.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

VARIANTS = {  # name: dense gradients, XLA, bfloat16
    "sparse": (False, False, False),
    "dense": (True, False, False),
    "dense-bf16": (True, False, True),
    "xla": (True, True, False),
    "xla-bf16": (True, True, True),
}
FEATURES, WIDTH = 26, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", type=int, nargs="+", default=[1])
    parser.add_argument("--variants", nargs="+", choices=[*VARIANTS, "auto"], default=list(VARIANTS))
    parser.add_argument("--batch", type=int, default=65536)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--no-gate", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked)))
        return
    if not shutil.which("nvidia-smi") and asked.batch > 4096:
        sys.exit("no GPU here; --rows 1000 --batch 256 --steps 64 tries the script on a CPU")
    print("| variant | GPUs | examples/s | ms a step | last loss |\n| --- | --- | --- | --- | --- |", flush=True)
    for variant in asked.variants:
        for gpus in asked.gpus:
            print(row(variant, gpus), flush=True)


def row(variant: str, gpus: int) -> str:
    """One line of the table, measured in a process of its own: two mirrored models in one clash in NCCL."""
    own = [*sys.argv[1:], "--one", "--variants", variant, "--gpus", str(gpus)]
    made = subprocess.run([sys.executable, __file__, *own], capture_output=True, text=True)
    if made.returncode:
        return f"| {variant} | {gpus} | failed: {(made.stderr.strip().splitlines() or ['no message'])[-1][:300]} | | |"
    found = json.loads(made.stdout.strip().splitlines()[-1])
    kernels = "".join(f"\n    {share:5.1f} %  {name}" for name, share in found["kernels"])
    return f"| {variant} | {gpus} | {found['speed'] / 1e6:.2f}M | {found['ms']:.2f} | {found['loss']:.4f} |{kernels}"


def measure(asked: argparse.Namespace) -> dict[str, object]:
    """Trains one variant: 64 steps to warm up, then as many as asked."""
    import numpy as np
    import tensorflow as tf

    import features  # noqa: F401
    from features.config.model import ModelConfig, TowerConfig, TrainingConfig
    from features.encoding import Encoding
    from models.build import build_model
    from models.gate import SOFT, SequentialAttention
    from models.steps import make_steps
    from models.table_layout import TableLayout

    gpus, variant = asked.gpus[0], asked.variants[0]
    devices = [device.name for device in tf.config.list_logical_devices("GPU")][:gpus]
    strategy = (
        tf.distribute.MirroredStrategy(devices) if gpus > 1 else tf.distribute.OneDeviceStrategy((devices or ["/cpu:0"])[0])
    )
    dense, xla, mixed = VARIANTS.get(variant, (None, "auto", "auto"))
    batch = asked.batch * gpus
    training = TrainingConfig(batch_size=batch, xla=xla, mixed_precision=mixed)
    network = ModelConfig(embedding_width=WIDTH, tower=TowerConfig(units=[1024, 512, 256]))
    encodings = [Encoding(f"c{n}", asked.rows) for n in range(FEATURES)]
    widths = {encoding.name: WIDTH for encoding in encodings}
    names = list(widths)
    with strategy.scope():
        gate = SequentialAttention([names.index(owner) for owner in TableLayout(encodings, widths).owners], name="gate")
    model = build_model(encodings, widths, network, training, strategy, 1, None if asked.no_gate else gate, say=_note)
    if not asked.no_gate:
        gate.set_mode(SOFT)
    if dense is not None:
        model.embedding.dense = dense
    rng = np.random.default_rng(0)
    ids = (asked.rows * rng.random((4, batch, FEATURES)) ** 3).astype(np.int32)  # frequent ids first, as in real logs
    label = (ids[:, :, :1] % 2 == 0).astype(np.float32)

    def data(start: int, shard: tuple[int, int]) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(({"ids": ids}, label)).cache().repeat().prefetch(4)

    steps = make_steps(model, data, 0)
    for _ in range(2):
        steps(32)
    started = time.perf_counter()
    for _ in range(asked.steps // 32):
        losses = steps(32)
    seconds = (time.perf_counter() - started) / (asked.steps // 32 * 32)
    kernels = _kernels(steps) if asked.profile else []
    return {"speed": batch / seconds, "ms": 1000 * seconds, "loss": float(losses[-1]), "kernels": kernels}


def _note(line: str) -> None:
    print(line, file=sys.stderr)


def _kernels(steps: object) -> list[tuple[str, float]]:
    """The kernels that take longest on a GPU, with their share of the time all take together."""
    import collections

    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            steps(32)
        space = xplane_pb2.XSpace.FromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    spent: collections.Counter[str] = collections.Counter()
    for plane in (plane for plane in space.planes if plane.name.startswith("/device:GPU:0")):
        for line in (line for line in plane.lines if line.name.startswith("Stream")):
            for event in line.events:
                spent[plane.event_metadata[event.metadata_id].name[:100]] += event.duration_ps
    total = sum(spent.values()) or 1
    return [(name, 100 * value / total) for name, value in spent.most_common(15)]


if __name__ == "__main__":
    main()

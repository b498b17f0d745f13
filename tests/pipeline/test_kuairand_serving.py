"""The served models of the real log: what they hold, what they weigh, and that every road gives the proved scores."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.spec import FeatureSpec

CONFIG = Path(__file__).parents[2] / "configs" / "kuairand.yaml"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def works(data_folder, tmp_path_factory) -> dict[str, Path]:
    """Work folders of two budgets; skips without the data."""
    if not (data_folder / "kuairand_pure").exists():
        pytest.skip(f"no KuaiRand data in {data_folder}; set WINNOW_DATA")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINNOW_DATA", str(data_folder))
        folder = tmp_path_factory.mktemp("kuairand")
        made = {"features=15": folder / "15", "bytes=10%": folder / "10"}
        for budget, work in made.items():
            if (folder / "15").exists():
                shutil.copytree(folder / "15" / "transformed", work / "transformed")
            run(CONFIG, f"work_dir={work}", f"selection.budget.{budget}", "proof.seed_count=1", "proof.bootstrap_samples=100")
        yield made


def run(config: Path, *overrides: str) -> None:
    from pipeline.plan import Plan

    Plan(Config.load(config, list(overrides))).run(("preprocess", "search", "select", "prove", "export"))


def test_every_road_gives_the_same_scores_and_the_proved_auc(works, winnow, data_folder, tmp_path):
    from pipeline.serving.onnx import to_onnx
    from pipeline.serving.saved_model import Served

    for work in works.values():
        served = Served(work / "model")
        test = data_folder / "kuairand_pure" / "test.parquet"
        code, said = winnow("score", work / "model", "-i", test, "-o", tmp_path / work.name)
        assert code == 0, said
        summary = json.loads((tmp_path / work.name / "scores.json").read_text())
        proved = served.spec.proof.point("pruned").auc.by_seed[0]
        assert summary["rows"] == 133_545
        assert summary["quality"]["auc"] == pytest.approx(proved, abs=1e-6)

        scores = pq.read_table(tmp_path / work.name / "part-00000.parquet")["score"].to_numpy()[:10_000]
        request = spoiled(raw_rows(test, served.spec))
        expected = served.score(request)
        whole = np.arange(10_000) % 10 > 1
        np.testing.assert_allclose(expected[whole], scores[whole], atol=1e-5)
        np.testing.assert_allclose(served.score_examples(request), expected, atol=1e-5)
        ids = served.transform(request)
        np.testing.assert_allclose(served.signature("serving_ids")(**ids)["score"], expected, atol=1e-5)
        onnxruntime = pytest.importorskip("onnxruntime")
        to_onnx(work / "model", tmp_path / "model.onnx")
        session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
        theirs = session.run(["score"], {name: tensor.numpy() for name, tensor in ids.items()})[0]
        np.testing.assert_allclose(theirs, expected, atol=1e-5)


def raw_rows(path: Path, spec: FeatureSpec) -> dict[str, np.ndarray]:
    """The first 10,000 rows as a request."""
    table = pq.read_table(path, columns=[column.name for column in spec.inputs]).slice(0, 10_000)
    types = {"string": object, "int64": np.int64, "float32": np.float32}
    found = {}
    for column in spec.inputs:
        mark = np.nan if column.missing is None else column.missing
        values = [mark if value is None else value for value in table[column.name].to_pylist()]
        found[column.name] = np.array(values, types[column.dtype])
    return found


def spoiled(request: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every tenth row is missing throughout, and the row after it unseen."""
    marks = {"O": ("", "never"), "i": (-(2**63), 10**15), "f": (np.nan, -1e6)}
    for values in request.values():
        values[::10], values[1::10] = marks[values.dtype.kind]
    return request


def test_nothing_of_the_dropped_is_left_and_little_of_the_bytes(works, tmp_path):
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    from pipeline.dataset.transformed import Transformed
    from pipeline.serving.serving_model import serving_model
    from pipeline.serving.timing import disk_bytes

    config = Config.load(CONFIG)
    data = Transformed(str(works["features=15"] / "transformed"))
    widths = {encoding.name: encoding.width(config.model.embedding_width) for encoding in data.encodings}
    full = serving_model(config, data, widths, str(tmp_path / "transform"))
    tf.saved_model.save(full, str(tmp_path / "full"), signatures=full.signatures())
    whole = disk_bytes(tmp_path / "full")
    for budget, work in works.items():
        folder = work / "model" / "saved_model"
        spec = FeatureSpec.load(work / "model")
        graph = str(saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()))
        names = set(spec.names())
        assert all(f'"{name}"' in graph for name in names)  # what is looked for would be found
        for dropped in spec.dropped:
            # As a name of its own: `user_id` is no part of `video_user_id_x`, nor onehot_feat1 of onehot_feat11.
            assert f'"{dropped.name}"' not in graph
            assert f"f_{dropped.name}/" not in graph
            assert not (folder / "assets" / f"{dropped.name}.txt").exists()
        assert {path.stem for path in (folder / "assets").iterdir()} == {f.name for f in spec.kept if f.vocabulary}
        shapes = dict(tf.train.list_variables(str(folder / "variables" / "variables")))
        tables = sum(int(np.prod(shape)) * 4 for name, shape in shapes.items() if "weights/" in name and len(shape) == 2)
        assert spec.bytes <= tables < spec.bytes + 2**20  # the rest is the network
        held = disk_bytes(folder)
        share = (held["variables"] + held["vocabularies"]) / (whole["variables"] + whole["vocabularies"])
        assert share <= {"features=15": 0.7, "bytes=10%": 0.2}[budget], f"{budget}: {share:.3f}"


def test_pruned_config_gives_the_same_again(works, winnow, data_folder, tmp_path):
    work = works["features=15"]
    code, said = winnow("prune", CONFIG, "--spec", work / "model", "-o", tmp_path / "pruned.yaml")
    assert code == 0, said
    run(tmp_path / "pruned.yaml", f"work_dir={tmp_path / 'work'}", "proof.seed_count=1", "proof.bootstrap_samples=100")
    first, again = (FeatureSpec.load(folder / "model") for folder in (work, tmp_path / "work"))
    assert sorted(again.names()) == sorted(first.names())
    assert again.proof.point("pruned").auc.mean == pytest.approx(first.proof.point("pruned").auc.mean, abs=1e-6)
    [part] = (tmp_path / "work" / "transformed" / "test").glob("*.parquet")
    assert set(pq.read_schema(part).names) == {*first.names(), "is_click"}

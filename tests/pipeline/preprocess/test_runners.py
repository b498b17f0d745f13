import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import apache_beam as beam
import pytest
import yaml
from apache_beam.runners.portability.stager import Stager

from features.config import Config
from features.errors import ConfigError
from pipeline.preprocess.output_file import OutputFile
from pipeline.preprocess.parsed_shard import ParsedShard
from pipeline.preprocess.preprocess import preprocess
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.transform import TransformRows
from pipeline.runtime.beam import check_reach, run_beam
from pipeline.tools import demo

ROOT = Path(__file__).parents[3]
CLOUD = ["--runner=DataflowRunner", "--project=my-project", "--region=us-central1", "--dry_run=True", "--no_auth"]
BUCKET = ["--temp_location=gs://bucket/tmp", "--staging_location=gs://bucket/staging"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Criteo-format rows in three train files, so in three shards."""
    folder = tmp_path_factory.mktemp("logs")
    demo.generate(folder, 6000)
    lines = (folder / "train.tsv").read_text().splitlines(keepends=True)
    for number in range(3):
        (folder / f"day_{number}.tsv").write_text("".join(lines[number * 2000 : (number + 1) * 2000]))
    overrides = [f"data.train={folder}/day_*.tsv", f"data.test={folder}/test.tsv", f"work_dir={folder}/work"]
    return Config.load(ROOT / "configs/demo.yaml", overrides)


def outcome(config, folder, *beam_args):
    """Everything that preprocessing wrote, but the SavedModel: bytes by file name."""
    folder.mkdir()
    preprocess(ResolvedConfig.of(config), str(folder), beam_args)
    kept = [path for path in folder.rglob("*") if path.is_file() and "transform" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


@pytest.fixture(scope="module")
def expected(config, tmp_path_factory):
    """What the default runner gives."""
    return outcome(config, tmp_path_factory.mktemp("default") / "out")


def assert_equal(written_files, expected):
    assert written_files.keys() == expected.keys()
    assert [name for name in written_files if written_files[name] != expected[name]] == []
    assert len([name for name in written_files if name.endswith(".parquet")]) == 3
    assert json.loads(written_files["manifest.json"])["splits"]["test"]["rows"] == 1500


@pytest.mark.slow  # a job server and its worker, each a process that imports TensorFlow
def test_a_job_server_and_its_worker_give_the_same_output(config, expected, tmp_path):
    # The protocol of Flink and Spark: the job goes to a server as a protocol buffer, and a worker registers from outside.
    portable = ["--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK"]
    assert_equal(outcome(config, tmp_path / "out", *portable), expected)


@pytest.mark.slow
def test_workers_in_processes_of_their_own_give_the_same_output(config, expected, tmp_path):
    apart = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    assert_equal(outcome(config, tmp_path / "out", *apart), expected)


@pytest.mark.flink
def test_flink_gives_the_same_output(config, expected, tmp_path):
    jar = os.environ.get("WINNOW_FLINK_JAR")
    if not jar:
        pytest.skip("WINNOW_FLINK_JAR names no Flink job server; `make test-flink` fetches it")
    flink = ["--runner=FlinkRunner", f"--flink_job_server_jar={Path(jar).absolute()}", "--environment_type=LOOPBACK"]
    assert_equal(outcome(config, tmp_path / "out", *flink, "--parallelism=2", f"--artifacts_dir={tmp_path}"), expected)


@pytest.fixture
def sdists(monkeypatch, tmp_path):
    """Lists of files of the source distributions that Beam builds for its workers."""
    built = []
    build = Stager._build_setup_package

    def listing(setup_file, folder, arguments=None):
        result = build(setup_file, folder, arguments)
        with tarfile.open(result) as archive:
            built.append([re.sub(r"^[^/]*/", "", name) for name in archive.getnames()])
        return result

    monkeypatch.setattr(Stager, "_build_setup_package", staticmethod(listing))
    return built


def test_a_dataflow_job_is_built_with_the_package_for_its_workers(config, sdists, tmp_path):
    job = ResolvedConfig.of(config)
    paths = ("train/part-00000.parquet", "gs://bucket/work/train/part-00000.parquet", "gs://bucket/work/written/0.json")
    file = OutputFile(*paths, "train", (ParsedShard("gs://bucket/work/parsed/0"),), 10)
    seen = []

    def build(root):
        transform = TransformRows(config.data, job.features, job.inputs, "gs://bucket/work/transform")
        result = root | "Files" >> beam.Create([file]) | "Transform" >> beam.ParDo(transform)
        seen.append(root)
        return result

    setup = tmp_path / "source"  # a copy: setuptools leaves its traces beside setup.py
    setup.mkdir()
    for name in ("features", "models", "pipeline", "setup.py", "pyproject.toml"):
        (setup / name).symlink_to(ROOT / name)
    run_beam(build, [*CLOUD, *BUCKET, f"--setup_file={setup}/setup.py"])
    labels = [transform.full_label for transform in seen[0].transforms_stack[0].parts]
    assert labels == ["Files", "Transform"]
    (files,) = sdists
    packages = ("features", "models", "pipeline")
    modules = {str(path.relative_to(ROOT)) for package in packages for path in (ROOT / package).rglob("*.py")}
    assert modules <= set(files)
    assert "pipeline/report/report.html" in files


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "DataflowRunner needs --temp_location=gs://BUCKET/FOLDER"),
        (["--temp_location=bucket/tmp"], "--temp_location=bucket/tmp is not of the form gs://BUCKET/FOLDER"),
        (["--temp_location=gs://bucket"], "--temp_location=gs://bucket is not of the form"),
        ([BUCKET[0], "--staging_location=/tmp"], "--staging_location=/tmp is not of the form"),
        (BUCKET, "is on this machine, where Dataflow's workers cannot reach it"),
    ],
)
def test_what_dataflow_cannot_reach_is_an_error_at_once(winnow, config, tmp_path, folders, message):
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(exclude_none=True, mode="json", exclude={"selection"}) | SELECTION))
    code, said = winnow("preprocess", path, "--set", f"work_dir={tmp_path}/work", "--", *CLOUD, *folders)
    assert code == 2
    assert message in " ".join(said.split())


SELECTION = {"selection": {"budget": {"features": 5}}}


def test_other_runners_may_share_a_disk_and_buckets_are_reached():
    check_reach([], ["/data"])
    check_reach(["--runner=FlinkRunner"], ["/data"])
    check_reach(["--runner=DataflowRunner", *BUCKET], ["gs://bucket/data.tsv"])


def test_options_that_beam_refuses_are_an_error_of_one_line():
    with pytest.raises(ConfigError, match=r"(?s)the options after `--`: .*Invalid Project ID"):
        run_beam(lambda root: None, [*CLOUD, "--project=X", *BUCKET])


def test_workers_parse_and_count_without_tensorflow():
    program = "import sys, pipeline.preprocess.count, pipeline.preprocess.transform; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=120).returncode == 0

import apache_beam as beam
import pytest

from features.errors import ConfigError, DataError
from pipeline.runtime.beam import check_options, check_reach, run_beam


def fail(error):
    raise error


@pytest.mark.parametrize("kind", [DataError, ConfigError])
def test_an_error_of_ours_on_a_worker_comes_out_as_itself(kind):
    with pytest.raises(kind, match=r"^a\.tsv: row 3$"):
        run_beam(lambda root: root | beam.Create([1]) | "Fail" >> beam.Map(lambda _: fail(kind("a.tsv: row 3"))), [])


def test_another_error_stays_what_it_was():
    with pytest.raises(Exception, match="a fault of ours"):
        run_beam(lambda root: root | beam.Create([1]) | beam.Map(lambda _: fail(ZeroDivisionError("a fault of ours"))), [])


def test_ctrl_c_within_a_step_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt):
        run_beam(lambda root: root | beam.Create([1]) | beam.Map(lambda _: fail(RuntimeError("KeyboardInterrupt"))), [])


def test_known_options_pass():
    check_options([])
    check_options(["--runner=DirectRunner", "--direct_num_workers", "2", "--streaming"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runnner=DirectRunner"], r"Beam has no option --runnner; did you mean --runner\?"),
        (["--direct_num_worker=2"], r"no option --direct_num_worker; did you mean --direct_num_workers\?"),
        (["--zzzz"], "no option --zzzz; what follows `--` are options of Beam's runners"),
        (["stray"], "no option stray; what follows"),
        (["--direct_num_workers=many"], "argument --direct_num_workers: invalid int value: 'many'"),
    ],
)
def test_an_option_that_beam_would_pass_over_is_named(options, message):
    with pytest.raises(ConfigError, match=f"the options after `--`: .*{message}"):
        check_options(options)


def test_a_runner_with_a_job_server_may_know_more(capsys):
    check_options(["--runner=FlinkRunner", "--some_flink_option=3"])
    assert capsys.readouterr().err == (
        "warning: --some_flink_option after `--` is no option of Beam's Python SDK; FlinkRunner may know it\n"
    )


def test_dataflow_reaches_buckets_alone():
    bucket = "--temp_location=gs://bucket/tmp"
    check_reach(["--runner=DataflowRunner", bucket], ["gs://bucket/work"])
    check_reach([], ["/local"])
    with pytest.raises(ConfigError, match="/local is on this machine, where Dataflow's workers cannot reach it"):
        check_reach(["--runner=DataflowRunner", bucket], ["gs://bucket/work", "/local"])
    with pytest.raises(ConfigError, match="--temp_location=tmp is not of the form gs://BUCKET/FOLDER"):
        check_reach(["--runner=DataflowRunner", "--temp_location=tmp"], [])
    with pytest.raises(ConfigError, match="DataflowRunner needs --temp_location"):
        check_reach(["--runner=DataflowRunner"], [])

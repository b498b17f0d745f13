import json

import pytest

from features.errors import ConfigError
from pipeline.cli.model_commands import _fields
from pipeline.runtime.lock import locked


def test_fields_of_the_data_are_yaml():
    assert _fields(["format=csv", "header=false", "columns=[a, b]"]) == {
        "format": "csv",
        "header": False,
        "columns": ["a", "b"],
    }
    with pytest.raises(ConfigError, match="--set format: write key=value, such as format=csv"):
        _fields(["format"])


@pytest.mark.parametrize("command", ["inspect", "verify", "prune"])
def test_a_model_that_is_not_there_is_one_message(call, small_job, tmp_path, command):
    arguments = [small_job(), "--spec", tmp_path / "none"] if command == "prune" else [tmp_path / "none"]
    code, out, err = call(command, *arguments)
    assert code in (2, 3)
    assert out == ""
    assert err.startswith(f"error: {tmp_path / 'none'}")
    assert err.count("\n") == 1


def test_score_is_alone_in_its_output_folder(call, tmp_path):
    with locked(str(tmp_path / "scores"), "score"):
        code, _, err = call("score", tmp_path / "model", "-i", tmp_path / "a.csv", "-o", tmp_path / "scores")
    assert code == 2
    assert err.startswith(f"error: {tmp_path / 'scores'}: another run (`winnow score`, since ")


def test_options_of_beam_are_checked_by_score_too(call, tmp_path):
    code, _, err = call(
        "score",
        "model",
        "-i",
        "a.csv",
        "-o",
        tmp_path / "scores",
        "--",
        "--runer=DirectRunner",
    )
    assert code == 2
    assert "Beam has no option --runer; did you mean --runner?" in err


def test_specs_of_one_choice_are_the_same(call, model, capsys):
    code, out, _ = call("diff", model, model, "--json")
    assert code == 0
    assert json.loads(out)["same"] is True

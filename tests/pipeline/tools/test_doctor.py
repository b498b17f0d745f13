import json

import pytest

from features.config import Config
from pipeline.tools import doctor
from pipeline.tools.doctor import document, examine


def by_subject(checks):
    return {check.subject: check for check in checks}


def test_this_machine_can_run_and_the_config_fits(small_job):
    found = by_subject(examine(Config.load(small_job())))
    assert found["python"].status == found["winnow's libraries"].status == "ok"
    assert found["data"].observed.startswith("2 files, ")
    assert found["data"].observed.endswith("about 8,000 rows; 6 features")
    assert found["disk"].status == found["memory"].status == "ok"
    assert document(list(found.values()))["ok"]


def test_tables_that_cannot_fit_are_named_before_and_refused_after_preprocessing(small_job, tmp_path, monkeypatch):
    monkeypatch.setattr("models.memory.room", lambda: 1000)
    config = Config.load(small_job())
    before = by_subject(examine(config))["memory"]
    assert before.status == "note"
    assert "at most" in before.observed
    assert "set max_size or hash_buckets on good, code, noise" in before.remedy
    folder = tmp_path / "work" / "transformed"
    folder.mkdir(parents=True)
    encodings = [{"name": "big", "rows": 5000}, {"name": "small", "rows": 10}]
    (folder / "features.json").write_text(json.dumps({"encodings": encodings}))
    after = by_subject(examine(config))["memory"]
    assert after.status == "problem"
    assert "on big, small" in after.remedy
    assert not document([after])["ok"]


def test_other_versions_and_absent_extras(monkeypatch):
    wanted = ["numpy<1", "no-such-library>=2", 'nothing-like-it>=1; extra == "onnx"']
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: wanted)
    found = by_subject(doctor._packages())
    core = found["winnow's libraries"]
    assert core.status == "problem"
    assert "not <1" in core.observed
    assert "no-such-library is not installed" in core.observed
    assert (found["for `winnow onnx`"].status, found["for `winnow onnx`"].remedy) == ("note", "pip install 'winnow[onnx]'")


@pytest.mark.parametrize(("version", "status"), [("3.10.13", "problem"), ("3.11.7", "ok"), ("3.14.0rc1", "problem")])
def test_the_range_of_pythons_is_that_of_the_distribution(monkeypatch, version, status):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: version)
    check = doctor._python()
    assert (check.status, check.observed) == (status, version)
    assert ("make a virtual environment with a Python" in check.remedy) == (status == "problem")


def test_keras_3_is_a_problem(monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "0")
    assert by_subject(doctor._devices())["keras"].status == "problem"


def test_exit_code(small_job, winnow, tmp_path):
    config = small_job()
    assert winnow("doctor", config)[0] == 0
    (tmp_path / "train.parquet").unlink()
    code, said = winnow("doctor", config)
    assert code == 1
    assert "no file" in said

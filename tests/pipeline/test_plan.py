"""The table of stages: what makes a stage run again, and work folders of other versions."""

import json

import pytest

from features.config import Config
from features.errors import ConfigError, DataError
from pipeline import plan as plans
from pipeline.plan import TABLE, Plan
from pipeline.runtime.stage import MARKER, StageRecord, read_record
from pipeline.runtime.versions import program_version
from pipeline.runtime.workspace import FOLDERS, STAGES, Workspace
from tests.pipeline import memory


@pytest.fixture
def plan(small_job):
    """Plans of one small job with overrides."""

    def make(*overrides: str) -> Plan:
        return Plan(Config.load(path, list(overrides)))

    path = small_job()
    return make


def finish(plan: Plan, **version: str | None) -> None:
    """Marks all stages as done, as they would be by a run."""
    for name in STAGES:
        folder = plan.folder(name)
        plans.files.make_folder(folder)
        fingerprint = plan.stage(name).fingerprint
        record = StageRecord(stage=name, fingerprint=fingerprint, seconds=1.0, **({"version": program_version()} | version))
        plans.files.write_document(f"{folder}/{MARKER}", record)


def undone(plan: Plan) -> list[str]:
    """Stages that a run would make again, the changed ones among them marked as done anew."""
    names = []
    for name in STAGES:
        stage = plan.stage(name)
        if not stage.done:
            names.append(name)
            record = StageRecord(stage=name, fingerprint=stage.fingerprint, seconds=1.0, version=program_version())
            plans.files.write_document(f"{stage.folder}/{MARKER}", record)
    return names


def test_the_table_has_every_stage_after_the_one_before_it():
    assert list(TABLE) == list(STAGES) == list(FOLDERS)
    assert [form.after for form in TABLE.values()] == [None, *STAGES[:-1]]


@pytest.mark.parametrize(
    ("override", "again"),
    [
        ("data.max_bad_ratio=0.5", STAGES),
        ("training.learning_rate=0.5", STAGES[1:]),
        ("model.cross_layers=2", STAGES[1:]),
        ("selection.seed=9", STAGES[1:]),
        ("selection.budget.features=3", STAGES[2:]),
        ("proof.seed_count=9", STAGES[3:]),
        ("model.tower.block_sparsity={block: 1}", STAGES[3:]),
        ("serving.optional=[good]", STAGES[4:]),
        ("name=other", STAGES[4:]),
    ],
)
def test_a_field_makes_again_the_stages_that_depend_on_it(plan, override, again):
    finish(plan())
    assert undone(plan()) == []
    assert undone(plan(override)) == list(again)


def test_another_version_makes_every_stage_another(plan, monkeypatch):
    finish(plan())
    before = {name: plan().stage(name).fingerprint for name in STAGES}
    monkeypatch.setattr(plans, "program_version", lambda: "99.0.0")
    assert undone(plan()) == list(STAGES)
    assert all(plan().stage(name).fingerprint != before[name] for name in STAGES)


@pytest.mark.parametrize(("version", "maker"), [(None, "an earlier version of Winnow"), ("0.0.9", "Winnow 0.0.9")])
def test_a_work_folder_of_another_version_is_refused_in_one_sentence(plan, version, maker):
    finish(plan(), version=version)
    message = f"{plan().folder('preprocess')}: made by {maker}, and this is Winnow {program_version()}; name another work_dir"
    for names in (STAGES, ["preprocess"], ["report"]):
        with pytest.raises(ConfigError, match=message):
            plan().run(names)
    with pytest.raises(ConfigError, match=message):  # what it would read is of that version all the same
        plan().run(["report"], force=True)


def test_force_makes_a_work_folder_of_another_version_again(plan):
    finish(plan(), version=None)
    made = plan().run(["preprocess"], force=True)
    assert made["preprocess"] == {"folder": plan().folder("preprocess"), "made": True}
    assert read_record(plan().folder("preprocess")).version == program_version()


def test_a_stage_before_its_inputs_names_the_command(plan):
    with pytest.raises(DataError, match="transformed: not there yet; run `winnow preprocess` first, or `winnow run`"):
        plan().run(["search"])
    with pytest.raises(DataError, match="selection: not there yet; run `winnow select` first"):
        plan().run(["prove"])


def test_a_work_folder_in_a_bucket_is_for_preprocessing_and_refused_at_once_for_more(plan, monkeypatch):
    monkeypatch.setattr(memory, "FILES", {})
    in_bucket = plan("work_dir=memory://bucket/work")
    sentence = "work_dir: memory://bucket/work is not on a disk, as search, select, prove, export need it; run"
    with pytest.raises(ConfigError, match=sentence):
        in_bucket.run(STAGES)
    assert memory.FILES == {}  # nothing has been preprocessed before the refusal
    assert in_bucket.run(["preprocess"])["preprocess"]["made"]
    assert not plan("work_dir=memory://bucket/work").run(["preprocess"])["preprocess"]["made"]
    assert {path.split("/")[4] for path in memory.FILES} == {"transformed"}
    assert json.loads(memory.FILES["memory://bucket/work/transformed/manifest.json"][0])["splits"]["test"]["rows"] == 2000
    with pytest.raises(ConfigError, match="as prove need it"):
        in_bucket.run(["prove"])


def test_a_process_that_does_not_write_takes_no_part_in_export_and_report(small_job, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(plans.Stage, "run", lambda self, force: ran.append(self.name) or True)
    monkeypatch.setattr(Plan, "_finished", lambda self, name: StageRecord(stage=name, fingerprint="f", seconds=0.0))
    Plan(Config.load(small_job()), workspace=Workspace(str(tmp_path / "work"), writes=False)).run(STAGES, force=True)
    assert ran == ["preprocess", "search", "select", "prove"]
    assert not (tmp_path / "work").exists()

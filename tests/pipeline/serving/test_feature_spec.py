"""The making of a feature spec."""

import pytest

from features.inputs import MISSING_INT
from features.path import Pick
from features.spec import FeatureSpec, sha256
from pipeline.runtime.fingerprint import fingerprint
from pipeline.serving.feature_spec import _gains
from tests.pipeline.every_kind import KEPT


@pytest.fixture
def spec(model):
    return FeatureSpec.load(model)


def pick(round: int, feature: str, auc: float | None = None) -> Pick:
    estimate = None if auc is None else {"auc": auc, "log_loss": 0.6}
    values = {"round": round, "feature": feature, "width": 4, "attention": 0.5, "bytes": 8, "cumulative_bytes": 8}
    return Pick.model_validate(values | {"estimate": estimate})


def test_gains_are_counted_from_chance_and_added_up():
    picks = [pick(0, "must"), pick(1, "a", 0.6), pick(2, "b", 0.65), pick(3, "a", 0.64)]
    assert _gains(picks) == {"a": pytest.approx(0.09), "b": pytest.approx(0.05)}
    assert _gains([pick(1, "a")]) == {}


def test_vocabularies_lie_beside_the_spec_with_their_checksums(spec, model):
    vocabularies = {feature.name: feature.vocabulary for feature in spec.kept if feature.vocabulary}
    assert set(vocabularies) == {"a-b", "1st", "tags", "codes", "text"}
    for vocabulary in vocabularies.values():
        path = model / vocabulary.file
        assert (sha256(path), len(path.read_text().splitlines())) == (vocabulary.sha256, vocabulary.size)


def test_constants_are_those_of_the_encoding(spec):
    constants = {feature.name: sorted(feature.constants) for feature in spec.kept if feature.constants}
    assert constants == {"class": ["boundaries"], "value": ["mean", "std"]}


def test_raw_inputs_say_what_is_missing_and_what_is_known(spec):
    columns = {column.name: column for column in spec.inputs}
    assert (columns["1st"].dtype, columns["1st"].missing) == ("int64", MISSING_INT)
    assert (columns["1st"].minimum, columns["1st"].maximum) == (0, 8)
    assert (columns["class"].missing, columns["a-b"].missing) == (None, "")
    assert columns["class"].minimum < 0 < columns["class"].maximum
    assert columns["value"].minimum is None  # known after log1p only
    assert (columns["codes"].length, columns["codes weight"].length) == (5, 5)
    assert set(columns) == {*KEPT, "codes weight"} - {"pair"}


def test_provenance_does_not_depend_on_where_the_files_lie(job, spec):
    moved = job.model_copy(update={"work_dir": "/elsewhere"})
    settings = moved.model_dump(exclude={"work_dir": True, "data": {"train", "validation", "test"}})
    assert spec.provenance["config"] == fingerprint(settings)
    assert spec.provenance["seed"] == job.selection.seed
    assert spec.source.format == "parquet"

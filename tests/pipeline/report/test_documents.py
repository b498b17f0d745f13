"""The documents of a work folder."""

import pytest

from features.errors import DataError
from pipeline.report.documents import WorkFolderDocuments
from tests.pipeline.report.small_run import documents, preprocessed, write


def test_each_document_is_of_its_class(tmp_path):
    loaded = WorkFolderDocuments.load(write(tmp_path, documents()))
    assert loaded.manifest.splits["test"].rows == 20
    assert loaded.features.encodings[0].rows == 100
    assert loaded.statistics.by_name("test")["hour"].mean == 12.0
    assert loaded.path.picks[1].cumulative_bytes == 2400
    assert loaded.selection.cost.limit == 1280.0
    assert loaded.proof.point("pruned").auc.mean == 0.7164
    assert loaded.timing.training_examples_per_second["pruned"] == 2500
    assert loaded.measured.bytes_on_disk == {"pruned": 123456}
    assert loaded.comparison.methods["l1_gate"].curve[1].auc == 0.72


def test_what_has_not_run_is_none(tmp_path):
    loaded = WorkFolderDocuments.load(write(tmp_path, preprocessed()))
    later = (loaded.path, loaded.selection, loaded.proof, loaded.timing, loaded.measured, loaded.comparison)
    assert later == (None,) * 6


@pytest.mark.parametrize("name", ["manifest", "features", "statistics"])
def test_without_preprocessing_the_error_names_file_and_remedy(tmp_path, name):
    contents = preprocessed()
    del contents[f"transformed/{name}.json"]
    with pytest.raises(DataError, match=rf"{name}\.json: not there; run `winnow preprocess` first"):
        WorkFolderDocuments.load(write(tmp_path, contents))


def test_a_wrong_field_is_named(tmp_path):
    contents = documents()
    contents["proof/proof.json"]["points"][1]["auc"]["mean"] = "high"
    with pytest.raises(DataError, match=r"proof\.json: points\.1\.auc\.mean: .* delete its folder"):
        WorkFolderDocuments.load(write(tmp_path, contents))

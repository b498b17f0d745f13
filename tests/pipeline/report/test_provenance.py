"""Where a result comes from."""

from features.manifest import Manifest
from pipeline.runtime.fingerprint import fingerprint
from tests.pipeline.report.small_run import CONFIG, documents, figures, preprocessed


def test_fingerprints_seeds_stages_and_versions(tmp_path):
    contents = documents()
    origin = figures(tmp_path, contents).provenance
    assert origin.config == fingerprint(CONFIG.model_dump(mode="json"))
    assert origin.data == fingerprint(contents["transformed/manifest.json"])
    assert (origin.seeds.split, origin.seeds.selection, origin.seeds.training) == (0, 7, [1, 2, 3])
    assert {name: record.seconds for name, record in origin.stages.items()} == {"search": 2.5}
    assert (origin.method, origin.search_seconds, origin.schedule.picking_lengths) == ("sequential_attention", 1.5, "25")
    assert origin.versions["numpy"][0].isdigit()


def test_other_rows_have_another_fingerprint(tmp_path):
    contents = preprocessed()
    before = figures(tmp_path, contents).provenance
    contents["transformed/manifest.json"]["splits"]["train"]["rows"] = 81
    after = figures(tmp_path, contents).provenance
    assert before.data != after.data == fingerprint(Manifest.model_validate(contents["transformed/manifest.json"]).model_dump())
    assert after.method is None

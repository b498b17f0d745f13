"""Folders of a run, with and without days to come."""

from pipeline.preprocess.folders import Folders


def test_parsed_shards_stay_in_the_work_folder_where_days_are_added(tmp_path):
    once = Folders.of(f"{tmp_path}/out", f"{tmp_path}/work", incremental=False)
    assert (once.kept, once.parsed) == (None, f"{tmp_path}/out/parsed")
    daily = Folders.of(f"{tmp_path}/out", f"{tmp_path}/work", incremental=True)
    assert (daily.kept, daily.parsed, daily.known) == (f"{tmp_path}/work/spans",) * 2 + (f"{tmp_path}/work/spans/known",)


def test_folders_that_workers_write_into_are_made(tmp_path):
    Folders.of(f"{tmp_path}/out", f"{tmp_path}/work", incremental=True).make()
    folders_made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert folders_made == {"out", "out/train", "out/validation", "out/test", "out/written", "work", "work/spans"}

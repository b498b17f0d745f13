from pipeline.runtime.workspace import FOLDERS, STAGES, TRAINING, Workspace


def test_every_stage_has_a_folder_of_its_own():
    assert len(set(FOLDERS.values())) == len(STAGES) == 6
    assert set(TRAINING) < set(STAGES)


def test_folders_lie_in_the_work_folder_of_any_filesystem():
    assert Workspace("/w").folder("prove") == "/w/proof"
    assert Workspace("work/demo").join("logs", "tensorboard") == "work/demo/logs/tensorboard"
    assert Workspace("/w").writes

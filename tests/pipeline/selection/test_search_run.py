"""What the searches of a run share."""

import numpy as np


def test_rows_steps_and_rounds(small_run):
    run = small_run(picks_per_round=2)
    assert run.candidates.units == [["good"], ["fine"], ["code", "noise"], ["number"]]
    assert run.train_rows.rows + run.validation_rows.rows == 3000
    assert run.steps == 2 * (run.train_rows.rows // 64)
    schedule = run.schedule(4, 2)
    assert (schedule.picking_rounds, schedule.picks_per_round) == (2, 2)
    described = run.described(schedule)
    assert described.round_steps == list(schedule.round_steps)
    assert (described.steps, described.batch_size) == (schedule.steps, 64)
    assert run.head_start() is None


def test_a_model_has_the_same_start_each_time(small_run):
    run = small_run()
    schedule = run.schedule(4)
    first, second = (run.model(None, schedule).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

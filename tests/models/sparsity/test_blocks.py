"""Which blocks stay: hand-computed."""

import numpy as np

from models.sparsity.blocks import strongest


def test_the_strongest_blocks_stay():
    scores = np.array([[5.0, 1.0], [5.0, 2.0], [3.0, 9.0]])
    assert strongest(scores, 0.5).tolist() == [[True, False], [True, False], [False, True]]
    assert strongest(scores, 0.0).all()


def test_balanced_keeps_as_many_in_each_column_and_row():
    scores = np.array([[9.0, 8.0], [4.0, 7.0], [3.0, 1.0], [2.0, 5.0]])
    assert strongest(scores, 0.5, balanced=True).tolist() == [[True, False], [False, True], [True, False], [False, True]]
    assert strongest(scores, 0.0, balanced=True).all()


def test_balanced_columns_are_full_also_where_rows_must_give_way():
    scores = np.array([[9.0, 8.0], [-np.inf, -np.inf], [-np.inf, -np.inf]])
    assert strongest(scores, 0.67, balanced=True).tolist() == [[True, True], [False, False], [False, False]]


def test_rows_and_columns_share_the_places_by_quotients():
    scores = np.array([[9.0, 8.0, 7.0], [6.0, 5.0, 4.0], [3.0, 2.0, 1.0]])
    # 9; 5 before 8 / 2; 7 / 2 before 8 / 4; 6 / 4 before 8 / 6
    steps = [(0, 0), (1, 1), (0, 2), (1, 0)]
    for count in range(1, 5):
        found = np.argwhere(strongest(scores, 1 - count / 9, shared=True))
        assert found.tolist() == sorted(map(list, steps[:count]))


def test_an_input_strong_enough_still_takes_all_the_shared_places():
    scores = np.array([[12.0, 11.0, 10.0], [2.0, 1.0, 1.0]])
    assert strongest(scores, 0.5, shared=True).tolist() == [[True] * 3, [False] * 3]


def test_what_has_gone_never_stays():
    scores = np.array([[-np.inf, 1.0], [-np.inf, 2.0]])
    assert strongest(scores, 0.0).tolist() == [[False, True], [False, True]]
    assert strongest(scores, 0.0, shared=True).tolist() == [[False, True], [False, True]]

"""The world the demo's rows are drawn from."""

import numpy as np
import pytest

from pipeline.tools.demo_recipe import COLUMNS, POSITIVES, SIZES, STRENGTH, Recipe


@pytest.fixture(scope="module")
def recipe():
    return Recipe(np.random.default_rng(0))


def test_rows_have_all_columns_and_the_wanted_share_of_positives(recipe):
    table, logits, labels = recipe.draw(np.random.default_rng(1), 40_000)
    assert table.column_names == COLUMNS
    assert logits.shape == labels.shape == (40_000,)
    assert labels.mean() == pytest.approx(POSITIVES, abs=0.01)
    np.testing.assert_array_equal(table["label"].to_numpy(), labels)


def test_shares_and_effects_are_standardised(recipe):
    for name, shares in recipe.shares.items():
        assert shares.sum() == pytest.approx(1.0)
        assert len(shares) == SIZES[name]
    for name, effects in recipe.effects.items():
        assert recipe.shares[name] @ effects == pytest.approx(0.0, abs=1e-9)
        assert recipe.shares[name] @ effects**2 == pytest.approx(1.0)
    assert set(recipe.effects) == {name for name in STRENGTH if name in SIZES}


def test_tokens_are_distinct(recipe):
    assert len(set(recipe.tokens["C3"].to_pylist())) == SIZES["C3"]
    assert recipe.tokens["C5"] is recipe.tokens["C2"]  # a copy speaks its original's words

"""Leaks in new data."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.tools.leaks import auc_of_buckets, auc_of_codes, auc_of_values, leak_by_filling, leak_by_value

RNG = np.random.default_rng(1)
LABEL = (RNG.random(4000) < 0.1).astype(float)


def test_a_column_filled_only_where_the_label_is_one():
    filled = (LABEL == 1) & (RNG.random(4000) < 0.5)
    for values in (np.where(filled, "order", ""), np.where(filled, "order", None)):
        said = leak_by_filling(pa.array(values), LABEL)
        assert said.startswith(
            f"possible leak: filled in {filled.sum()} rows of the sample, of which 100.0% have the label 1 ("
        )
    assert leak_by_filling(pa.array(np.where(RNG.random(4000) < 0.5, "order", "")), LABEL) is None


def test_a_column_that_tells_the_label():
    words = pa.array(np.where(LABEL == 1, RNG.choice(["a", "b"], 4000), RNG.choice(["c", "d"], 4000)))
    assert leak_by_value(words, LABEL) == "possible leak: alone it tells the label of the sample with AUC 1.0000"
    assert leak_by_value(pa.array(RNG.normal(size=4000) - 20 * LABEL), LABEL).endswith("AUC 1.0000")
    assert leak_by_value(pa.array(RNG.normal(size=4000) + LABEL), LABEL) is None


def test_values_that_occur_once_tell_nothing():
    assert auc_of_codes(pa.array([f"u{row}" for row in range(4000)]), LABEL) == pytest.approx(0.5)
    assert auc_of_values(pa.array(["a"] * 4000), LABEL) is None


def test_codes_are_told_from_numbers():
    values = RNG.integers(0, 640, 4000)
    label = (RNG.random(4000) < 0.8 * (values % 2) + 0.1).astype(float)
    assert auc_of_codes(pa.array(values), label) > 0.75
    assert auc_of_buckets(pa.array(values), label) < 0.55


def test_too_few_labels_say_nothing():
    label = np.array([1.0] * 5 + [0.0] * 95)
    assert auc_of_codes(pa.array(range(100)), label) is None
    assert leak_by_value(pa.array(label), label) is None

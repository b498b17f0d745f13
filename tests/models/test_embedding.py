import numpy as np
import pytest
import tensorflow as tf

from features.encoding import Encoding
from models.embedding import DENSE_SHARE, EmbeddingTables, prefers_dense
from models.table_layout import TableLayout

ENCODINGS = [Encoding("a", 5), Encoding("tags", 4, length=3, weighted=True), Encoding("b", 3), Encoding("v", 0, 2)]
WIDTHS = {"a": 2, "tags": 2, "b": 1, "v": 2}


def inputs(ids, weights=None, values=None):
    found = {"ids": tf.constant(ids, tf.int32), "values": tf.zeros([len(ids), 2]) if values is None else tf.constant(values)}
    return found | ({} if weights is None else {"weights": tf.constant(weights, tf.float32)})


def built(**options):
    layer = EmbeddingTables(ENCODINGS, WIDTHS, **options)
    layer(inputs([[1, 0, 0, 0, 1]]))
    for table in layer.tables:  # row r of a table holds r, r + 0.5
        table.assign(np.arange(table.shape[0])[:, None] + 0.5 * np.arange(table.shape[1]))
    return layer


def test_features_of_one_width_share_a_table():
    layer = built()
    assert [tuple(table.shape) for table in layer.tables] == [(3, 1), (9, 2)]


def test_looks_up_and_pools_by_weight():
    found = built()(inputs([[4, 1, 3, 0, 2]], [[1, 1, 3, 9, 1]], [[7.0, 8.0]]))
    # b: row 2 of its table; a: row 4; tags: rows 5 + 1 and 5 + 3 weighted 1 to 3, padding left out; values as they are
    np.testing.assert_allclose(found, [[2, 4, 4.5, 7.5, 8, 7, 8]])


def test_nothing_but_padding_pools_to_zero():
    np.testing.assert_allclose(built()(inputs([[4, 0, 0, 0, 2]]))[0, 3:5], [0, 0])


@pytest.mark.parametrize("training", [True, False])
def test_dense_and_sparse_gradients_are_equal(training):
    found = []
    for dense in (True, False):
        layer = built(dense=dense)
        with tf.GradientTape() as tape:
            x = layer(inputs([[1, 1, 2, 0, 1], [1, 2, 2, 3, 0]]), training=training)
            loss = tf.reduce_sum(x * tf.constant([[1.0, 2, 3, 4, 5, 6, 7]]))
        gradients = tape.gradient(loss, layer.tables)
        sparse = [isinstance(gradient, tf.IndexedSlices) for gradient in gradients]
        assert sparse == [not (dense and training)] * 2
        found.append([tf.convert_to_tensor(gradient).numpy() for gradient in gradients])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_dense_from_so_many_ids_a_row_on():
    (group,) = TableLayout([Encoding("a", 1000), Encoding("b", 1000)], {"a": 4, "b": 4}).groups
    border = int(DENSE_SHARE * 2000 / 2)
    assert prefers_dense(group, border)
    assert not prefers_dense(group, border - 1)


def test_lower_precision_casts_what_is_looked_up_not_the_table():
    layer = EmbeddingTables(ENCODINGS, WIDTHS, dtype="mixed_bfloat16")
    with tf.GradientTape() as tape:
        found = layer(inputs([[1, 1, 2, 0, 1]]), training=True)
        loss = tf.reduce_sum(tf.cast(found, tf.float32))
    assert found.dtype == tf.bfloat16
    assert {table.dtype for table in layer.tables} == {tf.float32}
    assert {gradient.dtype for gradient in tape.gradient(loss, layer.tables)} == {tf.float32}

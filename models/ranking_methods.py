"""Ways to rank candidates other than Sequential Attention, each over one training run of the same model on the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.gate import HARD, OPEN, SOFT, SequentialAttention
from models.penalised_gate import PenalisedGate
from models.pick_rules import top
from models.ranking_context import Array, RankingContext

Floats = npt.NDArray[np.float64]
Ranking = list[tuple[str, float]]
"""All candidates with their scores, the best first."""
# Rounds that a plain training is cut into: the first is the warm-up of `lly`, a tenth as in Sequential Attention's.
_ROUNDS = 10


def random(context: RankingContext) -> Ranking:
    """A seeded shuffle: the floor that any method must clear."""
    return _ranked(context, np.random.default_rng(context.seed).random(len(context.names)))


def lly(context: RankingContext) -> Ranking:
    """The logits of one softmax gate over all candidates, trained once with nothing picked.

    Source: after Liao, Latty, Yang, "Feature Selection Using Batch-Wise Attenuation and Feature Mask Normalization", IJCNN
    2021, with the attention of Yasuda et al. (ICLR 2023) in place of its mask network.
    """
    gate = SequentialAttention(context.owners)

    def set_mode(epoch: int, logs: object = None) -> None:
        gate.set_mode(SOFT if epoch else OPEN)

    _trained(context, gate, tf.keras.callbacks.LambdaCallback(on_epoch_begin=set_mode))
    return _ranked(context, gate.logits.numpy())


def l1_gate(context: RankingContext, penalty: float = 1e-3) -> Ranking:
    """Weights of a gate under an l1 penalty; see `PenalisedGate`."""
    gate = PenalisedGate(context.owners, penalty)
    _trained(context, gate)
    return _ranked(context, gate.importance())


def group_lasso(context: RankingContext, penalty: float = 1e-4) -> Ranking:
    """Norms of each candidate's column weights under a group LASSO penalty; see `PenalisedGate`."""
    gate = PenalisedGate(context.owners, penalty, by_column=True)
    _trained(context, gate)
    return _ranked(context, gate.importance())


def gradient(context: RankingContext) -> Ranking:
    """Mean over batches of |dLoss/dgate|, the gate of each candidate standing at 1.

    Source: Single-shot Feature Selection, as in the ERASE benchmark (Jia et al., KDD 2024).
    """
    model = _trained(context)
    by_batch = [np.abs(context.totals((x * g).sum(0))) for x, g in _column_gradients(context, model)]
    return _ranked(context, np.mean(by_batch, axis=0))


def taylor(context: RankingContext) -> Ranking:
    """Mean over rows of |dLoss/dx * (mean(x) - x)|: to first order, what putting a candidate's mean in its place changes.

    Source: SHARK's F-permutation (Zhang et al., CIKM 2023, eq. 4 to 6).
    """
    model = _trained(context)
    batches = list(_column_gradients(context, model))
    rows = sum(len(x) for x, _ in batches)
    mean = sum(x.sum(0) for x, _ in batches) / rows
    # `g` is of the mean over the batch: times its rows it is of each row's own loss.
    changes = [np.abs(context.totals(g * len(g) * (mean - x))).sum(0) for x, g in batches]
    return _ranked(context, np.asarray(sum(changes)) / rows)


def permutation(context: RankingContext) -> Ranking:
    """Growth of the held-out loss when a candidate's values are shuffled among the rows.

    Source: Breiman, "Random Forests", Machine Learning 2001, section 10; Fisher, Rudin, Dominici, JMLR 2019.
    """
    model = _trained(context)
    inputs = {name: np.concatenate([batch[0][name] for batch in context.held_out]) for name in context.held_out[0][0]}
    label = np.concatenate([batch[1] for batch in context.held_out])
    rng = np.random.default_rng(context.seed)

    def loss(arrays: Mapping[str, Array]) -> float:
        return float(_loss(model, label, model.compiled_call({name: tf.constant(array) for name, array in arrays.items()})))

    unshuffled = loss(inputs)
    growth = []
    for candidate in range(len(context.names)):
        # One order for all arrays of a candidate: ids stay with their weights.
        order = rng.permutation(len(label))
        shuffled = {}
        for name, array in inputs.items():
            columns = context.slots[name] == candidate
            shuffled[name] = array.copy()
            shuffled[name][:, columns] = array[order][:, columns]
        growth.append(loss(shuffled) - unshuffled)
    return _ranked(context, np.array(growth))


def omp(context: RankingContext) -> Ranking:
    """Group Orthogonal Matching Pursuit: train with only what is picked, add the candidate of the largest gradient norm.

    The gradient is that of the loss over the held-out rows in the candidate's table as if its gate stood at 1, or in its gate
    where it has no table.

    Source: Lozano, Swirszcz, Abe, "Group Orthogonal Matching Pursuit", NeurIPS 2009; Yasuda et al., ICLR 2023, section 4.
    """
    gate = SequentialAttention(context.owners)
    ranking: Ranking = []
    model = context.build(gate)
    # Only what is picked is trained: candidates outside stand at 0 and get no gradient through the gate.
    gate.set_mode(HARD)

    def pick(epoch: int, logs: object = None) -> None:
        norms = np.where(gate.frontier(), _table_gradients(context, model), -np.inf)
        best = top(norms, 1)[0]
        ranking.append((context.names[best], float(norms[best])))
        gate.pick([best])

    rounds = len(context.names)
    callback = tf.keras.callbacks.LambdaCallback(on_epoch_begin=pick)
    context.train(model, [max(1, context.steps // rounds)] * rounds, [callback])
    return ranking


METHODS: dict[str, Callable[[RankingContext], Ranking]] = {
    "group_lasso": group_lasso,
    "l1_gate": l1_gate,
    "gradient": gradient,
    "taylor": taylor,
    "permutation": permutation,
    "lly": lly,
    "omp": omp,
    "random": random,
}
"""By the name that `selection.method` knows them by."""


def _trained(
    context: RankingContext, gate: tf.keras.layers.Layer | None = None, callback: tf.keras.callbacks.Callback | None = None
) -> tf.keras.Model:
    """A model trained for all of the context's steps."""
    model = context.build(gate)
    rounds = min(_ROUNDS, context.steps)
    context.train(model, [context.steps // rounds] * rounds, [callback] if callback else [])
    return model


def _column_gradients(context: RankingContext, model: tf.keras.Model) -> Iterator[tuple[Floats, Floats]]:
    """Each held-out batch's columns and the gradient of its mean loss in them, both [rows, columns]."""
    for inputs, label, *_ in context.held_out:
        x = model.embedding(_tensors(inputs))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            loss = _loss(model, label, model.head(x))
        yield x.numpy(), tape.gradient(loss, x).numpy()


def _table_gradients(context: RankingContext, model: tf.keras.Model) -> Floats:
    """Norm of each candidate's gradient over the held-out rows, [candidates]."""
    tables = [np.zeros(variable.shape) for variable in model.table_variables]
    gates = np.zeros(len(context.owners))
    for inputs, label, *_ in context.held_out:
        with tf.GradientTape() as tape:
            x = model.embedding(_tensors(inputs))
        gated = model.gate(x)
        with tf.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(gated)
            loss = _loss(model, label, model.head(gated)) * len(label)
        # Of the gated columns, and handed on as if the gate stood at 1: a closed one would let nothing through.
        behind = inner.gradient(loss, gated)
        gates += (x * behind).numpy().sum(0)
        if tables:
            sparse = tape.gradient(x, model.table_variables, output_gradients=behind)
            for table, slices in zip(tables, sparse, strict=True):
                # Rows that a batch looks up more than once stand in it as often.
                np.add.at(table, slices.indices.numpy(), slices.values.numpy())
    return _candidate_norms(context, tables, gates)


def _candidate_norms(context: RankingContext, tables: list[Floats], gates: Floats) -> Floats:
    """Norms [candidates] of gradients of tables [rows, width] each, or of gates [columns] for candidates without rows."""
    squares = np.zeros(len(context.names))
    for owners, table in zip(context.tables, tables, strict=True):
        squares += np.bincount(owners, (table**2).sum(1), len(context.names))
    # Float features look nothing up, so that only their gate tells their gradient.
    rowless = ~np.isin(np.arange(len(context.names)), np.concatenate([*context.tables, np.zeros(0, int)]))
    squares[rowless] = context.totals(gates**2)[rowless]
    return np.asarray(np.sqrt(squares))


def _loss(model: tf.keras.Model, label: Array, outputs: tf.Tensor) -> tf.Tensor:
    """The mean over rows; called by its parts because Keras refuses a reduction in a strategy's scope."""
    return tf.reduce_mean(model.loss.call(label, outputs))


def _tensors(inputs: Mapping[str, Array]) -> dict[str, tf.Tensor]:
    return {name: tf.convert_to_tensor(array) for name, array in inputs.items()}


def _ranked(context: RankingContext, scores: npt.NDArray[np.floating]) -> Ranking:
    return [(context.names[index], float(scores[index])) for index in top(np.asarray(scores), len(context.names))]

"""The ranking model: embedding tables, an optional gate, and a DCN-v2 or DLRM network of TFRS blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import tensorflow as tf
import tensorflow_recommenders as tfrs

from features.config.model import ModelConfig
from features.encoding import Encoding
from models.embedding import EmbeddingTables
from models.gate import SequentialAttention
from models.tower import compact, make_tower


class RankingModel(tf.keras.Model):
    """Scores examples: the logit of the probability that the label is 1.

    Args:
      encodings: of the features the model takes.
      widths: columns of each feature, by name.
      config: the network.
      gate: set between the tables and the network, if given.

    Input: as `EmbeddingTables`. Output: float32 [batch, 1] logits.

    Source: Wang et al., DCN V2, WWW 2021 (stacked form, low-rank crosses); Naumov et al., DLRM, 2019 (dot interaction).
    """

    def __init__(
        self,
        encodings: Sequence[Encoding],
        widths: Mapping[str, int],
        config: ModelConfig,
        gate: SequentialAttention | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = EmbeddingTables(encodings, widths, name="embedding")
        self.gate = gate
        owners = self.embedding.layout.owners
        self.crosses = []
        if config.interaction == "dcn":
            # TFRS refuses a rank of more than half the columns.
            rank = min(config.cross_rank, max(1, len(owners) // 2))
            self.crosses = [tfrs.layers.dcn.Cross(projection_dim=rank, name=f"cross_{n}") for n in range(config.cross_layers)]
        self.dot = _ProjectedDot(owners) if config.interaction == "dot" else None
        self.tower = make_tower(config.tower)

    def call(self, inputs: Mapping[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """See the class."""
        x = self.embedding(inputs)
        return self.head(x if self.gate is None else self.gate(x))

    def head(self, x: tf.Tensor) -> tf.Tensor:
        """The logits of (gated) columns: all behind the gate."""
        x = tf.cast(x, self.compute_dtype)
        if self.dot is not None:
            x = self.dot(x)
        crossed = x
        for cross in self.crosses:
            crossed = cross(x, crossed)
        # Losses and scores need more digits than bfloat16 has.
        return tf.cast(self.tower(crossed), tf.float32)

    def compact(self) -> None:
        """Puts the tower's compact form in its place, for serving."""
        self.tower = compact(self.tower)

    @cached_property
    def compiled_call(self) -> Callable[[Mapping[str, tf.Tensor]], tf.Tensor]:
        """The forward pass as one graph, traced once for all batch sizes."""
        return tf.function(lambda inputs: self(inputs, training=False), reduce_retracing=True)

    @property
    def table_variables(self) -> list[tf.Variable]:
        """The embedding tables."""
        return list(self.embedding.trainable_variables)

    @property
    def gate_variables(self) -> list[tf.Variable]:
        """The gate's logits, if there is a gate."""
        return list(self.gate.trainable_variables) if self.gate is not None else []

    @property
    def network_variables(self) -> list[tf.Variable]:
        """All other trained variables."""
        # By reference: comparing variables would compare their values.
        others = {variable.ref() for variable in self.table_variables + self.gate_variables}
        return [variable for variable in self.trainable_variables if variable.ref() not in others]


class _ProjectedDot(tf.keras.layers.Layer):
    """DotInteraction over features of any widths: each is first projected to one width. Keeps the features beside it."""

    # Columns that features are projected to: the default width of an embedding, so that most keep their size.
    WIDTH = 16

    def __init__(self, owners: Sequence[str], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.sizes = [owners.count(name) for name in dict.fromkeys(owners)]
        self.projections = [tf.keras.layers.Dense(self.WIDTH, use_bias=False) for _ in self.sizes]
        self.dot = tfrs.layers.feature_interaction.DotInteraction(skip_gather=False)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        parts = tf.split(inputs, self.sizes, axis=1)
        projected = [project(part) for project, part in zip(self.projections, parts, strict=True)]
        # With the features themselves beside the products, as in DLRM.
        return tf.concat([inputs, self.dot(projected)], axis=1)

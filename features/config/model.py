"""The config's `model` and `training` sections: the ranking model, and how it is trained from scratch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from features.fields import BatchSize, LearningRate, NonNegativeFloat, PositiveFloat, PositiveInt, Section, Seed, Width

# More units than any published tower has in a layer: a larger number is a slip of the keyboard.
LayerUnits = Annotated[int, Field(gt=0, le=1_000_000)]


class BlockSparsityConfig(Section):
    """Weights of the tower's layers that are taken away in blocks."""

    block: PositiveInt = Field(16, description="Rows and columns of a block; a layer of fewer than 100 blocks stays whole.")
    # The bounds are checked below, where the error can say what to use instead; the schema has them for editors.
    sparsity: float = Field(
        0.9,
        json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1},
        description="Share of each layer's blocks that is taken away, between 0 and 1.",
    )
    method: Literal["sequential_attention", "magnitude", "acdc", "random"] = Field(
        "sequential_attention", description="What chooses the blocks; docs/block_sparsity.md compares them."
    )

    @field_validator("sparsity")
    @classmethod
    def _some_but_not_all(cls, sparsity: float) -> float:
        if not 0 < sparsity < 1:
            raise ValueError(f"{sparsity} is not between 0 and 1; use {0.01 if sparsity <= 0 else 0.99}")
        return sparsity


class TowerConfig(Section):
    """The dense layers over the crossed embeddings."""

    units: list[LayerUnits] = Field([256, 128], description="Units of each hidden layer, from the embeddings to the score.")
    block_sparsity: BlockSparsityConfig | None = Field(
        None, description="How the pruned model's layers are thinned; they stay whole, where it is not given."
    )

    @model_validator(mode="after")
    def _fit_block_into_layers(self) -> TowerConfig:
        if self.block_sparsity and self.units and self.block_sparsity.block > min(self.units):
            least, block = min(self.units), self.block_sparsity.block
            raise ValueError(f"block_sparsity.block: {block} is larger than the layer of {least} units; use at most {least}")
        return self


class ModelConfig(Section):
    """The ranking model."""

    embedding_width: Width = Field(16, description="Columns of an embedding at full width.")
    interaction: Literal["dcn", "dot", "none"] = Field(
        "dcn",
        description="How embeddings meet: `dcn` (the cross layers of DCN-v2), `dot` (dot products of all pairs, after a "
        "projection to one width) or `none` (side by side).",
    )
    cross_layers: int = Field(2, ge=0, le=100, description="Number of cross layers. For interaction `dcn`.")
    cross_rank: LayerUnits = Field(
        64, description="Rank of each cross layer's weight matrix, of two factors. For interaction `dcn`."
    )
    tower: TowerConfig = Field(TowerConfig(), description="The dense layers over the crossed embeddings.")

    @property
    def dense(self) -> ModelConfig:
        """The same network without block sparsity, so that its tower keeps all weights."""
        return self.model_copy(update={"tower": TowerConfig(units=self.tower.units)})


class TrainingConfig(Section):
    """How a model is trained from scratch, by `winnow prove`; the search has a batch size and epochs of its own."""

    batch_size: BatchSize = Field(1024, description="Examples of a step, over all devices together.")
    epochs: PositiveInt = Field(1, description="Passes over the train rows.")
    learning_rate: LearningRate = Field(1e-3, description="Learning rate of Adam, for all weights but the embedding tables.")
    table_optimizer: Literal["rowwise_adagrad", "adagrad", "adam"] = Field(
        "rowwise_adagrad", description="Optimizer of the embedding tables; `rowwise_adagrad` keeps one number for each row."
    )
    table_learning_rate: LearningRate = Field(0.02, description="Learning rate of the embedding tables.")
    seed: Seed = Field(1, description="Seed of the first training; further ones count up from it.")
    strategy: Literal["auto", "one_device", "mirrored", "multi_worker", "parameter_server", "tpu"] = Field(
        "auto", description="Strategy of tf.distribute: what is copied to which device. docs/training.md tells them apart."
    )
    shuffle_rows: PositiveInt = Field(1_000_000, description="Rows that are shuffled together; more need more memory.")
    tpu: str = Field("", description="Address of the TPU. For strategy `tpu`.")
    xla: bool | Literal["auto"] = Field("auto", description="Whether steps are compiled with XLA; `auto` does on GPUs.")
    mixed_precision: bool | Literal["auto"] = Field(
        "auto", description="Whether the network computes in bfloat16, with its weights in float32; `auto` does on GPUs."
    )
    checkpoint_minutes: NonNegativeFloat = Field(5, description="Minutes between two checkpoints.")
    worker_minutes: PositiveFloat = Field(10, description="Minutes to wait for the other tasks of a cluster.")

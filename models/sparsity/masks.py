"""The callback that drives block sparsity: it takes blocks away and gives them back, between training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.pick_rules import Floats
from models.picks import reset_slots
from models.sparsity.block_sparse import BlockSparse
from models.sparsity.blocks import strongest
from models.sparsity.phases import Phases


@dataclass(frozen=True)
class Method:
    """What decides which blocks stay.

    Attributes:
      scores: of a layer's blocks, [block rows, block columns]; takes the layer and a seed.
      attention: whether the layers need logits.
      shared: whether rows and columns of blocks share the places, see `strongest`; in layers whose inputs stand `apart`.
      cycles, gradual: when blocks go and come back, see `Phases.of`.
    """

    scores: Callable[[BlockSparse, int], Floats]
    attention: bool = False
    shared: bool = False
    cycles: int = 1
    gradual: bool = True

    def phases(self, steps: int, rounds: int = 50) -> Phases:
        """A training of so many optimizer steps, in so many rounds, as the method cuts it; raises as `Phases.of`."""
        return Phases.of(steps, rounds, cycles=self.cycles, gradual=self.gradual)


def _attention(layer: BlockSparse, seed: int) -> Floats:
    return np.asarray(layer.attention())


def _magnitude(layer: BlockSparse, seed: int) -> Floats:
    return np.asarray(np.square(layer.blocks_of(layer.matrix().numpy())).sum((2, 3)))


def _random(layer: BlockSparse, seed: int) -> Floats:
    return np.random.default_rng(seed).random(layer.grid)


METHODS: dict[str, Method] = {
    "sequential_attention": Method(_attention, attention=True, shared=True),
    "magnitude": Method(_magnitude),
    "acdc": Method(_magnitude, cycles=4, gradual=False),
    "random": Method(_random),
}
"""By name. ACDC: Peste et al., AC/DC: Alternating Compressed/DeCompressed Training, NeurIPS 2021, on blocks."""


class BlockMasks(tf.keras.callbacks.Callback):
    """Sets the masks of block-sparse layers at the end of each round.

    As with a gate's picks, this happens on the host between two steps. What has gone stays away until the next dense phase.

    Args:
      layers: built; those with too few blocks are left alone.
      phases: its rounds are the training's epochs.
      method: a name in `METHODS`.
      seed: of what a method draws.
      reset: whether the optimizer's slots of the layers are set to zero whenever a phase ends.
    """

    def __init__(
        self,
        layers: Sequence[BlockSparse],
        phases: Phases,
        method: str = "sequential_attention",
        seed: int = 1,
        reset: bool = False,
    ) -> None:
        super().__init__()
        self.layers = [layer for layer in layers if layer.prunable]
        self.phases, self.method, self.seed, self.reset = phases, METHODS[method], seed, reset

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts dense."""
        self._thin(0.0)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Makes the masks of the next round."""
        # Nothing is trained after the last round: its masks are final.
        if epoch + 1 >= self.phases.rounds:
            return
        (phase, share), (coming, new_share) = self.phases.at(epoch), self.phases.at(epoch + 1)
        if new_share != share:
            self._thin(new_share)
        # The optimizer's moments were gathered under the masks of the phase that ends here.
        if coming != phase and self.reset:
            for layer in self.layers:
                for variable in layer.trainable_variables:
                    reset_slots(self.model.optimizer, variable)

    def _thin(self, share: float) -> None:
        for number, layer in enumerate(self.layers):
            scores = np.zeros(layer.grid)  # of no matter where all stay
            if share:
                # What has gone in an earlier round is not judged again: its weights have had no gradient since.
                scores = np.where(layer.mask.numpy() > 0, self.method.scores(layer, self.seed + number), -np.inf)
            shared = self.method.shared and layer.apart
            # Of the layer's own sparsity so far as the phase has come.
            layer.keep(strongest(scores, share * layer.sparsity, layer.balanced, shared))

"""The shape of a feature's transformed column: integer ids into an embedding table, or floats.

Ids are laid out once for every feature: 0 padding, 1 missing, then the out-of-vocabulary (or hash) buckets, then the
vocabulary by falling count. Bucketised numbers have their buckets where others have their vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Padding is 0, the value of an array that nothing was written to. The shared ids come before the vocabulary, whose end can
# then be cut off, or grow with later days, without moving any other id.
PADDING, MISSING, FIRST_BUCKET = 0, 1, 2


@dataclass(frozen=True)
class Encoding:
    """The shape of one feature's transformed column.

    Attributes:
      name: of the feature.
      rows: of its embedding table, ids run over 0..rows-1; 0 for features that are floats.
      length: ids (or floats) per example; several ids are pooled by the mean of their embeddings.
      weighted: whether a column `<name>.weights` holds a weight for each id.
      max_width: the largest width its embedding may have; None for the model's.
      group: features of one group are picked together.
    """

    name: str
    rows: int
    length: int = 1
    weighted: bool = False
    max_width: int | None = None
    group: str | None = None

    @property
    def embedded(self) -> bool:
        """Whether the column holds ids."""
        return self.rows > 0

    def width(self, embedding_width: int) -> int:
        """Columns the feature brings into the network at full width."""
        if not self.embedded:
            return self.length
        return min(embedding_width, self.max_width or embedding_width)


def full_widths(encodings: Iterable[Encoding], embedding_width: int) -> dict[str, int]:
    """Columns that each feature brings into the network at full width, by name."""
    return {encoding.name: encoding.width(embedding_width) for encoding in encodings}

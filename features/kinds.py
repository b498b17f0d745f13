"""All kinds of features.

To add a kind: its class in `features.numbers` or `features.codes`, its entry in `KINDS` and `AnyFeature` here, its branch in
`features.graph`, how it is counted in `pipeline.preprocess.analyze`, and a test. Nothing of this imports TensorFlow: the
workers that count do without it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from features.codes import Categorical, Cross, Multivalued
from features.feature import Feature, Kind
from features.numbers import Dense, Numeric

# By the names that configs and documents use for them.
KINDS: dict[Kind, type[Feature]] = {
    "numeric": Numeric,
    "categorical": Categorical,
    "multivalued": Multivalued,
    "dense": Dense,
    "cross": Cross,
}
# A feature of whatever kind, as documents hold it.
AnyFeature = Annotated[Numeric | Categorical | Multivalued | Dense | Cross, Field(discriminator="kind")]

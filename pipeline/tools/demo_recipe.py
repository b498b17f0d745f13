"""What the demo's rows are drawn from: vocabularies, distributions and planted effects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]

NUMERICS = [f"I{number}" for number in range(1, 14)]
CATEGORICALS = [f"C{number}" for number in range(1, 27)]
COLUMNS = ["label", *NUMERICS, *CATEGORICALS]

POSITIVES = 0.25
# Standard deviations of the effects, in logits: of single features, and of pairs (a product of two signs).
STRENGTH = {"I2": 0.36, "I6": 0.36, "I11": 0.36, "C2": 0.36, "C6": 0.36, "C10": 0.36, "C17": 0.38, "C23": 0.38}
PAIRS = {("C9", "C14"): 1.0}
COPIES = {"I8": "I2", "C5": "C2", "C20": "C17"}  # copy: original
ALIKE = 0.92  # share of rows in which a copy repeats its original
# Values of each categorical feature.
SIZES = dict(zip(CATEGORICALS, [
    1200, 40, 20000, 8000, 40, 100, 15, 5000, 10, 200, 700, 12000, 3000,
    12, 25, 9000, 400, 2500, 1500, 400, 60, 18, 500, 30, 6000, 90,
], strict=True))  # fmt: skip


class Recipe:
    """The world the rows are drawn from: vocabularies, distributions and effects, the same for train and test."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.shapes = {name: (rng.uniform(1.5, 4.0), rng.uniform(0.8, 1.4)) for name in NUMERICS}  # of the logarithm
        self.missing = {name: rng.choice([0.0, 0.05, 0.2, 0.45]) for name in COLUMNS[1:]}
        # A gap in an informative feature is lost signal; one in a pair would give its members an effect of their own.
        self.missing |= dict.fromkeys([*STRENGTH, *COPIES], 0.03) | {name: 0.0 for pair in PAIRS for name in pair}
        self.tokens = {name: _tokens(rng, size) for name, size in SIZES.items()}
        self.tokens |= {copy: self.tokens[name] for copy, name in COPIES.items() if name in SIZES}
        self.shares = {name: _zipf(size, rng.uniform(0.9, 1.2)) for name, size in SIZES.items()}
        for name in (name for pair in PAIRS for name in pair):
            # Neighbouring ids are equally frequent and opposite in sign: the signs' mean, so any marginal effect, is 0.
            self.shares[name] = np.repeat(_zipf(SIZES[name] // 2, 0.7), 2) / 2
        self.effects = {name: _effects(rng, self.shares[name]) for name in STRENGTH if name in SIZES}
        self.base = self._base(rng)

    def _base(self, rng: np.random.Generator) -> float:
        """The intercept that gives the wanted share of positives, by bisection."""
        logits = self._logits(self._values(rng, 200_000))
        low, high = -10.0, 10.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if _sigmoid(logits + middle).mean() > POSITIVES else (middle, high)
        return low

    def draw(self, rng: np.random.Generator, rows: int) -> tuple[pa.Table, Floats, npt.NDArray[np.bool_]]:
        """`rows` rows as a table of `COLUMNS`, with their true logits and labels, both [rows]."""
        values = self._values(rng, rows)
        logits = self._logits(values) + self.base
        labels = rng.random(rows) < _sigmoid(logits)
        arrays = [pa.array(labels.astype(np.int8))]
        for name in COLUMNS[1:]:
            column = pa.array(values[name], mask=values[name] < 0)
            arrays.append(self.tokens[name].take(column) if name in SIZES else column)
        return pa.table(arrays, names=COLUMNS), logits, labels

    def _values(self, rng: np.random.Generator, rows: int) -> dict[str, npt.NDArray[np.int64]]:
        """Counts, or positions in the vocabulary, of each feature; -1 where missing."""
        values = {}
        for name in COLUMNS[1:]:
            if name in SIZES:
                ids = np.searchsorted(np.cumsum(self.shares[name]), rng.random(rows))
                values[name] = np.minimum(ids, SIZES[name] - 1)  # the shares' sum may round to below 1
            else:
                values[name] = np.floor(np.exp(rng.normal(*self.shapes[name], rows))).astype(np.int64)
            values[name][rng.random(rows) < self.missing[name]] = -1
        for copy, original in COPIES.items():
            other = rng.permutation(values[original])  # where a copy differs, it is as good as drawn anew
            values[copy] = np.where(rng.random(rows) < ALIKE, values[original], other)
        return values

    def _logits(self, values: dict[str, npt.NDArray[np.int64]]) -> Floats:
        """The sum of all planted effects, without the intercept; a missing value has none."""
        total = np.zeros(len(values["I1"]))
        for name, strength in STRENGTH.items():
            effect = self.effects[name][values[name]] if name in SIZES else self._curve(name, values[name])
            total += strength * np.where(values[name] < 0, 0.0, effect)
        for (left, right), strength in PAIRS.items():
            total += strength * (1.0 - 2.0 * ((values[left] + values[right]) % 2))
        return total

    def _curve(self, name: str, counts: npt.NDArray[np.int64]) -> Floats:
        """The effect of a count: rising in its logarithm, or, for I11, a hump that no straight line finds."""
        mean, deviation = self.shapes[name]
        z = (np.log(np.maximum(counts, 0) + 0.5) - mean) / deviation
        return 1.4 * (1.0 - np.minimum(z * z, 4.0)) if name == "I11" else np.clip(z, -2.5, 2.5)


def _tokens(rng: np.random.Generator, size: int) -> pa.Array:
    """Distinct tokens of 8 hexadecimal digits."""
    digits = rng.choice(2**32, size, replace=False).astype(">u4").tobytes().hex()
    return pa.array(np.frombuffer(digits.encode(), "S8").astype("U8"))


def _zipf(size: int, exponent: float) -> Floats:
    """Shares of `size` values by Zipf's law, most frequent first."""
    weights = np.arange(1.0, size + 1) ** -exponent
    return weights / weights.sum()


def _effects(rng: np.random.Generator, shares: Floats) -> Floats:
    """An effect for each value, of mean 0 and standard deviation 1 over the rows."""
    effects = rng.choice([-1.0, 1.0], len(shares)) * rng.uniform(0.6, 1.4, len(shares))
    effects -= shares @ effects
    return np.asarray(effects / np.sqrt(shares @ effects**2), np.float64)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)

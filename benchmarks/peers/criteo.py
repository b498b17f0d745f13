"""What the ways of preprocessing have in common: the columns, the features and the report of what was made.

Numbers: log(1 + x), standardised, and an indicator of missing ones. Categories: ids of the tokens seen at least 10 times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NUMERICS = [f"I{number}" for number in range(1, 14)]
CATEGORICALS = [f"C{number}" for number in range(1, 27)]
COLUMNS = ["label", *NUMERICS, *CATEGORICALS]
MIN_COUNT = 10


def main(preprocess: Callable[[str, Path], tuple[int, int]]) -> None:
    """Runs `preprocess(file, output folder)`, and prints the rows and vocabulary tokens it gives, as JSON."""
    rows, tokens = preprocess(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps({"rows": rows, "tokens": tokens}))


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """The features by TFT's own analyzers; numbers are float32 [batch], NaN where missing."""
    import tensorflow as tf
    import tensorflow_transform as tft

    outputs = {"label": inputs["label"]}
    for name in NUMERICS:
        absent = tf.math.is_nan(inputs[name])
        number = tf.math.log1p(tf.maximum(tf.where(absent, 0.0, inputs[name]), 0.0))
        outputs[name] = tft.scale_to_z_score(number)
        outputs[f"{name}_missing"] = tf.cast(absent, tf.int64)
    for name in CATEGORICALS:
        outputs[name] = tft.compute_and_apply_vocabulary(
            inputs[name], frequency_threshold=MIN_COUNT, num_oov_buckets=1, vocab_filename=name
        )
    return outputs


def feature_spec() -> dict[str, Any]:
    """Of the raw columns, for TFT."""
    import tensorflow as tf

    kinds = {"label": tf.int64} | dict.fromkeys(NUMERICS, tf.float32) | dict.fromkeys(CATEGORICALS, tf.string)
    return {name: tf.io.FixedLenFeature([], kind) for name, kind in kinds.items()}


def tokens_of(transform_output: Path) -> int:
    """Vocabulary tokens of a TFT output."""
    import tensorflow_transform as tft

    output = tft.TFTransformOutput(str(transform_output))
    return sum(output.vocabulary_size_by_name(name) for name in CATEGORICALS)

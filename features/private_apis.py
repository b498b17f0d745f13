"""Every call into parts of TensorFlow, Keras, TFRS and TFT that those libraries do not call public.

A new version of one of them may change what is here without notice. `TRIED_WITH` says which versions are known to work; a test
compares them with what is installed and tries each function, so that an upgrade fails there first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import tensorflow as tf

# Package to the version, or its beginning, that this file was tried with.
TRIED_WITH = {
    "tensorflow": "2.21",
    "tf_keras": "2.21",
    "tensorflow-recommenders": "0.7.7",
    "tensorflow-transform": "1.21",
}

# Libraries without types: the names below are for the reader.
Optimizer: TypeAlias = "tf.keras.optimizers.Optimizer | tf.keras.optimizers.legacy.Optimizer"
Tensors = dict[str, tf.Tensor]


def write_transform(
    preprocessing_fn: Callable[[Tensors], Tensors],
    feature_specs: Mapping[str, Any],
    type_specs: Mapping[str, tf.TypeSpec],
    output: str,
) -> None:
    """Writes a TFT output folder from a function that uses no analyzer.

    TFT's public `AnalyzeDataset` would start a Beam job to look at no data; this is what it calls in the end.

    Args:
      preprocessing_fn: raw tensors to transformed ones.
      feature_specs: how tf.Example holds each raw column.
      type_specs: batched tensor spec of each raw column.
      output: the folder to write.
    """
    # Imports Beam, which takes seconds; training needs this file and not TFT.
    from tensorflow_transform import impl_helper

    impl_helper.analyze_in_place(preprocessing_fn, False, feature_specs, type_specs, output)


def make_optimizer_variables(composite: Optimizer) -> None:
    """Makes all variables of a TFRS CompositeOptimizer of legacy optimizers, which else come with the first step."""
    for optimizer, variables in composite._optimizers_and_vars:
        optimizer._create_all_weights(list(variables()))


def slots(optimizer: Optimizer, variable: tf.Variable) -> list[tf.Variable]:
    """An optimizer's variables for one trained variable, such as Adam's two moments; empty if it does not train it."""
    if isinstance(optimizer, tf.keras.optimizers.legacy.Optimizer):
        # A legacy optimizer has slots for the variables that it trains, and raises KeyError for all others.
        try:
            return [optimizer.get_slot(variable, name) for name in optimizer.get_slot_names()]
        except KeyError:
            return []
    index = getattr(optimizer, "_index_dict", {}).get(optimizer._var_key(variable))
    if index is None:
        return []
    # The optimizers of Keras 2.11 and later keep a list of slots for each kind, in the order of the trained variables.
    lists = [held for held in vars(optimizer).values() if isinstance(held, list) and len(held) == len(optimizer._index_dict)]
    return [held[index] for held in lists if held[index].shape == variable.shape]


def trains_one_variable(optimizer: Optimizer) -> bool:
    """Whether an optimizer, whose variables are made, trains exactly one variable."""
    if isinstance(optimizer, tf.keras.optimizers.legacy.Optimizer):
        # Its variables are the count of its steps, and the slots of each trained variable.
        return len(optimizer.variables()) == 1 + len(optimizer.get_slot_names())
    return len(optimizer._index_dict) == 1


def parameter_servers(strategy: tf.distribute.Strategy) -> int:
    """How many parameter servers a strategy has; 0 for all strategies without."""
    return getattr(strategy.extended, "_num_ps", 0)


def gpu_memory_limits() -> list[int]:
    """Bytes that TensorFlow's allocator may take on each GPU; the public API tells only how much is in use."""
    from tensorflow.python.client import device_lib

    return [device.memory_limit for device in device_lib.list_local_devices() if device.device_type == "GPU"]

"""The tf.distribute strategy that the config names."""

from __future__ import annotations

import tensorflow as tf

from features.errors import ConfigError


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Makes a strategy.

    Args:
      name: `auto` (mirrored over the GPUs where there are several, else one device), or one of the config's names.

    Raises:
      ConfigError: this machine cannot do it.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if name == "auto":
        name = "mirrored" if len(gpus) > 1 else "one_device"
    if name == "one_device":
        return tf.distribute.OneDeviceStrategy("/gpu:0" if gpus else "/cpu:0")
    if name == "mirrored":
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    raise ConfigError(f"training.strategy: {name} is not available in this version; use auto, one_device or mirrored")

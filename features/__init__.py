"""What a feature is: the config, its transform, its cost, and the feature spec."""

import os

# TFRS and TFT need Keras 2. TensorFlow reads this at the first use of tf.keras, and every package of ours imports this
# one first, so this is the only place that sets it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

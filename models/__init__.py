"""The networks: embeddings, the Sequential Attention gate, the ranking model, strategy and training."""

import features  # noqa: F401  (selects Keras 2 before TensorFlow loads)

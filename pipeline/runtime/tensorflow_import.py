"""Importing TensorFlow: quietly, and beside other work where it can be.

TensorFlow takes seconds to import, and its libraries write lines to stderr before their log level is read.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def loading_tensorflow() -> Iterator[None]:
    """Imports TensorFlow in a thread while the body runs, without the lines its libraries write.

    Those lines go to the file descriptor behind stderr, so that Python's own stderr writes to a copy of it meanwhile.
    """
    stderr = sys.stderr
    stderr.flush()
    real_stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with ThreadPoolExecutor(1) as pool:
        try:
            os.dup2(nowhere, 2)
            if _writes_to(stderr, 2):
                sys.stderr = os.fdopen(os.dup(real_stderr), "w", buffering=1, encoding=stderr.encoding, errors=stderr.errors)
            importing = pool.submit(_import_tensorflow)
            yield
            importing.result()
            gc.collect()
            gc.freeze()  # imported modules stay: the collector need not look at them again
        finally:
            pool.shutdown()
            if sys.stderr is not stderr:
                sys.stderr.close()
                sys.stderr = stderr
            os.dup2(real_stderr, 2)
            os.close(real_stderr)
            os.close(nowhere)


def load_tensorflow() -> None:
    """Imports TensorFlow without the lines its libraries write to stderr."""
    with loading_tensorflow():
        pass


def _import_tensorflow() -> None:
    gc.disable()  # modules are not garbage, and the collector's search among them takes half as long as their import
    try:
        import tensorflow as tf
        import tensorflow_transform  # noqa: F401

        # Looks for GPUs now, while nobody sees what CUDA's libraries write about them.
        tf.config.list_physical_devices()
    finally:
        gc.enable()


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    """Whether the stream is of this file descriptor; a buffer in memory, as tests have it, is of none."""
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError):
        return False

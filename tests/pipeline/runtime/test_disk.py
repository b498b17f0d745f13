"""What a disk refuses, as Python, Beam and TensorFlow tell it."""

import errno
import os
import re

import pytest

from features.errors import ConfigError, DataError
from pipeline.runtime.disk import disk_trouble, explaining_disk

FULL = "no space is left on the disk; free some, and run the same command again to go on from what is done"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), f"/work: {FULL}"),
        (OSError(errno.EROFS, "Read-only file system", "/work/a"), "/work/a: the file system may only be read; name another"),
        (PermissionError(errno.EACCES, "Permission denied", "/work/b"), "/work/b: permission denied; name another folder"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "/work: the disk quota is used up; free some"),
        # Beam tells of an error on a worker in a text.
        (RuntimeError("OSError: [Errno 28] No space left on device [while running 'Count/Parse']"), f"/work: {FULL}"),
        (
            RuntimeError("OSError: [Errno 30] Read-only file system: '/work/x' [while running 'P']"),
            "/work/x: the file sys",
        ),
        # TensorFlow.
        (ValueError("{{function_node x}} /work/y 1; Read-only file system [Op:SaveV2]"), "/work/y 1: the file system may only"),
        (ValueError("/work/y; Permission denied"), "/work/y: permission denied"),
        (ValueError("/work/ckpt/variables.data; No space left on device [Op:SaveV2]"), f"/work: {FULL}"),
        # A training that took it for the memory of the device.
        (DataError("training: out of device memory after step 90. x.tempstate; No space left on device"), f"/work: {FULL}"),
    ],
)
def test_what_the_disk_refuses_is_one_sentence(error, sentence):
    assert disk_trouble(error, "/work").startswith(sentence)


def test_the_cause_of_an_error_is_looked_at():
    error = RuntimeError("a library")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert disk_trouble(error, "/work") == f"/work: {FULL}"


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("a fault of ours"),
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/work/gone"),
        ConfigError("/data/a.tsv cannot be read: [Errno 13] Permission denied: '/data/a.tsv'; ask its owner"),
    ],
)
def test_other_errors_stay_as_they_are(error):
    assert disk_trouble(error, "/work") is None
    with pytest.raises(type(error), match=re.escape(str(error))), explaining_disk("/work"):
        raise error


def test_the_sentence_is_an_error_of_the_data(tmp_path):
    message = f"{tmp_path}: {FULL}"
    with pytest.raises(DataError, match=re.escape(message)), explaining_disk(str(tmp_path)):
        raise OSError(errno.ENOSPC, "No space left on device")

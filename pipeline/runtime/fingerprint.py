"""Fingerprints: short hashes that tell whether anything a result depends on has changed."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(*parts: Any) -> str:
    """A hash of JSON values, as 16 hexadecimal digits; the order of a mapping's keys does not matter."""
    text = json.dumps(parts, sort_keys=True, default=str)
    # 64 bits: of a million fingerprints, two would be alike by chance once in 40 million times.
    return hashlib.sha256(text.encode()).hexdigest()[:16]

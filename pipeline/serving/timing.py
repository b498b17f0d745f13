"""What serving costs: latency of models in turn, and bytes of what a SavedModel holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

# Calls of each before those that count: the first ones trace, allocate and fill caches.
WARMUP = 5


def latencies(calls: Mapping[str, Callable[[], object]], times: int) -> dict[str, dict[str, float]]:
    """Microseconds a call, p50 and p99 by name, over `times` turns in which each is called once."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    # In turns, so that what disturbs the machine for a while disturbs all alike.
    for turn in range(times + WARMUP):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn >= WARMUP:
                spent[name].append((time.perf_counter() - started) * 1e6)
    return {
        name: {f"p{level}": round(float(np.percentile(values, level)), 1) for level in (50, 99)}
        for name, values in spent.items()
    }


def disk_bytes(saved_model: Path) -> dict[str, int]:
    """Bytes of a SavedModel's variables, vocabularies and graph."""
    parts = {"variables": "variables/*", "vocabularies": "assets/*", "graph": "saved_model.pb"}
    return {part: sum(file.stat().st_size for file in saved_model.glob(pattern)) for part, pattern in parts.items()}

"""Requests to the served model of every kind."""

import numpy as np


def request_of(served, rows: int = 2, **changed) -> dict[str, np.ndarray]:
    """The first golden rows, with columns replaced."""
    from pipeline.serving.golden_requests import GOLDEN_FILE, GoldenRequests

    request = GoldenRequests.load(served.folder / "assets.extra" / GOLDEN_FILE).request(served.inputs)
    return {name: values[:rows] for name, values in request.items()} | changed

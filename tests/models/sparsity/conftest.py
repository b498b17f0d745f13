"""Fixtures of block sparsity."""

import pytest


@pytest.fixture
def every_matrix(monkeypatch):
    """Matrices of few blocks are thinned too."""
    monkeypatch.setattr("models.sparsity.block_sparse.MIN_BLOCKS", 1)

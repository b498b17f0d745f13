"""What a training holds in memory, counted before any of it is made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from features.config.model import TrainingConfig
from features.errors import ConfigError
from features.private_apis import gpu_memory_limits, parameter_servers
from models.table_layout import TableLayout

_FLOAT = 4  # bytes: tables and their accumulators are float32 in any precision
# Copies of a table that its optimizer keeps; the row-wise one has one number a row, which is counted apart.
_SLOTS = {"rowwise_adagrad": 0, "adagrad": 1, "adam": 2}


@dataclass(frozen=True)
class Footprint:
    """Bytes that training takes, tables and their optimizer's accumulators first.

    Attributes:
      tables: bytes of the tables and accumulators, by width.
      rows: of each table, by width.
      gradients: bytes of the tables' gradients in one step, on one replica.
      activations: bytes of the looked-up columns of one step with their gradients, on one replica.
    """

    tables: dict[int, int]
    rows: dict[int, int]
    gradients: int
    activations: int

    @classmethod
    def of(cls, layout: TableLayout, training: TrainingConfig, batch: int, dense: bool) -> Footprint:
        """Of a model with these tables, whose gradients are dense or not, at `batch` examples a replica."""
        rows = {group.width: group.rows for group in layout.groups}
        looked_up = sum(len(group.slots) * group.width * _FLOAT * batch for group in layout.groups)
        accumulator = _FLOAT if training.table_optimizer == "rowwise_adagrad" else 0
        copies = 1 + _SLOTS[training.table_optimizer]
        tables = {width: count * (width * _FLOAT * copies + accumulator) for width, count in rows.items()}
        # A dense gradient has the table's shape; a sparse one has a row for each id that a step looks up, at most the table.
        whole = sum(count * width * _FLOAT for width, count in rows.items())
        return cls(tables, rows, whole if dense else min(whole, looked_up), 2 * looked_up)

    def total(self, servers: int = 0) -> int:
        """Bytes on one device; with parameter servers, on one server (tables only, dealt out evenly)."""
        held = sum(self.tables.values())
        return -(-held // servers) if servers else held + self.gradients + self.activations

    def largest(self) -> str:
        """The tables in words, the largest first."""
        order = sorted(self.tables, key=lambda width: -self.tables[width])
        return ", ".join(f"width {width}: {self.rows[width]:,} rows, {human(self.tables[width])}" for width in order)


def describe(footprint: Footprint, strategy: tf.distribute.Strategy) -> list[str]:
    """What is replicated, what is sharded and what each device holds: one line each.

    Raises:
      ConfigError: a device cannot hold its part.
    """
    servers = parameter_servers(strategy)
    replicas = strategy.num_replicas_in_sync
    if servers:
        placed = f"tables of 64 MiB or more sharded over {servers} parameter servers, the rest on one each; steps asynchronous"
    elif replicas > 1:
        placed = f"tables, network and gate replicated on {replicas} devices; each batch sharded among them; gradients summed"
    else:
        placed = "everything on one device"
    need, have = footprint.total(servers), room()
    lines = [f"{type(strategy).__name__}: {placed}", f"memory per device: {human(need)} ({footprint.largest() or 'no tables'})"]
    # What a server has cannot be asked from here.
    if have is not None and need > have and not servers:
        raise ConfigError(
            f"training: needs {human(need)} on each device, which has {human(have)}; tables by size: {footprint.largest()}. "
            "Lower model.embedding_width or selection.widths, set max_size or hash_buckets on the largest features, or use "
            "training.strategy: parameter_server"
        )
    return lines


def human(size: float) -> str:
    """Bytes in words."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def room() -> int | None:
    """Bytes of a GPU, or of the machine or container where there is none."""
    if tf.config.list_physical_devices("GPU"):
        return min(gpu_memory_limits(), default=None)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # In a container the machine's memory says nothing of what it may take.
    limit = Path("/sys/fs/cgroup/memory.max")
    bound = limit.read_text().strip() if limit.exists() else "max"
    return min(physical, int(bound)) if bound.isdigit() else physical

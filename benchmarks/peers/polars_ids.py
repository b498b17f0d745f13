"""polars: the file read once into memory, ids and numbers by expressions, to Parquet; no graph for serving comes of it."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.criteo import CATEGORICALS, COLUMNS, MIN_COUNT, NUMERICS, main


def preprocess(source: str, output: Path) -> tuple[int, int]:
    """Ids: 1 missing, 2 rare, then tokens by falling count."""
    types = {"label": pl.Int8} | dict.fromkeys(NUMERICS, pl.Float32) | dict.fromkeys(CATEGORICALS, pl.String)
    rows = pl.read_csv(source, separator="\t", has_header=False, new_columns=COLUMNS, schema_overrides=types, quote_char=None)
    tokens, columns = 0, [rows["label"]]
    for name in NUMERICS:
        number = (1.0 + rows[name].clip(lower_bound=0.0)).log()
        columns.append(((number - number.mean()) / number.std(ddof=0)).fill_null(0.0).alias(name))
        columns.append(rows[name].is_null().cast(pl.Float32).alias(f"{name}_missing"))
    for name in CATEGORICALS:
        counted = rows.select(pl.col(name).drop_nulls().value_counts()).unnest(name).filter(pl.col("count") >= MIN_COUNT)
        vocabulary = counted.sort(["count", name], descending=True).select(name).with_row_index("id", 3)
        tokens += vocabulary.height
        ids = rows.select(name).join(vocabulary, on=name, how="left", maintain_order="left")["id"].fill_null(2)
        columns.append(ids.zip_with(rows[name].is_not_null(), pl.repeat(1, len(ids), dtype=ids.dtype, eager=True)).alias(name))
    pl.DataFrame(columns).write_parquet(output / "train.parquet", compression="zstd", row_group_size=128 << 10)
    return rows.height, tokens


if __name__ == "__main__":
    main(preprocess)

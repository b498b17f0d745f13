"""Transformed folders of documents alone, for what looks at no rows."""

from collections.abc import Sequence
from pathlib import Path

from features.codes import Categorical
from features.encoding import Encoding
from features.manifest import Manifest, RejectCounts, ResolvedFeatures, SplitFiles
from features.statistics import Statistics, StatisticsDocument
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files


def transformed_of(
    folder: Path,
    encodings: Sequence[Encoding],
    statistics: Sequence[Statistics],
    rows: int = 2000,
    **further_splits: int,
) -> Transformed:
    """A folder with features of these encodings, and so many rows of the train split and of others."""
    transformed = Transformed(str(folder))
    features = [Categorical(name=encoding.name) for encoding in encodings]
    resolved = ResolvedFeatures(label="click", weight=None, inputs=[], features=features, encodings=list(encodings))
    splits = {"train": rows, "validation": 0, "test": 0} | further_splits
    manifest = Manifest(
        splits={name: SplitFiles(rows=count, files=[]) for name, count in splits.items()},
        raw_files=[],
        rejected=RejectCounts(rows=rows, reasons={}, examples={}),
    )
    files.write_document(transformed.features_file, resolved)
    files.write_document(transformed.statistics_file, StatisticsDocument(features=list(statistics)))
    files.write_document(transformed.manifest_file, manifest)
    return transformed

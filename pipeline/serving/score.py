"""Batch scoring on Beam: raw rows in, scores out, in Arrow tables, through the graph that serving loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import apache_beam as beam

from features.document import Document
from features.errors import ConfigError
from features.manifest import RejectCounts
from features.spec import FeatureSpec
from models.metrics import Quality, Scores
from pipeline.raw.piece import Shard
from pipeline.raw.rejects import Tally
from pipeline.runtime import files
from pipeline.runtime.beam import check_reach, run_beam
from pipeline.runtime.console import say
from pipeline.runtime.lock import locked
from pipeline.serving.score_shard import REJECTED, STATE, ScoreShard, shard_name
from pipeline.serving.scoring import Scoring, plan_scoring

SUMMARY_FILE = "scores.json"


class ScoreSummary(Document):
    """`scores.json`.

    Attributes:
      rows: that were scored.
      rejected: rows that were not, by reason.
      quality: of the scores, where the files have labels of both kinds.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"quality"})

    rows: int
    rejected: dict[str, int]
    quality: Quality | None = None


def score(
    model: str,
    patterns: Sequence[str],
    output: str,
    carry: Sequence[str] = (),
    source: Mapping[str, Any] | None = None,
    beam_args: Sequence[str] = (),
) -> ScoreSummary:
    """Scores raw rows: `part-*.parquet` with the columns carried and `score`, `rejected/`, and the summary `scores.json`.

    Args:
      model: the model folder, or the SavedModel in it.
      patterns: raw files; only the columns that the model reads, the label and those carried are read.
      output: a folder that holds no scores yet.
      carry: further columns to pass on, such as a key.
      source: fields of the config's `data` in which these files differ from those the model was made from.
      beam_args: Beam pipeline options; FnApiRunner in this process without them.

    Raises:
      ConfigError: the output folder holds scores, another command is at work there, a column to carry cannot be, or Dataflow
        cannot reach a path.
      DataError: the model or the files cannot be used, or too many rows are malformed.
    """
    check_reach(beam_args, [model, *patterns, output])
    # Two commands that score into one folder would mix their parts.
    with locked(output, "score"):
        # Written last: where it is, the scores are whole, and are not written over.
        if files.exists(files.join(output, SUMMARY_FILE)):
            raise ConfigError(f"{output}: holds the scores of an earlier run; name another folder")
        scoring, shards = plan_scoring(_spec(model), model, patterns, output, carry, source or {})
        return _scored(scoring, shards, beam_args)


def _scored(scoring: Scoring, shards: Sequence[Shard], beam_args: Sequence[str]) -> ScoreSummary:
    output = scoring.output
    _clear(output)
    say(f"score: {len(shards)} shards, {len(scoring.columns)} columns")
    run_beam(lambda root: _score_shards(root, scoring, shards), beam_args)
    summary = _summary(scoring, len(shards))
    files.remove(files.join(output, STATE))
    files.write_document(files.join(output, SUMMARY_FILE), summary)
    return summary


def _spec(model: str) -> FeatureSpec:
    from pipeline.serving.saved_model import EXTRA, saved_model

    with files.local(model) as folder:
        return FeatureSpec.load(saved_model(folder) / EXTRA)


def _clear(output: str) -> None:
    """Makes the output's folders, without what an interrupted run left in them."""
    for folder in (REJECTED, STATE):
        files.remove(files.join(output, folder))
    for path in files.list_names(output, ".parquet"):
        files.remove(path)
    for folder in (output, files.join(output, REJECTED), files.join(output, STATE)):
        files.make_folder(folder)


def _score_shards(root: Any, scoring: Scoring, shards: Sequence[Shard]) -> None:
    """Adds the scoring of all shards to a pipeline."""
    # Reshuffled, as runners would fuse reading and scoring of all shards into one worker's work.
    numbered = root | "Shards" >> beam.Create(list(enumerate(shards)), reshuffle=True)
    numbered | "Score" >> beam.ParDo(ScoreShard(scoring))


def _summary(scoring: Scoring, shards: int) -> ScoreSummary:
    total, scores = Tally(), Scores()
    for number in range(shards):
        state = files.join(scoring.output, STATE, shard_name(number))
        total.merge(Tally.of(files.read_document(RejectCounts, f"{state}.json")))
        scores.merge(Scores.from_bytes(files.read_bytes(f"{state}.npz"), f"{state}.npz"))
    # Over all files together, as in preprocessing: a short file may be worse than the rest.
    total.check(scoring.data.max_bad_ratio)
    # With one kind of label alone there is no AUC.
    both_labels = 0 < scores.counts[:, 1].sum() < scores.rows
    return ScoreSummary(
        rows=total.rows - total.bad, rejected=dict(total.reasons), quality=scores.quality() if both_labels else None
    )

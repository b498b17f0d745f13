"""A config that searches nothing: every feature is kept at full width, as after `winnow prune`."""

from __future__ import annotations

from features.config import Config
from features.path import SearchPath
from features.selection import Dropped, Kept, Selection, Spending, Trial
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.console import say
from pipeline.selection.candidates import Candidates
from pipeline.selection.path_builder import PathBuilder


def whole_path(candidates: Candidates, seed: int) -> SearchPath:
    """The path that a search would give whose must-keep features are all there are: each is there from the start."""
    builder = PathBuilder("none", seed, candidates)
    for name in candidates.names:
        # Round 0 and full attention, as a search gives them to features that the config keeps.
        builder.add(name, 0, 1.0)
    return builder.path()


def keep_all(config: Config, transformed: Transformed, path: SearchPath) -> Selection:
    """The selection of every pick of the path."""
    rows = {encoding.name: encoding.rows for encoding in transformed.encodings}
    kept = [
        Kept(
            feature=pick.feature,
            round=pick.round,
            attention=pick.attention,
            width=pick.width,
            rows=rows[pick.feature],
            bytes=pick.bytes,
        )
        for pick in path.picks
    ]
    size = sum(entry.bytes for entry in kept)
    say(f"select: nothing to choose, all {len(kept)} features are kept")
    # In bytes, as there is no budget whose unit could be taken.
    return Selection(
        budget={"all": True},
        allocator="full width",
        tried=[Trial(allocator="full width")],
        kept=kept,
        dropped=[Dropped(feature=name, reason=reason) for name, reason in path.not_candidates.items()],
        bytes=size,
        full_bytes=FullModel.of(config, transformed).bytes,
        cost=Spending(unit="bytes", limit=size, spent=size, full=size),
    )

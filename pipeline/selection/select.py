"""The selection: what of the paths that a search has found the budget pays for, as a document."""

from __future__ import annotations

from collections.abc import Mapping

from features.config import Config
from features.cost import table_bytes, total_bytes
from features.document import rounded
from features.encoding import Encoding
from features.path import Pick, SearchPath
from features.selection import Changes, Dropped, Kept, Selection, Spending
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.choice import Choice, spend
from pipeline.selection.keep_all import keep_all
from pipeline.selection.previous_spec import Previous
from pipeline.selection.problem import path_costs


def select(config: Config, workspace: Workspace, folder: str) -> None:
    """Spends the budget and writes `selection.json`: kept features with widths, dropped ones with reasons.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.

    Raises:
      ConfigError: nothing, or not even the must-keep features, fits the budget.
    """
    transformed = Transformed(workspace.folder("preprocess"))
    path = files.read_document(SearchPath, files.join(workspace.folder("search"), "path.json"))
    if config.selection.budget.all:
        selection = keep_all(config, transformed, path)
    else:
        choice = spend(config, workspace, transformed, config.selection.budget)
        selection = selection_of(config, transformed, path, choice)
        say(f"select: kept {', '.join(selection.names())}")
    if workspace.writes:
        files.write_document(files.join(folder, "selection.json"), selection)


def selection_of(config: Config, transformed: Transformed, path: SearchPath, choice: Choice) -> Selection:
    """The document of a choice; says what changed from the previous spec, where there is one."""
    allocation, problem = choice.allocation, choice.problem
    # With the vocabularies that are kept, as their tables are what the bytes are counted of.
    encodings = transformed.cut(allocation.rows).encodings
    reasons = _reasons(path, allocation.widths)
    return Selection(
        budget=config.selection.budget.model_dump(exclude_defaults=True),
        allocator=choice.chosen.allocator,
        tried=[tried.trial for tried in choice.tried],
        kept=_kept(path, encodings, allocation.widths),
        dropped=[Dropped(feature=e.name, reason=reasons[e.name]) for e in encodings if e.name in reasons],
        bytes=total_bytes(encodings, allocation.widths),
        # Of whole vocabularies: what one would serve without a selection.
        full_bytes=FullModel.of(config, transformed).bytes,
        cost=Spending(
            unit=problem.cost.unit,
            limit=problem.limit,
            spent=rounded(problem.total(allocation)),
            full=rounded(problem.cost.total(problem.caps)),
        ),
        path_cost=path_costs(problem),
        since=_changes(config, allocation.widths, reasons),
    )


def _reasons(path: SearchPath, widths: Mapping[str, int]) -> dict[str, str]:
    """Why features are not kept, by name."""
    # The search knows why others were no candidates; of these the budget alone decided.
    return path.not_candidates | {pick.feature: "not chosen" for pick in path.picks if pick.feature not in widths}


def _kept(path: SearchPath, encodings: list[Encoding], widths: Mapping[str, int]) -> list[Kept]:
    picks: dict[str, Pick] = {pick.feature: pick for pick in path.picks}
    encoding_of = {encoding.name: encoding for encoding in encodings}
    return [
        Kept(
            feature=name,
            round=picks[name].round,
            attention=picks[name].attention,
            width=width,
            rows=encoding_of[name].rows,
            bytes=table_bytes(encoding_of[name], width),
        )
        for name, width in widths.items()
    ]


def _changes(config: Config, widths: Mapping[str, int], reasons: Mapping[str, str]) -> Changes | None:
    previous = Previous.of(config)
    if previous is None:
        return None
    changes = previous.changes(widths, reasons)
    came, went = (", ".join(names) or "nothing" for names in (changes.added, changes.removed))
    say(f"select: since {changes.spec} {came} came and {went} went; {len(changes.stayed)} features stayed")
    return changes

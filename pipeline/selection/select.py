"""The choice: what of the paths that a search has found the budget pays for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.allocation import Allocation, Problem, Widths, allocations
from features.budget import Budget
from features.config import Config
from features.cost import parameter_model, table_bytes, total_bytes
from features.encoding import Encoding, full_widths
from features.errors import ConfigError
from models.metrics import Quality
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.estimate import EVALUATION_BATCH, rounded
from pipeline.selection.keep_all import keep_all
from pipeline.selection.previous_spec import Previous
from pipeline.selection.search import budget_cost
from pipeline.selection.warnings import warn_of_quality
from pipeline.training.fit import fit

LADDER = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0)  # shares of the full cost that `auto` looks at
TRIAL_STEPS = 4096  # of a long training its beginning tells which allocation is best
TURNS, FINALISTS = 3, 6  # a trial is one seed on few rows: the best few are tried with more
AS_GOOD = 0.0005  # of log loss, which two seeds of one allocation differ by: within it the smallest network wins
Size = Callable[[Allocation], float]
Judge = Callable[[Allocation, str, int], "Quality | None"]


@dataclass(frozen=True)
class Choice:
    """A budget spent.

    Attributes:
      problem: what was asked.
      allocator: whose allocation was kept.
      tried: all allocations, with their figures, in the order of trial.
    """

    problem: Problem
    allocator: str
    tried: list[dict[str, Any]]

    @property
    def allocation(self) -> Allocation:
        """What is kept, in the order of the path."""
        found = next(trial["allocation"] for trial in self.tried if trial["allocator"] == self.allocator)
        order = [name for unit in self.problem.units for name in unit if name in found.widths]
        return Allocation({name: found.widths[name] for name in order}, found.rows)

    @property
    def log_loss(self) -> float:
        """Of the kept allocation, on validation."""
        return next(float(t["validation_log_loss"]) for t in self.tried if t["allocator"] == self.allocator)


def select(config: Config, workspace: Workspace, folder: str) -> None:
    """Spends the budget and writes `selection.json`: kept features with widths, dropped ones with reasons.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.

    Raises:
      ConfigError: nothing, or not even the must-keep features, fits the budget.
    """
    data = Transformed(workspace.folder("preprocess"))
    budget, path = config.selection.budget, files.read_json(files.join(workspace.folder("search"), "path.json"))
    if budget.all:
        keep_all(workspace, data, path, folder)
        return
    choice = spend(config, workspace, data, budget)
    allocation, problem = choice.allocation, choice.problem
    widths, left = allocation.widths, data.cut(allocation.rows).encodings
    by_name = {encoding.name: encoding for encoding in left}
    picks = {pick["feature"]: pick for pick in path["picks"]}
    reasons = path["not_candidates"] | {name: "not chosen" for name in picks if name not in widths}
    document = {
        "budget": budget.model_dump(exclude_defaults=True),
        "allocator": choice.allocator,
        "tried": [{key: value for key, value in trial.items() if key != "allocation"} for trial in choice.tried],
        "kept": [_kept(picks[name], by_name[name], width) for name, width in widths.items()],
        "dropped": [{"feature": e.name, "reason": reasons[e.name]} for e in data.encodings if e.name in reasons],
        "bytes": total_bytes(left, widths),
        "full_bytes": total_bytes(data.encodings, full_widths(data.encodings, config.model.embedding_width)),
        "cost": {
            "unit": problem.cost.unit,
            "limit": problem.limit,
            "spent": rounded(problem.total(allocation)),
            "full": rounded(problem.cost.total(problem.caps)),
        },
        "path_cost": _along(problem),
    }
    previous = Previous.of(config)
    if previous:
        document["since"] = since = previous.changes(widths, reasons)
        came, went = (", ".join(since[name]) or "nothing" for name in ("added", "removed"))
        say(f"select: since {since['spec']} {came} came and {went} went; {len(since['stayed'])} features stayed")
    if workspace.writes:
        files.write_json(files.join(folder, "selection.json"), document)
    say(f"select: kept {', '.join(widths)}")


def spend(config: Config, workspace: Workspace, data: Transformed, budget: Budget) -> Choice:
    """The best allocation found for a budget.

    Raises:
      ConfigError: nothing fits, or `auto` has no validation rows to judge by.
    """
    config = config.model_copy(update={"selection": config.selection.model_copy(update={"budget": budget})})
    problem = _problem(config, workspace, data)
    judge = _judge(config, workspace, data)

    def size(allocation: Allocation) -> float:
        return parameter_model(data.cut(allocation.rows).encodings, config.model).total(allocation.widths)

    if budget.auto is None:
        return _best(replace(problem, limit=budget.limit(problem.limit)), config, judge, size)
    return _smallest(problem, config, judge, size)


def further_points(config: Config, workspace: Workspace, data: Transformed) -> dict[str, Allocation]:
    """Each of `proof.points`, by a name such as `10 features` or `5% bytes`, and of the `previous` spec.

    There are none where nothing is searched: without a path there is nothing to cut elsewhere.
    """
    if config.selection.budget.all:
        return {}
    points = {}
    for asked in config.proof.points:
        budget = Budget(features=asked) if isinstance(asked, int) else asked
        value = getattr(budget, budget.asked)
        name = f"auto {value}" if budget.auto else f"{value} {budget.asked}"
        points[name] = spend(config, workspace, data, budget).allocation
    previous = Previous.of(config)
    return points | ({"previous": previous.allocation(config, data)} if previous else {})


def _problem(config: Config, workspace: Workspace, data: Transformed) -> Problem:
    """What there is to allocate, with the cost of everything at full width for its limit."""
    searched = workspace.folder("search")
    path = files.read_json(files.join(searched, "path.json"))
    widened = files.join(searched, "frontier.json")
    steps = files.read_json(widened)["steps"] if files.exists(widened) else []
    cost = budget_cost(config, data, searched)
    order = [pick["feature"] for pick in path["picks"]]
    unit_of = {name: tuple(unit) for unit in path["units"] for name in unit}
    units = list(dict.fromkeys(unit_of[name] for name in order))
    caps = {name: path["widths"][name] for name in order}
    full = max(caps.values())
    priced_by_rows = config.selection.budget.unit in ("bytes", "parameters")
    return Problem(
        units,
        caps,
        {encoding.name: encoding.rows for encoding in data.encodings},
        [*sorted(width for width in config.selection.widths if width < full), full],
        cost,
        cost.total(caps),
        frozenset(config.matching("keep", order)),
        [(units.index(tuple(step["features"])), step["width"]) for step in steps],
        frozenset(feature.name for feature in data.features if feature.cuttable) if priced_by_rows else frozenset(),
        lambda rows: budget_cost(config, data.cut(rows), searched),
    )


def _judge(config: Config, workspace: Workspace, data: Transformed) -> Judge:
    """Trains an allocation on the train rows, and gives its quality on the validation rows, or None without those."""

    def judged(allocation: Allocation, what: str, turn: int = 0) -> Quality | None:
        if not data.rows("validation"):
            return None
        cut = data.cut(allocation.rows)
        model, encodings, _ = fit(config, workspace, cut, allocation.widths, config.training.seed + turn, most=TRIAL_STEPS)
        found = evaluate(model, Reader(cut, "validation", encodings).ordered(EVALUATION_BATCH)).quality()
        say(f"select: {what}, {len(allocation.widths)} features: validation AUC {found.auc:.4f}")
        warn_of_quality(found.auc, f"{what}: validation")
        return found

    return judged


def _best(problem: Problem, config: Config, judge: Judge, size: Size) -> Choice:
    """The allocation of the least validation log loss, or the one of the fewest parameters that is as good.

    All are tried once, the best six thrice; a single one is not tried. Budgets of bytes are of tables alone: of two allocations
    that they pay for, one may need ten times the network of the other.
    """
    found = allocations(problem, config.selection.allocator)
    tried = [_trial(problem, name, allocation) for name, allocation in found.items()]
    if len(tried) == 1 and config.selection.budget.auto is None:
        return Choice(problem, tried[0]["allocator"], tried)
    seen: dict[str, list[Quality]] = {trial["allocator"]: [] for trial in tried}
    finalists = list(found)
    for turn in range(TURNS):
        for name in finalists:
            quality = judge(found[name], name, turn)
            if quality is None:
                return Choice(problem, tried[-1]["allocator"], tried)
            seen[name].append(quality)
        losses = {name: float(np.mean([q.log_loss for q in seen[name]])) for name in finalists}
        finalists = sorted(finalists, key=losses.__getitem__)[:FINALISTS]
    for trial in tried:
        trial |= _figures(seen[trial["allocator"]])
    as_good = [name for name in finalists if losses[name] <= losses[finalists[0]] + AS_GOOD]
    return Choice(problem, min(as_good, key=lambda name: size(found[name])), tried)


def _smallest(problem: Problem, config: Config, judge: Judge, size: Size) -> Choice:
    """The least limit of a ladder, found by halving, whose best allocation is within tolerance of the full model."""
    full = [quality for turn in range(TURNS) if (quality := judge(Allocation(dict(problem.caps)), "full model", turn))]
    if not full:
        raise ConfigError("selection.budget: auto needs validation rows; set data.split.validation or data.validation")
    everything, bar = problem.limit, float(np.mean([quality.log_loss for quality in full])) + config.selection.budget.tolerance
    held = Choice(problem, "full width", [_trial(problem, "full width", Allocation(dict(problem.caps))) | _figures(full)])
    limits = [everything * share for share in LADDER[:-1]]
    if problem.cost.unit == "features":
        limits = [float(count) for count in range(1, len(problem.caps))]
    low, high = 0, len(limits)
    while low < high:
        middle = (low + high) // 2
        try:
            choice = _best(replace(problem, limit=limits[middle]), config, judge, size)
        except ConfigError:  # too little for anything
            low = middle + 1
            continue
        if choice.log_loss <= bar:
            held, high = choice, middle
        else:
            low = middle + 1
    return held


def _trial(problem: Problem, name: str, allocation: Allocation) -> dict[str, Any]:
    cost = rounded(problem.total(allocation))
    return {"allocator": name, "features": len(allocation.widths), "cost": cost, "allocation": allocation}


def _figures(runs: Sequence[Quality]) -> dict[str, float]:
    auc, loss = (float(np.mean([getattr(run, figure) for run in runs])) for figure in ("auc", "log_loss"))
    return {"validation_auc": rounded(auc), "validation_log_loss": rounded(loss), "trials": len(runs)}


def _along(problem: Problem) -> list[dict[str, Any]]:
    """What the path costs at full width, with each of its units, in the budget's unit."""
    taken: Widths = {}
    points = []
    for unit in problem.units:
        step = problem.at(unit, max(problem.widths))
        added = problem.cost.added(taken, step)
        taken |= step
        points.append({"features": list(unit), "cost": rounded(added), "cumulative_cost": rounded(problem.cost.total(taken))})
    return points


def _kept(pick: Mapping[str, Any], encoding: Encoding, width: int) -> dict[str, Any]:
    point = {name: pick[name] for name in ("feature", "round", "attention")}
    return point | {"width": width, "rows": encoding.rows, "bytes": table_bytes(encoding, width)}

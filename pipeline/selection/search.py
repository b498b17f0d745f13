"""The search: training runs of a gated model over all candidates, each of which gives a whole path of picks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np

from features.config import Config
from features.cost import CostModel, cost_model, table_bytes
from models.build import build_model
from models.consensus import consensus
from models.gate import SequentialAttention
from models.picks import Picks
from models.ranking_context import RankingContext
from models.ranking_methods import METHODS
from models.schedule import Schedule
from models.strategy import make_strategy
from models.training import train
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import progress, say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.candidates import Candidates
from pipeline.selection.estimate import ESTIMATION_ROWS, Estimate, rounded
from pipeline.selection.keep_all import whole_path
from pipeline.selection.previous_spec import Previous
from pipeline.selection.warnings import warn_of_data, warn_of_quality, warn_of_schedule
from pipeline.training.progress import Watch
from pipeline.training.resume import batches, checkpoints
from pipeline.training.tensorboard import Events


def search(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes `path.json`, the path of features, and, where the budget counts more than features, that of widths.

    The latter is `frontier.json`. A budget of latency is measured here, and its cost model kept as `latency.json`.

    Args:
      config: of the run.
      workspace: with the transformed folder.
      folder: to write into.

    Raises:
      ConfigError: there is nothing to choose from, or fewer steps than rounds.
      DataError: the train split is smaller than a batch.
    """
    data = Transformed(workspace.folder("preprocess"))
    if config.selection.budget.all:
        whole_path(config, workspace, data, folder)
        return
    found = Candidates.of(config, data)
    warn_of_data(Reader(data, "train", found.encodings, config.training.shuffle_rows))
    path = path_of_features(config, workspace, data, found)
    if workspace.writes:
        files.write_json(files.join(folder, "path.json"), path)
    selection = config.selection
    wanted = selection.method == "sequential_attention" and selection.allocator in ("auto", "frontier")
    cost = budget_cost(config, data, folder)
    if wanted and selection.budget.unit != "features":
        widths = path_of_widths(config, workspace, data, found, cost)
        if workspace.writes:
            files.write_json(files.join(folder, "frontier.json"), widths)


def budget_cost(config: Config, data: Transformed, folder: str) -> CostModel:
    """The cost model of the budget; of a latency, the one in `folder`, measured first where there is none."""
    if config.selection.budget.unit != "latency":
        return cost_model(config, data.features, data.encodings)
    from pipeline.selection.latency import latency_model

    return latency_model(config, data, folder)


def path_of_features(config: Config, workspace: Workspace, data: Transformed, found: Candidates) -> dict[str, Any]:
    """One run over whole features: every pick with its round, score, attention, cost and estimated quality."""
    if config.selection.method != "sequential_attention":
        return path_of_ranking(config, data, found)
    started = time.monotonic()
    selection = config.selection
    limit = len(found.units) - len(found.kept_units)
    reader = Reader(data, "train", found.encodings, config.training.shuffle_rows)
    steps = reader.steps(selection.batch_size) * selection.epochs
    schedule = Schedule.of(steps, limit, selection.picks_per_round, selection.warmup)
    warn_of_schedule(schedule, selection.epochs)
    members = selection.gate_count if selection.gate_count > 1 else None
    gate = found.gate(members=members)
    model = _gated_model(config, found, gate, schedule)
    gate.pick(found.kept_units)
    estimate = Estimate(model, gate, Reader(data, "validation", found.encodings))
    path: list[dict[str, Any]] = []
    for unit in found.kept_units:
        _extend(path, found, unit, 0, 1.0)
    orders: list[list[int]] = [[] for _ in range(members or 1)]
    attentions: list[dict[str, Any]] = []
    with progress("search", schedule.rounds) as tick:
        watch = Watch(tick, Events(workspace, "search"), selection.batch_size, schedule.steps_per_round)

        def on_pick(number: int, picks: Any, scores: Any, attention: Any, logs: Mapping[str, float]) -> None:
            for order, own in zip(orders, picks if members else [picks], strict=True):
                order += own
            said, quality = f"{len(orders[0])} picks by each of {members} gates", None
            if members is None:
                for pick in picks:
                    _extend(path, found, pick, number, rounded(attention[pick]), rounded(scores[pick]))
                path[-1]["estimate"] = quality = estimate()
                said = f"picked {', '.join(name for pick in picks for name in found.units[pick])}"
            shares = (attention.mean(0) if members else attention).round(6)
            by_feature = [float(shares[found.unit_of[name]]) for name in found.names]
            attentions.append({"round": number, "loss": rounded(logs["loss"]), "attention": by_feature})
            watch.picked([said], dict(zip(found.names, by_feature, strict=True)), quality)
            tick(schedule.warmup_rounds + number, said, auc=quality["auc"] if quality else None)

        callback = Picks(
            gate, schedule, limit, on_pick=on_pick, carry=selection.standing_carryover, head_start=_head_start(config, found)
        )
        job = {"selection": selection.model_dump(), "candidates": [found.units, reader.rows]}
        kept = checkpoints(config, workspace, "search", job, [path, orders, attentions], callback)
        dataset = batches(reader, selection.batch_size, selection.seed)
        train(model, dataset, schedule.round_steps, [callback, watch], kept)
    document: dict[str, Any] = {}
    if not members and path[-1].get("estimate"):
        warn_of_quality(path[-1]["estimate"]["auc"], "the search's validation")
    if members:
        agreed = consensus(orders)
        gate.level.assign(np.zeros_like(gate.level))
        gate.pick(found.kept_units)
        for number, pick in enumerate(agreed.order, 1):
            gate.pick([pick])
            _extend(path, found, pick, -(-number // selection.picks_per_round), 1.0 - agreed.mean_rank[pick] / limit)
            path[-1]["estimate"] = estimate()
        document["stability"] = agreed.document([" + ".join(unit) for unit in found.units])
    return document | {
        "method": selection.method,
        "seed": selection.seed,
        "schedule": vars(schedule) | {"steps": schedule.steps, "batch_size": selection.batch_size},
        "candidates": found.names,
        "units": found.units,
        "widths": dict(found.widths),
        "not_candidates": dict(found.reasons),
        "picks": path,
        "rounds": attentions,
        "seconds": round(time.monotonic() - started, 1),
    }


def path_of_ranking(config: Config, data: Transformed, found: Candidates) -> dict[str, Any]:
    """The same document from a method that ranks all candidates at once; a pick's attention is its share of all scores."""
    started, selection = time.monotonic(), config.selection
    reader = Reader(data, "train", found.encodings, config.training.shuffle_rows)
    steps = reader.steps(selection.batch_size) * selection.epochs
    schedule = Schedule.of(steps, len(found.units))

    def trained(model: Any, rounds: Sequence[int], callbacks: Any) -> None:
        train(model, reader.dataset(selection.batch_size, selection.seed), rounds, callbacks)

    held_out = Reader(data, "validation", found.encodings) if data.rows("validation") else reader
    batches = list(islice(held_out.ordered(selection.batch_size), max(1, ESTIMATION_ROWS // selection.batch_size)))
    build = partial(_gated_model, config, found, schedule=schedule)
    context = RankingContext.of(found.encodings, found.widths, found.units, build, trained, steps, batches, selection.seed)
    ranking = METHODS[selection.method](context)
    say(f"search: {selection.method} ranks {', '.join(name for name, _ in ranking)}")
    place = {" + ".join(unit): number for number, unit in enumerate(found.units)}
    total = sum(max(0.0, score) for _, score in ranking) or 1.0
    path: list[dict[str, Any]] = []
    for unit in found.kept_units:
        _extend(path, found, unit, 0, 1.0)
    for name, score in ranking:
        if place[name] not in found.kept_units:
            _extend(path, found, place[name], len(path) + 1, max(0.0, score) / total, rounded(score))
    return {
        "method": selection.method,
        "seed": selection.seed,
        "schedule": None,
        "candidates": found.names,
        "units": found.units,
        "widths": dict(found.widths),
        "not_candidates": dict(found.reasons),
        "picks": path,
        "rounds": [],
        "seconds": round(time.monotonic() - started, 1),
    }


def path_of_widths(
    config: Config, workspace: Workspace, data: Transformed, found: Candidates, cost: CostModel
) -> dict[str, Any]:
    """One run over each candidate's next width; a pick is the largest `z(logit) - beta * z(log cost)`.

    Where columns cost nothing, candidates are picked whole. Must-keep features start at the smallest width.
    """
    started = time.monotonic()
    selection = config.selection
    widths = found.allowed(selection.widths) if cost.by_width else [max(found.widths.values())]
    gate = found.gate(widths)
    reader = Reader(data, "train", found.encodings, config.training.shuffle_rows)
    steps = reader.steps(selection.batch_size) * selection.epochs
    limit = int(min(selection.frontier.rounds, gate.depth.sum() - len(found.kept_units)))
    schedule = Schedule.of(steps, limit, 1, selection.warmup)
    model = _gated_model(config, found, gate, schedule)
    gate.pick(found.kept_units)
    reached = [widths[0] if unit in found.kept_units else 0 for unit in range(len(found.units))]
    chunk = dict(pairwise([0, *widths]))
    full = cost.total(found.widths)
    picked: list[dict[str, Any]] = [
        {"round": 0, "features": found.units[unit], "width": widths[0]} for unit in found.kept_units
    ]

    def at(unit: int, width: int) -> dict[str, int]:
        floats = {e.name: e.length for e in found.encodings if not e.embedded}
        return {n: floats.get(n, min(width, found.widths[n])) for n in found.units[unit] if width}

    def costs() -> Any:
        have = {name: width for unit, own in enumerate(reached) for name, width in at(unit, own).items()}
        steps_up = [at(unit, chunk.get(own, own)) for unit, own in enumerate(reached)]
        return np.maximum([cost.added(have, step) for step in steps_up], full * 1e-5)

    with progress("search of widths", schedule.rounds) as tick:

        def on_pick(number: int, picks: list[int], scores: Any, attention: Any, logs: Mapping[str, float]) -> None:
            for unit in picks:
                reached[unit] = chunk[reached[unit]]
                point = {"round": number, "features": found.units[unit], "width": reached[unit]}
                picked.append(point | {"score": rounded(scores[unit])})
                tick(schedule.warmup_rounds + number, f"{' + '.join(found.units[unit])} to width {reached[unit]}")

        watch = Watch(tick, Events(workspace, "search_of_widths"), selection.batch_size, schedule.steps_per_round)
        ahead = _head_start(config, found)
        callback = Picks(gate, schedule, limit, costs, selection.frontier.cost_weight, on_pick, head_start=ahead)
        job = {"selection": selection.model_dump(), "candidates": [found.units, reader.rows], "cost": costs().tolist()}
        kept = checkpoints(config, workspace, "search_of_widths", job, [reached, picked], callback)
        dataset = batches(reader, selection.batch_size, selection.seed)
        train(model, dataset, schedule.round_steps, [callback, watch], kept)
    return {"widths": widths, "steps": picked, "seconds": round(time.monotonic() - started, 1)}


def _head_start(config: Config, found: Candidates) -> Any:
    previous = Previous.of(config)
    return previous.starts(found.units) if previous else None


def _gated_model(config: Config, found: Candidates, gate: SequentialAttention, schedule: Schedule) -> Any:
    selection = config.selection
    return build_model(
        found.encodings,
        found.widths,
        config.model.dense,
        config.training,
        make_strategy(config.training),
        selection.seed,
        gate,
        selection.gate_learning_rate,
        min(schedule.steps_per_round, 32),
        selection.batch_size,
        say,
    )


def _extend(path: list[Any], found: Candidates, unit: int, number: int, attention: float, score: float | None = None) -> None:
    """Adds a point for each feature of the unit."""
    for name in found.units[unit]:
        own = next(encoding for encoding in found.encodings if encoding.name == name)
        width = found.widths[name]
        size = table_bytes(own, width)
        before = path[-1]["cumulative_bytes"] if path else 0
        point = {"round": number, "feature": name, "width": width, "attention": rounded(attention)}
        path.append(point | {"bytes": size, "cumulative_bytes": size + before})
        if score is not None:
            path[-1]["score"] = score

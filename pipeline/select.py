"""The search for features and widths: one training run gives the path, and the budget cuts it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.config import Config
from features.cost import budget_bytes, table_bytes, total_bytes
from features.encoding import Encoding
from features.errors import ConfigError
from features.statistics import Statistics
from models.gate import HARD, SOFT, SequentialAttention
from models.schedule import Schedule
from models.strategy import make_strategy
from models.training import Picks, build_model, score, train
from pipeline import files
from pipeline.console import progress, say
from pipeline.dataset import Reader, Transformed

EVALUATION_BATCH = 8192


def candidates_of(config: Config, data: Transformed) -> tuple[list[Encoding], dict[str, str]]:
    """Features that take part in the search, and the reasons of those that do not.

    Raises:
      ConfigError: none is left, or a must-keep feature is unfit.
    """
    names = [encoding.name for encoding in data.encodings]
    excluded = set(config.matching("exclude", names))
    keep = config.matching("keep", names)
    reasons: dict[str, str] = {}
    for values in files.read_json(files.join(data.folder, "statistics.json"))["features"]:
        fault = Statistics.from_dict(values).fault
        if values["name"] in excluded:
            reasons[values["name"]] = "excluded by the config"
        elif fault:
            reasons[values["name"]] = fault
    for name in keep:
        if name in reasons:
            raise ConfigError(f"selection.keep: {name!r} cannot be kept: {reasons[name]}")
    left = [encoding for encoding in data.encodings if encoding.name not in reasons]
    if not left:
        raise ConfigError("selection: every feature is excluded or constant; nothing to choose from")
    return left, reasons


def search(config: Config, data: Transformed, folder: str) -> None:
    """Trains one gated model over all candidates and writes the path of picks, `path.json`.

    Raises:
      ConfigError: there is nothing to choose from, or fewer steps than rounds.
      DataError: the train split is smaller than a batch.
    """
    started = time.monotonic()
    encodings, reasons = candidates_of(config, data)
    selection, names = config.selection, [encoding.name for encoding in encodings]
    keep = [names.index(name) for name in config.matching("keep", names)]
    reader = Reader(data, "train", encodings, config.training.shuffle_rows)
    limit = len(encodings) - len(keep)
    steps = reader.steps(selection.batch_size) * selection.epochs
    schedule = Schedule.of(steps, limit, selection.picks_per_round, selection.warmup)
    _warn(schedule, selection.epochs)
    widths = {encoding.name: encoding.width(config.model.embedding_width) for encoding in encodings}
    gate, owner = _gate_over(encodings, widths)
    strategy = make_strategy(config.training.strategy)
    model = build_model(
        encodings,
        widths,
        config.model,
        config.training,
        strategy,
        selection.seed,
        gate,
        selection.gate_learning_rate,
        min(schedule.steps_per_round, 32),
    )
    gate.pick([owner[index] for index in keep])
    validation = list(Reader(data, "validation", encodings).ordered(EVALUATION_BATCH)) if data.rows("validation") else []
    path = [_point(0, names[index], widths, encodings, [], 1.0) for index in keep]
    attentions: list[dict[str, Any]] = []
    with progress("search", schedule.rounds) as tick:

        def on_pick(number: int, picks: list[int], scores: Any, attention: Any, logs: Mapping[str, float]) -> None:
            estimate = _estimate(model, gate, validation)
            for pick in picks:
                path.append(_point(number, names[pick], widths, encodings, path, float(attention[pick])))
                path[-1]["score"] = _rounded(scores[pick])
            path[-1]["estimate"] = estimate
            attentions.append({"round": number, "loss": _rounded(logs["loss"]), "attention": attention.round(6).tolist()})
            auc = f", AUC {estimate['auc']:.4f}" if estimate else ""
            tick(schedule.warmup_rounds + number, f"picked {', '.join(names[pick] for pick in picks)}{auc}")

        picks = Picks(gate, schedule, lambda: np.ones(len(names)), 0.0, limit, on_pick)
        dataset = reader.dataset(selection.batch_size, selection.seed)
        train(model, dataset, schedule.rounds, schedule.steps_per_round, [picks])
    document = {
        "method": selection.method,
        "seed": selection.seed,
        "schedule": vars(schedule) | {"steps": schedule.steps, "batch_size": selection.batch_size},
        "candidates": names,
        "widths": widths,
        "not_candidates": reasons,
        "picks": path,
        "rounds": attentions,
        "seconds": round(time.monotonic() - started, 1),
    }
    files.write_json(files.join(folder, "path.json"), document)


def choose(config: Config, data: Transformed, path: Mapping[str, Any], folder: str) -> None:
    """Cuts the path at the budget and writes `selection.json`: kept features with widths, dropped ones with reasons.

    Raises:
      ConfigError: nothing, or not even the must-keep features, fits the budget.
    """
    budget = config.selection.budget
    order = [pick["feature"] for pick in path["picks"]]
    by_name = {encoding.name: encoding for encoding in data.encodings}
    full = total_bytes([by_name[name] for name in order], path["widths"])
    allocations: list[dict[str, Any]]
    if budget.features is not None:
        keep = config.matching("keep", order)
        if len(keep) > budget.features:
            raise ConfigError(f"selection.budget: {budget.features} features cannot hold the {len(keep)} of selection.keep")
        widths = {name: path["widths"][name] for name in order[: budget.features]}
        allocations = [{"allocator": "full width", "widths": widths}]
    else:
        allocations = _common_widths(config, order, by_name, path["widths"], budget_bytes(budget, full))
    chosen = _best(config, data, allocations)
    picks = {pick["feature"]: pick for pick in path["picks"]}
    kept = [_kept(picks[name], by_name[name], width) for name, width in chosen["widths"].items()]
    reasons = path["not_candidates"] | {name: "not chosen" for name in order if name not in chosen["widths"]}
    document = {
        "budget": budget.model_dump(exclude_none=True),
        "allocator": chosen["allocator"],
        "tried": [{k: v for k, v in tried.items() if k != "widths"} for tried in allocations],
        "kept": kept,
        "dropped": [{"feature": e.name, "reason": reasons[e.name]} for e in data.encodings if e.name in reasons],
        "bytes": total_bytes(data.encodings, chosen["widths"]),
        "full_bytes": total_bytes(data.encodings, {e.name: e.width(config.model.embedding_width) for e in data.encodings}),
    }
    files.write_json(files.join(folder, "selection.json"), document)
    say(f"select: kept {', '.join(chosen['widths'])}")


def _common_widths(
    config: Config, order: Sequence[str], by_name: Mapping[str, Encoding], caps: Mapping[str, int], budget: int
) -> list[dict[str, Any]]:
    """The picked features in order at one width, skipping what no longer fits; one allocation per width."""
    allocations: list[dict[str, Any]] = []
    must = set(config.matching("keep", list(order)))
    for width in config.selection.widths:
        left, widths = budget, {}
        for name in order:
            own = min(width, caps[name]) if by_name[name].embedded else caps[name]
            cost = table_bytes(by_name[name], own)
            if cost <= left:
                widths[name] = own
                left -= cost
        if widths and must <= set(widths) and widths not in [made["widths"] for made in allocations]:
            allocations.append({"allocator": f"common width {width}", "widths": widths})
    if not allocations:
        raise ConfigError(
            f"selection.budget: nothing fits {budget:,} bytes with all of selection.keep; the smallest table takes "
            f"{min(table_bytes(by_name[name], 1) for name in order):,} bytes at width 1"
        )
    return allocations


def _best(config: Config, data: Transformed, allocations: list[dict[str, Any]]) -> dict[str, Any]:
    """The allocation with the least validation log loss after a short retraining; says each one's figures in place."""
    from pipeline.retrain import fit

    if len(allocations) == 1 or not data.rows("validation"):
        return allocations[-1]
    for allocation in allocations:
        model, encodings, _ = fit(config, data, allocation["widths"], config.training.seed)
        found = score(model, Reader(data, "validation", encodings).ordered(EVALUATION_BATCH)).quality()
        allocation |= {"validation_auc": _rounded(found.auc), "validation_log_loss": _rounded(found.log_loss)}
        say(f"select: {allocation['allocator']}, {len(allocation['widths'])} features: validation AUC {found.auc:.4f}")
    return max(allocations, key=lambda allocation: allocation["validation_auc"])


def _gate_over(encodings: Sequence[Encoding], widths: Mapping[str, int]) -> tuple[SequentialAttention, list[int]]:
    """A gate over the model's columns, one candidate a feature, and each feature's candidate."""
    from models.embedding import EmbeddingTables

    owners = EmbeddingTables(encodings, widths).owners
    index = {encoding.name: place for place, encoding in enumerate(encodings)}
    return SequentialAttention([index[name] for name in owners], name="gate"), list(range(len(encodings)))


def _estimate(model: Any, gate: SequentialAttention, batches: list[Any]) -> dict[str, float] | None:
    """Quality on validation with only what is picked, all else gated to 0."""
    if not batches:
        return None
    gate.set_mode(HARD)
    found = score(model, batches).quality()
    gate.set_mode(SOFT)
    return {"auc": _rounded(found.auc), "log_loss": _rounded(found.log_loss)}


def _point(
    number: int, name: str, widths: Mapping[str, int], encodings: Sequence[Encoding], path: list[Any], attention: float
) -> dict[str, Any]:
    own = next(encoding for encoding in encodings if encoding.name == name)
    cost = table_bytes(own, widths[name])
    total = cost + (path[-1]["cumulative_bytes"] if path else 0)
    point = {"round": number, "feature": name, "width": widths[name], "attention": _rounded(attention)}
    return point | {"bytes": cost, "cumulative_bytes": total}


def _kept(pick: Mapping[str, Any], encoding: Encoding, width: int) -> dict[str, Any]:
    point = {name: pick[name] for name in ("feature", "round", "attention")}
    return point | {"width": width, "rows": encoding.rows, "bytes": table_bytes(encoding, width)}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _warn(schedule: Schedule, epochs: int) -> None:
    if schedule.steps_per_round < 20:
        say(
            f"warning: {schedule.steps_per_round} optimizer steps a round; under 20 the ranking loses quality "
            "(raise selection.epochs or picks_per_round, or lower selection.batch_size)"
        )
    if epochs > 4:
        say(f"warning: selection.epochs is {epochs}; more than 4 epochs over-fit the ranking")

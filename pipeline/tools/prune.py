"""A config without the losers: the text of the old one, less the dropped features and the search, for review by a person."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from features.config import Config
from features.errors import ConfigError
from features.pattern import expand_pattern
from features.rules import FeatureRule
from features.spec import FeatureSpec, KeptFeature

LINE_LENGTH = 120
SIZES = ("width", "max_size")  # what a search decides
Edit = tuple[int, int, str]
Fields = tuple[tuple[str, int], ...]


def prune(path: str | Path, spec: FeatureSpec, output: str | Path) -> None:
    """Writes the config with the spec's features at the spec's widths and sizes of vocabularies, and without `selection`.

    Only what changes is touched: comments stay where their rule stays. A work folder or name of its own gets `-pruned`.

    Args:
      path: of the config from which the spec came.
      spec: says what is kept.
      output: the file to write.

    Raises:
      ConfigError: the config cannot be read, or the spec is not of this config.
    """
    path, output = Path(path), Path(output)
    rules = _Rules(path, Config.load(path), spec)
    text = path.read_text()
    document = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(document, yaml.MappingNode) or document.flow_style:
        raise ConfigError(f"{path}: is one flow mapping; write each field on a line of its own")
    fields = {key.value: (key, value) for key, value in document.value}
    edits = list(_own_place(fields))
    if "selection" in fields:
        key, value = fields["selection"]
        edits.append(_whole_lines(text, key.start_mark.index, _end(value)))
    edits += _features(text, fields["features"][1], rules)
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    kept, features = len(spec.kept), len(spec.kept) + len(spec.dropped)
    head = f"# {path.name} with the {kept} of {features} features that its feature spec keeps; nothing is searched.\n"
    aside = output.with_name(f"{output.name}.partial")
    aside.write_text(head + text)
    try:
        rules.check(Config.load(aside))
    except ConfigError:
        aside.unlink()
        raise
    aside.replace(output)


@dataclass(frozen=True)
class _Rules:
    """Which rule of the config each kept feature comes from."""

    path: Path
    config: Config
    spec: FeatureSpec

    @cached_property
    def winners(self) -> dict[str, int]:
        """The last rule that matches each feature, by name.

        Raises:
          ConfigError: the spec is not of this config.
        """
        if self.config.data.label != self.spec.label:
            raise ConfigError(f"{self.path}: data.label is {self.config.data.label!r}, but the spec's {self.spec.label!r}")
        names = [*self.spec.names(), *(dropped.name for dropped in self.spec.dropped)]
        winners: dict[str, int] = {}
        for number, rule in enumerate(self.config.features):
            for pattern in rule.match:
                winners |= dict.fromkeys(set(rule.names(pattern, names)) & set(names), number)
        for kept in self.spec.kept:
            if kept.name not in winners:
                raise ConfigError(f"{self.path}: no rule of `features` matches {kept.name!r}, which the spec keeps")
            self._check_transform(kept, winners[kept.name])
        return winners

    def groups(self, number: int) -> list[tuple[list[str], Fields]] | None:
        """Names, and the fields that get other values, of each rule that takes the place of a rule.

        None where the rule may stay as it is.
        """
        rule, order = self.config.features[number], [column.name for column in self.spec.inputs]
        kept = [feature for feature in self.spec.kept if self.winners[feature.name] == number]
        kept.sort(key=lambda feature: order.index(feature.inputs[0]))
        found: dict[Fields, list[str]] = {}
        for feature in kept:
            found.setdefault(tuple(self._changes(feature, rule)), []).append(feature.name)
        # A glob, expanded over no names, is left out; itself in its place, it equals no name.
        matched = [name for pattern in rule.match for name in expand_pattern(pattern, []) or [pattern]]
        if set(found) == {()} and sorted(matched) == sorted(found[()]):
            return None
        return [(names, changes) for changes, names in found.items()]

    def check(self, made: Config) -> None:
        """Compares what a config resolves to with the spec.

        Raises:
          ConfigError: they differ: a rule is written in a way that this module does not know.
        """
        features = made.resolve([column.name for column in self.spec.inputs])
        full = made.model.embedding_width
        found = {f.name: (min(full, f.width or full) if f.embedded else None, f.size_limit) for f in features}
        asked = {f.name: (f.width if f.rows else None, f.transform.get("max_size")) for f in self.spec.kept}
        if found != asked:
            differing = sorted(name for name, _ in set(found.items()) ^ set(asked.items()))
            raise ConfigError(f"{self.path}: the rules of {', '.join(differing)} cannot be pruned; write them as plain lists")

    def _changes(self, feature: KeptFeature, rule: FeatureRule) -> Iterable[tuple[str, int]]:
        full = self.config.model.embedding_width
        if feature.rows and feature.width != min(full, rule.width or full):
            yield "width", feature.width
        if feature.transform.get("max_size") != rule.feature(feature.name).size_limit:
            yield "max_size", feature.transform["max_size"]

    def _check_transform(self, kept: KeptFeature, number: int) -> None:
        transform = self.config.features[number].feature(kept.name).transform()
        own = {field: value for field, value in transform.items() if field not in SIZES}
        if own != {field: value for field, value in kept.transform.items() if field not in SIZES}:
            raise ConfigError(
                f"{self.path}: features[{number}] treats {kept.name!r} otherwise than the spec does ({own} against "
                f"{kept.transform}); the spec is of another config"
            )


@dataclass(frozen=True)
class _Rule:
    """A rule in the config's text."""

    text: str
    node: yaml.MappingNode

    def written(self, groups: list[tuple[list[str], Fields]] | None) -> list[str]:
        """The rule once for each group, or as it is."""
        if groups is None:
            return [self.text[self.node.start_mark.index : _end(self.node)]]
        return [self._of(names, changes) for names, changes in groups]

    def _of(self, names: list[str], changes: Fields) -> str:
        fields = {key.value: (key, value) for key, value in self.node.value}
        key, match = fields["match"]
        # A list of lines becomes one line, behind its key.
        block = isinstance(match, yaml.SequenceNode) and not match.flow_style
        start, column = (
            (key.end_mark.index, key.end_mark.column + 2) if block else (match.start_mark.index, match.start_mark.column)
        )
        edits: list[Edit] = [(start, _end(match), (": " if block else "") + _listed(names, column))]
        line = self.text.find("\n", _end(match))  # behind what is said about the match
        place = min(line if line >= 0 else len(self.text), _end(self.node))
        for field, number in changes:
            if field in fields:
                value = fields[field][1]
                edits.append((value.start_mark.index, _end(value), str(number)))
            elif self.node.flow_style:
                edits[0] = (*edits[0][:2], f"{edits[0][2]}, {field}: {number}")
            else:
                edits.append((place, place, f"\n{' ' * key.start_mark.column}{field}: {number}"))
        base = self.node.start_mark.index
        written = self.text[base : _end(self.node)]
        for start, end, replacement in sorted(edits, reverse=True):
            written = written[: start - base] + replacement + written[end - base :]
        return written


def _features(text: str, sequence: yaml.SequenceNode, rules: _Rules) -> Iterable[Edit]:
    written = [_Rule(text, node).written(rules.groups(number)) for number, node in enumerate(sequence.value)]
    if sequence.flow_style:
        yield sequence.start_mark.index, _end(sequence), f"[{', '.join(itertools.chain(*written))}]"
        return
    for node, pieces in zip(sequence.value, written, strict=True):
        start, end = node.start_mark.index, _end(node)
        item = text[text.rfind("\n", 0, start) + 1 : start]  # the dash and what is around it
        yield (start, end, f"\n{item}".join(pieces)) if pieces else _whole_lines(text, start, end)


def _listed(names: list[str], column: int) -> str:
    """A flow sequence, broken before the line gets too long."""
    shown = [yaml.safe_dump([_literal(name)], default_flow_style=True, width=1 << 20).strip()[1:-1] for name in names]
    text = ", ".join(shown)
    if len(shown) == 1:
        return shown[0]
    if any(" " in name for name in shown):  # a break would fall into a name
        return f"[{text}]"
    wrapped = textwrap.wrap(text, LINE_LENGTH - column - 2, break_long_words=False, break_on_hyphens=False)
    return "[" + f"\n{' ' * (column + 1)}".join(wrapped) + "]"


def _literal(name: str) -> str:
    """A pattern that stands for the name alone."""
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in name)


def _own_place(fields: dict[str, tuple[yaml.Node, yaml.Node]]) -> Iterable[Edit]:
    """The pruned model must not overwrite what proved it."""
    for field in ("work_dir", "name"):
        if field in fields:
            value = fields[field][1]
            end = value.end_mark.index - (1 if isinstance(value, yaml.ScalarNode) and value.style in ("'", '"') else 0)
            yield end, end, "-pruned"


def _end(node: yaml.Node) -> int:
    """Where the node's last character ends; a block's own mark lies at the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _whole_lines(text: str, start: int, end: int) -> Edit:
    """The lines from start to end, and the comments directly above them."""
    first = text.rfind("\n", 0, start) + 1
    while first and (line := text[text.rfind("\n", 0, first - 1) + 1 : first]).lstrip().startswith("#"):
        if first == len(line):  # the head of the file speaks of all of it
            break
        first -= len(line)
    last = text.find("\n", end)
    return first, (len(text) if last < 0 else last + 1), ""

"""A config without the losers: the text of the old one, less the dropped features and the search, for review by a person."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from features.config import Config
from features.errors import ConfigError
from features.spec import FeatureSpec
from pipeline.tools.config_text import Edit, edited, end_of, fields_of, listed_names, without_lines
from pipeline.tools.kept_rules import Changes, Group, KeptRules


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
    rules = KeptRules(path, Config.load(path), spec)
    kept, features = len(spec.kept), len(spec.kept) + len(spec.dropped)
    head = f"# {path.name} with the {kept} of {features} features that its feature spec keeps; nothing is searched.\n"
    # Read back before it gets its name, as an edit of text may not say what was meant.
    aside = output.with_name(f"{output.name}.partial")
    aside.write_text(head + _pruned(path, rules))
    try:
        rules.check(Config.load(aside))
    except ConfigError:
        aside.unlink()
        raise
    aside.replace(output)


def _pruned(path: Path, rules: KeptRules) -> str:
    """The text of the pruned config."""
    text = path.read_text()
    document = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(document, yaml.MappingNode) or document.flow_style:
        raise ConfigError(f"{path}: is one flow mapping; write each field on a line of its own")
    fields = fields_of(document)
    edits = [_renamed(fields[field][1]) for field in ("work_dir", "name") if field in fields]
    if "selection" in fields:
        key, value = fields["selection"]
        edits.append(without_lines(text, key.start_mark.index, end_of(value)))
    _, sequence = fields["features"]
    if isinstance(sequence, yaml.SequenceNode):
        edits += _feature_edits(text, sequence, rules)
    return edited(text, edits)


def _renamed(value: yaml.Node) -> Edit:
    """The pruned model must not overwrite what proved it."""
    # Within the quotes, where there are any.
    quoted = isinstance(value, yaml.ScalarNode) and value.style in ("'", '"')
    end = value.end_mark.index - (1 if quoted else 0)
    return Edit(end, end, "-pruned")


def _feature_edits(text: str, sequence: yaml.SequenceNode, rules: KeptRules) -> Iterable[Edit]:
    pruned = [_RuleText(text, node).pruned(rules.groups(number)) for number, node in enumerate(sequence.value)]
    if sequence.flow_style:
        yield Edit(sequence.start_mark.index, end_of(sequence), f"[{', '.join(itertools.chain(*pruned))}]")
        return
    for node, texts in zip(sequence.value, pruned, strict=True):
        start, end = node.start_mark.index, end_of(node)
        item = text[text.rfind("\n", 0, start) + 1 : start]  # the dash and what is around it
        yield Edit(start, end, f"\n{item}".join(texts)) if texts else without_lines(text, start, end)


@dataclass(frozen=True)
class _RuleText:
    """A rule in the config's text."""

    text: str
    node: yaml.MappingNode

    def pruned(self, groups: list[Group] | None) -> list[str]:
        """The rule once for each group, or as it is."""
        if groups is None:
            return [self.text[self.node.start_mark.index : end_of(self.node)]]
        return [self._for_group(names, changes) for names, changes in groups]

    def _for_group(self, names: list[str], changes: Changes) -> str:
        start, end = self.node.start_mark.index, end_of(self.node)
        moved = [Edit(edit.start - start, edit.end - start, edit.text) for edit in self._edits(names, changes)]
        return edited(self.text[start:end], moved)

    def _edits(self, names: list[str], changes: Changes) -> list[Edit]:
        fields = fields_of(self.node)
        present = [Edit(fields[f][1].start_mark.index, end_of(fields[f][1]), str(n)) for f, n in changes if f in fields]
        new = [(field, number) for field, number in changes if field not in fields]
        match = self._match(names)
        if self.node.flow_style:
            return [match._replace(text=match.text + "".join(f", {field}: {number}" for field, number in new)), *present]
        line_end = self.text.find("\n", match.end)  # behind what is said about the match
        position = min(line_end if line_end >= 0 else len(self.text), end_of(self.node))
        indent = " " * fields["match"][0].start_mark.column
        lines = "".join(f"\n{indent}{field}: {number}" for field, number in new)
        return [match, *present, *([Edit(position, position, lines)] if lines else [])]

    def _match(self, names: list[str]) -> Edit:
        """The names in place of the patterns; a list of lines becomes one line, behind its key."""
        key, match = fields_of(self.node)["match"]
        if isinstance(match, yaml.SequenceNode) and not match.flow_style:
            return Edit(key.end_mark.index, end_of(match), ": " + listed_names(names, key.end_mark.column + 2))
        return Edit(match.start_mark.index, end_of(match), listed_names(names, match.start_mark.column))

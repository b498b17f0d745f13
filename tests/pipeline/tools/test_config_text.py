"""Edits of a config's text."""

import yaml

from pipeline.tools.config_text import LINE_LENGTH, Edit, edited, end_of, fields_of, listed_names, without_lines

TEXT = """\
# Head of the file.
a: [1, 2]  # said of a

# Above b.
b:
  c: x
  d: y
e: z
"""


def test_edits_do_not_move_each_other():
    assert edited("0123456789", [Edit(1, 3, "-"), Edit(7, 7, "++"), Edit(8, 10, "")]) == "0-3456++7"


def test_nodes_end_at_their_last_character():
    fields = fields_of(yaml.compose(TEXT, yaml.SafeLoader))
    assert list(fields) == ["a", "b", "e"]
    assert [TEXT[: end_of(value)].splitlines()[-1] for _, value in fields.values()] == ["a: [1, 2]", "  d: y", "e: z"]


def test_lines_go_with_the_comments_above_them():
    fields = fields_of(yaml.compose(TEXT, yaml.SafeLoader))
    key, value = fields["b"]
    left = edited(TEXT, [without_lines(TEXT, key.start_mark.index, end_of(value))])
    assert left == "# Head of the file.\na: [1, 2]  # said of a\n\ne: z\n"
    key, value = fields["a"]  # the head of the file stays
    assert edited(TEXT, [without_lines(TEXT, key.start_mark.index, end_of(value))]).startswith("# Head of the file.\n\n# Above")


def test_names_are_listed_as_patterns_that_stand_for_them_alone():
    assert listed_names(["a"], 0) == "a"
    assert listed_names(["a", "b c"], 0) == "[a, b c]"
    assert yaml.safe_load(listed_names(["1", "yes", "日本", "new\nline"], 0)) == ["1", "yes", "日本", "new\nline"]
    assert yaml.safe_load(listed_names(["a*", "x[0]"], 0)) == ["a[*]", "x[[]0]"]
    names = [f"a_rather_long_name_{number}" for number in range(30)]
    text = listed_names(names, 10)
    assert max(len(line) for line in text.splitlines()) <= LINE_LENGTH
    assert yaml.safe_load(text) == names

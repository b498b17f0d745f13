"""Names that any header may hold, as file names, scopes and arguments."""

import keyword
import os
import re
from pathlib import Path

import pytest

from features.names import LONGEST, argument_names, file_names, scope_name

ORDINARY = ["tab", "C1", "I13", "a-b", "hash it", "n.sq", "user_id", "onehot_feat8", "a x i", "@type", "x+y=z", "it's, (ok)!"]
HOSTILE = [
    *("../x", "../../../etc/passwd", "/any/where", "..", ".", ".hidden", "a/b", "a\\b", "C:\\x", "~/x", "~root"),
    *("nul\0byte", "line\nbreak", "tab\tstop", "bell\a", "", " ", "%", "%2E", "a*b?[c]", "$HOME", "`id`", "a;b|c", '"', "<b>"),
    *(
        "n" * 300,
        "日本",
        "日" * 200,
        "café",
        "cafe\N{COMBINING ACUTE ACCENT}",
        "\N{RIGHT-TO-LEFT OVERRIDE}abc",
        "\N{GRINNING FACE}",
    ),
    *("_id", "_c0", "-x", "# c", "'x'", "1st", "class", "self", "None", "Abc", "abc", "ABC", "user/id", "\udc80"),
]


def test_ordinary_names_stay():
    assert file_names(ORDINARY) == {name: name for name in ORDINARY}
    plain = ["tab", "C1", "user_id", "x__"]
    assert argument_names(plain) == {name: name for name in plain}
    assert [scope_name(name) for name in ("tab", "n.sq", "a-b", "hash it")] == ["f_tab", "f_n.sq", "f_a-b", "f_hash_it"]


def test_files_lie_in_their_folder_and_are_told_apart_in_any_case(tmp_path):
    names = file_names(HOSTILE)
    assert len({safe.casefold() for safe in names.values()}) == len(HOSTILE)
    for safe in names.values():
        path = tmp_path / f"{safe}.validation.json.0a1b2c3d.partial"
        assert path.parent == tmp_path
        assert Path(os.path.normpath(path)) == path
        path.write_text(safe)
        assert safe.isascii()
        assert not set(safe) & set('/\\\0*?[]~:$`|;<>"\n')
    assert len(list(tmp_path.iterdir())) == len(HOSTILE)


def test_file_names_are_percent_encoded():
    names = file_names(HOSTILE)
    assert names["../x"] == "%2E.%2Fx"
    assert names["日本"] == "%E6%97%A5%E6%9C%AC"
    assert (names[""], names["%"], names["nul\0byte"]) == ("%", "%25", "nul%00byte")
    assert (names["Abc"], names["abc"], names["ABC"]) == ("Abc", "abc_2", "ABC_3")
    assert names["n" * 300].startswith("nnn")
    assert len(names["n" * 300]) == len(names["日" * 200]) == LONGEST


def test_long_names_with_one_beginning_differ():
    long = ["x" * 400 + end for end in "abc"]
    assert len(set(file_names(long).values())) == 3
    assert max(map(len, argument_names(long).values())) == LONGEST


def test_arguments_are_python_names_that_tensorflow_tells_apart():
    names = argument_names(HOSTILE)
    assert len({name.casefold() for name in names.values()}) == len(HOSTILE)
    for name in names.values():
        assert name.isidentifier()
        assert name.isascii()
        assert name[0].isalpha()
        assert not keyword.iskeyword(name)
    assert (names["_c0"], names["1st"], names["class"], names["self"]) == ("x_c0", "x1st", "class_", "self_")
    assert argument_names(["a b", "a-b", "a_b", "é", ""]) == {"a b": "a_b_2", "a-b": "a_b_3", "a_b": "a_b", "é": "x_", "": "x"}


def test_a_safe_name_keeps_itself_wherever_it_stands():
    assert argument_names(["a b", "A_B", "a_b"]) == {"a b": "a_b_2", "A_B": "A_B", "a_b": "a_b_3"}
    assert argument_names(["a b", "a_b", "a_b_2"]) == {"a b": "a_b_3", "a_b": "a_b", "a_b_2": "a_b_2"}


@pytest.mark.parametrize("name", HOSTILE)
def test_scopes_are_what_tensorflow_takes(name):
    assert re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", scope_name(name))  # TensorFlow's own pattern of a root scope
    assert len(scope_name(name)) <= LONGEST

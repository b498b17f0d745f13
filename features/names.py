"""Safe names: a column may be called anything, but file names, TensorFlow's scopes and Python's arguments may not.

Names that are safe as they are stay as they are.
"""

from __future__ import annotations

import hashlib
import itertools
import keyword
import re
from collections.abc import Callable, Sequence

# Characters of a name: of the 255 bytes that filesystems allow, the rest is for suffixes, and for those of unfinished files.
LONGEST = 180
EMPTY_FILE = "%"  # of the empty name; a `%` of any other name is written as `%25`
# 64 bits of the hash: two names of one table that agree in them would take billions of columns.
_HASH_DIGITS = 16
# A leading dot hides a file. The signs that stay mean nothing in paths, nor in the patterns by which Beam lists files.
_UNSAFE_IN_FILES = re.compile(r"^\.|[^A-Za-z0-9 _.,+=@()'!&-]")
# A scope's first sign must be a letter or a digit, which `scope_name` sees to.
_UNSAFE_IN_SCOPES = re.compile(r"[^A-Za-z0-9_.-]")
_UNSAFE_IN_ARGUMENTS = re.compile(r"[^A-Za-z0-9_]")


def file_names(names: Sequence[str]) -> dict[str, str]:
    """File names, without suffix, that lie in their folder and differ even where a filesystem takes `A` and `a` for one.

    Characters with a meaning in paths or patterns, and all that are not ASCII, are percent-encoded as in URLs.

    Args:
      names: all that go into one folder, in an order that stays: of names that collide, the first is preferred.
    """
    return safe_names(names, _file_name)


def vocabulary_files(names: Sequence[str], folder: str) -> dict[str, str]:
    """Path of the vocabulary file of each feature.

    Args:
      names: of all features that were preprocessed together, in the order of the config.
      folder: of the files.
    """
    return {name: f"{folder}/{file}.txt" for name, file in file_names(names).items()}


def argument_names(names: Sequence[str]) -> dict[str, str]:
    """What each column is called as an argument of a serving signature, which must be a Python name.

    ASCII letters, digits and `_` stay, all else becomes `_`; `x` is set before a leading digit or `_`, `_` after a reserved
    word. TensorFlow tells arguments apart by their letters in lower case.
    """
    return safe_names(names, _argument_name)


def scope_name(name: str) -> str:
    """A scope of TensorFlow's, which numbers equal ones itself."""
    return _shortened(_UNSAFE_IN_SCOPES.sub("_", f"f_{name}"), name)


def safe_names(names: Sequence[str], escape: Callable[[str], str]) -> dict[str, str]:
    """A safe name for each name, all different, whatever the case of their letters.

    A name that is safe as it is keeps itself. `_2`, `_3`, ... is set behind a safe name that is taken.

    Args:
      names: that are used side by side.
      escape: makes one name safe.
    """
    kept: dict[str, str] = {}  # folded safe name: the name that keeps it
    for name in names:
        if escape(name) == name:
            kept.setdefault(name.casefold(), name)
    # Another name, even an earlier one, does not get the name that a safe one has: that one keeps itself.
    safe: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = escape(name)
        numbered = itertools.chain([plain], (f"{plain}_{number}" for number in itertools.count(2)))
        free = (c for c in numbered if c.casefold() not in taken and kept.get(c.casefold(), name) == name)
        safe[name] = next(free)
        taken.add(safe[name].casefold())
    return safe


def _file_name(name: str) -> str:
    escaped = _UNSAFE_IN_FILES.sub(lambda unsafe: _percent_encoded(unsafe[0]), name)
    return _shortened(escaped or EMPTY_FILE, name)


def _argument_name(name: str) -> str:
    plain = _UNSAFE_IN_ARGUMENTS.sub("_", name)
    plain = plain if plain[:1].isalpha() else f"x{plain}"
    return _shortened(f"{plain}_" if keyword.iskeyword(plain) or plain == "self" else plain, name)


def _percent_encoded(text: str) -> str:
    # A header of another encoding may have left lone surrogates in a name, which plain UTF-8 would refuse.
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _shortened(safe: str, name: str) -> str:
    """A safe name of at most `LONGEST` characters; the end of a longer one is a hash of the whole name."""
    if len(safe) <= LONGEST:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{safe[: LONGEST - _HASH_DIGITS - 1]}_{digest}"

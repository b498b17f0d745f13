"""Mutations of texts, bytes and documents, drawn by seeded generators."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

# Texts that have broken a reader somewhere: signs of the formats, marks of text, numbers at their bounds, paths, odd letters.
ODD_TEXTS = (
    *("", " ", "\t", '"', '""', "'", "\\", "\x00", "\r", "\n", "\r\n", "\ufeff", "\u202e", "\u00a0", "é", "日本"),
    *("nan", "NaN", "NA", "N/A", "null", "None", "-", "\\N", "inf", "-Infinity", "1e400", "-0", "+1", "1.", ".5", "1e-320"),
    *("0x10", "1_000", "1,5", " 7 ", "007", "9223372036854775807", "-9223372036854775808", "18446744073709551616"),
    *("true", "False", "2020-02-31", "1e9", "../../x", "/etc/x", "~/x", "a/b", "C:\\x", "<b>", "{{x}}", "${HOME}", "%s"),
    *("*", "?", "[", "[a-", "**", "label", "click", "#", "!!int x", "&a", "*a", "<<", ": ", "- ", "| ", "=1+1", "\u2028"),
    *("😀", "e\u0301", "x,y", "x|y", "x;y", "a" * 300),
)
NO_UTF8 = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xff\xfe", b"\x80abc", b"\xf4\x90\x80\x80")
ODD_BYTES = (*(text.encode() for text in ODD_TEXTS), *NO_UTF8)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**31, 2**32, 2**63, -(2**63), 2**64, 10**30, 0.5, -0.5, 1e-300, 1e300),
    *(float("nan"), float("inf"), -float("inf"), [], {}, [[]], [None], [1, 2], ["a", "a"], {"": None}, {"a": 1}),
)


def mutated_bytes(rng: np.random.Generator, raw: bytes, most: int = 4) -> bytes:
    """A few edits at random places: bits flipped, stretches left out, doubled or moved, odd bytes put in, the end cut off."""
    for _ in range(rng.integers(1, most + 1)):
        start = int(rng.integers(0, len(raw) + 1))
        stop = min(len(raw), start + int(rng.integers(1, 20)))
        match rng.integers(0, 7):
            case 0 if start < len(raw):
                raw = raw[:start] + bytes([raw[start] ^ (1 << int(rng.integers(0, 8)))]) + raw[start + 1 :]
            case 1:
                raw = raw[:start] + raw[stop:]
            case 2:
                raw = raw[:stop] + raw[start:]
            case 3:
                raw = raw[:start] + rng.bytes(int(rng.integers(1, 8))) + raw[stop:]
            case 4 if rng.random() < 0.3:
                raw = raw[:start]
            case _:
                raw = raw[:start] + ODD_BYTES[rng.integers(0, len(ODD_BYTES))] + raw[start:]
    return raw


def odd_text(rng: np.random.Generator, known: Sequence[str] = ()) -> str:
    """An odd text, a known one, an edit of a known one, or a random one."""
    match rng.integers(0, 4):
        case 0 if known:
            return str(known[rng.integers(0, len(known))])
        case 1 if known:
            return mutated_bytes(rng, str(known[rng.integers(0, len(known))]).encode(), 1).decode(errors="replace")
        case 2:
            letters = rng.choice([9, 32, 34, 44, 46, 47, 48, 57, 65, 97, 233, 0x65E5, 0x1F600, 0x301], int(rng.integers(1, 9)))
            return "".join(map(chr, letters))
    return ODD_TEXTS[rng.integers(0, len(ODD_TEXTS))]


def mutated_document(rng: np.random.Generator, document: Any, donors: Sequence[Any] = (), most: int = 3) -> Any:
    """A few edits of a tree of mappings and lists: values replaced, removed, doubled, renamed, or taken from elsewhere."""
    document = copy.deepcopy(document)
    for _ in range(rng.integers(1, most + 1)):
        places = list(_places(document))
        if places:
            holder, key = places[rng.integers(0, len(places))]
            _edit(rng, holder, key, [*donors, document])
    return document


def _edit(rng: np.random.Generator, holder: Any, key: Any, donors: Sequence[Any]) -> None:
    value = holder[key]
    match rng.integers(0, 7):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[odd_text(rng, list(map(str, holder)))] = holder.pop(key)
        case 1:
            holder.insert(key, copy.deepcopy(value))
        case 2:
            holder[key] = odd_text(rng, [json.dumps(value, default=str)])
        case 3:
            others = [h[k] for donor in donors for h, k in _places(donor)]
            holder[key] = copy.deepcopy(others[rng.integers(0, len(others))])
        case 4 if isinstance(value, (int, float)) and not isinstance(value, bool):
            holder[key] = [-value, value + 1, value * 1000, float(value), str(value)][rng.integers(0, 5)]
        case 5:
            holder[key] = [value] if rng.random() < 0.5 else {odd_text(rng): value}
        case _:
            holder[key] = copy.deepcopy(ODD_VALUES[rng.integers(0, len(ODD_VALUES))])


def _places(document: Any) -> Any:
    """All places of a tree: the mapping or list, and the key or position in it."""
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in list(items):
        yield document, key
        yield from _places(value)

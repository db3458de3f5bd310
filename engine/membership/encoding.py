"""Set algebra over bitmap ids as text: what a snapshot stores instead of its members when that is shorter.

`17` is bitmap 17, `["-", x]` everyone not in x, `["&", …]` and `["|", …]` are intersection and union. Bitmaps never
change, so the text means the same set for ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.library import ProfileSet
from engine.sql.formula import Complement, Formula, Group, Leaf
from engine.store.bitmaps import Found

MOST_PARTS = 48
"""Longer algebra is stored as members."""


def encode(formula: Formula, ids: Mapping[int, Found]) -> str | None:
    """The text of a formula; None when it is too long or rests on a condition that is not kept."""
    try:
        plain, parts = _plain(formula, ids)
    except KeyError:
        return None
    return json.dumps(plain, separators=(",", ":")) if parts <= MOST_PARTS else None


def _plain(formula: Formula, ids: Mapping[int, Found]) -> tuple[Any, int]:
    match formula:
        case Leaf(index):
            found = ids[index]
            return (["-", found.bitmap] if found.inverted else found.bitmap), 1
        case Complement(part):
            plain, parts = _plain(part, ids)
            return ["-", plain], parts
        case Group(every, children):
            texts, total = ["&" if every else "|"], 1
            for child in children:
                plain, parts = _plain(child, ids)
                texts.append(plain)
                total += parts
                if total > MOST_PARTS:
                    break
            return texts, total


def decode(text: str, everyone: BitMap, bitmap: Callable[[int], BitMap]) -> ProfileSet:
    """The set a text stands for."""
    leaves: list[int] = []
    formula = _formula(json.loads(text), leaves)
    return BitmapAlgebra(everyone, lambda index: ProfileSet(bitmap(leaves[index]))).set_of(formula)


def _formula(plain: Any, leaves: list[int]) -> Formula:
    if isinstance(plain, int):
        leaves.append(plain)
        return Leaf(len(leaves) - 1)
    head, *rest = plain
    if head == "-":
        return Complement(_formula(rest[0], leaves))
    return Group(head == "&", tuple(_formula(part, leaves) for part in rest))


def bitmaps_in(text: str) -> Iterator[int]:
    """Every bitmap a text rests on."""
    yield from _numbers(json.loads(text))


def _numbers(plain: Any) -> Iterator[int]:
    if isinstance(plain, int):
        yield plain
    elif isinstance(plain, list):
        for part in plain[1:]:
            yield from _numbers(part)

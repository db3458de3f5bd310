"""The list of DuckDB's functions: which ones other people's SQL may call, and the reason for each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

Place = Literal["scalar", "table", "pragma"]
"""Where a function is called: as a value, as an item of FROM, or as a statement of its own."""
_WILD = re.compile(r"\w{3,}\*")
"""A name that ends with * after letters; the operators that do are names themselves."""


@dataclass(frozen=True)
class Verdict:
    """Whether a function may be called, and the reason for that. ``listed``: the list names it."""

    allowed: bool
    reason: str
    listed: bool = True


@dataclass(frozen=True)
class RefusedTables:
    """Tables of the system, which are no data."""

    reason: str
    schemas: frozenset[str]
    catalogs: frozenset[str]
    names: frozenset[str]


@lru_cache(maxsize=4096)
def verdict(name: str, place: Place) -> Verdict:
    """What the list says of a function; one that it does not name is refused."""
    names, beginnings = _list()[place]
    found = names.get(name.lower())
    if found is not None:
        return found
    for beginning, one in beginnings.items():
        if name.lower().startswith(beginning):
            return one
    return Verdict(False, "is not on the list of functions that may be called", listed=False)


@cache
def refused_tables() -> RefusedTables:
    """The tables of the system."""
    told = _document()["refused_tables"]
    schemas, catalogs, names = (frozenset(told[key].split()) for key in ("schemas", "catalogs", "names"))
    return RefusedTables(told["reason"], schemas, catalogs, names)


def listed() -> Iterator[tuple[Place, str, Verdict]]:
    """Every name in the list with its verdict, the ones that end with * too; a name that stands twice comes twice."""
    document = _document()
    for part in ("allowed", "refused"):
        for place, groups in document[part].items():
            for group in groups:
                found = Verdict(part == "allowed", group["reason"])
                for name in (*group["names"].split(), *group.get("with_spaces", ())):
                    yield place, name, found


@cache
def _list() -> Mapping[str, tuple[dict[str, Verdict], dict[str, Verdict]]]:
    """By place: the verdicts by name, and by the beginning of names, the longest first."""
    result: dict[str, tuple[dict[str, Verdict], dict[str, Verdict]]] = {}
    for place, name, found in listed():
        names, beginnings = result.setdefault(place, ({}, {}))
        if _WILD.fullmatch(name):
            beginnings[name.removesuffix("*")] = found
        else:
            names[name.lower()] = found
    return result


@cache
def _document() -> dict[str, Any]:
    path = Path(__file__).with_name("functions.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))

"""Erasing a person from what Convoke itself keeps of rows: those that loads put aside, and collected events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from engine.durable import replace_file
from engine.ingest.landing import Lander

Place = tuple[str, str]
"""(the name of a column or property, the text of a value in it)."""
Leads = Callable[[Collection[Place]], set[Place]]
"""Those of some values that lead to the person."""
_BETWEEN = re.compile(r"[\s,;|\"'<>()]+")
_SKIPPED = frozenset({"message_id", "messageid"})
"""Never anything of a person, and another one in every row."""
_MESSAGE = "message_id"
_USER = "user_id"
_ANONYMOUS_COLUMNS = ("anonymous_id", "previous_id")
_ANONYMOUS_NAMES = frozenset({*_ANONYMOUS_COLUMNS, "profile", "anonymousid", "previousid"})
"""Columns, and keys of messages that were put aside, that hold an anonymous id."""
_AT_ONCE = 50_000
_WAIT = 30.0
"""Seconds that a collector at work is waited for."""


@dataclass(frozen=True)
class Erased:
    """How many files were searched, how many rows were taken out, and how many still lead to the person."""

    files: int = 0
    rows: int = 0
    left: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(self.files + other.files, self.rows + other.rows, self.left + other.left)


def erase_kept(folder: Path, leads: Leads) -> Erased:
    """Take a person's rows out of the bad rows of loads; the file of a load stays, for the others."""
    found = Erased()
    for path in sorted(folder.glob("*/*.jsonl")):
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
        kept = _without(lines, leads)
        if len(kept) < len(lines):
            replace_file(path, "".join(kept).encode("utf-8", "surrogateescape"), 0o600)
        found += Erased(1, len(lines) - len(kept), len(kept) - len(_without(kept, leads)))
    return found


def _without(lines: list[str], leads: Leads) -> list[str]:
    """The lines in which no value leads to the person."""
    kept = []
    for first in range(0, len(lines), _AT_ONCE):
        part = lines[first : first + _AT_ONCE]
        places = [set(places_in("", line)) for line in part]
        theirs = leads(set().union(*places))
        kept += [line for line, its in zip(part, places, strict=True) if its.isdisjoint(theirs)]
    return kept


def places_in(name: str, value: Any) -> Iterator[Place]:
    """Every value in something, with what it is called: JSON is looked into, and each word of a text is one too."""
    match value:
        case dict():
            for key, one in value.items():
                if str(key).lower() not in _SKIPPED:
                    yield from places_in(str(key), one)
        case list():
            for one in value:
                yield from places_in(name, one)
        case None | bool():
            return
        case str():
            yield from _in_text(name, value.strip())
        case _:
            yield name, str(value)


def _in_text(name: str, text: str) -> Iterator[Place]:
    if text[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            yield from places_in(name, json.loads(text))
            return
    yield name, text
    words = [one for one in _BETWEEN.split(text) if one]
    if len(words) > 1:
        yield from ((name, one) for one in words)


def erase_collected(lander: Lander, leads: Leads) -> Erased:
    """Take a person's rows out of every file of collected events; what is in force changes in one step, and the former
    files go at once."""
    end = time.monotonic() + _WAIT
    while True:
        with lander.alone() as mine:
            if mine:
                return _erased(lander, leads)
        if time.monotonic() > end:
            return Erased(1, 0, 1)
        time.sleep(0.05)


def _erased(lander: Lander, leads: Leads) -> Erased:
    """A message goes with all its rows: that of its event's own table, and that among all events. So does what the
    person's anonymous ids did, unless they came together with somebody else."""
    leads = _with_anonymous(leads, _anonymous_ids(lander, leads))
    theirs, instead = dict[str, set[int]](), dict[str, pa.Table]()
    messages: set[str] = set()
    for path in lander.files():
        rows = pyarrow.parquet.read_table(lander.folder / path)
        theirs[path] = _theirs(rows, leads)
        messages |= {one for at, one in enumerate(_messages(rows)) if at in theirs[path] and one is not None}
    found = Erased(len(theirs))
    for path, places in theirs.items():
        of_them = _messages(pyarrow.parquet.read_table(lander.folder / path, columns=[_MESSAGE]))
        kept = [at not in places and one not in messages for at, one in enumerate(of_them)]
        if not all(kept):
            rows = pyarrow.parquet.read_table(lander.folder / path)
            instead[path] = rows.filter(pa.array(kept, pa.bool_()))
            found += Erased(0, kept.count(False), len(_theirs(instead[path], leads)))
    if instead:
        lander.put_instead(instead)
    return found


def _anonymous_ids(lander: Lander, leads: Leads) -> set[str]:
    """The anonymous ids that came together with the person as a user, and with no other user."""
    mine, others = set[str](), set[str]()
    for path in lander.files():
        with pyarrow.parquet.ParquetFile(lander.folder / path) as file:
            names = [one for one in _ANONYMOUS_COLUMNS if one in file.schema_arrow.names]
            if not names or _USER not in file.schema_arrow.names:
                continue
            rows = file.read([*names, _USER])
        users = rows.column(_USER).to_pylist()
        known = {(_USER, one) for one in users if one is not None}
        theirs = {one for _, one in leads(known)} if known else set()
        for name in names:
            for user, one in zip(users, rows.column(name).to_pylist(), strict=True):
                if one is not None and user is not None and one != user:
                    (mine if user in theirs else others).add(one)
    return mine - others


def _with_anonymous(leads: Leads, ids: Collection[str]) -> Leads:
    """What leads to the person, and what names one of their anonymous ids."""

    def found(places: Collection[Place]) -> set[Place]:
        return leads(places) | {one for one in places if one[0].lower() in _ANONYMOUS_NAMES and one[1] in ids}

    return found if ids else leads


def _messages(rows: pa.Table) -> list[str | None]:
    found: list[str | None] = rows.column(_MESSAGE).to_pylist()
    return found


def _theirs(rows: pa.Table, leads: Leads) -> set[int]:
    """The places of a person's rows."""
    found: set[int] = set()
    for name in rows.column_names:
        kind = rows.schema.field(name).type
        if name.lower() in _SKIPPED or not (pa.types.is_string(kind) or pa.types.is_integer(kind)):
            continue
        encoded = rows.column(name).combine_chunks().dictionary_encode()
        values = [set(places_in(name, one)) for one in encoded.dictionary.to_pylist()]
        theirs = leads(set().union(*values))
        if theirs:
            of_them = {at for at, its in enumerate(values) if not its.isdisjoint(theirs)}
            found |= {at for at, one in enumerate(encoded.indices.to_pylist()) if one in of_them}
    return found

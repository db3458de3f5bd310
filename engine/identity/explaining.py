"""Why two identifiers are one person: the path of links between them, and what speaks for each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.identity.history import Step, history_of
from engine.identity.publication import Map
from engine.identity.resolving import MANUAL, PROBABLE

_OTHERS = {MANUAL: "a person's decision", PROBABLE: "likely one person"}
_MOST = 5_000
"""Identifiers of one person that are looked at."""


@dataclass(frozen=True)
class Edge:
    """A link between two identifiers (KIND:HASH): by which kind, in how many records of which sources, first and last
    seen; ``refused`` when a limit or a decision keeps it out."""

    one: str
    other: str
    rule: str
    records: int
    sources: tuple[str, ...]
    first_seen: str | None
    last_seen: str | None
    refused: bool


@dataclass(frozen=True)
class Person:
    """A person with the links between the identifiers; ``shared`` are those that are set aside, ``history`` is what
    became of the ids that are theirs now, and of their household."""

    id: str
    household: str
    identifiers: tuple[str, ...]
    edges: tuple[Edge, ...]
    shared: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()


def person_of(found: Map, identifier: str) -> Person | None:
    """The person an id (or an identifier, as KIND:HASH) belongs to, with all links that touch it."""
    place = _place(found, identifier)
    if place is None:
        return None
    name, household = found.rows("SELECT id, household FROM persons WHERE place = ?", [place])[0]
    mine = "SELECT high FROM identifiers WHERE person = ? ORDER BY high LIMIT ?"
    rows = found.rows(
        "WITH mine AS (SELECT high FROM identifiers WHERE person = ? ORDER BY high LIMIT ?) "
        "SELECT first, second, kind, records, first_seen, last_seen, sources, refused FROM links "
        "WHERE first IN (FROM mine) OR second IN (FROM mine) ORDER BY first, second, kind LIMIT ?",
        [place, _MOST, 4 * _MOST],
    )
    nodes = {node for row in rows for node in row[:2]} | {one for (one,) in found.rows(mine, [place, _MOST])}
    texts = _texts(found, sorted(nodes))
    own = found.rows("SELECT high, quarantined FROM identifiers WHERE person = ? ORDER BY high LIMIT ?", [place, _MOST])
    shared = {text for node, text in texts.items() if node not in {one for one, _ in own}}
    shared |= {texts[node] for node, aside in own if aside}
    return Person(
        str(name),
        str(household),
        tuple(texts[node] for node, _ in own),
        tuple(_edge(row, texts, _names(found, "kinds"), _names(found, "sources")) for row in rows),
        tuple(sorted(shared)),
        tuple(history_of(found, str(name))),
    )


def path_between(found: Map, one: str, other: str) -> list[Edge] | None:
    """The shortest path of links from one identifier to the other; None when they are not one person."""
    person = person_of(found, one)
    if person is None or other not in person.identifiers:
        return None
    around: dict[str, list[tuple[str, Edge]]] = {}
    for edge in person.edges:
        if not edge.refused and edge.one in person.identifiers and edge.other in person.identifiers:
            around.setdefault(edge.one, []).append((edge.other, edge))
            around.setdefault(edge.other, []).append((edge.one, edge))
    came: dict[str, tuple[str, Edge] | None] = {one: None}
    waiting = deque([one])
    while waiting and other not in came:
        here = waiting.popleft()
        for there, edge in around.get(here, ()):
            if there not in came:
                came[there] = here, edge
                waiting.append(there)
    if other not in came:
        return None
    path = []
    step = came[other]
    while step is not None:
        path.append(step[1])
        step = came[step[0]]
    return path[::-1]


def halves(identifier: str) -> tuple[int, int]:
    """The halves of the hash of KIND:HASH."""
    digits = identifier.rsplit(":", 1)[1]
    return int(digits[:16], 16), int(digits[16:], 16)


def node_in(identifier: str) -> int:
    """The graph's number of KIND:HASH."""
    return halves(identifier)[0]


def _place(found: Map, identifier: str) -> int | None:
    if ":" in identifier:
        rows = found.rows("SELECT person FROM identifiers WHERE high = ? AND low = ?", list(halves(identifier)))
    else:
        led = found.rows("SELECT into_id FROM redirects WHERE id = ?", [identifier])
        rows = found.rows("SELECT place FROM persons WHERE id = ?", [led[0][0] if led else identifier])
    return int(rows[0][0]) if rows else None


def _names(found: Map, table: str) -> list[str]:
    return [str(one) for (one,) in found.rows(f"SELECT name FROM {table} ORDER BY place")]  # noqa: S608 - ours


def _texts(found: Map, nodes: Sequence[int]) -> dict[int, str]:
    kinds = _names(found, "kinds")
    rows = found.rows("SELECT high, low, kind FROM identifiers WHERE high IN (SELECT unnest(?::UBIGINT[]))", [nodes])
    return {int(high): text_of(kinds[kind], int(high), int(low)) for high, low, kind in rows}


def text_of(kind: str, high: int, low: int) -> str:
    """KIND:HASH."""
    return f"{kind}:{high:016x}{low:016x}"


def _edge(row: tuple[Any, ...], texts: dict[int, str], kinds: Sequence[str], sources: Sequence[str]) -> Edge:
    first, second, kind, records, since, until, seen, refused = row
    timed = since <= until
    return Edge(
        texts[first],
        texts[second],
        _OTHERS.get(kind) or kinds[kind],
        int(records),
        tuple(name for place, name in enumerate(sources) if int(seen) >> place & 1),
        _moment(since) if timed else None,
        _moment(until) if timed else None,
        bool(refused),
    )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

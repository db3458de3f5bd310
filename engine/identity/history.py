"""What became of ids and households: kept in the map with time, reason and what speaks for it, and read again.

What speaks for a change is a link between two identifiers (for a merge one that holds together now, for a split one
that no longer does), or an identifier that a household shares. It is kept as nodes, and only as long as they are there:
an identifier that was erased is erased here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from engine.identity.housing import LARGEST_HOME, PAIRS
from engine.identity.tables import beside

JOINED_REASON = "they share an identifier with the household"
LEFT_REASON = "they share no identifier with the household any more"
OTHER_REASON = "the household is another one now, by its members or by their ids"
"""Why somebody's household is another one."""


@dataclass(frozen=True)
class Change:
    """What became of an id: ``merged`` into another, or ``split`` (``other`` has some of it now)."""

    what: str
    id: str
    other: str | None
    reason: str


@dataclass(frozen=True)
class Step:
    """What became of ``id`` in a run: ``merged`` into ``other``, ``split`` (``other`` has some of it), or ``rehoused``
    (``other`` is the household). ``evidence`` are identifiers as KIND:HASH: the two ends of a link, or the one that the
    household shares; none where none is known any more."""

    run: int
    at: str
    what: str
    id: str
    other: str
    reason: str
    evidence: tuple[str, ...]


# -- writing -----------------------------------------------------------------------------------------------------------


def begin(connection: Any) -> None:
    """The table of changes, in a new map."""
    connection.execute(
        "CREATE TABLE changes (run INTEGER, made_at VARCHAR, what VARCHAR, id VARCHAR, other VARCHAR, reason VARCHAR, "
        "first UBIGINT, second UBIGINT)"
    )


def take_over(connection: Any, forgotten: str | None, renamed: Any) -> None:
    """The changes of the map that is attached as ``earlier``, without what is told of somebody who was ``forgotten``;
    nodes by the new pepper where there is one."""
    connection.execute(
        "INSERT INTO changes BY NAME SELECT * FROM earlier.changes "
        "WHERE $1 IS NULL OR (id != $1 AND other IS DISTINCT FROM $1)",
        [forgotten],
    )
    if renamed is not None:
        with beside(connection, {"renamed": renamed}):
            for name in ("first", "second"):
                connection.execute(
                    f"UPDATE changes SET {name} = (SELECT now FROM renamed WHERE was = changes.{name}) "  # noqa: S608 - ours
                    f"WHERE {name} IS NOT NULL"
                )
    connection.execute(
        "UPDATE changes SET first = NULL, second = NULL WHERE first IS NOT NULL AND "
        "(first NOT IN (SELECT high FROM identifiers) OR coalesce(second, first) NOT IN (SELECT high FROM identifiers))"
    )


def remember(connection: Any, changes: Sequence[Change], earlier: str = "") -> None:
    """Keep at hand, until :func:`keep`, who lived where, and which identifiers those had who changed; ``earlier`` is
    the name of the map that is attached, with a dot, or nothing for the map itself before it is changed."""
    if not earlier:  # it may be of an earlier version of Convoke
        for name in ("first", "second"):
            connection.execute(f"ALTER TABLE changes ADD COLUMN IF NOT EXISTS {name} UBIGINT")
    connection.execute(
        "CREATE TEMP TABLE had AS SELECT identifiers.high, persons.id "  # noqa: S608 - our names
        f"FROM {earlier}identifiers AS identifiers JOIN {earlier}persons AS persons "
        "ON persons.place = identifiers.person WHERE persons.id IN (SELECT unnest($1::VARCHAR[]))",
        [list({one.id for one in changes})],
    )
    connection.execute(f"CREATE TEMP TABLE lived AS SELECT id, household FROM {earlier}persons")  # noqa: S608 - our names


def keep(connection: Any, run: int, at: str, changes: Sequence[Change], households: Sequence[int]) -> None:
    """Keep the changes of a run, and those of households, beside what was remembered."""
    columns = ("what", "id", "other", "reason")
    given = pa.table({name: pa.array([getattr(one, name) for one in changes], pa.string()) for name in columns})
    with beside(connection, {"told": given}):
        if changes:
            connection.execute(_TOLD, [run, at])
        connection.execute(_MOVED)
        if connection.execute("SELECT count(*) FROM moved").fetchone()[0]:
            connection.execute(f"CREATE TEMP TABLE shared AS {PAIRS}", [list(households), LARGEST_HOME])
            connection.execute(_HOUSED, [run, at, JOINED_REASON, LEFT_REASON, OTHER_REASON])
            connection.execute("DROP TABLE shared")
    for name in ("moved", "had", "lived"):
        connection.execute(f"DROP TABLE {name}")


_TOLD = """
INSERT INTO changes
WITH ends AS (
    SELECT first AS mine, second AS theirs, first, second, refused FROM links
    UNION ALL SELECT second, first, first, second, refused FROM links
),
between AS (
    SELECT had.id, mine.person AS mine, theirs.person AS theirs, other.id AS other, refused,
        {'first': first, 'second': second} AS link
    FROM ends JOIN had ON had.high = ends.mine
    JOIN identifiers AS mine ON mine.high = ends.mine JOIN identifiers AS theirs ON theirs.high = ends.theirs
    LEFT JOIN had AS other ON other.high = ends.theirs
),
proofs AS (
    SELECT 'merged' AS what, between.id, persons.id AS other, min(link) AS link FROM between
    JOIN persons ON persons.place = between.mine
    WHERE mine = theirs AND NOT refused AND between.other IS DISTINCT FROM between.id GROUP BY ALL
    UNION ALL
    SELECT 'split', between.id, persons.id, min(link) FROM between JOIN persons ON persons.place = between.mine
    WHERE mine != theirs AND between.other = between.id GROUP BY ALL
)
SELECT $1, $2, told.what, told.id, told.other, told.reason, proofs.link.first, proofs.link.second
FROM told LEFT JOIN proofs USING (what, id, other)
"""
_MOVED = """
CREATE TEMP TABLE moved AS SELECT persons.place, id, persons.household, lived.household AS before
FROM persons JOIN lived USING (id) WHERE persons.household != lived.household
"""
_HOUSED = """
INSERT INTO changes
SELECT $1, $2, 'rehoused', moved.id, household,
    CASE WHEN household = moved.id THEN $4 WHEN before = moved.id THEN $3 ELSE $5 END, min(value), NULL
FROM moved LEFT JOIN shared ON shared.person = moved.place AND household != moved.id GROUP BY ALL
"""


# -- reading -----------------------------------------------------------------------------------------------------------


class Rows(Protocol):
    """An open map."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""


def history_of(found: Rows, person: str) -> list[Step]:
    """What became of a person's ids (those that lead to theirs too) and household, oldest first."""
    ids = [person, *(str(one) for (one,) in found.rows("SELECT id FROM redirects WHERE into_id = ?", [person]))]
    named = {str(one) for (one,) in found.rows("SELECT column_name FROM (DESCRIBE changes)")}
    proof = "first, second" if "first" in named else "NULL AS first, NULL AS second"
    return [
        Step(int(run), str(at), str(what), str(one), str(other), str(reason), tuple(two for two in proofs if two))
        for run, at, what, one, other, reason, *proofs in found.rows(
            f"WITH mine AS (SELECT run, made_at, what, id, other, reason, {proof} "  # noqa: S608 - ours
            "FROM changes WHERE id IN (SELECT unnest($1::VARCHAR[])) OR "
            "(other IN (SELECT unnest($1::VARCHAR[])) AND what != 'rehoused')), "
            "named AS (SELECT high, kinds.name || ':' || format('{:016x}{:016x}', high, low) AS text "
            "FROM identifiers JOIN kinds ON kinds.place = identifiers.kind WHERE high IN "
            "(SELECT first FROM mine UNION SELECT second FROM mine)) "
            "SELECT run, made_at, what, id, other, reason, one.text, two.text FROM mine "
            "LEFT JOIN named AS one ON one.high = mine.first LEFT JOIN named AS two ON two.high = mine.second "
            "ORDER BY run, what, id, other",
            [ids],
        )
    ]

"""Who an anonymous id belongs to: the one user that it came together with, in any message of any time.

An id that came together with several users (a computer that people share) belongs to none of them. Nothing is written
into rows: the views of the tables look it up, so what an id did before its user was known counts as well, and the
answer depends on all that came and not on the order in which it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from engine.ingest.files import quoted
from engine.ingest.messages import PAIRS, TABLES, TRACKS, Row

_NAMED_IN = (*TABLES.values(), TRACKS)
"""Every message has a row in one of these."""
_ALIASES = TABLES["alias"]
_MOST_KNOWN = 100_000
"""Pairs that are remembered as written; the others are written again, which changes nothing."""


class Pairs:
    """Finds the pairs of an anonymous id and a user in rows that come, each once as long as it is remembered."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def new(self, by_table: Mapping[str, Sequence[Row]]) -> list[Row]:
        """Rows of the table of pairs, for pairs that were not seen before."""
        found: dict[tuple[str, str], Row] = {}
        for table in _NAMED_IN:
            for row in by_table.get(table, ()):
                for pair in _pairs(row):
                    if pair not in self._known and pair not in found:
                        found[pair] = _row(pair, row)
        if len(self._known) + len(found) > _MOST_KNOWN:
            self._known.clear()
        self._known |= found.keys()
        return list(found.values())


def pairs_before(folder: Path, files: Mapping[str, Sequence[str]]) -> list[Row]:
    """The pairs in rows that are there already, from the files of each table."""
    parts = []
    for table in _NAMED_IN:
        rows = rows_of_files(folder, files.get(table, ()))
        if rows is None:
            continue
        ids = ["anonymous_id", *(["previous_id"] if table == _ALIASES else [])]
        parts += [f"SELECT {one} AS anonymous_id, user_id, received_at FROM {rows}" for one in ids]  # noqa: S608 - ours
    if not parts:
        return []
    query = f"""SELECT anonymous_id, user_id, min(received_at) FROM ({" UNION ALL ".join(parts)})
        WHERE anonymous_id <> user_id GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - our names
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchall()
    return [Row(PAIRS, {"anonymous_id": a, "user_id": user, "received_at": at}) for a, user, at in found]


def rows_of_files(folder: Path, files: Sequence[str]) -> str | None:
    """Rows of some files as SQL reads them; None without files."""
    if not files:
        return None
    listed = ", ".join(quoted(str((folder / one).resolve())) for one in files)
    return f"read_parquet([{listed}], union_by_name = true)"


def owners(pairs: str) -> str:
    """A SELECT of the anonymous ids that belong to one user, over the rows of the table of pairs."""
    return (
        f"(SELECT anonymous_id, min(user_id) AS user_id FROM {pairs} "  # noqa: S608 - our names
        "GROUP BY anonymous_id HAVING min(user_id) = max(user_id))"
    )


def users_of(folder: Path, files: Sequence[str], anonymous: pa.Array) -> dict[str, set[str]]:
    """The users that some anonymous ids came together with."""
    found: dict[str, set[str]] = {}
    for one in files:
        rows = pyarrow.parquet.read_table(folder / one, columns=["anonymous_id", "user_id"])
        rows = rows.filter(pc.is_in(rows.column("anonymous_id"), value_set=anonymous))
        for row in rows.to_pylist():
            found.setdefault(row["anonymous_id"], set()).add(row["user_id"])
    return found


def counted(folder: Path, files: Sequence[str]) -> tuple[int, int]:
    """How many anonymous ids belong to one user, and how many came together with several and belong to none."""
    rows = rows_of_files(folder, files)
    if rows is None:
        return 0, 0
    query = f"""SELECT count(*) FILTER (WHERE one), count(*) FILTER (WHERE NOT one) FROM (
        SELECT min(user_id) = max(user_id) AS one FROM {rows} GROUP BY anonymous_id)"""  # noqa: S608 - our names
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchone()
    assert found is not None  # noqa: S101 - a count is a row
    return int(found[0]), int(found[1])


def _pairs(row: Row) -> Iterator[tuple[str, str]]:
    user = row.values.get("user_id")
    for one in ("anonymous_id", *(("previous_id",) if row.table == _ALIASES else ())):
        anonymous = row.values.get(one)
        if isinstance(user, str) and isinstance(anonymous, str) and anonymous != user:
            yield anonymous, user


def _row(pair: tuple[str, str], row: Row) -> Row:
    """With the message that it was first seen in, which it goes with."""
    known = {one: row.values.get(one) for one in ("message_id", "received_at")}
    return Row(PAIRS, {**known, "anonymous_id": pair[0], "user_id": pair[1]})

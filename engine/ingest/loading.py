"""One file into one table of a warehouse that nobody reads yet: all of its good rows, or none."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from engine.domain.ingest import IngestDocument
from engine.durable import make_folder
from engine.errors import ALLOW_SHRINK, EngineError
from engine.faults.telling import file_failure
from engine.ingest.files import LINE, named, quoted
from engine.ingest.planning import JSON, Plan, table_columns
from engine.jobs import Job
from engine.tabular.values.coercion import Coercion
from engine.warehouses.partitions import Layout, layout_of

LEDGER = "convoke.loads"
"""What was loaded, beside the rows themselves: both are there, or neither."""
_REJECTS = "convoke_rejects"
HALVES = "backslashreplace"
"""How half a character (a lone surrogate) is kept in a line of JSON: by its number, as JSON writes it."""
_EXAMPLES = 5
_NUMBERED = 100_000
"""Bad lines of JSON that are kept with their numbers."""
NO_OBJECT = "no JSON object"
_HIDES = "unquoted value"
"""A quote that is never closed, as DuckDB calls it."""


Rules = Callable[[Callable[[str], str | None]], Mapping[str, str]]
"""By the condition that makes a row a bad one its reason, given what makes the expression of a column (None: the file
has none)."""


class Unclear(Exception):
    """DuckDB gave up on a line, so that those after it were not read: the file has to be read line by line."""


@dataclass(frozen=True)
class Loaded:
    """What became of a file: rows written and bad ones, with how many of each reason, by which ``plan``; whether rows
    that were there are ``changed`` or gone; how the table is ``laid``, if the new rows were written in that order."""

    rows: int
    bad: int
    plan: Plan
    reasons: Mapping[str, int] = field(default_factory=dict)
    changed: bool = False
    laid: Layout | None = None


def ledger(connection: Any) -> None:
    """Make the ledger, if there is none."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS convoke")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {LEDGER} (id VARCHAR, document VARCHAR, file VARCHAR, fingerprint VARCHAR, "
        "into_table VARCHAR, mode VARCHAR, read BIGINT, bad BIGINT, loaded_at VARCHAR, loaded_by VARCHAR)"
    )
    # By which column a replacement took its part of the table; empty for all of it. An earlier Convoke did not say.
    connection.execute(f"ALTER TABLE {LEDGER} ADD COLUMN IF NOT EXISTS part VARCHAR")


def load(
    connection: Any,
    plan: Plan,
    document: IngestDocument,
    kept: Path,
    job: Job | None,
    rules: Rules = lambda _: {},
    planned_again: Callable[[], Plan] | None = None,
    *,
    allow_shrink: bool = False,
) -> Loaded:
    """Write a file's good rows, keep the bad ones in a folder; raises EngineError("refused") for a file of which too
    many are bad, whose rows are kept there too. ``rules`` say what else makes a row a bad one. Where a plan that was
    made by the first rows does not fit all of them, it is ``planned_again``, by all of them. A replacement without
    rows is refused, and one by less than half of the rows unless ``allow_shrink``."""
    with in_words(connection, job):
        fresh = not document.key and not table_columns(connection, document.into)
        staged = _staged(connection, plan, document, rules, fresh=fresh)
        if staged.bad and plan.partial and planned_again is not None:
            former, plan = plan, planned_again()
            if plan.coercions != former.coercions:
                staged = _staged(connection, plan, document, rules, fresh=fresh)
        lines = _broken_lines(connection, plan)
        if not plan.file.careful and any(why == _HIDES for _, _, why in lines):
            raise Unclear  # the lines after it were not read
        read, misfit = staged.rows + len(lines), staged.bad
        loaded = Loaded(staged.rows - misfit, misfit + len(lines), plan)
        if loaded.bad:
            reasons = _keep_bad(connection, plan, staged.misfits, lines, kept, bool(misfit))
            loaded = replace(loaded, reasons=reasons)
        if read and loaded.bad > document.reject * read:
            raise EngineError(
                "refused",
                f"{loaded.bad:,} of {read:,} rows of {plan.file.path.name} are bad ({_told(loaded.reasons)})",
                hint="Nothing was written. Correct the file or the document, or allow more with reject.",
            )
        if fresh:
            _become(connection, document, loaded)
        else:
            changed, laid = _write(connection, plan, document, allow_shrink=allow_shrink)
            connection.execute("DROP TABLE convoke_staged")
            loaded = replace(loaded, changed=changed, laid=laid)
    return loaded


@dataclass(frozen=True)
class _Staged:
    """The table of a file's rows before they are written: how many, how many of them are bad, and by what."""

    rows: int
    bad: int
    misfits: Mapping[str, str]


def _staged(connection: Any, plan: Plan, document: IngestDocument, rules: Rules, *, fresh: bool) -> _Staged:
    """Read the file into the table convoke_staged; ``fresh``: it becomes the document's table itself."""
    values = {one.target.lower(): plan.value(place) for place, one in enumerate(plan.coercions)}
    misfits = _misfits(plan, document) | dict(rules(lambda name: values.get(name.lower())))
    columns = ", ".join(f"{plan.value(place)} AS {named(one.target)}" for place, one in enumerate(plan.coercions))
    bad = " OR ".join(misfits) if misfits else "false"
    if plan.file.format == "csv":
        connection.execute(f"DROP TABLE IF EXISTS {_REJECTS}")
        connection.execute(f"DROP TABLE IF EXISTS {_REJECTS}_scan")
    source = plan.valued(_REJECTS if plan.file.format == "csv" else None)
    ordered = str(bool(document.key)).lower()  # of rows with one key the last one counts
    connection.execute(f"SET preserve_insertion_order = {ordered}")
    staged = f"SELECT {columns}, {bad} AS convoke_bad FROM {source}"  # noqa: S608 - quoted
    kind = "TABLE" if fresh else "TEMP TABLE"  # what becomes the table itself is not written twice
    connection.execute(f"CREATE OR REPLACE {kind} convoke_staged AS {staged}")
    counted = connection.execute("SELECT count(*), count(*) FILTER (WHERE convoke_bad) FROM convoke_staged").fetchone()
    return _Staged(int(counted[0]), int(counted[1]), misfits)


def _misfits(plan: Plan, document: IngestDocument) -> dict[str, str]:
    """What makes a row a bad one, by the condition: its reason."""
    found = {}
    if plan.file.format == "jsonl":
        found[f"(coalesce(json_type({JSON}), '') != 'OBJECT')"] = NO_OBJECT
    for place, one in enumerate(plan.coercions):
        value = plan.value(place)
        if one.text != one.value:
            found[one.misfit(value)] = f"{one.target}: not {_word(one)}"
        if one.target in document.key:
            found[f"({value} IS NULL AND {one.text} IS NULL)"] = f"{one.target}: no key"
    return found


def _word(one: Coercion) -> str:
    words = {"BIGINT": "a whole number", "DATE": "a date", "BOOLEAN": "yes or no", "DOUBLE": "a number"}
    kind = (
        "a moment"
        if one.type.startswith("TIMESTAMP")
        else words.get(one.type, "a number" if one.type.startswith("DEC") else one.type)
    )
    return f"{kind} like {one.format}" if one.format else kind


def _broken_lines(connection: Any, plan: Plan) -> list[tuple[int, str, str]]:
    """Lines that are no rows: number, text and why, each once."""
    found = list(plan.file.broken)
    if plan.file.format == "csv":
        found += plan.file.rejected(connection, _REJECTS)
    return sorted((one.line, one.text, one.why) for one in found)


def _keep_bad(
    connection: Any,
    plan: Plan,
    misfits: Mapping[str, str],
    lines: Sequence[tuple[int, str, str]],
    kept: Path,
    some: bool,
) -> dict[str, int]:
    """Keep bad rows with their reasons as JSON lines that only the owner reads; how many of each reason."""
    counts: dict[str, int] = {}
    make_folder(kept)
    path = kept / "rows.jsonl"
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", errors=HALVES
    ) as file:
        for line, text, why in lines:
            counts[why] = counts.get(why, 0) + 1
            file.write(json.dumps({"line": line, "reasons": [why], "text": text}, ensure_ascii=False) + "\n")
        if some:
            numbers = _numbers(connection, plan, misfits) if plan.file.format == "jsonl" else {}
            reasons = ", ".join(f"CASE WHEN {test} THEN {quoted(why)} END" for test, why in misfits.items())
            values = ", ".join(
                f"CAST({expression} AS VARCHAR) AS {named(name)}" for name, expression in plan.raw.items()
            )
            row = f"{LINE} AS {named(LINE)}" if plan.file.format == "jsonl" else values
            found = connection.execute(
                f"SELECT list_filter([{reasons}], lambda x: x IS NOT NULL) AS convoke_why, {row} FROM {plan.valued()} "  # noqa: S608
                f"WHERE {' OR '.join(misfits)}"
            )
            names = [one[0] for one in found.description[1:]]
            while batch := found.fetchmany(10_000):
                for why, *values_ in batch:
                    for one in why:
                        counts[one] = counts.get(one, 0) + 1
                    place = numbers.get(str(values_[0])) or deque[int]()
                    told: dict[str, Any] = {"line": place.popleft()} if place else {}
                    told |= {"reasons": list(why), **_as_read(plan, dict(zip(names, values_, strict=True)))}
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _numbers(connection: Any, plan: Plan, misfits: Mapping[str, str]) -> dict[str, deque[int]]:
    """The numbers of bad lines of JSON, by their text."""
    bad = f"SELECT DISTINCT {LINE} FROM {plan.valued()} WHERE {' OR '.join(misfits)} LIMIT {_NUMBERED}"  # noqa: S608
    found = {str(text): deque[int]() for (text,) in connection.execute(bad).fetchall()}
    with plan.file.readable.file.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            places = found.get(line.rstrip("\r\n"))
            if places is not None:
                places.append(plan.file.line(number))
    return found


def _as_read(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    """A bad row by its columns; a line that is no JSON object as it stands."""
    if plan.file.format != "jsonl":
        return {"row": row}
    with suppress(ValueError):
        found = json.loads(row[LINE])
        if isinstance(found, dict):
            return {"row": found}
    return {"text": row[LINE]}


def _told(reasons: Mapping[str, int]) -> str:
    return "; ".join(f"{count:,} {why}" for why, count in list(reasons.items())[:_EXAMPLES])


def _become(connection: Any, document: IngestDocument, loaded: Loaded) -> None:
    """What is staged is the new table."""
    if loaded.bad:
        connection.execute("DELETE FROM convoke_staged WHERE convoke_bad")
    connection.execute("ALTER TABLE convoke_staged DROP COLUMN convoke_bad")
    connection.execute(f"ALTER TABLE convoke_staged RENAME TO {named(document.into)}")


def _write(connection: Any, plan: Plan, document: IngestDocument, *, allow_shrink: bool) -> tuple[bool, Layout | None]:
    """Write the good rows; what :class:`Loaded` tells of them."""
    table, names = named(document.into), [one.target for one in plan.coercions]
    columns = ", ".join(named(one) for one in names)
    there = table_columns(connection, document.into)
    if not there:
        made = ", ".join(f"{named(one.target)} {one.type}" for one in plan.coercions)
        connection.execute(f"CREATE TABLE {table} ({made})")
    for one in plan.coercions:
        if there and one.target not in there:
            if document.evolve != "add":
                raise EngineError(
                    "refused",
                    f'the table "{document.into}" has no column "{one.target}"',
                    "columns",
                    "Leave the column out, or allow it with evolve: add.",
                )
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {named(one.target)} {one.type}")
    good = f"SELECT {columns} FROM convoke_staged WHERE NOT convoke_bad"  # noqa: S608 - quoted
    if document.key:
        keys = ", ".join(named(one) for one in document.key)
        good = f"{good} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY rowid DESC) = 1"
    gone = _make_room(connection, plan, document, good, allow_shrink=allow_shrink) if document.mode == "replace" else 0
    if document.mode == "upsert" and there:
        same = " AND ".join(f"t.{named(one)} = s.{named(one)}" for one in document.key)
        rest = [one for one in names if one not in document.key]
        sets = ", ".join(f"{named(one)} = s.{named(one)}" for one in rest)
        matched = f"WHEN MATCHED THEN UPDATE SET {sets} " if rest else ""
        values = ", ".join(f"s.{named(one)}" for one in names)
        connection.execute(
            f"MERGE INTO {table} AS t USING ({good}) AS s ON ({same}) {matched}"  # noqa: S608 - quoted
            f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
        )
        return True, None
    laid = layout_of(connection, document.into)
    if laid is not None and {one.lower() for one in laid.order} <= {one.lower() for one in names}:
        connection.execute("SET preserve_insertion_order = true")
        good = laid.sorted(good, few=True)
    else:
        laid = None
    connection.execute(f"INSERT INTO {table} ({columns}) {good}")
    return gone > 0, laid


def _make_room(connection: Any, plan: Plan, document: IngestDocument, good: str, *, allow_shrink: bool) -> int:
    """Delete what a replacement takes the place of; how many rows."""
    table, where = named(document.into), ""
    ((coming,),) = connection.execute(f"SELECT count(*) FROM ({good})").fetchall()  # noqa: S608 - quoted
    if not coming and connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None:  # noqa: S608 - quoted
        raise EngineError(
            "refused",
            f'{plan.file.path.name} has no row to load, and would replace rows of the table "{document.into}"',
            hint="Nothing was written. Check the file.",
        )
    if document.partition is not None:
        part = named(document.partition)
        parts = "FROM convoke_staged WHERE NOT convoke_bad"
        # Rows without the partition's column are a partition too: IN alone would load them once more each time.
        where = f" WHERE {part} IN (SELECT {part} {parts})"
        where += f" OR ({part} IS NULL AND EXISTS (SELECT 1 {parts} AND {part} IS NULL))"
    ((gone,),) = connection.execute(f"DELETE FROM {table}{where}").fetchall()  # noqa: S608 - quoted
    if coming * 2 < gone and not allow_shrink:
        raise EngineError(
            "refused",
            f'{gone:,} rows of the table "{document.into}" would be replaced by {coming:,}',
            ALLOW_SHRINK,
            f"Nothing was written. Check the file. To replace them all the same: {ALLOW_SHRINK}.",
        )
    return int(gone)


@contextmanager
def in_words(connection: Any, job: Job | None = None) -> Iterator[None]:
    """What DuckDB says as a sentence; a job may interrupt it."""
    if job is not None:
        job.check()
    forget = job.interrupting(connection.interrupt) if job is not None else None
    try:
        yield
    except duckdb.Error as error:
        if job is not None:
            job.check()
        of_the_machine = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)
        code = "warehouse_file" if of_the_machine else "file"
        lead = "the rows could not be read or written"
        raise file_failure(code, lead, error, hint="Nothing was written.") from None
    finally:
        if forget is not None:
            forget()

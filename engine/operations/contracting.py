"""`convoke quality run|show|accept|draft`: the contracts of the workspace's folder `contracts`, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.domain.documents import iso, load_one, read_file
from engine.domain.model import Source
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.operations.workspace import Workspace, user_name
from engine.store.quality import Accepted, Qualities, QualityRow

if TYPE_CHECKING:
    from engine.quality.checking import Result
    from engine.quality.contracts import Check, Contract
    from engine.quality.measuring import Table

FOLDER = "contracts"
_WEEKS = 5
_OLD = timedelta(hours=1)
"""After so long freshness is looked at again, though the data are the same."""
_COLLECTED_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class CheckOutcome:
    """What a check came to. ``state`` is green, yellow (a warning, or red and ``accepted``) or red."""

    table: str
    check: str
    state: str
    sentence: str
    value: float | None = None
    at: str = ""
    accepted: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What is printed."""
        return asdict(self)


@dataclass(frozen=True)
class Contracts:
    """The contracts of a workspace: checks by table, and what in them is not checked, by file and place."""

    checks: Mapping[str, Sequence[Check]]
    unchecked: tuple[str, ...]


def contracts_of(workspace: Workspace, table: str | None = None) -> Contracts:
    """Every contract of the workspace; EngineError names the file and the place of what is wrong. With a ``table`` a
    contract that cannot be read is passed over when it does not speak of that table."""
    checks: dict[str, list[Check]] = {}
    unchecked: list[str] = []
    for name, contract in _read(workspace, table):
        unchecked += [f"{name}: {one}" for one in contract.unchecked]
        for one in contract.checks:
            mine = checks.setdefault(one.table, [])
            if any(other.id == one.id for other in mine):
                message = f'the table "{one.table}" has the check "{one.id}" in another contract too'
                raise EngineError("structure", f"{name}: {message}", "schema", "Give each a name of its own.")
            mine.append(one)
    return Contracts(checks, tuple(unchecked))


def _read(workspace: Workspace, table: str | None = None) -> Iterator[tuple[str, Contract]]:
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        text = b""
        try:
            text = read_file(path)
            found = _parsed(text)
        except EngineError as error:
            if table is not None and not _names(text, table):
                continue
            raise error.within(path.name) from None
        yield path.name, found


def _names(text: bytes, table: str) -> bool:
    """Whether a contract that cannot be read may be of a table."""
    try:
        told = load_one(text)
        tables = [one for one in told["schema"] if isinstance(one, dict)]
        return any(table.lower() in (_lower(one.get("name")), _lower(one.get("physicalName"))) for one in tables)
    except (EngineError, LookupError, TypeError):
        return re.search(rf"\b{re.escape(table)}\b", text.decode("utf-8", "replace"), re.IGNORECASE) is not None


def _lower(name: object) -> str:
    return str(name).lower()


@lru_cache(maxsize=1_000)
def _parsed(text: bytes) -> Contract:
    """The contract of a text; the daemon asks every few seconds, and texts seldom change."""
    from engine.quality.contracts import read_contract

    return read_contract(load_one(text))


def quality_run(workspace: Workspace, tables: Sequence[str] = (), job: Job | None = None) -> list[CheckOutcome]:
    """Check tables (all that have a contract, or those), and keep what they came to."""
    contracts = contracts_of(workspace)
    for name in tables:
        if name not in contracts.checks:
            hint = nearest(name, contracts.checks, "table")
            raise EngineError("unknown_name", f'no contract is of a table "{name}"', "TABLE", hint)
    store, at = Qualities(workspace.database), datetime.now(UTC).replace(microsecond=0)
    rows: list[QualityRow] = []
    for name, checks in contracts.checks.items():
        if tables and name not in tables:
            continue
        version = workspace.warehouse.data_version()
        found = _carried_out(workspace, name, checks, at, job)
        rows += [QualityRow(name, one.check.id, iso(at), version, one.value, one.state, one.sentence) for one in found]
    store.save(rows)
    return [one for one in quality_show(workspace) if not tables or one.table in tables]


def _carried_out(
    workspace: Workspace, name: str, checks: Sequence[Check], at: datetime, job: Job | None
) -> list[Result]:
    """The results of a table's checks; where there is no such table, all of them are wrong."""
    from engine.quality.checking import carried_out, failed

    def past(one: Check) -> list[float]:
        return _same_weekday(Qualities(workspace.database).history(one.table, one.id), at)

    try:
        table = _table(workspace, name, job)
    except EngineError as error:
        if error.code != "model_mismatch":
            raise
        return [failed(one, error.message) for one in checks]
    return carried_out(checks, table, past, at)


def quality_show(workspace: Workspace) -> list[CheckOutcome]:
    """The newest results of every check of the contracts as they are now; red ones that are accepted for now are
    yellow."""
    checks = contracts_of(workspace).checks
    known = {(table, one.id) for table, some in checks.items() for one in some}
    store, at = Qualities(workspace.database), iso(datetime.now(UTC))
    accepted = {(one.table, one.check): one.reason for one in store.accepted() if one.until > at}
    found = []
    for one in store.newest():
        if (one.table, one.check) not in known:
            continue
        reason = accepted.get((one.table, one.check)) if one.state == "red" else None
        state = one.state if reason is None else "yellow"
        found.append(CheckOutcome(one.table, one.check, state, one.sentence, one.value, one.at, reason))
    return found


def quality_accept(workspace: Workspace, table: str, check: str, reason: str, days: int) -> CheckOutcome:
    """A check may be red for so many days: what depends on its table goes on."""
    if not reason.strip():
        raise EngineError(
            "usage", "what is accepted needs a reason", "--reason", "Say why, for whoever reads it later."
        )
    found = next((one for one in quality_show(workspace) if (one.table, one.check) == (table, check)), None)
    if found is None:
        names = [one.check for one in quality_show(workspace) if one.table == table]
        hint = nearest(check, names, "check")
        raise EngineError("unknown_name", f'the table "{table}" has no check "{check}" that was run', "CHECK", hint)
    until = iso(datetime.now(UTC) + timedelta(days=days))
    Qualities(workspace.database).accept(Accepted(table, check, reason, user_name(), "", until))
    return next(one for one in quality_show(workspace) if (one.table, one.check) == (table, check))


def quality_draft(workspace: Workspace, table: str) -> str:
    """The text of a contract for a table, from the values that it has."""
    from engine.domain.documents import dump_yaml
    from engine.quality.drafting import drafted

    columns = workspace.warehouse.columns(Source(table=table), "TABLE")
    return dump_yaml(drafted(table, columns, _table(workspace, table, None)))


def _is_other(last: QualityRow, version: str, at: datetime) -> bool:
    """Whether a check is to be made of other data: at once when the warehouse is another one; of what is collected,
    which changes all the time, when a minute has passed."""
    if not last.table.lower().startswith("collected."):
        return last.data_version.partition("+")[0] != version.partition("+")[0]
    return last.data_version != version and at - datetime.fromisoformat(last.at) > _COLLECTED_AGAIN


def quality_due(workspace: Workspace, at: datetime) -> bool:
    """Whether the data or the contracts are other ones than those that were checked last, or an hour has passed over
    data that may not grow old."""
    if not any((workspace.folder / FOLDER).glob("*.y*ml")) or workspace.settings.warehouse is None:
        return False
    try:
        checks = contracts_of(workspace).checks
    except EngineError:  # an alert says so, and what depends on it waits
        return False
    if not workspace.warehouse.still_current():
        workspace.reload()
    version = workspace.warehouse.data_version()
    newest = {(one.table, one.check): one for one in Qualities(workspace.database).newest()}
    for table, some in checks.items():
        for one in some:
            last = newest.get((table, one.id))
            if last is None or _is_other(last, version, at):
                return True
            if one.kind == "freshness" and at - datetime.fromisoformat(last.at) > _OLD:
                return True
    return False


def red_tables(workspace: Workspace) -> dict[str, str]:
    """By table that has a red check why."""
    found: dict[str, list[str]] = {}
    for one in quality_show(workspace):
        if one.state == "red":
            found.setdefault(one.table, []).append(f"{one.check}: {one.sentence}")
    return {table: "; ".join(why[:3]) + ("; …" if len(why) > 3 else "") for table, why in found.items()}


def quality_examples(workspace: Workspace, table: str, check: str, job: Job | None = None) -> list[str]:
    """Some of the values that break a check of single rows, masked: nobody can be told by them."""
    from engine.quality.checking import failing

    found = next((one for one in contracts_of(workspace).checks.get(table, ()) if one.id == check), None)
    if found is None:
        return []
    try:
        return failing(found, _table(workspace, table, job))
    except EngineError as error:
        if error.code == "cancelled":
            raise
        return []  # what is wrong with it is what the check says


def _table(workspace: Workspace, name: str, job: Job | None) -> Table:
    from engine.quality.conditions import quoted
    from engine.quality.measuring import Table

    warehouse = workspace.warehouse
    columns = warehouse.columns(Source(table=name), f"schema.{name}")
    relation = ".".join(quoted(part) for part in warehouse.locate(name))
    return Table(relation, columns, lambda sql: warehouse.rows(sql, (), job))


def _same_weekday(history: Sequence[tuple[str, float | None, str]], at: datetime) -> list[float]:
    """The last value of each of the same weekdays before, if it was good."""
    found: dict[Any, float] = {}
    for moment, value, state in history:
        then = datetime.fromisoformat(moment)
        days = (at.date() - then.date()).days
        if value is not None and state != "red" and 0 < days <= 7 * _WEEKS and days % 7 == 0:
            found.setdefault(then.date(), value)
    return list(found.values())

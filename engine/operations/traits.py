"""`convoke trait`: traits computed from what profiles did, by documents in the workspace's folder `traits`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.domain.documents import iso, load_one, read_file
from engine.domain.model import SITE_MONEY, DataModel
from engine.domain.schedule import read_schedule
from engine.domain.trait import ZERO_WITHOUT, TraitDocument, read_trait, type_of
from engine.domain.values import ValueType
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.locks import holding
from engine.operations.targets import moment
from engine.operations.workspace import Workspace, model_without_traits, user_name
from engine.store.erasures import Erasures
from engine.store.traits import TraitVersion, TraitVersions

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.warehouses.computed import ComputedTrait

FOLDER = "traits"
_LOCK = "traits.lock"
BUSY = "traits are being computed"
_COLLECTED_AGAIN = timedelta(minutes=1)
"""Traits that follow the data are computed so often at most when only more was collected."""


@dataclass(frozen=True)
class TraitOutcome:
    """What became of a trait: ``state`` is computed, held (it is not what its document expects: the values before stay)
    or removed (its document is gone)."""

    id: str
    state: str
    version: int | None
    type: str | None
    values: int
    share: float
    least: float | None
    greatest: float | None
    as_of: str
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke trait run --json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Written:
    """A document with its text."""

    document: TraitDocument
    text: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@contextmanager
def publishing_traits(workspace: Workspace, who: str) -> Iterator[None]:
    """Nobody else puts values of traits in force meanwhile: who read the state before would undo it."""
    with holding(workspace.folder / _LOCK, who, "refused", BUSY):
        yield


def trait_documents(workspace: Workspace) -> dict[str, TraitDocument]:
    """The documents of the folder `traits`, by id; EngineError names the file and the place of what is wrong."""
    return {name: one.document for name, one in _written(workspace).items()}


def _written(workspace: Workspace) -> dict[str, _Written]:
    found: dict[str, _Written] = {}
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        text = read_file(path)
        try:
            document = read_trait(load_one(text))
            if document.id in found:
                raise EngineError("structure", f'two documents compute "{document.id}"', "id", "Give each its own id.")
        except EngineError as error:
            raise error.within(path.name) from None
        found[document.id] = _Written(document, text.decode() if isinstance(text, bytes) else text)
    return found


def trait_run(
    workspace: Workspace,
    ids: Sequence[str] = (),
    job: Job | None = None,
    *,
    as_of: str | datetime | None = None,
) -> list[TraitOutcome]:
    """Compute traits (all, or those named) as of a moment (now by default), and put them in force together. One that is
    not what its document expects keeps the values it had; one whose document is gone is removed.

    Only events before ``as_of`` count, and windows end there. Lists, objects and ``sql`` have no moment: they are read
    as they are now.
    """
    from engine.warehouses.computed import publish, state

    with holding(workspace.folder / _LOCK, "convoke trait run", "refused", BUSY):
        written = _written(workspace)
        for one in ids:
            if one not in written:
                hint = nearest(one, written, "trait")
                raise EngineError("not_found", f'there is no document of a trait "{one}"', hint=hint)
        wanted = {name: one for name, one in written.items() if not ids or name in ids}
        before = state(workspace.warehouse_folder)
        mine = () if before is None else (name for name, one in before.traits.items() if one.origin == "trait")
        gone = frozenset(mine) - frozenset(written)
        computing = _Computing(workspace, job, moment(as_of))
        made = {name: computing.values(one) for name, one in wanted.items()}
        fresh = {name: (told, rows) for name, (told, rows, reason) in made.items() if reason is None}
        if fresh or gone:
            publish(workspace.warehouse_folder, fresh, gone)
            workspace.reload()
    found = [_outcome(name, told, computing.profiles, reason) for name, (told, _, reason) in made.items()]
    at = iso(computing.as_of)
    return found + [TraitOutcome(one, "removed", None, None, 0, 0.0, None, None, at) for one in sorted(gone)]


def _outcome(name: str, told: ComputedTrait, profiles: int, reason: str | None) -> TraitOutcome:
    share = told.values / profiles if profiles else 0.0
    state = "computed" if reason is None else "held"
    return TraitOutcome(
        name, state, told.version, told.type, told.values, share, told.least, told.greatest, told.as_of, reason
    )


def trait_show(workspace: Workspace) -> dict[str, ComputedTrait]:
    """The traits in force."""
    from engine.warehouses.computed import state

    found = state(workspace.warehouse_folder)
    return {} if found is None else {name: one for name, one in found.traits.items() if one.origin == "trait"}


def trait_versions(workspace: Workspace) -> list[TraitVersion]:
    """Every version of every trait's document that was ever computed."""
    return TraitVersions(workspace.database).all()


def traits_due(workspace: Workspace, at: datetime) -> list[str]:
    """The traits to compute now: those whose document is new or another one, whose time has come, or that follow the
    data. EngineError when a document cannot be read."""
    from engine.warehouses.computed import state

    if not (workspace.folder / FOLDER).is_dir() or workspace.settings.warehouse is None:
        return []
    written, current = _written(workspace), state(workspace.warehouse_folder)
    known = {} if current is None else current.traits
    if not written or workspace.models.current() is None:
        return []
    return [name for name, one in written.items() if _is_due(workspace, one, known.get(name), at)]


def _is_due(workspace: Workspace, one: _Written, known: ComputedTrait | None, at: datetime) -> bool:
    if known is None or known.hash != one.hash:
        return True
    schedule = read_schedule(one.document.refresh)
    if schedule.timed:
        return bool(schedule.after(datetime.fromisoformat(known.as_of)) <= at)
    if schedule.kind != "on_data":
        return False
    if not workspace.warehouse.still_current():
        workspace.reload()
    data = data_without_traits(workspace)
    if known.data.partition("+")[0] != data.partition("+")[0]:
        return True
    passed = at - datetime.fromisoformat(known.as_of)  # what is collected changes all the time
    return known.data != data and passed > _COLLECTED_AGAIN


def data_without_traits(workspace: Workspace) -> str:
    """The state of the warehouse, without the traits themselves."""
    version = workspace.warehouse.data_version()
    head, plus, tail = version.partition("+")
    return head.partition("~")[0] + plus + tail


class _Computing:
    """Computes values over one state of the data at one moment."""

    def __init__(self, workspace: Workspace, job: Job | None, as_of: datetime) -> None:
        from engine.sql.compile import World
        from engine.sql.sources import Sources

        self._workspace, self._job = workspace, job
        if not workspace.warehouse.still_current():
            workspace.reload()
        self.model: DataModel = model_without_traits(workspace)
        self.as_of = as_of
        warehouse = workspace.warehouse
        self._world = World(self.model, warehouse, warehouse.describe, {}, self.as_of)
        profiles = Sources(self.model, warehouse).profiles.query.sql(dialect="duckdb")
        ((count,),) = warehouse.rows(f"SELECT count(*) FROM ({profiles})", (), job)  # noqa: S608 - our own SELECT
        self.profiles = int(count)

    def values(self, one: _Written) -> tuple[ComputedTrait, pa.Table, str | None]:
        """What is told of a trait, its values by key, and why they are not put in force."""
        from engine.warehouses.computed import ComputedTrait

        document = one.document
        try:
            if document.id in self.model.profile.traits:
                raise EngineError("refused", "the model has a trait of this name", "id", "Choose another id.")
            kind = type_of(document, self.model)
            rows = self._rows(document, kind)
        except EngineError as error:
            raise error.within(f'trait "{document.id}"') from None
        rows = self._without_erased(rows)
        least, greatest = _edges(rows, kind)
        version = TraitVersions(self._workspace.database).keep(document.id, one.hash, one.text, user_name())
        told = ComputedTrait(
            version,
            one.hash,
            kind.value,
            dict(document.label),
            _money(document),
            document.personal,
            document.list is not None or (document.measure is not None and document.measure.kind in ZERO_WITHOUT),
            iso(self.as_of),
            data_without_traits(self._workspace),
            len(rows),
            least,
            greatest,
        )
        return told, rows, self._unexpected(document, told)

    def _rows(self, document: TraitDocument, kind: ValueType) -> pa.Table:
        import pyarrow as pa

        from engine.sql.traits import by_sql, measured

        if document.list is not None:
            return self._listed(document.list)
        scratch = self._workspace.scratch
        if document.measure is None:
            statement = by_sql(self._world, document.sql or "", kind)
            rows = scratch.table(statement.sql, statement.parameters, self._job)
            if len(rows.column("key").unique()) < len(rows):
                hint = "Group by the profile key."
                raise EngineError("bad_sql", "the SQL gives a profile several values", "sql", hint)
            return rows
        parts = []
        for site in self.model.sites.values():
            statement = measured(self._world, site, document.measure, kind)
            parts.append(scratch.table(statement.sql, statement.parameters, self._job))
        return pa.concat_tables(parts)

    def _without_erased(self, rows: pa.Table) -> pa.Table:
        """Whoever was erased gets no value, though the warehouse may have their rows still."""
        import pyarrow as pa
        import pyarrow.compute as pc

        gone = Erasures(self._workspace.database).keys()
        if not gone:
            return rows
        return rows.filter(pc.invert(pc.is_in(rows.column("key"), pa.array(sorted(gone), pa.string()))))

    def _listed(self, name: str) -> pa.Table:
        import pyarrow as pa

        known = self._workspace.lists.sizes()
        if name not in known:
            raise EngineError("unknown_name", f'there is no list "{name}"', "list", nearest(name, known, "list"))
        keys = pa.array([str(key) for key in self._workspace.lists.keys(name)], pa.string())
        return pa.table({"key": keys, "value": pa.array([True] * len(keys), pa.bool_())})

    def _unexpected(self, document: TraitDocument, told: ComputedTrait) -> str | None:
        share, between = document.expect.share, document.expect.between
        part = told.values / self.profiles if self.profiles else 0.0
        if share is not None and not share[0] <= part <= share[1]:
            return f"{part:.1%} of the profiles have a value, and {share[0]:.1%} to {share[1]:.1%} are expected"
        if between is None or told.least is None or told.greatest is None:
            return None
        if told.least < between[0] or told.greatest > between[1]:
            least, greatest, low, high = (plain(one) for one in (told.least, told.greatest, *between))
            return f"the values are from {least} to {greatest}, and {low} to {high} are expected"
        return None


def plain(number: float) -> str:
    """A number to read, with two decimals at most."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def _edges(rows: pa.Table, kind: ValueType) -> tuple[float | None, float | None]:
    """The least and the greatest number."""
    import pyarrow.compute as pc

    if not kind.is_number or not len(rows):
        return None, None
    found = pc.min_max(rows.column("value").cast("float64")).as_py()
    return found["min"], found["max"]


def _money(document: TraitDocument) -> str | None:
    if document.money is True:
        return SITE_MONEY
    return document.money or None

"""The workspace: a folder with settings, the store and the local warehouse, opened piece by piece when needed."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.durable import make_folder
from engine.errors import EngineError
from engine.failures import reason_of
from engine.settings import FILE, Settings, read_settings, write_settings

if TYPE_CHECKING:
    from engine.bitmap.library import Library
    from engine.bitmap.numbering import Numbering
    from engine.domain.model import DataModel
    from engine.membership.estimate import Sample
    from engine.store.audiences import Audiences
    from engine.store.database import Database
    from engine.store.models import Lists, Models, StoredModel, VerifiedKeys
    from engine.store.ordinals import OrdinalSegments
    from engine.store.runs import Runs
    from engine.warehouses.duck import Attached
    from engine.warehouses.protocol import Scratch, Warehouse

IDENTITY = "identity"
"""The folder of the map of persons."""
_RESTS_ON_STORE = "bitmaps", "features", "models", "spool"
"""Folders that a workspace has only once its store says something."""
PRIVATE = (
    *("identity/", "features/", "models/", "store.sqlite*", "warehouse/", "bitmaps/", "drafts/", "logs/", "spool/"),
    *("*.lock", "*.sock", "secrets.vault"),
)
"""What Convoke keeps in a workspace: not for version control, and for nobody but its owner."""


class Workspace:
    """An open workspace. Close it, or use it in a ``with`` block."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.owner = True
        """Whether the workspace's owner asks: at the command line and in the app; over the API with the scope admin."""
        self.least = 1
        """Numbers of fewer people than this are not given to who asks; 1 for the owner (see steadying)."""
        self.sample: Sample | None = None
        self.sample_stamp: tuple[Any, ...] = ()
        self.trial: tuple[Path, str] | None = None
        """A map to look with that is not in force, and its table of (key, person)."""
        self.kept_open: dict[str, Any] = {}
        """What others keep open with the workspace, to be closed with it."""
        self.persons: tuple[tuple[int, str], DataModel] | None = None
        self.joined: tuple[Any, DataModel] | None = None
        if not (self.folder / FILE).is_file():
            raise EngineError(
                "no_workspace", f"{folder} is not a workspace", hint=f"Make it one: convoke init {folder}."
            )

    @cached_property
    def settings(self) -> Settings:
        """What convoke.toml says."""
        return read_settings(self.folder)

    @cached_property
    def database(self) -> Database:
        """The store."""
        from engine.store.database import Database

        path = self.folder / "store.sqlite"
        if _is_gone(path) and any((self.folder / name).exists() for name in _RESTS_ON_STORE):
            raise EngineError(
                "store",
                f"{path} is missing or empty, though the workspace has been used",
                hint="Restore the workspace from a backup.",
            )
        return Database(path)

    @cached_property
    def audiences(self) -> Audiences:
        """The audiences with their versions."""
        from engine.store.audiences import Audiences

        return Audiences(self.database)

    @cached_property
    def models(self) -> Models:
        """The data model with its versions."""
        from engine.store.models import Models

        return Models(self.database)

    @cached_property
    def lists(self) -> Lists:
        """Uploaded lists."""
        from engine.store.models import Lists

        return Lists(self.database)

    @cached_property
    def verified_keys(self) -> VerifiedKeys:
        """Which data was found to have unique keys."""
        from engine.store.models import VerifiedKeys

        return VerifiedKeys(self.database)

    @cached_property
    def segments(self) -> OrdinalSegments:
        """Which ordinal each profile key has."""
        from engine.store.ordinals import OrdinalSegments

        return OrdinalSegments(self.database)

    @cached_property
    def runs(self) -> Runs:
        """Runs and snapshots."""
        from engine.store.runs import Runs

        return Runs(self.database)

    @cached_property
    def library(self) -> Library:
        """The bitmaps; a quarter of the memory setting is theirs."""
        from engine.bitmap.library import Library

        return Library(self.database, self.folder / "bitmaps", self.settings.memory_bytes // 4)

    @cached_property
    def scratch(self) -> Scratch:
        """A reading session of the warehouse with temporary tables."""
        return self.warehouse.scratch()

    @cached_property
    def numbering(self) -> Numbering:
        """The ordinals kept for :attr:`scratch`; listed keys may take an eighth of the memory setting."""
        from engine.bitmap.numbering import Numbering

        return Numbering(self.scratch, self.settings.memory_bytes // 8)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The connected warehouse, with two fifths of the memory setting; EngineError("no_connection") without one."""
        from engine.warehouses.opening import open_warehouse

        if self.settings.warehouse is None:
            raise EngineError(
                "no_connection", "the workspace has no warehouse yet", hint="Connect one: convoke connect URL."
            )
        opened = open_warehouse(self.settings.warehouse, self.warehouse_folder, beside=map_beside(self))
        opened.limit_memory((self.settings.memory_bytes * 2 // 5) >> 20)
        opened.limit_time(self.settings.query_seconds)
        opened.limit_process(self.settings.process_bytes)
        return opened

    @property
    def warehouse_folder(self) -> Path:
        """Where the embedded local warehouse lives."""
        return self.folder / "warehouse"

    @property
    def model(self) -> DataModel:
        """The current data model; raises EngineError("no_model") when there is none."""
        stored = self.models.current()
        if stored is None:
            raise EngineError(
                "no_model",
                "the workspace has no data model yet",
                hint="Draft one with convoke model infer, then convoke model apply FILE.",
            )
        return _with_computed(self, stored)

    def audiences_stamp(self) -> int:
        """A number that changes when another program saves to the store."""
        return self.database.changed()

    def reload(self) -> None:
        """Forget the open warehouse, so that the next use sees new data."""
        forget_sample(self)
        self.__dict__.pop("numbering", None)
        if "scratch" in self.__dict__:
            self.scratch.close()
            del self.__dict__["scratch"]
        if "warehouse" in self.__dict__:
            self.warehouse.close()
            del self.__dict__["warehouse"]

    def close(self) -> None:
        """Close files and connections."""
        self.reload()
        while self.kept_open:
            self.kept_open.popitem()[1].close()
        if "library" in self.__dict__:
            self.library.close()
            del self.__dict__["library"]
        if "database" in self.__dict__:
            self.database.close()
            del self.__dict__["database"]

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_gone(store: Path) -> bool:
    """Whether nothing is left of a store; the first program to open a new one leaves an empty file for a moment."""
    journal = store.with_name(f"{store.name}-wal")
    return not any(one.exists() and one.stat().st_size for one in (store, journal))


def store_as_it_is(workspace: Workspace) -> Database:
    """The store, to be looked through: one whose structure is damaged is opened too."""
    from engine.store.database import Database

    if "database" not in vars(workspace):
        vars(workspace)["database"] = Database(workspace.folder / "store.sqlite", checked=False)
    return workspace.database


def map_beside(workspace: Workspace) -> Attached | None:
    """The map of persons in force, for the warehouse to join with."""
    folder = workspace.folder / IDENTITY
    if not folder.is_dir():
        return None
    from engine.identity.publication import current
    from engine.warehouses.duck import Attached

    if workspace.trial is not None:
        return Attached(*workspace.trial, lambda: True)
    pointer = current(folder)
    if pointer is None:
        return None
    return Attached(folder / pointer.map, pointer.profiles, lambda: _run_in(folder) == pointer.run)


def _run_in(folder: Path) -> int | None:
    """The run whose map is in force; a run that found nothing new leaves it, and says so in the pointer."""
    from engine.identity.publication import current

    pointer = current(folder)
    return None if pointer is None else pointer.run


def _over_persons(workspace: Workspace, stored: StoredModel) -> DataModel:
    """The model with persons in place of profiles, made once for each model and map."""
    from engine.sql.resolved import resolved

    beside = map_beside(workspace)
    if beside is not None and beside.people != workspace.warehouse.people and not workspace.warehouse.still_current():
        workspace.reload()
    people = workspace.warehouse.people
    if people is None:
        raise EngineError(
            "no_model",
            "the model asks for persons (identity: true), and identity was never resolved here",
            "profile.identity",
            "Run convoke identity run, or take identity out of the model.",
        )
    wanted = stored.version, people
    if workspace.persons is None or workspace.persons[0] != wanted:
        workspace.persons = wanted, resolved(stored.model, workspace.warehouse, people)
    return workspace.persons[1]


def _with_computed(workspace: Workspace, stored: StoredModel) -> DataModel:
    """The model with the computed traits that the open warehouse has beside it, made once for each state of them."""
    from engine.warehouses.computed import state

    url = workspace.settings.warehouse or ""
    is_far = url.startswith("flight")
    newest = None if is_far else state(workspace.warehouse_folder)
    if not url or (newest is None and not is_far):
        return _without_traits(workspace, stored)
    if not is_far and workspace.warehouse.computed != newest and not workspace.warehouse.still_current():
        workspace.reload()
    model, computed = _without_traits(workspace, stored), workspace.warehouse.computed
    if computed is None:
        return model
    wanted = stored.version, workspace.warehouse.people, computed.number
    if workspace.joined is None or workspace.joined[0] != wanted:
        from engine.sql.computed import with_computed

        workspace.joined = wanted, with_computed(model, workspace.warehouse, computed.traits)
    return workspace.joined[1]


def _without_traits(workspace: Workspace, stored: StoredModel) -> DataModel:
    return stored.model if stored.model.profile.identity is None else _over_persons(workspace, stored)


def model_without_traits(workspace: Workspace) -> DataModel:
    """The current model without computed traits, which are computed over it."""
    stored = workspace.models.current()
    return workspace.model if stored is None else _without_traits(workspace, stored)  # the former raises with advice


def follow_settings(workspace: Workspace) -> None:
    """Take over what convoke.toml says now, for who is open for long: the collector gives a workspace its warehouse
    with the first event. What cannot be read is as it was."""
    with suppress(EngineError):
        fresh = read_settings(workspace.folder)
        if fresh != workspace.settings:
            workspace.reload()
            vars(workspace)["settings"] = fresh


def forget_sample(workspace: Workspace) -> None:
    """Give back the memory of the sample that answers early."""
    if workspace.sample is not None:
        workspace.sample.close()
    workspace.sample, workspace.sample_stamp = None, ()


def init(folder: Path | str) -> Workspace:
    """Make a workspace in a folder (or open the one already there)."""
    path = Path(folder)
    try:
        make_folder(path)
        if os.name == "posix" and not any(path.iterdir()):
            path.chmod(0o700)  # it was made for this; a folder that holds other things stays as it is
        if not (path / FILE).exists():
            write_settings(path, Settings())
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("".join(f"{one}\n" for one in PRIVATE), encoding="utf-8")
    except OSError as error:
        reason = reason_of(error)
        raise EngineError(
            "file", f"no workspace can be made in {path}: {reason}", hint="Choose another folder."
        ) from None
    workspace = Workspace(path)
    workspace.database.changed()
    return workspace


def connect(workspace: Workspace, url: str, base: Path | None = None) -> dict[str, object]:
    """Point the workspace at a warehouse; refuses one that cannot be opened, and then changes nothing.

    Gives the URL as remembered and the tables found.
    """
    from engine.warehouses.opening import normal_url, open_warehouse

    remembered = normal_url(url, base or Path.cwd())
    opened = open_warehouse(remembered, workspace.warehouse_folder)
    try:
        tables = [table.name for table in opened.tables()]
        version = opened.data_version()
    finally:
        opened.close()
    write_settings(workspace.folder, replace(workspace.settings, warehouse=remembered))
    workspace.reload()
    workspace.__dict__.pop("settings", None)
    return {"warehouse": remembered, "tables": tables, "data_version": version}


def user_name() -> str:
    """Who works here, for the history of versions."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"

"""`schema`, `doctor` and `demo`: what needs no warehouse of one's own."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.domain.schema import SCHEMAS
from engine.errors import EngineError, nearest
from engine.extras import how_to_add
from engine.jobs import Job
from engine.operations.modelling import apply_model
from engine.operations.permissions import exposed
from engine.operations.planning import apply
from engine.operations.workspace import Workspace, connect, init
from engine.settings import write_settings

DEMO_PROFILES = 200_000
_QT_LIBRARIES = ("libEGL.so.1", "libGL.so.1", "libxkbcommon.so.0", "libfontconfig.so.1", "libdbus-1.so.3")
_X11_LIBRARIES = ("libxkbcommon-x11.so.0", "libxcb-cursor.so.0", "libxcb-icccm.so.4", "libxcb-keysyms.so.1")


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a document kind."""
    if kind not in SCHEMAS:
        raise EngineError("usage", f'there is no schema "{kind}"', hint=nearest(kind, SCHEMAS, "schema"))
    return SCHEMAS[kind]()


@dataclass(frozen=True)
class Diagnosis:
    """One thing this machine has or lacks; ``needed_for`` says what does not work without it."""

    what: str
    ok: bool
    detail: str
    needed_for: str


def doctor(workspace: Workspace | None = None) -> list[Diagnosis]:
    """What this machine lacks for the engine, the app and the open workspace."""
    found = [
        Diagnosis("Python", sys.version_info >= (3, 11), platform.python_version(), "everything"),
        *(_package(name, "the engine") for name in ("duckdb", "sqlglot", "apsw", "numpy", "pandas", "pyarrow")),
        *(_package(name, "the desktop app", "app") for name in ("PySide6-Essentials", "pyqtgraph")),
    ]
    if sys.platform.startswith("linux"):
        found += [_library(name, "the desktop app") for name in _QT_LIBRARIES]
        found += [_library(name, "windows under X11") for name in _X11_LIBRARIES]
    free = shutil.disk_usage(workspace.folder if workspace else Path.home()).free / 1024**3
    found.append(Diagnosis("free disk", free > 1, f"{free:.0f} GiB", "local warehouses"))
    if workspace is not None:
        found += [*_workspace(workspace), _rights(workspace)]
    return found


def _package(name: str, needed_for: str, extra: str = "") -> Diagnosis:
    try:
        return Diagnosis(name, True, version(name), needed_for)
    except PackageNotFoundError:
        return Diagnosis(name, False, f"not installed. {how_to_add(extra)}" if extra else "not installed", needed_for)


def _library(name: str, needed_for: str) -> Diagnosis:
    import ctypes

    try:
        ctypes.CDLL(name)
    except OSError:
        return Diagnosis(name, False, "not found: install the system package that has it", needed_for)
    return Diagnosis(name, True, "found", needed_for)


def _workspace(workspace: Workspace) -> list[Diagnosis]:
    checks: list[tuple[str, Callable[[], str]]] = [
        ("workspace store", lambda: f"{len(workspace.audiences.all())} audiences"),
        ("warehouse", lambda: f"{len(workspace.warehouse.tables())} tables in {workspace.settings.warehouse}"),
        ("data model", lambda: f"{len(workspace.model.events)} events"),
    ]
    result = []
    for what, look in checks:
        try:
            result.append(Diagnosis(what, True, look(), "this workspace"))
        except EngineError as error:
            result.append(Diagnosis(what, False, str(error), "this workspace"))
    return result


def _rights(workspace: Workspace) -> Diagnosis:
    open_to_others = exposed(workspace)
    detail = "only the owner may read it"
    if open_to_others:
        detail = f"other users can reach {len(open_to_others)} files and folders; close them with convoke doctor --mend"
    return Diagnosis("file permissions", not open_to_others, detail, "this workspace")


def demo_folder() -> Path:
    """Where the demo keeps its workspace."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "Convoke" / "demo"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "convoke" / "demo"


def prepare_demo(
    folder: Path | None = None, *, profiles: int = DEMO_PROFILES, language: str = "en", job: Job | None = None
) -> Workspace:
    """A workspace with the marketplace simulator's data, its model and twenty audiences; made once, then reused."""
    if find_spec("sample_data") is None:
        raise EngineError("missing_part", "the sample data is not installed", hint="Install Convoke from its source.")
    import sample_data.marketplace as marketplace
    from engine.warehouses.local import FILE, publishing
    from sample_data.audiences import folder as ready_folder

    workspace = init(folder or demo_folder())
    job = job or Job()
    if not (workspace.warehouse_folder / FILE).exists():
        with publishing(workspace.warehouse_folder, "convoke demo") as connection:
            marketplace.generate(connection, profiles, report=job.report)
    if workspace.settings.warehouse is None:
        connect(workspace, "local:")
    if workspace.models.current() is None:
        apply_model(workspace, Path(marketplace.MODEL_FILE))
    if not workspace.audiences.all():
        job.report(0.98, "audiences")
        write_settings(workspace.folder, replace(workspace.settings, language=language))
        apply(workspace, ready_folder(language), job=job)
    return workspace

"""Starting the demo and the desktop app from the command line."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from engine.cli.printing import note, number, progress, say, say_json, share, table
from engine.errors import EngineError
from engine.extras import how_to_add
from engine.programs import Program, command, environment
from engine.settings import LANGUAGES


def has_display() -> bool:
    """Whether a window can be opened here."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def open_app(folder: Path, options: Sequence[str] = ()) -> int:
    """Run the desktop app on a workspace until it is closed; in a process of its own, as the engine never loads Qt.

    A picture of one state (``--screenshot`` among the options) needs no display.
    """
    if find_spec("PySide6") is None:
        raise EngineError("missing_part", "the desktop app is not installed", hint=how_to_add("app"))
    if not has_display() and "--screenshot" not in options:
        raise EngineError(
            "missing_part",
            "there is no display to open a window on",
            hint="Use convoke demo --headless or convoke size.",
        )
    started = command(Program.APP, "--workspace", str(folder), *options)
    return subprocess.run(started, check=False, env=environment()).returncode  # noqa: S603 — our own interpreter


def run_demo(folder: Path | None, *, headless: bool, profiles: int, language: str, as_json: bool) -> int:
    """Prepare the demo's workspace, then open the app or print every audience's size."""
    from engine import operations

    if language not in LANGUAGES:
        raise EngineError("usage", f'there is no language "{language}"', "--language", "Choose en, es or pt_BR.")
    with progress("Preparing the sample marketplace", quiet=as_json) as job:
        workspace = operations.prepare_demo(folder, profiles=profiles, language=language, job=job)
    with workspace:
        if not headless and has_display() and find_spec("PySide6") is not None:
            note(f"Opening the app on {workspace.folder}.")
            return open_app(workspace.folder)
        ids = [s.audience.id for s in operations.list_audiences(workspace).stored]
        found = operations.size(workspace, ids)
        names = {s.audience.id: s.audience.name for s in operations.list_audiences(workspace).stored}
        if as_json:
            for one in found:
                say_json(one.as_json())
            return 0
        rows = [
            [one.id, names[one.id], number(one.size), share(one.size, one.base), f"{one.elapsed_ms:.0f} ms"]
            for one in found
        ]
        table(["audience", "name", "size", "of base", "took"], rows, right=(2, 3, 4))
        base = max((one.base for one in found), default=0)
        say(f"{len(found)} audiences over {number(base)} profiles, exact. The workspace is {workspace.folder}")
        say(f"Try: convoke size {ids[0]} --workspace {workspace.folder}")
    return 0

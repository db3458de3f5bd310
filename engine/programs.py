"""How Convoke's processes begin and start one another: the only module that names the interpreter.

`python -m NAME` looks for NAME, and for everything it imports, in the working folder first. That folder is often a
git repository of somebody else, in which `yaml.py`, `app.py` or `engine/` would be run. So every process is started
with `-P` (no working folder on the path) and with an environment that says the same to whatever a library starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

PRIVATE_MASK = 0o077
"""Nothing that Convoke makes may be read by other users of the machine."""
_ROOT = Path(__file__).resolve().parents[1]
_INSTALLED = ("site-packages", "dist-packages")
_FROZEN_OPTION = "--convoke-program="


class Program(StrEnum):
    """What can be started; the value is the module that is run."""

    COMMAND_LINE = "engine.cli"
    WORKER = "engine.worker"
    CHILD = "engine.daemon.child"
    APP = "app"


def command(program: Program, *arguments: str) -> list[str]:
    """The command line that starts a program.

    A frozen build (PyInstaller) has no interpreter that could take `-m`: there the one executable gets the program's
    name as its first argument and :func:`run_frozen` obeys it.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, f"{_FROZEN_OPTION}{program.value}", *arguments]
    return [sys.executable, "-P", "-m", program.value, *arguments]


def environment(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that Convoke starts.

    Of PYTHONPATH only absolute entries stay: an empty or relative one means the working folder. A source checkout that
    is not installed is added, so that the child finds the same Convoke.
    """
    found = dict(os.environ if inherited is None else inherited)
    found["PYTHONSAFEPATH"] = "1"
    found.pop("PYTHONSTARTUP", None)
    paths = [entry for entry in found.pop("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(entry)]
    if _ROOT.name not in _INSTALLED and str(_ROOT) not in paths:
        paths.insert(0, str(_ROOT))
    if paths:
        found["PYTHONPATH"] = os.pathsep.join(paths)
    return found


def begin() -> None:
    """The first act of every process: files and folders are private from their first byte, and no module comes from
    the working folder, neither here nor in a process that a library starts."""
    os.umask(PRIVATE_MASK)
    given = os.environ.get("PYTHONPATH")
    with suppress(FileNotFoundError):  # the working folder was removed: nothing can come from it
        here = os.getcwd()
        unsafe = (
            {os.path.abspath(entry) for entry in given.split(os.pathsep) if not os.path.isabs(entry)}
            if given
            else set()
        )
        if not sys.flags.safe_path and sys.path and sys.path[0] in ("", here):
            unsafe.add(here)
        unsafe.discard(str(_ROOT))
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in unsafe]
    os.environ.update(wanted := environment())
    for name in set(os.environ) - set(wanted):
        del os.environ[name]


def run_frozen(arguments: Sequence[str]) -> bool:
    """Run the program that the first argument names, as :func:`command` writes it in a frozen build; whether it named
    one."""
    if not arguments or not arguments[0].startswith(_FROZEN_OPTION):
        return False
    import runpy

    program = Program(arguments[0].removeprefix(_FROZEN_OPTION))
    sys.argv[1:] = arguments[1:]
    runpy.run_module(program.value, run_name="__main__", alter_sys=True)
    return True

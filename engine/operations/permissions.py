"""Files of a workspace that other users of the machine may reach, and closing them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from engine.errors import EngineError
from engine.operations.workspace import PRIVATE, Workspace
from engine.settings import FILE

_OTHERS = 0o077


def exposed(workspace: Workspace) -> tuple[Path, ...]:
    """The workspace's folder and Convoke's own files and folders in it that group or others may reach; none on
    systems without such modes. Documents that stand beside them, such as audiences under version control, are not
    looked at."""
    if os.name != "posix":
        return ()
    return tuple(path for path in _own(workspace.folder) if _mode(path) & _OTHERS)


def mend_permissions(workspace: Workspace) -> int:
    """Take the rights of group and others from all that :func:`exposed` finds; how many files and folders."""
    found = exposed(workspace)
    for path in found:
        try:
            path.chmod(_mode(path) & ~_OTHERS)
        except OSError as error:
            reason = (error.strerror or "unknown").lower()
            hint = "Run convoke doctor --mend as the owner of the file."
            raise EngineError("file", f"the rights of {path} cannot be changed: {reason}", hint=hint) from None
    return len(found)


def _own(folder: Path) -> Iterator[Path]:
    yield folder
    for entry in sorted(folder.iterdir()):
        if entry.name == FILE or any(fnmatch(entry.name, pattern.rstrip("/")) for pattern in PRIVATE):
            yield entry
            if entry.is_dir() and not entry.is_symlink():
                for above, folders, files in os.walk(entry):
                    yield from (Path(above) / name for name in (*folders, *files))


def _mode(path: Path) -> int:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:  # it was removed meanwhile
        return 0
    return 0 if stat.S_ISLNK(found) else stat.S_IMODE(found)

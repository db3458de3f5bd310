"""What the operating system refuses, in one sentence, whichever library met it and however that one says so: a full
disk, a read-only file system, no permission, too many open files, a path that is too long, a damaged disk.
"""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.extras import how_to_add


@dataclass(frozen=True)
class Cause:
    """Why the system refused, and what to do about it."""

    reason: str
    hint: str


FULL = Cause("the disk is full", "Free some space there, then run it again: what was acknowledged is kept.")
READ_ONLY = Cause("the file system is read-only", "Mount it for writing, or keep the workspace on another disk.")
DENIED = Cause("permission is denied", "Run Convoke as the owner of the file, or change its permissions.")
TOO_MANY = Cause("too many files are open", "Raise the limit of open files (ulimit -n), then run it again.")
TOO_LONG = Cause("the path is too long", "Choose a shorter name or a folder that is less deep.")
DAMAGED = Cause("the disk reports an error", "Check the disk, then restore the file from a backup.")
UNUSABLE = Cause(
    "the disk refuses to write: it may be full", "Free some space there, check the disk, then run it again."
)
"""SQLite says no more than this when its index beside a database cannot grow."""
_NUMBERS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: Cause("the file would be larger than the system allows", "Raise the limit of file sizes (ulimit -f)."),
    errno.EROFS: READ_ONLY,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.EMFILE: TOO_MANY,
    errno.ENFILE: TOO_MANY,
    errno.ENAMETOOLONG: TOO_LONG,
    errno.EIO: DAMAGED,
    errno.ENOENT: Cause("there is no such file or folder", "Check the path."),
    errno.ENOTDIR: Cause("a part of the path is a file", "Check the path."),
    errno.EISDIR: Cause("it is a folder", "Name a file."),
    errno.ELOOP: Cause("its links lead in a circle", "Check the path."),
}
_TEXTS = (
    (re.compile(r"no space left|disk is full|disk quota exceeded|MDB_MAP_FULL|max_temp_directory_size", re.I), FULL),
    (re.compile(r"read-only file ?system|readonly database", re.I), READ_ONLY),
    (re.compile(r"permission denied|operation not permitted", re.I), DENIED),
    (re.compile(r"too many open files", re.I), TOO_MANY),
    (re.compile(r"file ?name too long|path too long", re.I), TOO_LONG),
    (re.compile(r"input/output error", re.I), DAMAGED),
    (re.compile(r"disk I/O error", re.I), UNUSABLE),
)
_DISK_ERRORS = ("duckdb", "_duckdb", "apsw", "lmdb", "pyarrow.lib", "sqlite3")
_PATH = re.compile(r"[\"'](/[^\"'\n]{1,4096}|[A-Za-z]:[\\/][^\"'\n]{1,4096})[\"']")
_EXTRAS = {"lmdb": "identity", "splink": "identity", "google": "google", "googleads": "admanager", "PySide6": "app"}


def cause_of(error: BaseException) -> Cause | None:
    """Why the system refused, when that is what the error says; None for any other error."""
    if isinstance(error, OSError) and error.errno is not None:
        return _NUMBERS.get(error.errno)
    if isinstance(error, OSError) or type(error).__module__ in _DISK_ERRORS:
        text = str(error)
        return next((cause for pattern, cause in _TEXTS if pattern.search(text)), None)
    return None


def reason_of(error: OSError) -> str:
    """Why something could not be read or written, as the end of a sentence."""
    cause = cause_of(error)
    return cause.reason if cause is not None else (error.strerror or "unknown").lower()


def failure_of(error: BaseException) -> EngineError | None:
    """The sentence for an error of the system, or for an optional part that is missing; None for any other error."""
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        extra = _EXTRAS.get(error.name.split(".")[0])
        missing = f"this needs the part {error.name.split('.')[0]}"
        return None if extra is None else EngineError("missing_part", missing, hint=how_to_add(extra))
    damage = store_damage(error)
    if damage is not None:
        return damage
    cause = cause_of(error)
    if cause is None:
        return None
    path = _path_of(error)
    message = cause.reason if path is None else f"{path} cannot be used: {cause.reason}"
    return EngineError("file", message, hint=cause.hint)


def store_damage(error: BaseException) -> EngineError | None:
    """The sentence for a stored text that cannot be read: Convoke wrote sound JSON there, so a page of the file was
    damaged. None for any other error."""
    if not isinstance(error, json.JSONDecodeError | UnicodeDecodeError) or not _within(error, "engine.store."):
        return None
    hint = "Run convoke store check, then restore the workspace from a backup."
    return EngineError("store", "the workspace's store is damaged: a stored text cannot be read", hint=hint)


def refusal_at(path: Path) -> Cause | None:
    """Why a file cannot be opened for writing, or made where it is not there; None when it can. For libraries that only
    say that they cannot."""
    try:
        if path.exists():
            with path.open("r+b"):
                pass
        elif os.name == "posix" and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
            return READ_ONLY
        elif not os.access(path.parent, os.W_OK | os.X_OK):
            return DENIED
    except OSError as error:
        return cause_of(error)
    return None


def _within(error: BaseException, modules: str) -> bool:
    """Whether a module whose name begins so was at work."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith(modules):
            return True
        trace = trace.tb_next
    return False


def _path_of(error: BaseException) -> str | None:
    name = getattr(error, "filename", None)
    if isinstance(name, str | bytes | os.PathLike):
        return os.fsdecode(name)
    found = _PATH.search(str(error))
    return None if found is None else found[1]

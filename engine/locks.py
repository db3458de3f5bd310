"""Locks that are free at once when the process that holds them dies."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import EngineError


@contextmanager
def holding(path: Path, who: str, code: str, busy: str) -> Iterator[None]:
    """Hold the lock file; raises EngineError(code) "``busy`` by WHO" when another process holds it."""
    with path.open("a+", encoding="utf-8") as file:
        try:
            _lock(file.fileno())
        except OSError:
            file.seek(0)
            holder = "another process"
            with suppress(ValueError, KeyError, TypeError, OSError):  # damaged, or read while it is written
                owner = json.loads(file.read())
                holder = f"{owner['who']} (process {owner['pid']})"
            raise EngineError(code, f"{busy} by {holder}", hint="Wait until it has finished.") from None
        file.truncate(0)
        file.write(json.dumps({"who": who, "pid": os.getpid()}))
        file.flush()
        yield


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock file now."""
    if not path.exists():
        return False
    with path.open("a+", encoding="utf-8") as file:
        try:
            _lock(file.fileno())
        except OSError:
            return True
    return False

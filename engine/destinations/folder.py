"""A folder of this machine: files are written beside their name, synced to disk and renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from errno import EDQUOT, EIO, ENOSPC
from pathlib import Path
from typing import Any

from engine.destinations.files import FORMATS, FileDestination
from engine.destinations.host import Host, SettingsReader
from engine.destinations.protocol import Later, Misconfigured
from engine.durable import sync_folder


def folder(settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> FileDestination:
    """Files in a folder. ``settings: {path, format}``."""
    given = SettingsReader("a folder", settings, ("path", "format"))
    kind = given.one_of("format", FORMATS, "csv")
    root = (host.folder / Path(given.text("path", "/exports")).expanduser()).resolve()
    return FileDestination(Folder(root), kind, identifiers, "protocol")


class Folder:
    """Puts files into a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> str:
        """Whether files can be written there."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / f".convoke-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise _unwritable(self._root, error) from None
        return f"{self._root} can be written to."

    def put(self, name: str, data: bytes) -> None:
        """Whole or not at all, also when the power goes."""
        path = self._root / name
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
            sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from None

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise _unwritable(self._root / name, error) from None

    def close(self) -> None:
        """Nothing is held."""


def _unwritable(path: Path, error: OSError) -> Exception:
    if error.errno in (ENOSPC, EDQUOT, EIO):
        return Later(f"{path}: {error.strerror}")
    return Misconfigured(f"{path} cannot be written: {error.strerror}", "Check the folder and its permissions.")

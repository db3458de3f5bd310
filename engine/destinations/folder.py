"""A folder of this machine: files are written beside their name, synced to disk and renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from errno import EDQUOT, EIO, ENOSPC
from pathlib import Path
from typing import Any

from engine.destinations.files import FileDestination, written_as
from engine.destinations.host import Host, SettingsReader
from engine.destinations.protocol import Later, Misconfigured
from engine.durable import sync_folder


def folder(settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> FileDestination:
    """Files in a folder. ``settings: {path, format, cells}``."""
    given = SettingsReader("a folder", settings, ("path", "format", "cells"))
    written = written_as(given)
    root = host.path("a folder", given.text("path", "/exports"))
    return FileDestination(Folder(root, host), written, identifiers, "protocol")


class Folder:
    """Puts files into a folder."""

    def __init__(self, root: Path, host: Host) -> None:
        self._root, self._host = root, host

    def check(self) -> str:
        """Whether files can be written there."""
        self._host.must_be_inside("a folder", self._root)
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
        self._must_stay(path)
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

    def _must_stay(self, path: Path) -> None:
        """Raise Misconfigured when a link on the way leads out of the folder, or the folder is no longer allowed."""
        self._host.must_be_inside("a folder", self._root)
        if not path.parent.resolve().is_relative_to(self._root):
            raise Misconfigured(f"a folder: a link leads out of {self._root}", "Remove the link.")

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        self._must_stay(self._root / name)
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

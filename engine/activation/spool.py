"""Rows kept beside the store while a sync is planned: hashed values only, gone when the plan is."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.durable import make_folder


class Spool:
    """(key, payload) pairs in a file of its own, read as often as wanted."""

    def __init__(self, folder: Path, rows: Iterable[tuple[str, str]]) -> None:
        make_folder(folder)
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)  # noqa: SIM115 — closed by close
        try:
            for row in rows:
                self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self._file.seek(0)
        for line in self._file:
            key, payload = json.loads(line)
            yield key, payload

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

"""Unsaved work, kept on disk while it is edited, so that a crash loses nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.document import Document
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience, write_audience
from engine.domain.documents import dump_yaml, load_one
from engine.durable import make_folder
from engine.errors import EngineError

WAIT_MS = 800
_NEW = "_new"


@dataclass(frozen=True)
class Draft:
    """An audience as it was when it was last kept; ``version`` is the saved one it came from (0: none)."""

    audience: Audience
    version: int
    kept_at: datetime


class Drafts(QObject):
    """Keeps the document shortly after each edit; forgets it once it is saved or given up."""

    def __init__(self, folder: Path, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder / "drafts"
        self._document = document
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.keep)
        document.changed.connect(self._on_changed)
        document.state_changed.connect(self._on_changed)

    def _on_changed(self) -> None:
        if self._document.history.isClean():
            self._timer.stop()
            self.forget(self._document.audience.id)
        else:
            self._timer.start()

    def keep(self) -> None:
        """Write the document now, if it is not saved; a full disk is not worth an interruption."""
        document = self._document
        if document.history.isClean():
            return
        body = {
            "audience": write_audience(document.audience) | {"id": document.audience.id, "kind": "audience"},
            "version": document.version,
            "kept_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        path = self._path(document.audience.id)
        fresh = path.with_suffix(".new")
        try:
            make_folder(self._folder)
            fresh.write_text(dump_yaml(body), encoding="utf-8")
            os.replace(fresh, path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()

    def found(self) -> list[Draft]:
        """What was kept and never saved, the newest first; a file that cannot be read is left where it is."""
        drafts = []
        for path in sorted(self._folder.glob("*.yaml")):
            try:
                body = load_one(path.read_bytes())
                plain = dict(body["audience"])
                identifier = plain.get("id") or ""
                audience = read_audience(plain | {"id": identifier or "unsaved"})
                drafts.append(
                    Draft(
                        replace(audience, id=identifier),
                        int(body["version"]),
                        datetime.fromisoformat(str(body["kept_at"])),
                    )
                )
            except (OSError, EngineError, KeyError, TypeError, ValueError):
                continue
        return sorted(drafts, key=lambda draft: draft.kept_at, reverse=True)

    def forget(self, identifier: str) -> None:
        """Give up what was kept of an audience."""
        try:
            self._path(identifier).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, identifier: str) -> Path:
        return self._folder / f"{identifier or _NEW}.yaml"

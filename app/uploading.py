"""Uploading a list: in place of one of its name or beside it, by which column, and a list that would shrink."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from app.i18n import Words
from app.naming import id_from_name
from app.session import Session
from engine.errors import ALLOW_SHRINK, EngineError


class ListUpload:
    """Uploads the file of a list and asks what only a person can say."""

    def __init__(self, parent: QWidget, session: Session, words: Words) -> None:
        self._parent, self._session, self._words = parent, session, words

    def start(self, path: str, taken: Collection[str], then: Callable[[dict[str, Any]], None]) -> None:
        """Upload a list; its id comes from the file's name. ``then`` gets the report of what became of the rows."""
        name = Path(path).stem
        identifier = id_from_name(name, ()) or "list"
        if identifier in taken:
            buttons = QMessageBox.StandardButton
            question = self._words("list.replace", identifier)
            answer = QMessageBox.question(
                self._parent, self._words("list.upload"), question, buttons.Yes | buttons.No | buttons.Cancel
            )
            if answer == buttons.Cancel:
                return
            if answer == buttons.No:
                identifier = id_from_name(name, taken)
        self._send(then, id=identifier, file=path)

    def _send(self, then: Callable[[dict[str, Any]], None], **given: Any) -> None:
        self._session.call("upload_list", then, lambda error: self._fail(error, then, given), **given)

    def _fail(self, error: EngineError, then: Callable[[dict[str, Any]], None], given: dict[str, Any]) -> None:
        """Ask for the key column, or whether the list may shrink; anything else is trouble."""
        words, title = self._words, self._words("list.upload")
        if error.code == "usage" and error.path == "--key":
            column, said = QInputDialog.getText(self._parent, title, f"{words.error(error)}\n{words('list.column')}")
            if said and column.strip():
                self._send(then, **given | {"key": column.strip()})
        elif error.path == ALLOW_SHRINK:
            text = words.error(EngineError(error.code, error.message))
            question = f"{text}\n{words('list.shrink')}"
            if QMessageBox.question(self._parent, title, question) == QMessageBox.StandardButton.Yes:
                self._send(then, **given | {"allow_shrink": True})
        else:
            self._session.trouble.emit(error)

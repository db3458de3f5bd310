"""Every destination: added, changed, tried, held back and removed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QScrollArea, QVBoxLayout

from app.destinations.form import DestinationForm, note
from app.i18n import Words
from app.naming import id_from_name
from app.session import Session
from app.widgets.parts import button, clear, combo, label, restyle, row
from engine.domain.model import DataModel
from engine.errors import EngineError

_ROLE = Qt.ItemDataRole.UserRole


class DestinationsDialog(QDialog):
    """A list of destinations and the form of the one that is chosen."""

    def __init__(self, model: DataModel, session: Session, words: Words) -> None:
        super().__init__()
        self._session, self._words, self._model = session, words, model
        self._types: dict[str, Any] = {}
        self._document: dict[str, Any] = {}
        self.form: DestinationForm | None = None
        self.setWindowTitle(words("destinations"))
        self.resize(900, 640)
        self.list = QListWidget()
        self.list.setAccessibleName(words("destinations"))
        self.list.setFixedWidth(250)
        self.list.currentItemChanged.connect(self._on_chosen)
        self.kind = combo([], None, words("destination.kind"))
        self.add = button(words("destination.add"))
        self.add.clicked.connect(self._on_add)
        self.add.setEnabled(False)  # until the kinds are known
        self._place = QScrollArea()
        self._place.setWidgetResizable(True)
        self._place.setAccessibleName(words("destination.settings"))
        self._about = QVBoxLayout()
        self.said = label("", "muted", wrap=True)
        left, right, both = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.kind)
        left.addWidget(self.add)
        right.addLayout(self._about)
        right.addWidget(self._place, 1)
        right.addWidget(self.said)
        both.addLayout(left)
        both.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(both, 1)
        layout.addLayout(self._buttons())
        self._enable()
        session.call("destination_types", self._show_types, self._fail)
        session.call("destinations", self._show, self._fail)

    def _buttons(self) -> QHBoxLayout:
        words = self._words
        self.save, self.test = button(words("save"), primary=True), button(words("destination.test"))
        self.pause, self.remove = button(words("destination.pause")), button(words("destination.remove"))
        close = button(words("close"))
        for made, call in (
            (self.save, self._on_save),
            (self.test, self._on_test),
            (self.pause, self._on_pause),
            (self.remove, self._on_remove),
            (close, self.reject),
        ):
            made.clicked.connect(call)
        return row(self.pause, self.remove, None, self.test, self.save, close)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show_types(self, found: dict[str, Any]) -> None:
        self._types = found
        self.add.setEnabled(bool(found))
        for kind in found:
            self.kind.addItem(self._words(f"destination.kind.{kind}"), kind)

    def _show(self, found: list[dict[str, Any]]) -> None:
        chosen = self._document.get("id")
        self.list.blockSignals(True)
        self.list.clear()
        for one in found:
            paused = f" · {self._words('destination.paused')}" if one["paused"] else ""
            item = QListWidgetItem(f"{one['name']}{paused}")
            item.setData(_ROLE, one)
            self.list.addItem(item)
            if one["id"] == chosen:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        if self.list.currentItem() is None and self.form is None:
            self.list.setCurrentRow(0)
        else:
            self._on_chosen()

    def _on_chosen(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self._edit(item.data(_ROLE)["document"])

    def _on_add(self) -> None:
        self.list.setCurrentRow(-1)
        self._say("")
        self._edit({"type": self.kind.currentData()})
        if self.form is not None:
            self.form.name.setFocus()

    def _edit(self, document: dict[str, Any]) -> None:
        """Show the form of a document; a kind that has none (of a plug-in) is only named."""
        clear(self._about)
        self._document, self.form = document, None
        kind = str(document["type"])
        known = self._types.get(kind)
        if known is not None:
            self._about.addWidget(note(self._words, kind, known["proof"]))
            names = list(self._model.identifiers)
            self.form = DestinationForm(kind, known["settings"], names, document, self._words, known["profiles"])
            self._place.setWidget(self.form)
        else:
            self._place.takeWidget()
            self._about.addWidget(label(kind, "muted"))
        self._enable()

    def _enable(self) -> None:
        item = self.list.currentItem()
        self.save.setEnabled(self.form is not None)
        for made in (self.test, self.pause, self.remove):
            made.setEnabled(item is not None)
        paused = item is not None and item.data(_ROLE)["paused"]
        self.pause.setText(self._words("destination.resume" if paused else "destination.pause"))

    def _say(self, text: str, role: str = "muted") -> None:
        self.said.setText(text)
        restyle(self.said, "role", role)

    def _fail(self, error: EngineError) -> None:
        self._say(self._words.error(error), "error")

    # -- what one does ---------------------------------------------------------------------------------------------

    def _on_save(self) -> None:
        form = self.form
        if form is None:
            return
        missing = form.missing()
        if missing:
            self._say(self._words("destination.missing", ", ".join(missing)), "error")
            return
        known = [self.list.item(i).data(_ROLE)["id"] for i in range(self.list.count())]
        identifier = str(self._document.get("id") or id_from_name(form.name.text(), known) or "destination")
        document = form.document(identifier)

        def saved(found: list[dict[str, Any]]) -> None:
            self._document = document
            self._show(found)
            self._say(self._words("destination.saved"))

        self._session.call("save_destination", saved, self._fail, document=document, secrets=form.secrets())

    def _on_test(self) -> None:
        self._say(self._words("destination.testing"))
        self._session.call("try_destination", self._say, self._fail, id=self._document["id"])

    def _on_pause(self) -> None:
        paused = not self.list.currentItem().data(_ROLE)["paused"]
        self._session.call("pause_destination", self._show, self._fail, id=self._document["id"], paused=paused)

    def _on_remove(self) -> None:
        def removed(found: list[dict[str, Any]]) -> None:
            self._document, self.form = {}, None
            self._place.takeWidget()
            clear(self._about)
            self._show(found)
            self._enable()

        self._session.call("remove_destination", removed, self._fail, id=self._document["id"])

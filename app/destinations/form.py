"""A destination as a form: what its kind needs to be told, who is sent as what, and what holds a delivery back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app.i18n import Words
from app.widgets.parts import button, combo, label, row, spin

_NUMBERS = ("port",)


class DestinationForm(QWidget):
    """The fields of one kind of destination.

    Secrets are typed and never shown again: one that is kept stays as long as its field is empty.
    """

    def __init__(
        self,
        kind: str,
        fields: Sequence[Mapping[str, Any]],
        identifiers: Sequence[str],
        document: Mapping[str, Any],
        words: Words,
        profiles: Sequence[str] = ("sha256",),
    ) -> None:
        super().__init__()
        self._kind, self._fields, self._document, self._words = kind, fields, document, words
        self._settings: Mapping[str, Any] = document.get("settings") or {}
        self.inputs: dict[str, QLineEdit | QComboBox] = {}
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.name = QLineEdit(str(document.get("name", "")))
        self.name.setAccessibleName(words("destination.name"))
        form.addRow(words("destination.name"), self.name)
        for field in fields:
            form.addRow(self._title(field), self._input(field))
        chosen = document.get("identifiers") or ()
        self.identifiers = {name: _box(name, name in chosen) for name in identifiers}
        boxes = QVBoxLayout()
        for box in self.identifiers.values():
            boxes.addWidget(box)
        if self.identifiers:
            form.addRow(words("destination.identifiers"), boxes)
        shown = ((one, words(f"profile.{one}")) for one in profiles)
        self.profile = combo(shown, document.get("profile", profiles[0]), words("destination.profile"))
        form.addRow(words("destination.profile"), self.profile)
        self.country = QLineEdit(document.get("country") or "")
        self.country.setPlaceholderText("BR")
        self.country.setMaxLength(2)
        self.country.setAccessibleName(words("destination.country"))
        form.addRow(words("destination.country"), self.country)
        self.least = spin(0, 10_000_000, document.get("min_size", 0), words("destination.least"), words.locale)
        self.most = spin(0, 100, document.get("max_removal", 30), words("destination.removal"))
        form.addRow(words("destination.least"), self.least)
        form.addRow(words("destination.removal"), self.most)
        self.priority = QLineEdit(", ".join(document.get("priority") or ()))
        self.priority.setAccessibleName(words("destination.priority"))
        self.priority.setToolTip(words("destination.priority.tip"))
        self.priority.setPlaceholderText("vip, newsletter")
        form.addRow(words("destination.priority"), self.priority)

    def _title(self, field: Mapping[str, Any]) -> str:
        shown = self._words(f"setting.{field['name']}")
        return f"{shown} *" if field["needed"] else shown

    def _input(self, field: Mapping[str, Any]) -> QWidget:
        name, words = str(field["name"]), self._words
        if field["kind"] == "choice":
            items = ((one, one or "–") for one in field["choices"])
            chosen = combo(items, self._settings.get(name, field["choices"][0]), words(f"setting.{name}"))
            self.inputs[name] = chosen
            return chosen
        typed = QLineEdit()
        typed.setAccessibleName(words(f"setting.{name}"))
        self.inputs[name] = typed
        value = self._settings.get(name)
        if field["kind"] == "secret":
            typed.setEchoMode(QLineEdit.EchoMode.Password)
            typed.setPlaceholderText(words("destination.kept") if value is not None else "")
            return typed
        typed.setText("" if value is None else str(value))
        typed.setPlaceholderText(str(field["example"]))
        if field["kind"] not in ("folder", "file"):
            return typed
        browse = button("…")
        browse.setAccessibleName(f"{words('destination.browse')}: {words(f'setting.{name}')}")
        browse.clicked.connect(lambda: self._browse(typed, folder=field["kind"] == "folder"))
        both, beside = QWidget(), row(typed, browse)
        beside.setContentsMargins(0, 0, 0, 0)
        both.setLayout(beside)
        return both

    def _browse(self, into: QLineEdit, *, folder: bool) -> None:
        title = self._words("destination.browse")
        found = QFileDialog.getExistingDirectory(self, title) if folder else QFileDialog.getOpenFileName(self, title)[0]
        if found:
            into.setText(found)

    # -- what was entered ------------------------------------------------------------------------------------------

    def missing(self) -> list[str]:
        """The titles of what must be given and is not."""
        found = [] if self.name.text().strip() else [self._words("destination.name")]
        for field in self._fields:
            one = self.inputs[field["name"]]
            if field["needed"] and isinstance(one, QLineEdit) and not one.text().strip():
                if field["kind"] == "secret" and field["name"] in self._settings:
                    continue
                found.append(self._words(f"setting.{field['name']}"))
        return found

    def document(self, identifier: str) -> dict[str, Any]:
        """The document; what the form does not show stays as it was, secrets are references or left out."""
        settings = {name: value for name, value in self._settings.items() if name not in self.inputs}
        for field in self._fields:
            name, one = field["name"], self.inputs[field["name"]]
            if field["kind"] == "secret":
                if name in self._settings:
                    settings[name] = self._settings[name]
                continue
            value = str(one.currentData()) if isinstance(one, QComboBox) else one.text().strip()
            if value:
                settings[name] = int(value) if name in _NUMBERS and value.isdecimal() else value
        made: dict[str, Any] = {
            **self._document,
            "kind": "destination",
            "id": identifier,
            "name": self.name.text().strip(),
        }
        made |= {"type": self._kind, "settings": settings, "profile": str(self.profile.currentData())}
        others = [one for one in self._document.get("identifiers") or () if one not in self.identifiers]
        made["identifiers"] = [name for name, box in self.identifiers.items() if box.isChecked()] + others
        made |= {"min_size": self.least.value(), "max_removal": self.most.value()}
        made["priority"] = [one for one in re.split(r"[,;\s]+", self.priority.text()) if one] or None
        made["country"] = self.country.text().strip().upper() or None
        return {key: value for key, value in made.items() if value is not None}

    def secrets(self) -> dict[str, str]:
        """What was typed into the secrets' fields."""
        wanted = [str(field["name"]) for field in self._fields if field["kind"] == "secret"]
        typed = {name: self.inputs[name].text() for name in wanted}  # type: ignore[union-attr]
        return {name: pem(text) for name, text in typed.items() if text}


def pem(text: str) -> str:
    """A pasted key with its line ends, which a field of one line has made into spaces; other text as it is."""
    found = re.fullmatch(r"\s*(-----BEGIN [A-Z ]+-----)(.*?)(-----END [A-Z ]+-----)\s*", text, re.DOTALL)
    if found is None:
        return text
    head, body, foot = found.groups()
    return "\n".join([head, *body.split(), foot]) + "\n"


def _box(name: str, chosen: bool) -> QCheckBox:
    made = QCheckBox(name.replace("_", " "))
    made.setChecked(chosen)
    return made


def note(words: Words, kind: str, proof: str) -> QWidget:
    """What a kind is, and what it was tested against."""
    about, tested = words(f"destination.of.{kind}"), words(f"proof.{proof}")
    return label(f"{about} {tested}", "muted", wrap=True)

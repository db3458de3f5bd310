"""The workspace's settings as a form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout

from app.i18n import LANGUAGES, Words
from app.widgets.parts import combo, label
from engine.errors import EngineError
from engine.settings import REGIONS, THEMES, Settings, read_settings, write_settings


class PreferencesDialog(QDialog):
    """Language, region, colours, memory, how long snapshots are kept."""

    def __init__(self, folder: Path, words: Words) -> None:
        super().__init__()
        self._folder, self._words = folder, words
        self._settings = read_settings(folder)
        self.setWindowTitle(words("preferences"))
        self.setMinimumWidth(440)
        own = {"en": "English", "es": "Español (Latinoamérica)", "pt_BR": "Português (Brasil)"}
        self.language = combo(((key, own[key]) for key in LANGUAGES), self._settings.language, words("pref.language"))
        regions = sorted(((key, _region(key)) for key in REGIONS), key=lambda one: one[1])
        self.region = combo([(None, words("pref.region.same")), *regions], self._settings.region, words("pref.region"))
        self.region.currentIndexChanged.connect(self._show_example)
        self.theme = combo(((key, words(f"theme.{key}")) for key in THEMES), self._settings.theme, words("pref.theme"))
        self.memory = QLineEdit(self._settings.memory or "")
        self.memory.setPlaceholderText(words("pref.memory.hint"))
        self.memory.setAccessibleName(words("pref.memory"))
        self.keep = QLineEdit(self._settings.keep)
        self.keep.setAccessibleName(words("pref.keep"))
        self._example = label("", "muted")
        self._error = label("", "error", wrap=True)
        form = QFormLayout()
        form.addRow(words("pref.language"), self.language)
        form.addRow(words("pref.region"), self.region)
        form.addRow("", self._example)
        form.addRow(words("pref.theme"), self.theme)
        form.addRow(words("pref.memory"), self.memory)
        form.addRow(words("pref.keep"), self.keep)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._error)
        buttons = QDialogButtonBox()
        buttons.addButton(words("save"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(words("cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self._error.hide()
        self._show_example()

    def _show_example(self) -> None:
        shown = Words(str(self.language.currentData()), self.region.currentData())
        self._example.setText(f"{shown.scalar(1234567.5)} · {shown.day(date(2026, 8, 1))}")

    def chosen(self) -> Settings:
        """The settings as entered."""
        return replace(
            self._settings,
            language=str(self.language.currentData()),
            region=self.region.currentData(),
            theme=str(self.theme.currentData()),
            memory=self.memory.text().strip() or None,
            keep=self.keep.text().strip(),
        )

    def _on_save(self) -> None:
        before = self._settings
        try:
            write_settings(self._folder, self.chosen())
            read_settings(self._folder)
        except EngineError as error:
            write_settings(self._folder, before)
            self._error.setText(self._words.error(error))
            self._error.show()
            return
        self.accept()


def _region(key: str) -> str:
    """A region by the name its people give it."""
    locale = QLocale(key)
    return f"{locale.nativeTerritoryName()} ({key})"

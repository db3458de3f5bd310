"""In-app help, the shortcuts, and what Convoke is made of."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QTextBrowser, QVBoxLayout

from app.i18n import Words
from engine.extras import DISTRIBUTION

PAGES = ("start", "canvas", "numbers", "delivery", "destinations", "identity", "lookalike", "keys")


class HelpDialog(QDialog):
    """Pages of help, and about."""

    def __init__(self, words: Words, page: str = "start") -> None:
        super().__init__()
        self.setWindowTitle(words("help"))
        self.resize(720, 560)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(words("help"))
        for key in PAGES:
            self._add(words(f"help.{key}"), page_text(key, words.of_rules))
        self._add(words("help.about"), _about(words))
        self.tabs.setCurrentIndex((*PAGES, "about").index(page))
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        buttons = QDialogButtonBox()
        buttons.addButton(words("close"), QDialogButtonBox.ButtonRole.RejectRole).clicked.connect(self.reject)
        layout.addWidget(buttons)

    def _add(self, title: str, text: str) -> None:
        shown = QTextBrowser()
        shown.setMarkdown(text)
        shown.setAccessibleName(title)
        shown.setOpenExternalLinks(False)
        self.tabs.addTab(shown, title)


def page_text(key: str, language: str) -> str:
    """A page of help in a language."""
    return files("resources").joinpath("help", language, f"{key}.md").read_text(encoding="utf-8")


def _about(words: Words) -> str:
    try:
        number = version(DISTRIBUTION)
    except PackageNotFoundError:
        number = ""
    parts = "PySide6 (LGPL-3.0) · Inter (OFL-1.1) · Lucide (ISC) · DuckDB (MIT) · SQLGlot (MIT) · pyroaring (MIT)"
    return f"# Convoke {number}\n\n{words('about.text')}\n\nApache-2.0\n\n{parts}"

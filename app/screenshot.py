"""One picture of one state: `convoke app --screenshot OUT.png [--audience ID] [--screen NAME] …`, then exit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.identity.dialog import IdentityDialog
from app.lineage.dialog import LineageDialog
from app.lookalike.dialog import LookalikeDialog
from app.lookalike.propensities import PropensityDialog
from app.main_window import MainWindow
from app.preferences.dialog import PreferencesDialog
from app.preferences.help import HelpDialog
from app.quality.aside import AsideDialog
from app.quality.dialog import QualityDialog
from app.runs.activity import ActivityDialog
from app.widgets.command_palette import CommandPalette
from app.widgets.searching import plain
from app.workbench import PANELS

_LONGEST_MS = 60_000
_STEP_MS = 60
_STILL = 4
"""How many looks in a row must find nothing left to wait for."""

_DIALOGS = (
    "help", "preferences", "commands", "activity", "identity", "quality", "aside", "lineage", "lookalike", "propensity",
)  # fmt: skip


class Camera(QObject):
    """Waits until the numbers are there, takes the picture and ends the app."""

    def __init__(self, app: QApplication, window: MainWindow, given: argparse.Namespace) -> None:
        super().__init__()
        self._app, self._window, self._given = app, window, given
        self._subject: QWidget = window
        self._still = 0
        self._wanted = False
        self._code = 3
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._look)

    def take(self, start: Callable[[], object]) -> int:
        """Start the app and wait; the exit code: 0 when the picture was written."""
        window = self._window
        self._app.setCursorFlashTime(0)
        window.state.see("tour")
        window.bench.splitter.setSizes(PANELS)
        window.resize(*self._given.size)
        window.session.opened.connect(lambda overview: self._timer.start())
        window.session.trouble.connect(self._on_trouble)
        start()
        QTimer.singleShot(_LONGEST_MS, self, self._late)
        self._app.exec()
        return self._code

    def _on_trouble(self, error: object) -> None:
        sys.stderr.write(f"convoke-app: {error}\n")
        self._app.quit()

    def _late(self) -> None:
        sys.stderr.write("convoke-app: the engine did not answer within a minute\n")
        self._app.quit()

    def _look(self) -> None:
        if not self._wanted:
            self._wanted = True
            self._show()
            return
        self._still = self._still + 1 if self._ready() else 0
        if self._still >= _STILL:
            self._timer.stop()
            self._write()

    def _show(self) -> None:
        """Bring what is wanted to the screen."""
        window, given = self._window, self._given
        screen = given.screen or ("canvas" if given.audience else "home")
        if given.audience is not None:
            if given.audience not in window.audiences:
                self._code = 2
                self._on_trouble(f'there is no audience "{given.audience}"')
                return
            window.open_audience(given.audience)
        elif screen != "home" and window.audiences:
            window.open_audience(next(iter(window.audiences)))
        window.show_page(home=screen == "home")
        if screen in window.insights.pages:
            window.insights.show_page(screen)
        if screen in _DIALOGS:
            self._subject = self._dialog(screen)
            self._subject.show()

    def _dialog(self, screen: str) -> QWidget:
        window = self._window
        if screen == "help":
            return HelpDialog(window.words)
        if screen == "preferences" and window.folder is not None:
            return PreferencesDialog(window.folder, window.words)
        if screen == "identity":
            return IdentityDialog(window.session, window.words, window.theme.tokens)
        if screen == "lookalike":
            return LookalikeDialog(window.session, window.words, window.theme.tokens, window.model)
        if screen == "propensity":
            return PropensityDialog(window.session, window.words, window.theme.tokens, window.model)
        if screen == "lineage":
            return LineageDialog(window.session, window.words)
        if screen == "quality":
            return QualityDialog(window.session, window.words, window.theme.tokens)
        if screen == "aside":
            return AsideDialog(window.session, window.words, window.theme.tokens)
        if screen == "activity":
            return ActivityDialog(window.session, window.words)
        return CommandPalette(window.commands.entries(), window.words("commands.hint"), plain)

    def _ready(self) -> bool:
        """Whether nothing is awaited any more."""
        window = self._window
        if window.session.waiting:
            return False
        if window.pages.currentWidget() is window.home:
            return True
        page = window.insights.tabs.currentWidget()
        return bool(getattr(page, "is_complete", True))

    def _write(self) -> None:
        picture = self._subject.grab()
        if picture.save(str(self._given.screenshot)):
            self._code = 0
        else:
            sys.stderr.write(f"convoke-app: {self._given.screenshot} cannot be written\n")
            self._code = 2
        self._window.document.history.clear()
        self._app.quit()

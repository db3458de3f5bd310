"""The composition root: crash hook, theme, worker, session, window; or one picture of it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QObject, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from app.crash import CrashHook
from app.document import Document
from app.i18n import LANGUAGES, Words
from app.main_window import MainWindow
from app.session import Session
from app.tasks import Worker
from app.theme.style import Theme, chosen_scheme
from app.ui_state import UiState
from engine.errors import EngineError
from engine.programs import begin
from engine.settings import Settings, find_workspace, read_settings

SCREENS = (
    "home",
    "canvas",
    "funnel",
    "who",
    "time",
    "overlap",
    "members",
    "help",
    "preferences",
    "commands",
    "activity",
    "identity",
    "lookalike",
    "propensity",
    "quality",
    "aside",
    "lineage",
)


def main() -> int:
    """Open the app on a workspace."""
    begin()
    given = _parser().parse_args()
    try:
        folder = find_workspace(given.workspace)
        settings = read_settings(folder)
    except EngineError as error:
        sys.stderr.write(f"convoke-app: {error}\n")
        return error.exit_code
    settings = replace(settings, language=given.language or settings.language, theme=given.theme or settings.theme)
    if given.screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ["QT_SCALE_FACTOR"] = str(given.scale)
    app = QApplication([sys.argv[0]])
    app.setApplicationName("Convoke")
    CrashHook(Words(settings.language, settings.region)).install()
    shell = Shell(app, folder, settings)
    if given.screenshot is not None:
        from app.screenshot import Camera

        code = Camera(app, shell.window, given).take(shell.start)
        shell.worker.stop()
        return code
    if given.audience is not None:
        shell.open_first(given.audience)
    shell.start()
    code = app.exec()
    shell.worker.stop()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="convoke-app", description="The Convoke desktop app.")
    parser.add_argument("--workspace", type=Path, default=None, help="the workspace folder")
    parser.add_argument("--language", "--lang", choices=LANGUAGES, default=None)
    parser.add_argument("--theme", choices=("light", "dark", "contrast"), default=None)
    parser.add_argument("--screenshot", type=Path, default=None, metavar="OUT.png", help="render one state and exit")
    parser.add_argument("--audience", default=None, metavar="ID", help="the audience to begin with, or in the picture")
    parser.add_argument("--screen", choices=SCREENS, default=None, help="what the picture shows")
    parser.add_argument("--scale", type=float, default=1.0, help="pixels per point in the picture")
    parser.add_argument("--size", type=_dimensions, default=(1440, 900), help="the window in the picture")
    return parser


def _dimensions(text: str) -> tuple[int, int]:
    """Width and height, as in 1440x900."""
    found = re.fullmatch(r"(\d{3,4})x(\d{3,4})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no size: write it as 1440x900')
    return int(found[1]), int(found[2])


class Shell(QObject):
    """Worker, session and document for the life of the app; the window is made anew when its look changes."""

    def __init__(self, app: QApplication, folder: Path, settings: Settings, state: UiState | None = None) -> None:
        super().__init__()
        self._app, self._folder, self._settings = app, folder, settings
        self._state = state or UiState()
        self._translator: QTranslator | None = None
        self.worker = Worker(folder, self)
        self.session = Session(self.worker, self)
        self.document = Document(self)
        self.window = self._make()
        self._old: MainWindow | None = None
        self.worker.started.connect(self.session.open)  # also after the engine was restarted

    def start(self) -> None:
        """Show the window first, then start the engine."""
        self.window.show()
        QTimer.singleShot(0, self.worker.start)

    def open_first(self, identifier: str) -> None:
        """Begin with an audience instead of home."""
        self.window.first = identifier

    def _make(self) -> MainWindow:
        settings = self._settings
        words = Words(settings.language, settings.region)
        self._translate_qt(settings.language)
        theme = Theme(chosen_scheme(settings.theme))
        theme.apply(self._app)
        window = MainWindow(self.session, theme, words, self._folder, self.document, self._state)
        window.look_changed.connect(self._again)
        return window

    def _again(self) -> None:
        """The same document in a new window."""
        self._settings = read_settings(self._folder)
        old = self.window
        geometry, home = old.saveGeometry(), old.pages.currentWidget() is old.home
        old.hide()
        _cut(self.session, self.document)
        self.window = self._make()
        self.window.begins_at_home = home
        self.window.restoreGeometry(geometry)
        self.window.show()
        self._old = old  # held until Qt has deleted it: see window_commands.py
        old.deleteLater()
        self.session.open()

    def _translate_qt(self, language: str) -> None:
        if self._translator is not None:
            self._app.removeTranslator(self._translator)
        translator = QTranslator(self._app)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(f"qtbase_{language}", folder):
            self._app.installTranslator(translator)
            self._translator = translator


def _cut(session: Session, document: Document) -> None:
    """Nothing of the old window hears of the session or the document any more."""
    session.forget()
    for signal in (
        session.opened, session.counting, session.estimated, session.sized, session.failed,
        session.saved, session.trouble, session.engine_state,
        document.opened, document.changed, document.state_changed,
        document.history.canUndoChanged, document.history.canRedoChanged,
        document.history.undoTextChanged, document.history.redoTextChanged,
    ):  # fmt: skip
        try:
            signal.disconnect()
        except RuntimeError:  # nothing was connected
            continue


if __name__ == "__main__":
    sys.exit(main())

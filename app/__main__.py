"""The composition root: crash hook, theme, worker, session, window."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from app.i18n import LANGUAGES, Words
from app.main_window import MainWindow
from app.session import Session
from app.tasks import Worker
from app.theme.style import Theme, prefers_dark
from engine.errors import EngineError
from engine.settings import find_workspace, read_settings


def main() -> int:
    """Open the app on a workspace."""
    parser = argparse.ArgumentParser(prog="convoke-app", description="The Convoke desktop app.")
    parser.add_argument("--workspace", type=Path, default=None, help="the workspace folder")
    parser.add_argument("--language", choices=LANGUAGES, default=None)
    parser.add_argument("--dark", action="store_true", help="start in the dark scheme")
    given = parser.parse_args()
    try:
        folder = find_workspace(given.workspace)
        language = given.language or read_settings(folder).language
    except EngineError as error:
        sys.stderr.write(f"convoke-app: {error}\n")
        return error.exit_code
    app = QApplication([sys.argv[0]])
    app.setApplicationName("Convoke")
    _translate_qt(app, language)
    theme = Theme(dark=given.dark or prefers_dark())
    window, worker = make_window(app, folder, theme, Words(language))
    window.show()
    QTimer.singleShot(0, worker.start)
    code = app.exec()
    worker.stop()
    return code


def make_window(app: QApplication, folder: Path, theme: Theme, words: Words) -> tuple[MainWindow, Worker]:
    """The window with everything behind it; the worker is not started yet."""
    theme.apply(app)
    worker = Worker(folder)
    session = Session(worker)
    window = MainWindow(session, theme, words)
    session.setParent(window)
    worker.setParent(window)
    worker.started.connect(session.open)
    return window, worker


def _translate_qt(app: QApplication, language: str) -> None:
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{language}", folder):
        app.installTranslator(translator)


if __name__ == "__main__":
    sys.exit(main())

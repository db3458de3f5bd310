"""When the app meets a case it did not expect: a dialog with a report one can copy, without anything of the data."""

from __future__ import annotations

import platform
import sys
import traceback
from types import TracebackType

from PySide6 import __version__ as pyside_version
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout

from app.i18n import Words
from app.widgets.parts import label


def report(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Where it happened: kinds, files of our own and line numbers. The error's message is left out, for it may quote
    the data."""
    lines = [f"{kind.__name__}", f"Python {platform.python_version()}, PySide {pyside_version}, {platform.system()}"]
    for frame in traceback.extract_tb(trace):
        parts = frame.filename.replace("\\", "/").split("/")
        lines.append(f"  {'/'.join(parts[-3:])}:{frame.lineno} {frame.name}")
    return "\n".join(lines)


class CrashDialog(QDialog):
    """Says that nothing was lost, and shows the report."""

    def __init__(self, text: str, words: Words) -> None:
        super().__init__()
        self.setWindowTitle(words("crash.title"))
        self.resize(560, 360)
        layout = QVBoxLayout(self)
        layout.addWidget(label(words("crash.text"), "muted", wrap=True))
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setAccessibleName(words("crash.report"))
        layout.addWidget(shown, 1)
        buttons = QDialogButtonBox()
        copy = buttons.addButton(words("crash.copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(text))
        close = buttons.addButton(words("close"), QDialogButtonBox.ButtonRole.AcceptRole)
        close.clicked.connect(self.accept)
        layout.addWidget(buttons)


class CrashHook:
    """Takes the place of ``sys.excepthook``; one dialog at a time."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._open = False

    def install(self) -> None:
        """From now on unhandled errors come here."""
        sys.excepthook = self

    def __call__(self, kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.exit(130)
        text = report(kind, trace)
        sys.stderr.write(text + "\n")
        if self._open or QApplication.instance() is None:
            return
        self._open = True
        CrashDialog(text, self._words).exec()
        self._open = False

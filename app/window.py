"""What the window has, for those that work on it: its commands."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QStackedWidget

from app.audiences.home import Home
from app.canvas.canvas import Canvas
from app.document import Document
from app.drafts import Drafts
from app.i18n import Words
from app.session import Session
from app.theme.style import Theme
from app.ui_state import UiState
from app.workbench import Workbench
from engine.domain.audience import Audience
from engine.domain.model import DataModel


class AppWindow(QMainWindow):
    """The parts of the main window.

    Signals:
        look_changed: language, region or colours are others now; the window must be made anew.
    """

    look_changed = Signal()

    session: Session
    theme: Theme
    words: Words
    folder: Path | None
    document: Document
    state: UiState
    drafts: Drafts | None
    model: DataModel | None
    warehouse: str | None
    audiences: dict[str, tuple[Audience, int]]
    lists: dict[str, int]
    actions_by_key: dict[str, QAction]
    home: Home
    bench: Workbench
    pages: QStackedWidget

    @property
    def canvas(self) -> Canvas | None:
        """The canvas, once there is a data model."""
        return self.bench.canvas

    def show_page(self, *, home: bool) -> None:
        """Home, or the open audience."""
        raise NotImplementedError

    def ask_alerts(self) -> None:
        """How many alerts nobody has looked at."""
        raise NotImplementedError

    def save(self) -> None:
        """Save the audience."""
        raise NotImplementedError

    def new(self, rule: object = None, name: str = "") -> None:
        """Begin an audience: of everyone, or with a rule."""
        raise NotImplementedError

    def template_menu(self) -> QMenu:
        """An empty audience, or one of what suits the model."""
        raise NotImplementedError

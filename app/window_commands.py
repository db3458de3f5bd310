"""What the window's commands do: dialogs, the command palette, the tour, and drafts that were never saved.

Dialogs have no parent and are not told to delete themselves: they go with their last reference in Python. One that Qt
deletes later, when Python has already let go of it, is still asked things in between, and then the app ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMessageBox

from app.audiences.delivery import DeliveryDialog
from app.audiences.schedule import ScheduleDialog, zones_of
from app.audiences.versions import CompareDialog, HistoryDialog
from app.canvas.adding import SPECIAL, sections
from app.destinations.dialog import DestinationsDialog
from app.identity.dialog import IdentityDialog
from app.ingest.dialog import LoadDialog
from app.lineage.dialog import LineageDialog
from app.lookalike.dialog import LookalikeDialog
from app.lookalike.propensities import PropensityDialog
from app.mime import Item
from app.preferences.dialog import PreferencesDialog
from app.preferences.help import HelpDialog
from app.preferences.wizard import ConnectWizard
from app.quality.dialog import QualityDialog
from app.runs.activity import ActivityDialog
from app.widgets.command_palette import CommandPalette, Entry
from app.widgets.searching import plain
from app.widgets.tour import Tour
from app.window import AppWindow
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.describe import Describer
from engine.settings import THEMES, read_settings, write_settings


class WindowCommands(QObject):
    """The commands of one window."""

    def __init__(self, window: AppWindow) -> None:
        super().__init__(window)
        self._window = window
        actions, document = window.actions_by_key, window.document
        calls: dict[str, Callable[[], object]] = {
            "home": lambda: window.show_page(home=True),
            "new": lambda: window.template_menu().exec(window.mapToGlobal(QPoint(60, 50))),
            "save": window.save,
            "undo": document.history.undo,
            "redo": document.history.redo,
            "add": self.add,
            "history": self.history,
            "delivery": self.delivery,
            "refresh": self.refresh,
            "destinations": self.destinations,
            "activity": self.activity,
            "identity": lambda: IdentityDialog(window.session, window.words, window.theme.tokens).exec(),
            "ingest": lambda: LoadDialog(window.session, window.words).exec(),
            "quality": lambda: QualityDialog(window.session, window.words, window.theme.tokens).exec(),
            "lookalike": lambda: _lookalike(window),
            "propensity": lambda: _propensity(window),
            "lineage": lambda: LineageDialog(window.session, window.words).exec(),
            "commands": self.palette,
            "find": self.find,
            "recount": window.bench.ask,
            "connect": self.connect_warehouse,
            "preferences": self.preferences,
            "theme": self.next_theme,
            "help": self.help,
        }
        for key, call in calls.items():
            actions[key].triggered.connect(lambda _=False, do=call: do())
        for key, able in (("undo", document.history.canUndoChanged), ("redo", document.history.canRedoChanged)):
            able.connect(actions[key].setEnabled)
        for key, said in (("undo", document.history.undoTextChanged), ("redo", document.history.redoTextChanged)):
            said.connect(partial(self._say_step, key))
        actions["undo"].setEnabled(document.history.canUndo())
        actions["redo"].setEnabled(document.history.canRedo())

    def _say_step(self, key: str, text: str) -> None:
        """What undo or redo would do, as its tip."""
        action = self._window.actions_by_key[key]
        shortcut = action.shortcut().toString()
        shown = self._window.words(key)
        action.setToolTip(f"{shown}: {text} ({shortcut})" if text else f"{shown} ({shortcut})")

    def _describer(self) -> Describer:
        return Describer(self._window.words.of_rules, self._window.model)

    # -- dialogs ---------------------------------------------------------------------------------------------------

    def history(self) -> None:
        """The versions of the open audience."""
        window = self._window
        if window.document.version == 0:
            window.statusBar().showMessage(window.words("history.none"))
            return
        dialog = HistoryDialog(window.document.audience, window.session, window.words, self._describer())
        dialog.restored.connect(self._restore)
        dialog.exec()

    def _restore(self, audience: Audience) -> None:
        window = self._window
        kept = replace(audience, id=window.document.audience.id)
        window.document.edit(kept, window.words("edit.restore"))

    def compare(self, first: str, second: str) -> None:
        """Two audiences side by side."""
        window = self._window
        one, other = window.audiences[first][0], window.audiences[second][0]
        CompareDialog(one, other, window.session, window.words, self._describer()).exec()

    def delivery(self) -> None:
        """Where the open audience goes."""
        window = self._window
        if window.model is not None:
            audience = window.document.audience
            dialog = DeliveryDialog(audience, window.model, window.lists, window.session, window.words)
            dialog.decided.connect(lambda chosen: window.document.edit(chosen, window.words("edit.delivery")))
            dialog.destinations_wanted.connect(self.destinations)
            dialog.destinations_wanted.connect(dialog.ask_places)
            dialog.exec()

    def refresh(self) -> None:
        """How often the open audience is refreshed."""
        window = self._window
        if window.model is not None:
            dialog = ScheduleDialog(window.document.audience, zones_of(window.model.sites), window.words)
            dialog.decided.connect(lambda chosen: window.document.edit(chosen, window.words("edit.refresh")))
            dialog.exec()

    def destinations(self) -> None:
        """Every destination."""
        window = self._window
        if window.model is not None:
            DestinationsDialog(window.model, window.session, window.words).exec()

    def activity(self) -> None:
        """What happened, and what needs a look; looked at, the bell is quiet."""
        window = self._window
        ActivityDialog(window.session, window.words).exec()
        window.ask_alerts()

    def preferences(self) -> None:
        """The workspace's settings; the window is made anew with them."""
        folder = self._window.folder
        if folder is not None and PreferencesDialog(folder, self._window.words).exec():
            self._window.look_changed.emit()

    def next_theme(self) -> None:
        """Light, dark, high contrast, as the system has it."""
        folder = self._window.folder
        if folder is None:
            return
        settings = read_settings(folder)
        theme = THEMES[(THEMES.index(settings.theme) + 1) % len(THEMES)]
        write_settings(folder, replace(settings, theme=theme))
        self._window.look_changed.emit()

    def connect_warehouse(self) -> None:
        """Connect a warehouse."""
        window = self._window
        wizard = ConnectWizard(window.session, window.words)
        wizard.exec()
        if wizard.applied:
            window.session.open()
        elif wizard.connected and window.warehouse is not None:  # given up: back to the data the model is about
            window.session.call("connect", lambda found: window.session.open(), url=window.warehouse)

    def help(self) -> None:
        """Pages of help."""
        HelpDialog(self._window.words).exec()

    # -- by name ---------------------------------------------------------------------------------------------------

    def palette(self) -> None:
        """Everything by name."""
        window = self._window
        dialog = CommandPalette(self.entries(), window.words("commands.hint"), plain)
        dialog.move(window.mapToGlobal(QPoint((window.width() - dialog.width()) // 2, 70)))
        dialog.exec()

    def entries(self) -> list[Entry]:
        """Commands, audiences to open, and everything that can be added."""
        window, words = self._window, self._window.words
        found = [
            Entry(action.text(), action.shortcut().toString(), action.trigger, action.icon())
            for action in window.actions_by_key.values()
        ]
        icon = window.theme.icon("users", window.theme.tokens.muted)
        for identifier, (audience, _) in window.audiences.items():
            text = audience.name or identifier
            found.append(Entry(text, words("commands.open"), partial(window.home.opened.emit, identifier), icon))
        canvas = window.canvas
        if canvas is not None:
            for title, kind, names in sections(canvas.context):
                for name, shown in names.items():
                    item = Item(kind, name)
                    about = f"{words('commands.add')} · {words(title)}"
                    found.append(Entry(shown, about, partial(canvas.add, item)))
            about = words("commands.add")
            found += [Entry(words(one), about, partial(canvas.add, Item(one, one))) for one in SPECIAL]
        return found

    def add(self) -> None:
        """Everything that can be added, as a menu at the card that has the focus."""
        canvas = self._window.canvas
        if canvas is not None:
            canvas.open_add_menu()

    def find(self) -> None:
        """Search: in the palette, at home in the list."""
        window = self._window
        at_home = window.pages.currentWidget() is window.home
        field = window.home.search if at_home else window.bench.palette_panel.search
        field.setFocus()
        field.selectAll()

    # -- at the start ----------------------------------------------------------------------------------------------

    def recover(self) -> bool:
        """Offer work that was never saved; whether it was taken up."""
        window, words = self._window, self._window.words
        found = window.drafts.found() if window.drafts is not None else []
        if not found:
            return False
        draft = found[0]
        name = draft.audience.name or words("new.name")
        question = words("draft.ask", name, words.moment(draft.kept_at.astimezone()))
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(window, words("app.title"), question, buttons.Yes | buttons.Discard)
        if answer == buttons.Discard and window.drafts is not None:
            window.drafts.forget(draft.audience.id)
            return False
        saved = window.audiences.get(draft.audience.id)
        window.document.open(saved[0] if saved else Audience("", ""), saved[1] if saved else 0)
        window.document.edit(draft.audience, words("edit.recover"))
        if window.drafts is not None:
            window.drafts.keep()  # at once: opening let go of the file
        window.show_page(home=False)
        return True

    def tour(self) -> None:
        """Four steps for someone new, until dismissed."""
        window, words = self._window, self._window.words
        if window.state.seen("tour"):
            return
        steps = [words(f"tour.{number}") for number in range(1, 5)]
        tour = Tour(steps, words("tour.next"), words("tour.skip"), words("tour.done"), window)
        tour.dismissed.connect(lambda: window.state.see("tour"))
        tour.show()


def _lookalike(window: AppWindow) -> None:
    """People like those of an audience or a list; a rule that a model was said as goes on the canvas."""

    def put(rule: object, name: str) -> None:
        read = read_audience({"kind": "audience", "id": "rule", "rule": rule})
        window.new(read.rule, name)

    dialog = LookalikeDialog(window.session, window.words, window.theme.tokens, window.model)
    dialog.saved.connect(lambda _: window.session.open())
    dialog.rule_wanted.connect(put)
    dialog.rule_wanted.connect(dialog.accept)
    dialog.exec()


def _propensity(window: AppWindow) -> None:
    """Who is likely to do something; the traits that come of it are offered at once."""
    dialog = PropensityDialog(window.session, window.words, window.theme.tokens, window.model)
    dialog.used.connect(lambda _: window.session.open())
    dialog.exec()

"""A leaf of the rule as a card with its editor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QWidget

from app.canvas.broken import BrokenRow
from app.canvas.card import path_inside
from app.canvas.card_drops import DropTarget
from app.canvas.context import CanvasContext
from app.canvas.event_editor import EventEditor
from app.canvas.operator_editor import OperatorEditor
from app.canvas.other_editors import other_editor
from app.canvas.ribbon import RibbonStrip, has_ribbon
from app.canvas.sequence_editor import SequenceEditor
from app.widgets.parts import clear, column, label, restyle, row
from engine.domain.edit import Place
from engine.domain.operators import Operator
from engine.domain.rule import Did, Has, InAudience, InList, Node, Not, Sample, Sequence, Sql, TraitIs
from engine.domain.values import ValueType
from engine.errors import EngineError

ICONS: dict[type, str] = {
    TraitIs: "user",
    Did: "zap",
    Has: "credit-card",
    Sequence: "route",
    InAudience: "users",
    InList: "list",
    Sample: "shuffle",
    Sql: "code",
}


class ConditionCard(DropTarget):
    """Title, editor, count and menu of one condition. Something dropped on its middle makes a group of the two."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(node, place, path, context)
        self.setProperty("card", "condition")
        self._layout = column(self, (12, 9, 8, 9), spacing=6)
        self._editor: QWidget | None = None
        self._broken: BrokenRow | None = None
        self._ribbon: RibbonStrip | None = None
        self._shown_in = False
        self._problem: str | None = None
        self._build()

    def set_node(self, node: Node, place: Place, path: str) -> None:
        """Show another node; rebuilt only when it is not what the card already shows."""
        same = (node is self.node or node == self.node) and self._said() == self._problem
        if same and place == self.place and path == self.path and self._shown_in == self.excluded:
            return
        alike = same or (_bare(node) == _bare(self.node) and self._said() == self._problem)
        self.place, self.path, self.node = place, path, node
        if not alike:
            self._build()
        self.setAccessibleName(self.context.describer.clause(node))
        self.show_marks()

    def show_marks(self) -> None:
        super().show_marks()
        self._shown_in = self.excluded
        if self._editor is not None:
            self._editor.setEnabled(not self.locked)

    # -- building --------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        kept = (self.badge, self.count, self.bar, self.menu_button, self.lock_mark)
        for widget in kept:
            widget.setParent(None)
        clear(self._layout)
        self._ribbon = self._broken = None
        theme = self.context.theme
        icon = label("", "word")
        icon.setPixmap(theme.icon(ICONS.get(type(self.inner), "hash"), theme.tokens.muted).pixmap(18, 18))
        title = label(self._title(), "title")
        self._editor = self._make_editor()
        side = QWidget()
        numbers = column(side, spacing=3)
        numbers.addWidget(self.count)
        numbers.addWidget(self.bar)
        inline = isinstance(self.inner, TraitIs | Sample | InList)
        ends = (self.lock_mark, side, self.menu_button)
        self._layout.addLayout(
            row(icon, self.badge, title, self._editor, None, *ends)
            if inline
            else row(icon, self.badge, title, None, *ends)
        )
        if not inline and self._editor is not None:
            self._layout.addWidget(self._editor)
        self._show_problem()
        self.setAccessibleName(self.context.describer.clause(self.node))
        self.menu_button.setAccessibleName(f"{self._title()}: {self.context.words('menu')}")
        self.show_marks()

    def _title(self) -> str:
        node, model, words = self.inner, self.context.model, self.context.words
        match node:
            case TraitIs(trait) if trait in model.profile.traits:
                return self.context.field_label(model.profile.traits[trait])
            case Did(event) if event in model.events:
                return self.context.source_label(model.events[event])
            case Has(name) if name in model.objects:
                return self.context.source_label(model.objects[name])
            case TraitIs(name) | Did(name) | Has(name):
                return name
            case InAudience():
                return words("audience")
            case InList():
                return words("list")
            case Sample():
                return words("sample")
            case Sql():
                return "SQL"
            case Not():  # a `not` within a `not`, which only a text has: told as a sentence
                return words("not")
            case _:
                return words("sequence")

    def _make_editor(self) -> QWidget | None:
        node, context = self.inner, self.context
        match node:
            case TraitIs(trait) if trait in context.model.profile.traits:
                return self._trait_editor(node)
            case Did(event) if event in context.model.events:
                return self._tell(EventEditor(node, context.model.events[event], context))
            case Has(name) if name in context.model.objects:
                return self._tell(EventEditor(node, context.model.objects[name], context))
            case Sequence():
                return self._tell(SequenceEditor(node, context))
        editor = other_editor(node, context)
        if editor is None:
            return label(context.describer.clause(node), "muted", wrap=True)
        editor.replaced.connect(lambda rule: context.replace(self.inner_place, rule))
        return self._tell(editor)

    def _tell(self, editor: Any) -> QWidget:
        editor.changed.connect(self.put_inner)
        made: QWidget = editor
        return made

    def _trait_editor(self, node: TraitIs) -> OperatorEditor:
        found = self.context.model.profile.traits[node.trait]
        currency = self.context.currency(found)
        editor = OperatorEditor(found.type, node.operator, self.context.words, self._title(), currency)
        editor.changed.connect(self._on_operator)
        if found.type is ValueType.STRING:
            self.context.values(found.name, None, editor)
            editor.wants_values.connect(lambda: self.context.values(found.name, None, editor))
        return editor

    def _on_operator(self, operator: Operator) -> None:
        if isinstance(self.inner, TraitIs):
            self.put_inner(replace(self.inner, operator=operator))

    def show_ribbon(self, wanted: bool) -> None:
        """Show the ribbon of thresholds while the card is looked at, where it has one; its sizes are asked anew."""
        if wanted and not self.locked and has_ribbon(self.inner, self.context) and isinstance(self.inner, TraitIs):
            if self._ribbon is None:
                self._ribbon = RibbonStrip(self.context)
                self._ribbon.changed.connect(self._on_ribbon)
                self._layout.addWidget(self._ribbon)
            self._ribbon.ask(self.inner, path_inside(self))
        elif self._ribbon is not None:
            self._layout.removeWidget(self._ribbon)
            self._ribbon.hide()
            self._ribbon.deleteLater()
            self._ribbon = None

    def show_stale(self) -> None:
        super().show_stale()
        if self._ribbon is not None:
            self._ribbon.show_stale()

    def _on_ribbon(self, node: TraitIs) -> None:
        """The threshold that was chosen; the editor shows it too, and the ribbon keeps the focus."""
        self.put_inner(node)
        if isinstance(self._editor, OperatorEditor):
            self._editor.show_operator(node.operator)

    # -- what is wrong ---------------------------------------------------------------------------------------------

    def _found_problem(self) -> EngineError | None:
        mine = path_inside(self)
        for path, error in self.context.problems.items():
            if path == mine or path.startswith((f"{mine}.", f"{mine}[")):
                return error
        return None

    def _said(self) -> str | None:
        problem = self._found_problem()
        return None if problem is None else str(problem)

    def _show_problem(self, said: EngineError | None = None) -> None:
        """A card whose field is gone or changed says so and offers a way out; it is never dropped."""
        problem = self._found_problem() or said
        self._problem = self._said()
        if self._broken is not None:
            self._layout.removeWidget(self._broken)
            self._broken.deleteLater()
            self._broken = None
        restyle(self, "broken", problem is not None)
        if problem is not None:
            self._broken = BrokenRow(problem, self.inner, self.context)
            self._broken.fixed.connect(lambda node: self.context.replace(self.inner_place, node))
            self._broken.removed.connect(self.remove)
            self._layout.addWidget(self._broken)

    def show_error(self, error: EngineError | None) -> None:
        """An error of the engine about this very condition."""
        path = path_inside(self)
        mine = (
            error is not None and error.path is not None and (error.path == path or error.path.startswith(f"{path}."))
        )
        if mine or self._broken is not None:
            self._show_problem(error if mine else None)


def _bare(node: Node) -> Node:
    """What the editor of a node shows: the condition without its `not`, its note and whether it is muted."""
    inner = node.child if isinstance(node, Not) else node
    return replace(inner, muted=False, note=None)

"""A leaf of the rule as a card with its editor."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from app.canvas.card import Card
from app.canvas.context import CanvasContext
from app.canvas.event_editor import EventEditor
from app.canvas.operator_editor import OperatorEditor
from app.widgets.parts import clear, column, label, row
from engine.domain.edit import Place
from engine.domain.operators import Operator
from engine.domain.rule import Did, Has, InAudience, InList, Node, Sample, Sequence, Sql, TraitIs

_ICONS = {TraitIs: "user", Did: "zap", Has: "credit-card", Sequence: "list-filter", InAudience: "users"}


class ConditionCard(Card):
    """Title, editor, count and menu of one condition."""

    def __init__(self, node: Node, place: Place, path: str, context: CanvasContext) -> None:
        super().__init__(node, place, path, context)
        self.setProperty("card", "condition")
        self._layout = column(self, (12, 9, 8, 9), spacing=6)
        self._editor: QWidget | None = None
        self._build()

    def set_node(self, node: Node, place: Place, path: str) -> None:
        """Show another node; rebuilt only when it is not what the card already shows."""
        same = node == self.node
        self.place, self.path, self.node = place, path, node
        if not same:
            self._build()
        self.show_marks()

    def _build(self) -> None:
        kept = (self.badge, self.count, self.bar, self.menu_button)
        for widget in kept:
            widget.setParent(None)
        clear(self._layout)
        icon = label("", "word")
        icon.setPixmap(
            self.context.theme.icon(_ICONS.get(type(self.inner), "hash"), self.context.theme.tokens.muted).pixmap(
                18, 18
            )
        )
        title = label(self._title(), "title")
        self._editor = self._make_editor()
        side = QWidget()
        numbers = column(side, spacing=3)
        numbers.addWidget(self.count)
        numbers.addWidget(self.bar)
        inline = isinstance(self.inner, TraitIs)
        head = row(
            icon,
            self.badge,
            title,
            self._editor if inline else None,
            *((None,) if inline else ()),
            side,
            self.menu_button,
        )
        self._layout.addLayout(head)
        if not inline and self._editor is not None:
            self._layout.addWidget(self._editor)
        self.setAccessibleName(self.context.describer.clause(self.node))
        self.menu_button.setAccessibleName(f"{self._title()}: {self.context.words('menu')}")
        self.show_marks()

    def _title(self) -> str:
        node, model = self.inner, self.context.model
        match node:
            case TraitIs(trait) if trait in model.profile.traits:
                return self.context.field_label(model.profile.traits[trait])
            case Did(event) if event in model.events:
                return self.context.source_label(model.events[event])
            case Has(name) if name in model.objects:
                return self.context.source_label(model.objects[name])
            case TraitIs(name) | Did(name) | Has(name) | InAudience(name) | InList(name):
                return name
            case Sample():
                return self.context.describer.clause(node)
            case Sql():
                return "SQL"
            case _:
                return " → ".join(step.event for step in node.steps) if isinstance(node, Sequence) else ""

    def _make_editor(self) -> QWidget:
        node = self.inner
        if isinstance(node, TraitIs) and node.trait in self.context.model.profile.traits:
            return self._trait_editor(node)
        if isinstance(node, Did | Has):
            editor = EventEditor(node, self.context)
            editor.changed.connect(self._on_event)
            return editor
        return label(self.context.describer.clause(node), "muted", wrap=True)

    def _trait_editor(self, node: TraitIs) -> OperatorEditor:
        found = self.context.model.profile.traits[node.trait]
        editor = OperatorEditor(found.type, node.operator, self.context.words, self._title())
        editor.changed.connect(self._on_operator)

        def ask() -> None:
            self.context.session.values(
                found.name, None, lambda values: editor.suggest([str(v["value"]) for v in values])
            )

        editor.wants_values.connect(ask)
        ask()
        return editor

    def _on_operator(self, operator: Operator) -> None:
        assert isinstance(self.inner, TraitIs)  # noqa: S101 — only trait cards have this editor
        self.put_inner(replace(self.inner, operator=operator))

    def _on_event(self, node: Did | Has) -> None:
        """Quick edits keep the editor (and the cursor in it); another set of details needs other widgets."""
        before = self.inner
        if isinstance(before, Did | Has) and before.where != node.where and _details(before) != _details(node):
            self.context.replace(self.inner_place, node)
        else:
            self.put_inner(node)


def _details(node: Did | Has) -> int:
    children = getattr(node.where, "children", ())
    return len(children)

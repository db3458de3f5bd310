"""What is wrong with a condition, and the way out: another field in place of one that is gone, a fresh value in place
of one that no longer fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from app.canvas.context import CanvasContext
from app.widgets.chooser import Chooser
from app.widgets.parts import button, column, label, row
from engine.domain.operators import IsSet
from engine.domain.rule import Did, Has, InAudience, InList, Node, TraitIs
from engine.errors import EngineError


class BrokenRow(QFrame):
    """A sentence and what can be done.

    Signals:
        fixed: the condition put right.
        removed: the condition shall go.
    """

    fixed = Signal(object)
    removed = Signal()

    def __init__(self, error: EngineError, node: Node, context: CanvasContext) -> None:
        super().__init__()
        self.setProperty("broken", True)
        words = context.words
        layout = column(self, (8, 5, 8, 5), spacing=4)
        hint = f". {words.sentence(error.hint)}" if error.hint else ""
        sentence = f"{words.sentence(error.message)}{hint}"
        text = label(sentence, "error", wrap=True)
        layout.addWidget(text)
        ways = row(spacing=6)
        known = replacements(node, context) if error.code == "unknown_name" else {}
        if known:
            which = Chooser(known, None, words("broken.replace"), words("broken.replace"))
            which.chosen.connect(lambda name: self.fixed.emit(renamed(node, name)))
            ways.addWidget(which)
        if error.code == "operand" and isinstance(node, TraitIs):
            reset = button(words("broken.reset"), icon=context.theme.icon("rotate-ccw"))
            reset.clicked.connect(lambda: self.fixed.emit(replace(node, operator=IsSet(True))))
            ways.addWidget(reset)
        gone = button(words("menu.remove"), icon=context.theme.icon("trash-2"))
        gone.clicked.connect(self.removed)
        ways.addWidget(gone)
        ways.addStretch(1)
        layout.addLayout(ways)


def replacements(node: Node, context: CanvasContext) -> Mapping[str, str]:
    """What could stand in place of the field a condition names, by name."""
    model = context.model
    match node:
        case TraitIs():
            return {n: context.field_label(f) for n, f in model.profile.traits.items()}
        case Did(event) if event not in model.events:
            return {n: context.source_label(e) for n, e in model.events.items()}
        case Has(name) if name not in model.objects:
            return {n: context.source_label(o) for n, o in model.objects.items()}
        case InAudience():
            return {i: a.name or i for i, (a, _) in context.audiences.items()}
        case InList():
            return {i: i for i in context.lists}
        case _:
            return {}


def renamed(node: Node, name: str) -> Node:
    """The condition over another field; what it asks of it stays."""
    match node:
        case TraitIs():
            return replace(node, trait=name)
        case Did():
            return replace(node, event=name)
        case Has():
            return replace(node, object=name)
        case InAudience():
            return replace(node, audience=name, version=None)
        case InList():
            return replace(node, list=name)
        case _:
            return node

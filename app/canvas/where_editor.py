"""Which properties an event must have: rows and groups of rows, nested as one likes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.canvas.context import CanvasContext
from app.canvas.operator_editor import OperatorEditor
from app.widgets.parts import clear, column, combo, flat_button, label, row
from engine.domain.model import EventType, ObjectType
from engine.domain.operators import Compare, IsSet, Operator
from engine.domain.rule import PropertyIs, Where, WhereAll, WhereAny, WhereNot
from engine.domain.values import ValueType

_KINDS = ("all", "any", "none")


def as_group(where: Where | None) -> tuple[str, tuple[Where, ...]]:
    """A where tree as a kind of group and its children; `not any` is none."""
    match where:
        case None:
            return "all", ()
        case WhereAll(children):
            return "all", children
        case WhereAny(children):
            return "any", children
        case WhereNot(WhereAny(children)):
            return "none", children
        case WhereNot(child):
            return "none", (child,)
        case _:
            return "all", (where,)


def from_group(kind: str, children: tuple[Where, ...]) -> Where:
    """The where tree of a kind of group."""
    if kind == "all":
        return WhereAll(children)
    return WhereAny(children) if kind == "any" else WhereNot(WhereAny(children))


class WhereEditor(QFrame):
    """One group of property conditions.

    Signals:
        changed: the new where tree (None when nothing is left of the outermost group).
    """

    changed = Signal(object)

    def __init__(
        self,
        where: Where | None,
        source: EventType | ObjectType,
        context: CanvasContext,
        name: str,
        *,
        inner: bool = False,
    ) -> None:
        super().__init__()
        self._context, self._source, self._name, self._inner = context, source, name, inner
        self.setProperty("where", inner)
        self._kind, self._children = as_group(where)
        self._column: QVBoxLayout = column(self, (10, 4, 4, 4) if inner else (0, 0, 0, 0), spacing=4)
        self._build()

    def _tell(self) -> None:
        nothing = not self._children and not self._inner
        self.changed.emit(None if nothing else from_group(self._kind, self._children))

    def _put(self, children: tuple[Where, ...]) -> None:
        """Other rows: the widgets are made anew."""
        self._children = children
        self._build()
        self._tell()

    # -- rows ------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        clear(self._column)
        words = self._context.words
        if len(self._children) > 1 or self._inner or self._kind != "all":
            kinds = combo(
                ((k, words(f"where.{k}")) for k in _KINDS), self._kind, f"{self._name}: {words('group.name')}"
            )
            kinds.activated.connect(lambda: self._on_kind(str(kinds.currentData())))
            self._column.addLayout(row(kinds, None))
        for index, child in enumerate(self._children):
            if isinstance(child, PropertyIs):
                self._column.addLayout(self._row(index, child))
            else:
                self._column.addWidget(self._group(index, child))
        if self._source.properties:
            self._column.addLayout(row(self._adder(), None))

    def _on_kind(self, kind: str) -> None:
        self._kind = kind
        self._tell()

    def _row(self, index: int, condition: PropertyIs) -> QHBoxLayout:
        words = self._context.words
        found = self._source.properties.get(condition.property)
        remove = flat_button(self._context.theme.icon("x"), words("where.remove"))
        remove.clicked.connect(lambda: self._put(self._children[:index] + self._children[index + 1 :]))
        if found is None:
            return row(label(words("broken.property", condition.property), "error"), remove, None, spacing=6)
        shown = self._context.field_label(found)
        currency = self._context.currency(found)
        editor = OperatorEditor(found.type, condition.operator, words, f"{self._name}, {shown}", currency)
        editor.changed.connect(lambda operator: self._on_operator(index, operator))
        self._suggest(editor, condition.property)
        return row(label(shown, "count"), editor, remove, None, spacing=6)

    def _suggest(self, editor: OperatorEditor, name: str) -> None:
        if editor.kind is ValueType.STRING:
            self._context.values(name, self._source.name, editor)

    def _group(self, index: int, child: Where) -> QWidget:
        inner = WhereEditor(child, self._source, self._context, self._name, inner=True)
        inner.changed.connect(lambda where: self._on_group(index, where))
        remove = flat_button(self._context.theme.icon("x"), self._context.words("where.remove"))
        remove.clicked.connect(lambda: self._put(self._children[:index] + self._children[index + 1 :]))
        holder = QWidget()
        inside = row(inner, remove, None, spacing=4)
        holder.setLayout(inside)
        return holder

    def _on_operator(self, index: int, operator: Operator) -> None:
        children = list(self._children)
        before = children[index]
        if isinstance(before, PropertyIs):
            children[index] = replace(before, operator=operator)
        self._children = tuple(children)
        self._tell()

    def _on_group(self, index: int, where: Where) -> None:
        children = list(self._children)
        children[index] = where
        self._children = tuple(children)
        self._tell()

    # -- adding ----------------------------------------------------------------------------------------------------

    def _adder(self) -> QWidget:
        words = self._context.words
        items: list[tuple[object, str]] = [(None, words("where.add"))]
        items += [(p.name, self._context.field_label(p)) for p in self._source.properties.values()]
        items.append(("", words("where.group")))
        more = combo(items, None, f"{self._name}: {words('where.add')}")
        more.activated.connect(lambda index: self._add(more.itemData(index)))
        return more

    def _add(self, name: str | None) -> None:
        if name is None:
            return
        if name == "":
            self._put((*self._children, WhereAny(())))
            return
        boolean = self._source.properties[name].type is ValueType.BOOLEAN
        operator: Operator = Compare("eq", True) if boolean else IsSet(True)
        self._put((*self._children, PropertyIs(name, operator)))

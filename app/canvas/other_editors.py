"""Editors of the conditions that are not about traits or events: another audience, a list, a sample, SQL."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QLineEdit, QPlainTextEdit, QWidget

from app.canvas.context import CanvasContext
from app.widgets.chooser import Chooser
from app.widgets.parts import button, column, combo, flat_button, label, row
from engine.domain.rule import InAudience, InList, Node, Sample, Sql

_SETTLED_MS = 500


class NodeEditor(QWidget):
    """What these editors share.

    Signals:
        changed: the new condition.
        replaced: another node altogether (an audience's rule in place of the reference).
    """

    changed = Signal(object)
    replaced = Signal(object)


class AudienceEditor(NodeEditor):
    """Refer to another audience, stay with one of its versions, or copy its rule in."""

    def __init__(self, node: InAudience, context: CanvasContext) -> None:
        super().__init__()
        self.node, self._context = node, context
        words = context.words
        names = {i: a.name or i for i, (a, _) in context.audiences.items()}
        self._which = Chooser(names, node.audience, words("section.audiences"), words("chooser.hint"))
        self._which.chosen.connect(lambda identifier: self._tell(InAudience(identifier)))
        self._version = combo((), None, words("audience.version"))
        self._version.activated.connect(lambda: self._tell(replace(self.node, version=self._version.currentData())))
        copy = flat_button(context.theme.icon("copy"), words("audience.copy"))
        for field in (self._which, self._version):
            field.setMaximumWidth(210)
        copy.clicked.connect(self._on_copy)
        column(self).addLayout(row(self._which, self._version, copy, None, spacing=6))
        self._show_versions()

    def _tell(self, node: InAudience) -> None:
        self.node = node
        self._show_versions()
        self.changed.emit(node)

    def _show_versions(self) -> None:
        words = self._context.words
        self._version.clear()
        self._version.addItem(words("audience.current"), None)
        newest = self._context.audiences[self.node.audience][1] if self.node.audience in self._context.audiences else 0
        for version in range(newest, 0, -1):
            self._version.addItem(words("audience.pinned", version), version)
        self._version.setCurrentIndex(max(0, self._version.findData(self.node.version)))

    def _on_copy(self) -> None:
        found = self._context.audiences.get(self.node.audience)
        if found is not None:
            self.replaced.emit(found[0].rule)


_FILES = "CSV, JSON, Parquet (*.csv *.tsv *.txt *.jsonl *.ndjson *.parquet)"


class ListEditor(NodeEditor):
    """Choose an uploaded list, or upload one."""

    def __init__(self, node: InList, context: CanvasContext) -> None:
        super().__init__()
        self._context = context
        words = context.words
        items = [(i, f"{i}   · {words.number(size)}") for i, size in sorted(context.lists.items())]
        if node.list not in context.lists:
            items.insert(0, (node.list, node.list or words("list.none")))
        which = combo(items, node.list, words("section.lists"))
        which.activated.connect(lambda: self.changed.emit(InList(str(which.currentData()))))
        upload = button(words("list.upload"), icon=context.theme.icon("list-plus"))
        upload.clicked.connect(self._on_upload)
        self._said = label("", "muted", wrap=True)
        layout = column(self, spacing=4)
        layout.addLayout(row(which, upload, None, spacing=6))
        layout.addWidget(self._said)
        self._said.hide()

    def _on_upload(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._context.words("list.upload"), "", _FILES)
        if path:
            self._context.upload(path, self._on_uploaded)

    def _on_uploaded(self, report: dict[str, object]) -> None:
        self._context.lists[str(report["id"])] = int(str(report["size"]))
        self.changed.emit(InList(str(report["id"])))


class SampleEditor(NodeEditor):
    """A share of everyone, the same people each time; another seed draws others."""

    def __init__(self, node: Sample, context: CanvasContext) -> None:
        super().__init__()
        self.node = node
        words = context.words
        self._percent = QDoubleSpinBox()
        self._percent.setLocale(words.locale)
        self._percent.setRange(0, 100)
        self._percent.setDecimals(2)
        self._percent.setSuffix(" %")
        self._percent.setValue(float(node.percent))
        self._percent.setAccessibleName(words("sample.percent"))
        self._seed = QLineEdit(node.seed)
        self._seed.setAccessibleName(words("sample.seed"))
        self._seed.setPlaceholderText(words("sample.seed"))
        self._percent.valueChanged.connect(self._tell)
        self._seed.textEdited.connect(self._tell)
        column(self).addLayout(row(self._percent, label(words("sample.seed"), "word"), self._seed, None, spacing=6))

    def _tell(self) -> None:
        percent = Decimal(str(round(self._percent.value(), 2)))
        self.node = replace(self.node, percent=percent, seed=self._seed.text())
        self.changed.emit(self.node)


class SqlEditor(NodeEditor):
    """One SELECT that gives profile keys; told when typing pauses."""

    def __init__(self, node: Sql, context: CanvasContext) -> None:
        super().__init__()
        self._text = QPlainTextEdit(node.sql)
        self._text.setAccessibleName("SQL")
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setTabChangesFocus(True)
        self._text.setFixedHeight(92)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(lambda: self.changed.emit(Sql(self._text.toPlainText())))
        self._text.textChanged.connect(self._settled.start)
        layout = column(self, spacing=4)
        layout.addWidget(self._text)
        layout.addWidget(label(context.words("sql.hint"), "muted", wrap=True))


def other_editor(node: Node, context: CanvasContext) -> NodeEditor | None:
    """The editor of a condition of these kinds; None for others."""
    match node:
        case InAudience():
            return AudienceEditor(node, context)
        case InList():
            return ListEditor(node, context)
        case Sample():
            return SampleEditor(node, context)
        case Sql():
            return SqlEditor(node, context)
        case _:
            return None

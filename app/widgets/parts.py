"""Labels, buttons and rows as the style sheet knows them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QLocale
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)


def label(text: str, role: str, *, wrap: bool = False) -> QLabel:
    """A label with a role of the style sheet."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    if wrap:
        made.setMinimumWidth(1)  # else Qt keeps a long text from becoming narrower than it looks good
    return made


def flat_button(icon: QIcon, name: str) -> QToolButton:
    """A button of just an icon, with a name for tool tip and screen reader."""
    made = QToolButton()
    made.setIcon(icon)
    made.setProperty("flat", True)
    made.setToolTip(name)
    made.setAccessibleName(name)
    return made


def flat_text(text: str, tip: str) -> QPushButton:
    """A text that can be clicked, quiet until the mouse is over it."""
    made = QPushButton(text)
    made.setProperty("link", True)
    made.setToolTip(tip)
    made.setAccessibleName(text if tip in ("", text) else f"{text}: {tip}")
    return made


def combo(items: Iterable[tuple[object, str]], current: object, name: str) -> QComboBox:
    """A list to choose from: (value, text) each; ``current`` is chosen when it is among them."""
    made = QComboBox()
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    for index, (value, text) in enumerate(items):
        made.addItem(text, value)
        if value == current:
            made.setCurrentIndex(index)
    made.setAccessibleName(name)
    return made


def spin(low: int, high: int, value: int, name: str, locale: QLocale | None = None) -> QSpinBox:
    """A whole number, without the little arrows; with a locale its thousands are apart."""
    made = QSpinBox()
    made.lineEdit().setTextMargins(7, 0, 0, 0)
    made.setRange(low, high)
    made.setValue(value)
    made.setAccessibleName(name)
    if locale is not None:
        made.setLocale(locale)
        made.setGroupSeparatorShown(True)
    return made


def button(text: str, *, icon: QIcon | None = None, primary: bool = False) -> QPushButton:
    """A button with a text."""
    made = QPushButton(text) if icon is None else QPushButton(icon, text)
    if primary:
        made.setObjectName("primary")
    return made


def row(*widgets: QWidget | None, spacing: int = 8) -> QHBoxLayout:
    """Widgets side by side; None stands for a stretch."""
    made = QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            made.addStretch(1)
        else:
            made.addWidget(widget)
    return made


def name_first(name: QWidget, *rest: QWidget, spacing: int = 8) -> QHBoxLayout:
    """A name that gives way, and beside it what must not be cut off."""
    name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    if not name.toolTip() and isinstance(name, QLabel | QPushButton):
        name.setToolTip(name.text())
    made = row(name, *rest, spacing=spacing)
    made.setStretch(0, 1)
    return made


def column(parent: QWidget, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8) -> QVBoxLayout:
    """An empty column in a widget."""
    made = QVBoxLayout(parent)
    made.setContentsMargins(*margins)
    made.setSpacing(spacing)
    return made


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def clear(layout: QHBoxLayout | QVBoxLayout) -> None:
    """Remove everything from a layout."""
    while (item := layout.takeAt(0)) is not None:
        inner = item.layout()
        if isinstance(inner, QHBoxLayout | QVBoxLayout):
            clear(inner)
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()

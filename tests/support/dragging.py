"""One real drag with the mouse, in a process of its own under Xvfb: offscreen there is no real drag and drop.

Arguments: what to drag (palette or card), where to (gap, card, group or exclude). Prints the rule as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from app.canvas.canvas import Canvas
from app.palette.palette import Palette
from app.theme.style import Theme
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from tests.support.canvases import SMALL, make_canvas

RULE = {"all": [{"trait": "age", "gte": 1}, {"trait": "age", "gte": 2}, {"any": [{"did": "view"}]}]}


def window(theme: Theme) -> tuple[QWidget, Canvas, Palette]:
    """A palette beside a canvas."""
    canvas = make_canvas(read_rule(RULE))
    palette = Palette(canvas.context.words, theme)
    palette.show_model(SMALL, {}, {})
    both = QWidget()
    layout = QHBoxLayout(both)
    layout.addWidget(palette)
    layout.addWidget(canvas, 1)
    both.resize(1100, 700)
    return both, canvas, palette


def source(what: str, canvas: Canvas, palette: Palette) -> tuple[QWidget, QPoint]:
    """Where the mouse is pressed."""
    if what == "palette":
        tree = palette.tree
        head = tree.topLevelItem(0)
        assert head is not None
        rows = [head.child(i) for i in range(head.childCount())]
        item = next(row for row in rows if row is not None and row.toolTip(0) == "vip")
        tree.scrollToItem(item)
        return tree.viewport(), tree.visualItemRect(item).center()
    card = next(card for card in canvas.cards() if card.place == (0,))
    return card, QPoint(card.width() // 2, 6)


def target(where: str, canvas: Canvas) -> tuple[QWidget, QPoint]:
    """Where the mouse is let go."""
    cards = {card.place: card for card in canvas.cards()}
    match where:
        case "gap":
            return cards[1,], QPoint(60, cards[1,].height() - 4)
        case "card":
            return cards[1,], cards[1,].rect().center()
        case "group":
            return cards[2,], QPoint(40, cards[2,].height() - 6)
        case _:
            return canvas.lane, canvas.lane.rect().center()


def drag(start: tuple[QWidget, QPoint], end: tuple[QWidget, QPoint]) -> None:
    """Press, move, let go; the moves come from timers, because the drag runs an event loop of its own."""
    widget, point = start
    onto, there = end
    steps: list[Callable[[], object]] = [
        lambda: QTest.mouseMove(onto, there - QPoint(3, 1)),
        lambda: QTest.mouseMove(onto, there),
        lambda: QTest.mouseRelease(onto, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, there),
    ]
    for number, step in enumerate(steps):
        QTimer.singleShot(250 * (number + 1), step)
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    QTest.mouseMove(widget, point + QPoint(12, 4))
    QTest.mouseMove(widget, point + QPoint(30, 8))
    QTest.qWait(1200)


def main() -> None:
    """Drag, and print the rule."""
    app = QApplication([])
    theme = Theme()
    theme.apply(app)
    both, canvas, palette = window(theme)
    both.show()
    QTest.qWaitForWindowExposed(both)
    QTest.qWait(300)
    drag(source(sys.argv[1], canvas, palette), target(sys.argv[2], canvas))
    sys.stdout.write(json.dumps(write_rule(canvas.context.document.audience.rule)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The palette among thousands of audiences: a hundred are listed, a search finds the others."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.i18n import Words
from app.mime import Item
from app.palette.palette import MOST_OF_A_KIND, Palette
from app.theme.style import Theme
from tests.support.canvases import SMALL


def listed(palette: Palette, title: str) -> list[str]:
    for place in range(palette.tree.topLevelItemCount()):
        head = palette.tree.topLevelItem(place)
        if head is not None and head.text(0) == title and not head.isHidden():
            children = [head.child(i) for i in range(head.childCount())]
            return [child.text(0) for child in children if child is not None]
    return []


def test_thousands_of_audiences(qtbot: QtBot) -> None:
    palette = Palette(Words("en"), Theme())
    qtbot.addWidget(palette)
    palette.show_model(SMALL, {f"a{i}": f"Promoção {i:04d}" for i in range(3000)}, {})
    found = listed(palette, palette._words("section.audiences"))
    assert len(found) == MOST_OF_A_KIND + 1
    assert found[-1] == "… 2,900 more: type to search"
    palette.search.setText("promocao 2999")
    assert listed(palette, palette._words("section.audiences")) == ["Promoção 2999"]
    assert listed(palette, palette._words("section.traits")) == []
    head = next(h for h in palette.tree.findItems(palette._words("section.audiences"), Qt.MatchFlag.MatchExactly))
    with qtbot.waitSignal(palette.chosen) as told:
        palette.tree.itemActivated.emit(head.child(0), 0)
    assert told.args == [Item("audience", "a2999")]
    palette.search.setText("")
    assert len(listed(palette, palette._words("section.audiences"))) == MOST_OF_A_KIND + 1

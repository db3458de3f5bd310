"""A person as a picture: identifiers around the profiles they belong to, and the links between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QResizeEvent, QTransform
from PySide6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
    QGraphicsView,
)

from app.theme.tokens import Tokens

_RADIUS = 9.0
_MOST = 120
"""Identifiers that are drawn."""
_WHAT = 0
_WIDE = 2.0


def short(identifier: str) -> str:
    """KIND and the first characters of the hash."""
    kind, _, digits = identifier.partition(":")
    return f"{kind} {digits[:6]}"


class PersonGraph(QGraphicsView):
    """The links of one person; one identifier or link can be chosen.

    Signals:
        chosen: identifiers: one for an identifier, two for a link, none for nothing.
    """

    chosen = Signal(list)

    def __init__(self, tokens: Tokens, name: str) -> None:
        super().__init__()
        self._tokens = tokens
        self.setAccessibleName(name)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setScene(QGraphicsScene(self))
        self.scene().setBackgroundBrush(QColor(tokens.surface))
        self.scene().selectionChanged.connect(self._on_chosen)

    def show_person(self, person: Mapping[str, Any], said: str) -> None:
        """Draw another person; ``said`` is what it shows, in words."""
        scene = self.scene()
        scene.blockSignals(True)
        scene.clear()
        own, shared = set(person["identifiers"]), set(person["shared"])
        places = _places(list(person["identifiers"]), person["edges"])
        for edge in person["edges"]:
            if edge["one"] in places and edge["other"] in places:
                self._line(edge, places)
        for identifier, place in places.items():
            self._node(identifier, place, own=identifier in own, shared=identifier in shared)
        xs, ys = [one.x() for one in places.values()], [one.y() for one in places.values()]
        scene.setSceneRect(QRectF(min(xs) - 90, min(ys) - 25, max(xs) - min(xs) + 180, max(ys) - min(ys) + 65))
        scene.blockSignals(False)
        self.setAccessibleDescription(said)
        self._fit()
        self.chosen.emit([])

    def _line(self, edge: Mapping[str, Any], places: Mapping[str, QPointF]) -> None:
        one, other = places[edge["one"]], places[edge["other"]]
        line = QGraphicsLineItem(one.x(), one.y(), other.x(), other.y())
        colour = self._tokens.danger if edge["refused"] else self._tokens.input_border
        pen = QPen(QColor(colour), 2.0)
        if edge["refused"]:
            pen.setStyle(Qt.PenStyle.DashLine)
        line.setPen(pen)
        line.setData(_WHAT, [edge["one"], edge["other"]])
        line.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        line.setToolTip(f"{short(edge['one'])} – {short(edge['other'])}: {edge['rule']}, {', '.join(edge['sources'])}")
        self.scene().addItem(line)

    def _node(self, identifier: str, place: QPointF, *, own: bool, shared: bool) -> None:
        tokens = self._tokens
        dot = QGraphicsEllipseItem(QRectF(place.x() - _RADIUS, place.y() - _RADIUS, 2 * _RADIUS, 2 * _RADIUS))
        profile = identifier.startswith("profile:")
        fill = tokens.accent if profile else (tokens.raised if shared or not own else tokens.all_bar)
        dot.setBrush(QColor(fill))
        dot.setPen(QPen(QColor(tokens.input_border), 1.5))
        dot.setData(_WHAT, [identifier])
        dot.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        dot.setToolTip(identifier)
        text = QGraphicsSimpleTextItem(short(identifier))
        text.setFont(QFont(self.font().family(), 9))
        text.setBrush(QColor(tokens.text if own else tokens.muted))
        text.setPos(place)
        text.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)  # it stays readable however small
        text.setTransform(QTransform.fromTranslate(-text.boundingRect().width() / 2, _RADIUS))
        self.scene().addItem(dot)
        self.scene().addItem(text)

    def _on_chosen(self) -> None:
        items = self.scene().selectedItems()
        self.chosen.emit(items[0].data(_WHAT) if items else [])

    def _fit(self) -> None:
        area = self.scene().sceneRect()
        if area.isValid():
            self.fitInView(area, Qt.AspectRatioMode.KeepAspectRatio)
            scale = self.transform().m11()
            if scale > 1.4:  # two dots do not fill the whole picture
                self.scale(1.4 / scale, 1.4 / scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


def _places(identifiers: list[str], edges: list[dict[str, Any]]) -> dict[str, QPointF]:
    """Profiles on an inner ring, what belongs to each around it; who is linked but is not theirs, too."""
    around: dict[str, list[str]] = {}
    everything = list(dict.fromkeys([*identifiers, *(end for edge in edges for end in (edge["one"], edge["other"]))]))
    everything = everything[:_MOST]
    hubs = [one for one in everything if one.startswith("profile:")] or everything[:1]
    for one in everything:
        if one in hubs:
            continue
        linked = next((hub for hub in hubs if any({hub, one} == {e["one"], e["other"]} for e in edges)), hubs[0])
        around.setdefault(linked, []).append(one)
    found: dict[str, QPointF] = {}
    inner = 0.0 if len(hubs) == 1 else 120.0 + 18.0 * len(hubs)
    for place, hub in enumerate(hubs):
        angle = 2 * math.pi * place / len(hubs) - math.pi / 2
        middle = QPointF(inner * math.cos(angle), inner * math.sin(angle))
        found[hub] = middle
        mine = around.get(hub, [])
        whole = 2 * math.pi if len(hubs) == 1 else math.pi * 1.1
        for number, one in enumerate(mine):
            share = (number + 0.5) / len(mine) - 0.5
            turn = angle + whole * share
            reach = 110.0 + 24.0 * (number % 2) + 2.0 * len(mine)
            found[one] = QPointF(middle.x() + reach * math.cos(turn), middle.y() + reach * math.sin(turn))
    return {one: QPointF(place.x() * _WIDE, place.y()) for one, place in found.items()}  # as the picture is

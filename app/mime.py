"""Drag payloads: small JSON under names of our own; palette and canvas meet here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, cast

from PySide6.QtCore import QMimeData

ITEM = "application/vnd.convoke.item+json"
PLACE = "application/vnd.convoke.place+json"
Kind = Literal["trait", "event", "object", "audience", "list", "sequence", "sample", "sql"]


@dataclass(frozen=True)
class Item:
    """Something of the palette."""

    kind: Kind
    name: str


def item_data(item: Item) -> QMimeData:
    """A palette item as a drag payload."""
    data = QMimeData()
    data.setData(ITEM, json.dumps({"kind": item.kind, "name": item.name}).encode())
    return data


def place_data(place: tuple[int, ...]) -> QMimeData:
    """A node of the canvas as a drag payload."""
    data = QMimeData()
    data.setData(PLACE, json.dumps(list(place)).encode())
    return data


def read_item(data: QMimeData) -> Item | None:
    """The palette item in a payload."""
    if not data.hasFormat(ITEM):
        return None
    found = json.loads(bytes(data.data(ITEM).data()))
    return Item(cast(Kind, found["kind"]), str(found["name"]))


def read_place(data: QMimeData) -> tuple[int, ...] | None:
    """The canvas node in a payload."""
    if not data.hasFormat(PLACE):
        return None
    return tuple(int(index) for index in json.loads(bytes(data.data(PLACE).data())))

"""What every card needs, handed down from the canvas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.document import Document
from app.i18n import Words
from app.locks import Locks
from app.session import Session
from app.theme.style import Theme
from engine.client import SizeAnswer
from engine.domain.audience import Audience
from engine.domain.describe import Describer
from engine.domain.edit import Place, put
from engine.domain.model import DataModel, EventType, Field, ObjectType, Site, currency_of
from engine.domain.rule import Node
from engine.errors import EngineError


class Suggesting(Protocol):
    """An editor that takes suggestions."""

    def suggest(self, values: list[dict[str, Any]]) -> None:
        """Offer values, each {"value", "count"}."""


class Selection(QObject):
    """Which cards are selected, by place.

    Signals:
        changed: the selection is another one.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.places: set[Place] = set()

    def toggle(self, place: Place) -> None:
        """Select a card, or no longer."""
        self.places ^= {place}
        self.changed.emit()

    def clear(self) -> None:
        """Select nothing."""
        if self.places:
            self.places.clear()
            self.changed.emit()


@dataclass
class CanvasContext:
    """The document being edited and the words, colours, model and engine around it."""

    document: Document
    session: Session
    model: DataModel
    words: Words
    theme: Theme
    describer: Describer
    audiences: Mapping[str, tuple[Audience, int]] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    locks: Locks | None = None
    problems: dict[str, EngineError] = field(default_factory=dict)
    answer: SizeAnswer | None = None
    focus_near: Callable[[Place], None] = lambda place: None
    upload: Callable[[str, Callable[[dict[str, Any]], None]], None] = lambda path, then: None

    @property
    def locked(self) -> Set[Node]:
        """The nodes that may not be changed."""
        return self.locks.nodes if self.locks is not None else frozenset()

    @property
    def site(self) -> Site:
        """The first site of the audience: its zone says what calendar windows mean."""
        sites = self.document.audience.sites_in(self.model)
        return sites[0] if sites else next(iter(self.model.sites.values()))

    def replace(self, place: Place, node: Node) -> None:
        """Put a changed condition in place; quick successive changes of one condition undo together."""
        rule = put(self.document.audience.rule, place, node)
        self.document.edit_rule(rule, self.words("edit.change"), merge=f"change {place}")

    def edit(self, text: str, change: Callable[[Node], Node]) -> bool:
        """One step of the history; False when the change makes no sense."""
        try:
            self.document.edit_rule(change(self.document.audience.rule), self.words(text))
        except EngineError:
            return False
        return True

    def values(self, name: str, source: str | None, editor: Suggesting) -> None:
        """Fetch suggestions for an editor, which may be gone when they come."""
        self.session.values(name, source, editor.suggest)

    def currency(self, found: Field) -> str:
        """What stands before an amount: its currency, or that each site has its own; nothing where it is no money."""
        if found.money is None:
            return ""
        sites = self.document.audience.sites_in(self.model)
        return currency_of(found, sites) or (self.words("money.local") if len(sites) > 1 else "")

    def field_label(self, found: Field) -> str:
        """A trait's or property's name for people."""
        return self.words.label(found.name, found.label)

    def source_label(self, found: EventType | ObjectType) -> str:
        """An event's or object's name for people."""
        return self.words.label(found.name, found.label)

"""What every card needs, handed down from the canvas."""

from __future__ import annotations

from dataclasses import dataclass

from app.document import Document
from app.i18n import Words
from app.session import Session
from app.theme.style import Theme
from engine.domain.describe import Describer
from engine.domain.edit import Place
from engine.domain.model import DataModel, EventType, Field, ObjectType
from engine.domain.rule import Node


@dataclass(frozen=True)
class CanvasContext:
    """The document being edited and the words, colours, model and engine around it."""

    document: Document
    session: Session
    model: DataModel
    words: Words
    theme: Theme
    describer: Describer

    def replace(self, place: Place, node: Node) -> None:
        """Put a changed condition in place; quick successive changes of one condition undo together."""
        from engine.domain.edit import put

        rule = put(self.document.audience.rule, place, node)
        self.document.edit_rule(rule, self.words("edit.change"), merge=f"change {place}")

    def field_label(self, found: Field) -> str:
        """A trait's or property's name for people."""
        return self.words.label(found.name, found.label)

    def source_label(self, found: EventType | ObjectType) -> str:
        """An event's or object's name for people."""
        return self.words.label(found.name, found.label)

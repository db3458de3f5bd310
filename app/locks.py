"""Which nodes of the open audience may not be changed.

A lock guards against a slip of the hand; it has no meaning in the document. So it is remembered on this machine, by
workspace and audience, and holds for a node as it is written.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.document import Document
from app.ui_state import UiState
from engine.domain.canonical import canonical_json
from engine.domain.rule import Node
from engine.domain.rule_writing import write_rule
from engine.domain.walk import walk


class Locks:
    """The locked nodes of a document; ``state`` None forgets them with the window."""

    def __init__(self, document: Document, state: UiState | None = None, folder: Path | None = None) -> None:
        self.nodes: set[Node] = set()
        self._document, self._state, self._folder = document, state, folder
        document.opened.connect(self._read)
        self._read()

    def toggle(self, node: Node) -> None:
        """Lock a node, or unlock it."""
        self.nodes ^= {node}
        if self._state is not None:
            self._state.remember_texts(self._name(), sorted(_written(one) for one in self.nodes))

    def _read(self) -> None:
        kept = set(self._state.texts(self._name())) if self._state is not None else set()
        self.nodes.clear()
        if kept:
            self.nodes |= {node for _, node in walk(self._document.audience.rule) if _written(node) in kept}

    def _name(self) -> str:
        workspace = hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]
        return f"locks/{workspace}/{self._document.audience.id or '_new'}"


def _written(node: Node) -> str:
    """A short name of a node as it is written: its values may be personal, so they are not kept."""
    return hashlib.sha256(canonical_json(write_rule(node)).encode()).hexdigest()[:24]

"""Conditions on the clipboard: JSON as the documents write them, so that they can be pasted into other windows and
files."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QApplication

from engine.domain.canonical import canonical_json
from engine.domain.documents import load_one
from engine.domain.rule import Node
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.errors import EngineError


def copy(nodes: Sequence[Node]) -> None:
    """Put conditions on the clipboard: one as itself, several as a list."""
    written = [write_rule(node) for node in nodes]
    body = written[0] if len(written) == 1 else written
    QApplication.clipboard().setText(canonical_json(body))


def pasted() -> list[Node]:
    """The conditions on the clipboard: a rule, a list of rules, or a whole audience as JSON or YAML; raises
    EngineError when there is none."""
    found = load_one(QApplication.clipboard().text().encode())
    if isinstance(found, dict) and "rule" in found:
        found = found["rule"]
    listed = found if isinstance(found, list) else [found]
    if not listed:
        raise EngineError("document", "the clipboard holds no condition")
    return [read_rule(one) for one in listed]

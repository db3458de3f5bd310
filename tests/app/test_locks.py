"""Locks are remembered by audience, hold for what is written, and keep no value of a rule."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.document import Document
from app.locks import Locks
from engine.domain.audience import Audience
from engine.domain.rule_codec import read_rule
from tests.app.conftest import ui_state

SECRET = read_rule({"trait": "city", "eq": "Ouro Preto"})
OTHER = read_rule({"trait": "age", "gte": 3})


def test_locks_come_back_with_their_audience(qtbot: QtBot, tmp_path: Path) -> None:
    rule = read_rule({"all": [{"trait": "city", "eq": "Ouro Preto"}, {"trait": "age", "gte": 3}]})
    state = ui_state(tmp_path)
    document = Document()
    locks = Locks(document, state, tmp_path)
    document.open(Audience("a", "A", rule), 1)
    locks.toggle(SECRET)
    document.open(Audience("b", "B", rule), 1)
    assert locks.nodes == set()
    document.open(Audience("a", "A", rule), 1)
    assert locks.nodes == {SECRET}
    again = Document()
    later = Locks(again, ui_state(tmp_path), tmp_path)
    again.open(Audience("a", "A", rule), 1)
    assert later.nodes == {SECRET}
    elsewhere = Locks(again, state, tmp_path / "other")
    assert elsewhere.nodes == set()
    later.toggle(SECRET)
    document.open(Audience("a", "A", rule), 1)
    assert locks.nodes == set()
    assert "Ouro" not in (tmp_path / "window.ini").read_text(encoding="utf-8")


def test_a_window_made_anew_keeps_them(qtbot: QtBot, tmp_path: Path) -> None:
    document = Document()
    document.open(Audience("a", "A", OTHER), 1)
    Locks(document, ui_state(tmp_path), tmp_path).toggle(OTHER)
    assert Locks(document, ui_state(tmp_path), tmp_path).nodes == {OTHER}

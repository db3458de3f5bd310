"""Any edits, in any order: undone they leave what was there; cards, focus and document agree at every step."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from PySide6.QtWidgets import QApplication

from app.canvas import clipboard
from app.canvas.card import Card
from app.canvas.group_card import GroupCard
from app.mime import Item
from engine.client import NodeCount, SizeAnswer
from engine.domain.audience_codec import read_audience, write_audience
from engine.domain.check import check_audience
from engine.domain.documents import dump_yaml, load_one
from engine.domain.edit import at
from engine.domain.operators import Compare
from engine.domain.rule import All, TraitIs
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.domain.walk import walk
from engine.errors import EngineError
from engine.membership.evaluate import Evaluator
from tests.support import oracle
from tests.support.canvases import make_canvas
from tests.support.equivalence import Case

COMMANDS: dict[str, Callable[[Card], None]] = {
    "duplicate": Card.duplicate,
    "negate": Card.negate,
    "mute": Card.toggle_muted,
    "remove": Card.remove,
    "wrap all": lambda card: card.wrap("all"),
    "wrap any": lambda card: card.wrap("any"),
    "unwrap": Card.unwrap,
    "up": lambda card: card.step(-1),
    "down": lambda card: card.step(1),
    "out": Card.move_out,
    "exclude": Card.exclude,
    "cut": Card.cut,
    "copy": Card.copy,
    "paste": Card.paste,
}
MOST_CARDS = 40


class Editing(RuleBasedStateMachine):
    """A person at the canvas."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case(Random(7))
        self.canvas = make_canvas(All(), self.case.made.model, lists={"vip": 1, "empty": 0})
        self.document = self.canvas.context.document
        self.canvas.show()

    @initialize(seed=st.integers(0, 200))
    def start(self, seed: int) -> None:
        """A generated rule is open."""
        self.case.rules.rng = Random(seed)
        rule_ = read_rule(load_one(dump_yaml(self.case.rules.rule())))
        self.document.open(read_audience({"kind": "audience", "id": "open", "rule": {}} | {"rule": {"all": []}}), 1)
        self.document.edit_rule(rule_, "start")
        self.document.history.clear()
        self.start_ = self.document.audience

    def _cards(self) -> list[Card]:
        """Every card, also those that come a turn later."""
        while any(card._list.unfinished for card in self.canvas.findChildren(GroupCard)) or (
            self.canvas.lane._list.unfinished
        ):
            QApplication.processEvents()
        return self.canvas.cards()

    @rule(which=st.integers(0, 1000), command=st.sampled_from(sorted(COMMANDS)))
    def command(self, which: int, command: str) -> None:
        """A command of a card's menu."""
        cards = self._cards()
        if len(cards) < MOST_CARDS or command in ("remove", "cut", "unwrap"):
            COMMANDS[command](cards[which % len(cards)])

    @rule(which=st.integers(0, 1000), others=st.lists(st.integers(0, 1000), max_size=4), seed=st.integers(0, 9))
    def several(self, which: int, others: list[int], seed: int) -> None:
        """A command on a selection."""
        cards = self._cards()
        for number in (which, *others):
            place = cards[number % len(cards)].place
            if place not in self.canvas.context.selection.places:
                self.canvas.context.selection.toggle(place)
        names = ["remove", "mute", "wrap any", "cut", "copy"]
        COMMANDS[names[seed % len(names)]](cards[which % len(cards)])
        self.canvas.context.selection.clear()

    @rule(kind=st.sampled_from(["trait", "event", "object", "sequence", "sample"]), which=st.integers(0, 1000))
    def add(self, kind: Any, which: int) -> None:
        """Something of the palette, while a card has the focus."""
        cards, model = self._cards(), self.case.made.model
        names = {"trait": model.profile.traits, "event": model.events, "object": model.objects}.get(kind, {"x": 0})
        if names and len(cards) < MOST_CARDS and (kind != "sequence" or model.events):
            cards[which % len(cards)].setFocus()
            self.canvas.add(Item(kind, sorted(names)[which % len(names)]))

    @rule()
    def undo(self) -> None:
        """One step back."""
        self.document.history.undo()

    @rule()
    def redo(self) -> None:
        """One step forward."""
        self.document.history.redo()

    @invariant()
    def cards_show_the_document(self) -> None:
        """Each card shows the node at its place, each node has a card, none is without a name."""
        if not hasattr(self, "start_"):
            return
        root = self.document.audience.rule
        cards = self._cards()
        for card in cards:
            assert card.node == at(root, card.place)
            assert card.accessibleName()
        paths = {card.path for card in cards} | {f"{card.path}.not" for card in cards}
        # A `not` within a `not`, which only a text has, is one card with all that is in it told as a sentence.
        twice = tuple(f"{card.path}.not.not" for card in cards)
        assert paths >= {path for path, _ in walk(root) if not path.startswith(twice)}

    @invariant()
    def the_document_can_be_written(self) -> None:
        """As JSON and YAML, and read again."""
        rule_ = self.document.audience.rule
        assert read_rule(load_one(dump_yaml(write_rule(rule_)))) == rule_

    def teardown(self) -> None:
        if hasattr(self, "start_"):
            self._compare_with_the_oracle()
            while self.document.history.canUndo():
                self.document.history.undo()
            assert self.document.audience == self.start_
        self.canvas.deleteLater()
        self.case.close()

    def _compare_with_the_oracle(self) -> None:
        """What was made on the canvas means what the oracle says."""
        document = write_audience(self.document.audience)
        made = self.case.made
        audience = read_audience(load_one(dump_yaml(document)))
        check_audience(audience, made.model, [], list(made.plain.lists))
        found = Evaluator(made.warehouse, self.case.world, {}).members(audience, audience.sites_in(made.model))
        assert found.tolist() == sorted(oracle.members(load_one(dump_yaml(document)), made.plain))


TestEditing = Editing.TestCase
TestEditing.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    """There is an application, and an empty clipboard."""
    qapp.clipboard().clear()


def test_focus_is_never_lost_when_cards_go() -> None:
    nodes = [{"trait": "age", "gte": n} for n in range(3)]
    canvas = make_canvas(read_rule({"all": [*nodes, {"any": [{"did": "view"}]}]}))
    canvas.show()
    focused: list[tuple[int, ...]] = []
    canvas.context.focus_near = focused.append
    while any(card._list.unfinished for card in canvas.findChildren(GroupCard)):
        QApplication.processEvents()
    for place in ((3, 0), (3,), (2,), (0,), (0,)):
        card = next(card for card in canvas.cards() if card.place == place)
        card.remove()
    assert focused == [(3, 0), (3,), (2,), (0,), (0,)]
    canvas.focus_near((7, 3))
    assert canvas.context.document.audience.rule == All()


def test_the_clipboard_holds_documents(qapp: QApplication) -> None:
    node = read_rule({"did": "purchase", "where": [{"property": "amount", "gt": 19.9}], "within": "30d"})
    clipboard.copy([node])
    assert clipboard.pasted() == [node]
    clipboard.copy([node, All()])
    assert clipboard.pasted() == [node, All()]
    qapp.clipboard().setText("kind: audience\nid: x\nrule: {trait: age, gte: 3}\n")
    assert write_rule(clipboard.pasted()[0]) == {"trait": "age", "gte": 3}
    for nonsense in ("", "hello", "{", "[]", "3"):
        qapp.clipboard().setText(nonsense)
        with pytest.raises(EngineError):
            clipboard.pasted()


def test_locked_cards_stay_as_they_are() -> None:
    canvas = make_canvas(read_rule({"all": [{"trait": "age", "gte": 3}, {"did": "view"}]}))
    before = canvas.context.document.audience
    while len(canvas.cards()) < 3:
        QApplication.processEvents()
    card = canvas.cards()[1]
    card.toggle_locked()
    for command in ("remove", "mute", "duplicate", "exclude", "cut", "down"):
        COMMANDS[command](card)
    assert canvas.context.document.audience == before
    COMMANDS["cut"](canvas.cards()[0])  # the group around it
    assert canvas.context.document.audience == before
    card.toggle_locked()
    card.remove()
    assert canvas.context.document.audience != before


def test_the_nearest_value_stands_beside_a_condition_that_finds_nobody(qapp: QApplication) -> None:
    canvas = make_canvas(All((TraitIs("state", Compare("eq", "sp")),)))
    nodes = {"rule": NodeCount(0), "rule.all[0]": NodeCount(0, 7)}
    for hints, ends in (({"rule.all[0]": "SP"}, "did you mean “SP”?"), ({}, "0 %")):
        canvas.show_answer(SizeAnswer(0, 10, "2026-06-15T12:00:00Z", "v", 1.0, {}, nodes, None, hints))
        (text,) = (card.count.text() for card in canvas.cards() if card.path == "rule.all[0]")
        assert text.endswith(ends)
    canvas.deleteLater()

"""The history of the open audience: which edits are one step, which are steps of their own, and what counts as saved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from app.document import Document
from engine.domain.audience import Audience
from engine.domain.operators import Compare
from engine.domain.rule import TraitIs


def rule(age: int) -> TraitIs:
    return TraitIs("age", Compare("gte", age))


@pytest.fixture
def document(qapp: QApplication) -> Iterator[Document]:
    """As in the window a parent owns it, and Qt lets go of both together."""
    window = QObject()
    made = Document(window)
    made.open(Audience("a", "A", rule(0)), 1)
    yield made
    delete(window)


def test_three_edits_without_a_merge_key_are_three_steps(document: Document) -> None:
    for age in (1, 2, 3):
        document.edit_rule(rule(age), f"age {age}")
    assert document.history.count() == 3
    for age in (2, 1, 0):
        document.history.undo()
        assert document.audience.rule == rule(age)
    assert not document.history.canUndo()
    for age in (1, 2, 3):
        document.history.redo()
        assert document.audience.rule == rule(age)


@pytest.mark.parametrize(
    ("keys", "undone"),
    [
        (("x", "x", "x"), [0]),
        (("x", "x", "y"), [2, 0]),
        (("x", "y", "x"), [2, 1, 0]),
        ((None, "x", "x"), [1, 0]),
        (("x", None, "x"), [2, 1, 0]),
        (("x", "x", None), [2, 0]),
        ((None, None, "x"), [2, 1, 0]),
    ],
)
def test_only_edits_in_a_row_with_the_same_key_are_one_step(
    document: Document, keys: tuple[str | None, ...], undone: list[int]
) -> None:
    for age, key in enumerate(keys, 1):
        document.edit_rule(rule(age), "edit", key)
    found = []
    while document.history.canUndo():
        document.history.undo()
        found.append(document.audience.rule)
    assert found == [rule(age) for age in undone]
    while document.history.canRedo():
        document.history.redo()
    assert document.audience.rule == rule(3)


def test_an_edit_that_changes_nothing_is_no_step(document: Document) -> None:
    document.edit_rule(rule(0), "the same")
    assert document.history.count() == 0
    assert document.is_saved


def test_what_is_saved_is_clean_until_the_next_edit_and_again_after_its_undo(document: Document) -> None:
    states: list[bool] = []
    document.state_changed.connect(lambda: states.append(document.is_saved))
    seen = [document.is_saved]
    document.edit_rule(rule(1), "one")
    seen.append(document.is_saved)
    document.mark_saved(2)
    seen.append(document.is_saved)
    document.edit_rule(rule(2), "two")
    seen.append(document.is_saved)
    document.history.undo()
    seen.append(document.is_saved)
    assert (seen, document.version) == ([True, False, True, False, True], 2)
    assert (states[0], states[-1]) == (False, True)


def test_an_edit_after_saving_does_not_merge_into_what_was_saved(document: Document) -> None:
    document.edit_rule(rule(1), "one", "x")
    document.mark_saved(2)
    document.edit_rule(rule(2), "two", "x")
    assert not document.is_saved
    document.history.undo()
    assert (document.audience.rule, document.is_saved) == (rule(1), True)


def test_another_audience_begins_with_no_history_and_is_said_before_it_is_shown(document: Document) -> None:
    document.edit_rule(rule(1), "one")
    told: list[tuple[str, str]] = []
    document.opened.connect(lambda: told.append(("opened", document.audience.id)))
    document.changed.connect(lambda: told.append(("changed", document.audience.id)))
    document.state_changed.connect(lambda: told.append(("state", document.audience.id)))
    document.open(Audience("b", "B", rule(5)), 0)
    assert [one for one in told if one[1] == "b"] == [("opened", "b"), ("changed", "b"), ("state", "b")]
    assert not document.history.canUndo()
    assert not document.is_saved, "version 0 is in no store yet"

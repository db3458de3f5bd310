"""Unsaved work is on disk soon after an edit, comes back as it was, and goes when it is saved or given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document import Document
from app.drafts import Drafts
from engine.domain.audience import Audience
from engine.domain.audience_codec import read_audience
from engine.domain.documents import load_one
from engine.domain.rule import All

RULE = b"{all: [{trait: ltv, gt: 19.90}, {trait: birth, lt: 2001-02-03}, {sample: {percent: 2.50, seed: s}}]}"


@pytest.fixture
def document(qtbot: QtBot) -> Document:
    made = Document()
    made.open(Audience("one", "One", All()), 4)
    return made


def edited() -> Audience:
    return read_audience({"kind": "audience", "id": "one", "name": "Uno", "rule": load_one(RULE)})


def test_edits_are_kept_and_come_back(document: Document, tmp_path: Path, qtbot: QtBot) -> None:
    drafts = Drafts(tmp_path, document)
    document.edit(edited(), "x")
    qtbot.waitUntil(lambda: len(Drafts(tmp_path, Document()).found()) == 1)
    (draft,) = Drafts(tmp_path, Document()).found()
    assert (draft.audience, draft.version) == (edited(), 4)
    document.mark_saved(5)
    assert drafts.found() == []


def test_a_new_audience_is_kept_without_an_id(document: Document, tmp_path: Path) -> None:
    document.open(Audience("", "", All()), 0)
    drafts = Drafts(tmp_path, document)
    document.edit(replace(edited(), id=""), "x")
    drafts.keep()
    (draft,) = drafts.found()
    assert (draft.audience, draft.version) == (replace(edited(), id=""), 0)
    document.history.undo()
    assert drafts.found() == []


def test_a_draft_that_cannot_be_read_stays_where_it_is(document: Document, tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, document)
    (tmp_path / "drafts").mkdir()
    for number, text in enumerate(("", "{", '{"audience": 3}', '{"audience": {"rule": {"trait": 1}}, "version": 1}')):
        (tmp_path / "drafts" / f"{number}.yaml").write_text(text)
    assert drafts.found() == []
    assert len(list((tmp_path / "drafts").iterdir())) == 4


def test_a_full_disk_does_not_interrupt(document: Document, tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file where the folder should be")
    drafts = Drafts(tmp_path, document)
    document.edit(edited(), "x")
    drafts.keep()
    assert drafts.found() == []

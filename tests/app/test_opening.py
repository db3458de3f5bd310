"""A workspace of many audiences is read page by page."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QApplication

from app.session import Session
from engine.client import Reply
from tests.app.conftest import OVERVIEW
from tests.support.canvases import FakeWorker

ALL = {"kind": "audience", "rule": {"all": []}}


def page(first: int, count: int, *, more: bool) -> dict[str, Any]:
    documents = [ALL | {"id": f"a{i:03d}", "name": f"A {i}", "_version": i + 1} for i in range(first, first + count)]
    return {"audiences": documents, "more": more}


def test_every_page_is_read_before_the_workspace_is_open(qapp: QApplication) -> None:
    worker = FakeWorker()
    opened: list[dict[str, Any]] = []
    session = Session(worker)  # type: ignore[arg-type]
    session.opened.connect(opened.append)
    session.open()
    worker.replied.emit(Reply(worker.of("overview")[-1].token, {**OVERVIEW, **page(0, 3, more=True)}))
    assert opened == []
    assert worker.of("audiences")[-1].arguments == {"after": "a002"}
    worker.replied.emit(Reply(worker.of("audiences")[-1].token, page(3, 2, more=False)))
    assert [list(one["audiences"]) for one in opened] == [["a000", "a001", "a002", "a003", "a004"]]
    assert opened[0]["audiences"]["a004"][1] == 5
    session.forget()


def test_a_reading_that_is_overtaken_says_nothing(qapp: QApplication) -> None:
    worker = FakeWorker()
    opened: list[dict[str, Any]] = []
    session = Session(worker)  # type: ignore[arg-type]
    session.opened.connect(opened.append)
    session.open()
    session.open()
    first, second = worker.of("overview")
    worker.replied.emit(Reply(second.token, {**OVERVIEW, **page(0, 1, more=False)}))
    worker.replied.emit(Reply(first.token, {**OVERVIEW, **page(0, 2, more=False)}))
    assert [list(one["audiences"]) for one in opened] == [["a000"]]
    session.forget()

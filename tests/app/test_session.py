"""Qt through Python, long after the window was opened."""

from __future__ import annotations

import sys
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.session import Session
from engine.client import Reply
from engine.domain.audience import Audience
from engine.domain.operators import Compare
from engine.domain.rule import TraitIs
from engine.errors import EngineError
from tests.support.canvases import FakeWorker


class Sender(QObject):
    told = Signal(object)


def test_qt_calls_keep_what_they_return(qtbot: QtBot) -> None:
    """A PySide that gives up references to None or True ends the process after an hour's work (see pyproject.toml)."""
    widget, sender = QLabel("x"), Sender()
    qtbot.addWidget(widget)
    sender.told.connect(lambda told: None)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(2000):
        widget.setVisible(False)
        sender.told.emit(1)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert all(now > then - 500 for then, now in zip(before, after, strict=True))


ASKED = (("edit", 1), ("ask", 0), ("look", 0))
"""Without a question on its way nothing can come too late: each example begins with some."""
STEPS = st.lists(
    st.one_of(
        st.just(ASKED),
        st.tuples(st.tuples(st.sampled_from(["edit", "ask", "look", "die"]), st.integers(0, 9))),
        st.tuples(st.tuples(st.sampled_from(["early", "answer", "fail"]), st.integers(0, 2))),
        st.tuples(st.just(("edit", 2)), st.tuples(st.sampled_from(["early", "answer", "fail"]), st.integers(0, 2))),
    ),
    min_size=1,
    max_size=15,
).map(lambda parts: [*ASKED, *(step for part in parts for step in part)])
"""The newest questions are answered first most often, and right after an edit."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_no_number_is_ever_of_another_rule(qapp: QApplication, steps: list[tuple[str, int]]) -> None:
    """Whatever order edits and answers come in, what is shown is of the rule as it stands, or marked stale."""
    worker = FakeWorker()
    session = Session(worker)  # type: ignore[arg-type]
    current = [Audience("a", "a0", TraitIs("age", Compare("gte", 0)))]
    shown: list[str | None] = [None]
    looked: list[tuple[str, str]] = []
    session.counting.connect(lambda: shown.__setitem__(0, None))
    session.sized.connect(lambda answer: shown.__setitem__(0, answer.data_version))
    session.estimated.connect(lambda answer: shown.__setitem__(0, answer.data_version))
    session.failed.connect(lambda error: shown.__setitem__(0, None))
    answered: set[int] = set()

    def remember(asked: str, result: object) -> None:
        looked.append((asked, current[0].name))

    for number, (step, which) in enumerate(steps):
        waiting = [r for r in worker.requests if r.token not in answered]
        match step:
            case "edit":
                current[0] = Audience("a", f"a{number}", TraitIs("age", Compare("gte", which)))
                session.edited(current[0])
            case "ask":
                if session._debounce.isActive():
                    session._debounce.stop()
                    session._ask_size()
            case "look":
                session.look("insights", partial(remember, current[0].name))
            case "early" if worker.requests:  # also of a request that was answered or given up
                request = worker.requests[-1 - which % len(worker.requests)]
                if request.operation == "size" and request.token not in answered:
                    name = request.arguments["document"]["name"]
                    worker.replied.emit(Reply(request.token, early=SIZE | {"data_version": name, "interval": [0, 2]}))
            case "answer" | "fail" if waiting:
                request = waiting[-1 - which % len(waiting)]
                answered.add(request.token)
                name = request.arguments["document"]["name"]
                result = SIZE | {"data_version": name} if request.operation == "size" else {}
                error = EngineError("warehouse", "no") if step == "fail" else None
                worker.replied.emit(Reply(request.token, result, error))
            case "die":
                worker.died.emit()
        assert shown[0] in (None, current[0].name)
    assert all(asked == now for asked, now in looked)


SIZE = {"size": 1, "base": 1, "as_of": "", "elapsed_ms": 0.0, "per_site": {}, "conditions": [], "groups": []}


def made() -> tuple[Session, FakeWorker]:
    worker = FakeWorker()
    return Session(worker), worker  # type: ignore[arg-type]


def test_what_is_asked_of_the_audience_carries_it_and_the_moment_of_its_size(qapp: QApplication) -> None:
    session, worker = made()
    session.look("insights", lambda answer: None)
    assert worker.requests == [], "there is no audience yet"
    session.edited(Audience("a", "a1", TraitIs("age", Compare("gte", 1))))
    assert session.busy
    session._debounce.stop()
    session._ask_size()
    (size,) = worker.of("size")
    assert session.busy
    session.look("insights", lambda answer: None, trait="age")
    early = worker.of("insights")[0]
    assert (early.arguments["document"]["name"], early.arguments["trait"]) == ("a1", "age")
    assert "as_of" not in early.arguments, "its size has not come"
    worker.replied.emit(Reply(size.token, SIZE | {"data_version": "1", "as_of": "2026-06-01T00:00:00Z"}))
    assert [session.busy] == [False]
    session.look("insights", lambda answer: None)
    assert worker.of("insights")[1].arguments["as_of"] == "2026-06-01T00:00:00Z"
    assert len({one.token for one in worker.requests}) == 3
    session.forget()


def test_progress_is_heard_by_who_asked_until_the_end(qapp: QApplication) -> None:
    session, worker = made()
    heard: list[tuple[float, str]] = []
    answers: list[object] = []
    token = session.call("train", answers.append)
    other = session.call("train", answers.append)
    session.follow(token, lambda share, step: heard.append((share, step)))
    worker.replied.emit(Reply(other, progress=0.1, step="other"))
    worker.replied.emit(Reply(token, progress=0.5, step="half"))
    assert (heard, answers, session.waiting) == ([(0.5, "half")], [], True)
    worker.replied.emit(Reply(token, {"done": 1}))
    assert answers == [{"done": 1}]
    worker.replied.emit(Reply(token, progress=0.9, step="late"))
    assert heard == [(0.5, "half")]
    session.drop(other)
    assert worker.cancelled == [other]
    worker.replied.emit(Reply(other, {"done": 2}))
    assert answers == [{"done": 1}]
    assert not session.waiting


def test_an_edit_gives_up_everything_asked_of_the_audience_before_and_nothing_else(qapp: QApplication) -> None:
    session, worker = made()
    audience = Audience("a", "a1", TraitIs("age", Compare("gte", 1)))
    session.edited(audience)
    session._debounce.stop()
    session._ask_size()
    answers: list[str] = []
    session.look("insights", lambda answer: answers.append("look"))
    kept = session.call("lists", lambda answer: answers.append("call"))
    size, look = worker.of("size")[0].token, worker.of("insights")[0].token
    session.edited(audience)
    assert sorted(worker.cancelled) == sorted([size, look])
    session._debounce.stop()
    for token in (size, look, kept):
        worker.replied.emit(Reply(token, SIZE | {"data_version": "1"}))
    assert answers == ["call"]


def test_when_the_engine_dies_what_was_asked_for_fails_and_the_size_is_asked_again(qapp: QApplication) -> None:
    session, worker = made()
    failures: list[str] = []
    states: list[str] = []
    session.engine_state.connect(states.append)
    session.edited(Audience("a", "a1", TraitIs("age", Compare("gte", 1))))
    session._debounce.stop()
    session._ask_size()
    session.look("insights", lambda answer: None, lambda error: failures.append("look"))
    session.call("lists", lambda answer: None, lambda error: failures.append(error.code))
    worker.died.emit()
    assert (failures, states) == (["internal"], ["status.restarted"])
    assert session._debounce.isActive()
    session._debounce.stop()
    session.forget()


def test_values_are_asked_once_until_the_workspace_is_opened_anew(qapp: QApplication) -> None:
    session, worker = made()
    answers: list[object] = []
    for name, source in (("state", None), ("state", "view"), ("state", None)):
        session.values(name, source, answers.append)
    first, other, again = worker.of("values")
    for request in (first, other, again):
        worker.replied.emit(Reply(request.token, [{"value": request.token}]))
    session.values("state", None, answers.append)
    assert len(worker.of("values")) == 3
    assert answers[-1] == [{"value": again.token}]
    session.open()
    session.values("state", None, answers.append)
    assert len(worker.of("values")) == 4
    session.forget()

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


STEPS = st.lists(
    st.tuples(st.sampled_from(["edit", "ask", "early", "answer", "fail", "die", "look"]), st.integers(0, 9)),
    max_size=40,
)


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
                request = worker.requests[which % len(worker.requests)]
                if request.operation == "size" and request.token not in answered:
                    name = request.arguments["document"]["name"]
                    worker.replied.emit(Reply(request.token, early=SIZE | {"data_version": name, "interval": [0, 2]}))
            case "answer" | "fail" if waiting:
                request = waiting[which % len(waiting)]
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

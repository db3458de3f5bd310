"""Cancelling, and work beside work."""

from __future__ import annotations

import pytest

from engine.errors import Cancelled
from engine.jobs import Aside, Job


def test_a_cancel_interrupts_what_registered_and_stops_the_rest() -> None:
    job, heard = Job(), []
    forget = job.interrupting(lambda: heard.append(1))
    job.cancel()
    forget()
    job.cancel()
    assert heard == [1]
    with pytest.raises(Cancelled):
        job.check()
    with pytest.raises(Cancelled):
        job.report(0.5, "half")


def test_work_aside_tells_only_while_the_block_lasts() -> None:
    told: list[str] = []
    begun, may_tell, ended = Job(), Job(), Job()

    def work(aside: Aside) -> None:
        aside.tell(lambda: told.append("in time"))
        begun.cancel()
        may_tell.wait_cancelled(20)
        aside.tell(lambda: told.append("too late"))
        ended.cancel()

    with Aside(work, 0):
        assert begun.wait_cancelled(20)
    may_tell.cancel()
    assert ended.wait_cancelled(20)
    assert told == ["in time"]


def test_work_aside_is_not_begun_when_the_block_is_quick() -> None:
    begun: list[int] = []
    with Aside(lambda aside: begun.append(1), 60):
        pass
    assert begun == []

"""Places of tokens: one token cannot take all, and nobody works for a client that is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.api import places
from engine.api.places import Line, Places, heeding
from engine.jobs import Job


def test_one_token_takes_its_places_and_no_more() -> None:
    async def story() -> None:
        there = Places()
        free = asyncio.Event()
        inside: list[str] = []

        async def ask(token: str) -> None:
            async with there.of(token, 2) as taken:
                assert taken
                inside.append(token)
                await free.wait()
            inside.append(f"-{token}")

        greedy = [asyncio.create_task(ask("greedy")) for _ in range(6)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert inside == ["greedy", "greedy"]
        other = asyncio.create_task(ask("other"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert inside[-1] == "other"
        free.set()
        await asyncio.gather(*greedy, other)
        assert inside.count("-greedy") == 6
        assert there._taken == {}
        assert there._waiting == {}

    asyncio.run(story())


def test_who_waits_too_long_or_goes_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PATIENCE", 0.01)

    async def story() -> None:
        there = Places()
        async with there.of("a", 1):
            async with there.of("a", 1) as taken:
                assert not taken
            monkeypatch.setattr(places, "PATIENCE", 60.0)
            waiting = asyncio.create_task(there.of("a", 1).__aenter__())
            for _ in range(3):
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert (there._taken, there._waiting) == ({}, {})

    asyncio.run(story())


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_work_for_a_client_that_is_gone_is_cancelled(when: str) -> None:
    async def story() -> None:
        line, job, started, seen = Line(), Job(), asyncio.Event(), asyncio.Event()

        async def receive() -> Any:
            if when == "meanwhile":
                await started.wait()
            return {"type": "http.disconnect"}

        async def work() -> None:
            if when == "meanwhile":
                line.carries(job)
                started.set()
            for _ in range(5):
                await asyncio.sleep(0)
            line.carries(job)
            seen.set()

        await heeding(line, receive, work())
        assert job.cancelled

    asyncio.run(story())


def test_work_that_is_done_is_not_cancelled() -> None:
    async def story() -> None:
        line, job = Line(), Job()

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def work() -> None:
            line.carries(job)

        await heeding(line, receive, work())
        assert not job.cancelled

    asyncio.run(story())

"""One suite for every kind of destination: whatever goes wrong between and there, each batch counts once, and nothing else
is raised than that it is to be tried again, or that a person must mend something; and batches of every size arrive.

``CONVOKE_ROWS`` makes the largest size another one than a batch and a row (`make proof-sizes`: a million).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest

from engine.destinations import admanager, google, http, mysql, objects, sftp
from engine.destinations.protocol import Batch, Destination, Later, Misconfigured, Operation, Refused, Row
from tests.support.cases import KINDS, MISSING, Case, Trouble
from tests.support.destining import SYNC, batch
from tests.support.line import Side

PIECES = 7
"""Of a conversation: more than any of these takes for a batch on an open line."""
CALLS = 3
"""Of a batch: more than any of these takes."""


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if MISSING.get(request.param):
        pytest.skip(f"the server of {request.param} is not installed")
    with KINDS[request.param](tmp_path) as made:
        yield made


every = pytest.mark.parametrize("case", KINDS, indirect=True)
by_line = pytest.mark.parametrize("case", [one for one in KINDS if one != "folder"], indirect=True)


def people(name: str, count: int = 3) -> list[Row]:
    """So many people of a name."""
    digests = [hashlib.sha256(f"{name}{i}".encode()).hexdigest() for i in range(count)]
    return [Row(f"{name}-{i}", (("email", digest),)) for i, digest in enumerate(digests)]


def values(rows: list[Row]) -> set[str]:
    return {row.values[0][1] for row in rows}


def arrives(out: Destination, sent: Batch) -> None:
    """Tried again until it does: some clients keep away from a line that broke for a second or so."""
    for _ in range(100):
        with suppress(Later):
            out.send(sent)
            return
        time.sleep(0.1)
    raise AssertionError("it never arrived")


def said(out: Destination, sent: Batch) -> Exception | None:
    """What a destination raises."""
    try:
        out.send(sent)
    except (Later, Misconfigured) as error:
        return error
    return None


@by_line
def test_a_line_that_breaks_anywhere_or_drips_counts_once(case: Case) -> None:
    there: set[str] = set()
    number = 0
    case.out.send(batch(people("first"), "first", "add", "00000"))
    there |= values(people("first"))
    for side in get_args(Side):
        for piece in range(PIECES):
            for operation in ("add", "remove"):
                number += 1
                rows = people(f"{side}{piece}", 5) if operation == "add" else people(f"{side}{piece}", 2)
                sent = batch(rows, f"b{number}", operation, f"{number:05d}")
                case.line.cut(side, piece)
                with suppress(Later):
                    case.out.send(sent)
                case.line.mend()
                arrives(case.out, sent)
                change = set.update if operation == "add" else set.difference_update
                change(there, values(rows))
                assert case.values() == there, (side, piece, operation)
    assert case.line.cuts >= 4, "the line was never broken"
    case.line.drips = True
    arrives(case.out, batch(people("slow"), "slow", "add", "00099"))
    assert case.values() == there | values(people("slow"))


@by_line
def test_one_that_is_busy_is_tried_again_and_one_that_refuses_waits_for_a_person(case: Case) -> None:
    there = values(people("first"))
    case.out.send(batch(people("first"), "first", "add", "00000"))
    number, raised = 0, set()
    for what in get_args(Trouble):
        for after in range(CALLS if case.midway else 1):
            number += 1
            rows = people(f"{what}{after}")
            sent = batch(rows, f"b{number}", "add", f"{number:05d}")
            case.trouble(what, after)
            error = said(case.out, sent)
            if what == "refuses" and isinstance(error, Later):  # a connection that was open is cut first
                error = said(case.out, sent)
            if error is not None:  # it may have been through before the trouble began
                raised.add(what)
                assert isinstance(error, Misconfigured if what == "refuses" else Later), (what, error)
                if what == "busy for 7 seconds" and case.says_when:
                    assert getattr(error, "after", None) == 7
            case.trouble(None, 0)
            arrives(case.out, sent)
            there |= values(rows)
            assert case.values() == there, (what, after)
    assert raised == set(get_args(Trouble))


@by_line
def test_an_answer_that_never_comes_is_not_waited_for_and_counts_once(
    case: Case, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.out.send(batch(people("first"), "first", "add", "00000"))
    kind = request.node.callspec.params["case"]
    if kind == "postgres":
        pytest.skip("its driver has no limit of its own; keepalives tell a machine that is gone")
    shorter = {
        "webhook": (http, "_TIMEOUT", 0.5),
        "meta": (http, "_TIMEOUT", 0.5),
        "google": (google, "_SECONDS", 0.5),
        "admanager": (admanager, "_SECONDS", 0.5),
        "objects": (objects, "_ANSWER", "1s"),
        "sftp": (sftp, "_WITHIN", 3.0),
        "mysql": (mysql, "_ANSWER", 1),
    }
    monkeypatch.setattr(*shorter[kind])
    case.out.close()
    if kind == "sftp":  # the limit is for a file, not for signing in
        case.out.check()
    case.line.hangs = True
    sent = batch(people("second"), "second", "add", "00001")
    with pytest.raises(Later):
        case.out.send(sent)
    case.line.mend()
    arrives(case.out, sent)
    assert case.values() == values(people("first")) | values(people("second"))


@every
def test_every_size_arrives(case: Case) -> None:
    most = case.out.capabilities.batch_rows
    there: set[str] = set()
    number = 0
    for size in (0, 1, most, int(os.environ.get("CONVOKE_ROWS", most + 1))):
        rows = people(f"of-{size}-", size)
        done: list[tuple[str, str, Operation]] = []
        for first in range(0, max(1, size), most):
            number += 1
            case.out.send(batch(rows[first : first + most], f"b{number}", "add", f"{number:05d}"))
            done.append((f"b{number}", f"{number:05d}", "add"))
        case.out.finish(SYNC, done)
        there |= values(rows)
        assert case.values() == there, size


@every
def test_a_text_that_cannot_be_written_is_blamed_and_the_others_arrive(case: Case) -> None:
    good = people("good", 1)
    for place, key in enumerate((f"u{chr(0)}x", f"u{chr(0xD83D)}x", "k" * 9_000)):
        odd = Row(key, (("email", hashlib.sha256(str(place).encode()).hexdigest()),))
        with suppress(Refused, UnicodeError):  # what makes the engine look for the row
            case.out.send(batch([*good, odd], f"odd{place}", "add", f"{place:05d}"))
        arrives(case.out, batch(good, f"good{place}", "add", f"{place:05d}.0"))
        assert values(good) <= case.values()

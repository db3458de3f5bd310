"""No value of the data in any message: a workspace full of canaries, in which everything goes wrong.

This is a sample; ``make proof-canaries`` tries every operation with every fault, and the API.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.destinations import opening
from engine.errors import EngineError
from engine.faults import causes
from engine.faults.telling import cause_of, failure, unexpected
from engine.store.tokens import SCOPES
from tests.support.api import served
from tests.support.canaries import (
    CANARY,
    DATA,
    RAISED,
    World,
    asked_by_http,
    break_data,
    leaks,
    make_world,
    operations_tried,
    raising,
)
from tests.support.delivering import Memory

COUNTING = ("size", "run", "sync", "check", "members", "insights", "breakdown", "values", "infer", "quality_run")
HARD = ("a key twice", "a structure for a text")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(opening, "BUILT_IN", {**opening.BUILT_IN, "memory": Memory()})
    return make_world(tmp_path / "ws")


def test_every_operation_fails_without_a_value(world: World) -> None:
    break_data(world, "a text for a number")
    for name in operations_tried():
        world.call(name)
    assert world.failed >= 50
    assert leaks(world) == []
    with served(world.workspace, *set(SCOPES) - {"members"}, raising=False) as client:
        answers = list(asked_by_http(world, client))
    assert len(answers) >= 30
    assert [one for one in answers if one[1] >= 400 and CANARY.search(one[2].encode())] == []
    world.close()


def test_data_that_do_not_fit_are_told_without_a_value(world: World) -> None:
    for fault in HARD:
        break_data(world, fault)
        for name in COUNTING:
            world.call(name)
    assert world.failed == 5, "every question about members; a draft leaves such a table out"
    assert leaks(world) == []
    world.close()


def test_whatever_a_query_raises_is_told_without_a_value(world: World) -> None:
    for error in RAISED.values():
        with raising(error):
            for name in ("size", "values", "sample_members"):
                world.call(name)
    assert world.failed == 3 * len(RAISED)
    assert leaks(world) == []
    world.close()


def test_faults_are_many() -> None:
    assert len(DATA) + len(RAISED) >= 35


@pytest.mark.parametrize("terminal", [True, False])
def test_the_original_text_comes_on_request_and_to_a_terminal_only(
    world: World, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_data(world, "a text for a number")
    world.close()
    command = ["-w", str(world.folder), "size", "all"]
    assert main(command) == 3
    told = capsys.readouterr().err
    assert "zqx" not in told
    assert '"age" of "people"' in told
    assert "(1 row, the first is row 8)" in told
    monkeypatch.setenv(causes.DEBUG_VARIABLE, "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert main(command) == 3
    assert ("'zqx'" in capsys.readouterr().err) is terminal


def test_the_api_gives_the_original_text_to_a_token_of_members_that_asks(world: World) -> None:
    break_data(world, "a text for a number")
    for scopes, header, seen in (
        (("read", "members"), "1", True),
        (("read", "members"), "", False),
        (("read",), "1", False),
    ):
        with served(world.workspace, *scopes, raising=False) as client:
            answer = client.post("/v1/size", json={"audiences": ["all"]}, headers={"Convoke-Technical": header})
        assert answer.status_code == 503
        assert ("zqx" in answer.text) is seen
        assert ("row 8" in answer.text) is seen
    world.close()


def test_unexpected_errors_name_their_kind_and_place() -> None:
    try:
        raise ValueError("zqx")
    except ValueError as error:
        found = unexpected(error)
    assert found.code == "internal"
    assert found.message.startswith(f"Convoke met a case it did not expect (ValueError, {__name__}:")
    assert "zqx" not in f"{found}{found.as_json()}"
    full = unexpected(OSError(28, "No space left on device", "/place/file"))
    assert (full.code, full.message) == ("file", "/place/file cannot be used: the disk is full")
    assert unexpected(MemoryError("zqx")).code == "memory"


def test_an_error_keeps_its_hint_or_that_of_its_cause() -> None:
    error = duckdb.IOException("IO Error: No files found that match zqx")
    assert failure("file", "it cannot be read", error).hint == "Check the path."
    assert failure("file", "it cannot be read", error, hint="Do that.").hint == "Do that."
    assert cause_of(error).kind == "no_file"


def test_every_operation_is_tried() -> None:
    assert len(operations_tried()) + 12 == len(operations.__all__)


def test_a_file_of_data_given_for_a_document_is_not_shown(world: World) -> None:
    for text in ("id,email\n1,zqx@zqx.test\n", '"zqx', "*zqx", "a: !zqx b", '{"zqx": 1', "zqx: [", "'zqx': 'a\n"):
        world.file.write_text(text, encoding="utf-8")
        with pytest.raises(EngineError) as raised:
            operations.apply_model(world.workspace, world.file)
        assert "zqx" not in raised.value.message.replace('has no "zqx"', "")
    world.close()

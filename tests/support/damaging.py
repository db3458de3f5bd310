"""Damage to files, and what the work that reads them comes to: right, a sentence, or one of the ways that are faults.

The work is done in a forked process, so that one that dies or hangs is counted and not suffered.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["bit", "byte", "page", "block", "cut", "swapped", "older", "doubled"]
KINDS: tuple[Kind, ...] = ("bit", "byte", "page", "block", "cut", "swapped", "older", "doubled")
Verdict = Literal["right", "sentence", "bare", "wrong", "traceback", "died", "hung"]
GOOD: frozenset[Verdict] = frozenset({"right", "sentence"})
"""What an answer over damaged files may be; ``bare`` is a sentence that names no remedy."""
Questions = Mapping[str, Callable[[], Any]]
Ask = Callable[[Path], Iterator[tuple[str, Callable[[], Any]]]]
"""Questions over a folder, in their order."""

_PAGE, _BLOCK = 4096, 65536
_SECONDS = 60


def damaged(kind: Kind, data: bytes, rng: random.Random, older: bytes | None = None) -> bytes:
    """The bytes after damage of a kind; the same bytes where there is nothing of the kind to do."""
    if not data:
        return data
    at = rng.randrange(len(data))
    match kind:
        case "bit":
            return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        case "byte":
            return data[:at] + bytes([(data[at] + rng.randrange(1, 256)) % 256]) + data[at + 1 :]
        case "page" | "block":
            size = min(_PAGE if kind == "page" else _BLOCK, len(data))
            at -= at % size
            return data[:at] + bytes(len(data[at : at + size])) + data[at + size :]
        case "cut":
            return data[: rng.choice((at, at - at % _PAGE))]
        case "swapped":
            return _swapped(data, rng)
        case "older":
            return data if older is None else older
        case "doubled":
            size = rng.choice((1, 16, 512, _PAGE))
            return data[: at + size] + data[at : at + size] + data[at + size :]


def _swapped(data: bytes, rng: random.Random) -> bytes:
    """Two blocks of the same size in each other's place; in DuckDB's file its own ones."""
    head, size = (3 * _PAGE, 262_144) if data[8:12] == b"DUCK" else (0, _PAGE)
    many = (len(data) - head) // size
    if many < 2:
        return data
    one, other = (head + size * place for place in sorted(rng.sample(range(many), 2)))
    first, second = data[one : one + size], data[other : other + size]
    return data[:one] + second + data[one + size : other] + first + data[other + size :]


@dataclass(frozen=True)
class Answered:
    """An answer, or how it failed."""

    verdict: Verdict
    value: Any = None
    text: str = ""


def answers(ask: Ask, folder: Path) -> dict[str, Answered]:
    """What the questions come to in a process of their own; those after a death or a hang are missing."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_child(ask, folder, writer))
    os.close(writer)
    text, in_time = _read(reader)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    found: dict[str, Answered] = {}
    last = "start"
    for line in text.split("\n")[:-1]:
        name, verdict, value, said = json.loads(line)
        last = name
        if verdict == "asked":
            continue
        found[name] = Answered(verdict, value, said)
    if not in_time:
        found[last] = Answered("hung")
    elif status:
        found[last] = Answered("died", text=f"status {status}")
    return found


def _read(reader: int) -> tuple[str, bool]:
    parts: list[bytes] = []
    end = time.monotonic() + _SECONDS
    try:
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([reader], [], [], left)[0]:
                return b"".join(parts).decode(), False
            part = os.read(reader, 1 << 16)
            if not part:
                return b"".join(parts).decode(), True
            parts.append(part)
    finally:
        os.close(reader)


def _child(ask: Ask, folder: Path, writer: int) -> int:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def say(*told: Any) -> None:
        os.write(writer, (json.dumps(told, default=str) + "\n").encode())

    try:
        for name, work in ask(folder):
            say(name, "asked", None, "")
            say(name, *_answer(work))
    except BaseException:
        say("start", "traceback", None, traceback.format_exc())
    return 0


def _answer(work: Callable[[], Any]) -> tuple[Verdict, Any, str]:
    from engine.errors import EngineError

    try:
        return "right", work(), ""
    except EngineError as error:
        ok = error.code != "internal" and error.hint and error.exit_code in (1, 2, 3)
        return ("sentence" if ok else "bare"), None, f"{error.code}: {error}"
    except BaseException:
        return "traceback", None, traceback.format_exc()


def judged(found: Mapping[str, Answered], right: Mapping[str, Any], fits: Callable[[str, Any], bool]) -> dict[str, Any]:
    """The verdict of each question; answers are right when they are the undamaged ones, or ``fits`` says so."""
    result: dict[str, Answered] = {}
    for name, one in found.items():
        wrong = one.verdict == "right" and one.value != right.get(name) and not fits(name, one.value)
        result[name] = Answered("wrong", one.value) if wrong else one
    return result

"""What children came to, as lines of the daemon's log: never with values of profiles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Line = tuple[int, str, dict[str, Any]]
"""(level, what happened, fields)."""


def say(log: logging.Logger, work: str, answer: Mapping[str, Any]) -> None:
    """Log the answer of a child that did something else than a run."""
    for level, what, fields in _LINES.get(work, _syncs)(answer):
        log.log(level, what, extra={"fields": fields})


def _quality(answer: Mapping[str, Any]) -> Iterator[Line]:
    red = [f"{one['table']}: {one['check']}" for one in answer["checks"] if one["state"] == "red"]
    fields = {"checks": len(answer["checks"]), "red": red}
    yield logging.ERROR if red else logging.INFO, "contracts checked", fields


def _ingest(answer: Mapping[str, Any]) -> Iterator[Line]:
    for one in answer["files"]:
        level = logging.INFO if one["state"] == "loaded" else logging.ERROR
        fields = {name: one[name] for name in ("id", "file", "into", "rows", "bad", "message")}
        yield level, f"file {one['state']}", fields


def _traits(answer: Mapping[str, Any]) -> Iterator[Line]:
    for one in answer["traits"]:
        yield logging.ERROR if one["state"] == "held" else logging.INFO, f"trait {one['state']}", one


def _layout(answer: Mapping[str, Any]) -> Iterator[Line]:
    for one in answer["tables"]:
        yield logging.INFO, "table sorted", {name: one[name] for name in ("table", "parts", "hot", "read", "after")}


def _scores(answer: Mapping[str, Any]) -> Iterator[Line]:
    for one in answer["scores"]:
        yield logging.ERROR if one["state"] in ("held", "failed") else logging.INFO, f"model {one['state']}", one


def _identity(answer: Mapping[str, Any]) -> Iterator[Line]:
    level = logging.INFO if answer["state"] == "published" else logging.ERROR
    fields = {name: answer[name] for name in ("run", "persons", "merged", "split", "new")}
    yield level, f"identity {answer['state']}", fields


def _syncs(answer: Mapping[str, Any]) -> Iterator[Line]:
    """What waits or is held is worth a look, what failed is an error."""
    levels = {"done": logging.INFO, "failed": logging.ERROR}
    for one in answer.get("syncs", []):
        fields = {k: one[k] for k in ("sync", "audience", "destination", "run", "reason", "not_before") if one[k]}
        fields |= {k: one[k] for k in ("add", "remove", "change") if k in one}
        yield levels.get(one["state"], logging.WARNING), f"sync {one['state']}", fields


_LINES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Line]]] = {
    "quality": _quality,
    "ingest": _ingest,
    "traits": _traits,
    "scores": _scores,
    "layout": _layout,
    "identity": _identity,
}

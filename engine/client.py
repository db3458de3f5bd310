"""Typed calls for the app: the operations' names and values, with no machinery behind them.

The app sends requests to the worker process and gets replies, both one line of JSON. A token ties a reply to its
request;
the app drops a reply whose token is no longer the one it waits for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.domain.audience import Audience
from engine.domain.audience_codec import write_audience
from engine.domain.canonical import canonical_json
from engine.errors import EngineError


@dataclass(frozen=True)
class Request:
    """An operation to run; ``lane`` names what it replaces: a newer request of a lane cancels the older ones."""

    token: int
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    lane: str | None = None

    def line(self) -> bytes:
        """The request as the worker reads it."""
        body = {"token": self.token, "op": self.operation, "args": dict(self.arguments), "lane": self.lane}
        return canonical_json(body).encode() + b"\n"


def cancel_line(token: int) -> bytes:
    """Asks the worker to stop a request; repeated until the reply comes."""
    return json.dumps({"cancel": token}).encode() + b"\n"


@dataclass(frozen=True)
class Reply:
    """What the worker answers: a result or an error; on the way, progress, or what a sample says ``early``."""

    token: int
    result: Any = None
    error: EngineError | None = None
    progress: float | None = None
    step: str = ""
    early: Any = None

    @property
    def last(self) -> bool:
        """Whether nothing else comes for this request."""
        return self.progress is None and self.early is None

    @classmethod
    def from_line(cls, line: bytes) -> Reply:
        """A reply as the worker wrote it."""
        body = json.loads(line)
        error = body.get("error")
        return cls(
            int(body["token"]),
            body.get("result"),
            None if error is None else EngineError(error["code"], error["message"], error["path"], error["hint"]),
            body.get("progress"),
            body.get("step", ""),
            body.get("early"),
        )


@dataclass(frozen=True)
class NodeCount:
    """A node's own size, and the audience's size without it (conditions only)."""

    size: int
    without: int | None = None


@dataclass(frozen=True)
class SizeAnswer:
    """The numbers of one rule at one moment; ``interval`` is that of an estimate, None for an exact answer."""

    size: int
    base: int
    as_of: str
    data_version: str
    elapsed_ms: float
    per_site: Mapping[str, int]
    nodes: Mapping[str, NodeCount]
    interval: tuple[int, int] | None = None
    hints: Mapping[str, str] = field(default_factory=dict)
    """By the path of a condition that finds nobody: the nearest value that occurs."""

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> SizeAnswer:
        """From what the operation `size` gives."""
        nodes = {c["path"]: NodeCount(c["size"], c["without"]) for c in result["conditions"]}
        nodes |= {g["path"]: NodeCount(g["size"]) for g in result["groups"]}
        return cls(
            result["size"],
            result["base"],
            result["as_of"],
            result["data_version"],
            result["elapsed_ms"],
            result["per_site"],
            nodes,
            None if result.get("interval") is None else (result["interval"][0], result["interval"][1]),
            {one["path"]: one["nearest"] for one in result.get("hints", ())},
        )


def size_request(token: int, document: Mapping[str, Any]) -> Request:
    """The size of an audience as it stands on the canvas, given as its document."""
    return Request(token, "size", {"document": document}, lane="size")


def values_request(token: int, name: str, source: str | None) -> Request:
    """The most frequent values of a trait or property."""
    return Request(token, "values", {"name": name, "source": source})


def save_request(token: int, audience: Audience) -> Request:
    """Save an audience."""
    return Request(token, "save", {"document": write_audience(audience)})


def overview_request(token: int) -> Request:
    """The model, the first audiences and the settings of the workspace."""
    return Request(token, "overview")


def audiences_request(token: int, after: str) -> Request:
    """The audiences behind an id."""
    return Request(token, "audiences", {"after": after})


def call_request(token: int, operation: str, **arguments: Any) -> Request:
    """Anything else: a look into an audience (its document among the arguments), or a call on the workspace."""
    return Request(token, operation, arguments)

"""What every destination can do, and what some cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Operation = Literal["add", "remove"]
Proof = Literal["live", "protocol", "contract"]


@dataclass(frozen=True)
class Capabilities:
    """Flags that decide how the engine sends.

    ``idempotency``: a batch sent twice has the effect of one because the destination knows its id (``batch``), or
    because adding and removing are set operations (``set``). ``proof`` says what the connector was tested against: the
    vendor (live), a real server of its kind (protocol), or the official client's wire format (contract). Members are
    gone after ``longest_days`` there, if they are not sent again; the engine does so after half of it.
    """

    batch_rows: int
    idempotency: Literal["batch", "set"]
    proof: Proof
    profiles: tuple[str, ...] = ("sha256",)
    smallest_audience: int = 0
    longest_days: int | None = None


@dataclass(frozen=True)
class Row:
    """One member: the profile key, and (identifier's name, value as it is sent) pairs."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sync:
    """One delivery of an audience: its number, and the moment its members are of.

    ``references`` are the receipts' references by batch id; ``asked``: how often the destination was pending before.
    """

    id: int
    audience: str
    as_of: str
    references: Mapping[str, str] = field(default_factory=dict)
    asked: int = 0


@dataclass(frozen=True)
class Batch:
    """Rows that go together. The id and the rows stay the same however often it is sent; the name is its place in the
    sync, as a text that sorts."""

    id: str
    sync: Sync
    name: str
    operation: Operation
    rows: Sequence[Row]


@dataclass(frozen=True)
class Receipt:
    """What a destination took; ``rejected`` are rows by place, with why. With a ``reference`` it works on the batch by
    itself, and is asked at the end what became of it."""

    rejected: Mapping[int, str]
    reference: str | None = None


class Later(Exception):
    """It cannot take it now; ``after`` seconds at the earliest if it said so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Pending(Exception):
    """It took everything and works on it by itself: ask again in ``after`` seconds. Nobody failed."""

    def __init__(self, reason: str, after: float) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Refused(Exception):
    """It took nothing because of some row, and does not say which: the engine halves the batch until it knows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Undone(Exception):
    """Of what it took before and worked on by itself, it did not do the requests of these ``references``: their rows
    are on record as if they were there, and are sent again with the next sync."""

    def __init__(self, reason: str, references: Sequence[str]) -> None:
        super().__init__(reason)
        self.reason, self.references = reason, tuple(references)


class Misconfigured(Exception):
    """Nothing will help until a person changes something."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


class Destination(Protocol):
    """A place that takes memberships. Methods raise Later, Refused or Misconfigured and nothing else;
    ``finish`` also Pending and Undone."""

    capabilities: Capabilities

    def check(self) -> str:
        """Try whether it can be used, without changing anything there; a sentence that says what was found."""

    def send(self, batch: Batch) -> Receipt:
        """Add or remove rows. Whatever happens, sending the very same batch again must be harmless."""

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Everything of a sync was sent: (batch id, name, operation) each. May come again."""

    def close(self) -> None:
        """Let go of connections."""

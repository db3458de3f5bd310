"""A sample that answers before a long scan has: made while nobody asks for anything, used when a size takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.domain.audience import Audience
from engine.domain.documents import iso
from engine.errors import Cancelled, EngineError
from engine.jobs import Aside, Job
from engine.membership.estimate import Estimate, Sample, can_estimate
from engine.operations.context import Context
from engine.operations.workspace import Workspace, forget_sample

ANSWERS_AFTER = 0.1
"""Seconds that an exact size may take before the sample speaks."""


@dataclass(frozen=True)
class EstimatedSize:
    """An audience's size from a sample, with the interval that holds the true number in 95 of 100 samples."""

    id: str
    found: Estimate
    as_of: datetime
    data_version: str

    def as_json(self) -> dict[str, Any]:
        """As an exact size is written, with ``exact`` false and the interval."""
        found = self.found
        return {
            "id": self.id,
            "size": found.size.size,
            "interval": [found.size.low, found.size.high],
            "base": found.base,
            "exact": False,
            "as_of": iso(self.as_of),
            "data_version": self.data_version,
            "per_site": {},
            "conditions": [{"path": c.path, "size": c.size, "without": c.without} for c in found.conditions],
            "groups": [{"path": g.path, "size": g.size} for g in found.groups],
            "elapsed_ms": ANSWERS_AFTER * 1000,
            "sampled": found.sampled,
        }


OnEstimate = Callable[[EstimatedSize], None]


def prepare_sample(workspace: Workspace, *, job: Job | None = None) -> bool:
    """Take one step towards a sample of the data as it is now; whether there is nothing left to do.

    Raises Cancelled when the job is; what earlier steps made stays.
    """
    stamp = _stamp(workspace)
    if workspace.sample_stamp != stamp:
        forget_sample(workspace)
        workspace.sample = Sample.begin(workspace.warehouse, workspace.model, job)
        workspace.sample_stamp = stamp
    sample = workspace.sample
    if sample is None or sample.ready:
        return True
    sample.fill(job)
    return sample.ready


@contextmanager
def answering_early(
    workspace: Workspace, context: Context, audience: Audience, tell: OnEstimate | None
) -> Iterator[None]:
    """Tell what the sample says when the work inside takes longer than :data:`ANSWERS_AFTER`; never after it."""
    sample = workspace.sample
    if tell is None or sample is None or not sample.ready or not can_estimate(audience, context.catalogue):
        yield
        return
    if _stamp(workspace) != workspace.sample_stamp:
        yield
        return

    def speak(aside: Aside) -> None:
        try:
            found = sample.estimate(
                audience, context.sites(audience, None), context.world, context.catalogue, aside.job
            )
        except (Cancelled, EngineError):
            return  # the exact answer says what is wrong
        aside.tell(lambda: tell(EstimatedSize(audience.id, found, context.as_of, context.data_version)))

    with Aside(speak, ANSWERS_AFTER):
        yield


def _stamp(workspace: Workspace) -> tuple[Any, ...]:
    """What a sample holds for: the data and the model."""
    stored = workspace.models.current()
    return (workspace.warehouse.data_version(), None if stored is None else stored.version)

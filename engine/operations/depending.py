"""Which tables an audience is read from, and whether one of them is red: then its deliveries wait."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.domain.audience import Audience
from engine.domain.model import DataModel, Source
from engine.domain.rule import Did, Has, Sequence, Sql
from engine.domain.walk import conditions
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.catalogue import with_referred
from engine.operations.contracting import quality_examples, red_tables
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace
from engine.store.activation import Outbox
from engine.store.quality import Qualities

_RED, _UNREADABLE = "the data are red", "a contract cannot be read"


def quality_reason(workspace: Workspace, audience: Audience) -> str | None:
    """Why an audience is not delivered: a table that it is read from has a red check; None when all is well. A contract
    that cannot be read holds everything, since nobody knows what it says."""
    try:
        red = red_tables(workspace)
    except EngineError as error:
        return f"a contract cannot be read: {error.message}"
    if not red:
        return None
    read = sorted(named_tables(_sources(raw_model(workspace), workspace, audience), red))
    if not read:
        return None
    return f"the data are red: {read[0]} ({red[read[0]]}); see convoke quality show"


def release_red(workspace: Workspace) -> list[str]:
    """Let deliveries go that were held because of red data, and are not any more; their audiences."""
    outbox, found = Outbox(workspace.database), []
    for one in outbox.held():
        red = (one.reason or "").startswith((_RED, _UNREADABLE))
        stored = workspace.audiences.find(one.audience_id) if red else None
        if stored is not None and quality_reason(workspace, stored.audience) is None:
            with workspace.database.transaction():
                outbox.settle(one, "queued")
            found.append(one.audience_id)
    return found


def _sources(model: DataModel, workspace: Workspace, audience: Audience) -> Iterator[Source]:
    """What the audience, and all that it refers to, is read from."""
    yield model.profile.source
    yield from (one.source for one in model.consents.values())  # who may be delivered, and as whom
    yield from (one.source for one in model.identifiers.values())
    for one in with_referred(workspace, {(audience.id, None): audience}, strict=False).values():
        for _, leaf in conditions(one.rule):
            events: list[str] = []
            match leaf:
                case Did(event):
                    events = [event]
                case Has(wanted) if wanted in model.objects:
                    yield model.objects[wanted].source
                case Sequence(steps):
                    events = [step.event for step in steps] + [s.without.event for s in steps if s.without is not None]
                case Sql(text):
                    yield Source(sql=text)
            # What the model does not know any more is read from nowhere; a run says so.
            yield from (model.events[name].source for name in events if name in model.events)


def named_tables(sources: Iterable[Source], tables: Iterable[str]) -> set[str]:
    """Which of the tables the sources name."""
    found = set()
    known = list(tables)
    for source in sources:
        text = f"{source.sql or ''} {source.where or ''}"
        for table in known:
            named = re.search(rf"(?<![\w.]){re.escape(table)}(?!\w)", text, re.IGNORECASE)
            if (source.table or "").lower() == table.lower() or named:
                found.add(table)
    return found


@dataclass(frozen=True)
class Past:
    """What a check came to before, the newest first (moment, value, state); the audiences that are read from its table;
    and some of the values that broke it, masked."""

    past: tuple[tuple[str, float | None, str], ...]
    audiences: tuple[str, ...]
    examples: tuple[str, ...]


def quality_past(workspace: Workspace, table: str, check: str, job: Job | None = None) -> Past:
    """What there is to know of a check."""
    history = Qualities(workspace.database).history(table, check, 60)
    audiences = []
    if workspace.models.current() is not None:
        model = raw_model(workspace)
        for name, stored in workspace.audiences.all().items():
            if named_tables(_sources(model, workspace, stored.audience), [table]):
                audiences.append(name)
    return Past(tuple(history), tuple(sorted(audiences)), tuple(quality_examples(workspace, table, check, job)))

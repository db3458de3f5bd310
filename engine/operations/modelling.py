"""`model infer|check|show|apply`: the data model of the workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.documents import dump_yaml, load_one, read_file
from engine.domain.durations import parse_duration
from engine.domain.model import Consent, DataModel
from engine.domain.model_codec import read_model, write_model
from engine.drafting.asking import Guess, Question
from engine.drafting.draft import ColumnFacts, infer_model
from engine.errors import EngineError, nearest
from engine.jobs import Job
from engine.operations.identity_documents import raw_model
from engine.operations.workspace import Workspace, user_name
from engine.quality.model_check import Finding, check_model

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Draft:
    """A drafted model as text, the facts behind it, and what a person should look at."""

    document: str
    columns: tuple[ColumnFacts, ...]
    notes: tuple[str, ...]
    guesses: tuple[Guess, ...] = ()
    questions: tuple[Question, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `convoke model infer --json` prints."""
        return {
            "model": load_one(self.document),
            "columns": [asdict(c) for c in self.columns],
            "notes": list(self.notes),
            "guesses": [asdict(one) for one in self.guesses],
            "questions": [asdict(one) for one in self.questions],
        }

    def frame(self) -> pd.DataFrame:
        """One row a column: table, column, type, samples, personal, confidence, evidence."""
        import pandas as pd

        return pd.DataFrame([asdict(c) for c in self.columns])


def infer(workspace: Workspace, job: Job | None = None, answers: Mapping[str, str] | None = None) -> Draft:
    """Draft a data model for the connected warehouse; nothing is saved. ``answers`` are options of an earlier draft's
    questions by their ids; raises EngineError("usage") for one that is no option."""
    found = infer_model(workspace.warehouse, job, answers)
    document = dump_yaml(write_model(found.model))
    return Draft(document, tuple(found.columns), tuple(found.notes), tuple(found.guesses), tuple(found.questions))


def read_model_file(path: Path) -> tuple[DataModel, str]:
    """A model from a file, with its text."""
    if not path.exists():
        raise EngineError("file", f"there is no file {path}", hint="Draft one: convoke model infer --out model.yaml.")
    text = read_file(path)
    try:
        return read_model(load_one(text)), text.decode("utf-8-sig")
    except EngineError as error:
        raise error.within(path.name) from None


@dataclass(frozen=True)
class ModelCheck:
    """Every finding; ``sound`` when none of them is an error."""

    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether numbers can be trusted."""
        return all(f.severity != "error" for f in self.findings)

    def as_json(self) -> dict[str, Any]:
        """What `convoke model check --json` prints."""
        return {"sound": self.sound, "findings": [asdict(f) for f in self.findings]}

    def frame(self) -> pd.DataFrame:
        """One row a finding."""
        import pandas as pd

        return pd.DataFrame([asdict(f) for f in self.findings])


def check(workspace: Workspace, file: Path | None = None, job: Job | None = None) -> ModelCheck:
    """Check a model file, or the workspace's model, against the data."""
    model = workspace.model if file is None else read_model_file(file)[0]
    return ModelCheck(tuple(check_model(model, workspace.warehouse, job)))


def show_model(workspace: Workspace) -> str:
    """The current model as it was written."""
    stored = workspace.models.current()
    if stored is None:
        _ = workspace.model  # raises with the right advice
        return ""
    return stored.document


def model_sessions(workspace: Workspace, name: str, events: Sequence[str], gap: str) -> str:
    """An event of the model, as YAML: the sessions of profiles, made of events that are no longer apart than ``gap``,
    such as 30min. Nothing is saved."""
    from engine.sql.sessions import PROPERTIES, sessions

    model = raw_model(workspace)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise EngineError("usage", f'"{name}" cannot be an event\'s name', hint="Use a-z, 0-9 and _, such as visit.")
    if not events:
        raise EngineError("usage", "no event was named", "--of", "Name the events that sessions are made of.")
    for one in events:
        if one not in model.events:
            hint = nearest(one, model.events, "event")
            raise EngineError("unknown_name", f'there is no event "{one}"', "--of", hint)
    pause = parse_duration(gap)
    if pause is None or pause.exact is None or not pause.count:
        raise EngineError("operand", f'"{gap}" is no pause', "--gap", "Write it as 30min or 2h.")
    made = {
        "sql": sessions(model, workspace.warehouse, list(dict.fromkeys(events)), pause),
        "profile": "profile",
        "time": "started",
        "properties": {one: {"type": kind} for one, kind in PROPERTIES.items()},
    }
    return dump_yaml({name: made})


def add_to_model(workspace: Workspace, event: str) -> DataModel:
    """The current model with one more event (YAML, as :func:`model_sessions` gives it), as its next version. Comments
    of the model's text are lost."""
    document, more = load_one(show_model(workspace)), load_one(event)
    document["events"] = {**(document.get("events") or {}), **more}
    return apply_model_text(workspace, dump_yaml(document))


def apply_model(workspace: Workspace, file: Path) -> DataModel:
    """Make a file the workspace's model; refused when its tables and columns are not in the warehouse."""
    model, text = read_model_file(file)
    return _apply(workspace, model, text)


def apply_model_text(workspace: Workspace, text: str) -> DataModel:
    """The same for a model's text, as the app edits it."""
    return _apply(workspace, read_model(load_one(text)), text)


def _apply(workspace: Workspace, model: DataModel, text: str) -> DataModel:
    _must_fit(model, workspace)
    workspace.models.save(text, user_name())
    return model


def _must_fit(model: DataModel, workspace: Workspace) -> None:
    """The sources and columns must exist with the declared types, and keys fit; nothing is read but wide keys."""
    from engine.sql.keys import keys_fit
    from engine.sql.reach import must_hold_one, must_tell
    from engine.sql.sources import Sources

    sources = Sources(model, workspace.warehouse)
    keys_fit(sources, workspace.warehouse)
    sources.site()
    zone = next(iter(model.sites.values())).zone
    for trait in model.profile.traits.values():
        sources.profiles.must_fit(trait, zone, "traits")
    for event in model.events.values():
        rows = sources.event_rows(event.name, "e")
        sources.owner(rows, event)
        sources.event_time(rows, event.name, zone)
        for field in event.properties.values():
            rows.must_fit(field, zone, "properties")
    for thing in model.objects.values():
        rows = sources.object_rows(thing.name, "o")
        sources.owner(rows, thing)
        for field in thing.properties.values():
            rows.must_fit(field, zone, "properties")
    for section, listed in (("identifiers", model.identifiers), ("consents", model.consents)):
        for name, found in listed.items():
            must_hold_one(workspace.warehouse.columns(found.source, f"{section}.{name}"), found, f"{section}.{name}")
            if isinstance(found, Consent):
                must_tell(found, workspace.warehouse)

"""What the app does with lookalikes: a look at a seed before it is used, documents it writes, and using a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from engine.domain.documents import dump_yaml, load_one
from engine.domain.scoring import CONSENT, Group, LookalikeDocument, read_score
from engine.durable import make_folder, replace_file
from engine.errors import EngineError
from engine.jobs import Job
from engine.operations.likening import lookalike_apply
from engine.operations.lookalikes import lookalike_train
from engine.operations.scoring import FOLDER, Scoring, one_score, today, written_scores
from engine.operations.workspace import Workspace

_REACH = re.compile(r"^reach:.*\n?(?:[ \t]+.*\n?)*", re.MULTILINE)
"""The lines of a document's reach."""


@dataclass(frozen=True)
class Seed:
    """A seed at a glance: its people, those of them who may be learnt from, everybody who may be, and whether that is
    enough (`good`), little (`small`), too little (`too_small`), or nearly everybody (`everybody`)."""

    people: int
    usable: int
    everybody: int
    quality: str

    def as_json(self) -> dict[str, Any]:
        """For the app."""
        return asdict(self)


def lookalike_seed(workspace: Workspace, group: dict[str, Any], job: Job | None = None) -> Seed:
    """Look at an audience (`{audience: ID}`) or a list (`{list: ID}`) that may become a seed."""
    from engine.lookalike.training import ADVISED_SEED, LEAST_SEED

    scoring, at = Scoring(workspace, job), today()
    document = read_score({"kind": "lookalike", "id": "seed", "seed": group, "consent": consent_of(workspace)})
    assert isinstance(document, LookalikeDocument)  # noqa: S101 - as it was written
    keys = scoring.keys(document.seed, "seed", at)
    usable, everybody = scoring.usable(document.learning, at, keys)
    quality = "good" if usable >= ADVISED_SEED else "small" if usable >= LEAST_SEED else "too_small"
    if everybody - usable < LEAST_SEED:
        quality = "everybody"
    return Seed(len(keys), usable, everybody, quality)


def consent_of(workspace: Workspace) -> str | bool:
    """The purpose that is asked for; a data model that knows none asks nobody, which the card says."""
    return CONSENT if CONSENT in workspace.model.consents else False


def lookalike_create(workspace: Workspace, group: dict[str, Any], job: Job | None = None) -> str:
    """Write a document for a seed and train its model; its id. A model that cannot be trained leaves no document."""
    wanted = Group(group.get("audience"), group.get("list"))
    name = free_name(workspace, f"like_{wanted.audience or wanted.list or 'seed'}")
    document = {"kind": "lookalike", "id": name, "seed": group, "consent": consent_of(workspace)}
    with written_while_good(workspace, document):
        lookalike_train(workspace, [name], job=job)
    return name


@contextmanager
def written_while_good(workspace: Workspace, document: dict[str, Any]) -> Iterator[None]:
    """Write a document; one whose model cannot be trained does not stay."""
    read_score(document)
    path = workspace.folder / FOLDER / f"{document['id']}.yaml"
    make_folder(path.parent)
    replace_file(path, dump_yaml(document).encode())
    try:
        yield
    except EngineError:
        path.unlink()
        raise


def free_name(workspace: Workspace, wanted: str) -> str:
    """An id for a model that nothing has yet, made of a text."""
    base = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_")[:56]
    taken = {*written_scores(workspace), *workspace.model.profile.traits, *workspace.audiences.ids()}
    return next(name for name in (base, *(f"{base}_{place}" for place in range(2, 1_000))) if name not in taken)


def _with_reach(text: str, share: float) -> str:
    """A document's text with another reach: whatever else somebody wrote, comments too, stays as it is."""
    wanted = load_one(text) | {"reach": {"share": share}}
    line = f"reach: {{share: {share:g}}}\n"
    told, count = _REACH.subn(line, text)
    if not count:
        told = text.rstrip("\n") + "\n" + line
    plain = dump_yaml(wanted)
    with suppress(EngineError):  # one that is written as JSON has no lines to change
        if dump_yaml(load_one(told)) == dump_yaml(load_one(plain)):
            return told
    return plain


def lookalike_use(workspace: Workspace, identifier: str, share: float, job: Job | None = None) -> str | None:
    """Say in the document how many the audience takes, rank everybody and write the audience; its id."""
    written = one_score(workspace, identifier, LookalikeDocument)
    text = _with_reach(written.text, share)
    read_score(load_one(text))
    for path in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        if load_one(path.read_bytes()).get("id") == identifier:
            replace_file(path, text.encode())
    (outcome,) = lookalike_apply(workspace, [identifier], accept=True, job=job)
    return outcome.audience

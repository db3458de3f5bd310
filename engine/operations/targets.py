"""What the command line names: files, folders and ids, as audiences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from engine.domain.audience import Audience
from engine.domain.audience_codec import ID_PATTERN, read_audience
from engine.domain.documents import dump_yaml, load_documents, read_file
from engine.domain.values import parse_moment
from engine.errors import EngineError
from engine.operations.workspace import Workspace

Target: TypeAlias = str | Mapping[str, Any]
"""An audience by file or id, or its document."""

_ENDINGS = (".yaml", ".yml", ".json")


class ById(str):
    """An audience's id that is never read as a path: what comes over a network."""


@dataclass(frozen=True)
class Named:
    """An audience, the text it is written as, and where it comes from (None: the store)."""

    audience: Audience
    document: str
    source: Path | None


def read_audience_files(
    path: Path, skipped: list[str] | None = None, wrong: list[EngineError] | None = None
) -> list[Named]:
    """The audiences in a file or below a folder; documents of other kinds in a folder are skipped and listed. What is
    wrong with a file is raised, or put into ``wrong``."""
    files = [path]
    if path.is_dir():
        found = (p for p in path.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())
        files = sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))
    result: list[Named] = []
    for file in files:
        try:
            result += _read(file, path, skipped)
        except EngineError as error:
            if wrong is None:
                raise
            wrong.append(error)
    return result


def _read(file: Path, root: Path, skipped: list[str] | None) -> list[Named]:
    shown = str(file.relative_to(root)) if root.is_dir() else file.name
    try:
        text = read_file(file)
        documents = load_documents(text)
        named = []
        for document in documents:
            if root.is_dir() and isinstance(document, dict) and document.get("kind") not in (None, "audience"):
                if skipped is not None:
                    skipped.append(shown)
                continue
            written = text.decode("utf-8-sig") if len(documents) == 1 else dump_yaml(document)
            named.append(Named(read_audience(document), written, file))
        return named
    except EngineError as error:
        raise error.within(shown) from None


def resolve(workspace: Workspace, targets: Sequence[str], wrong: list[EngineError] | None = None) -> list[Named]:
    """Files, folders and ids as audiences; two of the same id are an error that names both places. What is wrong with a
    file of a folder is raised, or put into ``wrong``; so are two of the same id, and neither counts then."""
    result: list[Named] = []
    for target in targets:
        path = Path(target)
        if not isinstance(target, ById) and path.exists():
            found = read_audience_files(path, None, wrong if path.is_dir() else None)
            if not found and not wrong:
                raise EngineError("file", f"{target} holds no audiences", hint="Name a folder of audience documents.")
            result += found
        elif ID_PATTERN.fullmatch(target):
            stored = workspace.audiences.get(target)
            result.append(Named(stored.audience, stored.document, None))
        else:
            raise EngineError(
                "file", f"there is no file or folder {target}", hint="Name a file, a folder or an audience's id."
            )
    folders = any(not isinstance(target, ById) and Path(target).is_dir() for target in targets)
    return refuse_twins(result, wrong if folders else None)


def resolve_one(workspace: Workspace, target: Target) -> Named:
    """One audience; raises EngineError("usage") when the target holds none or several."""
    if isinstance(target, Mapping):
        return Named(read_audience(dict(target)), "", None)
    found = resolve(workspace, [target])
    if len(found) != 1:
        raise EngineError("usage", f"{target} holds {len(found)} audiences", hint="Name one audience.")
    return found[0]


def all_wrong(wrong: Sequence[EngineError], code: str | None = None) -> EngineError:
    """Everything that is wrong with some documents, as one error of the first one's kind, or of ``code``."""
    first = wrong[0]
    if len(wrong) == 1:
        return first if code is None else EngineError(code, first.message, first.path, first.hint)
    said = "; ".join(str(EngineError("", f"{error.message}.", error.path, error.hint)) for error in wrong)
    return EngineError(code or first.code, f"{len(wrong)} documents are wrong: {said}")


def refuse_twins(named: Sequence[Named], wrong: list[EngineError] | None = None) -> list[Named]:
    """Those audiences whose id no other one has. Raises EngineError("duplicate_id") for the others, or puts it into
    ``wrong``."""
    same: dict[str, list[Named]] = {}
    for one in named:
        same.setdefault(one.audience.id, []).append(one)
    for identifier, twins in same.items():
        if len(twins) == 1:
            continue
        places = " and ".join(str(one.source) if one.source else "the workspace" for one in twins[:2])
        error = EngineError(
            "duplicate_id", f'two audiences have the id "{identifier}": {places}', "id", "Rename one of them."
        )
        if wrong is None:
            raise error
        wrong.append(error)
    return [one for one in named if len(same[one.audience.id]) == 1]


def moment(text: str | datetime | None) -> datetime:
    """as_of: ISO 8601; without an offset it is UTC; nothing means now."""
    if text is None:
        return datetime.now(UTC)
    found = parse_moment(text)
    if found is None:
        raise EngineError(
            "operand", f'"{text}" is not a moment', "--as-of", "Write it as 2026-01-31 or 2026-01-31T09:00:00Z."
        )
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

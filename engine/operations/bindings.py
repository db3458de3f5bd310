"""What destinations and ingest documents may use of this machine: `convoke secret allow`, and first uses by the owner.

A document comes by git or over the API, so it cannot give itself anything. A secret is bound to the ids and hosts it
was given for; a path lies in the workspace, under the setting ``allow_folders``, or was saved by the owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.destinations.needs import SECRET_NAME, SHARED, VARIABLE, Need, is_own, may_name, needs
from engine.domain.documents import iso, load_one, read_file
from engine.domain.ingest import IngestDocument
from engine.domain.ingest_codec import read_ingest
from engine.errors import EngineError
from engine.operations.workspace import Workspace, user_name
from engine.store.activation import Destinations
from engine.store.grants import Grant, Grants

FOLDER = "ingest"
_PRIVATE = ("bitmaps", "drafts", "features", "identity", "logs", "models", "spool", ".git")
_READ = ("contracts", "ingest", "traits", "warehouse")
OWN_FOLDERS = (*_PRIVATE, *_READ)
"""Folders of the workspace that Convoke reads or keeps its own files in: nothing is delivered into them."""
_OWN_FILES = ("convoke.toml", "secrets.", "store.sqlite")
_TYPED = "Type it again, or allow it: convoke secret allow {name} --for {user} --host {host}."
_MOVED = "The owner may allow it: convoke secret allow {name} --for {user} --host {host}."


def grants(workspace: Workspace) -> list[Grant]:
    """Every grant; the documents of an older workspace are given what they use now at the first look."""
    store = Grants(workspace.database)
    if store.pending():
        _migrate(workspace, store)
    return store.all()


def approve(workspace: Workspace, user: str, kind: str, settings: Mapping[str, Any]) -> None:
    """Check what a destination needs as it is saved. What the owner uses for the first time is given to it, and every
    path that the owner saves; EngineError("refused") names the first other need."""
    known, fresh = grants(workspace), list[Need]()
    for need in needs(kind, settings):
        if need.what == "path":
            path = workspace.folder / Path(need.name).expanduser()
            if not within_roots(workspace, user, path, known):
                if not workspace.owner:
                    raise EngineError("refused", f"{need.name} is outside the workspace", "settings", OUTSIDE)
                fresh.append(Need("path", str(path.resolve()), ""))
        elif must_ask(workspace, user, need, known, first=workspace.owner):
            fresh.append(need)
    keep(workspace, user, fresh)


def must_ask(workspace: Workspace, user: str, need: Need, known: Iterable[Grant], *, first: bool) -> bool:
    """Whether something is to be given now, since nobody has used it yet (or the machine's credentials are used by the
    owner); False: it was given before. EngineError("refused") when it is neither."""
    reason = forbidden(workspace, need, known)
    if reason is None and allowed(known, user, need):
        return False
    used = need.what != "machine" and any(_same(one, need) for one in known)
    if reason is None and (used or not first):
        reason = refusal(user, need)
    if reason is not None:
        raise EngineError("refused", *reason)
    return True


def approve_source(
    workspace: Workspace, document: IngestDocument, *, near: Sequence[Path] | None = None, watched: bool = False
) -> None:
    """Check what an ingest document needs before it is loaded. ``near``: folders it may read from besides the
    workspace's (None: any, the document is the caller's own). ``watched``: it lies in the folder ingest and nobody
    named it, so nothing is given to it."""
    known, fresh, kind, settings = grants(workspace), list[Need](), *_source(document)
    wanted = needs(kind, settings)
    if document.path is not None:
        wanted.append(Need("path", document.path, ""))
    for need in wanted:
        if need.what != "path":
            if must_ask(workspace, document.id, need, known, first=workspace.owner and not watched):
                fresh.append(need)
        elif near is not None or watched:
            path = Path(need.name).expanduser().absolute()
            by = any(path.resolve().is_relative_to(one.resolve()) for one in near or ())
            if not by and not within_roots(workspace, document.id, path, known, writing=False):
                raise EngineError("refused", f"{need.name} is outside the workspace", "path", OUTSIDE)
    keep(workspace, document.id, fresh)


def must_lead_nowhere(workspace: Workspace, document: IngestDocument, files: Iterable[Path]) -> None:
    """Raise EngineError("refused") when one of the files of a watched document is a link out of what it may read."""
    known = grants(workspace)
    for one in files:
        if one.is_symlink() and not within_roots(workspace, document.id, one, known, writing=False):
            raise EngineError("refused", f"{one.name} is a link that leads out of the workspace", "path", OUTSIDE)


OUTSIDE = "Choose a folder in the workspace; its owner may name others in the setting allow_folders."


def forbidden(workspace: Workspace, need: Need, known: Iterable[Grant]) -> tuple[str, str, str] | None:
    """Why nobody can give this: (sentence, place, hint)."""
    if need.what == "secret" and (is_own(need.name) or not SECRET_NAME.fullmatch(need.name)):
        hint = "Refer to a secret stored with convoke secret set NAME."
        if is_own(need.name):
            return "a document cannot refer to Convoke's own secrets", "settings", hint
        return "a document refers to something that cannot be a secret's name", "settings", hint
    if need.what == "env" and not may_name(need.name, workspace.settings.allow_environment):
        older = VARIABLE.fullmatch(need.name) and not need.name.upper().startswith("CONVOKE_")
        if not (older and any(_same(one, need) for one in known)):
            hint = (
                f"Name the variable {SHARED}…, or write its name into the setting allow_environment of convoke.toml; "
                "Convoke's own variables cannot be named."
            )
            return "a document cannot refer to this variable of the environment", "settings", hint
    return None


def refusal(user: str, need: Need) -> tuple[str, str, str]:
    """What is said when something was not given: (sentence, place, hint)."""
    host, _, port = need.place.rpartition(":")
    shown = host if port == "0" else need.place
    if need.what == "machine":
        hint = (
            f"Name its password or keys, or ask the workspace's owner to save {user} at the command line or in the app."
        )
        return f'"{user}" may not use the credentials of this machine at {shown}', "settings", hint
    named = "secret" if need.what == "secret" else "variable"
    name = need.name if need.what == "secret" else f"env:{need.name}"
    typed = need.what == "secret" and need.name.startswith(f"{user}-")  # as the app's form names what is typed into it
    hint = (_TYPED if typed else _MOVED).format(name=name, user=user, host=shown)
    return f'the {named} "{need.name}" was not given to "{user}" for {shown}', "settings", hint


def allowed(known: Iterable[Grant], user: str, need: Need) -> bool:
    """Whether something was given."""
    return any(_same(one, need) and one.user == user and one.covers(need.place) for one in known)


def within_roots(workspace: Workspace, user: str, path: Path, known: Iterable[Grant], *, writing: bool = True) -> bool:
    """Whether a path, every link in it followed, is where a document of this id may write (or read)."""
    real, own = path.resolve(), workspace.folder.resolve()
    if any(one.what == "path" and one.user == user and real.is_relative_to(one.name) for one in known):
        return True
    if any(real.is_relative_to(root) for root in roots(workspace)):
        return True
    if not real.is_relative_to(own):
        return False
    first = next(iter(real.relative_to(own).parts), "").casefold()
    return first not in (OWN_FOLDERS if writing else _PRIVATE) and not first.startswith(_OWN_FILES)


def roots(workspace: Workspace) -> list[Path]:
    """The folders of the setting ``allow_folders``."""
    named = [one.strip() for one in workspace.settings.allow_folders.split(";")]
    return [(workspace.folder / Path(one).expanduser()).resolve() for one in named if one]


def keep(workspace: Workspace, user: str, wanted: Iterable[Need]) -> None:
    """Give."""
    by, at, store = user_name(), iso(datetime.now(UTC).replace(microsecond=0)), Grants(workspace.database)
    with workspace.database.transaction():
        for need in wanted:
            store.save(Grant(need.what, need.name, user, need.place, by, at))


def allow_secret(workspace: Workspace, name: str, user: str, hosts: Iterable[str] = ()) -> list[Grant]:
    """Give a secret (``env:VARIABLE``: a variable) to a destination or ingest document, for the hosts it names now or
    for these (HOST or HOST:PORT). Only the workspace's owner can."""
    must_own(workspace)
    variable = name.startswith("env:")
    what: Any = "env" if variable else "secret"
    plain = name.removeprefix("env:") if variable else name
    reason = forbidden(workspace, Need(what, plain, ""), grants(workspace))
    if reason is not None:
        raise EngineError("refused", reason[0], "NAME", reason[2])
    places = [_place(one) for one in hosts] or _places_now(workspace, user)
    if not places:
        hint = "Name the host that the secret may be sent to: --host db.example.org."
        raise EngineError("usage", f'there is no destination or ingest document "{user}" yet', "--host", hint)
    keep(workspace, user, [Need(what, plain, place) for place in places])
    return [one for one in grants(workspace) if (one.what, one.name) == (what, plain)]


def must_own(workspace: Workspace) -> None:
    """Raise EngineError("refused") where whoever asks is not the workspace's owner."""
    if not workspace.owner:
        hint = "At the command line, in the app, or with a token of the scope admin."
        raise EngineError("refused", "only the workspace's owner can allow this", hint=hint)


def _place(text: str) -> str:
    host = text.strip().rstrip(".").casefold()
    if not host or any(one.isspace() or one in "/@" for one in host):
        raise EngineError("usage", "a host is written as HOST or HOST:PORT", "--host", "Such as db.example.org:5432.")
    return host


def _places_now(workspace: Workspace, user: str) -> list[str]:
    found = [need.place for one, kind, settings, _ in _documents(workspace) if one == user
             for need in needs(kind, settings) if need.what != "path"]  # fmt: skip
    return list(dict.fromkeys(found))


def _same(one: Grant, need: Need) -> bool:
    return (one.what, one.name) == (need.what, need.name)


# -- what an older workspace's documents use ---------------------------------------------------------------------------


def _migrate(workspace: Workspace, store: Grants) -> None:
    """Give every document there is now what it names now, at the hosts it names now: once."""
    found: dict[str, list[Need]] = {}
    for user, kind, settings, path in _documents(workspace):
        mine = found.setdefault(user, [])
        for need in needs(kind, settings):
            if need.what == "path":
                mine.append(Need("path", _real(workspace, need.name), ""))
            elif need.what != "secret" or (SECRET_NAME.fullmatch(need.name) and not is_own(need.name)):
                mine.append(need)
        if path is not None:
            mine.append(Need("path", _real(workspace, path), ""))
    with workspace.database.transaction():
        if store.pending():
            for user, mine in found.items():
                keep(workspace, user, mine)
            store.done()


def _real(workspace: Workspace, path: str) -> str:
    """Where a document's path is; of a pattern its folder."""
    whole = workspace.folder / Path(path).expanduser()
    return str((whole.parent if any(one in whole.name for one in "*?[") else whole).resolve())


def _documents(workspace: Workspace) -> Iterator[tuple[str, str, Mapping[str, Any], str | None]]:
    """(id, kind, settings, path) of every destination and of the documents in the folder ingest."""
    for row in Destinations(workspace.database).all().values():
        yield row.id, str(row.document.get("type")), row.document.get("settings") or {}, None
    for file in sorted((workspace.folder / FOLDER).glob("*.y*ml")):
        with suppress(EngineError):  # the daemon tells what is wrong with it
            document = read_ingest(load_one(read_file(file)))
            yield document.id, *_source(document), document.path


def _source(document: IngestDocument) -> tuple[str, Mapping[str, Any]]:
    return ("", {}) if document.origin is None else (document.origin.type, document.origin.settings)

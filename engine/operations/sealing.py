"""`convoke secret`: passwords and keys of destinations, kept in the keyring or the vault."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.destinations.host import Host, Reference
from engine.destinations.needs import SECRET_NAME, Need, is_own, needs
from engine.destinations.protocol import Later, Misconfigured
from engine.domain.documents import iso
from engine.errors import EngineError, nearest
from engine.operations.bindings import allowed, forbidden, grants, refusal, within_roots
from engine.operations.workspace import Workspace, user_name
from engine.secrets.opening import open_keeper
from engine.secrets.vault import make_key
from engine.settings import write_settings
from engine.store.activation import Destinations
from engine.store.grants import Grants
from engine.store.identity import PEPPER, Identities
from engine.store.secret_names import SecretNames, SecretRow

_AGAIN_AFTER = 60.0
"""Seconds until a delivery that waits for an unlocked keyring is tried again."""

Ask = Callable[[], str | None]


def set_secret(workspace: Workspace, name: str, value: str, ask: Ask = lambda: None) -> str:
    """Keep a secret; what keeps it now: keyring or vault. ``ask`` asks for the vault's passphrase."""
    if not SECRET_NAME.fullmatch(name):
        raise EngineError("usage", f'"{name}" cannot be a secret\'s name', hint="Use letters, digits, -, _ and dots.")
    if not value:
        raise EngineError("usage", "the secret is empty", hint="Type it, or pipe it in.")
    keeper = open_keeper(workspace.folder, workspace.settings, ask)
    if is_own(name) and (not _is_lost_pepper(workspace, name) or keeper.get(name) is not None):
        raise EngineError(
            "refused",
            f'"{name}" is the name of one of Convoke\'s own secrets, which identify people, so it is not replaced',
            hint="Choose another name; a new pepper is made by convoke identity rotate.",
        )
    return keep_secret(workspace, name, value, ask)


def keep_secret(workspace: Workspace, name: str, value: str, ask: Ask = lambda: None) -> str:
    """The same for what Convoke keeps itself."""
    keeper = open_keeper(workspace.folder, workspace.settings, ask)
    keeper.set(name, value)
    with workspace.database.transaction():
        SecretNames(workspace.database).save(
            name, keeper.kind, user_name(), iso(datetime.now(UTC).replace(microsecond=0))
        )
    return keeper.kind


def secrets(workspace: Workspace) -> list[SecretRow]:
    """The names of the secrets."""
    return list(SecretNames(workspace.database).all().values())


def remove_secret(workspace: Workspace, name: str, ask: Ask = lambda: None) -> None:
    """Forget a secret; refused while a destination needs it."""
    names = SecretNames(workspace.database)
    if name not in names.all():
        raise EngineError("not_found", f'there is no secret "{name}"', hint=nearest(name, names.all(), "secret"))
    using = [one for one, row in Destinations(workspace.database).all().items() if name in _named(row.document)]
    if using:
        raise EngineError(
            "refused",
            f'the secret "{name}" cannot be removed, because {", ".join(using)} needs it',
            hint="Change that first.",
        )
    if _is_pepper(workspace, name):
        raise EngineError(
            "refused",
            f'the secret "{name}" cannot be removed, because persons are known by it',
            hint="Make another one: convoke identity rotate.",
        )
    open_keeper(workspace.folder, workspace.settings, ask).remove(name)
    with workspace.database.transaction():
        names.forget(name)
        Grants(workspace.database).forget_name("secret", name)


def _is_lost_pepper(workspace: Workspace, name: str) -> bool:
    """Whether a secret is a pepper that was in use, so that its owner may put it back."""
    return workspace.owner and name in [PEPPER.format(row.version) for row in Identities(workspace.database).peppers()]


def _is_pepper(workspace: Workspace, name: str) -> bool:
    """Whether a secret is the pepper of the newest version."""
    rows = Identities(workspace.database).peppers()
    return bool(rows) and name == PEPPER.format(rows[-1].version)


def make_vault_key(workspace: Workspace, path: Path) -> None:
    """Write a new key file for the vault, and point the workspace's settings at vault and file."""
    make_key(path)
    settings = replace(workspace.settings, secrets="vault", vault_key=str(path.resolve()))
    write_settings(workspace.folder, settings)
    vars(workspace)["settings"] = settings  # in place of what was read before


def host_of(workspace: Workspace, user: str, kind: str, settings: Mapping[str, Any]) -> Host:
    """What the workspace gives to the connector of a destination or an ingest document, by its id, kind and settings:
    only what was given to it before."""
    stored = workspace.models.current()
    kinds = {} if stored is None else {name: one.kind for name, one in workspace.model.identifiers.items()}
    known = grants(workspace)
    wanted = needs(kind, settings)

    def reveal(reference: Reference) -> str:
        (what, name), *_ = reference.items()
        mine = [one for one in wanted if (one.what, one.name) == (what, name)]
        for need in mine or [Need("secret", name, "")]:
            reason = forbidden(workspace, need, known)
            if reason is None and not allowed(known, user, need):
                reason = refusal(user, need)
            if reason is not None:
                raise Misconfigured(reason[0], reason[2])
        return keeping(reference)

    keeping = reveal_any(workspace)
    return Host(
        workspace.folder,
        reveal,
        kinds,
        lambda path: within_roots(workspace, user, path, known),
        tuple(workspace.settings.allow_endpoints.split()),
        all(allowed(known, user, one) for one in wanted if one.what == "machine"),
    )


def reveal_any(workspace: Workspace) -> Callable[[Any], str]:
    """What reads a reference that is no document's (the setting alerts): ``{secret: NAME}`` or ``{env: VARIABLE}``.

    It raises Misconfigured when there is no such secret, Later while the keyring or vault is locked.
    """
    opened: list[Any] = []

    def reveal(reference: Any) -> str:
        if "env" in reference:
            variable = reference["env"]
            if variable not in os.environ:
                raise Misconfigured(f"the environment has no {variable}", "Put the secret there.")
            return os.environ[variable]
        name = reference["secret"]
        if is_own(name):
            raise Misconfigured("Convoke's own secrets cannot be given to a document", "Name another secret.")
        try:
            if not opened:
                opened.append(open_keeper(workspace.folder, workspace.settings))
            found: str | None = opened[0].get(name)
        except EngineError as error:
            if error.code == "locked":
                raise Later(f"{error.message}. {error.hint}", _AGAIN_AFTER) from None
            raise Misconfigured(error.message, error.hint or "") from None
        if found is None:
            raise Misconfigured(f'there is no secret "{name}"', f"Keep it: convoke secret set {name}.")
        return found

    return reveal


def _named(value: Any) -> set[str]:
    """The secrets that a document refers to."""
    match value:
        case {"secret": str(name), **others} if not others:
            return {name}
        case dict():
            return set().union(*(_named(one) for one in value.values()))
        case list():
            return set().union(*(_named(one) for one in value))
        case _:
            return set()

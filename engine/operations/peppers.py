"""The secret under which identifiers are hashed: made once, never begun anew by mistake."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.domain.identity import IdentityDocument
from engine.errors import EngineError
from engine.operations.sealing import keep_secret
from engine.operations.workspace import IDENTITY, Workspace, user_name
from engine.secrets.opening import open_keeper
from engine.store.identity import PEPPER, Identities

if TYPE_CHECKING:
    from engine.identity.values import Hasher

Ask = Callable[[], str | None]


def hasher_for(workspace: Workspace, document: IdentityDocument, ask: Ask = lambda: None, back: int = 0) -> Hasher:
    """The hasher of the newest pepper, or of the one ``back`` before. The very first is made here; afterwards a pepper
    that is missing or another one is refused, for it would begin a second space of ids."""
    from engine.identity.values import Hasher

    identities = Identities(workspace.database)
    peppers = identities.peppers()
    if not peppers:
        return _first_pepper(workspace, document, ask)
    row = peppers[-1 - back]
    kept = open_keeper(workspace.folder, workspace.settings, ask).get(PEPPER.format(row.version))
    if kept is None:
        raise EngineError(
            "identity",
            f'the pepper "{PEPPER.format(row.version)}" is missing',
            hint="Put back the keyring's or vault's backup: without it no identifier can be recognised.",
        )
    hasher = Hasher(_pepper_bytes(kept), document.tenant, row.version)
    if not randomness.compare_digest(hasher.fingerprint, row.fingerprint):
        raise EngineError(
            "identity",
            f'the pepper "{PEPPER.format(row.version)}" is not the one that the map was made with',
            hint="Put back the right one; a tenant that was renamed has another too.",
        )
    return hasher


def _pepper_bytes(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) < 16:
        raise EngineError("identity", "the pepper cannot be read", hint="Put back the keyring's or vault's backup.")
    return found


def _first_pepper(workspace: Workspace, document: IdentityDocument, ask: Ask) -> Hasher:
    from engine.identity.publication import current

    if current(workspace.folder / IDENTITY) is not None:
        raise EngineError(
            "identity",
            "there is a map, and the store does not know its pepper",
            hint="Restore the workspace from one backup; remove the folder identity only to begin anew.",
        )
    return make_pepper(workspace, document, 1, ask)


def make_pepper(workspace: Workspace, document: IdentityDocument, version: int, ask: Ask) -> Hasher:
    """A new pepper: kept first, then known, so that one which is known is there. Two who need the first one at once get
    the same, and one that was kept when its maker died is taken over."""
    from engine.identity.values import Hasher

    identities, name = Identities(workspace.database), PEPPER.format(version)
    with workspace.database.transaction():
        if any(row.version == version for row in identities.peppers()):
            return hasher_for(workspace, document, ask)
        text = open_keeper(workspace.folder, workspace.settings, ask).get(name)
        text = text or randomness.token_hex(32)
        hasher = Hasher(_pepper_bytes(text), document.tenant, version)
        keep_secret(workspace, name, text, ask)
        identities.add_pepper(version, hasher.fingerprint, user_name())
    return hasher

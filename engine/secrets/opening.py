"""From the workspace's settings to what keeps its secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.secrets.protocol import Keeper
from engine.secrets.ring import Ring
from engine.secrets.vault import Vault, read_key
from engine.settings import Settings

CREDENTIAL = "convoke-vault-key"
"""The name of the systemd credential (LoadCredential=, LoadCredentialEncrypted=) that holds the vault's key."""
PASSPHRASE_VARIABLE = "CONVOKE_VAULT_PASSPHRASE"  # noqa: S105 - a name


def open_keeper(folder: Path, settings: Settings, ask: Callable[[], str | None] = lambda: None) -> Keeper:
    """The keyring or the vault of a workspace; ``ask`` asks a person for the vault's passphrase when no variable has
    it."""
    if settings.secrets == "keyring":
        return Ring(f"convoke {folder}")
    return Vault(folder, lambda: _key(folder, settings.vault_key), lambda: os.environ.get(PASSPHRASE_VARIABLE) or ask())


def _key(folder: Path, named: str | None) -> bytes | None:
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if given is not None and (Path(given) / CREDENTIAL).exists():
        return read_key(Path(given) / CREDENTIAL, private=False)
    return None if named is None else read_key(folder / Path(named).expanduser())

"""The keyring of the desktop. Only backends that encrypt are trusted: keyring would also take plain files."""

from __future__ import annotations

from typing import Any

from engine.errors import EngineError
from engine.faults.telling import technical_text

TRUSTED = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.kwallet.DBusKeyringKWallet4",
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
)
_HINT = 'Install one (on Linux: gnome-keyring or KWallet), or write secrets = "vault" into convoke.toml.'


class Ring:
    """Secrets of one workspace in the system's keyring, under a service name of its own."""

    kind = "keyring"

    def __init__(self, service: str, backend: Any | None = None) -> None:
        self._service = service
        self._backend = _trusted() if backend is None else backend

    def get(self, name: str) -> str | None:
        """The secret; None when there is none of that name."""
        found: str | None = _asked(lambda: self._backend.get_password(self._service, name))
        return found

    def set(self, name: str, value: str) -> None:
        """Keep a secret, in place of an earlier one."""
        _asked(lambda: self._backend.set_password(self._service, name, value))

    def remove(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none."""
        if self.get(name) is not None:
            _asked(lambda: self._backend.delete_password(self._service, name))


def _asked(ask: Any) -> Any:
    from keyring.errors import InitError, KeyringError, KeyringLocked

    try:
        return ask()
    except (KeyringLocked, InitError):
        raise EngineError("locked", "the keyring is locked", hint="Unlock it, for example by logging in.") from None
    except KeyringError as error:
        made = EngineError("locked", "the keyring does not answer", hint="Unlock it, then try again.")
        made.technical = technical_text(error)
        raise made from None


def _trusted() -> Any:
    """The most suitable backend on the list; raises EngineError("missing_part") when this machine has none."""
    from keyring.backend import get_all_keyring

    found = [one for one in get_all_keyring() if f"{type(one).__module__}.{type(one).__name__}" in TRUSTED]
    if not found:
        raise EngineError("missing_part", "this machine has no keyring that encrypts", hint=_HINT)
    return max(found, key=lambda one: one.priority)

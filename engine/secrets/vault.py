"""An encrypted file for machines without a keyring: each secret sealed by AES-256-GCM with its own name.

The key comes from a file of 32 random bytes (a systemd credential, or one only its owner may read) or from a passphrase
by scrypt with n = 2^17, r = 8, p = 1 (OWASP Password Storage Cheat Sheet, 2025). Nonces are 96 random bits, as NIST SP
800-38D asks for; the name is authenticated with the value, so that entries cannot be swapped.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.durable import sync_folder, write_new
from engine.errors import EngineError
from engine.failures import cause_of, reason_of
from engine.locks import holding
from engine.secrets.passphrases import weakness

FILE = "secrets.vault"
KEY_BYTES = 32
_COST = 1 << 17
_PROBE = "convoke"
_LARGEST, _HIGHEST_COST = 64 << 20, 1 << 18

Key = Callable[[], bytes | None]
Passphrase = Callable[[], str | None]


class Vault:
    """Secrets in a file.

    ``key`` gives the bytes of the key file, None without one; ``passphrase`` gives what a person typed, None when
    nobody can be asked. A vault made with one cannot be opened with the other.
    """

    kind = "vault"

    def __init__(self, folder: Path, key: Key, passphrase: Passphrase, cost: int = _COST) -> None:
        self._path, self._lock = folder / FILE, folder / "secrets.lock"
        self._key, self._passphrase, self._cost = key, passphrase, cost
        self._derived: tuple[bytes, bytes] | None = None  # of this salt: scrypt takes half a second

    def get(self, name: str) -> str | None:
        """The secret; None when there is none of that name."""
        body = self._read()
        if body is None or name not in body["secrets"]:
            return None
        return _unseal(
            self._opened(body), name, body["secrets"][name], f'the secret "{name}" in {self._path} is damaged'
        )

    def set(self, name: str, value: str) -> None:
        """Keep a secret, in place of an earlier one; makes the vault when there is none."""
        with holding(self._lock, "convoke secret", "refused", "the vault is being written"):
            body = self._read() or self._fresh()
            if any("\ud800" <= character <= "\udfff" for character in name + value):
                raise EngineError(
                    "usage", "the secret holds bytes that are not text", hint="Encode it, as base64 does."
                )
            body["secrets"][name] = _seal(self._opened(body), name, value)
            self._write(body)

    def remove(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none."""
        with holding(self._lock, "convoke secret", "refused", "the vault is being written"):
            body = self._read()
            if body is not None and body["secrets"].pop(name, None) is not None:
                self._write(body)

    # -- the key ---------------------------------------------------------------------------------------------------

    def _fresh(self) -> dict[str, Any]:
        salt = None if self._key() is not None else _text(secrets.token_bytes(16))
        body: dict[str, Any] = {"version": 1, "salt": salt, "cost": self._cost, "secrets": {}}
        master = self._master(body)
        if salt is not None:
            self._must_be_strong(self._passphrase() or "", _bytes(salt), master)
        body["probe"] = _seal(master, "", _PROBE)
        return body

    def _must_be_strong(self, again: str, salt: bytes, master: bytes) -> None:
        """A new passphrase is typed twice, and must not be one that is tried first."""
        if _scrypt(again, salt, self._cost) != master:
            raise EngineError("usage", "the two passphrases differ", hint="Type the same one twice.")
        why = weakness(again)
        if why is not None:
            hint = "Take four words that do not belong together, or use a key file: convoke secret make-key FILE."
            raise EngineError("usage", f"the passphrase is too weak: {why}", hint=hint)

    def _opened(self, body: dict[str, Any]) -> bytes:
        """The key, which opens the probe."""
        master = self._master(body)
        _unseal(master, "", body["probe"], "the vault does not open with this key")
        return master

    def _master(self, body: dict[str, Any]) -> bytes:
        if body["salt"] is None:
            key = self._key()
            if key is None:
                raise EngineError("locked", "the vault's key file is missing", hint="Set vault_key in convoke.toml.")
            return key
        salt = _bytes(body["salt"])
        if self._derived is None or self._derived[0] != salt:
            typed = self._passphrase()
            if typed is None:
                hint = "Put its passphrase into CONVOKE_VAULT_PASSPHRASE, or use a key file."
                raise EngineError("locked", "the vault is locked", hint=hint)
            self._derived = salt, _scrypt(typed, salt, body["cost"])
        return self._derived[1]

    # -- the file --------------------------------------------------------------------------------------------------

    def _read(self) -> dict[str, Any] | None:
        try:
            if self._path.stat().st_size > _LARGEST:
                raise ValueError("it is larger than any vault")
            body = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            cause = cause_of(error)
            reason = "it is not a vault" if cause is None else cause.reason
            hint = "Restore it from a backup." if cause is None else cause.hint
            raise EngineError("file", f"{self._path} cannot be read: {reason}", hint=hint) from None
        fault = _fault(body)
        if fault is not None:
            hint = "Restore it from a backup."
            raise EngineError("file", f"{self._path} cannot be read: {fault}", hint=hint) from None
        found: dict[str, Any] = body
        return found

    def _write(self, body: dict[str, Any]) -> None:
        part = self._path.with_suffix(".part")
        try:
            with open(part, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(json.dumps(body, indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise EngineError(
                "file",
                f"{self._path} cannot be written: {reason_of(error)}",
                hint="Check the disk and the folder's permissions.",
            ) from None


def _fault(body: Any) -> str | None:
    """Which part of a vault's file is not as Convoke writes it; None when all is. ``cost`` is bounded: a file that
    was tampered with must not take all memory."""
    if not isinstance(body, dict):
        return "it is not a vault"
    if body.get("version") != 1:
        return "it is not a vault of this version"
    salt, cost = body.get("salt"), body.get("cost")
    if "salt" not in body or (salt is not None and not _is_coded(salt, 16)):
        return "its salt is damaged"
    if type(cost) is not int or not 2 <= cost <= _HIGHEST_COST or cost & (cost - 1):
        return "its cost is damaged"
    if not _is_sealed(body.get("probe")):
        return "its probe is damaged"
    if not isinstance(body.get("secrets"), dict):
        return "its list of secrets is damaged"
    damaged = next((name for name, sealed in body["secrets"].items() if not _is_sealed(sealed)), None)
    return None if damaged is None else f"one of its {len(body['secrets'])} secrets is damaged"


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and _is_coded(value.get("nonce"), 12) and _is_coded(value.get("data"))


def _is_coded(value: Any, length: int | None = None) -> bool:
    """Whether it is base64, of so many bytes; sealed data have a tag of sixteen bytes at least."""
    if not isinstance(value, str):
        return False
    try:
        found = _bytes(value)
    except ValueError:
        return False
    return len(found) >= 16 if length is None else len(found) == length


def make_key(path: Path) -> None:
    """Write a new random key that only its owner may read; an existing file is never overwritten."""
    try:  # on disk at once: a vault sealed by a key that power loss took away would open for nobody
        write_new(path, [_text(secrets.token_bytes(KEY_BYTES)) + "\n"])
    except FileExistsError:
        raise EngineError("refused", f"{path} is there already", hint="Name a new file.") from None
    except OSError as error:
        raise EngineError(
            "file", f"{path} cannot be written: {reason_of(error)}", hint="Choose another place."
        ) from None


def read_key(path: Path, *, private: bool = True) -> bytes:
    """The key in a file; refused when others may read it too (a systemd credential is guarded by systemd)."""
    try:
        if private and os.name == "posix" and path.stat().st_mode & 0o077:
            raise EngineError("locked", f"others may read {path}", hint=f"Protect it: chmod 600 {path}.")
        key = _bytes(path.read_text(encoding="ascii").strip())
        if len(key) != KEY_BYTES:
            raise ValueError
    except OSError as error:
        raise EngineError("locked", f"{path} cannot be read: {reason_of(error)}", hint="Check vault_key.") from None
    except ValueError:
        raise EngineError("locked", f"{path} holds no key", hint="Make one: convoke secret make-key FILE.") from None
    return key


def _scrypt(passphrase: str, salt: bytes, cost: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    try:  # what an environment variable has that is no UTF-8 comes as surrogates, and goes back to the bytes it was
        typed = passphrase.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise EngineError("usage", "the passphrase holds characters that are not text", hint="Type another.") from None
    return Scrypt(salt=salt, length=KEY_BYTES, n=cost, r=8, p=1).derive(typed)


def _seal(key: bytes, name: str, value: str) -> dict[str, str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(12)
    return {"nonce": _text(nonce), "data": _text(AESGCM(key).encrypt(nonce, value.encode("utf-8"), _about(name)))}


def _unseal(key: bytes, name: str, sealed: dict[str, str], refused: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(_bytes(sealed["nonce"]), _bytes(sealed["data"]), _about(name)).decode("utf-8")
    except (InvalidTag, KeyError, ValueError, TypeError):
        hint = "Give the passphrase or key file it was made with; if it is right, restore the vault from a backup."
        raise EngineError("locked", refused, hint=hint) from None


def _about(name: str) -> bytes:
    return f"convoke vault 1: {name}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

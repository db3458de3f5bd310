"""What a connector is given besides its settings, and how it reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.destinations.protocol import Misconfigured

Reference = Mapping[str, str]
"""Where a secret is: ``{secret: NAME}`` in the keyring or vault, ``{env: VARIABLE}`` in the environment."""


@dataclass(frozen=True)
class Host:
    """The workspace's folder, against which relative paths are read; what reveals a secret by its reference (it raises
    Misconfigured when there is none, Later while it is locked); and the kind of each of the model's identifiers."""

    folder: Path
    reveal: Callable[[Reference], str]
    kinds: Mapping[str, str] = field(default_factory=dict)


class SettingsReader:
    """Reads a destination's settings; what is wrong with one is raised as Misconfigured."""

    def __init__(self, what: str, settings: Mapping[str, Any], known: Sequence[str]) -> None:
        self._what, self._settings = what, settings
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise Misconfigured(f'{what} has no setting "{unknown[0]}"', f"It has: {', '.join(known)}.")

    def text(self, name: str, example: str) -> str:
        """A text that must be there."""
        value = self._settings.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Misconfigured(f"{self._what}: {name} is missing", f"Write settings: {{{name}: {example}}}.")
        return value

    def optional(self, name: str, default: str | None = None) -> str | None:
        """A text that may be left out."""
        value = self._settings.get(name, default)
        if value is not None and not isinstance(value, str):
            raise Misconfigured(f"{self._what}: {name} must be text", "Put it in quotes.")
        return value

    def port(self, default: int) -> int:
        """A port."""
        value = self._settings.get("port", default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65_536:
            raise Misconfigured(f"{self._what}: {value} is no port", "Write a number from 1 to 65535.")
        return value

    def secret(self, name: str) -> Reference | None:
        """A reference to a secret; the secret itself must not stand in the document."""
        value = self._settings.get(name)
        if value is None:
            return None
        match value:
            case {"secret": str(), **others} if not others:
                return dict(value)
            case {"env": str(), **others} if not others:
                return dict(value)
        hint = f"Keep it with convoke secret set NAME, then write {name}: {{secret: NAME}}."
        raise Misconfigured(f"{self._what}: {name} must not stand in the document", hint)

    def one_of(self, name: str, known: Sequence[str], default: str) -> str:
        """One of several words."""
        value = self._settings.get(name, default)
        if value not in known:
            raise Misconfigured(f"{self._what}: {value} is no {name}", f"Write one of {', '.join(known)}.")
        return str(value)

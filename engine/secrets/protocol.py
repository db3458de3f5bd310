"""Where secrets are kept, whatever keeps them."""

from __future__ import annotations

from typing import Protocol


class Keeper(Protocol):
    """Keeps secrets by name. Methods raise EngineError("locked") while a person must unlock it first."""

    kind: str

    def get(self, name: str) -> str | None:
        """The secret; None when there is none of that name."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret, in place of an earlier one."""

    def remove(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none."""

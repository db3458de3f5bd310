"""The one error that reaches people, and the codes it may carry.

Every failure a user can cause or meet becomes an :class:`EngineError`: one sentence, the path of what is wrong, a hint.
The CLI, the worker and the app print it; nobody ever sees a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# code → (exit code, what it means). The README's table is checked against this one.
ERROR_CODES: dict[str, tuple[int, str]] = {
    "usage": (2, "the command was used wrongly"),
    "no_workspace": (2, "no workspace was found or it is not one"),
    "no_connection": (2, "the workspace is not connected to a warehouse"),
    "no_model": (2, "the workspace has no data model yet"),
    "file": (2, "a file is missing or cannot be read or written"),
    "document": (2, "a document is not valid YAML or JSON, or is too large or too deep"),
    "structure": (2, "a document says something the rules do not know"),
    "unknown_name": (2, "a trait, event, object, property, audience, list or site is not known"),
    "operand": (2, "an operand has the wrong type, is reversed or cannot be understood"),
    "duplicate_id": (2, "two documents have the same id"),
    "cycle": (2, "audiences refer to each other in a circle"),
    "bad_sql": (2, "a SQL text is not one read-only SELECT, or does not fit the warehouse"),
    "model_mismatch": (2, "the data model names a table or column the warehouse does not have"),
    "warehouse_file": (2, "a warehouse file is missing, locked, corrupt or not a warehouse"),
    "bad_key": (2, "profile keys are null or duplicate, so counts would be wrong"),
    "not_found": (2, "there is no such audience, version or profile"),
    "too_many": (2, "there are more different values than can be broken down"),
    "refused": (1, "the plan or deletion was refused"),
    "check_failed": (1, "a check found problems"),
    "warehouse": (3, "the warehouse failed while it worked"),
    "memory": (3, "a query needs more memory than it is given"),
    "changed": (3, "the warehouse changed while a run was reading it"),
    "store": (3, "the workspace's own database failed"),
    "bitmaps": (3, "the workspace's bitmaps cannot be read or written"),
    "identity": (3, "the identity map, its index or its pepper cannot be used"),
    "locked": (3, "the keyring or the vault is locked"),
    "missing_part": (3, "an optional part of Convoke is not installed"),
    "internal": (3, "Convoke met a case it did not expect"),
    "cancelled": (130, "the work was cancelled"),
}


ALLOW_SHRINK = "--allow-shrink"
"""The path of a refusal that a person may overrule: few rows or keys would take the place of many."""


class EngineError(Exception):
    """One sentence for a person: what is wrong, where (``path``), and what to do (``hint``).

    ``technical`` is the original text of another program and ``place`` says which rows are to blame. Both may tell of
    data: they live in memory only, are in none of the forms below, and are shown to those who may see members.
    """

    def __init__(self, code: str, message: str, path: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
        self.technical: str | None = None
        self.place: str | None = None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{where}{self.message}{advice}"

    @property
    def exit_code(self) -> int:
        """The process exit code of rules.md: 1 refused, 2 bad input, 3 failed, 130 cancelled."""
        return ERROR_CODES[self.code][0]

    def within(self, source: str) -> EngineError:
        """The same error, naming the file it came from at the head of its sentence."""
        return self._again(f"in {source}: {self.message}", self.path)

    def at(self, path: str) -> EngineError:
        """The same error at another path."""
        return self._again(self.message, path)

    def _again(self, message: str, path: str | None) -> EngineError:
        made = EngineError(self.code, message, path, self.hint)
        made.technical, made.place = self.technical, self.place
        return made

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """The shape that ``--json`` prints."""
        return {
            "error": {"code": self.code, "message": self.message, "path": self.path, "hint": self.hint},
        }


class Cancelled(EngineError):
    """Raised where work notices that it was cancelled; never shown as an error."""

    def __init__(self) -> None:
        super().__init__("cancelled", "the work was cancelled")

    def within(self, source: str) -> Cancelled:
        """The same: what was cancelled is not an error of a file."""
        return self

    def at(self, path: str) -> Cancelled:
        """The same."""
        return self


def nearest(name: str, known: Iterable[str], what: str) -> str:
    """A hint that names the closest known name, or says which there are.

    >>> nearest("stat", ["state", "age"], "trait")
    'Did you mean "state"?'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6) or get_close_matches(
        name.lower(), [n for n in names if n.lower() == name.lower()], n=1, cutoff=0.0
    )
    if close:
        return f'Did you mean "{close[0]}"?'
    if not names:
        return f"There is no {what} yet."
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"Known: {shown}."

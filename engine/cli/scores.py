"""What `convoke lookalike` and `convoke propensity` share: options, and saying what became of documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.printing import say, say_json

if TYPE_CHECKING:
    from engine.operations.score_versions import ScoreOutcome

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="By default all.")]
Id = Annotated[str, typer.Argument(metavar="ID")]
AcceptOption = Annotated[bool, typer.Option("--accept", help="Take what the document's guard would hold.")]


def say_outcomes(found: Sequence[ScoreOutcome], good: Callable[[ScoreOutcome], None], *, as_json: bool) -> int:
    """Say what became of documents, ``good`` saying what went well; 1 when something is held, else 0."""
    for one in found:
        if as_json:
            say_json(one.as_json())
        elif one.state == "held":
            say(f"{one.id} is held (version {one.version}), and what was in force stays: {one.reason}.")
        elif one.state == "removed":
            say(f"{one.id} is removed: its document is gone.")
        else:
            good(one)
    return 1 if any(one.state == "held" for one in found) else 0

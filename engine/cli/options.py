"""What many commands share: their options, and opening the workspace they name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="The workspace folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_workspace(context: typer.Context, given: Path | None) -> Any:
    """The workspace named on the command, before it, in the environment, or around the working folder."""
    from engine.operations import Workspace
    from engine.settings import find_workspace

    return Workspace(find_workspace(given or context.obj))

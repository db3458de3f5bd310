"""What many commands share: their options, and opening the workspace they name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="The workspace folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The moment, such as 2026-01-31T09:00:00Z; now by default.")
]
SiteOption = Annotated[str | None, typer.Option("--site", help="Only this site.")]
LanguageOption = Annotated[str | None, typer.Option("--language", help="en, es or pt_BR.")]


def open_workspace(context: typer.Context, given: Path | None) -> Any:
    """The workspace named on the command, before it, in the environment, or around the working folder."""
    from engine.operations import Workspace
    from engine.settings import find_workspace

    return Workspace(find_workspace(given or context.obj))

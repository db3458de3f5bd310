"""`convoke schema doctor demo app`: the machine, and what runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import say, say_json, table
from engine.errors import EngineError

machine = typer.Typer()


@machine.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="model|audience")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """The JSON Schema of a document kind, for editors."""
    import json

    from engine import operations

    found = operations.schema(kind)
    say(json.dumps(found) if as_json else json.dumps(found, indent=2))


@machine.command()
def doctor(
    context: typer.Context,
    mend: Annotated[bool, typer.Option("--mend", help="First close the workspace's files to other users.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """What this machine lacks."""
    from dataclasses import asdict

    from engine import operations

    opened = None
    try:
        opened = open_workspace(context, workspace)
    except EngineError:
        if workspace is not None or context.obj is not None:
            raise
    if mend:
        if opened is None:
            raise EngineError("no_workspace", "there is no workspace here to mend", "--mend", "Name it by --workspace.")
        operations.mend_permissions(opened)
    found = operations.doctor(opened)
    if opened is not None:
        opened.close()
    sound = all(d.ok for d in found)
    if as_json:
        say_json({"ok": sound, "found": [asdict(d) for d in found]})
    else:
        table(
            ["", "what", "found", "needed for"], [["✓" if d.ok else "✗", d.what, d.detail, d.needed_for] for d in found]
        )
    return 0 if sound else 1


@machine.command()
def demo(
    context: typer.Context,
    headless: Annotated[bool, typer.Option("--headless", help="Print the result instead of opening the app.")] = False,
    profiles: Annotated[int, typer.Option("--profiles", min=1_000, help="How many profiles to simulate.")] = 200_000,
    language: Annotated[str, typer.Option("--language", help="en, es or pt_BR.")] = "en",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """A marketplace's sample data, twenty audiences and their live sizes; opens the app where there is a display."""
    from engine.cli.starting import run_demo

    return run_demo(workspace or context.obj, headless=headless, profiles=profiles, language=language, as_json=as_json)


@machine.command("app")
def app_(
    context: typer.Context,
    screenshot: Annotated[
        Path | None, typer.Option("--screenshot", metavar="OUT.png", help="Render one state and exit.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option("--audience", metavar="ID", help="The audience to begin with.")
    ] = None,
    screen: Annotated[
        str | None, typer.Option("--screen", help="home, canvas, funnel, who, time, overlap, members, help …")
    ] = None,
    theme: Annotated[str | None, typer.Option("--theme", help="light, dark or contrast.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="en, es or pt_BR.")] = None,
    scale: Annotated[float | None, typer.Option("--scale", help="Pixels per point in the picture.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="The window in it, such as 1440x900.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Open the desktop app, or take a picture of one state of it."""
    from engine.cli.starting import open_app

    with open_workspace(context, workspace) as opened:
        folder = opened.folder
    given = {
        "--screenshot": None if screenshot is None else screenshot.resolve(),
        "--audience": audience,
        "--screen": screen,
        "--theme": theme,
        "--lang": lang,
        "--scale": scale,
        "--size": size,
    }
    return open_app(folder, [text for name, value in given.items() if value is not None for text in (name, str(value))])

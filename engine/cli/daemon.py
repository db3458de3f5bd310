"""`convoke daemon …`: the scheduler, and what is asked of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.options import JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, say, say_json, table
from engine.programs import Program, command, environment

daemon = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The scheduler: runs every audience when it is due."
)
Ids = Annotated[list[str], typer.Argument(metavar="ID …", help="Audiences.")]
TaskId = Annotated[int, typer.Argument(metavar="TASK", help="A task's number, as `convoke daemon tasks` prints it.")]
_START_SECONDS = 20
_STOP_SECONDS = 40


@daemon.command()
def run(context: typer.Context, workspace: WorkspaceOption = None) -> int:
    """Run the scheduler here until it is stopped; its log goes to standard error too."""
    from engine.daemon.logs import logging_to
    from engine.daemon.loop import Daemon

    with open_workspace(context, workspace) as opened:
        folder = opened.folder
    with logging_to(folder, aloud=True) as log:
        return Daemon(folder, log).run()


@daemon.command()
def start(context: typer.Context, workspace: WorkspaceOption = None) -> int:
    """Start the scheduler in the background."""
    from engine import operations
    from engine.errors import EngineError

    with open_workspace(context, workspace) as opened:
        before = operations.daemon_state(opened)
        if before.state in ("running", "silent"):
            say("The daemon runs already.")
            return 0
        started = command(Program.COMMAND_LINE, "daemon", "run", "--workspace", str(opened.folder))
        detached: dict[str, Any] = (
            {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
        )
        subprocess.Popen(  # noqa: S603 — our own command
            started,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            **detached,
        )
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            found = operations.daemon_state(opened)
            fresh = (found.pid, found.started_at) != (before.pid, before.started_at)
            if found.state == "running" and fresh:
                say(f"The daemon runs (process {found.pid}).")
                return 0
            time.sleep(0.1)
    raise EngineError("internal", "the daemon did not start", hint=f"See logs in {opened.folder / 'logs'}.")


@daemon.command()
def stop(context: typer.Context, workspace: WorkspaceOption = None) -> int:
    """Stop the scheduler; what runs may finish, at most 20 seconds, and is run again later if it does not."""
    from engine import operations
    from engine.errors import EngineError

    with open_workspace(context, workspace) as opened:
        found = operations.daemon_state(opened)
        if found.state not in ("running", "silent") or found.pid is None:
            say("The daemon does not run.")
            return 0
        if found.host != socket.gethostname():
            raise EngineError("refused", f"the daemon runs on {found.host}", hint="Stop it there.")
        os.kill(found.pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < end:
            if operations.daemon_state(opened).state == "stopped":
                say("The daemon has stopped.")
                return 0
            time.sleep(0.1)
    raise EngineError("internal", "the daemon does not stop", hint=f"End process {found.pid}; nothing is lost.")


@daemon.command()
def status(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> int:
    """Whether the scheduler runs and what waits for it: 0 it runs, 1 it does not."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.daemon_state(opened)
    if as_json:
        say_json(found.as_json())
    else:
        words = {
            "running": f"runs since {found.started_at} (process {found.pid})",
            "silent": f"holds its lock but has said nothing since {found.beat_at} (process {found.pid})",
            "stopped": "does not run",
            "never": "was never started",
        }
        say(f"The daemon {words[found.state]}.")
        say(
            f"{number(found.scheduled)} audiences scheduled, {number(found.paused)} paused · "
            f"{number(found.queued)} tasks queued, {number(found.running)} running, {number(found.failed)} failed"
        )
        if found.next_at:
            say(f"Next: {found.next_at}")
        if found.state != "running":
            note("Start it: convoke daemon start.")
    return 0 if found.state == "running" else 1


@daemon.command("next")
def coming(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID …]")] = None,
    count: Annotated[int, typer.Option("--count", help="How many times of each.", min=1, max=100)] = 5,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """The next times of audiences."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.coming(opened, ids or (), count=count)
    if as_json:
        for one in found:
            say_json(one.as_json())
        return 0
    what = {"on_data": "when the data changes", "manual": "only when asked"}
    rows = [[one.id, "paused" if one.paused else ", ".join(one.times) or what.get(one.kind, "–")] for one in found]
    table(["audience", "next"], rows)
    return 0


@daemon.command()
def tasks(
    context: typer.Context,
    most: Annotated[int, typer.Option("--most", help="How many.", min=1, max=10_000)] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """What was run and is to be run, newest first."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.tasks(opened, most=most)
    if as_json:
        for one in found:
            say_json({**vars(one), "audiences": list(one.audiences)})
        return 0
    rows = [
        [str(one.id), one.due, one.cause, number(len(one.audiences)), one.state, str(one.attempt), _what(one.summary)]
        for one in found
    ]
    table(["task", "due", "cause", "audiences", "state", "attempt", ""], rows, right=(0, 3, 5))
    return 0


def _what(summary: dict[str, Any]) -> str:
    if "error" in summary:
        return str(summary["error"]["message"])
    failed = summary.get("failed", {})
    if failed:
        return f"{len(failed)} failed, such as {next(iter(failed))}: {next(iter(failed.values()))}"
    return f"run {summary['run']}" if "run" in summary else ""


@daemon.command()
def now(
    context: typer.Context,
    ids: Ids,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The moment; now by default.")] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Queue audiences to be run as soon as possible."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        say(f"Task {operations.run_soon(opened, ids, as_of=as_of)} is queued.")
    return 0


@daemon.command()
def backfill(
    context: typer.Context,
    audience: Annotated[str, typer.Argument(metavar="ID")],
    start: Annotated[str, typer.Option("--from", help="The first moment.")],
    end: Annotated[str, typer.Option("--to", help="The last moment.")],
    workspace: WorkspaceOption = None,
) -> int:
    """Queue a run for each time of an audience's schedule between two moments."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.backfill(opened, audience, start, end)
    say(f"{number(len(found))} tasks are queued.")
    return 0


@daemon.command()
def retry(context: typer.Context, task: TaskId, workspace: WorkspaceOption = None) -> int:
    """Queue a failed or cancelled task again."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.retry_task(opened, task)
    say(f"Task {task} is queued.")
    return 0


@daemon.command()
def cancel(context: typer.Context, task: TaskId, workspace: WorkspaceOption = None) -> int:
    """Give up a task that is queued or running."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.cancel_task(opened, task)
    say(f"Task {task} is cancelled.")
    return 0


@daemon.command()
def pause(context: typer.Context, ids: Ids, workspace: WorkspaceOption = None) -> int:
    """Let audiences rest; their times pass unused."""
    return _pause(context, ids, workspace, paused=True)


@daemon.command()
def resume(context: typer.Context, ids: Ids, workspace: WorkspaceOption = None) -> int:
    """Let paused audiences run again."""
    return _pause(context, ids, workspace, paused=False)


def _pause(context: typer.Context, ids: list[str], workspace: Path | None, *, paused: bool) -> int:
    from engine import operations

    with open_workspace(context, workspace) as opened:
        operations.pause(opened, ids, paused=paused)
    say(f"{number(len(ids))} audiences {'rest' if paused else 'run again'}.")
    return 0


@daemon.command()
def log(
    context: typer.Context,
    most: Annotated[int, typer.Option("--most", help="How many lines.", min=1, max=100_000)] = 50,
    workspace: WorkspaceOption = None,
) -> int:
    """The newest lines of the scheduler's log, as JSON."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        for line in operations.recent_log(opened, most):
            say_json(line)
    return 0


@daemon.command()
def install(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.")] = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Make the scheduler start with your session: a systemd user unit, a launchd agent, or a Windows task."""
    from engine.daemon.install import installation

    with open_workspace(context, workspace) as opened:
        found = installation(opened.folder, sys.platform, command(Program.COMMAND_LINE), Path.home())
    if show:
        say(found.text)
        return 0
    found.path.parent.mkdir(parents=True, exist_ok=True)
    found.path.write_text(found.text, encoding=found.encoding)
    say(f"Written: {found.path}")
    say(f"Now run: {found.then}")
    return 0

"""`python -m engine.daemon.child WORKSPACE`: one heavy piece of work in a process of its own.

The request is one line of JSON on standard input, the answer one on standard output. Standard input stays open while
the daemon lives: its end cancels the work, so no child outlives a daemon that was killed.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError
from engine.faults.telling import unexpected
from engine.jobs import Job
from engine.locks import is_held
from engine.programs import begin

_LOOK_SECONDS = 0.2
_FOLLOW_SECONDS = 1_800
_FOLLOW_LOOK_SECONDS = 0.1
_WAIT_SECONDS = 1.0
_TIMES_THE_SETTING = 3
_LEAST = 2 << 30


def main() -> int:
    """Do the work; 0 when there is an answer."""
    begin()
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing but the answer may reach the pipe
    request = json.loads(sys.stdin.readline())
    job = Job()
    threading.Thread(target=_watch, args=(sys.stdin, job), daemon=True).start()
    try:
        answer = _do(Path(sys.argv[1]), request, job)
    except EngineError as error:
        answer = error.as_json()
    except MemoryError:
        answer = EngineError("memory", "the run needs more memory than it is given", hint="Raise memory.").as_json()
    except Exception as error:
        answer = unexpected(error).as_json()
    out.write(json.dumps(answer) + "\n")
    out.flush()
    return 0


def _watch(source: IO[str], job: Job) -> None:
    """Cancel when the daemon closes the pipe or is gone; repeated, for an interrupt between two queries is lost."""
    while source.readline():
        continue
    while True:
        job.cancel()
        time.sleep(0.05)


def _do(folder: Path, request: dict[str, Any], job: Job) -> dict[str, Any]:
    from engine import operations

    with operations.Workspace(folder) as workspace:
        _limit(workspace.settings.memory_bytes)
        if request["op"] == "clean":
            operations.clean_store(workspace)
            return {"cleaned": True}
        if request["op"] == "watch":
            return _watch_over(workspace, request["seen"])
        if request["op"] == "follow":
            return _follow(workspace, job)
        if request["op"] == "sync":
            return _sync(workspace, job)
        if request["op"] == "quality":
            return {"checks": [one.as_json() for one in operations.quality_run(workspace, (), job)]}
        if request["op"] == "ingest":
            return {"files": [one.as_json() for one in operations.ingest_all(workspace, job)]}
        if request["op"] == "traits":
            due = operations.traits_due(workspace, datetime.now(UTC))
            return {"traits": [one.as_json() for one in operations.trait_run(workspace, due, job)] if due else []}
        if request["op"] == "layout":
            return {"tables": [one.as_json() for one in operations.keep_layout(workspace, datetime.now(UTC))]}
        if request["op"] == "scores":
            return {"scores": [one.as_json() for one in operations.scores_run(workspace, datetime.now(UTC), job)]}
        if request["op"] == "identity":
            return operations.run_identity(workspace, job=job).as_json()
        _wait_for_others(folder, job)
        done = _done_already(workspace, request)
        if done is not None:
            return done
        found = operations.run(workspace, request["audiences"], as_of=request["as_of"], job=job)
    failed = {one.id: str(one.error) for one in found.audiences if one.error is not None}
    return {
        "run": found.id,
        "audiences": len(found.audiences),
        "failed": failed,
        "added": sum(one.added or 0 for one in found.audiences),
        "removed": sum(one.removed or 0 for one in found.audiences),
        "data_version": found.data_version,
        "elapsed_ms": round(found.elapsed_ms),
    }


def _watch_over(workspace: Any, before: dict[str, Any]) -> dict[str, Any]:
    """What needs a person: ends of deliveries, alerts; told to whoever is to be told. What was looked at comes back."""
    from engine import operations

    seen = operations.Seen(**before)
    operations.queue_ends(workspace)
    operations.release_red(workspace)
    operations.watch(workspace, seen)
    answer: dict[str, Any] = {"seen": vars(seen)}
    try:
        operations.tell_alerts(workspace)
    except EngineError as error:  # what was looked at was, all the same
        answer |= error.as_json()
    return answer


def _follow(workspace: Any, job: Job) -> dict[str, Any]:
    """Keep audiences up with what is collected, until the daemon is gone or for half an hour: the next child begins
    with fresh memory."""
    from engine.daemon.logs import FOLLOWING, logging_to
    from engine.operations import Follower

    follower, end, steps = Follower(workspace, job), time.monotonic() + _FOLLOW_SECONDS, 0
    with logging_to(workspace.folder, aloud=False, name=FOLLOWING) as log:
        while not job.cancelled and time.monotonic() < end:
            began = time.monotonic()
            found = follower.step()
            steps += found is not None
            if found is not None and (found.touched or found.whole):
                told = found.as_json() | {"seconds": round(time.monotonic() - began, 3)}
                log.info("followed", extra={"fields": told})
            job.wait_cancelled(_WAIT_SECONDS if found is not None and found.waiting else _FOLLOW_LOOK_SECONDS)
    return {"steps": steps}


def _sync(workspace: Any, job: Job) -> dict[str, Any]:
    """Deliver what is due; someone at a terminal who does that already is not disturbed."""
    from engine import operations
    from engine.operations.activating import LOCK

    if is_held(workspace.folder / LOCK):
        return {"syncs": []}
    done = operations.sync_due(workspace, job)
    return {"syncs": [one.as_json() for one in done]}


def _wait_for_others(folder: Path, job: Job) -> None:
    """Until no other process runs audiences: someone at a terminal, or the child of a daemon that was just killed."""
    from engine.operations.running import LOCK

    while is_held(folder / LOCK):
        job.wait_cancelled(_LOOK_SECONDS)
        job.check()


def _done_already(workspace: Any, request: dict[str, Any]) -> dict[str, Any] | None:
    """The run that was asked for, when another process did it since: an attempt whose daemon died or slept before it
    could say so."""
    wanted = tuple(sorted(request["audiences"]))
    for run in reversed(workspace.runs.all()):
        if run.started_at < request["since"]:
            return None
        same = run.state == "done" and run.as_of == request["as_of"] and tuple(sorted(run.wanted)) == wanted
        if same and not workspace.runs.failures(run.id):
            return {"run": run.id, "audiences": len(wanted), "failed": {}, "found_done": True}
    return None


def _limit(memory: int) -> None:
    """A wall well above what evaluating is told to keep to, so that a mistake ends the child and not the machine."""
    if sys.platform == "linux":
        import resource

        wall = max(_LEAST, _TIMES_THE_SETTING * memory)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (wall, wall))


if __name__ == "__main__":
    sys.exit(main())

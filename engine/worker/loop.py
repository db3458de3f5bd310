"""The worker's loop: a reader thread that takes requests and cancels, and the main thread that runs operations."""

from __future__ import annotations

import json
import queue
import threading
from pathlib import Path
from typing import IO, Any

from engine.domain.canonical import exact_number
from engine.domain.documents import iso
from engine.errors import Cancelled, EngineError
from engine.faults.telling import unexpected
from engine.jobs import Job
from engine.worker.handlers import Handlers

_REPEAT_SECONDS = 0.05
_IDLE_SECONDS = 0.5
_IDLE = -1  # the token of what is prepared while nobody asks


class Loop:
    """Runs one request at a time; a newer request of the same lane cancels the older ones."""

    def __init__(self, workspace: Path, out: IO[bytes]) -> None:
        self._handlers = Handlers(workspace)
        self._out = out
        self._write_lock = threading.Lock()
        self._lock = threading.Lock()
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._jobs: dict[int, tuple[str | None, Job]] = {}

    def serve(self, source: IO[bytes]) -> int:
        """Answer until the source ends."""
        reader = threading.Thread(target=self._read, args=(source,), daemon=True)
        reader.start()
        while (request := self._next()) is not None:
            self._run(request)
        self._handlers.close()
        return 0

    def _next(self) -> dict[str, Any] | None:
        """The next request; while there is none, what makes later answers quick is prepared step by step."""
        patience = _IDLE_SECONDS
        while True:
            try:
                return self._queue.get(timeout=patience)
            except queue.Empty:
                if self._prepare():
                    return self._queue.get()
                patience = 0.01

    def _prepare(self) -> bool:
        """Take one step of preparing; whether there is nothing left to prepare."""
        job = Job()
        with self._lock:
            if not self._queue.empty():
                return False
            self._jobs[_IDLE] = (None, job)
        try:
            return self._handlers.prepare(job)
        except Cancelled:
            return False
        except Exception:  # what cannot be prepared is told when it is asked for
            return True
        finally:
            with self._lock:
                del self._jobs[_IDLE]

    # -- reading (its own thread) ----------------------------------------------------------------------------------

    def _read(self, source: IO[bytes]) -> None:
        for line in source:
            try:
                message = json.loads(line, parse_float=exact_number)
            except ValueError:
                continue
            if "cancel" in message:
                self._cancel(int(message["cancel"]))
            else:
                self._take(message)
        with self._lock:
            running = list(self._jobs)
        for token in running:
            self._cancel(token)
        self._queue.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        token, lane = int(message["token"]), message.get("lane")
        with self._lock:
            older = [t for t, (other, _) in self._jobs.items() if t == _IDLE or (lane is not None and other == lane)]
            self._jobs[token] = (lane, Job(self._reporter(token)))
            self._queue.put(message)  # under the lock: whoever prepares sees either the request or its cancel
        for other in older:
            self._cancel(other)

    def _cancel(self, token: int) -> None:
        """Raise the flag and interrupt; repeated until the job ends, for an interrupt between two queries is lost."""
        with self._lock:
            found = self._jobs.get(token)
        if found is None:
            return
        found[1].cancel()
        again = threading.Timer(_REPEAT_SECONDS, self._cancel, (token,))
        again.daemon = True
        again.start()

    # -- running ---------------------------------------------------------------------------------------------------

    def _run(self, request: dict[str, Any]) -> None:
        token = int(request["token"])
        with self._lock:
            job = self._jobs[token][1]
        try:
            job.check()
            answer = {"token": token, "result": self._call(request, job)}
        except EngineError as error:
            answer = {"token": token, **error.as_json()}
        except Exception as error:  # a sentence instead of a dead worker
            answer = {"token": token, **unexpected(error).as_json()}
        finally:
            with self._lock:
                self._jobs.pop(token, None)
        self._write(answer)

    def _call(self, request: dict[str, Any], job: Job) -> Any:
        token = int(request["token"])

        def early(result: dict[str, Any]) -> None:
            self._write({"token": token, "early": result})

        return self._handlers.call(request["op"], request.get("args", {}), job, early)

    def _reporter(self, token: int) -> Any:
        def report(share: float, step: str) -> None:
            self._write({"token": token, "progress": share, "step": step})

        return report

    def _write(self, answer: dict[str, Any]) -> None:
        line = json.dumps(answer, ensure_ascii=False, default=_plain).encode() + b"\n"
        with self._write_lock:
            self._out.write(line)
            self._out.flush()


def _plain(value: Any) -> Any:
    try:
        return iso(value)
    except AttributeError:
        return str(value)

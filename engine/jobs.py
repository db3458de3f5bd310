"""Cancelling and progress for work that takes a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.errors import Cancelled

Progress = Callable[[float, str], None]


class Job:
    """A cancel flag, what to do when it is raised, and a way to tell how far the work is.

    ``report`` takes a share from 0 to 1 and a word for the step. Safe to cancel from another thread.
    """

    def __init__(self, on_progress: Progress | None = None) -> None:
        self._cancelled = threading.Event()
        self._on_progress = on_progress
        self._interrupts: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask the work to stop; interrupts whatever registered with :meth:`interrupting`."""
        self._cancelled.set()
        for interrupt in list(self._interrupts):
            interrupt()

    @property
    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise :class:`Cancelled` when the job was cancelled."""
        if self.cancelled:
            raise Cancelled

    def wait_cancelled(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for a cancel; says whether it came."""
        return self._cancelled.wait(seconds)

    def report(self, share: float, step: str) -> None:
        """Tell how far the work is (0 to 1) and what it does now."""
        self.check()
        if self._on_progress is not None:
            self._on_progress(share, step)

    def interrupting(self, interrupt: Callable[[], None]) -> Callable[[], None]:
        """Register what a cancel must interrupt; returns the call that forgets it again."""
        self._interrupts.append(interrupt)

        def forget() -> None:
            self._interrupts.remove(interrupt)

        return forget


class Aside:
    """Work on a thread of its own beside the work inside a ``with`` block, begun when that has taken ``after`` seconds.

    What it has to say goes through :meth:`tell`; once the block has ended nothing is told. The block does not wait for
    the thread, which ends as soon as it notices that it was cancelled.
    """

    def __init__(self, work: Callable[[Aside], None], after: float) -> None:
        self.job = Job()
        self._work, self._after = work, after
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def tell(self, say: Callable[[], None]) -> None:
        """Say it unless the block has ended."""
        with self._turn:
            if not self.job.cancelled:
                say()

    def _run(self) -> None:
        if self.job.wait_cancelled(self._after):
            return
        try:
            self._work(self)
        except Exception:
            if not self.job.cancelled:  # what it works with may be gone by then
                raise

    def __enter__(self) -> Aside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self.job.cancel()

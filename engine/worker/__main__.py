"""`python -m engine.worker WORKSPACE`: requests on standard input, replies on standard output, one JSON a line."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Serve until standard input closes."""
    from engine.worker.loop import Loop

    # Nothing but replies may reach the pipe.
    out = sys.stdout.buffer
    sys.stdout = sys.stderr
    return Loop(Path(sys.argv[1]), out).serve(sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main())

"""Every command on a disk that is full and on one that is read-only: one sentence that names the cause, nothing that was
acknowledged is lost, and the command works when the disk does again. Needs root on Linux, for it mounts file systems.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.report import write
from tests.support.disks import ARGUMENTS, NAMED, OTHER, UNEXPECTED, Refusing, can_mount, full, mounted, read_only
from tests.support.everything import Everything, answered


def judged(world: Refusing, commands: Sequence[str]) -> list[str]:
    """A line for each command and disk that is not as it should be."""
    wrong: list[str] = []
    _, before = answered("list", "--json", "-w", str(world.folder))
    world.restore()
    for command in commands:
        usual, _ = world.told(command)
        for how in (full, read_only):
            world.restore()
            code, said = world.told(command, how)
            line = f"{how.__name__} {command} gave {code}: {said.strip()[:300]}"
            if UNEXPECTED.search(said) or (code and not NAMED.search(said) and command not in OTHER):
                wrong.append(line)
            kept = answered("list", "--json", "-w", str(world.folder))
            if code and kept != (0, before):
                wrong.append(f"{line}; afterwards the audiences are others")
            again, told = world.told(command)
            if code and again != usual:
                wrong.append(f"{line}; afterwards {again} instead of {usual}: {told.strip()[:200]}")
        world.restore()
    return wrong


def main() -> int:
    """Do it; 0 when every command is as it should be."""
    if not can_mount():
        sys.stdout.write("proof-disk needs root on Linux, to mount file systems.\n")
        return 0
    sys.stdin = io.StringIO("")
    with TemporaryDirectory(prefix="convoke-disk-") as above, mounted(Path(above) / "disk") as disk:
        made = Everything(Path(above), 400, models=True, folder=disk / "ws").make()
        world = Refusing(made, disk)
        wrong = judged(world, sys.argv[1:] or list(ARGUMENTS))
    count = len(sys.argv[1:] or ARGUMENTS)
    for one in wrong:
        sys.stdout.write(f"{one}\n")
    line = f"{count} commands on a full and on a read-only disk: {len(wrong)} not as they should be."
    write("disk", {"commands": count, "wrong": wrong}, None, None, "commands", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

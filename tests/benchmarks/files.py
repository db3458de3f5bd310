"""`make proof-files [FILES=10000] [FIRST=0]`: tables of known values, written in every way that people and programs have,
read as a load reads them, and compared value by value.

A value that became another one without a word is a failure, and so is a column of numbers or dates that stayed text
without one. Every third file is looked at by its first five rows only before all of it decides.
"""

from __future__ import annotations

import shutil
import sys
from time import perf_counter

from engine.tabular.values import shapes
from engine.warehouses.duck import connect
from tests.benchmarks.report import BUILD, write
from tests.support.written import failures, written

_FEW = 5
_TOLD = 1_000


def main() -> None:
    """For so many files."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = BUILD / "proof-files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    usual, began = shapes.SAMPLE, perf_counter()
    wrong: list[str] = []
    columns = values = 0
    with connect(":memory:", read_only=False) as connection:
        for seed in range(first, first + files):
            shapes.SAMPLE = _FEW if seed % 3 == 0 else usual
            wrong += failures(connection, folder, seed)
            made = written(seed).columns
            columns, values = columns + len(made), values + sum(len(one.values) for one in made.values())
            if (seed + 1 - first) % _TOLD == 0:
                sys.stderr.write(f"{seed + 1 - first:,} files, {len(wrong)} wrong, {perf_counter() - began:.0f} s\n")
    shutil.rmtree(folder)
    told = {"files": files, "first": first, "columns": columns, "values": values, "wrong": wrong}
    line = f"{files:,} files, {columns:,} columns, {values:,} values written and read: {len(wrong)} wrong"
    write("files", told, None, None, "values", line)
    if wrong:
        sys.exit("\n".join(wrong[:20]))


if __name__ == "__main__":
    main()

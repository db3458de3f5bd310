"""`make bench-portfolio`: how a run grows with the number of audiences and of profiles; figures and a plot (PNG)."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import Any

from tests.benchmarks import seed
from tests.benchmarks.report import BUILD, write

BY_AUDIENCES = tuple((4_611_111, 10_000_000, count) for count in (100, 1_000, 10_000, 100_000))
BY_PROFILES = (
    (100_000, 217_000, 2_000),
    (1_000_000, 2_170_000, 2_000),
    (4_611_111, 10_000_000, 2_000),
    (46_111_111, 100_000_000, 2_000),
)


def point(profiles: int, events: int, count: int) -> dict[str, Any]:
    """One run over a warehouse of its own, made when it is not there yet."""
    home = BUILD / f"seed-1-{profiles}-{events}"
    warehouse = home / "seed.duckdb"
    if not warehouse.exists():
        seed.make_warehouse(warehouse, 1, profiles, events)
    folder = home / f"growth-{count}"
    rmtree(folder, ignore_errors=True)
    seed.make_workspace(folder, warehouse, 1, count).close()
    found = seed.run(folder, seed.DAY)
    rmtree(folder)
    row = {"profiles": profiles, "events": events, "audiences": count, **{k: found[k] for k in ("wall_s", "peak_gb")}}
    row["ms_an_audience"] = round(1000 * found["wall_s"] / count, 2)
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()
    return row


def plot(audiences: list[dict[str, Any]], profiles: list[dict[str, Any]], path: Path) -> None:
    """Both curves, with the straight line of proportional growth beside them."""
    import_module("matplotlib").use("Agg")
    plt: Any = import_module("matplotlib.pyplot")
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for axis, rows, key, title in (
        (axes[0], audiences, "audiences", "audiences, over 4.6 M profiles and 10 M events"),
        (axes[1], profiles, "profiles", "profiles (2.17 events each), 2,000 audiences"),
    ):
        x, y = [row[key] for row in rows], [row["wall_s"] for row in rows]
        axis.loglog(x, y, "o-", color="#3858d6", label="one run, measured")
        axis.loglog(x, [y[0] * value / x[0] for value in x], "--", color="#9aa3b2", label="proportional growth")
        axis.set_xlabel(title)
        axis.set_ylabel("seconds")
        axis.grid(visible=True, which="major", color="#e6e8ee")
        axis.legend(frameon=False)
    figure.savefig(path, dpi=140)
    plt.close(figure)


def main() -> None:
    """Measure both curves and draw them."""
    by_audiences = [point(*one) for one in BY_AUDIENCES]
    by_profiles = [point(*one) for one in BY_PROFILES]
    plot(by_audiences, by_profiles, BUILD / "growth.png")
    first, last = by_audiences[0], by_audiences[-1]
    line = (
        f"{last['audiences'] // first['audiences']:,} times the audiences take "
        f"{last['wall_s'] / first['wall_s']:.1f} times the time: {first['ms_an_audience']:.1f} ms an audience at "
        f"{first['audiences']:,}, {last['ms_an_audience']:.2f} ms at {last['audiences']:,}"
    )
    write("growth", {"audiences": by_audiences, "profiles": by_profiles}, None, None, "s", line)


if __name__ == "__main__":
    main()

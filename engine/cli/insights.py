"""`convoke insights`: what makes an audience's size, and who is in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from engine.cli.options import AsOfOption, JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import number, progress, say, say_json, share, table

looking = typer.Typer()


@looking.command()
def insights(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|ID")],
    by: Annotated[list[str] | None, typer.Option("--by", metavar="TRAIT", help="Members by this trait.")] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", metavar="PATH", help="The size at every threshold of a condition.")
    ] = None,
    overlap: Annotated[bool, typer.Option("--overlap", help="Members shared with every other audience.")] = False,
    days: Annotated[int, typer.Option("--days", min=0, help="The size on each of so many past days.")] = 0,
    sample: Annotated[int, typer.Option("--sample", min=0, max=1000, help="Some members, masked.")] = 0,
    as_of: AsOfOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What makes an audience's size: condition by condition, near misses, intersections, reach, and more when asked."""
    from engine import operations

    asked: dict[str, Any] = {}
    with open_workspace(context, workspace) as opened, progress("Looking", quiet=as_json) as job:
        given: dict[str, Any] = {"as_of": as_of, "job": job}
        asked["parts"] = asdict(operations.insights(opened, target, **given))
        asked["reach"] = operations.reachable(opened, target, **given).as_json()
        for trait in by or []:
            asked.setdefault("by", []).append(asdict(operations.breakdown(opened, target, trait, **given)))
        if threshold is not None:
            asked["thresholds"] = asdict(operations.thresholds(opened, target, threshold, **given))
        if overlap:
            asked["overlap"] = [asdict(one) for one in operations.overlap(opened, target, **given)]
        if days:
            asked["days"] = [one.as_json() for one in operations.past_sizes(opened, target, days, **given)]
        if sample:
            asked["sample"] = [one.as_json() for one in operations.sample_members(opened, target, sample, **given)]
    if as_json:
        say_json(asked)
        return
    _say_parts(asked["parts"])
    _say_reach(asked["reach"])
    for one in asked.get("by", []):
        _say_breakdown(one)
    _say_rest(asked)


def _say_parts(found: dict[str, Any]) -> None:
    say(f"{number(found['size'])} of {number(found['base'])} profiles")
    only = "fail only this" if found["every"] else "in this alone"
    left = "left after it" if found["every"] else "reached with it"
    rows = [[p["path"], number(p["size"]), number(p["after"]), number(p["only"])] for p in found["parts"]]
    table(["condition", "alone", left, only], rows, right=(1, 2, 3))
    rows = [[" + ".join(str(i + 1) for i in c["parts"]), number(c["size"])] for c in found["combinations"]]
    table(["exactly these conditions", "profiles"], rows, right=(1,))


def _say_reach(found: dict[str, Any]) -> None:
    rows = [[name, number(n), share(n, found["size"])] for name, n in found["identifiers"].items()]
    rows += [[f"consents to {name}", number(n), share(n, found["size"])] for name, n in found["consents"].items()]
    for identifier, consents in found["both"].items():
        rows += [[f"{identifier} + {c}", number(n), share(n, found["size"])] for c, n in consents.items()]
    if rows:
        table(["reachable by", "members", ""], rows, right=(1, 2))


def _say_breakdown(found: dict[str, Any]) -> None:
    rows = []
    for one in found["shares"]:
        value = "missing" if one["value"] is None else str(one["value"])
        if one["high"] is not None:
            value += f" … {one['high']}"
        index = "–" if one["index"] is None else f"{one['index']:.0f} ({one['low_index']:.0f}–{one['high_index']:.0f})"
        rows.append([value, number(one["members"]), share(one["members"], found["size"]), index])
    table([found["trait"], "members", "share", "index (95 %)"], rows, right=(1, 2, 3))


def _say_rest(asked: dict[str, Any]) -> None:
    if "thresholds" in asked:
        found = asked["thresholds"]
        sizes = zip(found["thresholds"], found["sizes"]["gte"], found["sizes"]["lte"], strict=True)
        rows = [[str(value), number(least), number(most)] for value, least, most in sizes]
        table([found["trait"], "at least", "at most"], rows, right=(1, 2))
    if "overlap" in asked:
        rows = [[one["id"], number(one["size"]), number(one["both"])] for one in asked["overlap"]]
        table(["audience", "size", "shared"], rows, right=(1, 2))
    if "days" in asked:
        table(["as of", "size"], [[one["as_of"], number(one["size"])] for one in asked["days"]], right=(1,))
    if asked.get("sample"):
        heads = list(asked["sample"][0])
        table(heads, [[str(row[head]) for head in heads] for row in asked["sample"]])

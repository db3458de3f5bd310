"""`convoke lookalike`: people who are like a seed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.cli.options import AsOfOption, JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table
from engine.cli.scores import AcceptOption, Id, Ids, say_outcomes
from engine.domain.reach import NEAR_CHANCE

lookalike = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="People like those of an audience or a list, by documents in the workspace's folder scores.",
)

_DISTRIBUTIONS = 5
"""Factors whose distributions are shown."""
CountOption = Annotated[int | None, typer.Option("--count", help="How many people.")]
ShareOption = Annotated[float | None, typer.Option("--share", help="The most similar, such as 0.05.")]


@lookalike.command()
def train(
    context: typer.Context,
    ids: Ids = None,
    as_of: AsOfOption = None,
    accept: AcceptOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Train models; exit code 1 when one finds less of its seed than the one before, which is used on."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Training", quiet=as_json) as job:
        found = operations.lookalike_train(opened, tuple(ids or ()), as_of=as_of, accept=accept, job=job)
        shown = {one.id: operations.lookalike_show(opened, one.id) for one in found}

    def good(one: Any) -> None:
        _say_model(shown[one.id])
        say(f"Next: convoke lookalike apply {one.id}.")

    return say_outcomes(found, good, as_json=as_json)


def _say_model(shown: dict[str, Any]) -> None:
    card = shown["card"]
    chosen = card["trials"][card["chosen"]]
    say(
        f"{shown['id']}, version {shown['version']}: {card['chosen']} over {card['features']} features, learnt from "
        f"{number(card['seed'])} people and {number(card['candidates'])} others as of {card['as_of'][:10]}."
    )
    say(f"A seed kept apart is told from others with AUC {chosen['auc']:.3f} (± {1.96 * chosen['error']:.3f}).")
    if card["seed"] < 1_000:
        note(f"The seed is small ({number(card['seed'])}): from 1,000 people on models are reliable.")
    if chosen["auc"] - chosen["error"] < NEAR_CHANCE:
        note("The model hardly tells the seed from others: little can be expected of it.")
    leaks = [one["name"] for one in card["excluded"] if one["why"] == "leaks"]
    if leaks:
        note(f"Left out, since they tell who is in the seed: {', '.join(leaks)}.")


@lookalike.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The lookalikes there are."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lookalike_list(opened)
    if as_json:
        for one in found:
            say_json(one)
        return
    rows = [
        [
            one["id"],
            one["state"],
            "" if one["version"] is None else str(one["version"]),
            one["chosen"] or "",
            "" if one["auc"] is None else f"{one['auc']:.3f}",
            "" if one["reach"] is None else number(one["reach"]),
            "" if one["drift"] is None else f"{one['drift']:.2f}",
        ]
        for one in found
    ]
    table(["lookalike", "state", "version", "model", "AUC", "reach", "drift"], rows, right=(2, 4, 5, 6))


@lookalike.command()
def show(
    context: typer.Context, identifier: Id, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """The model in force: how good it is, what it rests on, what was left out and why."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lookalike_show(opened, identifier)
    if as_json:
        say_json(found)
        return
    card = found["card"]
    if card is None:
        say(f"{identifier} has no model yet. Next: convoke lookalike train {identifier}.")
        return
    _say_model(found)
    say("")
    rows = [[name, f"{one['auc']:.4f}", f"± {1.96 * one['error']:.4f}"] for name, one in card["trials"].items()]
    table(["model", "AUC", "95 %"], rows, right=(1, 2))
    say("")
    rows = [_factor(one) for one in card["factors"]]
    table(["what counts", "part", "seed has", "seed", "others"], rows, right=(1, 3, 4))
    _say_distributions(card["factors"][:_DISTRIBUTIONS])
    if card["excluded"]:
        say("\nLeft out: " + ", ".join(f"{one['name']} ({one['why']})" for one in card["excluded"]) + ".")


def _say_distributions(factors: list[dict[str, Any]]) -> None:
    """The seed against everybody else, for what counts most; fifty people of each stand behind every line."""
    rows = []
    for one in factors:
        for bar in one["bars"]:
            low, high = _mean(bar["low"]), _mean(bar["high"])
            between = f"{low} to below {high}" if low and high else f"below {high}" if high else f"{low} and more"
            if bar["low"] is None and bar["high"] is None:
                between = "missing"
            rows.append([one["name"], between, f"{bar['seed']:.0%}", f"{bar['others']:.0%}"])
    if rows:
        say("")
        table(["what counts", "values", "seed", "others"], rows, right=(2, 3))


def _factor(one: dict[str, Any]) -> list[str]:
    more = "more" if one["difference"] > 0 else "less"
    return [one["name"], f"{one['part']:.0%}", more, _mean(one["seed"]), _mean(one["others"])]


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


@lookalike.command()
def reach(
    context: typer.Context,
    identifier: Id,
    share: ShareOption = None,
    count: CountOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is to be expected of a reach; without one, of several."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        if share is None and count is None:
            shares = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2)
            found = [operations.lookalike_reach(opened, identifier, share=one) for one in shares]
        else:
            found = [operations.lookalike_reach(opened, identifier, share=share, count=count)]
    if as_json:
        for one in found:
            say_json(one.as_json())
        return
    rows = []
    for one in found:
        between = f"{one.low:.1%} to {one.high:.1%}"
        rows.append([f"{one.share:.1%}", number(one.people), f"{one.recall:.1%}", between, f"{one.lift:.1f}"])
    table(["reach", "people", "of a seed kept apart", "95 %", "times chance"], rows, right=(0, 1, 2, 3, 4))


@lookalike.command()
def preview(
    context: typer.Context,
    identifier: Id,
    share: ShareOption = None,
    count: CountOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What an audience of a reach would share with the seed and with other audiences, before it is made."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Ranking", quiet=as_json) as job:
        found = operations.lookalike_preview(opened, identifier, share=share, count=count, job=job)
    if as_json:
        say_json(found)
        return
    seed, people = found["seed"], found["people"]
    within = "fewer than fifty" if seed["within"] is None else number(seed["within"])
    left = "" if found["keeps_seed"] else "; they are left out"
    say(f"{number(people)} people. Of the seed's {number(seed['people'])}, {within} score as high{left}.")
    rows = [[one["id"], number(one["size"]), number(one["both"])] for one in found["others"]]
    table(["audience", "size", "shared"], rows, right=(1, 2))
    note("Audiences that share fewer than fifty people are not named.")


@lookalike.command()
def apply(
    context: typer.Context,
    ids: Ids = None,
    as_of: AsOfOption = None,
    accept: AcceptOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Give every profile its similarity as a trait, and write the audience; exit code 1 when something is held."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Ranking", quiet=as_json) as job:
        found = operations.lookalike_apply(opened, tuple(ids or ()), as_of=as_of, accept=accept, job=job)

    def good(one: Any) -> None:
        where = f" Its audience is {one.audience}: {number(one.reach or 0)} people." if one.audience else ""
        say(f"{one.id}: {number(one.people)} people are ranked (drift {one.drift:.2f}).{where}")

    return say_outcomes(found, good, as_json=as_json)


@lookalike.command()
def why(
    context: typer.Context,
    identifier: Id,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A profile's key.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why one person is similar, or is not."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.lookalike_why(opened, identifier, key)
    if as_json:
        say_json(found)
        return
    draws = {True: "towards", False: "away"}
    rows = [[one["feature"], draws[one["towards"]], f"{one['weight']:+.3f}"] for one in found["because"]]
    table(["feature", "draws", "weight"], rows, right=(2,))
    if not found["exact"]:
        note("The model's trees are not in this: it is its linear part.")


@lookalike.command()
def rule(
    context: typer.Context,
    identifier: Id,
    share: ShareOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """A rule that comes close to the model, and how close."""
    from engine import operations
    from engine.domain.documents import dump_yaml

    with open_workspace(context, workspace) as opened, progress("Looking", quiet=as_json) as job:
        found = operations.lookalike_rule(opened, identifier, share=share, job=job)
    if as_json:
        say_json(found)
        return
    say(dump_yaml({"rule": found["rule"]}).rstrip())
    say(
        f"\n{number(found['people'])} people: {found['precision']:.0%} of them are among the most similar "
        f"{found['share']:.1%}, and {found['recall']:.0%} of those are among them."
    )

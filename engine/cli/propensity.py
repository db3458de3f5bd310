"""`convoke propensity`: how likely people are to do something."""

from __future__ import annotations

from typing import Any

import typer

from engine.cli.options import AsOfOption, JsonOption, WorkspaceOption, open_workspace
from engine.cli.printing import note, number, progress, say, say_json, table
from engine.cli.scores import AcceptOption, Id, Ids, say_outcomes

propensity = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="How likely people are to do something, by documents in the workspace's folder scores.",
)


@propensity.command()
def train(
    context: typer.Context,
    ids: Ids = None,
    as_of: AsOfOption = None,
    accept: AcceptOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Train models; exit code 1 when one is clearly worse than the one before, which is used on."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Training", quiet=as_json) as job:
        found = operations.propensity_train(opened, tuple(ids or ()), as_of=as_of, accept=accept, job=job)
        shown = {one.id: operations.propensity_show(opened, one.id) for one in found}

    def good(one: Any) -> None:
        _say_card(shown[one.id])
        say(f"Next: convoke propensity apply {one.id}.")

    return say_outcomes(found, good, as_json=as_json)


def _say_card(shown: dict[str, Any]) -> None:
    card = shown["card"]
    learnt, judged = (one[:10] for one in card["judged"])
    learning = f"learnt of the {card['days']} days from {learnt}, judged by those from {judged}"
    say(f"{shown['id']}, version {shown['version']}: {learning}.")
    services = {name: one for name, one in card["services"].items() if name != "uplift"}
    rows = [
        [
            name,
            one["way"],
            number(one["people"]),
            number(one["did"]),
            f"{one['auc']:.3f}",
            f"{one['ece']:.4f}",
            f"{one['ratio']:.2f}",
            f"{one['lift']:.1f}",
        ]
        for name, one in services.items()
    ]
    heads = ["service", "model", "people", "did it", "AUC", "calibration error", "expected / did", "lift at 10 %"]
    table(heads, rows, right=(2, 3, 4, 5, 6, 7))
    uplift = card["services"].get("uplift")
    if uplift is not None:
        say(
            f"The treatment's effect is {uplift['effect']:+.2%} ({uplift['low']:+.2%} to {uplift['high']:+.2%}); "
            f"{uplift['learner']} orders people best."
        )
    leaks = [one["name"] for one in card["excluded"] if one["why"] == "leaks"]
    if leaks:
        note(f"Left out, since they tell who did it: {', '.join(leaks)}.")


@propensity.command()
def show(
    context: typer.Context,
    identifier: Id,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The model in force: how good its probabilities were, and what they rest on."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.propensity_show(opened, identifier)
    if as_json:
        say_json(found)
        return
    if found["card"] is None:
        say(f"{identifier} has no model yet. Next: convoke propensity train {identifier}.")
        return
    _say_card(found)
    for name, one in found["card"]["services"].items():
        if name == "uplift":
            continue
        say(f"\n{name}: who was expected to do it, and who did.")
        rows = [[f"{bar['predicted']:.2%}", f"{bar['did']:.2%}", number(bar["people"])] for bar in one["curve"]]
        table(["expected", "did", "people"], rows, right=(0, 1, 2))
        counts = ", ".join(f"{factor['name']} ({factor['part']:.0%})" for factor in one["factors"][:8])
        say(f"What counts: {counts}.")


@propensity.command("list")
def list_(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The propensities there are."""
    from engine import operations

    with open_workspace(context, workspace) as opened:
        found = operations.propensity_list(opened)
    if as_json:
        for one in found:
            say_json(one)
        return
    rows = [
        [
            one["id"],
            one["state"],
            "" if one["version"] is None else str(one["version"]),
            ", ".join(one["services"]),
            "" if one["expected"] is None else number(round(one["expected"])),
        ]
        for one in found
    ]
    table(["propensity", "state", "version", "services", "expected"], rows, right=(2, 4))


@propensity.command()
def apply(
    context: typer.Context,
    ids: Ids = None,
    as_of: AsOfOption = None,
    accept: AcceptOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> int:
    """Give every profile its probabilities as traits; exit code 1 when something is held."""
    from engine import operations

    with open_workspace(context, workspace) as opened, progress("Scoring", quiet=as_json) as job:
        found = operations.propensity_apply(opened, tuple(ids or ()), as_of=as_of, accept=accept, job=job)

    def good(one: Any) -> None:
        expected = f"{number(one.reach or 0)} are expected to do it"
        say(f"{one.id}: {number(one.people)} people have a probability; {expected}.")

    return say_outcomes(found, good, as_json=as_json)

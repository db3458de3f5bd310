"""What the app may ask besides sizes: looks into the audience on the canvas, and calls on the workspace.

Each gives plain values that go over the line as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from engine import operations
from engine.domain.audience_codec import write_audience
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.operations import Workspace

Look: TypeAlias = Callable[..., Any]
"""A question about an audience's document at a moment: (workspace, document, *, as_of, job, …)."""
Call: TypeAlias = Callable[[Workspace, Mapping[str, Any], Job], Any]


def _insights(workspace: Workspace, document: dict[str, Any], **more: Any) -> Any:
    return asdict(operations.insights(workspace, document, **more))


def _reachable(workspace: Workspace, document: dict[str, Any], **more: Any) -> Any:
    return operations.reachable(workspace, document, **more).as_json()


def _breakdown(workspace: Workspace, document: dict[str, Any], trait: str, **more: Any) -> Any:
    return asdict(operations.breakdown(workspace, document, trait, **more))


def _thresholds(workspace: Workspace, document: dict[str, Any], path: str, **more: Any) -> Any:
    return asdict(operations.thresholds(workspace, document, path, **more))


def _overlap(workspace: Workspace, document: dict[str, Any], **more: Any) -> Any:
    return [asdict(one) for one in operations.overlap(workspace, document, **more)]


def _past_size(workspace: Workspace, document: dict[str, Any], ago: int, **more: Any) -> Any:
    return operations.past_size(workspace, document, ago, **more).as_json()


def _sample_members(workspace: Workspace, document: dict[str, Any], **more: Any) -> Any:
    rows = operations.sample_members(workspace, document, **more)
    return [one.as_json() | {"key": one.key} for one in rows]


def _why(workspace: Workspace, document: dict[str, Any], key: str, language: str, **more: Any) -> Any:
    more.pop("job")
    return operations.why(workspace, document, key, language=language, **more).as_json()


LOOKS: Mapping[str, Look] = {
    "insights": _insights,
    "reachable": _reachable,
    "breakdown": _breakdown,
    "thresholds": _thresholds,
    "overlap": _overlap,
    "past_size": _past_size,
    "sample_members": _sample_members,
    "why": _why,
}

_MOST_TRENDS = 500


def _history(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return [
        {
            "version": one.version,
            "saved_at": one.saved_at,
            "saved_by": one.saved_by,
            "changes": list(one.changes),
            "document": None if one.audience is None else write_audience(one.audience),
        }
        for one in operations.history(workspace, given["id"])
    ]


def _snapshots(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return [one.as_json() for one in operations.snapshots(workspace, given["id"])]


def _delete(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.delete(workspace, given["id"])
    return {"deleted": given["id"]}


def _sizes(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """Sizes of stored audiences by id; one that cannot be counted has none."""
    try:
        return {one.id: one.size for one in operations.size(workspace, given["ids"], job=job)}
    except Cancelled:
        raise
    except EngineError:
        if len(given["ids"]) == 1:
            return {given["ids"][0]: None}
    found: dict[str, Any] = {}
    for identifier in given["ids"]:
        found |= _sizes(workspace, {"ids": [identifier]}, job)
    return found


def _trends(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """The sizes of the last runs of each audience, oldest first."""
    found = {}
    for identifier in given["ids"][:_MOST_TRENDS]:
        job.check()
        sizes = [one.size for one in operations.snapshots(workspace, identifier)][-14:]
        if sizes:
            found[identifier] = sizes
    return found


def _run(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.run(workspace, given["ids"], job=job).as_json()


def _upload_list(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    key, allow = given.get("key"), given.get("allow_shrink", False)
    return operations.upload_list(workspace, given["id"], Path(given["file"]), key=key, allow_shrink=allow).as_json()


def _connect(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.connect(workspace, given["url"])


def _infer(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    draft = operations.infer(workspace, job, given.get("answers"))
    return draft.as_json() | {"document": draft.document}


def _apply_model(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.apply_model_text(workspace, given["document"])
    return operations.check(workspace, job=job).as_json()


def _schedule(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """Whether the daemon runs, and (when it comes next, whether it is paused) of every scheduled audience."""
    found = operations.coming(workspace, count=1)
    return {
        "daemon": operations.daemon_state(workspace).state,
        "next": {one.id: (one.times[0] if one.times else None, one.paused) for one in found},
    }


def _destinations(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return [
        {"id": one.id, "name": one.document["name"], "type": one.document["type"], "paused": one.paused}
        | {"document": one.document}
        for one in operations.destinations(workspace)
    ]


def _save_destination(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.keep_destination(workspace, dict(given["document"]), given.get("secrets", {}))
    return _destinations(workspace, given, job)


def _pause_destination(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.pause_destination(workspace, given["id"], paused=given["paused"])
    return _destinations(workspace, given, job)


def _remove_destination(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.remove_destination(workspace, given["id"])
    return _destinations(workspace, given, job)


def _syncs(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return [one.as_json() for one in operations.syncs(workspace, given["id"])]


def _sync(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.sync(workspace, given["ids"], allow_removals=given.get("allow_removals", False), job=job)
    return _syncs(workspace, {"id": given["ids"][0]}, job)


def _identity(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """Everything the identity screen begins with."""
    found = asdict(operations.identity_state(workspace))
    try:
        found["document"] = operations.show_identity(workspace)
    except EngineError:
        found["document"] = None
    decisions = operations.identity_decisions(workspace)
    return found | {"decisions": [asdict(one) | {"before": None} for one in reversed(decisions)]}


def _decide(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """A decision of the identity screen."""
    what, one, other = given["what"], given["one"], given.get("other", "")
    if what == "apart":
        return asdict(operations.cut_identifiers(workspace, one, other, given["reason"]))
    if what == "together":
        return asdict(operations.join_identifiers(workspace, one, other, given["reason"]))
    if what == "block":
        return asdict(operations.block_identifier(workspace, one, given["reason"]))
    return {"id": operations.judge_pair(workspace, one, other, same=what == "same")}


def _what_if(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    from engine.domain.documents import load_one
    from engine.domain.identity_codec import read_identity

    return asdict(operations.what_if_document(workspace, read_identity(load_one(given["document"])), job=job))


def _apply_identity(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return {"id": operations.apply_identity_text(workspace, given["document"]).id}


def _quality(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return [one.as_json() for one in operations.quality_show(workspace)]


def _run_quality(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.quality_run(workspace, (), job)
    return _quality(workspace, given, job)


def _freshness(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """How fresh the snapshots of an audience are; None for one that was never saved."""
    if workspace.audiences.find(given["id"]) is None:
        return None
    return operations.freshness_of(workspace, [given["id"]])[0].as_json()


def _accept_quality(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    operations.quality_accept(workspace, given["table"], given["check"], given["reason"], days=7)
    return _quality(workspace, given, job)


def _given_file(given: Mapping[str, Any]) -> tuple[Any, Any]:
    from pathlib import Path

    from engine.domain.ingest_codec import read_ingest

    document = read_ingest(given["document"])
    return document, operations.ingest_files(document, Path(given["path"]).expanduser())


def _preview_file(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """What the columns of a file would become."""
    from engine.tabular.values.coercion import type_of
    from engine.tabular.values.notes import SENTENCES

    document, paths = _given_file(given)
    found = operations.ingest_preview(workspace, document, paths[0], job)
    told = [  # no kind where only the table can say it
        asdict(one) | {"kind": type_of(one.type), "notes": [SENTENCES[note] for note in one.notes]}
        for one in found.columns
    ]
    return {"columns": told, "not_in_table": list(found.not_in_table), "remarks": list(found.remarks)}


def _load_file(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    document, paths = _given_file(given)
    allow = given.get("allow_shrink", False)
    return [one.as_json() for one in operations.ingest_load(workspace, document, paths[:1], job, allow_shrink=allow)]


def _lookalikes(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """The lookalikes, and what may become a seed."""
    lists = operations.lists(workspace)
    seeds = {"audiences": sorted(workspace.audiences.ids()), "lists": sorted(lists)}
    return {"lookalikes": operations.lookalike_list(workspace), **seeds}


def _create_lookalike(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return {"id": operations.lookalike_create(workspace, given["seed"], job)}


def _train_lookalike(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.lookalike_train(workspace, [given["id"]], job=job)[0].as_json()


def _use_lookalike(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    name = operations.lookalike_use(workspace, given["id"], given["share"], job)
    stored = workspace.audiences.find(name or "")
    return {"audience": name, "document": None if stored is None else write_audience(stored.audience)}


def _lookalike_preview(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.lookalike_preview(workspace, given["id"], share=given["share"], job=job)


def _lookalike_rule(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.lookalike_rule(workspace, given["id"], share=given["share"], job=job)


def _propensities(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    """The propensities, and what may be foreseen."""
    return {
        "propensities": operations.propensity_list(workspace),
        "targets": operations.propensity_targets(workspace),
    }


def _create_propensity(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return {"id": operations.propensity_create(workspace, given["target"], given["days"], job)}


def _train_propensity(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.propensity_train(workspace, [given["id"]], job=job)[0].as_json()


def _use_propensity(workspace: Workspace, given: Mapping[str, Any], job: Job) -> Any:
    return operations.propensity_use(workspace, given["id"], job).as_json()


READING: Mapping[str, Call] = {
    "propensities": _propensities,
    "propensity": lambda workspace, given, job: operations.propensity_show(workspace, given["id"]),
    "lookalikes": _lookalikes,
    "lookalike": lambda workspace, given, job: operations.lookalike_show(workspace, given["id"]),
    "lookalike_seed": lambda workspace, given, job: operations.lookalike_seed(workspace, given["seed"], job).as_json(),
    "lookalike_preview": _lookalike_preview,
    "lookalike_rule": _lookalike_rule,
    "lookalike_why": lambda workspace, given, job: operations.lookalike_why(
        workspace, given["id"], given["key"], job=job
    ),
    "preview_file": _preview_file,
    "aside_sources": lambda workspace, given, job: [asdict(one) for one in operations.aside_sources(workspace)],
    "aside_rows": lambda workspace, given, job: [
        asdict(one) for one in operations.aside_rows(workspace, given["source"])
    ],
    "freshness": _freshness,
    "quality": _quality,
    "quality_past": lambda workspace, given, job: asdict(
        operations.quality_past(workspace, given["table"], given["check"], job)
    ),
    "contract_tables": lambda workspace, given, job: operations.contract_tables(workspace),
    "contract": lambda workspace, given, job: asdict(operations.contract_text(workspace, given["table"])),
    "lineage": lambda workspace, given, job: asdict(operations.lineage_of(workspace, given["name"])),
    "lineage_names": lambda workspace, given, job: [asdict(one) for one in operations.lineage_names(workspace)],
    "identity": _identity,
    "draft_identity": lambda workspace, given, job: asdict(operations.identity_draft(workspace, job=job)),
    "find_person": lambda workspace, given, job: asdict(operations.find_person(workspace, given["text"])),
    "what_if_identity": _what_if,
    "apply_identity": _apply_identity,
    "pairs_to_judge": lambda workspace, given, job: [asdict(one) for one in operations.pairs_to_judge(workspace)],
    "destinations": _destinations,
    "save_destination": _save_destination,
    "pause_destination": _pause_destination,
    "remove_destination": _remove_destination,
    "try_destination": lambda workspace, given, job: operations.try_destination(workspace, given["id"]),
    "destination_types": lambda workspace, given, job: operations.destination_types(),
    "syncs": _syncs,
    "sync": _sync,
    "preview_sync": lambda workspace, given, job: [
        one.as_json() for one in operations.preview_sync(workspace, given["ids"], job=job)
    ],
    "audiences": lambda workspace, given, job: operations.audience_page(workspace, given["after"]),
    "history": _history,
    "snapshots": _snapshots,
    "sizes": _sizes,
    "trends": _trends,
    "infer": _infer,
    "schedule": _schedule,
    "activity": lambda workspace, given, job: operations.activity(workspace),
    "unseen_alerts": lambda workspace, given, job: sum(
        one.seen_at is None for one in operations.alerts(workspace, open_only=True)
    ),
    "see_alerts": lambda workspace, given, job: operations.see_alerts(workspace),
    "retry_task": lambda workspace, given, job: operations.retry_task(workspace, given["task"]),
    "cancel_task": lambda workspace, given, job: operations.cancel_task(workspace, given["task"]),
    "run_soon": lambda workspace, given, job: operations.run_soon(workspace, given["ids"]),
}
CHANGING: Mapping[str, Call] = {
    "create_propensity": _create_propensity,
    "train_propensity": _train_propensity,
    "use_propensity": _use_propensity,
    "create_lookalike": _create_lookalike,
    "train_lookalike": _train_lookalike,
    "use_lookalike": _use_lookalike,
    "load_file": _load_file,
    "put_right": lambda workspace, given, job: asdict(
        operations.put_right(workspace, given["source"], given["changes"], job)
    ),
    "save_contract": lambda workspace, given, job: operations.save_contract(workspace, given["table"], given["text"]),
    "run_quality": _run_quality,
    "accept_quality": _accept_quality,
    "decide_identity": _decide,
    "undo_decision": lambda workspace, given, job: asdict(operations.undo_decision(workspace, given["id"])),
    "run_identity": lambda workspace, given, job: operations.run_identity(
        workspace,
        job=job,
        even_if_red=given.get("even_if_red", False),
        everything=given.get("everything", False),
    ).as_json(),
    "forget_person": lambda workspace, given, job: asdict(operations.forget_person(workspace, given["text"])),
    "delete": _delete,
    "run": _run,
    "save_all": lambda workspace, given, job: operations.save_all(workspace, given["documents"]),
    "upload_list": _upload_list,
    "connect": _connect,
    "apply_model": _apply_model,
}

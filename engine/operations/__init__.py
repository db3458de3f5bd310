"""The door: everything Convoke can do, one function a user verb.

The CLI, the worker behind the app and notebooks call these same functions. Results are small frozen values; those that
are tables have ``frame()``, which gives a pandas DataFrame.

>>> from engine.operations import Workspace, size, members           # doctest: +SKIP
>>> with Workspace("my-workspace") as ws:                            # doctest: +SKIP
...     size(ws, ["lapsed-buyers"])[0].frame()

Names are resolved when first used, so that importing this package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.operations.activating import (
        add_destination,
        destination_types,
        destinations,
        has_due_syncs,
        keep_destination,
        pause_destination,
        preview_sync,
        remove_destination,
        save_destination,
        sent_to,
        sync,
        sync_due,
        syncs,
        try_destination,
    )
    from engine.operations.alerting import Seen, alerts, see_alerts, tell_alerts, try_alerts, watch
    from engine.operations.ending import queue_ends
    from engine.operations.estimating import prepare_sample
    from engine.operations.exploring import audience_page, overview, values
    from engine.operations.granting import add_token, revoke_token, tokens
    from engine.operations.keeping import delete, diff, history, list_audiences, save, save_all, show
    from engine.operations.listing import lists, upload_list
    from engine.operations.looking import (
        breakdown,
        insights,
        overlap,
        past_size,
        past_sizes,
        reachable,
        sample_members,
        thresholds,
    )
    from engine.operations.machine import doctor, prepare_demo, schema
    from engine.operations.membering import explain, export_members, members, why
    from engine.operations.modelling import apply_model, apply_model_text, check, infer, show_model
    from engine.operations.planning import apply, plan
    from engine.operations.running import (
        changes,
        check_store,
        clean_store,
        explain_run,
        members_then,
        run,
        runs,
        snapshots,
    )
    from engine.operations.scheduling import (
        backfill,
        cancel_task,
        coming,
        daemon_state,
        pause,
        retry_task,
        run_soon,
        tasks,
    )
    from engine.operations.sealing import make_vault_key, remove_secret, secrets, set_secret
    from engine.operations.sizing import size, size_document
    from engine.operations.telling import activity, recent_log
    from engine.operations.workspace import Workspace, connect, init

_HOMES = {
    "add_destination": "activating",
    "destinations": "activating",
    "pause_destination": "activating",
    "preview_sync": "activating",
    "save_destination": "activating",
    "remove_destination": "activating",
    "sent_to": "activating",
    "sync": "activating",
    "sync_due": "activating",
    "syncs": "activating",
    "try_destination": "activating",
    "has_due_syncs": "activating",
    "make_vault_key": "sealing",
    "remove_secret": "sealing",
    "secrets": "sealing",
    "set_secret": "sealing",
    "alerts": "alerting",
    "see_alerts": "alerting",
    "watch": "alerting",
    "tell_alerts": "alerting",
    "try_alerts": "alerting",
    "Seen": "alerting",
    "activity": "telling",
    "recent_log": "telling",
    "keep_destination": "activating",
    "destination_types": "activating",
    "queue_ends": "ending",
    "add_token": "granting",
    "revoke_token": "granting",
    "tokens": "granting",
    "tasks": "scheduling",
    "run_soon": "scheduling",
    "retry_task": "scheduling",
    "pause": "scheduling",
    "daemon_state": "scheduling",
    "coming": "scheduling",
    "cancel_task": "scheduling",
    "backfill": "scheduling",
    "Workspace": "workspace",
    "apply": "planning",
    "apply_model": "modelling",
    "apply_model_text": "modelling",
    "audience_page": "exploring",
    "breakdown": "looking",
    "changes": "running",
    "check": "modelling",
    "check_store": "running",
    "clean_store": "running",
    "connect": "workspace",
    "delete": "keeping",
    "diff": "keeping",
    "doctor": "machine",
    "explain": "membering",
    "explain_run": "running",
    "export_members": "membering",
    "history": "keeping",
    "infer": "modelling",
    "init": "workspace",
    "insights": "looking",
    "list_audiences": "keeping",
    "lists": "listing",
    "members": "membering",
    "members_then": "running",
    "overlap": "looking",
    "overview": "exploring",
    "past_size": "looking",
    "past_sizes": "looking",
    "plan": "planning",
    "prepare_demo": "machine",
    "prepare_sample": "estimating",
    "reachable": "looking",
    "run": "running",
    "runs": "running",
    "sample_members": "looking",
    "save": "keeping",
    "save_all": "keeping",
    "schema": "machine",
    "show": "keeping",
    "show_model": "modelling",
    "size": "sizing",
    "size_document": "sizing",
    "snapshots": "running",
    "thresholds": "looking",
    "upload_list": "listing",
    "values": "exploring",
    "why": "membering",
}
__all__ = [
    "Seen",
    "Workspace",
    "activity",
    "add_destination",
    "add_token",
    "alerts",
    "apply",
    "apply_model",
    "apply_model_text",
    "audience_page",
    "backfill",
    "breakdown",
    "cancel_task",
    "changes",
    "check",
    "check_store",
    "clean_store",
    "coming",
    "connect",
    "daemon_state",
    "delete",
    "destination_types",
    "destinations",
    "diff",
    "doctor",
    "explain",
    "explain_run",
    "export_members",
    "has_due_syncs",
    "history",
    "infer",
    "init",
    "insights",
    "keep_destination",
    "list_audiences",
    "lists",
    "make_vault_key",
    "members",
    "members_then",
    "overlap",
    "overview",
    "past_size",
    "past_sizes",
    "pause",
    "pause_destination",
    "plan",
    "prepare_demo",
    "prepare_sample",
    "preview_sync",
    "queue_ends",
    "reachable",
    "recent_log",
    "remove_destination",
    "remove_secret",
    "retry_task",
    "revoke_token",
    "run",
    "run_soon",
    "runs",
    "sample_members",
    "save",
    "save_all",
    "save_destination",
    "schema",
    "secrets",
    "see_alerts",
    "sent_to",
    "set_secret",
    "show",
    "show_model",
    "size",
    "size_document",
    "snapshots",
    "sync",
    "sync_due",
    "syncs",
    "tasks",
    "tell_alerts",
    "thresholds",
    "tokens",
    "try_alerts",
    "try_destination",
    "upload_list",
    "values",
    "watch",
    "why",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"engine.operations.{_HOMES[name]}"), name)

"""Faults written down by hand: those that no test noticed once, and their brothers.

The end of the module's path; where in it to begin to look; the text; the text in its place; and the test files beside the
module's own that must notice it.
"""

from __future__ import annotations

Named = tuple[str, str, str, str, tuple[str, ...]]
_DISK = ("tests/engine/test_durable.py",)
_DELIVERING = ("tests/engine/operations/test_delivering.py",)
_SYNC, _NONE = "os.fsync(file.fileno())", "file.fileno()"

NAMED: tuple[Named, ...] = (
    # -- steps of undoing, numbers beside the canvas ---------------------------------------------------------------------
    ("app/document.py", "def mergeWith", "self._merge is None or ", "", ()),
    ("app/document.py", "def mergeWith", "other._merge != self._merge", "False", ()),
    ("app/document.py", "def mergeWith", "self._after = other._after", "pass", ()),
    ("app/document.py", "def mark_saved", "self.history.setClean()", "pass", ()),
    ("canvas/drop_rules.py", "def group_many", "reversed(listed[1:])", "listed[1:]", ()),
    ("canvas/drop_rules.py", "def remove_many", "reversed(outermost(places))", "outermost(places)", ()),
    ("canvas/drop_rules.py", "def duplicate_many", "reversed(outermost(places))", "outermost(places)", ()),
    ("insights/others.py", "def _row", ' - one["both"]', "", ("tests/app/insights/test_panel.py",)),
    (
        "insights/who.py",
        "def _share",
        'share["low_index"] > 100',
        'share["low_index"] >= 100',
        ("tests/app/insights/test_panel.py",),
    ),
    (
        "insights/who.py",
        "def _share",
        'share["high_index"] < 100',
        'share["high_index"] <= 100',
        ("tests/app/insights/test_panel.py",),
    ),
    ("insights/who.py", "def _share", "> 100 or share", "> 100 and share", ("tests/app/insights/test_panel.py",)),
    # -- what is sent ----------------------------------------------------------------------------------------------------
    ("activation/sender.py", "def _one", 'unsure=batch.state == "sending"', "unsure=False", ()),
    ("activation/sender.py", "def _one", 'unsure=batch.state == "sending"', "unsure=True", ()),
    ("activation/sender.py", "def _on_later", "failures >= BREAK_AFTER", "failures > BREAK_AFTER", ()),
    ("activation/sender.py", "def wait", "attempt >= GIVE_UP_AFTER", "attempt > GIVE_UP_AFTER", ()),
    ("activation/sender.py", "def wait", "len(WAITS)) - 1", "len(WAITS)) - 2", ()),
    ("activation/sender.py", "def wait", "max(1.0, error.after)", "error.after", ()),
    ("activation/sender.py", "def _halve", 'if batch.state == "sending":', "if False:", ()),
    ("operations/delivering.py", "def follows", ' and before.state == "done"', "", _DELIVERING),
    ("operations/delivering.py", "def follows", "before.run_id in some.before and ", "", _DELIVERING),
    ("operations/delivering.py", "def _guard", "plan.removed * 100 >", "plan.removed * 100 >=", _DELIVERING),
    ("operations/delivering.py", "def _guard", "< plan.leaving < least", "< plan.leaving <= least", _DELIVERING),
    ("operations/delivering.py", "def _guard", "0 < plan.leaving", "0 <= plan.leaving", _DELIVERING),
    ("operations/delivering.py", "def _too_alike", "0 < apart < least", "0 < apart <= least", _DELIVERING),
    ("operations/delivering.py", "def _too_alike", "0 < apart < least", "0 <= apart < least", _DELIVERING),
    ("operations/delivering.py", "def _is_stale", "> STALE", ">= STALE", _DELIVERING),
    # -- lock modes ------------------------------------------------------------------------------------------------------
    ("store/database.py", "def transaction", "BEGIN IMMEDIATE", "BEGIN", ()),
    ("store/database.py", "def __init__", "synchronous = FULL", "synchronous = NORMAL", ()),
    # -- quality ---------------------------------------------------------------------------------------------------------
    ("quality/conditions.py", "def bad_rows", " and not one.warning", "", ("tests/engine/quality/test_checking.py",)),
    (
        "quality/conditions.py",
        "def bad_rows",
        'one.bound == Bound("=", 0) and ',
        "",
        ("tests/engine/quality/test_checking.py",),
    ),
    ("quality/conditions.py", "def outside", '{least} <"', '{least} <="', ("tests/engine/quality/test_checking.py",)),
    (
        "quality/conditions.py",
        "def outside",
        '{greatest} >"',
        '{greatest} >="',
        ("tests/engine/quality/test_checking.py",),
    ),
    ("quality/checking.py", "def _drifted", "<= tolerance * usual", "< tolerance * usual", ()),
    ("quality/checking.py", "def _drifted", "len(before) < _LEAST_WEEKS", "len(before) <= _LEAST_WEEKS", ()),
    # -- power loss ------------------------------------------------------------------------------------------------------
    ("engine/durable.py", "def replace_file", _SYNC, _NONE, _DISK),
    ("engine/durable.py", "os.replace(fresh, path)", "sync_folder(path.parent)", "pass", _DISK),
    ("engine/settings.py", "def write_settings", _SYNC, _NONE, _DISK),
    ("bitmap/packs.py", "def seal", "os.fsync(self._file.fileno())", "pass", _DISK),
    ("bitmap/packs.py", "def seal", "sync_folder(self._folder)", "pass", _DISK),
    ("bitmap/counters.py", "def write_counts", _SYNC, _NONE, _DISK),
    ("bitmap/counters.py", "def write_counts", "sync_folder(folder)", "pass", _DISK),
    ("bitmap/ordinals.py", "def _write_keys", _SYNC, _NONE, _DISK),
    ("bitmap/ordinals.py", "def _write_keys", "sync_folder(path.parent)", "pass", _DISK),
    ("identity/records.py", "def _keep", _SYNC, _NONE, _DISK),
    ("identity/records.py", "def _keep", "sync_folder(path.parent)", "pass", _DISK),
    ("identity/publication.py", "def point_to", _SYNC, _NONE, _DISK),
    ("identity/publication.py", 'with fresh.open("w"', _SYNC, _NONE, _DISK),
    ("identity/publication.py", "def point_to", "sync_folder(folder)", "pass", _DISK),
    ("identity/erasure.py", "def _replace", _SYNC, _NONE, _DISK),
    ("identity/erasure.py", "def _replace", "sync_folder(path.parent)", "pass", _DISK),
    ("secrets/vault.py", "def _write", _SYNC, _NONE, _DISK),
    ("secrets/vault.py", "def _write", "sync_folder(self._path.parent)", "pass", _DISK),
    ("secrets/vault.py", "def make_key", _SYNC, _NONE, _DISK),
    ("secrets/vault.py", "def make_key", "sync_folder(path.parent)", "pass", _DISK),
    ("ingest/journal.py", "def write", "os.fsync(file)", "pass", _DISK),
    ("ingest/journal.py", "def _opened_file", "sync_folder(self._folder)", "pass", _DISK),
    ("ingest/journal.py", "def close(self)", "sync_folder(self._folder)", "pass", _DISK),
    ("ingest/journal.py", "def _close_torn", "os.fsync(descriptor)", "pass", _DISK),
    (
        "ingest/journal.py",
        "def lines",
        "if not whole and not",
        "if False and not",
        ("tests/engine/ingest/test_journal.py",),
    ),
    ("ingest/parts.py", "def put_parquet", _SYNC, _NONE, _DISK),
    ("ingest/parts.py", "def put_parquet", "sync_folder(path.parent)", "pass", _DISK),
    ("ingest/loading.py", "def ", _SYNC, _NONE, _DISK),
    ("warehouses/local.py", "def publishing", _SYNC, _NONE, _DISK),
    ("warehouses/local.py", "def publishing", "sync_folder(folder)", "pass", _DISK),
)

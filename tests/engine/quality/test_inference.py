"""A drafted model is one that works, and the check counts what is wrong."""

from __future__ import annotations

from pathlib import Path

import duckdb

from engine import operations
from engine.domain.documents import load_one
from engine.domain.model_codec import read_model
from tests.support.small import make_workspace


def test_the_draft_of_the_marketplace_is_usable(demo: operations.Workspace) -> None:
    found = operations.infer(demo)
    model = read_model(load_one(found.document))
    assert (model.profile.source.table, model.profile.key) == ("users", "user_id")
    assert model.sites["MLB"].timezone == "America/Sao_Paulo"
    assert {"view", "purchase", "ad_click"} <= set(model.events)
    assert "email" in model.identifiers
    assert "ads_personalisation" in model.consents
    assert "card" in model.objects
    personal = {(c.table, c.column) for c in found.columns if c.personal}
    assert {("user_emails", "email"), ("user_phones", "phone")} <= personal
    assert all(c.samples == () for c in found.columns if c.personal)
    assert not found.frame().empty


def test_the_check_counts(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    findings = {(f.severity, f.path): f for f in operations.check(workspace).findings}
    assert findings["warning", "events.purchase.profile"].count == 1
    assert findings["note", "profile"].count == 5
    assert ("note", "events.view.time") in findings
    assert operations.check(workspace).sound
    workspace.reload()
    connection = duckdb.connect(str(tmp_path / "data.duckdb"))
    connection.execute("INSERT INTO users (user_id, site_id) VALUES (NULL, 'MLX'); ALTER TABLE cards DROP COLUMN brand")
    connection.close()
    found = operations.check(workspace)
    assert not found.sound
    assert "1 of 6" in next(f.message for f in found.findings if f.severity == "error")

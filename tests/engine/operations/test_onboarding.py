"""A list of customers: whom each row names, by what, and why not; nothing of the file is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from tests.support.people import ANA, MODEL, PEOPLE, make, persons

KEYS = [row[0] for row in PEOPLE]
TEXT = (
    "Nome;Correo electrónico;CPF\n"
    f"Ana;ANA@mail.com;{ANA}\n"
    "Bruno;bruno@mail.com;\n"
    f"Duas;carla@mail.com;{ANA}\n"
    "Carla;carla@mail.com;\n"
    "Ninguém;who@mail.com;\n"
    "Errado;teste@teste.com;111.111.111-11\n"
    "Vazio;;\n"
)


def test_every_row_is_told_and_the_list_is_of_persons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    with make(tmp_path) as workspace:
        with pytest.raises(EngineError, match="identity was never resolved here"):
            operations.onboard_list(workspace, "vip", path)
        operations.run_identity(workspace)
        found = operations.onboard_list(workspace, "vip", path)
        assert dict(found.columns) == {"cpf": "CPF", "email": "Correo electrónico"}
        assert [(row.line, row.outcome, row.by) for row in found.rows] == [
            (2, "matched", "cpf"),
            (3, "matched", "email"),
            (4, "duplicate", "cpf"),
            (5, "matched", "email"),
            (6, "unknown", None),
            (7, "malformed", None),
            (8, "empty", None),
        ]
        who = persons(workspace, KEYS)
        assert set(workspace.lists.keys("vip")) == {who["ana-1"], who["bruno-1"], who["carla-1"]}
        path.write_text("a,b\ncarla@mail.com,bruno@mail.com\n")
        with pytest.raises(EngineError, match="no column of a, b"):
            operations.onboard_list(workspace, "vip", path)
        with pytest.raises(EngineError, match='no kind of identifier "mail"'):
            operations.onboard_list(workspace, "vip", path, {"mail": "a"})
        with pytest.raises(EngineError, match='no column "c"'):
            operations.onboard_list(workspace, "vip", path, {"email": "c"})
        path.write_text(f"cpf,email\n{ANA},carla@mail.com\n")
        with pytest.raises(EngineError, match="holds 3 profiles and would hold 1"):
            operations.onboard_list(workspace, "vip", path)
        found = operations.onboard_list(workspace, "vip", path, allow_shrink=True)
        assert [row.outcome for row in found.rows] == ["conflict"]
        plain = {**MODEL, "profile": {key: one for key, one in MODEL["profile"].items() if key != "identity"}}
        workspace.models.save(dump_yaml(plain), "test")
        operations.onboard_list(workspace, "vip", path)
        assert set(workspace.lists.keys("vip")) == {"ana-1", "ana-2", "ana-3"}, (
            "profiles, where the model has no persons"
        )
        kept = [one for one in workspace.folder.rglob("*") if one.is_file()]
        assert all(b"Ana;ANA" not in one.read_bytes() and b"carla@mail" not in one.read_bytes() for one in kept)
    path.write_text(TEXT)
    where = ["-w", str(tmp_path / "ws")]
    given = [
        "lists",
        "onboard",
        "vip",
        str(path),
        "--by",
        "email=correo electrónico",
        "--report",
        str(tmp_path / "r.csv"),
    ]
    assert main([*given, *where]) == 0
    assert "4 by email" in capsys.readouterr().out
    assert (tmp_path / "r.csv").read_text().splitlines()[1] == "2,matched,email,this person is known"
    assert main([*given[:4], "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["outcomes"]["matched"] == 3
    assert main([*given[:4], "--by", "email", *where]) == 2

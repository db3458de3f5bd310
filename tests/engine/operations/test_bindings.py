"""A document or a token gives itself nothing: secrets, variables, the machine's credentials and paths are the owner's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace, make_vault_key, save_destination, set_secret, sync, try_destination
from engine.operations.activating import keep_destination
from engine.operations.peppers import make_pepper
from engine.settings import write_settings
from engine.store.checksums import checking
from engine.store.database import Database
from tests.support.api import served
from tests.support.delivering import make, person, refresh
from tests.support.graph import TOKEN, Graph, graph
from tests.support.receiver import KEY, Receiver, receiver

PEOPLE = [person(i) for i in range(1, 20)]
OUT = {"type": "folder", "settings": {"path": "out"}}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path / "ws", PEOPLE, OUT) as made:
        make_vault_key(made, tmp_path / "vault.key")
        yield made


@pytest.fixture
def listener() -> Iterator[Graph]:
    with graph() as running:
        yield running


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver(KEY) as running:
        yield running


@pytest.fixture
def deliverer(workspace: Workspace) -> Iterator[TestClient]:
    with served(workspace, "deliver") as client:
        yield client


def meta(listener: Graph, token: Any, **more: Any) -> dict[str, Any]:
    settings = {"ad_account": "1", "token": token, "endpoint": listener.url, **more}
    return {"kind": "destination", "id": "m", "type": "meta", "settings": settings, "profile": "meta"}


def hook(url: str, secret: str = "crm", identifier: str = "hook", **more: Any) -> dict[str, Any]:  # noqa: S107
    settings = {"url": url, "secret": {"secret": secret}, **more}
    return {"kind": "destination", "id": identifier, "type": "webhook", "settings": settings}


def refused(client: TestClient, document: dict[str, Any], said: str) -> None:
    answer = client.put(f"/v1/destinations/{document['id']}", json=document)
    assert answer.status_code == 409, answer.text
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "name",
    [
        *("identity-pepper-1", "Identity-Pepper-1", "identity-pepper-2", " identity-pepper-1", "identity-pepper-1 "),
        *("ｉdentity-pepper-1", "identity-pepper-1\u200b", "identity\u2010pepper-1", "convoke-vault-key", ""),
    ],
)
def test_own_secrets_cannot_be_referred_to(
    workspace: Workspace, deliverer: TestClient, listener: Graph, name: str
) -> None:
    from engine.domain.identity_codec import read_identity

    kinds = {"profile": {"most": 5}, "email": {}}
    make_pepper(workspace, read_identity({"kind": "identity", "id": "p", "kinds": kinds}), 1, lambda: None)
    document = meta(listener, {"secret": name})
    assert deliverer.put("/v1/destinations/m", json=document).status_code == 409
    with pytest.raises(EngineError, match=r"own secrets|cannot be a secret's name"):
        save_destination(workspace, document)
    assert listener.calls == []


def test_the_owner_cannot_bind_own_secrets_either(workspace: Workspace) -> None:
    with pytest.raises(EngineError, match="own secrets"):
        operations.allow_secret(workspace, "identity-pepper-1", "out", ["db"])
    for name in ("identity-pepper-7", "convoke-vault-key"):
        with pytest.raises(EngineError, match="own secrets"):
            set_secret(workspace, name, "ab" * 16)


def test_a_document_stored_before_reads_no_own_secret(workspace: Workspace, listener: Graph) -> None:
    """Whatever came into the store by other ways is checked again when it is used."""
    from engine.domain.identity_codec import read_identity

    make_pepper(workspace, read_identity({"kind": "identity", "id": "p", "kinds": {"profile": {}}}), 1, lambda: None)
    document = meta(listener, {"secret": "identity-pepper-1"})
    with workspace.database.transaction():
        workspace.database.run(
            "save_destination", {"id": "m", "document": json.dumps(document), "saved_at": "", "saved_by": ""}
        )
    with pytest.raises(EngineError, match="own secrets"):
        try_destination(workspace, "m")
    assert listener.calls == []


@pytest.mark.parametrize(
    "variable", ["HOME", "PATH", "CONVOKE_VAULT_PASSPHRASE", "CONVOKE_TOKEN", "AWS_SECRET_ACCESS_KEY"]
)
def test_variables_of_the_environment(
    workspace: Workspace, deliverer: TestClient, listener: Graph, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "canary") if variable not in os.environ else None
    refused(deliverer, meta(listener, {"env": variable}), "cannot refer to this variable")
    with pytest.raises(EngineError, match="cannot refer to this variable"):
        save_destination(workspace, meta(listener, {"env": variable}))
    assert listener.calls == []


def test_a_secret_stays_with_its_destination_and_host(
    workspace: Workspace, deliverer: TestClient, server: Receiver, listener: Graph
) -> None:
    set_secret(workspace, "crm", KEY)
    refused(deliverer, hook(server.url), 'the secret "crm" was not given to "hook"')
    save_destination(workspace, hook(server.url))  # the first use, by the owner
    assert "took a signed" in try_destination(workspace, "hook")
    refused(deliverer, hook(listener.url), "was not given")
    refused(deliverer, hook(server.url, identifier="other"), 'was not given to "other"')
    refused(deliverer, meta(listener, {"secret": "crm"}), "was not given")
    host = listener.url.removeprefix("http://").split("/")[0]
    for moved in (hook(listener.url), hook(server.url, identifier="other")):
        with pytest.raises(EngineError, match="was not given") as error:
            save_destination(workspace, moved)
        assert "convoke secret allow crm --for" in (error.value.hint or "")
    assert deliverer.put("/v1/destinations/hook", json=hook(server.url)).status_code == 200, "nothing has changed"
    operations.allow_secret(workspace, "crm", "hook", [host])
    save_destination(workspace, hook(listener.url))
    assert listener.calls == []


def test_only_the_owner_allows(workspace: Workspace, server: Receiver) -> None:
    set_secret(workspace, "crm", KEY)
    wanted = {"id": "hook", "hosts": [server.url.removeprefix("http://").split("/")[0]]}
    for scopes, status in ((("deliver", "write", "read"), 403), (("admin", "deliver"), 200)):
        with served(workspace, *scopes) as client:
            assert client.post("/v1/secrets/crm/allow", json=wanted).status_code == status
    with served(workspace, "deliver") as client:
        assert client.put("/v1/destinations/hook", json=hook(server.url)).status_code == 200


def test_what_is_typed_in_the_app_is_bound_to_the_host_named_now(
    workspace: Workspace, server: Receiver, listener: Graph
) -> None:
    document = {**hook(server.url), "settings": {"url": server.url}}
    keep_destination(workspace, document, {"secret": KEY})
    assert "took a signed" in try_destination(workspace, "hook")
    moved = hook(listener.url, "hook-secret")
    with pytest.raises(EngineError, match="was not given"):
        keep_destination(workspace, moved, {})
    keep_destination(workspace, moved, {"secret": KEY})
    with pytest.raises(EngineError, match="was not given"):
        keep_destination(workspace, hook(server.url, "hook-secret"), {})


def test_the_credentials_of_the_machine(workspace: Workspace, deliverer: TestClient) -> None:
    bucket = {"kind": "destination", "id": "b", "type": "objects", "settings": {"url": "s3://bucket/x"}}
    table = {"kind": "destination", "id": "t", "type": "postgres", "settings": {"host": "127.0.0.1", "dbname": "crm"}}
    for document in (bucket, table):
        refused(deliverer, document, "may not use the credentials of this machine")
        save_destination(workspace, document)
        assert deliverer.put(f"/v1/destinations/{document['id']}", json=document).status_code == 200
    elsewhere = {**bucket, "settings": {"url": "s3://bucket/x", "endpoint": "https://evil.example"}}
    refused(deliverer, elsewhere, "may not use the credentials of this machine at evil.example")


@pytest.mark.parametrize(
    "path",
    ["../outside", "/tmp/outside", "~/outside", "out/../../outside", "warehouse", "ingest", "Identity/x", "link"],  # noqa: S108
)
def test_folders(workspace: Workspace, deliverer: TestClient, path: str, tmp_path: Path) -> None:
    (workspace.folder / "link").symlink_to(tmp_path, target_is_directory=True)
    document = {"kind": "destination", "id": "f", **OUT, "settings": {"path": path}}
    refused(deliverer, document, "is outside the workspace")


def test_a_folder_that_the_owner_saved_is_that_destinations(
    workspace: Workspace, deliverer: TestClient, tmp_path: Path
) -> None:
    document = {"kind": "destination", "id": "f", **OUT, "settings": {"path": str(tmp_path / "exports")}}
    save_destination(workspace, document)
    assert "can be written to" in try_destination(workspace, "f")
    assert deliverer.put("/v1/destinations/f", json=document).status_code == 200
    refused(deliverer, {**document, "id": "g"}, "is outside the workspace")
    refused(deliverer, {**document, "settings": {"path": str(tmp_path)}}, "is outside the workspace")
    write_settings(workspace.folder, replace(workspace.settings, allow_folders=str(tmp_path / "exports")))
    assert deliverer.put("/v1/destinations/g", json={**document, "id": "g"}).status_code == 200


def test_a_link_made_afterwards_leads_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    refresh(workspace)
    (workspace.folder / "out").mkdir()
    (workspace.folder / "out" / "sp").symlink_to(tmp_path, target_is_directory=True)
    (failed,) = sync(workspace)
    assert "a link leads out of" in (failed.reason or "")
    assert not list(tmp_path.rglob("*.csv"))


def test_files_that_settings_name(workspace: Workspace, deliverer: TestClient, tmp_path: Path) -> None:
    set_secret(workspace, "crm", KEY)
    for document in (
        hook("https://example.org", ca="/etc/passwd"),
        {
            "kind": "destination",
            "id": "q",
            "type": "mysql",
            "settings": {"socket": "/run/x", "database": "d", "user": "u"},
        },
    ):
        assert deliverer.put(f"/v1/destinations/{document['id']}", json=document).status_code in (409, 422)


# -- ingest documents --------------------------------------------------------------------------------------------------


def test_a_document_in_the_folder_ingest_is_given_nothing(workspace: Workspace, tmp_path: Path) -> None:
    set_secret(workspace, "crm", "pw")
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    folder = workspace.folder / "ingest"
    folder.mkdir()
    (workspace.folder / "in").mkdir()
    for link in ("link.csv", "in/link.csv"):
        (workspace.folder / link).symlink_to(tmp_path / "secret.csv")
    server = {"host": "127.0.0.1", "port": 1, "dbname": "d", "password": {"secret": "crm"}}
    for name, more, said in (
        ("a", {"path": str(tmp_path / "*.csv")}, "is outside the workspace"),
        ("b", {"path": "link.csv"}, "is outside the workspace"),
        ("b2", {"path": "in/*.csv"}, "is a link that leads out"),
        ("c", {"path": "identity/*"}, "is outside the workspace"),
        ("d", {"path": "secrets.vault"}, "is outside the workspace"),
        (
            "e",
            {"from": {"type": "postgresql", "settings": server, "table": "t", "every": "1h"}},
            'was not given to "e"',
        ),
        (
            "f",
            {"from": {"type": "duckdb", "settings": {"path": str(tmp_path / "x")}, "table": "t", "every": "1h"}},
            "is outside",
        ),
    ):
        path = folder / "one.yaml"
        path.write_text(dump_yaml({"kind": "ingest", "id": name, "into": "people", **more}))
        os.utime(path, (1, 1))
        told = operations.ingest_all(workspace)
        assert [one.state for one in told] == ["refused"], name
        assert said in (told[0].message or "")


def test_a_document_named_at_the_command_line_reads_beside_itself(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside, away = tmp_path / "doc", tmp_path / "away"
    for one in (beside, away):
        one.mkdir()
        (one / "rows.csv").write_text("a,b\n1,2\n")
    document = beside / "rows.yaml"
    for path, code in ((beside / "rows.csv", 0), (away / "rows.csv", 1)):
        document.write_text(dump_yaml({"kind": "ingest", "id": "rows", "into": "other", "path": str(path)}))
        assert main(["--workspace", str(workspace.folder), "ingest", "load", "-d", str(document)]) == code
    assert "is outside the workspace" in capsys.readouterr().err
    assert (
        main(["--workspace", str(workspace.folder), "ingest", "load", str(away / "rows.csv"), "--into", "third"]) == 0
    )


# -- workspaces of today -----------------------------------------------------------------------------------------------


def older(workspace: Workspace) -> None:
    """As a Convoke without grants left it."""
    workspace.close()
    with closing(apsw.Connection(str(workspace.folder / "store.sqlite"), vfs=checking())) as store:
        store.execute("DROP TABLE granted")
        store.execute("DROP TABLE granting")
        store.execute("DROP TABLE least")
        store.execute("DROP TABLE list_dropped")
        store.execute("ALTER TABLE list DROP COLUMN version")
        store.execute("ALTER TABLE list_member DROP COLUMN since")
        store.execute("PRAGMA user_version = 17")


def test_an_older_workspace_opens_and_goes_on(
    workspace: Workspace, server: Receiver, tmp_path: Path, listener: Graph
) -> None:
    set_secret(workspace, "crm", KEY)
    outside = {"kind": "destination", "id": "f", **OUT, "settings": {"path": str(tmp_path / "exports")}}
    save_destination(workspace, hook(server.url))
    save_destination(workspace, outside)
    (workspace.folder / "ingest").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rows.csv").write_text("a,b\n1,2\n")
    os.utime(tmp_path / "in" / "rows.csv", (1, 1))
    document = {"kind": "ingest", "id": "rows", "into": "other", "path": str(tmp_path / "in" / "*.csv")}
    (workspace.folder / "ingest" / "rows.yaml").write_text(dump_yaml(document))
    older(workspace)
    with Workspace(workspace.folder) as again:
        with served(again, "deliver") as client:  # a token that is quicker than the owner changes nothing
            assert client.put("/v1/destinations/hook", json=hook(listener.url)).status_code == 409
        assert "took a signed" in try_destination(again, "hook")
        assert "can be written to" in try_destination(again, "f")
        assert [one.state for one in operations.ingest_all(again)] == ["loaded"]
        given = {(one.what, one.name, one.user) for one in operations.grants(again)}
        assert ("secret", "crm", "hook") in given
        assert ("path", str(tmp_path / "exports"), "f") in given
        assert ("path", str(tmp_path / "in"), "rows") in given


def test_a_new_workspace_gives_nothing_by_itself(tmp_path: Path) -> None:
    with operations.init(tmp_path / "ws") as made:
        (made.folder / "ingest").mkdir()
        document = {"kind": "ingest", "id": "rows", "into": "other", "path": "/etc/*.conf"}
        (made.folder / "ingest" / "rows.yaml").write_text(dump_yaml(document))
        assert operations.grants(made) == []
    with closing(Database(tmp_path / "ws" / "store.sqlite")) as database:
        assert database.rows("granting_pending") == [(0,)]


def test_the_command_line(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(TOKEN))
    to = ["--workspace", str(workspace.folder), "secret"]
    assert main([*to, "set", "crm", "--for", "hook", "--host", "db.example.org"]) == 0
    assert main([*to, "allow", "crm", "--for", "other", "--host", "db2.example.org:5432"]) == 0
    capsys.readouterr()
    assert main([*to, "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["for"] == ["hook at db.example.org", "other at db2.example.org:5432"]
    assert main([*to, "allow", "crm", "--for", "nobody"]) == 2
    assert main([*to, "allow", "env:PATH", "--for", "hook", "--host", "x"]) == 1

"""Deliveries to object storage: real servers of S3 (OpenStack Swift) and of Azure Blob (Azurite)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import from_url

from engine.destinations.objects import objects
from engine.destinations.protocol import Later, Misconfigured
from tests.support.azurite import ACCOUNT, CONTAINER, KEY, Azurite, azurite, make_container
from tests.support.destining import ROWS, batch, conforms, host, replayed
from tests.support.swift import SECRET, Swift, swift

SECRETS = {"key": SECRET, "other": "wrong"}


@pytest.fixture(scope="module")
def server() -> Iterator[Swift]:
    with swift() as running:
        yield running


def settings(server: Swift, **other: Any) -> dict[str, Any]:
    return {**server.settings(), "format": "jsonl", "secret_access_key": {"secret": "key"}, **other}


def test_objects_arrive_whole_and_count_once(server: Swift, tmp_path: Path) -> None:
    out = objects(settings(server), ["email", "phone"], host(tmp_path, SECRETS))
    plain: Any = {**server.settings(), "secret_access_key": SECRET}
    reader: Any = from_url(plain.pop("url"), config=plain, client_options={"allow_http": True})

    def state() -> Any:
        names = [one["path"] for page in reader.list("sp/00000007") for one in page]
        return replayed({name: bytes(reader.get(name).bytes()) for name in names})

    conforms(out, state)
    out.close()


def test_what_a_person_must_mend_is_said(server: Swift, tmp_path: Path) -> None:
    for wrong, said in (
        ({"secret_access_key": {"secret": "other"}}, "refuses the keys"),
        ({"secret_access_key": {"secret": "missing"}}, "no such secret"),
        ({"url": "s3://nowhere/x"}, "does not exist"),
    ):
        out = objects(settings(server, **wrong), [], host(tmp_path, SECRETS))
        for call in (out.check, lambda out=out: out.send(batch(ROWS))):
            with pytest.raises(Misconfigured, match=said):
                call()
    for change, said in (
        ({"url": "ftp://x/y"}, "of no known kind"),
        ({"account_name": "x"}, 'no setting "account_name"'),
        ({"secret_access_key": "plain"}, "must not stand in the document"),
    ):
        with pytest.raises(Misconfigured, match=said):
            objects(settings(server, **change), [], host(tmp_path, SECRETS))


def test_a_server_that_dies_is_tried_again_later(server: Swift, tmp_path: Path) -> None:
    out = objects(settings(server), ["email"], host(tmp_path, SECRETS))
    out.send(batch(ROWS))
    server.stop("proxy")
    with pytest.raises(Later):
        out.send(batch(ROWS, "b2", name="00002"))
    server.start("proxy")
    out.send(batch(ROWS, "b2", name="00002"))


@pytest.fixture
def azure() -> Iterator[Azurite]:
    with azurite() as running:
        yield running


def test_azure_blobs_arrive_whole_and_count_once(azure: Azurite, tmp_path: Path) -> None:
    secrets = {"key": KEY, "other": base64.b64encode(b"wrong").decode()}
    plain: Any = {"account_name": ACCOUNT, "endpoint": azure.endpoint}
    make_container(azure.endpoint)
    given = {**plain, "url": f"az://{CONTAINER}/exports", "format": "jsonl", "account_key": {"secret": "key"}}
    out = objects(given, ["email", "phone"], host(tmp_path, secrets))
    reader: Any = from_url(
        f"az://{CONTAINER}/exports", config=plain | {"account_key": KEY}, client_options={"allow_http": True}
    )

    def state() -> Any:
        names = [one["path"] for page in reader.list("sp/00000007") for one in page]
        return replayed({name: bytes(reader.get(name).bytes()) for name in names})

    conforms(out, state)
    azure.stop()
    with pytest.raises(Later):
        out.send(batch(ROWS, "b2", name="00009"))
    azure.start()
    out.send(batch(ROWS, "b2", name="00009"))
    out.close()
    for wrong, said in (
        ({"account_key": {"secret": "other"}}, "refuses"),
        ({"url": "az://nowhere/x"}, "does not exist"),
    ):
        refused = objects(given | wrong, [], host(tmp_path, secrets))
        with pytest.raises(Misconfigured, match=said):
            refused.check()

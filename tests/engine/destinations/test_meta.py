"""Meta Custom Audiences: the same state as the official client leaves, errors in our words, and nothing raw on the wire."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.activation.identifiers import PROFILES
from engine.destinations.meta import MetaDestination
from engine.destinations.protocol import Later, Misconfigured, Refused, Row, Sync
from engine.operations import Workspace, make_vault_key, set_secret, sync
from tests.support.delivering import make, person, refresh
from tests.support.destining import SYNC, batch, host
from tests.support.graph import TOKEN, Graph, graph

KINDS = {"email": "email", "phone": "phone", "city": "text"}
SECRETS = {"token": TOKEN, "app": "app-secret", "old": "expired"}


def hashed(kind: str, raw: str) -> str:
    found = PROFILES["meta"].prepared(kind, raw, "BR")
    assert found is not None
    return found


ROWS = [
    Row("1", (("email", hashed("email", "Ana@Example.com")), ("phone", hashed("phone", "+55 11 98765-4321")))),
    Row("2", (("email", hashed("email", "jose@example.com")), ("email", hashed("email", "j@example.org")))),
    Row("3", (("phone", hashed("phone", "+55 21 97654-3210")),)),
]


@pytest.fixture
def server() -> Iterator[Graph]:
    with graph() as running:
        yield running


@pytest.fixture
def out(server: Graph, tmp_path: Path) -> Iterator[MetaDestination]:
    made = destination(server, tmp_path)
    yield made
    made.close()


def destination(server: Graph, folder: Path, **other: Any) -> MetaDestination:
    settings = {"ad_account": "act_1", "token": {"secret": "token"}, "endpoint": server.url, **other}
    return MetaDestination(settings, ["email", "phone"], replace(host(folder, SECRETS), kinds=KINDS))


def test_the_official_client_leaves_the_same_state(server: Graph, out: MetaDestination) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from facebook_business.adobjects.customaudience import CustomAudience
        from facebook_business.api import FacebookAdsApi
        from facebook_business.session import FacebookSession

    assert out.check() == "The ad account Shop answers."
    assert not any(TOKEN in one for one in server.addresses), "an address is written into logs"
    out.send(batch(ROWS))
    out.send(batch(ROWS))
    out.send(batch([ROWS[2]], "b2", "remove", "00002"))
    (ours,) = server.members
    server.names["900"], server.members["900"] = "official", set()
    api = FacebookAdsApi(FacebookSession(access_token=TOKEN))
    api._session.GRAPH = server.url
    theirs = CustomAudience("900", api=api)
    schema = [CustomAudience.Schema.MultiKeySchema.email, CustomAudience.Schema.MultiKeySchema.phone]
    raw = [["Ana@Example.com", "5511987654321"], ["jose@example.com", ""], ["j@example.org", ""], ["", "5521976543210"]]
    digests = [[hashlib.sha256(v.strip().lower().encode()).hexdigest() if v else "" for v in row] for row in raw]
    theirs.add_users(schema, digests, is_raw=True, pre_hashed=True)
    theirs.remove_users(schema, [digests[3]], is_raw=True, pre_hashed=True)
    assert server.members[ours] == server.members["900"]
    assert len(server.members[ours]) == 3
    mine = next(given for method, path, given in server.calls if path.endswith(f"{ours}/users"))
    official = next(given for method, path, given in server.calls if path.endswith("900/users"))
    assert set(mine) == set(official)


def test_one_custom_audience_for_each_audience_found_again(server: Graph, out: MetaDestination, tmp_path: Path) -> None:
    for number in range(5):
        server.names[str(number)], server.members[str(number)] = f"other {number}", set()
    out.send(batch(ROWS))
    out.send(batch(ROWS, sync=Sync(8, "rj", SYNC.as_of)))
    again = destination(server, tmp_path)
    again.send(batch(ROWS[:1]))
    again.close()
    assert sorted(name for name in server.names.values() if name.startswith("Convoke")) == ["Convoke rj", "Convoke sp"]


def test_what_meta_names_as_invalid_is_rejected(server: Graph, out: MetaDestination) -> None:
    server.invalid = {ROWS[1].values[1][1]}
    receipt = out.send(batch(ROWS))
    assert dict(receipt.rejected) == {1: "Meta says that it is invalid"}


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ({"code": 80003, "message": "There have been too many calls"}, Later),
        ({"code": 17, "message": "User request limit reached"}, Later),
        ({"code": 2, "message": "Service temporarily unavailable", "http": 500}, Later),
        ({"code": 190, "message": "The token has expired"}, Misconfigured),
        ({"code": 200, "message": "Permissions error"}, Misconfigured),
        ({"code": 100, "error_subcode": 1713230, "message": "flagged"}, Misconfigured),
        ({"code": 100, "message": "Invalid parameter"}, Refused),
    ],
)
def test_errors(server: Graph, out: MetaDestination, error: dict[str, Any], raised: type[Exception]) -> None:
    out.send(batch(ROWS))
    server.fails = error
    with pytest.raises(raised) as caught:
        out.send(batch(ROWS, "b2"))
    if error["code"] in (17, 80003):
        assert caught.value.after == 300  # type: ignore[attr-defined]


def test_settings_and_secrets(server: Graph, tmp_path: Path) -> None:
    for change, said in (
        ({"token": None}, "token is missing"),
        ({"token": "EAAB"}, "must not stand in the document"),
        ({"ad_account": ""}, "ad_account is missing"),
        ({"endpoint": "http://example.org"}, "is not the vendor's endpoint"),
    ):
        with pytest.raises(Misconfigured, match=said):
            destination(server, tmp_path, **change)
    old = destination(server, tmp_path, token={"secret": "old"})
    with pytest.raises(Misconfigured, match="access token is invalid or has expired"):
        old.check()
    old.close()
    proved = destination(server, tmp_path, app_secret={"secret": "app"})
    proved.check()
    proved.close()
    wanted = hmac.new(b"app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert server.calls[-1][2]["appsecret_proof"] == wanted


def test_from_the_warehouse_with_nothing_raw_on_the_wire(server: Graph, tmp_path: Path) -> None:
    people = [person(i) for i in range(1, 151)]
    settings = {"ad_account": "1", "token": {"secret": "token"}, "endpoint": server.url}
    document = {"type": "meta", "settings": settings, "identifiers": ["email"], "profile": "meta", "max_removal": 100}
    workspace: Workspace = make(tmp_path / "ws", people, document)
    with workspace:
        make_vault_key(workspace, tmp_path / "key")
        set_secret(workspace, "token", TOKEN)
        refresh(workspace)
        assert [one.state for one in sync(workspace)] == ["done"]
        refresh(workspace, people[:140])
        assert [one.state for one in sync(workspace)] == ["done"]
        refresh(workspace, people[:90])
        (held,) = sync(workspace)
        assert "fewer than 100" in (held.reason or "")
    (members,) = server.members.values()
    assert members == {(f"EMAIL:{hashed('email', str(one.email))}",) for one in people[:140]}
    assert not any("xample.com" in str(given) for _, _, given in server.calls)

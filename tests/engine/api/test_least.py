"""What a token that may not see members can work out about one person: nothing. Each attack is made on people who are in
the audience and on people who are not, and must come to the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import operations
from engine.api.least import Least, is_rounded
from engine.operations import Workspace
from engine.settings import write_settings
from tests.support.api import served, token_of
from tests.support.delivering import Person, make, refresh

MODEL = """kind: model
profile:
  table: people
  key: id
  traits: {id: {type: integer}, city: {type: string}, phone: {type: string}, agreed: {type: boolean}}
identifiers:
  email: {table: people, profile: id, column: email, kind: email}
consents:
  ads: {table: people, profile: id, column: agreed}
"""
CITIES = ["SP"] * 43 + ["RJ"] * 37 + ["BH"] * 20 + ["XX"]
PEOPLE = [Person(i, city, f"p{i}@x.org", f"+55{i:09}", i % 3 != 0) for i, city in enumerate(CITIES, 1)]
INSIDE, OUTSIDE = (1, 17, 43), (44, 60, 100)
SP = {"trait": "city", "eq": "SP"}
AS_OF = "2026-06-15T12:34:56Z"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("least") / "ws"
    with make(folder, PEOPLE, {"type": "folder", "settings": {"path": "out"}, "identifiers": ["email"]}, MODEL) as made:
        refresh(made)
        yield made


@pytest.fixture(scope="module", params=[2, 3], ids=["one fewer crosses an edge", "one more crosses an edge"])
def edged(workspace: Workspace, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A client of a workspace in which 43 people, or 44, are just past an edge: where rounding alone gives them away."""
    keys = (str(number).encode() for number in range(10_000))
    key = next(one for one in keys if [Least(10, one).rounded(40 + request.param + i) for i in (0, 1)] == [40, 50])
    workspace.database._connection.execute("UPDATE least SET edges = ?", (key,))
    with served(workspace, "read", "write", "deliver") as made:
        yield made


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> Iterator[TestClient]:
    with served(workspace, "read", "write", "deliver") as made:
        yield made


def person(who: int) -> dict[str, Any]:
    """The one person of a phone number."""
    return {"trait": "phone", "eq": f"+55{who:09}"}


def asked(client: TestClient, rule: Any, **more: Any) -> dict[str, Any]:
    document = {"kind": "audience", "id": "q", "name": "Q", "rule": rule}
    answer = client.post("/v1/size", json={"document": document, "as_of": AS_OF, **more})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()
    return dict(found)


def size(client: TestClient, rule: Any) -> int:
    return int(asked(client, rule)["size"])


Attack = Callable[[TestClient, int], Any]
ATTACKS: dict[str, Attack] = {
    "the person alone": lambda c, who: size(c, {"all": [SP, person(who)]}),
    "with and without": lambda c, who: size(c, SP) - size(c, {"all": [SP, {"not": person(who)}]}),
    "one more": lambda c, who: size(c, {"any": [SP, person(who)]}) - size(c, SP),
    "all others": lambda c, who: size(c, {"not": {"all": [SP, person(who)]}}),
    "the complement": lambda c, who: asked(c, {"not": person(who)})["base"] - size(c, {"not": person(who)}),
    "twice not": lambda c, who: size(c, {"not": {"any": [{"not": SP}, person(who)]}}),
    "a group of one": lambda c, who: size(c, {"all": [SP, {"not": {"all": [person(who), {"trait": "city", "in": ["SP", "RJ", "BH"]}]}}]}),
    "several known": lambda c, who: size(c, {"all": [SP, {"not": {"any": [person(who), person(44), person(45)]}}]}),
    "a chain of single ones": lambda c, who: size(c, {"all": [SP, *({"not": person(one)} for one in (who, 44, 45, 46))]}),
    "a list in the rule": lambda c, who: size(c, {"all": [SP, {"not": {"trait": "phone", "in": [f"+55{who:09}"]}}]}),
    "a range of one": lambda c, who: size(c, {"all": [SP, {"not": {"trait": "phone", "between": [f"+55{who:09}", f"+55{who:09}"]}}]}),
    "again and again": lambda c, who: {size(c, {"any": [SP, person(who)]}) for _ in range(3)},
    "two who are interchangeable": lambda c, who: size(c, {"any": [SP, person(who), person(who)]}),
    "conditions and groups": lambda c, who: [
        (one["path"], one["size"], one["without"]) for one in asked(c, {"all": [SP, {"not": person(who)}]})["conditions"]
    ],
    "each site": lambda c, who: asked(c, {"all": [SP, {"not": person(who)}]})["per_site"],
    "the plan": lambda c, who: [
        (one["size_before"], one["size_after"])
        for one in c.post("/v1/plan", json={"documents": [
            {"kind": "audience", "id": "sp", "name": "sp", "rule": {"all": [SP, {"not": person(who)}]}}
        ], "as_of": AS_OF}).json()["steps"]
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_comes_to_the_same_whoever_it_is_made_on(edged: TestClient, name: str) -> None:
    found = [ATTACKS[name](edged, who) for who in (*INSIDE, *OUTSIDE)]
    assert all(one == found[0] for one in found), found


def saved(client: TestClient, identifier: str, rule: Any, **more: Any) -> None:
    document = {"kind": "audience", "id": identifier, "name": identifier, "rule": rule, **more}
    assert client.put(f"/v1/audiences/{identifier}", json=document).status_code == 200


SAVED: dict[str, Callable[[TestClient], Any]] = {
    "size": lambda c: c.post("/v1/size", json={"audiences": ["attack"], "as_of": AS_OF}).json()[0]["size"],
    "insights": lambda c: c.get("/v1/audiences/attack/insights", params={"as_of": AS_OF}).json(),
    "reach": lambda c: c.get("/v1/audiences/attack/reach", params={"as_of": AS_OF}).json(),
    "composition": lambda c: c.get("/v1/audiences/attack/composition/city", params={"as_of": AS_OF}).json(),
    "overlap": lambda c: [
        (one["id"], one["both"]) for one in c.get("/v1/audiences/attack/overlap", params={"as_of": AS_OF}).json()
    ],
}


@pytest.mark.parametrize("view", SAVED)
@pytest.mark.parametrize("kind", ["all", "any"])
def test_saved_audiences_too(edged: TestClient, view: str, kind: str) -> None:
    found = []
    for who in (*INSIDE, *OUTSIDE):
        saved(edged, "attack", {kind: [SP, {"not": person(who)} if kind == "all" else person(who)]})
        found.append(SAVED[view](edged))
    assert all(one == found[0] for one in found), found
    assert edged.delete("/v1/audiences/attack").status_code == 204


@pytest.mark.parametrize(
    "rule",
    [
        {"sql": "SELECT id FROM people WHERE city = 'SP' AND id <> 5"},
        {"all": [SP, {"not": {"sql": "SELECT 5 AS id"}}]},
        {"trait": "id", "eq": 5},
        {"all": [SP, {"not": {"trait": "id", "between": [1, 1]}}]},
    ],
)
def test_what_names_single_people_is_refused(client: TestClient, rule: Any) -> None:
    document = {"kind": "audience", "id": "q", "name": "Q", "rule": rule}
    answer = client.post("/v1/size", json={"document": document, "as_of": AS_OF})
    assert answer.status_code == 409, answer.text
    assert "members" in answer.json()["error"]["hint"]


def test_an_audience_that_another_refers_to(client: TestClient) -> None:
    for who in (INSIDE[0], OUTSIDE[0]):
        saved(client, "inner", {"all": [SP, {"not": person(who)}]})
        document = {"kind": "audience", "id": "q", "name": "Q", "rule": {"audience": "inner"}}
        answer = client.post("/v1/size", json={"document": document, "as_of": AS_OF})
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            409, '"inner" has a condition that decides about fewer than 10 people'
        )  # fmt: skip
    client.delete("/v1/audiences/inner")


def test_who_reads_sizes_uploads_no_lists(client: TestClient, workspace: Workspace) -> None:
    csv = {"content-type": "text/csv"}
    answer = client.put("/v1/lists/probe", content=b"id\n1\n2\n", headers=csv)
    assert (answer.status_code, "members" in answer.text) == (403, True)
    for scopes in (("write",), ("read", "write", "members")):
        alone = client.put("/v1/lists/probe", content=b"id\n1\n2\n", headers=csv | token_of(workspace, *scopes))
        assert alone.status_code == 200, scopes


def test_a_list_of_one_key(client: TestClient, workspace: Workspace) -> None:
    found = []
    sender = {"content-type": "text/csv"} | token_of(workspace, "write")
    for who in (*INSIDE, *OUTSIDE):
        answer = client.put("/v1/lists/one", content=f"id\n{who}\n".encode(), headers=sender)
        assert answer.json()["size"] == 0
        found.append(
            (size(client, {"all": [SP, {"list": "one"}]}), size(client, {"all": [SP, {"not": {"list": "one"}}]}))
        )
    assert len(set(found)) == 1


def test_a_moment_of_a_minute_later_is_the_same_moment(client: TestClient) -> None:
    found = [asked(client, SP, as_of=f"2026-06-15T12:{minute:02}:00Z") for minute in (0, 34, 35, 59)]
    assert {one["as_of"] for one in found} == {"2026-06-15T12:00:00Z"}
    assert len({one["size"] for one in found}) == 1


def test_values_of_few_people_are_not_shown(client: TestClient) -> None:
    shown = {one["value"]: one["count"] for one in client.get("/v1/values/city").json()}
    assert set(shown) == {"SP", "RJ", "BH"}
    assert all(count % 10 == 0 for count in shown.values())
    rows = client.get("/v1/audiences/sp/composition/city", params={"as_of": AS_OF}).json()["shares"]
    assert "XX" not in {one["value"] for one in rows}


def test_history_and_deliveries(client: TestClient) -> None:
    for one in client.get("/v1/audiences/sp/snapshots").json():
        assert (one["size"] % 10, one["added"] % 10, one["run"]) == (0, 0, 1)
    (told,) = client.get("/v1/audiences/sp/delivery").json()
    assert told["rows"] == []
    assert all(told[one] % 10 == 0 for one in ("members", "add", "same"))
    assert all(count % 10 == 0 for count in (*told["left_out"].values(), *told["reachable"].values()))


def test_who_a_model_likes_is_for_who_may_see_members(client: TestClient) -> None:
    assert client.get("/v1/lookalikes/x/why/5").status_code == 403


def test_exact_for_who_may_see_members_and_for_the_owner(workspace: Workspace, client: TestClient) -> None:
    rule = {"all": [SP, {"not": person(1)}]}
    guarded = asked(client, SP)
    assert (guarded["exact"], guarded["least_group"], guarded["size"] in (40, 50)) == (False, 10, True)
    with served(workspace, "read", "members") as other:
        assert [asked(other, SP)["size"], asked(other, rule)["size"], asked(other, person(1))["size"]] == [43, 42, 1]
        assert asked(other, SP)["exact"] is True
        assert "least_group" not in asked(other, SP)
    (ours,) = operations.size(workspace, ["sp"], as_of=AS_OF)
    assert (ours.size, ours.exact) == (43, True)


def test_the_setting(workspace: Workspace) -> None:
    before = workspace.settings
    try:
        for least, sizes in (("1", [43, 1]), ("50", [0, 0])):
            write_settings(workspace.folder, replace(before, least_group=least))
            with served(workspace, "read") as client:
                assert [size(client, SP), size(client, person(1))] == sizes
    finally:
        write_settings(workspace.folder, before)


def test_rounding_is_of_the_number_alone_and_jumps_by_the_least_group() -> None:
    least, other = Least(10, b"a"), Least(10, b"b")
    found = [least.rounded(number) for number in range(5_000)]
    assert found[:10] == [0] * 10
    assert {after - before for before, after in pairwise(found)} == {0, 10}
    assert all(abs(one - number) < 10 for number, one in enumerate(found))
    edges = {number % 10 for number in range(10, 5_000) if found[number] != found[number - 1]}
    assert len(edges) == 10, "where it jumps cannot be known"
    assert found != [other.rounded(number) for number in range(5_000)]
    assert least.rounded(-137) == -least.rounded(137)


def test_what_is_not_known_is_rounded() -> None:
    body = b'{"anything": 7, "share": 0.123456, "run": 7, "message": "7 people and 1,234 rows at 10:17", "rule": {"eq": 7}}'
    assert Least(10, b"a").answer(body) in (
        b'{"anything": 0, "share": 0.12, "run": 7, "message": "0 people and 1,230 rows at 10:17", "rule": {"eq": 7}}',
        b'{"anything": 0, "share": 0.12, "run": 7, "message": "0 people and 1,240 rows at 10:17", "rule": {"eq": 7}}',
    )
    assert Least(10, b"a").answer(b"kind: model") == b"kind: model"


def test_a_part_that_is_nearly_the_whole_is_the_whole() -> None:
    """All but one have it: the number without that one would tell of them."""
    least = Least(10, b"a")
    for missing in range(1, 10):
        shares = [{"value": "SP", "members": 44 - missing, "base": 60}, {"value": "RJ", "members": missing, "base": 90}]
        told = json.loads(least.answer(json.dumps({"size": 44, "base": 400, "shares": shares}).encode()))
        assert [one["members"] for one in told["shares"]] == [least.rounded(44), 0]
        assert least.answer(json.dumps({"size": 400 - missing, "base": 400}).encode()) == b'{"size": 400, "base": 400}'


def test_every_route_that_answers_with_numbers_is_rounded(workspace: Workspace) -> None:
    with served(workspace) as client:
        paths = set(client.get("/openapi.json").json()["paths"])
    exact = {path for path in paths if not is_rounded(path)}
    assert len(exact) < len(paths) / 2
    for part in ("size", "insights", "reach", "composition", "overlap", "snapshots", "runs", "plan", "delivery", "syncs",
                 "lists", "values", "lookalikes", "propensities", "identity/state", "check", "freshness", "log", "loads"):  # fmt: skip
        assert all(is_rounded(path) for path in paths if path.endswith(f"/{part}") or f"/{part}/" in path), part


def test_a_token_of_its_own(workspace: Workspace) -> None:
    """A token with members beside one without: neither sees the other's answers."""
    with served(workspace, "read") as client:
        exact = client.post("/v1/size", json={"audiences": ["sp"], "as_of": AS_OF}, headers=token_of(workspace)).json()
        guarded = client.post("/v1/size", json={"audiences": ["sp"], "as_of": AS_OF}).json()
    assert (exact[0]["size"], guarded[0]["size"] % 10) == (43, 0)


def test_nothing_of_one_workspace_opens_anothers_edges(tmp_path: Path) -> None:
    edges = []
    for name in ("a", "b"):
        with operations.init(tmp_path / name) as made:
            edges.append(bytes(made.database.rows("least_edges")[0][0]))
    assert edges[0] != edges[1]
    assert len(edges[0]) == 32

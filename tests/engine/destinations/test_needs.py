"""What documents need of this machine, whatever the spelling."""

from __future__ import annotations

from typing import Any

import pytest

from engine.destinations.needs import Need, is_own, may_name, needs, places_of

SECRET = {"secret": "s"}


@pytest.mark.parametrize(
    "name",
    [
        *("identity-pepper-1", "identity-pepper-99", "IDENTITY-PEPPER-1", "Identity-Pepper-1", " identity-pepper-1 "),
        *(
            "identity-pepper",
            "ｉdentity-pepper-1",
            "identity\u200b-pepper-1",
            "identity-pepper-1\u0000",
            "convoke-vault-key",
        ),
    ],
)
def test_own_secrets_in_every_spelling(name: str) -> None:
    assert is_own(name)


@pytest.mark.parametrize("name", ["crm", "identity", "my-identity-pepper", "convoke"])
def test_other_secrets(name: str) -> None:
    assert not is_own(name)


@pytest.mark.parametrize(
    ("variable", "allowed", "may"),
    [
        ("CONVOKE_SECRET_CRM", "", True),
        ("CRM", "", False),
        ("CRM", "CRM", True),
        ("CRM_A", "CRM_*", True),
        ("CONVOKE_VAULT_PASSPHRASE", "*", False),
        ("convoke_vault_passphrase", "*", False),
        ("CONVOKE_TOKEN", "CONVOKE_TOKEN", False),
        ("CRM\u0000", "*", False),
        ("ＣＲＭ", "*", False),
        ("", "*", False),
    ],
)
def test_variables(variable: str, allowed: str, may: bool) -> None:
    assert may_name(variable, allowed) is may


@pytest.mark.parametrize(
    ("kind", "settings", "places"),
    [
        ("webhook", {"url": "https://Example.org./x?y=1"}, ("example.org:443",)),
        ("webhook", {"url": "http://127.0.0.1:9/x"}, ("127.0.0.1:9",)),
        ("meta", {}, ("graph.facebook.com:443",)),
        ("meta", {"endpoint": "http://127.0.0.1:18998"}, ("127.0.0.1:18998",)),
        ("google", {"endpoint": "localhost:7"}, ("localhost:7",)),
        ("sftp", {"host": "FILES.example.org", "port": 2222}, ("files.example.org:2222",)),
        ("postgres", {"host": "a,b", "port": 1}, ("a:1", "b:1")),
        ("postgresql", {}, ("localhost:5432",)),
        ("mysql", {"host": "ｄb"}, ("db:3306",)),
        ("mysql", {"socket": "/run/db.sock"}, ("/run/db.sock:0",)),
        ("objects", {"url": "s3://b/x"}, ("amazonaws.com:443",)),
        ("objects", {"url": "s3://b/x", "endpoint": "https://s3.example.org:9000"}, ("s3.example.org:9000",)),
        ("objects", {"url": "az://c/x", "account_name": "Me"}, ("me.blob.core.windows.net:443",)),
    ],
)
def test_places(kind: str, settings: dict[str, Any], places: tuple[str, ...]) -> None:
    assert places_of(kind, settings) == places


def test_any_change_of_a_plug_ins_settings_is_another_place() -> None:
    one, other = (places_of("unknown", {"to": to, "token": SECRET}) for to in ("a", "b"))
    assert one != other == places_of("unknown", {"token": SECRET, "to": "b"})


def test_needs_of_one_document() -> None:
    settings = {
        "host": "db",
        "database": "d",
        "user": "u",
        "password": SECRET,
        "ca": "/etc/ca.pem",
        "more": [{"env": "E"}],
    }
    assert needs("mysql", settings) == [
        Need("env", "E", "db:3306"),
        Need("secret", "s", "db:3306"),
        Need("path", "/etc/ca.pem", ""),
    ]
    assert Need("machine", "", "localhost:5432") in needs("postgres", {"dbname": "d"})
    assert Need("machine", "", "amazonaws.com:443") in needs("objects", {"url": "s3://b/x"})
    assert needs("sftp", {"host": "h", "path": "/srv"}) == [], "the path is one of the server"

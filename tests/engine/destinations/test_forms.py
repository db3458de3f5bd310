"""The forms name exactly the settings that each kind of destination reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.destinations.forms import FORMS
from engine.destinations.opening import BUILT_IN, PROOFS
from engine.destinations.protocol import Misconfigured
from tests.support.destining import host

GOOD: dict[str, dict[str, Any]] = {
    "folder": {"path": "x"},
    "sftp": {"host": "h", "user": "u", "private_key": {"secret": "k"}},
    "objects": {"url": "s3://bucket/x"},
    "postgres": {"dbname": "x"},
    "mysql": {"database": "x", "user": "u", "ca": "ca.pem"},
    "meta": {"ad_account": "1", "token": {"secret": "k"}},
    "google": {"account": "1", "terms": "accepted", "service_account": {"secret": "k"}},
    "admanager": {"network": "1", "service_account": {"secret": "k"}},
    "webhook": {"url": "https://example.org", "secret": {"secret": "k"}},
}
FOR_TESTS = {"endpoint"}
"""Settings that a person never needs."""
OF_SCHEME = {"account_name": "az://c/x", "account_key": "az://c/x", "service_account_key": "gs://b/x"}


@pytest.mark.parametrize("kind", BUILT_IN)
def test_every_setting_of_the_form_is_known_and_none_is_missing(kind: str, tmp_path: Path) -> None:
    fields = FORMS[kind]
    for field in fields:
        given = GOOD[kind] | ({"url": OF_SCHEME[field.name]} if field.name in OF_SCHEME else {})
        value: Any = {"secret": "k"} if field.kind == "secret" else 22 if field.name == "port" else field.example
        value = field.choices[-1] if field.choices else value or "localhost:1"
        BUILT_IN[kind]({**given, field.name: value}, [], host(tmp_path)).close()
    with pytest.raises(Misconfigured) as caught:
        BUILT_IN[kind]({**GOOD[kind], "nonsense": "x"}, [], host(tmp_path))
    named = caught.value.hint.removeprefix("It has: ").rstrip(".").split(", ")
    assert set(named) - {field.name for field in fields} <= FOR_TESTS
    assert {field.name for field in fields} - set(named) <= set(OF_SCHEME)
    for field in fields:
        if field.needed:
            with pytest.raises(Misconfigured):
                BUILT_IN[kind]({k: v for k, v in GOOD[kind].items() if k != field.name}, [], host(tmp_path))


def test_every_kind_says_what_it_was_tested_against(tmp_path: Path) -> None:
    for kind, make in BUILT_IN.items():
        opened = make(GOOD[kind], [], host(tmp_path))
        assert opened.capabilities.proof == PROOFS[kind]
        opened.close()

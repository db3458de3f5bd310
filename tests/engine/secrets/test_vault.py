"""The vault: nothing readable in the file, nothing opened by another key, nothing swapped."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.secrets.vault import FILE, Vault, make_key, read_key

CHEAP = 1 << 10


def by_phrase(folder: Path, phrase: str | None = "correct horse") -> Vault:
    return Vault(folder, lambda: None, lambda: phrase, CHEAP)


def by_key(folder: Path, key: bytes | None = bytes(32)) -> Vault:
    return Vault(folder, lambda: key, lambda: None, CHEAP)


@pytest.mark.parametrize("make", [by_phrase, by_key])
def test_what_was_kept_comes_back_and_is_not_in_the_file(make: Callable[[Path], Vault], tmp_path: Path) -> None:
    make(tmp_path).set("crm", "s3cret é")
    make(tmp_path).set("other", "another")
    make(tmp_path).set("crm", "n3w")
    assert (make(tmp_path).get("crm"), make(tmp_path).get("other"), make(tmp_path).get("none")) == (
        "n3w",
        "another",
        None,
    )
    text = (tmp_path / FILE).read_text()
    assert "n3w" not in text
    assert "another" not in text
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    make(tmp_path).remove("crm")
    make(tmp_path).remove("crm")
    assert make(tmp_path).get("crm") is None


def test_another_key_opens_nothing_and_writes_nothing(tmp_path: Path) -> None:
    by_phrase(tmp_path).set("crm", "x")
    before = (tmp_path / FILE).read_bytes()
    for wrong in (by_phrase(tmp_path, "wrong"), by_phrase(tmp_path, None), by_key(tmp_path)):
        with pytest.raises(EngineError) as caught:
            wrong.get("crm")
        assert caught.value.code == "locked"
        with pytest.raises(EngineError) as caught:
            wrong.set("crm", "y")
        assert caught.value.code == "locked"
    assert (tmp_path / FILE).read_bytes() == before


def test_entries_cannot_be_swapped_or_changed(tmp_path: Path) -> None:
    vault = by_key(tmp_path)
    vault.set("low", "guest")
    vault.set("high", "admin")
    body = json.loads((tmp_path / FILE).read_text())
    body["secrets"]["low"] = body["secrets"]["high"]
    (tmp_path / FILE).write_text(json.dumps(body))
    with pytest.raises(EngineError, match=r'the secret "low" in .* is damaged'):
        by_key(tmp_path).get("low")
    assert by_key(tmp_path).get("high") == "admin"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2, "secrets": {}, "probe": {}}', "\x00"])
def test_a_file_that_is_no_vault_is_said_and_kept(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(EngineError, match="cannot be read"):
        by_key(tmp_path).set("a", "b")
    assert (tmp_path / FILE).read_text() == text


def test_two_different_passphrases_make_no_vault(tmp_path: Path) -> None:
    typed = iter(["one", "two"])
    with pytest.raises(EngineError, match="differ"):
        Vault(tmp_path, lambda: None, lambda: next(typed), CHEAP).set("a", "b")
    assert not (tmp_path / FILE).exists()


def test_key_files(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(path)
    assert len(read_key(path)) == 32
    with pytest.raises(EngineError, match="is there already"):
        make_key(path)
    os.chmod(path, 0o644)
    with pytest.raises(EngineError, match="others may read"):
        read_key(path)
    assert len(read_key(path, private=False)) == 32
    (tmp_path / "short").write_text("c2hvcnQ=")
    (tmp_path / "short").chmod(0o600)
    for wrong in (tmp_path / "short", tmp_path / "none"):
        with pytest.raises(EngineError) as caught:
            read_key(wrong)
        assert caught.value.code == "locked"


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=60), max_size=6))
def test_any_names_and_values(tmp_path_factory: pytest.TempPathFactory, kept: dict[str, str]) -> None:
    vault = by_key(tmp_path_factory.mktemp("vault"))
    for name, value in kept.items():
        vault.set(name, value)
    assert {name: vault.get(name) for name in kept} == kept


@pytest.mark.parametrize("phrase", ["", "hunter2", "password1234", "aaaaaaaaaaaa"])
def test_a_weak_passphrase_makes_no_vault(phrase: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="the passphrase is too weak: it ") as caught:
        by_phrase(tmp_path, phrase).set("a", "b")
    assert caught.value.code == "usage"
    assert not (tmp_path / FILE).exists()


def test_an_older_vault_with_a_weak_passphrase_still_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("engine.secrets.vault.weakness", lambda phrase: None)
        by_phrase(tmp_path, "old").set("a", "b")
    assert by_phrase(tmp_path, "old").get("a") == "b"
    by_phrase(tmp_path, "old").set("a", "c")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    by_phrase(tmp_path, "correct horse \udcff").set("a", "b")
    assert by_phrase(tmp_path, "correct horse \udcff").get("a") == "b"
    with pytest.raises(EngineError, match="characters that are not text"):
        by_phrase(tmp_path, "correct horse \ud800").get("a")
    with pytest.raises(EngineError, match="bytes that are not text"):
        by_phrase(tmp_path, "correct horse \udcff").set("c", "\udcff")


def tampered(text: str, rng: random.Random) -> bytes:
    """A vault's file as an attacker, a bad disk or a careless editor leaves it."""
    body = json.loads(text)
    values: list[Any] = [
        None,
        True,
        0,
        -1,
        1.5,
        1 << 62,
        10**400,
        "",
        "x",
        "é" * 9,
        [],
        [[]],
        {},
        {"nonce": 1},
        "AAAA" * 9,
    ]
    places: list[tuple[Any, Any]] = [(body, key) for key in body]
    places += [(body["secrets"], key) for key in body["secrets"]] + [(body["probe"], key) for key in body["probe"]]
    places += [(one, key) for one in body["secrets"].values() for key in one]
    kind = rng.randrange(7)
    if kind < 3:
        for holder, key in rng.sample(places, rng.choice((1, 1, 2))):
            if rng.random() < 0.3:
                holder.pop(key, None)
            else:
                holder[key] = rng.choice(values)
        return json.dumps(body).encode("utf-8", "surrogatepass")
    data = bytearray(text.encode())
    if kind == 3:
        data = data[: rng.randrange(len(data))]
    elif kind == 4:
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == 5:
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(1, 200)] = bytes(rng.randrange(1, 200))
    else:
        data = bytearray(
            rng.choice((b"[" * 200_000, b"\xff\xfe", b'{"version":' + b"9" * 9_000 + b"}", bytes(data) * 2))
        )
    return bytes(data)


@pytest.mark.parametrize("make", [by_phrase, by_key])
def test_a_thousand_tampered_files_are_each_a_sentence_or_sound(make: Callable[[Path], Vault], tmp_path: Path) -> None:
    make(tmp_path).set("crm", "s3cret-value")
    make(tmp_path).set("other", "another")
    sound, rng = (tmp_path / FILE).read_text(), random.Random(11)
    told: set[str] = set()
    for number in range(500):
        (tmp_path / FILE).write_bytes(tampered(sound, rng))
        error = None
        try:
            if number % 2:
                assert make(tmp_path).get("crm") in ("s3cret-value", None), "never another value"
            else:
                make(tmp_path).set("more", "x")
        except EngineError as met:
            error = met
        if error is not None:
            assert "s3cret" not in str(error)
            assert error.hint
            told.add(error.message.replace(str(tmp_path), ""))
    assert len(told) >= 7, "each part that is damaged is named"

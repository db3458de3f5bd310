"""Values that stand for no value."""

from __future__ import annotations

import pytest

from engine.domain.placeholders import is_placeholder, is_placeholder_email, is_placeholder_phone


@pytest.mark.parametrize(
    "text",
    [
        "null", "NULL", "None", "undefined", "[object Object]", "[object object]", "true", "False", "0", "000", "-", "--",
        "n/a", "N/A", "NA", "nan", "NaN", "anon", "Anonymous", "anônimo", "guest", "-1", "", "...", "#N/A", "(null)",
        "não informado", "no aplica", "sin correo", "sem e-mail".replace("-", ""), "S/N", "desconocido", "unknown",
        "00000000-0000-0000-0000-000000000000", "\\N", "test", "teste", "distinct_id", "não se aplica", "Nenhum",
    ],
)  # fmt: skip
def test_words_that_mean_nothing(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["1", "77", "ana", "A-17", "0a", "10", "truely", "annon7", "x1", "11987654321", "objeto", "nathan"]
)
def test_values_that_mean_something(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "address",
    [
        "null@null.com", "undefined@undefined.com", "none@none.com", "noreply@shop.com.br", "no-reply@x.co", "test@x.com",
        "teste@gmail.com", "ana@example.com", "ana@test.com", "ana@teste.com.br", "ana@shop.invalid", "ana@x.localhost",
        "naotem@gmail.com", "notiene@hotmail.com", "email@email.com", "user@example.org", "xxx@xxx.com", "aaa@aaa.com",
        "cliente@cliente.com", "0@gmail.com", "ana@null.com", "anon@mail.com", "sincorreo@empresa.com.mx", "ana@sinemail.com",
    ],
)  # fmt: skip
def test_addresses_of_nobody(address: str) -> None:
    assert is_placeholder_email(address)


@pytest.mark.parametrize(
    "address",
    ["ana@exemplo.com.br", "cliente@empresa.com", "user@empresa.com", "nadia@null.org.br".replace("null", "nulo"),
     "noemi@x.com", "testa@x.com", "aa@aa.com", "mail@empresa.com", "sina@x.com", "x@x.com"],
)  # fmt: skip
def test_addresses_of_somebody(address: str) -> None:
    assert not is_placeholder_email(address)


@pytest.mark.parametrize(
    ("number", "nobody"),
    [("+5511999999999", True), ("+5511900000000", True), ("+525555555555", True), ("+5511987654321", False)],
)
def test_numbers_of_one_digit(number: str, nobody: bool) -> None:
    assert is_placeholder_phone(number) == nobody

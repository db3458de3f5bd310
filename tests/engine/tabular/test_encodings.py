"""Which encoding a text is written in, found out from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.tabular.encodings import scanned

TEXTS = {
    "names": "id;nome\n1;José Muñoz\n2;Conceição Ângela\n3;ÁLVARO PEÑA\n",
    "prices": "produto;preço\nmaçã;10 €\npão;5 €\n",
    "quotes": "texto\n“Olá”, disse João – d’água…\n",
}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("names", "utf-8"),
        ("names", "utf-16-le"),
        ("names", "utf-16-be"),
        ("names", "cp1252"),
        ("names", "mac-roman"),
        ("prices", "iso8859-15"),
        ("prices", "cp1252"),
        ("prices", "mac-roman"),
        ("quotes", "cp1252"),
        ("quotes", "mac-roman"),
        ("quotes", "utf-8"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(TEXTS[text].encode(encoding))
    found = scanned(file)
    assert (found.encoding, found.damaged, found.size) == (encoding, False, file.stat().st_size)


def test_a_few_damaged_bytes_leave_utf_8_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes("ãé".encode() * 10 + b"\xff")
    assert (scanned(file).encoding, scanned(file).damaged) == ("utf-8", True)
    file.write_bytes("nome\nJosé".encode()[:-1])
    assert scanned(file).encoding == "cp1252", "one byte says nothing"


def test_line_ends_are_counted_over_the_borders_of_chunks(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"x" * ((1 << 20) - 1) + b"\r\n" + b"y\r\n\r\n")
    found = scanned(file)
    assert (found.cr, found.lf, found.crlf, found.uniform) == (3, 3, 3, True)
    file.write_bytes(b"a\r\nb\n")
    assert not scanned(file).uniform

"""Weak passphrases make no vault; ordinary long ones do."""

from __future__ import annotations

import pytest

from engine.secrets.passphrases import weakness


@pytest.mark.parametrize(
    "weak",
    [
        *(
            "",
            "a",
            "short",
            "elevenchars",
            "aaaaaaaaaaaa",
            "abababababab",
            "123456789012",
            "password1234",
            "P@ssw0rd2026",
        ),
        *("passwordpassword", "qwertyuiopas", "convoke-vault", "Convoke2026!", "adminadminadmin", "abcdefghijklm"),
        *(
            "contraseña123",
            "senhasenha12",
            "zxcvbnm12345",
            "iloveyou2024",
            "aaaabbbbcccc",
            "1q1q1q1q1q1q",
            "letmein12345",
        ),
        *("98765432109876", "testtesttest1"),
    ],
)
def test_weak_ones_are_refused(weak: str) -> None:
    assert weakness(weak) is not None


@pytest.mark.parametrize(
    "strong",
    [
        *("correct horse", "correct-horse-battery-staple-9", "mi perro come lechuga", "o sol nasce às 6 horas"),
        *("kT9!xz#Lq2Vw", "tangerina azul 7", "Ωμέγα και άλφα", "\U0001f40e battery staple"),
    ],
)
def test_ordinary_long_ones_will_do(strong: str) -> None:
    assert weakness(strong) is None


def test_the_reason_is_said() -> None:
    assert weakness("short") == "it has fewer than 12 characters"
    assert weakness("ababababababab") == "it has fewer than 5 different characters"
    assert "common words" in str(weakness("password12345"))

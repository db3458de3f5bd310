"""Which passphrases a new vault takes.

Whoever has the vault's file can try passphrases without end, each for half a second of scrypt. So one needs twelve
characters, and eight that are left when whatever a guesser tries first counts as one: words that everybody uses, runs
of neighbours on a keyboard or in the alphabet, years, and anything said again. NIST SP 800-63B asks for a list of
common ones and for length, and against rules about kinds of characters.
"""

from __future__ import annotations

import re

LEAST = 12
"""Characters that a passphrase has at least."""
_LEAST_EFFECTIVE, _LEAST_DIFFERENT = 8, 5
_COMMON = (
    *(
        "password",
        "passwort",
        "passphrase",
        "secret",
        "convoke",
        "vault",
        "admin",
        "administrator",
        "welcome",
        "letmein",
    ),
    *(
        "login",
        "master",
        "default",
        "change",
        "changeme",
        "test",
        "user",
        "root",
        "iloveyou",
        "dragon",
        "monkey",
        "love",
    ),
    *("contraseña", "contrasena", "clave", "secreto", "secreta", "hola", "empresa", "bienvenido", "usuario", "teamo"),
    *("senha", "segredo", "mudar", "bemvindo", "usuario", "brasil", "argentina", "mexico", "colombia", "football"),
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LEET = str.maketrans("@4310!5$7", "aaeioisst")
_YEAR = re.compile(r"(?:19|20)\d\d")
_AGAIN = re.compile(r"(.+?)\1+")
_ONE = "\0"
"""Stands for a part that counts as one character."""


def weakness(passphrase: str) -> str | None:
    """Why a passphrase is too weak, as the end of a sentence; None for one that will do."""
    if len(passphrase) < LEAST:
        return f"it has fewer than {LEAST} characters"
    if len(set(passphrase)) < _LEAST_DIFFERENT:
        return f"it has fewer than {_LEAST_DIFFERENT} different characters"
    if min(_effective(passphrase.lower()), _effective(passphrase.lower().translate(_LEET))) < _LEAST_EFFECTIVE:
        return "it is made of common words, runs of neighbouring characters or repetitions"
    return None


def _effective(text: str) -> int:
    """How many characters are left when each part that is tried first counts as one."""
    for word in sorted(_COMMON, key=len, reverse=True):
        text = text.replace(word, _ONE)
    text = _YEAR.sub(_ONE, text)
    text = _without_runs(text)
    return len(_AGAIN.sub(lambda found: found[1], text))


def _without_runs(text: str) -> str:
    """The text with runs of three or more neighbours, forwards or backwards, as one character each."""
    rows = [row for one in _ROWS for row in (one, one[::-1])]
    left, at = "", 0
    while at < len(text):
        end = at + 1
        while end < len(text) and any(text[at : end + 1] in row for row in rows):
            end += 1
        run = end - at >= 3
        left, at = left + (_ONE if run else text[at]), end if run else at + 1
    return left

"""Every note that a reading may have is a sentence."""

from __future__ import annotations

import re
from pathlib import Path

from engine.tabular.values import candidates, guess
from engine.tabular.values.notes import SENTENCES


def test_every_note_has_a_sentence() -> None:
    text = "".join(Path(str(one.__file__)).read_text(encoding="utf-8") for one in (candidates, guess))
    assert set(SENTENCES) <= set(re.findall(r'"([a-z_]+)"', text))

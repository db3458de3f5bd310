"""Whatever is downloaded to build or to test Convoke is known by its hash beforehand."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "packaging" / "locks"
FETCHES = re.compile(
    r"\b(?:pip3? (?:install|download)|npm (?:install|i|ci|exec)|npx|uvx|uv (?:tool|run|sync)|curl|wget)\b.*"
)
SOUND = re.compile(r"--require-hashes|npm ci |uv sync .*--frozen|--no-deps -e \.")


def scripts() -> list[Path]:
    return [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted((ROOT / "packaging").glob("*.sh"))]


def test_every_download_is_by_hash() -> None:
    seen = []
    for path in scripts():
        for command in FETCHES.findall(path.read_text("utf-8").replace("\\\n", " ")):
            seen.append(command)
            assert SOUND.search(command), f"{path.name}: {command}"
    assert len(seen) >= 7


def test_every_lock_has_hashes() -> None:
    for path in LOCKS.glob("*.txt"):
        text = path.read_text("utf-8")
        packages = re.findall(r"^([\w.-]+)==\S+", text, re.M)
        assert len(packages) == 1, path.name
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", text)) >= 1, path.name
    assert len(re.findall("--hash=", (LOCKS / "uv.txt").read_text("utf-8"))) >= 15, "one of every platform"
    for path in LOCKS.glob("*/package-lock.json"):
        packages = json.loads(path.read_text("utf-8"))["packages"]
        for name, one in packages.items():
            assert not name or one.get("link") or str(one["integrity"]).startswith("sha512-"), name
    text = (ROOT / "uv.lock").read_text("utf-8")
    assert not re.search(r"^(?:sdist|    ) = ?\{ url(?!.*hash = \"sha256:)", text, re.M)
    for line in re.findall(r"\{ url = .*", text):
        assert 'hash = "sha256:' in line

"""Writes the documents of the catalogue in every language."""

from __future__ import annotations

from engine.domain.documents import dump_yaml
from sample_data.audiences import folder
from sample_data.audiences.catalogue import CATALOGUE, LANGUAGES


def main() -> None:
    """One file an audience and language."""
    for language in LANGUAGES:
        folder(language).mkdir(exist_ok=True)
        for ready in CATALOGUE:
            text = dump_yaml(ready.document(language))
            (folder(language) / f"{ready.id}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

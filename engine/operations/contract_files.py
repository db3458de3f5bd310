"""The files of contracts: of which table each is, and keeping one that was edited."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.documents import load_one, read_file
from engine.durable import make_folder, replace_file
from engine.errors import EngineError
from engine.ingest.files import plain_name
from engine.operations.contracting import FOLDER, quality_draft
from engine.operations.workspace import Workspace


@dataclass(frozen=True)
class ContractText:
    """A contract's text and its file in the folder; a draft from the table's values has none."""

    text: str
    file: str | None


def contract_tables(workspace: Workspace) -> list[str]:
    """The tables that may have a contract."""
    return sorted(one.name for one in workspace.warehouse.tables())


def contract_text(workspace: Workspace, table: str) -> ContractText:
    """The contract that is kept of a table, else a draft."""
    for name, text in _texts(workspace):
        if table in _tables(text):
            return ContractText(text, name)
    return ContractText(quality_draft(workspace, table), None)


def save_contract(workspace: Workspace, table: str, text: str) -> str:
    """Keep a contract of a table in the file that it has, else in one of its own; the file's name. A text that is no
    contract, or not of this table, is refused with its place."""
    from engine.quality.contracts import read_contract

    read_contract(load_one(text))
    if table not in _tables(text):
        raise EngineError("refused", f'the contract says nothing of the table "{table}"', "schema", "Keep its name.")
    kept = contract_text(workspace, table).file
    name = kept or f"{plain_name(table)}.yaml"
    path = workspace.folder / FOLDER / name
    if kept is None and path.exists():
        raise EngineError("refused", f"there is a file {name} that is of another table", hint="Rename it first.")
    make_folder(path.parent)
    replace_file(path, (text if text.endswith("\n") else text + "\n").encode())
    return name


def _texts(workspace: Workspace) -> list[tuple[str, str]]:
    return [
        (path.name, read_file(path).decode("utf-8-sig")) for path in sorted((workspace.folder / FOLDER).glob("*.y*ml"))
    ]


def _tables(text: str) -> set[str]:
    """The tables a text is of; none where it is no contract."""
    try:
        found = load_one(text)
        return {str(one["name"]) for one in found.get("schema") or []}
    except (EngineError, AttributeError, KeyError, TypeError):
        return set()

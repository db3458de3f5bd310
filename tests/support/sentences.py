"""Every sentence the engine may say to a person, read from its source: what is raised, found, held or advised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import engine

SPEAKERS = {"EngineError", "fail", "Finding", "_add", "Later", "Refused", "Misconfigured", "Change", "Cause"} | {
    "Question",
    "Option",
    "guess",
}
"""Calls whose text arguments are sentences."""
ADVICE = ("hint", "advice", "reason", "nearest", "quote", "message", "held")
"""Names that hold or return a sentence end like this."""
ELSEWHERE = {"cli", "api"}
"""What only the command line and the API say, which is in English as their help is."""


def said() -> dict[str, str]:
    """template with ``{}`` for what is filled in -> where it stands."""
    found: dict[str, str] = {}
    root = Path(engine.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if ELSEWHERE & set(path.relative_to(root).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _sentences(node):
                if " " in text.strip() and text.strip("{} :") and text not in ("{} by {}", ". {}"):
                    found.setdefault(text, f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}")
    return found


def _sentences(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call():
            if _name(node.func) in ("failure", "file_failure"):  # the cause comes behind it
                yield from (f"{text}: {{}}" for text in _texts(node.args[1]))
                yield from (text for key in node.keywords if key.arg == "hint" for text in _texts(key.value))
                yield from (text for given in node.args[3:] for text in _texts(given))
            elif _name(node.func) == "holding":  # says that it is busy "by" whom
                yield from (f"{text} by {{}}" for given in node.args for text in _texts(given) if text.count(" ") > 2)
            elif _name(node.func) in SPEAKERS:
                for given in [
                    *node.args,
                    *(key.value for key in node.keywords if key.arg in ("message", "hint", "reason")),
                ]:
                    yield from _texts(given)
            else:
                for key in node.keywords:
                    if key.arg in ("hint", "reason"):
                        yield from _texts(key.value)
        case ast.Assign(targets=[target], value=value) if _name(target) == "lead":
            yield from (f"{text}: {{}}" for text in _texts(value))
        case ast.Assign(targets=[target], value=value) if _name(target).lower().endswith(ADVICE):
            yield from _texts(value)
        case ast.FunctionDef() if node.name.endswith(ADVICE):
            for inside in ast.walk(node):
                if isinstance(inside, ast.Return) and inside.value is not None:
                    yield from _texts(inside.value)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _texts(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) + _texts(other)
        case ast.BoolOp(values=values):
            return [text for value in values for text in _texts(value)]
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return [a + b for a in _texts(left) or ["{}"] for b in _texts(right) or ["{}"]]
    return []

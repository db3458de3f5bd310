"""Where in the syntax tree of a module, or in a query, a small fault can be put."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

Edit = tuple[int, int, str]
"""Bytes from, bytes to, and the text in their place."""

_EDGES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
_TURNED = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_ARITHMETIC = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
}
_SIZES = 1000
"""From here on a number is the size of a piece or of a cache, which decides speed alone."""
_OTHER_CALL = {"min": "max", "max": "min", "any": "all", "all": "any"}
_WORDS = {
    "assert_never",
    "EngineError",
    "Problem",
    "Result",
    "logger",
    "log",
    "print",
    "ValueError",
    "CorruptBitmap",
    "cast",
    "TypeVar",
    "NewType",
}
"""Calls whose arguments are words for a person, or nothing at run time."""
_ALIKE = ("isinstance", "getattr", "hasattr", "issubclass", "zip", "cast", "min", "max")
"""Calls whose arguments mean the same in another order, or that end at once with the first two exchanged."""
_SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|ORDER BY|BEGIN IMMEDIATE|IS NULL|IS NOT NULL|COALESCE|PRAGMA)\b",
    re.I,
)
_SQL_FAULTS: tuple[tuple[str, str, str], ...] = (
    ("lock mode", r"BEGIN IMMEDIATE", "BEGIN"),
    ("NULL turned", r"\bIS NOT NULL\b", "IS NULL"),
    ("NULL turned", r"\bIS NULL\b", "IS NOT NULL"),
    ("NULL handling", r"\bIS NOT DISTINCT FROM\b", "="),
    ("NULL handling", r"\bIS DISTINCT FROM\b", "<>"),
    ("edge", r"(?<![<>=!-])>=", ">"),
    ("edge", r"(?<![<>=!-])<=", "<"),
    ("edge", r"(?<![<>=!-])<(?![<>=])", "<="),
    ("edge", r"(?<![<>=!-])>(?![<>=])", ">="),
    ("and or", r"\bAND\b", "OR"),
    ("and or", r"\bOR\b(?! REPLACE)(?! IGNORE)", "AND"),
    ("order", r"\bDESC\b", "ASC"),
    ("order", r"\bORDER BY (\w+)(?= |$|\n|,)(?! DESC)", r"ORDER BY \1 DESC"),
    ("entry", r"\bDISTINCT (?!FROM\b|ON\b)", ""),
    ("condition", r"\bNOT (?=IN\b|EXISTS\b)", ""),
    ("conflict", r"\bOR (REPLACE|IGNORE) (?=INTO)", ""),
    ("other", r"\bmin\(", "max("),
    ("other", r"\bmax\(", "min("),
    ("constant", r"\bLIMIT 1\b", "LIMIT 2"),
)


class Source:
    """Where nodes lie in the bytes of a file."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.tree = ast.parse(self.data)

    def span(self, node: ast.AST) -> tuple[int, int]:
        begin = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return begin, end

    def text(self, node: ast.AST) -> str:
        begin, end = self.span(node)
        return self.data[begin:end].decode()


def in_sql(text: str) -> Iterator[tuple[str, str, Edit]]:
    taken: set[int] = set()
    for kind, pattern, new in _SQL_FAULTS:
        for match in re.finditer(pattern, text):
            if match.start() not in taken:
                taken.add(match.start())
                yield kind, f"{match[0]} → {match.expand(new)}", (match.start(), match.end(), match.expand(new))


class _Noting(ast.NodeVisitor):
    """Notes faults with where they are."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[tuple[str, str, str, Edit]] = []
        self._path: list[str] = []
        self.visit(source.tree)

    def _note(self, kind: str, detail: str, node: ast.AST, new: str) -> None:
        begin, end = self.source.span(node)
        self._note_at(kind, detail, (begin, end, new))

    def _note_at(self, kind: str, detail: str, edit: Edit) -> None:
        self.found.append((".".join(self._path) or "module", kind, detail, edit))

    def _between(self, left: ast.AST, right: ast.AST, new: str) -> Edit:
        """The operator between two expressions; brackets around them stay."""
        begin, end = self.source.span(left)[1], self.source.span(right)[0]
        text = self.source.data[begin:end].decode()
        operator = re.sub(r"#[^\n]*", lambda found: " " * len(found[0].encode()), text)
        match = re.search(r"[^\s()\[\]]+(?: +(?:in|not)\b)?", operator)
        assert match is not None, text
        return begin + match.start(), begin + match.end(), new

    def _sql(self, node: ast.Constant | ast.JoinedStr) -> None:
        text = self.source.text(node)
        if not _SQL.search(text) or text != text.strip():
            return
        begin, _ = self.source.span(node)
        for kind, detail, (at, end, new) in in_sql(text):
            before, inside = len(text[:at].encode()), len(text[:end].encode())
            if text[:at].count("{") == text[:at].count("}"):
                self._note_at(
                    f"SQL {kind}",
                    f"{detail} in {_short(text[at - 20 if at > 20 else 0 :])}",
                    (begin + before, begin + inside, new),
                )


class _Statements(_Noting):
    """Notes the faults of statements, and passes over where none is put."""

    # -- where no fault is put --------------------------------------------------------------------------------------

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        return

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._sql(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in ("__repr__", "__str__"):
            return
        self._path.append(node.name)
        for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
            self.visit(default)
        self._body(node.body)
        self._path.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._path.append(node.name)
        self._body(node.body)
        self._path.pop()

    def visit_Module(self, node: ast.Module) -> None:
        self._body(node.body)

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # a docstring
            self.visit(statement)

    # -- statements -------------------------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(node.value, ast.Await):
            self._note("await dropped", self.source.text(node), node.value, self.source.text(value))
        if isinstance(value, ast.Call) and self.source.text(value.func) != "assert_never":
            self._note("call removed", self.source.text(node), node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._note("check removed", f"raise {_short(self.source.text(node))}", node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._note("order", "continue → break", node, "break")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._note("call removed", self.source.text(node), node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not _is_plain(node.value):
            self._note("return value", self.source.text(node), node, "return None")
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            if item.optional_vars is None and isinstance(item.context_expr, ast.Call):
                text = self.source.text(item.context_expr)
                kind = "suppression removed" if "suppress" in text else "lock removed"
                self._note(kind, f"with {text}", item.context_expr, '__import__("contextlib").nullcontext()')
        self.generic_visit(node)

    def _condition(self, test: ast.expr) -> None:
        text = self.source.text(test)
        if text != "TYPE_CHECKING":
            self._note("condition negated", text, test, f"(not ({text}))")

    def visit_If(self, node: ast.If) -> None:
        if self.source.text(node.test) == "TYPE_CHECKING":
            return
        self._condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._note("condition dropped", f"if {self.source.text(test)}", test, "True")
        self.generic_visit(node)


class Finder(_Statements):
    """Walks a module and notes every fault that can be put into it."""

    def visit_Compare(self, node: ast.Compare) -> None:
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            turned = _EDGES.get(type(operator)) or _TURNED.get(type(operator))
            if turned is not None:
                kind = "edge" if type(operator) in _EDGES else "comparison turned"
                self._note_at(kind, f"{self.source.text(node)} → {turned}", self._between(left, right, turned))
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        new = "or" if isinstance(node.op, ast.And) else "and"
        parts = [f"({self.source.text(one)})" for one in node.values]
        self._note("and or", f"{self.source.text(node)} → {new}", node, f"({f' {new} '.join(parts)})")
        kept = f" {'and' if new == 'or' else 'or'} ".join(parts[:-1])
        self._note(
            "condition dropped",
            f"{self.source.text(node.values[-1])} of {_short(self.source.text(node))}",
            node,
            f"({kept})",
        )
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._note("condition negated", self.source.text(node), node, f"({self.source.text(node.operand)})")
        elif isinstance(node.op, ast.USub):
            self._note("sign", self.source.text(node), node, f"({self.source.text(node.operand)})")
            return
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.LShift):
            return  # a size in bytes
        new = _ARITHMETIC.get(type(node.op))
        texts = any(
            isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
            for one in (node.left, node.right)
        )
        if new is not None and not texts:
            self._note_at("arithmetic", f"{self.source.text(node)} → {new}", self._between(node.left, node.right, new))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        text = self.source.text(node)
        if isinstance(node.value, bool):
            self._note("constant", f"{text} → {not node.value}", node, str(not node.value))
        elif isinstance(node.value, int) and node.value < _SIZES:
            self._note("constant", f"{text} → {node.value + 1}", node, str(node.value + 1))
        elif isinstance(node.value, str):
            self._sql(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = self.source.text(node.func)
        if name.split(".")[0] in _WORDS or name.split(".")[-1] in _WORDS:
            return
        if name in _OTHER_CALL and node.args:
            self._note("other", f"{self.source.text(node)} → {_OTHER_CALL[name]}", node.func, _OTHER_CALL[name])
        if name == "sorted" and not any(one.arg == "reverse" for one in node.keywords):
            self._note("order", f"{self.source.text(node)} reversed", node, f"{self.source.text(node)}[::-1]")
        if name == "reversed":
            self._note("order", f"{self.source.text(node)} → list", node.func, "list")
        plain = [one for one in node.args if not isinstance(one, ast.Starred | ast.GeneratorExp)]
        if len(plain) == len(node.args) >= 2 and name not in _ALIKE:
            first, second = node.args[:2]
            (begin, _), (_, end) = self.source.span(first), self.source.span(second)
            text = f"{self.source.text(second)}, {self.source.text(first)}"
            self._note_at("arguments swapped", self.source.text(node), (begin, end, text))
        self.visit(node.func)
        for one in node.args[:1] if name == "isinstance" else node.args:
            self.visit(one)
        for keyword in node.keywords:
            if keyword.arg not in (
                "strict",
                "encoding",
                "exist_ok",
                "parents",
                "frozen",
                "noqa",
                "hint",
                "indent",
                "ensure_ascii",
            ):
                self.visit(keyword.value)

    def _entries(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        least = 3 if isinstance(node, ast.Tuple) else 2
        if len(node.elts) >= least and (isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)):
            self._drop_last(node, node.elts[-2], node.elts[-1])
        self.generic_visit(node)

    def _drop_last(self, node: ast.AST, before: ast.AST, last: ast.AST) -> None:
        begin, end = self.source.span(before)[1], self.source.span(last)[1]
        tail = self.source.data[begin : self.source.span(last)[0]].decode()
        if tail.strip().strip(",").strip() == "":
            self._note_at(
                "entry dropped", f"{self.source.text(last)} of {_short(self.source.text(node))}", (begin, end, "")
            )

    def visit_List(self, node: ast.List) -> None:
        self._entries(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._entries(node)

    def visit_Set(self, node: ast.Set) -> None:
        self._entries(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if len(node.keys) >= 2 and node.keys[-1] is not None:
            begin, end = self.source.span(node.values[-2])[1], self.source.span(node.values[-1])[1]
            tail = self.source.data[begin : self.source.span(node.keys[-1])[0]].decode()
            if tail.strip() == ",":
                self._note_at(
                    "entry dropped",
                    f"{self.source.text(node.keys[-1])} of {_short(self.source.text(node))}",
                    (begin, end, ""),
                )
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.visit(node.slice)

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        return


def _short(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:60]


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression is None, or nothing that a function would be called for."""
    return isinstance(node, ast.Constant) and node.value is None

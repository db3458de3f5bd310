"""Putting a fault into code that is loaded already: the functions that differ get the code of the faulty file."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

_CLASS_BODY = "__qualname__"


def _is_function(code: CodeType) -> bool:
    """Whether code is of a function or of a comprehension in one, not of a module or of a class's body."""
    return code.co_name != "<module>" and _CLASS_BODY not in code.co_names


def _inside(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What is code's own: all but the code of the functions within it."""
    plain = tuple((type(one), one) for one in code.co_consts if not isinstance(one, CodeType))
    return code.co_code, plain, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars


def _differing(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The outermost functions that differ; ValueError where what runs at import does."""
    if _is_function(old):
        if not _same(old, new):
            yield old, new
        return
    inside, faulty = _inside(old), _inside(new)
    if _own(old) != _own(new) or len(inside) != len(faulty):
        raise ValueError("what runs at import differs")
    for one, other in zip(inside, faulty, strict=True):
        yield from _differing(one, other)


def _same(old: CodeType, new: CodeType) -> bool:
    inside, faulty = _inside(old), _inside(new)
    return _own(old) == _own(new) and len(inside) == len(faulty) and all(map(_same, inside, faulty))


def pairs(path: Path, before: bytes, after: bytes) -> list[tuple[CodeType, CodeType]]:
    """The code of functions, sound and faulty; ValueError where the fault is in what runs at import."""
    old = compile(before, str(path), "exec", dont_inherit=True)
    new = compile(after, str(path), "exec", dont_inherit=True)
    found = list(_differing(old, new))
    if not found or any(len(one.co_freevars) != len(other.co_freevars) for one, other in found):
        raise ValueError("nothing that can be exchanged")
    return found


def exchange(found: list[tuple[CodeType, CodeType]]) -> int:
    """Give every living function of the sound code the faulty one, also those within it; how many there were."""
    table: dict[tuple[str, str, int], CodeType] = {}

    def collect(old: CodeType, new: CodeType) -> None:
        table[old.co_filename, old.co_qualname, old.co_firstlineno] = new
        if len(_inside(old)) == len(_inside(new)):
            for one, other in zip(_inside(old), _inside(new), strict=True):
                collect(one, other)

    for old, new in found:
        collect(old, new)
    count = 0
    for living in gc.get_objects():
        if isinstance(living, FunctionType):
            code = living.__code__
            faulty = table.get((code.co_filename, code.co_qualname, code.co_firstlineno))
            if faulty is not None and len(faulty.co_freevars) == len(code.co_freevars):
                living.__code__ = faulty
                count += 1
    return count

"""The lookup index: from an identifier's hash to its person in some microseconds, kept in LMDB.

An index is built aside and swapped, so a reader keeps what it has opened. What it holds follows from the map: one that
is damaged is made again from there.
"""

from __future__ import annotations

import shutil
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.identity.sealing import broken, seal, unseal

_ROOM = 1 << 42
"""The most that an index may grow to; only what is used takes disk."""
_IDENTIFIERS, _PERSONS, _REDIRECTS, _ABOUT = b"identifiers", b"persons", b"redirects", b"about"
_TABLES = _IDENTIFIERS, _PERSONS, _REDIRECTS, _ABOUT
_AT_ONCE = 200_000
_ID = 10
"""Bytes of a person's id."""


@dataclass(frozen=True)
class Profile:
    """A person: the id, that of the household, and (kind's place, hash) of every identifier."""

    id: str
    household: str
    identifiers: tuple[tuple[int, bytes], ...]


@dataclass
class _Env:
    """An open file with its four tables, and how many use it."""

    env: Any
    identifiers: Any
    persons: Any
    redirects: Any
    about: Any
    users: int = 0


class _Opened:
    """Files that are open in this process, each once however many ask for it: LMDB refuses a second time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[tuple[int, int], _Env] = {}

    def take(self, path: Path, *, fresh: bool) -> tuple[tuple[int, int], _Env]:
        """An open file, and by what to give it back; one that was just made (``fresh``) is not read once more."""
        with self._lock:
            about = path.stat()
            key = about.st_dev, about.st_ino
            found = self._files.get(key) or (_opened(path) if fresh else _checked(path))
            found.users += 1
            self._files[key] = found
            return key, found

    def give_back(self, key: tuple[int, int]) -> None:
        """Close it when nobody uses it any more."""
        with self._lock:
            found = self._files[key]
            found.users -= 1
            if not found.users:
                self._files.pop(key).env.close()


def _checked(path: Path) -> _Env:
    """An open file, every byte of which was checked before LMDB maps it: it trusts what it reads."""
    why = broken(path)
    if why is not None:
        raise _broken(path, why)
    return _opened(path)


def _opened(path: Path) -> _Env:
    import lmdb

    env = lmdb.open(str(path), subdir=False, readonly=True, max_dbs=4, lock=False, map_size=_ROOM)
    try:
        identifiers, persons, redirects, about = (env.open_db(name, create=False) for name in _TABLES)
        return _Env(env, identifiers, persons, redirects, about)
    except BaseException:
        env.close()
        raise


_OPENED = _Opened()


class Index:
    """An open index, for reading. Safe to use from several threads. Every byte is checked first, unless the file was
    just made (``fresh``)."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        import lmdb

        try:
            self._key, found = _OPENED.take(path, fresh=fresh)
        except (lmdb.Error, OSError) as error:
            raise _broken(path, type(error).__name__) from None
        self._open = True
        self._env, self._identifiers = found.env, found.identifiers
        self._persons, self._redirects = found.persons, found.redirects
        try:
            with self._env.begin() as reading:
                wanted = int(reading.get(b"count", db=found.about) or b"")
                there = reading.stat(self._identifiers)["entries"]
        except (lmdb.Error, ValueError) as error:
            self.close()
            raise _broken(path, type(error).__name__) from None
        if wanted != there:
            self.close()
            raise _broken(path, f"{there:,} of {wanted:,} identifiers")

    def person(self, identifier: bytes) -> str | None:
        """The person that an identifier's hash (16 bytes) belongs to."""
        with self._env.begin(db=self._identifiers) as reading:
            found = reading.get(identifier)
        return None if found is None else name_of(found)

    def people(self, identifiers: Iterable[bytes]) -> list[str | None]:
        """The same for many."""
        with self._env.begin(db=self._identifiers) as reading:
            found = [reading.get(one) for one in identifiers]
        return [None if one is None else name_of(one) for one in found]

    def profile(self, person: str) -> Profile | None:
        """A person by id, or by one that leads to it now."""
        raw = raw_of(person)
        if raw is None:
            return None
        with self._env.begin() as reading:
            raw = reading.get(raw, db=self._redirects) or raw
            found = reading.get(raw, db=self._persons)
        if found is None:
            return None
        identifiers = tuple((found[at], found[at + 1 : at + 17]) for at in range(_ID, len(found), 17))
        return Profile(name_of(raw), name_of(found[:_ID]), identifiers)

    def close(self) -> None:
        """Close the file, unless others use it."""
        if self._open:
            self._open = False
            _OPENED.give_back(self._key)


def _broken(path: Path, why: str) -> EngineError:
    return EngineError(
        "identity", f"the index {path.name} is damaged ({why})", hint="Make it again: convoke identity check --rebuild."
    )


def name_of(raw: bytes) -> str:
    """A person's id from its ten bytes."""
    return "p" + raw.hex()


def raw_of(person: str) -> bytes | None:
    """The ten bytes of a person's id; None when it is none."""
    if len(person) != 21 or person[0] != "p":
        return None
    try:
        return bytes.fromhex(person[1:])
    except ValueError:
        return None


def identifier_of(high: int, low: int) -> bytes:
    """The 16 bytes of a hash from its halves."""
    return struct.pack(">QQ", high, low)


def write_index(
    path: Path,
    identifiers: Iterable[tuple[bytes, bytes]],
    persons: Iterable[tuple[bytes, bytes]],
    redirects: Mapping[str, str],
    count: int,
) -> None:
    """A new index; (hash, person) and (person, value) come sorted."""
    path.unlink(missing_ok=True)
    with _writing(path) as (env, into):
        _put(env, into[_IDENTIFIERS], identifiers)
        _put(env, into[_PERSONS], persons)
        some = sorted((raw_of(one), raw_of(other)) for one, other in redirects.items())
        _put(env, into[_REDIRECTS], ((one, other) for one, other in some if one is not None and other is not None))
        with env.begin(write=True) as writing:
            writing.put(b"count", str(count).encode(), db=into[_ABOUT])
        env.sync(True)
    seal(path)


@dataclass(frozen=True)
class Patch:
    """What changes in an index: (hash, person) of identifiers, persons that are gone, (person, value) of those that are
    new or other ones, the households of others, redirects that are new and that are gone; and how many of the
    identifiers are new."""

    identifiers: Sequence[tuple[bytes, bytes]]
    gone: Sequence[bytes]
    persons: Sequence[tuple[bytes, bytes]]
    households: Mapping[str, str]
    redirects: Mapping[str, str]
    no_longer_led: Sequence[str]
    new: int


def patch_index(path: Path, fresh: Path, patch: Patch) -> None:
    """A copy of an index (which was opened before, and so is sound) with some changes."""
    fresh.unlink(missing_ok=True)
    shutil.copyfile(path, fresh)
    unseal(fresh)
    with _writing(fresh) as (env, into), env.begin(write=True) as writing:
        for key, person in patch.identifiers:
            writing.put(key, person, db=into[_IDENTIFIERS])
        for person in patch.gone:
            writing.delete(person, db=into[_PERSONS])
        for person, value in patch.persons:
            writing.put(person, value, db=into[_PERSONS])
        for one, home in patch.households.items():
            raw = raw_of(one) or b""
            value = writing.get(raw, db=into[_PERSONS])
            if value is not None:
                writing.put(raw, (raw_of(home) or b"") + value[_ID:], db=into[_PERSONS])
        for one in patch.no_longer_led:
            writing.delete(raw_of(one) or b"", db=into[_REDIRECTS])
        for one, other in patch.redirects.items():
            writing.put(raw_of(one) or b"", raw_of(other) or b"", db=into[_REDIRECTS])
        count = int(writing.get(b"count", db=into[_ABOUT])) + patch.new
        writing.put(b"count", str(count).encode(), db=into[_ABOUT])
    seal(fresh)


@contextmanager
def _writing(path: Path) -> Iterator[tuple[Any, dict[bytes, Any]]]:
    import lmdb

    # Nobody reads it before it has its name, and it is written to disk at the end at once.
    env = lmdb.open(str(path), subdir=False, max_dbs=4, map_size=_ROOM, sync=False, lock=False, mode=0o600)
    try:
        yield env, {name: env.open_db(name) for name in _TABLES}
    finally:
        env.close()


def _put(env: Any, into: Any, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    part: list[tuple[bytes, bytes]] = []
    for pair in pairs:
        part.append(pair)
        if len(part) == _AT_ONCE:
            _append(env, into, part)
            part = []
    _append(env, into, part)


def _append(env: Any, into: Any, part: list[tuple[bytes, bytes]]) -> None:
    with env.begin(write=True, db=into) as writing, writing.cursor() as cursor:
        _, added = cursor.putmulti(part, append=True)
    if added != len(part):
        raise EngineError("identity", "the index could not be written", hint="Check the disk.")

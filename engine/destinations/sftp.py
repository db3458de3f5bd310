"""A folder on an SFTP server, whose host key is pinned. Files are written beside their name, synced and renamed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.destinations.files import FileDestination, written_as
from engine.destinations.host import Host, Reference, SettingsReader
from engine.destinations.protocol import Later, Misconfigured
from engine.faults import causes
from engine.faults.telling import cause_of

if TYPE_CHECKING:
    import asyncssh

_KEYS = ("host", "port", "user", "path", "format", "cells", "host_key", "password", "private_key", "key_passphrase")
_CONNECT = 20.0
_WITHIN = 120.0
"""Seconds for one file."""
T = TypeVar("T")


def sftp(settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> FileDestination:
    """Files on an SFTP server. ``settings: {host, port, user, path, format, host_key, private_key, password}``."""
    given = SettingsReader("SFTP", settings, _KEYS)
    written = written_as(given)
    secrets = {name: given.secret(name) for name in ("password", "private_key", "key_passphrase")}
    if secrets["password"] is None and secrets["private_key"] is None:
        raise Misconfigured("SFTP: neither private_key nor password is there", "Write private_key: {secret: NAME}.")
    server = Server(
        given.text("host", "files.example.org"),
        given.port(22),
        given.text("user", "convoke"),
        given.optional("host_key"),
        {name: reference for name, reference in secrets.items() if reference is not None},
        host,
    )
    root = (given.optional("path") or ".").rstrip("/") or "/"
    return FileDestination(SftpFolder(server, root), written, identifiers, "protocol")


class Server:
    """A connection to a server, opened when it is needed."""

    def __init__(
        self, host: str, port: int, user: str, host_key: str | None, secrets: Mapping[str, Reference], around: Host
    ) -> None:
        self.host, self._port, self._user, self._host_key = host, port, user, host_key
        self._secrets, self._around = secrets, around
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def use(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]], path: str) -> T:
        """Do something with the server; what goes wrong comes out in the engine's words."""
        import asyncssh

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        try:
            return self._loop.run_until_complete(self._bounded(work))
        except (asyncssh.Error, asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
            raise self._in_our_words(error, path) from None

    def _in_our_words(self, error: Exception, path: str) -> Exception:
        import asyncssh

        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return Misconfigured(
                f"the host key of {self.host} is not the pinned one",
                "If its owner says that it was changed, write the new host_key; otherwise somebody is in between.",
            )
        if isinstance(error, asyncssh.PermissionDenied | asyncssh.KeyImportError | asyncssh.KeyEncryptionError):
            return Misconfigured(f"{self.host} does not let {self._user} in", "Check user and keys.")
        if isinstance(error, asyncssh.SFTPNoSpaceOnFilesystem | asyncssh.SFTPQuotaExceeded):
            return Later(f"{self.host}: {cause_of(error).words}")
        # Servers of the protocol's third version, OpenSSH among them, have no code for this.
        no_folder = isinstance(error, asyncssh.SFTPFailure) and "not a directory" in error.reason
        wrong = asyncssh.SFTPPermissionDenied | asyncssh.SFTPNoSuchFile | asyncssh.SFTPNotADirectory
        if no_folder or isinstance(error, wrong):
            cause = causes.NO_FILE if no_folder else cause_of(error)
            return Misconfigured(f"{self.host}: {path}: {cause.words}", "Check the path and its permissions.")
        self.close()
        return Later(f"{self.host}: {cause_of(error).words}")

    async def _bounded(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        client = await asyncio.wait_for(self._connected(), _CONNECT)
        return await asyncio.wait_for(_coroutine(work(client)), _WITHIN)

    async def _connected(self) -> asyncssh.SFTPClient:
        import asyncssh

        if self._client is None:
            if self._host_key is None:
                raise await self._unpinned()
            try:
                trusted = asyncssh.import_public_key(self._host_key)
            except asyncssh.KeyImportError:
                hint = "Remove it, and convoke destination test shows the server's."
                raise Misconfigured("SFTP: host_key is no key", hint) from None
            revealed = {name: self._around.reveal(reference) for name, reference in self._secrets.items()}
            text = revealed.get("private_key")
            keys = None if text is None else [asyncssh.import_private_key(text, revealed.get("key_passphrase"))]
            self._connection = await asyncssh.connect(
                self.host,
                self._port,
                username=self._user,
                password=revealed.get("password"),
                client_keys=keys,
                known_hosts=([trusted], [], []),
                config=None,
                agent_path=None,
                keepalive_interval=15,
            )
            self._client = await self._connection.start_sftp_client()
        return self._client

    async def _unpinned(self) -> Exception:
        """Without a pinned key nothing is sent; the key that the server shows is told, for a person to confirm."""
        import asyncssh

        key = await asyncssh.get_server_host_key(self.host, self._port, config=None)
        if key is None:
            return Later(f"{self.host} shows no host key")
        text = key.export_public_key().decode().split()
        shown = f'host_key: "{text[0]} {text[1]}"'
        return Misconfigured(
            f"the host key of {self.host} is not pinned",
            f"If its owner confirms {key.get_fingerprint()}, write {shown}.",
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None and self._loop is not None:
            self._connection.abort()
            self._loop.run_until_complete(self._connection.wait_closed())
        if self._loop is not None:
            self._loop.close()
        self._loop = self._connection = self._client = None


async def _coroutine(work: Awaitable[T]) -> T:
    return await work


class SftpFolder:
    """Puts files into a folder of a server."""

    def __init__(self, server: Server, root: str) -> None:
        self._server, self._root = server, root

    def check(self) -> str:
        """Whether files can be written there."""
        probe = f"{self._root}/.convoke-probe"

        async def work(client: asyncssh.SFTPClient) -> None:
            await client.makedirs(self._root, exist_ok=True)
            async with client.open(probe, "wb") as file:
                await file.write(b"")
            await client.remove(probe)

        self._server.use(work, self._root)
        return f"{self._root} on {self._server.host} can be written to."

    def put(self, name: str, data: bytes) -> None:
        """Whole or not at all."""
        import asyncssh

        path = f"{self._root}/{name}"
        folder, last = path.rsplit("/", 1)
        part = f"{folder}/.{last}.part"

        async def work(client: asyncssh.SFTPClient) -> None:
            await client.makedirs(folder, exist_ok=True)
            async with client.open(part, "wb") as file:
                await file.write(data)
                with suppress(asyncssh.SFTPOpUnsupported):  # an extension of OpenSSH
                    await file.fsync()
            try:
                await client.posix_rename(part, path)
            except asyncssh.SFTPOpUnsupported:  # plain SFTP does not rename onto a file
                with suppress(asyncssh.SFTPNoSuchFile):
                    await client.remove(path)
                await client.rename(part, path)

        self._server.use(work, path)

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        path = f"{self._root}/{name}"

        async def work(client: asyncssh.SFTPClient) -> bytes:
            async with client.open(path, "rb") as file:
                return cast(bytes, await file.read())

        return self._server.use(work, path)

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

"""``Client``: requests with the negotiated version in their path, errors as exceptions, hijacked connections."""

from __future__ import annotations

from barque.client import codec
from barque.client.errors import CannotConnect, from_status
from barque.client.hijack import Hijacked
from barque.client.response import Buffered, Response
from barque.client.transport import connect, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barque.client.endpoint import Endpoint

    Body = bytes | Iterable[bytes] | dict[str, object] | list[object] | None

NEWEST = "1.51"
OLDEST = "1.24"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quote(text: str, safe: str = "") -> str:
    """Percent-encode for a query value or path element."""
    if _SAFE.issuperset(text):
        return text
    return "".join(
        character
        if character in _SAFE or character in safe
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in text
    )


def numbers(version: str) -> tuple[int, ...]:
    """``"1.43"`` as something to compare."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


class Client:
    """Talks to one daemon. Not for more than one thread at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._idle: list[Buffered] = []
        self._version = endpoint.version
        self.server: dict[str, str] = {}

    @property
    def version(self) -> str:
        """The API version in use: what the user fixed, else the lower of ours and the daemon's."""
        if not self._version:
            self.ping()
        return self._version

    def at_least(self, version: str) -> bool:
        return numbers(self.version) >= numbers(version)

    def ping(self) -> dict[str, str]:
        """The headers of ``HEAD /_ping``; settles the version. Raises ``CannotConnect``."""
        response = self._exchange("HEAD", "/_ping", None, {}, b"")
        if response.status >= 400:
            response = self._exchange("GET", "/_ping", None, {}, b"")
            response.read()
        self.server = response.headers
        theirs = response.headers.get("api-version") or OLDEST
        if not self._version:
            self._version = min(NEWEST, theirs, key=numbers)
        return self.server

    def _head(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        host = self.endpoint.address.host if self.endpoint.address.scheme == "tcp" else "api.moby.localhost"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "User-Agent: Docker-Client/barque"]
        lines += [f"{name}: {value}" for name, value in self.endpoint.headers.items()]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def _take(self) -> tuple[Buffered, bool]:
        if self._idle:
            return self._idle.pop(), True
        return Buffered(connect(self.endpoint)), False

    def _exchange(
        self,
        method: str,
        target: str,
        query: Mapping[str, str] | None,
        headers: dict[str, str],
        body: bytes | Iterable[bytes],
    ) -> Response:
        target = self.endpoint.address.path + target if self.endpoint.address.scheme == "tcp" else target
        if query:
            target += ("&" if "?" in target else "?") + "&".join(
                f"{quote(name)}={quote(value)}" for name, value in query.items()
            )
        source, reused = self._take()
        connection = source.connection

        def done(reusable: bool) -> None:
            if reusable:
                self._idle.append(source)
            else:
                connection.close()

        try:
            if isinstance(body, bytes):
                if body or method in ("POST", "PUT"):
                    headers = {**headers, "Content-Length": str(len(body))}
                connection.sendall(self._head(method, target, headers) + body)
            else:
                connection.sendall(self._head(method, target, {**headers, "Transfer-Encoding": "chunked"}))
                self._send_chunks(source, body)
            response = Response(source, method, done)
            while response.status == 100:
                response = Response(source, method, done)
            return response
        except (OSError, CannotConnect) as error:
            connection.close()
            if reused and isinstance(body, bytes):
                # an idle connection the daemon closed meanwhile: once more on a fresh one
                self._idle.clear()
                return self._exchange(
                    method, target, None, {k: v for k, v in headers.items() if k != "Content-Length"}, body
                )
            if isinstance(error, CannotConnect) and error.reason not in ("EOF",):
                raise
            raise unreachable(self.endpoint.address, str(error)) from None

    @staticmethod
    def _send_chunks(source: Buffered, body: Iterable[bytes]) -> None:
        try:
            for chunk in body:
                if chunk:
                    source.connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            source.connection.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            # the daemon answered before it read everything: its answer says why
            pass

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Body = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send, and return the answer, body unread. Raises the kind of an error status with the daemon's message.

        ``path`` is without the version. A ``dict`` or ``list`` body goes as JSON, an iterable of bytes chunked.
        """
        sent = dict(headers or {})
        payload: bytes | Iterable[bytes]
        if isinstance(body, (dict, list)):
            sent["Content-Type"] = "application/json"
            payload = codec.dumps(body).encode("utf-8", "surrogateescape")
        else:
            payload = body if body is not None else b""
        response = self._exchange(method, f"/v{self.version}{path}", query, sent, payload)
        if response.status >= 400:
            raise from_status(response.status, self._message(response))
        return response

    @staticmethod
    def _message(response: Response) -> str:
        body = response.read()
        try:
            message = codec.loads(body)["message"]
        except (ValueError, KeyError, TypeError):
            message = body.decode("utf-8", "replace").strip()
        return str(message) or f"request returned {response.status}"

    def get(self, path: str, query: Mapping[str, str] | None = None, headers: dict[str, str] | None = None) -> Response:
        return self.request("GET", path, query, None, headers)

    def head(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        return self.request("HEAD", path, query)

    def post(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Body = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        return self.request("POST", path, query, body, headers)

    def put(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Body = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        return self.request("PUT", path, query, body, headers)

    def delete(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        return self.request("DELETE", path, query)

    def hijack(
        self, path: str, query: Mapping[str, str] | None = None, body: dict[str, object] | None = None
    ) -> Hijacked:
        """POST with ``Upgrade: tcp``; the connection with bytes both ways. Raises like ``request``."""
        payload = codec.dumps(body).encode() if body is not None else b""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "tcp",
            "Content-Type": "application/json" if payload else "text/plain",
        }
        version = self.version
        saved, self._idle = self._idle, []
        try:
            response = self._exchange("POST", f"/v{version}{path}", query, headers, payload)
        finally:
            self._idle = saved
        if response.status >= 400:
            raise from_status(response.status, self._message(response))
        return Hijacked(response.take_over(), response.headers.get("content-type", ""))

    def close(self) -> None:
        """Close the idle connections."""
        for source in self._idle:
            source.connection.close()
        self._idle.clear()

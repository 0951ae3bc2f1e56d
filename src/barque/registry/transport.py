"""HTTP to one host: pooled connections, proxies, redirects that leak nothing, repeats with backoff."""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import urllib3
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from barque.errors import BarqueError, Internal, Unavailable
from barque.registry.config import RegistryConfig

urllib3.disable_warnings(InsecureRequestWarning)  # who asked for an insecure registry knows

REPEATED = frozenset({429, 500, 502, 503, 504})
MAX_REDIRECTS = 10
Body = bytes | Iterable[bytes] | None
BodyMaker = Callable[[], Body]


class Transport:
    """Requests under one TLS context. ``pause`` waits that many seconds, or raises to give up."""

    def __init__(self, config: RegistryConfig, context: ssl.SSLContext, pause: Callable[[float], None]) -> None:
        self.config, self.pause = config, pause
        options: dict[str, Any] = {"ssl_context": context, "maxsize": 16, "retries": False}
        self._direct = urllib3.PoolManager(**options)
        self._proxies = {
            url: urllib3.ProxyManager(url, **options)
            for scheme, url in getproxies_environment().items()
            if scheme in {"http", "https"}
        }

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxies = getproxies_environment()
        proxy = proxies.get(parts.scheme)
        if not proxy or parts.hostname in {"localhost", "127.0.0.1", "::1"}:
            return self._direct
        if proxy_bypass_environment(parts.netloc, proxies):
            return self._direct
        return self._proxies.get(proxy, self._direct)

    def once(self, method: str, url: str, headers: Mapping[str, str], body: Body = None) -> BaseHTTPResponse:
        """One request, its redirects followed for GET and HEAD; ``Authorization`` stays with the first host.

        The body of the answer is not read yet. Raises ``urllib3.exceptions.HTTPError``.
        """
        sent = HTTPHeaderDict(headers)
        sent.setdefault("User-Agent", self.config.user_agent)
        sent.setdefault("Accept-Encoding", "identity")
        timeout = urllib3.Timeout(connect=self.config.timeout, read=self.config.timeout)
        for _ in range(MAX_REDIRECTS):
            try:
                answer = self._pool(url).request(
                    method, url, headers=sent, body=body, preload_content=False, redirect=False, timeout=timeout,
                    decode_content=False,
                )  # fmt: skip
            except ValueError as error:
                # http.client, closing a connection that broke, flushes a file that is closed already
                raise ProtocolError("Connection aborted.", error) from error
            target = answer.get_redirect_location() if method in {"GET", "HEAD"} else None
            if not target:
                return answer
            answer.drain_conn()
            answer.release_conn()
            following = urljoin(url, target)
            if urlsplit(following).scheme not in {"http", "https"}:
                raise Internal(f"redirect to an unsupported scheme: {urlsplit(following).scheme}")
            if _origin(following) != _origin(url):
                sent.discard("Authorization")
            url = following
        raise Internal(f'{method.capitalize()} "{url}": stopped after {MAX_REDIRECTS} redirects')

    def request(
        self, method: str, url: str, headers: Mapping[str, str], make_body: BodyMaker | None = None
    ) -> BaseHTTPResponse:
        """``once``, repeated while the registry is busy or the connection breaks. Raises ``BarqueError``."""
        for attempt in range(1, self.config.attempts + 1):
            last = attempt == self.config.attempts
            try:
                answer = self.once(method, url, headers, make_body() if make_body else None)
            except HTTPError as error:
                if last or not repeatable(error):
                    raise connection_error(method, url, error) from error
                self.wait(attempt, None)
                continue
            if answer.status not in REPEATED or last:
                return answer
            retry_after = answer.headers.get("Retry-After")
            answer.drain_conn()
            answer.release_conn()
            self.wait(attempt, retry_after)
        raise AssertionError("unreachable")

    def wait(self, attempt: int, retry_after: str | None) -> None:
        """Back off before the repeat after ``attempt`` (1 is the first), as long as the registry asks for."""
        seconds = self.config.backoff * 2 ** (attempt - 1)
        if retry_after:
            seconds = max(_seconds(retry_after), 0.0)
        self.pause(min(seconds, self.config.max_wait))

    def close(self) -> None:
        for pool in (self._direct, *self._proxies.values()):
            pool.clear()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _seconds(text: str) -> float:
    if text.strip().isdigit():
        return float(text)
    when = email.utils.parsedate_tz(text)
    return email.utils.mktime_tz(when) - time.time() if when else 1.0


def repeatable(error: HTTPError) -> bool:
    """Not worth it for a name that does not resolve, a port nobody listens on, or a certificate that is wrong."""
    if isinstance(error, NameResolutionError | SSLError):
        return False
    return not (isinstance(error, NewConnectionError) and not isinstance(error, ConnectTimeoutError))


def connection_error(method: str, url: str, error: HTTPError) -> BarqueError:
    """A broken connection in the words of Go's HTTP client."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    text = str(error)
    if isinstance(error, NameResolutionError):
        reason = f"dial tcp: lookup {host}: no such host"
    elif isinstance(error, NewConnectionError) and "refused" in text:
        reason = f"dial tcp {host}:{port}: connect: connection refused"
    elif isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in text:
        reason = (
            f"tls: failed to verify certificate: x509: {text.partition('verify failed: ')[2].partition(' (_ssl')[0]}"
        )
    elif isinstance(error, SSLError):
        reason = "http: server gave HTTP response to HTTPS client" if _is_plain(text) else f"tls: {text}"
    elif isinstance(error, ConnectTimeoutError):
        reason = f"dial tcp {host}:{port}: i/o timeout"
    else:
        reason = text
    return Unavailable(f'{method.capitalize()} "{url}": {reason}')


def _is_plain(text: str) -> bool:
    return any(word in text for word in ("WRONG_VERSION_NUMBER", "wrong version number", "record layer failure"))

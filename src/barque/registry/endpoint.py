"""One registry: which scheme it speaks, what it challenges with, and requests that carry the right authorization."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from barque.errors import BarqueError, Unauthorized
from barque.registry.certificates import tls_context
from barque.registry.challenge import Challenge, parse_challenges
from barque.registry.config import Credentials, RegistryConfig
from barque.registry.failures import answer_error
from barque.registry.tokens import Tokens
from barque.registry.transport import BodyMaker, Transport, connection_error

MAX_ERROR = 64 << 10
"""Bytes read of an answer that is an error."""


class Endpoint:
    """``base`` is the URL without ``/v2/``; without one the scheme is found out by asking ``/v2/``."""

    def __init__(self, config: RegistryConfig, domain: str, pause: Callable[[float], None], base: str = "") -> None:
        self.domain = domain
        self.insecure = config.is_insecure(domain)
        self.transport = Transport(config, tls_context(config.certs_dir, domain, self.insecure), pause)
        self.tokens = Tokens(self.transport)
        self._given = base
        self._base = ""
        self._challenges: list[Challenge] = []
        self._lock = threading.Lock()

    def ping(self) -> str:
        """The base URL, after the first successful ``GET /v2/``. Raises ``Unavailable``."""
        with self._lock:
            if self._base:
                return self._base
            bases = [self._given] if self._given else [f"https://{self.domain}"]
            if not self._given and self.insecure:
                bases.append(f"http://{self.domain}")
            failure: BarqueError | None = None
            for base in bases:
                try:
                    answer = self.transport.once("GET", f"{base}/v2/", {})
                except HTTPError as error:
                    failure = connection_error("GET", f"{base}/v2/", error)
                    continue
                data = answer.read(MAX_ERROR)
                answer.release_conn()
                if answer.status == 404:
                    failure = answer_error(answer.status, answer.headers, data)
                    continue
                self._challenges = _challenges(answer)
                self._base = base
                return base
            assert failure is not None
            raise failure

    def request(
        self,
        method: str,
        path: str,
        credentials: Credentials,
        scopes: tuple[str, ...],
        headers: Mapping[str, str] | None = None,
        make_body: BodyMaker | None = None,
    ) -> BaseHTTPResponse:
        """The answer, body unread, whatever its status. ``path`` starts with ``/``, or is a whole URL of this registry.

        A 401 is answered once with a fresh token for what the registry asks for then.
        """
        base = self.ping()
        url = base + path if path.startswith("/") else path
        answer = self._authorized(method, url, credentials, scopes, headers, make_body, fresh=False)
        if answer.status != 401:
            return answer
        challenges = _challenges(answer)
        if not challenges or (challenges[0].scheme == "basic" and credentials.username):
            return answer
        data = answer.read(MAX_ERROR)
        answer.release_conn()
        self._challenges = challenges
        wanted = challenges[0].parameters.get("scope", "")
        if wanted and not set(wanted.split()) <= set(scopes):
            scopes = (*scopes, *wanted.split())
        try:
            return self._authorized(method, url, credentials, scopes, headers, make_body, fresh=True)
        except Unauthorized:
            if challenges[0].scheme == "basic":
                raise
            raise answer_error(401, answer.headers, data) from None

    def _authorized(
        self,
        method: str,
        url: str,
        credentials: Credentials,
        scopes: tuple[str, ...],
        headers: Mapping[str, str] | None,
        make_body: BodyMaker | None,
        fresh: bool,
    ) -> BaseHTTPResponse:
        sent = dict(headers or {})
        try:
            value = self.tokens.authorization(self._challenges, credentials, scopes, fresh)
        except Unauthorized as error:
            if "basic" in str(error):
                raise Unauthorized(f'{method.capitalize()} "{url}": {error}') from None
            raise
        if value:
            sent["Authorization"] = value
        return self.transport.request(method, url, sent, make_body)

    def login(self, credentials: Credentials) -> None:
        """Check credentials with ``/v2/``. Raises ``Unauthorized``."""
        answer = self.request("GET", "/v2/", credentials, ())
        data = answer.read(MAX_ERROR)
        answer.release_conn()
        if answer.status == 401:
            raise Unauthorized(f"login attempt to {self.ping()}/v2/ failed with status: 401 Unauthorized")
        if answer.status >= 300:
            raise answer_error(answer.status, answer.headers, data)


def _challenges(answer: BaseHTTPResponse) -> list[Challenge]:
    return [c for value in answer.headers.getlist("WWW-Authenticate") for c in parse_challenges(value)]

"""All registries this daemon talks to: one kept ``Endpoint`` for each, so that pings and tokens are asked for once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode, urlsplit

from urllib3.exceptions import HTTPError

from barque.errors import Internal, InvalidArgument, Unavailable
from barque.model.reference import DEFAULT_DOMAIN, Reference
from barque.registry.certificates import tls_context
from barque.registry.config import Credentials, RegistryConfig
from barque.registry.endpoint import MAX_ERROR, Endpoint
from barque.registry.failures import answer_error
from barque.registry.repository import CHUNK, Repository
from barque.registry.transport import Transport, connection_error

HUB = "registry-1.docker.io"
HUB_INDEX = "index.docker.io"


class Registries:
    """``pause(seconds)`` is how to wait before a repeat; it may raise to give up."""

    def __init__(self, config: RegistryConfig | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        self.config = config or RegistryConfig()
        self._pause = pause
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.Lock()

    def reload(self, config: RegistryConfig) -> None:
        """From the next request on; what is under way goes on as it was."""
        with self._lock:
            self.config = config
            self._endpoints.clear()

    def endpoint(self, domain: str, base: str = "") -> Endpoint:
        """The endpoint of ``host[:port]``; Docker Hub under its API host."""
        domain = HUB if domain in {DEFAULT_DOMAIN, HUB_INDEX} else domain
        with self._lock:
            found = self._endpoints.get(base or domain)
            if found is None:
                found = self._endpoints[base or domain] = Endpoint(self.config, domain, self._pause, base)
            return found

    def repository(
        self, reference: Reference, credentials: Credentials | None = None, *, push: bool = False
    ) -> Repository:
        """The repository at its own registry."""
        return Repository(self.endpoint(reference.domain), reference, credentials or Credentials(), push=push)

    def sources(self, reference: Reference, credentials: Credentials | None = None) -> list[Repository]:
        """Where to pull from, in order: mirrors (of Docker Hub, without the user's login), then the registry."""
        found = []
        if reference.domain == DEFAULT_DOMAIN:
            for mirror in self.config.mirrors:
                base = mirror.rstrip("/") if "://" in mirror else f"https://{mirror.rstrip('/')}"
                found.append(Repository(self.endpoint(urlsplit(base).netloc, base), reference, Credentials()))
        found.append(self.repository(reference, credentials))
        return found

    def login(self, server: str, credentials: Credentials) -> None:
        """Check a login as ``docker login`` does. Raises ``Unauthorized`` or ``Unavailable``."""
        domain = urlsplit(server).netloc if "://" in server else server.partition("/")[0]
        self.endpoint(domain or DEFAULT_DOMAIN).login(credentials)

    def search(self, term: str, limit: int, credentials: Credentials | None = None) -> list[dict[str, object]]:
        """``GET /v1/search``: Docker Hub's index, or the registry ``term`` names. Raises ``BarqueError``."""
        first, slash, rest = term.partition("/")
        named = bool(slash) and (any(c in first for c in ".:") or first == "localhost")
        domain, query = (first, rest) if named else (HUB_INDEX, term)
        endpoint = self.endpoint(domain) if named else self.endpoint(HUB_INDEX + ":443", f"https://{HUB_INDEX}")
        base = endpoint.ping() if named else f"https://{HUB_INDEX}"
        answer = endpoint.transport.request("GET", f"{base}/v1/search?{urlencode({'q': query, 'n': limit})}", {})
        data = answer.read(16 << 20 if answer.status == 200 else MAX_ERROR)
        answer.release_conn()
        if answer.status == 404:
            raise Unavailable(f"registry {domain} does not support search")
        if answer.status != 200:
            raise answer_error(answer.status, answer.headers, data)
        try:
            results = json.loads(data)["results"]
        except (ValueError, KeyError, TypeError):
            raise Internal("error decoding search results") from None
        return [row for row in results if isinstance(row, dict)]

    def download(self, url: str) -> Iterator[bytes]:
        """The body of a plain URL (``docker import http://...``). Raises ``InvalidArgument`` and ``Unavailable``."""
        if urlsplit(url).scheme not in {"http", "https"}:
            raise InvalidArgument(f"unsupported protocol scheme: {url}")
        transport = Transport(self.config, tls_context("", "", False), self._pause)
        try:
            answer = transport.request("GET", url, {})
            if answer.status >= 400:
                answer.drain_conn()
                raise InvalidArgument(f"Got HTTP status code >= 400: {answer.status} {answer.reason}")
            yield from answer.stream(CHUNK)
        except HTTPError as error:
            raise connection_error("GET", url, error) from error
        finally:
            transport.close()

    def close(self) -> None:
        with self._lock:
            for endpoint in self._endpoints.values():
                endpoint.transport.close()
            self._endpoints.clear()

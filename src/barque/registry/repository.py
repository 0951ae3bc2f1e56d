"""One repository of a registry: manifests, tags and blobs in; see ``upload`` for the way out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from barque.errors import BarqueError, Internal, Unavailable
from barque.model import digest as digests
from barque.model.descriptor import INDEXES, MANIFESTS, Descriptor
from barque.model.reference import Reference
from barque.registry.config import Credentials
from barque.registry.endpoint import MAX_ERROR, Endpoint
from barque.registry.failures import RegistryError, answer_error
from barque.registry.transport import connection_error, repeatable

MAX_MANIFEST = 4 << 20
CHUNK = 256 << 10
MAX_PAGES = 10_000
_ACCEPT = ", ".join(sorted(INDEXES | MANIFESTS))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The bytes of a manifest or index as the registry has them, and what they are."""

    descriptor: Descriptor
    data: bytes


class Repository:
    """``reference`` names it (its tag and digest are not looked at). ``push`` asks for write access too."""

    def __init__(
        self, endpoint: Endpoint, reference: Reference, credentials: Credentials, *, push: bool = False
    ) -> None:
        self.endpoint, self.credentials = endpoint, credentials
        self.reference = reference.repository()
        self.prefix = f"/v2/{reference.path}"
        self.scopes: tuple[str, ...] = (f"repository:{reference.path}:{'pull,push' if push else 'pull'}",)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> BaseHTTPResponse:
        """One request below the repository; answers that are no success raise ``RegistryError``."""
        answer = self.endpoint.request(method, self.prefix + path, self.credentials, self.scopes, headers)
        return check(answer)

    def resolve(self, name: str) -> Descriptor | None:
        """What a tag or digest points at, without its bytes; None when the registry does not say."""
        answer = self.ask("HEAD", f"/manifests/{name}", {"Accept": _ACCEPT})
        answer.release_conn()
        digest, length = answer.headers.get("Docker-Content-Digest", ""), answer.headers.get("Content-Length", "")
        if not digests.is_digest(digest) or not length.isdigit():
            return None
        return Descriptor(_media_type(answer), digest, int(length))

    def manifest(self, name: str) -> Manifest:
        """By tag or digest, verified against the digest asked for or announced. Raises ``BarqueError``."""
        answer = self.ask("GET", f"/manifests/{name}", {"Accept": _ACCEPT})
        try:
            data = answer.read(MAX_MANIFEST + 1)
            answer.release_conn()
        except HTTPError as error:
            raise connection_error("GET", f"{self.prefix}/manifests/{name}", error) from error
        if len(data) > MAX_MANIFEST:
            raise Internal(f"manifest of {self.reference.familiar} is too large")
        actual = digests.sha256(data)
        wanted = name if ":" in name else answer.headers.get("Docker-Content-Digest") or actual
        if wanted.startswith("sha256:") and wanted != actual:
            raise Internal(f"manifest verification failed for digest {wanted}")
        return Manifest(Descriptor(_media_type(answer) or media_type_of(data), actual, len(data)), data)

    def tags(self) -> list[str]:
        """Every tag, following pages (distribution-spec, "Listing Tags")."""
        found: list[str] = []
        path = "/tags/list"
        for _ in range(MAX_PAGES):
            answer = self.ask("GET", path)
            data = answer.read()
            answer.release_conn()
            try:
                found += [str(tag) for tag in json.loads(data)["tags"] or []]
            except (ValueError, KeyError, TypeError):
                raise Internal("invalid tag list from registry") from None
            link = answer.headers.get("Link", "")
            if 'rel="next"' not in link or not found:
                break
            path = "/tags/list?" + urlencode({"last": found[-1], "n": 1000})
        return found

    def has_blob(self, digest: str) -> int | None:
        """The size of a blob that is there, None when it is not."""
        answer = self.endpoint.request("HEAD", f"{self.prefix}/blobs/{digest}", self.credentials, self.scopes)
        answer.release_conn()
        if answer.status == 200:
            return int(answer.headers.get("Content-Length") or 0)
        if answer.status == 404:
            return None
        raise answer_error(answer.status, answer.headers, b"")

    def blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Bytes from ``offset`` to the end, whatever breaks on the way (asked for again from where it broke).

        Never more than ``descriptor.size`` bytes in all; the caller checks the digest. Raises ``BarqueError``.
        """
        failed = 0
        while offset < descriptor.size:
            try:
                for chunk in self._blob_once(descriptor, offset):
                    offset += len(chunk)
                    failed = 0
                    yield chunk
                if offset >= descriptor.size:
                    return
                problem: BarqueError = Internal(f"unexpected EOF at byte {offset} of {descriptor.size}")
            except HTTPError as error:
                problem = connection_error("GET", f"{self.prefix}/blobs/{descriptor.digest}", error)
                if not repeatable(error):
                    raise problem from error
            failed += 1
            if failed >= self.endpoint.transport.config.attempts:
                raise problem
            self.endpoint.transport.wait(failed, None)

    def _blob_once(self, descriptor: Descriptor, offset: int) -> Iterator[bytes]:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self.ask("GET", f"/blobs/{descriptor.digest}", headers)
        try:
            skip = offset if answer.status == 200 else 0
            left = descriptor.size - offset
            if answer.status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                raise Unavailable(f"registry answered another range than bytes {offset}-")
            while chunk := answer.read(CHUNK):
                if skip:
                    dropped = min(skip, len(chunk))
                    skip, chunk = skip - dropped, chunk[dropped:]
                if len(chunk) > left:
                    raise Internal(f"blob {descriptor.digest} is larger than its declared size {descriptor.size}")
                left -= len(chunk)
                if chunk:
                    yield chunk
        finally:
            answer.close()
            answer.release_conn()


def check(answer: BaseHTTPResponse) -> BaseHTTPResponse:
    """The answer itself when it is a success. Raises ``RegistryError``."""
    if 200 <= answer.status < 300:
        return answer
    try:
        data = answer.read(MAX_ERROR)
    except HTTPError:
        data = b""
    answer.release_conn()
    error = answer_error(answer.status, answer.headers, data)
    if answer.status == 404 and not error.code:
        raise RegistryError(404, "", error.message)
    raise error


def _media_type(answer: BaseHTTPResponse) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip()


def media_type_of(data: bytes) -> str:
    """The ``mediaType`` a manifest gives itself; empty when it gives none."""
    try:
        value = json.loads(data).get("mediaType")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""

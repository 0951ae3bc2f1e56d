"""Blobs and manifests out: cross-repository mount, whole and resumed uploads (distribution-spec, "Push")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode, urljoin

from urllib3.response import BaseHTTPResponse

from barque.errors import BarqueError, Internal, Unavailable
from barque.model.descriptor import Descriptor
from barque.registry.failures import RegistryError
from barque.registry.repository import Repository, check
from barque.registry.transport import Body

Reader = Callable[[int], Iterator[bytes]]
"""``read(offset)``: the blob's bytes from there on."""
Progress = Callable[[int], None]
"""Takes the bytes sent so far."""
MONOLITHIC = 1 << 20
"""Bytes up to which a blob goes in one PUT."""


def mount(repository: Repository, digest: str, source_path: str) -> str | None:
    """Try to link a blob from another repository of the registry. None when linked, else an upload URL."""
    repository.scopes = tuple(dict.fromkeys((*repository.scopes, f"repository:{source_path}:pull")))
    answer = check(_post(repository, f"?{urlencode({'mount': digest, 'from': source_path})}"))
    answer.drain_conn()
    answer.release_conn()
    return None if answer.status == 201 else _location(repository, answer)


def upload(
    repository: Repository, descriptor: Descriptor, read: Reader, progress: Progress, *, url: str = "", chunk: int = 0
) -> None:
    """Send a blob, resuming where the registry says it stands when the connection breaks.

    ``url`` is an upload already begun (a mount that did not happen); ``chunk`` > 0 sends pieces of that many bytes.
    """
    url = url or start(repository)
    if descriptor.size <= MONOLITHIC and not chunk:
        _finish(repository, url, descriptor, read)
        progress(descriptor.size)
        return
    offset, attempt = 0, 0
    while offset < descriptor.size:
        end = min(offset + chunk, descriptor.size) if chunk else descriptor.size
        try:
            url = _patch(repository, url, read, offset, end, progress)
            offset, attempt = end, 0
        except Unavailable as error:
            attempt += 1
            if attempt >= repository.endpoint.transport.config.attempts:
                raise
            repository.endpoint.transport.wait(attempt, None)
            url, offset = _standing(repository, url, error)
    _finish(repository, url, descriptor, None)


def start(repository: Repository) -> str:
    """Begin an upload; its URL."""
    answer = check(_post(repository, ""))
    answer.drain_conn()
    answer.release_conn()
    return _location(repository, answer)


def put_manifest(repository: Repository, name: str, media_type: str, data: bytes) -> None:
    """Store a manifest under a tag or its digest. Raises ``RegistryError``."""
    headers = {"Content-Type": media_type, "Content-Length": str(len(data))}
    answer = repository.endpoint.request(
        "PUT", f"{repository.prefix}/manifests/{name}", repository.credentials, repository.scopes, headers, lambda: data
    )
    check(answer).drain_conn()
    answer.release_conn()


def _post(repository: Repository, query: str) -> BaseHTTPResponse:
    path = f"{repository.prefix}/blobs/uploads/{query}"
    return repository.endpoint.request(
        "POST", path, repository.credentials, repository.scopes, {"Content-Length": "0"}, lambda: b""
    )


def _location(repository: Repository, answer: BaseHTTPResponse) -> str:
    location = answer.headers.get("Location")
    if not location:
        raise Internal("registry gave no upload location")
    return urljoin(repository.endpoint.ping() + "/", location)


def _patch(repository: Repository, url: str, read: Reader, offset: int, end: int, progress: Progress) -> str:
    """Send one range in one request. Repeating is the caller's: it must ask first where the upload stands."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(end - offset),
        "Content-Range": f"{offset}-{end - 1}",
    }
    spent = False

    def body() -> Body:
        nonlocal spent
        if spent:
            raise Unavailable("upload interrupted")
        spent = True
        return _counted(read, offset, end, progress)

    answer = check(repository.endpoint.request("PATCH", url, repository.credentials, repository.scopes, headers, body))
    answer.drain_conn()
    answer.release_conn()
    return _location(repository, answer)


def _counted(read: Reader, offset: int, end: int, progress: Progress) -> Iterator[bytes]:
    at = offset
    for data in read(offset):
        piece = data[: end - at]
        if not piece:
            return
        yield piece
        at += len(piece)
        progress(at)


def _standing(repository: Repository, url: str, error: BarqueError) -> tuple[str, int]:
    answer = repository.endpoint.request("GET", url, repository.credentials, repository.scopes)
    answer.drain_conn()
    answer.release_conn()
    if answer.status != 204:
        if answer.status == 404:
            return start(repository), 0
        raise error
    span = answer.headers.get("Range", "").removeprefix("bytes=")
    last = span.rpartition("-")[2]
    offset = int(last) + 1 if last.isdigit() and last != "0" else 0
    return (_location(repository, answer) if answer.headers.get("Location") else url), offset


def _finish(repository: Repository, url: str, descriptor: Descriptor, read: Reader | None) -> None:
    size = descriptor.size if read else 0
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    target = f"{url}{'&' if '?' in url else '?'}digest={quote(descriptor.digest)}"
    answer = repository.endpoint.request(
        "PUT", target, repository.credentials, repository.scopes, headers, lambda: b"".join(read(0)) if read else b""
    )
    try:
        check(answer)
    except RegistryError as error:
        raise RegistryError(error.status, "", f"error uploading {descriptor.digest}: {error.message}") from None
    answer.drain_conn()
    answer.release_conn()

"""A registry of a few lines, for faults the real one cannot be made to show."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class FakeRegistry:
    """Holds blobs, manifests and the requests it saw. ``faults``: ``(pattern of "METHOD path", fault)``, used once."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.numbers = itertools.count()
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.faults: list[tuple[str, Callable[[Handler], bool]]] = []
        self.address = ""
        self.authorize: Callable[[Handler], bool] | None = None

    def add_blob(self, data: bytes) -> str:
        self.blobs[sha256(data)] = data
        return sha256(data)

    def add_manifest(self, name: str, value: object) -> bytes:
        data = json.dumps(value).encode()
        self.manifests[name] = self.manifests[sha256(data)] = data
        return data

    def asked(self, pattern: str) -> list[dict[str, str]]:
        return [headers for method, path, headers in self.seen if re.search(pattern, f"{method} {path}")]


class Handler(BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _serve(self) -> None:
        registry = self.registry
        registry.seen.append((self.command, self.path, dict(self.headers)))
        for number, (pattern, fault) in enumerate(registry.faults):
            if re.search(pattern, f"{self.command} {self.path}"):
                del registry.faults[number]
                if fault(self):
                    return
                break
        if registry.authorize and not registry.authorize(self):
            return
        url = urlsplit(self.path)
        if url.path == "/v2/":
            self.answer(200, b"{}")
        elif "/manifests/" in url.path:
            self._manifest(url.path.rpartition("/")[2])
        elif "/blobs/uploads" in url.path:
            self._upload(url.path, parse_qs(url.query))
        elif "/blobs/" in url.path:
            self._blob(url.path.rpartition("/")[2])
        elif url.path.endswith("/tags/list"):
            self.answer(200, json.dumps({"tags": [n for n in registry.manifests if ":" not in n]}).encode())
        else:
            self.answer(404, b"")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = _serve

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status: int, code: str, message: str, **headers: str) -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reset(self) -> None:
        """Break the connection where it stands."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _manifest(self, name: str) -> None:
        if self.command == "PUT":
            data = self.body()
            self.registry.manifests[name] = self.registry.manifests[sha256(data)] = data
            self.answer(201, b"")
        elif name not in self.registry.manifests:
            self.fail(404, "MANIFEST_UNKNOWN", "manifest unknown")
        else:
            data = self.registry.manifests[name]
            kind = json.loads(data).get("mediaType", MANIFEST_TYPE)
            self.answer(200, data, Content_Type=kind, Docker_Content_Digest=sha256(data))

    def _blob(self, digest: str) -> None:
        data = self.registry.blobs.get(digest)
        if data is None:
            self.fail(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if span:
            start = int(span[1])
            self.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.answer(200, data)

    def _upload(self, path: str, query: dict[str, list[str]]) -> None:
        data, uploads = self.body(), self.registry.uploads
        if self.command == "POST":
            if query.get("mount", [""])[0] in self.registry.blobs:
                self.answer(201, b"", Location=path)
                return
            number = str(next(self.registry.numbers))
            uploads[number] = b""
            self.answer(202, b"", Location=f"{path.rstrip('/')}/{number}", Range="0-0")
            return
        number = path.rpartition("/")[2]
        uploads[number] += data
        if self.command == "PUT":
            if sha256(uploads[number]) != query["digest"][0]:
                self.fail(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
                return
            self.registry.add_blob(uploads[number])
            self.answer(201, b"")
        else:
            status = 204 if self.command == "GET" else 202
            self.answer(status, b"", Location=path, Range=f"0-{max(len(uploads[number]) - 1, 0)}")


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"registry": registry}))
    server.daemon_threads = True
    registry.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A daemon that answers only ``/_ping`` and ``/containers/create`` and keeps the create requests it was sent."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Api-Version", self.server.version)
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self._answer(200, b"OK")

    do_GET = do_HEAD

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path, _, query = self.path.partition("?")
        if not path.endswith("/containers/create"):
            self._answer(404, b'{"message": "only create here"}')
            return
        self.server.recorded.append((query, json.loads(body)))
        self._answer(201, json.dumps({"Id": "f" * 64, "Warnings": []}).encode())


class Recorder(socketserver.ThreadingUnixStreamServer):
    """``with Recorder(path) as recorder``: listens until the end of the block."""

    daemon_threads = True

    def __init__(self, path: str, version: str = "1.50") -> None:
        self.version = version
        self.recorded: list[tuple[str, Any]] = []
        super().__init__(path, _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


def significant(value: Any) -> Any:
    """``value`` without what says nothing: null, false, zero, empty, and objects that only have such members."""
    if isinstance(value, dict):
        kept = {key: significant(item) for key, item in value.items()}
        return {
            key: item
            for key, item in kept.items()
            if item not in (None, False, 0, "", [], {}, [0, 0]) or key == "StopTimeout"
        }
    if isinstance(value, (list, tuple)):
        return [significant(item) for item in value]
    return value

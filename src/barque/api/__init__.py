"""The HTTP edge of the Engine API: parse once, call a backend, encode.

    server = Server(Backends(containers, execs, images, networks, volumes, system))
    await server.listen_unix("/var/run/docker.sock", mode=0o660, group="docker")
    port = await server.listen_tcp("127.0.0.1", 2376, ssl_context)
    await server.close()

Listening raises OSError. Requests that fail get a status and ``{"message"}`` in Docker's words (``errors.py``).
``backends.py`` says what it needs from the rooms below; it imports none of them.
"""

from barque.api.backends import Backends
from barque.api.server import Server

__all__ = ["Backends", "Server"]

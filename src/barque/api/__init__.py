"""The HTTP edge of the Engine API: parse once, call a backend, encode.

    server = Server(Backends(containers, execs, images, networks, volumes, system))
    await server.listen_unix("/var/run/docker.sock")

``backends.py`` says what it needs from the rooms below; it imports none of them.
"""

from barque.api.backends import Backends
from barque.api.server import Server

__all__ = ["Backends", "Server"]

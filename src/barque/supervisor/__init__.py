"""The fork server, containerd's role: everything a container needs is imported once, and a request costs one fork.

    serve("/run/barque/workers.sock", {"tar": archive.tar}, {"network": networks.worker.serve})

    server = Server("/run/barque/supervisor.sock", {"workers": workers})
    server.run(lambda connection, pair: shim.run(connection, pair, server.handle))

Every connection gets a child of its own, whose process ends with it. A handler is ``handler(request, connection)``,
and answers on the connection. A service is ``service(socket_path)``, a child started at once and again when it dies,
which serves ``<exec-root>/<name>.sock``. Nothing that is forked here dies with the supervisor, but for the services.
"""

from barque.supervisor.server import Handler, Server, Service, serve

__all__ = ["Handler", "Server", "Service", "serve"]

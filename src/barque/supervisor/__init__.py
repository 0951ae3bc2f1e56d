"""The fork server, containerd's role: everything a container needs is imported once, and a request costs one fork.

    serve("/run/barque/supervisor.sock", handlers={"task": shim.run}, services={"network": networks.worker.serve})

A handler is ``handler(request, connection)``; it runs in a child of its own, answers on the connection, and its process
ends with it. A service is ``service(socket_path)``, a child started at once and again when it dies, which serves
``<exec-root>/<name>.sock``. Nothing that is forked here dies with the supervisor, but for the services.
"""

from barque.supervisor.server import Handler, Service, serve

__all__ = ["Handler", "Service", "serve"]

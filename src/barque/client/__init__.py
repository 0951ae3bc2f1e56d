"""The calling side of the Engine API: blocking HTTP/1.1 over unix, TCP, TLS and ssh, made to start fast.

A ``Client`` belongs to one ``Endpoint`` (where, with which TLS files). It negotiates the API version with the first
request, keeps idle connections, and turns an error status into the exception of its kind from ``barque.errors``.

    from barque.client import Client, endpoint

    client = Client(endpoint.from_environment())
    for container in client.get("/containers/json", {"all": "1"}).json():
        print(container["Id"])

Public: ``Client`` (``get``, ``post``, ``put``, ``delete``, ``head``, ``request``, ``hijack``, ``version``),
``Response`` (``status``, ``headers``, ``read``, ``chunks``, ``json``, ``lines``), ``endpoint.Endpoint``,
``errors.CannotConnect``. The room imports neither ``http``, ``socket``, ``json`` nor ``re``: each of them costs more
than a whole request.
"""

from __future__ import annotations

from barque.client.client import Client
from barque.client.errors import CannotConnect
from barque.client.response import Response

__all__ = ["CannotConnect", "Client", "Response"]

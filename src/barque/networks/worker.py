"""The network worker: a child of the supervisor that may make namespaces. Single-threaded, blocking, one loop.

A connection carries request lines, answered in order. Operations and what their ``ok`` carries:

- ``ping`` -> ``pid``
- ``ensure_bridge {"name", "address" (CIDR or ""), "create", "mtu", "masquerade", "icc"}`` -> ``name, address, created,
  warnings``: bridge, forwarding and firewall in place; namespaces are made beforehand for it from now on.
- ``attach {"id", "bridge" (null: only lo), "address" (CIDR), "mac", "gateway", "mtu"}`` -> ``netns`` (path),
  ``interface`` (the veth's host end, or "").
- ``detach {"id", "interface"}``: the name is gone when it answers, the host end soon after. Not there is success.
- ``list_netns`` -> ``ids``
- ``recover {"keep": [ids], "bridges": [names]}`` -> ``removed`` (ids): what no kept container owns is removed.
- ``teardown {"bridges": [names to delete], "firewalls": [names]}``: nothing of ours is left when no namespace is named.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from barque.errors import BarqueError, InvalidArgument, NotFound
from barque.linux import libc
from barque.linux.mounts import MNT_DETACH
from barque.linux.netlink import RouteSocket
from barque.networks import firewall, sandbox
from barque.networks.bridge import DEFAULT_MTU, Bridge, bridge_address, ensure_bridge, find_link
from barque.wire import lines, rtnetlink

Request = dict[str, Any]
POOL_SIZE = 4
LONELY_POOL_SIZE = 2
MAX_REQUEST = 1 << 20


class Worker:
    """The kernel side of all networks; no sockets to clients here."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.home = os.open(sandbox.OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
        self.route = RouteSocket()
        self.bridges: dict[str, tuple[Bridge, int]] = {}
        self.pools: dict[str, deque[sandbox.Sandbox]] = {}
        self.doomed: deque[str] = deque()
        self.failing: set[str] = set()
        self.operations: dict[str, Callable[[Request], Request]] = {
            "ping": lambda request: {"pid": os.getpid()},
            "ensure_bridge": self.ensure_bridge,
            "attach": self.attach,
            "detach": self.detach,
            "list_netns": lambda request: {"ids": self.named()},
            "recover": self.recover,
            "teardown": self.teardown,
        }
        sandbox.prepare_directory(directory)

    def path(self, container: str) -> str:
        if not container or "/" in container or container.startswith("."):
            raise InvalidArgument(f"invalid sandbox id: {container!r}")
        return os.path.join(self.directory, container)

    def named(self) -> list[str]:
        return sorted(os.listdir(self.directory))

    def ensure_bridge(self, request: Request) -> Request:
        mtu = int(request.get("mtu") or DEFAULT_MTU)
        bridge = ensure_bridge(
            self.route, request["name"], request.get("address", ""), bool(request.get("create")), mtu
        )
        subnet = str(ipaddress.IPv4Interface(bridge.address).network)
        warnings = firewall.install(
            bridge.name, subnet, bool(request.get("masquerade", True)), bool(request.get("icc", True))
        )
        self.bridges[bridge.name] = (bridge, mtu)
        self._drain(bridge.name)
        self.pools.setdefault(bridge.name, deque())
        self.pools.setdefault("", deque())
        return {"name": bridge.name, "address": bridge.address, "created": bridge.created, "warnings": warnings}

    def attach(self, request: Request) -> Request:
        path = self.path(request["id"])
        bridge = request.get("bridge") or ""
        self.failing.discard(bridge)
        if bridge and bridge not in self.bridges:
            self._adopt(bridge, int(request.get("mtu") or DEFAULT_MTU))
        made = self._take(bridge)
        try:
            if bridge:
                interface = ipaddress.IPv4Interface(request["address"])
                prefix = interface.network.prefixlen
                sandbox.address(made, str(interface.ip), prefix, request["mac"], request.get("gateway", ""))
            sandbox.name(made, path)
            return {"netns": path, "interface": made.host_end}
        finally:
            made.close()

    def _adopt(self, name: str, mtu: int) -> None:
        """A bridge made by the worker before us."""
        found = find_link(self.route, name)
        if found is None:
            raise NotFound(f"bridge {name} doesn't exist")
        self.bridges[name] = (Bridge(found.index, name, bridge_address(self.route, found.index), False), mtu)

    def _take(self, bridge: str) -> sandbox.Sandbox:
        pool = self.pools.setdefault(bridge, deque())
        return pool.popleft() if pool else self._make(bridge)

    def _make(self, bridge: str) -> sandbox.Sandbox:
        made = sandbox.make(self.home)
        try:
            if bridge:
                found, mtu = self.bridges[bridge]
                sandbox.wire(made, self.route, found.index, mtu)
        except BaseException:
            made.close()
            raise
        return made

    def detach(self, request: Request) -> Request:
        sandbox.unname(self.path(request["id"]))
        if request.get("interface"):
            self.doomed.append(request["interface"])
        return {}

    def recover(self, request: Request) -> Request:
        keep = set(request.get("keep", ()))
        removed = [container for container in self.named() if container not in keep]
        for container in removed:
            sandbox.unname(self.path(container))
        peers = {sandbox.peer_of(self.path(container), self.home) for container in self.named()}
        links = [rtnetlink.link(body) for body in self.route.ask(rtnetlink.list_links(), dump=True)]
        masters = {link.index for link in links if link.name in request.get("bridges", ())}
        pooled = {made.host_end for pool in self.pools.values() for made in pool}
        for link in links:
            orphan = link.kind == "veth" and link.master in masters and link.name.startswith("veth")
            if orphan and link.index not in peers and link.name not in pooled:
                self._delete(link.name)
        return {"removed": removed}

    def teardown(self, request: Request) -> Request:
        for name in list(self.pools):
            self._drain(name)
        while self.doomed:
            self._delete(self.doomed.popleft())
        for name in request.get("firewalls", ()):
            with contextlib.suppress(OSError):
                firewall.uninstall(name)
        for name in request.get("bridges", ()):
            self.bridges.pop(name, None)
            if find_link(self.route, name):
                self.route.perform(rtnetlink.delete_link(name))
        self.pools.clear()
        if not self.named() and sandbox.is_mount_point(self.directory):
            libc.umount(self.directory, MNT_DETACH)
        return {}

    def _drain(self, pool: str) -> None:
        for made in self.pools.pop(pool, ()):
            if made.host_end:
                self._delete(made.host_end)
            made.close()

    def _delete(self, interface: str) -> None:
        with contextlib.suppress(OSError):
            self.route.perform(rtnetlink.delete_link(interface))

    def idle_work(self) -> bool:
        """One step of what need not be waited for; False when there is none."""
        for name, pool in self.pools.items():
            if len(pool) < (POOL_SIZE if name else LONELY_POOL_SIZE) and name not in self.failing:
                try:
                    pool.append(self._make(name))
                except OSError:
                    self.failing.add(name)
                return True
        if self.doomed:
            self._delete(self.doomed.popleft())
            return True
        return False

    def answer(self, line: bytes) -> bytes:
        """The reply line of a request line; never raises."""
        try:
            request = json.loads(line)
            operation = self.operations.get(str(request.get("op")))
            if operation is None:
                raise InvalidArgument(f"the network worker knows no operation {request.get('op')!r}")
            return lines.encode({"ok": operation(request)})
        except (BarqueError, OSError) as error:
            return lines.failed(error)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return lines.failed(InvalidArgument(f"bad request: {error}"))

    def close(self) -> None:
        for name in list(self.pools):
            self._drain(name)
        self.route.close()
        os.close(self.home)


class Loop:
    """Connections, request lines, idle work between them."""

    def __init__(self, socket_path: str, worker: Worker) -> None:
        self.worker = worker
        self.path = socket_path
        self.selector = selectors.DefaultSelector()
        self.buffers: dict[socket.socket, bytes] = {}
        self.stopping = False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket_path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(socket_path)
        os.chmod(socket_path, 0o600)
        self.inode = os.stat(socket_path).st_ino
        self.listener.listen(128)
        self.listener.setblocking(False)
        self.wakeup, self._wakeup_write = socket.socketpair()
        self._wakeup_write.setblocking(False)
        signal.set_wakeup_fd(self._wakeup_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def run(self) -> None:
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wakeup, selectors.EVENT_READ)
        busy = True
        while not self.stopping:
            ready = self.selector.select(0 if busy else None)
            for key, _ in ready:
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj is not self.wakeup:
                    self._read(key.fileobj)  # type: ignore[arg-type]
            busy = True if ready else self.worker.idle_work()
        self._leave()

    def _leave(self) -> None:
        """Take the socket's name away, unless the next worker has put its own there already."""
        with contextlib.suppress(FileNotFoundError):
            if os.stat(self.path).st_ino == self.inode:
                os.unlink(self.path)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _ = self.listener.accept()
            connection.settimeout(5)
            self.buffers[connection] = b""
            self.selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(1 << 16)
            *requests, rest = (self.buffers[connection] + data).split(b"\n")
            for request in requests:
                connection.sendall(self.worker.answer(request))
        except OSError:
            data = rest = b""
        if not data or len(rest) > MAX_REQUEST:
            self.selector.unregister(connection)
            del self.buffers[connection]
            connection.close()
        else:
            self.buffers[connection] = rest


def serve(socket_path: str) -> None:
    """Serve until SIGTERM. Names of namespaces are kept in ``netns/`` beside the socket."""
    worker = Worker(os.path.join(os.path.dirname(socket_path), "netns"))
    try:
        Loop(socket_path, worker).run()
    finally:
        worker.close()

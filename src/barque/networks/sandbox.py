"""Network namespaces: made, wired to a bridge, given a name, let go."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from barque.errors import Conflict
from barque.linux import libc
from barque.linux.clone import CLONE_NEWNET
from barque.linux.mounts import MNT_DETACH, MS_BIND, MS_SHARED
from barque.linux.netlink import RouteSocket
from barque.wire import rtnetlink

INTERFACE = "eth0"
OWN_NETNS = "/proc/thread-self/ns/net"


@dataclass(slots=True)
class Sandbox:
    """A namespace nobody has yet: its descriptor, a netlink socket inside, and, when wired, the veth's host end."""

    netns: int
    route: RouteSocket
    host_end: str = ""
    interface: int = 0

    def close(self) -> None:
        """Let go. A namespace that has no name by now ends, and its veth with it."""
        self.route.close()
        os.close(self.netns)


@contextlib.contextmanager
def _new_namespace(home: int) -> Iterator[None]:
    libc.unshare(CLONE_NEWNET)
    try:
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)


def make(home: int) -> Sandbox:
    """A new namespace with ``lo`` up. ``home`` is the descriptor of our own, to which this thread comes back."""
    with _new_namespace(home):
        netns = os.open(OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
        route = RouteSocket()
        route.perform(rtnetlink.set_link(1))
        _without_ipv6()
    return Sandbox(netns, route)


def _without_ipv6() -> None:
    """Interfaces made from now on in this namespace have no IPv6: the network has none to offer."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        descriptor = os.open("/proc/sys/net/ipv6/conf/default/disable_ipv6", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b"1")
        finally:
            os.close(descriptor)


def wire(sandbox: Sandbox, host: RouteSocket, bridge: int, mtu: int) -> None:
    """A veth pair from the bridge (by index) to ``eth0`` inside."""
    name = f"veth{secrets.token_hex(4)[:7]}"
    host.perform(rtnetlink.new_veth(name, INTERFACE, sandbox.netns, bridge, mtu))
    sandbox.host_end = name
    sandbox.interface = rtnetlink.link(sandbox.route.ask(rtnetlink.get_link(INTERFACE))[0]).index
    sandbox.route.perform(rtnetlink.set_link(sandbox.interface))


def address(sandbox: Sandbox, ip: str, prefix: int, mac: str, gateway: str) -> None:
    """Give the wired interface its address, MAC and default route (none when ``gateway`` is empty)."""
    messages = [
        rtnetlink.set_link(sandbox.interface, mac=mac),
        rtnetlink.new_address(sandbox.interface, ip, prefix),
    ]
    if gateway:
        messages.append(rtnetlink.default_route(gateway, sandbox.interface))
    sandbox.route.perform(*messages)


def is_mount_point(path: str) -> bool:
    """Asked of mountinfo (proc_pid_mountinfo(5)): a bind mount on its own file system shows in no stat(2)."""
    wanted = os.fsencode(os.path.realpath(path))
    with open("/proc/thread-self/mountinfo", "rb") as lines:
        points = (line.split(b" ", 5)[4] for line in lines)
        return any(re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), point) == wanted for point in points)


def prepare_directory(directory: str) -> None:
    """The folder of names, a shared mount of its own, so that a name taken away here goes in every mount namespace."""
    os.makedirs(directory, mode=0o755, exist_ok=True)
    if not is_mount_point(directory):
        libc.mount(directory, directory, None, MS_BIND)
        libc.mount("none", directory, None, MS_SHARED)


def name(sandbox: Sandbox, path: str) -> None:
    """Bind the namespace to ``path``, where it lives until ``unname``. Raises Conflict when the name is taken."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    except FileExistsError:
        raise Conflict(f"network sandbox {os.path.basename(path)} exists already") from None
    try:
        libc.mount(f"/proc/self/fd/{sandbox.netns}", path, None, MS_BIND)
    except OSError:
        os.unlink(path)
        raise


def unname(path: str) -> None:
    """Take the name away; not there is done already."""
    try:
        libc.umount(path, MNT_DETACH)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def peer_of(path: str, home: int) -> int:
    """The host's interface index of ``eth0``'s other end in the namespace at ``path``; 0 when there is none."""
    netns = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc.setns(netns, CLONE_NEWNET)
        try:
            with RouteSocket() as route:
                return rtnetlink.link(route.ask(rtnetlink.get_link(INTERFACE))[0]).link
        finally:
            libc.setns(home, CLONE_NEWNET)
    except OSError:
        return 0
    finally:
        os.close(netns)

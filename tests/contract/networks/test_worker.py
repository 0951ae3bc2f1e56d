"""The network worker on a real kernel: reachability, leaks, recovery."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from barque.errors import Conflict, InvalidArgument, NotFound
from barque.linux.netlink import RouteSocket
from barque.networks.sandbox import is_mount_point
from barque.wire import rtnetlink

if TYPE_CHECKING:
    from tests.contract.networks.conftest import RunningWorker


def inside(netns: str, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["nsenter", f"--net={netns}", *command], capture_output=True, text=True, timeout=30, **options
    )


def links() -> list[rtnetlink.Link]:
    with RouteSocket() as route:
        return [rtnetlink.link(body) for body in route.ask(rtnetlink.list_links(), dump=True)]


def until(condition: Any, seconds: float = 10) -> bool:
    """Ask the kernel again and again: the end of a namespace has no event for us."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def test_two_containers_and_the_host_reach_each_other(worker: RunningWorker) -> None:
    made = worker.ensure_bridge()
    assert made["created"] and made["address"] == f"{worker.subnet}.1/24"
    assert made["warnings"] == []
    one, two = worker.attach("one", 2), worker.attach("two", 3)
    assert inside(one["netns"], "busybox", "ping", "-c1", "-W5", f"{worker.subnet}.3").returncode == 0
    assert inside(two["netns"], "busybox", "ping", "-c1", "-W5", f"{worker.subnet}.1").returncode == 0
    assert subprocess.run(["busybox", "ping", "-c1", "-W5", f"{worker.subnet}.2"], capture_output=True).returncode == 0
    shown = inside(one["netns"], "ip", "-br", "addr").stdout
    assert "lo               UNKNOWN        127.0.0.1/8" in shown
    assert f"{worker.subnet}.2/24" in shown
    assert "02:42:0a:00:00:02" in inside(one["netns"], "ip", "link", "show", "eth0").stdout
    assert f"default via {worker.subnet}.1" in inside(one["netns"], "ip", "route").stdout


def test_tcp_between_containers(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    one, two = worker.attach("one", 2), worker.attach("two", 3)
    listen = (
        "import socket\ns=socket.create_server(('0.0.0.0',7000))\nprint('up',flush=True)\n"
        "c,_=s.accept()\nc.sendall(c.recv(99).upper())"
    )
    server = subprocess.Popen(
        ["nsenter", f"--net={one['netns']}", "python3", "-c", listen], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None and server.stdout.readline() == "up\n"
        address = (f"{worker.subnet}.2", 7000)
        ask = f"import socket\ns=socket.create_connection({address},10)\ns.sendall(b'hello')\nprint(s.recv(99))"
        assert inside(two["netns"], "python3", "-c", ask).stdout == "b'HELLO'\n"
    finally:
        server.kill()
        server.wait(10)
        server.stdout and server.stdout.close()


def test_without_a_bridge_there_is_only_lo(worker: RunningWorker) -> None:
    lonely = worker.ask("attach", id="lonely", bridge=None)
    names = [line.split()[0] for line in inside(lonely["netns"], "ip", "-br", "link").stdout.splitlines()]
    assert [name for name in names if not name.startswith(("ifb", "tunl", "sit", "ip6", "gre", "erspan"))] == ["lo"]
    assert lonely["interface"] == ""


def test_detach_leaves_nothing(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    for turn in range(30):
        made = worker.attach("c", 2 + turn)
        worker.ask("detach", id="c", interface=made["interface"])
        assert not os.path.exists(made["netns"])
    worker.ask("teardown", bridges=[], firewalls=[])
    index = next(link.index for link in links() if link.name == worker.bridge)
    assert until(lambda: not [link for link in links() if link.master == index])
    assert worker.ask("list_netns") == {"ids": []}
    worker.ask("detach", id="c", interface="")


def test_teardown_removes_bridge_table_and_mount(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    assert worker.tables()
    assert is_mount_point(str(worker.netns))
    worker.ask("teardown", bridges=[worker.bridge], firewalls=[worker.bridge])
    assert not worker.tables()
    assert worker.bridge not in [link.name for link in links()]
    assert not is_mount_point(str(worker.netns))


def test_a_killed_worker_is_followed_by_one_that_keeps_the_living(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    kept, orphan = worker.attach("kept", 2), worker.attach("orphan", 3)
    worker.kill()
    worker.start()
    assert worker.ask("list_netns") == {"ids": ["kept", "orphan"]}
    worker.ensure_bridge()
    assert worker.ask("recover", keep=["kept"], bridges=[worker.bridge]) == {"removed": ["orphan"]}
    assert not os.path.exists(orphan["netns"])
    assert orphan["interface"] not in [link.name for link in links()]
    assert kept["interface"] in [link.name for link in links()]
    assert inside(kept["netns"], "busybox", "ping", "-c1", "-W5", f"{worker.subnet}.1").returncode == 0


def test_a_new_worker_attaches_to_the_bridge_of_the_one_before(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    worker.kill()
    worker.start()
    made = worker.attach("next", 9)
    assert inside(made["netns"], "busybox", "ping", "-c1", "-W5", f"{worker.subnet}.1").returncode == 0


def test_the_table_lets_out_and_keeps_out(worker: RunningWorker) -> None:
    worker.ensure_bridge()
    shown = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, timeout=20).stdout
    assert f'ip saddr {worker.subnet}.0/24 oifname != "{worker.bridge}" masquerade' in shown
    assert f'oifname "{worker.bridge}" drop' in shown
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == "1\n"


def test_bad_requests_are_refused_in_words(worker: RunningWorker) -> None:
    with pytest.raises(InvalidArgument, match="knows no operation 'fly'"):
        worker.ask("fly")
    with pytest.raises(InvalidArgument, match="invalid sandbox id"):
        worker.ask("attach", id="../x", bridge=None)
    with pytest.raises(NotFound, match="bridge nosuch doesn't exist"):
        worker.ask("ensure_bridge", name="nosuch", create=False)
    with pytest.raises(InvalidArgument, match="is not a bridge"):
        worker.ask("ensure_bridge", name="lo", create=False)
    with pytest.raises(InvalidArgument, match="invalid interface name"):
        worker.ask("ensure_bridge", name="much-too-long-a-name", create=True)
    worker.ask("attach", id="twice", bridge=None)
    with pytest.raises(Conflict, match="twice"):
        worker.ask("attach", id="twice", bridge=None)
    worker.ask("detach", id="twice", interface="")


def test_a_worker_that_ends_leaves_its_successors_socket_alone(worker: RunningWorker) -> None:
    old = worker.process
    worker.ask("ping")
    os.rename(worker.socket_path, f"{worker.socket_path}.old")
    worker.start()
    old.terminate()
    old.wait(10)
    assert worker.ask("ping") == {"pid": worker.process.pid}

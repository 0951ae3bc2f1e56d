from __future__ import annotations

import os
from pathlib import Path

import pytest

from barque.engine.network_files import hosts, resolv_conf, write_network_files
from barque.errors import InvalidArgument

FIXED = (
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n"
    "ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
)


@pytest.mark.parametrize(
    ("domain", "addresses", "extra", "tail"),
    [
        ("", ["10.0.0.2"], [], "10.0.0.2\tbox\n"),
        ("lan", ["10.0.0.2"], [], "10.0.0.2\tbox.lan box\n"),
        ("", [], [], ""),
        ("", ["10.0.0.2"], ["db:10.0.0.9", "me:host-gateway"], "10.0.0.9\tdb\n10.0.0.1\tme\n10.0.0.2\tbox\n"),
        ("", [], ["six:fd00::1", "six2:[fd00::2]"], "fd00::1\tsix\nfd00::2\tsix2\n"),
    ],
)
def test_hosts(domain: str, addresses: list[str], extra: list[str], tail: str) -> None:
    assert hosts("box", domain, addresses, extra, "10.0.0.1") == FIXED + tail


@pytest.mark.parametrize("entry", ["noaddress", ":10.0.0.1", "name:", "name:10.0.0.256", "name:host"])
def test_bad_extra_hosts(entry: str) -> None:
    with pytest.raises(InvalidArgument):
        hosts("box", "", [], [entry], "10.0.0.1")


HOST = "# comment\nnameserver 127.0.0.53\nnameserver 10.0.0.53\nnameserver fe80::1\nsearch a.b c\noptions edns0\n"


@pytest.mark.parametrize(
    ("host", "dns", "search", "options", "own", "text"),
    [
        (HOST, [], [], [], True, "nameserver 10.0.0.53\nsearch a.b c\noptions edns0\n"),
        ("nameserver 127.0.0.1\n", [], [], [], True, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"),
        ("", [], [], [], True, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"),
        (HOST, ["1.1.1.1"], [], [], True, "nameserver 1.1.1.1\nsearch a.b c\noptions edns0\n"),
        (HOST, ["1.1.1.1"], ["."], ["ndots:2"], True, "nameserver 1.1.1.1\noptions ndots:2\n"),
        ("nameserver 127.0.0.1\ndomain x\n", [], [], [], False, "nameserver 127.0.0.1\nsearch x\n"),
    ],
)
def test_resolv_conf(host: str, dns: list[str], search: list[str], options: list[str], own: bool, text: str) -> None:
    assert resolv_conf(host, dns, search, options, own) == text


def test_files_are_written_for_everybody_to_read(tmp_path: Path) -> None:
    paths = write_network_files(str(tmp_path), {"Hostname": "box"}, {"NetworkMode": "bridge"}, ["10.0.0.2"])
    assert sorted(os.listdir(tmp_path)) == ["hostname", "hosts", "resolv.conf"]
    assert Path(paths["hostname"]).read_text() == "box\n"
    assert Path(paths["hosts"]).read_text().endswith("10.0.0.2\tbox\n")
    assert all(Path(path).stat().st_mode & 0o777 == 0o644 for path in paths.values())


def test_host_mode_shows_the_hosts_own_table(tmp_path: Path) -> None:
    paths = write_network_files(
        str(tmp_path), {"Hostname": "x"}, {"NetworkMode": "host", "ExtraHosts": ["a:1.2.3.4"]}, []
    )
    own = Path("/etc/hosts").read_text() if Path("/etc/hosts").exists() else ""
    assert Path(paths["hosts"]).read_text() == own + "1.2.3.4\ta\n"

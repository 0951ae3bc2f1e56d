"""``barqued``: flags, pid file, signals, listeners."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys

from barque.daemon.compose import Daemon
from barque.daemon.config import Config, load
from barque.daemon.log import Logger
from barque.errors import BarqueError, Conflict, InvalidArgument


def check_pidfile(path: str) -> None:
    """Write our pid. Raises Conflict while the process of an older one lives."""
    try:
        with open(path, encoding="utf-8") as file:
            pid = int(file.read().strip() or 0)
    except (FileNotFoundError, ValueError):
        pid = 0
    if pid and pid != os.getpid() and os.path.exists(f"/proc/{pid}"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"barqued" in file.read():
                raise Conflict(f"process with PID {pid} is still running: the pid file {path} is its")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))


def check_socket(path: str) -> None:
    """Raises Conflict when somebody serves the socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return
    raise Conflict(f"another engine already listens on {path}; stop it, or choose another socket with -H")


def tls_context(config: Config) -> ssl.SSLContext | None:
    """For tcp listeners; None without --tls."""
    if not (config.tls or config.tlsverify):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config.tlscert, config.tlskey)
    if config.tlsverify:
        context.load_verify_locations(config.tlscacert)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def listen(daemon: Daemon, config: Config) -> None:
    for host in config.hosts:
        kind, _, rest = host.partition("://")
        if kind == "unix":
            await daemon.server.listen_unix(rest, group=config.group)
        elif kind == "tcp":
            name, _, port = rest.rstrip("/").rpartition(":")
            number = int(port) if port.isdigit() else 2376 if config.tlsverify else 2375
            await daemon.server.listen_tcp(name or "127.0.0.1", number, tls_context(config))
        else:
            raise InvalidArgument(f"invalid bind address {host}: the schemes are unix:// and tcp://")


def reload(daemon: Daemon, argv: list[str], log: Logger) -> None:
    """Read flags and file again; what does not make sense changes nothing."""
    try:
        daemon.reload(load(argv))
    except BarqueError as error:
        log("error", f"Error reconfiguring the daemon: {error.message}")
        return
    log("info", "Reloaded configuration")


async def serve(argv: list[str]) -> None:
    """Until SIGTERM or SIGINT; SIGHUP reloads. Raises InvalidArgument, Conflict when another engine is in the way."""
    config = load(argv)
    for host in config.hosts:
        if host.startswith("unix://"):
            check_socket(host.removeprefix("unix://"))
    check_pidfile(config.pidfile)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log = Logger(config.log_level, config.debug)
    daemon = Daemon(config, log)
    loop.add_signal_handler(signal.SIGHUP, reload, daemon, argv, log)
    try:
        await daemon.start()
        await listen(daemon, config)
        for host in config.hosts:
            log("info", f"API listen on {host.removeprefix('unix://')}")
        await stop.wait()
    finally:
        await daemon.stop()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(config.pidfile)


def entry() -> None:
    try:
        if os.geteuid() != 0:
            raise InvalidArgument("dockerd needs to be started with root privileges: so does barqued")
        asyncio.run(serve(sys.argv[1:]))
    except BarqueError as error:
        print(f"failed to start daemon: {error.message}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    entry()

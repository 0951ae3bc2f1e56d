"""``barque-supervisor``: the composition of the fork server.

The process that shims are forked from knows the shim and the runtime alone: what it has touched every shim pays for, in
time at its start and in memory while it lives. Everything else runs below a second fork server, ``workers``.
"""

from __future__ import annotations

import argparse
import os
import sys

from barque import runtime, shim, supervisor
from barque.linux import files, sealed


def workers(path: str) -> None:
    """The service that copies files and applies layers, each in a process of its own, and holds the network worker."""
    from barque.layers.worker import HANDLERS as LAYERS
    from barque.networks import worker as networks
    from barque.volumes.worker import HANDLERS as VOLUMES

    supervisor.serve(path, {**LAYERS, **VOLUMES, "reap": shim.reap}, {"network": networks.serve})


def entry() -> None:
    try:
        sealed.seal()
    except OSError as error:
        print(f"not executed from a read-only mount: {error}", file=sys.stderr)
    files.write("/proc/self/comm", "barque-supervis")  # the kernel took the name of the descriptor
    options = argparse.ArgumentParser("barque-supervisor", description="The fork server of a barqued.")
    options.add_argument("--exec-root", default="/run/barque")
    options.add_argument("--warm", default="", help="capabilities, comma separated, whose filter is compiled at once")
    chosen = options.parse_args()
    os.makedirs(chosen.exec_root, mode=0o711, exist_ok=True)
    os.chdir("/")
    os.umask(0o022)
    runtime.warm([name for name in chosen.warm.split(",") if name])
    server = supervisor.Server(os.path.join(os.path.abspath(chosen.exec_root), "supervisor.sock"), {"workers": workers})
    server.run(lambda connection, pair: shim.run(connection, pair, server.handle))


if __name__ == "__main__":
    entry()

"""``barque-supervisor``: the composition of the fork server."""

from __future__ import annotations

import argparse
import os

from barque import shim, supervisor
from barque.layers.worker import HANDLERS as LAYERS
from barque.networks import worker as networks
from barque.runtime import default_profile, seccomp
from barque.volumes.worker import HANDLERS as VOLUMES


def entry() -> None:
    options = argparse.ArgumentParser("barque-supervisor", description="The fork server of a barqued.")
    options.add_argument("--exec-root", default="/run/barque")
    options.add_argument("--warm", default="", help="capabilities, comma separated, whose filter is compiled at once")
    chosen = options.parse_args()
    os.makedirs(chosen.exec_root, mode=0o711, exist_ok=True)
    if chosen.warm and seccomp.available():
        seccomp.compile(default_profile(chosen.warm.split(",")))
    handlers = {"task": shim.run, "reap": shim.reap, **LAYERS, **VOLUMES}
    path = os.path.join(chosen.exec_root, "supervisor.sock")
    supervisor.serve(path, handlers, {"network": networks.serve})


if __name__ == "__main__":
    entry()

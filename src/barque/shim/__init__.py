"""One small process per container, forked from the supervisor: its stdio, log, reaping and exit file.

``run(connection, pair, handle)`` is what the supervisor does for a connection. The shim listens on
``<task>/shim.sock`` (start, kill, exec, attach, events ...; the contract is in ARCHITECTURE.md) and outlives everything
above it. When it is killed the kernel kills the container's init with it.
"""

from barque.shim.entry import run
from barque.shim.reap import reap

__all__ = ["reap", "run"]

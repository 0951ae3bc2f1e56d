"""Networks, endpoints, addresses, NAT.

Words: a *network* is a bridge and a pool of addresses; a *sandbox* is one network namespace, kept alive by a bind mount
at ``<exec-root>/netns/<container id>``; an *endpoint* is the address of a container in a network.

Two halves. Deciding is pure and happens in the daemon: ``Pool`` (addresses), ``mac_of``. Doing needs the right to
unshare and happens in the network worker, a child of the supervisor that answers on ``<exec-root>/network.sock``:

    worker.serve(socket_path)            # blocking, single-threaded, until SIGTERM

A worker connection carries any number of request lines, answered in order (``networks/worker.py`` has the operations).
Namespaces are made beforehand, already wired to the bridge, so an attach only sets the address, the route and the MAC.
"""

from barque.networks import worker
from barque.networks.ipam import Pool, mac_of

__all__ = ["Pool", "mac_of", "worker"]

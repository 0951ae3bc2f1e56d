"""The OCI runtime, runc's role: from a runtime-spec to a process in its own namespaces.

    created = create(id, bundle, spec, Stdio(0, 1, 2), None, Cgroup.create("/barque/" + id, resources))
    created.start()                       # returns once the program has been executed
    exec_process(created.pid, spec, process, Stdio(0, 1, 2), None, group).executed()   # "" when it runs

The creator clones (``create``), init sets itself up and waits (``init``), ``start`` lets it become the program
(``process``). The caller is single-threaded: nothing here survives a fork of a threaded process.
"""

from barque.errors import StartError
from barque.runtime.create import Created, Process, Starting, Stdio, create
from barque.runtime.devices import resources
from barque.runtime.exec import exec_process
from barque.runtime.init import Line
from barque.runtime.seccomp_default import default_profile
from barque.runtime.warm import warm

__all__ = [
    "Created",
    "Line",
    "Process",
    "StartError",
    "Starting",
    "Stdio",
    "create",
    "default_profile",
    "exec_process",
    "resources",
    "warm",
]

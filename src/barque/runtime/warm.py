"""What every container needs and none changes, worked out once by the process that all are forked from."""

from __future__ import annotations

import json

from barque.cgroups import hierarchy
from barque.runtime import capabilities, devices, mounting, process, seccomp, signals, users
from barque.runtime.default_spec import default_spec
from barque.runtime.seccomp_default import default_profile

REHEARSALS = 20
"""CPython specialises a function after eight calls, and writes to its code then: better here than in every child."""


def warm(capabilities_of_all: list[str]) -> None:
    """Hierarchies, signals, and the filter that goes with these capabilities; what only decides is rehearsed."""
    hierarchy.here()
    signals.inherited()
    capabilities.inherited()
    program = b""
    if capabilities_of_all and seccomp.available():
        program = seccomp.compile(default_profile(capabilities_of_all))
    text = json.dumps(default_spec())
    for _ in range(REHEARSALS):
        spec = json.loads(text)
        for entry in spec["mounts"]:
            mounting.plan(entry)
        devices.resources(spec)
        devices.wanted(spec)
        process.limits(spec["process"])
        user = users.resolve("root", "root:x:0:0:root:/root:/bin/sh\n", "root:x:0:\n", [])
        process.environment(spec["process"], user)
        process.become(spec["process"], user, capabilities.inherited(), program or None, 0)

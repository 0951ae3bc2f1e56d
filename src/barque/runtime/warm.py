"""What every container needs and none changes, worked out once by the process that all are forked from."""

from __future__ import annotations

from barque.cgroups import hierarchy
from barque.runtime import seccomp, signals
from barque.runtime.seccomp_default import default_profile


def warm(capabilities: list[str]) -> None:
    """Hierarchies, signals, and the filter that goes with these capabilities."""
    hierarchy.here()
    signals.inherited()
    if capabilities and seccomp.available():
        seccomp.compile(default_profile(capabilities))

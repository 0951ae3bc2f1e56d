"""Control groups v1, v2 and hybrid behind one class.

group = Cgroup.create("/barque/<id>", {"memory": {"limit": 64 << 20}, "pids": {"limit": 50}})
clone.clone(flags, cgroup=group.door())   # and the child writes b"0" into group.entrances()
group.stats()["memory"]["usage"]
group.kill()
group.delete()
"""

from barque.cgroups.cgroup import Cgroup
from barque.cgroups.hierarchy import version

__all__ = ["Cgroup", "version"]

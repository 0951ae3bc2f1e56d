"""One container's control group, whatever the version: a directory per v1 hierarchy, or one on v2."""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import Any

from barque.cgroups import devices_bpf, hierarchy, settings, stats
from barque.errors import InvalidArgument
from barque.linux import files

V2_CONTROLLERS = "+cpu +cpuset +io +memory +pids"


class Cgroup:
    """Made with ``create`` or ``open``; ``path`` is relative to the mount points, such as ``/barque/<id>``."""

    def __init__(self, path: str) -> None:
        self.path = "/" + path.strip("/")
        found = hierarchy.here()
        self.unified = found.unified
        if found.unified:
            self.dirs = {"": found.unified + self.path}
        else:
            self.dirs = {name: point + self.path for name, point in found.v1.items()}

    @classmethod
    def create(cls, path: str, resources: dict[str, Any]) -> Cgroup:
        """Make it and apply the OCI ``linux.resources``. Raises InvalidArgument for a value the kernel refuses."""
        self = cls(path)
        try:
            for directory in dict.fromkeys(self.dirs.values()):
                _make(directory)
            if not self.unified and "cpuset" in self.dirs:
                _inherit_cpuset(self.dirs["cpuset"])
            self.update(resources)
            self._apply_devices(resources.get("devices") or [])
        except BaseException:
            self.delete()
            raise
        return self

    @classmethod
    def open(cls, path: str) -> Cgroup:
        return cls(path)

    def _file(self, controller: str, name: str) -> str | None:
        directory = self.dirs.get("" if self.unified else controller)
        return f"{directory}/{name}" if directory else None

    def update(self, resources: dict[str, Any]) -> None:
        """Apply limits to a living group; devices are left as they are."""
        for controller, name, text in (settings.v2 if self.unified else settings.v1)(resources):
            file = self._file(controller, name)
            if file is None or (not self.unified and not os.path.exists(file)):
                continue  # the controller or its feature is not on this machine; the engine has warned
            try:
                files.write(file, text)
            except OSError as error:
                if name.startswith("memory.memsw") or (error.errno == errno.EBUSY and name.startswith("memory.limit")):
                    _retry_memory(self, file, text)
                    continue
                raise InvalidArgument(f"failed to write {text!r} to {name}: {error.strerror}") from error

    def _apply_devices(self, rules: list[dict[str, Any]]) -> None:
        if not rules:
            return
        if self.unified:
            devices_bpf.attach(self.dirs[""], rules)
            return
        if "devices" not in self.dirs:
            return
        opened: dict[str, int] = {}
        try:
            for _, name, text in settings.devices_v1(rules):
                if name not in opened:
                    opened[name] = os.open(f"{self.dirs['devices']}/{name}", os.O_WRONLY | os.O_CLOEXEC)
                os.write(opened[name], text.encode())
        finally:
            for descriptor in opened.values():
                os.close(descriptor)

    def door(self) -> int | None:
        """A descriptor for clone3(2) to give birth inside the group (CLONE_INTO_CGROUP); None on v1, which cannot."""
        return os.open(self.dirs[""], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if self.unified else None

    def entrances(self) -> list[int]:
        """Open ``tasks`` files of the v1 groups: a process with one thread that writes ``0`` there is in. On v2 it was
        born inside, and there are none.

        A thread that moves itself by ``tasks`` is the one case in which the kernel does not hold back every fork and
        exit of the machine (cgroup_procs_write_start): microseconds, where ``cgroup.procs`` takes ten milliseconds.
        """
        if self.unified:
            return []
        places = dict.fromkeys(self.dirs.values())
        return [os.open(f"{directory}/tasks", os.O_WRONLY | os.O_CLOEXEC) for directory in places]

    def procs(self) -> list[int]:
        """All processes, of sub-groups as well, as seen from our pid namespace."""
        directory = self.dirs.get("") or self.dirs.get("pids") or next(iter(self.dirs.values()))
        found: list[int] = []
        for place, _, names in os.walk(directory):
            if "cgroup.procs" in names:
                try:
                    found += map(int, files.read(f"{place}/cgroup.procs").split())
                except OSError:
                    continue
        return found

    def freeze(self) -> None:
        self._freezer("1" if self.unified else "FROZEN")

    def thaw(self) -> None:
        self._freezer("0" if self.unified else "THAWED")

    def _freezer(self, text: str) -> None:
        file = self._file("freezer", "cgroup.freeze" if self.unified else "freezer.state")
        if file:
            files.write(file, text)

    def kill(self) -> None:
        """SIGKILL to every process inside, frozen ones too."""
        if self.unified:
            try:
                files.write(f"{self.dirs['']}/cgroup.kill", "1")
                return
            except OSError:
                pass
        for pid in self.procs():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            self.thaw()
        except OSError:
            pass

    def stats(self) -> dict[str, Any]:
        """Raw numbers of this moment, keys as in ``stats.read``."""
        return stats.read(self.unified, self.dirs)

    def oom_kills(self) -> int:
        """How often the kernel's out-of-memory killer struck inside."""
        file = self._file("memory", "memory.events" if self.unified else "memory.oom_control")
        try:
            for line in files.read(file or "").splitlines():
                word, _, value = line.partition(" ")
                if word == "oom_kill":
                    return int(value)
        except OSError:
            pass
        return 0

    def delete(self) -> None:
        """Remove the directories, sub-groups first. A group that does not exist is fine; EBUSY when processes live."""
        for directory in dict.fromkeys(self.dirs.values()):
            try:
                os.rmdir(directory)
            except FileNotFoundError:
                continue
            except OSError:
                for place, _, _ in sorted(os.walk(directory), reverse=True):
                    _remove(place)


def _remove(directory: str) -> None:
    """rmdir(2). A task that has been waited for leaves its group a moment later (Linux 6.18 unlinks it after the last
    context switch), and nothing tells when: EBUSY is tried again for up to a second, at first without a rest."""
    for attempt in range(2000):
        try:
            os.rmdir(directory)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            if attempt < 20:
                os.sched_yield()
            else:
                time.sleep(0.0005)
    os.rmdir(directory)


def _make(directory: str) -> None:
    try:
        os.mkdir(directory)
    except FileExistsError:
        pass
    except FileNotFoundError:
        parent = os.path.dirname(directory)
        _make(parent)
        if os.path.exists(f"{os.path.dirname(parent)}/cgroup.subtree_control"):
            for level in (os.path.dirname(parent), parent):
                try:
                    files.write(f"{level}/cgroup.subtree_control", V2_CONTROLLERS)
                except OSError:
                    continue
        _make(directory)


def _inherit_cpuset(directory: str) -> None:
    """A v1 cpuset is born empty and takes no process until cpus and mems are set, in its parents too.

    ``cgroup.clone_children`` of the parent makes the kernel do it for the next one.
    """
    parent = os.path.dirname(directory)
    if files.read(f"{directory}/cpuset.mems").strip():
        return
    if parent != hierarchy.here().v1["cpuset"]:
        files.write(f"{parent}/cgroup.clone_children", "1")
    for name in ("cpuset.cpus", "cpuset.mems"):
        if files.read(f"{directory}/{name}").strip():
            continue
        if not files.read(f"{parent}/{name}").strip():
            _inherit_cpuset(parent)
        files.write(f"{directory}/{name}", files.read(f"{parent}/{name}").strip())


def _retry_memory(group: Cgroup, file: str, text: str) -> None:
    """v1 wants limit <= memsw at every moment: raise the other one first, then write both again."""
    directory = group.dirs["memory"]
    other = "memory.limit_in_bytes" if "memsw" in file else "memory.memsw.limit_in_bytes"
    if not os.path.exists(f"{directory}/{other}") or not os.path.exists(file):
        return
    try:
        files.write(f"{directory}/{other}", text)
        files.write(file, text)
    except OSError as error:
        name = os.path.basename(file)
        raise InvalidArgument(f"failed to write {text!r} to {name}: {error.strerror}") from error

"""The mounts of a specification: parsed to flags (pure), then made on targets opened inside the root."""

from __future__ import annotations

import os
import stat
from typing import Any, NamedTuple

from barque.cgroups import hierarchy
from barque.errors import StartError
from barque.linux import files, libc, mounts
from barque.linux.copy_tree import copy_tree
from barque.linux.root import Root

SAFE = mounts.ATTRIBUTES["rnosuid"] | mounts.ATTRIBUTES["rnodev"] | mounts.ATTRIBUTES["rnoexec"]


class Planned(NamedTuple):
    """One mount with its option words sorted out."""

    kind: str
    source: str
    target: str
    flags: int
    propagation: tuple[int, ...]
    data: str
    recursive_set: int = 0
    recursive_clear: int = 0
    copy_up: bool = False


def plan(entry: dict[str, Any]) -> Planned:
    """From an entry of ``mounts`` in the runtime-spec."""
    flags, propagation, data, set_, clear, copy_up = 0, [], [], 0, 0, False
    for word in entry.get("options") or ():
        if word in mounts.FLAGS:
            clears, flag = mounts.FLAGS[word]
            flags = flags & ~flag if clears else flags | flag
        elif word in mounts.PROPAGATION:
            propagation.append(mounts.PROPAGATION[word])
        elif word in mounts.ATTRIBUTES:
            set_ |= mounts.ATTRIBUTES[word]
        elif word in mounts.CLEARED:
            clear |= mounts.CLEARED[word]
        elif word == "tmpcopyup":
            copy_up = True
        else:
            data.append(word)
    kind = entry.get("type") or ""
    if kind == "bind" and not flags & mounts.MS_BIND:
        flags |= mounts.MS_BIND
    return Planned(
        "" if flags & mounts.MS_BIND else kind,
        entry.get("source") or kind,
        entry["destination"],
        flags,
        tuple(propagation),
        ",".join(data),
        set_,
        clear,
        copy_up,
    )


def perform(root: Root, planned: Planned, own_cgroups: bool) -> None:
    """Make one mount; ``own_cgroups`` when the caller is in a cgroup namespace of its own."""
    if planned.kind == "cgroup":
        _cgroup(root, planned, own_cgroups)
        return
    if planned.kind == "tmpfs" and planned.copy_up:
        _tmpfs_with_copy(root, planned)
        return
    is_file = planned.flags & mounts.MS_BIND and not os.path.isdir(planned.source)
    if planned.flags & mounts.MS_BIND and not os.path.exists(planned.source):
        raise StartError(
            f'error mounting "{planned.source}" to rootfs at "{planned.target}": no such file or directory'
        )
    target = root.make_file(planned.target) if is_file else root.make_directory(planned.target)
    _check_target(root, planned, target, bool(is_file))
    try:
        _mount_at(root, planned, target)
    except OSError as error:
        reason = (error.strerror or "").split(": ")[-1].lower()
        raise StartError(f'error mounting "{planned.source}" to rootfs at "{planned.target}": {reason}') from error
    finally:
        os.close(target)


def _check_target(root: Root, planned: Planned, target: int, is_file: bool) -> None:
    if is_file == stat.S_ISDIR(os.fstat(target).st_mode) and planned.flags & mounts.MS_BIND:
        os.close(target)
        raise StartError(
            f'error mounting "{planned.source}" to rootfs at "{planned.target}": not a directory: Are you trying to'
            " mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the"
            " expected type"
        )


def _mount_at(root: Root, planned: Planned, target: int) -> None:
    where = f"/proc/self/fd/{target}"
    if planned.flags & mounts.MS_BIND:
        rec = planned.flags & mounts.MS_REC
        libc.mount(planned.source, where, None, mounts.MS_BIND | rec)
        extra = planned.flags & ~(mounts.MS_BIND | mounts.MS_REC)
        if extra or planned.propagation or planned.recursive_set or planned.recursive_clear:
            fresh = root.open(planned.target)
            try:
                at = f"/proc/self/fd/{fresh}"
                if extra:
                    kept = os.fstatvfs(fresh).f_flag & (mounts.MS_NOSUID | mounts.MS_NODEV | mounts.MS_NOEXEC)
                    libc.mount("", at, None, mounts.MS_BIND | mounts.MS_REMOUNT | extra | kept)
                _finish(planned, fresh, at)
            finally:
                os.close(fresh)
        return
    flags = planned.flags
    libc.mount(planned.source, where, planned.kind, flags, planned.data or None)
    if planned.propagation or planned.recursive_set or planned.recursive_clear:
        fresh = root.open(planned.target)
        try:
            _finish(planned, fresh, f"/proc/self/fd/{fresh}")
        finally:
            os.close(fresh)


def _finish(planned: Planned, fresh: int, at: str) -> None:
    for flag in planned.propagation:
        libc.mount("", at, None, flag)
    if planned.recursive_set or planned.recursive_clear:
        mounts.set_attributes(fresh, planned.recursive_set, planned.recursive_clear)


def _tmpfs_with_copy(root: Root, planned: Planned) -> None:
    """tmpcopyup: a tmpfs that starts with what the directory held."""
    target = root.make_directory(planned.target)
    try:
        where = f"/proc/self/fd/{target}"
        mode = stat.S_IMODE(os.fstat(target).st_mode)
        data = planned.data if "mode=" in planned.data else ",".join(filter(None, [planned.data, f"mode={mode:o}"]))
        held = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        libc.mount(planned.source, where, "tmpfs", planned.flags & ~mounts.MS_RDONLY, data)
        fresh = root.open(planned.target)
        copy_tree(f"/proc/self/fd/{held}/.", f"/proc/self/fd/{fresh}/.")
        if planned.flags & mounts.MS_RDONLY:
            libc.mount("", f"/proc/self/fd/{fresh}", None, mounts.MS_REMOUNT | planned.flags, data)
        os.close(fresh)
        os.close(held)
    finally:
        os.close(target)


def _cgroup(root: Root, planned: Planned, own_namespace: bool) -> None:
    """/sys/fs/cgroup as this container may see it: its own namespace on v2, its part of each hierarchy on v1."""
    found = hierarchy.here()
    read_only = planned.flags & mounts.MS_RDONLY
    safe = mounts.MS_NOSUID | mounts.MS_NODEV | mounts.MS_NOEXEC
    target = root.make_directory(planned.target)
    where = f"/proc/self/fd/{target}"
    if found.unified:
        libc.mount("cgroup", where, "cgroup2", safe | read_only)
        os.close(target)
        return
    libc.mount("tmpfs", where, "tmpfs", safe, "mode=755")
    os.close(target)
    fresh = root.open(planned.target)  # the new tmpfs: nobody but us has been in it
    own = _own_groups()
    for name, point in found.v1.items():
        os.mkdir(name, 0o755, dir_fd=fresh)
        inside = f"/proc/self/fd/{fresh}/{name}"
        if own_namespace:
            libc.mount("cgroup", inside, "cgroup", safe | read_only, name)
        else:
            libc.mount(point + own.get(name, "/"), inside, None, mounts.MS_BIND | mounts.MS_REC)
    mounts.set_attributes(fresh, SAFE | (mounts.ATTRIBUTES["rro"] if read_only else 0))
    os.close(fresh)


def _own_groups() -> dict[str, str]:
    """Controller to the path of this process's v1 group."""
    out = {}
    for line in files.read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            out[controller] = path
    return out

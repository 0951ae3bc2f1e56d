"""The last steps before exec, shared by init and exec: limits, identity, capabilities, seccomp, the program."""

from __future__ import annotations

import array
import fcntl
import os
import resource
import socket
import struct
import termios
from typing import Any

from barque.errors import InvalidArgument, StartError
from barque.linux import files, libc
from barque.runtime import capabilities, seccomp, users
from barque.runtime.program import exec_failed, find_program

TIOCGPTN = 0x80045430
TIOCSPTLCK = 0x40045431
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
LIMITS = {name.removeprefix("RLIMIT_"): getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}


def _read(path: str) -> str:
    try:
        return files.read(path)
    except OSError:
        return ""


def identity(process: dict[str, Any]) -> users.User:
    """Numbers of the process's user; names are looked up in the files of the current root."""
    wanted = process.get("user") or {}
    name = wanted.get("username")
    if name is not None:
        extra = [str(g) for g in wanted.get("groupNames") or ()]
        return users.resolve(name, _read("/etc/passwd"), _read("/etc/group"), extra)
    home = "/"
    for line in _read("/etc/passwd").splitlines():
        row = line.split(":")
        if len(row) > 5 and row[2] == str(wanted.get("uid", 0)):
            home = row[5] or "/"
            break
    return users.User(wanted.get("uid", 0), wanted.get("gid", 0), list(wanted.get("additionalGids") or ()), home)


def terminal(console_socket: int, size: dict[str, int] | None) -> int:
    """A pty of the container's own devpts: the master goes over the socket, the slave becomes the terminal."""
    master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    number = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, b"\0" * 4))[0]
    slave = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if size and size.get("height"):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size["height"], size["width"], 0, 0))
    _send_descriptor(console_socket, f"/dev/pts/{number}", master)
    os.close(master)
    return slave


def _send_descriptor(console_socket: int, name: str, descriptor: int) -> None:
    with socket.socket(fileno=os.dup(console_socket)) as connection:
        rights = array.array("i", [descriptor]).tobytes()
        connection.sendmsg([name.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def controlling(slave: int) -> None:
    """Make the slave stdin, stdout, stderr and the controlling terminal of this (session-leading) process."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(slave, number)


def limits(process: dict[str, Any]) -> None:
    """setrlimit(2) for each of ``process.rlimits`` and the oom score."""
    for limit in process.get("rlimits") or ():
        kind = LIMITS.get(limit["type"].removeprefix("RLIMIT_"))
        if kind is None:
            raise StartError(f"invalid rlimit type: {limit['type']}")
        soft, hard = (-1 if value >= 1 << 63 else value for value in (limit["soft"], limit["hard"]))
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as error:
            raise StartError(f"error setting rlimit type {kind}: {error}".lower()) from error
    score = process.get("oomScoreAdj")
    if score is not None:
        files.write("/proc/self/oom_score_adj", str(score))


def become(process: dict[str, Any], filter_program: bytes | None, pdeathsig: int) -> str:
    """Take on the process's identity, in the order in which the kernel allows it; the path of its program.

    Raises StartError. After this only execve is left.
    """
    try:
        user = identity(process)
    except InvalidArgument as error:
        raise StartError(error.message) from error
    environment = dict(word.partition("=")[::2] for word in process.get("env") or ())
    if not environment.get("HOME"):
        environment["HOME"] = user.home
    process["env"] = [f"{name}={value}" for name, value in environment.items()]
    have = capabilities.available()
    sets = process.get("capabilities") or {}
    if filter_program is not None and not process.get("noNewPrivileges"):
        seccomp.load(filter_program)
    capabilities.drop_bounding(capabilities.mask(sets.get("bounding")), have)
    libc.prctl(capabilities.PR_SET_KEEPCAPS, 1)
    os.setgroups(user.groups)
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    libc.prctl(capabilities.PR_SET_KEEPCAPS, 0)
    _enter(process.get("cwd") or "/")
    umask = (process.get("user") or {}).get("umask")
    os.umask(0o022 if umask is None else umask)
    capabilities.apply(_for_user(sets, user.uid), have)
    libc.prctl(PR_SET_PDEATHSIG, pdeathsig)
    if process.get("noNewPrivileges"):
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1)
        if filter_program is not None:
            seccomp.load(filter_program)
    return find_program(process["args"][0], environment.get("PATH", ""))


def _for_user(sets: dict[str, Any], uid: int) -> dict[str, Any]:
    """A user other than root starts with what exec would leave it: the ambient set."""
    if uid == 0:
        return sets
    ambient = sets.get("ambient") or []
    return {**sets, "effective": ambient, "permitted": ambient} if not sets.get("keep") else sets


def _enter(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise StartError(f'chdir to cwd ("{cwd}") set in config.json failed: {reason}') from error


def execute(process: dict[str, Any], program: str) -> None:
    """execve(2); returns never, raises StartError."""
    environment = [word.encode("utf-8", "surrogateescape") for word in process["env"]]
    pairs = dict(word.partition(b"=")[::2] for word in environment)
    try:
        os.execve(program, process["args"], pairs)
    except OSError as error:
        raise exec_failed(process["args"][0], error) from error

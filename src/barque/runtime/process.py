"""The last steps before exec, shared by init and exec: limits, identity, capabilities, seccomp, the program."""

from __future__ import annotations

import array
import fcntl
import os
import resource
import socket
import struct
import termios
from collections.abc import Callable
from typing import Any, NoReturn

from barque.errors import InvalidArgument, StartError
from barque.linux import files, libc
from barque.runtime import capabilities, seccomp, users
from barque.runtime.program import exec_failed
from barque.runtime.steps import Step

TIOCGPTN = 0x80045430
TIOCSPTLCK = 0x40045431
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
LIMITS = {name.removeprefix("RLIMIT_"): getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}


def identity(process: dict[str, Any], read: Callable[[str], str] = files.read) -> users.User:
    """Numbers of the process's user; names are looked up in the files that ``read`` finds.

    Raises StartError in Docker's words.
    """
    wanted = process.get("user") or {}
    passwd = _or_nothing(read, "/etc/passwd")
    name = wanted.get("username")
    if name is not None:
        extra = [str(g) for g in wanted.get("groupNames") or ()]
        try:
            return users.resolve(name, passwd, _or_nothing(read, "/etc/group"), extra)
        except InvalidArgument as error:
            raise StartError(error.message) from error
    home = "/"
    for line in passwd.splitlines():
        row = line.split(":")
        if len(row) > 5 and row[2] == str(wanted.get("uid", 0)):
            home = row[5] or "/"
            break
    return users.User(wanted.get("uid", 0), wanted.get("gid", 0), list(wanted.get("additionalGids") or ()), home)


def _or_nothing(read: Callable[[str], str], path: str) -> str:
    try:
        return read(path)
    except OSError:
        return ""


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


def limits(process: dict[str, Any]) -> list[Step]:
    """setrlimit(2) for each of ``process.rlimits``, and the oom score. Raises StartError for a name nobody knows."""
    steps = []
    for limit in process.get("rlimits") or ():
        kind = LIMITS.get(limit["type"].removeprefix("RLIMIT_"))
        if kind is None:
            raise StartError(f"invalid rlimit type: {limit['type']}")
        soft, hard = (-1 if value >= 1 << 63 else value for value in (limit["soft"], limit["hard"]))
        steps.append(Step(resource.setrlimit, (kind, (soft, hard)), f"error setting rlimit type {kind}: {{}}"))
    score = process.get("oomScoreAdj")
    if score is not None:
        steps.append(Step(files.write, ("/proc/self/oom_score_adj", str(score)), "failed to set oom_score_adj: {}"))
    return steps


def environment(process: dict[str, Any], user: users.User) -> dict[str, str]:
    """``process.env``, with a HOME."""
    pairs = dict(word.partition("=")[::2] for word in process.get("env") or ())
    if not pairs.get("HOME"):
        pairs["HOME"] = user.home
    return pairs


def become(
    process: dict[str, Any], user: users.User, have: int, filter_program: bytes | None, pdeathsig: int
) -> list[Step]:
    """Take on the process's identity, in the order in which the kernel allows it. After this only execve is left.

    ``have`` is the bounding set now.
    """
    sets = process.get("capabilities") or {}
    quiet = bool(process.get("noNewPrivileges"))
    load = [seccomp.step(filter_program)] if filter_program is not None else []
    cwd = process.get("cwd") or "/"
    umask = (process.get("user") or {}).get("umask")
    return [
        *([] if quiet else load),
        *capabilities.drop_bounding(capabilities.mask(sets.get("bounding")), have),
        Step(libc.raw_prctl, (capabilities.PR_SET_KEEPCAPS, 1, 0, 0, 0)),
        Step(os.setgroups, (user.groups,), "setgroups: {}"),
        Step(os.setresgid, (user.gid, user.gid, user.gid), "setgid: {}"),
        Step(os.setresuid, (user.uid, user.uid, user.uid), "setuid: {}"),
        Step(libc.raw_prctl, (capabilities.PR_SET_KEEPCAPS, 0, 0, 0, 0)),
        Step(os.chdir, (cwd,), f'chdir to cwd ("{_braces(cwd)}") set in config.json failed: {{}}'),
        Step(os.umask, (0o022 if umask is None else umask,)),
        *capabilities.apply(_for_user(sets, user.uid), have),
        Step(libc.raw_prctl, (PR_SET_PDEATHSIG, pdeathsig, 0, 0, 0)),
        *([Step(libc.raw_prctl, (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)), *load] if quiet else []),
    ]


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _for_user(sets: dict[str, Any], uid: int) -> dict[str, Any]:
    """A user other than root starts with what exec would leave it: the ambient set."""
    if uid == 0:
        return sets
    ambient = sets.get("ambient") or []
    return {**sets, "effective": ambient, "permitted": ambient} if not sets.get("keep") else sets


def execute(process: dict[str, Any], program: str, pairs: dict[str, str]) -> NoReturn:
    """execve(2). Raises StartError."""
    try:
        os.execve(program, process["args"], pairs)
    except OSError as error:
        raise exec_failed(process["args"][0], error) from error

"""``top``: the processes of a container, in ps's columns, read from /proc."""

from __future__ import annotations

import asyncio
import os
import pwd
import time
from typing import Any

from barque.errors import InvalidArgument

TITLES = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
TICK = os.sysconf("SC_CLK_TCK")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _terminal(number: int) -> str:
    major, minor = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
    if not number:
        return "?"
    return f"pts/{minor + (major - 136) * 256}" if 136 <= major < 144 else f"tty{minor}"


def row(pid: int, boot: float) -> list[str] | None:
    """One line of ``ps -ef``; None when the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            name, _, rest = file.read().partition("(")[2].rpartition(")")
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            command = line.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        owner = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    words = rest.split()
    used = (int(words[11]) + int(words[12])) // TICK
    started = boot + int(words[19]) / TICK
    lived = max(time.time() - started, 1)
    form = "%H:%M" if time.time() - started < 86400 else "%b%d"
    return [
        _user(owner),
        str(pid),
        words[1],
        str(int(100 * used / lived)),
        time.strftime(form, time.localtime(started)),
        _terminal(int(words[4])),
        f"{used // 3600:02}:{used // 60 % 60:02}:{used % 60:02}",
        command or f"[{name}]",
    ]


def table(pids: list[int]) -> dict[str, Any]:
    """``{"Titles", "Processes"}`` of those that still live."""
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    rows = [found for pid in sorted(pids) if (found := row(pid, boot)) is not None]
    return {"Titles": TITLES, "Processes": rows}


async def by_ps(pids: list[int], arguments: str) -> dict[str, Any]:
    """What ``ps`` prints with other arguments, cut down to the container's processes."""
    process = await asyncio.create_subprocess_exec(
        "ps", *arguments.split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, problem = await process.communicate()
    if process.returncode:
        raise InvalidArgument(f"ps: {problem.decode(errors='replace').strip()}")
    lines = out.decode("utf-8", "replace").splitlines()
    titles = lines[0].split()
    if "PID" not in titles:
        raise InvalidArgument("Couldn't find PID field in ps output")
    column = titles.index("PID")
    rows = [line.split(None, len(titles) - 1) for line in lines[1:]]
    kept = [row for row in rows if len(row) > column and row[column].isdigit() and int(row[column]) in pids]
    return {"Titles": titles, "Processes": kept}

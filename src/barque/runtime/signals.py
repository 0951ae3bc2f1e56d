"""What a program must not inherit from us: ignored and blocked signals. Handlers end with execve anyhow (signal(7))."""

from __future__ import annotations

import signal
from functools import lru_cache

from barque.linux import files


@lru_cache(maxsize=1)
def inherited() -> tuple[tuple[int, ...], bool]:
    """The signals this process ignores, and whether it blocks any; read once (proc(5), SigIgn and SigBlk)."""
    rows = dict(line.split(":\t", 1) for line in files.read("/proc/self/status").splitlines() if ":\t" in line)
    ignored = int(rows["SigIgn"], 16)
    return tuple(n for n in range(1, signal.NSIG) if ignored >> (n - 1) & 1), int(rows["SigBlk"], 16) != 0


def reset() -> None:
    """Default dispositions and an empty mask."""
    ignored, blocking = inherited()
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    if blocking:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

"""What a program must not inherit from us: ignored and blocked signals. Handlers end with execve anyhow (signal(7))."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal.signal without its detour through enums
import signal
from functools import lru_cache

from barque.linux import files
from barque.runtime.steps import Step


@lru_cache(maxsize=1)
def inherited() -> tuple[tuple[int, ...], bool]:
    """The signals this process ignores, and whether it blocks any; read once (proc(5), SigIgn and SigBlk)."""
    rows = dict(line.split(":\t", 1) for line in files.read("/proc/self/status").splitlines() if ":\t" in line)
    ignored = int(rows["SigIgn"], 16)
    return tuple(n for n in range(1, signal.NSIG) if ignored >> (n - 1) & 1), int(rows["SigBlk"], 16) != 0


def steps() -> list[Step]:
    """Default dispositions and an empty mask."""
    ignored, blocking = inherited()
    unblock = [Step(signal.pthread_sigmask, (signal.SIG_SETMASK, []))] if blocking else []
    return [*(Step(_signal.signal, (number, _signal.SIG_DFL)) for number in ignored), *unblock]

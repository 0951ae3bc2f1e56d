"""The shim's loop: descriptors and who is called when something can be read or written. Small, because every shim pays
for what it touches (``selectors`` alone is a third of a megabyte)."""

from __future__ import annotations

import select
from collections.abc import Callable

READ = 1
WRITE = 2
GONE = 4
Callback = Callable[[int, int], None]
"""Called with the descriptor and what happened: bits of READ, WRITE and, when the other side has closed, GONE too."""

_IN = select.EPOLLIN
_OUT = select.EPOLLOUT
_HUP = select.EPOLLHUP | select.EPOLLERR


class Loop:
    def __init__(self) -> None:
        self._poll = select.epoll()
        self._watched: dict[int, tuple[int, Callback]] = {}

    def watch(self, descriptor: int, events: int, callback: Callback) -> None:
        """From now on; it replaces what was watched for before. Without events, only the other side's end is told."""
        before = self._watched.get(descriptor)
        mask = (_IN if events & READ else 0) | (_OUT if events & WRITE else 0)
        if before is None:
            self._poll.register(descriptor, mask)
        elif before[0] != events:
            self._poll.modify(descriptor, mask)
        self._watched[descriptor] = (events, callback)

    def forget(self, descriptor: int) -> None:
        """To be called before it is closed; one that is not watched is fine."""
        if self._watched.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def once(self, timeout: float | None) -> None:
        """Wait for something, and call who waits for it; at most ``timeout`` seconds."""
        happened = [(d, mask, self._watched[d]) for d, mask in self._poll.poll(timeout) if d in self._watched]
        for descriptor, mask, entry in happened:
            if self._watched.get(descriptor) is entry:  # nobody called before it has let go of it
                events = (READ if mask & ~_OUT else 0) | (WRITE if mask & ~_IN else 0) | (GONE if mask & _HUP else 0)
                entry[1](descriptor, events)

"""The daemon's progress lines: in place with bars on a terminal, one after the other elsewhere."""

from __future__ import annotations

import os

from barque.cli.failure import Failure
from barque.cli.session import write
from barque.cli.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Json = dict[str, Any]

_BAR = 50


def bar(detail: Json, columns: int) -> str:
    """``[=====>    ]  1.2MB/3.4MB``; without a total only how much."""
    current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
    if current <= 0 and total <= 0:
        return ""
    if detail.get("units"):
        return f"{current}/{total} {detail['units']}" if total > 0 else f"{current} {detail['units']}"
    shown = decimal_size(current)
    if total <= 0:
        return f"{shown:>8}"
    done = ""
    if columns > 110:
        filled = min(_BAR, current * 100 // total // 2)
        done = "[" + "=" * filled + ">" + " " * max(_BAR - filled, 0) + "] "
    return f"{done}{shown:>8}/{decimal_size(total)}" if current <= total else f"{shown:>8}"


def _line(message: Json, terminal: bool, columns: int) -> str:
    stamp = f"{message['time']} " if "time" in message else ""
    identity = f"{message['id']}: " if message.get("id") else ""
    source = f"(from {message['from']}) " if message.get("from") else ""
    detail = message.get("progressDetail") or {}
    if terminal and detail:
        return f"{stamp}{identity}{source}{message.get('status', '')} {bar(detail, columns)}"
    if message.get("progress"):
        return f"{stamp}{identity}{source}{message.get('status', '')} {message['progress']}"
    return f"{stamp}{identity}{source}{message.get('status', '')}"


def show(
    messages: Iterator[Json],
    descriptor: int = 1,
    quiet: bool = False,
    aux: Callable[[Any], None] | None = None,
) -> None:
    """Until the end. Raises ``Failure`` for an error among them."""
    terminal = os.isatty(descriptor)
    columns = os.get_terminal_size(descriptor).columns if terminal else 0
    rows: dict[str, int] = {}
    for message in messages:
        problem = message.get("errorDetail") or {}
        if problem or message.get("error"):
            raise Failure(str(problem.get("message") or message.get("error")), int(problem.get("code") or 1))
        if "aux" in message:
            if aux is not None:
                aux(message["aux"])
            continue
        if quiet:
            continue
        if "stream" in message:
            write(descriptor, str(message["stream"]))
            continue
        identity = str(message.get("id") or "")
        moving = bool(message.get("progressDetail")) or bool(message.get("progress"))
        if not terminal:
            if not moving:
                write(descriptor, _line(message, False, 0) + "\n")
        elif identity and (moving or identity in rows or "progressDetail" in message):
            _in_place(rows, identity, _line(message, True, columns), descriptor)
        else:
            rows.clear()
            write(descriptor, _line(message, True, columns) + "\n")


def _in_place(rows: dict[str, int], identity: str, text: str, descriptor: int) -> None:
    if identity not in rows:
        rows[identity] = len(rows)
        write(descriptor, text + "\n")
        return
    up = len(rows) - rows[identity]
    write(descriptor, f"\x1b[{up}A\x1b[2K\r{text}\r\x1b[{up}B")

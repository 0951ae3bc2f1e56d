"""Help pages: of the program, of a noun, of a command."""

from __future__ import annotations

from barque.cli.commands import ALIASES, COMMANDS, NOUNS, SHORT
from barque.cli.session import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from barque.cli.flags import Flag

_COMMON = ("run", "exec", "ps", "pull", "push", "images", "login", "logout", "search", "version", "info")
_WIDTH = 80


def _wrap(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def _default(flag: Flag) -> str:
    value = flag[3]
    if flag[2] == "bool" or isinstance(value, tuple):
        return " (default true)" if value is True else ""
    if value in ("", 0, None):
        return ""
    return f' (default "{value}")' if isinstance(value, str) else f" (default {value})"


def options(table: Sequence[Flag]) -> str:
    """The ``Options:`` block; empty when no flag is shown."""
    shown = sorted((flag for flag in table if flag[4] and flag[2][0] != "="), key=lambda flag: flag[0])
    if not shown:
        return ""
    left = []
    for flag in shown:
        short = f"-{flag[1]}, " if flag[1] else "    "
        left.append(f"  {short}--{flag[0]}" + ("" if flag[2] == "bool" else f" {flag[2]}"))
    column = max(len(text) for text in left) + 3
    lines = ["", "Options:"]
    for text, flag in zip(left, shown, strict=True):
        wrapped = _wrap(flag[4] + _default(flag), max(_WIDTH - column, 24))
        lines.append(text.ljust(column) + wrapped[0])
        lines += [" " * column + line for line in wrapped[1:]]
    return "\n".join(lines) + "\n"


def usage(spelled: str, rest: str, table: Sequence[Flag]) -> str:
    """``Usage:  barque run [OPTIONS] IMAGE ...``."""
    shown = any(flag[4] for flag in table)
    words = [PROGRAM, spelled, "[OPTIONS]" if shown else "", rest]
    return "Usage:  " + " ".join(word for word in words if word)


def command(spelled: str, full: str, rest: str, table: Sequence[Flag]) -> str:
    """The page of one command."""
    names = sorted(
        {full, *(short for short, long in SHORT.items() if long == full)} | {a for a, f in ALIASES.items() if f == full}
    )
    lines = ["", usage(spelled, rest, table), "", COMMANDS[full][1]]
    if len(names) > 1:
        lines += ["", "Aliases:", "  " + ", ".join(f"{PROGRAM} {name}" for name in names)]
    return "\n".join(lines).lstrip("\n") + "\n" + options(table)


def _listing(title: str, entries: list[tuple[str, str]]) -> list[str]:
    column = max(len(name) for name, _ in entries) + 2
    return ["", f"{title}:", *(f"  {name.ljust(column)}{summary}" for name, summary in entries)]


def noun(name: str) -> str:
    """The page of a management command."""
    entries = [
        (full.split(" ")[1], entry[1]) for full, entry in COMMANDS.items() if full.startswith(name + " ") and entry[1]
    ]
    lines = [f"Usage:  {PROGRAM} {name} COMMAND", "", NOUNS[name], *_listing("Commands", entries)]
    lines += ["", f"Run '{PROGRAM} {name} COMMAND --help' for more information on a command."]
    return "\n".join(lines) + "\n"


def program(table: Sequence[Flag]) -> str:
    """The page of the program."""
    top = {name: COMMANDS[full][1] for name, full in SHORT.items()}
    top.update({name: entry[1] for name, entry in COMMANDS.items() if " " not in name})
    lines = [f"Usage:  {PROGRAM} [OPTIONS] COMMAND", "", "A container engine that speaks Docker's language"]
    lines += _listing("Common Commands", [(name, top[name]) for name in _COMMON])
    lines += _listing("Management Commands", sorted(NOUNS.items()))
    lines += _listing("Commands", sorted((name, text) for name, text in top.items() if name not in _COMMON))
    text = "\n".join(lines) + "\n" + options(table).replace("\nOptions:", "\nGlobal Options:", 1)
    return text + f"\nRun '{PROGRAM} COMMAND --help' for more information on a command.\n"

"""Flags as pflag reads them, driven by a table.

A table is a tuple of ``(name, short, kind, default, help)``. ``kind`` is the word help shows: ``bool``, ``string``,
``int``, ``uint16``, ``bytes``, ``duration``, ``decimal``, or any other word for a value that is taken as it
is. A tuple as the default makes a flag that may be repeated, into a list. A name with the kind ``=other`` is a hidden
spelling of ``other``; a flag without help is hidden.
"""

from __future__ import annotations

from barque.cli.failure import FlagFailure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Flag = tuple[str, str, str, object, str]
    FlagTable = tuple[Flag, ...]

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class Options(dict[str, "Any"]):
    """Flag name to value, defaults filled in. ``changed`` has the names that were given."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()


def _integer(text: str, low: int, high: int, function: str) -> int:
    digits = text.removeprefix("-").removeprefix("+")
    try:
        value = (
            int(text, 0)
            if digits.isalnum() and not (len(digits) > 1 and digits.isdigit() and digits[0] == "0")
            else int(text, 8)
        )
    except ValueError:
        raise ValueError(f'{function}: parsing "{text}": invalid syntax') from None
    if not low <= value <= high:
        raise ValueError(f'{function}: parsing "{text}": value out of range')
    return value


def _decimal(text: str) -> int:
    """Billionths. Docker's ``--cpus``."""
    try:
        top, _, bottom = text.partition("/")
        value = float(top) / float(bottom or "1")
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {text} as a rational number") from None
    billionths = round(value * 1e9, 3)
    if billionths != int(billionths):
        raise ValueError("value is too precise")
    return int(billionths)


def convert(kind: str, text: str) -> Any:
    """The value of ``text`` for a scalar kind. Raises ``ValueError`` with pflag's reason."""
    if kind == "bool":
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
    if kind == "int":
        return _integer(text, -(2**63), 2**63 - 1, "strconv.ParseInt")
    if kind == "uint16":
        return _integer(text, 0, 65535, "strconv.ParseUint")
    if kind == "decimal":
        return _decimal(text)
    if kind in ("bytes", "duration"):
        from barque.cli import units

        if kind == "duration":
            return units.parse_duration(text)
        return -1 if text == "-1" else units.parse_size(text)
    return text


def shown(flag: Flag) -> str:
    """``-m, --memory``."""
    return f"-{flag[1]}, --{flag[0]}" if flag[1] else f"--{flag[0]}"


class _Reader:
    def __init__(self, table: Sequence[Flag], interspersed: bool) -> None:
        self._by_name = {flag[0]: flag for flag in table}
        self._by_letter = {flag[1]: flag for flag in table if flag[1]}
        self._interspersed = interspersed
        self.options = Options()
        for flag in table:
            if flag[2][0] != "=":
                self.options[flag[0]] = [] if isinstance(flag[3], tuple) else flag[3]

    def _set(self, flag: Flag, text: str) -> None:
        if flag[2][0] == "=":
            self.options.changed.add(flag[0])
            flag = self._by_name[flag[2][1:]]
        try:
            value = convert(flag[2], text)
        except ValueError as error:
            raise invalid(shown(flag), text, str(error)) from None
        if isinstance(flag[3], tuple):
            self.options[flag[0]].append(value)
        else:
            self.options[flag[0]] = value
        self.options.changed.add(flag[0])

    def _is_bool(self, flag: Flag) -> bool:
        return flag[2] == "bool" or (flag[2][0] == "=" and self._by_name[flag[2][1:]][2] == "bool")

    def _long(self, word: str, rest: list[str]) -> None:
        name, equals, value = word[2:].partition("=")
        if not name or name[0] in "-=":
            raise FlagFailure(f"bad flag syntax: {word}")
        flag = self._by_name.get(name)
        if flag is None:
            if name == "help":
                self.options.changed.add("help")
                return
            raise FlagFailure(f"unknown flag: --{name}")
        if equals:
            self._set(flag, value)
        elif self._is_bool(flag):
            self._set(flag, "true")
        elif rest:
            self._set(flag, rest.pop())
        else:
            raise FlagFailure(f"flag needs an argument: --{name}")

    def _letters(self, word: str, rest: list[str]) -> None:
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = self._by_letter.get(letter)
            if flag is None:
                if letter == "h":
                    self.options.changed.add("help")
                    return
                raise FlagFailure(f"unknown shorthand flag: '{letter}' in {word}")
            if letters.startswith("="):
                self._set(flag, letters[1:])
                return
            if self._is_bool(flag):
                self._set(flag, "true")
            elif letters:
                self._set(flag, letters)
                return
            elif rest:
                self._set(flag, rest.pop())
            else:
                raise FlagFailure(f"flag needs an argument: '{letter}' in {word}")

    def read(self, words: Sequence[str]) -> list[str]:
        rest = list(reversed(words))
        arguments: list[str] = []
        while rest:
            word = rest.pop()
            if len(word) < 2 or word[0] != "-":
                arguments.append(word)
                if not self._interspersed:
                    break
            elif word == "--":
                break
            elif word[1] == "-":
                self._long(word, rest)
            else:
                self._letters(word, rest)
        return arguments + rest[::-1]


def parse(table: Sequence[Flag], words: Sequence[str], interspersed: bool = True) -> tuple[Options, list[str]]:
    """Options and arguments. ``--help`` (and ``-h`` where no flag has it) only puts ``help`` into ``changed``.

    Raises ``FlagFailure``.
    """
    reader = _Reader(table, interspersed)
    arguments = reader.read(words)
    return reader.options, arguments

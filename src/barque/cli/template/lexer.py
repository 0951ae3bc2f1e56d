"""Template text to tokens: ``("text", s)`` outside actions; words and literals between ``{{`` and ``}}`` inside."""

from __future__ import annotations

from barque.cli.template.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Token = tuple[str, str, int, int]
    """Kind, value, and where in the text it begins and ends."""

_SPACE = " \t\r\n"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"', "'": "'"}
_HEX = {"x": 2, "u": 4, "U": 8}


def tokens(text: str) -> list[Token]:
    """Raises ``ParseError``."""
    found: list[Token] = []
    position = 0
    trim_next = False
    while True:
        start = text.find("{{", position)
        plain = text[position:] if start < 0 else text[position:start]
        if trim_next:
            plain = plain.lstrip(_SPACE)
        trimmed_left = (
            start >= 0 and text[start + 2 : start + 3] == "-" and text[start + 3 : start + 4] in tuple(_SPACE)
        )
        if trimmed_left:
            plain = plain.rstrip(_SPACE)
        if plain:
            found.append(("text", plain, 0, 0))
        if start < 0:
            return found
        position, trim_next = _action(text, start + 2 + (2 if trimmed_left else 0), found)


def _action(text: str, position: int, found: list[Token]) -> tuple[int, bool]:
    if text.startswith("/*", position):
        end = text.find("*/", position)
        if end < 0:
            raise ParseError("unclosed comment")
        position = end + 2
        while text[position : position + 1] in tuple(_SPACE):
            position += 1
        if text.startswith("-}}", position):
            return position + 3, True
        if not text.startswith("}}", position):
            raise ParseError("comment ends before closing delimiter")
        return position + 2, False
    found.append(("{{", "", 0, 0))
    while True:
        space = position
        while text[position : position + 1] in tuple(_SPACE):
            position += 1
        if text.startswith("-}}", position) and position > space:
            found.append(("}}", "", 0, 0))
            return position + 3, True
        if text.startswith("}}", position):
            found.append(("}}", "", 0, 0))
            return position + 2, False
        if position >= len(text):
            raise ParseError("unclosed action")
        if position > space:
            found.append(("space", "", 0, 0))
        pairs: list[tuple[str, str]] = []
        start, position = position, _one(text, position, pairs)
        found += [(kind, value, start, position) for kind, value in pairs]


def _one(text: str, position: int, found: list[tuple[str, str]]) -> int:
    character = text[position]
    if character == '"':
        value, position = _string(text, position + 1)
        found.append(("string", value))
    elif character == "`":
        end = text.find("`", position + 1)
        if end < 0:
            raise ParseError("unterminated raw quoted string")
        found.append(("string", text[position + 1 : end]))
        position = end + 1
    elif character == "'":
        return _character(text, position, found)
    elif text.startswith(":=", position):
        found.append((":=", ""))
        position += 2
    elif character in "=|(),":
        found.append((character, ""))
        position += 1
    elif character in ".$" or character == "_" or character.isalpha():
        return _word(text, position, found)
    elif character.isdigit() or character in "+-":
        end = position + 1
        while end < len(text) and (
            text[end].isalnum() or text[end] in "._" or (text[end] in "+-" and text[end - 1] in "eE")
        ):
            end += 1
        found.append(("number", text[position:end]))
        position = end
    else:
        raise ParseError(
            f"unexpected {character!r} in command".replace("'", '"')
            if character == '"'
            else f"unrecognized character in action: U+{ord(character):04X} '{character}'"
        )
    return position


def _character(text: str, position: int, found: list[tuple[str, str]]) -> int:
    end = position + 1
    while end < len(text) and text[end] != "'":
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise ParseError("unterminated character constant")
    value, _ = _string(text[:end] + '"', position + 1)
    if len(value) != 1:
        raise ParseError(f"malformed character constant: {text[position : end + 1]}")
    found.append(("number", str(ord(value))))
    return end + 1


def _word(text: str, position: int, found: list[tuple[str, str]]) -> int:
    end = position + 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = text[position:end]
    if end < len(text) and text[end] not in ' \t\r\n.,|:=()}$`"-':
        raise ParseError(f"bad character U+{ord(text[end]):04X} '{text[end]}'")
    if word == ".":
        if text[end : end + 1] == ".":
            raise ParseError("unexpected <.> in operand")
        kind = "dot"
    elif word[0] == ".":
        if word[1].isdigit():
            raise ParseError(f"bad number syntax: {word!r}".replace("'", '"'))
        kind, word = "field", word[1:]
    elif word[0] == "$":
        kind = "variable"
    else:
        kind = "word"
    found.append((kind, word))
    return end


def _string(text: str, position: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        if position >= len(text) or text[position] == "\n":
            raise ParseError("unterminated quoted string")
        character = text[position]
        position += 1
        if character == '"':
            return "".join(parts), position
        if character != "\\":
            parts.append(character)
            continue
        escape = text[position : position + 1]
        position += 1
        if escape in _HEX:
            width = _HEX[escape]
            digits = text[position : position + width]
            try:
                parts.append(chr(int(digits, 16)))
            except ValueError:
                raise ParseError("invalid syntax") from None
            position += width
        elif escape in _ESCAPES:
            parts.append(_ESCAPES[escape])
        else:
            raise ParseError("invalid syntax")

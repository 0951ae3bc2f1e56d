"""One line of comma-separated values, quotes as in RFC 4180."""

from __future__ import annotations


def fields(text: str) -> list[str]:
    """Raises ``ValueError``."""
    found: list[str] = []
    position = 0
    while True:
        if text[position : position + 1] == '"':
            value = ""
            position += 1
            while True:
                end = text.find('"', position)
                if end < 0:
                    raise ValueError('parse error: extraneous or missing " in quoted-field')
                value += text[position:end]
                position = end + 1
                if text[position : position + 1] != '"':
                    break
                value += '"'
                position += 1
            if text[position : position + 1] not in ("", ","):
                raise ValueError('parse error: extraneous or missing " in quoted-field')
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            value = text[position:end]
            if '"' in value:
                raise ValueError('parse error: bare " in non-quoted-field')
            position = end
        found.append(value)
        if position >= len(text):
            return found
        position += 1

"""The grammar of image names, as far as a client has to know it before it asks the daemon."""

from __future__ import annotations

from barque.cli.failure import Failure

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_TAG = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_HEX = frozenset("0123456789abcdef")
_INVALID = "invalid reference format"


def _component(text: str) -> bool:
    """Lower-case letters and digits, joined by one dot, one or two underscores, or dashes."""
    if not text or text[0] not in _LOWER or text[-1] not in _LOWER:
        return False
    run = ""
    for character in text:
        if character in _LOWER:
            if run and run not in (".", "_", "__") and run.strip("-"):
                return False
            run = ""
        elif character in "._-":
            run += character
        else:
            return False
    return True


def _digest(text: str) -> bool:
    algorithm, colon, digits = text.partition(":")
    return bool(algorithm and colon and len(digits) >= 32 and _HEX.issuperset(digits))


def check(name: str) -> None:
    """Raises ``Failure`` with the reason."""
    if len(name) == 64 and _HEX.issuperset(name):
        raise Failure(f"{_INVALID}: cannot specify 64-byte hexadecimal strings")
    rest, at, digest = name.partition("@")
    first, slash, path = rest.partition("/")
    domain = ""
    if slash and (any(mark in first for mark in ".:") or first == "localhost" or first != first.lower()):
        domain, rest = first, path
    repository, colon, tag = rest.partition(":")
    if domain and not all(c.isalnum() or c in ".-:[]_" for c in domain):
        raise Failure(_INVALID)
    if repository != repository.lower():
        shown = repository if "/" in repository or domain else f"library/{repository}"
        if all(_component(part) for part in repository.lower().split("/")):
            raise Failure(f"{_INVALID}: repository name ({shown}) must be lowercase")
    if not all(_component(part) for part in repository.split("/")):
        raise Failure(_INVALID)
    if colon and not (tag and len(tag) <= 128 and tag[0] not in ".-" and _TAG.issuperset(tag)):
        raise Failure(_INVALID)
    if at and not _digest(digest):
        raise Failure(_INVALID)

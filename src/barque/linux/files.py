"""Small files of the kernel and of the run state, read and written in one call each: no buffer, no codec, no object."""

from __future__ import annotations

import os

LIMIT = 1 << 20


def read(path: str) -> str:
    """The first mebibyte; bytes outside UTF-8 survive as surrogates."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, LIMIT).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)


def write(path: str, text: str) -> None:
    """Into a file that exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)


def make(path: str, data: bytes, mode: int = 0o644) -> None:
    """A new file, or an old one with new content."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)

"""Content digests as text: ``sha256:<64 lower-case hex digits>`` (OCI image-spec, descriptor.md)."""

from __future__ import annotations

import hashlib
import re

from barque.errors import InvalidArgument

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile(r"[0-9a-f]+")


def sha256(data: bytes) -> str:
    """The digest of ``data``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def check(text: str) -> str:
    """``text`` when it is a digest of a known algorithm. Raises ``InvalidArgument`` in the words of go-digest."""
    if not _FORM.fullmatch(text):
        raise InvalidArgument("invalid checksum digest format")
    algorithm, _, encoded = text.partition(":")
    if algorithm not in _LENGTHS:
        raise InvalidArgument("unsupported digest algorithm")
    if len(encoded) != _LENGTHS[algorithm]:
        raise InvalidArgument("invalid checksum digest length")
    if not _HEX.fullmatch(encoded):
        raise InvalidArgument("invalid checksum digest format")
    return text


def is_digest(text: object) -> bool:
    """Whether ``text`` is a valid digest; never raises, takes anything found in untrusted JSON."""
    if not isinstance(text, str):
        return False
    try:
        check(text)
    except InvalidArgument:
        return False
    return True


def encoded(digest: str) -> str:
    """The hex digits of a digest."""
    return digest.partition(":")[2]


def chain_ids(diff_ids: list[str]) -> list[str]:
    """One chain id for each layer, bottom first (image-spec config.md, "Layer ChainID")."""
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(sha256(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain

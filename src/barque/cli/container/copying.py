"""What ``cp`` means: names and places as ``cp -a`` would have them, archives in and out."""

from __future__ import annotations

import os
import tarfile
import tempfile

from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any

    Json = dict[str, Any]

# Go's FileMode bits, as the API gives them
_DIRECTORY = 1 << 31
_LINK = 1 << 27


def is_directory(mode: int) -> bool:
    return bool(mode & _DIRECTORY)


def is_link(mode: int) -> bool:
    return bool(mode & _LINK)


def contents_only(path: str) -> bool:
    """``dir/.``: what is in it, not itself."""
    return path == "." or path.endswith("/.")


def keep_trailing(given: str, resolved: str) -> str:
    """``resolved`` with the slash or dot ``given`` ended with: they mean something."""
    if contents_only(given):
        return resolved.rstrip("/") + "/."
    return resolved.rstrip("/") + "/" if given.endswith("/") else resolved


def blocks(archive: IO[bytes]) -> Iterator[bytes]:
    while data := archive.read(1 << 18):
        yield data


def spooled(chunks: Iterable[bytes]) -> IO[bytes]:
    """The archive as a file that can be read twice."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    for chunk in chunks:
        archive.write(chunk)
    archive.seek(0)
    return archive


def destination(source: str, path: str, found: Json | None, follow: bool) -> tuple[str, str]:
    """``(folder in the container, name of the copy in it)``; an empty name for the contents of a folder."""
    try:
        is_folder = os.path.isdir(source) and (
            follow or not os.path.islink(source.rstrip("/")) or source.endswith(("/", "/."))
        )
        os.lstat(source)
    except OSError as error:
        raise Failure(f"lstat {os.path.abspath(source)}: {(error.strerror or '').lower()}") from None
    if found is not None and is_directory(found["mode"]):
        if contents_only(source) and is_folder:
            return path, ""
        return path, os.path.basename(os.path.abspath(source))
    if found is not None:
        if is_folder:
            raise Failure("cannot copy directory")
        if path.endswith("/"):
            raise Failure("not a directory")
        return os.path.dirname(path) or "/", os.path.basename(path)
    if path.endswith("/") and not is_folder:
        raise Failure("no such directory")
    cleaned = path.rstrip("/")
    return os.path.dirname(cleaned) or "/", os.path.basename(cleaned)


def packed(source: str, name: str, follow: bool) -> IO[bytes]:
    """A tar of ``source``, called ``name``; an empty name leaves the folder itself out."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    place = os.path.realpath(source) if follow or source.endswith(("/", "/.")) else source.rstrip("/")
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        if name:
            tar.add(place, arcname=name)
        else:
            for entry in sorted(os.listdir(place)):
                tar.add(os.path.join(place, entry), arcname=entry)
    return archive


def _place(first: tarfile.TarInfo, path: str, target: str) -> tuple[str, str]:
    """``(local folder, name of the copy in it)``; an empty name for the contents of a folder."""
    if os.path.isdir(target):
        if contents_only(path) and first.isdir():
            return target, ""
        return target, os.path.basename(first.name.rstrip("/")) if first.name.rstrip("/") not in ("", ".") else ""
    if os.path.exists(target):
        if first.isdir():
            raise Failure("cannot copy directory")
        if target.endswith("/"):
            raise Failure("not a directory")
    elif target.endswith("/") and not first.isdir():
        raise Failure("no such directory")
    cleaned = os.path.abspath(target)
    folder = os.path.dirname(cleaned)
    if not os.path.isdir(folder):
        raise Failure(f'invalid output path: directory "{folder}" does not exist')
    return folder, os.path.basename(cleaned)


def extract(archive: IO[bytes], path: str, target: str, keep_owner: bool) -> None:
    """Unpack what the daemon sent for ``path`` to ``target``, never outside of it. Raises ``Failure``."""
    with tarfile.open(fileobj=archive, mode="r:") as tar:
        first = tar.next()
        if first is None:
            return
        folder, name = _place(first, path, target)
        top = first.name.rstrip("/")

        def renamed(member: tarfile.TarInfo) -> tarfile.TarInfo:
            rest = member.name.rstrip("/")[len(top) :].lstrip("/") if top not in ("", ".") else member.name
            member.name = "/".join(part for part in (name, rest) if part) or "."
            if member.islnk():
                linked = member.linkname.rstrip("/")[len(top) :].lstrip("/")
                member.linkname = "/".join(part for part in (name, linked) if part)
            if not keep_owner:
                member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
            # links may point anywhere inside a container; nothing may be written through them
            if not member.issym():
                _check_inside(folder, member.name)
            if member.islnk():
                _check_inside(folder, member.linkname)
            return member

        tar.extraction_filter = lambda member, _: member  # ours is above; before Python 3.11.4 there were none
        tar.extractall(folder, (renamed(member) for member in tar), numeric_owner=True)


def _check_inside(folder: str, name: str) -> None:
    base = os.path.realpath(folder)
    real = os.path.realpath(os.path.join(base, name))
    if os.path.commonpath((base, real)) != base:
        raise Failure(f'invalid archive: "{name}" would be written outside of "{folder}"')

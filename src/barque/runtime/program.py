"""Finding and executing the program, with runc's words for what stands in the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from barque.errors import StartError


def exec_failed(program: str, error: OSError) -> StartError:
    """The words for execve's refusal of a program that was found."""
    reason = (error.strerror or os.strerror(error.errno or 0)).lower()
    return StartError(f'exec: "{program}": {reason}' if error.errno != errno.ENOEXEC else f"exec {program}: {reason}")


def find_program(name: str, path: str, stat: Callable[[str], os.stat_result] = os.stat) -> str:
    """What exec.LookPath finds inside the current root, or the one ``stat`` looks into. Raises StartError like runc."""
    if "/" in name:
        _check(name, name, stat)
        return name
    for place in path.split(":"):
        candidate = os.path.join(place or ".", name)
        try:
            mode = stat(candidate).st_mode
        except OSError:
            continue
        if mode & 0o170000 != 0o040000 and mode & 0o111:
            return candidate
    raise StartError(f'exec: "{name}": executable file not found in $PATH')


def _check(name: str, candidate: str, stat: Callable[[str], os.stat_result]) -> None:
    try:
        mode = stat(candidate).st_mode
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise StartError(f'exec: "{name}": stat {candidate}: {reason}') from None
    if mode & 0o170000 == 0o040000:
        raise StartError(f'exec: "{name}": is a directory')
    if not mode & 0o111:
        raise StartError(f'exec: "{name}": permission denied')

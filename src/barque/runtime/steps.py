"""What a new process has to do, decided before it is born: a list of calls into C, each with the words for its failure.

A forked Python pays for every object it touches. A list that its parent has made is gone through by one small loop.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from barque.errors import StartError


class Step(NamedTuple):
    """``call(*arguments)`` fails by OSError, or by -1 and errno; ``failure`` has a place for the reason."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    failure: str = "{}"


def perform(steps: Iterable[Step]) -> None:
    """Do them in order. Raises StartError for the first that fails."""
    for call, arguments, failure in steps:
        try:
            if call(*arguments) == -1:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        except (OSError, ValueError) as error:
            raise failed(Step(call, arguments, failure), error) from error


def failed(step: Step, error: OSError | ValueError) -> StartError:
    """The words for a step that could not be done."""
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return StartError(step.failure.format(reason))

"""How a command ends when it does not end well."""

from __future__ import annotations

from barque.client.errors import CannotConnect
from barque.errors import BarqueError


class Failure(Exception):
    """``message`` goes to stderr (nothing when empty), ``code`` is the program's exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class FlagFailure(Failure):
    """A wrong flag or value of one: the usage line follows the message; 125."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 125)


def invalid(flag: str, value: str, reason: str) -> FlagFailure:
    """pflag's text for a value a flag does not take; ``flag`` is ``--name`` or ``-n, --name``."""
    return FlagFailure(f'invalid argument "{value}" for "{flag}" flag: {reason}')


def words(error: BarqueError) -> str:
    """The line for an error that came from the daemon, or from not reaching it."""
    if isinstance(error, CannotConnect):
        return error.message
    return f"Error response from daemon: {error.message}"

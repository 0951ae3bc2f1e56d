"""``--env``, ``--label`` and the files of them."""

from __future__ import annotations

from barque.cli.failure import Failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read_lines(path: str, environment: Mapping[str, str] | None) -> list[str]:
    """The ``NAME=VALUE`` lines of a file; a bare name takes its value from ``environment``. Raises ``Failure``."""
    with open(path, "rb") as file:
        content = file.read()
    found: list[str] = []
    for number, raw in enumerate(content.split(b"\n"), 1):
        line = raw.removesuffix(b"\r")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            text = line.decode().lstrip()
        except UnicodeDecodeError:
            raise Failure(f"invalid env file ({path}): invalid utf8 bytes at line {number}: {line!r}", 125) from None
        if not text or text.startswith("#"):
            continue
        name, equals, _ = text.partition("=")
        if name != name.strip() or any(space in name for space in " \t"):
            raise Failure(f"invalid env file ({path}): variable '{name}' contains whitespaces", 125)
        if not name:
            raise Failure(f"invalid env file ({path}): no variable name on line '{text}'", 125)
        if equals:
            found.append(text)
        elif environment is not None and name in environment:
            found.append(f"{name}={environment[name]}")
        elif environment is None:
            found.append(name)
    return found


def env(
    files: Iterable[str], given: Iterable[str], environment: Mapping[str, str], flag: str = "-e, --env"
) -> list[str]:
    """Files first, then flags; a bare name takes the client's own value, or removes the image's when there is none."""
    found = [line for path in files for line in read_lines(path, environment)]
    for text in given:
        name, equals, _ = text.partition("=")
        if not name:
            raise invalid(flag, text, f"invalid environment variable: {text}")
        if equals:
            found.append(text)
        elif name in environment:
            found.append(f"{name}={environment[name]}")
        else:
            found.append(name)
    return found


def labels(files: Iterable[str], given: Iterable[str], flag: str = "-l, --label") -> dict[str, str]:
    """Name to value, empty for a bare name."""
    lines = [line for path in files for line in read_lines(path, None)]
    for text in given:
        if not text.partition("=")[0].strip():
            raise invalid(flag, text, f"invalid label '{text}': empty name")
        lines.append(text)
    return {name: value for name, _, value in (line.partition("=") for line in lines)}

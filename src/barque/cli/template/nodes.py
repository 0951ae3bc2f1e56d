"""The parsed template: operands make a command, commands a pipeline, each given the value of the one before."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Text:
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Literal:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Dot:
    __slots__ = ()


class Variable:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Fields:
    """``.A.B`` of ``of``. ``position`` is the second name's where there is one: Go counts so."""

    __slots__ = ("names", "of", "position")

    def __init__(self, of: Any, names: list[str], position: int) -> None:
        self.of = of
        self.names = names
        self.position = position

    def __str__(self) -> str:
        head = self.of.name if isinstance(self.of, Variable) else ""
        return head + "".join(f".{name}" for name in self.names)


class Command:
    """Operands: a function or method with its arguments, or one value."""

    __slots__ = ("operands", "position", "text")

    def __init__(self, operands: list[Any], position: int, text: str) -> None:
        self.operands = operands
        self.position = position
        self.text = text


class Pipeline:
    """``$x, $y := command | command``; ``declares`` tells ``:=`` from ``=``."""

    __slots__ = ("commands", "declares", "variables")

    def __init__(self, commands: list[Command], variables: list[str], declares: bool) -> None:
        self.commands = commands
        self.variables = variables
        self.declares = declares


class Action:
    __slots__ = ("pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline


class Branch:
    """``if``, ``with`` or ``range`` (``kind``), with what is done when the value is empty."""

    __slots__ = ("body", "kind", "otherwise", "pipeline")

    def __init__(self, kind: str, pipeline: Pipeline, body: list[Any], otherwise: list[Any]) -> None:
        self.kind = kind
        self.pipeline = pipeline
        self.body = body
        self.otherwise = otherwise


class Jump:
    """``break`` or ``continue``."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

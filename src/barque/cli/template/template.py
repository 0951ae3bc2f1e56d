"""A parsed template and its evaluation."""

from __future__ import annotations

from barque.cli.template import nodes
from barque.cli.template.errors import ParseError, TemplateError
from barque.cli.template.functions import FUNCTIONS
from barque.cli.template.lexer import tokens
from barque.cli.template.parser import Parser
from barque.cli.template.values import MISSING, NIL_TEXTS, Missing, Nil, Record, kind, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_NOTHING = object()
MAP = "map"
"""``strict`` for data that is only JSON: a key that is not there is an error that says so."""


class _Jump(Exception):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Template:
    """Rendered any number of times; ``functions`` may replace built-in ones."""

    def __init__(self, body: list[Any], functions: Mapping[str, Callable[..., Any]], strict: str) -> None:
        self._body = body
        self._functions = functions
        self._strict = strict

    def render(self, data: Any) -> str:
        """Raises ``TemplateError``."""
        out: list[str] = []
        try:
            _Run(self._functions, data, out, self._strict).walk(self._body, data)
        except TemplateError as error:
            error.partial = "".join(out)
            raise
        except RecursionError:
            raise TemplateError("exceeded maximum template depth") from None
        return "".join(out)


class _Run:
    def __init__(
        self, functions: Mapping[str, Callable[..., Any]], data: Any, out: list[str], strict: str = ""
    ) -> None:
        self._functions = functions
        self._strict = strict
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._out = out

    def walk(self, body: list[Any], dot: Any) -> None:
        for node in body:
            if isinstance(node, nodes.Text):
                self._out.append(node.text)
            elif isinstance(node, nodes.Action):
                value = self._pipeline(node.pipeline, dot)
                if not node.pipeline.variables:
                    self._out.append(text(value))
            elif isinstance(node, nodes.Branch):
                mark = len(self._variables)
                if node.kind == "range":
                    self._range(node, dot)
                else:
                    self._choose(node, dot)
                del self._variables[mark:]
            else:
                raise _Jump(node.kind)

    def _choose(self, node: nodes.Branch, dot: Any) -> None:
        value = self._pipeline(node.pipeline, dot)
        if isinstance(value, Record) or value:
            self.walk(node.body, value if node.kind == "with" else dot)
        else:
            self.walk(node.otherwise, dot)

    def _range(self, node: nodes.Branch, dot: Any) -> None:
        names = node.pipeline.variables
        value = self._pipeline(node.pipeline, dot, assign=False)
        pairs: list[tuple[Any, Any]]
        if isinstance(value, dict):
            pairs = sorted(value.items())
        elif isinstance(value, list):
            pairs = list(enumerate(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            pairs = [(number, number) for number in range(value)]
        elif value is None or isinstance(value, Missing):
            pairs = []
        else:
            raise TemplateError(f"range can't iterate over {text(value)}")
        if not pairs:
            self.walk(node.otherwise, dot)
            return
        mark = len(self._variables)
        for key, item in pairs:
            if names:
                bound = (key, item) if len(names) == 2 else (item,)
                for name, given in zip(names, bound, strict=True):
                    self._set(name, given, node.pipeline.declares)
            try:
                self.walk(node.body, item)
            except _Jump as jump:
                if jump.word == "break":
                    break
            finally:
                del self._variables[mark:]

    def _set(self, name: str, value: Any, declare: bool) -> None:
        if declare:
            self._variables.append((name, value))
            return
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return

    def _pipeline(self, pipeline: nodes.Pipeline, dot: Any, assign: bool = True) -> Any:
        value: Any = _NOTHING
        for command in pipeline.commands:
            value = self._command(command, dot, value)
        if assign:
            for name in pipeline.variables:
                self._set(name, value, pipeline.declares)
        return value

    def _command(self, command: nodes.Command, dot: Any, last: Any) -> Any:
        try:
            return self._perform(command.operands, dot, last)
        except TemplateError as error:
            raise error.at(command.position, command.text) from None

    def _perform(self, command: list[Any], dot: Any, last: Any) -> Any:
        first = command[0]
        if isinstance(first, nodes.Function):
            if first.name in ("and", "or"):
                return self._shortcut(first.name == "or", command[1:], dot, last)
            arguments = [self._operand(operand, dot) for operand in command[1:]]
            return self._call(first.name, arguments if last is _NOTHING else [*arguments, last])
        arguments = [self._operand(operand, dot) for operand in command[1:]]
        if last is not _NOTHING:
            arguments.append(last)
        if isinstance(first, nodes.Fields):
            return self._fields(first, dot, arguments)
        if arguments:
            raise TemplateError(f"can't give argument to non-function {text(self._operand(first, dot))}")
        return self._operand(first, dot)

    def _shortcut(self, stop_at: bool, operands: list[Any], dot: Any, last: Any) -> Any:
        value: Any = _NOTHING
        for operand in operands:
            value = self._operand(operand, dot)
            if (isinstance(value, Record) or bool(value)) is stop_at:
                return value
        value = value if last is _NOTHING else last
        if value is _NOTHING:
            raise TemplateError(f"wrong number of args for {'or' if stop_at else 'and'}: want at least 1 got 0")
        return value

    def _call(self, name: str, arguments: list[Any]) -> Any:
        try:
            return self._functions[name](*arguments)
        except TypeError:
            raise TemplateError(f"error calling {name}: wrong number or type of args") from None

    def _operand(self, operand: Any, dot: Any) -> Any:
        if isinstance(operand, nodes.Fields):
            return self._fields(operand, dot, [])
        if isinstance(operand, nodes.Dot):
            return dot
        if isinstance(operand, nodes.Literal):
            return operand.value
        if isinstance(operand, nodes.Variable):
            return next(value for name, value in reversed(self._variables) if name == operand.name)
        if isinstance(operand, nodes.Function):
            return self._call(operand.name, [])
        return self._pipeline(operand, dot)

    def _fields(self, node: nodes.Fields, dot: Any, arguments: list[Any]) -> Any:
        value = self._operand(node.of, dot)
        for place, name in enumerate(node.names):
            given = arguments if place == len(node.names) - 1 else []
            try:
                value = field(value, name, given, self._strict)
            except TemplateError as error:
                raise error.at(node.position, str(node)) from None
        return value


def field(value: Any, name: str, arguments: list[Any], strict: str = "") -> Any:
    """``.name`` of ``value``. ``strict`` is the type to name for a missing key. Raises ``TemplateError``."""
    if isinstance(value, Record):
        method = value.methods.get(name)
        if method is None:
            raise TemplateError(f"can't evaluate field {name} in type {value.kind}")
        wanted = 1 if name == "Label" else 0
        if len(arguments) != wanted:
            raise TemplateError(f"wrong number of args for {name}: want {wanted} got {len(arguments)}")
        return method(value.data, *arguments)
    if arguments:
        raise TemplateError(f"{name} has arguments but cannot be invoked as function")
    if isinstance(value, dict):
        if strict and name not in value:
            what = f'map has no entry for key "{name}"'
            raise TemplateError(what if strict == MAP else f"can't evaluate field {name} in type {strict}")
        found = value.get(name, MISSING)
        return Nil(NIL_TEXTS[name]) if found is None and strict == MAP and name in NIL_TEXTS else found
    if value is None or value is MISSING:
        raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
    raise TemplateError(f"can't evaluate field {name} in type {kind(value)}")


def parse(source: str, functions: Mapping[str, Callable[..., Any]] | None = None, strict: str = "") -> Template:
    """Raises ``ParseError`` with Go's text (``template: :1: ...``)."""
    known = {**FUNCTIONS, **functions} if functions else FUNCTIONS
    try:
        return Template(Parser(source, tokens(source), known).whole(), known, strict)
    except ParseError as error:
        raise ParseError(f"template: :1: {error}") from None

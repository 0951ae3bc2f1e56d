"""Tokens to nodes."""

from __future__ import annotations

from barque.cli.template import nodes
from barque.cli.template.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from barque.cli.template.lexer import Token

_CONSTANTS = {"true": True, "false": False, "nil": None}


def number(text: str) -> int | float:
    """A Go number literal. Raises ``ParseError``."""
    try:
        return int(text, 0) if not (text.lstrip("+-").startswith("0") and text.lstrip("+-").isdigit()) else int(text, 8)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ParseError(f'bad number syntax: "{text}"') from None


class Parser:
    """One pass over the tokens."""

    def __init__(self, source: str, found: list[Token], functions: Container[str]) -> None:
        self._source = source
        self._tokens = found
        self._position = 0
        self._functions = functions
        self._variables = ["$"]
        self._range_depth = 0

    def _peek(self, skip_space: bool = True) -> Token:
        while skip_space and self._position < len(self._tokens) and self._tokens[self._position][0] == "space":
            self._position += 1
        return self._tokens[self._position] if self._position < len(self._tokens) else ("EOF", "", 0, 0)

    def _next(self, skip_space: bool = True) -> Token:
        token = self._peek(skip_space)
        self._position += 1
        return token

    def whole(self) -> list[Any]:
        """The whole template."""
        body, end = self._list()
        if end != "EOF":
            raise ParseError(f"unexpected {{{{{end}}}}}")
        return body

    def _list(self) -> tuple[list[Any], str]:
        """Nodes up to ``end``, ``else`` (left after its word) or the end of the text; and which it was."""
        found: list[Any] = []
        while True:
            kind, value = self._next()[:2]
            if kind == "EOF":
                return found, "EOF"
            if kind == "text":
                found.append(nodes.Text(value))
                continue
            kind, value = self._peek()[:2]
            if kind == "word" and value in ("end", "else"):
                self._next()
                if value == "end":
                    self._close("end")
                return found, value
            found.append(self._action())

    def _close(self, where: str) -> None:
        kind, value = self._next()[:2]
        if kind != "}}":
            raise ParseError(f"unexpected <{value or kind}> in {where}")

    def _action(self) -> Any:
        kind, value = self._peek()[:2]
        if kind == "word" and value in ("if", "with", "range"):
            self._next()
            return self._branch(value)
        if kind == "word" and value in ("break", "continue"):
            self._next()
            if not self._range_depth:
                raise ParseError(f"{{{{{value}}}}} outside {{{{range}}}}")
            self._close(value)
            return nodes.Jump(value)
        if kind == "word" and value in ("define", "template", "block"):
            raise ParseError(f"unexpected {{{{{value}}}}}")
        pipeline = self._pipeline("command")
        self._close("command")
        return nodes.Action(pipeline)

    def _branch(self, kind: str) -> Any:
        known = len(self._variables)
        pipeline = self._pipeline(kind)
        self._close(kind)
        self._range_depth += kind == "range"
        body, end = self._list()
        self._range_depth -= kind == "range"
        otherwise: list[Any] = []
        if end == "else":
            following, value = self._peek()[:2]
            if following == "word" and value == kind and kind in ("if", "with"):
                self._next()
                otherwise = [self._branch(kind)]
                end = "end"
            else:
                self._close("else")
                otherwise, end = self._list()
                if end == "else":
                    raise ParseError("expected end; found {{else}}")
        if end == "EOF":
            raise ParseError("unexpected EOF")
        del self._variables[known:]
        return nodes.Branch(kind, pipeline, body, otherwise)

    def _assigned(self, where: str) -> tuple[list[str], bool]:
        """Variables on the left of ``:=`` or ``=``, and whether they are new."""
        start = self._position
        names: list[str] = []
        while self._peek()[0] == "variable":
            names.append(self._next()[1])
            following = self._peek()[0]
            if following in (":=", "="):
                self._next()
                if len(names) > 1 and where != "range":
                    raise ParseError(f"too many declarations in {where}")
                if following == ":=":
                    self._variables += names
                return names, following == ":="
            if following != ",":
                break
            self._next()
        self._position = start
        return [], False

    def _pipeline(self, where: str) -> nodes.Pipeline:
        names, declares = self._assigned(where)
        commands: list[nodes.Command] = []
        while True:
            command = self._command()
            if not command.operands:
                raise ParseError(f"missing value for {where}")
            if commands and isinstance(command.operands[0], nodes.Literal):
                raise ParseError(f"non executable command in pipeline stage {len(commands) + 1}")
            commands.append(command)
            if self._peek()[0] != "|":
                return nodes.Pipeline(commands, names, declares)
            self._next()

    def _command(self) -> nodes.Command:
        operands: list[Any] = []
        begin = self._peek()[2]
        end = begin
        while True:
            kind, value, start, _ = self._peek()
            if kind in ("|", "}}", ")", "EOF"):
                return nodes.Command(operands, begin, self._source[begin:end])
            operands.append(self._operand(kind, value, start))
            end = self._tokens[self._position - 1][3]

    def _operand(self, kind: str, value: str, start: int) -> Any:
        self._next()
        made: Any
        if kind == "(":
            made = self._pipeline("parenthesized pipeline")
            if self._next()[0] != ")":
                raise ParseError("unclosed left paren")
        elif kind == "dot":
            made = nodes.Dot()
        elif kind == "field":
            made = nodes.Fields(nodes.Dot(), [value], start)
        elif kind == "variable":
            if value not in self._variables:
                raise ParseError(f'undefined variable "{value}"')
            made = nodes.Variable(value)
        elif kind == "string":
            made = nodes.Literal(value)
        elif kind == "number":
            made = nodes.Literal(number(value))
        elif kind == "word" and value in _CONSTANTS:
            made = nodes.Literal(_CONSTANTS[value])
        elif kind == "word":
            if value not in self._functions:
                raise ParseError(f'function "{value}" not defined')
            made = nodes.Function(value)
        else:
            raise ParseError(f'unexpected "{value or kind}" in operand')
        while self._peek(skip_space=False)[0] == "field":
            _, name, start, _ = self._next()
            if isinstance(made, nodes.Fields):
                made.names.append(name)
                made.position = start if len(made.names) == 2 else made.position
            else:
                made = nodes.Fields(made, [name], start)
        return made

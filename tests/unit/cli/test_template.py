"""The template language: results as Go's text/template gives them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque.cli.template import ParseError, Record, TemplateError, parse

DATA = {
    "Name": "/box",
    "N": 3,
    "F": 1.5,
    "On": True,
    "Off": False,
    "Null": None,
    "List": ["a", "b", "c"],
    "Map": {"b": 2, "a": {"x": "y"}},
    "Empty": [],
    "Env": None,
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain", "plain"),
        ("{{.Name}}", "/box"),
        ("{{.Missing}}", "<no value>"),
        ("{{.Null}}", "<no value>"),
        ("{{.Map}}", "map[a:map[x:y] b:2]"),
        ("{{.List}} {{.On}} {{.F}}", "[a b c] true 1.5"),
        ("{{.Map.a.x}}", "y"),
        ('{{index .List 1}}{{index .Map "b"}}', "b2"),
        ("{{range .List}}{{.}};{{end}}", "a;b;c;"),
        ("{{range $i, $e := .List}}{{if $i}},{{end}}{{$i}}={{$e}}{{end}}", "0=a,1=b,2=c"),
        ("{{range $k, $v := .Map}}{{$k}} {{end}}", "a b "),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ('{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', "ac"),
        ('{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', "a"),
        ("{{with .Map}}{{.b}}{{end}}{{with .Null}}x{{else}}y{{end}}", "2y"),
        ("{{if and .On (not .Off)}}1{{else if .On}}2{{else}}3{{end}}", "1"),
        ("{{or .Off .Name}} {{and .On .N}}", "/box 3"),
        ("{{eq .N 3}}{{ne .N 3}}{{lt .N 4}}{{le .N 3}}{{gt .N 4}}{{ge .N 3}}", "truefalsetruetruefalsetrue"),
        ('{{eq .Name "x" "/box"}}', "true"),
        ("{{len .List}} {{len .Name}} {{slice .Name 1 3}}", "3 4 bo"),
        (
            '{{printf "%-6s|%5d|%05.1f|%q|%v|%x|%t|%%" .Name .N .F .Name .List 255 .On}}',
            '/box  |    3|001.5|"/box"|[a b c]|ff|true|%',
        ),
        ('{{printf "%d %s" .Name}}', "%!d(string=/box) %!s(MISSING)"),
        ('{{print 1 2 "x" 3}}|{{println .N .Name}}', "1 2x3|3 /box\n"),
        ("{{json .List}}{{json .Map}}{{json .Null}}", '["a","b","c"]{"b":2,"a":{"x":"y"}}null'),
        ('{{split .Name "/" | json}}{{join .List "-"}}', '["","box"]a-b-c'),
        ('{{upper .Name}}{{lower "ABC"}}{{title "a bc"}}', "/BOXabcA Bc"),
        ("{{pad .Name 1 2}}|{{truncate .Name 2}}", " /box  |/b"),
        ('{{.Name | upper | printf "%s!"}}', "/BOX!"),
        ("{{$x := .N}}{{$x = 4}}{{$x}}{{$.Name}}", "4/box"),
        ("a {{- .N -}} b", "a3b"),
        ("{{/* note */}}x{{- /* note */ -}} y", "xy"),
        ("{{`raw \\n`}}{{\"q\\n\\u00e9\"}}{{'a'}}", "raw \\nq\né97"),
        ("{{true}}{{1_000}}{{0x10}}{{1e3}}", "true1000161000"),
        ("{{(index .List 0) | upper}}{{(.Map.a).x}}", "Ay"),
        ('{{html "<a&b>"}}{{urlquery "a b/c"}}', "&lt;a&amp;b&gt;a+b%2Fc"),
    ],
)
def test_rendered(source: str, expected: str) -> None:
    assert parse(source).render(DATA) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{.Foo", "template: :1: unclosed action"),
        ("{{foo}}", 'template: :1: function "foo" not defined'),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{if .N}}x", "template: :1: unexpected EOF"),
        ("{{$x}}", 'template: :1: undefined variable "$x"'),
        ("{{if}}x{{end}}", "template: :1: missing value for if"),
        ('{{"a}}', "template: :1: unterminated quoted string"),
        ("{{}}", "template: :1: missing value for command"),
        ("{{break}}", "template: :1: {{break}} outside {{range}}"),
    ],
)
def test_not_well_formed(source: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(source)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("source", "position", "node", "reason"),
    [
        ("{{.Foo.Bar}}", 6, ".Foo.Bar", 'map has no entry for key "Foo"'),
        ("ab{{.Foo}}", 4, ".Foo", 'map has no entry for key "Foo"'),
        ("{{.Name.Foo}}", 7, ".Name.Foo", "can't evaluate field Foo in type string"),
        ("{{index .List 9}}", 2, "index .List 9", "error calling index: index out of range: 9"),
        ('{{eq 1 "a"}}', 2, 'eq 1 "a"', "error calling eq: incompatible types for comparison"),
    ],
)
def test_failures_say_where(source: str, position: int, node: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(source, strict="map").render(DATA)
    assert (caught.value.position, caught.value.node, caught.value.args[0]) == (position, node, reason)


def test_null_of_a_known_type() -> None:
    template = parse("{{.Env}} {{json .Env}} {{len .Env}}{{range .Env}}x{{end}}", strict="map")
    assert template.render(DATA) == "[] null 0"


def test_records_have_the_fields_they_have() -> None:
    record = Record({"id": "x"}, {"ID": lambda r: r["id"], "Label": lambda r, name: name + "!"}, "*f.Context")
    assert parse('{{.ID}} {{.Label "a"}} {{json .}}').render(record) == 'x a! {"ID":"x"}'
    with pytest.raises(TemplateError, match=r"can't evaluate field No in type \*f\.Context"):
        parse("{{.No}}").render(record)
    with pytest.raises(TemplateError, match="wrong number of args for ID: want 0 got 1"):
        parse('{{.ID "x"}}').render(record)


@given(st.text(alphabet="{}.|()$ \"'`abIfendrange-:=0159\\/*", max_size=40))
def test_any_text_is_rendered_or_refused(source: str) -> None:
    try:
        parse(source).render(DATA)
    except TemplateError:
        pass


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_stays_as_it_is(source: str) -> None:
    assert parse(source).render(None) == source

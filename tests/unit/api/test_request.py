import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator

import pytest

from barque.api import shapes
from barque.api.request import Request, parse_query
from barque.errors import InvalidArgument

KNOWN = frozenset({"a", "b"})


class Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    async def chunks(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.data), 7):
            yield self.data[at : at + 7]


def request(query: str = "", body: bytes = b"", **headers: str) -> Request:
    return Request("POST", "/x", parse_query(query), headers, Body(body))


def test_keys_in_any_case() -> None:
    body = (
        b'{"image": "a", "HOSTCONFIG": {"binds": ["/a:/b"], "LogConfig": {"type": "none"}}, "labels": {"KeyCase": "v"}}'
    )
    assert asyncio.run(request(body=body).json(shapes.CREATE)) == {
        "Image": "a",
        "HostConfig": {"Binds": ["/a:/b"], "LogConfig": {"Type": "none"}},
        "Labels": {"KeyCase": "v"},
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "invalid JSON: "),
        (b"[]", "invalid JSON: "),
        (b"", "invalid JSON: got EOF"),
        (b'{"Image": 5}', "cannot unmarshal number into Go struct field .Image of type string"),
        (b'{"Tty": "yes"}', "cannot unmarshal string"),
        (b'{"HostConfig": {"Memory": true}}', "cannot unmarshal bool"),
        (b'{"HostConfig": {"RestartPolicy": {"MaximumRetryCount": "3"}}}', "cannot unmarshal string"),
        (b'{"Env": {"a": "b"}}', "cannot unmarshal object"),
        (b'{"Env": [1]}', "cannot unmarshal number"),
        (b'{"Labels": ["a"]}', "cannot unmarshal array"),
        (b'{"Labels": {"a": 1}}', "cannot unmarshal number"),
        (b'{"HostConfig": {"ShmSize": 1.5}}', "cannot unmarshal number"),
        (b"[" * 200_000, "invalid JSON: "),
    ],
)
def test_wrong_bodies(body: bytes, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        asyncio.run(request(body=body).json(shapes.CREATE, required=True))
    assert message in str(caught.value)


def test_other_content_types_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="unsupported Content-Type header"):
        asyncio.run(request(body=b"{}", **{"content-type": "text/plain"}).json())


def test_a_body_over_the_limit() -> None:
    assert asyncio.run(request(body=b"x" * 20).bytes(20)) == b"x" * 20
    with pytest.raises(InvalidArgument, match="too large"):
        asyncio.run(request(body=b"x" * 21).bytes(20))


def test_both_forms_of_filters() -> None:
    assert request('filters={"a":["x","y"],"b":[]}').filters(KNOWN) == {"a": ["x", "y"], "b": []}
    assert request('filters={"a":{"x":true,"y":false}}').filters(KNOWN) == {"a": ["x"]}
    assert request().filters(KNOWN) == {}


@pytest.mark.parametrize("word", ["[", "[]", '"a"', '{"a":"b"}', '{"a":[1]}', '{"a":null}'])
def test_wrong_filters(word: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter"):
        request(f"filters={word}").filters(KNOWN)


def test_unknown_filters() -> None:
    with pytest.raises(InvalidArgument, match=r"^invalid filter 'c'$"):
        request('filters={"a":["x"],"c":["x"]}').filters(KNOWN)


def test_flags_and_numbers() -> None:
    asked = request("a=1&b=0&c=False&d=none&e=yes&f=&n=-3&bad=1_0&t=12.5&nan=nan")
    assert [asked.flag(name) for name in "abcdef"] == [True, False, False, False, True, False]
    assert asked.flag("absent", True)
    assert asked.number("n") == -3
    assert asked.moment("t") == 12.5
    with pytest.raises(InvalidArgument):
        asked.number("bad")
    with pytest.raises(InvalidArgument):
        asked.moment("nan")


def test_registry_auth() -> None:
    value = {"username": "u", "password": "p?>", "serveraddress": "r.example"}
    word = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    found = request(**{"x-registry-auth": word}).auth()
    assert found is not None
    assert (found.username, found.password, found.server_address) == ("u", "p?>", "r.example")
    assert request(**{"x-registry-auth": "e30="}).auth() is None
    assert request(**{"x-registry-auth": "***"}).auth() is None


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"hostconfig": {"mounts": [{"type": "bind", "bindoptions": {"propagation": "rslave"}}]}},
         {"HostConfig": {"Mounts": [{"Type": "bind", "BindOptions": {"Propagation": "rslave"}}]}}),
        ({"hostconfig": {"portbindings": {"80/tcp": [{"hostport": "8080"}], "81/tcp": None}}},
         {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}], "81/tcp": None}}}),
        ({"networkingconfig": {"endpointsconfig": {"Net": {"aliases": ["a"]}, "other": None}}},
         {"NetworkingConfig": {"EndpointsConfig": {"Net": {"Aliases": ["a"]}, "other": None}}}),
        ({"cmd": "ls", "entrypoint": None, "labels": {"A": None}, "env": None},
         {"Cmd": ["ls"], "Entrypoint": None, "Labels": {"A": ""}, "Env": None}),
        ({"Image": "\ud800x\U0001f600"}, {"Image": "\ufffdx\U0001f600"}),
    ],
)  # fmt: skip
def test_nested_names(given: object, wanted: object) -> None:
    assert asyncio.run(request(body=json.dumps(given).encode()).json(shapes.CREATE)) == wanted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"HostConfig": {"Mounts": [{"Type": 5}]}}, "number into Go struct field .Type of type string"),
        ({"HostConfig": {"PortBindings": {"80/tcp": "x"}}}, "string into Go struct field .PortBindings of type"),
        ({"HostConfig": {"Ulimits": [{"Soft": "a"}]}}, "string into Go struct field .Soft of type int64"),
        ({"HostConfig": {"Memory": 1 << 63}}, "number into Go struct field .Memory of type int64"),
        ({"ExposedPorts": {"80": 5}}, "number into Go struct field .ExposedPorts of type"),
        ({"NetworkingConfig": {"EndpointsConfig": {"n": {"Aliases": "x"}}}}, "string into Go struct field .Aliases"),
    ],
)
def test_wrong_types_deep_inside(body: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        asyncio.run(request(body=json.dumps(body).encode()).json(shapes.CREATE))


def test_the_command_of_an_exec_is_an_array() -> None:
    with pytest.raises(InvalidArgument, match=r"cannot unmarshal string into Go struct field \.Cmd"):
        asyncio.run(request(body=b'{"Cmd": "ls"}').json(shapes.EXEC))


@pytest.mark.parametrize("query", ["", "h=1", "h=-1&w=2", "h=1&w=x", f"h=1&w={1 << 32}", "h=1&w=" + "9" * 5000])
def test_sizes_are_required(query: str) -> None:
    with pytest.raises(InvalidArgument, match=r"invalid resize (height|width)"):
        request(query).console_size()
    assert request("h=24&w=80").console_size() == (24, 80)

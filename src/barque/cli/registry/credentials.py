"""Credentials for registries: ``auths`` in the configuration file, or the programs it names."""

from __future__ import annotations

import binascii
import os

from barque.cli.failure import Failure
from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.configuration import Configuration

    Credentials = dict[str, str]

HUB = "https://index.docker.io/v1/"


def server_of(repository: str) -> str:
    """The key under which credentials for this repository's registry are kept."""
    first, slash, _ = repository.partition("/")
    if (
        slash
        and ("." in first or ":" in first or first == "localhost")
        and first not in ("docker.io", "index.docker.io")
    ):
        return first
    return HUB


def key_of(server: str) -> str:
    """The same for what a user types after ``login``."""
    bare = server.partition("://")[2] or server
    host = bare.partition("/")[0]
    if host in ("", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"):
        return HUB
    return host


def encode(values: Credentials) -> str:
    """URL-safe base64 of the JSON, as ``X-Registry-Auth`` wants it."""
    text = binascii.b2a_base64(codec.dumps(values).encode(), newline=False).decode()
    return text.replace("+", "-").replace("/", "_")


def _stored(configuration: Configuration, server: str) -> Credentials | None:
    inline = os.environ.get("DOCKER_AUTH_CONFIG")
    tables = [configuration.values.get("auths") or {}]
    if inline:
        try:
            tables.insert(0, codec.loads(inline).get("auths") or {})
        except (ValueError, AttributeError):
            raise Failure("failed to parse credentials from DOCKER_AUTH_CONFIG") from None
    for auths in tables:
        entry = auths.get(server)
        if entry is None:
            entry = next((value for key, value in auths.items() if key_of(key) == key_of(server)), None)
        if entry is not None:
            return _decoded(entry, server)
    return None


def _decoded(entry: dict[str, str], server: str) -> Credentials:
    found: Credentials = {"serveraddress": server}
    if entry.get("auth"):
        try:
            pair = binascii.a2b_base64(entry["auth"]).decode()
        except ValueError:
            raise Failure(f"invalid auth configuration for {server}") from None
        name, colon, password = pair.partition(":")
        if not colon:
            raise Failure("invalid auth configuration file")
        found["username"], found["password"] = name, password.rstrip("\0")
    for ours, theirs in (("username", "username"), ("password", "password"), ("identitytoken", "identitytoken"),
                         ("registrytoken", "registrytoken")):  # fmt: skip
        if entry.get(theirs):
            found[ours] = entry[theirs]
    return found


def helper(configuration: Configuration, server: str) -> str:
    """Name of the credential program for this server, empty for none."""
    helpers = configuration.values.get("credHelpers") or {}
    return str(helpers.get(server) or configuration.text("credsStore"))


def call_helper(name: str, verb: str, given: str) -> str:
    """One call of ``docker-credential-<name>``. Raises ``Failure`` with what it printed."""
    import subprocess

    program = f"docker-credential-{name}"
    try:
        done = subprocess.run([program, verb], input=given, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failure(f'error getting credentials - err: exec: "{program}": {error.strerror}') from None
    if done.returncode:
        raise Failure(f"error getting credentials - err: exit status {done.returncode}, out: `{done.stdout.strip()}`")
    return done.stdout


def get(configuration: Configuration, server: str) -> Credentials | None:
    """What is known for ``server``; None for nothing. Raises ``Failure``."""
    program = helper(configuration, server)
    if not program or os.environ.get("DOCKER_AUTH_CONFIG"):
        return _stored(configuration, server)
    try:
        answer = codec.loads(call_helper(program, "get", server))
    except Failure as failure:
        if "credentials not found" in failure.message:
            return None
        raise
    token = answer.get("Username") == "<token>"
    found = {"serveraddress": server, "username": "" if token else answer.get("Username", "")}
    found["identitytoken" if token else "password"] = answer.get("Secret", "")
    return found


def header(configuration: Configuration, repository: str) -> dict[str, str]:
    """The request header for pulling from or pushing to a repository; nothing when nothing is known."""
    found = get(configuration, server_of(repository))
    return {"X-Registry-Auth": encode(found)} if found else {}


def store(configuration: Configuration, server: str, values: Credentials) -> str:
    """Keep credentials; the name of the program that keeps them, empty for the configuration file."""
    program = helper(configuration, server)
    auths = configuration.values.setdefault("auths", {})
    if program:
        token = values.get("identitytoken")
        record = {
            "ServerURL": server,
            "Username": "<token>" if token else values.get("username", ""),
            "Secret": token or values.get("password", ""),
        }
        call_helper(program, "store", codec.dumps(record))
        auths[server] = {}
    else:
        pair = f"{values.get('username', '')}:{'' if values.get('identitytoken') else values.get('password', '')}"
        auths[server] = {"auth": binascii.b2a_base64(pair.encode(), newline=False).decode()}
        if values.get("identitytoken"):
            auths[server]["identitytoken"] = values["identitytoken"]
    configuration.save()
    return program


def erase(configuration: Configuration, server: str) -> bool:
    """Forget credentials. False when there were none."""
    program = helper(configuration, server)
    auths = configuration.values.get("auths") or {}
    keys = [key for key in auths if key_of(key) == key_of(server)]
    if program:
        call_helper(program, "erase", server)
    for key in keys:
        del auths[key]
    if keys:
        configuration.save()
    return bool(keys) or bool(program)

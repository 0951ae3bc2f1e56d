"""Authorization headers: Basic, and bearer tokens from the realm a challenge names (Docker's token protocol)."""

from __future__ import annotations

import base64
import json
import threading
import time
from urllib.parse import urlencode

from barque.errors import Internal, Unauthorized
from barque.registry.challenge import Challenge
from barque.registry.config import Credentials
from barque.registry.failures import answer_error
from barque.registry.transport import Transport

DEFAULT_LIFE = 60.0
"""Seconds a token lives whose answer does not say."""
MAX_ANSWER = 1 << 20


class Tokens:
    """Tokens by realm, service, scopes and user, until shortly before they expire."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, tuple[str, ...], Credentials], tuple[str, float]] = {}

    def authorization(
        self, challenges: list[Challenge], credentials: Credentials, scopes: tuple[str, ...], fresh: bool = False
    ) -> str | None:
        """The header value for these challenges; None when none is asked for. Raises ``Unauthorized``."""
        for challenge in challenges:
            if challenge.scheme == "bearer" and "realm" in challenge.parameters:
                return "Bearer " + self._bearer(challenge, credentials, scopes, fresh)
        if any(challenge.scheme == "basic" for challenge in challenges):
            if not credentials.username:
                raise Unauthorized("no basic auth credentials")
            return basic(credentials)
        return None

    def _bearer(self, challenge: Challenge, credentials: Credentials, scopes: tuple[str, ...], fresh: bool) -> str:
        realm, service = challenge.parameters["realm"], challenge.parameters.get("service", "")
        key = (realm, service, scopes, credentials)
        with self._lock:
            token, ends = self._kept.get(key, ("", 0.0))
        if token and not fresh and time.monotonic() < ends:
            return token
        token, life = self._fetch(realm, service, scopes, credentials)
        with self._lock:
            self._kept[key] = (token, time.monotonic() + max(life - 5.0, 0.0))
        return token

    def _fetch(self, realm: str, service: str, scopes: tuple[str, ...], credentials: Credentials) -> tuple[str, float]:
        headers: dict[str, str] = {}
        fields = [("service", service)] if service else []
        if credentials.identity_token:
            fields += [("grant_type", "refresh_token"), ("refresh_token", credentials.identity_token)]
            fields += [("client_id", "docker"), ("scope", " ".join(scopes))]
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields).encode()
            answer = self._transport.request("POST", realm, headers, lambda: body)
        else:
            fields += [("scope", scope) for scope in scopes]
            if credentials.username:
                fields.append(("account", credentials.username))
                headers["Authorization"] = basic(credentials)
            url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(fields)}"
            answer = self._transport.request("GET", url, headers)
        data = answer.read(MAX_ANSWER)
        answer.release_conn()
        if answer.status == 401:
            raise Unauthorized("unauthorized: incorrect username or password")
        if answer.status != 200:
            raise answer_error(answer.status, answer.headers, data)
        try:
            value = json.loads(data)
            token = value.get("token") or value.get("access_token")
            life = float(value.get("expires_in") or DEFAULT_LIFE)
        except (ValueError, AttributeError, TypeError):
            raise Internal("unable to decode token response") from None
        if not isinstance(token, str) or not token:
            raise Internal("authorization server did not include a token in the response")
        return token, life


def basic(credentials: Credentials) -> str:
    """``Basic`` with the user's name and password (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()

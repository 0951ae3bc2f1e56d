"""TLS between a TCP transport and a connection, with half-close.

asyncio's own TLS transport ends a connection at the first close_notify. A client that closes its standard input sends
just that and still waits for output, so the records are handled here, through ``ssl.MemoryBIO``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

from barque.api.connection import Connection

HANDSHAKE_SECONDS = 60
RECORDS = 1 << 18
PLAIN_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class TlsLayer(asyncio.Protocol):
    """The protocol of the TCP transport, and the transport of ``inner``."""

    def __init__(self, context: ssl.SSLContext, inner: Connection) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._established = False
        self._ended = False
        self._shut = False

    # The protocol below

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, transport.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_timer()
        if self._established:
            self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        if self._established:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._established:
            self._inner.resume_writing()

    def eof_received(self) -> bool:
        return self._established and not self._transport.is_closing() and self._end()

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            if not self._established:
                self._tls.do_handshake()
                self._established = True
                self._stop_timer()
                self._inner.connection_made(self)
            self._read()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._end()
        except ssl.SSLError as error:
            self._flush()
            if error.reason == "HTTP_REQUEST":
                self._transport.write(PLAIN_HTTP)
            self._transport.close()
            return
        self._flush()

    def _read(self) -> None:
        """Everything that can be decrypted. Raises SSLWantReadError after it."""
        while not self._transport.is_closing() and not self._ended:
            data = self._tls.read(RECORDS)
            if data:
                self._inner.data_received(data)
            elif not self._end():
                self.close()

    def _end(self) -> bool:
        """The client sends no more; whether the connection stays."""
        if self._ended:
            return True
        self._ended = True
        return bool(self._inner.eof_received())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        if self._outgoing.pending and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    # The transport above

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self._shut:
            view = view[self._tls.write(view) :]
        self._flush()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Send close_notify; reading goes on."""
        if self._shut:
            return
        self._shut = True
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def close(self) -> None:
        if self._established:
            self.write_eof()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return bool(self._transport.is_closing())

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high=high, low=low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

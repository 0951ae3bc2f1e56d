"""TLS over a plain socket, with a half-close that leaves the other direction open.

``ssl.SSLSocket`` cannot send its close_notify and go on reading, which ``barque run -i`` needs at the end of its input.
"""

from __future__ import annotations

import _socket
import ssl

from barque.client.errors import CannotConnect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.client.address import Address
    from barque.client.endpoint import TlsFiles

_RECORD = 65536


def context(files: TlsFiles) -> ssl.SSLContext:
    """The client context for these files. Raises ``CannotConnect`` when one cannot be read."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if not files.verify:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        elif files.ca:
            made.load_verify_locations(files.ca)
        else:
            made.load_default_certs()
        if files.certificate:
            made.load_cert_chain(files.certificate, files.key or None)
    except OSError as error:
        names = ", ".join(name for name in (files.ca, files.certificate, files.key) if name)
        raise CannotConnect(
            f"unable to resolve docker endpoint: could not load X509 key pair ({names}): {error}"
        ) from None
    return made


class TlsConnection:
    """A connected TLS stream with the verbs of a socket."""

    def __init__(self, plain: _socket.socket, files: TlsFiles, address: Address) -> None:
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context(files).wrap_bio(self._incoming, self._outgoing, server_hostname=address.host)
        self._unsent = b""
        self._read_ahead = b""
        self._ended = False
        try:
            self._handshake()
        except OSError as error:
            plain.close()
            reason = getattr(error, "verify_message", "") or error.strerror or str(error)
            raise CannotConnect(
                f"error during connect: {address.text}: tls: failed to verify certificate: {reason}", str(reason)
            ) from None

    def _handshake(self) -> None:
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
                continue
            self._flush()
            return

    def _fill(self) -> None:
        data = self._plain.recv(_RECORD)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        self._unsent += self._outgoing.read()
        while self._unsent:
            self._unsent = self._unsent[self._plain.send(self._unsent) :]

    def _decrypt(self, size: int) -> bytes:
        try:
            data = self._object.read(size)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            data = b""
        if not data:
            self._ended = True
        return data

    def recv(self, size: int, /) -> bytes:
        """All that is there (it may be more than ``size``): a poll of ``fileno`` must not miss buffered bytes."""
        while not self._ended:
            if self._read_ahead:
                data, self._read_ahead = self._read_ahead, b""
                return data
            try:
                first = self._decrypt(size)
            except ssl.SSLWantReadError:
                self._fill()
                continue
            return first + self._drain() if first else b""
        data, self._read_ahead = self._read_ahead, b""
        return data

    def _drain(self) -> bytes:
        parts = []
        while not self._ended:
            try:
                parts.append(self._decrypt(_RECORD))
            except ssl.SSLWantReadError:
                break
        return b"".join(parts)

    def send(self, data: bytes | memoryview, /) -> int:
        """Encrypt at most one record. Raises ``BlockingIOError`` while an earlier one is not gone."""
        self._flush()
        count = self._object.write(data[:16384])
        try:
            self._flush()
        except BlockingIOError:
            pass
        return count

    def sendall(self, data: bytes, /) -> None:
        view = memoryview(data)
        while view:
            view = view[self.send(view) :]

    def shutdown(self, how: int, /) -> None:
        """End of what we send; reading goes on."""
        # the second half of unwrap() chokes on application data, so read what has arrived first
        self._read_ahead += self._drain()
        try:
            self._object.unwrap()
        except ssl.SSLError:
            pass
        self._plain.setblocking(True)
        self._flush()
        self._plain.shutdown(_socket.SHUT_WR)

    def setblocking(self, flag: bool, /) -> None:
        self._plain.setblocking(flag)

    def settimeout(self, seconds: float | None, /) -> None:
        self._plain.settimeout(seconds)

    def fileno(self) -> int:
        return self._plain.fileno()

    def close(self) -> None:
        self._plain.close()

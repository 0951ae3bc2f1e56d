"""``barque system dial-stdio``: the daemon's socket on stdin and stdout, for the ssh transport."""

from __future__ import annotations

import _socket
import os
import select

from barque.client import transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = ""
ARGUMENTS = (0, 0)
_PIECE = 65536


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    # asking the client first starts a daemon where that is allowed
    connection = transport.connect(session.client.endpoint)
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    poll.register(0, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == 0:
                data = os.read(0, _PIECE)
                if data:
                    connection.sendall(data)
                else:
                    poll.unregister(0)
                    connection.shutdown(_socket.SHUT_WR)
            else:
                data = connection.recv(_PIECE)
                if not data:
                    return 0
                session.out(data)

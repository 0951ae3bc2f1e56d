"""The container's log on disk: written by the shim, read by the engine.

writer = Writer("/…/<id>-json.log", max_size=10 << 20, max_file=3)
writer.write(1, b"line\\n")

for entry in read("/…/<id>-json.log", tail=10): ...
"""

from barque.shim.logs.reader import Entry, Follower, read
from barque.shim.logs.writer import Writer

__all__ = ["Entry", "Follower", "Writer", "read"]

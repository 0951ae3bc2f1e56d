"""Blobs by digest: verified while they are written, resumed where they stopped, stored once.

store = ContentStore("/var/lib/barque/content")
digest = store.write_bytes(b"...")
writer = store.ingest(digest, size)      # writer.offset says what an earlier try has left
writer.write(chunk); writer.commit()
"""

from barque.content.store import ContentStore
from barque.content.writer import Writer

__all__ = ["ContentStore", "Writer"]

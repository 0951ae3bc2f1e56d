"""Blobs: verified, resumed, stored once."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

import pytest

from barque.content import ContentStore
from barque.errors import InvalidArgument, NotFound, Unavailable

DATA = b"some content"
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(str(tmp_path))


def test_what_is_written_is_read(store: ContentStore) -> None:
    assert store.write_bytes(DATA) == DIGEST
    assert (store.read(DIGEST), store.size(DIGEST), list(store.walk())) == (DATA, len(DATA), [DIGEST])
    store.delete(DIGEST)
    with pytest.raises(NotFound):
        store.read(DIGEST)


def test_a_broken_off_blob_goes_on_where_it_stopped(store: ContentStore) -> None:
    writer = store.ingest(DIGEST, len(DATA))
    writer.write(DATA[:5])
    writer.close()
    again = store.ingest(DIGEST, len(DATA))
    assert again.offset == 5
    again.write(DATA[5:])
    again.commit()
    assert store.read(DIGEST) == DATA


@pytest.mark.parametrize("data", [b"other bytes!", DATA[:-1], DATA + b"more"])
def test_wrong_bytes_leave_nothing(store: ContentStore, data: bytes, tmp_path: Path) -> None:
    writer = store.ingest(DIGEST, len(DATA))
    with pytest.raises(InvalidArgument):
        writer.write(data)
        writer.commit()
    assert not store.exists(DIGEST)
    assert list((tmp_path / "ingest").iterdir()) == []


def test_two_writers_of_one_blob_do_not_mix(store: ContentStore) -> None:
    first = store.ingest(DIGEST, len(DATA))
    with pytest.raises(Unavailable):
        store.ingest(DIGEST, len(DATA))
    first.abandon()


@pytest.mark.parametrize("digest", ["", "sha256:", "md5:" + "0" * 32, "sha256:../../etc/passwd"])
def test_what_is_no_digest_is_refused(store: ContentStore, digest: str) -> None:
    with pytest.raises(InvalidArgument):
        store.path(digest)


def test_a_blob_finished_between_open_and_lock_is_left_alone(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, done = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not done:
            done.append(True)
            store.write_bytes(DATA)
        lock(descriptor, operation)

    monkeypatch.setattr("barque.content.writer.fcntl.flock", late)
    writer = store.ingest(DIGEST, len(DATA))
    writer.restart()
    assert (done, writer.offset, store.read(DIGEST)) == ([True], 0, DATA)
    writer.write(DATA)
    writer.commit()
    assert store.read(DIGEST) == DATA

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque.api.chunked import MAX_LINE, ChunkedDecoder


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.binary(max_size=20), st.integers(1, 7))
def test_any_split_gives_the_same_body_and_rest(parts: list[bytes], behind: bytes, step: int) -> None:
    wire = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\nTrailer: x\r\n\r\n" + behind
    decoder, body, at = ChunkedDecoder(), b"", 0
    while not decoder.done:
        body += decoder.feed(wire[at : at + step])
        at += step
    assert body == b"".join(parts)
    assert decoder.rest + wire[at:] == behind


@pytest.mark.parametrize(
    "wire", [b"zz\r\n", b"-1\r\n", b"\r\n", b"1\r\nab\r\n", b"+1\r\na\r\n", b"f" * 16 + b"\r\n", b"1" * (MAX_LINE + 1)]
)
def test_what_is_no_chunk_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError, match=r"chunk|line"):
        ChunkedDecoder().feed(wire)

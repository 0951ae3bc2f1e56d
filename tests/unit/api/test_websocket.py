from hypothesis import given
from hypothesis import strategies as st

from barque.api.websocket import BINARY, accept_key, frame, unframe, unmask


def test_accept_key_of_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_masked_hello_of_the_rfc() -> None:
    buffer = bytearray(bytes.fromhex("818537fa213d7f9f4d5158") + b"next")
    assert unframe(buffer) == (1, b"Hello")
    assert buffer == b"next"


@given(st.sampled_from([0, 1, 125, 126, 127, 65535, 65536]), st.binary(min_size=4, max_size=4))
def test_lengths_and_masks(size: int, mask: bytes) -> None:
    data = bytes(i & 255 for i in range(size))
    whole = frame(BINARY, data)
    assert unframe(bytearray(whole)) == (BINARY, data)
    assert unframe(bytearray(whole[:-1])) is None or not data
    assert unmask(unmask(data, mask), mask) == data

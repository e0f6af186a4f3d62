"""PNG pictures are packed tighter, and stay the same pictures."""

from __future__ import annotations

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from xeroml_nb.charts.compact_png import compact


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(picture):
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    place = 8
    while place < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, place)
        body = picture[place + 8 : place + 8 + length]
        assert picture[place : place + length + 12] == chunk(kind, body)
        yield kind, body
        place += length + 12


def pixels(picture):
    return zlib.decompress(b"".join(body for kind, body in chunks(picture) if kind == b"IDAT"))


@given(st.binary(min_size=1, max_size=2_000), st.integers(1, 500))
def test_pixels_and_everything_else_stay(data, cut):
    packed = zlib.compress(data, 0)
    head = struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"pHYs", b"x" * 9)
    picture += chunk(b"IDAT", packed[:cut]) + chunk(b"IDAT", packed[cut:]) + chunk(b"IEND", b"")
    smaller = compact(picture)
    assert pixels(smaller) == data
    assert [kind for kind, _ in chunks(smaller)] == [b"IHDR", b"pHYs", b"IDAT", b"IEND"]
    assert len(smaller) <= len(picture)

"""What is packed comes out again as it was, or an error does."""

from __future__ import annotations

import gzip
import random

import pytest
import zstandard

from backups.packing import COMPRESSIONS, GZIP, NONE, ZSTD, Unpacker, UnpackError, packer

DATA = random.Random(7).randbytes(100_000) + b"the same words again and again, " * 40_000


def pack(compression: str, data: bytes = DATA, step: int = 70_001) -> bytes:
    """Return ``data`` packed as pg_dump's output is: piece by piece."""
    one = packer(compression)
    pieces = [one.compress(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join([*pieces, one.flush()])


def unpack(compression: str, packed: bytes, step: int = 8_191) -> tuple[Unpacker, list[bytes]]:
    got: list[bytes] = []
    one = Unpacker(compression, got.append)
    for at in range(0, len(packed), step):
        one.write(packed[at : at + step])
    return one, got


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("data", [DATA, b"", b"x"], ids=["much", "nothing", "a byte"])
def test_what_is_packed_comes_out_again_in_pieces_of_bounded_size(compression: str, data: bytes) -> None:
    one, got = unpack(compression, pack(compression, data))
    one.finish()

    assert b"".join(got) == data
    assert max((len(piece) for piece in got), default=0) <= 1 << 18


def test_others_programs_read_what_is_packed() -> None:
    assert gzip.decompress(pack(GZIP)) == DATA
    assert zstandard.ZstdDecompressor().decompressobj().decompress(pack(ZSTD)) == DATA
    assert pack(NONE) == DATA
    assert len(pack(ZSTD)) < len(DATA) / 5


@pytest.mark.parametrize(
    ("compression", "packed"),
    [(GZIP, gzip.compress(DATA)), (ZSTD, zstandard.compress(DATA)), (ZSTD, zstandard.compress(DATA, 19))],
    ids=["gzip", "zstd", "zstd, hard"],
)
def test_what_others_packed_comes_out_as_well(compression: str, packed: bytes) -> None:
    one, got = unpack(compression, packed)
    one.finish()

    assert b"".join(got) == DATA


@pytest.mark.parametrize("compression", [GZIP, ZSTD])
def test_a_flipped_bit_does_not_come_out_as_if_nothing_had_happened(compression: str) -> None:
    packed = bytearray(pack(compression))
    packed[len(packed) // 2] ^= 1

    with pytest.raises(UnpackError):
        unpack(compression, bytes(packed))[0].finish()


@pytest.mark.parametrize("compression", [GZIP, ZSTD])
def test_a_cut_stream_is_no_whole_one(compression: str) -> None:
    whole, _ = unpack(compression, pack(compression))
    cut, _ = unpack(compression, pack(compression)[:-20])

    assert cut.sha256 != whole.sha256 or compression == GZIP
    if compression == GZIP:
        with pytest.raises(UnpackError, match="the end is missing"):
            cut.finish()


def test_nothing_may_follow_the_end() -> None:
    with pytest.raises(UnpackError, match="something follows"):
        unpack(GZIP, pack(GZIP) + b"more")

"""How a dump is packed: gzip, zstd or not at all. In pieces both ways, so a file of any size takes a few megabytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import zstandard
from zlib_ng import zlib_ng

GZIP: Final = "gzip"
ZSTD: Final = "zstd"
NONE: Final = "none"
COMPRESSIONS: Final = (GZIP, ZSTD, NONE)
ENDINGS: Final = {GZIP: ".gz", ZSTD: ".zst", NONE: ""}

# zstd's own default (3) takes twice the time for these dumps and packs them less: rows that resemble the last ones.
# zlib-ng writes the same format as zlib in half the time, and no bigger.
_GZIP_LEVEL, _ZSTD_LEVEL = 5, 1
_GZIP_FORMAT = 31  # zlib's name for gzip's header and checksum
_PIECE = 1 << 18


class UnpackError(Exception):
    """What was given is not what a packer of this kind wrote, or not all of it."""


class Packer(Protocol):
    """Takes bytes, gives packed bytes when there are some; ``flush`` gives the rest and ends it."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what is packed so far."""

    def flush(self) -> bytes:
        """Return the rest."""


def packer(compression: str) -> Packer:
    """Return a new packer; both kinds end with a checksum of what they packed."""
    if compression == GZIP:
        return zlib_ng.compressobj(_GZIP_LEVEL, zlib_ng.DEFLATED, _GZIP_FORMAT)
    if compression == ZSTD:
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()
    return _AsItIs()


class _AsItIs:
    """Packs nothing."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class Unpacker:
    """A file to write packed bytes to; ``sink`` gets what was in them, a quarter of a megabyte at a time.

    ``write`` and ``finish`` raise UnpackError. ``sha256`` is of what the sink got.
    """

    def __init__(self, compression: str, sink: Callable[[bytes], object]) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self._gzip = zlib_ng.decompressobj(_GZIP_FORMAT) if compression == GZIP else None
        self._zstd: Any = None
        if compression == ZSTD:
            inside = zstandard.ZstdDecompressor()
            into: Any = _Into(self._give)
            self._zstd = inside.stream_writer(into, write_size=_PIECE, closefd=False)

    @property
    def sha256(self) -> str:
        """Return the hash of everything unpacked so far."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Unpack a piece and hand it on."""
        try:
            if self._gzip is not None:
                self._ungzip(self._gzip, data)
            elif self._zstd is not None:
                self._zstd.write(data)
            else:
                self._give(data)
        except (zlib_ng.error, zstandard.ZstdError) as error:  # type: ignore[misc] # its stub calls a class an instance
            raise UnpackError(str(error)) from error
        return len(data)

    def flush(self) -> None:
        """Nothing waits in here."""

    def finish(self) -> None:
        """Raise UnpackError if the end is missing. (A cut zstd stream shows by its hash only.)"""
        if self._gzip is not None and not self._gzip.eof:
            raise UnpackError("the end is missing")

    def _ungzip(self, inside: Any, data: bytes) -> None:
        while data:
            if inside.eof:
                raise UnpackError("something follows its end")
            # A limit, for a few bytes may hold a thousand times as many.
            self._give(inside.decompress(data, _PIECE))
            data = inside.unconsumed_tail or inside.unused_data

    def _give(self, data: bytes) -> None:
        if data:
            self._hash.update(data)
            self._sink(data)


class _Into:
    """What zstandard wants to write to: a file with one method."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        self._give = give

    def write(self, data: Any) -> int:
        self._give(bytes(data))
        return len(data)

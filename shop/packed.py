"""Gzip of a page whose parts were packed beforehand, with a secret between them that is never compressed.

Whoever can make a browser ask for pages and see how long the answers are can guess a secret that is compressed together
with what he typed (BREACH). Here every part is packed on its own, and the secret stands as it is: no length depends on
what it has in common with anything. It also saves the time: of a page that is served again only the checksum is new.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END = b"\x03\x00"
MOST_STORED = 0xFFFF


def pack(part: bytes) -> bytes:
    """Return deflate blocks of ``part`` that refer to nothing outside, end on a byte and leave the stream open."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)


def join_packed(packed: Sequence[bytes], parts: Sequence[bytes], secret: bytes) -> bytes:
    """Return the gzip of ``secret.join(parts)``; ``packed`` are the packed ``parts``."""
    assert len(secret) <= MOST_STORED
    stored = struct.pack("<BHH", 0, len(secret), len(secret) ^ MOST_STORED) + secret
    checksum, length = 0, 0
    for index, part in enumerate(parts):
        if index:
            checksum, length = zlib.crc32(secret, checksum), length + len(secret)
        checksum, length = zlib.crc32(part, checksum), length + len(part)
    return b"".join((_HEADER, stored.join(packed), _END, struct.pack("<II", checksum, length & 0xFFFFFFFF)))


def accepts_gzip(header: str) -> bool:
    """Say whether ``Accept-Encoding`` names gzip without refusing it."""
    for offer in header.lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False

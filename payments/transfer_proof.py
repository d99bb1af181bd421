"""Proofs of transfers as staff upload them: judged by what is in the file, pictures painted anew, PDF kept as it is."""

from __future__ import annotations

import hashlib
import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

from config.errors import InvalidInputError

FIELD = "proof"
MAX_BYTES = 2 * 1024 * 1024
MAX_STORED_BYTES = 2 * MAX_BYTES  # a picture painted anew may come out larger than it was
MAX_PIXELS = 40_000_000
LONGEST_SIDE = 2000  # enough to read the smallest print of a slip
PICTURE, PDF = "image/jpeg", "application/pdf"
SUFFIXES = {PICTURE: "jpg", PDF: "pdf"}
_FORMATS = ("JPEG", "PNG", "WEBP")
# What Pillow raises for files that are broken or made to break it.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, Image.DecompressionBombError)
_WRONG = "Berkas ini bukan JPEG, PNG, WebP, atau PDF yang utuh."


@dataclass(frozen=True)
class CleanProof:
    """A file that may be kept and handed out: its bytes and what they are (``PICTURE`` or ``PDF``)."""

    content: bytes
    kind: str

    @property
    def sha256(self) -> str:
        """The content's fingerprint, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


def clean_proof(upload: IO[bytes], *, size: int) -> CleanProof:
    """Return what is kept of an upload of ``size`` bytes; its name and declared type are not believed.

    A picture becomes a JPEG without metadata, at most LONGEST_SIDE pixels long. Raises InvalidInputError (``proof``).
    """
    if size > MAX_BYTES:
        raise InvalidInputError(FIELD, f"Berkas terlalu besar: paling banyak {MAX_BYTES // 1024**2} MB.")
    upload.seek(0)
    content = upload.read(MAX_BYTES + 1)
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-1024:]:
            raise InvalidInputError(FIELD, _WRONG)
        return CleanProof(content, PDF)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return CleanProof(_painted_anew(content), PICTURE)
        except (*_BROKEN, Image.DecompressionBombWarning):
            raise InvalidInputError(FIELD, _WRONG) from None


def _painted_anew(content: bytes) -> bytes:
    """Return the picture upright, on white, as a new JPEG; its size is judged before its pixels are unpacked."""
    with Image.open(BytesIO(content), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise InvalidInputError(FIELD, f"Gambar terlalu besar: paling banyak {MAX_PIXELS // 10**6} megapiksel.")
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            see_through = upright.convert("RGBA")
            ground = Image.new("RGBA", see_through.size, "white")
            upright = Image.alpha_composite(ground, see_through)
        plain = upright.convert("RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    plain.info.clear()
    out = BytesIO()
    plain.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()

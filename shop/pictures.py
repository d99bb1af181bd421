"""Uploaded pictures: checked, cropped to 4:5 and written anew in two widths, so that nothing of the upload is kept."""

from __future__ import annotations

import secrets
import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.files.base import ContentFile
from PIL import Image, ImageOps

from config.errors import InvalidInputError

FIELD = "picture"
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
LARGE = (640, 800)
SMALL = (320, 400)
QUALITY = 82
# What Pillow raises for files that are broken or made to break it.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Pictures:
    """The two files of one picture; their names are random and share nothing with the upload's."""

    large: ContentFile[bytes]
    small: ContentFile[bytes]


def make_pictures(upload: IO[bytes], *, size: int) -> Pictures:
    """Return the large and the small picture of an upload of ``size`` bytes.

    The middle is kept when it is not 4:5. Raises InvalidInputError (``picture``) with what to do instead.
    """
    if size > MAX_BYTES:
        raise InvalidInputError(FIELD, f"Berkas terlalu besar: paling banyak {MAX_BYTES // 1024**2} MB.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = _opened(upload)
        except (*_BROKEN, Image.DecompressionBombWarning):
            raise InvalidInputError(FIELD, "Berkas ini bukan gambar JPEG, PNG atau WebP yang utuh.") from None
    name = secrets.token_hex(12)
    return Pictures(_written(picture, LARGE, f"{name}-640.webp"), _written(picture, SMALL, f"{name}-320.webp"))


def _opened(upload: IO[bytes]) -> Image.Image:
    """Read the picture upright, in plain colours on white; its size is judged before its pixels are unpacked."""
    upload.seek(0)
    with Image.open(upload, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise InvalidInputError(FIELD, f"Gambar terlalu besar: paling banyak {MAX_PIXELS // 10**6} megapiksel.")
        if width < SMALL[0] or height < SMALL[1]:
            raise InvalidInputError(FIELD, f"Gambar terlalu kecil: paling sedikit {SMALL[0]} × {SMALL[1]} piksel.")
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            see_through = upright.convert("RGBA")
            ground = Image.new("RGBA", see_through.size, "white")
            return Image.alpha_composite(ground, see_through).convert("RGB")
        return upright.convert("RGB")


def _written(picture: Image.Image, size: tuple[int, int], name: str) -> ContentFile[bytes]:
    """Write one size. A new image without metadata: where and with what it was taken stays with the photographer."""
    content = BytesIO()
    fitted = ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    fitted.info.clear()
    fitted.save(content, "WEBP", quality=QUALITY, method=4)
    return ContentFile(content.getvalue(), name=name)

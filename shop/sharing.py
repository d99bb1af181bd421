"""The picture that others show of a link to a product: 1200 × 630, made from the product's first one and kept."""

from __future__ import annotations

from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

SIZE = (1200, 630)
FOLDER = "sharing"
QUALITY = 82


def sharing_picture(name: str) -> bytes | None:
    """Return the picture made of the stored picture ``name``; None when that cannot be read.

    Kept beside it: names of pictures are random and never used again, so what was made once stays right.
    """
    kept = f"{FOLDER}/{name.rpartition('/')[2].rpartition('.')[0]}.jpg"
    if default_storage.exists(kept):
        with default_storage.open(kept) as file:
            return bytes(file.read())
    try:
        with default_storage.open(name) as file, Image.open(file) as picture:
            made = _made(picture.convert("RGB"))
    except (OSError, ValueError):
        return None
    default_storage.save(kept, ContentFile(made))
    return made


def _made(picture: Image.Image) -> bytes:
    """Put the whole picture, which is upright, onto a soft and darker copy of itself."""
    ground = ImageOps.fit(picture, SIZE).filter(ImageFilter.GaussianBlur(36))
    canvas = ImageEnhance.Brightness(ground).enhance(0.8)
    whole = ImageOps.contain(picture, SIZE)
    canvas.paste(whole, ((SIZE[0] - whole.width) // 2, (SIZE[1] - whole.height) // 2))
    content = BytesIO()
    canvas.save(content, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return content.getvalue()

"""What becomes of an uploaded proof: judged by its bytes, and nothing of a picture kept but what one sees."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from config.errors import InvalidInputError
from payments.transfer_proof import LONGEST_SIDE, MAX_BYTES, MAX_STORED_BYTES, PICTURE, CleanProof, clean_proof

SCRIPT = b"<script>alert(document.domain)</script>"


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 400), mode: str = "RGB", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").convert(mode).save(content, kind, **options)
    return content.getvalue()


def clean(content: bytes) -> CleanProof:
    return clean_proof(io.BytesIO(content), size=len(content))


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")]
)
def test_pictures_are_painted_anew_without_what_they_carried(kind: str, mode: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    carried: dict[str, Any] = {} if mode in {"P", "CMYK"} else {"exif": exif}

    proof = clean(picture(kind, mode=mode, **carried) + SCRIPT)

    kept = Image.open(io.BytesIO(proof.content))
    assert (proof.kind, kept.format, kept.size) == (PICTURE, "JPEG", (600, 400))
    assert SCRIPT not in proof.content
    assert not kept.getexif()


def test_a_large_picture_is_made_smaller() -> None:
    kept = Image.open(io.BytesIO(clean(picture(size=(5000, 2500))).content))

    assert kept.size == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_a_picture_full_of_noise_fits_into_its_table() -> None:
    content = io.BytesIO()
    Image.effect_noise((1400, 1000), 200).save(content, "JPEG", quality=60)

    assert len(clean(content.getvalue()).content) < MAX_STORED_BYTES


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>" + SCRIPT, id="html"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', id="svg"),
        pytest.param(b"GIF89a" + b"\x00" * 100, id="gif"),
        pytest.param(picture("GIF"), id="a good gif"),
        pytest.param(picture("TIFF"), id="tiff"),
        pytest.param(picture()[:-400], id="a cut jpeg"),
        pytest.param(b"%PDF-1.7 and nothing more", id="a cut pdf"),
        pytest.param(SCRIPT + b"%PDF-1.7\n%%EOF", id="a pdf behind something"),
        pytest.param(picture("PNG", size=(9000, 9000)), id="a bomb"),
        pytest.param(b"\x00" * (MAX_BYTES + 1), id="too large"),
    ],
)
def test_what_is_no_proof_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as refused:
        clean(content)

    assert refused.value.field == "proof"

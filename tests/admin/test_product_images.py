"""Uploaded pictures: two clean WebP files of 4:5 come out, whatever came in; what is no picture is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from PIL import Image

from shop.models import Product, ProductImage
from shop.pictures import MAX_BYTES, MAX_PIXELS
from tests.admin.test_products import errors_of, new_product
from tests.support.staff import login

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(tmp_path: Path) -> Any:
    """Uploads of a test go into its own folder."""
    with override_settings(MEDIA_ROOT=tmp_path):
        yield tmp_path


def picture(size: tuple[int, int] = (1200, 900), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return the bytes of a picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    content = io.BytesIO()
    image.convert(mode).save(content, kind, **options)
    return content.getvalue()


def upload(content: bytes, name: str = "DSC_0001.JPG", **changes: Any) -> Any:
    """Send a new product with one picture."""
    form = new_product(
        **{
            "images-TOTAL_FORMS": "1",
            "images-0-picture": SimpleUploadedFile(name, content, "image/jpeg"),
            "images-0-alt": "Mangkuk nila, tampak depan",
            "images-0-position": "0",
        }
        | changes,
    )
    return login("owner").post(reverse("admin:shop_product_add"), form)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")],
)
def test_two_pictures_of_four_to_five_come_out(media: Path, kind: str, mode: str) -> None:
    content = picture(kind=kind, mode=mode)

    assert upload(content).status_code == 302

    image = ProductImage.objects.get()
    for field, size in ((image.large, (640, 800)), (image.small, (320, 400))):
        with Image.open(media / str(field)) as made:
            assert (made.format, made.size, made.mode) == ("WEBP", size, "RGB")


def test_nothing_of_the_upload_is_kept_neither_its_name_nor_where_it_was_taken(media: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Kamera Rahasia"
    exif[0x8825] = {1: "S", 2: (6.0, 12.0, 0.0)}

    upload(picture(exif=exif), name="rumah-jalan-dago-12.jpg")

    image = ProductImage.objects.get()
    assert "dago" not in str(image.large)
    assert "dago" not in str(image.small)
    for field in (image.large, image.small):
        content = (media / str(field)).read_bytes()
        assert b"Rahasia" not in content
        with Image.open(media / str(field)) as made:
            assert not made.getexif()


def test_a_picture_taken_sideways_stands_upright(media: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn right to see it

    upload(picture(exif=exif))

    with Image.open(media / str(ProductImage.objects.get().large)) as made:
        top, bottom = made.getpixel((320, 40)), made.getpixel((320, 760))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]


def test_what_was_transparent_is_white(media: Path) -> None:
    image = Image.new("RGBA", (800, 1000), (0, 0, 0, 0))
    content = io.BytesIO()
    image.save(content, "PNG")

    upload(content.getvalue(), name="x.png")

    with Image.open(media / str(ProductImage.objects.get().large)) as made:
        assert made.getpixel((10, 10)) == (255, 255, 255)


def bomb() -> bytes:
    """Return a PNG of a few bytes that says it is a hundred thousand pixels wide and high."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def gif() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (800, 1000)).save(content, "GIF")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"bukan gambar", "bukan gambar"),
        (b"", "kosong"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "bukan gambar"),
        (picture()[:3000], "bukan gambar"),
        (gif(), "bukan gambar"),
        (bomb(), "bukan gambar"),
        (picture((300, 200)), "terlalu kecil"),
    ],
    ids=["text", "empty", "svg", "cut off", "gif", "bomb", "small"],
)
def test_what_is_no_decent_picture_is_refused_in_words(media: Path, content: bytes, sentence: str) -> None:
    answer = upload(content)

    assert answer.status_code == 200
    assert sentence in errors_of(answer)
    assert Product.objects.count() == 0
    assert list(media.rglob("*.*")) == []


def test_a_file_that_is_too_heavy_is_refused() -> None:
    answer = upload(picture() + b"\0" * MAX_BYTES)

    assert "terlalu besar" in errors_of(answer)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    wide = Image.new("1", (MAX_PIXELS // 4000 + 1, 4001))
    content = io.BytesIO()
    wide.save(content, "PNG")

    answer = upload(content.getvalue(), name="besar.png")

    assert "megapiksel" in errors_of(answer)


def test_a_new_picture_needs_a_file_and_words() -> None:
    without_file = upload(picture(), **{"images-0-picture": ""})
    without_words = upload(picture(), **{"images-0-alt": ""})

    assert "Pilih berkas gambarnya" in errors_of(without_file)
    assert "Tulis dengan kata" in errors_of(without_words)
    assert Product.objects.count() == 0

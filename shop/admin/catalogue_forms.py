"""Forms of the catalogue: shapes a person can type, and sentences that say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from config.errors import InvalidInputError
from shop.models import Product, ProductImage, Variant
from shop.pictures import MAX_BYTES, Pictures, make_pictures

if TYPE_CHECKING:
    from django.forms import FileInput, ModelForm, Textarea

    ProductBase = ModelForm[Product]
    VariantBase = ModelForm[Variant]
    ImageBase = ModelForm[ProductImage]
else:
    from django.forms import ModelForm
    from unfold.widgets import UnfoldAdminImageSmallFieldWidget as FileInput
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

    ProductBase = VariantBase = ImageBase = ModelForm

MAX_PRICE = 1_000_000_000
MAX_WEIGHT = 1_000_000
MAX_PAIRS = 20


class PairsField(forms.CharField):
    """``Bahan: Katun``, one pair a line, for a JSON column. ``read`` and ``write`` turn it into pairs and back."""

    default_error_messages = {
        "pair": "Baris “%(line)s”: tulis nama, titik dua, lalu isinya. Misalnya “Bahan: Katun”.",
        "twice": "“%(name)s” tertulis dua kali.",
        "many": f"Paling banyak {MAX_PAIRS} baris.",
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("max_length", 4000)
        options.setdefault("widget", Textarea(attrs={"rows": "3"}))
        super().__init__(**options)

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, after = (str(text or "").replace("\r\n", "\n") for text in (self.prepare_value(initial), data))
        return super().has_changed(before, after)

    def pairs(self, value: str) -> list[tuple[str, str]]:
        """Return what was typed. Raises ValidationError."""
        found: dict[str, str] = {}
        for line in filter(str.strip, value.splitlines()):
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not (name and colon and text):
                raise ValidationError(self.error_messages["pair"], "pair", {"line": line.strip()[:40]})
            if name in found:
                raise ValidationError(self.error_messages["twice"], "twice", {"name": name[:40]})
            found[name] = text
        if len(found) > MAX_PAIRS:
            raise ValidationError(self.error_messages["many"], "many")
        return list(found.items())


class DetailsField(PairsField):
    """``Product.details``: a list of label and text."""

    def clean(self, value: Any) -> list[dict[str, str]]:
        return [{"label": name, "text": text} for name, text in self.pairs(super().clean(value) or "")]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{row.get('label', '')}: {row.get('text', '')}" for row in value)
        return value


class OptionsField(PairsField):
    """``Variant.options``: what a customer chooses by, in order."""

    def clean(self, value: Any) -> dict[str, str]:
        return dict(self.pairs(super().clean(value) or ""))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}: {text}" for name, text in value.items()) if isinstance(value, dict) else value


def remember_what_was_shown(form: forms.BaseForm) -> None:
    """Let the page send back what it showed, so that only what was edited is written, whoever saved meanwhile."""
    for field in form.fields.values():
        field.show_hidden_initial = not isinstance(field, forms.FileField)


class ProductForm(ProductBase):
    """A product without its variants."""

    details = DetailsField(label="Rincian", help_text="Satu baris satu hal, misalnya “Bahan: Katun primisima”.")

    class Meta:
        model = Product
        fields = ("name", "slug", "category", "tagline", "description", "details", "is_active")
        labels = {"slug": "Alamat halaman"}
        error_messages = {"slug": {"unique": "Alamat halaman ini sudah dipakai produk lain."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        remember_what_was_shown(self)


class VariantForm(VariantBase):
    """What is bought: its stock is not in the form, it moves on the stock pages only."""

    options = OptionsField(
        label="Opsi",
        help_text="Yang dipilih pembeli, misalnya “Warna: Nila”. Kosong bila tanpa pilihan.",
        widget=Textarea(attrs={"rows": "2"}),
    )

    class Meta:
        model = Variant
        fields = ("sku", "name", "price", "weight", "options", "swatch", "position", "is_active", "reorder_at")
        error_messages = {
            "sku": {"unique": "SKU ini sudah dipakai barang lain."},
            "price": {"min_value": "Harga harus lebih dari Rp0."},
            "weight": {"min_value": "Berat harus lebih dari 0 gram."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        remember_what_was_shown(self)

    def clean_sku(self) -> str:
        sku = str(self.cleaned_data["sku"]).strip()
        if any(letter.isspace() for letter in sku):
            raise ValidationError("SKU tidak boleh memuat spasi.")
        return sku

    def clean_price(self) -> int:
        price = int(self.cleaned_data["price"])
        if not 0 < price <= MAX_PRICE:
            raise ValidationError("Harga harus lebih dari Rp0 dan paling banyak Rp1.000.000.000.")
        return price

    def clean_weight(self) -> int:
        weight = int(self.cleaned_data["weight"])
        if not 0 < weight <= MAX_WEIGHT:
            raise ValidationError("Berat harus lebih dari 0 gram dan paling banyak 1.000.000 gram.")
        return weight

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("options") and not cleaned.get("name"):
            cleaned["name"] = ", ".join(cleaned["options"].values())[:80]
        return cleaned


class ImageForm(ImageBase):
    """One picture: a file is uploaded, two are made of it."""

    picture = forms.FileField(
        label="Berkas gambar",
        required=False,
        help_text=f"JPEG, PNG atau WebP, paling banyak {MAX_BYTES // 1024**2} MB. Dipotong menjadi 4:5.",
        widget=FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    made: Pictures | None = None

    class Meta:
        model = ProductImage
        fields = ("alt", "position")
        error_messages = {"alt": {"required": "Tulis dengan kata apa yang terlihat di gambar."}}

    def clean_picture(self) -> UploadedFile[Any] | None:
        upload: UploadedFile[Any] | None = self.cleaned_data.get("picture")
        if upload is None:
            if self.instance.pk is None:
                raise ValidationError("Pilih berkas gambarnya.")
            return None
        try:
            self.made = make_pictures(upload, size=upload.size or 0)
        except InvalidInputError as error:
            raise ValidationError(str(error)) from None
        return upload

    def save(self, commit: bool = True) -> ProductImage:
        """Write the two files, then the row."""
        if self.made is not None:
            self.instance.large.save(str(self.made.large.name), self.made.large, save=False)
            self.instance.small.save(str(self.made.small.name), self.made.small, save=False)
        return super().save(commit)

"""What the product page offers: one variant in view, and the ways to the others."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from shop.facts import ProductFacts
from shop.models import Category, Product, ProductImage, Variant
from shop.selectors import LOW_STOCK


@dataclass(frozen=True)
class Choice:
    """One chip: choosing it selects ``variant``."""

    label: str
    variant: Variant
    swatch: str
    is_selected: bool
    is_sold: bool

    @property
    def note(self) -> str:
        return stock_note(self.variant)

    @property
    def is_low(self) -> bool:
        return is_low(self.variant)


@dataclass(frozen=True)
class Axis:
    """One option of a product (colour, size) with its choices. The last one is sent with the form, others are links."""

    name: str
    value: str
    choices: tuple[Choice, ...]
    is_last: bool


@dataclass(frozen=True)
class Offer:
    """A product with the variant that is being looked at."""

    product: Product
    pictures: list[ProductImage]
    variant: Variant
    axes: tuple[Axis, ...]

    @property
    def is_sold(self) -> bool:
        return self.variant.available <= 0

    @property
    def most(self) -> int:
        """Return how many units the number box allows."""
        return most(self.variant)

    @property
    def note(self) -> str:
        return stock_note(self.variant)

    @property
    def is_low(self) -> bool:
        return is_low(self.variant)

    @property
    def question(self) -> str:
        """Return how a message to the shop about this product begins."""
        name = f"{self.product.name} ({self.variant.name})" if self.variant.name else self.product.name
        return f"Halo, saya ingin bertanya tentang {name}: {settings.SITE_URL}{self.product.get_absolute_url()}"


def most(variant: Variant) -> int:
    """Return how many units of ``variant`` one may put into the cart at once."""
    return max(1, min(variant.available, settings.MAX_UNITS_PER_LINE))


def is_low(variant: Variant) -> bool:
    """Say whether the stock note deserves attention."""
    return variant.available <= LOW_STOCK


def stock_note(variant: Variant) -> str:
    """Return ``Habis``, ``Sisa 2`` or nothing: that there is enough needs no words."""
    if variant.available <= 0:
        return "Habis"
    return f"Sisa {variant.available}" if is_low(variant) else ""


def offer(facts: ProductFacts, wanted: str) -> Offer:
    """Return the product with the variant whose id is ``wanted``, else the first that is there."""
    product = Product(
        pk=facts.pk,
        category=Category(pk=facts.category_id, name=facts.category_name, slug=facts.category_slug),
        name=facts.name,
        slug=facts.slug,
        tagline=facts.tagline,
        description=facts.description,
        details=json.loads(facts.details),
    )
    variants = [Variant(product=product, **row) for row in json.loads(facts.variants)]
    pictures = [ProductImage(product=product, **row) for row in json.loads(facts.pictures or "[]")]
    chosen = next((variant for variant in variants if str(variant.pk) == wanted), None)
    variant = chosen or next((variant for variant in variants if variant.available > 0), variants[0])
    return Offer(product, pictures, variant, _axes(variants, variant) if len(variants) > 1 else ())


def _axes(variants: list[Variant], selected: Variant) -> tuple[Axis, ...]:
    """Return the options one after the other: each shows what there is for the values chosen before it."""
    names = list(selected.options)
    if not names or any(list(variant.options) != names for variant in variants):
        choices = _last_choices(variants, selected, None, dots=True)
        return (Axis("Pilihan", _label(selected, None), choices, is_last=True),)
    axes: list[Axis] = []
    candidates, dots_left = variants, True
    for name in names:
        dots = dots_left and _tells_colour(candidates, name)
        dots_left = dots_left and not dots
        if name == names[-1]:
            choices = _last_choices(candidates, selected, name, dots=dots)
        else:
            choices = _earlier_choices(candidates, selected, name, dots=dots)
        axes.append(Axis(name, _label(selected, name), choices, is_last=name == names[-1]))
        candidates = [variant for variant in candidates if variant.options[name] == selected.options[name]]
    return tuple(axes)


def _label(variant: Variant, name: str | None) -> str:
    return str(variant.options[name]) if name else variant.name or variant.sku


def _tells_colour(variants: list[Variant], name: str) -> bool:
    """Say whether the option's values differ in colour."""
    pairs = {(str(variant.options[name]), variant.swatch) for variant in variants}
    values, swatches = {value for value, _ in pairs}, {swatch for _, swatch in pairs}
    return "" not in swatches and len(pairs) == len(values) == len(swatches)


def _last_choices(variants: list[Variant], selected: Variant, name: str | None, *, dots: bool) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            label=_label(variant, name),
            variant=variant,
            swatch=variant.swatch if dots else "",
            is_selected=variant.pk == selected.pk,
            is_sold=variant.available <= 0,
        )
        for variant in variants
    )


def _earlier_choices(variants: list[Variant], selected: Variant, name: str, *, dots: bool) -> tuple[Choice, ...]:
    """Each value leads to its variant that is there and is most like the selected one."""
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(_label(variant, name), []).append(variant)

    def likeness(variant: Variant) -> tuple[bool, int]:
        same = sum(variant.options[key] == value for key, value in selected.options.items())
        return variant.available > 0, same

    choices = []
    for label, group in groups.items():
        best = max(group, key=likeness)
        choices.append(
            Choice(
                label=label,
                variant=best,
                swatch=best.swatch if dots else "",
                is_selected=label == _label(selected, name),
                is_sold=all(variant.available <= 0 for variant in group),
            ),
        )
    return tuple(choices)

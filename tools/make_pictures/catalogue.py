"""What the pictures take from the demo catalogue: slugs, rooms and the colours on sale."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "shop" / "demo"


@dataclass(frozen=True)
class Product:
    slug: str
    category: str
    tones: tuple[str, ...]
    files: tuple[str, ...]


def products() -> list[Product]:
    rows = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))["products"]
    return [
        Product(
            slug=row["slug"],
            category=row["category"],
            tones=tuple(dict.fromkeys(v["swatch"].lower() for v in row["variants"] if v["swatch"])),
            files=tuple(image["file"] for image in row["images"]),
        )
        for row in rows
    ]

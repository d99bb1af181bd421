"""Put pictures of every page on sheets: ``python -m tools.contact_sheet PICTURES OUT``.

``PICTURES`` holds a folder per group with files ``NAME--phone-light.png`` and so on; ``make contact-sheet`` lets the
browser walks of ``tests/journeys`` make them. ``OUT`` gets a few sheets per group, and an ``index.html`` whose
thumbnails lead to the whole pictures. Exit codes: 0 done, 1 no pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

VIEWS = {"phone-light": 170, "phone-dark": 170, "desk-light": 400, "desk-dark": 400}
"""What there is of each page, and how wide its thumbnail is."""
TALLEST = 560
GAP, LABEL = 12, 20
ROWS = 6
PAPER, INK = (238, 241, 244), (20, 33, 61)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.contact_sheet", description="Put pages on sheets.")
    parser.add_argument("pictures", type=Path, help="a folder of groups, each with NAME--VIEW.png")
    parser.add_argument("out", type=Path, help="where the sheets and index.html go")
    arguments = parser.parse_args()
    groups = {folder.name: names(folder) for folder in sorted(arguments.pictures.glob("*/")) if names(folder)}
    if not groups:
        print(f"No pictures in {arguments.pictures}.", file=sys.stderr)
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.glob("*.webp"):
        old.unlink()
    for group, pages in groups.items():
        for number, some in enumerate(portions(pages), start=1):
            path = arguments.out / f"{group}-{number}.webp"
            sheet(arguments.pictures / group, some).save(path, "WEBP", quality=82)
            print(f"{path}: {', '.join(some)}")
    (arguments.out / "index.html").write_text(index(arguments.pictures, arguments.out, groups), encoding="utf-8")
    print(arguments.out / "index.html")
    return 0


def names(folder: Path) -> list[str]:
    """Return the pages of a group, in the order in which they were first visited."""
    first: dict[str, float] = {}
    for path in folder.glob("*--*.png"):
        name, taken = path.name.partition("--")[0], path.stat().st_mtime
        first[name] = min(taken, first.get(name, taken))
    return sorted(first, key=lambda name: first[name])


def portions(pages: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what fits on one sheet after the other."""
    for start in range(0, len(pages), ROWS):
        yield pages[start : start + ROWS]


def sheet(folder: Path, pages: Sequence[str]) -> Image.Image:
    """Return a sheet with a labelled row for each page; long pages are cut off below."""
    rows = [[thumbnail(folder / f"{name}--{view}.png", width) for view, width in VIEWS.items()] for name in pages]
    heights = [max((picture.height for picture in row if picture), default=0) for row in rows]
    size = (sum(VIEWS.values()) + GAP * (len(VIEWS) + 1), sum(heights) + len(rows) * (LABEL + GAP) + GAP)
    whole = Image.new("RGB", size, PAPER)
    pen, top = ImageDraw.Draw(whole), GAP
    for name, row, height in zip(pages, rows, heights, strict=True):
        pen.text((GAP, top), name, fill=INK)
        left = GAP
        for picture, width in zip(row, VIEWS.values(), strict=True):
            if picture:
                whole.paste(picture, (left, top + LABEL))
            left += width + GAP
        top += height + LABEL + GAP
    return whole


def thumbnail(path: Path, width: int) -> Image.Image | None:
    """Return the upper part of a picture, or nothing for a page that has no such view."""
    if not path.exists():
        return None
    with Image.open(path) as picture:
        height = round(picture.height * width / picture.width)
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    return small.crop((0, 0, width, min(height, TALLEST)))


def index(pictures: Path, out: Path, groups: dict[str, list[str]]) -> str:
    """Return a page with every picture, each leading to itself in full."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Contact sheet</title>",
        "<style>body{font:14px system-ui;background:#eef1f4;color:#14213d;margin:16px}figure{display:flex;gap:12px;",
        "margin:0 0 24px;align-items:start}img{max-height:560px;object-fit:cover;object-position:top}</style>",
        f"<h1>Contact sheet</h1><p>{sum(map(len, groups.values()))} pages</p>",
    ]
    for group, pages in groups.items():
        parts.append(f"<h2>{escape(group)}</h2>")
        for name in pages:
            views = [(view, width, pictures / group / f"{name}--{view}.png") for view, width in VIEWS.items()]
            shown = "".join(
                f'<a href="{escape(link)}"><img src="{escape(link)}" width={width} loading=lazy alt="{view}"></a>'
                for view, width, path in views
                if path.exists()
                for link in [Path(os.path.relpath(path, out)).as_posix()]
            )
            parts.append(f"<h3>{escape(name)}</h3><figure>{shown}</figure>")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tools.make_pictures [--only SLUG ...] [--view N] [--icons]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.make_pictures.catalogue import DEMO, products
from tools.make_pictures.compose import picture
from tools.make_pictures.icons import write_icons
from tools.make_pictures.render import browser_page, save_widths, shot
from tools.make_pictures.rooms import H, W


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.make_pictures", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="SLUG", help="these products and nothing else")
    parser.add_argument("--view", type=int, choices=(1, 2, 3), help="one of the three views")
    parser.add_argument("--out", type=Path, default=DEMO / "pictures")
    parser.add_argument("--icons", action="store_true", help="only the favicons and the share picture")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    if wanted.icons:
        write_icons()
        return 0
    chosen = [product for product in products() if not wanted.only or product.slug in wanted.only]
    if not chosen:
        sys.stderr.write("No such product in the catalogue.\n")
        return 2
    views = [wanted.view] if wanted.view else [1, 2, 3]
    with browser_page(W, H) as page:
        for product in chosen:
            for view in views:
                save_widths(shot(page, picture(product, view)), wanted.out, product.files[view - 1])
            sys.stdout.write(f"{product.slug}\n")
    if not wanted.only:
        write_icons()
    return 0


if __name__ == "__main__":
    sys.exit(main())

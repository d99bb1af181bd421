"""``python -m tools.lighthouse``: measure the demo shop with Lighthouse and compare it with its budgets.

Prints a table in Markdown. Exit codes: 0 within the budgets, 1 could not measure, 3 above a budget. ``make lighthouse``
fetches the program and calls this; the machine should be idle, or the times mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tools.lighthouse.budget import HEAD, Measured, measured, middle, row, too_much
from tools.lighthouse.shop import PRODUCT, cookies_of_a_full_cart, demo_shop

CHROMIUM = "/usr/bin/chromium"
VISITS = 3
VISIT_S = 180
FINDINGS = 3


class Place(NamedTuple):
    """A page that is measured."""

    name: str
    path: str
    indexed: bool = True
    with_cart: bool = False


PLACES = (
    Place("home", "/"),
    Place("category", "/kategori/batik-tenun/"),
    Place("product", f"/produk/{PRODUCT}/"),
    Place("cart", "/keranjang/", indexed=False, with_cart=True),
    Place("checkout", "/checkout/", indexed=False, with_cart=True),
)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.lighthouse", description="Measure the shop's pages.")
    parser.add_argument("--program", default=".lighthouse/node_modules/.bin/lighthouse", help="Lighthouse 12")
    parser.add_argument("--visits", type=int, default=VISITS, help="how often each page is visited; the middle counts")
    parser.add_argument(
        "--only", action="append", choices=[place.name for place in PLACES], help="one page; repeatable"
    )
    parser.add_argument("--save", type=Path, help="a folder for the reports")
    arguments = parser.parse_args()
    places = [place for place in PLACES if not arguments.only or place.name in arguments.only]
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
    lines, broken = [HEAD], []
    try:
        with demo_shop() as base:
            cookies = cookies_of_a_full_cart(base)
            for place in places:
                visits = [_visit(arguments, base, place, cookies, number) for number in range(arguments.visits)]
                found = middle(visits)
                lines.append(row(place.name, found))
                print(lines[-1], file=sys.stderr, flush=True)
                broken += [f"{place.name}: {line}" for line in too_much(found, indexed=place.indexed)]
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        print(f"Could not measure: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    print("\n".join(["", "Above the budget:", *broken] if broken else ["", "All within the budgets."]))
    return FINDINGS if broken else 0


def _visit(arguments: argparse.Namespace, base: str, place: Place, cookies: str, number: int) -> Measured:
    """Visit a page once in a new browser: a mid-range phone on slow 4G, simulated."""
    with TemporaryDirectory(prefix="lighthouse-") as folder:
        out = (arguments.save or Path(folder)) / f"{place.name}-{number + 1}.json"
        argv = [
            *(arguments.program, f"{base}{place.path}", "--quiet", "--output=json", f"--output-path={out}"),
            *("--form-factor=mobile", "--throttling-method=simulate"),
            "--only-categories=performance,accessibility,seo",
            "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
        ]
        if place.with_cart:
            headers = Path(folder) / "headers.json"
            headers.write_text(json.dumps({"Cookie": cookies}))
            argv.append(f"--extra-headers={headers}")
        environment = {"CHROME_PATH": CHROMIUM, "TMPDIR": folder} | os.environ
        subprocess.run(argv, env=environment, check=True, timeout=VISIT_S, stdout=subprocess.DEVNULL)  # noqa: S603
        report = json.loads(out.read_text())
    if report["finalDisplayedUrl"].rstrip("/") != f"{base}{place.path}".rstrip("/"):
        raise ValueError(f"{place.path} led to {report['finalDisplayedUrl']}.")
    return measured(report)


if __name__ == "__main__":
    sys.exit(main())

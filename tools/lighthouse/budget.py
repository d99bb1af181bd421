"""What a page may cost, and what of a measurement is above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

KB = 1000
CODE = frozenset({"Document", "Stylesheet", "Script", "Font"})

PERFORMANCE = 95
ACCESSIBILITY = 100
SEO = 100
LCP_MS = 2000
CLS = 0.05
CODE_BYTES = 150 * KB
ALL_BYTES = 500 * KB
REQUESTS = 25


@dataclass(frozen=True)
class Measured:
    """One visit, or the middle of several: scores up to 100, times in milliseconds, bytes as they were transferred."""

    performance: float
    accessibility: float
    seo: float
    lcp: float
    cls: float
    tbt: float
    code_bytes: float
    all_bytes: float
    requests: float


def measured(report: Mapping[str, Any]) -> Measured:
    """Return what a report of Lighthouse says. Raises ValueError when the page was not measured at all."""
    if error := report.get("runtimeError"):
        raise ValueError(f"Lighthouse could not measure: {error.get('message')}")
    categories, audits = report["categories"], report["audits"]
    requests = [item for item in audits["network-requests"]["details"]["items"] if item["url"].startswith("http")]
    return Measured(
        performance=_score(categories["performance"]),
        accessibility=_score(categories["accessibility"]),
        seo=_score(categories["seo"]),
        lcp=audits["largest-contentful-paint"]["numericValue"],
        cls=audits["cumulative-layout-shift"]["numericValue"],
        tbt=audits["total-blocking-time"]["numericValue"],
        code_bytes=sum(item.get("transferSize", 0) for item in requests if item.get("resourceType") in CODE),
        all_bytes=sum(item.get("transferSize", 0) for item in requests),
        requests=len(requests),
    )


def _score(category: Mapping[str, Any]) -> float:
    score = category["score"]
    return 0.0 if score is None else round(float(score) * 100)


def middle(visits: Sequence[Measured]) -> Measured:
    """Return the median of each number."""
    return Measured(**{name: median(getattr(visit, name) for visit in visits) for name in Measured.__annotations__})


def too_much(found: Measured, *, indexed: bool) -> list[str]:
    """Return what breaks the budget, a line for each. Pages that search engines may not keep have no SEO score."""
    least = [("performance", found.performance, PERFORMANCE), ("accessibility", found.accessibility, ACCESSIBILITY)]
    if indexed:
        least.append(("SEO", found.seo, SEO))
    most = [
        ("LCP in ms", found.lcp, LCP_MS),
        ("CLS", found.cls, CLS),
        ("bytes of HTML, CSS, JS and font", found.code_bytes, CODE_BYTES),
        ("bytes in all", found.all_bytes, ALL_BYTES),
        ("requests", found.requests, REQUESTS),
    ]
    return [f"{name} {_number(value)}, at least {limit}" for name, value, limit in least if value < limit] + [
        f"{name} {_number(value)}, at most {limit}" for name, value, limit in most if value > limit
    ]


def row(name: str, found: Measured) -> str:
    """Return the page's line of the table."""
    cells = [
        name,
        *(f"{score:.0f}" for score in (found.performance, found.accessibility, found.seo)),
        f"{found.lcp / 1000:.2f} s",
        f"{found.tbt:.0f} ms",
        f"{found.cls:.3f}",
        f"{found.code_bytes / KB:.0f} kB",
        f"{found.all_bytes / KB:.0f} kB",
        f"{found.requests:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| page | performance | accessibility | SEO | LCP | TBT | CLS | HTML, CSS, JS, font | all | requests |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")

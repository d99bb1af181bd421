"""A run of the monitors in words: lines for people, JSON for programs, metrics for Prometheus' textfile collector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.color import Style
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from monitoring.monitors import MONITORS
from monitoring.runner import Result, Run

SHOWN = 3


def listing(form: str) -> str:
    """Return the monitors: name, severity, grace and title."""
    if form == "json":
        rows = [
            {
                "monitor": m.name,
                "severity": m.severity,
                "title": m.title,
                "grace": m.grace,
                "description": m.description,
            }
            for m in MONITORS
        ]
        return json.dumps({"schema": 1, "monitors": rows})
    return "\n".join(f"{m.name:<26} {m.severity.value:<9} {m.title}; {m.grace}" for m in MONITORS)


def as_lines(run: Run, *, table: bool, style: Style) -> Iterator[str]:
    """Yield one line per monitor on a terminal, else only of those with something to say; then a summary."""
    if run.database_away:
        yield style.ERROR(f"CRITICAL  {'database_down':<26} {run.database_away}")
    for result in run.results:
        for key, how in result.healed.items():
            yield style.SUCCESS(f"HEALED    {result.monitor.name:<26} {key}: {how}")
        if table or result.error or result.look.total:
            yield _line(result, style)
            if result.look.total and not result.error:
                yield f"          try: {result.monitor.runbook.command}"
    broken = sum(bool(result.error) for result in run.results)
    wrong = sum(bool(result.look.total) for result in run.results)
    opened = sum(result.changes.opened for result in run.results)
    resolved = sum(result.changes.resolved for result in run.results)
    still = sum(result.changes.open for result in run.results)
    healed = sum(len(result.healed) for result in run.results)
    muted = sum(result.muted for result in run.results)
    mute = f", {muted} muted" if muted else ""
    held = f", {run.held_back} held back" if run.held_back else ""
    wait = f", {run.waiting} mails waiting" if run.waiting else ""
    lost = f", {run.undelivered} mails nobody took" if run.undelivered else ""
    yield (
        f"{len(run.results)} monitors: {len(run.results) - wrong - broken} ok, {wrong} with findings, {broken} failed; "
        f"healed {healed}; incidents +{opened} new, {resolved} resolved, {still} open{mute}{held}{wait}{lost} "
        f"({run.duration_ms / 1000:.1f} s) run={run.run_id}"
    )


def _line(result: Result, style: Style) -> str:
    name = f"{result.monitor.name:<26}"
    if result.error:
        return style.ERROR(f"FAILED    {name} {result.error}")
    if not result.look.total:
        facts = ", ".join(f"{key}: {value}" for key, value in result.look.facts.items() if not isinstance(value, dict))
        return style.SUCCESS(f"OK        {name} {facts} ({result.duration_ms} ms)")
    shown = "; ".join(finding.subject for finding in result.look.findings[:SHOWN])
    more = f" and {result.look.total - SHOWN} more" if result.look.total > SHOWN else ""
    paint = style.ERROR if result.severity == "CRITICAL" else style.WARNING
    return paint(f"{result.severity or '':<9} {name} {result.look.total}: {shown}{more}")


def as_json(run: Run, *, dry: bool) -> dict[str, Any]:
    """Return the run as one object."""
    return {
        "schema": 1,
        "run_id": run.run_id,
        "dry_run": dry,
        "started_at": run.started_at.isoformat(),
        "duration_ms": run.duration_ms,
        "status": "database_down" if run.database_away else "ok" if run.complete else "incomplete",
        "results": [
            {
                "monitor": result.monitor.name,
                "severity": "unknown" if result.error else (result.severity or "ok"),
                "findings": result.look.total,
                "message": result.error or "; ".join(finding.subject for finding in result.look.findings[:SHOWN]),
                "hint": result.monitor.runbook.command if result.look.total else "",
                "refs": [finding.key for finding in result.look.findings],
                "healed": dict(result.healed),
                "facts": dict(result.look.facts),
                "duration_ms": result.duration_ms,
            }
            for result in run.results
        ],
        "healed": sum(len(result.healed) for result in run.results),
        "alerts": {
            "opened": sum(result.changes.opened for result in run.results),
            "open": sum(result.changes.open for result in run.results),
            "resolved": sum(result.changes.resolved for result in run.results),
            "queued": run.queued,
            "sent": run.sent,
            "waiting": run.waiting,
            "held_back": run.held_back,
            "muted": sum(result.muted for result in run.results),
            "undelivered": run.undelivered,
        },
    }


def as_prometheus(run: Run) -> str:
    """Return the run as metrics, for a file that the node exporter picks up."""
    registry = CollectorRegistry()
    findings = Gauge("shop_monitor_findings", "Things that are wrong", ["monitor"], registry=registry)
    good = Gauge("shop_monitor_ok", "Whether the monitor could look", ["monitor"], registry=registry)
    seconds = Gauge("shop_monitor_duration_seconds", "How long it took", ["monitor"], registry=registry)
    healed = Gauge("shop_monitor_healed", "Things put right in this run", ["monitor"], registry=registry)
    for result in run.results:
        healed.labels(result.monitor.name).set(len(result.healed))
        findings.labels(result.monitor.name).set(result.look.total)
        good.labels(result.monitor.name).set(not result.error)
        seconds.labels(result.monitor.name).set(result.duration_ms / 1000)
    Gauge("shop_database_up", "Whether the database answers", registry=registry).set(not run.database_away)
    at = Gauge("shop_monitors_last_run_timestamp_seconds", "When the monitors ran", registry=registry)
    at.set(run.started_at.timestamp())
    Gauge("shop_alerts_sent", "Alert mails handed over in this run", registry=registry).set(run.sent)
    Gauge("shop_alerts_undelivered", "Alert mails that nobody took", registry=registry).set(run.undelivered)
    return generate_latest(registry).decode()

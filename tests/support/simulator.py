"""A client for the Midtrans simulator: starts it as a process of its own and drives it over its control API.

The shop's tests use it as a session fixture with ``reset()`` before each test. The clock runs at real speed unless a
``time_scale`` is given: retries then only happen when ``advance()`` moves the clock, so a test decides about time.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import urllib3

from config.processes import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 15
STOP_SECONDS = 5
CALL_SECONDS = 60  # longer than any wait of the control API
SERVER_KEY = "SB-Mid-server-tests"
CLIENT_KEY = "SB-Mid-client-tests"

JSON = dict[str, Any]


class SimulatorError(AssertionError):
    """The simulator refused a control call, or did not start."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Simulator:
    """One running simulator."""

    def __init__(self, process: subprocess.Popen[str], base_url: str, server_key: str, client_key: str) -> None:
        self._process = process
        # Safe for the threads of a race, and never through a proxy.
        self._pool = urllib3.PoolManager(maxsize=16, timeout=CALL_SECONDS, retries=False)
        self.base_url = base_url
        self.snap_url = f"{base_url}/snap/v1"
        self.core_url = base_url
        self.server_key = server_key
        self.client_key = client_key

    @classmethod
    def start(
        cls,
        notification_url: str = "",
        *,
        server_key: str = SERVER_KEY,
        client_key: str = CLIENT_KEY,
        finish_url: str = "",
        unfinish_url: str = "",
        error_url: str = "",
        time_scale: float = 1.0,
        webhook_timeout: float = 15.0,
        seed: int | None = 1,
        state_file: Path | None = None,
        port: int = 0,
    ) -> Self:
        """Start a process on a free port and wait until it listens."""
        options: JSON = {
            "port": port, "notification-url": notification_url, "finish-url": finish_url, "unfinish-url": unfinish_url,
            "error-url": error_url, "time-scale": time_scale, "webhook-timeout": webhook_timeout, "seed": seed,
            "state-file": state_file,
        }  # fmt: skip
        arguments = [
            part for name, value in options.items() if value not in {None, ""} for part in (f"--{name}", f"{value}")
        ]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIMULATOR_", "MIDTRANS_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "payments.simulator", *arguments],
            cwd=ROOT,
            env=clean | {"SIMULATOR_SERVER_KEY": server_key, "SIMULATOR_CLIENT_KEY": client_key},
            stdout=subprocess.PIPE,
            text=True,
            # A suite that is killed takes its simulators along; fixtures run in the main thread.
            preexec_fn=die_with_parent(),  # noqa: PLW1509
        )
        address = _listening(process)
        return cls(process, address, server_key, client_key)

    # -- what happened -------------------------------------------------------------------------------------------

    def requests(self, **wanted: str) -> list[JSON]:
        """Every Snap and Core call received, oldest first; keywords filter, such as ``operation="snap.create"``."""
        return list(self.control("GET", "requests", params=wanted)["requests"])

    def deliveries(self, **wanted: str) -> list[JSON]:
        """Every webhook with its attempts, oldest first; keywords filter, such as ``order_id=...``."""
        return list(self.control("GET", "deliveries", params=wanted)["deliveries"])

    def transactions(self, order_id: str | None = None) -> list[JSON]:
        """The transactions of ``order_id``, oldest first, or of all order ids."""
        orders = [self.order(order_id)] if order_id else self.control("GET", "transactions")["orders"]
        return [transaction for order in orders for transaction in order["transactions"]]

    def order(self, order_id: str) -> JSON:
        """``{order_id, gross_amount, page, transactions}``; SimulatorError 404 when Snap never saw it."""
        return self.control("GET", f"transactions/{quote(order_id, safe='')}")

    # -- what happens next ---------------------------------------------------------------------------------------

    def choose(self, order_id: str, method: str = "bca_va", *, deliver: bool = True, **more: Any) -> JSON:
        """The customer picks ``method``; the pending transaction. ``more``: force, fee, wait."""
        body = {"method": method, "deliver": deliver, **more}
        return self.control("POST", f"transactions/{quote(order_id, safe='')}/choose", json=body)

    def event(self, order_id: str, event: str, *, deliver: bool = True, **more: Any) -> JSON:
        """Let ``event`` happen; the transaction afterwards. ``more``: transaction_id, amount, method, force, wait.

        Returns when the shop has answered the webhook, unless ``wait=False`` or ``deliver=False`` (webhook lost).
        """
        body = {"event": event, "deliver": deliver, **more}
        return self.control("POST", f"transactions/{quote(order_id, safe='')}/event", json=body)

    def notify(self, **fields: str) -> list[JSON]:
        """Send a signed webhook of any content; the deliveries."""
        return list(self.control("POST", "notifications", json={"fields": fields})["deliveries"])

    def resend(self, delivery_id: int) -> JSON:
        return self.control("POST", f"deliveries/{delivery_id}/resend", json={})

    def advance(self, seconds: float, *, wait: bool = True) -> JSON:
        """Move the simulator's clock forward; webhooks that fall due meanwhile are answered when this returns."""
        return self.control("POST", "clock", json={"advance": seconds, "wait": wait})

    def set_time_scale(self, time_scale: float) -> JSON:
        return self.control("POST", "clock", json={"time_scale": time_scale})

    # -- what goes wrong -----------------------------------------------------------------------------------------

    def fault(
        self,
        name: str,
        *,
        operation: str | None = None,
        order_id: str | None = None,
        transaction_id: str | None = None,
        status: str | None = None,
        **more: Any,
    ) -> str:
        """Add a fault rule and return its id. ``more``: count, skip and the fault's own parameters."""
        match = {"operation": operation, "order_id": order_id, "transaction_id": transaction_id, "status": status}
        body = {"fault": name, "match": {key: value for key, value in match.items() if value is not None}, **more}
        return str(self.control("POST", "faults", json=body)["id"])

    def faults(self, fault_id: str) -> JSON:
        """The rule as it stands: remaining, hits, waiting, released."""
        return self.control("GET", f"faults/{fault_id}")

    def wait_held(self, fault_id: str, calls: int = 1, timeout: float = 10.0) -> None:
        """Wait until ``calls`` calls stand at the barrier of a ``hold`` fault."""
        deadline = time.monotonic() + timeout
        while self.faults(fault_id)["waiting"] < calls:
            if time.monotonic() > deadline:
                message = f"Only {self.faults(fault_id)['waiting']} of {calls} calls were held after {timeout} s."
                raise SimulatorError(message)
            time.sleep(0.01)

    def release(self, fault_id: str, calls: int | None = None) -> JSON:
        """Let ``calls`` held calls go on, or all of them and end the rule."""
        return self.control("POST", f"faults/{fault_id}/release", json={} if calls is None else {"count": calls})

    def remove_fault(self, fault_id: str) -> None:
        self.control("DELETE", f"faults/{fault_id}")

    # -- the process ---------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Forget everything, faults and webhooks still to be sent included; the settings stay."""
        self.control("POST", "reset", json={})

    def set_notification_url(self, url: str) -> None:
        self.settings(notification_url=url)

    def settings(self, **changes: Any) -> JSON:
        """Change settings while it runs: notification_url, finish_url, unfinish_url, error_url, webhook_timeout..."""
        return self.control("POST", "settings", json=changes)

    def stop(self) -> int:
        """End the process and return its exit code."""
        self._pool.clear()
        self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(STOP_SECONDS)
        finally:
            if self._process.stdout:
                self._process.stdout.close()

    def control(self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None) -> JSON:
        """Make a control call; raises SimulatorError with the status when it is refused."""
        answer = self._pool.request(method, f"{self.base_url}/_control/{path}", json=json, fields=params)
        content: JSON = answer.json()
        if answer.status >= 400:
            raise SimulatorError(f"{method} {path}: {content.get('error')}", answer.status)
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listening(process: subprocess.Popen[str]) -> str:
    """The address that the process prints once it listens."""
    lines: queue.Queue[str] = queue.Queue()
    output = process.stdout
    if output is None:
        raise SimulatorError("The simulator was started without a pipe for its output.")
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except queue.Empty:
        line = ""
    prefix, _, address = line.strip().partition(" on ")
    if prefix != "simulator listening":
        process.kill()
        raise SimulatorError(f"The simulator did not start (exit code {process.wait(STOP_SECONDS)}).")
    return address

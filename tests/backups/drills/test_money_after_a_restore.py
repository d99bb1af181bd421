"""A running shop is restored while its customers have paid since the backup: nothing is charged twice, nothing lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from config import embedded_postgres
from tests.support.embedded import ROOT
from tests.support.operator import Done
from tests.support.shop_client import ShopClient
from tests.support.shop_process import ShopProcess, shop, shop_folder
from tests.support.simulator import CLIENT_KEY, SERVER_KEY, Simulator

pytestmark = pytest.mark.drills


@dataclass
class RunningShop:
    """``manage.py run_shop`` with its customer, its gateway and its operator."""

    process: ShopProcess
    customer: ShopClient
    gateway: Simulator

    def manage(self, *words: str) -> Done:
        """Run a command as the operator of this shop."""
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(self.process.data_dir)}
        environment |= {"PORT": str(self.process.port), "SIMULATOR_PORT": str(self.process.simulator_port)}
        environment.pop("SITE_URL", None)
        argv = [sys.executable, "-W", "ignore", "manage.py", *words]
        done = subprocess.run(
            argv, cwd=ROOT, env=environment | {"SHOP_PROCESS": "command"}, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return the first column of what the live database answers."""
        url = embedded_postgres.url_of_running_server(self.process.data_dir)
        assert url is not None
        with psycopg.connect(url, autocommit=True) as session:
            return [row[0] for row in session.execute(query, values).fetchall()]

    def gateway_ids(self, order: dict[str, Any]) -> list[str]:
        """Return the payments that the journal names for an order."""
        lines = [
            json.loads(line)
            for path in (self.process.data_dir / "payment-journal").glob("*.jsonl")
            for line in path.read_text().splitlines()
            if line
        ]
        return list(dict.fromkeys(line["gateway_id"] for line in lines if line["order"] == order["orderNumber"]))

    def start_paying(self, order: dict[str, Any]) -> str:
        """Open the payment page of an order; return the payment's name at the gateway."""
        answer = self.customer.try_to_pay(order)
        assert answer.status_code == 201, answer.text
        (found,) = self.gateway_ids(order)
        return found

    def pay(self, payment: str) -> None:
        """Pay at the gateway, which tells the shop."""
        self.gateway.choose(payment, "bca_va")
        self.gateway.event(payment, "settle")

    def status_of(self, order: dict[str, Any]) -> list[str]:
        """Return the order's status, if the database knows it."""
        return self.ask("SELECT status FROM orders_order WHERE number = %s", order["orderNumber"])

    def settled(self, payment: str) -> int:
        """Return how many times the customer paid."""
        return sum(row["transaction_status"] == "settlement" for row in self.gateway.transactions(payment))

    def restore(self, *words: str) -> str:
        """Restore, and return the moment from which the operator is told to sweep."""
        done = self.manage("restore_db", *words, "--noinput", "--confirm-db", "shop")
        assert done.code == 0, done.said
        told = re.search(r"manage\.py reconcile_payments --since (\S+)", done.out)
        assert told, done.out
        return told[1]

    def is_closed(self, *unpaid: dict[str, Any]) -> bool:
        """Return whether neither pages nor API sell, and no payment of these orders can be begun."""
        page = self.customer.call("GET", "/checkout/")
        answers = [page, self.customer.try_to_order(), *(self.customer.try_to_pay(order) for order in unpaid)]
        assert "text/html" in page.headers["Content-Type"]
        assert not [answer.text for answer in answers if "gangguan" in answer.text], "that is a database that is away"
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
        return {answer.status_code for answer in answers} == {503}


@pytest.fixture
def running() -> Iterator[RunningShop]:
    """Start a whole shop; cron is ours."""
    with shop_folder() as folder, shop(folder, SCHEDULER="off") as process:
        process.wait_until_open()
        gateway = Simulator(
            process.process, f"http://127.0.0.1:{process.simulator_port}", SERVER_KEY, CLIENT_KEY
        )  # only its control API is used
        yield RunningShop(process, ShopClient(f"http://127.0.0.1:{process.port}"), gateway)


def test_what_was_paid_since_the_backup_is_found_and_the_shop_opens_again(running: RunningShop) -> None:
    customer = running.customer
    customer.fill_cart()
    waits, unpaid = customer.order(), customer.order()
    page_before = running.start_paying(waits)
    assert running.manage("backup_db").code == 0
    running.pay(page_before)  # order and payment are in the backup, the money is not
    page_after = running.start_paying(unpaid)
    running.pay(page_after)  # the order is in the backup, its payment is not
    lost = customer.order()
    page_lost = running.start_paying(lost)
    running.pay(page_lost)  # not even the order is
    assert running.status_of(waits) == running.status_of(unpaid) == running.status_of(lost) == ["PAID"]

    since = running.restore("--latest")

    assert [running.status_of(one) for one in (waits, unpaid, lost)] == [["PENDING_PAYMENT"], ["PENDING_PAYMENT"], []]
    assert running.is_closed(unpaid)
    pages = len(running.gateway.requests(operation="snap.create"))

    swept = running.manage("reconcile_payments", "--since", since)

    assert swept.code == 0, swept.said
    assert [running.status_of(one) for one in (waits, unpaid, lost)] == [["PAID"], ["PAID"], []]
    assert [running.settled(page) for page in (page_before, page_after, page_lost)] == [1, 1, 1]
    assert len(running.gateway.requests(operation="snap.create")) == pages, "nobody was asked to pay again"
    assert running.ask("SELECT gateway_id FROM payments_payment WHERE order_id IS NULL") == [page_lost]
    assert page_lost in staff_see(running)
    assert customer.try_to_pay(unpaid).json()["error"] == "Order sudah dibayar"
    new = customer.order()
    assert new["orderNumber"] not in {one["orderNumber"] for one in (waits, unpaid, lost)}
    assert running.manage("check_invariants").code == 0

    running.pay(running.start_paying(new))
    since = running.restore("--undo")

    assert running.is_closed()
    assert running.manage("reconcile_payments", "--since", since).code == 0
    assert running.status_of(lost) == ["PAID"]
    assert running.status_of(new) == []
    assert running.ask("SELECT gateway_id FROM payments_payment WHERE order_id IS NULL") == running.gateway_ids(new)
    assert customer.try_to_order().status_code == 201


def staff_see(running: RunningShop) -> list[str]:
    """Return the payments without an order as the owner's first page leads to them."""
    script = "from payments.staff import lists\nprint('\\n'.join(lists.orphans().values_list('gateway_id', flat=True)))"
    return running.manage("shell", "-v0", "-c", script).out.splitlines()

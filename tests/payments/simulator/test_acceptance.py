"""The simulator's own acceptance: midtransclient, unmodified, cannot tell it from what is known of Midtrans."""

from __future__ import annotations

import midtransclient
import pytest
from midtransclient.config import ApiConfig

from payments.simulator.signature import signature_key

PUBLISHED_SIGNATURE = (
    "edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e237"
    "5d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231"
)


class LocalConfig(ApiConfig):  # type: ignore[misc]
    """midtransclient's own way to another address: override two getters."""

    def __init__(self, sim, server_key=None):
        super().__init__(False, server_key or sim.server_key, sim.client_key)
        self._sim = sim

    def get_core_api_base_url(self):
        return self._sim.core_url

    def get_snap_base_url(self):
        return self._sim.snap_url


@pytest.fixture
def snap(sim):
    client = midtransclient.Snap()
    client.api_config = LocalConfig(sim)
    return client


@pytest.fixture
def core(sim):
    client = midtransclient.CoreApi()
    client.api_config = LocalConfig(sim)
    return client


def request(order_id="ORDER-1", amount=150_000):
    return {"transaction_details": {"order_id": order_id, "gross_amount": amount}, "credit_card": {"secure": True}}


def test_midtransclient_creates_a_payment(snap, sim):
    answer = snap.create_transaction(request())

    assert len(answer["token"]) == 36
    assert answer["redirect_url"] == f"{sim.base_url}/snap/v3/redirection/{answer['token']}"


def test_midtransclient_reads_the_status(snap, core, sim):
    snap.create_transaction(request())
    sim.event("ORDER-1", "settle")

    answer = core.transactions.status("ORDER-1")

    assert (answer["status_code"], answer["transaction_status"]) == ("200", "settlement")
    assert answer["gross_amount"] == "150000.00"


def test_midtransclient_cancels(snap, core, sim):
    snap.create_transaction(request())
    sim.choose("ORDER-1")

    answer = core.transactions.cancel("ORDER-1")

    assert (answer["status_code"], answer["transaction_status"]) == ("200", "cancel")
    assert core.transactions.status("ORDER-1")["status_code"] == "200"


def test_midtransclient_expires_and_gets_407_as_a_dict(snap, core, sim):
    snap.create_transaction(request())
    sim.choose("ORDER-1")

    answer = core.transactions.expire("ORDER-1")

    assert (answer["status_code"], answer["transaction_status"]) == ("407", "expire")
    assert core.transactions.status("ORDER-1")["status_code"] == "407"


def test_midtransclient_refunds(snap, core, sim):
    snap.create_transaction(request())
    sim.event("ORDER-1", "settle", method="qris")

    answer = core.transactions.refund("ORDER-1", {"refund_key": "k1", "amount": 50_000, "reason": "rusak"})

    assert (answer["status_code"], answer["transaction_status"]) == ("200", "partial_refund")
    assert (answer["refund_amount"], answer["refund_key"]) == ("50000.00", "k1")


def test_unknown_id_raises_with_http_200_and_body_404(core):
    with pytest.raises(midtransclient.error_midtrans.MidtransAPIError) as caught:
        core.transactions.status("nobody")

    assert caught.value.http_status_code == 200
    assert caught.value.api_response_dict["status_code"] == "404"
    assert caught.value.api_response_dict["id"]


def test_wrong_key_is_401_at_snap_and_at_core(sim):
    snap, core = midtransclient.Snap(), midtransclient.CoreApi()
    snap.api_config = core.api_config = LocalConfig(sim, server_key="SB-Mid-server-wrong")

    with pytest.raises(midtransclient.error_midtrans.MidtransAPIError) as at_snap:
        snap.create_transaction(request())
    with pytest.raises(midtransclient.error_midtrans.MidtransAPIError) as at_core:
        core.transactions.status("ORDER-1")

    assert at_snap.value.http_status_code == at_core.value.http_status_code == 401
    assert set(at_snap.value.api_response_dict) == {"error_messages"}
    assert at_core.value.api_response_dict["status_code"] == "401"


def test_the_published_signature_is_reproduced():
    key = "askvnoibnosifnboseofinbofinfgbiufglnbfg"

    assert signature_key("1111", "200", "100000.00", key) == PUBLISHED_SIGNATURE
    assert signature_key("1111", "200", "100000", key) != PUBLISHED_SIGNATURE


def test_capture_and_settlement_carry_the_same_signature(snap, sim, shop):
    snap.create_transaction(request())
    sim.event("ORDER-1", "capture")
    sim.event("ORDER-1", "settle")

    _, capture, settlement = shop.bodies()

    assert (capture["transaction_status"], settlement["transaction_status"]) == ("capture", "settlement")
    assert capture["signature_key"] == settlement["signature_key"]


def test_the_signature_of_an_expiry_uses_202(snap, sim, shop):
    snap.create_transaction(request())
    sim.choose("ORDER-1")
    sim.event("ORDER-1", "expire")

    body = shop.bodies()[-1]

    assert (body["transaction_status"], body["status_code"]) == ("expire", "202")
    assert body["signature_key"] == signature_key("ORDER-1", "202", "150000.00", sim.server_key)

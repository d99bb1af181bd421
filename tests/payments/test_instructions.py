"""Odd answers of the gateway break no page."""

from __future__ import annotations

import json

import pytest

from payments.instructions import describe


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"va_numbers": "x"},
        {"va_numbers": [None]},
        {"va_numbers": [{"bank": "<b>", "va_number": "<script>"}]},
        {"va_numbers": [{"bank": 1, "va_number": {"a": 1}}]},
        {"permata_va_number": None, "expiry_time": "tomorrow"},
        {"bill_key": "1" * 99, "biller_code": []},
        {"payment_code": "\x00", "store": ["x"]},
    ],
)
@pytest.mark.parametrize("payment_type", ["bank_transfer", "echannel", "cstore", "qris", "new_thing"])
def test_odd_answers_of_the_gateway_break_no_page(raw, payment_type):
    method = describe(raw, payment_type)

    assert method is not None
    assert method.numbers == ()
    assert "<" not in json.dumps([method.mark, method.name, method.hint])

"""POST /api/orders over HTTP against a bare view with the same SQL, and the replay of a key."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from django.urls import Resolver404, resolve

from shop.services.account import token_digest
from tests.bench import http_load, world
from tests.bench.report import BenchError, Load, Row
from tests.bench.sections import Bench, NotBuiltYetError

NEEDS_SERVERS = True
TARGET_NEW, TARGET_REPLAY = 0.4, 3.0
PATH = "/api/orders"
WARM_UP = 48


def run(bench: Bench) -> None:
    """New orders of three lines with a token each; then the same requests again."""
    try:
        is_there = resolve(PATH).url_name == "orders"
    except Resolver404:
        is_there = False
    if not is_there:
        raise NotBuiltYetError(PATH)
    rng = random.Random(f"{bench.seed}-warm")
    http_load.warm_up(bench.web.shop.port, [_new_request(bench, rng) for _ in range(WARM_UP)])
    http_load.warm_up(bench.web.bare.port, [_bare_request(bench, rng) for _ in range(WARM_UP)])
    new, reference, replay = bench.interleave(_new(bench), _bare(bench), _replay(bench))
    name = f"POST {PATH}, new"
    note = "the reference leaves out what the service reads twice"
    rows = bench.report.rows
    rows.append(Row("api", name, "bare view, same SQL", TARGET_NEW, tuple(zip(new, reference, strict=True)), note))
    rows.append(Row("api", f"POST {PATH}, replay", name, TARGET_REPLAY, tuple(zip(replay, new, strict=True))))
    world.refresh_statistics()


def _body(found: world.World, customer: world.Customer, rng: random.Random) -> dict[str, Any]:
    chosen = rng.sample(range(len(found.variants)), 3)
    items = [
        {"productId": str(found.products[at]), "variantId": str(found.variants[at]), "quantity": 1} for at in chosen
    ]
    return {"items": items, "addressId": str(customer.address_id), "idempotencyKey": f"api-{rng.getrandbits(64):x}"}


def _new_request(bench: Bench, rng: random.Random) -> bytes:
    customer = rng.choice(bench.world.customers)
    return http_load.post(PATH, _body(bench.world, customer, rng), token=customer.token)


def _bare_request(bench: Bench, rng: random.Random) -> bytes:
    customer = rng.choice(bench.world.customers)
    v1, v2, v3 = sorted(rng.sample(bench.world.variants, 3))
    body = {
        "user": customer.pk, "email": customer.email, "phone": customer.phone,
        "digest": token_digest(customer.token), "nonce": rng.getrandbits(52), "v1": v1, "v2": v2, "v3": v3,
    }  # fmt: skip
    return http_load.post("/orders", body)


def _new(bench: Bench) -> Callable[[int], Load]:
    return lambda seed: bench.web.shop.load(
        lambda rng: _new_request(bench, rng), seconds=bench.seconds, seed=f"{seed}-new", expect=201
    )


def _bare(bench: Bench) -> Callable[[int], Load]:
    return lambda seed: bench.web.bare.load(
        lambda rng: _bare_request(bench, rng), seconds=bench.seconds, seed=f"{seed}-bare", expect=201
    )


def _replay(bench: Bench) -> Callable[[int], Load]:
    def measure(seed: int) -> Load:
        rng = random.Random(f"{seed}-replay")
        customers = rng.sample(bench.world.customers, http_load.CLIENTS)
        requests = [http_load.post(PATH, _body(bench.world, one, rng), token=one.token) for one in customers]
        client = http_load.HttpClient(bench.web.shop.port)
        for request in requests:
            if (status := client.send(request)[0]) != 201:
                raise BenchError(f"a new order was answered {status}")
        client.close()
        return bench.web.shop.load(lambda rng: rng.choice(requests), seconds=bench.seconds, seed=f"{seed}", expect=200)

    return measure

"""Puts the parts together and sends each request to the one that answers it."""

from __future__ import annotations

from random import Random, SystemRandom

from payments.simulator.calls import Calls
from payments.simulator.charge import Charge
from payments.simulator.clock import Clock, Scheduler
from payments.simulator.control import Control
from payments.simulator.control_orders import OrderControl
from payments.simulator.core import Core
from payments.simulator.deliveries import Deliveries
from payments.simulator.faults import FaultBoard
from payments.simulator.gateway import Gateway
from payments.simulator.idempotency import IdempotencyKeys
from payments.simulator.notifier import Notifier
from payments.simulator.pages.site import Site
from payments.simulator.settings import Settings
from payments.simulator.snap import Snap
from payments.simulator.state_file import StateFile
from payments.simulator.store import Store
from payments.simulator.web import Reply, Request


class App:
    """One simulator, without its sockets."""

    def __init__(self, settings: Settings) -> None:
        rng = Random(settings.seed if settings.seed is not None else SystemRandom().getrandbits(64))
        clock = Clock(settings.time_scale)
        self._scheduler = Scheduler(clock)
        store, faults, keys = Store(), FaultBoard(), IdempotencyKeys(clock)
        deliveries = Deliveries(settings, clock, self._scheduler, faults, rng)
        notifier = Notifier(settings, deliveries, faults, rng)
        self._gateway = Gateway(clock, self._scheduler, store, notifier, rng)
        self._calls = Calls(
            settings, clock, store, faults,
            Snap(settings, clock, store, self._gateway, deliveries),
            Core(settings, store, self._gateway, keys),
            Charge(settings, clock, store, self._gateway, keys, rng),
        )  # fmt: skip
        self._control = Control(
            settings=settings,
            clock=clock,
            scheduler=self._scheduler,
            store=store,
            deliveries=deliveries,
            faults=faults,
            keys=keys,
            calls=self._calls,
            orders=OrderControl(settings, clock, store, self._gateway, notifier, deliveries),
        )
        self._site = Site(settings, clock, store, self._gateway, rng)
        self._faults = faults
        self._state = StateFile(settings.state_file, store) if settings.state_file else None

    def start(self) -> None:
        if self._state:
            self._state.load()
            self._state.start()
        self._scheduler.start()
        self._gateway.resume()

    def stop(self) -> None:
        self._faults.clear()
        self._scheduler.stop()
        if self._state:
            self._state.stop()

    def handle(self, request: Request) -> Reply:
        if request.path.startswith(("/v2/", "/snap/v1/")):
            return self._calls.handle(request)
        if request.path.startswith("/_control/"):
            return self._control.handle(request)
        return self._site.handle(request)

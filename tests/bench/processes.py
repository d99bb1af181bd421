"""Load from processes of our own: all begin at one barrier, and none outlives us."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connections

from tests.bench.report import BenchError

PROCESSES = 8
_WARM_UP = 3
_PATIENCE_S = 60.0

Start = Callable[[], object]
"""Called by a job when it is ready; returns when all of them are."""
Job = Callable[[int, Start], tuple[int, float]]
"""Gets its number; returns how much it did in how many seconds."""


def gather(job: Job, *, processes: int, seconds: float) -> float:
    """Run ``job`` in processes at once and return what they did together per second. Raises BenchError if one fails."""
    connections.close_all()  # a forked connection would be everybody's
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    workers, pipes = [], []
    for number in range(processes):
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=_run, args=(job, number, barrier, theirs), daemon=True)
        worker.start()
        theirs.close()
        workers.append(worker)
        pipes.append(ours)
    try:
        answers: list[Any] = [
            pipe.recv() if pipe.poll(seconds + _PATIENCE_S) else "no answer in time" for pipe in pipes
        ]
    except EOFError as error:
        raise BenchError("a worker died without a word") from error
    finally:
        for worker in workers:
            worker.join(timeout=5)
            if worker.is_alive():
                worker.kill()
    _complain([answer for answer in answers if isinstance(answer, str)])
    return float(sum(done for done, _ in answers) / max(elapsed for _, elapsed in answers))


def _complain(troubles: list[str]) -> None:
    if troubles:
        # The others only complain about the barrier that the first one broke.
        first = min(troubles, key=lambda text: "BrokenBarrierError" in text)
        raise BenchError(f"{len(troubles)} workers failed:\n{first}")


def rate(make_work: Callable[[int], Callable[[], None]], *, seconds: float) -> float:
    """Return how often per second 8 processes together get done what ``make_work(number)`` returns."""

    def job(number: int, start: Start) -> tuple[int, float]:
        work = make_work(number)
        for _ in range(_WARM_UP):
            work()
        start()
        done, begun = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - begun) < seconds:
            work()
            done += 1
        return done, elapsed

    return gather(job, processes=PROCESSES, seconds=seconds)


def _run(job: Job, number: int, barrier: Barrier, answer: Connection) -> None:
    try:
        answer.send(job(number, lambda: barrier.wait(_PATIENCE_S)))
    except BaseException:
        barrier.abort()
        answer.send(traceback.format_exc(limit=8))
    finally:
        connections.close_all()

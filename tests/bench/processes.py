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

from tests.bench.report import BenchError, Load

PROCESSES = 8
WARM_UP = 3
_PATIENCE_S = 60.0

Start = Callable[[], object]
"""Called by a job when it is ready; returns when all of them are."""
Job = Callable[[int, Start], Load]
"""Gets its number; returns what it did."""


def gather(job: Job, *, processes: int, seconds: float) -> Load:
    """Run ``job`` in processes at once and return what they did together. Raises BenchError if one fails."""
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
    return Load(
        done=sum(answer.done for answer in answers),
        elapsed=max(answer.elapsed for answer in answers),
        cpu=sum(answer.cpu for answer in answers),
    )


def _complain(troubles: list[str]) -> None:
    if troubles:
        # The others only complain about the barrier that the first one broke.
        first = min(troubles, key=lambda text: "BrokenBarrierError" in text)
        raise BenchError(f"{len(troubles)} workers failed:\n{first}")


def load(make_work: Callable[[int], Callable[[], None]], *, seconds: float) -> Load:
    """Let 8 processes do in a loop what ``make_work(number)`` returns; the CPU is theirs alone."""

    def job(number: int, start: Start) -> Load:
        work = make_work(number)
        for _ in range(WARM_UP):
            work()
        start()
        done, begun, used = 0, time.perf_counter(), time.process_time()
        while (elapsed := time.perf_counter() - begun) < seconds:
            work()
            done += 1
        return Load(done, elapsed, time.process_time() - used)

    return gather(job, processes=PROCESSES, seconds=seconds)


def _run(job: Job, number: int, barrier: Barrier, answer: Connection) -> None:
    try:
        answer.send(job(number, lambda: barrier.wait(_PATIENCE_S)))
    except BaseException:
        barrier.abort()
        answer.send(traceback.format_exc(limit=8))
    finally:
        connections.close_all()

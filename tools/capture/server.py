"""The serving loop: a request log in, measured steps and token times out. No torch here.

`execute(rows)` runs a step's forward pass, waits for its sampled tokens and returns the time that
the device part took, in ns. Everything else in a step is host time.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Callable

from scheduler import Request, Row, Scheduler


def serve(requests: list[Request], scheduler: Scheduler, execute: Callable[[list[Row]], int],
          *, steps: list[dict], clock: Callable[[], int] = time.perf_counter_ns,
          sleep: Callable[[float], None] = time.sleep, deadline_ns: int | None = None) -> None:
    """Serves an open-loop log on the real clock, whose origin is the first arrival.

    Appends one record a step to `steps` and the observed times to the requests, so that both are
    usable should the run be interrupted. Stops early, between steps, once `deadline_ns` has passed.
    """
    pending = deque(sorted(requests, key=lambda request: request.arrival_ns))
    origin = clock() - pending[0].arrival_ns
    while pending or scheduler.has_work:
        start = clock() - origin
        if deadline_ns is not None and start > deadline_ns:
            return
        while pending and pending[0].arrival_ns <= start:
            scheduler.submit(pending.popleft())
        rows = scheduler.schedule(start)
        if not rows:
            sleep(max(0, pending[0].arrival_ns - (clock() - origin)) / 1e9)
            continue
        device_ns = execute(rows)
        scheduler.complete(rows)
        end = clock() - origin
        for row in rows:
            if row.samples:
                row.request.token_ns.append(end)
        steps.append({
            "start_ns": start,
            "duration_ns": end - start,
            "host_ns": max(0, end - start - device_ns),
            "batch": [[row.query, row.past, int(row.samples)] for row in rows],
        })


class RunningClock:
    """A clock that runs while this thread runs or sleeps, and stops while it is preempted.

    On a machine that is shared, other processes take the core away even from a thread of real-time
    priority, some 50 ms in a second. On this clock a log looks as if they had not: no step spans
    such a stall, and arrivals wait for it too.
    """

    def __init__(self):
        self._slept = 0

    def __call__(self) -> int:
        return time.thread_time_ns() + self._slept

    def sleep(self, seconds: float) -> None:
        begin = time.perf_counter_ns() - time.thread_time_ns()
        time.sleep(seconds)
        self._slept += time.perf_counter_ns() - time.thread_time_ns() - begin


def capacity(requests: list[Request]) -> float:
    """Requests a second of an offline run, over the time in which the queue was not empty.

    Requests still in flight when the last one was admitted count by the share of their tokens
    that they had produced by then.
    """
    until = max(r.scheduled_ns for r in requests)
    if until <= 0:
        raise ValueError("too few requests to fill the server: no queue formed")
    done = sum(sum(t <= until for t in r.token_ns) / r.output_tokens for r in requests)
    return done / (until / 1e9)

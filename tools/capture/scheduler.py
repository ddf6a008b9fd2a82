"""Continuous batching by the rules of vLLM V1, and the request logs that drive it. No torch here.

The rules, so that a replay can be set to the same:

1. A step has a budget of query tokens and a limit of sequences. Arrivals are taken in between
   steps only: a step sees the requests that had arrived when it started.
2. Running requests come first, in the order in which they were admitted. Each gets all tokens
   that it still has to compute (1 when decoding, the rest of its prompt when not), cut to what is
   left of the budget. So a long prompt is prefilled in chunks.
3. Then, while budget and sequence limit allow, waiting requests are admitted first come first
   served, each with its prompt cut to what is left of the budget.
4. A request whose known tokens are all computed by the step samples one token in it. The token
   is known to the client when the step ends, and is computed as a query in the next step.
5. A request ends with its given number of output tokens and frees its place at once.
6. Key-value memory is ample: there is no preemption, and no prefix is shared.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Request:
    """One request, its place in the engine, and the times that the server observed."""

    id: str
    arrival_ns: int
    input_tokens: int
    output_tokens: int
    computed: int = 0
    generated: int = 0
    slot: int | None = None
    scheduled_ns: int | None = None
    token_ns: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list, repr=False)

    @property
    def known(self) -> int:
        return self.input_tokens + self.generated

    @property
    def finished(self) -> bool:
        return self.generated >= self.output_tokens


@dataclass(frozen=True)
class Row:
    """One sequence of a step: `query` new tokens after `past` tokens already computed."""

    request: Request
    query: int
    past: int
    samples: bool

    @property
    def is_decode(self) -> bool:
        return self.query == 1 and self.past >= self.request.input_tokens


class Scheduler:
    """Decides what each step computes. It neither runs nor times anything."""

    def __init__(self, token_budget: int, max_sequences: int):
        if token_budget < 1 or max_sequences < 1:
            raise ValueError("token budget and sequence limit must be at least 1")
        self.token_budget = token_budget
        self.max_sequences = max_sequences
        self.running: list[Request] = []
        self.waiting: deque[Request] = deque()
        self._free_slots = list(range(max_sequences))

    @property
    def has_work(self) -> bool:
        return bool(self.running or self.waiting)

    def submit(self, request: Request) -> None:
        self.waiting.append(request)

    def schedule(self, now_ns: int) -> list[Row]:
        """Rows of the step that starts at `now_ns`, in the order of their tokens."""
        rows: list[Row] = []
        budget = self.token_budget
        for request in self.running:
            if budget == 0:
                break
            rows.append(row := self._row(request, budget))
            budget -= row.query
        while self.waiting and budget > 0 and len(self.running) < self.max_sequences:
            request = self.waiting.popleft()
            request.slot = heapq.heappop(self._free_slots)
            request.scheduled_ns = now_ns
            self.running.append(request)
            rows.append(row := self._row(request, budget))
            budget -= row.query
        return rows

    def complete(self, rows: list[Row]) -> None:
        """Books a step that has run; requests that are done leave."""
        for row in rows:
            row.request.computed += row.query
            row.request.generated += row.samples
        for request in self.running:
            if request.finished:
                heapq.heappush(self._free_slots, request.slot)
        self.running = [r for r in self.running if not r.finished]

    @staticmethod
    def _row(request: Request, budget: int) -> Row:
        query = min(request.known - request.computed, budget)
        return Row(request, query, request.computed, request.computed + query == request.known)


@dataclass(frozen=True)
class Lengths:
    """Log-normal prompt and output lengths, cut to a range."""

    input_median: float = 110
    input_sigma: float = 0.7
    input_range: tuple[int, int] = (16, 400)
    output_median: float = 40
    output_sigma: float = 0.6
    output_range: tuple[int, int] = (8, 120)

    @property
    def longest(self) -> int:
        return self.input_range[1] + self.output_range[1]

    def draw(self, generator: random.Random) -> tuple[int, int]:
        def clipped(median: float, sigma: float, bounds: tuple[int, int]) -> int:
            value = round(median * generator.lognormvariate(0, sigma))
            return min(max(value, bounds[0]), bounds[1])

        return (clipped(self.input_median, self.input_sigma, self.input_range),
                clipped(self.output_median, self.output_sigma, self.output_range))


def arrivals(count: int, rate: float, burstiness: float, generator: random.Random) -> list[int]:
    """Arrival times in ns: gamma-distributed gaps whose sum is exactly (count - 1) / rate.

    `burstiness` is the gamma shape, as in vLLM's benchmark: 1 is Poisson, less is burstier (the
    gaps' coefficient of variation is 1 / sqrt(burstiness)). The first request arrives at 0.
    """
    if count < 1 or rate <= 0 or burstiness <= 0:
        raise ValueError("count, rate and burstiness must be positive")
    gaps = [generator.gammavariate(burstiness, 1) for _ in range(count - 1)]
    scale = (count - 1) / rate / sum(gaps) if gaps else 0
    times, now = [0], 0.0
    for gap in gaps:
        now += gap * scale
        times.append(round(now * 1e9))
    return times


def request_log(count: int, rate: float, burstiness: float, seed: int,
                lengths: Lengths = Lengths()) -> list[Request]:
    """An open-loop log: the same arguments give the same log."""
    times = arrivals(count, rate, burstiness, random.Random(f"arrivals {seed}"))
    return _requests(times, seed, lengths)


def offline_log(count: int, seed: int, lengths: Lengths = Lengths()) -> list[Request]:
    """All requests at once: what capacity is measured with."""
    return _requests([0] * count, seed, lengths)


def _requests(times: list[int], seed: int, lengths: Lengths) -> list[Request]:
    generator = random.Random(f"lengths {seed}")
    return [Request(f"r{i}", time, *lengths.draw(generator)) for i, time in enumerate(times)]

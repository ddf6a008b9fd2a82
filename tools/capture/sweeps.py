"""Operator sweeps: which points to measure (no torch), and how each one is measured (torch).

What makes a sweep agree with a server is the state of the caches. So an operator is timed in its
place: a whole step of the model runs, with the tokens of the point, and of that step only the one
operator is timed, in every layer. Then activations are what the operator before has just written,
and code, weights and key-values are as cold as in the server. (Called in a tight loop instead, on
rotating weights, norms, activations and rotary ran twice as fast as they do in the server; even
leaving out the output projection, which sweeps the last-level cache once a step, cost a fifth.)
Matrix shapes that the model does not have are timed alone, on rotating weights.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from typing import Callable

from config import ModelConfig
from records import JsonLines, summary


@dataclass(frozen=True)
class Point:
    """A place on a curve: `attributes` name the curve, `axes` the place."""

    kind: str
    attributes: tuple[tuple[str, int], ...]
    axes: tuple[tuple[str, int], ...]

    def __getitem__(self, name: str) -> int:
        return dict(self.attributes + self.axes)[name]


def point(kind: str, attributes: dict[str, int], **axes: int) -> Point:
    return Point(kind, tuple(attributes.items()), tuple(axes.items()))


# MARK: points

def token_grid(most: int) -> list[int]:
    """Dense to 16, then half octaves and the far side of each tile edge, up to `most`."""
    grid = set(range(1, 17)) | {most, most - 1}
    edge = 16
    while edge <= most:
        grid |= {edge, edge + 1, edge * 3 // 2}
        edge *= 2
    return sorted(t for t in grid if 1 <= t <= most)


def gemm_points(config: ModelConfig, token_budget: int, max_sequences: int) -> list[Point]:
    """The model's weight groups, and a coarse lattice of shapes that it does not have."""
    points = [point("gemm", {"n": n, "k": k}, tokens=tokens)
              for n, k in config.layer_gemms().values() for tokens in token_grid(token_budget)]
    n, k = config.lm_head
    points += [point("gemm", {"n": n, "k": k}, tokens=tokens)
               for tokens in range(1, max_sequences + 1)]
    hidden = config.hidden_size
    for n, k in ((hidden // 2, hidden), (2 * hidden, 2 * hidden), (hidden, 4 * hidden)):
        points += [point("gemm", {"n": n, "k": k}, tokens=tokens)
                   for tokens in (1, 4, 16, 64, 256) if tokens <= token_budget]
    return list(dict.fromkeys(points))


def attention_points(config: ModelConfig, token_budget: int, max_sequences: int,
                     positions: int) -> list[Point]:
    """Chunks of one prompt over query and past length; batches of decodes over context length."""
    attributes = {"heads": config.num_attention_heads, "kvHeads": config.num_key_value_heads,
                  "headDim": config.head_dim}
    lengths = [2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256]
    while lengths[-1] * 2 <= token_budget:
        lengths.append(lengths[-1] * 2)
    queries = sorted({q for q in lengths if q <= token_budget} | {token_budget})
    pasts, past = [0, 16, 32, 64, 128, 192, 256, 384, 512], 1024
    while past < positions:
        pasts.append(past)
        past *= 2
    contexts = sorted({c for c in [8, *pasts[1:], positions] if c <= positions})
    batches = sorted({n for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
                      if n <= max_sequences} | {max_sequences})

    def attention(query: int, past: int, sequences: int, context: int) -> Point:
        return point("attention", attributes, prefillTokens=query, prefillPast=past,
                     decodeSequences=sequences, decodeContext=context)

    return ([attention(q, p, 0, 0) for q in queries for p in pasts if q + p <= positions]
            + [attention(0, 0, n, c) for n in batches for c in contexts])


def elementwise_points(config: ModelConfig, token_budget: int, max_sequences: int) -> list[Point]:
    hidden = config.hidden_size
    curves = [
        ("rmsNorm", {"width": hidden}),
        ("activation", {"width": config.intermediate_size}),
        ("rotary", {"heads": config.num_attention_heads, "kvHeads": config.num_key_value_heads,
                    "headDim": config.head_dim}),
        ("embedding", {"width": hidden, "vocab": config.vocab_size}),
        ("elementwise", {"width": hidden}),
    ]
    grid = token_grid(token_budget)
    return ([point(kind, attributes, tokens=t) for kind, attributes in curves for t in grid]
            + [point("sample", {"vocab": config.vocab_size}, tokens=t)
               for t in range(1, max_sequences + 1)])


def measuring_order(points: list[Point], seed: int, repeated: float = 0.03) -> list[Point]:
    """The points shuffled, so that drift does not look like shape, then some of them again.

    The second measurements come last, in the order of the first, so that a pair lies far apart.
    """
    order = list(points)
    random.Random(f"order {seed}").shuffle(order)
    again = order[: max(1, round(len(order) * repeated))] if order else []
    return order + again


def repetitions(estimate_ns: int, most: int = 40, seconds: float = 0.4) -> int:
    """How often to measure a call: 20 to 40 times, fewer when slow, never under 5.

    `estimate_ns` is the time of a repetition with all that is run around it.
    """
    return max(5, min(most, int(seconds * 1e9 / max(1, estimate_ns))))


# MARK: measuring

class Stopwatch:
    """Times calls on a device: by its events on a GPU, by the host's clock on a CPU."""

    def __init__(self, torch, device):
        self._cuda = torch.cuda if device.type == "cuda" else None
        self._events: list = []
        self._durations: list[int] = []

    def __call__(self, function: Callable, *arguments):
        if self._cuda is None:
            begin = time.perf_counter_ns()
            result = function(*arguments)
            self._durations.append(time.perf_counter_ns() - begin)
            return result
        begin, end = (self._cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        result = function(*arguments)
        end.record()
        self._events.append((begin, end))
        return result

    def run_ahead(self) -> None:
        """Keeps a GPU busy for a while, so that the host queues what follows before it runs."""
        if self._cuda is not None:
            self._cuda._sleep(1_000_000)

    def take(self) -> list[int]:
        """The durations since the last call, in ns."""
        if self._cuda is not None:
            self._cuda.synchronize()
            self._durations = [round(b.elapsed_time(e) * 1e6) for b, e in self._events]
            self._events = []
        durations, self._durations = self._durations, []
        return durations


class TimedOperators:
    """The operators, with those calls timed that `matches` picks."""

    def __init__(self, operators, name: str, stopwatch: Stopwatch,
                 matches: Callable[..., bool] = lambda *_: True):
        self._operators = operators
        function = getattr(operators, name)

        def timed(*arguments):
            if matches(*arguments):
                return stopwatch(function, *arguments)
            return function(*arguments)

        setattr(self, name, timed)

    def __getattr__(self, name: str):
        return getattr(self._operators, name)


# The function in `ops` of each kind in the samples.
FUNCTIONS = {"gemm": "gemm", "attention": "attention", "rmsNorm": "rms_norm", "rotary": "rotary",
             "activation": "activation", "embedding": "embedding", "elementwise": "add",
             "sample": "sample"}


class Bench:
    """Measures a point on a model, with the shapes of the server that it belongs to."""

    def __init__(self, model, *, dtype: str, max_sequences: int, cache_bytes: int, seed: int):
        import torch
        import ops
        self._torch, self._ops, self._model = torch, ops, model
        self.dtype_name, self.max_sequences = dtype, max_sequences
        self._stopwatch = Stopwatch(torch, model.device)
        self._cold_bytes = 3 * cache_bytes
        self._weights: dict[tuple[int, int], list] = {}
        torch.manual_seed(seed)

    def measure(self, point: Point) -> dict:
        """One record of `samples.jsonl.zst`."""
        with self._torch.inference_mode():
            call = self._call(point)
            call(0)
            self._stopwatch.take()
            begin = time.perf_counter_ns()
            call(1)
            timed = len(self._stopwatch.take())
            estimate = (time.perf_counter_ns() - begin) // timed
            for i in range(-(-repetitions(estimate) // timed)):
                self._stopwatch.run_ahead()
                call(i)
            durations = self._stopwatch.take()
        return {"kind": point.kind, "dtype": self.dtype_name,
                "attributes": dict(point.attributes), "axes": dict(point.axes),
                **summary(durations), "load": round(os.getloadavg()[0], 2)}

    def _call(self, p: Point) -> Callable[[int], object]:
        """A function of the repetition's number that runs the operator under the stopwatch."""
        config = self._model.config
        if p.kind == "sample" and p["vocab"] != config.vocab_size:
            # The whole vocabulary, where each device has a part of the output product.
            logits = self._random(p["tokens"], p["vocab"])
            return lambda _: self._stopwatch(self._ops.sample, logits)
        if p.kind != "gemm":
            return self._step(p, lambda *_: True)
        shape = (p["n"], p["k"])
        if shape == config.lm_head or shape in config.layer_gemms().values():
            return self._step(p, lambda x, weight: weight.shape == shape)
        x, weights = self._random(p["tokens"], p["k"]), self._cold_weights(*shape)
        return lambda i: self._stopwatch(self._ops.gemm, x, weights[i % len(weights)])

    def _step(self, p: Point, matches: Callable[..., bool]) -> Callable[[int], object]:
        torch, model = self._torch, self._model
        turns = []
        for rows in step_rows(p, self.max_sequences, model.positions):
            spans = [self._ops.Span(slot, begin, end, past, model.bias(end - begin, past))
                     for slot, begin, end, past in rows]
            positions = [past + i for _, begin, end, past in rows for i in range(end - begin)]
            tokens = torch.randint(model.config.vocab_size, (len(positions),))
            turns.append((tokens.to(model.device), torch.tensor(positions, device=model.device),
                          spans, torch.tensor([s.end - 1 for s in spans], device=model.device)))
        ops = TimedOperators(self._ops, FUNCTIONS[p.kind], self._stopwatch, matches)
        return lambda i: model.forward(*turns[i % len(turns)], ops)

    def _cold_weights(self, n: int, k: int) -> list:
        """Copies of a weight that do not fit the cache together; one shape is kept at a time."""
        if (n, k) not in self._weights:
            self._weights.clear()
            first = self._random(n, k) / k ** 0.5
            copies = -(-self._cold_bytes // first.nbytes)
            self._weights[n, k] = [first] + [first.clone() for _ in range(copies)]
        return self._weights[n, k]

    def _random(self, *shape: int):
        return self._torch.randn(*shape, dtype=self._model.embedding.dtype,
                                 device=self._model.device)


def step_rows(p: Point, slots: int, positions: int) -> list[list[tuple[int, int, int, int]]]:
    """The sequences of a step that shows `p`, as rows of (slot, begin, end, past).

    There is one list of rows for each turn; a lone sequence moves on to another slot. Where the
    point does not say, up to `slots` tokens are decodes of as many sequences; more are a prompt.
    """
    axes = dict(p.axes)
    if p.kind != "attention":
        few = axes["tokens"] <= slots
        axes = {"prefillTokens": 0 if few else axes["tokens"], "prefillPast": 0,
                "decodeSequences": axes["tokens"] if few else 0,
                "decodeContext": min(128, positions)}
    if axes["decodeSequences"] > 1:
        return [[(s, s, s + 1, axes["decodeContext"] - 1)
                 for s in range(axes["decodeSequences"])]]
    query = axes["prefillTokens"] or 1
    past = axes["prefillPast"] if axes["prefillTokens"] else axes["decodeContext"] - 1
    return [[(slot, 0, query, past)] for slot in range(slots)]


def sweep(bench, points: list[Point], lines: JsonLines, seed: int,
          expired: Callable[[], bool]) -> tuple[int, int]:
    """Measures points in shuffled order until done or `expired`; returns (measured, planned)."""
    order = measuring_order(points, seed)
    measured = 0
    try:
        for p in order:
            if expired():
                break
            lines.write(bench.measure(p))
            measured += 1
    finally:
        lines.flush()
    return measured, len(order)

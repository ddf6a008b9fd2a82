#!/usr/bin/env python3
"""Checks a capture against itself: can its samples price its server's steps?

  1. repeats: how far second measurements of a point lie from the first ones;
  2. ceilings: that no product beats the measured rate, and what share of it the best one reaches;
  3. trace: matrix products in the profiler trace against the sweep;
  4. steps: the sum of operator medians against the measured device part of each step;
  5. replay: host time a + b * sequences + c * tokens fitted on one log, then every log replayed
     under the same scheduling rules with priced steps; mean TTFT and TPOT against the measured.

Needs no torch. This is a check on the data, not Reprise: it interpolates linearly.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np  # noqa: E402

from records import CaptureError, read_json_lines  # noqa: E402
from scheduler import Request, Row, Scheduler  # noqa: E402
from server import serve  # noqa: E402

CALIBRATION = "serve-poisson-50"


def line(points: list[tuple[float, float]], x: float) -> float:
    """Piecewise linear through sorted points; beyond the ends, the slope of the last two."""
    if len(points) == 1:
        return points[0][1]
    i = min(max(bisect_left(points, (x,)), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[i - 1], points[i]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def surface(curves: list[tuple[float, list]], x: float, y: float) -> float:
    """Linear along y on the curves beside x, then linear between them."""
    return line([(at, line(points, y)) for at, points in curves], x)


class Prices:
    """Operator medians of a capture, and a forward pass as their sum."""

    def __init__(self, samples: list[dict], config: dict, statistic: str = "p50_ns"):
        tables: dict[tuple, dict] = defaultdict(lambda: defaultdict(list))
        for s in samples:
            key = (s["kind"], *sorted(s["attributes"].items()))
            tables[key][tuple(s["axes"].values())].append(s[statistic])
        self._curves, self._prefill, self._decode = {}, defaultdict(list), defaultdict(list)
        for key, places in tables.items():
            means = {axes: statistics.mean(values) for axes, values in sorted(places.items())}
            if key[0] != "attention":
                self._curves[key] = [(tokens, value) for (tokens,), value in means.items()]
                continue
            for (query, past, sequences, context), value in means.items():
                if sequences:
                    self._decode[sequences].append((context, value))
                else:
                    self._prefill[query].append((past, value))
        self._prefill = sorted(self._prefill.items())
        self._decode = sorted(self._decode.items())
        self._layers = config["num_hidden_layers"]
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        heads, kv_heads, size = (config["num_attention_heads"], config["num_key_value_heads"],
                                 config["head_dim"])
        vocab = config["vocab_size"]
        norm = ("rmsNorm", {"width": hidden})
        add = ("elementwise", {"width": hidden})
        self._layer = [
            norm, ("gemm", {"n": (heads + 2 * kv_heads) * size, "k": hidden}),
            ("rotary", {"heads": heads, "kvHeads": kv_heads, "headDim": size}),
            ("gemm", {"n": hidden, "k": heads * size}), add,
            norm, ("gemm", {"n": 2 * inner, "k": hidden}), ("activation", {"width": inner}),
            ("gemm", {"n": hidden, "k": inner}), add,
        ]
        self._once = [("embedding", {"width": hidden, "vocab": vocab}), norm]
        self._sampled = [("gemm", {"n": vocab, "k": hidden}), ("sample", {"vocab": vocab})]
        self._memo: dict = {}

    def operator(self, kind: str, attributes: dict, tokens: int) -> float:
        key = (kind, *sorted(attributes.items()))
        if key not in self._curves:
            raise CaptureError(f"samples.jsonl.zst has no curve {key}: run all sweep stages")
        return line(self._curves[key], tokens)

    def dense(self, tokens: int, sampled: int) -> float:
        if (tokens, sampled) not in self._memo:
            total = self._layers * sum(self.operator(*o, tokens) for o in self._layer)
            total += sum(self.operator(*o, tokens) for o in self._once)
            if sampled:
                total += sum(self.operator(*o, sampled) for o in self._sampled)
            self._memo[tokens, sampled] = total
        return self._memo[tokens, sampled]

    def attention(self, batch: list) -> float:
        contexts = [past + 1 for query, past, _ in batch if query == 1]
        total = sum(surface(self._prefill, query, past)
                    for query, past, _ in batch if query > 1)
        if contexts:
            total += surface(self._decode, len(contexts), statistics.mean(contexts))
        return self._layers * total

    def step(self, batch: list) -> float:
        """Device time of a step whose rows are [query, past, samples], in ns."""
        return (self.dense(sum(row[0] for row in batch), sum(row[2] for row in batch))
                + self.attention(batch))


def features(batch: list) -> list[float]:
    return [1.0, len(batch), sum(row[0] for row in batch)]


def fit_host(prices: Prices, steps: list[dict]) -> np.ndarray:
    """a, b, c of host time, by least squares without the 1 % of steps that lie farthest off."""
    x = np.array([features(s["batch"]) for s in steps])
    y = np.array([s["duration_ns"] - prices.step(s["batch"]) for s in steps])
    kept = np.ones(len(y), bool)
    for _ in range(3):
        solution = np.linalg.lstsq(x[kept], y[kept], rcond=None)[0]
        error = np.abs(y - x @ solution)
        kept = error <= np.quantile(error, 0.99)
    return solution


def replay(log: list[dict], server: dict, step_ns) -> list[Request]:
    """Replays a request log with the server's own loop on a clock that prices each step."""
    now = 0

    def execute(rows: list[Row]) -> int:
        nonlocal now
        now += round(step_ns([[r.query, r.past, int(r.samples)] for r in rows]))
        return 0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += round(seconds * 1e9)

    requests = [Request(r["id"], r["arrival_ns"], r["input_tokens"], r["output_tokens"])
                for r in log]
    serve(requests, Scheduler(server["token_budget"], server["max_sequences"]), execute,
          steps=[], clock=lambda: now, sleep=sleep)
    return requests


def ttft(arrival: int, tokens: list[int]) -> float:
    return tokens[0] - arrival


def tpot(_: int, tokens: list[int]) -> float:
    return (tokens[-1] - tokens[0]) / max(1, len(tokens) - 1)


def percent(value: float) -> str:
    return f"{value * 100:+.1f} %"


# MARK: checks

def check_repeats(samples: list[dict]) -> str:
    first: dict = {}
    off: list[float] = []
    for s in samples:
        key = (s["kind"], *s["attributes"].items(), *s["axes"].items())
        if key in first:
            off.append(abs(s["p50_ns"] / first[key] - 1))
        first.setdefault(key, s["p50_ns"])
    if not off:
        return "repeats   none"
    return (f"repeats   {len(off)} pairs of {len(samples)} lines: median difference "
            f"{statistics.median(off) * 100:.1f} %, largest {max(off) * 100:.1f} %")


def check_ceilings(samples: list[dict], machine: dict) -> str:
    best: dict[str, tuple] = {}
    for s in samples:
        if s["kind"] == "gemm":
            n, k, tokens = s["attributes"]["n"], s["attributes"]["k"], s["axes"]["tokens"]
            rate = 2 * n * k * tokens / s["p50_ns"] * 1e9
            here = (rate, f"{n} x {k}, {tokens} tokens")
            best[s["dtype"]] = max(best.get(s["dtype"], here), here)
    measured = machine["ceilings"]["matmul_flops_per_second"]
    parts = [f"{dtype} best {rate / 1e9:.0f} of {measured[dtype] / 1e9:.0f} GFLOP/s "
             f"({rate / measured[dtype] * 100:.0f} %, {where})"
             for dtype, (rate, where) in best.items() if dtype in measured]
    return "ceilings  " + "; ".join(parts)


def check_trace(path: Path, prices: Prices, config: dict) -> list[str]:
    """Matrix products seen by the profiler against the sweep, a line for each weight shape."""
    if not path.exists():
        return ["trace     none"]
    with gzip.open(path, "rt") as file:
        events = json.load(file)["traceEvents"]
    seen = defaultdict(list)
    for event in events:
        if event.get("name") == "aten::linear" and event.get("ph") == "X":
            dims = event["args"]["Input Dims"]
            seen[tuple(dims[1]), dims[0][0]].append(event["dur"] * 1e3)
    ratios = defaultdict(list)
    for ((n, k), tokens), durations in seen.items():
        swept = prices.operator("gemm", {"n": n, "k": k}, tokens)
        ratios[n, k] += [d / swept for d in durations]
    return [f"trace     gemm {n} x {k}: {len(r)} calls, profiler / sweep median "
            f"{statistics.median(r):.3f}" for (n, k), r in sorted(ratios.items())]


def check_steps(name: str, prices: Prices, steps: list[dict]) -> list[str]:
    groups = {"decode": [], "with prefill": []}
    for s in steps:
        device = s["duration_ns"] - s["host_ns"]
        kind = "decode" if all(row[0] == 1 for row in s["batch"]) else "with prefill"
        groups[kind].append((prices.step(s["batch"]), device, s["host_ns"]))
    lines = []
    for kind, rows in groups.items():
        if rows:
            ratio = statistics.median(p / d for p, d, _ in rows)
            whole = sum(p for p, _, _ in rows) / sum(d for _, d, _ in rows)
            lines.append(
                f"steps     {name} {kind}: {len(rows)} steps, device median "
                f"{statistics.median(d for _, d, _ in rows) / 1e6:.2f} ms, host median "
                f"{statistics.median(h for _, _, h in rows) / 1e6:.3f} ms; sum of operators / "
                f"device: median {ratio:.3f}, total {whole:.3f}")
    return lines


def check_replay(name: str, log: list[dict], requests: list[Request]) -> list[str]:
    lines = []
    for label, metric in (("TTFT", ttft), ("TPOT", tpot)):
        measured = [metric(r["arrival_ns"], r["token_ns"]) for r in log]
        replayed = [metric(r.arrival_ns, r.token_ns) for r in requests]
        whole = statistics.mean(replayed) / statistics.mean(measured) - 1
        each = statistics.mean(abs(p / m - 1) for p, m in zip(replayed, measured) if m)
        lines.append(
            f"replay    {name} {label}: measured mean {statistics.mean(measured) / 1e6:.2f} ms, "
            f"replayed {statistics.mean(replayed) / 1e6:.2f} ms, mean {percent(whole)}, "
            f"per request {each * 100:.1f} %")
    end_measured = max(r["last_token_ns"] for r in log)
    end_replayed = max(r.token_ns[-1] for r in requests)
    lines.append(f"replay    {name} end: {percent(end_replayed / end_measured - 1)}")
    return lines


def check(folder: Path) -> list[str]:
    try:
        machine = json.loads((folder / "machine.json").read_text())
        samples = list(read_json_lines(folder / "samples.jsonl.zst"))
        calibration = list(read_json_lines(folder / CALIBRATION / "steps.jsonl.zst"))
    except OSError as error:
        raise CaptureError(f"{folder} is no complete capture: {error}") from None
    config = machine["model"]
    prices = Prices(samples, config)
    lines = [check_repeats(samples), check_ceilings(samples, machine)]
    lines += check_trace(folder / "trace.pt.trace.json.gz", prices, config)
    host = fit_host(prices, calibration)
    logs = sorted(folder.glob("serve-*"), key=lambda p: (p.name != CALIBRATION, p.name))
    replays = []
    for path in logs:
        steps = list(read_json_lines(path / "steps.jsonl.zst"))
        log = list(read_json_lines(path / "requests.jsonl.zst"))[1:]
        lines += check_steps(path.name, prices, steps)
        role = "fitted on" if path.name == CALIBRATION else "judged"
        replays += check_replay(
            f"{path.name} ({role})", log,
            replay(log, machine["server"],
                   lambda batch: prices.step(batch) + float(host @ features(batch))))
    a, b, c = host / 1e3
    lines.append(f"host      fitted on {CALIBRATION}: {a:.1f} us + {b:.1f} us a sequence "
                 f"+ {c:.2f} us a token")
    return lines + replays


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path, metavar="DIR", help="what capture.py --out wrote")
    try:
        print("\n".join(check(parser.parse_args().capture)))
    except CaptureError as error:
        print(f"check: {error}", file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())

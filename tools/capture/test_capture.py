"""Tests of the capture: `pytest tools/capture`. Those that need torch are skipped without it."""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import capture
import points
from config import PRESETS, ModelConfig, load_model
from records import CaptureError, JsonLines, read_json_lines, summary, write_requests
from scheduler import Lengths, Request, Scheduler, arrivals, offline_log, request_log
from server import RunningClock, capacity, serve
from sweeps import (
    attention_points, elementwise_points, gemm_points, measuring_order, point, repetitions,
    step_rows, sweep, token_grid)

MODEL = PRESETS["llama-25m"]
TINY = ModelConfig(32, 48, 2, 4, 2, 8, 64)
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed")
needs_numpy = pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None, reason="numpy is not installed")
needs_zstandard = pytest.mark.skipif(
    importlib.util.find_spec("zstandard") is None, reason="zstandard is not installed")


def request(name: str, inputs: int, outputs: int, arrival: int = 0) -> Request:
    return Request(name, arrival, inputs, outputs)


def run_step(scheduler: Scheduler) -> list[tuple]:
    rows = scheduler.schedule(0)
    seen = [(r.request.id, r.query, r.past, r.samples) for r in rows]
    scheduler.complete(rows)
    return seen


# MARK: scheduler

def test_a_long_prompt_is_prefilled_in_chunks_and_samples_with_its_last():
    scheduler = Scheduler(token_budget=10, max_sequences=4)
    scheduler.submit(request("a", 25, 2))
    assert run_step(scheduler) == [("a", 10, 0, False)]
    assert run_step(scheduler) == [("a", 10, 10, False)]
    assert run_step(scheduler) == [("a", 5, 20, True)]
    assert run_step(scheduler) == [("a", 1, 25, True)]
    assert not scheduler.has_work


def test_running_requests_come_before_waiting_ones_which_get_what_is_left():
    scheduler = Scheduler(token_budget=10, max_sequences=4)
    scheduler.submit(request("a", 4, 9))
    run_step(scheduler)
    scheduler.submit(request("b", 30, 9))
    scheduler.submit(request("c", 5, 9))
    assert run_step(scheduler) == [("a", 1, 4, True), ("b", 9, 0, False)]
    assert run_step(scheduler) == [("a", 1, 5, True), ("b", 9, 9, False)]


def test_waiting_requests_are_admitted_in_order_up_to_the_sequence_limit():
    scheduler = Scheduler(token_budget=100, max_sequences=2)
    for name in "abc":
        scheduler.submit(request(name, 5, 2))
    assert [row[0] for row in run_step(scheduler)] == ["a", "b"]
    assert [row[0] for row in run_step(scheduler)] == ["a", "b"]
    assert [row[0] for row in run_step(scheduler)] == ["c"]


def test_a_request_of_one_token_ends_with_its_prefill():
    scheduler = Scheduler(token_budget=100, max_sequences=2)
    scheduler.submit(request("a", 5, 1))
    assert run_step(scheduler) == [("a", 5, 0, True)]
    assert not scheduler.has_work


def test_every_token_is_computed_once_within_all_limits_for_random_logs():
    generator = random.Random(7)
    for _ in range(30):
        budget, limit = generator.randint(1, 40), generator.randint(1, 6)
        scheduler = Scheduler(budget, limit)
        requests = [request(str(i), generator.randint(1, 60), generator.randint(1, 9))
                    for i in range(generator.randint(1, 15))]
        for r in requests:
            scheduler.submit(r)
        while scheduler.has_work:
            rows = scheduler.schedule(0)
            assert rows and sum(r.query for r in rows) <= budget and len(rows) <= limit
            slots = [r.request.slot for r in rows]
            assert len(set(slots)) == len(slots) and all(0 <= s < limit for s in slots)
            for row in rows:
                assert row.past == row.request.computed and row.query > 0
            scheduler.complete(rows)
        for r in requests:
            assert r.generated == r.output_tokens
            assert r.computed == r.input_tokens + r.output_tokens - 1


def test_limits_below_one_are_refused():
    with pytest.raises(ValueError):
        Scheduler(0, 1)


# MARK: request logs

def test_arrivals_have_exactly_the_rate_and_the_burstiness_asked_for():
    def variation(burstiness: float) -> float:
        times = arrivals(4000, 5, burstiness, random.Random(1))
        assert times[0] == 0 and times == sorted(times)
        assert times[-1] == pytest.approx(3999 / 5 * 1e9, rel=1e-9)
        gaps = [b - a for a, b in zip(times, times[1:])]
        return statistics.stdev(gaps) / statistics.mean(gaps)

    assert variation(1) == pytest.approx(1, abs=0.1)
    assert variation(0.25) == pytest.approx(2, abs=0.25)


def test_a_log_is_given_by_its_seed_and_keeps_to_its_lengths():
    log = request_log(500, 3, 1, seed=4)
    assert log == request_log(500, 3, 1, seed=4)
    assert log != request_log(500, 3, 1, seed=5)
    assert all(16 <= r.input_tokens <= 400 and 8 <= r.output_tokens <= 120 for r in log)
    assert statistics.median(r.input_tokens for r in log) == pytest.approx(110, rel=0.15)
    assert all(r.arrival_ns == 0 for r in offline_log(9, 1))
    assert Lengths().longest == 520


@pytest.mark.parametrize("count, rate, burstiness", [(0, 1, 1), (5, 0, 1), (5, 1, 0)])
def test_a_log_without_requests_rate_or_burstiness_is_refused(count, rate, burstiness):
    with pytest.raises(ValueError):
        arrivals(count, rate, burstiness, random.Random(1))


# MARK: server

class FakeTime:
    """A clock that only steps and sleeps advance."""

    def __init__(self):
        self.now = 1_000_000

    def clock(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)

    def execute(self, rows) -> int:
        self.now += 100
        return 80


def serve_fake(log: list[Request], **more) -> list[dict]:
    time, steps = FakeTime(), []
    serve(log, Scheduler(10, 2), time.execute, steps=steps, clock=time.clock, sleep=time.sleep,
          **more)
    return steps


def test_serving_records_steps_and_token_times_on_the_clock_of_the_first_arrival():
    log = [request("a", 4, 2), request("b", 3, 1, arrival=50), request("c", 3, 1, arrival=1000)]
    steps = serve_fake(log)
    assert steps[0] == {"start_ns": 0, "duration_ns": 100, "host_ns": 20, "batch": [[4, 0, 1]]}
    assert steps[1]["batch"] == [[1, 4, 1], [3, 0, 1]]
    assert [r.token_ns for r in log] == [[100, 200], [200], [1100]]
    assert [r.scheduled_ns for r in log] == [0, 100, 1000]


def test_serving_stops_between_steps_at_its_deadline():
    log = [request("a", 4, 100)]
    assert len(serve_fake(log, deadline_ns=1000)) == 11
    assert not log[0].finished


def test_the_running_clock_counts_work_and_sleep():
    clock = RunningClock()
    begin = clock()
    clock.sleep(0.02)
    slept = clock()
    assert slept - begin >= 19_000_000
    while clock() < slept + 5_000_000:
        pass
    with pytest.raises(CaptureError, match="--device cpu --threads 1"):
        pytest.importorskip("torch")
        capture.Capture(capture.arguments(
            ["--out", "x", "--device", "cpu", "--threads", "2", "--clock", "running"]))


def test_capacity_counts_finished_requests_and_shares_of_the_others():
    done = Request("a", 0, 1, 2, scheduled_ns=0, token_ns=[1, 2])
    half = Request("b", 0, 1, 2, scheduled_ns=10**9, token_ns=[10**9, 2 * 10**9])
    assert capacity([done, half]) == 1.5


# MARK: records

def test_summary_is_of_durations_that_were_measured():
    assert summary(range(1, 101)) == {"count": 100, "min_ns": 1, "p50_ns": 50, "p90_ns": 90,
                                      "mean_ns": 50, "deviation_ns": 29}
    assert summary([7])["deviation_ns"] == 0
    with pytest.raises(ValueError):
        summary([])


@needs_zstandard
def test_a_file_is_complete_after_every_flush(tmp_path):
    lines = JsonLines(tmp_path / "a.jsonl.zst", lines_a_frame=2)
    for i in range(5):
        lines.write({"i": i})
    # Not closed: what a run that is killed here leaves.
    assert [r["i"] for r in read_json_lines(tmp_path / "a.jsonl.zst")] == [0, 1, 2, 3]
    lines.flush()
    assert [r["i"] for r in read_json_lines(tmp_path / "a.jsonl.zst")] == [0, 1, 2, 3, 4]


@needs_zstandard
def test_a_request_log_has_a_header_and_only_finished_requests(tmp_path):
    log = [request("a", 4, 2), request("b", 3, 1000, arrival=50)]
    serve_fake(log, deadline_ns=2000)
    path = tmp_path / "requests.jsonl.zst"
    write_requests(path, log, "test")
    header, row = read_json_lines(path)
    assert header["schema"] == "reprise.request-log" and header["version"] == 1
    assert (header["requests"], header["unfinished"]) == (1, 1)
    assert row == {"id": "a", "arrival_ns": 0, "input_tokens": 4, "output_tokens": 2,
                   "scheduled_ns": 0, "first_token_ns": 100, "last_token_ns": 200,
                   "token_ns": [100, 200]}


# MARK: sweeps

def test_the_token_grid_is_dense_where_decodes_are_and_has_both_sides_of_tile_edges():
    grid = token_grid(256)
    assert grid[:16] == list(range(1, 17)) and grid[-1] == 256
    assert {32, 33, 64, 65, 128, 129, 255} <= set(grid)
    assert token_grid(1) == [1]


def test_points_cover_the_model_and_none_twice():
    points = (gemm_points(MODEL, 256, 16) + attention_points(MODEL, 256, 16, 544)
              + elementwise_points(MODEL, 256, 16))
    assert len(set(points)) == len(points)
    shapes = {(p["n"], p["k"]) for p in points if p.kind == "gemm"}
    assert {*MODEL.layer_gemms().values(), MODEL.lm_head} < shapes
    for p in points:
        if p.kind == "attention":
            assert p["prefillTokens"] + p["prefillPast"] <= 544 and p["decodeContext"] <= 544
            assert (p["prefillTokens"] == 0) != (p["decodeSequences"] == 0)


def test_every_point_can_be_shown_by_a_step_of_the_server():
    points = attention_points(MODEL, 256, 16, 544) + elementwise_points(MODEL, 256, 16)
    for p in points:
        for rows in step_rows(p, 16, 544):
            assert rows[0][1] == 0 and all(a[2] == b[1] for a, b in zip(rows, rows[1:]))
            assert all(0 <= slot < 16 and past >= 0 and past + end - begin <= 544
                       for slot, begin, end, past in rows)
            if p.kind != "attention":
                assert rows[-1][2] == p["tokens"]
    decode = point("attention", {}, prefillTokens=0, prefillPast=0, decodeSequences=2,
                   decodeContext=9)
    assert step_rows(decode, 16, 544) == [[(0, 0, 1, 8), (1, 1, 2, 8)]]


def test_the_order_is_seeded_and_repeats_three_percent_far_apart():
    points = [point("gemm", {"n": 1, "k": 1}, tokens=t) for t in range(1, 101)]
    order = measuring_order(points, seed=3)
    assert order == measuring_order(points, seed=3) != measuring_order(points, seed=4)
    assert set(order) == set(points) and len(order) == 103
    for place, p in enumerate(order[100:]):
        assert order.index(p) == place
    assert measuring_order([], seed=3) == []


@pytest.mark.parametrize("nanoseconds, count",
                         [(0, 40), (1000, 40), (15_000_000, 26), (10**9, 5)])
def test_slow_calls_are_repeated_less_but_five_times_at_least(nanoseconds, count):
    assert repetitions(nanoseconds) == count


@needs_zstandard
def test_a_sweep_that_runs_out_of_time_leaves_what_it_measured(tmp_path):
    class Bench:
        def measure(self, p):
            return {"tokens": p["tokens"]}

    points = [point("gemm", {"n": 1, "k": 1}, tokens=t) for t in range(1, 11)]
    calls = iter(range(100))
    lines = JsonLines(tmp_path / "s.jsonl.zst")
    assert sweep(Bench(), points, lines, 1, lambda: next(calls) >= 4) == (4, 11)
    assert len(list(read_json_lines(tmp_path / "s.jsonl.zst"))) == 4


# MARK: command line

def test_stages_share_the_time_that_is_given():
    shares = capture.shares(["gemm", "serve"], 62)
    assert sum(shares.values()) == pytest.approx(62)
    assert shares["serve"] > shares["gemm"]


@pytest.mark.parametrize("arguments, complaint", [
    (["--stages", "gem"], "no stage is called 'gem'"),
    (["--minutes", "0"], "--minutes must be positive"),
    (["--threads", "0"], "--threads must be at least 1"),
])
def test_mistakes_on_the_command_line_are_named(arguments, complaint, capsys):
    with pytest.raises(SystemExit):
        capture.arguments(["--out", "x", *arguments])
    assert complaint in capsys.readouterr().err


def test_a_model_is_a_preset_or_a_config_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(MODEL.hugging_face("fp32", 544)))
    assert load_model(str(path)) == MODEL
    path.write_text("{}")
    with pytest.raises(CaptureError, match="lacks 'num_attention_heads'"):
        load_model(str(path))
    with pytest.raises(CaptureError, match="neither a preset"):
        load_model("no-such-model")


# MARK: points

def points_file(folder: Path, *entries: dict, **members) -> Path:
    path = folder / "points.json"
    names = list(ModelConfig.__dataclass_fields__)[:7]
    document = {"schema": "reprise.measurement-points", "version": 1, "device": "toy",
                "points": list(entries),
                "model": {name: getattr(TINY, name) for name in names}} | members
    path.write_text(json.dumps(document))
    return path


def entry(kind: str, attributes: dict, dtype: str = "fp32", **axes: int) -> dict:
    return {"kind": kind, "attributes": attributes, "axes": axes, "dtype": dtype}


ATTENTION = {"heads": 4, "kvHeads": 2, "headDim": 8}
ASKED = [
    entry("gemm", {"n": 32, "k": 48}, tokens=100),  # the model's own, as a prompt
    entry("gemm", {"n": 64, "k": 32}, tokens=20),  # the output product: every row samples
    entry("gemm", {"n": 24, "k": 40}, tokens=7),  # of no model
    entry("attention", ATTENTION, prefillTokens=40, prefillPast=100, decodeLongest=0),
    entry("attention", ATTENTION, decodeSequences=9, decodeContext=70),
    entry("rmsNorm", {"width": 32}, tokens=130),
    entry("sample", {"vocab": 64}, tokens=20),
    entry("sample", {"vocab": 500}, tokens=3),  # the whole vocabulary of a model in parts
]


def test_a_file_of_points_is_read_with_its_model_and_no_point_twice(tmp_path):
    plan = points.read_plan(points_file(tmp_path, *ASKED, ASKED[0]))
    assert len(plan.points) == len(ASKED) and plan.dtype == "fp32" and plan.model == TINY
    assert plan.points[3] == point("attention", ATTENTION, prefillTokens=40, prefillPast=100,
                                   decodeSequences=0, decodeContext=0)


@pytest.mark.parametrize("entries, members, complaint", [
    ([], {}, "no point in it"),
    (ASKED, {"schema": "reprise.result"}, "not a file of points"),
    (ASKED, {"version": 2}, "version 2"),
    (ASKED, {"model": {"hidden_size": 0}}, "'model' needs hidden_size"),
    ([7], {}, "point 1: it is no object"),
    ([ASKED[0], entry("moe", {}, tokens=1)], {}, "point 2: 'moe' is not measured here"),
    ([entry("gemm", {"n": 1}, tokens=1)], {}, "has no gemm of"),
    ([entry("gemm", {"n": 1, "k": 1.5}, tokens=1)], {}, "'attributes' must be names with"),
    ([entry("gemm", {"n": 1, "k": 1}, tokens=0)], {}, "'tokens' must be at least 1"),
    ([entry("gemm", {"n": 1, "k": 1}, rows=1)], {}, "the axes of gemm are tokens"),
    ([entry("rmsNorm", {"width": 33}, tokens=1)], {}, "has no rmsNorm of"),
    ([entry("attention", ATTENTION, prefillTokens=1, decodeSequences=1, decodeContext=1)], {},
     "of a prefill or of decodes"),
    ([entry("attention", ATTENTION, decodeSequences=2, decodeContext=9, decodeLongest=12)], {},
     "unequal length"),
    ([ASKED[0], entry("gemm", {"n": 1, "k": 1}, "bf16", tokens=1)], {}, "points of bf16, fp32"),
    ([entry("gemm", {"n": 1, "k": 1}, "fp8", tokens=1)], {}, "points of fp8"),
])
def test_points_that_cannot_be_measured_are_named(tmp_path, entries, members, complaint):
    with pytest.raises(CaptureError, match="points.json: ") as raised:
        points.read_plan(points_file(tmp_path, *entries, **members))
    assert complaint in str(raised.value) and "\n" not in str(raised.value)


def test_the_cache_of_a_point_holds_the_step_that_shows_it(tmp_path):
    for p in points.read_plan(points_file(tmp_path, *ASKED)).points:
        slots, positions = points.needs(p, TINY, 16)
        for rows in step_rows(p, slots, positions):
            assert rows[0][1] == 0
            assert all(slot < slots and past + end - begin <= positions
                       for slot, begin, end, past in rows)
    long = point("attention", ATTENTION, prefillTokens=0, prefillPast=0, decodeSequences=1,
                 decodeContext=100_000)
    assert points.needs(long, TINY, 16) == (1, 100_000)


@needs_torch
@needs_zstandard
def test_points_are_measured_on_this_machine_and_written_as_a_sweep(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(capture, "ceilings", lambda *_: {
        "copy_bytes_per_second": 1, "matmul_flops_per_second": {}})
    path = points_file(tmp_path, *ASKED)
    capture.measure_points([str(path), "-o", str(tmp_path / "out"), "--device", "cpu"])
    assert "the plan is for toy; what measures is" in capsys.readouterr().out
    records = list(read_json_lines(tmp_path / "out/samples.jsonl.zst"))
    assert (tmp_path / "out/machine.json").exists()
    measured = [point(r["kind"], r["attributes"], **r["axes"]) for r in records]
    assert set(measured) == set(points.read_plan(path).points)
    assert all(r["dtype"] == "fp32" and r["count"] >= 5 and r["min_ns"] > 0 for r in records)


# MARK: check

@needs_numpy
def test_interpolation_hits_its_points_and_is_linear_between_and_beyond_them():
    from check import line, surface
    points = [(1, 10.0), (3, 30.0), (4, 31.0)]
    assert [line(points, x) for x in (1, 2, 3, 4, 6)] == [10, 20, 30, 31, 33]
    assert line([(5, 7.0)], 100) == 7
    assert surface([(0, points), (10, [(1, 0.0), (2, 0.0)])], 5, 2) == 10


@needs_numpy
def test_a_replay_with_the_measured_step_times_gives_the_measured_tokens():
    from check import replay
    log = request_log(40, 1e6, 0.5, seed=2)
    serve_fake(log)
    records = [{"id": r.id, "arrival_ns": r.arrival_ns, "input_tokens": r.input_tokens,
                "output_tokens": r.output_tokens} for r in log]
    server = {"token_budget": 10, "max_sequences": 2}
    assert [r.token_ns for r in replay(records, server, lambda _: 100)] == [
        r.token_ns for r in log]


# MARK: torch

def tiny_engine(seed: int = 1):
    import torch
    from model import Engine, Model
    torch.set_num_threads(1)
    return Engine(Model(TINY, torch.float32, torch.device("cpu"), 4, 64, seed), seed)


@needs_torch
def test_tokens_do_not_depend_on_how_prompts_are_cut_or_batched():
    def generate(budget: int, sequences: int) -> list[list[int]]:
        engine = tiny_engine()
        requests = [request(str(i), 7 + 9 * i, 6) for i in range(4)]
        engine.prepare(requests)
        serve(requests, Scheduler(budget, sequences), engine, steps=[])
        return [r.tokens for r in requests]

    whole = generate(200, 1)
    assert all(len(t) == 7 + 9 * i + 6 for i, t in enumerate(whole))
    assert generate(5, 4) == whole
    assert generate(1, 2) == whole


@needs_torch
def test_attention_equals_the_textbook():
    import torch
    from model import CausalBias, new_cache
    from ops import Span, attention
    torch.manual_seed(0)
    cache = new_cache(TINY, 2, 16, torch.float32, torch.device("cpu"))
    bias = CausalBias(16, torch.float32, torch.device("cpu"))
    qkv = torch.randn(6, TINY.qkv_width)
    output = attention(qkv[:5], cache, [Span(1, 0, 5, 0, bias(5, 0))], TINY)
    last = attention(qkv[5:], cache, [Span(1, 0, 1, 5, bias(1, 5))], TINY)
    q = qkv[:, :32].view(6, 4, 8)
    k, v = qkv[:, 32:].view(6, 2, 2, 8).unbind(1)
    k, v = (t.repeat_interleave(2, dim=1) for t in (k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) / 8 ** 0.5
    scores += torch.full((6, 6), float("-inf")).triu(1)
    expected = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(6, 32)
    torch.testing.assert_close(torch.cat([output, last]), expected)


@needs_torch
@needs_zstandard
@pytest.mark.parametrize("kind", ["gemm", "lattice", "attention", "rmsNorm", "activation",
                                  "rotary", "embedding", "elementwise", "sample"])
def test_every_kind_of_point_is_measured(kind):
    from sweeps import Bench
    bench = Bench(tiny_engine().model, dtype="fp32", max_sequences=4, cache_bytes=4096, seed=1)
    points = (gemm_points(TINY, 16, 4) + attention_points(TINY, 16, 4, 64)
              + elementwise_points(TINY, 16, 4))
    shapes = {*TINY.layer_gemms().values(), TINY.lm_head}
    if kind == "lattice":
        chosen = [p for p in points if p.kind == "gemm" and (p["n"], p["k"]) not in shapes]
    else:
        chosen = [p for p in points if p.kind == kind]
    for p in (chosen[0], chosen[-1]):
        record = bench.measure(p)
        assert record["kind"] == p.kind and record["count"] >= 5
        assert 0 < record["min_ns"] <= record["p50_ns"] <= record["p90_ns"]


@needs_torch
def test_steps_are_named_as_vllm_names_them():
    from model import step_name
    scheduler = Scheduler(20, 4)
    scheduler.submit(request("a", 4, 5))
    run_step(scheduler)
    scheduler.submit(request("b", 12, 5))
    assert step_name(scheduler.schedule(0)) == "execute_context_1(12)_generation_1(1)"

#!/usr/bin/env python3
"""Measures what Reprise replays: operators, a small serving engine, and its profiler trace.

Runs unchanged on a CPU and on a GPU, with PyTorch alone. Stages, in this order:

  machine      what ran: device, versions, load, measured ceilings   machine.json, config.json
  gemm         matrix products of the model and a coarse lattice     samples.jsonl.zst
  attention    prefill chunks and decode batches                     samples.jsonl.zst
  elementwise  norm, activation, rotary, embedding, add, sampling    samples.jsonl.zst
  serve        a continuous-batching server under three logs         serve-*/
  trace        torch.profiler over steps of that server              trace.pt.trace.json.gz

`capture.py points points.json -o DIR` measures the points that `reprise plan-measurements` asks for,
and nothing else.

Each stage gets a share of --minutes and writes as it goes: a run that is cut short leaves
complete files. Nothing about the machine is changed: no clocks, no power limits, no governors.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import gc
import gzip
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import points  # noqa: E402
from config import DTYPES, PRESETS, load_model  # noqa: E402
from records import CaptureError, JsonLines, write_json, write_requests, write_steps  # noqa: E402
from scheduler import Lengths, Scheduler, offline_log, request_log  # noqa: E402
from server import RunningClock, capacity, serve  # noqa: E402
from sweeps import (  # noqa: E402
    Bench, attention_points, elementwise_points, gemm_points, sweep)

# Share of the time budget that each stage may use.
STAGES = {"machine": 1, "gemm": 14, "attention": 19, "elementwise": 19, "serve": 42, "trace": 5}


@dataclass(frozen=True)
class Load:
    name: str
    utilisation: float
    burstiness: float


LOADS = (Load("serve-poisson-50", 0.5, 1), Load("serve-poisson-80", 0.8, 1),
         Load("serve-bursty-110", 1.1, 0.25))


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR",
                        help="folder to write to; files of the stages that run are replaced")
    parser.add_argument("--device", default="auto",
                        help="auto, cpu, cuda or cuda:N (default: auto, a GPU where there is one)")
    parser.add_argument("--stages", default=",".join(STAGES), metavar="A,B,...",
                        help="stages to run (default: all)")
    parser.add_argument("--minutes", type=float, default=8, help="time budget (default: 8)")
    parser.add_argument("--seed", type=int, default=0,
                        help="of weights, prompts, arrivals and measuring order (default: 0)")
    parser.add_argument("--threads", type=int, default=1,
                        help="CPU threads inside an operator (default: 1)")
    parser.add_argument("--model", default="auto", metavar="NAME",
                        help=f"{', '.join(PRESETS)} or a config.json (default: auto, by device)")
    parser.add_argument("--dtype", choices=["auto", *DTYPES], default="auto",
                        help="default: auto, fp32 on a CPU and bf16 on a GPU")
    parser.add_argument("--token-budget", type=int, default=256,
                        help="query tokens in a step at most (default: 256)")
    parser.add_argument("--max-sequences", type=int, default=16,
                        help="sequences in a step at most (default: 16)")
    parser.add_argument("--clock", choices=["wall", "running"], default="wall",
                        help="clock of the served logs: running stops while other processes hold "
                             "the core, for one CPU thread on a shared machine (default: wall)")
    parser.add_argument("--attempts", type=int, default=1,
                        help="how often a served log may be run on a shared machine; the run that "
                             "was least preempted is kept (default: 1)")
    parser.add_argument("--cache-bytes", type=int, default=0,
                        help="last-level cache to defeat (default: 0, as found)")
    options = parser.parse_args(argv)
    options.stages = [s for s in options.stages.split(",") if s]
    for stage in options.stages:
        if stage not in STAGES:
            parser.error(f"--stages: no stage is called {stage!r}; there are {', '.join(STAGES)}")
    if not options.stages:
        parser.error("--stages: name at least one")
    if options.minutes <= 0:
        parser.error("--minutes must be positive")
    for name in ("threads", "token_budget", "max_sequences", "attempts"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return options


def shares(stages: list[str], seconds: float) -> dict[str, float]:
    """Seconds that each chosen stage may use."""
    whole = sum(STAGES[stage] for stage in stages)
    return {stage: seconds * STAGES[stage] / whole for stage in stages}


class Capture:
    """One run: its device, model and budget, and the stages as methods."""

    def __init__(self, options: argparse.Namespace):
        self.torch = torch = import_torch()
        self.options = options
        self.device = find_device(torch, options.device)
        on_cpu = self.device.type == "cpu"
        self.dtype = options.dtype if options.dtype != "auto" else "fp32" if on_cpu else "bf16"
        name = options.model
        if name == "auto":
            name = "llama-25m" if on_cpu else "llama-3.1-8b"
        self.model_name, self.config = name, load_model(name)
        self.lengths = Lengths()
        self.positions = -(-max(self.lengths.longest, options.token_budget) // 32) * 32
        self.cache_bytes = options.cache_bytes or last_level_cache(torch, self.device)
        if options.clock == "running" and (not on_cpu or options.threads != 1):
            raise CaptureError("--clock running is for --device cpu --threads 1: the time of "
                               "other threads and devices does not stop with this thread")
        torch.set_num_threads(options.threads)
        if on_cpu:
            keep_freed_memory()
        self._engine = None

    def run(self) -> None:
        options = self.options
        options.out.mkdir(parents=True, exist_ok=True)
        budget = shares(options.stages, options.minutes * 60)
        samples, bench = None, None
        for stage in (s for s in STAGES if s in options.stages):
            begin = time.monotonic()
            deadline = begin + budget[stage]
            if stage in ("gemm", "attention", "elementwise"):
                samples = samples or JsonLines(options.out / "samples.jsonl.zst")
                bench = bench or self.bench()
                done, planned = sweep(bench, self.points(stage), samples, options.seed,
                                      lambda: time.monotonic() > deadline)
                note = f"{done} of {planned} points"
            else:
                bench = None
                note = getattr(self, stage)(deadline)
            print(f"{stage:12} {time.monotonic() - begin:6.1f} s  {note}", flush=True)

    def measure(self, plan: points.Plan, minutes: float) -> None:
        """Measures the points of a plan, in the place of a run of stages."""
        options = self.options
        self.model_name, self.config = "points", plan.model or points.STAND_IN
        self.positions = 128  # the caches grow with the points
        options.out.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + minutes * 60
        here = describe_device(self.torch, self.device)["name"]
        print(f"the plan is for {plan.device}; what measures is {here}")
        print(self.machine(deadline), flush=True)
        bench = points.PointBench(self.bench(), self.engine().model, options.max_sequences)
        with JsonLines(options.out / "samples.jsonl.zst") as samples:
            done, planned = sweep(bench, plan.points, samples, options.seed,
                                  lambda: time.monotonic() > deadline)
        print(f"{done} of {planned} points, repeated ones among them: "
              f"{options.out / 'samples.jsonl.zst'}", flush=True)

    # MARK: stages

    def machine(self, deadline: float) -> str:
        torch, options, device = self.torch, self.options, self.device
        config = self.config.hugging_face(self.dtype, self.positions)
        load = os.getloadavg()
        found = ceilings(torch, device, self.cache_bytes)
        write_json(options.out / "machine.json", {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "command": command_line(),
            "device": describe_device(torch, device),
            "cpu": describe_cpu(),
            "versions": {
                "torch": torch.__version__,
                "cuda": torch.version.cuda,
                "hip": torch.version.hip,
                "python": platform.python_version(),
                "kernel": re.match(r"[\d.]*\d", platform.release()).group(),
            },
            "revision": git_revision(),
            "threads": options.threads,
            "scheduling": scheduling(),
            "serve_clock": self.clock_note(),
            "load_average": list(load),
            "last_level_cache_bytes": self.cache_bytes,
            "ceilings": found,
            "server": {"token_budget": options.token_budget, "positions": self.positions,
                       "max_sequences": options.max_sequences, "dtype": self.dtype,
                       "scheduler": "vLLM V1 rules; see tools/capture/scheduler.py"},
            "model": config,
        })
        write_json(options.out / "config.json", config)
        rates = ", ".join(f"{k} {v / 1e9:.1f} GFLOP/s"
                          for k, v in found["matmul_flops_per_second"].items())
        return f"copy {found['copy_bytes_per_second'] / 1e9:.1f} GB/s, {rates}"

    def bench(self) -> Bench:
        options = self.options
        return Bench(self.engine().model, dtype=self.dtype, max_sequences=options.max_sequences,
                     cache_bytes=self.cache_bytes, seed=options.seed)

    def points(self, stage: str) -> list:
        limits = (self.config, self.options.token_budget, self.options.max_sequences)
        if stage == "gemm":
            return gemm_points(*limits)
        if stage == "attention":
            return attention_points(*limits, self.positions)
        return elementwise_points(*limits)

    def serve(self, deadline: float) -> str:
        options = self.options
        self.play(offline_log(12, options.seed + 1000), [], None)  # warm-up
        probe = offline_log(max(48, 4 * options.max_sequences), options.seed + 2000)
        self.play(probe, [], None)
        full = capacity(probe)
        # What remains, less a tenth in which the last requests of each log drain.
        runs = len(LOADS) * options.attempts
        seconds = min(90.0, (deadline - time.monotonic()) / runs / 1.1)
        if seconds < 5:
            raise CaptureError(f"--minutes {options.minutes:g} leaves {seconds:.1f} s for each "
                               "served log; at least 5 s are needed: raise it")
        summary = {"capacity_requests_per_second": round(full, 3), "logs": {}}
        for number, load in enumerate(LOADS):
            attempts = []
            for attempt in range(options.attempts):
                entry = self.serve_log(load, load.utilisation * full, seconds,
                                       options.seed + number,
                                       best=min(attempts, default=float("inf")))
                attempts.append(entry["preempted_share"])
                if entry["preempted_share"] == min(attempts):
                    summary["logs"][load.name] = entry
                if entry["preempted_share"] < 0.002:
                    break
            summary["logs"][load.name]["preempted_share_of_attempts"] = attempts
            write_json(options.out / "serve.json", summary)
        return (f"capacity {full:.2f} requests/s, "
                + ", ".join(f"{v['requests']} requests ({v['preempted_share'] * 100:.1f} % "
                            "preempted)" for v in summary["logs"].values()))

    def serve_log(self, load: Load, rate: float, seconds: float, seed: int, best: float) -> dict:
        """Serves one log, and writes it unless it was preempted for more than `best` of its time."""
        requests = request_log(max(2, round(rate * seconds)), rate, load.burstiness, seed,
                               self.lengths)
        steps: list[dict] = []
        before, preempted, begin = os.getloadavg()[0], preempted_ns(), time.perf_counter_ns()
        try:
            self.play(requests, steps, (seconds * 1.5 + 10) * 1e9)
        finally:
            share = (preempted_ns() - preempted) / (time.perf_counter_ns() - begin)
            if share < best:
                folder = self.options.out / load.name
                write_steps(folder / "steps.jsonl.zst", steps)
                write_requests(folder / "requests.jsonl.zst", requests,
                               f"tools/capture {load.name}, {self.model_name}, "
                               f"gamma arrivals of shape {load.burstiness:g} at {rate:.3f}/s, "
                               f"seed {seed}", self.clock_note())
        return {"utilisation": load.utilisation, "burstiness": load.burstiness,
                "rate_per_second": round(rate, 3), "seed": seed,
                "requests": sum(r.finished for r in requests), "steps": len(steps),
                "preempted_share": round(share, 5), "load_average": [before, os.getloadavg()[0]]}

    def clock_note(self) -> str:
        if self.options.clock == "wall":
            return "monotonic ns since the first arrival"
        return ("monotonic ns since the first arrival, stopped while other processes held "
                "the server's core")

    def play(self, requests: list, steps: list, limit_ns: float | None) -> None:
        """Serves a log with Python's cyclic garbage collector out of the way."""
        engine = self.engine()
        engine.prepare(requests)
        scheduler = Scheduler(self.options.token_budget, self.options.max_sequences)
        running = RunningClock() if self.options.clock == "running" else None
        engine.clock = running or time.perf_counter_ns
        gc.collect()
        gc.disable()
        try:
            serve(requests, scheduler, engine, steps=steps, deadline_ns=limit_ns,
                  clock=engine.clock, sleep=running.sleep if running else time.sleep)
        finally:
            gc.enable()

    def trace(self, deadline: float, steps_profiled: int = 40) -> str:
        from torch.profiler import ProfilerActivity, profile
        engine = self.engine()
        # Half of the server's places: the profiler writes some 400 events a sequence and step.
        places = max(1, self.options.max_sequences // 2)
        requests = offline_log(8 * places, self.options.seed + 3000)
        engine.prepare(requests)
        scheduler = Scheduler(self.options.token_budget, places)
        for request in requests:
            scheduler.submit(request)

        def step() -> bool:
            rows = scheduler.schedule(0)
            engine(rows)
            scheduler.complete(rows)
            return scheduler.has_work

        for _ in range(60):  # into the steady state: places full, requests coming and going
            step()
        activities = [ProfilerActivity.CPU]
        if self.device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        engine.annotate = True
        with profile(activities=activities, record_shapes=True, with_stack=False) as profiler:
            for _ in range(steps_profiled):
                step()
        engine.annotate = False
        name = "trace.pt.trace.json.gz"
        save_trace(profiler, self.options.out / name)
        size = (self.options.out / name).stat().st_size
        return f"{steps_profiled} steps, {size / 1e6:.2f} MB"

    def engine(self):
        if self._engine is None:
            from model import Engine, Model, torch_dtype
            model = Model(self.config, torch_dtype(self.dtype), self.device,
                          self.options.max_sequences, self.positions, self.options.seed)
            self._engine = Engine(model, self.options.seed)
        return self._engine


def save_trace(profiler, path: Path) -> None:
    """Exports a trace as the profiler wrote it, but without the names of folder and host."""
    here = os.getcwd()
    os.chdir(path.parent)  # the trace records the path that it is given
    try:
        profiler.export_chrome_trace("trace.partial.json")
    finally:
        os.chdir(here)
    plain = path.with_name("trace.partial.json")
    partial = path.with_name("trace.partial.gz")
    with open(plain) as source, gzip.open(partial, "wt", compresslevel=9) as target:
        for line in source:
            line = re.sub(r'"host_name": "[^"]*"', '"host_name": ""', line)
            target.write(line.replace("trace.partial.json", path.name.removesuffix(".gz")))
    plain.unlink()
    partial.replace(path)


# MARK: the machine

def import_torch():
    try:
        import torch
    except ImportError:
        raise CaptureError("PyTorch is missing: pip install -r tools/capture/requirements.txt "
                           "(or the torch build for your GPU)") from None
    return torch


def find_device(torch, name: str):
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise CaptureError(f"--device {name}: use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise CaptureError(f"--device {name}: only cpu and cuda (also ROCm) are measured")
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise CaptureError(f"--device {name}: PyTorch {torch.__version__} sees no GPU here")
        if (device.index or 0) >= torch.cuda.device_count():
            raise CaptureError(f"--device {name}: there are {torch.cuda.device_count()} GPUs")
        torch.cuda.set_device(device)
    return device


def keep_freed_memory() -> None:
    """Tells glibc's malloc to keep freed memory, as serving engines' allocators do.

    Otherwise large activations go back to the system and are page-faulted in again at each call.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # not glibc
    trim_threshold, mmap_threshold = -1, -3
    mallopt(trim_threshold, 1 << 30)
    mallopt(mmap_threshold, 32 << 20)  # the most that glibc takes


def last_level_cache(torch, device) -> int:
    if device.type == "cuda":
        return getattr(torch.cuda.get_device_properties(device), "L2_cache_size", 64 << 20)
    sizes = [0]
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        if match := re.fullmatch(r"(\d+)([KM])", path.read_text().strip()):
            sizes.append(int(match[1]) << {"K": 10, "M": 20}[match[2]])
    return max(sizes) or 32 << 20


def median_seconds(torch, device, call, count: int) -> float:
    def once() -> float:
        begin = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    once()
    return sorted(once() for _ in range(count))[count // 2]


def ceilings(torch, device, cache_bytes: int) -> dict:
    """What the device reaches: copying counts the bytes read and those written."""
    elements = max(4 * cache_bytes, 128 << 20) // 4
    source = torch.randn(elements, device=device)
    target = torch.empty_like(source)
    copy = median_seconds(torch, device, lambda: target.copy_(source), 9)
    read = median_seconds(torch, device, lambda: source.sum(), 9)
    nbytes = source.nbytes
    del source, target
    rates = {}
    size = 1024 if device.type == "cpu" else 8192
    for name in ("fp32", "bf16") if device.type == "cpu" else ("fp32", "bf16", "fp16"):
        a, b = (torch.randn(size, size, device=device).to(getattr(torch, DTYPES[name]))
                for _ in range(2))
        rates[name] = round(2 * size ** 3 / median_seconds(torch, device, lambda: a @ b, 9))
    return {"copy_bytes_per_second": round(2 * nbytes / copy),
            "read_bytes_per_second": round(nbytes / read),
            "copy_buffer_bytes": nbytes,
            "matmul_flops_per_second": rates, "matmul_size": size}


def describe_device(torch, device) -> dict:
    if device.type == "cpu":
        return {"type": "cpu", **describe_cpu()}
    properties = torch.cuda.get_device_properties(device)
    found = {"type": "cuda", "name": properties.name, "memory_bytes": properties.total_memory,
             "multiprocessors": properties.multi_processor_count}
    query = "driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit"
    if tool := shutil.which("nvidia-smi"):
        answer = subprocess.run([tool, f"--query-gpu={query}", "--format=csv,noheader",
                                 f"--id={device.index or 0}"], capture_output=True, text=True)
        if answer.returncode == 0:
            found |= zip(query.split(","), (v.strip() for v in answer.stdout.split(",")))
    return found


def describe_cpu() -> dict:
    found = {"name": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    try:
        text = Path("/proc/cpuinfo").read_text()
        for key, pattern in (("name", r"model name\s*: (.+)"), ("family", r"cpu family\s*: (\d+)"),
                             ("model", r"model\s*: (\d+)"), ("mhz_now", r"cpu MHz\s*: ([\d.]+)")):
            if match := re.search(pattern, text):
                found[key] = float(match[1]) if key == "mhz_now" else match[1]
        flags = re.search(r"flags\s*: (.+)", text)
        found["vector"] = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
                           if flags and f in flags[1].split()]
        memory = re.search(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text())
        found["memory_bytes"] = int(memory[1]) << 10
    except (OSError, TypeError):
        pass  # not Linux
    return found


def scheduling() -> dict:
    """Policy, priority and allowed cores of this process, where the system tells."""
    if not hasattr(os, "sched_getscheduler"):
        return {}
    names = {os.SCHED_OTHER: "other", os.SCHED_FIFO: "fifo", os.SCHED_RR: "rr"}
    policy = os.sched_getscheduler(0)
    return {"policy": names.get(policy, str(policy)), "nice": os.nice(0),
            "priority": os.sched_getparam(0).sched_priority,
            "cores": sorted(os.sched_getaffinity(0))}


def preempted_ns() -> int:
    """How long this thread was ready but not running, since it began; 0 where nobody tells."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def command_line() -> str:
    return " ".join(["python", "tools/capture/capture.py", *sys.argv[1:]])


def git_revision() -> str | None:
    try:
        answer = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True,
                                text=True, cwd=Path(__file__).parent)
    except OSError:
        return None
    return answer.stdout.strip() or None


def measure_points(argv: list[str]) -> None:
    """`capture.py points`: what a plan asks for, on the device that is here."""
    wanted = points.arguments(argv)
    plan = points.read_plan(wanted.points)
    options = arguments([
        "--out", str(wanted.out), "--device", wanted.device, "--dtype", plan.dtype,
        "--seed", str(wanted.seed), "--threads", str(wanted.threads),
        "--max-sequences", str(wanted.max_sequences), "--minutes", str(wanted.minutes)])
    Capture(options).measure(plan, wanted.minutes)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that open files are finished
    try:
        if sys.argv[1:2] == ["points"]:
            measure_points(sys.argv[2:])
        else:
            Capture(arguments()).run()
    except CaptureError as error:
        print(f"capture: {error}", file=sys.stderr)
        return 64
    except OSError as error:
        print(f"capture: {error}", file=sys.stderr)
        return 74
    except KeyboardInterrupt:
        print("capture: interrupted; what was measured so far is on disk", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

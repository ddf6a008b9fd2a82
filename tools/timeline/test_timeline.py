"""Timelines of `reprise replay` and `reprise pipeline`, read by Google's decoder of Protocol Buffers, against
the JSON that the same command wrote, which Python reads.

Skipped, saying so, without the package `protobuf` or a built command.
"""

import json
import subprocess
from collections import Counter

import pytest

pytest.importorskip("google.protobuf", reason="the package protobuf is not here")
from built import REPRISE, ROOT  # noqa: E402
from perfetto import Timeline  # noqa: E402

SAMPLE = ROOT / "SampleTraces/amd-epyc-1thread"


def reprise(*arguments):
    if REPRISE is None:
        pytest.skip("no build of reprise")
    subprocess.run([REPRISE, *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module", params=["replay", "operators", "pipeline"])
def both(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    if request.param == "pipeline":
        scenario = ROOT / "docs/examples/pipelines/prefill-decode.yaml"
        reprise("pipeline", scenario, "--requests", 60, "-o", out, "--timeline", "both")
    else:
        options = ["--detail", "operators", "--timeline-window", "2..4"]
        reprise(
            "replay", "--deployment", SAMPLE / "server.yaml", "--log",
            SAMPLE / "serve-bursty-110/requests.jsonl.zst", "-o", out, "--no-bands",
            "--timeline", "both", *(options if request.param == "operators" else []))  # fmt: skip
    events = json.loads((out / "timeline.json").read_text())["traceEvents"]
    return request.param, out, Timeline(out / "timeline.pftrace"), events


def test_the_slices_are_those_of_the_json(both):
    _, _, timeline, events = both
    names = {}
    for event in events:
        if event["ph"] == "M" and event["name"].endswith("_name"):
            key = (event["pid"], event["tid"] if event["name"] == "thread_name" else None)
            names[key] = event["args"]["name"]
    expected = Counter()
    for event in events:
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            end = start + round(event["dur"] * 1000)
            arguments = {
                key.removesuffix("_us") + ("_ns" if key.endswith("_us") else ""):
                round(value * 1000) if key.endswith("_us") else value
                for key, value in event.get("args", {}).items()
            }  # fmt: skip
            expected[
                names[event["pid"], None], names[event["pid"], event["tid"]], event["name"], start,
                end, tuple(sorted(arguments.items()))] += 1  # fmt: skip
    found = Counter(
        (s.process, s.track, s.name, s.start, s.end, tuple(sorted(s.arguments.items())))
        for s in timeline.slices)
    assert sum(found.values()) > 500
    assert found == expected


def test_slices_of_a_track_follow_or_enclose_each_other(both):
    _, _, timeline, _ = both
    tracks = {}
    for slice in timeline.slices:
        tracks.setdefault((slice.process, slice.track), []).append((slice.start, slice.end))
    for slices in tracks.values():
        open_ends = []
        for start, end in sorted(slices, key=lambda slice: (slice[0], -slice[1])):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1]
            open_ends.append(end)


def test_counters_and_instants_are_those_of_the_json(both):
    _, _, timeline, events = both
    instants = Counter((event["name"], round(event["ts"] * 1000)) for event in events if event["ph"] == "i")
    assert instants == Counter((name, time) for _, name, time in timeline.instants)
    for values in timeline.counters.values():
        assert all(left[1] != right[1] or left[0] > right[0] for left, right in zip(values, values[1:]))
    ends = {(event["pid"], name): value for event in events if event["ph"] == "C"
            for name, value in event["args"].items()}  # fmt: skip
    assert ends and not any(ends.values())


def test_operators_fill_their_steps(both):
    kind, _, timeline, _ = both
    if kind != "operators":
        pytest.skip("steps are drawn as a whole")
    steps = [s for s in timeline.slices if s.track == "steps" and "batch" in s.arguments]
    parts = [s for s in timeline.slices if s.track == "steps" and "batch" not in s.arguments]
    assert steps and len(parts) > 5 * len(steps)
    for step in steps:
        own = [s for s in parts if step.start <= s.start and s.end <= step.end]
        assert abs(sum(s.end - s.start for s in own) - (step.end - step.start)) <= 1
        assert all("rests_on" in s.arguments for s in own)


def test_the_file_is_a_fraction_of_the_json(both):
    _, out, _, _ = both
    sizes = [(out / name).stat().st_size for name in ("timeline.json", "timeline.pftrace")]
    assert sizes[0] > 7 * sizes[1], sizes

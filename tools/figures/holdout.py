"""Errors of predictions of held-out points of a public GPU's operator tables, beside the project's
bars and what AIConfigurator's own interpolator does on the same tables and protocols (measured once:
the same rows held out, its shared layer off)."""

import json
import subprocess
import sys

RUNTIME = "TensorRT-LLM 1.3.0rc20"
ATTENTION = ["--operator", "attention", "--least", "2", "--where", "window=", "kvBits=", "headDim=64,128"]
# name, arguments, runtimes, the row's operator and type (None: all), protocol -> (bar, peer), mean
# and 95th percentile in percent.
TABLES = [
    ("GEMM bf16", ["--operator", "gemm"], [RUNTIME], ("gemm", "bf16"), {
        "points": ((3.5, 11), (4.4, 15)), "sizes": ((4.2, 14), (4.3, 15)),
        "curves": ((3.5, 11), (6.4, 20))}),
    ("GEMM fp8", ["--operator", "gemm"], [RUNTIME], ("gemm", "fp8"), {
        "points": ((2.1, 7), (2.9, 8.7)), "sizes": ((2.5, 8), (2.5, 8.2)),
        "curves": ((2.2, 6.5), (7.1, 22))}),
    ("context attention", ATTENTION, [RUNTIME], ("attention, prefill", "bf16"), {
        "points": ((2.0, 6), (4.3, 16)), "sizes": ((2.4, 7), (5.1, 25)),
        "curves": ((2.0, 6), (4.7, 16))}),
    ("generation attention", ATTENTION, [RUNTIME], ("attention, decode", "bf16"), {
        "points": ((3.2, 11), (7.8, 28)), "sizes": ((4.8, 18), (4.9, 19)),
        "curves": ((5.2, 18), (10.9, 37))}),
    ("MoE", ["--operator", "moe", "--where", "gated=", "weightBits="],
     [RUNTIME + " power_law_1.2", RUNTIME + " fp8_block power_law_1.2"], ("moe", None), {
        "points": ((5.8, 18), (8.4, 34)), "sizes": ((5.2, 15), (5.4, 15)),
        "curves": ((20, 75), None)}),
    ("all-reduce", ["--operator", "allReduce"], [RUNTIME], ("allReduce", "bf16"), {
        "sizes": ((1.9, 5.5), (2.3, 7.1))}),
]


def checks(reprise, database, *arguments):
    """The checks of held-out points that `calibrate --check` makes."""
    said = subprocess.run(
        [reprise, "calibrate", "--db", database, "--check", "--json", *arguments],
        capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(said.stderr)
    return json.loads(said.stdout)["checks"]


def kind(row):
    """A row's kind of operator and its part."""
    return ", ".join([row["operator"], *([row["region"]] if "region" in row else [])])


def tables(root, database, systems, backends, section):
    """Whether the systems' tables are in the database, fetched if it is not there; says why not. Needs
    the package index that tools/get-operator-tables reads."""
    if database.exists():
        return True
    fetched = subprocess.run(
        [root / "tools" / "get-operator-tables", *systems, "--backends", *backends, "--db", database],
        capture_output=True, text=True)
    if fetched.returncode != 0:
        why = (fetched.stderr.strip().splitlines() or ["no tables"])[-1]
        print(f"{section}: skipped: {why}")
    return fetched.returncode == 0


def public_tables(reprise, root, scratch):
    """Prints the table of held-out points."""
    database = scratch / "h200.sqlite"
    if not tables(root, database, ["h200"], ["trtllm"], "holdout"):
        return
    print(f"Held-out points of NVIDIA H200, {RUNTIME}: mean / 95th percentile of the absolute error in %")
    print(f"{'':21} {'protocol':8} {'points':>6} {'ours':>13} {'bar':>11} {'AIConfigurator':>14} "
          f"{'in 90 %':>7}")
    checked = {}
    for name, arguments, runtimes, (operator, data_type), protocols in TABLES:
        for protocol, (bar, peer) in protocols.items():
            points, total, worst, inside = 0, 0.0, 0.0, 0.0
            for runtime in runtimes:
                key = (runtime, *arguments)
                if key not in checked:
                    checked[key] = checks(
                        reprise, database, "--device", "h200-sxm", "--runtime", runtime, *arguments)
                for row in (row for check in checked[key] if check["protocol"] == protocol
                            for row in check["rows"]):
                    if kind(row) != operator or data_type not in (None, row["type"]):
                        continue
                    points += row["held_out"]
                    total += row["held_out"] * row["error_percent"]["mean"]
                    # Percentiles do not add up; weighed, they are near.
                    worst += row["held_out"] * row["error_percent"]["p95"]
                    inside += row["held_out"] * row["in_interval_percent"]
            mean, p95 = total / points, worst / points
            met = "" if mean <= bar[0] and p95 <= bar[1] else "  missed"
            peers = "refuses" if peer is None else f"{peer[0]} / {peer[1]}"
            ours = f"{mean:.2f} / {p95:.1f}"
            print(f"{name:21} {protocol:8} {points:6} {ours:>13} {f'{bar[0]} / {bar[1]}':>11} "
                  f"{peers:>14} {inside / points:7.0f}{met}")


# Each with all tables there are, of all software.
COVERED = ["h200", "b200", "l40s"]


def coverage(reprise, root, scratch):
    """Prints how many held-out points the 90 % intervals hold, kind by kind, over all software."""
    database = scratch / "covered.sqlite"
    if not tables(root, database, COVERED, ["vllm", "trtllm", "sglang"], "coverage"):
        return
    print("Held-out points of all tables by kind: mean absolute error in %, share in the 90 % interval")
    protocols = ["points", "sizes", "curves"]
    print(f"{'':34}" + "".join(f"{protocol + ': held out':>18}  mean  in 90 %" for protocol in protocols))
    for name in COVERED:
        rows = {}
        for check in checks(reprise, database, "--device", name):
            for row in check["by_kind"]:
                rows.setdefault(kind(row), {})[check["protocol"]] = row
        for operator, found in sorted(rows.items()):
            line = f"{name:5} {operator:28}"
            for row in (found.get(protocol) for protocol in protocols):
                line += (f"{'':33}" if row is None else
                         f"{row['held_out']:18}{row['error_percent']['mean']:7.2f}"
                         f"{row['in_interval_percent']:8.0f}")
            print(line.rstrip())


# Those whose errors set the doubt about what is borrowed, then those that judge it.
SETTING = ["a100", "l40s"]
JUDGING = ["h100", "h200", "b200"]


def between_devices(reprise, root, scratch):
    """Prints how well each kind of operator of a device is predicted from the device most like it."""
    database = scratch / "devices.sqlite"
    if not tables(root, database, [*SETTING, *JUDGING], ["vllm"], "devices"):
        return
    print("Kinds predicted from the device most like it that measured them (vLLM): absolute error in %")
    print(f"{'':22} {'kind':24} {'octaves':>8} {'points':>6} {'mean':>6} {'p95':>6} {'in 90 %':>7}")
    made = checks(reprise, database, "--protocol", "devices")
    for names, role in [(SETTING, "set on it"), (JUDGING, "judged")]:
        for name in names:
            for check in made:
                if name not in check["device"].lower():
                    continue
                kinds = {}
                for row in check["by_distance"]:
                    kinds.setdefault((kind(row), row["above_octaves"]), []).append(row)
                for (name_of_kind, octaves), rows in sorted(kinds.items()):
                    points = sum(row["held_out"] for row in rows)

                    def mean(value):
                        return sum(row["held_out"] * value(row) for row in rows) / points

                    print(f"{name + ', ' + role:22} {name_of_kind:24} {f'> {octaves:g}':>8} {points:6} "
                          f"{mean(lambda row: row['error_percent']['mean']):6.1f} "
                          # Percentiles do not add up over types; weighed, they are near.
                          f"{mean(lambda row: row['error_percent']['p95']):6.0f} "
                          f"{mean(lambda row: row['in_interval_percent']):7.0f}")


# What plans are made for: arguments of `calibrate --check-plans` on the tables of an H200.
PLANNED = [
    ["--operator", "gemm", "--runtime", RUNTIME],
    [*ATTENTION, "--runtime", RUNTIME],
    ["--operator", "moe", "--where", "gated=", "weightBits=", "--runtime", RUNTIME + " power_law_1.2"],
]


def promises(reprise, root, scratch):
    """Prints what plans of measurements promise, and what comes of it: on our own capture, and on the
    tables of an H200."""
    own, database = scratch / "planned.sqlite", scratch / "h200.sqlite"
    sweep = root / "SampleTraces" / "amd-epyc-1thread" / "samples.jsonl.zst"
    name = "cpu-epyc-1thread"
    subprocess.run([reprise, "import", sweep, "--db", own, "--device", name], check=True,
                   capture_output=True)
    runs = [(own, ["--device", name])]
    if tables(root, database, ["h200"], ["trtllm"], "plans"):
        runs += [(database, ["--device", "h200-sxm", *arguments]) for arguments in PLANNED]
    for place, arguments in runs:
        said = subprocess.run(
            [reprise, "calibrate", "--check-plans", "--db", place, *arguments],
            capture_output=True, text=True)
        if said.returncode != 0:
            sys.exit(said.stderr)
        print(said.stdout, end="")

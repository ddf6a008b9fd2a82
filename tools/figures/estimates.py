"""Analytical estimates against published measurements, and what each correction of GenZ changes."""

import csv
import json
import subprocess

# The efficiency that GenZ's paper fits to each platform (arXiv 2406.01698, table of platforms), by
# device and number of devices.
FITTED = {"A100": {}, "H100": {1: 0.55, 2: 0.64, 4: 0.66, 8: 0.75}}
FITTED_OTHERWISE = {"A100": 0.4}
SYSTEMS = {"A100": ("dgx-a100", "A100_80GB_GPU"), "H100": ("dgx-h100", "H100_GPU")}
# Rows of the third-party table by what they measure; GenZ's published check used one request at a time.
GROUPS = ["A100 end to end", "H100 end to end", "4×H100 TTFT", "4×H100 ITL"]


def estimate(reprise, *arguments):
    """One estimate as its JSON."""
    command = [str(reprise), "estimate", "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nfailed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def third_party(reprise, data):
    """Error tables against latencies that others measured."""
    path = data / "golden" / "mist" / "real_latency_third_party.csv"
    rows = list(csv.DictReader(path.open(newline="")))
    print("Third-party latencies (IMEC, NVIDIA NIM), fp16: mean absolute error, and bias, in %")
    kinds = {
        "defaults": [], "--eager": ["--eager"], "--ideal (pure roofline)": ["--ideal"],
        "GenZ, efficiency 1": 1.0, "GenZ, fitted per platform": None,
    }
    print(f"  {'one request at a time':28} " + " ".join(f"{group:>18}" for group in GROUPS))
    for name, options in kinds.items():
        print_errors(name, errors(reprise, [r for r in rows if r["batch"] == "1"], options))
    # An estimate knows no queue, in which most of a first token's time passes there.
    print(f"  {'at 5 and 25 at a time':28} " + " ".join(f"{group:>18}" for group in GROUPS))
    for name in ["defaults", "--eager"]:
        print_errors(name, errors(reprise, [r for r in rows if r["batch"] != "1"], kinds[name]))


def print_errors(name, found):
    cells = []
    for group in GROUPS:
        values = found.get(group, [])
        if not values:
            cells.append("")
            continue
        mean = sum(map(abs, values)) / len(values)
        bias = sum(values) / len(values)
        cells.append(f"{100 * mean:5.1f} ({100 * bias:+.1f}, {len(values)})")
    print(f"  {name:28} " + " ".join(f"{cell:>18}" for cell in cells))


def errors(reprise, rows, options):
    """Relative errors by group of rows; `options` are ours, or GenZ's efficiency, None for fitted."""
    found = {}
    for row in rows:
        gpu = "A100" if "A100" in row["device"] else "H100"
        devices, batch = int(row["tp"]), int(row["batch"])
        platform, system = SYSTEMS[gpu]
        arguments = ["--model", row["model"], "--tp", devices, "--dtype", "fp16",
                     "--input", row["input_tokens"], "--output", row["output_tokens"]]
        if isinstance(options, list):
            # A newcomer's prompt shares its step with the others' decodes.
            beside = ["--beside", batch - 1] if row["metric"] == "ttft_ms" else ["--batch", batch]
            result = estimate(reprise, *arguments, "--platform", platform, *beside, *options)
            values = {"e2e_s": result["end_to_end_ms"] / 1e3, "ttft_ms": result["ttft_ms"],
                      "itl_ms": result["tpot_ms"]}
        else:
            fitted = FITTED[gpu].get(devices, FITTED_OTHERWISE.get(gpu))
            result = estimate(reprise, *arguments, "--device", system, "--compat", "genz",
                              "--efficiency", options or fitted)
            prefill, decode = result["prefill"]["latency_ms"], result["decode"]["latency_ms"]
            values = {"e2e_s": (prefill + decode * int(row["output_tokens"])) / 1e3,
                      "ttft_ms": prefill, "itl_ms": decode}
        group = {"e2e_s": f"{gpu} end to end", "ttft_ms": "4×H100 TTFT", "itl_ms": "4×H100 ITL"}
        found.setdefault(group[row["metric"]], []).append(
            values[row["metric"]] / float(row["value"]) - 1)
    return found


def total(operators, *roles, time="time_us", scale=1e-3):
    """Milliseconds of the operators whose role is one of these."""
    return sum(op[time] * scale * op["runs"] for op in operators if op["role"] in roles)


def corrections(reprise):
    """What GenZ's faults are worth: its numbers beside the corrected ones at the same rates."""
    print("Corrections of GenZ, one by one (Llama-3.1-8B on one H100, bf16, unless said)")
    base = ["--model", "llama-3.1-8b", "--batch", 1, "--output", 128, "--operators"]
    genz = ["--device", "H100_GPU", "--compat", "genz"]
    ours = ["--device", "h100-sxm", "--ideal"]

    def both(*arguments):
        return estimate(reprise, *arguments, *genz), estimate(reprise, *arguments, *ours)

    theirs, own = both(*base, "--input", 8192)
    attention = (total(theirs["prefill_operators"], "Logit", "Attend", time="latency_ms", scale=1),
                 total(own["prefill_operators"], "attention"))
    row("causal half: attention of an 8,192-token prefill, ms", *attention)
    theirs, own = both(*base, "--input", 1024)
    row("embedding as a lookup, 1,024 tokens, ms",
        total(theirs["prefill_operators"], "embeddings", time="latency_ms", scale=1),
        total(own["prefill_operators"], "embedding"))
    row("head for the last token only, 1,024 tokens, ms",
        total(theirs["prefill_operators"], "classifier", time="latency_ms", scale=1),
        total(own["prefill_operators"], "lm_head"))
    mixtral = ["--model", "mixtral-8x7b", "--input", 1024, "--output", 128, "--operators", "--tp", 4]
    for batch in [1, 8, 64]:
        theirs, own = both(*mixtral, "--batch", batch)
        moe = [op for op in own["decode_operators"] if op["role"] == "experts"][0]
        read = sum(op["weight_bytes"] for op in theirs["decode_operators"]
                   if op["role"] in ("up+gate", "down") and op["latency_ms"] > 0) / 2**20
        row(f"experts touched: Mixtral decode of {batch}, MiB read a layer and device of 4",
            read, moe["bytes"] / 2**20)
    plain = ["--model", "llama-3.1-70b", "--input", 1024, "--output", 128, "--tp", 8, "--operators"]
    theirs = estimate(reprise, *plain, *genz)
    own = estimate(reprise, *plain, "--platform", "dgx-h100")
    reduce = [op for op in theirs["decode_operators"] if op["role"] == "MHA AR"][0]["latency_ms"]
    mine = [op for op in own["decode_operators"] if op["role"] == "all_reduce"][0]["time_us"]
    row("small all-reduce: 16 KiB over 8 H100, µs", reduce * 1e3, mine)
    row("launch of operators: 70B TP 8 decode step, ms", 0, own["decode"]["launch_ms"])
    row("whole 70B TP 8 decode step, ms", theirs["decode"]["latency_ms"], own["tpot_ms"])
    row("energy: watts a device in that run (its power is 700 W); GenZ's is some 100 times too high",
        None, own["energy_joules"] / own["end_to_end_ms"] * 1e3 / own["devices"])
    done = subprocess.run(
        [str(reprise), "search", "layouts", "--model", "llama-3.1-70b", "--dtype", "fp8", "--platform",
         "dgx-h100", "--devices", "8", "--batch", "16", "--json", "--limit", "1000"],
        capture_output=True, text=True, check=True)
    plans = json.loads(done.stdout)["plans"]
    used = [p for p in plans if p["layout"]["tensor"] * p["layout"]["pipeline"] == 8]
    row("plans of TP × PP = 8 on 8 devices, 70B in fp8", 0, len(used))
    best = plans[0]["layout"]
    print(f"    the best plan there: TP {best['tensor']}, PP {best['pipeline']}, DP {best['data']}, "
          f"SP {best['sequence']}")


def row(what, theirs, ours):
    """One line: GenZ's figure, ours, and the factor."""
    left = "" if theirs is None else f"{theirs:.4g}"
    factor = f"{theirs / ours:6.2f} ×" if theirs else ""
    print(f"  {what:83} {left:>8} {ours:9.4g} {factor}")

"""Holds the estimated exchange of tokens between experts against measured ones.

    python tools/studies/exchanges.py FOLDER [--reprise .build/release/reprise]

FOLDER is the package `aiconfigurator-core` (tools/tables/requirements.txt says which version), whose tables
`moe_a2a_perf` time DeepEP's kernels: one dispatch or one combine of so many tokens on each of eight GPUs of
a node, DeepSeek-V3's width and experts. The other side is `expert_exchange` of the same model in `reprise estimate`,
DP 8 × EP 8. Prints, by server, kernel and phase, the median of estimated ÷ measured for few and for many tokens.
"""

import argparse
import collections
import functools
import json
import pathlib
import statistics
import subprocess

import pyarrow.parquet as parquet

PLATFORM = "dgx-h100"
SYSTEM = "h100_sxm"
SHAPE = {"hidden_size": 7168, "topk": 8, "num_experts": 256, "ep_size": 8, "node_num": 1}
# What is sent in 16 bits; vLLM's tables say nothing of the type.
TYPES = {"bfloat16", "default"}
FEW, MANY = 64, 1024


def estimated(reprise, tokens):
    """Microseconds of one exchange of so many tokens a rank."""
    done = subprocess.run(
        [reprise, "estimate", "--model", "deepseek-v3", "--platform", PLATFORM, "--dtype", "fp8", "--dp", "8",
         "--ep", "8", "--input", str(tokens), "--output", "1", "--operators", "--json"],
        capture_output=True, text=True, check=True)
    operators = json.loads(done.stdout)["prefill_operators"]
    return next(each["time_us"] for each in operators if each["role"] == "expert_exchange")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--reprise", default=".build/release/reprise")
    arguments = parser.parse_args()
    estimate = functools.cache(lambda tokens: estimated(arguments.reprise, tokens))
    ratios = collections.defaultdict(list)
    tables = sorted(arguments.folder.glob(f"systems/data/{SYSTEM}/comm/*/*/moe_a2a_perf.parquet"))
    if not tables:
        parser.error(f"{arguments.folder} holds no table of exchanges of {SYSTEM}")
    for table in tables:
        for row in parquet.read_table(table).to_pylist():
            if any(row[name] != value for name, value in SHAPE.items()):
                continue
            if row["comm_dtype"] not in TYPES or FEW < row["num_tokens"] < MANY:
                continue
            key = (row["framework"], row["version"], row["comm_backend"], row["phase"])
            ratios[key, row["num_tokens"] >= MANY].append(
                (estimate(row["num_tokens"]) / row["latency"], row["latency"]))
    heads = (f"up to {FEW} tokens", f"from {MANY} tokens")
    print(f"{'estimated ÷ measured, medians':45} {heads[0]:>18} {heads[1]:>18}")
    for key in sorted({key for key, _ in ratios}):
        cells = []
        for many in (False, True):
            found = ratios.get((key, many))
            cells.append(
                f"{statistics.median(ratio for ratio, _ in found):5.2f} of "
                f"{statistics.median(time for _, time in found):6.0f} µs" if found else "")
        print(f"{' '.join(key):45} {cells[0]:>18} {cells[1]:>18}".rstrip())


if __name__ == "__main__":
    main()

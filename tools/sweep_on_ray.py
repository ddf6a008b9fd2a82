#!/usr/bin/env python3
"""Runs a planned sweep on a Ray cluster.

    pip install -r tools/ray/requirements.txt
    reprise sweep plan rates.yaml -o /shared/sweep
    tools/sweep_on_ray.py /shared/sweep --address auto
    reprise sweep merge /shared/sweep -o results.json

Every node must see the folder and the program under the same path. A shard is a task; one whose node
dies is run again elsewhere, and finds the results that were written before. Ends with the number of
shards that each node ran, and with exit code 65 where scenarios failed.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

DATA_ERROR = 65


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder that 'reprise sweep plan' wrote")
    parser.add_argument("--address", default="auto", help="the cluster's address")
    parser.add_argument("--reprise", default="reprise", help="the program, as nodes find it")
    parser.add_argument("--shards", type=int, default=0,
                        help="tasks; 0 for one for each ten scenarios")
    return parser.parse_args()


def run_shard(command: list[str]) -> tuple[str, int, str]:
    """Runs one shard: the node's id, the exit code, and what was said."""
    import ray

    done = subprocess.run(command, capture_output=True, text=True)
    return ray.get_runtime_context().get_node_id(), done.returncode, done.stderr.strip()


def main() -> int:
    options = arguments()
    folder = options.folder.resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    shards = options.shards or max(1, len(manifest["scenarios"]) // 10)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(address=options.address, log_to_driver=False)
    task = ray.remote(num_cpus=1, max_retries=5)(run_shard)
    waiting = [
        task.remote([options.reprise, "sweep", "run", str(folder), "--threads", "1",
                     "--shard", f"{number}/{shards}"])
        for number in range(1, shards + 1)
    ]
    nodes: collections.Counter[str] = collections.Counter()
    problems: dict[str, int] = {}
    while waiting:
        done, waiting = ray.wait(waiting)
        for node, code, said in ray.get(done):
            nodes[node] += 1
            if code:
                problems[said] = code
        if sys.stderr.isatty():
            print(f"\r{sum(nodes.values())} of {shards} shards", end="", file=sys.stderr)
    for node, count in sorted(nodes.items()):
        print(f"node {node[:8]}: {count} shards")
    for said in sorted(problems):
        print(said, file=sys.stderr)
    codes = set(problems.values())
    return next(iter(codes - {DATA_ERROR}), DATA_ERROR) if codes else 0


if __name__ == "__main__":
    sys.exit(main())

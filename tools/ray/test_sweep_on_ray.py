"""A sweep on a cluster of two nodes, one of which is killed in the middle, against the same on one machine."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from built import REPRISE, ROOT, needs_build

# The folder of this file bears the package's name: only a module of it tells whether it is installed.
cluster_utils = pytest.importorskip(
    "ray.cluster_utils", reason="ray is not installed: pip install -r tools/ray/requirements.txt")


SWEEP = """
version: 1
pipeline: {pipeline}
requests: 100
fields: {{workload.arrivals.rate: [5, 10, 20, 40]}}
seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"""


def reprise(*arguments: object) -> None:
    done = subprocess.run([REPRISE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def merged(sweep: Path, name: str) -> bytes:
    reprise("sweep", "merge", sweep, "-o", sweep.parent / name)
    return (sweep.parent / name).read_bytes()


@needs_build
def test_a_node_that_dies_loses_nothing(tmp_path: Path) -> None:
    description = tmp_path / "sweep.yaml"
    description.write_text(SWEEP.format(pipeline=ROOT / "docs/examples/pipelines/first.yaml"))
    whole, spread = tmp_path / "whole", tmp_path / "spread"
    for folder in (whole, spread):
        reprise("sweep", "plan", description, "-o", folder)
    reprise("sweep", "run", whole)

    def results() -> int:
        return len(list((spread / "results").glob("*.json")))

    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        victim = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        run = subprocess.Popen(
            [sys.executable, ROOT / "tools/sweep_on_ray.py", spread, "--address", cluster.address,
             "--reprise", REPRISE, "--shards", "20"], text=True, stdout=subprocess.PIPE)
        while run.poll() is None and results() < 8:
            time.sleep(0.02)
        assert run.poll() is None, "it ended before a node could be killed"
        cluster.remove_node(victim, allow_graceful=False)
        said, _ = run.communicate(timeout=600)
    finally:
        cluster.shutdown()
    assert run.returncode == 0
    assert said.count("shards") >= 1
    assert results() == 40
    for name in ("r.json", "r.csv"):
        assert merged(spread, "spread-" + name) == merged(whole, "whole-" + name)

"""Times searches of faiss indexes; run by tools/measure-index, which installs what this needs.

A timed pass searches for several batches of different queries, and its time is divided by their
number. All indexes are built first; then each search is repeated in several rounds over all of them,
minutes apart, so that no index is measured while the machine happens to be slow. Told are the least
time (other programs can only add) and the median. With one thread the processor time of the process
is told too, which does not count while another program has the core.
"""

import argparse
import datetime
import json
import os
import platform
import sys
import time

import faiss
import numpy
import zstandard

import plan

QUERIES = 1024
ROUNDS = 4
ROUND_SECONDS = 0.03
FEWEST, MOST = 2, 16


def cpu():
    """Model, core count and last-level cache of this machine."""
    fields = {}
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or platform.machine()
    family = fields.get("cpu family")
    if family:
        name += f" (family {family}, model {fields.get('model')})"
    described = {"cpu": name, "cores": os.cpu_count()}
    cache = "/sys/devices/system/cpu/cpu0/cache/index3/size"
    if os.path.exists(cache):
        with open(cache, encoding="ascii") as text:
            size = text.read().strip()
        if size.endswith("K") and size[:-1].isdigit():
            described["last_level_cache_bytes"] = int(size[:-1]) * 1024
    return described


def vectors(count, dimension, seed):
    """Vectors in clusters, as embeddings are, and queries from the same clusters."""
    random = numpy.random.default_rng([seed, dimension])
    centres = random.standard_normal((1000, dimension), dtype=numpy.float32)
    which = random.integers(0, len(centres), count + QUERIES)
    spread = random.standard_normal((count + QUERIES, dimension), dtype=numpy.float32)
    made = centres[which] + 0.6 * spread
    return made[:count], numpy.ascontiguousarray(made[count:])


def build(index, data):
    """The index, and what is known of it once it stands."""
    dimension = index["dimension"]
    if index["kind"] == "hnsw":
        made = faiss.IndexHNSWFlat(dimension, index["graph_degree"])
        made.hnsw.efConstruction = 60
        made.add(data)
        return made, {"ef_construction": 60}
    lists = index["lists"]
    quantiser = faiss.IndexFlatL2(dimension)
    if index["kind"] == "ivf-pq":
        made = faiss.IndexIVFPQ(
            quantiser, dimension, lists, index["subquantizers"], index["code_bits"])
        made.pq.cp.niter = 3
        made.pq.cp.min_points_per_centroid = 1
        made.pq.cp.max_points_per_centroid = 30
    else:
        made = faiss.IndexIVFFlat(quantiser, dimension, lists)
    made.cp.niter = 3
    made.cp.min_points_per_centroid = 1
    made.cp.max_points_per_centroid = 20
    made.train(data)
    made.add(data)
    known = {"imbalance": round(made.invlists.imbalance_factor(), 5)}
    if index["kind"] == "ivf-pq":
        known["table_bytes"] = 4 * made.precomputed_table.size()
    return made, known


def distances(made, kind):
    """How many distances all searches since the last call computed."""
    if kind == "hnsw":
        count = faiss.cvar.hnsw_stats.ndis
        faiss.cvar.hnsw_stats.reset()
    else:
        count = faiss.cvar.indexIVF_stats.ndis
        faiss.cvar.indexIVF_stats.reset()
    return count


class Measured:
    """An index with its searches, and the times of each so far."""

    def __init__(self, index, data, queries, threads):
        self.described, self.queries = index, queries
        self.made, self.known = build(index, data)
        self.known["index_bytes"] = int(faiss.serialize_index(self.made).size)
        self.refined = None
        if index["kind"] == "ivf-pq":
            self.refined = faiss.IndexRefineFlat(self.made, faiss.swig_ptr(data))
        self.searches = plan.searches(index, threads)
        self.walls = [[] for _ in self.searches]
        self.cpus = [[] for _ in self.searches]
        self.counted = [0.0 for _ in self.searches]

    def round(self):
        """Times every search a few times."""
        for place, search in enumerate(self.searches):
            faiss.omp_set_num_threads(search["threads"])
            kind, batch, k, searched = self.described["kind"], search["batch"], search["k"], self.made
            if kind == "hnsw":
                self.made.hnsw.efSearch = search["ef_search"]
            else:
                self.made.nprobe = search["probes"]
            if search["rerank"]:
                self.refined.k_factor = search["rerank"] / k
                searched = self.refined
            starts = plan.passes(batch, len(self.queries))
            parts = [self.queries[start:start + batch] for start in starts]
            # The first pass warms up and counts.
            distances(self.made, kind)
            for part in parts:
                searched.search(part, k)
            self.counted[place] = distances(self.made, kind) / (len(parts) * batch)
            end, passes = time.perf_counter() + ROUND_SECONDS, 0
            while passes < FEWEST or (time.perf_counter() < end and passes < MOST):
                wall, used = time.perf_counter_ns(), time.process_time_ns()
                for part in parts:
                    searched.search(part, k)
                self.cpus[place].append((time.process_time_ns() - used) / len(parts))
                self.walls[place].append((time.perf_counter_ns() - wall) / len(parts))
                passes += 1

    def records(self):
        """A line a search."""
        for search, walls, cpus, counted in zip(
                self.searches, self.walls, self.cpus, self.counted):
            line = {**self.described, **self.known, **search, "distances": round(counted, 2),
                    "passes": len(walls), "least_ns": round(min(walls)),
                    "median_ns": round(plan.quantile(walls, 0.5))}
            if search["threads"] == 1:
                line["cpu_ns"] = round(min(cpus))
            yield line


class Lines:
    """A file of JSON Lines."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.compressor = zstandard.ZstdCompressor(level=19) if path.endswith(".zst") else None

    def write(self, records):
        text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in records).encode()
        self.file.write(self.compressor.compress(text) if self.compressor else text)
        self.file.flush()


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--command", default="")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", default=list(plan.KINDS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    options = parser.parse_args(arguments)
    lines = Lines(options.output)
    lines.write([{
        "index_searches": 1, **cpu(),
        "library": f"faiss-cpu {faiss.__version__}, {faiss.get_compile_options().strip()}",
        "software": f"numpy {numpy.__version__}, Python {platform.python_version()}",
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": options.command, "seed": options.seed}])
    started, measured, made = time.process_time(), [], {}
    for index in plan.indexes(options.kinds, options.scale):
        size = (index["vectors"], index["dimension"])
        if size not in made:
            made[size] = vectors(*size, options.seed)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        measured.append(Measured(index, *made[size], options.threads))
        told(f"{plan.title(index)} built", started)
    for number in range(ROUNDS):
        for each in measured:
            each.round()
        told(f"round {number + 1} of {ROUNDS}", started)
    lines.write([record for each in measured for record in each.records()])
    return 0


def told(what, started):
    print(f"{what}, {time.process_time() - started:.0f} s of processor time so far", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

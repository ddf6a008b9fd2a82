"""What is measured: the indexes, and the searches of each. Needs only the standard library."""

KINDS = ("ivf-pq", "ivf-flat", "hnsw")

# Vectors, dimension, lists, sub-quantisers. Sub-quantisers go across lists and dimensions, so that
# none of them tells another.
IVF_PQ = [
    (200_000, 64, 256, 16), (200_000, 64, 1024, 8), (200_000, 64, 4096, 16),
    (200_000, 128, 256, 16), (200_000, 128, 1024, 32), (200_000, 128, 4096, 16),
    (100_000, 256, 256, 64), (100_000, 256, 1024, 16), (100_000, 256, 4096, 32),
    (100_000, 384, 512, 48), (100_000, 768, 256, 32), (100_000, 768, 1024, 64),
]
IVF_FLAT = [(100_000, 64, 1024), (100_000, 128, 256), (100_000, 256, 512)]
# Vectors, dimension, neighbours.
HNSW = [
    (20_000, 64, 32), (100_000, 64, 16), (50_000, 128, 16), (30_000, 128, 32),
    (20_000, 256, 16), (40_000, 256, 16), (20_000, 768, 16),
]
BATCHES = (1, 4, 16, 64, 128)
PROBES = (1, 4, 16, 64)
EFFORTS = (16, 32, 64, 256)


def indexes(kinds, scale=1.0):
    """The indexes to build, smallest kind of question first."""
    made = []
    if "ivf-pq" in kinds:
        made += [{"kind": "ivf-pq", "vectors": int(n * scale), "dimension": d, "lists": lists,
                  "subquantizers": m, "code_bits": 8} for n, d, lists, m in IVF_PQ]
    if "ivf-flat" in kinds:
        made += [{"kind": "ivf-flat", "vectors": int(n * scale), "dimension": d, "lists": lists}
                 for n, d, lists in IVF_FLAT]
    if "hnsw" in kinds:
        made += [{"kind": "hnsw", "vectors": int(n * scale), "dimension": d, "graph_degree": m}
                 for n, d, m in HNSW]
    return [index for index in made if index.get("lists", 1) <= index["vectors"] // 8]


def searches(index, threads):
    """The searches of an index: batch, effort, neighbours asked for, rerank depth and threads."""
    efforts = EFFORTS if index["kind"] == "hnsw" else PROBES
    made = []
    for effort in efforts:
        for batch in BATCHES:
            made.append((batch, effort, 10, 0, 1))
            if batch not in (1, 64) or effort not in efforts[1::2]:
                continue
            # A few with more results, with threads, and that compare their best again in full.
            made.append((batch, effort, 100, 0, 1))
            if index["kind"] == "ivf-pq":
                made.append((batch, effort, 10, 200, 1))
            made += [(batch, effort, 10, 0, count) for count in threads if count > 1]
    name = "ef_search" if index["kind"] == "hnsw" else "probes"
    return [{"batch": b, name: e, "k": k, "rerank": r, "threads": t}
            for b, e, k, r, t in made if t in threads]


def title(index):
    """An index in words."""
    words = [f"{index['kind']:<8}", f"{index['vectors']:>7} x {index['dimension']:<4}"]
    for name, short in (("lists", "lists"), ("subquantizers", "m"), ("graph_degree", "M")):
        if name in index:
            words.append(f"{short} {index[name]:<5}")
    return " ".join(words)


def passes(batch, queries):
    """Where each batch of one pass begins: several, so that no one query's luck is the result."""
    count = max(1, min(24, 96 // batch))
    return [(place * batch) % max(1, queries - batch + 1) for place in range(count)]


def quantile(values, part):
    """The nearest-rank quantile, which was really measured."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

"""The converter on small tables made here: units, traps, and that no row is lost silently."""

import json
import pathlib
import sys

import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed")
pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: Parquet is not tested")
import pyarrow.parquet as parquet  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import convert  # noqa: E402

H200 = convert.TableDevice("NVIDIA H200", "H200")


def rows(base, *changes):
    """Rows that share `base`."""
    return [{**base, **change} for change in changes]


def converted(tmp_path, table, records, place="family/vllm/0.24.0", device=H200):
    """(report, {runtime's version: [(head, {sizes: (ns, count)})]}, headers) of one table."""
    folder = tmp_path / "systems" / "h200_sxm" / place
    folder.mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(records), folder / f"{table}.parquet")
    output = tmp_path / "out"
    output.mkdir()
    report = convert.convert(
        folder / f"{table}.parquet", tmp_path / "systems" / "h200_sxm", output, "package 1", device)
    found, headers = {}, []
    for file in report.files:
        header, *lines = [json.loads(line) for line in (output / file).read_text().splitlines()]
        headers.append(header)
        curves = []
        for line in lines:
            width = len(line["axes"])
            points = {tuple(p[:width]): (p[width], p[width + 1] if len(p) > width + 1 else 1)
                      for p in line.pop("points")}
            curves.append((line, points))
        found[header["runtime"]["version"]] = curves
    kept = sum(count for curves in found.values() for _, points in curves
               for _, count in points.values())
    # Every row is a measurement behind some point, or is left out with a reason.
    if not table.startswith("wideep_deepep"):
        assert kept + sum(report.left_out.values()) == len(records) == report.rows
    return report, found, headers


GEMM = {"framework": "VLLM", "version": "0.24.0", "device": "NVIDIA H200", "op_name": "gemm",
        "kernel_source": "linear", "gemm_dtype": "bfloat16", "m": 1, "n": 32, "k": 64,
        "latency": 0.0025}


def test_a_products_milliseconds_are_nanoseconds_and_its_points_are_sorted(tmp_path):
    report, found, headers = converted(tmp_path, "gemm_perf", rows(
        GEMM, {"m": 16, "latency": 0.0031}, {}, {"m": 4, "latency": 0.0027}, {"n": 128}))
    (first, points), (second, _) = found["0.24.0"]
    assert first["attributes"] == {"n": 32, "k": 64} and first["dtype"] == "bf16"
    assert points == {(1,): (2500, 1), (4,): (2700, 1), (16,): (3100, 1)}
    assert list(points) == [(1,), (4,), (16,)]
    assert second["attributes"] == {"n": 128, "k": 64}
    assert report.curves == 2 and report.left_out == {}
    assert headers[0]["runtime"] == {"framework": "vLLM", "version": "0.24.0"}
    assert headers[0]["facts"]["licence"] == "Apache-2.0"
    assert headers[0]["facts"]["table"] == "h200_sxm/family/vllm/0.24.0/gemm_perf.parquet"


def test_a_batched_product_of_one_is_no_plain_product(tmp_path):
    """Its kernel is another: up to 2.6 times slower than a product of the same sizes."""
    row = {**{key: GEMM[key] for key in ("framework", "version", "device", "kernel_source")},
           "op_name": "mla_gen_pre", "bmm_dtype": "bfloat16", "num_tokens": 4, "num_heads": 1,
           "latency": 0.004}
    _, found, _ = converted(tmp_path, "mla_bmm_perf", rows(row, {}, {"num_heads": 8}))
    assert [curve["attributes"] for curve, _ in found["0.24.0"]] == [
        {"batch": 1, "n": 512, "k": 128}, {"batch": 8, "n": 512, "k": 128}]


@pytest.mark.parametrize("name,data_type,attributes,version", [
    ("bfloat16", "bf16", {}, "0.24.0"), ("fp8", "fp8", {}, "0.24.0"),
    ("fp8_block", "fp8", {}, "0.24.0 fp8_block"),
    ("int8_wo", "bf16", {"weightBits": 8}, "0.24.0 int8_wo"),
    ("nvfp4", "fp4", {}, "0.24.0 nvfp4")])
def test_schemes_of_quantisation_are_runtimes_of_their_own(
        tmp_path, name, data_type, attributes, version):
    _, found, _ = converted(tmp_path, "gemm_perf", rows(GEMM, {"gemm_dtype": name}))
    [(head, _)] = found[version]
    assert head.get("dtype") == data_type
    assert head["attributes"] == {**attributes, "n": 32, "k": 64}


def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path):
    report, _, _ = converted(tmp_path, "gemm_perf", rows(
        GEMM, {}, {"latency": 0.0}, {"latency": float("nan")}, {"latency": -1.0}, {"n": 0},
        {"gemm_dtype": "w2a2"}, {"device": "NVIDIA H100"}))
    assert report.points == 1
    assert report.left_out == {
        "no time": 3, "size 'n' out of range": 1, "data type 'w2a2'": 1,
        "measured on 'NVIDIA H100'": 1}


def test_repetitions_are_their_median_and_their_count(tmp_path):
    report, found, _ = converted(tmp_path, "gemm_perf", rows(
        GEMM, *({"latency": t} for t in (0.009, 0.001, 0.002)),
        *({"m": 2, "latency": t} for t in (0.004, 0.002))))
    assert found["0.24.0"][0][1] == {(1,): (2000, 3), (2,): (3000, 2)}
    assert report.repeated == 3


def test_a_tables_without_mapping_is_left_out_whole_with_its_rows(tmp_path):
    report, found, _ = converted(tmp_path, "new_perf", rows({"latency": 1.0, "op_name": "x"}, {}, {}))
    assert found == {} and report.left_out == {"no mapping": 2}


ALL_REDUCE = {"framework": "vLLM", "version": "0.24.0", "device": "NVIDIA H200",
              "op_name": "all_reduce", "kernel_source": "vLLM_custom_graph",
              "allreduce_dtype": "bfloat16", "num_gpus": 4, "message_size": 8192,
              "latency": 0.01, "backend": "vllm_graph"}


def test_an_all_reduces_elements_become_bytes_and_a_graph_is_not_mixed_with_eager(tmp_path):
    eager = {"kernel_source": "vLLM_custom_eager", "backend": "vllm_eager", "latency": 0.03}
    # More eager rows than graph rows: the graph's stay the plain ones.
    report, found, _ = converted(tmp_path, "custom_allreduce_perf", rows(
        ALL_REDUCE, {}, eager, {**eager, "message_size": 16384}))
    assert found["0.24.0"][0][0]["attributes"] == {"ranks": 4}
    assert found["0.24.0"][0][1] == {(16384,): (10000, 1)}
    assert found["0.24.0 eager"][0][1] == {(16384,): (30000, 1), (32768,): (30000, 1)}


def test_a_table_that_was_copied_from_another_framework_says_whose_it_is(tmp_path):
    _, _, headers = converted(tmp_path, "custom_allreduce_perf", rows(
        {**ALL_REDUCE, "framework": "TRTLLM", "version": "1.2.0rc5", "kernel_source": "TRTLLM"},
        {}), place="comm/sglang/0.5.6")
    assert headers[0]["runtime"] == {"framework": "TensorRT-LLM", "version": "1.2.0rc5"}


def test_the_collectives_of_nccl_are_by_operation_and_element(tmp_path):
    nccl = {"nccl_dtype": "half", "num_gpus": 8, "message_size": 1024, "kernel_source": "NCCL",
            "op_name": "all_gather", "latency": 0.006, "version": "2.29.2"}
    report, found, headers = converted(tmp_path, "nccl_perf", rows(
        nccl, {}, {"op_name": "alltoall"}, {"nccl_dtype": "int8"}, {"op_name": "broadcast"}),
        place="comm/nccl/2.26.2")
    kinds = {(head["kind"], head["dtype"]): points for head, points in found["2.26.2"]}
    assert kinds[("allGather", "fp16")] == {(2048,): (6000, 1)}
    assert kinds[("allGather", "int8")] == {(1024,): (6000, 1)}
    assert ("allToAll", "fp16") in kinds
    assert report.left_out == {"another operation": 1}
    assert headers[0]["facts"]["stated_versions"] == "2.29.2"
    assert headers[0]["runtime"]["framework"] == "NCCL"


ATTENTION = {"framework": "VLLM", "version": "0.24.0", "device": "NVIDIA H200",
             "op_name": "x", "kernel_source": "fa3", "attn_dtype": "bfloat16",
             "kv_cache_dtype": "bfloat16", "batch_size": 1, "isl": 512, "num_heads": 16,
             "num_key_value_heads": 2, "head_dim": 128, "window_size": 0, "beam_width": 1,
             "step": 0, "latency": 0.02}


def test_prompts_are_an_axis_and_several_of_them_an_attribute(tmp_path):
    _, found, _ = converted(tmp_path, "context_attention_perf", rows(
        ATTENTION, {}, {"batch_size": 4}, {"window_size": 128}, {"kv_cache_dtype": "fp8"},
        {"attn_dtype": "fp8", "kv_cache_dtype": "fp8"}))
    heads = {"heads": 16, "kvHeads": 2, "headDim": 128}
    told = [(head["dtype"], head["attributes"]) for head, _ in found["0.24.0"]]
    for expected in [("bf16", heads), ("bf16", {**heads, "sequences": 4}),
                     ("bf16", {**heads, "window": 128}), ("bf16", {**heads, "kvBits": 8}),
                     ("fp8", heads)]:
        assert expected in told
    assert len(told) == 5
    assert all(points == {(512, 0): (20000, 1)} for _, points in found["0.24.0"])


def test_a_decode_reads_the_keys_before_it_and_its_own(tmp_path):
    report, found, _ = converted(tmp_path, "generation_attention_perf", rows(
        ATTENTION, {"isl": 1, "step": 1023, "batch_size": 32}, {"isl": 2, "step": 7}))
    [(head, points)] = found["0.24.0"]
    assert head["axes"] == ["decodeSequences", "decodeContext"]
    assert points == {(32, 1024): (20000, 1)}
    assert report.left_out == {"isl is not 1": 1}


def test_experts_loads_are_conditions_and_rival_kernels_are_runtimes(tmp_path):
    moe = {"framework": "TRTLLM", "version": "1", "device": "NVIDIA H200", "op_name": "moe",
           "kernel_source": "cutlass", "moe_dtype": "bfloat16", "num_tokens": 8,
           "hidden_size": 4096, "inter_size": 14336, "topk": 2, "num_experts": 8,
           "moe_tp_size": 2, "moe_ep_size": 1, "distribution": "balanced", "latency": 0.1}
    _, found, _ = converted(tmp_path, "moe_perf", rows(
        moe, {}, {"num_tokens": 16}, {"kernel_source": "min_latency", "latency": 0.05},
        {"distribution": "power_law_1.2", "latency": 0.3},
        {"num_tokens": 32, "kernel_source": "no_rival"},
        {"num_tokens": 64, "kernel_source": "flow_nongated"},
        {"num_experts": 512, "inter_size": 5120, "topk": 22, "hidden_size": 2048}),
        place="moe/trtllm/1")
    ungated = [head for head, _ in found["1"] if "gated" in head["attributes"]]
    assert all(head["attributes"]["gated"] == 0 for head in ungated)
    assert [(head["label"], head["attributes"]["experts"]) for head in ungated] == [
        ("cutlass", 512), ("flow_nongated", 8)]
    found["1"] = [each for each in found["1"] if each[0] not in ungated]
    assert set(found) == {"1", "1 min_latency", "1 power_law_1.2"}
    assert {size: ns for _, points in found["1"] for size, (ns, _) in points.items()} == {
        (8,): 100000, (16,): 100000, (32,): 100000}
    assert [head["label"] for head, _ in found["1"]] == ["cutlass", "no_rival"]
    assert found["1"][0][0]["attributes"] == {
        "width": 4096, "experts": 8, "intermediate": 14336, "topK": 2, "tensorParallel": 2,
        "expertParallel": 1}


def test_the_exchange_of_tokens_is_in_microseconds_and_has_two_halves(tmp_path):
    _, found, _ = converted(tmp_path, "wideep_deepep_ll_perf", rows(
        {"framework": "sglang", "version": "1", "device": "NVIDIA H200", "op_name": "ll",
         "kernel_source": "deepep", "node_num": 1, "hidden_size": 7168, "num_token": 4,
         "num_topk": 8, "num_experts": 256, "combine_avg_t_us": 9.5, "dispatch_avg_t_us": 8.25},
        {}), place="comm/sglang/1")
    points = {head["kind"]: points for head, points in found["1 deepep_ll"]}
    assert points == {"moeDispatch": {(4,): (8250, 1)}, "moeCombine": {(4,): (9500, 1)}}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    records = rows(GEMM, {}, {"m": 7, "gemm_dtype": "fp8_block"}, {"n": 256})
    texts = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        report, _, _ = converted(folder, "gemm_perf", records if number == 0 else records[::-1])
        lines = [(folder / "out" / file).read_text().splitlines()[1:] for file in report.files]
        texts.append(lines)
    assert texts[0] == texts[1]

"""Small valid inputs of every parser, for the fuzzer to start from."""

import gzip
import json
import pathlib
import re
import sqlite3
import subprocess
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "Sources" / "Catalogue"
OWN = ROOT / "SampleTraces" / "amd-epyc-1thread"

KINETO = """{"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "D"}],
"cuda_runtime_version": 12040, "distributedInfo": {"rank": 1, "world_size": 2},
"baseTimeNanoseconds": 17, "traceEvents": [
{"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 0.5, "dur": 50,
 "args": {"Input Dims": [[4,8],[8,16]], "Input type": ["float","float"], "Concrete Inputs": ["",""]}},
{"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": "1", "dur": 2,
 "args": {"correlation": 1}},
{"ph": "X", "cat": "user_annotation", "name": "execute_context_1(8)_generation_3(3)", "pid": 1,
 "tid": 1, "ts": 0, "dur": 99},
{"ph": "X", "cat": "kernel", "name": "sgemm", "pid": 0, "tid": 7, "ts": 5, "dur": 30.125,
 "args": {"correlation": 1, "graph node id": 0}},
{"ph": "X", "cat": "gpu_memcpy", "name": "Memcpy DtoH", "pid": 0, "tid": 7, "ts": 9, "dur": NaN}]}"""
SEEDS = {
    "kineto": [KINETO, "[" + KINETO.split("[", 2)[2].rsplit("]", 1)[0] + "]", KINETO[:700]],
    "json": [KINETO, r'{"a": [1e300, -0.0, "\ud83d\ude00\n", null, true], "b": {}}', "[" * 70],
    "fixed-point": ["31234.567", "3-1.5e-3", "3" + "9" * 30, "3.e5"],
    "lines": ["a\r\nb\n\nc", "\ufeffx\n"],
    "csv": ['a,"b ""c""",d\n1,2,3\n"x\ny",,\n', "layer,tokens,time_us\nqkv_proj,8,1.5\n"],
    "layerwise": ["layer,tokens,time_us\nqkv_proj,8,1.5\nact_fn,1,2\n",
                  "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n16,0,4,100,9.5\n"],
    "rocprofv3-csv": [
        '"Kind","Agent_Id","Queue_Id","Kernel_Id","Kernel_Name","Correlation_Id","Start_Timestamp",'
        '"End_Timestamp"\n"KERNEL_DISPATCH",4,1,15,"gemm(float*, int)",7,1000,1100\n'
    ],
    "rocprofv3-json": [
        '{"rocprofiler-sdk-tool": [{"metadata": {"pid": 1}, "agents": [{"id": {"handle": 4}, '
        '"name": "gfx942"}], "kernel_symbols": [{"kernel_id": 15, "kernel_name": "gemm"}], '
        '"buffer_records": {"kernel_dispatch": [{"start_timestamp": 1000, "end_timestamp": 1100, '
        '"correlation_id": {"internal": 7}, "dispatch_info": {"kernel_id": 15, '
        '"agent_id": {"handle": 4}}}]}}]}'
    ],
    "kernel-names": ['{"version": 1, "rules": [{"match": "^a b", "class": "gemm", "library": "x"}]}'],
    "request-log": [
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n",
        '{"timestamp": 0, "input_length": 655, "output_length": 52, "hash_ids": [46, 47]}\n',
        '{"schema": "reprise.request-log", "version": 1}\n'
        '{"id": "a", "arrival_ns": 5, "input_tokens": 3, "output_tokens": 2}\n',
        '{"timestamp": "8", "input_length": 70, "output_length": 5, "hash_ids": {"sys_prompt": [1], '
        '"passages_ids": [2, 3], "history": [], "web_search": [], "user_input": [4]}}\n',
        '{"id": "a", "block_size": 64, "hash_id_scope": "local", "requests": [{"t": 0.0, "type": "n", '
        '"in": 70, "out": 5, "hash_ids": [1], "api_time": 2.0, "ttft": 0.5, "think_time": 0.0}, '
        '{"t": 9.0, "type": "subagent", "agent_id": "b", "duration_ms": 5000, "requests": '
        '[{"t": 0.0, "in": 64, "out": 2, "hash_ids": [9]}]}]}\n',
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "llm_request", "startTimeUnixNano": "5", '
        '"attributes": [{"key": "gen_ai.usage.prompt_tokens", "value": {"intValue": "9"}}, '
        '{"key": "gen_ai.usage.completion_tokens", "value": {"intValue": "2"}}, '
        '{"key": "gen_ai.latency.e2e", "value": {"doubleValue": 1.5}}]}]}]}]}\n',
        '{"input_lens": [9], "output_lens": [2], "ttfts": [0.5], "itls": [[0.1]], "start_times": [3]}\n',
        '{"benchmarks": [{"requests": {"successful": [{"prompt_tokens": 9, "output_tokens": 2, '
        '"info": {"timings": {"request_start": 5.5}}}]}}]}',
        '{"metadata": {"request_start_ns": 5}, "metrics": {"usage_prompt_tokens": {"value": 9}, '
        '"usage_completion_tokens": {"value": 2}, "time_to_first_token": {"value": 3, "unit": "ms"}}}\n',
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,a,9,2,11,API log\n",
        '{"schema": "dynamo.request.trace.v1", "event_type": "request_end", "request": '
        '{"request_received_ms": 5, "input_tokens": 9, "output_tokens": 2}}\n',
        '{"chat_id": 1, "parent_chat_id": -1, "timestamp": 5.5, "input_length": 9, "output_length": 2, '
        '"hash_ids": [1]}\n',
        '{"session_id": "a", "round_index": 0, "input_tokens_total": 9, "output_tokens": 2, '
        '"timing_events": [{"event_type": "user_message", "timestamp": "2026-06-01T05:40:20Z"}]}\n',
    ],
}

NCU = (
    '"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream","Block Size",'
    '"Grid Size","Device","CC"'
)
TIMES = ",".join(f"time_stats.{{0}}.{part}" for part in ("min", "max", "mean", "median", "std"))
SIZES = "n_head,n_kv_head,n_embd,n_expanded_embd,vocab_size,use_gated_mlp,num_tokens"
SEEDS |= {
    "nsight-compute": [
        "==PROF== Connected to process 77\n" + NCU
        + ',"Section Name","Metric Name","Metric Unit","Metric Value"\n'
        + '"0","77","python","h","gemm(float*)","1","7","(128, 1, 1)","(64, 2, 1)","0","9.0","S",'
        + '"gpu__time_duration.sum","nsecond","1,500.5"\n',
        NCU + ',"gpu__time_duration.sum"\n' + "," * 11 + '"usecond"\n'
        + '"0","77","python","h","copy","1","7","(8,1,1)","(4,1,1)","0","9.0","1.250,5"\n',
    ],
    "vidur": [
        TIMES.format("mlp_up_proj") + "," + TIMES.format("act") + "," + SIZES
        + ",num_tensor_parallel_workers\n"
        + "0.1,0.3,0.2,0.2,0.01," * 2 + "32,8,4096,14336,32000,True,16,1\n",
        "," + TIMES.format("all_reduce")
        + ",rank,num_workers,size,collective,devices_per_node,max_devices_per_node\n"
        + "0,0.03,0.07,0.05,0.04,0.01,0,2,2048,all_reduce,1,8\n",
    ],
    "splitwise": [
        "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,"
        "token_time,e2e_time,tensor_parallel\n"
        "llama2-70b,a100-80gb,512,1,128,1.0,0.7,196.25,54.875,7168.98,2\n"
    ],
    "layer-latency": ["layer_name,input,kv_cache,tp_size,latency(ns)\nembedding,1,0,1,2575\n"],
    "nccl-tests": [
        "# nThread 1 nGpus 2 minBytes 8 maxBytes 128\n# Using devices\n"
        "#  Rank  0 Pid 5 on h device  0 [0x07] NVIDIA H100\n"
        "# Collective test starting: all_reduce_perf\n"
        "#  Rank  1 Pid 5 on h device  1 [0x08] NVIDIA H100\n"
        "#       size         count      type   redop    root     time   algbw   busbw #wrong\n"
        "           8             2     float     sum      -1    10.50    0.00    0.00      0\n"
    ],
    "curves": [
        '{"operator_curves": 1, "device": "D", "framework": "F", "version": "1"}\n'
        '{"kind": "gemm", "dtype": "bf16", "attributes": {"n": 8, "k": 16}, "axes": ["tokens"], '
        '"points": [[1, 1500.5], [2, 1600]]}\n'
    ],
    "mapped": [(ROOT / "docs" / "examples" / "tables" / "collectives.csv").read_text()],
    "capture": [
        '{"traceEvents": [{"ph": "X", "cat": "user_annotation", "name": "capture_8_FULL", "pid": 1, '
        '"tid": 1, "ts": 0, "dur": 99}, {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, '
        '"tid": 1, "ts": 1, "dur": 30, "args": {"Input Dims": [[8,16],[16,32]]}}, '
        '{"ph": "X", "cat": "cuda_runtime", "name": "hipLaunchKernel", "pid": 1, "tid": 1, "ts": 2, '
        '"dur": 3, "args": {"correlation": 7, "kernel": "sgemm"}}, {"ph": "X", "cat": '
        '"cuda_runtime", "name": "hipLaunchKernel", "pid": 1, "tid": 1, "ts": 12, "dur": 3, "args": '
        '{"correlation": 8, "kernel": "norm"}}]}',
        '[{"file": "capture.json.gz", "batch_size": 8, "mode": "FULL"}]',
    ],
    "shapes": [
        '{"schema": "1.1.1-chakra.0.0.4", "pid": 1, "nodes": [{"id": 2, "name": "aten::mm", '
        '"ctrl_deps": 1, "inputs": {"values": [], "shapes": [[8,16],[16,32]], "types": '
        '["Tensor(float)","Tensor(float)"]}, "outputs": {"values": [], "shapes": [], "types": []}, '
        '"attrs": [{"name": "rf_id", "type": "uint64", "value": 1}]}]}'
    ],
    "defaults": ["db: lat.sqlite\nreplay:\n  threads: 4\n  bands: false\n  tag: [a, b]\n"],
    "storage-reads": [
        "device,block_size_bytes,fio_measured_ms\nNVMe SSD,16777216,1.66582\nNVMe SSD,4096,0.02\n",
        "bytes,time_ns\n1,1e3\n",
    ],
    "mapping": [path.read_text() for path in (ROOT / "docs" / "examples" / "tables").glob("*.json")],
}


def varint(value):
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def message(*fields):
    """A protobuf message of (number, value); texts and messages are bytes."""
    encoded = b""
    for number, value in fields:
        if isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            encoded += varint(number << 3 | 2) + varint(len(value)) + value
    return encoded


def named(key, number, name):
    """An entry of a map from numbers to messages that have a name."""
    return (key, message((1, number), (2, message((1, number), (2, name)))))


def xplane():
    stats = [(4, message((1, 1), (7, 10))), (4, message((1, 4), (3, 77)))]
    event = message((1, 1), (2, 500), (3, 1_500_000), *stats)
    line = message((2, b"Stream #7(Kernel)"), (3, 1_000_000), (4, event), (4, event))
    names = [named(5, 1, b"hlo_op"), named(5, 4, b"correlation_id"), named(5, 10, b"dot.3")]
    device = message((2, b"/device:GPU:0"), (3, line), named(4, 1, b"gemm_kernel"), *names)
    return message((1, message((2, b"/host:CPU"))), (1, device))


def chakra():
    def record(*fields):
        return varint(len(message(*fields))) + message(*fields)

    inputs = (8, message((1, b"[]"), (2, b"[[4,8],[8,16]]"), (3, b"['Tensor(float)']")))
    on_device = (10, message((1, b"is_cpu_op"), (27, 0)))
    return (
        record((1, b"0.0.4"))
        + record((1, 1), (2, b"aten::mm"), (3, 4), (7, 50), inputs)
        + record((1, 2), (2, b"sgemm"), (3, 4), (4, varint(1)), (7, 30), inputs, on_device)
        + record((1, 3), (2, b"nccl"), (3, 7), (7, 9), (10, message((1, b"comm_size"), (9, 1024))))
    )


def head(path, lines):
    text = subprocess.run(["zstd", "-dc", path], capture_output=True).stdout
    return b"".join(text.splitlines(keepends=True)[:lines])


def databases():
    """The databases that the tests of the SQLite formats make, from their SQL."""
    found = []
    for test in sorted((ROOT / "Tests" / "ProfilerTracesTests").rglob("*.swift")):
        for sql in re.findall(r'"""\n(.*?)"""', test.read_text(), re.DOTALL):
            if not sql.lstrip().startswith("CREATE TABLE"):
                continue
            database = sqlite3.connect(":memory:")
            try:
                # Small pages, so that one changed byte matters more.
                database.executescript("PRAGMA page_size = 512;" + sql.replace("{{id}}", ""))
                found.append(database.serialize())
            except (AttributeError, sqlite3.Error):
                pass  # Text with parts that Swift fills in, or an older Python.
    return found


def scenarios():
    """The scenarios that the reader's tests read, from their source."""
    test = ROOT / "Tests" / "ScenariosTests" / "ScenarioReaderTests.swift"
    texts = re.findall(r'"""\n(.*?)"""', test.read_text(), re.DOTALL)
    return [textwrap.dedent(text).encode() for text in texts]


def seeds(parser):
    """Small valid inputs of a parser, as bytes."""
    own = {
        "sweep": [(OWN / "samples.jsonl.zst", 4)],
        "index-searches": [(ROOT / "SampleTraces" / "amd-epyc-vector-search" / "searches.jsonl.zst", 4)],
        "steps": [(OWN / "serve-bursty-110" / "steps.jsonl.zst", 4)],
        "request-log": [(OWN / "serve-bursty-110" / "requests.jsonl.zst", 3)],
    }
    found = [text.encode() for text in SEEDS.get(parser, [])]
    found += [head(path, lines) for path, lines in own.get(parser, [])]
    if parser == "deployment":
        found += [path.read_bytes() for path in (ROOT / "docs" / "examples").glob("*.yaml")]
    if parser == "scenario":
        found += scenarios()
        found += [path.read_bytes() for path in (ROOT / "docs" / "examples" / "pipelines").glob("*.yaml")]
    if parser == "search":
        found += [path.read_bytes() for path in (ROOT / "docs" / "examples" / "search").glob("*.yaml")]
    if parser == "model":
        found.append((OWN / "config.json").read_bytes())
        # One configuration of each built-in family.
        for family in sorted((CATALOGUE / "Models").glob("*.json")):
            found.append(json.dumps(json.loads(family.read_text())["models"][0]["config"]).encode())
    folder = {"model-family": "Models", "devices": "Devices", "platforms": "Platforms"}.get(parser)
    if folder:
        found += [path.read_bytes() for path in sorted((CATALOGUE / folder).glob("*.json"))]
    if parser == "xplane":
        found.append(xplane())
    if parser == "chakra":
        found.append(chakra())
    if parser in ("nsys", "rocpd", "rpd", "detect"):
        found += databases()
    if parser == "detect":
        found += [text.encode() for texts in SEEDS.values() for text in texts]
        found += [xplane(), chakra()]
        found += [gzip.compress(KINETO.encode()), b"SQLite format 3\0" + bytes(84)]
    if not found:
        # A format that has no seeds of its own yet: those of all others.
        found += [text.encode() for texts in SEEDS.values() for text in texts]
    return found

"""What the tables of AIConfigurator mean: columns to operators, attributes, axes and nanoseconds.

A mapping never guesses. A column's unit was checked against physics: `message_size` counts
elements (2^28 of 2 bytes take as long as 2^29 of 1), `latency` is milliseconds except in
`moe_a2a_perf`, where it is microseconds like the DeepEP tables' columns. A row that no mapping
takes is counted with the reason.
"""

from dataclasses import dataclass, field

# A table's data type -> (Reprise's type of the inputs, attributes, a name that keeps curves apart).
DATA_TYPES = {
    "bfloat16": ("bf16", {}, ""),
    "half": ("fp16", {}, ""),
    "float16": ("fp16", {}, ""),
    "int8": ("int8", {}, ""),
    "sq": ("int8", {}, "smoothquant"),
    "fp8": ("fp8", {}, ""),
    "fp8_e4m3": ("fp8", {}, ""),
    "fp8_block": ("fp8", {}, "fp8_block"),
    "int8_wo": ("bf16", {"weightBits": 8}, "int8_wo"),
    "int4_wo": ("bf16", {"weightBits": 4}, "int4_wo"),
    "w4a16_mxfp4": ("bf16", {"weightBits": 4}, "w4a16_mxfp4"),
    "w4afp8": ("fp8", {"weightBits": 4}, "w4afp8"),
    "w4a8_mxfp4_mxfp8": ("fp8", {"weightBits": 4}, "w4a8_mxfp4_mxfp8"),
    "nvfp4": ("fp4", {}, "nvfp4"),
    "fp4": ("fp4", {}, ""),
    "default": (None, {}, ""),
}
BITS = {"bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "fp4": 4}

MILLISECONDS = 1e6
MICROSECONDS = 1e3


@dataclass
class Mapping:
    """How the rows of one table become points.

    `attributes` and `axes` name a column each, or give a function of the table's columns.
    """

    kind: str
    axes: dict
    attributes: dict = field(default_factory=dict)
    data_type: str | None = None
    # The type of keys and values, told by the attribute kvBits where it is not the inputs' own.
    cache_type: str | None = None
    # Attributes that are left out at this value, where they say nothing.
    silent: dict = field(default_factory=dict)
    # Columns that must hold this value.
    required: dict = field(default_factory=dict)
    # Conditions of the measurement that keep curves apart: a column, and its values that do not.
    conditions: dict = field(default_factory=dict)
    # The columns whose sum is the duration, and nanoseconds in one of their unit.
    value: tuple = ("latency",)
    unit: float = MILLISECONDS
    # Rows of one operation only: (column, value).
    only: tuple | None = None
    # Words that are always part of the runtime's version.
    note: str = ""


def product(column, factor):
    """`column` times a constant, or times the bytes of an element of a type's column."""
    return lambda columns: columns.numbers(column) * factor(columns)


def element_bytes(column):
    """The bytes of an element of the type that a column names."""
    return lambda columns: columns.look_up(
        column, lambda name: BITS.get(DATA_TYPES.get(name, (None,))[0], 0) // 8)


def total(*columns_):
    """The sum of columns."""
    return lambda columns: sum(columns.numbers(name) for name in columns_)


# Experts without a gate, by their number, their intermediate size and how many a token takes: so TensorRT-LLM's tables
# name the kernels of these models, and of no other. vLLM's tables do not tell, and run up to 27 % faster than a
# third product would allow.
UNGATED = [(128, 1856, 6), (512, 2688, 22), (512, 5120, 22)]


def gated(kernel):
    """0 of experts without a gate, by the name of their kernel or by their sizes, else 1."""
    def flags(columns):
        named = columns.look_up(kernel, lambda name: 0 if "nongated" in name else 1)
        sizes = [columns.numbers(name) for name in ("num_experts", "inter_size", "topk")]
        known = sum((sizes[0] == experts) * (sizes[1] == width) * (sizes[2] == count)
                    for experts, width, count in UNGATED)
        return named * (1 - known)
    return flags


def constant(value):
    """The same for every row."""
    return lambda columns: columns.constant(value)


def prefill(kind, data_type, heads, **more):
    """Attention of `batch_size` equal prompts: the axes of one, the attribute `sequences`."""
    return Mapping(
        kind, {"prefillTokens": "isl", "prefillPast": "step"}, {**heads, "sequences": "batch_size"},
        data_type, "kv_cache_dtype", {"sequences": 1, "window": 0}, **more)


def decode(kind, data_type, heads, **more):
    """Attention of `batch_size` sequences, one query each after `step` keys."""
    return Mapping(
        kind, {"decodeSequences": "batch_size", "decodeContext": total("isl", "step")}, heads,
        data_type, "kv_cache_dtype", {"window": 0}, required={"isl": 1, **more.pop("required", {})},
        **more)


GROUPED = {"heads": "num_heads", "kvHeads": "num_key_value_heads", "headDim": "head_dim",
           "window": "window_size"}
LATENT = {"heads": "num_heads"}
EXPERTS = {"width": "hidden_size", "experts": "num_experts"}
COLLECTIVES = {"all_reduce": "allReduce", "all_gather": "allGather",
               "reduce_scatter": "reduceScatter", "alltoall": "allToAll"}


def collective(operation, data_type, **more):
    """A collective; `message_size` counts elements."""
    return Mapping(
        COLLECTIVES[operation],
        {"bytes": product("message_size", element_bytes(data_type))}, {"ranks": "num_gpus"},
        data_type, only=("op_name", operation), **more)


def exchange(kind, sms, value, note):
    """One half of DeepEP's exchange of tokens between experts' ranks; microseconds."""
    attributes = {**EXPERTS, "topK": "num_topk", "nodes": "node_num"}
    if sms:
        attributes["sms"] = sms
    return Mapping(kind, {"tokens": "num_token"}, attributes, value=value, unit=MICROSECONDS,
                   note=note)


def batched_product(operation, n, k):
    """DeepSeek's absorbed projection: a product a head (its papers' 128 and 512)."""
    return Mapping(
        "gemm", {"tokens": "num_tokens"},
        {"batch": "num_heads", "n": constant(n), "k": constant(k)}, "bmm_dtype",
        only=("op_name", operation))


NCCL = [collective(name, "nccl_dtype") for name in COLLECTIVES]
TABLES = {
    "gemm_perf": [Mapping("gemm", {"tokens": "m"}, {"n": "n", "k": "k"}, "gemm_dtype")],
    "context_attention_perf": [
        prefill("attention", "attn_dtype", GROUPED, required={"beam_width": 1})],
    "generation_attention_perf": [
        decode("attention", "attn_dtype", GROUPED, required={"beam_width": 1})],
    "encoder_attention_perf": [
        Mapping("bidirectionalAttention", {"sequences": "batch_size", "tokens": "isl"},
                {"heads": "num_heads", "headDim": "head_dim"}, "attn_dtype")],
    # The latent attention alone; `num_heads` is what one device holds, whatever `tp_size` says.
    "context_mla_perf": [prefill("latentAttention", "mla_dtype", LATENT)],
    "generation_mla_perf": [decode("latentAttention", "mla_dtype", LATENT)],
    # The same with its projections.
    "mla_context_module_perf": [
        prefill("latentAttentionBlock", "gemm_type", LATENT, required={"mla_dtype": "bfloat16"})],
    "mla_generation_module_perf": [
        decode("latentAttentionBlock", "gemm_type", LATENT, required={"mla_dtype": "bfloat16"})],
    "mla_bmm_perf": [
        batched_product("mla_gen_pre", 512, 128), batched_product("mla_gen_post", 128, 512)],
    "moe_perf": [
        Mapping("moe", {"tokens": "num_tokens"},
                {**EXPERTS, "intermediate": "inter_size", "topK": "topk",
                 "tensorParallel": "moe_tp_size", "expertParallel": "moe_ep_size",
                 "gated": gated("kernel_source")}, "moe_dtype", silent={"gated": 1},
                conditions={"distribution": {"balanced"}})],
    "custom_allreduce_perf": [collective("all_reduce", "allreduce_dtype")],
    "nccl_perf": NCCL,
    "oneccl_perf": NCCL,
    # What is measured is the making of fp8 out of bf16.
    "scale_matrix_perf": [
        Mapping("quantize", {"tokens": "m"}, {"width": "k", "bits": constant(8)},
                required={"quant_dtype": "fp8"})],
    "wideep_deepep_ll_perf": [
        exchange("moeDispatch", None, ("dispatch_avg_t_us",), "deepep_ll"),
        exchange("moeCombine", None, ("combine_avg_t_us",), "deepep_ll")],
    "wideep_deepep_normal_perf": [
        exchange("moeDispatch", "dispatch_sms", ("dispatch_transmit_us", "dispatch_notify_us"),
                 "deepep_normal"),
        exchange("moeCombine", "combine_sms", ("combine_transmit_us", "combine_notify_us"),
                 "deepep_normal")],
    "moe_a2a_perf": [
        Mapping(kind, {"tokens": "num_tokens"},
                {**EXPERTS, "topK": "topk", "nodes": "node_num", "ranks": "ep_size", "sms": "sms"},
                "comm_dtype", silent={"sms": 0}, conditions={"comm_backend": set()},
                unit=MICROSECONDS, only=("phase", phase))
        for kind, phase in (("moeDispatch", "dispatch"), ("moeCombine", "combine"))],
}

# Why the tables that are known and have no mapping have none.
UNMAPPED = {
    "computescale_perf": "a difference of two measurements, often zero",
    "wideep_context_mlp_perf": "two products and an activation as one",
    "wideep_generation_mlp_perf": "two products and an activation as one",
}

FRAMEWORKS = {"vllm": "vLLM", "trtllm": "TensorRT-LLM", "sglang": "SGLang", "nccl": "NCCL",
              "oneccl": "oneCCL"}

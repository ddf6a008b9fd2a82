"""The operators of the decoder, as the server runs them and as the sweeps measure them.

One function an operator, so that a server's step can be priced as a sum of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from config import ModelConfig


def gemm(x: Tensor, weight: Tensor) -> Tensor:
    """[tokens, k] x [n, k] -> [tokens, n]."""
    return F.linear(x, weight)


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight, epsilon)


def activation(gate_up: Tensor) -> Tensor:
    """silu(gate) * up, from one fused [tokens, 2 * width] tensor."""
    gate, up = gate_up.chunk(2, dim=-1)
    return F.silu(gate) * up


def add(x: Tensor, residual: Tensor) -> Tensor:
    return x + residual


def embedding(tokens: Tensor, weight: Tensor) -> Tensor:
    return F.embedding(tokens, weight)


def sample(logits: Tensor) -> Tensor:
    """Greedy: the index of the largest logit of each row."""
    return logits.argmax(dim=-1)


def rotary(x: Tensor, cosine: Tensor, sine: Tensor) -> None:
    """Rotates [tokens, heads, head_dim] in place; cosine and sine are [tokens, 1, head_dim / 2]."""
    first, second = x.chunk(2, dim=-1)
    rotated = first * cosine - second * sine
    second.mul_(cosine).add_(first * sine)
    first.copy_(rotated)


@dataclass(frozen=True)
class Span:
    """One sequence of an attention call: rows [begin, end) of the step, after `past` tokens."""

    slot: int
    begin: int
    end: int
    past: int
    bias: object  # None for a single query; else what keeps queries from later keys


def attention(qkv: Tensor, cache: Tensor, spans: list[Span], config: ModelConfig) -> Tensor:
    """Writes keys and values to the cache and attends, one sequence after another.

    `cache` is one layer's [slots, 2, kv_heads, positions, head_dim]; a sequence owns a contiguous
    slot. A single query is laid out as [kv_heads, group, head_dim], so that the queries that share
    a key head are read against it once.
    """
    heads, kv_heads, size = (
        config.num_attention_heads, config.num_key_value_heads, config.head_dim)
    queries = qkv[:, : heads * size]
    written = qkv[:, heads * size:].view(-1, 2, kv_heads, size)
    output = torch.empty(qkv.shape[0], heads * size, dtype=qkv.dtype, device=qkv.device)
    for span in spans:
        context = span.past + span.end - span.begin
        slot = cache[span.slot]
        slot[:, :, span.past:context] = written[span.begin:span.end].permute(1, 2, 0, 3)
        keys, values = slot[None, 0, :, :context], slot[None, 1, :, :context]
        query = queries[span.begin:span.end]
        if span.bias is None:
            result = F.scaled_dot_product_attention(
                query.view(1, kv_heads, heads // kv_heads, size), keys, values)
            output[span.begin] = result.view(-1)
        else:
            result = F.scaled_dot_product_attention(
                query.view(1, -1, heads, size).transpose(1, 2), keys, values,
                attn_mask=span.bias, enable_gqa=True)
            output[span.begin:span.end].view(-1, heads, size).copy_(result[0].transpose(0, 1))
    return output

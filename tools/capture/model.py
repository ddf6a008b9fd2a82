"""A random-weight Llama-style decoder, and the engine that runs scheduled steps on it."""

from __future__ import annotations

import time
from typing import Callable

import torch
from torch import Tensor

import ops as operators
from config import DTYPES, ModelConfig
from ops import Span
from scheduler import Row


def torch_dtype(name: str) -> torch.dtype:
    return getattr(torch, DTYPES[name])


class CausalBias:
    """Masks for a chunk of `query` tokens after `past`: one tensor on a CPU, so that first and
    later chunks take the same kernel; torch's own bottom-right mask on a GPU, for flash kernels."""

    def __init__(self, positions: int, dtype: torch.dtype, device: torch.device):
        self._mask = None
        if device.type == "cpu":
            self._mask = torch.full((positions, positions), float("-inf"), dtype=dtype).triu(1)

    def __call__(self, query: int, past: int) -> object:
        if query == 1:
            return None
        if self._mask is not None:
            return self._mask[past:past + query, :past + query]
        from torch.nn.attention.bias import causal_lower_right
        return causal_lower_right(query, past + query)


# MARK: model

def decoder_layer(x: Tensor, layer: dict[str, Tensor], cache: Tensor, spans: list[Span],
                  cosine: Tensor, sine: Tensor, config: ModelConfig, ops) -> Tensor:
    heads, size, epsilon = config.rotary_heads, config.head_dim, config.rms_norm_eps
    qkv = ops.gemm(ops.rms_norm(x, layer["input_norm"], epsilon), layer["qkv_proj"])
    ops.rotary(qkv[:, :heads * size].view(-1, heads, size), cosine, sine)
    attended = ops.attention(qkv, cache, spans, config)
    x = ops.add(ops.gemm(attended, layer["o_proj"]), x)
    normed = ops.rms_norm(x, layer["post_norm"], epsilon)
    gate_up = ops.gemm(normed, layer["gate_up_proj"])
    return ops.add(ops.gemm(ops.activation(gate_up), layer["down_proj"]), x)


class Model:
    """Weights, key-value cache and forward pass."""

    def __init__(self, config: ModelConfig, dtype: torch.dtype, device: torch.device,
                 slots: int, positions: int, seed: int):
        generator = torch.Generator(device).manual_seed(seed)

        def weight(n: int, k: int) -> Tensor:
            return torch.randn(n, k, generator=generator, dtype=dtype, device=device) / k ** 0.5

        self.config = config
        self.device = device
        self.layers = []
        for _ in range(config.num_hidden_layers):
            layer = {name: weight(n, k) for name, (n, k) in config.layer_gemms().items()}
            layer["input_norm"] = torch.ones(config.hidden_size, dtype=dtype, device=device)
            layer["post_norm"] = torch.ones(config.hidden_size, dtype=dtype, device=device)
            self.layers.append(layer)
        self.embedding = weight(config.vocab_size, config.hidden_size)
        self.norm = torch.ones(config.hidden_size, dtype=dtype, device=device)
        self.lm_head = weight(*config.lm_head)
        self.resize(slots, positions)

    def resize(self, slots: int, positions: int) -> None:
        """Makes room for so many sequences of so many tokens; what the caches held is gone."""
        config, dtype, device = self.config, self.embedding.dtype, self.device
        self.positions = positions
        self.caches = []  # the old ones go before new ones come
        self.caches = [new_cache(config, slots, positions, dtype, device) for _ in self.layers]
        self.bias = CausalBias(positions, dtype, device)
        self.cosine, self.sine = rotary_tables(config, positions, dtype, device)

    def forward(self, tokens: Tensor, positions: Tensor, spans: list[Span],
                sampled: Tensor, ops=operators) -> Tensor:
        """The next token of each row in `sampled`.

        A sweep passes `ops` that time one of the operators in its place.
        """
        cosine, sine = self.cosine[positions], self.sine[positions]
        x = ops.embedding(tokens, self.embedding)
        for layer, cache in zip(self.layers, self.caches):
            x = decoder_layer(x, layer, cache, spans, cosine, sine, self.config, ops)
        x = ops.rms_norm(x, self.norm, self.config.rms_norm_eps)
        if sampled.numel() == 0:
            return sampled
        return ops.sample(ops.gemm(x[sampled], self.lm_head))


def new_cache(config: ModelConfig, slots: int, positions: int, dtype: torch.dtype,
              device: torch.device) -> Tensor:
    # Values are random, never zeros: some kernels and clocks are faster on zeros.
    return torch.randn(slots, 2, config.num_key_value_heads, positions, config.head_dim,
                       dtype=dtype, device=device)


def rotary_tables(config: ModelConfig, positions: int, dtype: torch.dtype,
                  device: torch.device) -> tuple[Tensor, Tensor]:
    half = config.head_dim // 2
    frequency = config.rope_theta ** -(torch.arange(half, dtype=torch.float32) / half)
    angle = torch.arange(positions, dtype=torch.float32)[:, None, None] * frequency
    return angle.cos().to(dtype).to(device), angle.sin().to(dtype).to(device)


class Engine:
    """Runs a scheduled step on a model and times its device part."""

    def __init__(self, model: Model, seed: int):
        self.model = model
        self.annotate = False
        self.clock = time.perf_counter_ns
        self._generator = torch.Generator().manual_seed(seed)

    def prepare(self, requests) -> None:
        """Draws the prompts, outside of what is measured."""
        for request in requests:
            request.tokens = torch.randint(
                self.model.config.vocab_size, (request.input_tokens,),
                generator=self._generator).tolist()

    @torch.inference_mode()
    def __call__(self, rows: list[Row]) -> int:
        device = self.model.device
        tokens, positions, spans, sampled = [], [], [], []
        for row in rows:
            begin, end = len(tokens), len(tokens) + row.query
            tokens += row.request.tokens[row.past:row.past + row.query]
            positions += range(row.past, row.past + row.query)
            spans.append(Span(row.request.slot, begin, end, row.past,
                              self.model.bias(row.query, row.past)))
            if row.samples:
                sampled.append(end - 1)
        inputs = (torch.tensor(tokens, device=device), torch.tensor(positions, device=device),
                  spans, torch.tensor(sampled, dtype=torch.long, device=device))
        with torch.profiler.record_function(step_name(rows)) if self.annotate else _nothing:
            timer = DeviceTimer(device, self.clock)
            chosen = self.model.forward(*inputs).tolist()
            device_ns = timer.elapsed()
        chosen = iter(chosen)
        for row in rows:
            if row.samples:
                row.request.tokens.append(next(chosen))
        return device_ns


class _Nothing:
    def __enter__(self): ...
    def __exit__(self, *_): ...


_nothing = _Nothing()


def step_name(rows: list[Row]) -> str:
    """The annotation that vLLM gives a step in profiler traces."""
    generation = sum(row.is_decode for row in rows)
    context_tokens = sum(row.query for row in rows) - generation
    return (f"execute_context_{len(rows) - generation}({context_tokens})"
            f"_generation_{generation}({generation})")


class DeviceTimer:
    """Nanoseconds from now to `elapsed`: device events on a GPU, the server's clock on a CPU."""

    def __init__(self, device: torch.device, clock: Callable[[], int]):
        self._on_gpu = device.type == "cuda"
        self._clock = clock
        if self._on_gpu:
            self._begin, self._end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            self._begin.record()
        else:
            self._begin = clock()

    def elapsed(self) -> int:
        if not self._on_gpu:
            return self._clock() - self._begin
        self._end.record()
        self._end.synchronize()
        return round(self._begin.elapsed_time(self._end) * 1e6)

"""Model shapes, without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from records import CaptureError

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True)
class ModelConfig:
    """A Llama-style decoder: grouped-query attention, gated MLP, RMSNorm, rotary positions."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    @property
    def query_width(self) -> int:
        return self.num_attention_heads * self.head_dim

    @property
    def rotary_heads(self) -> int:
        return self.num_attention_heads + self.num_key_value_heads

    @property
    def qkv_width(self) -> int:
        return (self.num_attention_heads + 2 * self.num_key_value_heads) * self.head_dim

    def layer_gemms(self) -> dict[str, tuple[int, int]]:
        """(n, k) of the matrix products of one layer, one for each weight group."""
        return {
            "qkv_proj": (self.qkv_width, self.hidden_size),
            "o_proj": (self.hidden_size, self.query_width),
            "gate_up_proj": (2 * self.intermediate_size, self.hidden_size),
            "down_proj": (self.hidden_size, self.intermediate_size),
        }

    @property
    def lm_head(self) -> tuple[int, int]:
        return (self.vocab_size, self.hidden_size)

    @property
    def parameters(self) -> int:
        layer = sum(n * k for n, k in self.layer_gemms().values()) + 2 * self.hidden_size
        return (self.num_hidden_layers * layer + self.hidden_size
                + 2 * self.vocab_size * self.hidden_size)

    def hugging_face(self, dtype: str, max_positions: int) -> dict:
        """The `config.json` that names this model to other tools."""
        return {
            "_name_or_path": f"llama-{self.parameters / 1e6:.0f}m",
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.num_hidden_layers,
            "num_attention_heads": self.num_attention_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "head_dim": self.head_dim,
            "vocab_size": self.vocab_size,
            "max_position_embeddings": max_positions,
            "rope_theta": self.rope_theta,
            "rms_norm_eps": self.rms_norm_eps,
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": False,
            "torch_dtype": DTYPES[dtype],
        }


PRESETS = {
    # Decode steps of 5 to 20 ms on one CPU thread; its weights are twice a 32 MiB cache.
    "llama-25m": ModelConfig(512, 1408, 6, 8, 2, 64, 8192),
    "llama-3.1-8b": ModelConfig(4096, 14336, 32, 32, 8, 128, 128256, rope_theta=500000.0),
}


def load_model(name: str) -> ModelConfig:
    """A preset, or the shapes in a Hugging Face `config.json`."""
    if name in PRESETS:
        return PRESETS[name]
    try:
        values = json.loads(Path(name).read_text())
        heads = values["num_attention_heads"]
        return ModelConfig(
            values["hidden_size"], values["intermediate_size"], values["num_hidden_layers"], heads,
            values.get("num_key_value_heads", heads),
            values.get("head_dim") or values["hidden_size"] // heads, values["vocab_size"],
            values.get("rope_theta", 10000.0), values.get("rms_norm_eps", 1e-5))
    except (OSError, ValueError, TypeError) as error:
        raise CaptureError(f"--model {name}: neither a preset ({', '.join(PRESETS)}) nor a "
                           f"readable config.json ({error})") from None
    except KeyError as error:
        raise CaptureError(f"--model {name}: the config lacks {error}") from None

"""The points that `reprise plan-measurements` asks for: what its file says, and where to measure it.

    reprise plan-measurements --deployment server.yaml --db lat.sqlite --log r.jsonl -o points.json
    python tools/capture/capture.py points points.json -o measured
    reprise import measured/samples.jsonl.zst --db lat.sqlite --device NAME

A point is measured as a sweep measures it (`sweeps.py`): in its place in whole steps of the model
that the file names. Caches grow to what a point needs, so that one long context does not make those of
large batches as long. No torch here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from config import DTYPES, ModelConfig
from records import CaptureError
from sweeps import FUNCTIONS, Point, point

SCHEMA, VERSION = "reprise.measurement-points", 1
AXES = {kind: ["tokens"] for kind in FUNCTIONS} | {
    "attention": ["prefillTokens", "prefillPast", "decodeSequences", "decodeContext",
                  "decodeLongest"]}
# Where the file names no model: what holds the device; nothing is measured in its place.
STAND_IN = ModelConfig(16, 16, 1, 1, 1, 16, 16)
# Tokens of all slots where one sequence moves from slot to slot.
MOVING_TOKENS = 65_536


@dataclass(frozen=True)
class Plan:
    points: list[Point]
    dtype: str
    model: ModelConfig | None
    device: str


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="capture.py points", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points", type=Path, metavar="points.json",
                        help="the file that 'reprise plan-measurements -o' wrote")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR",
                        help="folder to write samples.jsonl.zst and machine.json to")
    parser.add_argument("--device", default="auto",
                        help="auto, cpu, cuda or cuda:N (default: auto, a GPU where there is one)")
    parser.add_argument("--minutes", type=float, default=30,
                        help="time budget; what is measured by then is kept (default: 30)")
    parser.add_argument("--seed", type=int, default=0,
                        help="of weights and measuring order (default: 0)")
    parser.add_argument("--threads", type=int, default=1,
                        help="CPU threads inside an operator (default: 1)")
    parser.add_argument("--max-sequences", type=int, default=16,
                        help="up to so many tokens are decodes, more are a prompt (default: 16)")
    options = parser.parse_args(argv)
    if not options.minutes > 0:
        parser.error("--minutes must be positive")
    for name in ("threads", "max_sequences"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return options


def read_plan(path: Path) -> Plan:
    """Reads a file of points; what cannot be measured is a mistake that names its place."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise CaptureError(f"{path}: not a file of points; 'reprise plan-measurements -o' writes one")
    if document.get("version") != VERSION:
        raise CaptureError(f"{path}: version {document.get('version')!r}, and {VERSION} is known")
    entries = document.get("points")
    if not isinstance(entries, list) or not entries:
        raise CaptureError(f"{path}: there is no point in it to measure")
    model = read_model(path, document["model"]) if "model" in document else None
    points, dtypes = [], set()
    for number, entry in enumerate(entries, 1):
        try:
            points.append(read_point(entry, model))
            dtypes.add(entry.get("dtype"))
        except CaptureError as error:
            raise CaptureError(f"{path}: point {number}: {error}") from None
    if len(dtypes) > 1 or not dtypes <= set(DTYPES):
        found = ", ".join(sorted(map(str, dtypes)))
        raise CaptureError(f"{path}: points of {found}; all must be of one of {', '.join(DTYPES)}")
    return Plan(list(dict.fromkeys(points)), dtypes.pop(), model, str(document.get("device")))


def read_model(path: Path, values: object) -> ModelConfig:
    names = list(ModelConfig.__dataclass_fields__)[:7]
    if not isinstance(values, dict) or not all(is_size(values.get(name), 1) for name in names):
        raise CaptureError(f"{path}: 'model' needs {', '.join(names)}, whole numbers from 1 up")
    return ModelConfig(*(values[name] for name in names))


def read_point(entry: object, model: ModelConfig | None) -> Point:
    if not isinstance(entry, dict):
        raise CaptureError("it is no object")
    kind, attributes, axes = (entry.get(name) for name in ("kind", "attributes", "axes"))
    if kind not in FUNCTIONS:
        raise CaptureError(f"{kind!r} is not measured here; {', '.join(FUNCTIONS)} are")
    for name, sizes, least in (("attributes", attributes, 1), ("axes", axes, 0)):
        if not isinstance(sizes, dict) or not all(is_size(s, least) for s in sizes.values()):
            raise CaptureError(f"{name!r} must be names with whole numbers from {least} up")
    if not set(axes) <= set(AXES[kind]):
        raise CaptureError(f"the axes of {kind} are {', '.join(AXES[kind])}")
    if kind == "attention":
        axes = {name: axes.get(name, 0) for name in AXES[kind]}
        if axes.pop("decodeLongest"):
            raise CaptureError("decodes of unequal length are not measured here")
        prefill, decode = axes["prefillTokens"] > 0, axes["decodeSequences"] > 0
        if prefill == decode or decode and not axes["decodeContext"]:
            raise CaptureError("attention is measured of a prefill or of decodes with a context")
    elif axes.get("tokens", 0) < 1:
        raise CaptureError("'tokens' must be at least 1")
    if attributes != expected_attributes(kind, attributes, model):
        raise CaptureError(f"the model of this file has no {kind} of {json.dumps(attributes)}")
    return point(kind, attributes, **axes)


def is_size(value: object, least: int) -> bool:
    return type(value) is int and least <= value < 1 << 31


def expected_attributes(kind: str, given: dict, model: ModelConfig | None) -> dict | None:
    """The attributes that can be measured: products and sampling of any size, else the model's."""
    if kind == "gemm":
        return {name: given.get(name, 0) for name in ("n", "k")}
    if kind == "sample":
        return {"vocab": given.get("vocab", 0)}
    if model is None:
        return None
    heads = {"heads": model.num_attention_heads, "kvHeads": model.num_key_value_heads,
             "headDim": model.head_dim}
    return {"attention": heads, "rotary": heads, "rmsNorm": {"width": model.hidden_size},
            "elementwise": {"width": model.hidden_size},
            "activation": {"width": model.intermediate_size},
            "embedding": {"width": model.hidden_size, "vocab": model.vocab_size}}[kind]


def needs(p: Point, config: ModelConfig, most_sequences: int) -> tuple[int, int]:
    """The slots and positions of a cache in which a step can show `p`."""
    if p.kind == "attention":
        slots = p["decodeSequences"]
        positions = p["prefillTokens"] + p["prefillPast"] or p["decodeContext"]
    elif p.kind == "sample" or p.kind == "gemm" and (p["n"], p["k"]) == config.lm_head:
        # Every token is a row that samples, and of a prompt only the last one would be.
        slots, positions = p["tokens"], 128
    else:
        slots, positions = 1, 128 if p["tokens"] <= most_sequences else p["tokens"]
    positions = -(-positions // 32) * 32
    return max(slots, min(most_sequences, MOVING_TOKENS // positions)), positions


class PointBench:
    """A bench that fits the model's caches to each point before it is measured."""

    def __init__(self, bench, model, most_sequences: int):
        self._bench, self._model, self._most = bench, model, most_sequences
        self._size = None

    def measure(self, p: Point) -> dict:
        size = needs(p, self._model.config, self._most)
        if size != self._size:
            self._model.resize(*size)
            self._size, self._bench.max_sequences = size, size[0]
        return self._bench.measure(p)

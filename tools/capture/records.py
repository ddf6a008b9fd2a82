"""What the capture writes: statistics of repeated timings, and compressed JSON Lines."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Iterable, Iterator

REQUEST_LOG_SCHEMA = "reprise.request-log"
REQUEST_LOG_VERSION = 1


class CaptureError(Exception):
    """A mistake the user can mend; the message says what is wrong and what to do."""


def _zstandard():
    try:
        import zstandard
    except ImportError:
        raise CaptureError(
            "the Python package zstandard is missing: "
            "pip install -r tools/capture/requirements.txt") from None
    return zstandard


def summary(durations: Iterable[int]) -> dict[str, int]:
    """Count, minimum, median, 90th percentile, mean and population standard deviation, in whole ns.

    Percentiles are nearest-rank, so each one is a duration that was really measured.
    """
    ordered = sorted(durations)
    if not ordered:
        raise ValueError("no durations to summarise")
    count = len(ordered)
    mean = sum(ordered) / count
    deviation = math.sqrt(sum((d - mean) ** 2 for d in ordered) / count)

    def rank(quantile: float) -> int:
        return ordered[max(0, math.ceil(quantile * count) - 1)]

    return {
        "count": count,
        "min_ns": ordered[0],
        "p50_ns": rank(0.5),
        "p90_ns": rank(0.9),
        "mean_ns": round(mean),
        "deviation_ns": round(deviation),
    }


class JsonLines:
    """A `.jsonl.zst` file that is complete after every `flush`.

    Each flush ends one zstd frame. Frames concatenate to one valid file, so a run that is cut
    short leaves a file that any zstd reader accepts.
    """

    def __init__(self, path: Path, lines_a_frame: int = 256):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._compressor = _zstandard().ZstdCompressor(level=12, write_checksum=True)
        self._lines: list[str] = []
        self._lines_a_frame = lines_a_frame
        self._file = open(self.path, "wb")

    def write(self, record: dict) -> None:
        self._lines.append(json.dumps(record, separators=(",", ":"), allow_nan=False))
        if len(self._lines) >= self._lines_a_frame:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            self._file.write(self._compressor.compress(("\n".join(self._lines) + "\n").encode()))
            self._file.flush()
            self._lines.clear()

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(self, *_) -> None:
        self.flush()
        self._file.close()


def read_json_lines(path: Path) -> Iterator[dict]:
    """Yields the records of a `.jsonl.zst` file, whatever its number of frames."""
    with open(path, "rb") as file:
        reader = _zstandard().ZstdDecompressor().stream_reader(file, read_across_frames=True)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            yield json.loads(line)


def write_json(path: Path, value: dict) -> None:
    """Writes `value` so that the file is either old or new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    partial.replace(path)


def write_steps(path: Path, steps: Iterable[dict]) -> None:
    with JsonLines(path) as lines:
        for step in steps:
            lines.write(step)


def write_requests(path: Path, requests: list, source: str,
                   clock: str = "monotonic ns since the first arrival") -> None:
    """Writes a Reprise request log, version 1: a header, then finished requests by arrival."""
    finished = [r for r in requests if r.finished]
    with JsonLines(path) as lines:
        lines.write({
            "schema": REQUEST_LOG_SCHEMA,
            "version": REQUEST_LOG_VERSION,
            "clock": clock,
            "source": source,
            "requests": len(finished),
            "unfinished": len(requests) - len(finished),
        })
        for request in sorted(finished, key=lambda r: r.arrival_ns):
            lines.write({
                "id": request.id,
                "arrival_ns": request.arrival_ns,
                "input_tokens": request.input_tokens,
                "output_tokens": request.output_tokens,
                "scheduled_ns": request.scheduled_ns,
                "first_token_ns": request.token_ns[0],
                "last_token_ns": request.token_ns[-1],
                "token_ns": request.token_ns,
            })

#!/usr/bin/env python3
"""Writes a request log of ours as the spans that vLLM exports for its requests (OTLP JSON).

    tools/capture/spans.py serve-poisson-80/requests.jsonl.zst -o serve-poisson-80/spans.jsonl.zst

A line is what the collector's file exporter writes at once: a document with some spans named `llm_request`.
Seconds are doubles, instants and counts text, as OTLP JSON has them. The request's arrival is the span's start.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from records import JsonLines, read_json_lines

# The first arrival: logs of ours count from it, spans tell the time of day.
EPOCH_NS = 1_795_353_679_000_000_000
SPANS_A_LINE = 64


def attribute(key: str, kind: str, value) -> dict:
    return {"key": key, "value": {kind: value}}


def span(request: dict) -> dict:
    """One request; the seconds since its arrival that vLLM tells."""
    arrival = request["arrival_ns"]

    def since(member: str) -> float:
        return (request[member] - arrival) / 1e9

    name = hashlib.sha256(request["id"].encode()).hexdigest()
    return {
        "traceId": name[:32],
        "spanId": name[32:48],
        "name": "llm_request",
        "kind": 2,
        "startTimeUnixNano": str(EPOCH_NS + arrival),
        "endTimeUnixNano": str(EPOCH_NS + request["last_token_ns"]),
        "attributes": [
            attribute("gen_ai.request.id", "stringValue", request["id"]),
            attribute("gen_ai.usage.prompt_tokens", "intValue", str(request["input_tokens"])),
            attribute("gen_ai.usage.completion_tokens", "intValue", str(request["output_tokens"])),
            attribute("gen_ai.latency.time_in_queue", "doubleValue", since("scheduled_ns")),
            attribute("gen_ai.latency.time_to_first_token", "doubleValue", since("first_token_ns")),
            attribute("gen_ai.latency.e2e", "doubleValue", since("last_token_ns")),
        ],
        "status": {},
    }


def document(spans: list[dict]) -> dict:
    service = {"attributes": [attribute("service.name", "stringValue", "capture")]}
    return {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": spans}]}]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path, help="requests.jsonl.zst of a capture")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    header, *requests = read_json_lines(arguments.log)
    spans = [span(request) for request in requests]
    with JsonLines(arguments.output) as file:
        for first in range(0, len(spans), SPANS_A_LINE):
            file.write(document(spans[first:first + SPANS_A_LINE]))


if __name__ == "__main__":
    main()

"""What pandas gets of results."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("pandas")
sys.path.insert(0, str(Path(__file__).parent))
import reprise_results as rr  # noqa: E402

SWEEP = {
    "schema": "reprise.sweep-results", "version": 1, "tool_version": "0.1.0", "name": "s",
    "inputs": [], "columns": ["rate", "device"], "missing": [],
    "scenarios": [
        {"hash": "a", "values": {"rate": "2.5", "device": "h100"}, "warnings": [],
         "summary": {"ttft": {"p50": 3}, "engines": [1, 2]}},
        {"hash": "b", "values": {"rate": "5", "device": "h200"}, "warnings": [], "error": "bad"},
    ],
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(content))
    return path


def test_a_sweep_is_a_row_a_scenario(tmp_path: Path) -> None:
    table = rr.sweep(written(tmp_path, SWEEP))
    assert list(table.index) == ["a", "b"]
    assert list(table["rate"]) == [2.5, 5.0]
    assert list(table["device"]) == ["h100", "h200"]
    assert table.loc["a", "ttft.p50"] == 3
    assert table.loc["b", "error"] == "bad"


@pytest.mark.parametrize("change", [{"version": 2}, {"schema": "other"}, {"schema": None}])
def test_what_is_not_known_is_refused(tmp_path: Path, change: dict) -> None:
    with pytest.raises(ValueError, match="not a result that this package reads"):
        rr.sweep(written(tmp_path, SWEEP | change))


@pytest.mark.parametrize("content", ["[]", "{", "3"])
def test_damage_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ValueError):
        rr.result(path)


def test_ids_stay_texts(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("id,ttft_ms\n007,1.5\n")
    assert list(rr.requests(path)["id"]) == ["007"]

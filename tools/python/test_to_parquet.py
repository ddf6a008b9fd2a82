"""tools/to-parquet against Python's own reading of the same file."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from built import REPRISE, ROOT, needs_build

parquet = pytest.importorskip("pyarrow.parquet")
TOOL = ROOT / "tools" / "to-parquet"


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.parametrize("compressed", [False, True])
def test_rows_are_those_of_the_csv(tmp_path: Path, compressed: bool) -> None:
    text = "id,arrival_s,output_tokens\n" + "".join(
        f"00{n},{n / 8},{n * 3}\n" for n in range(1000))
    source = tmp_path / ("requests.csv.gz" if compressed else "requests.csv")
    source.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    done = run(source, "-o", tmp_path / "r.parquet")
    assert done.returncode == 0, done.stderr
    rows = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    expected = [
        {"id": row["id"], "arrival_s": float(row["arrival_s"]),
         "output_tokens": int(row["output_tokens"])}
        for row in csv.DictReader(text.splitlines())]
    assert rows == expected


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("none.csv", None, 66), ("bad.csv", "a,b\n1\n", 65), ("bad.jsonl", "{", 65),
     ("bad.json", "{", 65), ("result.json", '{"schema": "reprise.result", "version": 1}', 65)])
def test_an_error_is_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, content: str | None, code: int) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    if content is not None:
        (tmp_path / name).write_text(content)
    done = run(tmp_path / name, "-o", folder / "r.parquet")
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert not list(folder.iterdir())


def swept(tmp_path: Path, fields: str) -> list[dict[str, str]]:
    """Runs a sweep into r.csv and r.json; the rows of its CSV."""
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        f"version: 1\npipeline: {ROOT}/docs/examples/pipelines/first.yaml\nrequests: 20\n"
        f"fields: {fields}\n")
    for arguments in (["plan", sweep, "-o", tmp_path / "s"], ["run", tmp_path / "s"],
                      ["merge", tmp_path / "s", "-o", tmp_path / "r.csv"],
                      ["merge", tmp_path / "s", "-o", tmp_path / "r.json"]):
        # A device that is not known is an outcome of its own, and the run's exit code.
        done = subprocess.run([REPRISE, "sweep", *arguments], capture_output=True, text=True)
        assert done.returncode in (0, 65), done.stderr
    return list(csv.DictReader((tmp_path / "r.csv").open()))


@needs_build
def test_a_sweep_is_the_same_rows_from_its_csv_and_its_json(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    rows = swept(tmp_path, "{workload.arrivals.rate: [5, 40], engines.chat.device: [h100-sxm, none]}")
    tables = {}
    for kind in ("csv", "json"):
        done = run(tmp_path / f"r.{kind}", "-o", tmp_path / f"{kind}.parquet")
        assert done.returncode == 0, done.stderr
        tables[kind] = parquet.read_table(tmp_path / f"{kind}.parquet")
    assert len(rows) == 4
    for kind, table in tables.items():
        assert table["hash"].to_pylist() == [row["hash"] for row in rows], kind
        assert table["workload.arrivals.rate"].to_pylist() == [5, 5, 40, 40]
        assert table["engines.chat.device"].to_pylist() == ["h100-sxm", "none"] * 2
        assert [bool(error) for error in table["error"].to_pylist()] == [False, True] * 2
    figures = [name for name in tables["csv"].column_names if name in rows[0] and "." in name
               and not name.startswith(("workload.", "engines."))]
    assert len(figures) > 20
    for name in figures:
        assert tables["json"][name].to_pylist() == tables["csv"][name].to_pylist(), name


@needs_build
def test_duckdb_answers_the_query_of_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pandas")
    rows = swept(
        tmp_path, "{workload.arrivals.rate: [5, 80], engines.chat.count: [1, 2], "
        "engines.chat.block_size: [16, 32]}")
    done = run(tmp_path / "r.json", "-o", tmp_path / "results.parquet")
    assert done.returncode == 0, done.stderr
    query = (ROOT / "docs/sweep.md").read_text().split("```sql\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    expected = []
    for engines in ("1", "2"):
        some = [row for row in rows
                if row["workload.arrivals.rate"] == "80" and row["engines.chat.count"] == engines]
        assert len(some) == 2
        dollars = sum(float(row["resources.cost_per_million_output_tokens"]) for row in some) / 2
        slowest = max(int(row["ttft.p99_ns"]) for row in some)
        expected.append((int(engines), round(slowest / 1e6), round(dollars, 2)))
    assert duckdb.sql(query).fetchall() == expected

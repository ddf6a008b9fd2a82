"""tools/to-parquet against Python's own reading of the same file."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

parquet = pytest.importorskip("pyarrow.parquet")
TOOL = Path(__file__).parent.parent / "to-parquet"


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
    [("none.csv", None, 66), ("bad.csv", "a,b\n1\n", 65), ("bad.jsonl", "{", 65)])
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

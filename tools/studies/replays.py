"""Replays of a study's scenarios: what goes in as text comes out as figures."""

import csv
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REPRISE = ROOT / ".build" / "release" / "reprise"
SCRATCH = ROOT / ".build" / "case-studies"
# The columns of requests.csv that are no numbers.
TEXTS = {"id", "pipeline", "class", "status"}


class Replay:
    """One scenario's result: `summary` as in scenario-result.json, and a row for each request."""

    def __init__(self, folder):
        self.folder = folder
        self.summary = json.loads((folder / "scenario-result.json").read_text())["summary"]

    def rows(self):
        """Requests as dictionaries of integers, but for their names."""
        with (self.folder / "requests.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                yield {
                    key: value if key in TEXTS else int(value or 0)
                    for key, value in row.items()
                }

    def pool(self, name):
        """What the engines of one name did."""
        return next(pool for pool in self.summary["pools"] if pool["name"] == name)

    def ms(self, metric, statistic="mean"):
        """Milliseconds of `ttft`, `tpot`, `itl` or `end_to_end`; none where nothing was measured."""
        value = self.summary[metric].get(f"{statistic}_ns") if metric in self.summary else None
        return float("nan") if value is None else value / 1e6


def replay(study, name, scenario, log=None, database=None, options=()):
    """Writes a scenario, and a log, below .build/case-studies, and replays it."""
    folder = SCRATCH / study / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.yaml"
    path.write_text(scenario)
    command = [str(REPRISE), "pipeline", str(path), "-o", str(folder), *map(str, options)]
    if log is not None:
        command += ["--log", str(log)]
    if database:
        command += ["--db", str(database)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        shown = "".join(line + "\n" for line in done.stderr.splitlines() if "warning" not in line)
        sys.exit(f"{' '.join(command)}\nfailed:\n{shown}")
    return Replay(folder)


def highest_rate(summary_at, start, factor=1.3, halvings=2):
    """The highest rate at which a scenario's objectives hold, and its summary; 0 and none where none does.

    Goes up or down by `factor` until the answer changes, then halves the stretch between (as a ratio) so
    many times: the result is exact to factor ** (1 / 2 ** halvings).
    """
    low, high, best, rate = None, None, None, start
    while low is None or high is None:
        summary = summary_at(rate)
        if summary["objectives"]["holds"]:
            low, best, rate = rate, summary, rate * factor
        else:
            high, rate = rate, rate / factor
            if low is None and rate < start / 100:
                return 0.0, None
    for _ in range(halvings):
        middle = (low * high) ** 0.5
        summary = summary_at(middle)
        if summary["objectives"]["holds"]:
            low, best = middle, summary
        else:
            high = middle
    return low, best


def write_log(study, name, requests):
    """Writes requests (dictionaries as in TraceSchemas/request-log.schema.json) as a log; its path."""
    path = SCRATCH / study / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write('{"schema":"reprise.request-log","version":1}\n')
        for request in requests:
            file.write(json.dumps(request, separators=(",", ":")) + "\n")
    return path


def database():
    """The measured operator latencies that a user has, from REPRISE_DB; nothing where it is not set."""
    path = os.environ.get("REPRISE_DB")
    if path and not pathlib.Path(path).exists():
        sys.exit(f"REPRISE_DB: there is no file '{path}'")
    return path


class Output:
    """What a study prints: on the screen, and kept beside its README."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = []

    def say(self, *lines):
        for line in lines or [""]:
            print(line, flush=True)
            self.lines.append(line.rstrip())

    def table(self, header, rows):
        """A table whose first column is text and whose others are figures."""
        cells = [list(map(str, header))] + [list(map(str, row)) for row in rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
        for number, row in enumerate(cells):
            self.say("  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths))))
            if number == 0:
                self.say("  ".join("-" * width for width in widths))

    def save(self, name="output.txt"):
        (self.folder / name).write_text("\n".join(self.lines) + "\n")

"""Results of Reprise in pandas.

    import reprise_results as rr
    rr.result("out/result.json")["summary"]   # of replay and pipeline, as it stands
    rr.requests("out/requests.csv")           # a row a request; stages.csv and load.csv likewise
    rr.sweep("results.json")                  # a row a scenario: what was varied, then the figures

A file of another schema or version than this package knows is refused with a ValueError that says so.
"""

import json
from pathlib import Path
from typing import Any

import pandas

VERSIONS = {"reprise.result": 1, "reprise.scenario-result": 1, "reprise.sweep-results": 1}


def result(path: str | Path) -> dict[str, Any]:
    """Reads result.json, scenario-result.json or the JSON of a sweep."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    head = (content.get("schema"), content.get("version")) if isinstance(content, dict) else ()
    if head not in VERSIONS.items():
        known = ", ".join(f"{schema} {version}" for schema, version in VERSIONS.items())
        raise ValueError(f"{path}: not a result that this package reads ({known})")
    return content


def requests(path: str | Path) -> pandas.DataFrame:
    """Reads requests.csv, stages.csv, load.csv or the CSV of a sweep; ids stay texts."""
    return pandas.read_csv(path, dtype={"id": str, "request": str, "hash": str})


def sweep(path: str | Path) -> pandas.DataFrame:
    """Reads the JSON of a sweep: a row a scenario, indexed by its hash.

    Columns are what was varied (numbers where all values are), ``error``, and every figure of the
    summaries, whose names are joined by dots. Lists of the summaries stay lists.
    """
    content = result(path)
    if content["schema"] != "reprise.sweep-results":
        raise ValueError(f"{path}: {content['schema']}, not the results of a sweep")
    scenarios = content["scenarios"]
    varied = pandas.DataFrame(
        [scenario["values"] for scenario in scenarios], columns=content["columns"])
    for name in varied:
        try:
            varied[name] = pandas.to_numeric(varied[name])
        except ValueError:
            pass  # Names of devices, say.
    figures = pandas.json_normalize([scenario.get("summary", {}) for scenario in scenarios])
    varied["error"] = [scenario.get("error") for scenario in scenarios]
    table = pandas.concat([varied, figures], axis="columns")
    table.index = pandas.Index([scenario["hash"] for scenario in scenarios], name="hash")
    return table

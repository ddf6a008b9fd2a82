"""The command's own part, without the network: names, summaries, and that it cleans up."""

import importlib.machinery
import importlib.util
import pathlib
import tempfile

import pytest

PATH = pathlib.Path(__file__).resolve().parent.parent / "get-operator-tables"
LOADER = importlib.machinery.SourceFileLoader("get_operator_tables", str(PATH))
SPEC = importlib.util.spec_from_loader(LOADER.name, LOADER)
tool = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(tool)


@pytest.mark.parametrize("name,system", [
    ("h200", "h200_sxm"), ("H200", "h200_sxm"), ("h200-sxm", "h200_sxm"), ("h200_sxm", "h200_sxm"),
    ("NVIDIA H100", "h100_sxm"), ("A100-SXM4", "a100_sxm"), ("L40S", "l40s"), ("gb200", "gb200"),
    ("rtx-pro-6000", "rtx_pro_6000_server"), ("b200", "b200_sxm")])
def test_systems_are_found_by_the_names_that_people_use(name, system):
    assert tool.system_named(name) == system


def test_an_unknown_system_is_an_error_that_lists_the_known():
    with pytest.raises(tool.Problem, match="no system 'v100'; there are a100_sxm, h100_sxm"):
        tool.system_named("v100")


def test_the_summary_tells_every_table_and_what_was_left_out():
    lines = tool.summary([
        {"table": "a", "rows": 5, "points": 3, "curves": 1, "repeated": 1, "left_out": {"x": 1}},
        {"table": "bb", "rows": 2, "points": 0, "curves": 0, "repeated": 0,
         "left_out": {"no mapping": 2}}])
    assert "1 repeat a key (median taken)  1 rows left out: x" in lines[0]
    assert "2 rows left out: no mapping" in lines[1]
    assert lines[2].strip() == "7 rows: 3 points, 1 repetitions, 3 left out"


@pytest.mark.parametrize("failure,code", [
    (tool.Problem("no network"), 69), (KeyboardInterrupt(), 130)])
def test_the_scratch_is_removed_whatever_happens(monkeypatch, tmp_path, capsys, failure, code):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(options, scratch):
        (scratch / "file").write_text("x")
        raise failure

    monkeypatch.setattr(tool, "get", fail)
    assert tool.main(["h200"]) == code
    assert list(tmp_path.iterdir()) == []
    assert "get-operator-tables: " in capsys.readouterr().err

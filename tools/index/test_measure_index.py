"""The command's own part and the plan, without faiss and without the network."""

import importlib.machinery
import importlib.util
import pathlib
import tempfile

import pytest

PATH = pathlib.Path(__file__).resolve().parent.parent / "measure-index"
LOADER = importlib.machinery.SourceFileLoader("measure_index", str(PATH))
SPEC = importlib.util.spec_from_loader(LOADER.name, LOADER)
tool = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(tool)
plan = tool.plan


def options(*arguments):
    return tool.parser().parse_args(["-o", "x.jsonl", *arguments])


@pytest.mark.parametrize("arguments,words", [
    (["--scale", "0"], "--scale"), (["--scale", "nan"], "--scale"), (["--threads", "0"], "--threads"),
    (["--threads", "100000"], "--threads"), (["-o", "x.csv"], "--output")])
def test_wrong_arguments_are_told(arguments, words):
    assert words in tool.check(options(*arguments))


def test_right_arguments_are_not():
    assert tool.check(options("--scale", "0.5", "--threads", "1")) is None


def test_every_dimension_can_be_divided_into_its_sub_quantisers():
    for index in plan.indexes(plan.KINDS):
        assert index["dimension"] % index.get("subquantizers", 1) == 0
        assert index.get("lists", 1) <= index["vectors"] // 8


def test_groups_to_hold_out_cross_dimensions_with_lists():
    groups = {(i["dimension"], i["lists"]) for i in plan.indexes(["ivf-pq"])}
    assert len(groups) >= 10
    assert len({d for d, _ in groups}) >= 4 and len({lists for _, lists in groups}) >= 4


def test_no_search_is_planned_twice_and_threads_are_those_asked_for():
    for index in plan.indexes(plan.KINDS):
        searches = plan.searches(index, [1, 2])
        keys = [tuple(sorted(search.items())) for search in searches]
        assert len(set(keys)) == len(keys)
        assert {search["threads"] for search in searches} == {1, 2}
        assert {search["threads"] for search in plan.searches(index, [1])} == {1}


@pytest.mark.parametrize("batch", [1, 4, 16, 64, 128, 1024])
def test_passes_stay_within_the_queries(batch):
    starts = plan.passes(batch, 1024)
    assert starts and all(0 <= start <= 1024 - batch for start in starts)


def test_a_quantile_is_one_of_the_values():
    assert plan.quantile([3, 1, 2], 0.5) == 2 and plan.quantile([3, 1, 2], 1) == 3
    with pytest.raises(ValueError):
        plan.quantile([], 0.5)


def test_the_scratch_is_removed_when_the_install_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(scratch):
        raise tool.Problem("could not install faiss-cpu: no network")

    monkeypatch.setattr(tool, "environment", fail)
    assert tool.main(["-o", str(tmp_path / "x.jsonl")]) == 69
    assert list(tmp_path.iterdir()) == []
    assert "measure-index: could not install" in capsys.readouterr().err

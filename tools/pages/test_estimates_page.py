"""The page of compared estimates in a real browser: what is chosen, by address or by keys, is what the command says."""

import json
import re
import shlex

import pytest

from browser import NEEDED, Tab, browse, console, reprise, requested

pytestmark = NEEDED


@pytest.fixture(scope="module")
def page(folder):
    reprise("compare-estimates", "--model", "llama-3.1-8b", "mixtral-8x7b", "--platform", "dgx-h100",
            "l40s-8-pcie", "--device", "t4", "--devices", 1, 2, 4, "--batch", 1, 8, 64, "--input", 500,
            "-o", folder / "estimates.html")
    return folder / "estimates.html"


@pytest.fixture(scope="module")
def tab(page):
    with Tab() as tab:
        yield tab


def at(page, choice=""):
    return f"file://{page}{choice and '#'}{choice}"


ROWS = """[...document.querySelectorAll('#rows tbody tr')].map(row =>
  [...row.cells].map(cell => cell.textContent))"""


def number(text):
    return float(text.replace(",", ""))


CHOICES = [
    "",
    "by=models&devices=4&platform=dgx-h100&type=fp8&use=reasoning&batch=64",
    "by=use+cases&model=mistralai/Mixtral-8x7B-v0.1&platform=l40s-8-pcie&devices=fewest+that+fit",
    "by=batches&platform=l40s-8-pcie&input=500&output=50&devices=2",
    "by=types&devices=1&batch=8&use=chat",
    "by=devices&use=code+generation&batch=1",
]


def test_no_table_of_the_usual_page_scrolls_in_a_window_of_1200_pixels(folder):
    reprise("compare-estimates", "-o", folder / "usual.html")
    with Tab("--window-size=1200,1600") as tab:
        tab.open(at(folder / "usual.html"))
        assert tab.value("innerWidth") <= 1200
        assert tab.value("document.querySelectorAll('.scroll').length") > 8
        wide = "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth)"
        assert tab.value(wide + ".map(box => box.getAttribute('aria-label'))") == []


@pytest.mark.parametrize("choice", CHOICES)
def test_rows_are_what_the_command_prints_for_them(tab, page, choice):
    tab.open(at(page, choice))
    rows = [row for row in tab.value(ROWS) if len(row) > 2]
    commands = tab.value("document.getElementById('commands').textContent").split("\n")
    assert len(rows) == len(commands) > 0
    for row, command in zip(rows, commands):
        told = json.loads(reprise(*shlex.split(command)[1:], "--json"))
        tokens = told["workload"]["batch"] * told["workload"]["output_tokens"]
        memory = told["memory"]
        expected = [
            told["devices"], told["ttft_ms"], told["tpot_ms"], told["end_to_end_ms"] / 1e3,
            told["tokens_per_s"], told["tokens_per_s"] / told["devices"]]
        shown = [number(cell) for cell in row[2:8]]
        # Four digits are shown of five.
        assert shown == pytest.approx(expected, rel=6e-4)
        if "cost_usd" in told:
            assert number(row[8]) == pytest.approx(told["cost_usd"] / tokens * 1e6, rel=6e-4)
        else:
            assert row[8] == "no price"
        assert number(row[9]) == pytest.approx(told["energy_joules"] / tokens, rel=6e-4)
        used = sum(memory[part + "_bytes"] for part in ("weights", "cache", "activations"))
        assert number(row[10].split()[0]) == pytest.approx(used / 2**30, rel=6e-4)
        assert memory["fits"]
        parts = [max(("compute", "memory", "communication", "launch"), key=lambda part: told[step][part + "_ms"])
                 for step in ("prefill", "decode")]
        assert row[11] == " / ".join(parts).replace("launch", "launches")


def test_limits_are_those_of_the_use_case(tab, page):
    tab.open(at(page, "by=batches&platform=dgx-h100&use=question+answering&devices=4"))
    for row in tab.value(ROWS):
        kept = number(row[3]) <= 200 and number(row[4]) <= 10
        assert (row[1] == "met") == kept
    assert {row[1] == "met" for row in tab.value(ROWS)} == {True, False}
    tab.open(at(page, "by=batches&platform=dgx-h100&input=500&output=50"))
    assert {row[1] for row in tab.value(ROWS)} == {""}
    assert tab.value("document.querySelector('[name=use]').value") == "own lengths"


def test_what_does_not_fit_says_by_how_much(tab, page):
    tab.open(at(page, "by=platforms&model=mistralai/Mixtral-8x7B-v0.1&devices=1&batch=1&use=chat"))
    reasons = {row[0]: row[1] for row in tab.value(ROWS)}
    assert re.match(r"does not fit: [\d.]+ GiB of 48 a device \(weights", reasons["l40s-8-pcie"])
    assert reasons["l40s-8-pcie"].endswith("fits on 2")
    assert "fits on" not in reasons["t4"]


def test_keys_choose_and_the_address_keeps_what_is_chosen(tab, page):
    tab.open(at(page))
    before = tab.value(ROWS)
    tab.value("document.querySelector('[name=type]').focus()")
    tab.press("ArrowDown", 40)
    assert tab.value("document.querySelector('[name=type]').value") == "fp8"
    after = tab.value(ROWS)
    assert after != before
    address = tab.value("location.href")
    assert "type=fp8" in address
    tab.open(address)
    assert tab.value(ROWS) == after
    # A use case brings its lengths, and lengths name their use case.
    tab.value("document.querySelector('[name=use]').focus()")
    tab.press("ArrowDown", 40)
    assert tab.value("['use', 'input', 'output'].map(name => document.querySelector(`[name=${name}]`).value)") \
        == ["answers with retrieval", "10000", "200"]
    tab.value("document.querySelector('[name=input]').focus()")
    tab.press("Home", 36)
    assert tab.value("document.querySelector('[name=use]').value") == "own lengths"
    assert tab.errors == []


def test_an_address_of_no_choice_changes_nothing(tab, page):
    tab.open(at(page))
    usual = tab.value(ROWS)
    for address in ("content", "model=<img src=x>&batch=-1&by=constructor", "=&&%", "type="):
        tab.open(at(page, address))
        assert tab.value(ROWS) == usual
    assert tab.errors == []


def test_every_picker_has_its_label_and_every_table_its_caption(tab, page):
    tab.open(at(page))
    assert tab.value("[...document.querySelectorAll('select')].every(one => one.labels.length === 1)")
    assert tab.value("[...document.querySelectorAll('table')].every(one =>"
                     " one.caption?.textContent || one.classList.contains('u-legend'))")
    assert tab.value("document.getElementById('answer').getAttribute('role')") == "status"


def test_tables_are_there_without_scripts(page):
    with Tab("--blink-settings=scriptEnabled=false") as tab:
        tab.ask("Page.navigate", url=at(page))
        while not tab.loads:
            tab.message()
        tree = tab.ask("Accessibility.getFullAXTree")["nodes"]
        said = [node.get("name", {}).get("value", "") for node in tree if not node["ignored"]]
    assert any("question answering: 1,000 tokens in" in text for text in said)
    assert any("Choosing needs a script" in text for text in said)
    assert "Side by side" not in said
    roles = {node["role"]["value"] for node in tree if not node["ignored"]}
    assert "combobox" not in roles and "table" in roles


def test_the_console_is_silent(page):
    assert console(page) == []


def test_nothing_leaves_the_file(page, folder):
    empty = folder / "empty.html"
    empty.write_text("<!doctype html><title>empty</title>")
    assert requested(page, folder) <= requested(empty, folder)


@pytest.mark.parametrize("options", [
    ["--window-size=400,3000"], ["--blink-settings=preferredColorScheme=0"]], ids=["phone", "dark"])
def test_pictures_are_not_blank(page, folder, options):
    picture = folder / "page.png"
    browse(page, f"--screenshot={picture}", *options)
    assert picture.stat().st_size > 60_000

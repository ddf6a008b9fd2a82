"""A report in a real browser: its scripts run, its console is silent, and nothing leaves the file.

Skipped, saying so, where there is no Chromium or no build of the command.
"""

import pytest

from browser import NEEDED, ROOT, body, browse, console, reprise, requested

OWN = ROOT / "SampleTraces" / "amd-epyc-1thread"

pytestmark = NEEDED


@pytest.fixture(scope="module")
def replay_page(folder):
    reprise("replay", "--deployment", OWN / "server.yaml", "--log",
            OWN / "serve-bursty-110" / "requests.jsonl.zst", "-o", folder / "replay")
    reprise("report", folder / "replay", "-o", folder / "replay.html", "--ttft-ms", "3000")
    return folder / "replay.html"


@pytest.fixture(scope="module")
def comparison(folder):
    scenario = ROOT / "docs" / "examples" / "pipelines" / "prefill-decode.yaml"
    for seed in (1, 2):
        reprise("pipeline", scenario, "--seed", seed, "--requests", 300, "-o", folder / f"seed-{seed}")
    reprise("report", folder / "seed-1", folder / "seed-2", "-o", folder / "comparison.html")
    return folder / "comparison.html"


@pytest.fixture(params=["replay_page", "comparison"])
def page(request):
    return request.getfixturevalue(request.param)


def test_scripts_draw_every_panel_that_is_in_sight(replay_page):
    document = body(browse(replay_page, "--dump-dom").stdout)
    assert 'class="scripted"' in document
    assert document.count('class="panel"') == 5
    assert document.count("<canvas") == 5


def test_a_scenario_has_panels_of_its_pools_and_links(comparison, folder):
    reprise("report", folder / "seed-1", "-o", folder / "scenario.html")
    document = body(browse(folder / "scenario.html", "--dump-dom").stdout)
    for title in ["Engines busy by pool, %", "Requests served by pool", "Requests waiting by pool",
                  "Key-value blocks in use by pool, %", "Busiest link by kind, %"]:
        assert f"<h3>{title}</h3>" in document
    assert document.count('class="panel"') == document.count("<canvas") == 8


def test_the_console_is_silent(page):
    assert console(page) == []


def test_a_console_error_would_be_seen(folder):
    wrong = folder / "wrong.html"
    wrong.write_text("<!doctype html><script>nothing.there()</script>")
    assert console(wrong) != []


def test_nothing_leaves_the_file(page, folder):
    empty = folder / "empty.html"
    empty.write_text("<!doctype html><title>empty</title>")
    # What the browser asks for by itself is not the page's.
    assert requested(page, folder) <= requested(empty, folder)


def test_a_request_would_be_seen(folder):
    asking = folder / "asking.html"
    asking.write_text('<!doctype html><img src="http://127.0.0.1:9/x.png">')
    assert "http://127.0.0.1:9/x.png" in requested(asking, folder)


@pytest.mark.parametrize("options", [
    ["--window-size=400,3000"], ["--blink-settings=preferredColorScheme=0"]], ids=["phone", "dark"])
def test_pictures_are_not_blank(replay_page, folder, options):
    picture = folder / "page.png"
    browse(replay_page, f"--screenshot={picture}", *options)
    # A page of one colour packs into a few kB.
    assert picture.stat().st_size > 60_000

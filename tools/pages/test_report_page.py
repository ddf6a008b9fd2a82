"""A report in a real browser: its scripts run, its console is silent, and nothing leaves the file.

Skipped, saying so, where there is no Chromium or no build of the command.
"""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OWN = ROOT / "SampleTraces" / "amd-epyc-1thread"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
BUILDS = [ROOT / ".build" / kind / "reprise" for kind in ("debug", "release")]
REPRISE = next((build for build in BUILDS if build.exists()), None)

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here: pages are not opened"),
    pytest.mark.skipif(REPRISE is None, reason="no build of reprise"),
]


def reprise(*arguments):
    done = subprocess.run([REPRISE, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


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


def browse(page, *options):
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-component-update", "--disable-background-networking", "--disable-sync",
         "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--window-size=1100,4000", *options, f"file://{page}"],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def body(document):
    """A document less the scripts in it."""
    return re.sub(r"<script.*?</script>", "", document, flags=re.S)


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
    said = browse(page, "--dump-dom", "--enable-logging=stderr", "--v=0").stderr
    assert [line for line in said.splitlines() if "CONSOLE" in line] == []


def test_a_console_error_would_be_seen(folder):
    wrong = folder / "wrong.html"
    wrong.write_text("<!doctype html><script>nothing.there()</script>")
    said = browse(wrong, "--dump-dom", "--enable-logging=stderr", "--v=0").stderr
    assert any("CONSOLE" in line for line in said.splitlines())


def requested(page, folder):
    """The addresses that a browser asks for as it shows a page."""
    log = folder / "net.json"
    browse(page, "--dump-dom", f"--log-net-log={log}")
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # The browser left before it closed the list.
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    urls = {event["params"]["url"] for event in events
            if isinstance(event.get("params"), dict) and "url" in event["params"]}
    # A browser's own questions carry numbers that are new each time.
    return {url.split("?")[0] for url in urls if url.startswith(("http", "ws", "ftp"))}


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

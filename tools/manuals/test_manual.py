"""Man pages and completions: every command has a page, and the tools that read them have nothing to say.

Skipped, saying so, where there is no build of the command.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

from built import REPRISE, ROOT, needs_build
from man_pages import escaped, pages



@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("manual")
    subprocess.run(
        [ROOT / "tools" / "manual", "--prefix", prefix, "--reprise", REPRISE], check=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1764288000"})
    return prefix / "share"


def shown(page):
    """A page as a terminal shows it, without its overstrikes."""
    text = subprocess.run(
        ["groff", "-man", "-Tutf8", "-K", "utf8", "-P-c"], input=page, capture_output=True,
        text=True, check=True).stdout
    return re.sub(r".\x08", "", text)


@needs_build
def test_every_command_that_help_lists_has_a_page(installed):
    def listed(*names):
        help = subprocess.run([REPRISE, "help", *names], capture_output=True, text=True, check=True)
        _, _, commands = help.stdout.partition("SUBCOMMANDS:\n")
        found = re.findall(r"^  ([a-z-]+)(?: \(default\))?(?:  |$)", commands, re.MULTILINE)
        return [names] + [page for name in found for page in listed(*names, name)]

    names = {"-".join(("reprise", *command)) + ".1" for command in listed()}
    assert {"reprise.1", "reprise-merge.1", "reprise-sweep-plan.1"} <= names
    written = {file.name for file in (installed / "man" / "man1").iterdir()}
    assert written - {"reprise-help.1"} == names


@needs_build
@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_groff_has_nothing_to_say(installed):
    for file in sorted((installed / "man" / "man1").iterdir()):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-z", "-K", "utf8", file], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), file.name


@needs_build
@pytest.mark.skipif(shutil.which("mandoc") is None, reason="no mandoc here")
def test_mandoc_has_nothing_to_say(installed):
    files = sorted((installed / "man" / "man1").iterdir())
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *files], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


@needs_build
@pytest.mark.parametrize(
    "shell, path",
    [("bash", "bash-completion/completions/reprise"), ("zsh", "zsh/site-functions/_reprise"),
     ("fish", "fish/vendor_completions.d/reprise.fish")])
def test_completions_are_sound_and_know_the_commands(installed, shell, path):
    text = (installed / path).read_text()
    assert "merge" in text and "plan-measurements" in text
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run([shell, "-n", installed / path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@needs_build
@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_a_page_says_what_help_says(installed):
    page = (installed / "man" / "man1" / "reprise-query.1").read_text()
    text = shown(page)
    flat = re.sub(r"[\s\u2010-]+", "", text)
    help = json.loads(subprocess.run(
        [REPRISE, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout)
    query = next(c for c in help["command"]["subcommands"] if c["commandName"] == "query")
    for said in [query["abstract"].rstrip("."), query["discussion"],
                 *(argument["abstract"] for argument in query["arguments"])]:
        assert re.sub(r"[\s-]+", "", said) in flat
    assert "reprise query --db lat.sqlite gemm m=128 n=4096 k=4096" in text


def argument(**more):
    return {"kind": "option", "isOptional": True, "isRepeating": False, "valueName": "path",
            "names": [{"kind": "long", "name": "db"}],
            "preferredName": {"kind": "long", "name": "db"}, "shouldDisplay": True} | more


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
@pytest.mark.parametrize(
    "text", [".hidden file", "'quoted' first", r"a\nb \fBnot bold\fR", "--a-b ~ ^ `x`", "µs …"])
def test_what_roff_would_take_for_its_own_is_printed(text):
    assert text in shown(f".TH A 1\n.SH NAME\n{escaped(text)}\n")


def test_what_is_hidden_has_no_page():
    child = {"commandName": "inner", "abstract": "Does it.", "arguments": [
        argument(), argument(shouldDisplay=False, names=[{"kind": "long", "name": "secret"}])]}
    tool = {"command": {"commandName": "tool", "abstract": "Tools.", "subcommands": [
        child, child | {"commandName": "ghost", "shouldDisplay": False}]}}
    made = pages(tool, "1", "")
    assert sorted(made) == ["tool-inner.1", "tool.1"]
    assert "secret" not in made["tool-inner.1"] and "\\-\\-db" in made["tool-inner.1"]
    assert "ghost" not in made["tool.1"]

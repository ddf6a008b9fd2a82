"""The tutorials print what they say; and what checks them finds what is wrong, with a command of its own."""

import subprocess

import pytest

from blocks import agrees, renewed, steps
from built import REPRISE, ROOT, needs_build

CHECK = ROOT / "tools" / "check-docs"

PAGE = """# Page

```console run
$ reprise one
1
$ reprise two \\
    --more
a
…
z
$ cat <<END
> one
>   two
> END
one
  two
```

    $ reprise never
```console
$ reprise never
```
"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    return tmp_path / "page.md"


def run(page, script, *arguments):
    """Checks a page against a command that is a shell script."""
    command = page.parent / "command"
    command.write_text("#!/bin/sh\n" + script)
    command.chmod(0o755)
    return subprocess.run(
        [CHECK, "--reprise", command, *arguments, page], capture_output=True, text=True)


SOUND = 'case "$*" in one) echo 1;; "two --more") echo a; echo 7; echo z;; *) exit 3;; esac\n'


def test_a_page_that_is_right_is_passed(page):
    done = run(page, SOUND)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_a_difference_is_told_and_written(page):
    script = SOUND.replace("echo 1", "echo 2").replace("echo z", "echo y")
    done = run(page, script)
    assert done.returncode == 1
    assert "page.md:4" in done.stdout and "-1\n+2" in done.stdout and "-z" in done.stdout
    assert page.read_text() == PAGE
    assert run(page, script, "--write").returncode == 0
    assert page.read_text() == PAGE.replace("\n1\n", "\n2\n").replace("\nz\n", "\ny\n")
    assert run(page, script).returncode == 0


def test_a_command_that_fails_is_told_with_its_words(page):
    done = run(page, "echo what is wrong >&2; exit 65\n")
    assert done.returncode == 1
    assert "page.md:4: exit code 65: reprise one\nwhat is wrong" in done.stdout


@pytest.mark.parametrize(
    "expected, printed, good",
    [
        (["a"], ["a"], True), (["a"], ["b"], False), (["a"], ["a", "b"], False), ([], ["a"], False),
        (["…"], [], True), (["a", "…"], ["a", "b", "c"], True), (["a", "…", "c"], ["a", "c"], True),
        (["a", "…", "c"], ["a", "b"], False), (["t … s"], ["t 0.1 s"], True), (["t … s"], ["t 0.1 m"], False),
        (["1.5"], ["125"], False), (["a "], ["a"], True), (["…", "b", "…"], ["a", "b", "c"], True),
    ])
def test_elisions_stand_for_anything_and_nothing_else_does(expected, printed, good):
    assert agrees(expected, printed) == good


@pytest.mark.parametrize(
    "expected, printed, text",
    [
        (["a"], ["b", "c"], ["b", "c"]), (["a", "…"], ["b", "c"], ["b", "…"]),
        (["…", "a"], ["b", "c", "d"], ["…", "d"]), (["a", "…", "b", "…", "c"], list("vwxyz"), ["v", "…", "z"]),
        (["a", "b", "…", "c"], ["x"], ["x"]),
    ])
def test_a_new_text_keeps_its_elisions(expected, printed, text):
    assert renewed(expected, printed) == text
    assert agrees(text, printed)


def test_commands_are_found_with_their_lines():
    found = steps("page", PAGE.splitlines())
    assert [(step.command, step.expected) for step in found] == [
        ("reprise one", ["1"]), ("reprise two --more", ["a", "…", "z"]),
        ("cat <<END\none\n  two\nEND", ["one", "  two"])]


@needs_build
def test_the_tutorials_print_what_they_say():
    done = subprocess.run([CHECK, "--reprise", REPRISE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

"""Blocks of a page that can be run: the commands in them, and what they print.

A block begins with ```` ```console run ````. In it a line after `$ ` is a command (one that ends in `\\` goes
on in the next line, and all lines after `> ` belong to it, as a shell shows them); what follows is what it
prints on standard output. A line `…` stands for any lines,
`…` within a line for any text: what depends on the machine, or is too much.
"""

import dataclasses
import difflib
import re

ELISION = "…"


@dataclasses.dataclass
class Step:
    """A command of a page."""

    page: str
    # Of the command, from 0, in the lines of the page.
    line: int
    command: str
    # Where what it prints begins and ends.
    begin: int
    end: int
    expected: list


def steps(page, lines):
    """The commands of all blocks that can be run, in order."""
    found, inside, number = [], False, 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not inside:
            inside = line.strip() == "```console run"
        elif line.startswith("```"):
            inside = False
        elif line.startswith("$ "):
            start, command = number - 1, line[2:]
            while command.endswith("\\"):
                command = command[:-1].rstrip() + " " + lines[number].strip()
                number += 1
            while lines[number].startswith("> "):
                command += "\n" + lines[number][2:]
                number += 1
            end = number
            while not lines[end].startswith(("```", "$ ")):
                end += 1
            found.append(Step(page, start, command, number, end, lines[number:end]))
            number = end
    return found


def agrees(expected, printed):
    """Whether lines are as a page has them, elisions apart."""
    pattern = ""
    for line in expected:
        if line.strip() == ELISION:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split(ELISION))) + r"\n"
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed)) is not None


def renewed(expected, printed):
    """What a page should have: as many lines before its first elision and after its last as it had."""
    places = [place for place, line in enumerate(expected) if line.strip() == ELISION]
    if not places:
        return printed
    head, tail = places[0], len(expected) - 1 - places[-1]
    if head + tail >= len(printed):
        return printed
    return printed[:head] + [expected[places[0]]] + printed[len(printed) - tail:]


def difference(step, printed):
    """How what was printed differs from the page."""
    place = f"{step.page}:{step.line + 1}"
    return "\n".join(
        difflib.unified_diff(step.expected, printed, place, "$ " + step.command, lineterm=""))

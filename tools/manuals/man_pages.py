"""Man pages of a command of swift-argument-parser, from what it says about itself.

`reprise --experimental-dump-help` prints every command with its arguments as JSON; each becomes a
page, `reprise.1`, `reprise-replay.1`, `reprise-sweep-plan.1`. Hidden commands and arguments have none.
"""

import re


def visible(entries):
    """Those that help shows."""
    return [entry for entry in entries if entry.get("shouldDisplay", True)]


def commands(command, parents=()):
    """Every command that help shows with the names above it, itself first."""
    yield parents, command
    for child in visible(command.get("subcommands", [])):
        yield from commands(child, (*parents, command["commandName"]))


def escaped(text):
    """Text as roff prints it: no escapes, no requests, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"(?m)^(?=\.)", r"\\&", text)


def spelling(name):
    """An option's name with its dashes."""
    return ("-" if len(name["name"]) == 1 else "--") + name["name"]


def value(argument):
    return f"\\fI{escaped(argument.get('valueName', 'value'))}\\fR"


def usage(argument):
    """An argument as the synopsis has it."""
    if argument["kind"] == "positional":
        text = value(argument)
    else:
        text = f"\\fB{escaped(spelling(argument['preferredName']))}\\fR"
        if argument["kind"] == "option":
            text += "\\ " + value(argument)
    if argument["isRepeating"]:
        text += "\\ ..."
    return f"[{text}]" if argument["isOptional"] else text


def heading(argument):
    """An argument as the head of its description."""
    if argument["kind"] == "positional":
        return value(argument)
    names = ", ".join(f"\\fB{escaped(spelling(name))}\\fR" for name in argument["names"])
    return names + (f" {value(argument)}" if argument["kind"] == "option" else "")


def prose(text):
    """Lines of a discussion: paragraphs, and what is indented as it stands."""
    lines = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        parts = []
        for line in block.split("\n"):
            isCode = line.startswith("  ")
            if parts and parts[-1][0] == isCode:
                parts[-1][1].append(line)
            else:
                parts.append((isCode, [line]))
        lines.append(".PP")
        for isCode, part in parts:
            if isCode:
                lines += [".RS 4", ".nf", *(escaped(line.strip("\n")[2:]) for line in part), ".fi", ".RE"]
            else:
                lines += [escaped(line.strip()) for line in part]
    return lines[1:] if lines[:1] == [".PP"] else lines


def described(argument):
    """An argument's head and all that is said of it."""
    facts = [argument.get("abstract", "")]
    if argument.get("allValues"):
        facts.append("Values: " + ", ".join(argument["allValues"]) + ".")
    if "defaultValue" in argument:
        facts.append(f"Default: {argument['defaultValue']}.")
    lines = [".TP", heading(argument), escaped(" ".join(fact for fact in facts if fact)) or "\\&"]
    if argument.get("discussion"):
        lines += [".sp", *(escaped(line.strip()) for line in argument["discussion"].split("\n") if line.strip())]
    return lines


def page(parents, command, version, date):
    """A command's page as roff of the macros 'man'."""
    names = (*parents, command["commandName"])
    title = "-".join(names)
    arguments = visible(command.get("arguments", []))
    children = visible(command.get("subcommands", []))
    lines = [
        f'.TH "{title.upper()}" "1" "{date}" "{names[0]} {version}" "{names[0]}"',
        ".SH NAME", f"{escaped(title)} \\- {escaped(command.get('abstract', '').rstrip('.'))}",
        ".SH SYNOPSIS", f"\\fB{escaped(' '.join(names))}\\fR",
    ]
    if children:
        lines.append("\\fIcommand\\fR")
    lines += [usage(argument) for argument in arguments]
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", *prose(command["discussion"])]
    if children:
        lines.append(".SH COMMANDS")
        for child in children:
            lines += [
                ".TP", f"\\fB{escaped(title + '-' + child['commandName'])}\\fR(1)",
                escaped(child.get("abstract", ""))]
    positional = [argument for argument in arguments if argument["kind"] == "positional"]
    sections = {"ARGUMENTS": positional}
    for argument in arguments:
        if argument["kind"] != "positional":
            sections.setdefault(argument.get("sectionTitle", "Options").upper(), []).append(argument)
    for section, members in sorted(sections.items(), key=lambda pair: pair[0] == "OPTIONS"):
        if members:
            lines.append(f'.SH "{escaped(section)}"')
            for argument in members:
                lines += described(argument)
    if parents:
        lines += [".SH SEE ALSO", f"\\fB{escaped('-'.join(parents))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def pages(tool, version, date):
    """Pages by the names of their files.

    tool: what `--experimental-dump-help` prints, read as JSON.
    version: what `--version` prints.
    date: of the pages, such as 2026-11-28; may be empty.
    """
    return {
        "-".join((*parents, command["commandName"])) + ".1": page(parents, command, version, date)
        for parents, command in commands(tool["command"])
    }

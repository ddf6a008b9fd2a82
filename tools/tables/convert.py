"""AIConfigurator's Parquet tables as operator curves: one JSON Lines file a table and runtime.

The form is TraceSchemas/operator-curves.schema.json. A runtime of Reprise's is a framework, its
version, and whatever keeps two measurements of one operator apart: a quantisation's scheme, the
distribution of tokens over experts, eager launches instead of a graph, or a kernel where a table
holds several for one key. What nothing keeps apart are repetitions: their median, and their count.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys
from dataclasses import dataclass, field

import numpy as np
import pyarrow.parquet as parquet

from mapping import BITS, DATA_TYPES, FRAMEWORKS, TABLES, UNMAPPED

LARGEST_AXIS = 1 << 30
LARGEST_ATTRIBUTE = 1 << 31


@dataclass
class Report:
    """What became of one table's rows."""

    table: str
    rows: int = 0
    points: int = 0
    curves: int = 0
    files: list = field(default_factory=list)
    # Rows that repeat a key.
    repeated: int = 0
    left_out: dict = field(default_factory=dict)

    def leave_out(self, reason, rows):
        if rows:
            self.left_out[reason] = self.left_out.get(reason, 0) + int(rows)


class Columns:
    """A table's columns as arrays: numbers as they are, text as codes into its distinct values."""

    def __init__(self, table):
        self.table = table
        self.count = table.num_rows
        self.names = set(table.column_names)
        self._text = {}

    def numbers(self, name):
        """A numeric column; one that is missing is zero (a window before there were windows)."""
        if name not in self.names:
            return np.zeros(self.count, np.int64)
        column = self.table[name]
        values = column.to_numpy(zero_copy_only=False)
        return values if values.dtype.kind in "if" else values.astype(np.float64)

    def text(self, name):
        """A text column as (codes, distinct values)."""
        if name not in self._text:
            if name not in self.names:
                self._text[name] = (np.zeros(self.count, np.int64), [""])
            else:
                encoded = self.table[name].cast("string").combine_chunks().dictionary_encode()
                codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
                values = encoded.dictionary.to_pylist() + [""]
                self._text[name] = (np.where(codes < 0, len(values) - 1, codes), values)
        return self._text[name]

    def look_up(self, name, function):
        """A number for each row from the text of a column."""
        codes, values = self.text(name)
        return np.array([function(value) for value in values], np.int64)[codes]

    def constant(self, value):
        return np.full(self.count, value, np.int64)

    def resolve(self, source):
        return self.numbers(source) if isinstance(source, str) else source(self)

    def equal(self, name, value):
        """Where a column holds a value; a column that is missing holds it everywhere."""
        if name not in self.names:
            return np.ones(self.count, bool)
        if isinstance(value, str):
            codes, values = self.text(name)
            return np.array([each == value for each in values])[codes]
        return self.numbers(name) == value


def codes_of(names):
    """Distinct texts of a list, and each one's index."""
    distinct = sorted(set(names))
    index = {name: number for number, name in enumerate(distinct)}
    return np.array([index[name] for name in names], np.int64), distinct


def compact(keys):
    """Arrays of keys as one integer each, ordered as the tuples are."""
    combined = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        _, codes = np.unique(key, return_inverse=True)
        combined = combined * (int(codes.max(initial=0)) + 1) + codes
        # Dense again, so that a product never overflows.
        _, combined = np.unique(combined, return_inverse=True)
    return combined


def is_eager(kernel):
    return kernel.endswith("_eager")


def variants(columns, mapping, rows, keys):
    """The words that keep apart what one key must not mix, for each row: (codes, texts).

    Of several kernels that measured one key, that with the most rows keeps the plain name, but a
    graph's launch goes before an eager one: it is how engines decode.
    """
    parts = [[mapping.note] if mapping.note else []]
    codes = np.zeros(columns.count, np.int64)

    def split(row_codes, words):
        nonlocal codes, parts
        combined = codes * len(words) + row_codes
        parts = [part + ([word] if word else []) for part in parts for word in words]
        used, codes = np.unique(combined, return_inverse=True)
        parts = [parts[number] for number in used]

    if mapping.data_type:
        type_codes, names = columns.text(mapping.data_type)
        split(type_codes, [DATA_TYPES.get(name, (None, {}, name))[2] for name in names])
    for name, plain in mapping.conditions.items():
        condition_codes, names = columns.text(name)
        split(condition_codes, ["" if value in plain else value for value in names])
    kernel_codes, kernels = columns.text("kernel_source")
    if rows.any() and len(np.unique(kernel_codes[rows])) > 1:
        place = compact([codes[rows], *(key[rows] for key in keys)])
        pairs = np.unique(np.stack([place, kernel_codes[rows]]), axis=1)
        contested = np.bincount(pairs[0]) > 1
        if contested.any():
            rivals = np.unique(pairs[1][contested[pairs[0]]])
            counts = np.bincount(kernel_codes[rows], minlength=len(kernels))
            plain = min(rivals, key=lambda code: (
                is_eager(kernels[code]), -counts[code], kernels[code]))
            words = [
                "" if code not in rivals or code == plain
                else "eager" if is_eager(kernels[code]) else kernels[code]
                for code in range(len(kernels))]
            split(kernel_codes, words)
    return codes, [" ".join(part) for part in parts]


def points(mapping, columns, rows, report):
    """The rows of a mapping as sorted arrays, or None where there are none."""
    attributes = {name: columns.resolve(source) for name, source in mapping.attributes.items()}
    axes = {name: columns.resolve(source) for name, source in mapping.axes.items()}
    types = columns.text(mapping.data_type) if mapping.data_type else (
        columns.constant(0), ["default"])
    known = np.array([name in DATA_TYPES for name in types[1]])
    for code in np.unique(types[0][rows & ~known[types[0]]]):
        report.leave_out(f"data type '{types[1][code]}'", (rows & (types[0] == code)).sum())
    rows = rows & known[types[0]]

    for name, value in mapping.required.items():
        wrong = rows & ~columns.equal(name, value)
        report.leave_out(f"{name} is not {value}", wrong.sum())
        rows = rows & ~wrong

    nanoseconds = np.rint(sum(columns.numbers(name) for name in mapping.value) * mapping.unit)
    usable = np.isfinite(nanoseconds) & (nanoseconds >= 1) & (nanoseconds <= 3.6e12)
    report.leave_out("no time", (rows & ~usable).sum())
    rows = rows & usable
    for values, largest, names in (
            (attributes, LARGEST_ATTRIBUTE, "size"), (axes, LARGEST_AXIS << 10, "size")):
        for name, column in values.items():
            least = 0 if name in mapping.silent or values is axes else 1
            wrong = rows & ~((column >= least) & (column <= largest))
            report.leave_out(f"{names} '{name}' out of range", wrong.sum())
            rows = rows & ~wrong
    if not rows.any():
        return None

    if mapping.cache_type and mapping.cache_type in columns.names:
        own = columns.look_up(mapping.data_type, lambda name: BITS.get(
            DATA_TYPES.get(name, (None,))[0], 0))
        cache = columns.look_up(mapping.cache_type, lambda name: BITS.get(
            DATA_TYPES.get(name, (None,))[0], 0))
        attributes["kvBits"] = np.where(cache == own, 0, cache)
    keys = [types[0], *attributes.values(), *axes.values()]
    codes, words = variants(columns, mapping, rows, keys)
    kernel_codes, kernels = columns.text("kernel_source")
    order = np.flatnonzero(rows)
    # By runtime, operator, kernel and point; repetitions by time, for their median.
    sort_keys = [codes, types[0], *attributes.values(), kernel_codes, *axes.values(), nanoseconds]
    order = order[np.lexsort([key[order] for key in reversed(sort_keys)])]
    return {
        "codes": codes[order], "words": words, "types": types[0][order], "type_names": types[1],
        "attributes": {name: column[order] for name, column in attributes.items()},
        "axes": {name: column[order].astype(np.int64) for name, column in axes.items()},
        "ns": nanoseconds[order].astype(np.int64), "kernels": kernel_codes[order],
        "kernel_names": kernels,
    }


def starts(*keys):
    """The indices at which any key changes."""
    changed = np.zeros(len(keys[0]), bool)
    changed[0] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def curve_lines(mapping, found, report):
    """(words of the runtime, line of JSON) for every curve; the arrays are sorted."""
    operator = [
        found["codes"], found["types"], *found["attributes"].values(), found["kernels"]]
    first = starts(*operator, *found["axes"].values())
    counts = np.diff(np.append(first, len(found["ns"])))
    # The mean of the two in the middle, which are one where the count is odd.
    low, high = first + (counts - 1) // 2, first + counts // 2
    median = (found["ns"][low] + found["ns"][high]) // 2
    report.repeated += int((counts - 1).sum())
    report.points += len(first)
    rows = [column[first] for column in found["axes"].values()] + [median]
    table = np.stack(rows, axis=1).tolist()
    for index in np.flatnonzero(counts > 1):
        table[index].append(int(counts[index]))
    kernels = found["kernels"][first]
    begins = starts(*(key[first] for key in operator))
    ends = np.append(begins[1:], len(first))
    axes = json.dumps(list(found["axes"]), separators=(",", ":"))
    for begin, end in zip(begins.tolist(), ends.tolist()):
        place = first[begin]
        data_type, fixed, _ = DATA_TYPES[found["type_names"][found["types"][place]]]
        attributes = dict(fixed)
        for name, column in found["attributes"].items():
            value = int(column[place])
            if value != mapping.silent.get(name, 0):
                attributes[name] = value
        head = {"kind": mapping.kind, "attributes": attributes}
        if data_type:
            head["dtype"] = data_type
        head["label"] = found["kernel_names"][kernels[begin]]
        text = json.dumps(head, separators=(",", ":"))[:-1]
        body = json.dumps(table[begin:end], separators=(",", ":"))
        yield found["words"][found["codes"][place]], f'{text},"axes":{axes},"points":{body}}}\n'
        report.curves += 1


def framework(columns, folder, version):
    """(name, version) of the software: what the rows say, where it is not what the folder says."""
    if folder in ("nccl", "oneccl"):
        return FRAMEWORKS[folder], version
    _, kernels = columns.text("kernel_source")
    own = [name for name in columns.text("framework")[1] if name]
    # A table that another framework's collection was copied into.
    if folder != "trtllm" and set(filter(None, kernels)) == {"TRTLLM"}:
        row_versions = sorted(filter(None, columns.text("version")[1]))
        return FRAMEWORKS["trtllm"], row_versions[0] if row_versions else version
    name = folder if folder in FRAMEWORKS else own[0].lower() if own else folder
    return FRAMEWORKS.get(name, name), version


def collection(path, table):
    """What the collection's notes say of a table: `complete`, or nothing."""
    notes = path.parent / "collection_meta.yaml"
    if not notes.exists():
        return ""
    text = notes.read_text(encoding="utf-8", errors="replace")
    provenance = re.search(r"^provenance: *(\S+)", text, re.MULTILINE)
    status = re.search(rf"^  {re.escape(table)}: *\n(?:    .*\n)*?    status: *(\S+)", text,
                       re.MULTILINE)
    return ", ".join(found.group(1) for found in (provenance, status) if found)


def convert(path, system_folder, output, package, device):
    """Converts one table; returns its report."""
    name = path.stem
    place = path.relative_to(system_folder.parent)
    report = Report(str(place))
    table = parquet.read_table(path)
    columns = Columns(table)
    report.rows = columns.count
    if name not in TABLES:
        report.leave_out(UNMAPPED.get(name, "no mapping"), columns.count)
        return report
    folder, version = path.parent.parent.name, path.parent.name
    software, version = framework(columns, folder, version)
    own_device = np.ones(columns.count, bool)
    if "device" in columns.names:
        codes, names = columns.text("device")
        own_device = np.array([device.matches(text) for text in names])[codes]
        for code in np.unique(codes[~own_device]):
            report.leave_out(f"measured on '{names[code]}'", (codes == code).sum())
    taken = np.zeros(columns.count, bool)
    by_runtime = {}
    for mapping in TABLES[name]:
        rows = own_device.copy()
        if mapping.only:
            rows &= columns.equal(*mapping.only)
        taken |= rows
        found = points(mapping, columns, rows, report)
        if found is None:
            continue
        for words, line in curve_lines(mapping, found, report):
            by_runtime.setdefault(words, []).append(line)
    report.leave_out("another operation", (own_device & ~taken).sum())

    facts = {
        "package": package, "licence": "Apache-2.0",
        "attribution": "Copyright (c) NVIDIA CORPORATION & AFFILIATES",
        "table": str(place), "table_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "table_rows": str(report.rows), "repeated_rows": str(report.repeated),
        "rows_left_out": "; ".join(
            f"{count}: {reason}" for reason, count in sorted(report.left_out.items())) or "0",
    }
    notes = collection(path, name)
    if notes:
        facts["collection"] = notes
    stated = sorted(filter(None, columns.text("version")[1]))
    if stated and stated != [version]:
        facts["stated_versions"] = ", ".join(stated)
    for number, (words, lines) in enumerate(sorted(by_runtime.items())):
        header = {
            "operator_curves": 1, "device": device.name,
            "runtime": {"framework": software, "version": " ".join(filter(None, [version, words]))},
            "source": f"{package}/{place}", "facts": facts,
        }
        file = output / ("-".join(place.with_suffix("").parts) + f"-{number}.jsonl")
        with open(file, "w", encoding="ascii") as stream:
            stream.write(json.dumps(header, separators=(",", ":")) + "\n")
            stream.writelines(lines)
        report.files.append(file.name)
    return report


@dataclass
class TableDevice:
    """The device of a system: the name to keep, and a word that rows of it hold."""

    name: str
    word: str

    def matches(self, text):
        return not text or self.word.lower() in text.lower()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", required=True, type=pathlib.Path, help="a system's folder")
    parser.add_argument("--device", required=True, help="its device's name")
    parser.add_argument("--word", required=True, help="a word that the device's rows hold")
    parser.add_argument("--backends", nargs="+", required=True)
    parser.add_argument("--package", required=True, help="where the tables are from")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    options = parser.parse_args(arguments)
    device = TableDevice(options.device, options.word)
    wanted = {*options.backends, "nccl", "oneccl"}
    for path in sorted(options.system.rglob("*.parquet")):
        if path.parent.parent.name not in wanted:
            continue
        report = convert(path, options.system, options.output, options.package, device)
        print(json.dumps(vars(report)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

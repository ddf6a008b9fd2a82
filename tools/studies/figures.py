"""Figures of the studies as plain SVG, in the look of the others in docs/."""

import math
from xml.sax.saxutils import escape

FONT = "-apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif"
INK, GREY, GRID, AXIS = "#1f2328", "#59636e", "#eaeef2", "#8c959f"
COLOURS = ["#0969da", "#d4762c", "#1a7f37", "#8250df", "#afb8c1", "#bf3989", "#6e7781"]


def number(value):
    """A coordinate with no more digits than can be seen."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def steps(top):
    """Round values from 0 to at least `top`, four to six of them."""
    if top <= 0:
        return [0, 1]
    raw = top / 5
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def label(value):
    """A tick's text."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:g}"


class Figure:
    """A white card with a title, a legend, and panels."""

    def __init__(self, width, height, title, description):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="{FONT}">',
            f"<title>{escape(title)}</title>", f"<desc>{escape(description)}</desc>",
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="#ffffff" '
            'stroke="#d0d7de"/>']
        self.text(32, 38, title, size=18, colour=INK, bold=True)

    def text(self, x, y, words, size=12, colour=GREY, anchor="start", bold=False, turn=False):
        self.parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{colour}"'
            + (f' text-anchor="{anchor}"' if anchor != "start" else "")
            + (' font-weight="600"' if bold else "")
            + (f' transform="rotate(-90 {number(x)} {number(y)})"' if turn else "")
            + f">{escape(words)}</text>")

    def line(self, x1, y1, x2, y2, colour=GRID, width=1, dash=None):
        self.parts.append(
            f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" '
            f'stroke="{colour}" stroke-width="{width}"'
            + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def rectangle(self, x, y, width, height, colour, outlined=False):
        paint = f'fill="none" stroke="{colour}" stroke-width="1.5"' if outlined else f'fill="{colour}"'
        self.parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
            f'height="{number(max(0, height))}" {paint}/>')

    def legend(self, entries, x=32, y=60):
        """Entries are (words, colour), or (words, colour, dash) for a line."""
        for words, colour, *dash in entries:
            if dash and dash[0] == "outline":
                self.rectangle(x, y - 5, 14, 10, colour, outlined=True)
            else:
                self.line(x, y, x + 22, y, colour, 6 if not dash else 2, dash[0] if dash else None)
            self.text(x + 29, y + 4, words, size=13)
            x += 29 + 7.1 * len(words) + 24

    def save(self, path):
        path.write_text("\n".join(self.parts) + "\n</svg>\n")


class Panel:
    """Axes in a figure: values upwards, categories or values to the right."""

    def __init__(self, figure, x, y, width, height, top, title=None, up=None, unit=label):
        self.figure, self.x, self.y, self.width, self.height = figure, x, y, width, height
        ticks = steps(top)
        self.top = ticks[-1]
        for tick in ticks:
            level = self.level(tick)
            figure.line(x, level, x + width, level)
            figure.text(x - 8, level + 4, unit(tick), anchor="end")
        figure.line(x, y + height, x + width, y + height, AXIS)
        if title:
            figure.text(x + width / 2, y - 12, title, size=13, colour=INK, anchor="middle", bold=True)
        if up:
            figure.text(x - 52, y + height / 2, up, anchor="middle", turn=True)

    def level(self, value):
        return self.y + self.height * (1 - min(value, self.top) / self.top)

    def bars(self, categories, series, shown=None):
        """Groups of bars side by side; a series is (colour, values[, outlined]), no bar where none."""
        group = self.width / len(categories)
        width = 0.76 * group / len(series)
        for place, category in enumerate(categories):
            left = self.x + group * (place + 0.12)
            for number_, (colour, values, *outlined) in enumerate(series):
                value = values[place]
                if value is None:
                    continue
                level = self.level(value)
                self.figure.rectangle(
                    left + number_ * width + 1, level, width - 2, self.y + self.height - level,
                    colour, bool(outlined and outlined[0]))
                if shown:
                    self.figure.text(
                        left + (number_ + 0.5) * width, level - 4, shown(value), size=10,
                        anchor="middle")
            for row, words in enumerate(category.split("\n")):
                self.figure.text(
                    self.x + group * (place + 0.5), self.y + self.height + 17 + 14 * row, words,
                    anchor="middle")

    def stack(self, categories, layers, shown=None):
        """Bars of layers; a layer is (colour, values)."""
        group = self.width / len(categories)
        for place, category in enumerate(categories):
            total = 0
            for colour, values in layers:
                below = self.level(total)
                total += values[place]
                above = self.level(total)
                self.figure.rectangle(
                    self.x + group * (place + 0.2), above, 0.6 * group, below - above, colour)
            if shown:
                self.figure.text(
                    self.x + group * (place + 0.5), self.level(total) - 5, shown(total), size=11,
                    anchor="middle", colour=INK)
            for row, words in enumerate(category.split("\n")):
                self.figure.text(
                    self.x + group * (place + 0.5), self.y + self.height + 17 + 14 * row, words,
                    anchor="middle")

    def across(self, low, high, ticks, words=None):
        """Makes the axis to the right one of values."""
        self.low, self.high = low, high
        for tick in ticks:
            self.figure.line(
                self.place(tick), self.y + self.height, self.place(tick), self.y + self.height + 4,
                AXIS)
            self.figure.text(
                self.place(tick), self.y + self.height + 18, label(tick), anchor="middle")
        if words:
            self.figure.text(
                self.x + self.width / 2, self.y + self.height + 40, words, size=13, colour=INK,
                anchor="middle", bold=True)

    def place(self, value):
        return self.x + self.width * (value - self.low) / (self.high - self.low)

    def curve(self, points, colour, dash=None, dots=True):
        points = [(self.place(x), self.level(y)) for x, y in points if y == y]
        path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        self.figure.parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-linejoin="round"' + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")
        if dots:
            for x, y in points:
                self.dot(x, y, colour)

    def dot(self, x, y, colour, radius=3):
        self.figure.parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{radius}" fill="{colour}"/>')

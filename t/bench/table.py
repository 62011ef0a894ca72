"""Figures in Markdown."""

import textwrap


def number(value):
    """three digits that count"""
    if value < 0:
        return "-" + number(-value)
    if value >= 100:
        return "{:,.0f}".format(value)
    return "%.*f" % (1 if value >= 10 else 2 if value >= 1 else 3, value)


def span(values):
    """of several rounds: the smallest to the largest"""
    low, high = number(min(values)), number(max(values))
    return low if low == high else "%s to %s" % (low, high)


def row(cells):
    return "| %s |" % " | ".join(
        cell if isinstance(cell, str) else number(cell) for cell in cells)


def table(columns, rows):
    """the first column holds names, the others numbers"""
    return "\n".join([row(columns),
                      row(["---"] + ["---:"] * (len(columns) - 1))]
                     + [row(cells) for cells in rows])


def aim(what, value, bound, unit, how, least=False):
    """a line that says whether it was reached"""
    reached = value >= bound if least else value <= bound
    return textwrap.fill(
        "**Aim:** %s at %s %s %s, %s. It was **%s** with %s %s." % (
            what, "least" if least else "most", number(bound), unit, how,
            "reached" if reached else "missed", number(value), unit), 80)


def section(title, text, *tables):
    return "\n\n".join(["### " + title, textwrap.fill(text, 80), *tables])


def write(name, mark, figures):
    """into what stands between two marks of a file"""
    with open(name, encoding="utf-8") as f:
        text = f.read()
    head, begin, rest = text.partition("<!-- %s -->\n" % mark)
    _, end, tail = rest.partition("<!-- /%s -->\n" % mark)
    if not begin or not end:
        raise SystemExit("%s has no <!-- %s -->" % (name, mark))
    with open(name, "w", encoding="utf-8") as f:
        f.write(head + begin + "\n" + figures.strip() + "\n\n" + end + tail)

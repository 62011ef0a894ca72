"""
Charts of lines over time, as SVG.  A picture has a background of its own, and
another one for who likes it dark, so that it can be read on any page.
"""

import collections
import math
from xml.sax.saxutils import escape

# style: one of STYLE's; points: [(x, y)]; stairs: y is kept up to the next x
Line = collections.namedtuple("Line", "name style points stairs")

# x and y: what is on the axes; end: of the x axis, which begins at 0
Chart = collections.namedtuple("Chart", "title x y end lines")

WIDTH, HEIGHT = 720, 320                    # of a chart
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 56   # what is around its plot

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #33322f }
.title { font-size: 15px; font-weight: 600; fill: #0b0b0b }
.ground { fill: #ffffff }
.grid { stroke: #e1e0d9 }
.axis { stroke: #898781 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.reference { stroke: #b5b4ab; stroke-width: 5 }
.bad { stroke: #d03b3b; stroke-dasharray: 2 3 }
.one { stroke: #2a78d6 }
.two { stroke: #0d7f56; stroke-dasharray: 8 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #d5d4cd }
  .title { fill: #ffffff }
  .ground { fill: #1a1a19 }
  .grid { stroke: #33332f }
  .reference { stroke: #6a6963 }
  .bad { stroke: #ef6a6a }
  .one { stroke: #5a9fec }
  .two { stroke: #35c493 }
}
"""


def tag(name, text=None, **attributes):
    head = name + "".join(
        ' %s="%s"' % (key.strip("_").replace("_", "-"), value)
        for key, value in attributes.items())
    return ("<%s/>" % head if text is None
            else "<%s>%s</%s>" % (head, text, name))


def write_text(x, y, text, **attributes):
    return tag("text", escape(text), x="%g" % x, y="%g" % y, **attributes)


def rule(x1, y1, x2, y2, kind):
    return tag("line", x1="%g" % x1, y1="%g" % y1, x2="%g" % x2, y2="%g" % y2,
               class_=kind)


def ticks(most, wanted=6):
    """round numbers from 0 on; the last is not less than the most"""
    rough = max(most, 1) / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    return [n * step for n in range(math.ceil(max(most, 1) / step) + 1)]


def corners(points):
    """of stairs"""
    found = points[:1]
    for (_, before), (x, y) in zip(points, points[1:]):
        if y != before:
            found += [(x, before), (x, y)]
    return found + points[-1:]


class Plot:
    """where a chart's values are on the picture"""

    def __init__(self, chart, top):
        self.end = chart.end
        self.xs = [x for x in ticks(chart.end, 8) if x <= chart.end]
        self.ys = ticks(max(y for line in chart.lines
                            for _, y in line.points))
        self.left, self.right = LEFT, WIDTH - RIGHT
        self.top, self.bottom = top + TOP, top + HEIGHT - BOTTOM

    def x(self, value):
        return self.left + (self.right - self.left) * value / self.end

    def y(self, value):
        return (self.bottom
                - (self.bottom - self.top) * value / self.ys[-1])

    def path(self, line):
        points = corners(line.points) if line.stairs else line.points
        return tag("polyline", class_="line " + line.style, points=" ".join(
            "%.1f,%.1f" % (self.x(x), self.y(y)) for x, y in points))


def axes(chart, plot):
    for value in plot.ys:
        y = plot.y(value)
        yield rule(plot.left, y, plot.right, y, "grid" if value else "axis")
        yield write_text(plot.left - 8, y + 4, "%g" % value,
                         text_anchor="end")
    for value in plot.xs:
        x = plot.x(value)
        yield rule(x, plot.bottom, x, plot.bottom + 5, "axis")
        yield write_text(x, plot.bottom + 20, "%g" % value,
                         text_anchor="middle")
    yield write_text((plot.left + plot.right) / 2, plot.bottom + 42, chart.x,
                     text_anchor="middle")
    middle = (plot.top + plot.bottom) / 2
    yield write_text(18, middle, chart.y, text_anchor="middle",
                     transform="rotate(-90 18 %g)" % middle)


def legend(chart, plot):
    x, y = plot.left, plot.top - 16
    for line in chart.lines:
        yield rule(x, y - 4, x + 28, y - 4, "line " + line.style)
        yield write_text(x + 34, y, line.name)
        x += 34 + 8 * len(line.name) + 16


def draw_chart(chart, top):
    plot = Plot(chart, top)
    yield write_text(plot.left, plot.top - 40, chart.title, class_="title")
    yield from axes(chart, plot)
    yield from map(plot.path, chart.lines)
    yield from legend(chart, plot)


def svg(name, charts):
    height = HEIGHT * len(charts)
    parts = [tag("title", escape(name)), tag("style", STYLE),
             tag("rect", width=WIDTH, height=height, class_="ground")]
    for n, chart in enumerate(charts):
        parts += draw_chart(chart, n * HEIGHT)
    return tag("svg", "\n" + "\n".join(parts) + "\n",
               xmlns="http://www.w3.org/2000/svg", role="img",
               viewBox="0 0 %d %d" % (WIDTH, height), width=WIDTH,
               height=height) + "\n"

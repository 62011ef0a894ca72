#!/usr/bin/python3
"""Checks a page of metrics: Prometheus' text exposition format, 0.0.4.

prometheus.py < page

Exits with 1 and tells the errors, if there are any.  Is stricter than the
format: each family has one HELP, then its TYPE, then all of its samples;
samples have no timestamps; names are as Prometheus advises.
"""

import math
import re
import sys

NAME = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*\Z')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"')
SAMPLE = re.compile(r'([^{ ]+)(?:\{(.*)\})? (\S+)\Z', re.S)
VALUE = re.compile(r'(?:NaN|[+-]Inf|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\Z')

SUFFIXES = ('_bucket', '_sum', '_count')


class Family:
    def __init__(self, name):
        self.name = name
        self.type = None
        self.samples = {}


def labels_of(text):
    """a tuple of pairs, sorted by name, or None"""
    pairs = []
    position = 0

    while position < len(text):
        match = LABEL.match(text, position)
        if not match:
            return None
        pairs.append(match.groups())
        position = match.end()
        if text[position:position + 1] == ',' and position + 1 < len(text):
            position += 1
        elif position < len(text):
            return None

    names = [name for name, _ in pairs]
    if len(set(names)) < len(names) or any(n.startswith('__') for n in names):
        return None
    return tuple(sorted(pairs))


def check_help(family, text):
    if not NAME.match(family.name):
        yield 'no name of a metric'
    if not text:
        yield 'no help'
    if re.search(r'\\(?![\\n])', text):
        yield 'a backslash in the help that escapes nothing'


def check_type(family, kind):
    family.type = kind

    if kind not in ('counter', 'gauge', 'histogram'):
        yield 'the type is not known'
    if (kind == 'counter') != family.name.endswith('_total'):
        yield 'counters end in _total, and nothing else does'
    if family.name.endswith(SUFFIXES):
        yield 'the name has the suffix of a histogram'


def check_sample(family, line):
    match = SAMPLE.match(line)
    if not match:
        yield 'this is no sample'
        return

    name, text, value = match.groups()
    labels = labels_of(text or '')

    if labels is None:
        yield 'the labels are wrong'
        return

    allowed = [family.name + s for s in SUFFIXES] \
        if family.type == 'histogram' else [family.name]
    if name not in allowed:
        yield 'this is no sample of the family ' + family.name
    if ('le' in dict(labels)) != name.endswith('_bucket'):
        yield 'buckets have a label le, and nothing else has'
    if not VALUE.match(value):
        yield 'this is no value'
        return
    if (name, labels) in family.samples:
        yield 'the series stands twice'

    number = float(value.replace('Inf', 'inf'))
    family.samples[name, labels] = number

    if family.type != 'gauge' and not 0 <= number < math.inf:
        yield 'no value of a ' + family.type
    if name.endswith(('_bucket', '_count')) and number != int(number):
        yield 'a count that is not whole'


def check_histogram(name, buckets, total, count):
    """buckets: pairs of le and value, in the order of the page"""
    bounds = [float(le.replace('Inf', 'inf')) for le, _ in buckets]
    values = [value for _, value in buckets]

    if not bounds or bounds[-1] != math.inf:
        yield name + ': the last bucket is not +Inf'
    if sorted(set(bounds)) != bounds:
        yield name + ': the bounds of buckets do not rise'
    if sorted(values) != values:
        yield name + ': the buckets are not cumulative'
    if total is None or count is None:
        yield name + ': no sum, or no count'
    elif values and values[-1] != count:
        yield name + ': the count is not that of +Inf'


def check_family(family):
    if family.type is None:
        yield family.name + ': no type'
    if not family.samples:
        yield family.name + ': no samples'
    if family.type != 'histogram':
        return

    groups = {}
    for (name, labels), value in family.samples.items():
        rest = tuple(pair for pair in labels if pair[0] != 'le')
        group = groups.setdefault(rest, {'buckets': []})
        if name.endswith('_bucket'):
            group['buckets'].append((dict(labels).get('le', ''), value))
        else:
            group[name] = value

    for labels, group in groups.items():
        try:
            yield from check_histogram(
                '{}{}'.format(family.name, dict(labels)), group['buckets'],
                group.get(family.name + '_sum'),
                group.get(family.name + '_count'))
        except ValueError:
            yield family.name + ': a bound is no number'


def check_line(families, line):
    if line.startswith('# HELP '):
        name, _, text = line[7:].partition(' ')
        if name in families:
            yield 'the family stands twice'
        family = families[name] = Family(name)
        yield from check_help(family, text)
        return

    if not families:
        yield 'there is no HELP before this'
        return

    family = list(families.values())[-1]

    if line.startswith('# TYPE '):
        name, _, kind = line[7:].partition(' ')
        if name != family.name or family.type or family.samples:
            yield 'TYPE does not follow HELP'
        yield from check_type(family, kind)
    elif line.startswith('#') or not line:
        yield 'neither HELP, TYPE nor a sample'
    else:
        if family.type is None:
            yield 'there is no TYPE before this'
        yield from check_sample(family, line)


def check(text):
    if not text.endswith('\n'):
        yield 'the last line has no end'

    families = {}
    for number, line in enumerate(text.split('\n')[:-1], 1):
        for error in check_line(families, line):
            yield 'line {}: {}: {}'.format(number, error, line)

    for family in families.values():
        yield from check_family(family)


def main():
    if len(sys.argv) != 1:
        sys.stderr.write(__doc__)
        return 2

    errors = list(check(sys.stdin.buffer.read().decode()))

    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except ValueError as e:
        sys.exit('prometheus.py: {}'.format(e))

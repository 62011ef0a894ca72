#!/usr/bin/env python3
"""Builds the demo's requests, and prints the replies for people.

show.py request BID TENDER             writes the JSON of a review
show.py task BID TENDER                writes the JSON of a task
show.py print RUBRIC REQUEST < reply   a review: events, or one JSON reply
show.py report REQUEST < reply         a task: events, or one JSON reply

The last two exit with 0 if the reply is complete, found something, and every
quote stands where it is said to stand.
"""

import json
import os
import re
import sys
import unicodedata

VERDICTS = {
    'fail': ('不通过', '31'),
    'risk': ('风险', '33'),
    'unsure': ('需人工', '35'),
    'pass': ('通过', '32'),
    'not_applicable': ('不适用', '2'),
}
STATUSES = {
    'skipped': ('跳过', '2'),
    'failed': ('调用失败', '31'),
    'timeout': ('超时', '31'),
}
OUTCOMES = {'complete': '完成', 'partial': '部分完成', 'failed': '失败'}
SEVERITIES = {'fatal': '致命', 'major': '重大', 'minor': '一般', 'info': '提示'}
WARNINGS = {'injection': '文中疑有对审核者的指令',
            'prompt_cut': '模型没有读到全部提示'}

TTY = sys.stdout.isatty()


# ---- words on a terminal

def say(text=''):
    """A line; what a model wrote must not move the terminal's cursor."""

    if TTY:
        sys.stdout.write('\r\033[K')
    print(text, flush=True)


def clean(value):
    return ''.join(' ' if unicodedata.category(c) in ('Cc', 'Zl', 'Zp')
                   else c for c in str(value)).strip()


def color(code, text):
    if not TTY or 'NO_COLOR' in os.environ:
        return text
    return '\033[{}m{}\033[0m'.format(code, text)


def pad(text, width):
    used = sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1
               for c in text)
    return text + ' ' * max(0, width - used)


def warnings(told):
    return '、'.join(WARNINGS.get(w, clean(w))
                    for w in told.get('warnings') or [])


def tell(progress):
    """A line that is written over by the next one."""

    if not TTY:
        return
    eta = progress.get('eta_ms')
    sys.stdout.write('\r\033[K已完成 {}/{} …{}'.format(
        progress.get('done'), progress.get('total'),
        '' if eta is None else ' 约 {:.0f} 秒'.format(eta / 1000)))
    sys.stdout.flush()


# ---- the requests

def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def write(value):
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write('\n')
    return 0


def request(bid, tender):
    text = read(bid)
    title = re.match(r'# *([^\n]+)', text)
    return write({
        'chunk': {
            'id': os.path.basename(bid),
            'text': text,
            'heading': [title[1].strip()] if title else [],
        },
        'references': [{'id': 'tender', 'text': read(tender)}],
    })


def task(bid, tender):
    """Points about the document read what fits them, others each chunk."""

    return write({
        'document': {'id': os.path.basename(bid), 'text': read(bid)},
        'references': [{'id': 'tender', 'text': read(tender)}],
        'split': {'max_chars': 800},
        'select': {'references': 4},
    })


# ---- the reply to a review

class Review:
    def __init__(self, rubric, asked):
        self.points = {p['id']: p for p in rubric['points']}
        self.names = {'chunk': asked['chunk']['id']}
        self.texts = {'chunk': asked['chunk']['text']}
        for r in asked.get('references', []):
            self.names[r['id']] = r['id'] + '.md'
            self.texts[r['id']] = r['text']

        self.total = len(self.points)
        self.shown = 0
        self.verdicts = {}
        self.models = []
        self.quotes = {'exact': 0, 'normalized': 0, 'none': 0}
        self.misplaced = 0

    def result(self, result):
        point = self.points.get(result.get('point'), {})
        finding = result.get('finding') or {}
        verdict = finding.get('verdict')
        word, code = VERDICTS.get(verdict) or STATUSES.get(
            result.get('status'), (clean(result.get('status')), '31'))

        self.shown += 1
        self.verdicts[word] = self.verdicts.get(word, 0) + 1
        model = result.get('model')
        if model and model not in self.models:
            self.models.append(model)

        severity = finding.get('severity') or point.get('severity')
        say('[{:2}/{}] {} {} {}{}'.format(
            self.shown, self.total, color(code, pad(word, 8)),
            pad(SEVERITIES.get(severity, ''), 4),
            color('1', clean(point.get('title') or result.get('point'))),
            ' （需人工复核）' if finding.get('needs_human')
            and verdict != 'unsure' else ''))

        if finding:
            self.finding(finding)
        elif result.get('error'):
            error = result['error']
            self.line('原因', '{}：{}'.format(clean(error.get('code')),
                                             clean(error.get('detail', ''))))
        elif result.get('status') == 'skipped':
            self.line('原因', '文中没有此项的触发词，不必调用模型')
        if result.get('warnings'):
            self.line('警告', color('31', warnings(result)))
        say()

    def finding(self, finding):
        if finding.get('reason'):
            self.line('理由', clean(finding['reason']))
        for evidence in finding.get('evidence') or []:
            self.line('原文', self.evidence(evidence))
        if finding.get('suggestion') and finding.get('verdict') != 'pass':
            self.line('建议', clean(finding['suggestion']))
        if finding.get('data') is not None:
            self.line('数据', clean(json.dumps(finding['data'],
                                              ensure_ascii=False)))

    def line(self, name, text):
        say('        {}  {}'.format(color('2', name), text))

    def evidence(self, evidence):
        quote = evidence.get('quote') or ''
        match = evidence.get('match')
        self.quotes[match] = self.quotes.get(match, 0) + 1
        shown = clean(quote)
        shown = '「{}」'.format(shown if len(shown) <= 80
                              else shown[:79] + '…')

        source = evidence.get('source')
        start, end = evidence.get('start'), evidence.get('end')
        text = self.texts.get(source)
        if match == 'none' or text is None or start is None or end is None:
            return shown + ' ' + color('33', '（原文中没有找到）')

        where = '{} 第{}行 字符 {}–{}'.format(
            self.names[source], text.count('\n', 0, start) + 1, start, end)
        if match == 'normalized':
            where += '，忽略标点与全半角后一致'
        if text[start:end] != quote:
            self.misplaced += 1
            where += color('31', '，位置不符！')
        return shown + ' ' + color('36', where)

    def summary(self, reply):
        results = reply.get('results') or []
        usage = reply.get('usage') or {}
        calls = usage.get('calls')
        if calls is None:
            calls = sum(r.get('attempts') or 0 for r in results)
        status = OUTCOMES.get(reply.get('status'), '?')

        say('─' * 60)
        say('审核{}：{} 项，用时 {:.1f} 秒'.format(
            status, len(results), (reply.get('elapsed_ms') or 0) / 1000))
        for word, code in list(VERDICTS.values()) + list(STATUSES.values()):
            if word in self.verdicts:
                say('  {} {:3}'.format(color(code, pad(word, 8)),
                                       self.verdicts[word]))
        say('  调用 {} 次（重试 {} 次），提示词 {} token，回答 {} token'.format(
            calls, usage.get('retries', 0), usage.get('prompt_tokens', '?'),
            usage.get('completion_tokens', '?')))
        say('  引文 {} 处：逐字定位 {}，规范化后定位 {}，未找到 {}'.format(
            sum(self.quotes.values()), self.quotes['exact'],
            self.quotes['normalized'], self.quotes['none']))
        if self.models:
            say('  模型 ' + '、'.join(clean(m) for m in self.models))
        if any('not a model' in m for m in self.models):
            say('  ' + color('33', '以上由演示用的规则作答，不是模型的判断。'))
        if self.misplaced:
            say('  ' + color('31', '有 {} 处引文与所给位置不符。'.format(
                self.misplaced)))

    def passed(self, reply):
        found = sum(self.verdicts.get(VERDICTS[v][0], 0)
                    for v in ('fail', 'risk'))
        return (reply.get('status') == 'complete' and found > 0
                and self.misplaced == 0)


def events(stream):
    """Server-sent events: (name, data)."""

    name, data = '', []
    for line in stream:
        line = line.rstrip('\r\n')
        if not line:
            if data:
                yield name or 'message', '\n'.join(data)
            name, data = '', []
        elif line.startswith('event:'):
            name = line[6:].strip()
        elif line.startswith('data:'):
            data.append(line[5:].lstrip(' '))


def problem(body):
    """An error reply: application/problem+json, or whatever came."""

    try:
        reply = json.loads(body)
        if not isinstance(reply, dict):
            raise ValueError
    except ValueError:
        if not body.strip():
            say('没有收到回复。')
        else:
            say('收到的不是 JSON：' + clean(re.sub('<[^>]*>', ' ', body))[:300])
        return 1

    say(color('31', '请求没有被接受：{} {}'.format(
        clean(reply.get('status', '')), clean(reply.get('title', '')))))
    for item in [reply] + [e for e in reply.get('errors') or []
                           if isinstance(e, dict)]:
        detail, pointer = item.get('detail'), item.get('pointer')
        if detail or pointer:
            say('  {}{}'.format(clean(detail or ''), '' if pointer is None
                                else ' （位置：{}）'.format(
                                    clean(pointer) or '整个请求')))
    return 1


def replies(has):
    """Of standard input: (event, its value); a JSON reply is one "done".

    A reply without the member "has" is a problem, told at once: (None, None).
    """

    stdin = open(sys.stdin.fileno(), encoding='utf-8', errors='replace',
                 newline='\n')
    first = stdin.readline()

    if re.match(r'(event|data|id|retry)?:', first) or not first.strip():
        for name, data in events(chain(first, stdin)):
            yield name, json.loads(data)
        return

    body = first + stdin.read()
    try:
        reply = json.loads(body)
    except ValueError:
        reply = None
    if isinstance(reply, dict) and has in reply:
        yield 'done', reply
    else:
        problem(body)
        yield None, None


def show(rubric, asked):
    review = Review(json.loads(read(rubric)), json.loads(read(asked)))
    reply = None

    for name, value in replies('results'):
        if name == 'result':
            review.result(value)
        elif name == 'progress':
            review.total = value.get('total', review.total)
            tell(value)
        elif name == 'done':
            reply = value
        elif name is None:
            return 1

    if reply is None:
        say('回复没有收完：{} 项中只收到 {} 项。'.format(review.total,
                                                review.shown))
        return 1

    if not review.shown:
        review.total = len(reply['results'])
        for result in reply['results']:
            review.result(result)

    review.summary(reply)
    return 0 if review.passed(reply) else 1


def chain(first, rest):
    yield first
    yield from rest


# ---- the report of a task

def place(finding):
    """Where its first quote of the document stands: headings, page, line."""

    where = [' › '.join(clean(h) for h in finding.get('heading') or [])]
    for name, words in (('page', '第{}页'), ('line', '第{}行')):
        if finding.get(name):
            where.append(words.format(finding[name]))
    return ' '.join(w for w in where if w)


def no_verdict(point):
    """Nobody has said anything: nothing was to be asked, or nothing came."""

    cells = point.get('cells') or {}
    closed = cells.get('skipped') and not any(
        n for name, n in cells.items() if name != 'skipped')
    return ('未涉及', '2') if closed else ('未得出', '31')


def point_line(point):
    verdict = point.get('verdict')
    word, code = VERDICTS.get(verdict) or no_verdict(point)
    findings = [f for f in point.get('findings') or []
                if f.get('verdict') == verdict and verdict != 'pass']
    places = '；'.join(color('36', '未找到（已读全文）' if f.get('absent')
                            else place(f)) for f in findings[:2])
    if len(findings) > 2:
        places += ' 等 {} 处'.format(len(findings))
    say('  {} {} {}{}'.format(
        color(code, pad(word, 8)),
        pad(SEVERITIES.get(point.get('severity'), ''), 4),
        pad(clean(point.get('title') or point.get('point')), 20),
        places).rstrip())
    for f in findings:
        if f.get('fact'):
            say('           ' + clean(f['reason']))
            for e in f['evidence']:
                say('             「{}」 {}'.format(
                    clean(e['quote']), color('36', place(e))))
    if point.get('warnings'):
        say('           ' + color('31', '警告：' + warnings(point)))


def misplaced(reply, text):
    """Quotes of the document that do not stand where they are said to."""

    return sum(e['quote'] != text[e['start']:e['end']]
               for point in reply['points'] for f in point['findings']
               for e in f['evidence'] if e['source'] == 'document')


def report(asked):
    text = json.loads(read(asked))['document']['text']
    reply = None

    for name, value in replies('points'):
        if name == 'progress':
            tell(value)
        elif name == 'done':
            reply = value
        elif name is None:
            return 1

    if reply is None:
        say('回复没有收完，没有收到报告。')
        return 1

    usage, cells = reply['usage'], reply['cells']
    asked_cells = [c for c in cells if c['status'] != 'skipped']
    undone = [c for c in asked_cells if c['status'] != 'ok']

    say('报告{}：{} 字分成 {} 块，{} 个审核点，用时 {:.1f} 秒'.format(
        OUTCOMES.get(reply['status'], '?'), reply['document']['chars'],
        reply['document']['chunks'], len(reply['points']),
        reply['elapsed_ms'] / 1000))
    for point in reply['points']:
        point_line(point)

    wrong = misplaced(reply, text)
    say('  问了 {} 格（块×点），略过 {} 格，未完成 {} 格；调用 {} 次（重试 {} 次）'
        .format(len(asked_cells), len(cells) - len(asked_cells), len(undone),
                usage['calls'], usage['retries']))
    if wrong:
        say('  ' + color('31', '有 {} 处引文与所给位置不符。'.format(wrong)))

    found = any(p['verdict'] in ('fail', 'risk') for p in reply['points'])
    return 0 if reply['status'] == 'complete' and found and not wrong else 1


def main():
    sys.stdout.reconfigure(encoding='utf-8')
    args = sys.argv[1:]
    if len(args) == 3 and args[0] == 'request':
        return request(args[1], args[2])
    if len(args) == 3 and args[0] == 'task':
        return task(args[1], args[2])
    if len(args) == 2 and args[0] == 'report':
        return report(args[1])
    if len(args) == 3 and args[0] == 'print':
        return show(args[1], args[2])
    sys.stderr.write(__doc__)
    return 2


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, TypeError) as e:
        sys.exit('show.py: {}'.format(e))
    except KeyboardInterrupt:
        sys.exit(130)

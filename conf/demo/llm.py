#!/usr/bin/env python3
"""The demo's stand-in for an LLM.  It is no model.

It speaks the chat completions protocol, so that the demo needs nothing but
this machine, and decides the demo rubric's points by regular expressions over
the texts in the prompt.  A point that it has no rule for is answered "unsure".
To see real reviews, run the demo with LLM_URL=... .
"""

import argparse
import datetime
import json
import os
import random
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = 'demo-rules (not a model)'
FINGERPRINT = 'rules-by-regular-expression-no-model'
MAX_BODY = 16 * 1024 * 1024


# ---- reading the prompt

# How the module marks the texts; what stands after them is the question.
TEXT = re.compile(r'<review-text id="([^"\n]*)" (key="\w+")>\n(.*?)\n'
                  r'</review-text \2>\n', re.S)


def split_prompt(text):
    """The first user message: the chunk, the references, the question."""

    marked = list(TEXT.finditer(text))
    chunk = [m[3] for m in marked if m[1] == 'chunk']
    others = [m[3] for m in marked if m[1] not in ('chunk', 'heading')]
    question = text[marked[-1].end():] if marked else text
    return '\n'.join(chunk), '\n'.join(others), question


def text_of(message):
    content = message.get('content')
    if isinstance(content, list):
        content = ''.join(str(part.get('text', '')) for part in content
                          if isinstance(part, dict))
    return content if isinstance(content, str) else ''


# ---- reading the texts

# The rules see half width punctuation, at the same offsets.
FLAT = str.maketrans('，：；（）', ',:;()')


class Unknown(Exception):
    """A rule cannot decide: something it needs is not in the texts."""


class Absent(Unknown):
    """It is not in this text; another part of the document may have it."""

    def __init__(self, what, text):
        super().__init__('没有找到' + what + '。')
        self.text = text


DATE = r'(\d{4})年(\d{1,2})月(\d{1,2})日'


def need(pattern, text, what):
    match = re.search(pattern, text, re.M)
    if match is None:
        raise Absent(what, text)
    return match


def clause(match):
    """The sentence that a match stands in."""

    text = match.string
    start = max(text.rfind(c, 0, match.start()) for c in '\n。;') + 1
    ends = [text.find(c, match.end()) for c in '\n。;']
    end = min([e for e in ends if e >= 0], default=len(text))
    return re.sub(r'^\s*(?:\d+\.|-)?\s*', '', text[start:end]).strip()


def number(text):
    return float(text.replace(',', ''))


def money(value):
    return '{:,.2f}元'.format(value)


def date(match, group=1):
    try:
        return datetime.date(*(int(match.group(group + i)) for i in range(3)))
    except ValueError:
        raise Unknown('日期写得不对：' + match.group(0) + '。') from None


def say(day):
    return '{}年{}月{}日'.format(day.year, day.month, day.day)


def capital_value(words):
    """壹仟贰佰陆拾玖万元整 is 12690000.0"""

    digits = {c: i for i, c in enumerate('零壹贰叁肆伍陆柒捌玖')}
    units = {'拾': 10, '佰': 100, '仟': 1000}
    total = section = digit = 0

    for c in words:
        if c in digits:
            digit = digits[c]
        elif c in units:
            section += (digit or 1) * units[c]
            digit = 0
        elif c in '万亿':
            total = (total + section + digit) * (10000 if c == '万'
                                                 else 100000000)
            section = digit = 0
        elif c in '元圆':
            total += section + digit
            section = digit = 0
        elif c in '角分':
            total += digit / (10 if c == '角' else 100)
            digit = 0

    return round(float(total + section + digit), 2)


def answer(verdict, reason, suggestion='', *quotes, **more):
    result = {
        'verdict': verdict,
        'reason': reason,
        'suggestion': suggestion,
        'confidence': {'unsure': 0.2, 'risk': 0.7}.get(verdict, 0.95),
        'quote': [q for q in dict.fromkeys(quotes) if q],
    }
    result.update(more)
    return result


# ---- the rules: of the bid's text and the tender's, to an answer

def validity_match(text, what):
    return need(r'投标有效期[^。;\n]{0,25}?(\d+) ?(?:日历天|日|天)', text,
                what + '的投标有效期')


def bid_validity(bid, tender):
    ours = validity_match(bid, '投标文件承诺')
    theirs = validity_match(tender, '招标文件要求')
    quotes = clause(ours), clause(theirs)
    have, want = int(ours[1]), int(theirs[1])

    if have < want:
        return answer('fail', '承诺的投标有效期为{}日，招标文件要求不少于'
                      '{}日历天，短{}天，属于实质性不响应。'
                      .format(have, want, want - have),
                      '把投标函中的投标有效期改为不少于{}日历天。'.format(want),
                      *quotes)
    return answer('pass', '投标有效期{}日，不短于要求的{}日。'
                  .format(have, want), '', *quotes)


def bid_bond(bid, tender):
    pattern = r'投标保证金[^。\n]{0,20}?([\d,]+(?:\.\d+)?)元'
    ours = need(pattern, bid, '投标文件中投标保证金的金额')
    theirs = need(pattern, tender, '招标文件要求的投标保证金金额')
    have, want = number(ours[1]), number(theirs[1])
    faults = []

    if have < want:
        faults.append('金额为{}，少于要求的{}'.format(money(have), money(want)))
    if re.search('个人账户|现金', clause(ours)):
        faults.append('由个人账户或以现金提交，不是从投标人基本账户转账或以银行'
                      '保函提交')
    if faults:
        return answer('fail', '投标保证金' + '；'.join(faults) + '。',
                      '从投标人基本账户补足{}，或改交等额银行保函，并换附凭证。'
                      .format(money(want)), clause(ours), clause(theirs))
    return answer('pass', '投标保证金的金额和形式符合要求。', '', clause(ours))


def signature(bid, tender):
    blank = re.search(r'(?:签字|盖章|签章)[^\n]{0,6}: *_{3,}', bid)
    if blank:
        return answer('fail', '签字处留有空白，没有签署。',
                      '由法定代表人签字并加盖单位公章。', clause(blank))
    return answer('pass', '须签字、盖章之处没有留空。')


def project_number(bid, tender):
    pattern = r'项目编号: *([A-Za-z0-9-]{4,})'
    want = need(pattern, tender, '招标文件的项目编号')
    wrong = [m for m in re.finditer(pattern, bid) if m[1] != want[1]]
    if wrong:
        return answer('fail', '项目编号写成了{}，应为{}。'
                      .format(wrong[0][1], want[1]), '改正项目编号。',
                      wrong[0][0], want[0])
    return answer('pass', '项目编号与招标文件一致。', '', want[0])


def total_price(bid):
    return need(r'投标总价[^。\n]*?小写\)?: *¥? *([\d,]+(?:\.\d+)?)', bid,
                '投标总价的小写金额')


def price_ceiling(bid, tender):
    ours = total_price(bid)
    theirs = need(r'(?:最高投标限价|控制价)[^。\n]*?([\d,]+(?:\.\d+)?)元',
                  tender, '招标文件规定的控制价')
    have, want = number(ours[1]), number(theirs[1])
    quotes = clause(ours), clause(theirs)

    if have > want:
        return answer('fail', '投标总价{}超过控制价{}，超出{}，投标无效。'
                      .format(money(have), money(want), money(have - want)),
                      '重新核定报价，使投标总价不超过{}。'.format(money(want)),
                      *quotes)
    return answer('pass', '投标总价{}没有超过控制价{}。'
                  .format(money(have), money(want)), '', *quotes)


def price_words(bid, tender):
    figures = total_price(bid)
    words = need(r'投标总价[^。\n]*?大写\)?:? *'
                 r'([零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正]+)', bid,
                 '投标总价的大写金额')
    have, spelt = number(figures[1]), capital_value(words[1])
    data = {'figures': have, 'words': words[1], 'words_value': spelt}

    if have != spelt:
        return answer('fail', '大写金额{}即{}，小写金额为{}，相差{}。'
                      .format(words[1], money(spelt), money(have),
                              money(abs(have - spelt))),
                      '核对后统一大小写金额；评审时一般以大写金额为准，可能因此'
                      '改变报价。', clause(words), data=data)
    return answer('pass', '大小写金额一致，均为{}。'.format(money(have)), '',
                  clause(words), data=data)


def price_sum(bid, tender):
    row = re.compile(r'^\| *\d+ *\|([^|\n]*)\|[^|\n]*\| *([\d,.]+) *\|'
                     r' *([\d,.]+) *\| *([\d,.]+) *\|', re.M)
    rows = list(row.finditer(bid))
    if not rows:
        raise Absent('分项报价表', bid)

    for m in rows:
        if abs(number(m[2]) * number(m[3]) - number(m[4])) > 0.01:
            return answer('fail', '“{}”的数量乘以单价不等于合价。'
                          .format(m[1].strip()), '改正该行的金额。', m[0])

    total = total_price(bid)
    have, added = number(total[1]), sum(number(m[4]) for m in rows)
    if abs(have - added) > 0.01:
        quote = re.search(r'投标总价\(小写\)[^。\n]*', bid) or total
        return answer('fail', '分项报价表{}行的合价之和为{}，投标总价为{}，'
                      '相差{}。'.format(len(rows), money(added), money(have),
                              money(abs(have - added))),
                      '核对分项报价表有无漏项，使各行之和等于投标总价。',
                      quote[0], rows[0][0], rows[-1][0])
    return answer('pass', '分项报价表各行之和等于投标总价{}。'
                  .format(money(have)), '', clause(total))


def delivery(bid, tender):
    pattern = r'(?:交货期|交付期|工期)[^。\n]{0,15}?(\d+) ?(?:日历天|日|天)'
    ours = need(pattern, bid, '投标文件承诺的交货期')
    theirs = need(pattern, tender, '招标文件要求的交货期')
    plan = re.search(r'交付计划[^。\n]*', bid)
    quotes = clause(ours), plan and plan[0], clause(theirs)
    have, want = int(ours[1]), int(theirs[1])

    if have > want:
        return answer('fail', '承诺的交货期为{}日，超过要求的{}日历天，多{}天。'
                      .format(have, want, have - want),
                      '把投标函和交付计划中的期限都压缩到{}日历天以内。'
                      .format(want), *quotes)
    return answer('pass', '交货期{}日，不超过要求的{}日。'.format(have, want),
                  '', *quotes)


def warranty(bid, tender):
    pattern = (r'质保期[^。\n]{0,20}?(\d+)个月|(\d+)个月(?:的)?(?:免费)?质保')
    ours = list(re.finditer(pattern, bid))
    theirs = need(pattern, tender, '招标文件要求的质保期')
    if not ours:
        raise Absent('投标文件承诺的质保期', bid)

    months = [int(m[1] or m[2]) for m in ours]
    want = int(theirs[1] or theirs[2])
    quotes = [clause(m) for m in ours] + [clause(theirs)]
    faults = []

    if len(set(months)) > 1:
        faults.append('前后矛盾：各处分别写为'
                      + '、'.join('{}个月'.format(m) for m in months))
    if min(months) < want:
        faults.append('其中{}个月短于要求的{}个月'.format(min(months), want))
    if faults:
        return answer('fail', '质保期' + '；'.join(faults) + '。',
                      '全文统一为不少于{}个月。'.format(want), *quotes)
    return answer('pass', '质保期各处一致，不少于{}个月。'.format(want), '',
                  *quotes)


def payment(bid, tender):
    pattern = r'付款条件[^。\n]*?(\d+)%作为预付款[^。\n]*'
    ours = need(pattern, bid, '投标文件的付款条件')
    theirs = need(pattern, tender, '招标文件的付款条件')
    have, want = int(ours[1]), int(theirs[1])
    faults = []

    if have > want:
        faults.append('预付款要求{}%，高于招标文件的{}%'.format(have, want))
    if re.search('不设质量保证金', ours[0]) and '质量保证金' in theirs[0]:
        faults.append('取消了质量保证金')
    if faults:
        return answer('fail', '付款条件有负偏离：' + '；'.join(faults) + '。',
                      '按招标文件的付款条件响应，不提附加条件。',
                      clause(ours), clause(theirs))
    return answer('pass', '付款条件与招标文件一致。', '', clause(ours))


def deadline(tender):
    return date(need('投标截止(?:时间|之日)[^。\n]{0,6}?' + DATE, tender,
                     '投标截止时间'))


def licence(bid, tender):
    ours = need(r'营业执照[^\n。]*?有效期至' + DATE, bid, '营业执照的有效期')
    expires, end = date(ours), deadline(tender)

    if expires < end:
        return answer('fail', '营业执照有效期至{}，在投标截止之日{}已经过期。'
                      .format(say(expires), say(end)),
                      '换附续期后的营业执照，并核对法定代表人身份证明中的经营'
                      '期限。', clause(ours))
    return answer('pass', '营业执照在投标截止之日有效。', '', clause(ours))


def authorization(bid, tender):
    ours = need('授权期限: *' + DATE + '至' + DATE, bid, '授权期限')
    until = date(ours, 4)
    want = validity_match(tender, '招标文件要求')
    end = deadline(tender) + datetime.timedelta(days=int(want[1]))

    if until < end:
        return answer('risk', '授权委托书的要素齐全，但授权期限到{}为止，没有'
                      '覆盖到投标有效期届满之日{}。'
                      .format(say(until), say(end)),
                      '把授权期限延长到{}以后，并重新签署。'.format(say(end)),
                      clause(ours), clause(want))
    return answer('pass', '授权期限覆盖投标有效期。', '', clause(ours))


def subcontract(bid, tender):
    handed = re.search(r'委托[^。,\n]{2,30}公司[^。,\n]{0,6}(?:完成|实施|承担)'
                       r'|(?:组成|以)联合体', bid)
    rule = re.search(r'[^。\n]*不得转包', tender)
    if handed:
        return answer('fail', '把一部分路口的安装与调试整体交给其他公司完成，'
                      '构成主体工作分包或变相转包。' if '委托' in handed[0]
                      else '以联合体投标，招标文件不接受。',
                      '删除该安排，由投标人自己完成全部安装与调试。',
                      clause(handed), rule and clause(rule))
    return answer('pass', '没有发现联合体、分包或转包的安排。')


def track_lines(bid):
    return list(re.finditer(r'^\d+\. *([^,\n]*项目),合同金额([\d,]+)元,'
                            r'(\d{4})年(\d{1,2})月签订[^。\n]*', bid, re.M))


def track_list(bid, tender):
    # The first of two steps: free text.
    return '\n'.join('{}，{}，{}年{}月签订'.format(
        m[1], money(number(m[2])), m[3], m[4])
        for m in track_lines(bid)) or '没有列出业绩。'


def track_record(bid, tender):
    found = track_lines(bid)
    if not found:
        raise Absent('列出的业绩', bid)

    want = need(DATE + r'以来至少完成(\d+)个[^。\n]*?([\d,]+)元', tender,
                '招标文件对业绩的要求')
    since, count, least = date(want), int(want[4]), number(want[5])
    notes, good = [], 0

    for m in found:
        faults = []
        if datetime.date(int(m[3]), int(m[4]), 28) < since:
            faults.append('早于{}'.format(say(since)))
        if number(m[2]) < least:
            faults.append('金额不足{}'.format(money(least)))
        good += not faults
        notes.append('{}：{}'.format(m[1], '、'.join(faults) or '符合'))

    reason = '{}。符合要求的有{}个，要求{}个。'.format('；'.join(notes), good,
                                                     count)
    quotes = [clause(m) for m in found] + [clause(want)]
    if good < count:
        return answer('fail', reason, '补充{}个符合时间和金额要求的业绩，'
                      '附合同关键页和验收证明。'.format(count - good), *quotes)
    return answer('pass', reason, '', *quotes)


def qualification(bid, tender):
    want = need(r'具有([^,。\n]*?)([一二三])级及以上资质', tender,
                '招标文件对资质的要求')
    ours = need(re.escape(want[1]) + r'([一二三])级[^\n。]*?有效期至' + DATE,
                bid, want[1] + '资质')
    expires, end = date(ours, 2), deadline(tender)
    quotes = clause(ours), clause(want)

    if '一二三'.index(ours[1]) > '一二三'.index(want[2]):
        return answer('fail', '资质等级低于要求的{}级。'.format(want[2]),
                      '以符合等级的资质投标。', *quotes)
    if expires < end:
        return answer('fail', '资质证书有效期至{}，已经过期。'
                      .format(say(expires)), '换附有效的证书。', *quotes)
    return answer('pass', '{}{}级，有效期至{}，满足要求。'
                  .format(want[1], ours[1], say(expires)), '', *quotes)


def project_manager(bid, tender):
    want = need('项目经理须持有(.+?)证书', tender, '招标文件对项目经理的要求')
    ours = need(r'项目经理:[^。\n]*', bid, '项目经理')
    faults = []

    if want[1] not in ours[0]:
        faults.append('没有写明持有{}证书'.format(want[1]))
    if not re.search('不(?:得)?兼任', ours[0]):
        faults.append('没有承诺不兼任其他项目职务')
    if faults:
        return answer('fail', '项目经理' + '；'.join(faults) + '。',
                      '补充证书或承诺。', ours[0], clause(want))
    return answer('pass', '项目经理持有{}证书，并承诺不兼任其他项目职务。'
                  .format(want[1]), '', ours[0], clause(want))


def technical(bid, tender):
    wants = list(re.finditer(r'^ *- *★([^:\n]+):([^\n]*)', tender,
                             re.M))
    quotes, faults, count = [], [], 0

    for want in wants:
        ours = re.search('★' + re.escape(want[1]) + r':[^\n]*', bid)
        if ours is None:
            faults.append('没有响应“{}”'.format(want[1]))
            quotes.append(clause(want))
            continue
        for m in re.finditer(r'([^,;\d]+?)不(?:少于|低于)([\d,]+)', want[2]):
            have = re.search(re.escape(m[1]) + r'([\d,]+)', ours[0])
            count += 1
            if have and number(have[1].strip(',')) >= number(m[2]):
                continue
            faults.append('{}的{}{}，要求不低于{}'.format(
                want[1], m[1], '为' + have[1].strip(',') if have
                else '没有响应', m[2]))
            quotes += [have and clause(re.search(re.escape(have[0]), bid)),
                       clause(want)]

    if not wants:
        raise Unknown('没有找到带★的技术参数。')
    if '★' not in bid:
        raise Absent('对带★的技术参数的响应', bid)
    if faults:
        return answer('fail', '；'.join(faults)
                      + '。自述“无偏离”与数值不符。',
                      '更换满足要求的型号，并附检测报告。', *quotes)
    return answer('pass', '带★的{}项参数都满足要求。'.format(count))


def response_time(bid, tender):
    quotes, faults = [], []

    for what in '到达现场', '修复':
        pattern = r'(\d+)小时内' + what
        ours = need(pattern, bid, '投标文件承诺的' + what + '时间')
        theirs = need(pattern, tender, '招标文件要求的' + what + '时间')
        quotes += [clause(ours), clause(theirs)]
        if int(ours[1]) > int(theirs[1]):
            faults.append('{}时间为{}小时，超过要求的{}小时'
                          .format(what, ours[1], theirs[1]))

    if faults:
        return answer('fail', '；'.join(faults) + '。',
                      '按招标文件的时限修改承诺，并说明本地服务力量如何保证。',
                      *quotes)
    return answer('pass', '到场和修复时间都符合要求。', '', *quotes)


def credit(bid, tender):
    ours = need(r'未被列入[^。\n]*失信[^。\n]*', bid, '信用方面的承诺')
    return answer('pass', '投标人作了承诺；开标时还须在网上核查。', '',
                  clause(ours))


def imported(bid, tender):
    if '进口' not in bid:
        return answer('not_applicable', '文中没有提到进口产品。')
    raise Unknown('进口产品的证明要由人核对。')


def facts(bid, tender):
    """Values as they stand, to be compared with those of the other chunks."""

    found = {
        'bidder': re.findall(r'^投标人(?:名称)?: *([^\n(]+)', bid, re.M),
        'total_price': re.findall(r'投标总价[^。\n]*?小写\)?: *(¥[\d,.]+元)', bid),
        'warranty': [m[1] or m[2] for m in re.finditer(
            r'质保期[^。\n]{0,20}?(\d+个月)|(\d+个月)(?:的)?(?:免费)?质保', bid)],
    }
    if not any(found.values()):
        return answer('not_applicable', '文中没有写明这些内容。')
    return answer('pass', '已提取。', data={
        name: list(dict.fromkeys(values)) for name, values in found.items()})


def plan(bid, tender):
    raise Unknown('方案的好坏要读懂全文才能判断，规则做不到，由模型或人来看。')


# What a question is about is told by whichever of these words comes first.

RULES = [
    ('前后一致', facts),
    ('投标有效期', bid_validity),
    ('投标保证金', bid_bond),
    ('签字盖章|签字、盖章', signature),
    ('项目编号', project_number),
    ('控制价|最高投标限价', price_ceiling),
    ('大小写金额', price_words),
    ('分项合计|分项报价', price_sum),
    ('交货期|交付期', delivery),
    ('质保期', warranty),
    ('付款条件', payment),
    ('营业执照', licence),
    ('授权委托书', authorization),
    ('联合体|转包|分包', subcontract),
    ('同类项目业绩[^\n]*只列出', track_list),
    ('业绩', track_record),
    ('资质证书|资质类别', qualification),
    ('项目经理', project_manager),
    ('★', technical),
    ('售后响应|到场时间', response_time),
    ('信用承诺|失信被执行人', credit),
    ('进口产品', imported),
    ('实施方案', plan),
]


def topic(question):
    best = None
    for words, rule in RULES:
        match = re.search(words, question)
        if match and (best is None or match.start() < best[0]):
            best = match.start(), rule
    return best and best[1]


def decide(messages):
    """The answer to a conversation: an object, or the text of a step."""

    users = [text_of(m) for m in messages
             if isinstance(m, dict) and m.get('role') == 'user']
    if not users:
        return answer('unsure', '没有收到要审核的文本。')

    texts = split_prompt(users[0])
    bid, tender, question = (text.translate(FLAT) for text in texts)

    # The latest message that has a topic counts: the next step's, or the
    # question itself when what came after was a complaint about the answer.
    for asked in [u.translate(FLAT) for u in users[:0:-1]] + [question]:
        rule = topic(asked)
        if rule is not None:
            break
    else:
        return answer('unsure', '演示用的规则里没有这一项，无法判断。',
                      '用 LLM_URL 接上真正的模型再审。')

    # Of a point about the document it has to be said whether it is there.
    whole = any('成员 found' in user for user in users)

    try:
        said = rule(bid, tender or asked)
    except Absent as e:
        if e.text is bid:
            return answer('not_applicable', str(e),
                          **({'found': False} if whole else {}))
        said = answer('unsure', str(e), '由人复核。')
    except Unknown as e:
        said = answer('unsure', str(e), '由人复核。')

    if isinstance(said, str):
        return said

    if whole:
        said['found'] = True

    # Names come from the flat texts, where brackets are half width.
    said['reason'] = said['reason'].translate(str.maketrans('()', '（）'))
    said['quote'] = [verbatim(quote, texts) for quote in said['quote']]
    return said


def verbatim(quote, texts):
    """The original's own text where the rules saw the quote."""

    for text in texts:
        at = text.translate(FLAT).find(quote)
        if at >= 0:
            return text[at:at + len(quote)]
    return quote


# ---- the protocol

def tokens(text):
    """An estimate: about one token for 1.5 Chinese characters."""

    return max(1, len(text) * 2 // 3)


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'demo-rules'
    disable_nagle_algorithm = True
    timeout = 120

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.split('?')[0] != '/v1/models':
            self.fail(404, 'no such path: ' + self.path)
            return
        self.reply(200, {'object': 'list', 'data': [
            {'id': MODEL, 'object': 'model', 'owned_by': 'nobody'}]})

    def do_POST(self):
        length = self.headers.get('Content-Length', '')
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self.fail(413 if length.isdigit() else 411, 'a body of known '
                      'length, up to {} bytes, is needed'.format(MAX_BODY))
            return

        body = self.rfile.read(int(length))
        if self.path.split('?')[0] != '/v1/chat/completions':
            self.fail(404, 'no such path: ' + self.path)
            return

        try:
            request = json.loads(body)
            messages = request['messages']
            if not isinstance(messages, list):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            self.fail(400, 'a JSON object with "messages" is needed')
            return

        content = decide(messages)
        if not isinstance(content, str):
            content = json.dumps(content, ensure_ascii=False)
        sent = tokens(''.join(text_of(m) for m in messages
                              if isinstance(m, dict)))
        usage = {'prompt_tokens': sent, 'completion_tokens': tokens(content),
                 'total_tokens': sent + tokens(content)}

        time.sleep(random.uniform(0.1, 0.4))
        if request.get('stream'):
            options = request.get('stream_options')
            wanted = (isinstance(options, dict)
                      and options.get('include_usage') is True)
            self.stream(content, usage if wanted else None)
        else:
            self.reply(200, self.completion('chat.completion', usage=usage,
                       choices=[{'index': 0, 'finish_reason': 'stop',
                                 'message': {'role': 'assistant',
                                             'content': content}}]))

    def completion(self, kind, **members):
        return dict(id='demo-{}'.format(id(self)), object=kind, model=MODEL,
                    created=int(time.time()),
                    system_fingerprint=FINGERPRINT, **members)

    def stream(self, content, usage):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()

        def choice(delta, reason=None):
            self.event(self.completion('chat.completion.chunk', choices=[
                {'index': 0, 'delta': delta, 'finish_reason': reason}]))

        choice({'role': 'assistant', 'content': ''})
        step = max(1, len(content) // 20)
        for i in range(0, len(content), step):
            choice({'content': content[i:i + step]})
            time.sleep(0.01)
        choice({}, 'stop')
        if usage is not None:
            self.event(self.completion('chat.completion.chunk', choices=[],
                                       usage=usage))
        self.event('[DONE]')
        self.wfile.write(b'0\r\n\r\n')

    def event(self, value):
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False)
        data = ('data: ' + value + '\n\n').encode()
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))

    def reply(self, status, value):
        data = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def fail(self, status, message):
        self.reply(status, {'error': {'message': message, 'code': status,
                                      'type': 'invalid_request_error'}})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        # A client that hangs up is nothing to be told about.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, address)


def watch(pid):
    """Ends this process when that one is gone."""

    child = os.getppid() == pid
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        except PermissionError:
            pass
        if child and os.getppid() != pid:
            break
        time.sleep(0.5)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--port', type=int, default=0,
                        help='port on 127.0.0.1; 0: any that is free')
    parser.add_argument('--port-file', help='where to write the port')
    parser.add_argument('--parent-pid', type=int,
                        help='exit when this process is gone')
    args = parser.parse_args()

    if args.parent_pid:
        threading.Thread(target=watch, args=(args.parent_pid,),
                         daemon=True).start()

    server = Server(('127.0.0.1', args.port), Handler)
    port = server.server_address[1]
    print('demo-rules: not a model: rules stand in for an LLM at '
          'http://127.0.0.1:{}/v1'.format(port), flush=True)
    if args.port_file:
        with open(args.port_file + '.new', 'w') as f:
            f.write('{}\n'.format(port))
        os.rename(args.port_file + '.new', args.port_file)

    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main()

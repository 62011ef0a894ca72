# Checks: points that no LLM decides, about amounts in words beside those in
# digits, about sums of tables, and about ends of validity.  Their verdicts, and
# their evidence, each at its place in the text; at once and on a thread; in
# rubrics and in requests; behind a gate; and what is wrong with one.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Contract;

review_http('review_retry tries=1;');

our $Large = '标' x 6000;

no_long_string();
run_tests();

__DATA__

=== TEST 1: amounts: what differs, what agrees, what can't be read, and none
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { qq({"chunk":"$_","points":[{"id":"a","severity":"fatal","check":"amounts"}]}) }
  '投标总价为人民币（大写）壹仟贰佰陆拾玖万元整（小写：¥12,960,000.00元）。',
  '保证金人民币100,000.00元\n（大写：壹拾万元整）',
  '大写：壹仟贰佰伍元整，小写：1205元', '大写金额与小写金额应当一致。' ]
--- json eval
[ 'results.0.status eq "ok"
results.0.attempts eq 0
results.0.finding.verdict eq "fail"
results.0.finding.severity eq "fatal"
results.0.finding.confidence eq 1
results.0.finding.grounded eq true
results.0.finding.needs_human eq false
results.0.finding.reason eq "大写“壹仟贰佰陆拾玖万元整”与小写“¥12,960,000.00元”不一致。"
results.0.finding.evidence eq [{"quote":"壹仟贰佰陆拾玖万元整","source":"chunk","start":12,"end":22,"match":"exact","line":1},{"quote":"¥12,960,000.00元","source":"chunk","start":26,"end":41,"match":"exact","line":1}]',
  'results.0.finding.verdict eq "pass"
results.0.finding.evidence.*.quote eq ["100,000.00元","壹拾万元整"]
results.0.finding.evidence.*.line eq [1,2]',
  'results.0.finding.verdict eq "unsure"
results.0.finding.needs_human eq true
results.0.finding.evidence.*.start eq [3,14]',
  'results.0.finding.verdict eq "not_applicable"
results.0.finding.grounded eq false
results.0.finding.needs_human eq false
results.0.finding.evidence len 0' ]



=== TEST 2: date_after: earlier, later, neither, none; of a variable
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = '"points":[{"id":"a","check":{"date_after":"2026-06-30"}},
{"id":"b","check":{"date_after":"{{vars.until}}"}},
{"id":"c","check":{"date_after":"2024年1月1日"}}]';
[ map { qq({"chunk":"$_","vars":{"until":"2027-01-01"},$points}) }
  '营业执照有效期至2026年8月31日。', '有效期限：长期', '有效期至2026年', '投标截止时间：2025年3月31日' ]
--- json eval
[ 'results.*.finding.verdict eq ["pass","fail","pass"]
results.*.finding.evidence.0.quote eq ["有效期至2026年8月31日","有效期至2026年8月31日","有效期至2026年8月31日"]
results.1.finding.evidence.0.start eq 4
results.1.finding.reason eq "“有效期至2026年8月31日”，早于2027年1月1日。"',
  'results.*.finding.verdict eq ["pass","pass","pass"]',
  'results.*.finding.verdict eq ["unsure","fail","pass"]',
  'results.*.finding.verdict eq ["not_applicable","not_applicable","not_applicable"]' ]



=== TEST 3: sums: a wrong row, a total, parts of a whole, and what can't be read
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $head = '分项报价如下：\n\n| 名称 | 数量 | 单价（元） | 合价（元） |\n|---|--:|--:|--:|\n';
my $rows = '| 甲 | 120 | 36,000.00 | 4,320,000.00 |\n| 乙 | 240 | 18,500.00 | 4,440,000.00 |\n';
[ map { qq({"chunk":"$_","points":[{"id":"a","check":"sums"}]}) }
  "$head$rows| 丙 | 2 | 3.00 | 7.00 |\\n",
  "$head$rows| 合计 | | | 8,770,000.00 |\\n",
  "$head$rows\\n投标总价（小写）：¥8,760,000.00元。",
  "$head$rows\\n投标总价（小写）：¥8,960,000.00元。",
  "$head| 甲 | 若干 | 1.00 | 2.00 |\\n",
  "<table><tr><th>项目</th><th>金额</th></tr><tr><td>甲</td><td>1</td></tr>"
  . "<tr><td>合计</td><td>2</td></tr></table>", "没有表。" ]
--- json eval
[ 'results.0.finding.verdict eq "fail"
results.0.finding.evidence.*.quote eq ["| 丙 | 2 | 3.00 | 7.00 |"]
results.0.finding.evidence.*.line eq [7]
results.0.finding.reason eq "表中第3行：2×3=6，表中写的是7。"',
  'results.0.finding.verdict eq "fail"
results.0.finding.evidence.*.quote eq ["| 合计 | | | 8,770,000.00 |"]',
  'results.0.finding.verdict eq "pass"',
  'results.0.finding.verdict eq "fail"
results.0.finding.evidence.*.quote eq ["¥8,960,000.00元"]
results.0.finding.reason has "相差200000"',
  'results.0.finding.verdict eq "unsure"
results.0.finding.needs_human eq true',
  'results.0.finding.verdict eq "fail"
results.0.finding.evidence.*.quote eq ["<td>合计</td><td>2</td>"]',
  'results.0.finding.verdict eq "not_applicable"' ]



=== TEST 4: a rubric in English, a gate, a rule and a question beside them
--- config
    location = /v1/review { review bid; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_rubric bid ../html/bid.json;
--- user_files
>>> bid.json
{"name":"bid","language":"en","points":[
{"id":"gated","when":"no such words","check":"amounts"},
{"id":"open","when":"大写","check":"amounts"},
{"id":"rule","rule":"大写"},
{"id":"asked","question":"[[reason=asked]]"},
{"id":"until","check":{"date_after":"2026-06-30"}}]}
--- json_request
{"chunk":"大写：壹佰元整，小写：101元，valid until June 29, 2026"}
--- json
results.*.status eq ["skipped","ok","ok","ok","ok"]
results.1.finding.verdict eq "fail"
results.1.finding.reason eq "\"壹佰元整\" in words is not \"101元\" in digits."
results.3.finding.reason eq "asked"
results.4.finding.verdict eq "fail"
results.4.finding.evidence.0.quote eq "valid until June 29, 2026"
results.4.finding.reason eq "\"valid until June 29, 2026\" is earlier than 2026-06-30."



=== TEST 5: a large text, on a thread, with a regex beside it
--- config
    location = /v1/review {
        review;
        review_llm /llm model=stand-in;
        review_thread_pool default threshold=1k;
    }
    location = /short {
        review;
        review_llm /llm model=stand-in;
        review_thread_pool default threshold=1m;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = '"points":[{"id":"a","check":"amounts"},{"id":"b","rule":"小写"},
{"id":"c","when":"没有","check":"amounts"},
{"id":"d","check":{"date_after":"{{vars.v}}"}}],"vars":{"v":"2026-01-01"}';
my $text = '大写：壹佰元整，小写：101元，有效期至2025年1月1日';
[ map { qq({"chunk":"$_",$points}) } $main::Large . $text, $text . $main::Large ]
--- json eval
my $all = 'results.*.status eq ["ok","ok","skipped","ok"]
results.0.finding.verdict eq "fail"
results.3.finding.verdict eq "fail"
';
[ $all . 'results.0.finding.evidence.*.start eq [6003,6011]
results.3.finding.evidence.0.start eq 6016',
  $all . 'results.0.finding.evidence.*.start eq [3,11]' ]



=== TEST 6: a large text that the event loop must not check itself
--- config
    location = /v1/review {
        review;
        review_llm /llm model=stand-in;
        review_thread_pool default threshold=1m;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
qq({"chunk":"$main::Large大写：壹佰元整，小写：101元","points":[{"id":"a","check":"amounts"}]})
--- json
results.0.finding.evidence.*.start eq [6003,6011]



=== TEST 7: what is wrong with one
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { qq({"chunk":"x","points":[{"id":"a",$_}]}) }
  '"check":"dates"', '"check":["amounts"]', '"check":{}',
  '"check":{"date_after":"soon"}', '"check":{"date_after":"2026-06"}',
  '"check":{"date_after":"2026-02-30"}', '"check":{"date_after":20260630}',
  '"check":{"date_after":"{{chunk}}"}',
  '"check":{"date_after":"{{vars.a?}}"}',
  '"check":{"date_after":"2026-06-30","amounts":true}',
  '"check":"amounts","question":"q"', '"check":"amounts","rule":"r"',
  '"check":"amounts","data":{}', '"check":"amounts","max_tokens":5',
  '"check":"amounts","steps":["a"]' ]
--- error_code eval: [ (400) x 15 ]
--- problem eval
[ map { "pointer eq \"/points/0/$_\"" }
  'check', 'check', 'check', ('check/date_after') x 6, 'check/amounts',
  'question', 'rule', 'data', 'max_tokens', 'steps' ]



=== TEST 8: a variable that is missing, or no date
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { qq({"chunk":"x",$_"points":[{"id":"a","check":{"date_after":"{{vars.end}}"}}]}) }
  '', '"vars":{"end":"soon"},', '"vars":{"end":20260630},', '"vars":{"end":"2026-06-30x"},' ]
--- error_code eval: [ (422) x 4 ]
--- problem eval
[ 'pointer eq "/vars/end"
detail has "is missing: the check of point \"a\" asks for a date"',
  ('pointer eq "/vars/end"
detail has "is not a date"') x 3 ]



=== TEST 9: one check of many points, and many dates of one text
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; review_max_points 300; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $text = '标' x 4000 . '有效期至2026年1月1日';
[ qq({"chunk":"$text","points":[)
  . CORE::join(',', map { qq({"id":"p$_","check":{"date_after":"2026-01-0$_"}}) } 1 .. 2)
  . CORE::join('', map { qq(,{"id":"d$_","check":{"date_after":"20$_-01-01"}}) } 30 .. 90)
  . ',{"id":"again","check":{"date_after":"2026-01-02"}}]}' ]
--- json eval
[ 'results.*.status eq [' . CORE::join(',', ('"ok"') x 64) . ']
results.*.finding.verdict eq ["pass",' . CORE::join(',', ('"fail"') x 63) . ']
results.63.finding.evidence.0.start eq 4000
results.63.finding.evidence.0.quote eq "有效期至2026年1月1日"' ]

# Checks of a task: what they find stands at its place in the document, and no
# LLM is asked, nor counted by a dry run.

use strict;
use warnings;

use lib 't/lib';
use Review;

no_long_string();
run_tests();

__DATA__

=== TEST 1: of a task: places are the document's, and nothing is asked
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_rubric bid ../html/bid.json;
--- user_files
>>> bid.json
{"name":"bid","points":[
{"id":"amounts","check":"amounts"},
{"id":"sums","check":"sums"},
{"id":"until","check":{"date_after":"{{vars.end}}"}}]}
--- config
    location = /v1/review { review_task bid; review_chunk_uri /chunk; }
    location = /chunk { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/c; }
    location = /c { review bid; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $document = '# 一\n\n大写：壹佰元整，小写：101元\n\n# 二\n\n| 名称 | 数量 | 单价 | 金额 |\n|--|--|--|--|\n| 甲 | 2 | 3.00 | 7.00 |\n\n# 三\n\n执照有效期至2026年6月1日。\n';
[ map { qq({"document":"$document","split":{"max_chars":60},"vars":{"end":"2026-06-30"}$_}) }
  '', ',"dry_run":true' ]
--- json eval
[ 'status eq "complete"
points.*.verdict eq ["fail","fail","fail"]
points.0.findings.0.evidence.*.quote eq ["壹佰元整","101元"]
points.1.findings.0.evidence.*.quote eq ["| 甲 | 2 | 3.00 | 7.00 |"]
points.2.findings.0.evidence.*.quote eq ["有效期至2026年6月1日"]
points.2.findings.0.evidence.*.source eq ["document"]
usage.calls eq 0',
  'cells.asked eq 0' ]

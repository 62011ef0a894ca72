# The contract of a review: every point that was asked for comes back exactly
# once, in the order asked, whatever order the calls end in and however many
# there are; with its own status, from which the review's status and the HTTP
# code follow; usage adds up.  Points come from a rubric, from the request, or
# from both; gates save calls; rules decide without one, with offsets in code
# points; a regex that explodes costs its own point only.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Contract;

use JSON::PP ();

review_http(
    'review_llm /llm model=stand-in;',
    'review_retry tries=2 backoff=10ms;',
    'review_rubric bid ../html/bid.json;',
    'review_rubric tender ../html/tender.json;',
);

# the rubrics of all blocks

our $rubrics = <<'END';
>>> bid.json
{"name": "标书", "version": "2025-03", "points": [
    {"id": "validity", "title": "投标有效期", "severity": "fatal",
     "question": "有效期够不够？[[key=v verdict=fail quote=60日]]"},
    {"id": "import", "when": "进口|原产地", "severity": "minor",
     "question": "有没有原产地证明？[[key=i]]"},
    {"id": "signature", "severity": "fatal",
     "rule": {"pattern": "签字：_{3,}", "match": "fail", "no_match": "pass",
              "reason": "须签字", "suggestion": "请签字"}},
    {"id": "price", "question": "[[key=p verdict=risk]]"}
]}
>>> tender.json
{"name": "tender", "language": "en", "model": "other-model",
 "system": "You read tenders.",
 "points": [{"id": "validity", "question": "Long enough? [[key=t]]"},
            {"id": "any-text", "rule": "."},
            {"id": "no-text", "rule": "zzz"}]}
END

sub with_rubrics { return "$rubrics$_[0]" }

sub points_of {
    my ($n, $code) = @_;
    return JSON::PP->new->utf8->canonical->encode({
        chunk => 'abc',
        points => [ map { { id => "p$_", question => $code->($_) } } 1 .. $n ],
    });
}

sub ids_of {
    return '[' . CORE::join(',', map { qq("p$_") } 1 .. $_[0]) . ']';
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(user_files => $rubrics) if !defined $block->user_files;
});

run_tests();

__DATA__

=== TEST 1: a point is answered, with all members
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"投标有效期60日","points":[{"id":"a","severity":"fatal","question":"[[verdict=fail reason=太短 suggestion=改为90日 confidence=0.75 quote=有效期60日 tokens=5]]"}]}
--- json
. len 6
id eq null
rubric eq null
status eq "complete"
results len 1
results.0 len 7
results.0.point eq "a"
results.0.status eq "ok"
results.0.attempts eq 1
results.0.model eq "stand-in"
results.0.elapsed_ms ge 0
results.0.usage len 3
results.0.usage.completion_tokens eq 5
results.0.usage.prompt_tokens gt 100
results.0.error missing
results.0.finding len 8
results.0.finding.verdict eq "fail"
results.0.finding.severity eq "fatal"
results.0.finding.reason eq "太短"
results.0.finding.suggestion eq "改为90日"
results.0.finding.confidence eq 0.75
results.0.finding.evidence eq [{"quote":"有效期60日","source":"chunk","start":2,"end":8,"line":1,"match":"exact"}]
results.0.finding.grounded eq true
results.0.finding.needs_human eq false
usage len 5
usage.calls eq 1
usage.retries eq 0
usage.completion_tokens eq 5
elapsed_ms ge 0
--- llm_calls
count eq 1
0.outcome eq "answered"



=== TEST 2: points that finish in another order come back in that asked
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"slow","question":"[[delay=600 reason=1]]"},
{"id":"rule","rule":"b"},
{"id":"fast","question":"[[reason=3]]"},
{"id":"mid","question":"[[delay=300 reason=4]]"}]}
--- json
status eq "complete"
results.*.point eq ["slow","rule","fast","mid"]
results.0.finding.reason eq "1"
results.2.finding.reason eq "3"
results.3.finding.reason eq "4"
results.0.elapsed_ms ge 590
results.3.elapsed_ms ge 290
elapsed_ms ge 590
--- llm_calls
count eq 3
stats.max_in_flight ge 2



=== TEST 3: events come as points finish, the last one has the order asked
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
--- json_request
{"chunk":{"id":"c","text":"abc"},"points":[
{"id":"slow","question":"[[delay=700]]"},
{"id":"gone","when":"x","question":"[[500]]"},
{"id":"fast","question":"[[ok]]"},
{"id":"bad","question":"[[delay=350 refusal]]"}]}
--- sse
events eq ["result","progress","result","progress","result","progress","result","progress","done"]
result.*.point eq ["gone","fast","bad","slow"]
progress eq [{"done":1,"total":4,"failed":0},{"done":2,"total":4,"failed":0},{"done":3,"total":4,"failed":1},{"done":4,"total":4,"failed":1}]
done len 1
done.0.id eq "c"
done.0.status eq "partial"
done.0.results.*.point eq ["slow","gone","fast","bad"]
done.0.results.*.status eq ["ok","skipped","ok","failed"]
done.0.usage.calls eq 3
--- response_headers
Content-Type: text/event-stream
Cache-Control: no-cache
--- llm_calls
count eq 3



=== TEST 4: two hundred points, each with its own answer, in order
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
main::points_of(200, sub { "[[delay=" . ($_[0] * 37 % 200)
                           . " reason=r$_[0] tokens=2]]" })
--- json eval
'status eq "complete"
results len 200
results.*.point eq ' . main::ids_of(200) . '
results.*.finding.reason eq [' . CORE::join(',', map { qq("r$_") } 1 .. 200) . ']
usage.calls eq 200
usage.retries eq 0
usage.completion_tokens eq 400'
--- llm_calls
count eq 200
stats.answered eq 200



=== TEST 5: two hundred points, of which every third fails, none is lost
--- config
    location = /v1/review { review_retry tries=1; review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
main::points_of(200, sub { '[[' . ('ok', '500', 'cut')[$_[0] % 3] . ']]' })
--- json eval
'status eq "partial"
results.*.point eq ' . main::ids_of(200) . '
results.*.status eq [' . CORE::join(',', map { $_ % 3 ? '"failed"' : '"ok"' }
                                       1 .. 200) . ']
results.0.error.code eq "http_500"
results.1.error.code eq "cut"
results.199.error.code eq "cut"
usage.calls eq 200
usage.retries eq 0'



=== TEST 6: the chunk's id comes back as it is
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":{"id":"第 3 章/\"附\\录\"\t𠮷😀<b>","text":"abc"},"points":[{"id":"a","rule":"."}]}
--- json
id eq "第 3 章/\"附\\录\"\t𠮷😀<b>"



=== TEST 7: an id that is empty, one that is null, and none
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
['{"chunk":{"id":"","text":"abc"},"points":[{"id":"a","rule":"."}]}',
 '{"chunk":{"id":null,"text":"abc"},"points":[{"id":"a","rule":"."}]}',
 '{"chunk":{"text":"abc"},"points":[{"id":"a","rule":"."}]}']
--- json eval
['id eq ""', 'id eq null', 'id eq null']



=== TEST 8: ids of points come back as they are
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"3.1 \"a\"/\\b","rule":"."},
{"id":"有效期","question":"[[refusal]]"},
{"id":"😀𠮷","rule":"z"},
{"id":" ","rule":"c"},
{"id":"</script>%00","question":"[[ok]]"}]}
--- json
results.*.point eq ["3.1 \"a\"/\\b","有效期","😀𠮷"," ","</script>%00"]
results.*.status eq ["ok","failed","ok","ok","ok"]



=== TEST 9: some points fail: partial, 200
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[500]]"},{"id":"b","question":"[[ok]]"},
{"id":"c","question":"[[404]]"}]}
--- error_code: 200
--- json
status eq "partial"
results.*.status eq ["failed","ok","failed"]
results.*.attempts eq [2,1,1]
results.0.error.code eq "http_500"
results.0.model eq null
results.2.error.code eq "http_404"
usage.calls eq 4
usage.retries eq 1



=== TEST 10: all points fail: failed, 502, with the same body
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":{"id":"x","text":"abc"},"points":[
{"id":"a","question":"[[500]]"},{"id":"b","question":"[[refusal]]"}]}
--- error_code: 502
--- json
. len 6
id eq "x"
status eq "failed"
results.*.status eq ["failed","failed"]
results.*.error.code eq ["http_500","refused"]
results.*.finding eq [null,null]
results.0 len 7



=== TEST 11: all points time out: failed, 504
--- config
    location = /v1/review {
        review; review_call_timeout 1s; review_retry tries=1;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[hang]]"},{"id":"b","question":"[[hang_body]]"}]}
--- error_code: 504
--- json
status eq "failed"
results.*.status eq ["timeout","timeout"]
results.*.error.code eq ["call_timeout","call_timeout"]
elapsed_ms ge 200
--- llm_calls
*.outcome eq ["client_closed","client_closed"]



=== TEST 12: the deadline is a timeout as well: 504
--- config
    location = /v1/review { review; review_timeout 1s; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[hang]]"},{"id":"b","question":"[[delay=9000]]"}]}
--- error_code: 504
--- json
results.*.status eq ["timeout","timeout"]
results.*.error.code eq ["deadline","deadline"]
results.*.attempts eq [1,1]
elapsed_ms ge 300



=== TEST 13: the request's own deadline, where it is nearer
--- config
    location = /v1/review { review; review_timeout 60s; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","deadline":1,"points":[{"id":"a","question":"[[hang]]"}]}
--- error_code: 504
--- json
results.*.error.code eq ["deadline"]
results.*.attempts eq [1]
elapsed_ms ge 900



=== TEST 14: one timeout among failures: 502
--- config
    location = /v1/review {
        review; review_call_timeout 1s; review_retry tries=1;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[hang]]"},{"id":"b","question":"[[500]]"}]}
--- error_code: 502
--- json
status eq "failed"
results.*.status eq ["timeout","failed"]



=== TEST 15: one skipped point among failures: partial, 200
--- config
    location = /v1/review {
        review; review_call_timeout 1s; review_retry tries=1;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[hang]]"},{"id":"b","when":"x","question":"[[ok]]"},
{"id":"c","question":"[[500]]"}]}
--- error_code: 200
--- json
status eq "partial"
results.*.status eq ["timeout","skipped","failed"]
results.1 len 6
results.1.model eq null
results.1.usage.total_tokens eq 0



=== TEST 16: usage adds up, tries and all
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","question":"[[tokens=3]]"},
{"id":"b","question":"[[500|tokens=4]]"},
{"id":"c","question":"[[no_usage]]"},
{"id":"d","rule":"."},
{"id":"e","question":"[[raw=what? tokens=5|tokens=6]]"}]}
--- json
results.*.attempts eq [1,2,1,0,2]
results.*.usage.completion_tokens eq [3,4,0,0,11]
results.2.usage eq {"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}
results.0.usage.prompt_tokens gt 0
usage.calls eq 6
usage.retries eq 2
usage.completion_tokens eq 18



=== TEST 17: the points of the location's rubric, in its order
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"有效期60日。签字：____"}
--- json
rubric eq {"name":"标书","version":"2025-03"}
status eq "complete"
results.*.point eq ["validity","import","signature","price"]
results.*.status eq ["ok","skipped","ok","ok"]
results.0.finding.severity eq "fatal"
results.2.finding.severity eq "fatal"
results.3.finding.severity eq "major"
results.3.finding.needs_human eq true
--- llm_calls
count eq 2
*.key has "v"
*.key has "p"



=== TEST 18: points by their ids, in the order asked, with some of one's own
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"进口60日","points":["price",{"id":"own","question":"[[reason=mine]]"},"signature","validity","import"]}
--- json
results.*.point eq ["price","own","signature","validity","import"]
results.*.status eq ["ok","ok","ok","ok","ok"]
results.1.finding.reason eq "mine"
results.2.finding.verdict eq "pass"
results.3.finding.evidence.0.start eq 2
--- llm_calls
count eq 4



=== TEST 19: the request names another rubric: its points, model and language
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","rubric":"tender"}
--- json
rubric eq {"name":"tender","version":""}
results.*.point eq ["validity","any-text","no-text"]
results.0.model eq "other-model"
results.1.finding.reason eq "The text has what the rule looks for."
results.2.finding.reason eq "The text does not have what the rule looks for."
--- llm_calls
count eq 1
0.model eq "other-model"
0.body.messages.0.content like /^You read tenders\./



=== TEST 20: a rubric in the request where the location has none
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"60日","rubric":"bid","points":["validity"]}
--- json
rubric.name eq "标书"
results.*.point eq ["validity"]
results.0.finding.evidence.0.end eq 3



=== TEST 21: null members are as good as none
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":{"text":"60日","id":null,"heading":null},"rubric":null,"points":null,"references":null,"vars":null,"unknown":null}
--- json
rubric.name eq "标书"
results len 4
status eq "complete"



=== TEST 22: references: evidence may come from them, the chunk comes first
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"有效期60日","references":[{"id":"招标文件","text":"😀不少于90日，有效期"},{"id":"r2","text":"不少于90日"}],
"points":[{"id":"a","question":"[[quote=不少于90日 quote=有效期 quote=60日]]"}]}
--- json
results.0.finding.evidence len 3
results.0.finding.evidence.0 eq {"quote":"不少于90日","source":"招标文件","start":1,"end":7,"line":1,"match":"exact"}
results.0.finding.evidence.1.source eq "chunk"
results.0.finding.evidence.1.start eq 0
results.0.finding.evidence.2.source eq "chunk"
results.0.finding.grounded eq true
--- llm_calls
0.body.messages.1.content has "😀不少于90日，有效期"
0.body.messages.1.content like /id="招标文件".*id="r2"/s



=== TEST 23: vars and headings in a template
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":{"text":"abc","heading":["第三章 \"投标函\"","3.1 承诺"]},
"vars":{"project":"甲\"乙\\","lots":2,"rate":0.1,"yes":true,"none":null,"名称":"x"},
"points":[{"id":"a","title":"题","severity":"minor","question":"问",
"prompt":"[{{heading}}] ({{vars.project}}|{{vars.lots}}|{{vars.rate}}|{{vars.yes}}|{{vars.none?}}|{{ vars.missing? }}|{{ vars.名称 }}) {{point.id}} {{point.title}} {{point.severity}} {{point.question}} {{{{x}}"}]}
--- json
status eq "complete"
--- llm_calls
0.body.messages.1.content has "[第三章 \"投标函\" > 3.1 承诺] (甲\"乙\\|2|0.1|true|||x) a 题 minor 问 {{x}}"



=== TEST 24: a heading may be one string, an empty one is none
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
['{"chunk":{"text":"abc","heading":"投标函"},"points":[{"id":"a","prompt":"<{{heading}}> [[key=1]]"}]}',
 '{"chunk":{"text":"abc","heading":[]},"points":[{"id":"a","prompt":"<{{heading}}> [[key=2]]"}]}',
 '{"chunk":{"text":"abc","heading":["","甲","","乙"]},"points":[{"id":"a","prompt":"<{{heading}}> [[key=3]]"}]}']
--- json eval
[('status eq "complete"') x 3]
--- llm_calls
0.body.messages.1.content has "<投标函>"
0.body.messages.1.content like /章节.*投标函.*<review-text/s
1.body.messages.1.content has "<>"
1.body.messages.1.content unlike /章节/
2.body.messages.1.content like /甲.*> 乙/



=== TEST 25: a gate that does not match saves the call
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"本项目采用国产设备","points":[
{"id":"a","when":"进口","question":"[[500]]"},
{"id":"b","when":"国产|进口","question":"[[reason=asked]]"},
{"id":"c","when":"^国产","question":"[[500]]"},
{"id":"d","when":"项目","rule":"国产"},
{"id":"e","when":"进口","rule":"国产"}]}
--- json
status eq "complete"
results.*.status eq ["skipped","ok","skipped","ok","skipped"]
results.*.attempts eq [0,1,0,0,0]
results.1.finding.reason eq "asked"
results.3.finding.verdict eq "pass"
usage.calls eq 1
--- wait: 0.1
--- llm_calls
count eq 1



=== TEST 26: all points skipped: complete, 200, and no call
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","when":"x","question":"[[ok]]"},{"id":"b","when":"y","question":"[[ok]]"}]}
--- error_code: 200
--- json
status eq "complete"
results.*.status eq ["skipped","skipped"]
usage eq {"calls":0,"retries":0,"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}
--- wait: 0.1
--- llm_calls
count eq 0



=== TEST 27: all points skipped, as events
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
--- json_request
{"chunk":"abc","points":[
{"id":"a","when":"x","question":"[[ok]]"},{"id":"b","rule":"b"}]}
--- sse
events eq ["result","progress","result","progress","done"]
result.*.point eq ["a","b"]
done.0.status eq "complete"
done.0.usage.calls eq 0



=== TEST 28: a review of rules alone needs no LLM
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"𠮷😀👨‍👩‍👧签字：____\r\n盖章","points":[
{"id":"a","severity":"fatal","rule":{"pattern":"签字：_+","match":"fail","no_match":"pass","reason":"须签字","suggestion":"请签字"}},
{"id":"b","rule":"盖章$"},
{"id":"c","rule":{"pattern":"日期","no_match":"unsure"}},
{"id":"d","rule":{"pattern":"𠮷.","match":"not_applicable"}},
{"id":"e","rule":{"pattern":"骑缝章","match":"pass","no_match":"risk"}}]}
--- json
status eq "complete"
results.*.status eq ["ok","ok","ok","ok","ok"]
results.*.attempts eq [0,0,0,0,0]
results.*.model eq [null,null,null,null,null]
results.*.finding.verdict eq ["fail","pass","unsure","not_applicable","risk"]
results.*.finding.grounded eq [true,true,false,true,false]
results.*.finding.needs_human eq [false,false,true,false,false]
results.*.finding.confidence eq [1,1,1,1,1]
results.0.finding.severity eq "fatal"
results.0.finding.reason eq "须签字"
results.0.finding.suggestion eq "请签字"
results.0.finding.evidence eq [{"quote":"签字：____","source":"chunk","start":7,"end":14,"line":1,"match":"exact"}]
results.1.finding.evidence.0 eq {"quote":"盖章","source":"chunk","start":16,"end":18,"line":2,"match":"exact"}
results.1.finding.reason like /./
results.1.finding.suggestion eq ""
results.2.finding.evidence eq []
results.3.finding.evidence.0 eq {"quote":"𠮷😀","source":"chunk","start":0,"end":2,"line":1,"match":"exact"}
--- wait: 0.1
--- llm_calls
count eq 0



=== TEST 29: regexes know Unicode: code points, digits, case
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"总价１２３元ÄÖ","points":[
{"id":"digits","rule":"\\d+"},
{"id":"points","rule":"^.{8}$"},
{"id":"case","rule":"(?i)äö"},
{"id":"no-case","rule":"äö"},
{"id":"groups","rule":"(总)(价)(?=(.)(.)(.))"},
{"id":"behind","rule":"(?<=３)元"}]}
--- json
results.*.finding.verdict eq ["pass","pass","pass","fail","pass","pass"]
results.0.finding.evidence.0.quote eq "１２３"
results.0.finding.evidence.0.start eq 2
results.0.finding.evidence.0.end eq 5
results.1.finding.evidence.0.end eq 8
results.2.finding.evidence.0.quote eq "ÄÖ"
results.4.finding.evidence.0.quote eq "总价"
results.5.finding.evidence.0.start eq 5



=== TEST 30: a rule that matches nothing at all, at a place
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","rule":"(?=c)"}]}
--- json
status eq "complete"
results.0.finding.verdict eq "pass"
results.0.finding.evidence len 0
results.0.finding.grounded eq false



=== TEST 31: a regex that explodes: the rule fails, the gate is open
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
# one in each request: all regexes of one together have 500 ms
[map { '{"chunk":"' . 'a' x 64 . '!","points":[' . $_
       . ',{"id":"fine","rule":"a!"}]}' }
 '{"id":"rule","rule":"(a+)+$"}',
 '{"id":"gate","when":"(a+)+$","question":"[[reason=asked]]"}',
 '{"id":"both","when":"(a|aa)+$","rule":"!"}']
--- json eval
my $fine = 'results.1.finding.evidence.0.start eq 63
            elapsed_ms lt 30000';
["status eq \"partial\"
  results.*.status eq [\"failed\",\"ok\"]
  results.0.error.code eq \"regex_limit\"
  results.0.attempts eq 0
  $fine",
 "results.*.status eq [\"ok\",\"ok\"]
  results.0.finding.reason eq \"asked\"
  results.0.attempts eq 1
  $fine",
 "results.*.status eq [\"ok\",\"ok\"]
  $fine"]
--- error_log
a regex gave up



=== TEST 32: with JIT compiled regexes it is the same
--- main_config
    pcre_jit on;
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_llm /llm model=stand-in;
    review_rubric bad ../html/bad.json;
--- user_files
>>> bad.json
{"name": "bad", "points": [
{"id":"rule","rule":"(a+)+$"},
{"id":"gate","when":"(a+)+$","question":"[[reason=asked]]"},
{"id":"fine","rule":"a!"}]}
--- config
    location = /v1/review { review bad; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}
--- json
results.*.status eq ["failed","ok","ok"]
results.0.error.code eq "regex_limit"
results.1.finding.reason eq "asked"
results.2.finding.evidence.0.start eq 63
elapsed_ms lt 30000



=== TEST 33: a regex that is slow at every place does not hold up the worker
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"' . '1' x 120000 . '，元","points":[{"id":"rule","rule":"\\\\d+元"},
{"id":"fine","rule":"元"}]}'
--- json
results.1.status eq "ok"
results.1.finding.evidence.0.start eq 120001



=== TEST 34: nor does one that never goes back
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"' . '1' x 120000 . '，元","points":['
. '{"id":"rule","rule":"\\\\d++元"},'
. '{"id":"lazy","rule":".*?\\\\d++元"},'
. '{"id":"gate","when":"(?>\\\\d+)元","question":"[[reason=asked]]"},'
. '{"id":"fine","rule":"元"}]}'
--- json
results.*.status eq ["failed","failed","ok","ok"]
results.0.error.code eq "regex_limit"
results.1.error.code eq "regex_limit"
results.2.finding.reason eq "asked"
results.3.finding.evidence.0.start eq 120001
--- timeout: 30



=== TEST 35: a bad regex among many, on a thread, for which nothing is asked
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"' . '标' x 50000 . '","points":['
. CORE::join('', map { '{"id":"' . $_ . '","rule":"(' . 'a' x 1000 . ')"},' } 1 .. 90)
. '{"id":"bad","question":"x","when":"保证金("}]}'
--- error_code: 400
--- problem
pointer eq "/points/90/when"
detail has "is not a valid regex: missing closing parenthesis"
--- llm_calls
count eq 0



=== TEST 36: an overloaded point is no other point's harm
--- config
    location = /v1/review { review; review_timeout 2s; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"hang","question":"[[hang]]"},
{"id":"ok","question":"[[ok]]"},
{"id":"429","question":"[[429 retry_after=60]]"},
{"id":"cut","question":"[[cut|ok]]"},
{"id":"rule","rule":"c"}]}
--- json
status eq "partial"
results.*.point eq ["hang","ok","429","cut","rule"]
results.*.status eq ["timeout","ok","failed","ok","ok"]
results.0.error.code eq "deadline"
results.2.error.code eq "rate_limited"
results.2.attempts eq 1
results.3.attempts eq 2



=== TEST 37: reviews on one connection, sent before they are answered
--- config
    location = /v1/review { review; keepalive_timeout 5s; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- pipelined_requests eval
[qq(POST /v1/review\n{"chunk":{"id":"1","text":"abc"},"points":[{"id":"a","question":"[[delay=100 reason=one]]"}]}),
 qq(POST /v1/review\n{"chunk":{"id":"2","text":"abc"},"points":[{"id":"a","rule":"b"}]}),
 qq(POST /v1/review\n{"chunk":{"id":"3","text":"abc"},"points":[{"id":"a","question":"[[500]]"}]}),
 qq(POST /v1/review\n{"chunk":{"id":"4","text":"abc"},"points":[{"id":"a","question":"[[reason=four]]"},{"id":"b","when":"x","question":"x"}]})]
--- error_code eval
[200, 200, 502, 200]
--- json eval
['id eq "1"
results.0.finding.reason eq "one"
results len 1',
 'id eq "2"
results.0.finding.evidence.0.start eq 1',
 'id eq "3"
status eq "failed"',
 'id eq "4"
results.0.finding.reason eq "four"
results.1.status eq "skipped"']
--- llm_calls
count eq 4



=== TEST 38: events and JSON on one connection
--- config
    location = /v1/review { review; keepalive_timeout 5s; }
    location = /v1/events { review; keepalive_timeout 5s; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
["Content-Type: application/json\nAccept: text/event-stream",
 "Content-Type: application/json",
 "Content-Type: application/json\nAccept: text/event-stream"]
--- pipelined_requests eval
[qq(POST /v1/review\n{"chunk":"abc","points":[{"id":"a","question":"[[delay=50 reason=one]]"}]}),
 qq(POST /v1/review\n{"chunk":"abc","points":[{"id":"b","question":"[[ok]]"}]}),
 qq(POST /v1/review\n{"chunk":"abc","points":[{"id":"c","rule":"b"}]})]
--- sse eval
['done.0.results.0.finding.reason eq "one"', undef,
 'events eq ["result","progress","done"]']
--- json eval
[undef, 'results.*.point eq ["b"]', undef]



=== TEST 39: Accept weighs JSON and events
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
["Accept: text/event-stream;q=0.5, application/json",
 "Accept: application/json;q=0.5, text/event-stream;q=0.9",
 "Accept: */*",
 "Accept: TEXT/Event-Stream"]
--- json_request eval
[('{"chunk":"abc","points":[{"id":"a","rule":"b"}]}') x 4]
--- json eval
['status eq "complete"', undef, 'status eq "complete"', undef]
--- sse eval
[undef, 'done len 1', undef, 'done len 1']



=== TEST 40: a gzipped reply is the same reply
--- config
    location = /v1/review {
        review; gzip on; gzip_types application/json; gzip_min_length 1;
    }
    location = /plain {
        proxy_pass http://127.0.0.1:$server_port/v1/review;
        proxy_set_header Accept-Encoding gzip;
        gunzip on;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
/plain
{"chunk":"投标有效期60日","points":[{"id":"a","question":"[[delay=50 quote=60日]]"},{"id":"b","question":"[[refusal]]"}]}
--- json
status eq "partial"
results.0.finding.evidence.0.start eq 5
--- llm_calls
*.header.accept-encoding eq [null,null]



=== TEST 41: the variables of a review are in the access log
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_llm /llm model=stand-in;
    review_retry tries=2 backoff=10ms;
    review_rubric bid ../html/bid.json;
    log_format review escape=none "[$review_status|$review_rubric|$review_calls|$review_failed|$review_retries|$review_completion_tokens]";
--- config
    location = /v1/review { review bid; access_log logs/access.log review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"60日","points":["validity",{"id":"b","question":"[[500|tokens=4]]"},{"id":"c","question":"[[refusal]]"},"import"]}
--- json
status eq "partial"
--- access_log
[partial|标书|4|1|1|12]

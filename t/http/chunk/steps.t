# Points in several steps: one conversation, each step of which sees all that
# was said before; free answers until the last one; tries and re-asked answers
# inside of steps, each step having its own; a step that fails is the point's
# failure; calls, tokens and retries of all steps add up.  And the templates of
# steps and prompts: what stands in them is what the LLM is asked.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Contract;

review_http('review_llm /llm model=stand-in;',
            'review_retry tries=3 backoff=10ms;');

$ENV{TEST_NGINX_REVIEW} = '
        location = /v1/review { review; }
' . $ENV{TEST_NGINX_LLM_LOCATION};

run_tests();

__DATA__

=== TEST 1: two steps: one conversation, the last answer is the finding
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"业绩：甲、乙","points":[{"id":"a","question":"够不够","steps":[
"列出业绩 [[raw=1.甲%0A2.乙 tokens=3]]",
"再判断：{{point.question}} [[verdict=fail reason=不够 quote=甲、乙 tokens=5]]"]}]}
--- json
status eq "complete"
results len 1
results.0.attempts eq 2
results.0.usage.completion_tokens eq 8
results.0.finding.verdict eq "fail"
results.0.finding.reason eq "不够"
results.0.finding.evidence.0.start eq 3
usage.calls eq 2
usage.retries eq 0
usage.completion_tokens eq 8
--- llm_calls
count eq 2
0.body.messages.*.role eq ["system","user"]
0.body.messages.1.content like /id="chunk" key="\w+">\n业绩：甲、乙\n.*列出业绩/s
0.body.messages.1.content unlike /再判断/
1.body.messages.*.role eq ["system","user","assistant","user"]
1.body.messages.2.content eq "1.甲\n2.乙"
1.body.messages.3.content like /^再判断：够不够/
1.body.messages.3.content unlike /<review-text/



=== TEST 2: three steps: each sees all that was said before
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[raw=1 key=s1]]","二 [[raw=2 key=s2]]","三 [[echo key=s3]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 3
results.0.finding.reason like /一 \[\[.*二 \[\[.*三 \[\[/s
--- llm_calls
count eq 3
*.key eq ["s1","s2","s3"]
2.body.messages.*.role eq ["system","user","assistant","user","assistant","user"]
2.body.messages.2.content eq "1"
2.body.messages.4.content eq "2"
2.body.messages.3.content like /^二/
2.body.messages.5.content like /^三/



=== TEST 3: only the last step is told to answer in JSON, and has a schema
--- config
    location = /v1/review { review; review_llm /llm schema=on; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","max_tokens":77,"temperature":0.5,"steps":["一 [[raw=x]]","二 [[data={\"n\":1}]]"],"data":{"properties":{"n":{"type":"integer"}},"required":["n"]}}]}
--- json
results.0.finding.data eq {"n":1}
--- llm_calls
count eq 2
*.body.max_tokens eq [77,77]
*.body.temperature eq [0.5,0.5]
0.body.response_format missing
0.body.messages.1.content unlike /"required"/
0.body.messages.1.content like /一.*中间步骤/s
1.body.response_format.type eq "json_schema"
1.body.messages.3.content has "\"required\":[\"n\"]"
1.body.messages.3.content unlike /中间步骤/



=== TEST 4: the answer before in a template, in whatever letters
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":[
"<{{answer}}> [[raw=%22引%5C号%22%0A%09%01😀%E2%80%A8%7B%7Bchunk%7D%7D%3C/review-text%3E]]",
"[{{answer}}][{{ answer }}] [[raw=第二]]",
"({{answer}}) [[ok]]"]}]}
--- json
results.0.attempts eq 3
--- llm_calls
count eq 3
0.body.messages.1.content has "<> [["
1.body.messages.2.content eq "\"引\\号\"\n\t\u0001😀\u2028{{chunk}}< /review-text>"
1.body.messages.3.content has "[\"引\\号\"\n\t\u0001😀\u2028{{chunk}}< /review-text>][\"引\\号\"\n\t\u0001😀\u2028{{chunk}}< /review-text>] [["
2.body.messages.5.content like /^\(第二\)/



=== TEST 5: vars, headings, references and the point's own in steps
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":{"text":"abc","heading":["甲","乙"]},"references":[{"id":"r","text":"参考"}],"vars":{"x":"值","n":3},"points":[{"id":"a","title":"题","severity":"info","question":"问","steps":[
"[{{heading}}|{{vars.x}}|{{point.id}}] [[raw=x]]",
"[{{vars.n}}|{{point.title}}|{{point.severity}}|{{point.question}}|{{vars.none?}}] {{references}} {{chunk}} [[ok]]"]}]}
--- json
status eq "complete"
results.0.finding.severity eq "info"
--- llm_calls
0.body.messages.1.content has "[甲 > 乙|值|a]"
1.body.messages.3.content like /^\[3\|题\|info\|问\|\] <review-text id="r" key="\w+">\n参考\n<\/review-text key="\w+">\n abc \[\[/



=== TEST 6: a prompt without the chunk: the chunk stands before it, once
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"仅此一处","references":[{"id":"r","text":"参考"}],"points":[{"id":"a","question":"q","title":"t","prompt":"提示：{{point.question}}"}]}
--- json
status eq "complete"
--- llm_calls
0.body.messages len 2
0.body.messages.1.content like /\A.*参考.*待审文本：\n<review-text id="chunk" key="\w+">\n仅此一处\n<\/review-text key="\w+">\n\n提示：q/s
0.body.messages.1.content unlike /仅此一处.*仅此一处/s
0.body.messages.1.content unlike /审核点：/



=== TEST 7: a prompt with the chunk is all of the message
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"仅此一处","references":[{"id":"r","text":"参考"}],"points":[{"id":"a","prompt":"前{{chunk}}后"}]}
--- json
status eq "complete"
--- llm_calls
0.body.messages len 2
0.body.messages.0.content like /verdict/
0.body.messages.1.content eq "前仅此一处后"



=== TEST 8: steps of which the first has the chunk: nothing stands before it
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"仅此一处","points":[{"id":"a","steps":["一{{chunk}} [[raw=x]]","二{{answer}} [[ok]]"]}]}
--- json
status eq "complete"
--- llm_calls
1.body.messages.1.content like /\A一仅此一处 /
1.body.messages.1.content unlike /review-text/
1.body.messages.3.content like /^二x/



=== TEST 9: tries inside of steps: each step has its own
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":[
"一 [[key=s1 500|cut|raw=甲甲 tokens=2]]",
"二 [[key=s2 503|429|raw=乙乙乙 tokens=3]]",
"三 [[key=s3 reset|reason=丙 tokens=4]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 8
results.0.finding.reason eq "丙"
results.0.usage.completion_tokens eq 13
usage.calls eq 8
usage.retries eq 5
--- llm_calls
count eq 8
*.key eq ["s1","s1","s1","s2","s2","s2","s3","s3"]
5.body.messages.2.content eq "甲甲"
7.body.messages.4.content eq "乙乙乙"



=== TEST 10: a step in the middle that fails is the point's failure
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"a","steps":["一 [[key=a1 raw=xx tokens=2]]","二 [[key=a2 500]]","三 [[key=a3]]"]},
{"id":"b","steps":["一 [[key=b1 refusal]]","二 [[key=b2]]"]},
{"id":"c","steps":["一 [[key=c1 raw=x]]","二 [[key=c2 reason=好]]"]}]}
--- json
status eq "partial"
results.*.point eq ["a","b","c"]
results.*.status eq ["failed","failed","ok"]
results.*.attempts eq [4,1,2]
results.0.error.code eq "http_500"
results.0.usage.completion_tokens eq 2
results.1.error.code eq "refused"
results.2.finding.reason eq "好"
usage.calls eq 7
usage.retries eq 2
--- wait: 0.1
--- llm_calls
count eq 7
*.key has "a2"
*.key unlike /a3|b2/



=== TEST 11: all fail in a step: 502
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[raw=x]]","二 [[404]]"]}]}
--- error_code: 502
--- json
results.0.error.code eq "http_404"
results.0.attempts eq 2



=== TEST 12: the last step is cut at max_tokens: asked again with more
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","max_tokens":40,"steps":["一 [[key=s1 raw=x]]","二 [[key=s2 length_until=80 reason=好]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 3
results.0.finding.reason eq "好"
usage.retries eq 1
--- llm_calls
count eq 3
*.key eq ["s1","s2","s2"]
*.body.max_tokens eq [40,40,80]
2.body.messages len 4
2.body.messages.2.content eq "x"



=== TEST 13: a step in the middle is cut: asked again, the next has its own limit
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","max_tokens":40,"steps":["一 [[key=s1 length_until=80 raw=abcdef]]","二 [[key=s2 length_until=80 reason=好]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 4
usage.retries eq 2
--- llm_calls
count eq 4
*.body.max_tokens eq [40,80,40,80]
2.body.messages.2.content eq "abcdef"



=== TEST 14: a step that is cut twice: truncated, no step follows
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","max_tokens":40,"steps":["一 [[key=s1 length raw=abcdef]]","二 [[key=s2]]"]}]}
--- error_code: 502
--- json
results.0.error.code eq "truncated"
results.0.attempts eq 2
--- wait: 0.1
--- llm_calls
count eq 2
*.key eq ["s1","s1"]



=== TEST 15: the last answer is not understood: asked again with the error told
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[key=s1 raw=x]]","二 [[key=s2 verdict=maybe|reason=好]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 3
results.0.finding.reason eq "好"
usage.retries eq 1
--- llm_calls
count eq 3
2.body.messages.*.role eq ["system","user","assistant","user","assistant","user"]
2.body.messages.2.content eq "x"
2.body.messages.3.content like /^二/
2.body.messages.4.content has "maybe"
2.body.messages.5.content like /\/verdict.*"maybe"/



=== TEST 16: the last answer is not understood twice: bad_answer
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[key=s1 raw=x]]","二 [[key=s2 verdict=maybe]]"]}]}
--- error_code: 502
--- json
results.0.error.code eq "bad_answer"
results.0.attempts eq 3
results.0.error.detail has "maybe"
usage.retries eq 1



=== TEST 17: cut, then not understood, then fine; tries in between
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","max_tokens":40,"steps":["一 [[key=s1 500|raw=x]]","二 [[key=s2 length|500|verdict=maybe|cut|reason=好]]"]}]}
--- json
status eq "complete"
results.0.attempts eq 7
results.0.finding.reason eq "好"
usage.calls eq 7
usage.retries eq 5
--- llm_calls
count eq 7
*.body.max_tokens eq [40,40,40,80,80,80,80]



=== TEST 18: free answers are not parsed: whatever they are, they go on
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"json","steps":["[[key=1 verdict=fail]]","[[reason=好]]"]},
{"id":"broken","steps":["[[key=2 raw={%22verdict%22:]]","[[reason=好]]"]},
{"id":"fence","steps":["[[key=3 fenced verdict=maybe]]","[[reason=好]]"]},
{"id":"empty","steps":["[[key=4 null_content|raw=x]]","[[reason=好]]"]}]}
--- json
results.*.finding.verdict eq ["pass","pass","pass","pass"]
results.*.finding.reason eq ["好","好","好","好"]
results.*.attempts eq [2,2,2,3]



=== TEST 19: what an LLM thinks in a step is not what it says
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[reasoning raw=x]]","二{{answer}} [[ok]]"]}]}
--- json
status eq "complete"
--- llm_calls
count eq 2
1.body.messages.2.content eq "x"
1.body.messages.3.content like /^二x/



=== TEST 20: a step without an answer at all, twice: bad_answer
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[key=s1 null_content]]","二"]}]}
--- error_code: 502
--- json
results.0.error.code eq "bad_answer"
results.0.attempts eq 2
--- wait: 0.1
--- llm_calls
count eq 2



=== TEST 21: steps of several points run side by side
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"a","steps":["一 [[delay=300 key=a1 raw=x]]","二 [[delay=300 key=a2]]"]},
{"id":"b","steps":["一 [[delay=300 key=b1 raw=x]]","二 [[delay=300 key=b2]]"]},
{"id":"c","question":"[[delay=300 key=c]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2,1]
results.0.elapsed_ms ge 590
--- llm_calls
count eq 5
stats.max_in_flight eq 3



=== TEST 22: the deadline within a step
--- config
    location = /v1/review { review; review_timeout 2s; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[
{"id":"a","steps":["一 [[key=s1 raw=xxx tokens=3]]","二 [[key=s2 hang]]","三"]},
{"id":"b","steps":["一 [[key=t1 raw=x]]","二 [[key=t2 reason=好]]"]}]}
--- json
status eq "partial"
results.*.status eq ["timeout","ok"]
results.0.error.code eq "deadline"
results.0.attempts eq 2
results.0.usage.completion_tokens eq 3
--- llm_calls
count eq 4
*.outcome has "client_closed"
stats.client_closed eq 1



=== TEST 23: sixteen steps, and one that is gated
--- config
    $TEST_NGINX_REVIEW
--- json_request eval
my $steps = CORE::join ',', (map { qq("步$_ {{answer}} [[key=s$_ raw=答$_]]") } 1 .. 15),
                            '"末 {{answer}} [[reason=好]]"';
qq({"chunk":"abc","points":[{"id":"a","steps":[$steps]},
{"id":"b","when":"z","steps":["x","y"]},
{"id":"c","when":"c","steps":["[[key=c1 raw=x]]"]},
{"id":"d","when":"c","steps":["[[key=d1 reason=一]]"]}]})
--- json
status eq "partial"
results.*.status eq ["ok","skipped","failed","ok"]
results.*.attempts eq [16,0,2,1]
results.0.finding.reason eq "好"
results.3.finding.reason eq "一"
usage.calls eq 19
--- llm_calls
count eq 19
-1.body.messages len 32
-1.body.messages.-1.content like /^末 答15 /
-1.body.messages.-2.content eq "答15"
-1.body.messages.2.content eq "答1"



=== TEST 24: steps as events: one result for the point
--- config
    $TEST_NGINX_REVIEW
--- more_headers
Accept: text/event-stream
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["一 [[raw=x]]","二 [[500|reason=好]]"]},{"id":"b","rule":"z"}]}
--- sse
events eq ["result","progress","result","progress","done"]
result.*.point eq ["b","a"]
result.1.attempts eq 3
done.0.usage.calls eq 3



=== TEST 25: in a step what was thought is not passed on
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"tags","steps":["一 [[key=1 raw=%3Cthink%3ESECRET%3C/think%3E金额80万]]","二{{answer}} [[ok]]"]},
{"id":"closing","steps":["一 [[key=2 raw=SECRET%3C/think%3E金额80万]]","二{{answer}} [[ok]]"]}]}
--- json
status eq "complete"
results.*.attempts eq [2,2]
--- llm_calls
count eq 4
*.body.messages.2.content has "金额80万"
*.body.messages.2.content unlike /SECRET/
*.body.messages.3.content unlike /SECRET/
3.body.messages.3.content like /^二金额80万 /



=== TEST 26: a torn answer in a step is a call that was cut
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"open","steps":["一 [[key=1 raw=%3Cthink%3ESECRET|raw=x]]","二 [[ok]]"]},
{"id":"abort","steps":["一 [[key=2 finish=abort raw=TORN|raw=x]]","二 [[ok]]"]},
{"id":"twice","steps":["一 [[key=3 finish=abort raw=TORN]]","二 [[ok]]"]},
{"id":"thought","steps":["一 [[key=4 null_content thinks=SECRET|raw=x]]","二 [[ok]]"]},
{"id":"last","question":"[[finish=abort reason=甲]]"}]}
--- json
results.*.status eq ["ok","ok","failed","ok","ok"]
results.*.attempts eq [3,3,3,3,1]
results.2.error.code eq "cut"
results.2.error.detail eq "the answer ended before its end: finish_reason is \"abort\""
--- llm_calls
count eq 13
*.body.messages.2.content has "x"
*.body.messages.2.content unlike /SECRET|TORN/



=== TEST 27: nor what was thought in marks of other kinds, or in two pieces
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"标签</think>也支持多行的","points":[
{"id":"brackets","steps":["一 [[key=1 raw=%5BTHINK%5DSECRET%5B/THINK%5D金额80万]]","二{{answer}} [[ok]]"]},
{"id":"triangles","steps":["一 [[key=2 raw=%E2%97%81think%E2%96%B7SECRET%E2%97%81/think%E2%96%B7金额80万]]","二{{answer}} [[ok]]"]},
{"id":"channels","steps":["一 [[key=3 raw=%3C%7Cchannel%7C%3Eanalysis%3C%7Cmessage%7C%3ESECRET%3C%7Cend%7C%3E%3C%7Cstart%7C%3Eassistant%3C%7Cchannel%7C%3Efinal%3C%7Cmessage%7C%3E金额80万%3C%7Creturn%7C%3E]]","二{{answer}} [[ok]]"]},
{"id":"twice","steps":["一 [[key=4 raw=%3Cthink%3ESECRET%3C/think%3E%0A%3Cthink%3ESECRET%3C/think%3E金额80万]]","二{{answer}} [[ok]]"]},
{"id":"quoted","steps":["一 [[key=5 raw=%3Cthink%3E标签%3C/think%3E也支持多行，SECRET%3C/think%3E金额80万]]","二{{answer}} [[ok]]"]}]}
--- json
status eq "complete"
results.*.attempts eq [2,2,2,2,2]
--- llm_calls
count eq 10
*.body.messages.2.content has "金额80万"
*.body.messages.2.content unlike /SECRET|THINK|think|channel|标签|支持/
*.body.messages.3.content unlike /SECRET/



=== TEST 28: an answer to a step that never ends its reasoning, twice
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"a","steps":["一 [[key=1 raw=%5BTHINK%5DSECRET]]","二 [[ok]]"]}]}
--- error_code: 502
--- json
results.0.attempts eq 2
results.0.error.code eq "bad_answer"
results.0.error.detail eq "the answer ends within its reasoning"
--- llm_calls
count eq 2

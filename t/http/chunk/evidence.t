# Evidence, through the whole module: a quote is found verbatim, or else
# normalized, or it is not there and the finding says so; offsets count code
# points of the original, whatever stands before; the quote given back is the
# original's own text; the source is the chunk or a reference; and "grounded"
# and "needs_human" follow from what was found.  (That every quote given back
# is the text between its offsets is checked for each reply by Contract.pm;
# how quotes are matched is the matter of t/unit.)

use strict;
use warnings;

use lib 't/lib';
use Review;
use Contract;

review_http('review_llm /llm model=stand-in;',
            'review_retry tries=2 backoff=10ms;');

$ENV{TEST_NGINX_REVIEW} = '
        location = /v1/review { review; }
' . $ENV{TEST_NGINX_LLM_LOCATION};

run_tests();

__DATA__

=== TEST 1: verbatim: at the start, in the middle, at the end, the whole
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"投标有效期为60日历天。","points":[
{"id":"1","question":"[[quote=投标]]"},
{"id":"2","question":"[[quote=有效期为60日]]"},
{"id":"3","question":"[[quote=天。]]"},
{"id":"4","question":"[[quote=投标有效期为60日历天。]]"}]}
--- json
results.*.finding.evidence.0.match eq ["exact","exact","exact","exact"]
results.*.finding.evidence.0.start eq [0,2,10,0]
results.*.finding.evidence.0.end eq [2,9,12,12]
results.*.finding.evidence.0.source eq ["chunk","chunk","chunk","chunk"]
results.*.finding.grounded eq [true,true,true,true]
results.*.finding.needs_human eq [false,false,false,false]



=== TEST 2: offsets are code points: behind astral ones, joined ones, CRLF
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"𠮷😀👨‍👩‍👧\r\n\t投标保证金 10 万元🇨🇳盖章","points":[
{"id":"1","question":"[[quote=投标保证金]]"},
{"id":"2","question":"[[quote=盖章]]"},
{"id":"3","question":"[[quote=😀]]"},
{"id":"4","question":"[[quote=👨‍👩‍👧]]"},
{"id":"5","question":"[[quote=𠮷]]"}]}
--- json
results.*.finding.evidence.0.match eq ["exact","exact","exact","exact","exact"]
results.*.finding.evidence.0.start eq [10,23,1,2,0]
results.*.finding.evidence.0.end eq [15,25,2,7,1]



=== TEST 3: offsets are the same, however the client has escaped its JSON
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"\ud83d\ude00\u6295\u6807\n\u4fdd\u8bc1\u91d1\/\"\\","points":[{"id":"1","question":"[[quote=保证金]]"},{"id":"2","question":"[[quote=/%22%5C]]"}]}
--- json
results.0.finding.evidence.0 eq {"quote":"保证金","source":"chunk","start":4,"end":7,"line":2,"match":"exact"}
results.1.finding.evidence.0 eq {"quote":"/\"\\","source":"chunk","start":7,"end":10,"line":2,"match":"exact"}



=== TEST 4: normalized: width, case, white space; the text is the original's
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"供应商：ＩＳＯ９００１　认证，有效期 ３６\r\n个月","points":[
{"id":"1","question":"[[quote=iso9001认证]]"},
{"id":"2","question":"[[quote=有效期36个月]]"},
{"id":"3","question":"[[quote=供应商:ISO]]"}]}
--- json
results.*.finding.evidence.0.match eq ["normalized","normalized","normalized"]
results.0.finding.evidence.0.quote eq "ＩＳＯ９００１　认证"
results.0.finding.evidence.0.start eq 4
results.0.finding.evidence.0.end eq 14
results.1.finding.evidence.0.quote eq "有效期 ３６\r\n个月"
results.1.finding.evidence.0.start eq 15
results.1.finding.evidence.0.end eq 25
results.2.finding.evidence.0.quote eq "供应商：ＩＳＯ"
results.*.finding.grounded eq [true,true,true]
results.*.finding.needs_human eq [false,false,false]



=== TEST 5: normalized: punctuation, quote marks, Markdown, NFKC
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"“**工期**”（30天）：面积100㎡；第Ⅷ章","points":[
{"id":"1","question":"[[quote=工期(30天):]]"},
{"id":"2","question":"[[quote=面积100m2]]"},
{"id":"3","question":"[[quote=第VIII章]]"},
{"id":"4","question":"[[quote=「工期」]]"}]}
--- json
results.*.finding.evidence.0.match eq ["normalized","normalized","normalized","normalized"]
results.0.finding.evidence.0.start eq 3
results.1.finding.evidence.0.quote eq "面积100㎡"
results.2.finding.evidence.0.quote eq "第Ⅷ章"
results.3.finding.evidence.0.quote like /工期/



=== TEST 6: normalized behind astral code points
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"😀𠮷：投　标\n保证金（１０万元）","points":[{"id":"1","question":"[[quote=投标保证金(10万元)]]"}]}
--- json
results.0.finding.evidence.0 eq {"quote":"投　标\n保证金（１０万元）","source":"chunk","start":3,"end":16,"line":1,"match":"normalized"}



=== TEST 7: not there: what the LLM wrote, no place, a person has to look
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"投标有效期60日","points":[
{"id":"1","question":"[[verdict=pass quote=投标有效期90日]]"},
{"id":"2","question":"[[verdict=fail quote=没有的_%22句子%22%0A]]"},
{"id":"3","question":"[[verdict=pass quote=……]]"}]}
--- json
results.0.finding.evidence eq [{"quote":"投标有效期90日","source":null,"start":null,"end":null,"match":"none"}]
results.1.finding.evidence.0.quote eq "没有的 \"句子\"\n"
results.*.finding.evidence.0.match eq ["none","none","none"]
results.*.finding.grounded eq [false,false,false]
results.*.finding.needs_human eq [true,true,true]
status eq "complete"



=== TEST 8: part of a number is not a number
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"保证金110万元，期限６００日，比例10.5%","points":[
{"id":"1","question":"[[quote=６0日]]"},
{"id":"2","question":"[[quote=期限60]]"},
{"id":"3","question":"[[quote=比例１０]]"},
{"id":"4","question":"[[quote=期限600日]]"}]}
--- json
results.*.finding.evidence.0.match eq ["none","none","none","normalized"]



=== TEST 9: the first place that is not in the middle of a number, or none
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"金额110万元，其中10万元为定金，另10万元为尾款","points":[
{"id":"1","question":"[[quote=10万元]]"},{"id":"2","question":"[[quote=万元]]"},
{"id":"3","question":"[[quote=0万元]]"}]}
--- json
results.0.finding.evidence.0.start eq 10
results.0.finding.evidence.0.match eq "exact"
results.1.finding.evidence.0.start eq 5
results.2.finding.evidence.0.match eq "none"
results.2.finding.needs_human eq true



=== TEST 10: verdicts without evidence: only an objection needs a person
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"pass","question":"[[verdict=pass]]"},
{"id":"risk","question":"[[verdict=risk]]"},
{"id":"fail","question":"[[verdict=fail]]"},
{"id":"not_applicable","question":"[[verdict=not_applicable]]"},
{"id":"unsure","question":"[[verdict=unsure]]"}]}
--- json
results.*.finding.evidence eq [[],[],[],[],[]]
results.*.finding.grounded eq [false,false,false,false,false]
results.*.finding.needs_human eq [false,true,true,false,true]



=== TEST 11: verdicts with evidence: only who is unsure needs one
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"pass","question":"[[verdict=pass quote=b]]"},
{"id":"risk","question":"[[verdict=risk quote=b]]"},
{"id":"fail","question":"[[verdict=fail quote=b]]"},
{"id":"not_applicable","question":"[[verdict=not_applicable quote=b]]"},
{"id":"unsure","question":"[[verdict=unsure quote=b]]"}]}
--- json
results.*.finding.grounded eq [true,true,true,true,true]
results.*.finding.needs_human eq [false,false,false,false,true]



=== TEST 12: several quotes: each has its place, all of them must be there
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"甲方：张三。乙方：李四。","points":[
{"id":"all","question":"[[verdict=fail quote=李四 quote=甲方: quote=张三]]"},
{"id":"some","question":"[[verdict=fail quote=李四 quote=王五]]"},
{"id":"none","question":"[[verdict=pass quote=王五 quote=赵六]]"},
{"id":"twice","question":"[[quote=李四 quote=李四]]"}]}
--- json
results.0.finding.evidence.*.match eq ["exact","normalized","exact"]
results.0.finding.evidence.*.start eq [9,0,3]
results.1.finding.evidence.*.match eq ["exact","none"]
results.1.finding.evidence.*.source eq ["chunk",null]
results.2.finding.evidence.*.match eq ["none","none"]
results.3.finding.evidence.*.start eq [9,9]
results.*.finding.grounded eq [true,false,false,true]
results.*.finding.needs_human eq [false,true,true,false]



=== TEST 13: empty quotes are no evidence, and no error
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"abc","points":[
{"id":"1","question":"[[verdict=fail raw=%7B%22verdict%22:%22fail%22,%22quote%22:[%22%22,%22%20%0A%22,%22%E3%80%80%22,%22b%22]%7D]]"},
{"id":"2","question":"[[raw=%7B%22verdict%22:%22pass%22,%22quote%22:[]%7D]]"},
{"id":"3","question":"[[raw=%7B%22verdict%22:%22pass%22,%22quote%22:%22%E3%80%80%22%7D]]"}]}
--- json
results.0.finding.evidence.*.quote eq ["b"]
results.0.finding.grounded eq true
results.1.finding.evidence eq []
results.2.finding.evidence eq []
results.*.attempts eq [1,1,1]



=== TEST 14: references: the source is told, offsets are its own
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"本次承诺60日","references":[
{"id":"招标文件 \"1\"","text":"😀有效期不少于90日"},
{"id":"2","text":"质保期 ２４ 个月"}],
"points":[
{"id":"1","question":"[[quote=不少于90日]]"},
{"id":"2","question":"[[quote=质保期24个月]]"},
{"id":"3","question":"[[verdict=fail quote=60日 quote=90日]]"},
{"id":"4","question":"[[quote=没有]]"}]}
--- json
results.0.finding.evidence.0 eq {"quote":"不少于90日","source":"招标文件 \"1\"","start":4,"end":10,"line":1,"match":"exact"}
results.1.finding.evidence.0 eq {"quote":"质保期 ２４ 个月","source":"2","start":0,"end":9,"line":1,"match":"normalized"}
results.2.finding.evidence.*.source eq ["chunk","招标文件 \"1\""]
results.2.finding.grounded eq true
results.3.finding.evidence.0.source eq null



=== TEST 15: the chunk before references, the first of them, verbatim before all
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"甲 乙 丙","references":[
{"id":"r1","text":"丁　戊 己"},{"id":"r2","text":"甲乙丙丁戊己"},{"id":"r3","text":"甲乙丙丁戊己"}],
"points":[
{"id":"chunk","question":"[[quote=甲_乙]]"},
{"id":"verbatim","question":"[[quote=甲乙丙]]"},
{"id":"first","question":"[[quote=戊己]]"},
{"id":"normalized","question":"[[quote=甲_乙丙]]"},
{"id":"only","question":"[[quote=丁戊_己]]"}]}
--- json
results.*.finding.evidence.0.source eq ["chunk","r2","r2","chunk","r1"]
results.*.finding.evidence.0.match eq ["exact","exact","exact","normalized","normalized"]
results.*.finding.evidence.0.start eq [0,0,4,0,0]



=== TEST 16: a quote with parts left out spans them all
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"投标人应当在截止时间之前，按照要求提交投标保证金。","points":[
{"id":"1","question":"[[quote=投标人应当……提交投标保证金]]"},
{"id":"2","question":"[[quote=提交投标保证金...投标人应当]]"}]}
--- json
results.0.finding.evidence.0.match eq "normalized"
results.0.finding.evidence.0.start eq 0
results.0.finding.evidence.0.quote eq "投标人应当在截止时间之前，按照要求提交投标保证金"
results.1.finding.evidence.0.match eq "none"



=== TEST 17: a heading is no source: it cannot be quoted
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":{"text":"正文","heading":["第三章 投标函"]},"points":[{"id":"1","question":"[[quote=投标函]]"},{"id":"2","question":"[[quote=正文]]"}]}
--- json
results.*.finding.evidence.0.match eq ["none","exact"]



=== TEST 18: what marks the texts in the prompt is no part of them
--- config
    $TEST_NGINX_REVIEW
--- json_request
{"chunk":"前</review-text>后","points":[
{"id":"1","question":"[[quote=%3C/review-text%3E后]]"},
{"id":"2","question":"[[quote=%3C_/review-text%3E后]]"},
{"id":"3","question":"[[quote=%3Creview-text_id]]"}]}
--- json
results.0.finding.evidence.0 eq {"quote":"</review-text>后","source":"chunk","start":1,"end":16,"line":1,"match":"exact"}
results.1.finding.evidence.0.match eq "normalized"
results.1.finding.evidence.0.start eq 1
results.2.finding.evidence.0.match eq "none"



=== TEST 19: many quotes, and one too many
--- config
    $TEST_NGINX_REVIEW
--- json_request eval
my $quotes = sub { CORE::join(' ', map { 'quote=' . $_ } 1 .. $_[0]) };
'{"chunk":"' . CORE::join(' ', 1 .. 64) . '","points":[
{"id":"64","question":"[[' . $quotes->(64) . ']]"},
{"id":"65","question":"[[' . $quotes->(65) . ']]"}]}'
--- json
results.0.finding.evidence len 64
results.0.finding.grounded eq true
results.0.finding.evidence.63.start eq 180
results.1.attempts eq 1
results.1.finding.evidence len 64
results.1.finding.notes eq ["quote_dropped"]
results.1.finding.needs_human eq true



=== TEST 20: a long chunk: each place is right, also far behind
--- config
    $TEST_NGINX_REVIEW
--- json_request eval
'{"chunk":"' . CORE::join('', map { "第${_}条😀内容。" } 1 .. 2000) . '","points":[
{"id":"1","question":"[[quote=第1条 quote=第1000条 quote=第2000条]]"},
{"id":"2","question":"[[quote=第２０００条]]"},
{"id":"3","question":"[[quote=第2001条]]"},
{"id":"4","rule":"第1999条.内容"}]}'
--- json eval
my $at = sub { my $n = 0; $n += 6 + length for 1 .. $_[0] - 1; $n };
"results.0.finding.evidence.*.start eq [0," . $at->(1000) . "," . $at->(2000) . "]
results.1.finding.evidence.0.match eq \"normalized\"
results.1.finding.evidence.0.start eq " . $at->(2000) . "
results.2.finding.evidence.0.match eq \"none\"
results.3.finding.evidence.0.start eq " . $at->(1999) . "
results.3.finding.evidence.0.end eq " . ($at->(1999) + 9)



=== TEST 21: a hostile quote is found, or not, in good time
--- config
    location = /v1/review { review; review_max_answer_size 1m; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"' . 'ab ' x 60000 . '","points":[
{"id":"1","question":"[[quote=' . 'ab' x 20000 . 'c]]"},
{"id":"2","question":"[[quote=' . 'abc…' x 500 . 'd]]"},
{"id":"3","question":"[[quote=' . 'ab' x 300 . ']]"}]}'
--- json
results.0.finding.evidence.0.match eq "none"
results.1.finding.evidence.0.match eq "none"
results.2.finding.evidence.0.match eq "normalized"
results.2.finding.evidence.0.start eq 0

# Regexes on texts as converters make them: where a "when" or a "rule" has no
# match in the text itself, it is tried on the folded text; its evidence is what
# stands in the text; "raw" leaves that out.  At once, on a thread, and of
# rubrics; and a folded match that takes too long is one that cannot tell.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Contract;

review_http('review_retry tries=1;');

our $Large = '标' x 600;

no_long_string();
run_tests();

__DATA__

=== TEST 1: gates open, rules match, and evidence is the text's own
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = '"points":[
{"id":"gate","when":"投标有效期","question":"[[reason=asked]]"},
{"id":"rule","rule":"投标有效期"},
{"id":"absent","rule":{"pattern":"有效期","match":"fail","no_match":"pass"}},
{"id":"object","when":{"pattern":"有效期","raw":false},"rule":"有效期"},
{"id":"raw-gate","when":{"pattern":"有效期","raw":true},"question":"[[ok]]"},
{"id":"raw-rule","rule":{"pattern":"有效期","raw":true}},
{"id":"case","rule":"ISO"},
{"id":"not-there","rule":"投标保证金"}]';
[ map { qq({"chunk":"$_",$points}) }
  '本投标有效\n期为90天，iso', '本投标有效\r\n期为90天，iso',
  '本投 标 有 效 期为90天，iso', '本投标有效\u200b期，iso' ]
--- json eval
my $always = 'results.*.status eq ["ok","ok","ok","ok","skipped","ok","ok","ok"]
results.0.finding.reason eq "asked"
results.1.finding.verdict eq "pass"
results.2.finding.verdict eq "fail"
results.5.finding.verdict eq "fail"
results.5.finding.evidence len 0
results.6.finding.verdict eq "fail"
results.7.finding.verdict eq "fail"
results.1.finding.evidence.0.start eq 1
results.1.finding.evidence.0.match eq "normalized"
results.2.finding.evidence.0.match eq "normalized"
';
[ $always . 'results.1.finding.evidence.0.quote eq "投标有效\n期"
results.1.finding.evidence.0.end eq 7
results.3.finding.evidence.0.quote eq "有效\n期"
results.3.finding.evidence.0.start eq 3',
  $always . 'results.1.finding.evidence.0.quote eq "投标有效\r\n期"
results.1.finding.evidence.0.end eq 8',
  $always . 'results.1.finding.evidence.0.quote eq "投 标 有 效 期"
results.1.finding.evidence.0.end eq 10',
  $always . 'results.1.finding.evidence.0.end eq 7' ]



=== TEST 2: radicals, full width, and what a pattern names
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"见第⻚，投标⽂件。工期：９０天","points":[
{"id":"page","rule":"第页"},
{"id":"document","rule":"投标文件"},
{"id":"digits","rule":"工期：90天"},
{"id":"ascii","rule":"工期:90天"},
{"id":"itself","rule":"⽂件"}]}
--- json
results.*.finding.verdict eq ["pass","pass","pass","pass","pass"]
results.0.finding.evidence eq [{"quote":"第⻚","source":"chunk","start":1,"end":3,"match":"normalized","line":1}]
results.1.finding.evidence.0.quote eq "投标⽂件"
results.2.finding.evidence.0.quote eq "工期：９０天"
results.3.finding.evidence.0.quote eq "工期：９０天"
results.4.finding.evidence.0.match eq "exact"



=== TEST 3: what matches the text itself is found there
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"有效\n期，有效期。\n甲","points":[
{"id":"later","rule":"有效期"},
{"id":"line","rule":"(?m)^甲$"},
{"id":"space","rule":"效\\s期"},
{"id":"paragraph","rule":"有效期。甲"}]}
--- json
results.*.finding.verdict eq ["pass","pass","pass","fail"]
results.0.finding.evidence.0.start eq 5
results.*.finding.evidence.0.match eq ["exact","exact","exact",null]



=== TEST 4: a large text, on a thread, and a copy of its patterns
--- config
    location = /v1/review {
        review;
        review_llm /llm model=stand-in;
        review_thread_pool default threshold=1k;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = '"points":[{"id":"a","rule":"投标有效期"},
{"id":"b","rule":"工期："},{"id":"c","rule":"（甲）"},{"id":"d","rule":"①乙"},
{"id":"e","rule":"丙！"},{"id":"f","rule":"丁？"},{"id":"g","rule":"工期："},
{"id":"h","rule":"没有"}]';
my $text = '投标有效\n期工\n期：（\n甲）①\n乙丙\n！丁\n？';
[ map { qq({"chunk":"$_",$points}) }
  $main::Large . $text, $text . $main::Large, $text ]
--- json eval
my $all = 'results.*.finding.verdict eq ["pass","pass","pass","pass","pass","pass","pass","fail"]
results.1.finding.evidence.0.quote eq "工\n期："
results.5.finding.evidence.0.quote eq "丁\n？"
';
[ $all . 'results.0.finding.evidence.0.start eq 600', $all,
  $all . 'results.0.finding.evidence.0.start eq 0' ]



=== TEST 5: what takes too long only when it is folded cannot tell
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $text = 'a' x 40 . '\n' . 'a' x 40 . '!投\n标';
[ map { qq({"chunk":"$text","points":[$_]}) }
 '{"id":"rule","rule":"投标|a (a+)+$"},{"id":"fine","rule":"投标"}',
 '{"id":"gate","when":"(?:a (a+)+)$","question":"[[reason=asked]]"},'
 . '{"id":"fine","rule":"投标"}' ]
--- json eval
[ 'results.0.error.code eq "regex_limit"
results.1.finding.verdict eq "pass"',
  'results.0.finding.reason eq "asked"
results.1.finding.verdict eq "pass"' ]



=== TEST 6: what is wrong with it
--- config
    location = /v1/review { review; review_llm /llm model=stand-in; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { qq({"chunk":"x","points":[{"id":"a","question":"q",$_}]}) }
  '"when":{"pattern":"("}', '"when":{"raw":true}', '"when":{"pattern":"a","raw":1}',
  '"when":{"pattern":"a","match":"pass"}', '"when":["a"]' ]
--- error_code eval: [ (400) x 5 ]
--- problem eval
[ 'pointer eq "/points/0/when/pattern"',
  'pointer eq "/points/0/when"', 'pointer eq "/points/0/when/raw"',
  'pointer eq "/points/0/when/match"', 'pointer eq "/points/0/when"' ]

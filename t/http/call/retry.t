# review_retry does what it says: so many tries, pauses that double up to a
# limit and are not the same for all, a Retry-After that is kept to, a budget
# that spares an LLM which is down and loses nothing but time, no waiting for a
# try that would come after the deadline.  An LLM that says 429 is asked again
# for as long as there is time, unless the account is used up.  What was tried
# is counted right, a second try says the same as the first, and nothing of a
# first try is found in the result.

use strict;
use warnings;

use lib 't/lib';
use Review;

# --- judge: a sub that looks at the decoded body

review_section('judge');

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body) = @_;
    $block->judge->($block->name, JSON::PP->new->utf8->decode($body))
        if ref $block->judge;
});

# so many points with a script each, "N" being the point's number

sub points {
    my ($n, $script) = @_;
    return join ', ', map {
        (my $own = $script) =~ s/N/$_/;
        qq({"id": "p$_", "question": "$_? [[$own]]"});
    } 1 .. $n;
}

run_tests();

__DATA__

=== TEST 1: tries=1 is one try
--- config
    # 1
    review_llm /llm;
    review_retry tries=1 budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500|ok]]"}, {"id": "b", "question": "[[ok]]"}]}
--- json
status eq "partial"
results.*.status eq ["failed","ok"]
results.*.attempts eq [1,1]
results.0.error.code eq "http_500"
results.0.error.detail unlike /budget|time is left/
usage.calls eq 2
usage.retries eq 0
--- llm_calls
count eq 2



=== TEST 2: all of five tries are made, and counted
--- config
    # 2
    review_llm /llm;
    review_retry tries=5 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a 500|503|408|cut_head|verdict=risk]]"},
 {"id": "b", "question": "[[key=b 500|503|408|cut_head|502|verdict=risk]]"},
 {"id": "c", "question": "[[ok]]"}]}
--- json
status eq "partial"
results.*.status eq ["ok","failed","ok"]
results.*.attempts eq [5,5,1]
results.0.finding.verdict eq "risk"
results.1.error.code eq "http_502"
results.1.error.detail unlike /budget|time is left/
usage.calls eq 11
usage.retries eq 8
--- llm_calls
count eq 11



=== TEST 3: the default: three tries, half a second and one second apart
--- config
    # 3
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500]]"}]}
--- error_code: 502
--- json
results.0.attempts eq 3
results.0.elapsed_ms ge 750
usage.retries eq 2
--- llm_calls
count eq 3



=== TEST 4: pauses double
--- config
    # 4
    review_llm /llm;
    review_retry tries=4 backoff=100ms max=10s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500]]"}]}
--- error_code: 502
--- json
results.0.attempts eq 4
results.0.elapsed_ms ge 350
--- judge eval
sub {
    my @at = map { $_->{started} } @{ main::llm_calls() };
    main::json_checks("$_[0] - pauses", "
        0 ge 0.048
        1 ge 0.098
        2 ge 0.198
    ", [ map { $at[$_] - $at[$_ - 1] } 1 .. 3 ]);
}



=== TEST 5: pauses do not double beyond max
--- config
    # 5
    review_llm /llm;
    review_retry tries=9 backoff=100ms max=100ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500]]"}]}
--- error_code: 502
--- json
results.0.attempts eq 9
results.0.elapsed_ms ge 400
results.0.elapsed_ms lt 10000



=== TEST 6: those that failed together do not come back together
--- config
    # 6
    review_llm /llm;
    review_retry tries=2 backoff=3s max=3s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(30, 'key=N 500|ok') . ']}'
--- json
status eq "complete"
usage.retries eq 30
--- judge eval
sub {
    my ($name, $reply) = @_;
    my @took = sort { $a <=> $b } map { $_->{elapsed_ms} }
               @{ $reply->{results} };
    main::json_checks("$name - elapsed_ms, sorted", "
        first ge 1500
        spread ge 500
    ", { first => $took[0], spread => $took[-1] - $took[0] });
}



=== TEST 7: an LLM that answers 500 to 30 points at once is not stormed
--- config
    # 7
    review_llm /llm;
    review_retry tries=3 backoff=10ms max=10ms budget=20%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(30, 'key=N 500') . ']}'
--- error_code: 502
--- json
status eq "failed"
results len 30
results.0.attempts eq 3
results.-1.attempts eq 3
usage.calls eq 90
usage.retries eq 60
elapsed_ms ge 4000
. unlike /budget/
--- judge eval
sub {
    my ($name) = @_;
    my @at = map { $_->{started} } @{ main::llm_calls() };

    # what calls have earned, the reserve, and ten a second
    main::json_checks("$name - calls in two seconds", "
        n ge 30
        n lt 75
    ", { n => scalar grep { $_ < $at[0] + 2 } @at });
}



=== TEST 8: an LLM that refuses connections from 30 points is not stormed
--- http_config
    upstream llm { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0; }
--- config
    # 8
    review_llm /llm;
    review_retry tries=3 backoff=10ms max=10ms budget=20%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(30, 'ok') . ']}'
--- error_code: 502
--- json
results.*.status unlike /ok/
usage.calls eq 90
elapsed_ms ge 4000



=== TEST 9: review after review, each with few points: the account is the worker's
--- config
    # 9
    review_llm /llm;
    review_retry tries=3 backoff=1ms max=1ms budget=0%;
    location = /v1/review { review; review_retry tries=3 backoff=1ms max=1ms budget=1%; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[('{"chunk": "x", "points": [' . main::points(8, 'key=N 500') . ']}') x 3]
--- error_code eval
[(502) x 3]
--- json eval
['usage.calls eq 24',
 'usage.calls eq 24
  elapsed_ms ge 1300',
 'usage.calls eq 24
  elapsed_ms ge 1300']
--- llm_calls
count eq 72



=== TEST 10: budget=0% allows no retry, and says so
--- config
    # 10
    review_llm /llm;
    review_retry tries=3 backoff=10ms budget=0%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500|ok]]"}, {"id": "b", "question": "[[ok]]"}]}
--- json
results.*.attempts eq [1,1]
results.0.error.code eq "http_500"
results.0.error.detail like /; the retry budget is used up$/
usage.retries eq 0
--- llm_calls
count eq 2



=== TEST 11: budget=100% earns a retry with each call
--- config
    # 11
    review_llm /llm;
    review_retry tries=2 backoff=10ms budget=100%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(60, 'key=N 500|ok') . ']}'
--- json
status eq "complete"
usage.calls eq 120
usage.retries eq 60



=== TEST 12: a Retry-After beyond the deadline: the result is there at once
--- config
    # 12
    review_llm /llm;
    review_timeout 20s;
    review_retry tries=3 backoff=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a 429 retry_after=60|ok]]"},
 {"id": "b", "question": "[[key=b 503 retry_after=date:3600|ok]]"},
 {"id": "c", "question": "[[key=c 429 retry_after=999999999|ok]]"},
 {"id": "d", "question": "[[ok]]"}]}
--- json
status eq "partial"
results.*.status eq ["failed","failed","failed","ok"]
results.*.attempts eq [1,1,1,1]
results.0.error.code eq "rate_limited"
results.0.error.detail like /; no time is left to try again$/
results.1.error.code eq "http_503"
results.1.error.detail like /; no time is left to try again$/
results.2.error.detail like /; no time is left to try again$/
elapsed_ms lt 9000
usage.retries eq 0
--- llm_calls
count eq 4



=== TEST 13: a pause beyond the deadline: the result is there at once
--- config
    # 13
    review_llm /llm;
    review_timeout 10s;
    review_retry tries=3 backoff=60s max=60s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500|ok]]"}]}
--- error_code: 502
--- json
results.0.status eq "failed"
results.0.attempts eq 1
results.0.error.code eq "http_500"
results.0.error.detail like /; no time is left to try again$/
elapsed_ms lt 9000
--- llm_calls
count eq 1



=== TEST 14: what is not tried costs nothing of the budget
--- config
    # 14
    review_llm /llm;
    review_timeout 10s;
    review_retry tries=2 backoff=10ms max=10ms budget=1%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
['{"chunk": "x", "points": [' . main::points(20, 'key=N 429 retry_after=60') . ']}',
 '{"chunk": "x", "points": [' . main::points(8, 'key=bN 500|ok') . ']}']
--- error_code eval
[502, 200]
--- json eval
['usage.calls eq 20
  results.0.error.detail like /no time is left/
  results.19.error.detail like /no time is left/',
 'status eq "complete"
  usage.retries eq 8']



=== TEST 15: tries until the deadline, and none after it
--- config
    # 15
    review_llm /llm;
    review_timeout 1s;
    review_retry tries=100 backoff=200ms max=200ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500]]"}]}
--- error_code_like: ^50[24]$
--- json
results.0.attempts ge 2
results.0.attempts le 11
results.0.elapsed_ms ge 700
results.0.error.code like /^(?:http_500|deadline)$/
--- wait: 0.3
--- judge eval
sub {
    my ($name, $reply) = @_;
    sleep 1;
    main::json_checks("$name - calls", "
        calls eq $reply->{results}[0]{attempts}
    ", main::llm_stats());
}



=== TEST 16: a Retry-After longer than max is kept to
--- config
    # 16
    review_llm /llm;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a 503 retry_after=3|ok]]"},
 {"id": "b", "question": "[[key=b 500|ok]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2]
results.0.elapsed_ms ge 3000
results.1.elapsed_ms lt 3000



=== TEST 17: a Retry-After shorter than the pause does not shorten it
--- config
    # 17
    review_llm /llm;
    review_retry tries=2 backoff=3s max=3s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[429 retry_after=1|ok]]"}]}
--- json
results.0.attempts eq 2
results.0.elapsed_ms ge 1500



=== TEST 18: a Retry-After is that of its own try only
--- config
    # 18
    review_llm /llm;
    review_timeout 15s;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[429 retry_after=5|cut_head|ok]]"}]}
--- json
results.0.attempts eq 3
results.0.elapsed_ms ge 5000
results.0.elapsed_ms lt 10000



=== TEST 19: counts in the reply, in the results and in the variables agree
--- config
    # 19
    review_llm /llm;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    add_header X-Counts "$review_calls $review_retries $review_failed $review_status" always;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a 500|ok]]"},
 {"id": "b", "question": "[[key=b cut|cut|ok]]"}, {"id": "c", "question": "[[404]]"},
 {"id": "d", "question": "[[key=d 503]]"}, {"id": "e", "question": "?", "when": "y"},
 {"id": "f", "question": "[[ok]]"}]}
--- response_headers
X-Counts: 10 5 2 partial
--- json
results.*.attempts eq [2,3,1,3,0,1]
results.*.status eq ["ok","ok","failed","failed","skipped","ok"]
usage.calls eq 10
usage.retries eq 5
--- llm_calls
count eq 10



=== TEST 20: a second try says the same as the first
--- config
    # 20
    review_llm /llm model=m;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "投标有效期", "points": [{"id": "a", "question": "[[500|cut|ok]]"}]}
--- more_headers
X-Request-ID: 4711
--- json
results.0.attempts eq 3
--- judge eval
sub {
    my ($name) = @_;
    my ($one, @more) = map {
        JSON::PP->new->canonical->encode([
            @$_{qw(body raw_length path)},
            [ grep { lc $_->[0] ne 'connection' } @{ $_->{headers} } ] ])
    } @{ main::llm_calls() };
    main::json_checks("$name - calls", '
        same eq [1,1]
    ', { same => [ map { $_ eq $one ? 1 : 0 } @more ] });
}



=== TEST 21: nothing of a first try is found in the result
--- config
    # 21
    review_llm /llm model=m;
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a cut_sse=6 verdict=fail reason=first|verdict=pass reason=second]]"},
 {"id": "b", "question": "[[key=b json cut verdict=fail reason=first|verdict=pass reason=second]]"},
 {"id": "c", "question": "[[key=c 500 gzip|verdict=pass reason=second]]"},
 {"id": "d", "question": "[[key=d gzip cut reason=first|json verdict=pass reason=second]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2,2,2]
results.*.finding.verdict eq ["pass","pass","pass","pass"]
results.*.finding.reason eq ["second","second","second","second"]
results.0.usage.completion_tokens eq 14
results.1.usage.completion_tokens eq 8
results.2.usage.completion_tokens eq 8



=== TEST 22: nothing of a first try is left in an error
--- config
    # 22
    review_llm /llm model=m;
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a 500|cut_head]]"},
 {"id": "b", "question": "[[key=b 429 retry_after=0|404]]"},
 {"id": "c", "question": "[[key=c reset|html]]"}]}
--- error_code: 502
--- json
results.*.attempts eq [2,2,2]
results.*.error.code eq ["cut","http_404","bad_json"]
results.0.error.detail unlike /status 500/
results.1.error.detail like /status 404/



=== TEST 23: a question asked anew is no try: it is asked even with tries=1
--- config
    # 23
    review_llm /llm model=m;
    review_retry tries=1;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a raw=hm|verdict=risk]]"},
 {"id": "b", "question": "[[key=b length|verdict=risk]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2]
results.*.finding.verdict eq ["risk","risk"]
usage.retries eq 2
--- llm_calls
count eq 4



=== TEST 24: a question asked anew has all its tries
--- config
    # 24
    review_llm /llm model=m;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a 500|cut|raw=hm|503|cut|verdict=risk]]"},
 {"id": "b", "question": "[[key=b 500|raw=hm|503|cut|503]]"}]}
--- json
results.*.status eq ["ok","failed"]
results.*.attempts eq [6,5]
results.0.finding.verdict eq "risk"
results.1.error.code eq "http_503"
usage.retries eq 9



=== TEST 25: each step has all its tries
--- config
    # 25
    review_llm /llm model=m;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "?", "steps": ["[[key=a1 500|cut|ok]]", "[[key=a2 500|429|ok]]", "[[key=a3 cut|verdict=risk]]"]},
 {"id": "b", "question": "?", "steps": ["[[key=b1 500|ok]]", "[[key=b2 500]]", "[[ok]]"]}]}
--- json
results.*.status eq ["ok","failed"]
results.*.attempts eq [8,5]
results.0.finding.verdict eq "risk"
results.1.error.code eq "http_500"
usage.calls eq 13
usage.retries eq 8
--- llm_calls
count eq 13



=== TEST 26: sixteen failures in a row, and then an answer
--- config
    # 26
    review_llm /llm model=m;
    review_retry tries=17 backoff=1ms max=2ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my @faults = qw(500 cut cut_head reset 429 503 empty cut_sse=2);
'{"chunk": "x", "points": [{"id": "a", "question": "[['
. CORE::join('|', (@faults) x 2, 'verdict=fail') . ']]"}]}'
--- json
results.0.status eq "ok"
results.0.attempts eq 17
results.0.finding.verdict eq "fail"
usage.retries eq 16



=== TEST 27: the setting next to the location counts
--- config
    # 27
    review_llm /llm model=m;
    review_retry tries=1;
    location = /v1/review { review; review_retry tries=4 backoff=10ms budget=1000%; }
    location = /once { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $body = '{"chunk": "x", "points": [{"id": "a", "question": "[[500]]"}]}';
["/v1/review\n$body", "/once\n$body"]
--- error_code eval
[502, 502]
--- json eval
['results.0.attempts eq 4', 'results.0.attempts eq 1']



=== TEST 28: a try that was given up is tried again, and the LLM saw it closed
--- config eval
"
    # 28
    review_llm /llm model=m;
    review_call_timeout " . 1500 * ($ENV{TEST_REVIEW_ASAN} ? 3 : 1) . 'ms;
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
'
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a hang|verdict=risk]]"},
 {"id": "b", "question": "[[key=b hang_body|verdict=risk]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2]
results.0.elapsed_ms ge 500
--- llm_calls
count eq 4
stats.client_closed eq 2
stats.answered eq 2



=== TEST 29: one client connection, review after review
--- config
    # 29
    review_llm /llm model=m;
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- pipelined_requests eval
[map { "POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "a$_", "question": "[[key=$_ 500|ok]]"}, {"id": "b", "question": "[[reset]]"}]}) } 1 .. 3]
--- json eval
[map { qq(results.*.point eq ["a$_","b"]
          results.*.attempts eq [2,2]
          usage.retries eq 2) } 1 .. 3]
--- llm_calls
count eq 12



=== TEST 30: what the budget does not allow in time has failed as it did
--- config
    # 30
    review_llm /llm;
    review_timeout 2s;
    review_retry tries=3 backoff=10ms max=10ms budget=1%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(60, 'key=N 500') . ']}'
--- error_code: 502
--- json
status eq "failed"
elapsed_ms ge 1900
usage.calls ge 70
usage.calls lt 110
# one may have been asked once more just then
. like /(?:(?>.*?"code":"http_500","detail":"[^"]*budget is used up")){55}/



=== TEST 31: 429 costs neither a try nor the budget
--- config
    # 31
    review_llm /llm;
    review_retry tries=1 backoff=10ms max=20ms budget=0%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . main::points(20, 'key=N 429|429|429|429|verdict=risk') . ']}'
--- json
status eq "complete"
results.0.attempts eq 5
results.-1.attempts eq 5
usage.calls eq 100
usage.retries eq 80
elapsed_ms lt 5000
--- llm_calls
count eq 100



=== TEST 32: nor does it give any back, and what comes between has its own pauses
--- config
    # 32
    review_llm /llm;
    review_retry tries=3 backoff=10ms max=20ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a 429|500|429|429|500|429|503|ok]]"},
 {"id": "b", "question": "[[key=b 500|429|500|429|429|verdict=risk]]"}]}
--- json
results.*.status eq ["failed","ok"]
results.*.attempts eq [7,6]
results.0.error.code eq "http_503"
usage.retries eq 11



=== TEST 33: 429 without a Retry-After: pauses double, up to max
--- config
    # 33
    review_llm /llm;
    review_retry tries=2 backoff=100ms max=400ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[429|429|429|429|429|ok]]"}]}
--- json
results.0.attempts eq 6
elapsed_ms lt 9000
--- judge eval
sub {
    my @at = map { $_->{started} } @{ main::llm_calls() };
    main::json_checks("$_[0] - pauses", "
        0 ge 0.048
        1 ge 0.098
        2 ge 0.198
        3 ge 0.198
        4 ge 0.198
    ", [ map { $at[$_] - $at[$_ - 1] } 1 .. 5 ]);
}



=== TEST 34: 429 with a Retry-After, in seconds and as a date, is kept to
--- config
    # 34
    review_llm /llm;
    review_timeout 20s;
    review_retry tries=1 backoff=10ms max=10ms budget=0%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[key=a 429 retry_after=2|ok]]"},
 {"id": "b", "question": "[[key=b 429 retry_after=date:3|ok]]"},
 {"id": "c", "question": "[[key=c 429 retry_after=1|429 retry_after=1|ok]]"},
 {"id": "d", "question": "[[key=d 429 retry_after=0|ok]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,2,3,2]
results.0.elapsed_ms ge 2000
results.1.elapsed_ms ge 1500
results.2.elapsed_ms ge 2000
results.3.elapsed_ms lt 1500



=== TEST 35: 429 until the deadline, and no longer
--- config
    # 35
    review_llm /llm;
    review_timeout 2s;
    review_retry tries=2 backoff=200ms max=200ms budget=20%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[429]]"}]}
--- error_code: 502
--- json
results.0.attempts ge 4
results.0.error.code eq "rate_limited"
results.0.error.detail like /; no time is left to try again$/
elapsed_ms ge 1000
elapsed_ms lt 9000



=== TEST 36: a call that pauses since the LLM has said so keeps nobody from it
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 1m;
--- config
    # 36
    review_llm /llm;
    review_limit zone=z calls=1;
    review_retry tries=1 backoff=10ms budget=0%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[429 retry_after=5|ok]]"},
 {"id": "b", "question": "[[ok]]"}, {"id": "c", "question": "[[ok]]"}]}
--- json
status eq "complete"
results.*.attempts eq [2,1,1]
results.0.elapsed_ms ge 5000
results.1.elapsed_ms lt 4000
results.2.elapsed_ms lt 4000



=== TEST 37: an account that is used up is not asked again
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 1m;
--- config
    # 37
    review_llm /llm;
    review_limit zone=z calls=8;
    review_retry tries=3 backoff=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "[[429 code=insufficient_quota retry_after=1]]"},
 {"id": "b", "question": "[[429 code=billing_hard_limit_reached gzip]]"},
 {"id": "c", "question": "[[429 code=exceeded_current_quota_error chunked]]"},
 {"id": "d", "question": "[[429 code=1113]]"},
 {"id": "e", "question": "[[429 code=Arrearage]]"},
 {"id": "f", "question": "[[key=f 429 code=rate_limit_exceeded|ok]]"},
 {"id": "g", "question": "[[key=g 429 code=Throttling.AllocationQuota|ok]]"},
 {"id": "h", "question": "[[key=h 500 code=insufficient_quota|ok]]"}]}
--- json
status eq "partial"
results.*.attempts eq [1,1,1,1,1,2,2,2]
results.*.error.code eq ["quota","quota","quota","quota","quota",null,null,null]
results.0.error.detail eq "status 429"
usage.retries eq 3



=== TEST 38: a redirect is no answer, and is not asked for again
--- config
    # 38
    review_llm /llm;
    review_retry tries=3 backoff=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[302]]"},
 {"id": "b", "question": "[[307]]"}, {"id": "c", "question": "[[404]]"},
 {"id": "d", "question": "[[key=d 425|ok]]"}]}
--- json
results.*.attempts eq [1,1,1,2]
results.*.error.code eq ["http_302","http_307","http_404",null]

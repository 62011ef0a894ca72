# The clock: review_timeout ends a review with whatever is finished, gives up
# what runs (the LLM sees its connections closed), and says so point by point;
# review_call_timeout ends a single try.  Wherever a call is at that moment -
# connecting, waiting, in the middle of an answer, between two tries, between
# two steps - nothing of it comes back later, and the client's connection
# serves on.

use strict;
use warnings;

use lib 't/lib';
use Review;

use IO::Socket::INET;

our $Slow = $ENV{TEST_REVIEW_ASAN} ? 3 : 1;

# one that lets connections hang: its backlog is full, nothing accepts

my $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
    or die "no port: $!";
$ENV{TEST_NGINX_FULL} = '127.0.0.1:' . $full->sockport;
my @waiting = map {
    IO::Socket::INET->new(PeerAddr => $ENV{TEST_NGINX_FULL}, Blocking => 0)
} 1 .. 8;

# times that good answers of a slow machine keep to

$ENV{TEST_NGINX_T} = 1000 * $Slow . 'ms';
$ENV{TEST_NGINX_2T} = 1000 * $Slow . 'ms';

# --- judge: a sub that looks at the decoded body

review_section('judge');

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body) = @_;
    $block->judge->($block->name, JSON::PP->new->utf8->decode($body))
        if ref $block->judge;
});

run_tests();

__DATA__

=== TEST 1: what is finished is returned, what runs is given up
--- config
    # 1
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "投标有效期60日", "points": [
 {"id": "a", "question": "[[verdict=fail quote=60日]]"},
 {"id": "b", "question": "[[hang]]"}, {"id": "c", "question": "[[hang_body]]"},
 {"id": "d", "question": "[[delay=60000]]"}, {"id": "e", "question": "[[404]]"},
 {"id": "f", "question": "[[verdict=risk]]"}]}
--- json
status eq "partial"
results.*.point eq ["a","b","c","d","e","f"]
results.*.status eq ["ok","timeout","timeout","timeout","failed","ok"]
results.*.error.code eq [null,"deadline","deadline","deadline","http_404",null]
results.*.attempts eq [1,1,1,1,1,1]
results.0.finding.evidence.0.start eq 5
results.1.error.detail like /review_timeout/
results.1.elapsed_ms ge 490
results.0.elapsed_ms lt 10000
elapsed_ms ge 490
usage.calls eq 6
--- llm_calls
count eq 6
stats.in_flight eq 0
stats.client_closed eq 3
stats.answered eq 3



=== TEST 2: nothing is finished: 504
--- config
    # 2
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}, {"id": "b", "question": "[[hang_body]]"}]}
--- error_code: 504
--- json
status eq "failed"
results.*.status eq ["timeout","timeout"]
results.*.error.code eq ["deadline","deadline"]
usage.calls eq 2
--- error_log
review_timeout is over, 0 of 2 points are done
--- llm_calls
stats.client_closed eq 2



=== TEST 3: some failed, others are late, none is good: 502
--- config
    # 3
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}, {"id": "b", "question": "[[404]]"}]}
--- error_code: 502
--- json
status eq "failed"
results.*.status eq ["timeout","failed"]



=== TEST 4: skipped points and rules do not wait, and count as good
--- config
    # 4
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"},
 {"id": "b", "question": "?", "when": "y"},
 {"id": "c", "question": "?", "rule": {"pattern": "x"}}]}
--- json
status eq "partial"
results.*.status eq ["timeout","skipped","ok"]
results.*.attempts eq [1,0,0]



=== TEST 5: a call's timeout, shorter than those of proxy
--- config
    # 5
    review_llm /llm;
    review_call_timeout $TEST_NGINX_T;
    review_timeout 60s;
    review_retry tries=1;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}, {"id": "b", "question": "[[hang_body]]"},
 {"id": "c", "question": "[[slow=50 tokens=2000]]"}]}
--- error_code: 504
--- json
status eq "failed"
results.*.status eq ["timeout","timeout","timeout"]
results.*.error.code eq ["call_timeout","call_timeout","slow"]
results.*.attempts eq [1,1,1]
elapsed_ms ge 490
elapsed_ms lt 30000
--- llm_calls
count eq 3
stats.in_flight eq 0
stats.client_closed eq 3



=== TEST 6: a call's timeout, longer than the review's
--- config
    # 6
    review_llm /llm;
    review_call_timeout 60s;
    review_timeout $TEST_NGINX_T;
    review_retry tries=1;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}]}
--- error_code: 504
--- json
results.0.error.code eq "deadline"



=== TEST 7: tries that time out, until the deadline
--- config
    # 7
    review_llm /llm;
    review_call_timeout 600ms;
    review_timeout 3s;
    review_retry tries=100 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}]}
--- error_code: 504
--- json
results.0.status eq "timeout"
results.0.attempts ge 2
results.0.attempts le 5
elapsed_ms ge 2390
--- judge eval
sub {
    my ($name, $reply) = @_;
    my $calls = $reply->{results}[0]{attempts};
    main::llm_wait(closed => $calls, timeout => 30000);
    main::json_checks("$name - the stand-in", "
        calls eq $calls
        in_flight eq 0
        client_closed eq $calls
    ", main::llm_stats());
}



=== TEST 8: the deadline in the second try
--- config
    # 8
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500|hang]]"}, {"id": "b", "question": "[[ok]]"}]}
--- json
results.*.status eq ["timeout","ok"]
results.*.attempts eq [2,1]
results.0.error.code eq "deadline"
usage.retries eq 1
--- llm_calls
count eq 3
stats.client_closed eq 1



=== TEST 9: the deadline in a pause: no call is running, none comes after it
--- config
    # 9
    review_llm /llm;
    review_timeout 3500ms;
    review_retry tries=100 backoff=2s max=2s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . CORE::join(', ', map {
    qq({"id": "p$_", "question": "[[key=$_ 500]]"})
} 1 .. 30) . ']}'
--- error_code_like: ^50[24]$
--- json
status eq "failed"
results len 30
usage.calls ge 60
usage.calls le 120
--- judge eval
sub {
    my ($name, $reply) = @_;
    my $bad = grep {
        !(  $_->{status} eq 'failed' && $_->{error}{code} eq 'http_500'
            && $_->{error}{detail} =~ /no time is left/
         || $_->{status} eq 'timeout' && $_->{error}{code} eq 'deadline')
    } @{ $reply->{results} };
    sleep 1;
    my $calls = $reply->{usage}{calls};
    main::json_checks("$name - the stand-in", "
        strange eq 0
        calls eq $calls
        in_flight eq 0
    ", { %{ main::llm_stats() }, strange => $bad });
}



=== TEST 10: the deadline in the second of three steps
--- config
    # 10
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [
 {"id": "a", "question": "?", "steps": ["[[key=1 ok]]", "[[key=2 hang]]", "[[key=3 ok]]"]},
 {"id": "b", "question": "?", "steps": ["[[key=4 ok]]", "[[key=5 verdict=risk]]"]}]}
--- json
status eq "partial"
results.*.status eq ["timeout","ok"]
results.*.attempts eq [2,2]
results.0.error.code eq "deadline"
results.0.finding missing
results.1.finding.verdict eq "risk"
--- wait: 0.2
--- llm_calls
count eq 4
stats.client_closed eq 1



=== TEST 11: the deadline while an answer is asked for anew
--- config
    # 11
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a raw=hm|hang]]"},
 {"id": "b", "question": "[[key=b length|hang_body]]"}]}
--- error_code: 504
--- json
results.*.error.code eq ["deadline","deadline"]
results.*.attempts eq [2,2]
usage.retries eq 2



=== TEST 12: the deadline in events: done comes all the same
--- config
    # 12
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}, {"id": "b", "question": "[[ok]]"},
 {"id": "c", "question": "[[hang_body]]"}]}
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","result","progress","result","progress","done"]
result.*.point eq ["b","a","c"]
result.*.status eq ["ok","timeout","timeout"]
progress.*.done eq [1,2,3]
progress.*.failed eq [0,1,2]
done.0.status eq "partial"
done.0.results.*.point eq ["a","b","c"]
done.0.results.*.error.code eq ["deadline",null,"deadline"]
--- llm_calls
stats.client_closed eq 2



=== TEST 13: the deadline while nginx connects to the LLM
--- http_config
    upstream llm { server $TEST_NGINX_FULL; }
--- config
    # 13
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 504
--- json
results.*.error.code eq ["deadline","deadline"]
results.*.attempts eq [1,1]
elapsed_ms ge 490



=== TEST 14: a call's timeout while nginx connects to the LLM
--- http_config
    upstream llm { server $TEST_NGINX_FULL; }
--- config
    # 14
    review_llm /llm;
    review_call_timeout 200ms;
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 504
--- json
results.*.status eq ["timeout","timeout"]
results.*.error.code eq ["call_timeout","call_timeout"]
results.*.attempts eq [2,2]
elapsed_ms ge 390



=== TEST 15: answers that come after the deadline are no one's
--- config
    # 15
    review_llm /llm;
    review_timeout $TEST_NGINX_2T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- pipelined_requests eval
my $late = 1200 * $main::Slow;
["POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "a", "question": "[[verdict=fail reason=late delay=$late]]"}]}),
 "POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "a", "question": "[[verdict=risk reason=good delay=@{[$late / 3]}]]"}]}),
 "POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "a", "question": "[[verdict=pass reason=good]]"}]})]
--- error_code eval
[504, 200, 200]
--- json eval
['results.0.error.code eq "deadline"
  results.0.finding missing',
 'results.0.finding.verdict eq "risk"
  results.0.finding.reason eq "good"',
 'results.0.finding.verdict eq "pass"']
--- llm_calls
count eq 3
stats.client_closed eq 1
stats.answered eq 2



=== TEST 16: one client connection: late, good, late in events, good
--- config
    # 16
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- pipelined_requests eval
[map { "POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "a", "question": "[[key=$_ hang]]"}, {"id": "b", "question": "[[verdict=risk]]"}]}),
       "POST /v1/review\n" . qq({"chunk": "x", "points": [{"id": "c", "question": "[[verdict=fail]]"}]}) } 1 .. 2]
--- more_headers eval
["Content-Type: application/json\nAccept: application/json",
 "Content-Type: application/json\nAccept: application/json",
 "Content-Type: application/json\nAccept: text/event-stream",
 "Content-Type: application/json\nAccept: application/json"]
--- json eval
['results.*.status eq ["timeout","ok"]', 'results.0.finding.verdict eq "fail"',
 undef, 'results.0.finding.verdict eq "fail"']
--- sse eval
[undef, undef, 'done.0.results.*.status eq ["timeout","ok"]', undef]
--- llm_calls
count eq 6
stats.client_closed eq 2



=== TEST 17: sixty calls are given up at once
--- config
    # 17
    review_llm /llm;
    review_timeout $TEST_NGINX_2T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . CORE::join(', ', map {
    qq({"id": "p$_", "question": "[[) . ('hang', 'hang_body', 'delay=60000')[$_ % 3] . qq(]]"})
} 1 .. 60) . ']}'
--- error_code: 504
--- json
status eq "failed"
results len 60
usage.calls eq 60
--- judge eval
sub {
    my ($name) = @_;
    main::llm_wait(closed => 60, timeout => 30000);
    main::json_checks("$name - the stand-in", '
        calls eq 60
        in_flight eq 0
        client_closed eq 60
    ', main::llm_stats());
}



=== TEST 18: a deadline of a millisecond
--- config
    # 18
    review_llm /llm;
    review_timeout 1ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[delay=1000]]"}, {"id": "b", "question": "[[hang_body]]"}, {"id": "c", "question": "?", "when": "y"}]}') x 3]
--- json eval
[('status eq "partial"
   results.*.status eq ["timeout","timeout","skipped"]
   results.*.error.code eq ["deadline","deadline",null]') x 3]



=== TEST 19: a call's timeout of a millisecond
--- config
    # 19
    review_llm /llm;
    review_call_timeout 1ms;
    review_retry tries=3 backoff=1ms max=1ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[delay=1000]]"}, {"id": "b", "question": "[[hang]]"}]}') x 3]
--- error_code eval
[504, 504, 504]
--- json eval
[('results.*.error.code eq ["call_timeout","call_timeout"]
   results.*.attempts eq [3,3]') x 3]



=== TEST 20: answers that come just at the deadline: one or the other
--- config
    # 20
    review_llm /llm;
    review_timeout 300ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [{"id": "p0", "question": "?", "when": "y"}, '
. CORE::join(', ', map {
    qq({"id": "p$_", "question": "[[verdict=risk delay=) . (270 + $_) . qq(]]"})
} 1 .. 60) . ']}'
--- json
results len 61
results.0.status eq "skipped"
--- judge eval
sub {
    my ($name, $reply) = @_;
    my (undef, @results) = @{ $reply->{results} };
    my $good = grep { $_->{status} eq 'ok'
                      && $_->{finding}{verdict} eq 'risk' } @results;
    my $late = grep { $_->{status} eq 'timeout' && !$_->{finding}
                      && $_->{error}{code} eq 'deadline' } @results;
    main::json_checks("$name - results", '
        each eq 60
        order eq 1
    ', { each => $good + $late,
         order => 0 + !grep { $results[$_]{point} ne 'p' . ($_ + 1) }
                      0 .. $#results });
}



=== TEST 21: a body that comes slowly takes nothing of the review's time
--- config
    # 21
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- raw_request eval
my $body = '{"chunk": "x", "points": [{"id": "a", "question": "[[verdict=risk]]"}]}';
["POST /v1/review HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n",
 substr($body, 0, 20), substr($body, 20)]
--- raw_request_middle_delay eval: 0.35 * $main::Slow
--- json
status eq "complete"
results.0.elapsed_ms lt 20000



=== TEST 22: a large answer that comes too slowly
--- config
    # 22
    review_llm /llm;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_buffering off;
    }
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[huge=200000 tokens=200 slow=50]]"},
 {"id": "b", "question": "[[huge=200000]]"}, {"id": "c", "question": "[[json huge=100000 tokens=50 slow=500]]"}]}
--- json
results.*.status eq ["timeout","ok","timeout"]
results.1.finding.reason like /x{60000}$/
results.0.finding missing
--- llm_calls
stats.in_flight eq 0
stats.client_closed eq 2



=== TEST 23: connections of calls that were given up are not used again
--- http_config
    upstream llm { server 127.0.0.1:$TEST_NGINX_LLM_PORT; keepalive 1; }
--- config
    # 23
    review_llm /llm;
    review_call_timeout $TEST_NGINX_T;
    review_retry tries=1;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[map { '{"chunk": "x", "points": [{"id": "a", "question": "[[' . $_ . ']]"}]}' }
     'hang_body verdict=fail', 'verdict=risk', 'hang', 'verdict=unsure']
--- error_code eval
[504, 200, 504, 200]
--- json eval
['results.0.error.code eq "call_timeout"', 'results.0.finding.verdict eq "risk"',
 'results.0.error.code eq "call_timeout"', 'results.0.finding.verdict eq "unsure"']
--- judge eval
sub {
    my ($name) = @_;
    my $calls = main::llm_calls();
    main::json_checks("$name - connections", '
        shared eq 0
    ', { shared => scalar grep {
             my $i = $_;
             $calls->[$i - 1]{outcome} eq 'client_closed'
             && $calls->[$i]{connection} == $calls->[$i - 1]{connection}
         } 1 .. $#$calls });
}



=== TEST 24: the settings next to the location count
--- config
    # 24
    review_llm /llm;
    review_timeout 60s;
    review_call_timeout 60s;
    location = /v1/review { review; review_timeout $TEST_NGINX_T; }
    location = /call { review; review_call_timeout $TEST_NGINX_T; review_retry tries=1; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $body = '{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"}]}';
["/v1/review\n$body", "/call\n$body"]
--- error_code eval
[504, 504]
--- json eval
['results.0.error.code eq "deadline"', 'results.0.error.code eq "call_timeout"']

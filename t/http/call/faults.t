# Nothing fails whole: whatever goes wrong between nginx and the LLM fails the
# one point it has hit, under the code that docs/api.md gives it, and no other.
# What may pass is tried again and then succeeds; what will not pass is asked
# once.  Each fault is met alone and amid good points, with answers as events
# and as one JSON object, with and without proxy_buffering, all at once; then
# the faults of nginx's own parts: locations, upstreams, limits, cache, names.

use strict;
use warnings;

use lib 't/lib';
use Review;

use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes ();

our $Slow = $ENV{TEST_REVIEW_ASAN} ? 3 : 1;

# a port that is taken, but refuses connections: nobody listens

my $dead = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp')
    or die "no port: $!";
$ENV{TEST_NGINX_DEAD} = '127.0.0.1:' . $dead->sockport;

# one that lets connections hang: its backlog is full, nothing accepts

my $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
    or die "no port: $!";
$ENV{TEST_NGINX_FULL} = '127.0.0.1:' . $full->sockport;
my @waiting = map {
    IO::Socket::INET->new(PeerAddr => $ENV{TEST_NGINX_FULL}, Blocking => 0)
} 1 .. 8;

# a port for names that says nothing

my $mute = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
    or die "no port: $!";
$ENV{TEST_NGINX_MUTE} = '127.0.0.1:' . $mute->sockport;

$ENV{TEST_NGINX_T} = 1000 * $Slow . 'ms';

# four ways to review: /STREAM/BUFFERING, each with a model of that name

sub four {
    my (@more) = @_;
    my $text = '';

    for my $buffering (qw(on off)) {
        for my $stream (qw(on off)) {
            $text .= "
        location = /$stream/$buffering {
            review;
            review_llm /llm/$buffering model=$stream/$buffering
                       stream=$stream;
        }
";
        }
        $text .= llm_location("/llm/$buffering", '',
                              "proxy_buffering $buffering;", @more);
    }

    return $text;
}

$ENV{TEST_NGINX_FOUR} = four();

# --- fault: what the LLM does, and after "->" what the result then says, with
# "once" where the LLM is asked no second time.  A block without a request of
# its own only asks whether nginx lives; its judge sends the reviews.

review_section(qw(fault judge));

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined $block->fault) {
        my @faults = map {
            /^(.*\S) -> (\w+)( once)?$/ or die "no fault: $_\n";
            [$1, $2, $3 ? 1 : 2];
        } split /\n/, $block->fault;
        $block->set_value(config => '
        review_retry tries=2 backoff=10ms max=10ms budget=1000%;
        $TEST_NGINX_FOUR
') if !defined $block->config;
        $block->set_value(judge => sub { judge_faults($block, @faults) });
    }

    if (ref $block->judge && !defined $block->request) {
        $block->set_value(config => $block->config
                          . "\n        location = /up { return 204; }\n");
        $block->set_value(request => 'GET /up');
        $block->set_value(error_code => 204);
    }
});

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    $block->judge->($block) if ref $block->judge;
});

# sends all requests, [URI, points], at once: their replies, with code and body

sub reviews {
    my @socks;

    for (@_) {
        my ($uri, @points) = @$_;
        my $body = JSON::PP->new->utf8->encode({
            chunk => "\x{6295}\x{6807}\x{6709}\x{6548}\x{671f}60\x{65e5}",
            points => [ map { { id => $_->[0],
                                question => "$_->[0]? [[$_->[1]]]" } }
                            @points ],
        });
        my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $ENV{TEST_NGINX_SERVER_PORT}) or die "connect: $!";
        print $sock "POST $uri HTTP/1.0\r\nHost: x\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($body) . "\r\n\r\n$body";
        $sock->flush;
        push @socks, $sock;
    }

    local $SIG{ALRM} = sub { die "no reply\n" };
    alarm 4 * Review::patience();
    my @replies = map {
        my $sock = $_;
        my $text = eval { local $/; <$sock> } // '';
        my ($head, $body) = split /\r\n\r\n/, $text, 2;
        +{ code => ($head // '') =~ m{^HTTP/1.1 (\d+)} ? 0 + $1 : 0,
           body => scalar eval { JSON::PP->new->utf8->decode($body) } };
    } @socks;
    alarm 0;
    return @replies;
}

# how often the stand-in was asked; --- llm_calls would read every body, too

sub asked {
    my ($calls) = @_;
    my $end = Time::HiRes::time() + Review::patience();

    while (llm_stats()->{in_flight} && Time::HiRes::time() < $end) {
        Time::HiRes::sleep(0.02);
    }
    json_checks('the stand-in', "
        calls eq $calls
        in_flight eq 0
        bad_requests eq 0
    ", llm_stats());
}

sub judge_faults {
    my ($block, @faults) = @_;
    my (@asked, @names, @checks);
    my $calls = 0;

    for (@faults) {
        my ($fault, $code, $tries) = @$_;
        my $result = $code eq 'call_timeout' ? 'timeout' : 'failed';
        my $http = $result eq 'timeout' ? 504 : 502;
        my $again = $tries > 1 ? 'ok' : $result;
        my $retries = $tries - 1;

        $calls += 4 * ($tries + 2 + 2 * $tries);

        for my $way (qw(on/on on/off off/on off/off)) {
            push @names, "$fault, $way alone";
            push @asked, ["/$way", ['bad', "key=alone $fault"]];
            push @checks, "
                code eq $http
                body.status eq \"failed\"
                body.results len 1
                body.results.0.status eq \"$result\"
                body.results.0.attempts eq $tries
                body.results.0.error.code eq \"$code\"
                body.results.0.error.detail like /\\w/
                body.results.0.finding missing
                body.usage.calls eq $tries
                body.usage.retries eq $retries
            ";

            push @names, "$fault, $way amid";
            push @asked, ["/$way", ['one', 'ok'], ['bad', "key=bad $fault"],
                          ['flaky', "key=flaky $fault|ok"],
                          ['two', 'verdict=fail quote=60%E6%97%A5']];
            push @checks, "
                code eq 200
                body.status eq \"partial\"
                body.results.*.point eq [\"one\",\"bad\",\"flaky\",\"two\"]
                body.results.*.status eq [\"ok\",\"$result\",\"$again\",\"ok\"]
                body.results.*.attempts eq [1,$tries,$tries,1]
                body.results.1.error.code eq \"$code\"
                body.results.3.finding.verdict eq \"fail\"
                body.results.3.finding.evidence.0.start eq 5
            ";
        }
    }

    # a budget saves 100 retries at most, and calls may fail all in one moment

    my @replies;
    push @replies, reviews(splice @asked, 0, 20) while @asked;

    for my $reply (@replies) {
        json_checks($block->name . ': ' . shift @names, shift @checks, $reply);
    }
    asked($calls);
}

run_tests();

__DATA__

=== TEST 1: connections that are cut or reset before the head
--- fault
cut_head -> cut
reset -> cut
delay=50 reset -> cut



=== TEST 2: answers that are cut or reset in their middle, or have no byte at all
--- fault
cut -> cut
cut reset -> cut
cut slow=10 chunked -> cut
cut_sse=0 -> cut
cut_sse=3 -> cut
cut_sse=3 reset -> cut
empty -> cut



=== TEST 3: no answer, or silence in its middle: the end of review_call_timeout
--- config
    # 3
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    review_call_timeout $TEST_NGINX_T;
    $TEST_NGINX_FOUR
--- fault
hang -> call_timeout
hang_body -> call_timeout
slow=60000 -> call_timeout



=== TEST 4: silence is noticed by proxy_read_timeout, long before a call's end
--- config eval
"review_retry tries=2 backoff=10ms max=10ms budget=1000%;
 review_call_timeout 60s;
 review_timeout 120s;
" . main::four('proxy_read_timeout ' . $ENV{TEST_NGINX_T} . ';')
--- fault
hang -> call_timeout
hang_body -> call_timeout



=== TEST 5: what says that it may pass is tried again
--- fault
408 -> http_408
500 -> http_500
500 html -> http_500
500 cut -> http_500
502 -> http_502
503 -> http_503
503 empty -> http_503
504 -> http_504
error200 -> http_500
599 -> http_599



=== TEST 6: what will not pass is asked once
--- fault
302 -> http_302 once
429 retry_after=999 -> rate_limited once
429 html retry_after=999 -> rate_limited once
429 code=insufficient_quota -> quota once
400 -> http_400 once
400 empty -> http_400 once
401 -> http_401 once
403 html -> http_403 once
404 -> http_404 once
413 -> http_413 once
422 cut -> http_422 once
html -> bad_json once
body=%7B%22error%22%3A%22oops%22%7D -> llm_error once
body=%7B%22error%22%3A%7B%22code%22%3A400%7D%7D -> http_400 once



=== TEST 7: an answer may take longer than proxy_read_timeout, if it goes on
--- config eval
"review_retry tries=1;
" . main::four('proxy_read_timeout ' . 1500 * $main::Slow . 'ms;')
--- judge eval
sub {
    my $script = 'tokens=10 slow=' . 100 * $main::Slow;
    my @replies = main::reviews(["/on/on", ['a', $script]],
                                ["/on/off", ['a', $script]]);
    main::json_checks("$_", '
        code eq 200
        body.results.0.status eq "ok"
        body.results.0.attempts eq 1
        body.results.0.elapsed_ms ge 900
    ', shift @replies) for qw(on/on on/off);
}



=== TEST 8: what was said before the silence is not taken for an answer
--- config eval
"review_retry tries=1;
" . main::four('proxy_read_timeout ' . $ENV{TEST_NGINX_T} . ';')
--- judge eval
sub {
    my $huge = 'huge=60000 hang_body';
    my @replies = main::reviews(map { ["/$_", ['a', $huge]] }
                                qw(on/on on/off off/on off/off));
    for (qw(on/on on/off off/on off/off)) {
        my $reply = shift @replies;
        main::json_checks("what was said, $_", '
            code eq 504
            body.results.0.error.code eq "call_timeout"
            body.results.0.finding missing
        ', $reply);
    }
}



=== TEST 9: 429 with Retry-After in seconds is waited for
--- config
    # 9
    review_retry tries=2 backoff=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @ways = qw(on/on on/off off/on off/off);
    my @replies = main::reviews(map {
        ["/$_", ['a', 'key=a 429 retry_after=3|ok'], ['b', 'ok']]
    } @ways);
    main::json_checks("Retry-After, $_", '
        code eq 200
        body.status eq "complete"
        body.results.*.attempts eq [2,1]
        body.results.0.elapsed_ms ge 3000
        body.results.1.elapsed_ms lt 3000
    ', shift @replies) for @ways;
}



=== TEST 10: 429 and 503 with Retry-After as a date are waited for
--- config
    # 10
    review_retry tries=2 backoff=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @replies = main::reviews(
        ["/on/on", ['a', 'key=a 429 retry_after=date:2|ok']],
        ["/off/on", ['a', 'key=b 503 retry_after=date:2|ok']]);
    main::json_checks("a date, $_", '
        code eq 200
        body.results.0.attempts eq 2
        body.results.0.elapsed_ms ge 1000
    ', shift @replies) for 429, 503;
}



=== TEST 11: a Retry-After that is none, or over, is as if absent
--- config
    # 11
    review_retry tries=2 backoff=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @values = ('soon', '-5', '0', '1.5', '99999999999999999999',
                  'date:-100', 'Mon,%2032%20Jan%202040%2000:00:00%20GMT');
    my @replies = main::reviews(map {
        ["/on/on", ['a', "key=" . $_ % 100 . " 429 retry_after=$values[$_]|ok"]]
    } 0 .. $#values);
    main::json_checks("Retry-After: $_", '
        code eq 200
        body.results.0.attempts eq 2
    ', shift @replies) for @values;
}



=== TEST 12: a port nobody listens on, for some of the points
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    upstream dead { server $TEST_NGINX_DEAD; }
    map $review_point $to { default llm; bad dead; }
--- config
    # 12
    review_retry tries=3 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://$to/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[ok]]"},
 {"id": "bad", "question": "?"}, {"id": "b", "question": "[[verdict=risk]]"}]}
--- json
status eq "partial"
results.*.point eq ["a","bad","b"]
results.*.status eq ["ok","failed","ok"]
results.*.attempts eq [1,3,1]
results.1.error.code eq "connect"
results.1.model eq null
results.2.finding.verdict eq "risk"
--- llm_calls
count eq 2



=== TEST 13: a port nobody listens on, for all points
--- http_config
    upstream llm { server $TEST_NGINX_DEAD; }
--- config
    # 13
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @ways = qw(on/on on/off off/on off/off);
    my @replies = main::reviews(map { ["/$_", ['a', 'x'], ['b', 'y']] } @ways);
    main::json_checks("nobody listens, $_", '
        code eq 502
        body.status eq "failed"
        body.results.*.status eq ["failed","failed"]
        body.results.*.attempts eq [2,2]
        body.results.*.error.code eq ["connect","connect"]
        body.usage.calls eq 4
    ', shift @replies) for @ways;
}



=== TEST 14: a connection that is not to be had in time
--- http_config
    upstream llm { server $TEST_NGINX_FULL; }
--- config
    # 14
    review_retry tries=2 backoff=10ms max=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_connect_timeout $TEST_NGINX_T;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}]}
--- error_code: 504
--- json
results.0.status eq "timeout"
results.0.attempts eq 2
results.0.error.code eq "call_timeout"
results.0.error.detail like /connect/



=== TEST 15: no such location
--- config
    # 15
    location = /v1/review { review; review_llm /nowhere; }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 502
--- json
results.*.status eq ["failed","failed"]
results.*.error.code eq ["http_404","http_404"]
results.*.attempts eq [1,1]
--- no_error_log
[alert]
[crit]



=== TEST 16: a location that answers itself, well
--- config
    # 16
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        return 200 '{"model":"here","choices":[{"index":0,"message":{"role":"assistant","content":"{\\"verdict\\":\\"risk\\",\\"reason\\":\\"r\\"}"},"finish_reason":"stop"}]}';
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- json
status eq "complete"
results.*.model eq ["here","here"]
results.*.finding.verdict eq ["risk","risk"]
results.*.attempts eq [1,1]



=== TEST 17: a location that answers itself, with nonsense and nothing
--- config
    # 17
    location = /a { review; review_llm /llm?a; }
    location = /b { review; review_llm /llm?b; }
    location = /llm {
        internal;
        if ($args = a) { return 200 "hello"; }
        return 204;
    }
--- json_request eval
[map { "/$_\n" . '{"chunk": "x", "points": [{"id": "a", "question": "?"}]}' }
     qw(a b)]
--- error_code eval
[502, 502]
--- json eval
['results.0.error.code eq "bad_json"
  results.0.attempts eq 1',
 'results.0.error.code eq "http_204"
  results.0.attempts eq 1']



=== TEST 18: a location that answers itself, with errors and a text
--- config
    # 18
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /a { review; review_llm /llm?a; }
    location = /b { review; review_llm /llm?b; }
    location = /llm {
        internal;
        if ($args = a) { return 500 "sorry"; }
        return 403 "no";
    }
--- json_request eval
[map { "/$_\n" . '{"chunk": "x", "points": [{"id": "a", "question": "?"}]}' }
     qw(a b)]
--- error_code eval
[502, 502]
--- json eval
['results.0.error.code eq "http_500"
  results.0.attempts eq 2',
 'results.0.error.code eq "http_403"
  results.0.attempts eq 1']



=== TEST 19: a location that answers itself, with bare errors
--- config
    # 19
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /a { review; review_llm /llm?a; }
    location = /b { review; review_llm /llm?b; review_timeout 1s; }
    location = /c { review; review_llm /llm?c; }
    location = /d { review; review_llm /llm?d; }
    location = /llm {
        internal;
        if ($args = a) { return 503; }
        if ($args = b) { return 429; }
        if ($args = c) { return 302 /elsewhere; }
        return 444;
    }
--- json_request eval
[map { "/$_\n" . '{"chunk": "x", "points": [{"id": "a", "question": "?"}]}' }
     qw(a b c d)]
--- error_code eval
[502, 502, 502, 502]
--- json eval
['results.0.error.code eq "http_503"
  results.0.attempts eq 2',
 'results.0.error.code eq "rate_limited"
  results.0.attempts ge 2',
 'results.0.error.code eq "http_302"
  results.0.attempts eq 1',
 'results.0.error.code eq "http_444"
  results.0.attempts eq 1']



=== TEST 20: a location that fails with 500 and no response
--- config
    # 20
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        if ($review_point = bad) { return 500; }
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[ok]]"},
 {"id": "bad", "question": "?"}, {"id": "b", "question": "[[ok]]"}]}
--- json
status eq "partial"
results.*.status eq ["ok","failed","ok"]
results.1.error.code like /^(?:internal|http_500)$/
--- llm_calls
count eq 2



=== TEST 21: nginx asks nobody's leave of a subrequest: deny, auth_basic
--- config
    # 21
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        deny all;
        auth_basic x;
        auth_basic_user_file /nowhere;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[ok]]"}, {"id": "b", "question": "[[404]]"}]}
--- json
results.*.status eq ["ok","failed"]
results.*.attempts eq [1,1]
--- llm_calls
count eq 2



=== TEST 22: deny all on the way to the LLM, in another location
--- config
    # 22
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/way;
    }
    location = /way { deny all; }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 502
--- json
results.*.error.code eq ["http_403","http_403"]
results.*.attempts eq [1,1]
--- llm_calls
count eq 0



=== TEST 23: a static file is no LLM
--- user_files
>>> llm.json
{"choices": []}
--- config
    # 23
    location = /v1/review { review; review_llm /llm.json; }
    location = /llm.json { internal; }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}]}
--- error_code: 502
--- json
results.0.error.code eq "http_405"
results.0.attempts eq 1



=== TEST 24: the LLM location is the review itself
--- config
    # 24
    location = /v1/review { review; review_llm /v1/review; }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}]}
--- error_code: 502
--- json
results.0.status eq "failed"
results.0.error.code eq "internal"
results.0.attempts eq 1



=== TEST 25: limit_req with delay in the LLM location, review after review
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    limit_req_zone $server_name zone=req:1m rate=5r/s;
--- config
    # 25
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        limit_req zone=req burst=20;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"},
   {"id": "b", "question": "[[delay=50]]"},
   {"id": "c", "question": "[[verdict=fail]]"}]}') x 3]
--- json eval
[('status eq "complete"
   results.*.attempts eq [1,1,1]
   results.2.finding.verdict eq "fail"') x 3]
--- llm_calls
count eq 9



=== TEST 26: limit_req that holds a call beyond the deadline does not hold the reply
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    limit_req_zone $server_name zone=req:1m rate=10r/m;
--- config
    # 26
    review_timeout 1500ms;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        limit_req zone=req burst=5;
        proxy_pass http://llm/v1/chat/completions;
    }
--- judge eval
sub {
    my @points = (['a', 'ok'], ['b', 'verdict=risk']);
    my ($first) = main::reviews(['/v1/review', @points]);
    main::json_checks('the first one', '
        body.status eq "complete"
    ', $first);

    my $start = Time::HiRes::time();
    my ($second) = main::reviews(['/v1/review', @points]);
    $second->{seconds} = Time::HiRes::time() - $start;
    main::json_checks('the second one', '
        code eq 200
        seconds lt 20
        body.status eq "partial"
        body.results.0.status eq "timeout"
        body.results.0.error.code eq "deadline"
        body.results.1.finding.verdict eq "risk"
        body.elapsed_ms lt 20000
    ', $second);
    main::asked(3);
}



=== TEST 27: limit_req that refuses calls in an nginx on the way, which pass later
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    limit_req_zone $server_name zone=req:1m rate=20r/s;
    limit_req_status 429;
--- config
    # 27
    review_retry tries=20 backoff=50ms max=200ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/way;
    }
    location = /way {
        limit_req zone=req;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[ok]]"},
 {"id": "b", "question": "[[ok]]"}, {"id": "c", "question": "[[ok]]"},
 {"id": "d", "question": "[[ok]]"}, {"id": "e", "question": "[[ok]]"}]}
--- json
status eq "complete"
results.*.status eq ["ok","ok","ok","ok","ok"]
usage.retries ge 4
usage.calls ge 9
--- llm_calls
count eq 5



=== TEST 28: limit_conn in the LLM location counts a review once
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    limit_conn_zone $server_name zone=conn:1m;
--- config
    # 28
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        limit_conn conn 1;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[delay=50]]"},
   {"id": "b", "question": "[[ok]]"}, {"id": "c", "question": "[[ok]]"}]}') x 2]
--- json eval
[('status eq "complete"
   results.*.attempts eq [1,1,1]') x 2]
--- llm_calls
count eq 6



=== TEST 29: limit_conn on the way refuses what comes at once, and lets it in later
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    limit_conn_zone $server_name zone=conn:1m;
--- config
    # 29
    review_retry tries=30 backoff=50ms max=100ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/way;
    }
    location = /way {
        limit_conn conn 1;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[delay=50]]"},
 {"id": "b", "question": "[[delay=50]]"}, {"id": "c", "question": "[[delay=50]]"}]}
--- json
status eq "complete"
results.*.status eq ["ok","ok","ok"]
usage.retries ge 2
--- llm_calls
count eq 3
stats.max_in_flight eq 1



=== TEST 30: all servers of the upstream are down
--- http_config
    upstream llm { server $TEST_NGINX_DEAD down; server 127.0.0.2:1 down; }
--- config
    # 30
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 502
--- json
results.*.error.code eq ["connect","connect"]
results.*.attempts eq [2,2]
--- error_log
no live upstreams



=== TEST 31: no live upstreams: all have failed a moment ago
--- http_config
    upstream llm {
        server $TEST_NGINX_DEAD max_fails=1 fail_timeout=60s;
        server $TEST_NGINX_DEAD max_fails=1 fail_timeout=60s;
    }
--- config
    # 31
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "?"}]}') x 2]
--- error_code eval
[502, 502]
--- json eval
[('results.0.error.code eq "connect"
   results.0.attempts eq 2') x 2]
--- error_log
no live upstreams



=== TEST 32: the first server of the upstream is dead: nginx goes to the next
--- http_config
    upstream llm {
        server $TEST_NGINX_DEAD max_fails=0;
        server 127.0.0.1:$TEST_NGINX_LLM_PORT;
    }
--- config
    # 32
    location = /v1/review { review; review_llm /llm; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"},
   {"id": "b", "question": "[[ok]]"}, {"id": "c", "question": "[[ok]]"}]}') x 2]
--- json eval
[('status eq "complete"
   results.*.attempts eq [1,1,1]
   usage.retries eq 0') x 2]
--- llm_calls
count eq 6



=== TEST 33: proxy_next_upstream off: the try fails, the next one is made elsewhere
--- http_config
    upstream llm {
        server $TEST_NGINX_DEAD max_fails=1 fail_timeout=60s;
        server 127.0.0.1:$TEST_NGINX_LLM_PORT;
    }
--- config
    # 33
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_next_upstream off;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "[[ok]]"}, {"id": "b", "question": "[[ok]]"}]}
--- json
status eq "complete"
usage.retries eq 1
usage.calls eq 3
--- llm_calls
count eq 2



=== TEST 34: a server that says 503 is passed over where nginx is told so
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_FREE_PORT;
        location / { return 503; }
    }
    upstream llm {
        server 127.0.0.1:$TEST_NGINX_FREE_PORT max_fails=0;
        server 127.0.0.1:$TEST_NGINX_LLM_PORT;
    }
--- config
    # 34
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_next_upstream error timeout http_503 non_idempotent;
    }
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"},
   {"id": "b", "question": "[[ok]]"}]}') x 2]
--- json eval
[('status eq "complete"
   results.*.attempts eq [1,1]') x 2]
--- llm_calls
count eq 4



=== TEST 35: proxy_intercept_errors hides no status
--- config
    # 35
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_intercept_errors on;
        error_page 500 503 404 429 /nowhere.html;
    }
--- json_request
{"chunk": "标", "points": [
 {"id": "a", "question": "[[key=a 503]]"}, {"id": "b", "question": "[[key=b 404]]"},
 {"id": "c", "question": "[[key=c 429|ok]]"}, {"id": "d", "question": "[[key=d 500]]"},
 {"id": "e", "question": "[[ok]]"}]}
--- json
status eq "partial"
results.*.error.code eq ["http_503","http_404",null,"http_500",null]
results.*.attempts eq [2,1,2,2,1]



=== TEST 36: a head too large for proxy_buffer_size
--- config
    # 36
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_buffer_size 1k;
        proxy_buffers 4 1k;
        proxy_busy_buffers_size 2k;
    }
--- json_request eval
'{"chunk": "x", "points": [{"id": "a", "question": "[[retry_after='
. 'x' x 1500 . ']]"}, {"id": "b", "question": "[[ok]]"}]}'
--- json
status eq "partial"
results.0.error.code eq "cut"
results.0.attempts eq 2
results.1.status eq "ok"
--- error_log
too big header



=== TEST 37: the cache: equal prompts are asked once, whoever comes first
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    proxy_cache_path $TEST_NGINX_SERVER_ROOT/cache keys_zone=llm:1m;
--- config
    # 37
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_cache llm;
        proxy_cache_methods POST;
        proxy_cache_key $review_call_key;
        proxy_cache_valid 200 1d;
        proxy_cache_lock on;
        proxy_ignore_headers Cache-Control Expires;
    }
--- json_request eval
[('{"chunk": "x", "points": [{"id": "a", "title": "T", "question": "[[delay=100 verdict=risk]]"},
   {"id": "b", "title": "T", "question": "[[delay=100 verdict=risk]]"},
   {"id": "c", "title": "T", "question": "[[delay=100 verdict=risk]]"},
   {"id": "d", "question": "[[ok]]"}]}') x 2]
--- json eval
[('status eq "complete"
   results.*.finding.verdict eq ["risk","risk","risk","pass"]
   results.*.attempts eq [1,1,1,1]') x 2]
--- llm_calls
count eq 2



=== TEST 38: the cache's lock is waited for in vain: the deadline, then the next
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    proxy_cache_path $TEST_NGINX_SERVER_ROOT/cache keys_zone=llm:1m;
--- config
    # 38
    review_timeout 1500ms;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_cache llm;
        proxy_cache_methods POST;
        proxy_cache_key $review_call_key;
        proxy_cache_valid 200 1d;
        proxy_cache_lock on;
    }
--- json_request eval
['{"chunk": "x", "points": [{"id": "a", "title": "T", "question": "[[hang]]"},
  {"id": "b", "title": "T", "question": "[[hang]]"}, {"id": "c", "question": "[[ok]]"}]}',
 '{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"}]}']
--- json eval
['results.*.status eq ["timeout","timeout","ok"]
  results.*.error.code eq ["deadline","deadline",null]',
 'status eq "complete"']
--- llm_calls
stats.in_flight eq 0



=== TEST 39: errors and cut answers do not stay in the cache
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    proxy_cache_path $TEST_NGINX_SERVER_ROOT/cache keys_zone=llm:1m;
--- config
    # 39
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; review_llm /llm stream=off; }
    location = /llm {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_cache llm;
        proxy_cache_methods POST;
        proxy_cache_key $review_call_key;
        proxy_cache_valid 200 1d;
        proxy_cache_lock on;
    }
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a 500|verdict=risk]]"},
 {"id": "b", "question": "[[key=b cut|verdict=fail]]"},
 {"id": "c", "question": "[[key=c cut_head|verdict=unsure]]"}]}
--- json
status eq "complete"
results.*.finding.verdict eq ["risk","fail","unsure"]
results.*.attempts eq [2,2,2]
--- llm_calls
count eq 6



=== TEST 40: a name in proxy_pass that the resolver does not answer for
--- config
    # 40
    review_retry tries=2 backoff=10ms budget=1000%;
    resolver $TEST_NGINX_MUTE ipv6=off;
    resolver_timeout $TEST_NGINX_T;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        set $to llm.invalid;
        proxy_pass http://$to:8000/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 502
--- json
results.*.error.code eq ["connect","connect"]
results.*.attempts eq [2,2]
--- error_log
could not be resolved



=== TEST 41: a name in proxy_pass, and the deadline while it is looked up
--- config
    # 41
    review_timeout $TEST_NGINX_T;
    resolver $TEST_NGINX_MUTE ipv6=off;
    resolver_timeout 30s;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        set $to llm.invalid;
        proxy_pass http://$to:8000/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}, {"id": "b", "question": "?"}]}
--- error_code: 504
--- json
results.*.error.code eq ["deadline","deadline"]



=== TEST 42: a name in proxy_pass, and no resolver
--- config
    # 42
    review_retry tries=1;
    location = /v1/review { review; review_llm /llm; }
    location = /llm {
        internal;
        set $to llm.invalid;
        proxy_pass http://$to:8000/v1/chat/completions;
    }
--- json_request
{"chunk": "标", "points": [{"id": "a", "question": "?"}]}
--- error_code: 502
--- json
results.0.status eq "failed"
results.0.error.code eq "connect"
--- error_log
no resolver defined



=== TEST 43: a Content-Length larger than the answer, which is whole all the same
--- config
    # 43
    review_retry tries=2 backoff=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @ways = qw(on/on on/off off/on off/off);
    my @replies = main::reviews(map {
        ["/$_", ['a', 'wrong_length=7 verdict=risk'], ['b', 'ok']]
    } @ways);
    main::json_checks("too long a length, $_", '
        code eq 200
        body.results.*.status eq ["ok","ok"]
        body.results.*.attempts eq [1,1]
        body.results.0.finding.verdict eq "risk"
    ', shift @replies) for @ways;
}



=== TEST 44: a Content-Length smaller than the answer
--- config
    # 44
    review_retry tries=2 backoff=10ms budget=1000%;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @ways = qw(on/on on/off off/on off/off);
    my @replies = main::reviews(map {
        ["/$_", ['a', "key=$_ json wrong_length=-20|verdict=risk"], ['b', 'ok']]
    } @ways);
    main::json_checks("too short a length, $_", '
        code eq 200
        body.results.*.status eq ["ok","ok"]
        body.results.*.attempts eq [2,1]
        body.results.0.finding.verdict eq "risk"
    ', shift @replies) for @ways;
}



=== TEST 45: all kinds of faults in one review
--- config
    # 45
    review_retry tries=3 backoff=10ms max=20ms budget=1000%;
    review_call_timeout 1s;
    $TEST_NGINX_FOUR
--- judge eval
sub {
    my @ways = qw(on/on on/off off/on off/off);
    my @replies = main::reviews(map {
        ["/$_", ['a', 'ok'], ['b', 'cut_head'], ['c', 'cut'], ['d', 'reset'],
         ['e', '429 retry_after=999'], ['f', '404'], ['g', 'key=g cut|reset|verdict=risk'],
         ['h', 'html'], ['i', 'delay=100 verdict=fail'],
         ['j', 'key=j 500|cut_head|404']]
    } @ways);
    main::json_checks("all kinds, $_", '
        code eq 200
        body.status eq "partial"
        body.results.*.point eq ["a","b","c","d","e","f","g","h","i","j"]
        body.results.*.attempts eq [1,3,3,3,1,1,3,1,1,3]
        body.results.*.error.code eq [null,"cut","cut","cut","rate_limited","http_404",null,"bad_json",null,"http_404"]
        body.results.6.finding.verdict eq "risk"
        body.results.8.finding.verdict eq "fail"
        body.usage.calls eq 20
        body.usage.retries eq 10
    ', shift @replies) for @ways;
    main::asked(80);
}

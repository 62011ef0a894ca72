# Events: who asks for them gets them, and nobody else; they come while the
# review is made, a result as soon as its point is finished, in frames that any
# client can read, with pings between; the last one holds the whole reply, and
# it is the one that JSON would be.  A bad request is a problem all the same.

use strict;
use warnings;

use lib 't/lib';
use Review;

use IO::Socket::INET;
use IO::Uncompress::Gunzip ();
use Time::HiRes ();

our $Slow = $ENV{TEST_REVIEW_ASAN} ? 3 : 1;

# --- judge: a sub that looks at the events, as --- sse does

review_section('judge');

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body) = @_;
    $block->judge->($block->name, $body) if ref $block->judge;
});

our $One = '{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"}]}';

sub gunzip {
    my ($zipped) = @_;
    IO::Uncompress::Gunzip::gunzip(\$zipped, \my $plain)
        or return 'not gzip';
    return $plain;
}

# what has come of a stream once $until is in it, while the LLM is still busy

sub begin {
    my ($until, $uri, $body, $headers, $decode) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $ENV{TEST_NGINX_SERVER_PORT}) or die "connect: $!";
    print $sock "POST $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        . "Content-Type: application/json\r\nAccept: text/event-stream\r\n"
        . ($headers // '') . 'Content-Length: ' . length($body)
        . "\r\n\r\n$body";
    $sock->flush;

    my $end = Time::HiRes::time() + Review::patience();
    my $text = '';
    while (($decode ? $decode->($text) : $text) !~ $until) {
        vec(my $bits = '', fileno $sock, 1) = 1;
        my $left = $end - Time::HiRes::time();
        last if $left <= 0 || !select $bits, undef, undef, $left;
        last if !sysread $sock, $text, 65536, length $text;
    }
    my $stats = llm_stats();
    close $sock;
    return { came => ($decode ? $decode->($text) : $text) =~ $until ? 1 : 0,
             text => $text, stats => $stats };
}

run_tests();

__DATA__

=== TEST 1: who accepts events
--- config
    # 1
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
[map { "Content-Type: application/json\nAccept: $_" }
    'text/event-stream', 'TEXT/Event-Stream', 'text/event-stream;q=0.5',
    'text/event-stream; q=1.0', 'text/event-stream;q=0.001',
    'application/json;q=0.5, text/event-stream',
    'text/event-stream, application/json;q=0.9',
    'text/event-stream;q=0.7,application/json;q=0.7',
    'application/json, text/event-stream', 'text/html, text/event-stream;q=0.9, */*;q=0.1',
    'text/event-stream; charset=utf-8', '*/*, text/event-stream',
    'text/event-stream;Q=0.2, application/json;q=0.1',
    'application/json;q=0, text/event-stream;q=0.1']
--- request eval
[("POST /v1/review\n$main::One") x 14]
--- sse eval
[('events eq ["result","progress","done"]') x 14]



=== TEST 2: who does not
--- config
    # 2
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
[map { "Content-Type: application/json\n" . (length $_ ? "Accept: $_" : '') }
    '', '*/*', 'application/json', 'text/event-stream;q=0', 'text/*',
    'text/event-stream;q=0.0, */*', 'application/json, text/event-stream;q=0.9',
    'text/event-stream; q=0.2, application/json; q=0.3', 'event-stream',
    'text/event-stream;q=0.000', 'text/html,application/xhtml+xml,*/*;q=0.8']
--- request eval
[("POST /v1/review\n$main::One") x 11]
--- json eval
[('status eq "complete"') x 11]



=== TEST 3: a media range is told from what only looks like it
--- config
    # 3
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
[map { "Content-Type: application/json\nAccept: $_" }
    'text/event-streams', 'text/event-stream-v2',
    'text/event-stream;q=0.5, application/json-seq']
--- request eval
[("POST /v1/review\n$main::One") x 3]
--- json eval
[('status eq "complete"') x 2, undef]
--- sse eval
[(undef) x 2, 'done.0.status eq "complete"']



=== TEST 4: Accept in several lines is one list
--- config
    # 4
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
["Content-Type: application/json\nAccept: application/json;q=0.5\nAccept: text/event-stream",
 "Content-Type: application/json\nAccept: text/event-stream;q=0.5\nAccept: application/json"]
--- request eval
[("POST /v1/review\n$main::One") x 2]
--- sse eval
['done.0.status eq "complete"', undef]
--- json eval
[undef, 'status eq "complete"']



=== TEST 5: the head
--- config
    # 5
    review_llm /llm;
    add_header X-Mine yes;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
Accept: text/event-stream
--- request eval
"POST /v1/review\n$main::One"
--- response_headers
Content-Type: text/event-stream
Cache-Control: no-cache
X-Accel-Buffering: no
Transfer-Encoding: chunked
!Content-Length
!Content-Encoding
!Accept-Ranges
X-Mine: yes
--- sse
done.0.status eq "complete"



=== TEST 6: results come as points finish, the reply has them as they were asked
--- config
    # 6
    review_llm /llm model=m;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my @ms = map { $_ * $main::Slow } 800, 400;
'{"chunk": {"id": "3.1", "text": "xy"}, "points": ['
. qq({"id": "slow", "question": "[[delay=$ms[0]]]"},)
. '{"id": "rule", "question": "?", "rule": {"pattern": "x"}},'
. qq({"id": "mid", "question": "[[delay=$ms[1] 404]]"},)
. '{"id": "fast", "question": "[[verdict=risk quote=y]]"},'
. '{"id": "none", "question": "?", "when": "z"}]}'
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","result","progress","result","progress","result","progress","result","progress","done"]
result.*.point eq ["rule","none","fast","mid","slow"]
result.*.status eq ["ok","skipped","ok","failed","ok"]
progress.*.done eq [1,2,3,4,5]
progress.*.total eq [5,5,5,5,5]
progress.*.failed eq [0,0,0,1,1]
comments eq 0
done len 1
done.0.id eq "3.1"
done.0.status eq "partial"
done.0.results.*.point eq ["slow","rule","mid","fast","none"]
done.0.results.3.finding.evidence.0.start eq 1
done.0.usage.calls eq 3
done.0.elapsed_ms ge 790
--- judge eval
sub {
    my ($name, $body) = @_;
    my $sse = Review::parse_sse($body);
    my $json = JSON::PP->new->canonical;
    my %said = map { $_->{point} => $json->encode($_) } @{ $sse->{result} };
    main::json_checks("$name - each result, and the same in the reply", '
        same eq 5
    ', { same => scalar grep { $said{$_->{point}} eq $json->encode($_) }
                 @{ $sse->{done}[0]{results} } });
}



=== TEST 7: pings between
--- config
    # 7
    review_llm /llm;
    review_ping 100ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[delay=700]]"}, {"id": "b", "question": "[[delay=350]]"}]}
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","result","progress","done"]
comments ge 3
comments lt 60
done.0.status eq "complete"
--- response_body_like chop
^(: ping\n\n)+event: result\n



=== TEST 8: pings do not stop in a pause between two tries
--- config
    # 8
    review_llm /llm;
    review_ping 100ms;
    review_retry tries=2 backoff=900ms max=900ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[500|ok]]"}]}
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","done"]
comments ge 2
result.0.attempts eq 2



=== TEST 9: JSON has no pings
--- config
    # 9
    review_llm /llm;
    review_ping 50ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[delay=300]]"}]}
--- json
status eq "complete"
--- response_body_unlike: ping



=== TEST 10: all points fail: the status was 200 before that was known
--- config
    # 10
    review_llm /llm;
    review_retry tries=1;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[404]]"}, {"id": "b", "question": "[[cut_head]]"}]}
--- more_headers
Accept: text/event-stream
--- error_code: 200
--- sse
result.*.status eq ["failed","failed"]
result.*.error.code has "cut"
result.*.error.code has "http_404"
progress.1.failed eq 2
done.0.status eq "failed"
done.0.results.*.error.code eq ["http_404","cut"]



=== TEST 11: no call is needed: all is there at once
--- config
    # 11
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "?", "when": "y"}, {"id": "b", "question": "?", "rule": {"pattern": "y"}}]}
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","result","progress","done"]
result.*.point eq ["a","b"]
done.0.status eq "complete"
--- llm_calls
count eq 0



=== TEST 12: bad requests are problems, before any event
--- config
    # 12
    review_llm /llm;
    review_max_points 2;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers eval
["Content-Type: application/json\nAccept: text/event-stream",
 "Content-Type: application/json\nAccept: text/event-stream",
 "Content-Type: application/json\nAccept: text/event-stream",
 "Content-Type: text/plain\nAccept: text/event-stream",
 "Accept: text/event-stream",
 "Content-Type: application/json\nAccept: text/event-stream"]
--- request eval
my $points = CORE::join ', ', map { qq({"id": "$_", "question": "?"}) } 1 .. 3;
["POST /v1/review\n{", "POST /v1/review\n{\"chunk\": \"\"}",
 "POST /v1/review\n{\"chunk\": \"x\", \"points\": [$points]}",
 "POST /v1/review\n$main::One", "GET /v1/review",
 "POST /v1/review\n" . $main::One]
--- error_code eval
[400, 400, 422, 415, 405, 200]
--- problem eval
['status eq 400', 'status eq 400
  pointer eq "/chunk"', 'status eq 422
  pointer eq "/points"', 'status eq 415', 'status eq 405', undef]
--- sse eval
[(undef) x 5, 'done.0.status eq "complete"']
--- llm_calls
count eq 1



=== TEST 13: errors of nginx are problems as well
--- config
    # 13
    review_llm /llm;
    location = /v1/review { review; client_max_body_size 10; }
    location = /denied { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
Accept: text/event-stream
--- request eval
["POST /v1/review\n$main::One", "POST /denied\n$main::One"]
--- error_code eval
[413, 403]
--- problem eval
['status eq 413', 'status eq 403']



=== TEST 14: HTTP/1.0
--- config
    # 14
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- raw_request eval
"POST /v1/review HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nAccept: text/event-stream\r\n"
. "Content-Type: application/json\r\nContent-Length: " . length($main::One) . "\r\n\r\n$main::One"
--- response_headers
!Transfer-Encoding
!Content-Length
Connection: close
--- sse
events eq ["result","progress","done"]
done.0.status eq "complete"



=== TEST 15: one client connection: events, JSON, a problem, events
--- config
    # 15
    review_llm /llm;
    review_ping 50ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- pipelined_requests eval
my $late = '{"chunk": "x", "points": [{"id": "a", "question": "[[delay=200 verdict=risk]]"}]}';
["POST /v1/review\n$late", "POST /v1/review\n$main::One", "POST /v1/review\n{", "POST /v1/review\n$late"]
--- more_headers eval
["Content-Type: application/json\nAccept: text/event-stream", "Content-Type: application/json",
 "Content-Type: application/json", "Content-Type: application/json\nAccept: text/event-stream"]
--- error_code eval
[200, 200, 400, 200]
--- sse eval
['done.0.results.0.finding.verdict eq "risk"
  comments ge 1', undef, undef, 'done.0.results.0.finding.verdict eq "risk"']
--- json eval
[undef, 'results.0.finding.verdict eq "pass"', undef, undef]
--- problem eval
[undef, undef, 'status eq 400', undef]



=== TEST 16: data is one line, whatever is in it
--- config
    # 16
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
q({"chunk": {"id": "l1\u2028data: {}", "text": "x"}, "points": [)
. q({"id": "p: event: done", "question": "[[reason=a%0Ab%0D%0Adata:_x%0A%0Aevent:_done%E2%80%A8 suggestion=%C2%85]]"}]})
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","done"]
result.0.point eq "p: event: done"
result.0.finding.reason eq "a\nb\r\ndata: x\n\nevent: done\u2028"
done.0.id eq "l1\u2028data: {}"



=== TEST 17: large results, which need many buffers
--- config
    # 17
    review_llm /llm;
    review_max_answer_size 1m;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . CORE::join(', ', map {
    qq({"id": "p$_", "question": "[[huge=300000 suggestion=end$_]]"})
} 0 .. 5) . ']}'
--- more_headers
Accept: text/event-stream
--- judge eval
sub {
    my ($name, $body) = @_;
    my $sse = Review::parse_sse($body);
    my %size = map { $_->{point} => length $_->{finding}{reason} }
               @{ $sse->{result} };
    my @all = map { "$_->{point} $_->{finding}{suggestion} "
                    . (length $_->{finding}{reason}) }
              @{ $sse->{done}[0]{results} };
    main::json_checks("$name - sizes", '
        points eq 6
        large eq 6
        order like /^p0 end0 .* p5 end5/
        events eq 13
    ', { points => scalar keys %size, events => scalar @{ $sse->{events} },
         large => scalar(grep { $_ > 299000 } values %size),
         order => CORE::join ' ', @all });
}



=== TEST 18: a hundred points: all counted, each once
--- config
    # 18
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": [' . CORE::join(', ', map {
    my $script = $_ % 10 ? 'delay=' . $_ % 7 : '404';
    qq({"id": "p$_", "question": "[[$script]]"})
} 1 .. 100) . ']}'
--- more_headers
Accept: text/event-stream
--- judge eval
sub {
    my ($name, $body) = @_;
    my $sse = Review::parse_sse($body);
    my %points = map { $_->{point} => 1 } @{ $sse->{result} };
    my $n = 0;
    main::json_checks("$name - events", '
        events eq 201
        points eq 100
        order eq 100
        failed eq 10
        status eq "partial"
        asked eq 100
    ', { events => scalar @{ $sse->{events} }, points => scalar keys %points,
         order => scalar(grep { $_->{done} == ++$n && $_->{total} == 100 }
                         @{ $sse->{progress} }),
         failed => $sse->{progress}[-1]{failed},
         status => $sse->{done}[0]{status},
         asked => scalar grep {
             $sse->{done}[0]{results}[$_ - 1]{point} eq "p$_" } 1 .. 100 });
}



=== TEST 19: the head is there before the LLM has answered
--- config
    # 19
    review_llm /llm;
    location = /v1/review { review; }
    location = /up { return 204; }
    $TEST_NGINX_LLM_LOCATION
--- request
GET /up
--- error_code: 204
--- judge eval
sub {
    my $got = main::begin(qr/\r\n\r\n/, '/v1/review',
        '{"chunk": "x", "points": [{"id": "a", "question": "[[delay=60000]]"}]}');
    main::json_checks("$_[0] - the beginning", '
        came eq 1
        text like /^HTTP\/1.1 200 OK\r\n.*text\/event-stream/s
        stats.answered eq 0
    ', $got);
}



=== TEST 20: a result is there while other points are waited for
--- config
    # 20
    review_llm /llm;
    location = /v1/review { review; }
    location = /up { return 204; }
    $TEST_NGINX_LLM_LOCATION
--- request
GET /up
--- error_code: 204
--- judge eval
sub {
    my $got = main::begin(qr/event: progress\ndata: .*\n\n/, '/v1/review',
        '{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"},
          {"id": "b", "question": "[[verdict=risk]]"}]}');
    main::json_checks("$_[0] - the beginning", '
        came eq 1
        text like /"point":"b","status":"ok"/
        text unlike /event: done/
        stats.answered eq 1
        stats.in_flight eq 1
    ', $got);
}



=== TEST 21: the same through another nginx, which buffers what it may
--- config
    # 21
    review_llm /llm;
    location = /v1/review { review; }
    location = /front {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1/review;
        proxy_buffering on;
    }
    location = /up { return 204; }
    $TEST_NGINX_LLM_LOCATION
--- request
GET /up
--- error_code: 204
--- judge eval
sub {
    my $got = main::begin(qr/event: progress\ndata: .*\n\n/, '/front',
        '{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"},
          {"id": "b", "question": "[[verdict=risk]]"}]}');
    main::json_checks("$_[0] - the beginning", '
        came eq 1
        text like /"point":"b","status":"ok"/
        stats.in_flight eq 1
    ', $got);
}



=== TEST 22: gzip for clients that want it: events and JSON
--- config
    # 22
    review_llm /llm;
    gzip on;
    gzip_min_length 1;
    gzip_types text/event-stream application/json application/problem+json;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
["POST /v1/review\n$main::One", "POST /v1/review\n$main::One", "POST /v1/review\n{"]
--- more_headers eval
["Content-Type: application/json\nAccept-Encoding: gzip\nAccept: text/event-stream",
 "Content-Type: application/json\nAccept-Encoding: gzip",
 "Content-Type: application/json\nAccept-Encoding: gzip"]
--- error_code eval
[200, 200, 400]
--- response_headers eval
["Content-Encoding: gzip", "Content-Encoding: gzip", ""]
--- response_body_filters eval
[\&main::gunzip, \&main::gunzip, sub { $_[0] =~ /^\x1f\x8b/ ? main::gunzip($_[0]) : $_[0] }]
--- sse eval
['events eq ["result","progress","done"]
  done.0.status eq "complete"', undef, undef]
--- json eval
[undef, 'status eq "complete"', undef]
--- problem eval
[undef, undef, 'status eq 400']
--- llm_calls
*.header.accept-encoding eq [null,null]



=== TEST 23: gzip holds no event back
--- config
    # 23
    review_llm /llm;
    gzip on;
    gzip_types text/event-stream;
    chunked_transfer_encoding off;
    location = /v1/review { review; }
    location = /up { return 204; }
    $TEST_NGINX_LLM_LOCATION
--- request
GET /up
--- error_code: 204
--- judge eval
sub {
    my $got = main::begin(qr/event: progress\ndata: .*\n\n/, '/v1/review',
        '{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"},
          {"id": "b", "question": "[[verdict=risk]]"}]}',
        "Accept-Encoding: gzip\r\n", sub {
            my ($head, $zipped) = split /\r\n\r\n/, $_[0], 2;
            my $plain = '';
            IO::Uncompress::Gunzip::gunzip(\($zipped // ''), \$plain,
                                           Transparent => 0);
            my $z = $zipped && Compress::Raw::Zlib::Inflate->new(
                -WindowBits => Compress::Raw::Zlib::WANT_GZIP());
            $z->inflate("$zipped", $plain) if $z;
            return $plain;
        });
    main::json_checks("$_[0] - the beginning", '
        came eq 1
        text like /Content-Encoding: gzip/
        stats.in_flight eq 1
    ', $got);
}



=== TEST 24: limit_rate slows events down and loses none
--- config
    # 24
    review_llm /llm;
    review_ping 50ms;
    limit_rate 20k;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[huge=10000]]"}, {"id": "b", "question": "[[delay=100 huge=10000]]"}]}
--- more_headers
Accept: text/event-stream
--- sse
events eq ["result","progress","result","progress","done"]
done.0.status eq "complete"
done.0.results.1.finding.reason like /x{5000}$/
--- llm_calls
count eq 2



=== TEST 25: variables in the log of a review with events
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    log_format t '$status $review_status $review_calls $review_failed';
--- config
    # 25
    review_llm /llm;
    review_retry tries=1;
    access_log $TEST_NGINX_SERVER_ROOT/logs/t.log t;
    location = /v1/review { review; }
    location = /log { alias $TEST_NGINX_SERVER_ROOT/logs/t.log; default_type text/plain; access_log off; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
["POST /v1/review\n" . '{"chunk": "x", "points": [{"id": "a", "question": "[[ok]]"}, {"id": "b", "question": "[[500]]"}]}',
 "GET /log"]
--- more_headers
Content-Type: application/json
Accept: text/event-stream
--- sse eval
['done.0.status eq "partial"', undef]
--- response_body_like eval
['event: done', '^200 partial 2 1$']



=== TEST 26: nothing is left of a stream that an error has ended in the LLM's middle
--- config
    # 26
    review_llm /llm stream=off;
    review_retry tries=2 backoff=10ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[key=a cut verdict=fail|verdict=risk]]"},
 {"id": "b", "question": "[[key=b sse cut_sse=4 verdict=fail|verdict=risk]]"}]}
--- more_headers
Accept: text/event-stream
--- sse
result.*.finding.verdict eq ["risk","risk"]
result.*.attempts eq [2,2]
events eq ["result","progress","result","progress","done"]

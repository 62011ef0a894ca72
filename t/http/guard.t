# review_guard: a plain proxied location takes its turn among the calls of
# reviews.  Whatever such a request is - large, streamed, one of several on a
# connection, redirected, refused by the LLM, given up by its client - it gets
# there as it was sent, after waiting too, holds one slot while it runs, and
# none before or after.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Clients;

use JSON::PP ();

$ENV{TEST_NGINX_T} = 1000 * slow . 'ms';
$ENV{TEST_NGINX_HTML_DIR} ||= Test::Nginx::Util::html_dir();
$ENV{TEST_NGINX_CHAT} = 'proxy_pass http://llm/v1/chat/completions;';

my $json = JSON::PP->new->utf8->canonical;

# the body of a call of so many bytes at least

sub large {
    my ($n, $key) = @_;
    my $text = join ' ', map { "$key $_" } 1 .. $n / 8;
    return $json->encode({ model => 'm', messages => [
        { role => 'user',
          content => "[[key=$key ok]]" . substr $text, 0, $n } ] });
}

# those that the stand-in has got as they were sent

sub intact {
    my (@bodies) = @_;
    my %came = map { $_->{key} => $_ } @{ llm_calls() };

    return [ grep { my ($key) = /\[\[key=(\w+)/;
                    my $call = $came{$key};
                    $call && $call->{raw_length} == length
                    && -1 < index $_, $call->{body}{messages}[0]{content} }
                  @bodies ];
}

sub head {
    my ($uri, @headers) = @_;
    return join "\r\n", "POST $uri HTTP/1.1", 'Host: test', 'Connection: close',
                        @headers, '', '';
}

# an answer says so, sooner or later

sub chat_until {
    my ($name, $text) = @_;
    Clients::soon($name, $text, sub {
        pause 0.05;
        my $reply = reply(chat('key=good ok'));
        return { %$reply, zone => status() };
    }, 10);
}

# a call on a connection that stays open

sub kept {
    my ($script, $uri) = @_;
    my $body = qq({"messages":[{"role":"user","content":"[[$script]]"}]});
    return join "\r\n", "POST $uri HTTP/1.1", 'Host: test',
                        'Content-Length: ' . length $body, '', $body;
}

review_http('review_zone z 256k;', 'review_llm /llm model=m;',
            'review_retry tries=1;');
run_tests();

__DATA__

=== TEST 1: reviews and plain calls share one limit
--- config
    # 1
    review_limit zone=z calls=2;
    location = /v1/review { review; }
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { (review(points(3, 'delay=20')), chat('delay=20')) }
                      1 .. 6);
all_ok($name, @all);
status_is($name, '
    calls.outcomes eq {"ok":24}
    calls.in_flight eq 0
    calls.queued.total eq 0
    calls.queue_ms.count eq 24
    calls.duration_ms.count eq 24
    calls.time_to_first_token_ms.count eq 24
    reviews.total eq 6
');
--- llm_calls
count eq 24
stats.max_in_flight eq 2



=== TEST 2: a plain call waits, and then is answered as if it had not
--- config
    # 2
    review_limit zone=z calls=1;
    location = /v1/review { review; }
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hold']);
arrived(1);
my $client = chat('json verdict=risk');
status_is("$name - waiting", '
    calls.queued eq {"total":1,"high":0,"normal":1,"low":0}
');
pump(0.25, $client);
release;
json_checks($name, "
    status eq 200
    json.choices.0.message.content like /risk/
    header.content-type eq \"application/json\"
    header.retry-after eq null
    took ge 0.25
", reply($client));
--- llm_calls
count eq 2
stats.max_in_flight eq 1



=== TEST 3: a full queue: refused at once, and no call made
--- config
    # 3
    review_limit zone=z calls=1 queue=1;
    location = /v1/review { review; }
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /none {
        review_guard on; review_limit zone=z queue=0; $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = chat('key=hold hang');
arrived(1);
json_checks("$name - queue=0", 'status eq 503', reply(chat('ok', '/none')));
my $waits = chat('key=waits ok');
status_is("$name - waiting", 'calls.queued.total eq 1');
json_checks("$name - refused", '
    0.status eq 503
    0.header.retry-after like /^[1-9]\d?$/
    0.took lt 20
    1.status eq 503
    1.header.content-type eq "application/problem+json"
', [ replies(chat('key=never ok'), review(['key=never ok'])) ]);
status_is("$name - counted", '
    calls.outcomes.queue_full eq 2
    calls.queued.total eq 1
    calls.in_flight eq 1
');
leave($hold);
json_checks("$name - one that waited", 'status eq 200', reply($waits));
status_is($name, "calls.queued.total eq 0\ncalls.in_flight eq 0");
--- llm_calls
*.key eq ["hold","waits"]



=== TEST 4: who has waited too long is refused
--- config
    # 4
    review_limit zone=z calls=1 wait=$TEST_NGINX_T;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my @late = (chat('key=never ok'), chat('key=never ok'));
json_checks($name, "
    *.status eq [503,503]
    0.header.retry-after like /^[1-9]\\d?\$/
    0.took ge @{[ 0.99 * slow ]}
    0.took lt @{[ 20 * slow ]}
", [ replies(@late) ]);
status_is($name, '
    calls.outcomes.queue_timeout eq 2
    calls.queued.total eq 0
    calls.in_flight eq 1
');
leave($hold);
json_checks("$name - the next", 'status eq 200', reply(chat('key=next ok')));
--- llm_calls
*.key eq ["hold","next"]



=== TEST 5: a page of one's own for those who are refused
--- config
    # 5
    review_limit zone=z calls=1 queue=0;
    error_page 503 @busy;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location @busy { default_type text/plain; return 503 "later, please"; }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hang');
arrived(1);
json_checks($name, '
    status eq 503
    body eq "later, please"
    header.content-type eq "text/plain"
    header.retry-after eq "1"
', reply(chat('ok')));
--- llm_calls
count eq 1



=== TEST 6: streams pass as they come
--- config
    # 6
    review_limit zone=z calls=1;
    location = /chat { review_guard on; proxy_buffering off; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hold');
arrived(1);
my $stream = chat('sse tokens=8 slow=' . 200 * slow);
status_is("$name - waiting", 'calls.queued.total eq 1');
release;
my (undef, $reply) = replies($hold, $stream);
json_checks($name, "
    status eq 200
    header.content-type like /^text.event-stream/
    spread ge @{[ 0.4 * slow ]}
    body like /data: \\[DONE\\]\\n\\n\$/
", { %$reply, spread => $reply->{took} - $reply->{first} });
status_is($name, "calls.in_flight eq 0\ncalls.outcomes.ok eq 2");



=== TEST 7: a stream holds its slot to its end
--- config
    # 7
    review_limit zone=z calls=1;
    location = /chat { review_guard on; proxy_buffering off; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my @all = replies(map { chat("sse key=$_ tokens=4 slow=20") } 1 .. 4);
all_ok($name, @all);
--- llm_calls
count eq 4
stats.max_in_flight eq 1



=== TEST 8: whoever goes while it waits leaves the queue
--- config
    # 8
    review_limit zone=z calls=1 queue=3;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /ignore {
        review_guard on; proxy_ignore_client_abort on; $TEST_NGINX_CHAT
    }
    location = /unbuffered {
        review_guard on; proxy_request_buffering off; $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my @waiting = map { chat('key=never ok', $_) }
                  '/chat', '/ignore', '/unbuffered';
status_is("$name - full", 'calls.queued.total eq 3');
leave(shift @waiting);
status_is("$name - one has gone", 'calls.queued.total eq 2');
leave(@waiting);
status_is("$name - all have gone", '
    calls.queued.total eq 0
    calls.in_flight eq 1
');
my $next = chat('key=next ok');
status_is("$name - the next", 'calls.queued.total eq 1');
leave($hold);
json_checks($name, 'status eq 200', reply($next));
status_is($name, "calls.queued.total eq 0\ncalls.in_flight eq 0");
--- llm_calls
*.key eq ["hold","next"]



=== TEST 9: whoever goes while it runs frees its slot
--- config
    # 9
    review_limit zone=z calls=2;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my @gone = (chat('key=a hang'), chat('key=b sse hang_body'));
arrived(2);
status_is("$name - running", 'calls.in_flight eq 2');
leave(@gone);
status_is("$name - gone", "calls.in_flight eq 0");
all_ok($name, replies(chat('key=c ok'), chat('key=d ok')));
--- llm_calls
count eq 4
stats.client_closed eq 2



=== TEST 10: whoever sends its body slowly keeps nobody from the LLM
--- config
    # 10
    review_limit zone=z calls=1 queue=0;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /unbuffered {
        review_guard on; proxy_request_buffering off; $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
--- clients
my @half = map { ask(head($_, 'Content-Length: 1000') . '{"messages":') }
               '/chat', '/unbuffered';
pause 0.1;
json_checks("$name - another", 'status eq 200', reply(chat('key=another ok')));
idle("$name - no slot");
leave(@half);
json_checks($name, 'status eq 200', reply(chat('key=next ok')));
idle($name);
status_is($name, 'calls.total eq 2');
--- llm_calls
*.key eq ["another","next"]



=== TEST 11: errors of the LLM pass, and their slots are free again
--- config
    # 11
    review_limit zone=z calls=1;
    proxy_read_timeout $TEST_NGINX_T;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my @all = map { reply(chat($_)) } '429 retry_after=7', '500', '503', '400',
              '404', 'cut_head', 'hang', 'ok';
json_checks($name, '
    *.status eq [429,500,503,400,404,502,504,200]
    0.header.retry-after eq "7"
    0.json.error.message eq "status 429"
    2.header.retry-after eq null
', \@all);
status_is($name, "calls.in_flight eq 0\ncalls.total eq 8");



=== TEST 12: errors of the LLM are counted as those of reviews are
--- config
    # 12
    review_limit zone=z calls=1;
    proxy_read_timeout $TEST_NGINX_T;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
reply(chat($_)) for qw(429 500 503 400 404 413 502 418 hang);
status_is($name, '
    calls.outcomes.rate_limited eq 1
    calls.outcomes.http_500 eq 1
    calls.outcomes.http_503 eq 1
    calls.outcomes.http_400 eq 1
    calls.outcomes.http_404 eq 1
    calls.outcomes.http_413 eq 1
    calls.outcomes.http_502 eq 1
    calls.outcomes.http_4xx eq 1
    calls.outcomes.call_timeout eq 1
');



=== TEST 13: no connection to the LLM
--- http_config
    upstream llm { server 127.0.0.1:$TEST_NGINX_FREE_PORT max_fails=0; }
    review_zone z 256k;
--- config
    # 13
    review_limit zone=z calls=1;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
json_checks($name, '*.status eq [502,502,502]',
            [ replies(map { chat('ok') } 1 .. 3) ]);
status_is($name, '
    calls.in_flight eq 0
    calls.outcomes eq {"ok":0,"connect":3}
');



=== TEST 14: who is not let in takes no slot, nor a place in the queue
--- config
    # 14
    review_limit zone=z calls=1 queue=0;
    review_guard on;
    location = /chat { $TEST_NGINX_CHAT }
    location = /denied { deny all; $TEST_NGINX_CHAT }
    location = /basic {
        auth_basic x; auth_basic_user_file $TEST_NGINX_HTML_DIR/none;
        $TEST_NGINX_CHAT
    }
    location = /post { limit_except GET { deny all; } $TEST_NGINX_CHAT }
    location = /return { return 204; }
    location = /internal { internal; $TEST_NGINX_CHAT }
    location = /large { client_max_body_size 10; $TEST_NGINX_CHAT }
    location = /off { review_guard off; proxy_pass http://llm/_stats; }
    location = /no-limit { review_limit off; proxy_pass http://llm/_stats; }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hang');
arrived(1);
my @all = replies(map { chat('ok', "/$_") }
                      qw(denied basic post return internal large chat));
json_checks($name, '*.status eq [403,401,403,204,404,413,503]', \@all);
json_checks("$name - not guarded", '*.status eq ["200","200"]',
            [ page('/off'), page('/no-limit') ]);
leave($hold);
status_is($name, "calls.in_flight eq 0\ncalls.outcomes.queue_full eq 1");
@all = map { chat('ok', $_) } ('/denied', '/return') x 5;
replies(@all);
status_is("$name - not counted", "calls.in_flight eq 0\ncalls.total eq 2");
--- llm_calls
count eq 1



=== TEST 15: calls of a review into a guarded location take one slot each
--- config
    # 15
    review_limit zone=z calls=1;
    review_guard on;
    location = /v1/review { review; }
    location = /other { review; review_llm /guarded; }
    location = /guarded {
        internal; review_guard on; review_limit zone=z queue=0;
        $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { review(points(3, 'delay=5'), $_) }
                      '/v1/review', '/other');
all_complete($name, @all);
status_is($name, "calls.total eq 6\ncalls.in_flight eq 0");
--- llm_calls
count eq 6
stats.max_in_flight eq 1



=== TEST 16: the status is told while all is full, though all is guarded
--- config
    # 16
    review_limit zone=z calls=1 queue=0;
    review_guard on;
    location = /chat { $TEST_NGINX_CHAT }
    location = /status { review_status z; }
--- clients
my $hold = chat('hang');
arrived(1);
json_checks($name, "status eq \"200\"", page('/status'));
json_checks($name, "calls.in_flight eq 1\ncalls.total eq 0", status() // {});



=== TEST 17: mirrors and other subrequests take none
--- config
    # 17
    review_limit zone=z calls=1;
    review_guard on;
    location = /chat { mirror /mirror; $TEST_NGINX_CHAT }
    location = /mirror { internal; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
all_ok($name, replies(chat('key=a ok'), chat('key=b ok')));
arrived(4);
status_is($name, "calls.in_flight eq 0");
--- llm_calls
count eq 4



=== TEST 18: bodies of all sizes arrive as they were sent, after waiting
--- config
    # 18
    review_limit zone=z calls=1;
    client_body_buffer_size 16k;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /file {
        review_guard on; client_body_in_file_only clean; $TEST_NGINX_CHAT
    }
    location = /unbuffered {
        review_guard on; proxy_request_buffering off; proxy_http_version 1.1;
        $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hold');
arrived(1);
my (@clients, @bodies);
for my $n (10, 5_000, 40_000) {
    for my $uri ('/chat', '/file', '/unbuffered') {
        push @bodies, large($n, "k$n" . substr $uri, 1);
        push @clients, post($uri, $bodies[-1]);
    }
}
written(@clients);
status_is("$name - waiting", 'calls.queued.total eq 9');
release;
all_ok($name, replies($hold, @clients));
json_checks("$name - intact", '. len 9', intact(@bodies));
idle($name);
--- llm_calls
count eq 10
stats.max_in_flight eq 1



=== TEST 19: bodies that come in pieces
--- config
    # 19
    review_limit zone=z calls=1;
    client_body_buffer_size 1k;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /unbuffered {
        review_guard on; proxy_request_buffering off; proxy_http_version 1.1;
        $TEST_NGINX_CHAT
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my (@clients, @bodies, @rest);
for my $uri ('/chat', '/unbuffered') {
    for my $at (0, 1, 300, 2000) {
        my $body = large(5_000, 'at' . $at . substr $uri, 1);
        my $head = head($uri, 'Content-Length: ' . length $body);
        push @bodies, $body;
        push @clients, ask($head . substr $body, 0, $at);
        push @rest, substr $body, $at;
    }
    my $body = large(5_000, 'chunked' . substr $uri, 1);
    my ($first, $last) = unpack 'a10 a*', $body;
    push @bodies, $body;
    push @clients, ask(head($uri, 'Transfer-Encoding: chunked')
                       . "a\r\n$first\r\n");
    push @rest, sprintf "%x\r\n%s\r\n0\r\n\r\n", length $last, $last;
}
for my $n (2000, 10_000) {
    $clients[$_]{out} .= substr $rest[$_], 0, $n, '' for 0 .. $#clients;
    pump(0.1, @clients);
}
status_is("$name - waiting", 'calls.queued.total eq 10');
leave($hold);
all_ok($name, replies(@clients));
json_checks("$name - intact", '. len 10', intact(@bodies));
idle($name);
--- llm_calls
count eq 11



=== TEST 20: a body that is sent when nginx says so, then waits
--- config
    # 20
    review_limit zone=z calls=1;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my $body = large(3000, 'expect');
my $client = ask(head('/chat', 'Expect: 100-continue',
                      'Content-Length: ' . length $body));
pump(0.1 * slow, $client);
json_checks("$name - go on", '
    . like /^HTTP.1.1 100 .*\r\n\r\n\z/
', $client->{in});
@$client{qw(in out)} = ('', $body);
pump(0, $client);
status_is("$name - waiting", 'calls.queued.total eq 1');
leave($hold);
json_checks($name, 'status eq 200', reply($client));
json_checks("$name - intact", '. len 1', intact($body));



=== TEST 21: an internal redirect keeps the slot
--- config
    # 21
    review_limit zone=z calls=1;
    review_guard on;
    proxy_intercept_errors on;
    set $chat /v1/chat/completions;
    location = /chat {
        error_page 500 = @other;
        error_page 404 = @uri;
        $TEST_NGINX_CHAT
    }
    location @other { rewrite ^ $chat?do=key%3Do break; proxy_pass http://llm; }
    location @uri { rewrite ^ $chat?do=key%3Duri break; proxy_pass http://llm; }
    location = /try { try_files /none @try; }
    location @try { rewrite ^ $chat break; proxy_pass http://llm; }
    location = /rewritten { rewrite ^ /chat last; }
    $TEST_NGINX_STATUS
--- clients
my @all = replies(chat('key=a 500'), chat('key=b 404'),
                  chat('key=c delay=20', '/try'),
                  chat('key=d ok', '/rewritten'));
all_ok($name, @all);
idle($name);
--- llm_calls
count eq 6
stats.max_in_flight eq 1



=== TEST 22: a guarded fallback of those who are refused has the limit too
--- config
    # 22
    review_limit zone=z calls=1 queue=0;
    review_guard on;
    location = /chat { error_page 503 = @fallback; $TEST_NGINX_CHAT }
    location @fallback {
        rewrite ^ /v1/chat/completions break;
        proxy_pass http://llm;
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hang');
arrived(1);
json_checks($name, 'status eq 503', reply(chat('key=never ok')));
--- llm_calls
count eq 1



=== TEST 23: another zone's slot for a fallback in another zone
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_zone y 256k;
    review_llm /llm model=m;
--- config
    # 23
    review_limit zone=z calls=1 queue=0;
    review_guard on;
    location = /chat { error_page 503 = @fallback; $TEST_NGINX_CHAT }
    location @fallback {
        review_limit zone=y calls=2 queue=0;
        rewrite ^ /v1/chat/completions break;
        proxy_pass http://llm;
    }
    location = /y-status { review_guard off; review_status y; }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my $other = chat('key=other hang');
arrived(2);
status_is("$name - the first zone", 'calls.in_flight eq 1');
status_is("$name - the other zone", 'calls.in_flight eq 1', '/y-status');
leave($hold, $other);
status_is("$name - the first zone", 'calls.in_flight eq 0');
status_is("$name - the other zone", 'calls.in_flight eq 0', '/y-status');



=== TEST 24: an answer of a fallback does not tell to come back later
--- config
    # 24
    review_limit zone=z calls=1 queue=0;
    location = /chat {
        review_guard on;
        error_page 503 = @fallback;
        $TEST_NGINX_CHAT
    }
    location @fallback {
        rewrite ^ /v1/chat/completions break;
        proxy_pass http://llm;
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hang');
arrived(1);
json_checks($name, '
    status eq 200
    header.retry-after eq null
', reply(chat('ok')));



=== TEST 25: a connection that stays open holds a slot only while a call runs
--- config
    # 25
    review_limit zone=z calls=1;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $client = ask('');
for my $n (1 .. 3) {
    $client->{out} = kept("key=k$n ok", '/chat');
    json_checks("$name - $n", '-1.status eq 200', [ after($client, $n) ]);
    idle("$name - $n");
    all_ok("$name - another, $n", reply(chat("key=o$n ok")));
}
--- llm_calls
*.key eq ["k1","o1","k2","o2","k3","o3"]



=== TEST 26: requests in a row on one connection, the first of which waits
--- config
    # 26
    review_limit zone=z calls=1;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /v1/review { review; }
    location = /plain { return 200 x; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['key=hold hold']);
arrived(1);
my $client = ask(kept('key=a delay=20', '/chat') . kept('key=b ok', '/chat')
                 . "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n");
my $body = '{"chunk":"x","points":[{"id":"a","question":"[[key=c ok]]"}]}';
my $review = join "\r\n", 'POST /v1/review HTTP/1.1', 'Host: test',
    'Content-Type: application/json', 'Content-Length: ' . length $body, '',
    $body;
status_is("$name - waiting", 'calls.queued.total eq 1');
$client->{out} .= $review . kept('key=d ok', '/chat');
release;
pump(0.01, $client);
my @all = after($client, 5);
json_checks($name, '
    . len 5
    *.status eq [200,200,200,200,200]
    2.body eq "x"
    3.json.status eq "complete"
', \@all);
idle($name);
--- llm_calls
*.key eq ["hold","a","b","c","d"]
stats.max_in_flight eq 1



=== TEST 27: a connection that stays open, refused, then served
--- config
    # 27
    review_limit zone=z calls=1 queue=0;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('key=hold hang');
arrived(1);
my $client = ask(kept('key=never ok', '/chat'));
json_checks("$name - refused", '*.status eq [503]', [ after($client, 1) ]);
leave($hold);
status_is("$name - free", 'calls.in_flight eq 0');
$client->{out} = kept('key=next ok', '/chat');
json_checks($name, '*.status eq [503,200]', [ after($client, 2) ]);
--- llm_calls
*.key eq ["hold","next"]



=== TEST 28: without a limit, nothing waits; with a zone, it is counted
--- config
    # 28
    location = /none { review_guard on; $TEST_NGINX_CHAT }
    location = /zone { review_guard on; review_limit zone=z; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my @all = map { chat('hold', $_) } ('/none', '/zone') x 5;
arrived(10);
release;
@all = replies(@all);
all_ok($name, @all);
status_is($name, "calls.outcomes eq {\"ok\":5}\ncalls.in_flight eq 0");
--- llm_calls
stats.max_in_flight eq 10



=== TEST 29: priorities of plain calls
--- config
    # 29
    review_limit zone=z calls=1;
    review_priority $http_x_class;
    review_guard on;
    location = /v1/review { review; review_priority low; }
    location = /chat { $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = chat('key=hold hold');
arrived(1);
my @clients = (review(points(5, 'key=low ok')),
               map { chat("key=$_ ok", '/chat', "X-Class: $_") }
                   ('normal') x 5, ('high') x 5);
status_is("$name - waiting", '
    calls.queued eq {"total":15,"high":5,"normal":5,"low":5}
');
release;
replies($hold, @clients);
my (undef, @keys) = map { $_->{key} } @{ llm_calls() };
my %first;
$first{$_}++ for @keys[0 .. 7];
json_checks($name, '
    first eq {"high":5,"low":1,"normal":2}
    last eq "low"
', { first => \%first, last => $keys[-1] });



=== TEST 30: "if" in a guarded location, and one that is nested in it
--- config
    # 30
    review_limit zone=z calls=1 queue=0;
    location /guarded {
        review_guard on;
        if ($arg_a) { set $x 1; }
        location = /guarded/nested { $TEST_NGINX_CHAT }
        location = /guarded/off {
            review_guard off; proxy_pass http://llm/_stats;
        }
        proxy_pass http://llm/v1/chat/completions;
    }
    $TEST_NGINX_STATUS
--- clients
my $hold = chat('hang', '/guarded?a=1');
arrived(1);
json_checks($name, '*.status eq [503,503,503,404]', [ replies(
    map { chat('ok', "/guarded$_") } '', '?a=1', '/nested', '/off') ]);
--- llm_calls
count eq 1



=== TEST 31: other methods, and files, are guarded all the same
--- config
    # 31
    review_limit zone=z calls=1 queue=0;
    location = /stats { review_guard on; proxy_pass http://llm/_stats; }
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location /files { review_guard on; alias $TEST_NGINX_HTML_DIR; }
    $TEST_NGINX_STATUS
--- user_files
>>> a.txt
a
--- clients
json_checks("$name - free", '*.status eq ["200","200"]',
            [ map { page($_) } '/stats', '/files/a.txt' ]);
my $hold = chat('hang');
arrived(1);
my $head = ask(head('/stats') =~ s/^POST/HEAD/r);
pump(2 * slow, $head);
json_checks("$name - HEAD", '. like /^HTTP.1.1 503 .*Retry-After: \d/s',
            $head->{in});
json_checks($name, '*.status eq ["503","503"]',
            [ map { page($_) } '/stats', '/files/a.txt' ]);



=== TEST 32: many, of which some go, leave nothing behind
--- config
    # 32
    review_limit zone=z calls=3 queue=1000;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @clients = map { $_ % 3 ? chat("key=c$_ delay=5")
                           : review(points(3, "key=r$_ delay=5")) } 1 .. 60;
my @gone = @clients[map { 4 * $_ } 1 .. 14];
pump(0.1, @clients);
leave(@gone);
$_->{ended} = 1 for @gone;
my %gone = map { $_ => 1 } @gone;
my @bad = grep { $_->{status} != 200 } replies(grep { !$gone{$_} } @clients);
json_checks($name, '. len 0', \@bad);
idle($name);
--- llm_calls
stats.in_flight eq 0



=== TEST 33: while the circuit is open a request waits, until a probe is well
--- config
    # 33
    review_limit zone=z calls=5 wait=500ms;
    review_circuit window=50ms probe=5s;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
replies(map { chat('key=bad delay=5 500') } 1 .. 30);
json_checks("$name - open", 'calls.circuit eq "open"', status());
my $made = @{ llm_calls() };
json_checks($name, '
    status eq 503
    header.retry-after like /^[1-9]\d?$/
    took ge 0.45
', reply(chat('key=never ok')));
json_checks("$name - no call", ". eq $made", scalar @{ llm_calls() });
status_is("$name - counted", 'calls.outcomes.circuit_open ge 1');
chat_until("$name - well again", 'status eq 200');
chat_until("$name - closed", 'zone.calls.circuit eq "closed"');



=== TEST 34: a client that goes says nothing about the LLM
--- config
    # 34
    review_limit zone=z calls=50 wait=100ms;
    review_circuit window=50ms probe=60s;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my @gone = map { chat('key=gone hang') } 1 .. 30;
arrived(30);
leave(@gone);
idle("$name - gone");
status_is("$name - gone", 'calls.outcomes.cancelled eq 30');
json_checks("$name - closed", 'calls.circuit eq "closed"', status());
replies(map { chat("key=bad delay=$_ 500") } 1 .. 45);
json_checks("$name - open", 'calls.circuit eq "open"', status());



=== TEST 35: a slot is free once the answer is out, even if the client stays
--- config
    # 35
    lingering_timeout 60s;
    lingering_time 120s;
    review_limit zone=z calls=1;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $client = chat('key=a ok');
arrived(1);
pause 0.1;
my $next = reply(chat('key=b ok'));
json_checks($name, "
    status eq 200
    took lt 25
", $next);
reply($client);



=== TEST 36: nor does a client hold it that reads slowly
--- config
    # 36
    review_limit zone=z calls=1;
    sendfile on;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    $TEST_NGINX_STATUS
--- clients
my $slow = chat('key=slow json huge=8000000');
arrived(1);
json_checks("$name - next", "status eq 200\ntook lt 25",
            reply(chat('key=next ok')));
status_is("$name - free", "calls.in_flight eq 0\ncalls.outcomes.ok eq 2");
leave($slow);



=== TEST 37: a page of one's own in a file tells when to come back, too
--- config
    # 37
    review_limit zone=z calls=1 queue=0;
    error_page 503 /busy.html;
    location = /chat { review_guard on; $TEST_NGINX_CHAT }
    location = /busy.html { root $TEST_NGINX_HTML_DIR; }
    $TEST_NGINX_STATUS
--- user_files
>>> busy.html
later, please
--- clients
my $hold = chat('hang');
arrived(1);
json_checks($name, '
    status eq 503
    body eq "later, please\n"
    header.retry-after eq "1"
', reply(chat('ok')));
--- llm_calls
count eq 1



=== TEST 38: a slot is given back where another location answers
--- config
    # 38
    review_limit zone=z calls=1 queue=0;
    location = /chat {
        review_guard on;
        proxy_intercept_errors on;
        error_page 500 = @other;
        $TEST_NGINX_CHAT
    }
    location @other {
        rewrite ^ /v1/chat/completions?do=key%3Dother%20hang break;
        proxy_pass http://llm;
    }
    $TEST_NGINX_STATUS
--- clients
my $client = chat('key=a 500');
arrived(2);
status_is("$name - free", "calls.in_flight eq 0\ncalls.outcomes.http_500 eq 1");
json_checks("$name - next", 'status eq 200', reply(chat('key=next ok')));
status_is($name, "calls.in_flight eq 0\ncalls.total eq 2");

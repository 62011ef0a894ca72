# Variables: a review's are in its access log, whatever became of it, and empty
# for what is no review; a call's are its own in the location of the LLM, fit to
# be a key of a cache or of an upstream's hash; all of them get along with map,
# set, add_header, $request_id and log_subrequest.

use strict;
use warnings;

use lib 't/lib';
use Review;

use HTTP::Tiny;
use JSON::PP ();
use Time::HiRes qw(time sleep);

my $json = JSON::PP->new->utf8->canonical;
my $slow = $ENV{TEST_REVIEW_ASAN} ? 3 : 1;
my $log = "$ENV{TEST_NGINX_SERVROOT}/logs/review.log";

my @names = qw(status rubric calls failed retries queue_time llm_time
               prompt_tokens completion_tokens chunk_key point call_key);

$ENV{TEST_NGINX_HTML_DIR} ||= Test::Nginx::Util::html_dir();
$ENV{TEST_NGINX_LOG} = $log;
$ENV{TEST_NGINX_FORMAT} = "
    log_format review escape=json '{\"uri\":\"\$uri\",\"http\":\"\$status\",'
        '\"request_id\":\"\$request_id\",\"method\":\"\$request_method\",'
        '" . join(',', map { "\"$_\":\"\$review_$_\"" } @names) . "}';
";


# the lines of the log, or those of a URI, as soon as there are so many; times
# and statuses become numbers

sub logged {
    my ($n, $uri) = @_;
    my $end = time + Review::patience();
    my @lines;

    do {
        sleep 0.01;
        open my $fh, '<', $log or next;
        @lines = map { eval { $json->decode($_) } // { broken => $_ } } <$fh>;
        @lines = grep { ($_->{uri} // '') eq $uri } @lines if defined $uri;
    } while (@lines < $n && time < $end);

    for my $line (@lines) {
        for (@$line{qw(llm_time queue_time)}) {
            $_ += 0 if defined && /\A\d+\.\d{3}\z/;
        }
        $line->{http} += 0 if defined $line->{http};
    }

    return @lines;
}

# --- log: checks of the lines, the first of which says how many there are

review_section('log');

{
    my $helper = $Test::Nginx::Util::RunTestHelper;

    $Test::Nginx::Util::RunTestHelper = sub ($$$) {
        my ($block, $dry_run, $n) = @_;

        $helper->(@_);
        return if $dry_run || !defined $block->log;

        my ($lines) = $block->log =~ /\A\s*\. len (\d+)/
            or die $block->name . ": how many lines?\n";
        json_checks($block->name . ' - log', $block->log, [ logged($lines) ]);
    };
}

Test::Nginx::Util::no_shuffle();    # the last block's nginx is used below

review_http('review_llm /llm model=m;', '$TEST_NGINX_FORMAT',
            'access_log $TEST_NGINX_LOG review;');

run_tests();


# by hand: what compares one call or line with another

my $http = HTTP::Tiny->new;
my $url = "http://127.0.0.1:$Test::Nginx::Util::ServerPortForClient";

sub review {
    my ($uri, $chunk, @points) = @_;
    my $res = $http->post("$url$uri", {
        headers => { 'Content-Type' => 'application/json' },
        content => $json->encode({ chunk => $chunk, points => \@points }),
    });
    return eval { $json->decode($res->{content}) } // $res;
}

sub point {
    my ($id, $script) = @_;
    return { id => $id, title => 't', question => "[[key=$id $script]]" };
}

# the values of a header in the calls of a review

sub sent {
    my ($header, @review) = @_;
    llm_reset();
    review(@review);
    return map {
        my %of = map { lc $_->[0], $_->[1] } @{ $_->{headers} };
        $of{$header};
    } @{ llm_calls() };
}

sub distinct {
    my %seen = map { ($_ // '') => 1 } @_;
    return scalar keys %seen;
}

my @three = map { point($_, 'ok') } qw(a b c);

my @keys = sort(sent('x-call-key', '/v1/review', 'one', @three));
is(scalar(grep { /\A[0-9a-f]{32}\z/ } @keys), 3, 'call keys are 32 digits');
is(distinct(@keys), 3, 'each call has its own key');
is_deeply([ sort(sent('x-call-key', '/v1/review', 'one', @three)) ], \@keys,
          'which it has again when it is made again');
is_deeply([ sort(sent('x-call-key', '/v1/review', 'one', reverse @three)) ],
          \@keys, 'in whatever order the points are asked for');
is(distinct(@keys, sent('x-call-key', '/v1/review', 'two', @three)), 6,
   'another chunk makes other keys');
is(distinct(@keys, sent('x-call-key', '/model', 'one', @three)), 6,
   'another model makes other keys');
is(distinct(@keys, sent('x-call-key', '/v1/review', 'one',
                        map { { %$_, max_tokens => 9 } } @three)), 6,
   'other parameters make other keys');
is(distinct(sent('x-call-key', '/v1/review', 'one',
                 { id => 'x', prompt => 'the same' },
                 { id => 'y', prompt => 'the same' })), 1,
   'what is sent decides, not the id of the point');

my @tries = sent('x-call-key', '/v1/review', 'one', point('r', '500|500|ok'));
is(scalar @tries, 3, 'a call that is tried three times');
is(distinct(@tries), 1, 'has one key');
is(distinct(sent('x-call-key', '/v1/review', 'one',
                 { id => 's', steps => [ '[[raw=1]]', '[[ok]]' ] })), 2,
   'each step has its own');

my @chunk = sent('x-chunk-key', '/v1/review', 'one', @three);
like($chunk[0], qr/\A[0-9a-f]{32}\z/, 'a chunk key is 32 digits');
is(distinct(@chunk, sent('x-chunk-key', '/model', 'one', point('z', '500|ok'))),
   1, 'it is the same for all calls about a chunk');
is(distinct(@chunk, sent('x-chunk-key', '/v1/review', 'two', @three)), 2,
   'and another one for another chunk');

is_deeply([ sort(sent('x-point', '/v1/review', 'one', point('p', '500|ok'),
                      point('q', 'ok'), { id => 'r', rule => 'x' })) ],
          [qw(p p q)], 'a call knows its point, also when tried again');


# an upstream's hash

my @replicas;

for my $chunk (1 .. 16) {
    my @at = sent('x-replica', '/hashed', "chunk $chunk", @three);
    is(distinct(@at), 1, "hash: all calls about chunk $chunk go to one replica")
        if $chunk <= 3;
    push @replicas, $at[0];
}

is(distinct(@replicas), 2, 'hash: chunks are spread over replicas');
is((sent('x-replica', '/hashed', 'chunk 5', point('other', 'ok')))[0],
   $replicas[4], 'hash: another review of a chunk goes where its first went');


# a cache

llm_reset();
my $first = review('/cached', 'one', @three, point('cut', 'cut|ok'),
                   point('bad', '500'));
is(join(' ', map { $_->{status} } @{ $first->{results} }),
   'ok ok ok ok failed', 'cache: the first review');
is(scalar @{ llm_calls() }, 8, 'cache: asks the LLM');

llm_reset();
my $second = review('/cached', 'one', @three, point('cut', 'cut|ok'));
is($second->{status}, 'complete', 'cache: the second review');
is(scalar @{ llm_calls() }, 0, 'cache: does not');
is_deeply([ map { $_->{finding} } @{ $second->{results} } ],
          [ map { $_->{finding} } @{ $first->{results} }[0 .. 3] ],
          'cache: and finds the same');
is($second->{usage}{calls}, 4, 'cache: an answer from it counts as a call');

review('/cached', 'one', @three, point('bad', '500'));
is(scalar @{ llm_calls() }, 3, 'cache: what has failed is asked again');

review('/cached', 'two', @three);
is(scalar @{ llm_calls() }, 6, 'cache: and so is what differs');

llm_reset();
my $same = review('/cached', 'lock',
                  map { { id => "p$_", prompt => '[[delay=300]]' } } 1 .. 4);
is($same->{status}, 'complete', 'cache: equal calls at once');
is(scalar @{ llm_calls() }, 1, 'cache: are one, with proxy_cache_lock');


# one connection, many reviews: each has its own values, those of its reply

$http = HTTP::Tiny->new;

my @wanted;

for my $n (1 .. 12) {
    my @points = map { point("$n-$_", $_ == 2 ? '500|ok' : 'ok') } 1 .. $n % 4;
    push @points, { id => 'f', question => '[[key=f 400]]' } if $n % 3 == 0;
    push @points, { id => 'g', rule => 'x' } if $n % 4 != 1;

    my $reply = review('/alone', 'x' x $n, @points);
    my $bad = grep { $_->{status} !~ /ok|skipped/ } @{ $reply->{results} };
    push @wanted, join ' ', $reply->{status},
                  @{ $reply->{usage} }{qw(calls retries prompt_tokens
                                          completion_tokens)}, $bad;

    # one that is refused in between leaves nothing behind

    review('/alone', '', @points) if $n % 5 == 0;
}

my @lines = logged(14, '/alone');
is(scalar(grep { $_->{http} == 400 && $_->{status} eq ''
                 && $_->{calls} eq '' } @lines), 2, 'refused ones');
@lines = grep { $_->{http} == 200 } @lines;
is_deeply([ map { join ' ', @$_{qw(status calls retries prompt_tokens
                                   completion_tokens failed)} }
            @lines ], \@wanted, 'the log says what the replies have said');

__DATA__

=== TEST 1: a complete review
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    $TEST_NGINX_FORMAT
    access_log $TEST_NGINX_LOG review;
    review_llm /llm model=m;
    review_rubric bid $TEST_NGINX_HTML_DIR/bid.json;
    review_retry backoff=1ms;
--- user_files
>>> bid.json
{"name":"标书审核","version":"1","points":[
    {"id":"a","question":"[[delay=200 tokens=3]]"},
    {"id":"b","question":"[[500|delay=200 tokens=4]]"},
    {"id":"c","question":"[[delay=200 tokens=5]]"},
    {"id":"d","rule":"x"},
    {"id":"e","when":"没有","question":"q"}]}
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"投标"}
--- json
usage.calls eq 4
--- log
. len 1
0.uri eq "/v1/review"
0.http eq 200
0.status eq "complete"
0.rubric eq "标书审核"
0.calls eq "4"
0.failed eq "0"
0.retries eq "1"
0.queue_time eq 0
0.llm_time ge 0.59
0.prompt_tokens like /^[1-9]\d\d+$/
0.completion_tokens eq "12"
0.chunk_key like /^[0-9a-f]{32}$/
0.point eq ""
0.call_key eq ""



=== TEST 2: reviews that come out otherwise
--- config
    review_retry tries=2 backoff=1ms;
    review_call_timeout 1s;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { '{"chunk":"投标","points":[' . $_ . ']}' }
  '{"id":"a","question":"[[500]]"},{"id":"b","question":"[[tokens=2]]"}',
  '{"id":"a","question":"[[401]]"}',
  '{"id":"a","question":"[[hang]]"},{"id":"b","question":"[[key=b hang]]"}',
  '{"id":"a","rule":"x"}',
  '{"id":"a","when":"x","question":"q"}',
  '{"id":"a","question":"[[raw=no]]"},{"id":"b","question":"[[length_until=3000]]"}',
  '{"id":"a","question":"[[no_usage]]"}' ]
--- error_code eval
[200, 502, 504, 200, 200, 200, 200]
--- log
. len 7
*.http eq [200,502,504,200,200,200,200]
*.status eq ["partial","failed","failed","complete","complete","partial","complete"]
*.rubric eq ["","","","","","",""]
*.calls eq ["3","1","4","0","0","4","1"]
*.retries eq ["1","0","2","0","0","2","0"]
*.failed eq ["1","1","2","0","0","1","0"]
0.completion_tokens eq "2"
1.completion_tokens eq "0"
1.prompt_tokens eq "0"
2.llm_time ge 1.58
3.llm_time eq 0
3.queue_time eq 0
3.prompt_tokens eq "0"
4.completion_tokens eq "0"
6.prompt_tokens eq "0"



=== TEST 3: what was not accepted has no values
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    $TEST_NGINX_FORMAT
    access_log $TEST_NGINX_LOG review;
    review_llm /llm model=m;
    review_rubric bid $TEST_NGINX_HTML_DIR/bid.json;
--- user_files
>>> bid.json
{"name":"n","points":[{"id":"a","rule":"x"}]}
--- config
    location = /v1/review { review bid; client_max_body_size 300; }
    location = /static { return 204; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- request eval
[ 'GET /v1/review', "POST /v1/review\n" . 'x' x 301, 'GET /static', 'GET /llm',
  map { "POST /v1/review\n" . $_ } '', '{', '[]', '{"chunk":""}',
  '{"chunk":"x","rubric":"none"}', '{"chunk":"x","points":["b"]}',
  '{"chunk":"x","points":["a",{"id":"a","rule":"x"}]}',
  '{"chunk":"x","references":[7]}',
  '{"chunk":"x","references":[{"id":"chunk","text":""}]}',
  '{"chunk":"x","vars":{"a":[]}}' ]
--- error_code eval
[405, 413, 204, 404, 400, 400, 400, 400, 422, 422, 422, 400, 422, 400]
--- log eval
my $none = CORE::join ',', ('""') x 14;
". len 14\n"
. "*.http eq [405,413,204,404,400,400,400,400,422,422,422,400,422,400]\n"
. CORE::join "\n", map { "*.$_ eq [$none]" }
      qw(status rubric calls failed retries queue_time llm_time prompt_tokens
         completion_tokens chunk_key point call_key)



=== TEST 4: a review whose client goes away
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"投标","points":[{"id":"a","question":"[[tokens=2]]"},
    {"id":"b","question":"[[hang]]"},{"id":"c","rule":"x"}]}
--- timeout: 1s
--- abort
--- ignore_response
--- log
. len 1
0.http eq 499
0.status eq ""
0.calls eq "1"
0.failed eq "0"
0.completion_tokens eq "2"
0.chunk_key like /^[0-9a-f]{32}$/
--- llm_calls
count eq 2
stats.client_closed eq 1



=== TEST 5: a review that is cut off by its deadline, as events
--- config
    review_timeout 1500ms;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
Content-Type: application/json
--- json_request
{"chunk":"投标","points":[{"id":"a","question":"[[ok]]"},
    {"id":"b","question":"[[hang]]"}]}
--- sse
done.0.status eq "partial"
--- log
. len 1
0.http eq 200
0.status eq "partial"
0.calls eq "2"
0.failed eq "1"
0.llm_time ge 0.49



=== TEST 6: in the location of the LLM they are the review's, and the call's own
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    $TEST_NGINX_FORMAT
    access_log $TEST_NGINX_LOG review;
    review_llm /llm model=m;
    review_rubric bid $TEST_NGINX_HTML_DIR/bid.json;
    map $review_point $group { default rest; ~^a first; }
--- user_files
>>> bid.json
{"name":"bid-rubric","points":[{"id":"a1","question":"q"},
    {"id":"b","steps":["[[raw=1]]","[[ok]]"]}]}
--- config
    location = /v1/review { set $mine "$review_point-set"; review bid; }
    location = /llm {
        internal;
        set $point "is-$review_point";
        proxy_set_header X-Point $point;
        proxy_set_header X-Group $group;
        proxy_set_header X-Rubric $review_rubric;
        proxy_set_header X-Calls "=$review_calls";
        proxy_set_header X-Status "=$review_status";
        proxy_set_header X-Mine "=$mine";
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request eval
[ map { qq({"chunk":"投标","points":["$_"]}) } 'a1', 'b' ]
--- llm_calls
count eq 3
*.header.x-point eq ["is-a1","is-b","is-b"]
*.header.x-group eq ["first","rest","rest"]
*.header.x-rubric eq ["bid-rubric","bid-rubric","bid-rubric"]
*.header.x-calls eq ["=0","=0","=0"]
*.header.x-status eq ["=","=","="]
*.header.x-mine eq ["=","=","="]



=== TEST 7: the id of the request is one, and reaches the LLM
--- config
    location = /own { review; }
    $TEST_NGINX_LLM_LOCATION
    location = /v1/review { review; review_llm /tell; }
    location = /tell {
        internal;
        proxy_set_header X-Request-ID $request_id;
        proxy_set_header X-Again $request_id;
        proxy_pass http://llm/v1/chat/completions;
        log_subrequest on;
    }
--- more_headers
Content-Type: application/json
X-Request-ID: from-client
--- json_request eval
[ map { "$_\n" . '{"chunk":"x","points":[{"id":"a","question":"q"}]}' }
      '/own', '/v1/review' ]
--- llm_calls
0.header.x-request-id eq "from-client"
1.header.x-request-id like /^[0-9a-f]{32}$/
--- log
. len 3
*.uri eq ["/own","/tell","/v1/review"]
1.point eq "a"



=== TEST 8: map of a status decides what is logged
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    $TEST_NGINX_FORMAT
    map $review_status $worth { partial 1; failed 1; default 0; }
    map $review_failed $many { default 1; 0 0; "" 0; }
    access_log $TEST_NGINX_LOG review if=$worth;
    review_llm /llm model=m;
--- config
    location = /v1/review { review; }
    location = /many { review; access_log $TEST_NGINX_LOG review if=$many; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $good = '{"id":"a","rule":"x"}';
my $bad = '{"id":"b","question":"[[400]]"}';
[
    '{"chunk":"x","points":[' . $good . ']}',
    '{"chunk":""}',
    '{"chunk":"x","points":[' . "$bad,$good" . ']}',
    '{"chunk":"x","points":[' . $good . ']}',
    "/many\n" . '{"chunk":"x","points":[' . $good . ']}',
    "/many\n" . '{"chunk":"x","points":[' . $bad . ']}',
    '{"chunk":"x","points":[' . $bad . ']}',
]
--- error_code eval
[200, 400, 200, 200, 200, 502, 502]
--- log
. len 3
*.status eq ["partial","failed","failed"]
*.uri eq ["/v1/review","/many","/v1/review"]



=== TEST 9: headers of the reply have them
--- config
    location = /v1/review {
        review;
        add_header X-Review "$review_status $review_calls $review_failed" always;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"x","points":[{"id":"a","question":"q"},{"id":"b","question":"[[400]]"}]}
--- response_headers
X-Review: partial 2 1
--- log
. len 1
0.status eq "partial"
0.calls eq "2"



=== TEST 10: who has looked too early does not spoil the log
--- config
    location = /set {
        set $early "$review_status,$review_calls,$review_rubric,$review_chunk_key";
        add_header X-Early "$early" always;
        review;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request
/set
{"chunk":"x","points":[{"id":"a","question":"[[tokens=2]]"}]}
--- response_headers
X-Early: ,,,
--- log
. len 1
0.status eq "complete"
0.calls eq "1"
0.chunk_key like /^[0-9a-f]{32}$/



=== TEST 11: nor who has looked when the events began
--- config
    location = /v1/review {
        review;
        add_header X-Review "$review_status,$review_calls,$review_failed" always;
    }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
Content-Type: application/json
--- json_request
{"chunk":"x","points":[{"id":"a","question":"[[delay=50]]"},
                       {"id":"b","question":"[[400]]"}]}
--- sse
done.0.status eq "partial"
--- response_headers
X-Review: ,0,0
--- log
. len 1
0.status eq "partial"
0.calls eq "2"
0.failed eq "1"



=== TEST 12: calls are logged, each with its point, also those that are tried again
--- config
    review_retry tries=2 backoff=1ms;
    location = /v1/review { review; }
    location = /llm {
        internal;
        log_subrequest on;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request eval
[ map { qq({"chunk":"x","points":[$_]}) }
  '{"id":"a","question":"q"}',
  '{"id":"b","question":"[[500|ok]]"}',
  '{"id":"c","question":"[[429|404]]"}' ]
--- error_code eval
[200, 200, 502]
--- log
. len 8
*.uri eq ["/llm","/v1/review","/llm","/llm","/v1/review","/llm","/llm","/v1/review"]
*.point eq ["a","","b","b","","c","c",""]
*.http eq [200,200,500,200,200,429,404,502]
*.method eq ["POST","POST","POST","POST","POST","POST","POST","POST"]
0.status eq ""
1.status eq "complete"
1.call_key eq ""
0.call_key like /^[0-9a-f]{32}$/



=== TEST 13: calls that are given up are logged, too
--- config
    review_retry tries=1;
    review_call_timeout 1s;
    location = /v1/review { review; }
    location = /llm {
        internal;
        log_subrequest on;
        proxy_pass http://llm/v1/chat/completions;
    }
--- json_request
{"chunk":"x","points":[{"id":"a","question":"[[hang]]"}]}
--- error_code: 504
--- log
. len 2
*.uri eq ["/llm","/v1/review"]
*.point eq ["a",""]



=== TEST 14: the nginx that is used by hand
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    $TEST_NGINX_FORMAT
    access_log $TEST_NGINX_LOG review;
    review_llm /llm model=m;
    review_retry backoff=1ms;
    proxy_cache_path $TEST_NGINX_SERVROOT/cache keys_zone=llm:1m;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Point $review_point;
    proxy_set_header X-Chunk-Key $review_chunk_key;
    proxy_set_header X-Call-Key $review_call_key;
    upstream replicas {
        hash $review_chunk_key consistent;
        server unix:$TEST_NGINX_HTML_DIR/a.sock;
        server unix:$TEST_NGINX_HTML_DIR/b.sock;
    }
    server {
        listen unix:$TEST_NGINX_HTML_DIR/a.sock;
        access_log off;
        location / { proxy_pass http://llm; proxy_set_header X-Replica a; }
    }
    server {
        listen unix:$TEST_NGINX_HTML_DIR/b.sock;
        access_log off;
        location / { proxy_pass http://llm; proxy_set_header X-Replica b; }
    }
--- config
    location = /v1/review { review; }
    location = /alone { review; }
    location = /model { review; review_llm /llm model=another; }
    location = /hashed { review; review_llm /replicas; }
    location = /cached { review; review_llm /cache; }
    location = /llm { internal; proxy_pass http://llm/v1/chat/completions; }
    location = /replicas { internal; proxy_pass http://replicas/v1/chat/completions; }
    location = /cache {
        internal;
        proxy_pass http://llm/v1/chat/completions;
        proxy_cache llm;
        proxy_cache_methods POST;
        proxy_cache_key $review_call_key;
        proxy_cache_valid 200 1h;
        proxy_ignore_headers Cache-Control;
        proxy_cache_lock on;
    }
--- json_request
{"chunk":"x","points":[{"id":"a","question":"q"}]}
--- json
status eq "complete"
--- llm_calls
0.header.x-point eq "a"

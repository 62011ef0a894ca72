# review_status: what a zone tells of itself is what has happened in it, as
# JSON and as a page that Prometheus reads; at any time, in any location, to
# any client, and after a reload.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Clients;

use IPC::Open3 qw(open3);
use JSON::PP ();

$ENV{TEST_NGINX_T} = 1000 * slow . 'ms';
$ENV{TEST_NGINX_PID} = 'location = /pid { return 200 $pid; }';

my $tree = "$ENV{TEST_NGINX_DATA}/../..";

# what a program that reads a page says of it, and how it ends

sub told {
    my ($page, @program) = @_;

    my $pid = open3(my $in, my $out, undef, @program);
    local $SIG{PIPE} = 'IGNORE';
    print $in $page;
    close $in;
    my $said = do { local $/; <$out> };
    waitpid $pid, 0;

    return { status => $? >> 8, said => $said };
}

# promtool, where there is one, knows what Prometheus takes, and what it would
# rather have; ours is stricter

sub page_is_valid {
    my ($name, $page) = @_;

    json_checks("$name - prometheus.py", 'status eq 0',
                told($page, $ENV{PYTHON} || 'python3',
                     "$tree/t/docs/prometheus.py"));

    json_checks("$name - promtool", "status eq 0\nsaid eq \"\"",
                told($page, 'promtool', 'check', 'metrics'))
        if grep { -x "$_/promtool" } split /:/, $ENV{PATH};
}

# {name{labels}: value}

sub samples {
    my ($page) = @_;
    my %of = $page =~ /^([^#].*) (\S+)$/mg;

    return { map { $_ => $of{$_} eq '+Inf' ? '+Inf' : $of{$_} + 0 } keys %of };
}

sub prometheus {
    my ($uri) = @_;
    return page($uri // '/status?format=prometheus')->{content};
}

# a worker with the new configuration serves

sub reload {
    my $old = page('/pid')->{content};
    open my $fh, '<', $Test::Nginx::Util::PidFile or die "no pid: $!";
    kill HUP => 0 + <$fh>;

    for (1 .. 500 * slow) {
        pause 0.01;
        my $pid = page('/pid')->{content};
        return 1 if $pid =~ /^\d+$/ && $pid != $old;
    }
    return 0;
}

# one request of each kind, in the order of how they end

sub traffic {
    my ($name) = @_;
    my $rule = { id => 'r', question => '?', rule => { pattern => 'x' } };
    my $skip = { id => 's', question => '?', when => 'not in it' };

    my @all = replies(
        review(['key=a ok', 'key=b 500|ok', $rule, $skip]),
        review(['key=c ok', '404', 'key=d 429|403']),
        review(['key=e raw=no', '401']),
        review(['key=f ok', 'hang']),
        post('/v1/review', '{'));
    json_checks("$name - traffic", '
        *.status eq [200,200,502,200,400]
    ', \@all);

    my $gone = review(['key=gone hang']);
    llm_wait(key => 'gone', calls => 1, timeout => 30000 * slow);
    leave($gone);
    status_is("$name - gone", 'reviews.aborted eq 1');
}

Test::Nginx::Util::master_on();

review_http('review_zone z 256k;', 'review_llm /llm model=m;',
            'review_retry tries=2 backoff=1ms max=1ms budget=1000%;');
run_tests();

__DATA__

=== TEST 1: all that is told, of a zone in which nothing has happened
--- config
    # 1
    location = /status { review_status z; }
--- request
GET /status
--- response_headers
Cache-Control: no-store
! Retry-After
--- json
zone eq "z"
processes eq 1
processes_max eq 256
tenants eq []
calls.total eq 0
calls.retries eq 0
calls.in_flight eq 0
calls.queued eq {"total":0,"high":0,"normal":0,"low":0}
calls.limit eq {"current":null,"automatic":false,"min":null,"max":null}
calls.circuit eq "closed"
calls.outcomes eq {"ok":0}
calls.duration_ms eq {"count":0,"sum":0,"p50":null,"p90":null,"p99":null}
calls.time_to_first_token_ms.count eq 0
calls.time_to_first_token_ms len 5
calls.queue_ms eq {"count":0,"sum":0,"p50":null,"p90":null,"p99":null}
calls len 10
reviews.total eq 0
reviews.complete eq 0
reviews.partial eq 0
reviews.failed eq 0
reviews.rejected eq 0
reviews.aborted eq 0
reviews.duration_ms.count eq 0
reviews len 7
points eq {"total":0,"ok":0,"failed":0,"timeout":0,"skipped":0}
tokens eq {}
. len 9
tasks eq {"total":0,"complete":0,"partial":0,"failed":0}



=== TEST 2: reviews and points, counted as they ended
--- config
    # 2
    review_limit zone=z calls=20;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
traffic($name);
status_is($name, '
    reviews.total eq 5
    reviews.complete eq 1
    reviews.partial eq 2
    reviews.failed eq 1
    reviews.rejected eq 0
    reviews.duration_ms.count eq 5
    reviews.duration_ms.p99 ge 100
    points.ok eq 5
    points.failed eq 4
    points.timeout eq 1
    points.skipped eq 1
    points.total eq 11
    calls.in_flight eq 0
    calls.queued.total eq 0
');



=== TEST 3: calls, counted as they ended
--- config
    # 3
    review_limit zone=z calls=20;
    review_retry tries=1;
    review_call_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @codes = ('429 retry_after=999', qw(
    ok ok cut_head cut hang body=%7B%22error%22%3A%22oops%22%7D refusal html
    400 401 403 404 408 413 500
    502 503 504 418 451 507));
reply(review([ map { "key=$_ $_" } @codes ]));
status_is($name, '
    calls.total eq 22
    calls.retries eq 0
    calls.outcomes.ok eq 2
    calls.outcomes.cut eq 2
    calls.outcomes.call_timeout eq 1
    calls.outcomes.rate_limited eq 1
    calls.outcomes.llm_error eq 1
    calls.outcomes.refused eq 1
    calls.outcomes.http_400 eq 1
    calls.outcomes.http_401 eq 1
    calls.outcomes.http_403 eq 1
    calls.outcomes.http_404 eq 1
    calls.outcomes.http_408 eq 1
    calls.outcomes.http_413 eq 1
    calls.outcomes.http_500 eq 1
    calls.outcomes.http_502 eq 1
    calls.outcomes.http_503 eq 1
    calls.outcomes.http_504 eq 1
    calls.outcomes.http_4xx eq 2
    calls.outcomes.http_5xx eq 1
    calls.duration_ms.count eq 22
    calls.queue_ms.count eq 22
');



=== TEST 4: every try is a call, and all but the first one are retries
--- config
    # 4
    review_limit zone=z calls=20;
    review_retry tries=3 backoff=1ms max=1ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
json_checks("$name - reply", '
    json.usage.calls eq 9
    json.usage.retries eq 5
', reply(review(['key=a 500|cut|ok', 'key=b raw=hm|ok', 'ok', 'key=d 500'])));
status_is($name, '
    calls.total eq 9
    calls.retries eq 5
    calls.outcomes eq {"ok":4,"http_500":4,"cut":1}
    points.ok eq 3
    points.failed eq 1
');
--- llm_calls
count eq 9



=== TEST 5: calls that their review cut off are calls
--- config
    # 5
    review_limit zone=z calls=3;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
json_checks("$name - reply", 'json.usage.calls eq 3',
            reply(review(['ok', 'hang', 'key=b hang'])));
my $gone = review(['key=c hang', 'key=d hang']);
arrived(5);
leave($gone);
status_is($name, '
    calls.in_flight eq 0
    calls.total eq 5
    calls.outcomes.deadline eq 2
    calls.outcomes.cancelled eq 2
');
--- llm_calls
count eq 5



=== TEST 6: calls that wait no longer, since their review is over
--- config
    # 6
    review_limit zone=z calls=1;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
reply(review(['hang', 'key=b ok', 'key=c ok']));
status_is($name, '
    calls.queued.total eq 0
    calls.outcomes.queue_timeout eq 2
    points.timeout eq 3
');



=== TEST 7: what is at this moment
--- config
    # 7
    review_limit zone=z calls=2;
    review_priority $arg_p;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $high = review(['hang', 'key=b hang', 'ok'], '/v1/review?p=high');
arrived(2);
my @others = (review(['ok', 'ok'], '/v1/review?p=normal'),
              review(['ok', 'ok', 'ok'], '/v1/review?p=low'));
status_is("$name - JSON", '
    calls.in_flight eq 2
    calls.queued eq {"total":6,"high":1,"normal":2,"low":3}
    tenants eq [{"tenant":"default","in_flight":2,"queued":6,"tokens":{}}]
    calls.limit.current eq 2
    calls.total eq 0
    reviews.total eq 0
');
json_checks("$name - Prometheus", '
    review_calls_in_flight{zone="z"} eq 2
    review_calls_queued{zone="z",priority="high"} eq 1
    review_calls_queued{zone="z",priority="normal"} eq 2
    review_calls_queued{zone="z",priority="low"} eq 3
    review_calls_limit{zone="z"} eq 2
    review_calls_limit_min{zone="z"} eq 2
    review_calls_limit_max{zone="z"} eq 2
    review_circuit_state{zone="z",state="closed"} eq 1
    review_circuit_state{zone="z",state="half_open"} eq 0
    review_circuit_state{zone="z",state="open"} eq 0
    review_processes{zone="z"} eq 1
    review_processes_max{zone="z"} eq 256
', samples(prometheus()));



=== TEST 8: a page for Prometheus, for those who ask for it
--- config
    # 8
    location = /status { review_status z; }
--- clients
my $scraper = 'application/openmetrics-text;version=1.0.0,'
              . 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
for my $case (['?format=prometheus'],
              ['?format=prometheus', 'application/json'],
              ['', 'text/plain'], ['', 'Text/Plain; version=0.0.4'],
              ['', 'text/html;q=0.1, text/plain'], ['', $scraper],
              ['', 'application/openmetrics-text']) {
    my ($args, $accept) = @$case;
    json_checks("$name - $args " . ($accept // ''), '
        status eq "200"
        headers.content-type eq "text/plain; version=0.0.4; charset=utf-8"
        headers.cache-control eq "no-store"
        content like /^# HELP (review_calls_total) .*\n# TYPE \1 counter\n/
    ', page("/status$args", $accept ? (Accept => $accept) : ()));
}



=== TEST 9: JSON, for all others
--- config
    # 9
    location = /status { review_status z; }
--- clients
my $browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
for my $case ([''], ['?format=json'], ['?format=json', 'text/plain'],
              ['?x=1&format=json&y'], ['?formats=x'], ['', '*/*'],
              ['', 'application/json'], ['', $browser]) {
    my ($args, $accept) = @$case;
    json_checks("$name - $args " . ($accept // ''), '
        status eq "200"
        headers.content-type eq "application/json"
        headers.cache-control eq "no-store"
        content like /^\{"zone":"z",.*\}\n$/
    ', page("/status$args", $accept ? (Accept => $accept) : ()));
}



=== TEST 10: other formats are refused
--- config
    # 10
    location = /status { review_status z; }
--- request eval
[ map { "GET /status?format=$_" }
      'xml', '', 'JSON', 'prometheus2', 'json&format=prometheus' ]
--- error_code eval
[400, 400, 400, 400, 200]



=== TEST 11: HEAD is told how much it would be
--- config
    # 11
    location = /status { review_status z; }
--- clients
for my $args ('', '?format=prometheus') {
    my $client = ask("HEAD /status$args HTTP/1.1\r\nHost: test\r\n"
                     . "Connection: close\r\n\r\n");
    pump(5 * slow, $client);
    my $whole = page("/status$args");
    my $type = quotemeta $whole->{headers}{'content-type'};
    my $length = length $whole->{content};
    json_checks("$name - $args", "
        head like /^HTTP.1.1 200 OK\\r/
        head like /\\r\\nContent-Type: $type\\r/
        head like /\\r\\nContent-Length: $length\\r/
        head like /\\r\\nCache-Control: no-store\\r/
        head like /\\r\\n\\r\\n\\z/
        whole eq $length
    ", { head => $client->{in},
         whole => $whole->{headers}{'content-length'} + 0 });
}



=== TEST 12: other methods are not allowed
--- config
    # 12
    location = /status { review_status z; }
--- request eval
["POST /status\nx", 'POST /status?format=prometheus', "PUT /status\nx",
 'DELETE /status', 'OPTIONS /status', 'PATCH /status', 'GET /status']
--- error_code eval
[405, 405, 405, 405, 405, 405, 200]



=== TEST 13: the page is one that Prometheus reads
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_zone Zone_2.x-y 256k;
    review_llm /llm model=m;
    review_retry tries=2 backoff=1ms max=1ms budget=1000%;
--- config
    # 13
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; review_limit zone=z calls=20; }
    location = /auto { review; review_limit zone=Zone_2.x-y calls=auto; }
    location = /odd {
        review; review_limit zone=Zone_2.x-y;
        review_llm /llm "model=a\"b\\c 模型{}";
    }
    location = /other { review_status Zone_2.x-y; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
page_is_valid("$name - empty", prometheus());
traffic($name);
page_is_valid("$name - busy", prometheus());
all_complete($name, replies(map { review(['ok'], $_) } '/auto', '/odd'));
my $page = prometheus('/other?format=prometheus');
page_is_valid("$name - odd names", $page);
for my $model ('a\"b\\\\c 模型{}', 'm') {
    my $line = 'review_tokens_total{zone="Zone_2.x-y",model="' . $model
               . '",kind="completion"} 8';
    my @found = $page =~ /^\Q$line\E$/mg;
    json_checks("$name - a model", '. len 1', \@found);
}
--- allow_log: bad_request



=== TEST 14: both tell the same
--- config
    # 14
    review_limit zone=z calls=20;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
traffic($name);
status_is($name, 'calls.in_flight eq 0');
my ($json, $page) = (status(), samples(prometheus()));
my $of = sub { my ($family, $label) = @_;
    +{ map { /^$family\{zone="z",$label="(\w+)"\}$/ ? ($1 => $page->{$_}) : () }
           keys %$page } };
my $text = JSON::PP->new->canonical;
delete $json->{$_}{total} for 'points', 'reviews', 'tasks';
my $ms = delete $json->{reviews}{duration_ms};
for my $case ([ $json->{calls}{outcomes}, 'review_calls_total', 'outcome' ],
              [ $json->{reviews}, 'review_reviews_total', 'status' ],
              [ $json->{tasks}, 'review_tasks_total', 'status' ],
              [ $json->{points}, 'review_points_total', 'status' ]) {
    my ($counters, @family) = @$case;
    json_checks("$name - $family[0]", '. eq ' . $text->encode($counters),
                $of->(@family));
}
my $calls = $json->{calls};
my $tokens = $json->{tokens}{m};
my $ended = $calls->{duration_ms}{count};
my $of_m = 'review_tokens_total{zone="z",model="m",kind';
json_checks("$name - times", "
    review_duration_seconds_count{zone=\"z\"} eq $ms->{count}
    review_duration_seconds_bucket{zone=\"z\",le=\"+Inf\"} eq $ms->{count}
    review_duration_seconds_sum{zone=\"z\"} ge @{[ ($ms->{sum} - 1) / 1000 ]}
    review_duration_seconds_sum{zone=\"z\"} le @{[ ($ms->{sum} + 1) / 1000 ]}
    review_call_duration_seconds_count{zone=\"z\"} eq $ended
    review_queue_seconds_count{zone=\"z\"} eq $calls->{queue_ms}{count}
    review_call_retries_total{zone=\"z\"} eq $calls->{retries}
    $of_m=\"prompt\"} eq $tokens->{prompt}
    $of_m=\"completion\"} eq $tokens->{completion}
", $page);



=== TEST 15: times of calls: in the queue, to the first token, to the end
--- config
    # 15
    review_limit zone=z calls=1;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $ms = 100 * slow;
reply(review([ map { "key=$_ delay=$ms tokens=4 slow=20" } 'a', 'b' ]));
status_is($name, "
    calls.time_to_first_token_ms.count eq 2
    calls.time_to_first_token_ms.sum ge @{[ 1.9 * $ms ]}
    calls.duration_ms.count eq 2
    calls.duration_ms.sum ge @{[ 1.9 * $ms + 120 ]}
    calls.queue_ms.count eq 2
    calls.queue_ms.sum ge @{[ 0.95 * $ms + 60 ]}
    reviews.duration_ms.sum ge @{[ 1.9 * $ms + 120 ]}
");
my $calls = status()->{calls};
json_checks("$name - first", ". lt $calls->{duration_ms}{sum}",
            $calls->{time_to_first_token_ms}{sum});



=== TEST 16: tokens by model
--- config
    # 16
    review_limit zone=z;
    location = /a { review; review_llm /llm model=qwen2.5-72b; }
    location = /b { review; review_llm /llm model=通义千问; }
    location = /none { review; review_llm /llm; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(review(['tokens=3', 'tokens=4'], '/a'),
                  review(['tokens=5'], '/b'), review(['tokens=6'], '/none'),
                  review(['no_usage'], '/a'));
all_complete($name, @all);
my @prompt = map { $_->{json}{usage}{prompt_tokens} } @all;
status_is($name, "
    tokens.qwen2\\.5-72b eq {\"prompt\":$prompt[0],\"completion\":7}
    tokens.通义千问 eq {\"prompt\":$prompt[1],\"completion\":5}
    tokens.other eq {\"prompt\":$prompt[2],\"completion\":6}
    tokens len 3
");



=== TEST 17: models and outcomes are bounded, whatever comes
--- config eval
"    # 17
    review_limit zone=z;
    review_retry tries=1;
    location = /v1/review { review; }
    $ENV{TEST_NGINX_STATUS}
    $ENV{TEST_NGINX_LLM_LOCATION}
" . CORE::join '', map {
    my $model = ($_ % 7 ? '' : 'x' x 200) . "m$_";
    "    location = /m$_ { review; review_llm /llm model=$model; }\n"
} 1 .. 40
--- clients
replies(map { review(['tokens=2'], "/m$_") } 1 .. 40);
status_is($name, '
    tokens len 33
    tokens.other.completion eq 8
    tokens.m1.completion eq 2
');
reply(review([ map { $_ == 429 ? "429 retry_after=1000" : "status=$_" }
               401 .. 520 ]));
my $json = status();
json_checks("$name - outcomes", "
    http_4xx eq 93
    http_401 eq 1
    http_500 eq 1
    http_5xx eq 17
", $json->{calls}{outcomes});
json_checks("$name - kinds", '. le 31',
            scalar keys %{ $json->{calls}{outcomes} });
my @long = grep { length > 64 } keys %{ $json->{tokens} };
json_checks("$name - names", '. len 0', \@long);
page_is_valid($name, prometheus());



=== TEST 18: a zone without a limit
--- config
    # 18
    review_limit zone=z;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang', 'key=b hang', 'key=c hang']);
arrived(3);
status_is("$name - JSON", '
    calls.in_flight eq 3
    calls.queued.total eq 0
    calls.limit eq {"current":null,"automatic":false,"min":null,"max":null}
');
my $page = prometheus();
page_is_valid($name, $page);
json_checks("$name - Prometheus", '
    review_calls_in_flight{zone="z"} eq 3
    review_calls_limit{zone="z"} eq "+Inf"
    review_calls_limit_min{zone="z"} eq "+Inf"
    review_calls_limit_max{zone="z"} eq "+Inf"
', samples($page));



=== TEST 19: a limit that moves
--- config
    # 19
    review_limit zone=z calls=auto min=2 max=32;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
json_checks("$name - JSON", '
    calls.limit eq {"current":8,"automatic":true,"min":2,"max":32}
', status());
my $page = prometheus();
page_is_valid($name, $page);
json_checks("$name - Prometheus", '
    review_calls_limit{zone="z"} eq 8
    review_calls_limit_min{zone="z"} eq 2
    review_calls_limit_max{zone="z"} eq 32
', samples($page));



=== TEST 20: what was counted survives a reload
--- config
    # 20
    review_limit zone=z calls=20;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_PID
    $TEST_NGINX_LLM_LOCATION
--- clients
traffic($name);
status_is("$name - quiet", 'calls.in_flight eq 0');
my $text = JSON::PP->new->canonical;
my $before = $text->encode(status());
for my $n (1 .. 2) {
    json_checks("$name - reloaded", '. eq 1', reload());
    status_is("$name - the same, $n", ". eq $before");
}
reply(review(['ok']));
status_is("$name - and goes on", '
    reviews.total eq 6
    reviews.complete eq 2
    calls.in_flight eq 0
');



=== TEST 21: what runs and waits is seen across a reload
--- config
    # 21
    review_limit zone=z calls=1;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_PID
    $TEST_NGINX_LLM_LOCATION
--- main_config
    worker_shutdown_timeout 60s;
--- clients
my $hold = review(['hang', 'ok']);
arrived(1);
json_checks("$name - reloaded", '. eq 1', reload());
status_is("$name - two generations", '
    processes eq 2
    calls.in_flight eq 1
    calls.queued.total eq 1
');
leave($hold);
status_is("$name - one", '
    processes eq 1
    calls.in_flight eq 0
    calls.queued.total eq 0
    reviews.aborted eq 1
');



=== TEST 22: locations of all kinds, and parts of them
--- config
    # 22
    location ~ ^/regex { review_status z; }
    location /prefix {
        review_status z;
        location = /prefix/none { return 204; }
    }
    location = /named { try_files /none @status; }
    location @status { review_status z; }
    location = /page { error_page 418 =200 /prefix; return 418; }
--- request eval
[ map { "GET /$_" } 'regex', 'prefix/x', 'prefix/none', 'named', 'page' ]
--- error_code eval
[200, 200, 204, 200, 200]
--- json eval
['zone eq "z"', 'zone eq "z"', undef, 'zone eq "z"', 'zone eq "z"']



=== TEST 23: "if" in the location leaves it as it is
--- config
    # 23
    location = /status {
        review_status z;
        if ($arg_a) { set $x 1; }
        if ($arg_b) { set $y 1; }
    }
--- clients
json_checks("$name - $_", "status eq \"200\"\ncontent like /zone/",
            page("/status$_")) for '', '?a=1', '?a=1&b=1&format=prometheus';



=== TEST 24: "limit_except" in the location limits access and nothing else
--- config
    # 24
    location = /post {
        review_status z;
        limit_except POST { allow 127.0.0.1; deny all; }
    }
    location = /get { review_status z; limit_except GET { deny all; } }
    location = /none { review_status z; deny all; }
--- request eval
['GET /post', 'GET /get', 'HEAD /get', "POST /get\nx", 'GET /none']
--- error_code eval
[200, 200, 200, 403, 403]



=== TEST 25: two zones, and two locations of one
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_zone y 256k;
    review_llm /llm model=m;
--- config
    # 25
    location = /z { review; review_limit zone=z calls=3; }
    location = /y { review; review_limit zone=y calls=auto; }
    location = /y-status { review_status y; }
    location = /again { review_status z; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
replies(review(['ok', 'ok'], '/z'), review(['ok'], '/y'));
for my $case ([ 'z', 2, 'false', '/status' ], [ 'y', 1, 'true', '/y-status' ],
              [ 'z', 2, 'false', '/again' ]) {
    my ($zone, $calls, $automatic, $uri) = @$case;
    status_is("$name - $uri", "
        zone eq \"$zone\"
        calls.total eq $calls
        calls.limit.automatic eq $automatic
    ", $uri);
}
json_checks("$name - one zone in a page", '. unlike /zone="z"/',
            prometheus('/y-status?format=prometheus'));



=== TEST 26: a connection that stays open, a body that nobody asked for
--- config
    # 26
    location = /status { review_status z; }
--- clients
my $get = "GET /status HTTP/1.1\r\nHost: test\r\n";
my $hello = "Content-Length: 5\r\n\r\nhello";
my $post = $get =~ s/GET/POST/r;
my $client = ask("$get\r\n$get$hello$post$hello$get\r\n");
json_checks($name, '
    *.status eq [200,200,405,200]
    *.json.zone eq ["z","z",null,"z"]
', [ after($client, 4) ]);



=== TEST 27: reviews that were refused
--- config
    # 27
    review_limit zone=z calls=1 queue=0;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang']);
arrived(1);
replies(map { review(['ok']) } 1 .. 3);
status_is($name, '
    reviews.rejected eq 3
    reviews.total eq 3
    reviews.duration_ms.count eq 0
    points.total eq 0
    calls.total eq 0
');

# review_limit: never more calls in flight than allowed, over all locations of
# a zone; who waits, for how long, in which order, and who is refused; whoever
# ends or goes leaves nothing behind.  An LLM that fails everything is left
# alone, and found again when it is well.  And the mistakes in all directives
# of the limit.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;
use Clients;

use Time::HiRes qw(time);

$ENV{TEST_NGINX_T} = 1000 * slow . 'ms';
$ENV{TEST_NGINX_LOG} = "$ENV{TEST_NGINX_SERVROOT}/logs/review.log";


# what is no line of the configuration's fault has none in the message

sub bad {
    my ($name, $message, $text, %files) = @_;
    my ($dir, $status, $log) = ConfTest::run($text, %files);
    my @said = $log =~ /\[emerg\] (?:\d+#\d+: )?(.*)/g;

    Test::More->builder->ok($status == 1 << 8 && "@said" eq $message,
                            "bad: $name")
        or ConfTest::note($status, $log, $message);
}

sub in_location {
    my ($lines) = @_;
    return "review_zone z 256k;\nserver {\n    location / {\n"
           . "        $lines\n    }\n}\n";
}


# where directives may stand, and how often

conf_good('everything everywhere', <<'');
map $http_x $class { a high; default low; }
review_llm /llm;
review_limit zone=z;
review_priority high;
review_guard off;
review_zone z 256k;
review_zone Zone_2-x.y 4m tenants=5000 processes=4096;
review_tenant $http_x;
review_tenant_limit calls=4 tokens=1000000/1h;
server {
    review_limit zone=z calls=4 queue=0 wait=1ms;
    review_priority $class;
    review_tenant constant;
    review_tenant_limit off;
    review_guard on;
    location = /v1/review { review; review_limit off; }
    location = /a { review; review_limit zone=z calls=4; review_priority LOW; }
    location = /b { review_limit zone=Zone_2-x.y calls=auto min=2 max=1000000; }
    location = /c { review_limit zone=Zone_2-x.y; review_guard off; }
    location = /d {
        review_limit max=1000000 queue=1000000 min=2 calls=auto zone=Zone_2-x.y;
        review_priority "$http_x";
        proxy_pass http://127.0.0.1:1;
    }
    location = /status { review_status z; }
    location = /later { review_status later; }
    location = /t { review_tenant_limit tokens=1/1m; }
    location = /u { review_tenant_limit tokens=1000000000/1d calls=1; }
}
review_zone later 300k;

conf_good('a guard without a limit', <<'');
server {
    review_guard on;
    location / { proxy_pass http://127.0.0.1:1; }
}

my @directives = (
    [ 'review_zone', 'y 256k', 'http' ],
    [ 'review_limit', 'zone=z', 'http server location' ],
    [ 'review_priority', 'low', 'http server location' ],
    [ 'review_tenant', '$http_x', 'http server location' ],
    [ 'review_tenant_limit', 'calls=3', 'http server location' ],
    [ 'review_guard', 'on', 'http server location' ],
    [ 'review_status', 'z', 'location' ],
);

my @contexts = (
    [ 'main', "%s # <-\nhttp {\n}" ],
    [ 'http', '%s # <-' ],
    [ 'server', "server {\n %s # <-\n}" ],
    [ 'location', "server {\n location / {\n %s # <-\n}\n}" ],
    [ 'upstream', "upstream u {\n server 127.0.0.1:1;\n %s # <-\n}" ],
    [ 'if in location',
      "server {\n location / {\n if (\$arg_a) {\n %s # <-\n}\n}\n}" ],
    [ 'limit_except',
      "server {\n location / {\n limit_except GET {\n %s # <-\n}\n}\n}" ],
);

for my $directive (@directives) {
    my ($name, $args, $allowed) = @$directive;
    my %allowed = map { $_ => 1 } split ' ', $allowed;

    for my $context (grep { !$allowed{$_->[0]} } @contexts) {
        my ($where, $format) = @$context;
        conf_bad("$name in $where", "\"$name\" directive is not allowed here",
                 sprintf $format, "$name $args;");
    }

    my $lines = $allowed eq 'http' ? "%s # <-\n" : in_location('%s # <-');

    conf_bad("$name without arguments",
             "invalid number of arguments in \"$name\" directive",
             sprintf $lines, "$name;");

    conf_bad("$name with one more",
             "invalid number of arguments in \"$name\" directive",
             sprintf $lines, "$name $args more;")
        if $name !~ /limit|zone/;

    next if $name eq 'review_zone';

    conf_bad("$name twice", "\"$name\" directive is duplicate",
             sprintf $lines, "$name $args;\n$name $args;")
        if $name !~ /limit|priority|tenant/;

    next if $name eq 'review_status';

    conf_bad("$name inherited is no duplicate, but twice at once",
             "\"$name\" directive is duplicate", <<"");
review_zone z 256k;
$name $args;
server {
    $name $args;
    location / {
        $name $args;
        $name $args; # <-
    }
}

}

for my $pair ('zone=z', 'off') {
    conf_bad("review_limit twice, $pair behind off",
             '"review_limit" directive is duplicate',
             in_location("review_limit off;\nreview_limit $pair; # <-"));
}


# zones

my $name = 'it must be made of letters, digits, "_", "-" and "."';

for my $zone ('a/b', 'a=b', 'a:1m', '"a b"', '审核', '$a', '""', '*') {
    (my $said = $zone) =~ s/"//g;
    conf_bad("review_zone $zone", "invalid zone name \"$said\", $name",
             "review_zone $zone 1m; # <-\n");
}

for my $size (qw(0 x -1 1x 1kb 1.5m 1g1 99999999999999999999m), '""') {
    (my $said = $size) =~ s/"//g;
    conf_bad("review_zone z $size", "invalid zone size \"$said\"",
             "review_zone z $size; # <-\n");
}

for my $size (qw(1 255k 262143)) {
    conf_bad("review_zone z $size",
             'zone "z" is too small, it must be at least 262144',
             "review_zone z $size; # <-\n");
}

for my $size (qw(1m 256k)) {
    conf_bad("review_zone twice, $size", 'zone "z" is already defined', <<"");
review_zone z 256k;
review_limit zone=z;
review_zone z $size; # <-

}

for my $param (qw(tenants=0 tenants= tenants=-1 tenants=x tenants=100001
                  tenants processes=z processes=0 processes=4097 processes=
                  more=1)) {
    conf_bad("review_zone $param", "invalid parameter \"$param\"",
             "review_zone z 64m $param; # <-\n");
}

conf_bad('review_zone with tenants twice', 'invalid parameter "tenants=2"',
         "review_zone z 1m tenants=2 tenants=2; # <-\n");
conf_bad('review_zone with processes twice', 'invalid parameter "processes=2"',
         "review_zone z 1m processes=2 tenants=2 processes=2; # <-\n");
conf_bad('review_zone with more tenants than it has room for',
         qr/zone "z" is too small for 5000 tenants and 256 processes, it .* \d{4}k/,
         "review_zone z 256k tenants=5000; # <-\n");
conf_bad('review_zone with more processes than it has room for',
         qr/zone "z" is too small for 1 tenants and 4096 processes, it .* \d{3}k/,
         "review_zone z 256k processes=4096 tenants=1; # <-\n");

for my $param (qw(calls=0 calls= calls=-1 calls=x calls=1000001 calls more=1
                  tokens=5 tokens=5/1s tokens=0/1m tokens=/1m tokens=5/1 OFF
                  tokens=5/60s tokens=5/1mm tokens=1000000001/1d)) {
    conf_bad("review_tenant_limit $param", "invalid parameter \"$param\"",
             in_location("review_tenant_limit $param; # <-"));
}

conf_bad('review_tenant_limit with calls twice', 'invalid parameter "calls=1"',
         in_location('review_tenant_limit calls=1 calls=1; # <-'));
conf_bad('review_tenant_limit with tokens twice',
         'invalid parameter "tokens=1/1m"',
         in_location('review_tenant_limit tokens=1/1d tokens=1/1m; # <-'));
conf_bad('review_tenant_limit off and more', 'invalid parameter "off"',
         in_location('review_tenant_limit off calls=1; # <-'));

conf_bad('review_zone with the name of another module\'s',
         'the shared memory zone "z" is already declared for a different use',
         <<'');
limit_req_zone $uri zone=z:1m rate=1r/s;
review_zone z 1m; # <-

bad('review_limit of no zone', 'zero size shared memory zone "z"',
    "server { }\nreview_limit zone=z calls=3;\nreview_zone Z 1m;\n");

bad('review_status of no zone', 'zero size shared memory zone "y"',
    in_location('review_status y;'));


# limits

for my $args (map({ "zone=z $_" }
                  qw(calls=0 calls=-1 calls=x calls= calls calls=1.5 calls=1k
                     calls=1000001 calls=99999999999999999999 calls=Auto
                     calls=auto1 min=0 min=x min= max=0 max=-1 max=1000001
                     queue=-1 queue=x queue= queue=1000001 queue wait=0 wait=0s
                     wait=-1s wait=x wait= wait=1q wait off on z zone=y zone=z
                     limit=3 Calls=3), '""'),
              'off zone=z', 'zone=', 'zone', 'Zone=z', 'z', 'on', 'OFF',
              'off off')
{
    my $bad = $args =~ /^off/ ? 'off' : (split ' ', $args)[-1];
    $bad =~ s/"//g;
    conf_bad("review_limit $args", "invalid parameter \"$bad\"",
             in_location("review_limit $args; # <-"));
}

for my $case (
    [ 'calls=3', 'needs "zone"' ],
    [ 'queue=0 wait=1s', 'needs "zone"' ],
    [ 'zone=z calls=auto calls=3', 'has "calls" twice' ],
    [ 'zone=z calls=3 calls=auto', 'has "calls" twice' ],
    (map { [ "zone=z $_", 'has "min" or "max" without "calls=auto"' ] }
         'min=2', 'max=3', 'min=2 max=3', 'calls=3 max=3', 'calls=3 min=1'),
    (map { [ "zone=z calls=auto $_", 'has "max" less than "min"' ] }
         'min=3 max=2', 'max=2 min=3', 'min=257'))
{
    my ($args, $said) = @$case;
    conf_bad("review_limit $args", "\"review_limit\" directive $said",
             in_location("review_limit $args; # <-"));
}

for my $case (
    [ 'calls=3', 'calls=4' ], [ 'calls=3', 'calls=auto' ],
    [ 'calls=auto', 'calls=3' ], [ 'calls=auto', 'calls=auto min=2' ],
    [ 'calls=auto max=9', 'calls=auto' ],
    [ 'calls=auto min=3 max=3', 'calls=3' ])
{
    my ($one, $other) = @$case;
    conf_bad("a zone with $one and $other",
             'the limit of zone "z" was set to something else in '
             . 'DIR/nginx.conf:4', <<"");
review_zone z 256k;
review_limit zone=z $one;
review_zone y 256k;
server {
    review_limit zone=z queue=3;
    location /a { review_limit zone=y $other; }
    location /b { review_limit zone=z wait=1s; }
    location /c {
        review_limit
            zone=z $other; # <-
    }
}

}

conf_bad('two limits in two files',
         'the limit of zone "z" was set to something else in DIR/a.conf:2',
         <<'', 'a.conf' => "\nreview_limit zone=z calls=3;\n");
review_zone z 256k;
include DIR/a.conf;
server {
    review_limit zone=z calls=4; # <-
}

conf_good('one limit told twice, at its defaults', <<'');
review_zone z 256k;
review_limit zone=z calls=auto;
server {
    review_limit zone=z calls=auto min=1 max=256;
}


# circuits

conf_bad("review_circuit $_", "invalid parameter \"$_\"",
         in_location("review_circuit $_; # <-"))
    for qw(on failures=0 failures=x failures=1000001 share=90 share=0%
           share=101% window=49ms window=0 window=x probe=1ms probe=25h calls=1);

# told at the end of "http", with both places

{
    my ($dir, $status, $log) = ConfTest::run(<<"");
review_zone z 256k;
review_limit zone=z;
review_circuit window=5s;
server {
    location /a { review_circuit off; review_limit off; }
    location /b { review_circuit window=6s; }
    location /c { return 204; }
}

    my $said = "the circuit of zone \"z\" is set to something else in "
               . "$dir/nginx.conf:8 than in $dir/nginx.conf:5 in ";

    Test::More->builder->ok($status == 1 << 8 && $log =~ /\Q$said\E/,
                            'bad: two circuits of a zone')
        or ConfTest::note($status, $log, $said);
}

# one without a limit does nothing, which is said; "off" does nothing anyway

{
    my ($dir, $status, $log) = ConfTest::run(<<"");
review_zone z 256k;
server {
    location /a { review_circuit probe=1s; }
    location /b { review_circuit off; }
    location /c { review_circuit probe=2s; review_limit off; }
    location /d { review_circuit probe=3s; review_limit zone=z; }
}

    my @said = $log =~ /\[warn\] (?:\d+#\d+: )?(.*)/g;
    my $say = '"review_circuit" has no effect without a "review_limit" in '
              . "$dir/nginx.conf:";

    Test::More->builder->ok($status == 0 && "@said" eq "${say}5 ${say}7",
                            'circuits without a limit are told')
        or ConfTest::note($status, $log, "${say}5 ${say}7");
}

conf_good('a circuit that some of its locations have no limit for', <<"");
review_zone z 256k;
review_circuit probe=1s;
server {
    location /a { review_limit zone=z; }
    location /b { review_guard on; }
}

conf_good('one circuit told twice, and one of another zone', <<"");
review_zone z 256k;
review_zone y 256k;
review_limit zone=z;
review_circuit failures=20;
server {
    review_circuit failures=20 window=10s share=90% probe=2s;
    location /b { review_limit zone=y; review_circuit off; }
}


# priorities, guards, statuses

for my $value (qw(urgent 1 highest hig normal1 on), '""') {
    (my $said = $value) =~ s/"//g;
    conf_bad("review_priority $value",
             "invalid priority \"$said\", it must be \"high\", \"normal\", "
             . '"low" or a variable',
             in_location("review_priority $value; # <-"));
}

bad('review_priority of a variable that is none', 'unknown "nope" variable',
    in_location('review_priority $nope;'));

for my $value (qw(yes 1 $on), '""') {
    (my $said = $value) =~ s/"//g;
    conf_bad("review_guard $value",
             "invalid value \"$said\" in \"review_guard\" directive, it must "
             . 'be "on" or "off"', in_location("review_guard $value; # <-"));
}

conf_bad('an empty name', '"review_status" directive needs the name of a zone',
         in_location('review_status ""; # <-'));

conf_bad("review_status beside $_",
         '"review_status" directive is not allowed: the location has a content '
         . 'handler already',
         "review_llm /llm;\n" . in_location("$_;\nreview_status z; # <-"))
    for 'review', 'proxy_pass http://127.0.0.1:1', 'empty_gif';

conf_bad('review beside review_status',
         '"review" directive is not allowed: the location has a content '
         . 'handler already',
         "review_llm /llm;\n" . in_location("review_status z;\nreview; # <-"));

# what comes after it takes the location away from it

for my $handler ('proxy_pass http://127.0.0.1:1', 'empty_gif') {
    conf_bad("$handler beside review_status", qr/.*content handler.*/,
             in_location("review_status z; # <-\n$handler;"));
}


# the lines of the log, as soon as there are so many

sub logged {
    my ($n) = @_;
    my @lines;

    for (1 .. 500) {
        open my $fh, '<', $ENV{TEST_NGINX_LOG} or next;
        @lines = <$fh>;
        last if @lines >= $n;
        pause 0.01;
    }

    return map { my %of = /(\w+)=(\S+)/g;
                 +{ map { $_ => $of{$_} + 0 } keys %of } } @lines;
}

sub keys_of_calls {
    return [ map { $_->{key} } @{ llm_calls() } ];
}

# a review that needs the LLM, again and again until the reply is as it should

sub review_until {
    my ($name, $text, $seconds, @review) = @_;
    Clients::soon($name, $text, sub {
        pause 0.05;
        reply(review(@review));
    }, $seconds);
}

review_http('review_zone z 256k;', 'review_llm /llm model=m;',
            'review_retry tries=1;',
            'log_format times "queue=$review_queue_time '
            . 'llm=$review_llm_time";');
run_tests();

__DATA__

=== TEST 1: never more calls than the limit, and never fewer without need
--- config
    # 1
    review_limit zone=z calls=4;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { review(points(6, 'delay=20')) } 1 .. 10);
all_complete($name, @all);
status_is($name, '
    calls.total eq 60
    calls.outcomes eq {"ok":60}
    calls.in_flight eq 0
    calls.queued.total eq 0
    calls.limit eq {"current":4,"automatic":false,"min":4,"max":4}
    calls.queue_ms.count eq 60
    reviews.complete eq 10
    points.ok eq 60
');
--- llm_calls
count eq 60
stats.max_in_flight eq 4



=== TEST 2: one call at a time
--- config
    # 2
    review_limit zone=z calls=1;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { review(points(10, 'tokens=2')) } 1 .. 4);
all_complete($name, @all);
--- llm_calls
count eq 40
stats.max_in_flight eq 1



=== TEST 3: steps, and answers asked for anew, take a turn each
--- config
    # 3
    review_limit zone=z calls=2;
    review_retry tries=3 backoff=1ms max=1ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { my $n = $_; review([
    { id => 'a', question => '?',
      steps => [ map { "[[key=$n$_ delay=5]]" } 1 .. 4 ] },
    { id => 'b', question => "[[key=b$n raw=hm|verdict=risk]]" },
    { id => 'c', question => "[[key=c$n 500|cut|ok]]" } ]) } 1 .. 5);
all_complete($name, @all);
--- llm_calls
count eq 45
stats.max_in_flight eq 2



=== TEST 4: without calls= there is no limit, but numbers
--- config
    # 4
    review_limit zone=z;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $delay = 300 * slow;
json_checks($name, '
    json.status eq "complete"
', reply(review(points(40, "delay=$delay"))));
status_is($name, '
    calls.outcomes eq {"ok":40}
    calls.limit eq {"current":null,"automatic":false,"min":null,"max":null}
    calls.queued.total eq 0
');
--- llm_calls
stats.max_in_flight eq 40



=== TEST 5: without review_limit, or with off, there is neither
--- config
    # 5
    location = /none { review; }
    location /under {
        review_limit zone=z calls=1;
        location = /under/off { review; review_limit off; }
    }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $delay = 300 * slow;
all_complete($name, replies(map { review(points(5, "delay=$delay"), $_) }
                                '/none', '/under/off'));
status_is($name, 'calls.total eq 0');
--- llm_calls
stats.max_in_flight eq 10



=== TEST 6: locations, and LLM locations, share one zone
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_llm /llm model=m;
--- config
    # 6
    location = /a { review; review_limit zone=z calls=3; }
    location = /b { review; review_limit zone=z; }
    location = /c {
        review; review_limit zone=z calls=3 queue=50; review_llm /other;
    }
    location = /other { internal; proxy_pass http://llm/v1/chat/completions; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { review(points(6, 'delay=20'), $_) }
                      ('/a', '/b', '/c') x 2);
all_complete($name, @all);
--- llm_calls
count eq 36
stats.max_in_flight eq 3



=== TEST 7: zones are apart
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_zone y 256k;
    review_llm /llm model=m;
--- config
    # 7
    review_limit zone=z calls=1;
    location = /z { review; }
    location = /y { review; review_limit zone=y calls=2; }
    location = /y-status { review_status y; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @clients = map { review(['hold', 'ok', 'ok', 'ok'], $_) } '/z', '/y';
arrived(2);
status_is("$name - z", '
    zone eq "z"
    calls.in_flight eq 1
    calls.queued.total eq 3
');
release;
all_complete($name, replies(@clients));
status_is($name, "$_ eq 4") for 'calls.total', 'calls.outcomes.ok';
status_is($name, 'calls.total eq 4', '/y-status');
--- llm_calls
count eq 8
stats.max_in_flight le 3



=== TEST 8: a full queue: refused at once, and no call made
--- config
    # 8
    review_limit zone=z calls=1 queue=2;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $waiting = review(['key=hold hang', 'key=a ok', 'key=b ok']);
arrived(1);
status_is($name, 'calls.queued.total eq 2');
my @refused = (review(['key=never ok']),
               review(['key=never ok'], undef, 'Accept: text/event-stream'));
json_checks("$name - refused", '
    *.status eq [503,503]
    0.header.content-type eq "application/problem+json"
    1.header.content-type eq "application/problem+json"
    0.header.retry-after like /^[1-9]\d?$/
    1.header.retry-after like /^[1-9]\d?$/
    0.json.type eq "about:blank"
    0.json.title eq "Service Unavailable"
    0.json.status eq 503
    0.json.detail eq "the queue of the LLM\'s calls is full"
    0.json.results missing
    0.took lt 20
    1.took lt 20
', [ replies(@refused) ]);
status_is($name, '
    reviews.rejected eq 2
    reviews.total eq 2
    calls.total eq 0
    calls.in_flight eq 1
    calls.queued.total eq 2
');
--- llm_calls
count eq 1
*.key eq ["hold"]



=== TEST 9: a review larger than the queue and the limit comes to its end
--- config
    # 9
    review_limit zone=z calls=2 queue=1;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk": "x", "points": ['
. CORE::join(',', map {
    qq({"id": "p$_", "question": "$_ [[delay=5]]"})
} 1 .. 40) . ']}'
--- json
status eq "complete"
results len 40
--- llm_calls
count eq 40
stats.max_in_flight eq 2



=== TEST 10: queue=0: whoever finds a free slot comes in, nobody else
--- config
    # 10
    review_limit zone=z calls=2 queue=0;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @hold = review(['hang']);
arrived(1);
my $second = review(['hold', 'ok', 'ok']);
arrived(2);
status_is($name, "calls.in_flight eq 2\ncalls.queued.total eq 2");
json_checks("$name - third", "status eq 503\nheader.retry-after exists",
            reply(review(['ok'])));
release;
all_complete("$name - second", reply($second));
all_complete("$name - fourth", reply(review(['ok'])));
push @hold, review(['hang']);
arrived(6);
json_checks("$name - fifth", 'status eq 503', reply(review(['ok'])));
leave(@hold);
status_is($name, 'calls.in_flight eq 0');
all_complete("$name - sixth", reply(review(points(9, 'ok'))));
--- llm_calls
stats.max_in_flight eq 2



=== TEST 11: a call that has waited too long
--- config
    # 11
    review_limit zone=z calls=1 wait=$TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hold', 'key=b ok', 'key=c ok']);
arrived(1);
my $late = review(['key=d ok', 'key=e ok']);
my $second = reply($late);
release;
my $first = reply($hold);
my $wait = 990 * slow;
json_checks("$name - some", "
    status eq 200
    json.status eq \"partial\"
    json.results.*.status eq [\"ok\",\"timeout\",\"timeout\"]
    json.results.*.error.code eq [null,\"queue_timeout\",\"queue_timeout\"]
    json.results.1.error.detail like /waited for its turn too long/
    json.results.*.attempts eq [1,0,0]
    json.results.1.elapsed_ms ge $wait
    json.usage.calls eq 1
    json.usage.retries eq 0
", $first);
json_checks("$name - all", '
    status eq 503
    json.status eq "failed"
    json.results.*.error.code eq ["queue_timeout","queue_timeout"]
    json.usage.calls eq 0
', $second);
json_checks("$name - elapsed", "
    json.elapsed_ms ge $wait
    json.elapsed_ms lt @{[ 20000 * slow ]}
", $second);
status_is($name, '
    calls.outcomes eq {"ok":1,"queue_timeout":4}
    calls.queued.total eq 0
    calls.in_flight eq 0
    points.timeout eq 4
');
--- llm_calls
count eq 1



=== TEST 12: review_timeout is over while calls wait
--- config
    # 12
    review_limit zone=z calls=1;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $one = review(['hang', 'key=b ok', 'key=c ok']);
arrived(1);
json_checks("$name - one runs", '
    status eq 504
    json.status eq "failed"
    json.results.*.status eq ["timeout","timeout","timeout"]
    json.results.*.error.code eq ["deadline","queue_timeout","queue_timeout"]
    json.results.1.error.detail like /^review_timeout was over before/
    json.results.*.attempts eq [1,0,0]
    json.usage.calls eq 1
', reply($one));
status_is($name, "calls.in_flight eq 0\ncalls.queued.total eq 0");
all_complete("$name - the next", reply(review(['ok', 'ok'])));
--- llm_calls
count eq 3
stats.client_closed eq 1



=== TEST 13: review_timeout in events, with a rule
--- config
    # 13
    review_limit zone=z calls=1;
    review_timeout $TEST_NGINX_T;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk": "x", "points": [{"id": "a", "question": "[[hang]]"},
 {"id": "b", "question": "[[ok]]"},
 {"id": "c", "question": "?", "rule": {"pattern": "x"}}]}
--- more_headers
Accept: text/event-stream
--- sse
result.0.point eq "c"
done.0.status eq "partial"
done.0.results.*.error.code eq ["deadline","queue_timeout",null]
done.0.results.*.attempts eq [1,0,0]
--- llm_calls
count eq 1



=== TEST 14: events and pings come while calls wait
--- config
    # 14
    review_limit zone=z calls=1;
    review_ping 50ms;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hold']);
arrived(1);
my $waits = review(['ok', 'ok'], undef, 'Accept: text/event-stream');
for (1 .. 100 * Review::patience()) {
    last if $waits->{in} =~ /^:.*^:/ms;
    pump(0.01, $waits);
}
release;
my $events = reply($waits);
my $sse = Review::parse_sse($events->{body});
json_checks($name, '
    events eq ["result","progress","result","progress","done"]
    comments ge 2
    done.0.status eq "complete"
', $sse);



=== TEST 15: a pause before a retry holds no slot
--- config
    # 15
    review_limit zone=z calls=1;
    review_retry tries=2 backoff=6s max=6s budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $failing = review(['key=a 500|ok']);
arrived(1);
json_checks("$name - other", "
    json.status eq \"complete\"
    took lt 2.9
", reply(review(['key=b ok', 'key=c ok'])));
status_is($name, "calls.in_flight eq 0\ncalls.queued.total eq 0");
json_checks("$name - failing", '
    json.status eq "complete"
    json.results.0.attempts eq 2
    took ge 0.95
', reply($failing));
status_is($name, "calls.total eq 4\ncalls.retries eq 1");
--- llm_calls
*.key eq ["a","b","c","a"]
stats.max_in_flight eq 1



=== TEST 16: a retry waits for its turn like any other
--- config
    # 16
    review_limit zone=z calls=1 wait=$TEST_NGINX_T;
    review_retry tries=2 backoff=50ms max=50ms budget=1000%;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $first = review(['key=a 500 delay=100|ok']);
arrived(1);
my $hold = review(['key=b hang']);
json_checks("$name - first", '
    status eq 503
    json.results.0.status eq "timeout"
    json.results.0.error.code eq "queue_timeout"
    json.results.0.attempts eq 1
    json.usage.calls eq 1
    json.usage.retries eq 1
', reply($first));
--- llm_calls
*.key eq ["a","b"]
stats.max_in_flight eq 1



=== TEST 17: a review of rules passes a full queue
--- config
    # 17
    review_limit zone=z calls=1 queue=0;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang']);
arrived(1);
my $rule = { id => 'r', question => '?', rule => { pattern => 'x' } };
all_complete("$name - rules", reply(review([$rule])));
json_checks("$name - mixed", 'status eq 503', reply(review([$rule, 'ok'])));
--- llm_calls
count eq 1



=== TEST 18: a review whose points are all skipped passes a full queue
--- config
    # 18
    review_limit zone=z calls=1 queue=0;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang']);
arrived(1);
my @skipped = map { { id => $_, question => '?', when => 'no' } } 'a', 'b';
json_checks($name, '
    status eq 200
    json.results.*.status eq ["skipped","skipped"]
', reply(review(\@skipped)));
--- llm_calls
count eq 1



=== TEST 19: whoever goes leaves the queue, and frees its slot
--- config
    # 19
    review_limit zone=z calls=1 queue=2;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['key=hold hang']);
arrived(1);
my @waiting = (review(['key=never ok']),
               review(['key=never ok'], undef, 'Accept: text/event-stream'));
status_is("$name - full", 'calls.queued.total eq 2');
json_checks("$name - refused", 'status eq 503', reply(review(['ok'])));

leave($waiting[0]);
status_is("$name - one has gone", 'calls.queued.total eq 1');
leave($waiting[1]);
status_is("$name - all have gone", 'calls.queued.total eq 0');

my $next = review(['key=next ok']);
status_is("$name - the next waits", 'calls.queued.total eq 1');
leave($hold);
json_checks("$name - the next", 'json.status eq "complete"', reply($next));
status_is($name, '
    calls.in_flight eq 0
    calls.queued.total eq 0
    reviews.aborted eq 3
    reviews.complete eq 1
    reviews.rejected eq 1
');
--- llm_calls
*.key eq ["hold","next"]
stats.client_closed eq 1



=== TEST 20: one of many goes in the middle of its calls
--- config
    # 20
    review_limit zone=z calls=2;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $gone = review([('key=gone hang') x 2, ('key=gone ok') x 2]);
arrived(2);
my @others = map { review(points(4, "key=other delay=5")) } 1 .. 3;
status_is("$name - waiting", 'calls.queued.total eq 14');
leave($gone);
all_complete($name, replies(@others));
idle($name);
status_is($name, 'reviews.aborted eq 1');
--- llm_calls
count eq 14
stats.client_closed eq 2



=== TEST 21: reviews take turns, whatever their size
--- config
    # 21
    review_limit zone=z calls=1;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['key=hold hold']);
arrived(1);
my @clients;
my $waiting = 0;
for my $who ([a => 6], [b => 2], [c => 3]) {
    push @clients, review(points($who->[1], "key=$who->[0]%N ok"));
    $waiting += $who->[1];
    status_is("$name - $who->[0]", "calls.queued.total eq $waiting");
}
release;
replies($hold, @clients);
json_checks($name, '
    . eq ["hold","a1","b1","c1","a2","b2","c2","a3","c3","a4","a5","a6"]
', keys_of_calls());



=== TEST 22: priorities: of 21 turns high gets 16, normal 4, low 1
--- config
    # 22
    review_limit zone=z calls=1;
    location = /low { review; review_priority low; }
    location = /normal { review; }
    location = /high { review; review_priority high; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['key=hold hold'], '/normal');
arrived(1);
my @clients = map { review(points(25, "key=$_ ok"), "/$_") }
                  'low', 'normal', 'high';
status_is($name, 'calls.queued eq {"total":75,"high":25,"normal":25,"low":25}');
release;
all_complete($name, replies($hold, @clients));

my (undef, @keys) = @{ keys_of_calls() };
my %first;
$first{$_}++ for @keys[0 .. 20];
json_checks("$name - the first", '
    . eq {"high":16,"normal":4,"low":1}
', \%first);
json_checks("$name - the last", '. eq "low"', $keys[-1]);
--- llm_calls
count eq 76
stats.max_in_flight eq 1



=== TEST 23: a priority by a header; what is no class is normal
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_llm /llm model=m;
    map $http_x_key $class {
        gold HIGH; lead low; none ""; default $http_x_key;
    }
--- config
    # 23
    review_limit zone=z calls=1;
    review_priority $class;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['key=hold hold']);
arrived(1);
my @clients = (review(['ok']),
               map { review(['ok'], undef, "X-Key: $_") }
                   qw(gold lead none high Low highest 7));
status_is($name, 'calls.queued eq {"total":8,"high":2,"normal":4,"low":2}');
release;
replies($hold, @clients);
status_is($name, 'calls.queued eq {"total":0,"high":0,"normal":0,"low":0}');



=== TEST 24: the time that calls have waited is in the log
--- config
    # 24
    location /v1 {
        review_limit zone=z calls=1;
        access_log $TEST_NGINX_LOG times;
        location = /v1/review { review; }
        location = /v1/late {
            review; review_limit zone=z wait=$TEST_NGINX_T;
        }
        location = /v1/deadline { review; review_timeout $TEST_NGINX_T; }
    }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $ms = 200 * slow;
reply(review(["delay=$ms"]));
reply(review(["delay=$ms key=a", "delay=$ms key=b", "delay=$ms key=c"]));
my $hold = review(['hold']);
arrived(5);
replies(map { review(['ok', 'ok'], $_) } '/v1/late', '/v1/deadline');
release;
reply($hold);

my @lines = logged(5);
my $late = (sort { $a <=> $b } map { $_->{queue} } @lines[2, 3])[0];
json_checks($name, "
    lines eq 5
    none eq 0
    three ge @{[ 2.9 * $ms / 1000 ]}
    three lt @{[ 20 * slow ]}
    llm ge @{[ 2.9 * $ms / 1000 ]}
    late ge @{[ 0.98 * slow ]}
    late lt @{[ 20 * slow ]}
", { lines => scalar @lines, none => $lines[0]{queue},
     three => $lines[1]{queue}, llm => $lines[1]{llm}, late => $late });



=== TEST 25: a limit that moves keeps to its bounds
--- config
    # 25
    review_limit zone=z calls=auto min=3 max=5;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
json_checks("$name - before", '
    calls.limit.automatic eq true
    calls.limit.min eq 3
    calls.limit.max eq 5
    calls.limit.current ge 3
    calls.limit.current le 5
', status());
my @all = replies(map { review(points(10, 'delay=5')) } 1 .. 8);
all_complete($name, @all);
status_is("$name - after", '
    calls.in_flight eq 0
    calls.limit.current ge 3
    calls.limit.current le 5
');
--- llm_calls
count eq 80
stats.max_in_flight ge 3
stats.max_in_flight le 5



=== TEST 26: a limit that can't move is exact
--- config
    # 26
    review_limit zone=z calls=auto min=3 max=3;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my @all = replies(map { review(points(10, 'delay=5')) } 1 .. 5);
all_complete($name, @all);
--- llm_calls
stats.max_in_flight eq 3



=== TEST 27: what is not the limit's own is inherited as a whole
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_zone z 256k;
    review_llm /llm model=m;
    review_limit zone=z calls=1 queue=0;
--- config
    # 27
    location = /http { review; }
    location /own {
        review_limit zone=z wait=$TEST_NGINX_T;
        location = /own/a { review; }
    }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang'], '/http');
arrived(1);
json_checks("$name - queue=0", 'status eq 503', reply(review(['ok'], '/http')));
json_checks("$name - the default queue, its own wait", '
    status eq 503
    json.results.0.error.code eq "queue_timeout"
', reply(review(['ok'], '/own/a')));



=== TEST 28: bad requests need no place in the queue
--- config
    # 28
    review_limit zone=z calls=1 queue=0;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $hold = review(['hang']);
arrived(1);
json_checks($name, '*.status eq [400,422,503]', [ replies(
    post('/v1/review', '{'),
    post('/v1/review', '{"chunk":"x","points":["nope"]}'),
    review(['ok'])) ]);



=== TEST 29: an LLM that fails everything is left alone, and found again
--- config
    # 29
    review_limit zone=z calls=5 wait=500ms;
    review_circuit window=50ms probe=5s;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
my $failed = reply(review(points(60, 'key=bad delay=5 500')));
my %codes;
$codes{$_->{error}{code}}++ for @{ $failed->{json}{results} };
json_checks("$name - failing", '
    status eq 502
    json.results.*.status unlike /ok|timeout/
    codes.http_500 ge 18
    codes.http_500 lt 40
    codes.circuit_open ge 20
', { %$failed, codes => \%codes });
my $opened = time;
json_checks("$name - open", 'calls.circuit eq "open"', status());

my $made = @{ llm_calls() };
my $next = reply(review(['key=new ok', 'key=new ok']));
json_checks("$name - waits, and no longer than it may", '
    status eq 503
    took ge 0.45
    json.results.*.status eq ["failed","failed"]
    json.results.*.error.code eq ["circuit_open","circuit_open"]
    json.results.0.error.detail like /left alone/
    json.results.*.attempts eq [0,0]
    json.usage.calls eq 0
', $next);
json_checks("$name - no call", ". eq $made", scalar @{ llm_calls() });
json_checks("$name - counted", 'calls.outcomes.circuit_open ge 22', status());

review_until("$name - well again", '
    status eq 200
    json.status eq "complete"
', 20, ['key=good ok']);
json_checks("$name - not before its time", '. ge 1', time - $opened);
review_until("$name - for all", 'json.status eq "complete"', 10,
             points(30, 'key=good ok'));
status_is("$name - closed", 'calls.circuit eq "closed"');



=== TEST 30: rules and skipped points don't ask whether the circuit is open
--- config
    # 30
    review_limit zone=z calls=5 wait=200ms;
    review_circuit window=50ms probe=30s;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
reply(review(points(40, 'key=bad delay=5 cut_head')));
my $rule = { id => 'r', question => '?', rule => { pattern => 'x' } };
my $skip = { id => 's', question => '?', when => 'not in it' };
json_checks($name, '
    status eq 200
    json.status eq "partial"
    json.results.*.status eq ["ok","skipped","failed"]
    json.results.2.error.code eq "circuit_open"
', reply(review([ $rule, $skip, 'ok' ])));



=== TEST 31: refusals of requests open no circuit
--- config
    # 31
    review_limit zone=z calls=5;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
for my $status ('429 retry_after=999', 400, 401, 404) {
    reply(review(points(40, "key=$status $status")));
    all_complete("$name - $status", reply(review(['ok'])));
}
json_checks($name, '
    calls.circuit eq "closed"
    calls.outcomes.circuit_open missing
    calls.outcomes.rate_limited eq 40
    calls.outcomes.http_404 eq 40
', status());



=== TEST 32: a few failures, or failures among successes, open no circuit
--- config
    # 32
    review_limit zone=z calls=5;
    location = /v1/review { review; }
    $TEST_NGINX_STATUS
    $TEST_NGINX_LLM_LOCATION
--- clients
reply(review(points(15, 'key=bad 500')));
all_complete("$name - a few", reply(review(points(15, 'ok'))));
reply(review([ map { ('key=bad 500', 'ok', 'key=bad 500') } 1 .. 20 ]));
all_complete("$name - a third is well", reply(review(['ok'])));
json_checks($name, '
    calls.circuit eq "closed"
    calls.outcomes.circuit_open missing
    calls.outcomes.http_500 eq 55
', status());

# The configuration: each directive stands where it may and nowhere else, has
# its default, is inherited and overridden from http to server to location, and
# each mistake in one is an error of "nginx -t" that says what is wrong, in
# which file and in which line.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

my $rubric = '{"name":"n","points":[{"id":"a","rule":"x"}]}';

sub good { conf_good(@_, 'a.json' => $rubric) }

sub bad { conf_bad(@_, 'a.json' => $rubric) }


# where directives may stand

good('everything everywhere', <<'');
review_rubric a a.json;
review_rubric b DIR/a.json;
review_rubric "审核 c" a.json;
review_llm /llm model=m stream=on schema=off;
review_call_timeout 1;
review_timeout 1ms;
review_retry tries=1 backoff=1ms max=1ms budget=0%;
review_ping 100d;
review_max_chunk_size 1;
review_max_answer_size 64k;
review_max_points 1;
server {
    review_llm /llm;
    review_call_timeout 60s;
    review_timeout 2m;
    review_retry tries=100 budget=1000%;
    review_ping 1h;
    review_max_chunk_size 100m;
    review_max_answer_size 1m;
    review_max_points 1000000;
    location = /exact { review a; }
    location /prefix { review b; location /prefix/nested { review; } }
    location ~ regex { review "审核 c"; }
    location @named { review; }
    location / {
        review_llm "/llm?a=b&c" stream=off schema=on model=模型;
        review_call_timeout 1m;
        review_timeout 1h;
        review_retry max=2s backoff=1s tries=2;
        review_ping 1s;
        review_max_chunk_size 1K;
        review_max_answer_size 1M;
        review_max_points 7;
        review a;
        if ($arg_a) { set $x 1; }
        limit_except POST { deny all; }
    }
}

good('nothing of it at all', "server { }\n");

# directive, its arguments, where it may stand: the rest is tried

my @directives = (
    [ 'review_rubric', 'a a.json', 'http' ],
    [ 'review', '', 'location' ],
    [ 'review_llm', '/llm', 'http server location' ],
    [ 'review_call_timeout', '1s', 'http server location' ],
    [ 'review_timeout', '1s', 'http server location' ],
    [ 'review_retry', 'tries=2', 'http server location' ],
    [ 'review_ping', '1s', 'http server location' ],
    [ 'review_max_chunk_size', '1k', 'http server location' ],
    [ 'review_max_document_size', '1k', 'http server location' ],
    [ 'review_max_answer_size', '1k', 'http server location' ],
    [ 'review_max_points', '1', 'http server location' ],
);

my @contexts = (
    [ 'main', "%s # <-\nhttp {\n}" ],
    [ 'http', '%s # <-' ],
    [ 'server', "server {\n %s # <-\n}" ],
    [ 'location', "server {\n location / {\n %s # <-\n}\n}" ],
    [ 'upstream', "upstream u {\n server 127.0.0.1:1;\n %s # <-\n}" ],
    [ 'if in server', "server {\n if (\$arg_a) {\n %s # <-\n}\n}" ],
    [ 'if in location',
      "server {\n location / {\n if (\$arg_a) {\n %s # <-\n}\n}\n}" ],
    [ 'limit_except',
      "server {\n location / {\n limit_except GET {\n %s # <-\n}\n}\n}" ],
);

for my $directive (@directives) {
    my ($name, $args, $allowed) = @$directive;
    my %allowed = map { $_ => 1 } split ' ', $allowed;

    for my $context (@contexts) {
        my ($where, $format) = @$context;
        next if $allowed{$where};
        bad("$name in $where", "\"$name\" directive is not allowed here",
            sprintf $format, "$name $args;");
    }

    next if $name eq 'review';

    bad("$name without arguments",
        "invalid number of arguments in \"$name\" directive", <<"");
$name; # <-

    next if $name =~ /_llm|_retry/;

    bad("$name with one more",
        "invalid number of arguments in \"$name\" directive", <<"");
$name $args more; # <-

    next if $name eq 'review_rubric';

    bad("$name inherited is no duplicate, but twice at once",
        "\"$name\" directive is duplicate", <<"");
$name $args;
server {
    $name $args;
    location / {
        $name $args;
        $name $args; # <-
    }
}

}

bad("review $_->[0]", "invalid parameter \"$_->[1]\"", <<"")
review_llm /llm;
review_rubric a DIR/a.json;
server { location / { review $_->[0]; } } # <-

    for [ 'explain=yes', 'explain=yes' ], [ 'explain=', 'explain=' ],
        [ 'a b', 'b' ], [ 'a explains=on', 'explains=on' ],
        [ 'explain=on a', 'a' ], [ 'inline=yes', 'inline=yes' ],
        [ 'inline=on inline=off', 'inline=off' ],
        [ 'explain=on explain=on', 'explain=on' ];

bad('review with two rubrics', 'invalid parameter "a"', <<'');
review_rubric a a.json;
server {
    location / {
        review a a; # <-
    }
}

bad('review twice', '"review" directive is duplicate', <<'');
review_llm /llm;
server {
    location / {
        review;
        review; # <-
    }
}

for my $twice ('review_embeddings /embeddings', 'review_retry tries=2') {
    my ($name) = split ' ', $twice;
    bad("$name twice", "\"$name\" directive is duplicate", <<"");
server {
    $twice;
    $twice; # <-
}

}


# values

my $uri = 'it must be that of a location of this server and begin with "/"';

my @values = (
    (map { [ 'review_llm', $_, "invalid uri \"$_\", $uri" ] }
         'llm', 'http://127.0.0.1/llm', '@llm', '?a=b', '$uri', 'model=m'),
    [ 'review_llm', '""', "invalid uri \"\", $uri" ],
    (map { [ 'review_llm', "/llm $_", "invalid parameter \"$_\"" ] }
         'model=', 'model', 'Model=m', 'models=m', "model=\xff",
         'stream=', 'stream', 'stream=yes', 'stream=ON', 'stream=onn',
         'schema=1', 'schema=o', 'timeout=1s', '/llm', 'on', '=', '""'),
    (map { [ 'review_retry', $_, "invalid parameter \"$_\"" ] }
         'tries=0', 'tries=-1', 'tries=101', 'tries=a', 'tries=', 'tries',
         'tries=99999999999999999999', 'tries=1.5', 'backoff=0',
         'backoff=-1s', 'backoff=x', 'backoff=', 'max=0s', 'max=1q',
         'budget=20', 'budget=%', 'budget=-1%', 'budget=1001%', 'budget=x%',
         'budget=1%%', 'attempts=2', 'off', '3'),
    (map { [ 'review_retry', $_,
             '"review_retry" directive has "max" less than "backoff"' ] }
         'max=1s backoff=2s', 'backoff=10001ms', 'max=499ms'),
    (map {
        my $name = $_;
        map { [ $name, $_, "\"$name\" directive "
                           . (/^0/ ? 'must be greater than zero'
                                   : 'invalid value') ] }
            qw(0 0s 0ms -1 -1s 1x s x 1.5s 99999999999999999999d)
     } qw(review_call_timeout review_timeout review_ping)),
    (map {
        my $name = $_;
        map { [ $name, $_, "\"$name\" directive "
                           . (/^0/ ? 'must be greater than zero'
                                   : 'invalid value') ] }
            qw(0 0k 0m -1 1x k 1kb 1.5m 1s 99999999999999999999m)
     } qw(review_max_chunk_size review_max_document_size
          review_max_answer_size)),
    [ 'review_max_points', '0',
      '"review_max_points" directive must be greater than zero' ],
    (map { [ 'review_max_points', $_, 'invalid number' ] }
         qw(-1 x 1k 1.5 99999999999999999999)),
);

for my $value (@values) {
    my ($name, $args, $message) = @$value;
    my $shown = $args eq '""' ? '' : (split ' ', $args)[-1];

    $message =~ s/""""/""/;
    $message = "\"$name\" directive $message" if $message eq 'invalid number';
    $message =~ s/"\/llm $shown"/"$shown"/;
    $message =~ s/""""/""/;
    bad("$name $args", $message, "server {\n    $name $args; # <-\n}\n");
}


# what depends on something else

bad('review without an LLM',
    'no "review_llm" is set for "review"', <<'');
server {
    review_llm /llm;
    location / { review; }
}
server {
    location / { review_llm /llm; }
    location = /v1/review {
        review_timeout 1s;
        review; # <-
    }
}

bad('review without an LLM in a nested location',
    'no "review_llm" is set for "review"', <<'');
server {
    location / {
        location /a { review_llm /llm; }
        location /b { review; } # <-
    }
}

bad('a mistake in an included file',
    'no "review_llm" is set for "review"', <<'',
server {
    location / { include part/*.conf; }
}

    'part/a.conf' => "\n\nreview; # <-\n");

bad('a rubric that nobody has loaded',
    qr/no \"review_rubric\" defines the rubric \"b\" of \"review\"/, <<'');
review_llm /llm;
review_rubric a a.json;
server {
    location / {
        review b; # <-
    }
}

bad('a rubric by the name in its file',
    qr/no \"review_rubric\" defines the rubric \"n\" of \"review\"/, <<'');
review_llm /llm;
review_rubric a a.json;
server {
    location / { review n; } # <-
}

bad('a rubric by a part of its name',
    qr/no \"review_rubric\" defines the rubric \"aa\" of \"review\"/, <<'');
review_llm /llm;
review_rubric aaa a.json;
review_rubric a a.json;
server {
    location / { review aa; } # <-
}

good('a rubric used before it is defined', <<'');
review_llm /llm;
server {
    location / { review a; }
}
review_rubric a a.json;

bad('an empty name of a rubric',
    '"review_rubric" directive needs a name', <<'');
review_rubric "" a.json; # <-

bad('a rubric whose name is taken', 'duplicate rubric "a"', <<'');
review_rubric a a.json;
review_rubric b a.json;
review_rubric a b.json; # <-

bad('review beside proxy_pass',
    '"review" directive is not allowed: the location has a content handler '
    . 'already', <<'');
review_llm /llm;
server {
    location / {
        proxy_pass http://127.0.0.1:1;
        review; # <-
    }
}

# what comes after it takes the location away from it

for my $handler ('proxy_pass http://127.0.0.1:1', 'empty_gif') {
    bad("$handler beside review", qr/.*content handler.*/, <<"");
review_llm /llm;
server {
    location / {
        review; # <-
        $handler;
    }
}

}

good('return and rewrite are no content handlers', <<'');
review_llm /llm;
server {
    location / {
        if ($request_method = PUT) { return 405; }
        rewrite ^ /v1/review break;
        review;
    }
}


$ENV{TEST_NGINX_HTML_DIR} ||= Test::Nginx::Util::html_dir();

review_http('review_llm /llm model=top;');
run_tests();

__DATA__

=== TEST 1: the defaults of sizes, of numbers and of what the LLM is asked
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
sub points { CORE::join ',', map { qq({"id":"p$_","rule":"x"}) } 1 .. $_[0] }
my $ask = '"points":[{"id":"a","question":"[[huge=260000]]"},'
          . '{"id":"b","question":"[[huge=264000]]"}]';
[
    '{"chunk":"' . 'x' x 1048577 . qq(",$ask}),
    '{"chunk":"' . 'x' x 1048576 . '","points":[' . points(1) . ']}',
    '{"chunk":"x","points":[' . points(1001) . ']}',
    '{"chunk":"x","points":[' . points(1000) . ']}',
    qq({"chunk":"x",$ask}),
]
--- error_code eval
[413, 200, 422, 200, 200]
--- problem eval
[
    "pointer eq \"/chunk\"\n"
        . 'detail eq "is of 1048577 bytes, review_max_chunk_size allows'
        . ' 1048576"',
    undef,
    "pointer eq \"/points\"\n"
        . 'detail eq "there are 1001 points, review_max_points allows 1000"',
    undef,
    undef,
]
--- json eval
[
    undef,
    'results len 1',
    undef,
    "results len 1000\nstatus eq \"complete\"",
    "results.0.status eq \"ok\"\nresults.1.status eq \"failed\"\n"
        . 'results.1.error.code eq "too_large"',
]
--- llm_calls
count eq 2
0.body.model eq "top"
0.body.stream eq true
0.body.response_format missing
0.body.max_tokens missing
0.body.temperature eq 0



=== TEST 2: the defaults of retries: two more tries, after half a second and one
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"x","points":[{"id":"a","question":"[[500|500|ok]]"},
                       {"id":"b","question":"[[key=b 500]]"}]}
--- json
results.0.status eq "ok"
results.0.attempts eq 3
results.0.elapsed_ms ge 745
results.1.status eq "failed"
results.1.attempts eq 3
results.1.error.code eq "http_500"
usage.retries eq 4
--- llm_calls
count eq 6



=== TEST 3: numbers and sizes from http to server to location
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_max_points 1;
    review_max_chunk_size 11;
    server {
        listen unix:$TEST_NGINX_HTML_DIR/other.sock;
        location = /other { review; }
    }
--- config
    review_max_points 2;
    location = /server { review; }
    location = /location { review_max_points 3; review; }
    location /nested {
        review_max_points 4;
        location = /nested/a { review; }
        location = /nested/b { review_max_points 5; review; }
    }
    location = /size { review; review_max_chunk_size 1k; review_max_points 6; }
    location = /other { proxy_pass http://unix:$TEST_NGINX_HTML_DIR/other.sock; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = CORE::join ',', map { qq({"id":"p$_","rule":"x"}) } 1 .. 7;
[
    (map { "$_\n" . qq({"chunk":"x","points":[$points]}) }
         '/other', '/server', '/location', '/nested/a', '/nested/b', '/size'),
    map { "$_\n" . '{"chunk":"' . 'x' x 1025 . qq(","points":[$points]}) }
         '/server', '/location', '/nested/b', '/size'
]
--- error_code eval
[(422) x 6, (413) x 4]
--- problem eval
[ map { 'detail like /allows ' . $_ . '$/' } 1 .. 6, 11, 11, 11, 1024 ]
--- llm_calls
count eq 0



=== TEST 4: the LLM is inherited as a whole, not parameter by parameter
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm?do=key%3Dhttp model=http stream=off schema=on;
--- config
    location = /http { review; }
    location = /location { review_llm /llm?do=key%3Dlocation; review; }
    location /nested {
        review_llm /llm?do=key%3Dnested model=nested;
        location = /nested/a { review; }
        location = /nested/b { review_llm /other stream=off; review; }
    }
    $TEST_NGINX_LLM_LOCATION
    location /other {
        internal;
        rewrite ^ /v1/chat/completions break;
        proxy_pass http://llm;
    }
--- json_request eval
[ map { "$_\n" . '{"chunk":"x","points":[{"id":"a","question":"[[key=b]]"}]}' }
      '/http', '/location', '/nested/a', '/nested/b' ]
--- json eval
[ ('status eq "complete"') x 4 ]
--- llm_calls
count eq 4
*.key eq ["http","location","nested","b"]
*.body.model eq ["http",null,"nested",null]
*.body.stream eq [false,true,true,false]
0.body.response_format.type eq "json_schema"
1.body.response_format missing
2.body.response_format missing
3.body.response_format missing
*.header.accept eq ["application/json","text/event-stream","text/event-stream","application/json"]



=== TEST 5: times from http to server to location
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_call_timeout 100ms;
    review_timeout 150ms;
    review_retry tries=1;
--- config
    review_timeout 60s;
    location = /server { review; }
    location = /location { review_call_timeout 30s; review_timeout 200ms; review; }
    location = /both { review_call_timeout 30s; review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ (map { "$_\n" . '{"chunk":"x","points":[{"id":"a","question":"[[hang]]"}]}' }
      '/server', '/location'),
  "/both\n" . '{"chunk":"x","points":[{"id":"a","question":"[[delay=400]]"}]}' ]
--- error_code eval
[504, 504, 200]
--- json eval
[
    "results.0.error.code eq \"call_timeout\"\nelapsed_ms ge 95",
    "results.0.error.code eq \"deadline\"\nelapsed_ms ge 195",
    "results.0.status eq \"ok\"\nelapsed_ms ge 395",
]



=== TEST 6: retries from http to server to location, as a whole
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_retry tries=1;
--- config
    location = /http { review; }
    location = /location { review_retry backoff=1ms max=1ms; review; }
    location /nested {
        review_retry tries=2 backoff=1ms;
        location = /nested/a { review; }
        location = /nested/b { review_retry tries=5 backoff=1ms budget=0%; review; }
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { "$_\n" . '{"chunk":"x","points":[{"id":"a","question":"[[500]]"}]}' }
      '/http', '/location', '/nested/a', '/nested/b' ]
--- error_code eval
[(502) x 4]
--- json eval
[ map { "results.0.error.code eq \"http_500\"\nresults.0.attempts eq $_" }
      1, 3, 2, 1 ]
--- llm_calls
count eq 7



=== TEST 7: pings and the size of answers from http to server to location
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_ping 20ms;
    review_max_answer_size 1k;
--- config
    location = /http { review; }
    location = /location { review_ping 1h; review_max_answer_size 1m; review; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
Content-Type: application/json
--- json_request eval
[ map { "$_\n" . '{"chunk":"x","points":[{"id":"a","question":"'
        . '[[delay=300 huge=2000]]"}]}' } '/http', '/location' ]
--- sse eval
[
    "comments ge 3\ndone.0.results.0.error.code eq \"too_large\"",
    "comments eq 0\ndone.0.results.0.status eq \"ok\"",
]



=== TEST 8: "review" is not inherited by a nested location
--- config
    location /v1 {
        review;
        location /v1/files { }
        location /v1/static { return 204; }
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { "$_\n" . '{"chunk":"x","points":[{"id":"a","rule":"x"}]}' }
      '/v1', '/v1/files/a', '/v1/static', '/v1/other' ]
--- error_code eval
[200, 404, 204, 200]



=== TEST 9: "if" in the location leaves it as it is
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_rubric bid $TEST_NGINX_HTML_DIR/bid.json;
--- user_files
>>> bid.json
{"name":"标书","version":"1","points":[{"id":"a","rule":"x"}]}
--- config
    location = /v1/review {
        review bid;
        review_max_points 2;
        if ($arg_a) { set $x 1; }
        if ($arg_b) { set $y 1; }
    }
    location = /denied {
        review bid;
        if ($arg_a) { set $x 1; }
        deny all;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
my $points = CORE::join ',', map { qq({"id":"$_","rule":"x"}) } 1 .. 3;
[
    "/v1/review?a=\n" . '{"chunk":"x"}',
    "/v1/review?a=1\n" . '{"chunk":"x"}',
    "/v1/review?a=1&b=1\n" . '{"chunk":"x"}',
    "/v1/review?a=1\n" . qq({"chunk":"x","points":[$points]}),
    "/denied\n" . '{"chunk":"x"}',
    "/denied?a=1\n" . '{"chunk":"x"}',
]
--- error_code eval
[200, 200, 200, 422, 403, 403]
--- json eval
[ (map { "rubric.name eq \"标书\"\nresults.*.point eq [\"a\"]" } 1 .. 3) ]
--- problem eval
[ undef, undef, undef, 'pointer eq "/points"', ('status eq 403') x 2 ]



=== TEST 10: "limit_except" in the location limits access and nothing else
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm;
    review_rubric bid $TEST_NGINX_HTML_DIR/bid.json;
--- user_files
>>> bid.json
{"name":"标书","version":"1","points":[{"id":"a","rule":"x"}]}
--- config
    location = /post { review bid; limit_except POST { deny all; } }
    location = /get { review bid; limit_except GET { allow 127.0.0.1; deny all; } }
    location = /all { review bid; limit_except POST { allow 127.0.0.1; deny all; } }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- request eval
[
    "POST /post\n" . '{"chunk":"x"}',
    'DELETE /post',
    "POST /get\n" . '{"chunk":"x"}',
    'GET /all',
]
--- error_code eval
[200, 403, 200, 405]
--- json eval
[ 'rubric.name eq "标书"', undef, 'rubric.name eq "标书"', undef ]
--- problem eval
[ undef, 'status eq 403', undef, 'status eq 405' ]



=== TEST 11: the URI of the LLM: arguments, a regex, nothing, the review itself
--- config
    review_retry tries=1;
    location = /arguments {
        review_llm "/llm?do=verdict%3Drisk%20quote%3D%E4%BF%9D%E8%AF%81%E9%87%91&b=c";
        review;
    }
    location = /regex { review; review_llm /gateway/chat; }
    location = /nowhere { review; review_llm /not/here; }
    location = /itself { review; review_llm /itself; }
    $TEST_NGINX_LLM_LOCATION
    location ~ ^/gateway/(?<tail>\w+)$ {
        internal;
        proxy_set_header X-Tail $tail;
        rewrite ^ /v1/$tail/completions break;
        proxy_pass http://llm;
    }
--- json_request eval
[ map { "$_?do=500\n" . '{"chunk":"投标保证金","points":'
        . '[{"id":"a","question":"[[verdict=fail]]"},'
        . '{"id":"b","rule":"投标"}]}' }
      '/arguments', '/regex', '/nowhere', '/itself' ]
--- json eval
[
    "status eq \"complete\"\nresults.0.finding.verdict eq \"risk\"\n"
        . 'results.0.finding.evidence.0.start eq 2',
    "status eq \"complete\"\nresults.0.finding.verdict eq \"fail\"",
    "status eq \"partial\"\nresults.0.error.code eq \"http_404\"\n"
        . 'results.1.status eq "ok"',
    "status eq \"partial\"\n"
        . "results.0.error.code like /^(http_500|internal)\$/\n"
        . 'results.1.status eq "ok"',
]
--- llm_calls
count eq 2
0.path eq "/v1/chat/completions?do=verdict%3Drisk%20quote%3D%E4%BF%9D%E8%AF%81%E9%87%91&b=c"
1.header.x-tail eq "chat"
1.path eq "/v1/chat/completions"

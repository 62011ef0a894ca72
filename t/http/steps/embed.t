# review_embed speaks OpenAI's format: every form of input, the members that it
# knows and those that it hands on.  Each input is sent once, in batches, some
# side by side.  What a service refuses, or answers wrongly, is halved until
# the input at fault stands alone, whatever the form of its error; what may be
# better the next time is tried again; a service that refuses all is left
# alone soon.  What has failed is told of each input.  Bad requests are told
# with a pointer, mistakes in the configuration with file and line.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

$ENV{TEST_NGINX_HTML_DIR} ||= Test::Nginx::Util::html_dir();

our @forms = qw(openai vllm vllm_new tei tei_openai dashscope fastapi plain);

# locations /v1/NAME that use the stand-in with a script each

sub scripted {
    my ($options, %scripts) = @_;

    return join '', "$ENV{TEST_NGINX_EMBEDDINGS_LOCATION}", map {
        my $do = $scripts{$_};
        $do =~ s/([ =|])/sprintf '%%%02X', ord $1/ge;
        "location = /v1/$_ {
            review_embed;
            review_embeddings \"/embeddings?do=$do\" $options;
        }\n"
    } sort keys %scripts;
}

sub inputs {
    my ($uri, @inputs) = @_;
    return "/v1/$uri\n" . '{"input": ['
           . join(', ', map { "\"$_\"" } @inputs) . ']}';
}

# the same checks for each of so many replies

sub each_reply {
    my ($n, $checks) = @_;
    return [ ($checks) x $n ];
}


# --- logged: patterns of the lines of the log, which come soon

review_section('logged');

my $log = "$ENV{TEST_NGINX_HTML_DIR}/embed.log";
my $seen = 0;

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    my @want = @{ $block->logged || [] };
    return if !@want;

    my (@lines, $line);
    for (1 .. 200) {
        open my $fh, '<', $log;
        @lines = $fh ? <$fh> : ();
        last if @lines > $seen;
        select undef, undef, undef, 0.02;
    }

    $line = $lines[$seen] // 'nothing';
    my $want = $want[$seen++];
    Test::More::like($line, qr/$want/, $block->name . " - logged: $want");
});


# the configuration

my $all = 'review_embeddings /e model=bge-m3 batch=1 calls=1 encoding=auto;';

conf_good('everything everywhere', <<"");
$all
server {
    review_embeddings "/e?a=b" batch=2048 calls=1000 encoding=base64;
    location /a { review_embed; review_embeddings /x encoding=float; }
    location /b { review_rank; location /b/c { review_embed; } }
}

conf_good('a location without', "server { location / { review_rank; } }\n");

conf_bad('no service',
         'no "review_embeddings" is set for "review_embed"', <<'');
server {
    location / { review_embed; } # <-
}

conf_bad('twice', '"review_embeddings" directive is duplicate', <<'');
review_embeddings /e;
review_embeddings /e; # <-

conf_bad('both endpoints', qr/.*"review_rank".*/, <<'');
review_embeddings /e;
server { location / {
    review_embed;
    review_rank; # <-
} }

for (qw(e http://e), '""') {
    my $uri = $_ eq '""' ? '' : $_;
    conf_bad("no uri: $_", "invalid uri \"$uri\", it must be that of a "
             . 'location of this server and begin with "/"',
             "review_embeddings $_; # <-\n");
}

for (qw(model= batch= batch=0 batch=2049 batch=-1 batch=1k batch=x calls=
        calls=0 calls=1001 encoding= encoding=on encoding=floats
        encoding=base6 stream=on x batch =), "model=\xff")
{
    conf_bad("parameter $_", "invalid parameter \"$_\"",
             "server {\n    review_embeddings /e $_; # <-\n}\n");
}

conf_bad('no arguments', qr/invalid number of arguments in .*/,
         "review_embeddings; # <-\n");

for (qw(review_embed review_rank)) {
    conf_bad("$_ with an argument", qr/invalid number of arguments in .*/,
             "$all server { location / {\n$_ x; # <-\n} }\n");
    conf_bad("$_ in a server", "\"$_\" directive is not allowed here",
             "$all server {\n$_; # <-\n}\n");
}

run_tests();

__DATA__

=== TEST 1: all forms of input
--- config
    review_embeddings /embeddings;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ map { "/v1/embed\n$_" }
  '{"input": "投标"}', '{"input": ["投标", "招"]}', '{"input": [5, 0, 70000]}',
  '{"input": [[5, 0], [9223372036854775807]]}', '{"input": ["[[dim=3]]"]}' ]
--- json eval
[ 'object eq "list"
   data len 1
   data.0.object eq "embedding"
   data.0.index eq 0
   data.0.embedding len 64
   data.0.error missing
   model eq null
   status eq "complete"
   usage eq {"prompt_tokens":2,"total_tokens":2,"calls":1,"retries":0}
   elapsed_ms ge 0
   . len 6',
  'data.*.index eq [0,1]
   usage.prompt_tokens eq 3',
  'data len 1
   usage.prompt_tokens eq 3',
  'data.*.index eq [0,1]
   usage.prompt_tokens eq 3',
  'data.0.embedding len 3' ]
--- llm_calls
count eq 5
*.body.input eq [["投标"],["投标","招"],[[5,0,70000]],[[5,0],[9223372036854775807]],["[[dim=3]]"]]
*.body.encoding_format eq ["float","float","float","float","float"]
0.body len 2
0.header.content-type eq "application/json"
0.header.accept eq "application/json"



=== TEST 2: the model, and members that are handed on
--- config
    review_embeddings /embeddings;
    location = /v1/none { review_embed; }
    location = /v1/set { review_embed; review_embeddings /embeddings model=b; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ "/v1/none\n" . '{"input": "x", "model": "m\"\u4e2d", "user": "u"}',
  "/v1/set\n" . '{"input": "x"}',
  "/v1/set\n" . '{"model": "c", "input": "x", "dimensions": 5, "user": null,
                  "stream": true, "a": {"b": [1.5, null, "\\\\"]}}',
  "/v1/set\n" . '{"input": "x", "model": null, "encoding_format": null}' ]
--- json eval
[ 'model eq "m\"中"', 'model eq "b"',
  "model eq \"c\"\ndata.0.embedding len 5", 'model eq "b"' ]
--- llm_calls
0.body eq {"model":"m\"中","input":["x"],"encoding_format":"float","user":"u"}
1.body eq {"model":"b","input":["x"],"encoding_format":"float"}
2.body eq {"model":"c","input":["x"],"encoding_format":"float","dimensions":5,"stream":true,"a":{"b":[1.5,null,"\\"]}}
3.body eq {"model":"b","input":["x"],"encoding_format":"float"}



=== TEST 3: the same inputs are sent once, and all have their vectors
--- config
    review_embeddings /embeddings batch=3;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ "/v1/embed\n" . '{"input": ["a", "b", "a", "c", "\u0061", "b", "d", "A"]}',
  "/v1/embed\n" . '{"input": [[1, 2], [1], [1, 2], [12], [1]]}' ]
--- json eval
[ "data.*.index eq [0,1,2,3,4,5,6,7]\nusage.prompt_tokens eq 5\n"
  . "usage.calls eq 2",
  "data.*.index eq [0,1,2,3,4]\nusage.prompt_tokens eq 4\nusage.calls eq 1" ]
--- llm_calls
stats.embeddings.most eq 1
stats.embeddings.batches eq [3,2,3]
0.body.input eq ["a","b","c"]
1.body.input eq ["d","A"]
2.body.input eq [[1,2],[1],[12]]



=== TEST 4: batches have the size that is set, and so many run at a time
--- config
    review_embeddings "/embeddings?do=delay%3D50" batch=4 calls=3;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
main::inputs('embed', 1 .. 30)
--- json
data len 30
usage.calls eq 8
status eq "complete"
--- llm_calls
stats.embeddings.max_in_flight eq 3
stats.embeddings.batches eq [4,4,4,4,4,4,4,2]
-1.body.input eq ["29","30"]



=== TEST 5: the defaults: 32 inputs, four calls
--- config
    review_embeddings "/embeddings?do=delay%3D50";
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
main::inputs('embed', 1 .. 200)
--- json
data len 200
usage.calls eq 7
--- llm_calls
stats.embeddings.max_in_flight eq 4
stats.embeddings.batches eq [32,32,32,32,32,32,8]



=== TEST 6: too many inputs for the service, in all forms of its error
--- config eval
main::scripted('batch=8', map { $_ => "max_batch=2 form=$_" } @main::forms)
--- json_request eval
[ map { main::inputs($_, qw(a b c d e)) } @main::forms ]
--- json eval
main::each_reply(8, 'status eq "complete"
data.*.index eq [0,1,2,3,4]
data.0.embedding len 64
data.4.embedding len 64
usage.calls eq 5
usage.retries eq 2
usage.prompt_tokens eq 5')



=== TEST 7: too many inputs, with either status
--- config eval
main::scripted('batch=8', map {
    ("${_}400" => "max_batch=2 refuse=400 form=$_",
     "${_}422" => "max_batch=2 refuse=422 form=$_",
     "${_}413" => "max_batch=2 refuse=413 form=$_")
} @main::forms)
--- json_request eval
[ map { main::inputs($_, qw(a b c d)) }
  map { ("${_}400", "${_}422", "${_}413") } @main::forms ]
--- json eval
main::each_reply(24, "status eq \"complete\"\nusage.calls eq 3")



=== TEST 8: one that is too long fails alone, in all forms of the error
--- config eval
main::scripted('batch=8', map { $_ => "max_chars=5 form=$_" } @main::forms)
--- json_request eval
[ map { main::inputs($_, 'a', '二三四五六七', 'c', 'd') } @main::forms ]
--- json eval
main::each_reply(8, 'status eq "partial"
data.0.embedding len 64
data.1.embedding eq null
data.1.index eq 1
data.1.object eq "embedding"
data.1.error.code like /^http_4(00|13)$/
data.1.error.detail like /5|limit|上限|long/
data.*.error len 4
data.0.error missing
data.2.embedding len 64
data.3.embedding len 64
usage.calls eq 5
usage.prompt_tokens eq 3')



=== TEST 9: too much altogether, in all forms of the error
--- config eval
main::scripted('batch=8', map { $_ => "max_sum=6 form=$_" } @main::forms)
--- json_request eval
[ map { main::inputs($_, qw(aaa bbb ccc ddd)) } @main::forms ]
--- json eval
main::each_reply(8, "status eq \"complete\"\nusage.calls eq 3")



=== TEST 10: a service that takes one at a time
--- config eval
main::scripted('batch=64 calls=8', one => 'max_batch=1 form=vllm')
--- json_request eval
main::inputs('one', 1 .. 64)
--- json
status eq "complete"
usage.calls eq 127
usage.retries eq 63
--- llm_calls
stats.embeddings.answered eq 127



=== TEST 11: a poisoned input fails alone
--- config
    review_embeddings /embeddings batch=8;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ main::inputs('embed', qw(a b c d e POISON g h)),
  main::inputs('embed', 'POISON', 1 .. 30, 'a POISON b', 31 .. 40, 'POISON') ]
--- json eval
[ 'status eq "partial"
   data.*.index eq [0,1,2,3,4,5,6,7]
   data.5.embedding eq null
   data.5.error eq {"code":"http_400","detail":"an input is not allowed"}
   data.4.embedding len 64
   data.6.embedding len 64
   usage.calls eq 7
   usage.retries eq 3',
  'status eq "partial"
   data len 43
   data.0.error.code eq "http_400"
   data.31.error.code eq "http_400"
   data.42.error.code eq "http_400"
   data.1.embedding len 64
   data.30.embedding len 64
   data.32.embedding len 64
   data.41.embedding len 64' ]



=== TEST 12: services that refuse everything are left alone
--- config eval
main::scripted('batch=32', ok => 'ok', 'a401' => '401', 'a403' => '403',
               'a404' => '404', 'a409' => '409', 'a422' => '422')
--- json_request eval
[ main::inputs('ok', map { "POISON $_" } 1 .. 32),
  main::inputs('ok', map { "POISON $_" } 1 .. 320),
  (map { main::inputs($_, 1 .. 64) } qw(a401 a403 a404 a409)),
  main::inputs('a422', 1 .. 32) ]
--- error_code eval
[ (502) x 7 ]
--- json eval
[ "status eq \"failed\"\nusage.calls le 40\ndata len 32\n"
  . "data.31.error.code eq \"http_400\"",
  "usage.calls le 60\ndata.319.error.code eq \"http_400\"",
  (map { "usage.calls eq 2\ndata len 64\ndata.63.error.code eq \"http_$_\"\n"
         . "data.0.embedding eq null\nusage.retries eq 0" }
   401, 403, 404, 409),
  "usage.calls le 40\ndata.0.error.code eq \"http_422\"" ]



=== TEST 13: what may be better the next time is tried again
--- config eval
"review_retry tries=3 backoff=1ms max=1ms budget=1000%;
review_call_timeout 1s;
" . main::scripted('batch=4', ok => 'ok')
--- json_request eval
[ map { main::inputs('ok', 'a', "b [[$_]]") }
  '500|ok', '429|503|ok', '408|ok', 'cut|ok', 'cut_head|ok', 'reset|ok',
  'wrong_length|ok', 'hang|ok', 'hang_body|ok', 'cut reset|ok',
  'html 502|empty 504|ok', 'delay=60000|delay=100', 'cut chunked|ok' ]
--- json eval
[ map { my $n = $_; "status eq \"complete\"\ndata.1.embedding len 64\n"
        . "usage.calls eq $n\nusage.retries eq " . ($n - 1) }
  2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2 ]



=== TEST 14: what is not better after all tries fails for all of its batch
--- config eval
"review_retry tries=2 backoff=1ms max=1ms budget=1000%;
review_call_timeout 1s;
" . main::scripted('batch=2', ok => 'ok')
--- json_request eval
[ (map { main::inputs('ok', 'a', "b [[$_]]", 'c') }
   '500', '503', 'cut', 'cut_head', 'hang', 'hang_body', 'hang|500'),
  main::inputs('ok', 'a', 'POISON5XX', 'c', 'd') ]
--- json eval
[ (map { my ($code, $detail) = @$_;
         "status eq \"partial\"
          data.*.embedding.0 like /^\\[null,null,/
          data.0.embedding eq null
          data.0.error.code eq \"$code\"
          data.0.error.detail like /$detail/
          data.1.error.code eq \"$code\"
          data.2.error missing
          usage.calls eq 3
          usage.retries eq 1" }
   [ 'http_500', '^status 500$' ], [ 'http_503', '^status 503$' ],
   [ 'cut', '^the answer ended before its end$' ],
   [ 'cut', '^the connection ended' ],
   [ 'call_timeout', 'review_call_timeout' ],
   [ 'call_timeout', 'fell silent in mid-answer' ],
   [ 'http_500', '^status 500$' ]),
  "status eq \"partial\"
   data.0.error.detail eq \"the model has crashed\"
   data.1.error.code eq \"http_500\"
   data.3.embedding len 64
   usage.calls eq 3" ]



=== TEST 15: Retry-After is kept to
--- config eval
"review_retry tries=2 backoff=1ms max=1ms budget=1000%;
review_timeout 3s;
" . main::scripted('', ok => 'ok')
--- json_request eval
[ main::inputs('ok', 'a [[429 retry_after=1|ok]]'),
  main::inputs('ok', 'a [[503 retry_after=60|ok]]') ]
--- error_code eval
[ 200, 502 ]
--- json eval
[ "status eq \"complete\"\nelapsed_ms ge 990\nusage.retries eq 1",
  "data.0.error.code eq \"http_503\"\nusage.retries eq 0\n"
  . "data.0.error.detail like /no time is left to try again/" ]



=== TEST 16: all timed out: 504; some: 200
--- config eval
"review_retry tries=1;
review_call_timeout 1s;
" . main::scripted('batch=1', ok => 'ok')
. "location = /v1/short {
    review_embed;
    review_embeddings /embeddings batch=1 calls=2;
    review_timeout 1s;
    review_call_timeout 10s;
}"
--- json_request eval
[ main::inputs('ok', '[[hang]]', '[[key=b hang_body]]'),
  main::inputs('ok', '[[hang]]', '[[key=b 500]]'),
  main::inputs('ok', '[[hang]]', 'b'),
  main::inputs('short', '[[hang]]', '[[key=b hang_body]]', 'c', 'd'),
  main::inputs('short', 'a', '[[hang]]', '[[key=b hang]]', 'd'),
  main::inputs('short', 'a', '[[key=c 500]]', '[[hang]]'),
  main::inputs('short', '[[key=c 500]]', '[[hang]]') ]
--- error_code eval
[ 504, 502, 200, 504, 200, 200, 502 ]
--- json eval
[ 'status eq "failed"
   data.*.error len 2
   data.0.error.code eq "call_timeout"
   data.1.error.code eq "call_timeout"
   usage.calls eq 2',
  'data.0.error.code eq "call_timeout"
   data.1.error.code eq "http_500"',
  'status eq "partial"
   data.0.error.code eq "call_timeout"
   data.1.embedding len 64',
  'status eq "failed"
   data.0.error eq {"code":"deadline","detail":"review_timeout was over before an answer"}
   data.1.error.code eq "deadline"
   data.2.error.code eq "deadline"
   data.3.error.code eq "deadline"
   usage.calls eq 2
   elapsed_ms ge 990
   elapsed_ms lt 9000',
  'status eq "partial"
   data.0.embedding len 64
   data.1.error.code eq "deadline"
   data.2.error.code eq "deadline"
   data.3.error.code eq "deadline"',
  'status eq "partial"
   data.1.error.code eq "http_500"
   data.2.error.code eq "deadline"',
  'status eq "failed"' ]
--- llm_calls
stats.embeddings.in_flight eq 0



=== TEST 17: answers that are not what was asked for
--- config eval
main::scripted('batch=4', ok => 'ok')
--- json_request eval
[ map { main::inputs('ok', 'a', 'b', "c [[$_]]", 'd') }
  'bad_json', 'html', 'empty', 'error200', 'nan at=0', 'null at=0',
  'inf at=0', 'missing at=0', 'extra', 'gzip bad_json' ]
--- json eval
[ map { "status eq \"partial\"
         data.*.index eq [0,1,2,3]
         data.0.embedding len 64
         data.1.embedding len 64
         data.2.embedding eq null
         data.2.error.code eq \"bad_answer\"
         data.2.error.detail like /$_/
         data.3.embedding len 64
         usage.calls eq 5
         usage.retries eq 2" }
  '.', '.', '.', '.', '^/data/0/embedding/63: ', '^/data/0/embedding/63: ',
  '^/data/0/embedding/63: ', '^/data', '^/data', '.' ]



=== TEST 18: a fault that a smaller batch does not have
--- config eval
main::scripted('batch=4', same => 'same_index', mixed => 'wrong_dim at=1',
               bare => 'bare', reversed => 'reversed', none => 'no_index',
               usage => 'no_usage', gzip => 'gzip', chunked => 'chunked')
--- json_request eval
[ map { main::inputs($_, 'a' .. 'd') }
  qw(same mixed bare reversed none usage gzip chunked) ]
--- json eval
[ map { "status eq \"complete\"
         data.*.index eq [0,1,2,3]
         data.0.embedding len 64
         data.3.embedding len 64
         usage.calls eq $_->[0]
         usage.prompt_tokens eq $_->[1]" }
  [ 7, 4 ], [ 7, 4 ], [ 1, 0 ], [ 1, 4 ], [ 1, 4 ], [ 1, 0 ], [ 1, 4 ],
  [ 1, 4 ] ]



=== TEST 19: all answers are bad: soon it is left alone
--- config eval
main::scripted('batch=32', map { $_ => $_ } qw(nan missing bad_json error200))
--- json_request eval
[ map { main::inputs($_, 1 .. 320) } qw(nan missing bad_json error200) ]
--- error_code eval
[ (502) x 4 ]
--- json eval
main::each_reply(4, 'status eq "failed"
usage.calls le 120
data.0.error.code eq "bad_answer"
data.319.error.code eq "bad_answer"')



=== TEST 20: vectors of another size than those before
--- config eval
main::scripted('batch=2 calls=1', ok => 'ok')
--- json_request eval
main::inputs('ok', 'a', 'b', 'c', 'd [[dim=7]]')
--- json
status eq "partial"
data.0.embedding len 64
data.2.embedding len 64
data.3.error.code eq "bad_answer"
data.3.error.detail like /another number of dimensions/
usage.calls eq 4



=== TEST 21: base64 is asked for when it is wanted; a refusal is remembered
--- config eval
main::scripted('batch=2 calls=1', ok => 'ok', no => 'no_base64',
               no422 => 'no_base64 form=fastapi refuse=422',
               sends => 'base64', never => 'floats')
--- json_request eval
my $base64 = '{"input": ["a", "b", "c"], "encoding_format": "base64"}';
my $float = '{"input": ["a", "b", "c"], "encoding_format": "float"}';
[ (map { "/v1/$_\n$base64" } qw(ok no no no422 no422 never)),
  "/v1/sends\n$float", "/v1/never\n$float", "/v1/sends\n$base64" ]
--- json eval
[ (map { "status eq \"complete\"
          data.0.embedding like /^[A-Za-z0-9+\\/]{342}==\$/
          data.2.embedding like /^[A-Za-z0-9+\\/]{342}==\$/
          usage.calls eq $_" } 2, 3, 2, 3, 2, 2),
  "data.0.embedding len 64\ndata.0.embedding.0 lt 2",
  "data.0.embedding len 64\ndata.0.embedding.0 lt 2",
  "data.0.embedding like /^[A-Za-z0-9+\\/]{342}==\$/" ]
--- llm_calls
*.body.encoding_format eq ["base64","base64","base64","float","float","float","float","base64","float","float","float","float","base64","base64","float","float","float","float","base64","base64"]



=== TEST 22: the encoding may be set
--- config
    location = /v1/base64 {
        review_embed;
        review_embeddings /embeddings encoding=base64;
    }
    location = /v1/float {
        review_embed;
        review_embeddings /embeddings encoding=float;
    }
    location = /v1/only {
        review_embed;
        review_embeddings "/embeddings?do=no_base64" encoding=base64;
    }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ "/v1/base64\n" . '{"input": "a"}',
  "/v1/float\n" . '{"input": "a", "encoding_format": "base64"}',
  "/v1/only\n" . '{"input": "a"}' ]
--- error_code eval
[ 200, 200, 502 ]
--- json eval
[ 'data.0.embedding len 64', 'data.0.embedding len 344',
  'data.0.error.detail like /base64 is not supported/' ]
--- llm_calls
*.body.encoding_format eq ["base64","float","base64"]



=== TEST 23: bad requests, by pointer
--- config
    review_embeddings /embeddings;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ map { "/v1/embed\n$_" }
  '{}', '{"input": null}', '{"input": ""}', '{"input": []}', '{"input": 7}',
  '{"input": {"text": "a"}}', '{"input": ["a", ""]}', '{"input": ["a", 1]}',
  '{"input": ["a", ["b"]]}', '{"input": [[1], "a"]}', '{"input": [[1], []]}',
  '{"input": [[]]}', '{"input": [1, "a"]}', '{"input": [1, -1]}',
  '{"input": [1.5]}', '{"input": [[1, 2], [3, true]]}', '{"input": [null]}',
  '{"input": [true]}', '{"input": "a", "model": 1}',
  '{"input": "a", "model": ""}', '{"input": "a", "encoding_format": "hex"}',
  '{"input": "a", "encoding_format": 64}', '[]', '{"input": "a"',
  '{"input": "a", "input": "b"}', '{"input": "\ud800"}', '"a"',
  "{\"input\": \"\xff\"}", '', '{"input": [99999999999999999999]}' ]
--- error_code eval
[ (400) x 30 ]
--- problem eval
[ (map { "status eq 400\npointer eq \"$_\"" }
   ('/input') x 6, '/input/1', '/input/1', '/input/1', '/input/1', '/input/1',
   '/input/0', '/input/1', '/input/1', '/input/0', '/input/1/1', '/input/0',
   '/input/0', '/model', '/model', '/encoding_format', '/encoding_format'),
  ("status eq 400") x 8 ]
--- llm_calls
count eq 0



=== TEST 24: other methods and types
--- config
    review_embeddings /embeddings;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- request eval
[ 'GET /v1/embed', "PUT /v1/embed\n{}", "POST /v1/embed\n{\"input\":\"a\"}" ]
--- more_headers eval
[ '', 'Content-Type: application/json', 'Content-Type: text/plain' ]
--- error_code eval
[ 405, 405, 415 ]
--- problem eval
[ 'status eq 405', 'status eq 405', 'status eq 415' ]
--- llm_calls
count eq 0



=== TEST 25: the client's credentials are its own, traces are handed on
--- config
    location = /v1/embed { review_embed; review_embeddings /keyed; }
    location = /keyed {
        internal;
        proxy_pass http://llm/v1/embeddings;
        proxy_set_header Authorization "Bearer of-the-server";
    }
    location = /v1/plain { review_embed; review_embeddings /embeddings; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ main::inputs('plain', 'a'), main::inputs('embed', 'a') ]
--- more_headers
Authorization: Bearer sk-of-the-client
Cookie: a=b
Content-Type: application/json
X-Request-ID: 7
traceparent: 00-1-2-01
X-Other: x
Accept-Encoding: gzip
--- json eval
[ 'status eq "complete"', 'status eq "complete"' ]
--- llm_calls
0.header.authorization eq null
0.header.cookie eq null
0.header.x-other eq null
0.header.accept-encoding eq null
0.header.x-request-id eq "7"
0.header.traceparent eq "00-1-2-01"
1.header.authorization eq "Bearer of-the-server"



=== TEST 26: a cache in the location
--- http_config eval
"$ENV{TEST_NGINX_LLM_UPSTREAM}
proxy_cache_path $ENV{TEST_NGINX_HTML_DIR}/cache keys_zone=c:1m;
"
--- config
    review_embeddings /cached batch=2;
    location = /v1/embed { review_embed; }
    location = /cached {
        internal;
        proxy_pass http://llm/v1/embeddings;
        proxy_cache c;
        proxy_cache_methods POST;
        proxy_cache_key $review_call_key;
        proxy_cache_valid 200 1m;
    }
--- json_request eval
[ main::inputs('embed', qw(a b c)), main::inputs('embed', qw(a b d)),
  main::inputs('embed', qw(a b c)), main::inputs('embed', qw(b a)),
  "/v1/embed\n" . '{"input": ["a", "b"], "model": "m"}',
  "/v1/embed\n" . '{"input": ["a", "b"], "dimensions": 8}' ]
--- json eval
[ (map { "status eq \"complete\"\nusage.prompt_tokens eq $_\n"
         . 'data.0.embedding len 64' } 3, 3, 3, 2),
  'model eq "m"', 'data.0.embedding len 8' ]
--- llm_calls
count eq 6
*.body.input eq [["a","b"],["c"],["d"],["b","a"],["a","b"],["a","b"]]



=== TEST 27: keys that a service repeats are masked
--- config
    review_embeddings /says;
    location = /v1/embed { review_embed; }
    location = /says {
        internal;
        default_type application/json;
        return 401 '{"error":{"message":"Incorrect API key: sk-abcDEF123 or Bearer xyz789."}}';
    }
--- json_request
/v1/embed
{"input": ["a", "b"]}
--- error_code: 502
--- json
data.0.error.code eq "http_401"
data.0.error.detail like /Incorrect API key: sk-\*+ or Bearer \*+/
. unlike /abcDEF123|xyz789/
--- no_error_log
abcDEF123
xyz789



=== TEST 28: errors of the location itself
--- config
    location = /v1/gone { review_embed; review_embeddings /nowhere; }
    location = /v1/shut { review_embed; review_embeddings /shut; }
    location = /v1/down { review_embed; review_embeddings /down; }
    location = /v1/moved { review_embed; review_embeddings /moved; }
    location = /v1/empty { review_embed; review_embeddings /empty; }
    location = /v1/itself { review_embed; review_embeddings /v1/itself; }
    review_retry tries=2 backoff=1ms max=1ms;
    location = /shut { internal; return 403; }
    location = /down { internal; proxy_pass http://127.0.0.1:1; }
    location = /moved { internal; return 302 /elsewhere; }
    location = /empty { internal; return 204; }
--- json_request eval
[ map { main::inputs($_, 'a', 'b') } qw(gone shut down moved empty itself) ]
--- error_code eval
[ (502) x 6 ]
--- json eval
[ map { "status eq \"failed\"\ndata.0.error.code eq \"$_->[0]\"\n"
        . "data.1.error.code eq \"$_->[0]\"\n"
        . "data.0.error.detail like /$_->[1]/" }
  [ 'http_404', 'the location of the embedding service itself' ],
  [ 'http_403', 'the location of the embedding service itself' ],
  [ 'connect', 'no connection to the embedding service' ],
  [ 'http_302', '.' ], [ 'http_204', '.' ], [ 'internal', 'the location of the embedding service' ] ]
--- no_error_log
[alert]



=== TEST 29: what is told in the log
--- http_config eval
"$ENV{TEST_NGINX_LLM_UPSTREAM}
log_format embed 'L \$uri \$review_status \$review_calls \$review_failed '
    '\$review_retries \$review_llm_time \$review_queue_time '
    '\$review_prompt_tokens|\$review_completion_tokens|\$review_point|'
    '\$review_chunk_key|\$review_rubric|\$review_call_key|';
"
--- config
    access_log $TEST_NGINX_HTML_DIR/embed.log embed;
    review_retry tries=2 backoff=1ms max=1ms;
    review_embeddings /embeddings batch=2;
    location = /v1/embed { review_embed; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ main::inputs('embed', qw(a b c)),
  main::inputs('embed', 'a', 'b', 'POISON', 'd', '500 [[key=7 500]]'),
  "/v1/embed\n{\"input\": 7}", main::inputs('embed', 'x [[key=8 500]]'), ]
--- error_code eval
[ 200, 200, 400, 502 ]
--- logged eval
my $time = qr/\d+\.\d{3}/;
my $rest = qr/\|0\|-\|-\|-\|-\|$/;
[ qr{^L /v1/embed complete 2 0 0 $time $time 3$rest},
  qr{^L /v1/embed partial 6 2 2 $time $time 3$rest},
  qr{^L /v1/embed - - - - - - -\|-\|-\|-\|-\|-\|$},
  qr{^L /v1/embed failed 2 1 1 $time $time 0$rest} ]



=== TEST 30: a location that does not buffer
--- config
    review_retry tries=2 backoff=1ms max=1ms budget=1000%;
    review_call_timeout 1s;
    review_embeddings /unbuffered batch=2;
    location = /v1/embed { review_embed; }
    location = /unbuffered {
        internal;
        proxy_pass http://llm/v1/embeddings;
        proxy_buffering off;
    }
--- json_request eval
[ main::inputs('embed', 'a', 'b [[slow=5]]', 'c', 'd [[cut|ok]]', 'POISON',
               'f', 'g [[hang_body]]', 'h', 'i', 'j [[key=j hang_body|ok]]'),
  "/v1/embed\n" . '{"input": ["a", "b", "c"], "dimensions": 4096}' ]
--- json eval
[ 'status eq "partial"
   data.0.embedding len 64
   data.3.embedding len 64
   data.4.error.code eq "http_400"
   data.5.embedding len 64
   data.6.error.code eq "call_timeout"
   data.7.error.code eq "call_timeout"
   data.8.embedding len 64',
  'status eq "complete"
   data.2.embedding len 4096' ]



=== TEST 31: the limit of the LLM's calls is not that of embeddings
--- http_config eval
"$ENV{TEST_NGINX_LLM_UPSTREAM}
review_zone z 256k;
"
--- config
    review_llm /llm;
    review_limit zone=z calls=1 queue=0;
    review_embeddings "/embeddings?do=delay%3D50" batch=1 calls=5;
    location = /v1/embed { review_embed; }
    location = /v1/rank { review_rank; }
    $TEST_NGINX_LLM_LOCATION
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ main::inputs('embed', 1 .. 10),
  "/v1/rank\n" . '{"query": "a", "texts": ["b", "c", "d", "e"]}' ]
--- json eval
[ 'status eq "complete"', 'by eq "embedding"' ]
--- llm_calls
stats.max_in_flight eq 5



=== TEST 32: limit_req in the location
--- http_config eval
"$ENV{TEST_NGINX_LLM_UPSTREAM}
limit_req_zone \$server_name zone=req:1m rate=10r/s;
"
--- config
    review_timeout 3s;
    review_embeddings /limited batch=1 calls=5;
    location = /v1/embed { review_embed; }
    location = /limited {
        internal;
        limit_req zone=req burst=20;
        proxy_pass http://llm/v1/embeddings;
    }
--- json_request eval
[ main::inputs('embed', 1 .. 5), main::inputs('embed', 1 .. 5) ]
--- json eval
[ ('status eq "complete"') x 2 ]

# review_rank ranks texts, or the chunks of review_split, by their embeddings,
# by their words, or by both; it says which it was, and why where it could not
# be as asked: then the words do.  Results have indices and ids, the best come
# first, of equal ones that with the least index, no more than top_k for each
# of the queries.  Bad requests are told with a pointer to what is wrong.

use strict;
use warnings;

use lib 't/lib';
use Review;

# --- ranked: for each reply, by query, the indices in order

review_section('ranked');

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $n) = @_;
    my $want = $block->ranked or return;
    $want = ref $want ? $want->[$n] : $want;
    return if !defined $want;

    my $reply = JSON::PP->new->utf8->decode($body);
    my $got = join ' / ', map {
        join ' ', map { $_->{index} } @{ $_->{ranked} }
    } @{ $reply->{results} };

    Test::More::is($got, $want, $block->name . " - ranked");
});

# the same request with other members

sub ask {
    my ($members, $uri) = @_;
    return '/v1/' . ($uri // 'rank') . "\n{$members}";
}

our $law = '"texts": ["投标人应当提交投标保证金。", "开标由招标人主持。",
    "评标由评标委员会负责。", "中标通知书对招标人具有法律效力。"]';

# members of a request, where it is bad, and its status if that is not 400

our @bad = (
    [ '', '/query' ], [ '"texts": ["a"]', '/query' ],
    [ '"query": null, "texts": ["a"]', '/query' ],
    [ '"query": "a"', '/texts' ], [ '"query": "a", "texts": null', '/texts' ],
    [ '"query": "a", "queries": ["b"], "texts": ["a"]', '/queries', 422 ],
    [ '"query": "a", "texts": ["a"], "chunks": ["a"]', '/chunks', 422 ],
    [ '"query": 1, "texts": ["a"]', '/query' ],
    [ '"query": ["a"], "texts": ["a"]', '/query' ],
    [ '"query": "", "texts": ["a"]', '/query' ],
    [ '"query": " \u3000\n", "texts": ["a"]', '/query' ],
    [ '"queries": "a", "texts": ["a"]', '/queries' ],
    [ '"queries": [], "texts": ["a"]', '/queries' ],
    [ '"queries": ["a", 2], "texts": ["a"]', '/queries/1' ],
    [ '"queries": ["a", ""], "texts": ["a"]', '/queries/1' ],
    [ '"queries": [{"text": "a"}], "texts": ["a"]', '/queries/0' ],
    [ '"query": "a", "texts": "a"', '/texts' ],
    [ '"query": "a", "texts": []', '/texts' ],
    [ '"query": "a", "texts": {"text": "a"}', '/texts' ],
    [ '"query": "a", "texts": ["a", null]', '/texts/1' ],
    [ '"query": "a", "texts": ["a", " "]', '/texts/1' ],
    [ '"query": "a", "texts": [["a"]]', '/texts/0' ],
    [ '"query": "a", "chunks": []', '/chunks' ],
    [ '"query": "a", "chunks": [{}]', '/chunks/0/text' ],
    [ '"query": "a", "chunks": ["a", {"text": 1}]', '/chunks/1/text' ],
    [ '"query": "a", "chunks": [{"text": ""}]', '/chunks/0/text' ],
    [ '"query": "a", "chunks": [{"id": 1, "text": "a"}]', '/chunks/0/id' ],
    [ '"query": "a", "texts": ["a"], "model": "m"', '/model' ],
    [ '"query": "a", "texts": ["a"], "topk": 1', '/topk' ],
    [ '"query": "a", "chunks": ["a", {"text": "b", "leaf": 1}]',
      '/chunks/1/leaf' ],
    [ '"query": "a", "texts": ["a"], "top_k": 0', '/top_k' ],
    [ '"query": "a", "texts": ["a"], "top_k": -3', '/top_k' ],
    [ '"query": "a", "texts": ["a"], "top_k": 1.5', '/top_k' ],
    [ '"query": "a", "texts": ["a"], "top_k": "3"', '/top_k' ],
    [ '"query": "a", "texts": ["a"], "top_k": 99999999999', '/top_k' ],
    [ '"query": "a", "texts": ["a"], "by": "cosine"', '/by' ],
    [ '"query": "a", "texts": ["a"], "by": 1', '/by' ]);

run_tests();

__DATA__

=== TEST 1: by words, embeddings, and both
--- config
    review_embeddings /embeddings model=bge;
    location = /v1/rank { review_rank; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ map { main::ask("\"query\": \"谁主持开标\", $main::law$_") }
  '', ', "by": "embedding"', ', "by": "bm25"', ', "by": "hybrid"' ]
--- json eval
[ (q{by eq "embedding"
     results len 1
     results.0.query eq 0
     results.0 len 2
     results.0.ranked len 4
     results.0.ranked.0.index eq 1
     results.0.ranked.0.id missing
     results.0.ranked.0.score gt 0.2
     results.0.ranked.0.score le 1
     model eq "bge"
     error missing
     usage eq {"prompt_tokens":54,"calls":1}
     elapsed_ms ge 0
     . len 5}) x 2,
  q{by eq "bm25"
    results.0.ranked.0.index eq 1
    results.0.ranked.0.score gt 1
    results.0.ranked.1.score eq 0
    results.0.ranked.3.score eq 0
    model missing
    error missing
    usage eq {"prompt_tokens":0,"calls":0}},
  q{by eq "hybrid"
    results.0.ranked.0.index eq 1
    results.0.ranked.0.score eq 0.032787
    model eq "bge"
    usage.calls eq 1} ]
--- ranked eval
[ undef, undef, '1 0 2 3', undef ]
--- llm_calls
count eq 3
0.body.encoding_format eq "base64"
0.body.input len 5
0.body.model eq "bge"



=== TEST 2: chunks with ids, many queries, the same text more than once
--- config
    review_embeddings /embeddings;
    location = /v1/rank { review_rank; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
my $chunks = '"chunks": [{"id": "c1", "text": "apples and pears"},
    {"id": "c2", "text": "bridges, roads", "start": 17, "heading": ["a"]},
    {"text": "apples and pears"}, "bridges",
    {"id": "\"五\"", "text": "rivers"}]';
[ map { main::ask("\"queries\": [\"bridges\", \"apples\", \"rivers\",
                  \"bridges\"], $chunks, \"by\": \"$_\"") }
  'bm25', 'embedding', 'hybrid' ]
--- json eval
[ map { "by eq \"$_\"
         results.*.query eq [0,1,2,3]
         results.0.ranked len 5
         results.0.ranked.0.index eq 3
         results.0.ranked.0.id missing
         results.0.ranked.1.id eq \"c2\"
         results.1.ranked.0.index eq 0
         results.1.ranked.0.id eq \"c1\"
         results.1.ranked.1.index eq 2
         results.1.ranked.1.id missing
         results.2.ranked.0.id eq \"\\\"五\\\"\"
         results.3.ranked.0.index eq 3" } 'bm25', 'embedding', 'hybrid' ]
--- llm_calls
count eq 2
stats.embeddings.inputs eq 10
0.body.input eq ["bridges","apples","rivers","apples and pears","bridges, roads"]



=== TEST 3: top_k
--- config
    location = /v1/rank { review_rank; }
--- json_request eval
my $texts = '"texts": [' . CORE::join(', ', ('"a"') x 6, '"a b"', ('"c"') x 6)
            . '], "by": "bm25"';
[ map { main::ask("\"query\": \"a b\", $texts$_") }
  '', ', "top_k": null', ', "top_k": 1', ', "top_k": 3', ', "top_k": 13',
  ', "top_k": 1000000000' ]
--- ranked eval
my $all = '6 0 1 2 3 4 5 7 8 9 10 11 12';
[ '6 0 1 2 3 4 5 7 8 9', '6 0 1 2 3 4 5 7 8 9', '6', '6 0 1', $all, $all ]



=== TEST 4: none of the words: all are there, by index, with 0
--- config
    location = /v1/rank { review_rank; }
--- json_request
/v1/rank
{"queries": ["x", "！？"], "texts": ["b", "a", "。。。"], "by": "bm25"}
--- json
results.0.ranked eq [{"index":0,"score":0},{"index":1,"score":0},{"index":2,"score":0}]
results.1.ranked.*.index eq [0,1,2]
--- response_body_like: "score":0.000000



=== TEST 5: without review_embeddings the words do
--- config
    location = /v1/rank { review_rank; }
--- json_request eval
[ map { main::ask("\"query\": \"谁主持开标\", $main::law$_") }
  '', ', "by": "hybrid"', ', "by": "bm25"' ]
--- json eval
[ (q{by eq "bm25"
     error eq {"code":"no_embeddings","detail":"no \"review_embeddings\" is set"}
     model missing
     usage.calls eq 0}) x 2,
  q{by eq "bm25"
    error missing} ]
--- ranked eval
[ ('1 0 2 3') x 3 ]
--- no_error_log
[error]



=== TEST 6: a service that fails: the words do, and why is told
--- config
    review_retry tries=2 backoff=1ms max=1ms budget=1000%;
    review_call_timeout 1s;
    review_embeddings /embeddings batch=2 calls=2;
    location = /v1/rank { review_rank; }
    location = /v1/gone { review_rank; review_embeddings /nowhere; }
    location = /v1/down { review_rank; review_embeddings /down; }
    location = /down { internal; proxy_pass http://127.0.0.1:1; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
my $texts = '"texts": ["pears", "apples", "plums", "figs"]';
[ (map { main::ask("\"query\": \"apples [[$_]]\", $texts") }
   '500', '429 retry_after=999', '401', 'hang', 'hang_body', 'cut', 'bad_json', 'nan',
   'html', 'missing'),
  main::ask('"query": "apples", "by": "hybrid",
             "texts": ["POISON", "apples", "a", "b", "c"]'),
  main::ask("\"query\": \"apples\", $texts", 'gone'),
  main::ask("\"query\": \"apples\", $texts", 'down'),
  main::ask("\"query\": \"apples [[500|ok]]\", $texts") ]
--- json eval
[ (map { "by eq \"bm25\"
          results.0.ranked.0.index eq 1
          model missing
          error.code eq \"$_\"
          error.detail like /./
          error len 2" }
   'http_500', 'rate_limited', 'http_401', 'call_timeout', 'call_timeout',
   'cut', 'bad_answer', 'bad_answer', 'bad_answer', 'bad_answer', 'http_400',
   'http_404', 'connect'),
  "by eq \"embedding\"
   error missing
   usage.calls eq 4" ]



=== TEST 7: the time of the whole is over: the words do
--- config
    review_timeout 1500ms;
    review_embeddings /embeddings batch=1 calls=2;
    location = /v1/rank { review_rank; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request
/v1/rank
{"query": "apples", "texts": ["a", "b [[hang]]", "c [[key=c hang_body]]", "d", "apples"]}
--- json
by eq "bm25"
error eq {"code":"deadline","detail":"review_timeout was over before an answer"}
results.0.ranked.0.index eq 4
elapsed_ms ge 1490
elapsed_ms lt 30000
usage.calls ge 3
--- llm_calls
stats.in_flight eq 0
stats.client_closed eq 2



=== TEST 8: batches, halved ones, floats instead of base64
--- config
    location = /v1/halved {
        review_rank;
        review_embeddings "/embeddings?do=max_batch%3D2" batch=8;
    }
    location = /v1/floats {
        review_rank;
        review_embeddings "/embeddings?do=no_base64" batch=2;
    }
    location = /v1/bare {
        review_rank;
        review_embeddings "/embeddings?do=bare%20floats%20reversed" batch=8;
    }
    location = /v1/asked {
        review_rank;
        review_embeddings /embeddings encoding=float;
    }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ map { main::ask('"query": "apples",
                   "texts": ["pears", "apples", "plums", "figs"]', $_) }
  'halved', 'floats', 'floats', 'bare', 'asked' ]
--- json eval
[ (map { "by eq \"embedding\"\nerror missing\nusage.calls eq $_\n"
         . "results.0.ranked.0.index eq 1\nresults.0.ranked.0.score eq 1" }
   3, 4, 2),
  "by eq \"embedding\"",
  "results.0.ranked.0.index eq 1\nresults.0.ranked.0.score eq 1" ]
--- llm_calls
-1.body.encoding_format eq "float"



=== TEST 9: bad requests, by pointer
--- config
    review_embeddings /embeddings;
    location = /v1/rank { review_rank; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request eval
[ map { main::ask($_->[0]) } @main::bad ]
--- error_code eval
[ map { $_->[2] // 400 } @main::bad ]
--- problem eval
[ map { 'status eq ' . ($_->[2] // 400) . "\npointer eq \"$_->[1]\"\n"
        . 'detail like /./' } @main::bad ]
--- llm_calls
count eq 0



=== TEST 10: what is no JSON, and other methods and types
--- config
    location = /v1/rank { review_rank; }
--- request eval
[ 'GET /v1/rank', "POST /v1/rank\n[]", "POST /v1/rank\n{\"query\":",
  "POST /v1/rank\n{\"query\":\"\xff\",\"texts\":[\"a\"]}",
  "POST /v1/rank\na" ]
--- more_headers eval
[ ('Content-Type: application/json') x 4, 'Content-Type: text/plain' ]
--- error_code eval
[ 405, 400, 400, 400, 415 ]
--- problem eval
[ map { "status eq $_" } 405, 400, 400, 400, 415 ]



=== TEST 11: the client's credentials and the model are its own
--- config
    review_embeddings /embeddings model=bge;
    location = /v1/rank { review_rank; }
    $TEST_NGINX_EMBEDDINGS_LOCATION
--- json_request
/v1/rank
{"query": "a", "texts": ["b"], "x-model": "other"}
--- more_headers
Authorization: Bearer sk-of-the-client
traceparent: 00-1-2-01
--- json
model eq "bge"
--- llm_calls
0.header.authorization eq null
0.header.traceparent eq "00-1-2-01"
0.body eq {"model":"bge","input":["a","b"],"encoding_format":"base64"}

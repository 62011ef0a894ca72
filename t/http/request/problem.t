# nginx's own errors at a location of ours are problems, too: what access rules,
# authentication, limits and rewrites answer has the same form as what we say,
# and keeps its status and headers.  error_page wins where it is set, a text
# that the configuration gives stays, and other locations are left alone.

use strict;
use warnings;

use lib 't/lib';
use Review;

# not all builds of nginx have it

our $NoAuthRequest = `$ENV{TEST_NGINX_BINARY} -V 2>&1`
                     !~ /http_auth_request_module/;

our $Good = '{"chunk":"投标","points":[{"id":"a","question":"[[ok]]"}]}';

run_tests();

__DATA__

=== TEST 1: 403 of deny
--- config
    review_llm /llm;
    location = /v1/review { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review\n$::Good"
--- problem
. eq {"type":"about:blank","title":"Forbidden","status":403,"detail":"access is denied"}
--- error_code: 403
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 2: 403 to a GET: access comes before the method
--- config
    review_llm /llm;
    location = /v1/review { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- request
GET /v1/review
--- problem
status eq 403
title eq "Forbidden"
pointer missing
--- response_headers
! Allow

=== TEST 3: HEAD has the headers of the problem, and no body
--- config
    review_llm /llm;
    location = /v1/review { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- request
HEAD /v1/review
--- error_code: 403
--- response_headers_like
Content-Type: application/problem\+json
Content-Length: [1-9][0-9]+
--- response_body

=== TEST 4: a body that was not read does no harm to the next request
--- config
    review_llm /llm;
    location = /denied { review; deny all; }
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- pipelined_requests eval
[ "POST /denied\n" . $::Good, "POST /v1/review\n$::Good",
  "POST /denied\n{" . '"a":1,' x 5000 . '}', "POST /v1/review\n$::Good" ]
--- error_code eval
[ 403, 200, 403, 200 ]
--- problem eval
[ 'status eq 403', undef, 'status eq 403', undef ]
--- json eval
[ undef, 'status eq "complete"', undef, 'status eq "complete"' ]
--- llm_calls
count eq 2

=== TEST 5: 401 of auth_basic keeps WWW-Authenticate
--- config
    review_llm /llm;
    auth_basic "bids";
    auth_basic_user_file ../html/users;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- user_files
>>> users
li:{PLAIN}secret
--- request eval
[ ("POST /v1/review\n$::Good") x 3 ]
--- more_headers eval
[ '', 'Authorization: Basic ' . 'bGk6d3Jvbmc=',
  'Authorization: Basic ' . 'bGk6c2VjcmV0' ]
--- error_code eval
[ 401, 401, 200 ]
--- response_headers eval
[ ('WWW-Authenticate: Basic realm="bids"') x 2, '! WWW-Authenticate' ]
--- problem eval
[ (qq(status eq 401\ntitle eq "Unauthorized"\npointer missing)) x 2, undef ]
--- json eval
[ undef, undef, 'status eq "complete"' ]
--- llm_calls
count eq 1
0.header.authorization eq null

=== TEST 6: 401 and 403 of auth_request, with what was asked for there
--- skip_eval: 14: $::NoAuthRequest
--- config
    review_llm /llm;
    location = /one { review; auth_request /ask; }
    location = /two { review; auth_request /no; }
    location = /ask {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/who;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
    location = /who { auth_basic "who"; auth_basic_user_file ../html/users; }
    location = /no { internal; return 403; }
    $TEST_NGINX_LLM_LOCATION
--- user_files
>>> users
li:{PLAIN}secret
--- request eval
[ "POST /one\n$::Good", "POST /two\n$::Good" ]
--- error_code eval
[ 401, 403 ]
--- response_headers eval
[ 'WWW-Authenticate: Basic realm="who"', '! WWW-Authenticate' ]
--- problem eval
[ qq(status eq 401\ntitle eq "Unauthorized"),
  qq(status eq 403\ntitle eq "Forbidden") ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 7: a review behind auth_request that lets it pass
--- skip_eval: 6: $::NoAuthRequest
--- config
    review_llm /llm;
    location = /v1/review { review; auth_request /auth; }
    location = /auth { internal; return 204; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
$::Good
--- json
status eq "complete"
--- llm_calls
count eq 1
0.header.cookie eq null

=== TEST 8: 503 of limit_req
--- http_config eval
$ENV{TEST_NGINX_LLM_UPSTREAM} . 'limit_req_zone all zone=rate:64k rate=1r/m;'
--- config
    review_llm /llm;
    location = /v1/review { review; limit_req zone=rate; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ ("POST /v1/review\n$::Good") x 2 ]
--- error_code eval
[ 200, 503 ]
--- json eval
[ 'status eq "complete"', undef ]
--- problem eval
[ undef, qq(status eq 503\ntitle eq "Service Unavailable"\npointer missing) ]
--- llm_calls
count eq 1

=== TEST 9: 429 of limit_req, with a header of the configuration's own
--- http_config eval
$ENV{TEST_NGINX_LLM_UPSTREAM} . 'limit_req_zone all zone=rate:64k rate=1r/m;'
--- config
    review_llm /llm;
    location = /v1/review {
        review;
        limit_req zone=rate;
        limit_req_status 429;
        add_header Retry-After 60 always;
        add_header X-Sometimes yes;
    }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ ("POST /v1/review\n$::Good") x 2 ]
--- error_code eval
[ 200, 429 ]
--- response_headers eval
[ 'X-Sometimes: yes', "Retry-After: 60\n! X-Sometimes" ]
--- problem eval
[ undef, qq(status eq 429\ntitle eq "Too Many Requests"\ndetail like /./) ]
--- llm_calls
count eq 1

=== TEST 10: 503 of limit_conn
--- http_config eval
$ENV{TEST_NGINX_LLM_UPSTREAM} . 'limit_conn_zone all zone=conn:64k;'
--- config
    review_llm /llm;
    location = /v1/review { review; limit_conn conn 1; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review
$::Good"
--- json
status eq "complete"
--- llm_calls
count eq 1

=== TEST 11: 413 of client_max_body_size
--- config
    review_llm /llm;
    location = /v1/review { review; client_max_body_size 10; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review\n$::Good"
--- problem
. eq {"type":"about:blank","title":"Content Too Large","status":413,"detail":"the body is larger than client_max_body_size"}
--- error_code: 413

=== TEST 12: a status of return, without a text
--- config
    review_llm /llm;
    location = /a { review; return 404; }
    location = /b { review; return 410; }
    location = /c { review; return 451; }
    location = /d { review; return 418; }
    location = /e { review; return 503; }
    location = /f { review; return 507; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ map { "POST /$_\n$::Good" } 'a' .. 'f' ]
--- error_code eval
[ 404, 410, 451, 418, 503, 507 ]
--- problem eval
[ qq(status eq 404\ntitle eq "Not Found"), map { qq(status eq $_\n)
  . qq(type eq "about:blank"\ntitle like /^\\w/\ndetail like /^\\w/) }
  410, 451, 418, 503, 507 ]

=== TEST 13: no error, no problem: redirects and 204
--- config
    review_llm /llm;
    location = /a { review; return 302 /b; }
    location = /b { review; return 204; }
    location = /c { review; return 307 /d; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /a\n$::Good", "POST /b\n$::Good", "POST /c\n$::Good" ]
--- error_code eval
[ 302, 204, 307 ]
--- response_headers_like eval
[ "Location: .*/b\nContent-Type: text/html", '', 'Location: .*/d' ]
--- llm_calls
count eq 0

=== TEST 14: a text that return gives is not replaced
--- config
    review_llm /llm;
    location = /v1/review {
        review;
        default_type application/json;
        return 503 '{"maintenance":"until 8 o\'clock"}';
    }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review\n$::Good"
--- error_code: 503
--- response_body_like: ^\{"maintenance":"until 8 o'clock"\}$
--- response_headers
Content-Type: application/json

=== TEST 15: error_page with a file wins
--- config
    review_llm /llm;
    location = /v1/review { review; deny all; error_page 403 /no.html; }
    $TEST_NGINX_LLM_LOCATION
--- user_files
>>> no.html
not for you
--- request eval
"POST /v1/review\n$::Good"
--- error_code: 403
--- response_headers
Content-Type: text/html
--- response_body
not for you

=== TEST 16: error_page with a named location wins, for our server as well
--- config
    review_llm /llm;
    error_page 403 413 = @sorry;
    location = /v1/review { review; deny all; }
    location = /large { review; client_max_body_size 1; }
    location @sorry { default_type text/plain; return 200 "sorry, $status\n"; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n$::Good", "POST /large\n$::Good" ]
--- error_code eval
[ 200, 200 ]
--- response_body_like eval
[ ('^sorry') x 2 ]
--- response_headers eval
[ ('Content-Type: text/plain') x 2 ]

=== TEST 17: error_page with a redirect wins
--- config
    review_llm /llm;
    location = /v1/review {
        review;
        deny all;
        error_page 403 http://example.com/login;
    }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review\n$::Good"
--- error_code: 302
--- response_headers
Location: http://example.com/login

=== TEST 18: error_page that changes the status only
--- config
    review_llm /llm;
    location = /v1/review { review; deny all; error_page 403 =404 /nothing; }
    location = /nothing { internal; return 404; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
"POST /v1/review\n$::Good"
--- error_code: 404
--- response_headers
Content-Type: text/html
--- response_body_like: <h1>404 Not Found</h1>

=== TEST 19: error_page does not touch problems of ours
--- config
    review_llm /llm;
    error_page 400 405 415 422 502 504 @sorry;
    location = /v1/review { review; }
    location @sorry { return 200 "sorry\n"; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n{}", 'GET /v1/review',
  "POST /v1/review\n" . '{"chunk":"a","points":["x"]}' ]
--- error_code eval
[ 400, 405, 422 ]
--- problem eval
[ qq(status eq 400\npointer eq "/chunk"), 'status eq 405',
  qq(status eq 422\npointer eq "/points/0") ]

=== TEST 20: error_page does not touch replies of failed reviews
--- config
    review_llm /llm;
    review_retry tries=1;
    error_page 502 504 @sorry;
    location = /v1/review { review; }
    location @sorry { return 200 "sorry\n"; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"a","points":[{"id":"a","question":"[[500]]"}]}
--- error_code: 502
--- json
status eq "failed"
results.0.error.code eq "http_500"

=== TEST 21: a review may be what error_page falls back on
--- config
    review_llm /llm;
    location = /v1/review {
        client_body_buffer_size 1k;
        proxy_pass http://127.0.0.1:1;
        error_page 502 = @here;
    }
    location @here { review; client_body_buffer_size 1k; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ $::Good, '{"chunk":"' . '标' x 5000 . '"' . substr($::Good, 17),
  '{"chunk":1}' ]
--- error_code eval
[ 200, 200, 400 ]
--- json eval
[ ('status eq "complete"') x 2, undef ]
--- problem eval
[ undef, undef, qq(status eq 400\npointer eq "/chunk") ]
--- llm_calls
count eq 2

=== TEST 22: other locations keep nginx's pages
--- config
    review_llm /llm;
    location = /v1/review { review; }
    location = /denied { deny all; }
    location = /gone { return 410; }
    location = /text { default_type text/plain; return 403 "no\n"; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ 'GET /denied', 'GET /gone', 'GET /nothing', 'GET /llm', 'GET /text',
  'GET /v1/review/' ]
--- error_code eval
[ 403, 410, 404, 404, 403, 404 ]
--- response_headers eval
[ ('Content-Type: text/html') x 4, 'Content-Type: text/plain',
  'Content-Type: text/html' ]
--- response_body_like eval
[ '<h1>403 Forbidden</h1>', '<h1>410 Gone</h1>', '<h1>404 Not Found</h1>',
  '<h1>404 Not Found</h1>', '^no$', '<h1>404 Not Found</h1>' ]

=== TEST 23: other locations on the same connection, before and after
--- config
    review_llm /llm;
    location = /v1/review { review; deny 192.0.2.1; }
    location = /denied { deny all; }
    location = /closed { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- pipelined_requests eval
[ 'GET /denied', "POST /closed\n$::Good", 'GET /denied',
  "POST /v1/review\n$::Good", 'GET /denied' ]
--- error_code eval
[ 403, 403, 403, 200, 403 ]
--- response_headers eval
[ 'Content-Type: text/html', 'Content-Type: application/problem+json',
  'Content-Type: text/html', 'Content-Type: application/json',
  'Content-Type: text/html' ]
--- problem eval
[ undef, 'status eq 403', undef, undef, undef ]
--- json eval
[ undef, undef, undef, 'status eq "complete"', undef ]

=== TEST 24: locations inside of others are their own
--- config
    review_llm /llm;
    location /v1/ {
        deny all;
        location = /v1/review { review; }
        location = /v1/other { }
    }
    location /v2 {
        review;
        location /v2/other { deny all; }
    }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n$::Good", 'GET /v1/other', 'GET /v2/other',
  "POST /v2\n$::Good" ]
--- error_code eval
[ 403, 403, 403, 200 ]
--- response_headers eval
[ 'Content-Type: application/problem+json', 'Content-Type: text/html',
  'Content-Type: text/html', 'Content-Type: application/json' ]

=== TEST 25: "if" in the location does not change what errors look like
--- config
    review_llm /llm;
    location = /v1/review {
        review;
        if ($http_x_who = "stranger") { return 403; }
        if ($http_x_who = "guest") { set $who guest; }
    }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ ("POST /v1/review\n$::Good") x 2, ("POST /v1/review\n{}") x 2 ]
--- more_headers eval
[ 'X-Who: stranger', 'X-Who: guest', 'X-Who: guest', 'X-Who: host' ]
--- error_code eval
[ 403, 200, 400, 400 ]
--- problem eval
[ 'status eq 403', undef, 'status eq 400', 'status eq 400' ]
--- json eval
[ undef, 'status eq "complete"', undef, undef ]
--- llm_calls
count eq 1

=== TEST 26: "if" in the location does not take its rubric away
--- http_config eval
$ENV{TEST_NGINX_LLM_UPSTREAM} . 'review_rubric bid ../html/bid.json;'
--- config
    review_llm /llm;
    location = /v1/review {
        review bid;
        if ($http_x_who = "guest") { set $who guest; }
    }
    $TEST_NGINX_LLM_LOCATION
--- user_files
>>> bid.json
{"name": "bid", "points": [{"id": "a", "question": "[[ok]]"}]}
--- request eval
[ ("POST /v1/review\n" . '{"chunk":"a"}') x 2 ]
--- more_headers eval
[ 'X-Who: host', 'X-Who: guest' ]
--- error_code eval
[ 200, 200 ]
--- json eval
[ (qq(status eq "complete"\nrubric.name eq "bid")) x 2 ]
--- llm_calls
count eq 2

=== TEST 27: limit_except
--- config
    review_llm /llm;
    location = /v1/review { review; limit_except POST { deny all; } }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n$::Good", 'GET /v1/review', "PUT /v1/review\n$::Good" ]
--- error_code eval
[ 200, 403, 403 ]
--- json eval
[ 'status eq "complete"', undef, undef ]
--- problem eval
[ undef, 'status eq 403', 'status eq 403' ]
--- llm_calls
count eq 1

=== TEST 28: limit_except for all but some other method
--- config
    review_llm /llm;
    location = /v1/review { review; limit_except OPTIONS { allow all; } }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n$::Good", 'OPTIONS /v1/review', 'GET /v1/review' ]
--- error_code eval
[ 200, 405, 405 ]
--- json eval
[ 'status eq "complete"', undef, undef ]
--- problem eval
[ undef, 'status eq 405', 'status eq 405' ]
--- llm_calls
count eq 1

=== TEST 29: a subrequest cannot be a review, and its error stays inside
--- config
    review_llm /llm;
    location = /v1/review { review; }
    location = /mirrored { mirror /v1/review; root html; }
    $TEST_NGINX_LLM_LOCATION
--- user_files
>>> mirrored
here
--- request eval
[ 'GET /mirrored' ]
--- error_code eval
[ 200 ]
--- response_body eval
"here\n"
--- error_log
cannot serve a subrequest
--- llm_calls
count eq 0

=== TEST 30: gzip and charset leave problems whole
--- config
    review_llm /llm;
    gzip on;
    gzip_types *;
    gzip_min_length 1;
    charset utf-8;
    charset_types *;
    location = /v1/review { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n$::Good", "POST /v1/review\n$::Good" ]
--- error_code eval
[ 403, 403 ]
--- problem eval
[ (qq(status eq 403\ntitle eq "Forbidden")) x 2 ]

=== TEST 31: Range and conditions of the client do not touch problems
--- config
    review_llm /llm;
    location = /v1/review { review; }
    location = /denied { review; deny all; }
    $TEST_NGINX_LLM_LOCATION
--- request eval
[ "POST /v1/review\n{}", "POST /denied\n{}" ]
--- more_headers
Range: bytes=0-3
If-None-Match: *
If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT
--- error_code eval
[ 400, 403 ]
--- problem eval
[ qq(status eq 400\npointer eq "/chunk"), 'status eq 403' ]

=== TEST 32: requests that nginx itself finds wrong keep its pages
--- config
    review_llm /llm;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- raw_request eval
"POST /v1/review HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
--- error_code: 400
--- response_headers
Content-Type: text/html

=== TEST 33: what an LLM location answers for itself is a result, no problem
--- config
    review_llm /llm;
    review_retry tries=1;
    location = /v1/review { review; }
    location = /llm { internal; return 403; }
--- json_request eval
[ $::Good, '{"chunk":"a","points":[{"id":"r","rule":"a"},'
           . '{"id":"b","question":"q"}]}' ]
--- error_code eval
[ 502, 200 ]
--- json eval
[ qq(status eq "failed"\nresults.0.error.code eq "http_403"),
  qq(status eq "partial"\nresults.1.error.code eq "http_403") ]

# Parameters of calls: those of an LLM and of all, inherited like headers; those
# of rubrics and points over them; what a client may set; which LLM a rubric or
# a point asks, each with its own; and what is told where there is none of that
# name.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

review_http('review_llm /llm model=stand-in;');

my $none = 'no "review_llm" has the name';


# the directive

conf_good('all levels', <<'');
review_llm_param temperature off;
review_llm /a name=a;
review_llm /b;
review_llm_param llm=a chat_template_kwargs '{"enable_thinking": false}';
review_llm_param llm=a temperature 1;
server {
    review_llm_param stop '"off"';
    location = / {
        review_llm_param llm=a seed 1;
        review;
    }
    location = /c { review_llm /c; review; }
}

sub bad {
    my ($name, $message, $args) = @_;
    conf_bad($name, $message, "review_llm_param $args; # <-\n");
}

sub wrong {
    my ($param, $message, $value) = @_;
    bad("a parameter: $param", "parameter \"$param\" of \"review_llm_param\": "
        . $message, "\"$param\" " . ($value // 'x'));
}

bad('a value is missing', '"review_llm_param" directive needs a name and a '
    . 'value', 'llm=a temperature');
bad('no LLM', 'invalid parameter "llm="', 'llm= temperature 1');
bad('three words', 'invalid parameter "a"', 'a b c');
wrong('messages', '"messages" is no parameter: it is made of the point');
wrong('model', '"model" is no parameter: use "model" of "review_llm" or of '
      . 'the rubric', 'off');
wrong('stream', '"stream" is no parameter: use "stream" of "review_llm"');
wrong('a' x 65, 'the name of a parameter must have 1 to 64 bytes of UTF-8');
wrong('', 'the name of a parameter must have 1 to 64 bytes of UTF-8');
wrong('a', 'line 1, column 6: ":" was expected after the member\'s name, got }',
      q('{"b" }'));

my $set = 'parameter "a" of "review_llm_param" was set in DIR/nginx.conf:';

conf_bad('the same twice', "${set}4 already", <<'');
server {
    review_llm_param a 1;
    review_llm_param llm=b a 1;
    review_llm_param a off; # <-
}

conf_bad('the same twice of one LLM', "${set}3 already", <<'');
review_llm_param llm=b a 1;
review_llm_param llm=b a 2; # <-

conf_bad('an LLM that is not there', "$none \"c\" of \"review_llm_param\"",
         <<'');
review_llm /a name=a;
review_llm_param llm=c temperature 1; # <-
server { }

conf_bad('the same, further down', "$none \"c\" of \"review_llm_param\"", <<'');
review_llm /a name=a;
server {
    location / { review_llm_param llm=c temperature 1; } # <-
}


# rubrics that name LLMs

my $conf = "review_llm /a name=a;\nreview_rubric bid r.json;\n"
           . "server { location = / { review bid; } } # <-\n";
my $asks = 'which the rubric asks that is set';

conf_bad('a rubric with an LLM that is not there', "$none \"b\", $asks", $conf,
         'r.json' => '{"name":"n","llm":"b",'
                     . '"points":[{"id":"a","question":"q"}]}');
conf_bad('a point with one', "$none \"c\", $asks", $conf,
         'r.json' => '{"name":"n","llm":"a",'
                     . '"points":[{"id":"a","question":"q","llm":"c"}]}');
conf_good('those that are there', $conf,
          'r.json' => '{"name":"n","llm":"a",'
                      . '"points":[{"id":"a","question":"q","llm":"a"}]}');

my $rubric = "review_llm /a;\nreview_rubric bid r.json; # <-\n";

for my $at ('/params', '/points/0/params') {
    my ($whole, $point) = $at =~ /points/ ? ('', ',"params":P')
                                          : (',"params":P', '');
    my $json = qq({"name":"n"$whole,"points":[{"id":"a","question":"q"$point}]});

    conf_bad("$at: what is ours", "rubric \"DIR/r.json\": $at/messages: "
             . '"messages" is no parameter: it is made of the point', $rubric,
             'r.json' => $json =~ s/P/{"messages":1}/r);
    conf_bad("$at: no object", "rubric \"DIR/r.json\": $at: must be an object, "
             . 'got an array', $rubric, 'r.json' => $json =~ s/P/[]/r);
}

run_tests();

__DATA__

=== TEST 1: of one LLM, of all, and none of ours; inherited as a whole
--- config
    review_llm_param temperature off;
    review_llm_param stream_options off;
    review_llm_param chat_template_kwargs '{"enable_thinking": false}';
    review_llm_param llm=b temperature 1;
    review_llm_param reasoning_effort low;

    review_llm /llm name=a model=a;
    review_llm /llm name=b model=b;

    location = /v1/review { review; }
    location = /v1/own {
        review_llm_param top_k 20;
        review;
    }
    location = /v1/other { review_llm /llm model=c; review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ (map { $_ . '{"chunk":"abc","points":[{"id":"a","question":"q"}]}' }
       '', "/v1/own\n", "/v1/other\n"),
  '{"chunk":"abc","points":[{"id":"a","question":"q","llm":"b"}]}' ]
--- json eval
[ ('status eq "complete"') x 4 ]
--- llm_calls
*.body.model eq ["a","a","c","b"]
*.body.temperature eq [null,0,null,1]
*.body.stream_options eq [null,{"include_usage":true},null,null]
*.body.chat_template_kwargs eq [{"enable_thinking":false},null,{"enable_thinking":false},{"enable_thinking":false}]
*.body.reasoning_effort eq ["low",null,"low","low"]
*.body.top_k eq [null,20,null,null]
0.body len 5



=== TEST 2: point over rubric over LLM
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_rubric r ../html/r.json;
--- user_files
>>> r.json
{"name":"r","llm":"b","model":"m","params":{"seed":2,"options":{"num_ctx":8192},"x":"rubric"},
 "points":[{"id":"a","question":"q"},
           {"id":"b","question":"q","params":{"seed":3,"x":null}},
           {"id":"c","question":"q","llm":"a","params":{"top_p":0.5}}]}
--- config
    review_llm /llm model=first name=a;
    review_llm /llm model=second name=b;
    review_llm_param seed 1;
    review_llm_param x all;
    review_llm_param y all;
    location = /v1/review { review r; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc"}
--- json
status eq "complete"
--- llm_calls
count eq 3
*.body.model eq ["m","m","first"]
*.body.seed eq [2,3,1]
*.body.x eq ["rubric",null,"all"]
*.body.y eq ["all","all","all"]
*.body.options eq [{"num_ctx":8192},{"num_ctx":8192},null]
*.body.top_p eq [null,null,0.5]



=== TEST 3: what a client may set of its points
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","question":"q","params":{"temperature":null,"top_p":0.9,"seed":7,"max_tokens":50,"chat_template_kwargs":{"enable_thinking":false}}}]}
--- json
status eq "complete"
--- llm_calls
0.body.temperature missing
0.body.top_p eq 0.9
0.body.seed eq 7
0.body.max_tokens eq 50
0.body.chat_template_kwargs eq {"enable_thinking":false}



=== TEST 4: and what it may not
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { '{"chunk":"abc","points":[{"id":"a","question":"q","params":' . $_
        . '}]}' } '{"messages":[]}', '{"tools":[]}', '{"top_p":7}', '[]',
  '{"chat_template_kwargs":{"chat_template":"x"}}' ]
--- error_code eval
[ (400) x 5 ]
--- problem eval
[ map { "pointer eq \"/points/0/params$_\"" }
  '/messages', '/tools', '/top_p', '',
  '/chat_template_kwargs/chat_template' ]
--- llm_calls
count eq 0



=== TEST 5: LLMs that are not there
--- http_config
    $TEST_NGINX_LLM_UPSTREAM
    review_llm /llm model=stand-in;
    review_rubric r ../html/r.json;
    review_rubric p ../html/p.json;
--- user_files
>>> r.json
{"name":"r","llm":"nowhere","points":[{"id":"a","question":"q"}]}
>>> p.json
{"name":"p","points":[{"id":"a","question":"q"},{"id":"b","question":"q","llm":"nowhere"}]}
--- config
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ '{"chunk":"abc","points":[{"id":"a","question":"q"},{"id":"b","question":"q","llm":"x"}]}',
  '{"chunk":"abc","rubric":"r"}', '{"chunk":"abc","rubric":"p","points":["b"]}' ]
--- error_code eval
[ (422) x 3 ]
--- problem eval
[ "pointer eq \"/points/1/llm\"\ndetail has \"x\"",
  ("pointer eq \"/rubric\"\ndetail has \"nowhere\"") x 2 ]
--- llm_calls
count eq 0



=== TEST 6: a bound of the configuration is doubled after a cut, too
--- config
    location = /v1/review { review; review_llm_param max_tokens 40; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","question":"[[length_until=80]]"}]}
--- json
status eq "complete"
--- llm_calls
*.body.max_tokens eq [40,80]

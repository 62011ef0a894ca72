# Several LLMs of a level: their names, one at most without, and whom each has
# instead of it; what a level inherits is all of them or none; and each mistake
# is an error of "nginx -t" that says in which file and line it is.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

my $none = 'no "review_llm" of the same level has the name';


# names

conf_good('names, at all levels', <<'');
review_llm /a name=a;
review_llm /b;
review_llm /c name=模型-1.5 model=m stream=off schema=on;
server {
    review_llm /a name=a;
    location = /1 { review_llm /a name=a; review_llm /a name=b; review; }
    location = /2 { review; }
    location = /3 { review; if ($arg_x) { return 204; } }
}

conf_bad('a name twice', 'the name "a" of "review_llm" was given in '
         . 'DIR/nginx.conf:4 already', <<'');
server {
    review_llm /a name=a;
    review_llm /b;
    review_llm /c name=a; # <-
}

conf_bad('two without a name', '"review_llm" directive is duplicate: without '
         . 'a "name" there may be one of a level', <<'');
review_llm /a;
review_llm /b name=b;
review_llm /c; # <-

conf_bad("a name: $_", "invalid parameter \"name=$_\"", <<"")
review_llm /a name=$_; # <-

    for '', "\xff", 'a' x 65, "a\x7f";

conf_good('the longest', 'review_llm /a name=' . 'a' x 64 . ";\n");


# fallbacks

conf_good('fallbacks, in any order', <<'');
review_llm /a fallback=b;
review_llm /b name=b fallback=c;
review_llm /c name=c;
review_llm /d name=d fallback=c;
server { location = / { review; } }

conf_bad('a fallback that is not there', "$none \"x\" of \"fallback\"", <<'');
server {
    review_llm /a name=a;
    review_llm /b fallback=x; # <-
}

conf_bad('the same, of "http"', "$none \"x\" of \"fallback\"", <<'');
review_llm /b fallback=x; # <-
server { }

conf_bad('a fallback of another level', "$none \"a\" of \"fallback\"", <<'');
review_llm /a name=a;
server {
    location / { review_llm /b fallback=a; } # <-
}

my $circle = '"fallback" leads in a circle from "review_llm"';

conf_bad('its own fallback', $circle, <<'');
review_llm /a name=a fallback=a; # <-
server { }

conf_bad('a circle', $circle, <<'');
server {
    review_llm /a name=a fallback=b; # <-
    review_llm /b name=b fallback=c;
    review_llm /c name=c fallback=a;
}

conf_bad('a circle further on', $circle, <<'');
server {
    review_llm /0;
    review_llm /d fallback=a name=d; # <-
    review_llm /a name=a fallback=b;
    review_llm /b name=b fallback=a;
}



# how it is asked

conf_good('how it is asked', <<'', 'key' => "k\n");
review_llm /a schema=object tokens=max_tokens system=off key_file=key;
server {
    review_llm /a schema=off tokens=max_completion_tokens system=on;
    review_llm /b schema=on key_file=DIR/key name=b;
}

conf_bad("how it is asked: $_", "invalid parameter \"$_\"", <<"")
review_llm /a $_; # <-

    for 'schema=json', 'schema=', 'schema=objects', 'tokens=max', 'tokens=',
        'tokens=max_new_tokens', 'tokens=off', 'system=', 'system=user',
        'key_file=', 'key_file', 'key=x';

for my $directive ('review_llm', 'review_embeddings') {
    my $conf = "$directive /a key_file=key; # <-\n";
    my $word = 'key "DIR/key" must be one word of printable ASCII';
    my $file = 'key "DIR/key" is not a file of at most 8192 bytes';

    conf_bad("$directive: no file of a key",
             'open() "DIR/key" failed (2: No such file or directory)', $conf,
             'key' => undef);
    conf_bad("$directive: a folder", $file, $conf,
             'key' => sub { mkdir $_[0] });
    conf_bad("$directive: a long key", $file, $conf, 'key' => 'a' x 8193);
    conf_good("$directive: the longest", $conf, 'key' => 'a' x 8191 . "\n");
    conf_bad("$directive: a wrong key $_", $word, $conf,
             'key' => eval "qq\0$_\0")
        for '', ' \n\t\r\n', 'a b', 'a\nb', 'a\x01', 'a\x7f', '\xef\xbb\xbfk';
}

run_tests();

__DATA__

=== TEST 1: the first is asked, where all have names
--- config
    review_llm /llm name=b model=first;
    review_llm /none name=a;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","question":"q"}]}
--- json
status eq "complete"
--- llm_calls
*.body.model eq ["first"]



=== TEST 2: the one without a name, wherever it stands; a level's own are all
--- config
    review_llm /none name=a;
    review_llm /llm model=unnamed;
    location = /v1/review { review; }
    location = /v1/own {
        review_llm /llm name=b model=own;
        review;
    }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ '{"chunk":"abc","points":[{"id":"a","question":"q"}]}',
  "/v1/own\n" . '{"chunk":"abc","points":[{"id":"a","question":"q"}]}' ]
--- json eval
[ ('status eq "complete"') x 2 ]
--- llm_calls
*.body.model eq ["unnamed","own"]

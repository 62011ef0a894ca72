# Limits of LLMs by their names: one unnamed for all others, one for each that
# is named, or none, inherited as a whole; each mistake is an error of "nginx -t"
# that says where it is, and what is but odd a warning.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;
use Test::More ();

my $none = 'no "review_llm" has the name "x" of "review_limit"';


# "nginx -t" takes it, and says this, as often as it is given

sub limit_warns {
    my ($name, $messages, $text) = @_;
    my ($dir, $status, $log) = ConfTest::run($text);
    my @said = $log =~ /\[(?:warn|emerg|alert|crit|error)\] (?:\d+#\d+: )?(.*)/g;

    # locations are left out here, and that is told as well
    @said = grep { !/no location for|clients may ask/ } @said;
    s/\Q$dir\E/DIR/g for @said;

    Test::More::is_deeply([ $status, @said ], [ 0, @$messages ],
                          "warns: $name");
}


conf_good('all kinds', <<'');
review_zone a 1m;
review_zone b 1m;
review_llm /a name=a fallback=b;
review_llm /b name=b;
review_llm /c name=审核;
review_limit zone=a calls=4 llm=a;
review_limit zone=b;
review_limit off llm=审核;
server {
    location = /1 { review; }
    location = /2 { review; review_limit zone=b; review_limit zone=a llm=b; }
    location = /3 { review_llm /x; review; }
    location = /4 { review_limit off; review; }
}

conf_good('limits above the LLMs, which differ from server to server', <<'');
review_zone a 1m;
review_limit zone=a llm=a;
server { review_llm /a name=a; location / { review; } }
server { server_name b; review_llm /b name=b; location / { review; } }
server { server_name c; location / { review_llm /c name=c; review; } }

conf_bad('an LLM twice', '"review_limit" directive is duplicate', <<'');
review_zone a 1m;
review_llm /a name=a;
review_limit zone=a llm=a;
server {
    location / {
        review_limit zone=a llm=a;
        review_limit zone=a;
        review_limit llm=a zone=a; # <-
    }
}

conf_bad("off twice", '"review_limit" directive is duplicate', <<'');
server {
    review_llm /a name=a;
    review_limit off llm=a;
    review_limit off llm=a; # <-
}

conf_bad("review_limit $_->[0]", $_->[1], <<"")
review_zone z 1m;
server {
    review_limit $_->[0]; # <-
}

    for [ 'zone=z llm=', 'invalid parameter "llm="' ],
        [ 'zone=z llm=a llm=b', 'invalid parameter "llm=b"' ],
        [ 'llm=a', '"review_limit" directive needs "zone"' ],
        [ 'llm=a off', 'invalid parameter "off"' ],
        [ 'off llm=a zone=z', 'invalid parameter "off"' ],
        [ 'off llm=a queue=1', 'invalid parameter "off"' ];

conf_bad('an LLM that is not there', $none, <<'');
review_zone z 1m;
server {
    review_limit zone=z llm=x; # <-
    review_llm /a name=a;
}

conf_bad('the same of "http"', $none, <<'');
review_zone z 1m;
review_llm /a;
review_limit zone=z llm=x; # <-
server { }

limit_warns('LLMs are inherited: it may be for others, and is told once',
           [ "$none in DIR/nginx.conf:7" ], <<'');
review_zone z 1m;
server {
    review_llm /a name=a;
    location / {
        review_limit zone=z llm=x;
        review;
        location /more { review; }
    }
    location /x { review_llm /other name=x; review; }
}

my $common = '"review_llm" in DIR/nginx.conf:6 has zone "z" in common with its '
    . '"fallback", which is not asked either while the circuit is open: '
    . '"review_limit" with "llm=b" gives it one of its own';

limit_warns('one zone for an LLM and its fallback, told once', [ $common ], <<'');
review_zone z 1m;
server {
    review_limit zone=z;
    review_llm /a name=a fallback=b;
    review_llm /b name=b;
    location /1 { review; }
    location /2 { review; }
    location /3 { return 204; }
}


run_tests();

__DATA__

=== TEST 1: a result names its LLM, if it has a name
--- config
    review_llm /llm name=b model=first;
    location = /v1/review { review; }
    location = /v1/unnamed { review_llm /llm model=m; review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ '{"chunk":"abc","points":[{"id":"a","question":"q"},'
  . '{"id":"b","rule":"abc"}]}',
  "/v1/unnamed\n" . '{"chunk":"abc","points":[{"id":"a","question":"q"}]}' ]
--- json eval
[ "results.0.llm eq \"b\"\nresults.1.llm missing", 'results.0.llm missing' ]

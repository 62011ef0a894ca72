# Bad input.  Every request that is wrong is answered with the right status, as
# application/problem+json, with a JSON Pointer to what is wrong and words that
# say why, and not one LLM call is made for it: after the bad requests of a
# block comes a good one, whose call must be the only one.  And what looks odd
# but is right is reviewed.

use strict;
use warnings;

# there are some 500 requests, and Test::Nginx sleeps after each

BEGIN { $ENV{TEST_NGINX_SLEEP} ||= $ENV{TEST_REVIEW_ASAN} ? 0.01 : 0.003 }

use lib 't/lib';
use Review;

use JSON::PP ();

# --- refused: requests to be refused, two lines each: "STATUS POINTER words of
# the detail" and the body.  POINTER is - where there must be none, "" for the
# whole body.  <points> is a sound list of points.  With eval: a list of
# [STATUS, POINTER, words, body]; POINTER and words may be qr//.

our $Points = '"points":[{"id":"a","question":"[[ok]]"}]';
our $Good = qq({"chunk":"投标有效期60日",$Points});

my %Titles = (
    400 => 'Bad Request', 405 => 'Method Not Allowed',
    413 => 'Content Too Large', 415 => 'Unsupported Media Type',
    422 => 'Unprocessable Content',
);

my $Config = <<'END';
    review_llm /llm;
    location = /v1/review { review bid; }
    location = /bare { review; }
    $TEST_NGINX_LLM_LOCATION
END

my $Rubric = <<'END';
>>> bid.json
{"name": "投标", "version": "1", "points": [
    {"id": "price", "question": "[[ok]]"},
    {"id": "工期", "question": "[[ok]]"}
]}
END

sub check {
    my ($path, $op, $value) = @_;
    return ref $value ? "$path like /" . ($value =~ s{^\(\?\^:|\)$}{}gr) . "/\n"
           : "$path $op " . JSON::PP->new->allow_nonref->encode($value) . "\n";
}

sub problem_of {
    my ($status, $pointer, $words) = @_;

    return "status eq $status\n"
           . check(type => eq => 'about:blank')
           . check(title => eq => $Titles{$status})
           . check(detail => has => $words)
           . (!ref $pointer && $pointer eq '-' ? "pointer missing\n"
              : check(pointer => eq => $pointer eq '""' ? '' : $pointer));
}

sub cases {
    my ($text) = @_;
    my @lines = grep { /\S/ && !/^#/ } split /\n/, $text;
    my @cases;

    while (my ($line, $body) = splice @lines, 0, 2) {
        $line =~ /^(\d+) (\S+) (.+)$/ && defined $body
            or die "not a case: $line\n";
        push @cases, [$1, $2, $3, $body];
    }

    return \@cases;
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    if (!defined $block->config) {
        $block->set_value(config => $Config);
        $block->set_value(user_files => $Rubric);
        $block->set_value(http_config => $ENV{TEST_NGINX_LLM_UPSTREAM}
                          . '    review_rubric bid ../html/bid.json;');
    }

    return if !defined $block->refused;

    my $cases = ref $block->refused ? $block->refused
                                    : cases($block->refused);
    my @bodies = map { $_->[3] =~ s/<points>/$Points/r } @$cases;

    $block->set_value(request =>
                      [ map { "POST /v1/review\n$_" } @bodies, $Good ]);
    $block->set_value(more_headers => "Content-Type: application/json\n")
        if !defined $block->more_headers;
    $block->set_value(problem => [ map { problem_of(@$_) } @$cases ]);
    $block->set_value(json => [ (undef) x @$cases, 'status eq "complete"' ]);
    $block->set_value(error_code => [ map({ $_->[0] } @$cases), 200 ]);
    $block->set_value(llm_calls => 'count eq 1');
});

review_section('refused');

# [[[...]]], or objects in each other

sub deep {
    my ($n, $open, $close) = @_;
    return ($open // '[') x $n . (defined $open ? '1' : '')
           . ($close // ']') x $n;
}

# the same body, but for what stands in one place of it

sub bad_bytes {
    my ($bytes) = @_;
    return map { [ 400, $_->[0], 'not valid UTF-8', $_->[1] ] } (
        [ '/chunk', qq({"chunk":"投标$bytes期",$Points}) ],
        [ '/chunk', qq({$Points,"chunk":"投标$bytes"}) ],
        [ qr{^(?:/chunk/text|/chunk)$}, qq({"chunk":{"text":"a${bytes}b"}}) ],
    );
}

run_tests();

__DATA__

=== TEST 1: no body
--- request
POST /v1/review
--- problem
status eq 400
type eq "about:blank"
title eq "Bad Request"
detail like /empty/
pointer eq ""
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 2: a body of no bytes
--- request
POST /v1/review
--- more_headers
Content-Type: application/json
Content-Length: 0
--- problem
status eq 400
title eq "Bad Request"
detail like /empty/
pointer eq ""
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 3: white space alone
--- raw_request eval
"POST /v1/review HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
. "Connection: close\r\n\r\n \t\r\n "
--- problem
status eq 400
title eq "Bad Request"
detail like /empty/
pointer eq ""
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 4: a byte order mark alone
--- raw_request eval
"POST /v1/review HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
. "Connection: close\r\n\r\n\xEF\xBB\xBF\n"
--- problem
status eq 400
title eq "Bad Request"
detail like /empty/
pointer eq ""
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 5: white space and a byte order mark around JSON are no matter
--- raw_request eval
"POST /v1/review HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
. "Content-Length: " . (length($::Good) + 9) . "\r\n\r\n"
. "\xEF\xBB\xBF\r\n$::Good\r\n\t "
--- json
status eq "complete"
results len 1
--- llm_calls
count eq 1

=== TEST 6: no chunk, or nothing in it
--- refused
400 /chunk missing
{<points>}
400 /chunk missing
{}
400 /chunk missing
{"chunk":null,<points>}
400 /chunk empty
{"chunk":"",<points>}
400 /chunk empty
{"chunk":" \t\r\n ",<points>}
400 /chunk/text missing
{"chunk":{},<points>}
400 /chunk/text missing
{"chunk":{"text":null},<points>}
400 /chunk/text missing
{"chunk":{"id":"x","heading":["a"]},<points>}
400 /chunk/text empty
{"chunk":{"text":""},<points>}
400 /chunk/text empty
{"chunk":{"text":"\n\n"},<points>}

=== TEST 7: blank is also what Chinese texts are blank with
--- refused
400 /chunk empty
{"chunk":"\u3000\u3000",<points>}
400 /chunk empty
{"chunk":"　　",<points>}
400 /chunk/text empty
{"chunk":{"text":"\u3000\n\u3000\r\n"},<points>}
400 /chunk empty
{"chunk":" \u00a0 \u00a0",<points>}

=== TEST 8: not JSON
--- refused
400 "" line 1, column 1
hello
400 "" line 1, column 1
chunk=%E6%8A%95%E6%A0%87&points=a
400 "" line 1, column 1
<?xml version="1.0"?><chunk>投标</chunk>
400 "" line 1, column 1
undefined
400 "" line 1, column 1
nul
400 "" line 1, column 1
True
400 "" line 1, column 1
NaN
400 "" line 1, column 1
'投标'
400 "" line 1, column 2
{'chunk':'投标'}
400 "" line 1, column 2
{chunk:"投标"}
400 "" line 1, column 1
// a comment
400 "" line 1, column 1
}
400 "" line 1, column 2
{]
400 "" line 1, column 2
{,}
400 /0 line 1, column 2
[,1]

=== TEST 9: nearly JSON: the place is told, in characters
--- refused
400 /chunk line 1, column 10
{"chunk":投标,<points>}
400 "" line 1, column 15
{"chunk":"投标"},
400 "" line 1, column 15
{"chunk":"投标",}
400 /chunk line 1, column 15
{"chunk":"投标" "points":[]}
400 /chunk line 1, column 10
{"chunk" "投标"}
400 /chunk line 1, column 9
{"chunk","投标"}
400 /chunk line 1, column 10
{"chunk":}
400 /chunk line 1, column 10
{"chunk":,<points>}
400 /points/1 line 1, column 29
{"chunk":"投标","points":["a",]}
400 /points/0 line 1, column 29
{"chunk":"投标","points":["a" "b"]}
400 /points/0 line 1, column 28
{"chunk":"投标","points":["a"}
400 /points/0/id line 1, column 31
{"chunk":"投标","points":[{"id":a}]}

=== TEST 10: lines are counted, whatever ends them
--- refused eval
[ [ 400, '/points', 'line 3, column 11',
    qq({\n"chunk":"投标",\n"points": x\n}) ],
  [ 400, '/points', 'line 3, column 11',
    qq({\r\n"chunk":"投标",\r\n"points": x\r\n}) ] ]

=== TEST 11: strings that are none in JSON
--- refused eval
[ [ 400, '/chunk', 'the text ends', '{"chunk":"投标' ],
  [ 400, '/chunk', 'control character', qq({"chunk":"投标\n有效期",$::Points}) ],
  [ 400, '/chunk', '\\u0009', qq({"chunk":"投标\t有效期",$::Points}) ],
  [ 400, '/chunk', 'control character', qq({"chunk":"\x01",$::Points}) ],
  [ 400, '/chunk', 'backslash', qq({"chunk":"C:\\投标",$::Points}) ],
  [ 400, '/chunk', 'backslash', qq({"chunk":"\\x41",$::Points}) ],
  [ 400, '/chunk', 'backslash', qq({"chunk":"it\\'s",$::Points}) ],
  [ 400, '/chunk', 'four hexadecimal', qq({"chunk":"\\u12",$::Points}) ],
  [ 400, '/chunk', 'four hexadecimal', qq({"chunk":"\\u12G4",$::Points}) ],
  [ 400, '/chunk', qr/four hex|no such escape|backslash/,
    qq({"chunk":"\\U00006295",$::Points}) ] ]

=== TEST 12: numbers that are none in JSON
--- refused
400 /vars line 1
{"vars":01,"chunk":"a",<points>}
400 /vars line 1
{"vars":+1,"chunk":"a",<points>}
400 /vars line 1
{"vars":.5,"chunk":"a",<points>}
400 /vars line 1
{"vars":1.,"chunk":"a",<points>}
400 /vars line 1
{"vars":1e,"chunk":"a",<points>}
400 /vars line 1
{"vars":--1,"chunk":"a",<points>}
400 /vars line 1
{"vars":-,"chunk":"a",<points>}
400 /vars line 1
{"vars":0x10,"chunk":"a",<points>}
400 /vars line 1
{"vars":1_000,"chunk":"a",<points>}
400 /vars line 1
{"vars":NaN,"chunk":"a",<points>}
400 /vars line 1
{"vars":-Infinity,"chunk":"a",<points>}
400 /vars line 1
{"vars":１,"chunk":"a",<points>}

=== TEST 13: numbers that are too large, wherever they stand
--- refused eval
[ [ 400, '/vars/n', 'too large', qq({"vars":{"n":1e400},"chunk":"a",$::Points}) ],
  [ 400, '/vars/n', 'too large', qq({"vars":{"n":-1e400},"chunk":"a",$::Points}) ],
  [ 400, '/vars/n', 'too large',
    qq({"chunk":"a",$::Points,"vars":{"n":1e999999999}}) ],
  [ 400, '/vars/n', 'too large',
    qq({"vars":{"n":123456789012345678901234567890},"chunk":"a",$::Points}) ],
  [ 400, '/vars/n', 'too large',
    qq({"vars":{"n":-9223372036854775809},"chunk":"a",$::Points}) ],
  [ 400, '/vars/n', 'too large',
    qq({"vars":{"n":) . '9' x 5000 . qq(},"chunk":"a",$::Points}) ],
  [ 400, '/points/0/max_tokens', 'too large',
    '{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":1e400}]}' ],
  [ 400, '/chunk', 'too large', '{"chunk":1e400}' ] ]

=== TEST 14: numbers that are just not too large
--- json_request eval
qq({"_n":[9223372036854775807,-9223372036854775808,1e308,1e-400,-0,)
. '0.' . '1' x 5000 . qq(],"chunk":"a",$::Points,"vars":{"n":1e308}})
--- json
status eq "complete"
--- llm_calls
count eq 1

=== TEST 15: every beginning of a request is refused
--- refused eval
[ map { [ 400, qr{^(/|$)}, 'the text ends', substr $::Good, 0, $_ ] }
  grep { substr($::Good, $_, 1) !~ /[\x80-\xbf]/ } 1 .. length($::Good) - 1 ]

=== TEST 16: cut in the middle of a character
--- refused eval
[ map { [ 400, '/chunk', qr/UTF-8|the text ends/, substr $::Good, 0, $_ ] }
  grep { substr($::Good, $_, 1) =~ /[\x80-\xbf]/ } 1 .. length($::Good) - 1 ]

=== TEST 17: something follows
--- refused eval
[ map { [ 400, '""', qr/nothing may follow|the text ends/, "$::Good$_" ] }
  'x', ' x', ',', ']', '}', '{}', "\n\n[]", ' null', ' 1', '"', $::Good,
  ' // end', ';' ]

=== TEST 18: JSON, but no object
--- refused
400 "" an object, got an array
[]
400 "" an object, got an array
[{"chunk":"投标",<points>}]
400 "" an object, got a string
"投标"
400 "" an object, got an integer
1
400 "" an object, got a real number
-1.5e3
400 "" an object, got a boolean
true
400 "" an object, got null
null

=== TEST 19: wrong types
--- refused
400 /chunk got an integer
{"chunk":1,<points>}
400 /chunk got a real number
{"chunk":1.5,<points>}
400 /chunk got a boolean
{"chunk":true,<points>}
400 /chunk got an array
{"chunk":["投标"],<points>}
400 /chunk/text got an integer
{"chunk":{"text":1},<points>}
400 /chunk/text got an array
{"chunk":{"text":["投标"]},<points>}
400 /chunk/text got an object
{"chunk":{"text":{"text":"投标"}},<points>}
400 /chunk/id got an integer
{"chunk":{"text":"a","id":5},<points>}
400 /chunk/id got an array
{"chunk":{"text":"a","id":["5"]},<points>}
400 /chunk/heading got an integer
{"chunk":{"text":"a","heading":1},<points>}
400 /chunk/heading got an object
{"chunk":{"text":"a","heading":{"1":"第一章"}},<points>}
400 /chunk/heading/1 got an integer
{"chunk":{"text":"a","heading":["第一章",2]},<points>}
400 /chunk/heading/0 got an array
{"chunk":{"text":"a","heading":[["第一章"]]},<points>}
400 /chunk/heading/2 got null
{"chunk":{"text":"a","heading":["a","b",null]},<points>}
400 /rubric got an integer
{"chunk":"a","rubric":1}
422 /rubric "inline=on" is not set
{"chunk":"a","rubric":{"name":"bid"}}
400 /rubric got an array
{"chunk":"a","rubric":["bid"]}
400 /points got a string
{"chunk":"a","points":"price"}
400 /points got an object
{"chunk":"a","points":{"id":"a","question":"q"}}
400 /points got a boolean
{"chunk":"a","points":false}
400 /points/0 got an integer
{"chunk":"a","points":[1]}
400 /points/1 got null
{"chunk":"a","points":["price",null]}
400 /points/1 got an array
{"chunk":"a","points":["price",["工期"]]}
400 /references got an object
{"chunk":"a",<points>,"references":{"id":"t","text":"x"}}
400 /references got a string
{"chunk":"a",<points>,"references":"t"}
400 /references/0 got a string
{"chunk":"a",<points>,"references":["t"]}
400 /references/1 got null
{"chunk":"a",<points>,"references":[{"id":"t","text":"x"},null]}
400 /references/0/id got an integer
{"chunk":"a",<points>,"references":[{"id":1,"text":"x"}]}
400 /references/0/text got an array
{"chunk":"a",<points>,"references":[{"id":"t","text":["x"]}]}
400 /vars got an array
{"chunk":"a",<points>,"vars":["x"]}
400 /vars got a string
{"chunk":"a",<points>,"vars":"x"}
400 /vars/项目 got an object
{"chunk":"a",<points>,"vars":{"a":"b","项目":{"名称":"x"}}}
400 /vars/x got an array
{"chunk":"a",<points>,"vars":{"x":[]}}

=== TEST 20: pointers are escaped as RFC 6901 says
--- refused
400 /vars/a~1b got an array
{"chunk":"a",<points>,"vars":{"a/b":[]}}
400 /vars/~0~1~01 got an array
{"chunk":"a",<points>,"vars":{"~/~1":[]}}
400 /vars/ got an array
{"chunk":"a",<points>,"vars":{"":[]}}
400 /vars/a~1b/c~0d line 1
{"vars":{"a/b":{"c~d":x}}}

=== TEST 21: names that make long pointers
--- refused eval
[ [ 400, '/vars', 'got an array',
    qq({"chunk":"a",$::Points,"vars":{") . 'x' x 5000 . '":[]}}' ],
  [ 400, '/vars', 'got an array',
    qq({"chunk":"a",$::Points,"vars":{") . '标' x 500 . '":[]}}' ],
  [ 400, qr{^/vars(/~0~0|$)}, 'line 1', '{"vars":{"' . '~' x 200 . '":x}}' ],
  [ 400, '/vars', 'line 1', '{"vars":{"' . '~' x 2000 . '":x}}' ],
  [ 400, '""', 'is unknown', '{"' . '~' x 2000 . '":1}' ],
  [ 400, '""', 'is unknown', '{"' . '\\u6807' x 2000 . '":1}' ] ]

=== TEST 22: members that are too long, too short or missing
--- refused eval
[ [ 400, '/chunk/id', '1024',
    qq({"chunk":{"text":"a","id":") . 'x' x 1025 . qq("},$::Points}) ],
  [ 400, '/points', 'empty', '{"chunk":"a","points":[]}' ],
  [ 400, '/references/0/id', 'missing',
    qq({"chunk":"a",$::Points,"references":[{"text":"x"}]}) ],
  [ 400, '/references/1/text', 'missing',
    qq({"chunk":"a",$::Points,"references":[{"id":"a","text":"x"},)
    . '{"id":"b"}]}' ],
  [ 400, '/references/0/id', 'empty',
    qq({"chunk":"a",$::Points,"references":[{"id":"","text":"x"}]}) ],
  [ 400, '/references/0/id', '1024',
    qq({"chunk":"a",$::Points,"references":[{"id":") . 'x' x 1025
    . '","text":"x"}]}' ] ]

=== TEST 23: no points and no rubric
--- request eval
[ map { "POST /bare\n$_" }
  '{"chunk":"a"}', '{"chunk":"a","points":null}', '{"chunk":"a","rubric":null}',
  '{"chunk":"a","points":["price"]}' ]
--- error_code eval
[ 400, 400, 400, 422 ]
--- problem eval
[ (qq(status eq 400\npointer eq "/points"\ndetail like /missing/)) x 3,
  qq(status eq 422\npointer eq "/points/0"\ndetail like /no rubric/) ]
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 24: members that are null are as good as none
--- json_request
{"chunk":{"text":"投标","id":null,"heading":null,"x":null},"rubric":null,
 "points":null,"references":null,"vars":{"a":null},"more":null}
--- json
status eq "complete"
id eq null
rubric.name eq "投标"
results.*.point eq ["price","工期"]
--- llm_calls
count eq 2

=== TEST 25: members that are not known, at every level, before any call
--- refused
400 /reference did you mean "references"?
{"chunk":"a",<points>,"reference":[{"id":"a","text":"x"}]}
400 /point known are: chunk, rubric, points, references, vars, fresh, deadline, explain
{"chunk":"a","point":"x"}
400 /deadline 1 to 1000000
{"chunk":"a",<points>,"deadline":0.5}
400 /deadline a number
{"chunk":"a",<points>,"deadline":"60"}
400 /chunks did you mean "chunk"?
{"chunk":"a",<points>,"chunks":[1]}
400 / "" is unknown
{"chunk":"a",<points>,"":{}}
400 /x "x" is unknown
{"x":[{}],"chunk":"a",<points>}
400 /X-a "X-a" is unknown
{"chunk":"a",<points>,"X-a":1}
400 /a~1~0b "a/~b" is unknown
{"chunk":"a",<points>,"a/~b":1}
400 /chunk/texts did you mean "text"?
{"chunk":{"text":"投标","texts":1},<points>}
400 /chunk/标题 known are: id, heading, text
{"chunk":{"text":"投标","标题":"一"},<points>}
400 /points/1/severty did you mean "severity"?
{"chunk":"a","points":["工期",{"id":"a","question":"q","severty":"fatal"}]}
400 /points/0/rule/match_ did you mean "match"?
{"chunk":"a","points":[{"id":"a","rule":{"pattern":"x","match_":"fail"}}]}
400 /references/1/leaf known are: id, text
{"chunk":"a",<points>,"references":[{"id":"a","text":"x"},{"id":"b","text":"x","leaf":3}]}

=== TEST 26: comments are free everywhere, and so are vars and data
--- json_request
{"chunk":{"text":"投标","x-page":1,"$id":"a","_":null},"x-trace":{"a":[1]},
 "$schema":"a","_note":"b","references":[{"id":"a","text":"x","_page":3}],
 "points":[{"id":"a","question":"q","x-owner":"b","data":{"type":"object",
 "properties":{"any":{"type":"string"}}}}],"vars":{"any":"a","page":1}}
--- json
status eq "complete"
results.*.point eq ["a"]
--- llm_calls
count eq 1

=== TEST 27: chunks of a split and of a ranking, as they are
--- json_request
{"chunk":{"id":"c2","text":"投标","start":7,"end":9,"overlap":0,
 "heading":["一","二"],"sha256":"00","table_header":{"start":0,"end":2},
 "oversize":true,"index":1,"score":0.5,"status":"complete"},"points":["工期"],
 "references":[{"id":"c1","text":"x","start":0,"end":1,"overlap":0,
 "heading":[],"sha256":"00","table_header":{"start":0,"end":2},
 "oversize":true,"index":0,"score":1,"status":"complete"}]}
--- json
status eq "complete"
id eq "c2"
--- llm_calls
count eq 1

=== TEST 28: what is right in form, but cannot be done
--- refused
422 /rubric "tender"
{"chunk":"a","rubric":"tender"}
422 /rubric ""
{"chunk":"a","rubric":""}
422 /rubric "投标"
{"chunk":"a","rubric":"投标"}
422 /rubric "BID"
{"chunk":"a","rubric":"BID","points":["price"]}
422 /rubric "no"
{"chunk":"a","rubric":"no",<points>}
422 /points/0 "deposit"
{"chunk":"a","points":["deposit"]}
422 /points/2 "保证金"
{"chunk":"a","points":["price","工期","保证金"]}
422 /points/0 ""
{"chunk":"a","points":[""]}
422 /points/0 "Price"
{"chunk":"a","points":["Price"]}
422 /points/0 " price"
{"chunk":"a","points":[" price"]}
422 /points/1 "price"
{"chunk":"a","points":["price","price"]}
422 /points/2 "工期"
{"chunk":"a","points":["工期","price","\u5de5期"]}
422 /points/1 "price"
{"chunk":"a","points":[{"id":"price","question":"q"},"price"]}
422 /points/1 "x"
{"chunk":"a","points":[{"id":"x","question":"q"},{"id":"x","question":"p"}]}
422 /references/0/id "chunk"
{"chunk":"a",<points>,"references":[{"id":"chunk","text":"x"}]}
422 /references/2/id another
{"chunk":"a",<points>,"references":[{"id":"a","text":"x"},{"id":"b","text":"x"},{"id":"a","text":"y"}]}

=== TEST 29: names are told in whole characters, however long they are
--- refused eval
[ [ 422, '/rubric', qr/^no rubric has the name \\?"标.*\\?"$/,
    '{"chunk":"a","rubric":"' . '标' x 30 . '"}' ],
  [ 422, '/points/0', qr/has no point \\?"标.*\\?"$/,
    '{"chunk":"a","points":["' . '标' x 30 . '"]}' ],
  [ 422, '/points/0', qr/has no point \\?"a标.*\\?"$/,
    '{"chunk":"a","points":["a' . '标' x 3000 . '"]}' ] ]

=== TEST 30: points of the request's own that are wrong
--- refused
400 /points/0 "id" is required
{"chunk":"a","points":[{}]}
400 /points/1 "id" is required
{"chunk":"a","points":["price",{"question":"q"}]}
400 /points/0/id empty
{"chunk":"a","points":[{"id":"","question":"q"}]}
400 /points/0/id got an integer
{"chunk":"a","points":[{"id":1,"question":"q"}]}
400 /points/0/id control
{"chunk":"a","points":[{"id":"a\nb","question":"q"}]}
400 /points/0 required
{"chunk":"a","points":[{"id":"a"}]}
400 /points/0/question empty
{"chunk":"a","points":[{"id":"a","question":""}]}
400 /points/0/question got an array
{"chunk":"a","points":[{"id":"a","question":["q"]}]}
400 /points/0/question got null
{"chunk":"a","points":[{"id":"a","question":null}]}
400 /points/0/title got an integer
{"chunk":"a","points":[{"id":"a","question":"q","title":1}]}
400 /points/0/severity "blocker"
{"chunk":"a","points":[{"id":"a","question":"q","severity":"blocker"}]}
400 /points/0/severity got a boolean
{"chunk":"a","points":[{"id":"a","question":"q","severity":true}]}
400 /points/0/qestion unknown
{"chunk":"a","points":[{"id":"a","qestion":"q"}]}
400 /points/0/when empty
{"chunk":"a","points":[{"id":"a","question":"q","when":""}]}
400 /points/0/when "pattern" is required
{"chunk":"a","points":[{"id":"a","question":"q","when":{}}]}
400 /points/0/when (
{"chunk":"a","points":[{"id":"a","question":"q","when":"(投标"}]}
400 /points/0/rule [
{"chunk":"a","points":[{"id":"a","rule":"[a"}]}
400 /points/0/rule/pattern *
{"chunk":"a","points":[{"id":"a","rule":{"pattern":"*"}}]}
400 /points/0/rule required
{"chunk":"a","points":[{"id":"a","rule":{}}]}
400 /points/0/rule got an array
{"chunk":"a","points":[{"id":"a","rule":["x"]}]}
400 /points/0/rule/match "ok"
{"chunk":"a","points":[{"id":"a","rule":{"pattern":"x","match":"ok"}}]}
400 /points/0/prompt beside
{"chunk":"a","points":[{"id":"a","rule":"x","prompt":"p"}]}
400 /points/0/prompt got an array
{"chunk":"a","points":[{"id":"a","prompt":["p"]}]}
400 /points/0/prompt {{
{"chunk":"a","points":[{"id":"a","prompt":"{{chunk"}]}
400 /points/0/steps beside
{"chunk":"a","points":[{"id":"a","prompt":"p","steps":["p"]}]}
400 /points/0/steps 1 to 16
{"chunk":"a","points":[{"id":"a","steps":[]}]}
400 /points/0/steps 1 to 16
{"chunk":"a","points":[{"id":"a","steps":["1","2","3","4","5","6","7","8","9","0","1","2","3","4","5","6","7"]}]}
400 /points/0/steps/1 got an integer
{"chunk":"a","points":[{"id":"a","steps":["p",2]}]}
400 /points/0/max_tokens got 0
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":0}]}
400 /points/0/max_tokens got -1
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":-1}]}
400 /points/0/max_tokens got a real number
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":10.5}]}
400 /points/0/max_tokens got a string
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":"10"}]}
400 /points/0/max_tokens got 9223372036854775807
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":9223372036854775807}]}
400 /points/0/max_tokens got 4294967297
{"chunk":"a","points":[{"id":"a","question":"q","max_tokens":4294967297}]}
400 /points/0/temperature got 2.1
{"chunk":"a","points":[{"id":"a","question":"q","temperature":2.1}]}
400 /points/0/temperature got -0.1
{"chunk":"a","points":[{"id":"a","question":"q","temperature":-0.1}]}
400 /points/0/temperature got 1e+308
{"chunk":"a","points":[{"id":"a","question":"q","temperature":1e308}]}
400 /points/0/temperature got a string
{"chunk":"a","points":[{"id":"a","question":"q","temperature":"0"}]}
400 /points/0/data got an array
{"chunk":"a","points":[{"id":"a","question":"q","data":[]}]}
400 /points/0/data/type "text"
{"chunk":"a","points":[{"id":"a","question":"q","data":{"type":"text"}}]}

=== TEST 31: ids of points that are too long
--- refused eval
[ [ 400, '/points/0/id', '128',
    '{"chunk":"a","points":[{"id":"' . 'x' x 129 . '","question":"q"}]}' ],
  [ 400, '/points/0/id', '128',
    '{"chunk":"a","points":[{"id":"' . '标' x 43 . '","question":"q"}]}' ] ]

=== TEST 32: the longest ids there may be come back
--- json_request eval
'{"chunk":{"text":"a","id":"' . '标' x 341 . 'x"},"points":[{"id":"' . '标' x 42
. '12","question":"q"}],"references":[{"id":"' . '标' x 341 . 'x","text":""}]}'
--- json eval
'id eq "' . '标' x 341 . 'x"
results.0.point eq "' . '标' x 42 . '12"
status eq "complete"'
--- llm_calls
count eq 1

=== TEST 33: invalid UTF-8 in the text
--- refused eval
[ map { ::bad_bytes($_) }
  # alone, at the end of a sequence that is too short, or where none begins
  "\x80", "\xbf", "\xff", "\xfe", "\xe6\x8a", "\xe6", "\xf0\x9f\x91", "\xc3",
  "\xe6\x8a\x95\x95",
  # GBK
  "\xcd\xb6\xb1\xea" ]

=== TEST 34: overlong forms
--- refused eval
[ map { ::bad_bytes($_) }
  "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
  "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80\x80",
  "\xfc\x84\x80\x80\x80\x80" ]

=== TEST 35: surrogates, and what is beyond Unicode, in UTF-8
--- refused eval
[ map { ::bad_bytes($_) }
  "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80",
  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf" ]

=== TEST 36: invalid UTF-8 in every other place
--- refused eval
[ map { my ($pointer, $body) = @$_; $body =~ s/<points>/$::Points/;
        [ 400, $pointer, qr/UTF-8|nothing may follow|expected/, $body ] }
  [ '""', qq(\xff{"chunk":"a",<points>}) ],
  [ '""', qq({\xff"chunk":"a",<points>}) ],
  [ qr{^(/chunk)?$}, qq({"chunk"\xff:"a",<points>}) ],
  [ '/chunk', qq({"chunk":\xff"a",<points>}) ],
  [ '/chunk', qq({"chunk":"a"\xff,<points>}) ],
  [ qr{^(/points)?$}, qq({"chunk":"a",<points>\xff}) ],
  [ '""', qq({"chunk":"a",<points>}\xff) ],
  [ '""', qq({"chunk":"a",<points>}\xc3) ],
  [ '""', qq({"ch\xffunk":"a",<points>}) ],
  [ '/vars', qq({"chunk":"a",<points>,"vars":"\xff"}) ],
  [ '/vars/1', qq({"chunk":"a",<points>,"vars":["a","\xff"]}) ],
  [ '/chunk/id', qq({"chunk":{"id":"\xe6","text":"a"},<points>}) ],
  [ '/chunk/heading/0', qq({"chunk":{"text":"a","heading":["\xe6"]},<points>}) ],
  [ '/rubric', qq({"chunk":"a","rubric":"bid\xff"}) ],
  [ '/points/0', qq({"chunk":"a","points":["price\xff"]}) ],
  [ '/points/0/id', qq({"chunk":"a","points":[{"id":"\xff","question":"q"}]}) ],
  [ '/points/0/question',
    qq({"chunk":"a","points":[{"id":"a","question":"\xe5\xb7"}]}) ],
  [ qr{^/points/0}, qq({"chunk":"a","points":[{"\xff":"a"}]}) ],
  [ '/references/0/text',
    qq({"chunk":"a",<points>,"references":[{"id":"t","text":"\xff"}]}) ],
  [ '/vars/x', qq({"chunk":"a",<points>,"vars":{"x":"\xff"}}) ],
  [ qr{^/vars}, qq({"chunk":"a",<points>,"vars":{"\xff":"x"}}) ] ]

=== TEST 37: UTF-16, with and without a mark
--- refused eval
my $text = '{"chunk":"a"}';
[ map { [ 400, '""', 'line 1', $_ ] }
  "\xff\xfe" . pack('v*', unpack 'C*', $text),
  "\xfe\xff" . pack('n*', unpack 'C*', $text),
  pack('v*', unpack 'C*', $text), pack('n*', unpack 'C*', $text) ]

=== TEST 38: lone surrogates
--- refused
400 /chunk surrogate
{"chunk":"\ud800",<points>}
400 /chunk surrogate
{"chunk":"\uDBFF",<points>}
400 /chunk surrogate
{"chunk":"\udc00",<points>}
400 /chunk surrogate
{"chunk":"\uDFFF投标",<points>}
400 /chunk surrogate
{"chunk":"投\ud83d标",<points>}
400 /chunk surrogate
{"chunk":"\ud83d\u6295",<points>}
400 /chunk surrogate
{"chunk":"\ud83d\ud83d\ude00",<points>}
400 /chunk surrogate
{"chunk":"\ude00\ud83d",<points>}
400 /chunk surrogate
{"chunk":"\ud83d\n\ude00",<points>}
400 /chunk/text surrogate
{"chunk":{"text":"a\udfff"},<points>}
400 /points/0/id surrogate
{"chunk":"a","points":[{"id":"\ud800","question":"q"}]}
400 /vars surrogate
{"chunk":"a",<points>,"vars":"\ud800"}
=== TEST 39: lone surrogates in names
--- refused eval
[ [ 400, qr{^(/.*)?$}, 'surrogate', qq({"chunk":"a",$::Points,"\\ud800":1}) ],
  [ 400, qr{^/vars}, 'surrogate',
    qq({"chunk":"a",$::Points,"vars":{"x\\udc00":1}}) ] ]

=== TEST 40: a pair of surrogates is one character
--- json_request
{"chunk":"\ud83d\ude00投标","points":[{"id":"\ud842\udfb7","question":"[[quote=投标]]"}]}
--- json
status eq "complete"
results.0.point eq "𠮷"
results.0.finding.evidence.0.start eq 1
results.0.finding.evidence.0.end eq 3
--- llm_calls
count eq 1
0.body.messages.1.content has "😀投标"

=== TEST 41: NUL, escaped and not
--- refused eval
[ [ 400, '/chunk', 'NUL', qq({"chunk":"\\u0000",$::Points}) ],
  [ 400, '/chunk', 'NUL', qq({"chunk":"投标\\u0000有效期",$::Points}) ],
  [ 400, qr{^(/.*)?$}, 'NUL', qq({"chunk":"a",$::Points,"\\u0000":1}) ],
  [ 400, qr{^(/.*)?$}, 'NUL', qq({"chunk":"a",$::Points,"a\\u0000b":1}) ],
  [ 400, '/vars', 'NUL', qq({"chunk":"a",$::Points,"vars":"\\u0000"}) ],
  [ 400, '/points/0/id', 'NUL',
    '{"chunk":"a","points":[{"id":"a\\u0000","question":"q"}]}' ],
  [ 400, '/points/0/when', 'NUL',
    '{"chunk":"a","points":[{"id":"a","question":"q","when":"\\u0000"}]}' ],
  [ 400, '/chunk', qr/control character|U\+0000/,
    qq({"chunk":"投\0标",$::Points}) ],
  [ 400, '/chunk', qr/control character|U\+0000/, qq({"chunk":"投\0) ],
  [ 400, '/chunk', 'U+0000', qq({"chunk":\0"a",$::Points}) ],
  [ 400, '""', 'U+0000', qq({\0"chunk":"a",$::Points}) ],
  [ 400, '""', 'U+0000', qq(\0{"chunk":"a",$::Points}) ],
  [ 400, '""', 'U+0000', "\0" ],
  [ 400, '""', qr/nothing may follow|U\+0000/, "$::Good\0" ],
  [ 400, '""', qr/nothing may follow|U\+0000/, "$::Good\0$::Good" ] ]

=== TEST 42: nested 5,000 deep
--- refused eval
my $deep = ::deep(5000);
my $objects = ::deep(5000, '{"a":', '}');
[ map { [ 400, $_->[0], 'too deep', $_->[1] ] }
  [ qr{^(/0)*$}, $deep ],
  [ qr{^/vars(/0)*$}, qq({"chunk":"a",$::Points,"vars":$deep}) ],
  [ qr{^/vars(/a)*$}, qq({"chunk":"a",$::Points,"vars":$objects}) ],
  [ qr{^/chunk(/0)*$}, qq({"chunk":$deep,$::Points}) ],
  [ qr{^/chunk/text(/0)*$}, qq({"chunk":{"text":$deep},$::Points}) ],
  [ qr{^/points(/0)*$}, qq({"chunk":"a","points":$deep}) ],
  [ qr{^/points/0/data(/a)*$},
    qq({"chunk":"a","points":[{"id":"a","question":"q","data":$objects}]}) ],
  [ qr{^/vars/a(/a)*$}, qq({"chunk":"a",$::Points,"vars":$objects}) ],
  [ qr{^/vars/x(/0)*$}, qq({"chunk":"a",$::Points,"vars":{"x":$deep}}) ],
  [ qr{^/references(/0)*$}, qq({"chunk":"a",$::Points,"references":$deep}) ] ]

=== TEST 43: nested 2,000 deep where there must be no such thing
--- refused eval
my $deep = ::deep(2000);
my $objects = ::deep(2000, '{"a":', '}');
my $free = ::deep(2000, '{"_":', '}');
[ [ 400, '""', 'got an array', $deep ],
  [ 400, '/chunk', 'missing', $free ],
  [ 400, '/a', 'is unknown', $objects ],
  [ 400, '/chunk', 'got an array', qq({"chunk":$deep,$::Points}) ],
  [ 400, '/chunk/text', 'missing', qq({"chunk":$free,$::Points}) ],
  [ 400, '/chunk/a', 'is unknown', qq({"chunk":$objects,$::Points}) ],
  [ 400, '/chunk/text', 'got an array',
    qq({"chunk":{"text":$deep},$::Points}) ],
  [ 400, '/chunk/heading/0', 'got an array',
    qq({"chunk":{"text":"a","heading":$deep},$::Points}) ],
  [ 400, '/points/0', 'got an array', qq({"chunk":"a","points":$deep}) ],
  [ 400, '/references/0', 'got an array',
    qq({"chunk":"a",$::Points,"references":$deep}) ],
  [ 400, '/vars/x', 'got an array',
    qq({"chunk":"a",$::Points,"vars":{"x":$deep}}) ],
  [ 400, '/vars/a', 'got an object',
    qq({"chunk":"a",$::Points,"vars":$objects}) ],
  [ 400, qr{^/points/0/data}, qr/./,
    qq({"chunk":"a","points":[{"id":"a","question":"q","data":$objects}]}) ],
  [ 400, qr{^/points/0/data}, qr/./,
    '{"chunk":"a","points":[{"id":"a","question":"q","data":'
    . ::deep(1000, '{"type":"object","properties":{"a":', '}}') =~ s/1/{}/r
    . '}]}' ] ]

=== TEST 44: nested 2,000 deep in a comment
--- json_request eval
qq({"chunk":"a",$::Points,"_x":) . ::deep(2000) . ',"x-y":'
. ::deep(2000, '{"a":', '}') . '}'
--- json
status eq "complete"
--- llm_calls
count eq 1

=== TEST 45: brackets without an end
--- refused eval
[ map { [ 400, qr{^(/|$)}, qr/too deep|the text ends/, $_ ] }
  '[' x 100000, '{"vars":' . '{"a":' x 20000, '[{"a":' x 15000 ]

=== TEST 46: members that stand twice
--- refused
400 /chunk stands before
{"chunk":"a","chunk":"b",<points>}
400 /chunk stands before
{"chunk":"a","chunk":"a",<points>}
400 /chunk stands before
{"chunk":"a","\u0063hunk":"b",<points>}
400 /chunk/text stands before
{"chunk":{"text":"a","id":"x","text":"b"},<points>}
400 /points stands before
{"chunk":"a","points":[],<points>}
400 /points/1/id stands before
{"chunk":"a","points":["price",{"id":"a","question":"q","id":"b"}]}
400 /vars/项目 stands before
{"chunk":"a",<points>,"vars":{"项目":1,"x":2,"项目":3}}
400 /vars/1/x stands before
{"chunk":"a",<points>,"vars":[0,{"x":1,"x":1}]}
400 /chunk stands before
{"chunk":null,"chunk":"a",<points>}

=== TEST 47: a chunk of exactly review_max_chunk_size
--- config
    review_llm /llm;
    review_max_chunk_size 30;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ qq({"chunk":"投标有效期为九十日整",$::Points}),
  qq({"chunk":{"text":"投标有效期为九十日整"},$::Points}),
  qq({"chunk":"\\u6295\\u6807\\u6295\\u6807\\u6295\\u6807\\u6295标投标",$::Points}) ]
--- error_code eval
[ 200, 200, 200 ]
--- json eval
[ ('status eq "complete"') x 3 ]
--- llm_calls
count eq 3

=== TEST 48: a chunk of one byte more
--- config
    review_llm /llm;
    review_max_chunk_size 30;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- refused
413 /chunk 31
{"chunk":"投标有效期为九十日整.",<points>}
413 /chunk 33
{"chunk":"投标有效期为九十日整。",<points>}
413 /chunk/text review_max_chunk_size
{"chunk":{"text":"0123456789012345678901234567890"},<points>}
413 /chunk 31
{"chunk":"\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030\u0030",<points>}

=== TEST 49: review_max_chunk_size is 1m unless set
--- config
    review_llm /llm;
    location = /v1/review { review; client_max_body_size 8m; }
    $TEST_NGINX_LLM_LOCATION
--- refused eval
[ [ 413, '/chunk', '1048577',
    '{"chunk":"' . 'x' x (1024 * 1024 + 1) . qq(",$::Points}) ],
  [ 413, '/chunk/text', '1048578',
    '{"chunk":{"text":"' . '标' x 349526 . qq("},$::Points}) ] ]

=== TEST 50: as many points as review_max_points
--- config
    review_llm /llm;
    review_max_points 3;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"a","points":['
. CORE::join(',', map { qq({"id":"p$_","question":"[[ok]]"}) } 1 .. 3) . ']}'
--- json
status eq "complete"
results.*.point eq ["p1","p2","p3"]
--- llm_calls
count eq 3

=== TEST 51: one point more, one reference more
--- config
    review_llm /llm;
    review_max_points 3;
    location = /v1/review { review; }
    $TEST_NGINX_LLM_LOCATION
--- refused eval
[ [ 422, '/points', qr/4 points.* 3/, '{"chunk":"a","points":['
    . CORE::join(',', map { qq({"id":"p$_","question":"[[ok]]"}) } 1 .. 4) . ']}' ],
  [ 422, '/points', qr/10000 points.* 3/,
    '{"chunk":"a","points":[' . CORE::join(',', (0) x 10000) . ']}' ],
  [ 422, '/references', qr/4 references.* 3/,
    qq({"chunk":"a",$::Points,"references":[)
    . CORE::join(',', map { qq({"id":"r$_","text":"x"}) } 1 .. 4) . ']}' ] ]

=== TEST 52: a rubric of too many points, of which some may be asked for
--- http_config eval
$ENV{TEST_NGINX_LLM_UPSTREAM} . 'review_rubric bid ../html/bid.json;'
--- user_files
>>> bid.json
{"name": "bid", "points": [{"id": "a", "question": "[[ok]]"},
                           {"id": "b", "question": "[[ok]]"}]}
--- config
    review_llm /llm;
    review_max_points 1;
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ '{"chunk":"a"}', '{"chunk":"a","points":["b"]}' ]
--- error_code eval
[ 422, 200 ]
--- problem eval
[ qq(status eq 422\npointer eq "/points"\ndetail like /2 points.* 1/), undef ]
--- json eval
[ undef, 'results.*.point eq ["b"]' ]
--- llm_calls
count eq 1

=== TEST 53: review_max_points is 1000 unless set
--- refused eval
[ [ 422, '/points', qr/1001 points.* 1000/,
    '{"chunk":"a","points":[' . CORE::join(',', ('"price"') x 1001) . ']}' ] ]

=== TEST 54: wrong methods: 405 with Allow
--- request eval
[ 'GET /v1/review', "PUT /v1/review\n$::Good", "PATCH /v1/review\n$::Good",
  'DELETE /v1/review', 'OPTIONS /v1/review', 'PROPFIND /v1/review',
  "REVIEW /v1/review\n$::Good" ]
--- error_code eval
[ (405) x 7 ]
--- response_headers eval
[ ('Allow: POST') x 7 ]
--- problem eval
[ (qq(status eq 405\ntitle eq "Method Not Allowed"\npointer missing\n)
   . 'detail like /POST/') x 7 ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 55: HEAD has the same headers, and no body
--- request
HEAD /v1/review
--- error_code: 405
--- response_headers
Allow: POST
Content-Type: application/problem+json
--- response_body
--- llm_calls
count eq 0

=== TEST 56: the wrong method is worse than the wrong type
--- request eval
"PUT /v1/review\n$::Good"
--- more_headers
Content-Type: text/plain
Content-Encoding: gzip
--- problem
status eq 405
detail like /POST/
--- response_headers
Allow: POST

=== TEST 57: wrong content types
--- request eval
[ ("POST /v1/review\n$::Good") x 13 ]
--- more_headers eval
[ map { "Content-Type: $_" }
  'text/plain', 'application/x-www-form-urlencoded', 'text/json',
  'application/jsonx', 'application/json5', 'application/xml', 'json',
  'multipart/form-data; boundary=json', 'application/octet-stream',
  'text/plain; a=application/json', 'application/+json',
  'application/vnd.x+jsonx', '*/*' ]
--- error_code eval
[ (415) x 13 ]
--- problem eval
[ (qq(status eq 415\ntitle eq "Unsupported Media Type"\npointer missing\n)
   . 'detail like /Content-Type/') x 13 ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 58: right content types
--- request eval
[ ("POST /v1/review\n$::Good") x 9 ]
--- more_headers eval
[ '', map { "Content-Type: $_" }
  'application/json', 'Application/JSON; charset="UTF-8"',
  'application/json;charset=utf-8', 'application/json ; charset=UTF-8',
  'application/vnd.x+json', 'APPLICATION/LD+JSON; profile="a;b"',
  'application/problem+json', 'application/json; indent=2; charset=utf-8' ]
--- error_code eval
[ (200) x 9 ]
--- json eval
[ ('status eq "complete"') x 9 ]
--- llm_calls
count eq 9

=== TEST 59: wrong charsets
--- request eval
[ ("POST /v1/review\n$::Good") x 10 ]
--- more_headers eval
[ map { "Content-Type: application/json; charset=$_" }
  'gbk', 'GB18030', '"gb2312"', 'utf-16', 'UTF-16LE', 'utf-80', 'utf-8x',
  'utf', '"utf-7"', 'iso-8859-1' ]
--- error_code eval
[ (415) x 10 ]
--- problem eval
[ (qq(status eq 415\npointer missing\ndetail like /charset/)) x 10 ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 60: what is in the value of another parameter is no charset
--- request eval
[ ("POST /v1/review\n$::Good") x 2 ]
--- more_headers eval
[ 'Content-Type: application/json; x-charset=gbk',
  'Content-Type: application/vnd.x+json; profile="charset=gbk"; charset=utf-8' ]
--- error_code eval
[ 200, 200 ]
--- json eval
[ ('status eq "complete"') x 2 ]

=== TEST 61: encoded bodies
--- request eval
[ ("POST /v1/review\n$::Good") x 6 ]
--- more_headers eval
[ map { "Content-Encoding: $_" }
  'gzip', 'GZIP', 'br', 'deflate', 'gzip, identity', 'x' ]
--- error_code eval
[ (415) x 6 ]
--- problem eval
[ (qq(status eq 415\ntitle eq "Unsupported Media Type"\npointer missing\n)
   . 'detail like /Content-Encoding/') x 6 ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 62: the identity is no encoding
--- request eval
[ ("POST /v1/review\n$::Good") x 2 ]
--- more_headers eval
[ 'content-encoding: identity', 'Content-Encoding: Identity' ]
--- error_code eval
[ 200, 200 ]
--- json eval
[ ('status eq "complete"') x 2 ]
--- llm_calls
count eq 2

=== TEST 63: a problem is a problem, whatever the client accepts
--- request eval
[ "POST /v1/review\n{}", "POST /v1/review\n{}", 'GET /v1/review' ]
--- more_headers eval
[ 'Accept: text/event-stream', 'Accept: image/png', 'Accept: text/event-stream' ]
--- error_code eval
[ 400, 400, 405 ]
--- problem eval
[ (qq(status eq 400\npointer eq "/chunk"\n)) x 2, 'status eq 405' ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 64: the first wrong member is told, and it alone
--- refused
400 /chunk got an integer
{"vars":1,"references":1,"points":1,"rubric":1,"chunk":1}
400 /rubric got an integer
{"vars":1,"references":1,"points":1,"rubric":1,"chunk":"a"}
422 /points/0 "x"
{"vars":1,"references":1,"points":["x",1],"chunk":"a"}

=== TEST 65: variables may be many, but not too many, nor too large
--- config
    review_llm /llm model=stand-in;
    location = /v1/review {
        review;
        review_max_chunk_size 1000;
    }
    $TEST_NGINX_LLM_LOCATION
--- refused eval
[ [ 422, '/vars', '1001 variables, at most 1000',
    qq({"chunk":"a",$::Points,"vars":{)
    . CORE::join(',', map { qq("v$_":1) } 1 .. 1001) . '}}' ],
  [ 413, '/vars', 'review_max_chunk_size',
    qq({"chunk":"a",$::Points,"vars":{"a":") . 'x' x 500 . '","b":"'
    . 'y' x 499 . '"}}' ] ]

=== TEST 66: what a prompt names is there, or the prompt says that it may not be
--- refused
422 /vars/lot point "甲" has "{{vars.lot}}", which would be "{{vars.lot?}}"
{"chunk":"a","vars":{"lots":1},"points":[{"id":"甲","prompt":"{{vars.lot}}"}]}
422 /vars/lot is missing
{"chunk":"a","vars":{"lot":null},"points":[{"id":"a","steps":["x","{{vars.no?}}{{vars.lot}}"]}]}

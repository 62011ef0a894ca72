# Rubrics: whatever is wrong with a file of one is an error of "nginx -t" that
# names the file, the place in it and what was expected there; and what is right
# in it is what a review does: its points, in the order asked for, its model,
# language and words for the LLM, and its name and version in the reply, also
# after it was edited and nginx reloaded.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

use HTTP::Tiny;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

my $conf = "review_llm /llm;\nreview_rubric bid r.json; # <-\n"
           . "server { location = /v1/review { review bid; } }\n";

# a rubric with this point's members, or with these members instead

my $point = '"id":"a","question":"q"';

sub with_point { return qq({"name":"n","points":[{$point,$_[0]}]}) }

sub with { return qq({"name":"n","points":[{$point}],$_[0]}) }

sub only_point { return qq({"name":"n","points":[{"id":"a",$_[0]}]}) }

sub bad {
    my ($name, $message, $rubric) = @_;
    conf_bad($name, "rubric \"DIR/r.json\": $message", $conf,
             'r.json' => $rubric);
}

sub good {
    my ($name, $rubric) = @_;
    conf_good($name, $conf, 'r.json' => $rubric);
}


# what is not a file of a rubric

conf_bad('there is no file',
         'open() "DIR/r.json" failed (2: No such file or directory)', $conf,
         'r.json' => undef);

conf_bad('an absolute path',
         'open() "/nowhere/at/all" failed (2: No such file or directory)',
         "review_rubric a /nowhere/at/all; # <-\n");

my $no_file = 'rubric "DIR/r.json" is not a file of at most 16777216 bytes';

conf_bad('a folder', $no_file, $conf, 'r.json' => sub { mkdir $_[0] });
conf_bad('a device', $no_file, $conf,
         'r.json' => sub { symlink '/dev/zero', $_[0] });
conf_bad('a pipe', $no_file, $conf,
         'r.json' => sub { POSIX::mkfifo($_[0], 0600) });
conf_bad('a huge file', $no_file, $conf, 'r.json' => sub {
    open my $fh, '>', $_[0] or die;
    truncate $fh, 16777217;
});
good('a large file', with_point('"severity":"info"')
                     . ' ' x (16777216 - length with_point('"severity":"info"')));

conf_good('files are named as seen from the configuration', <<'',
review_rubric a rubrics/标书.json;
review_rubric b DIR/rubrics/../link;
review_rubric c "rubrics/with space.json";

    'rubrics/标书.json' => with('"version":"1"'),
    'rubrics/with space.json' => with('"version":"2"'),
    link => sub { symlink 'rubrics/标书.json', $_[0] });

conf_bad('the second of two', 'rubric "DIR/b/r.json": /points: must have 1 to '
         . '1000 points, got 0', <<'',
review_rubric a a/r.json;
review_rubric b b/r.json; # <-

    'a/r.json' => with('"version":"1"'),
    'b/r.json' => '{"name":"n","points":[]}');


# what is not JSON

my $empty = 'the text is empty, JSON was expected';

bad('an empty file', $empty, '');
bad('white space', $empty, " \r\n\t");
bad('a byte order mark and nothing else', $empty, "\xef\xbb\xbf\n");
bad('words', 'line 1, column 1: a value was expected, got name', "name: bid\n");
bad('cut', '/points/0/question: line 3, column 3: the text ends before the '
           . 'JSON does',
    qq({"name":"n","points":[\n{"id":"a","question":\n  ));
bad('cut in a string', '/name: line 1, column 12: the text ends before the '
                       . 'JSON does', '{"name":"标书');
bad('more after it', 'line 2, column 1: nothing may follow the JSON value',
    with('"version":"1"') . "\n{}");
bad('a comma too many', '/points/0: line 3, column 2: the "," before it is one '
                        . 'too many, got }',
    qq({"name":"n","points":[\n{"id":"a","question":"q",\n }]}));
bad('columns are characters', '/points/0/question: line 2, column 29: '
    . '"," or "}" was expected, got "title"',
    qq({"name":"n","points":[\n{"id":"保证金","question":"有？" "title":"t"}]}));
bad('lines may end in CRLF', 'line 3, column 1: a member\'s name in double '
                             . 'quotes was expected, got points',
    qq({\r\n"name":"n",\r\npoints:[]}));
bad('comments', 'line 2, column 3: a member\'s name in double quotes was '
                . 'expected, got /',
    qq({"name":"n",\n  // all of them\n  "points":[]}));
bad('GBK', '/name: line 1, column 10: the byte 0xb1 is not valid UTF-8 here',
    qq({"name":"\xb1\xea\xca\xe9","points":[]}));
bad('a NUL byte', 'line 1, column 13: a member\'s name in double quotes was '
                  . 'expected, got U+0000',
    qq({"name":"n",\0"points":[]}));
bad('a NUL in a string', '/name: line 1, column 11: \u0000 '
                        . '(NUL) is not allowed in a text',
    '{"name":"n\u0000","points":[]}');
bad('half of a surrogate pair', '/name: line 1, column 10: half of a surrogate '
                                . 'pair stands alone',
    '{"name":"\ud83d","points":[]}');
bad('a line break in a string', '/name: line 1, column 11: a control character '
                                . 'in a string must be written \u000a',
    qq({"name":"n\n","points":[]}));
bad('a name that stands twice', '/points/0/id: line 1, column 48: a member of '
                                . 'this name stands before',
    qq({"name":"n","points":[{$point,"id":"b"}]}));
bad('a number too large', '/points/0/max_tokens: line 1, column 61: the number '
                          . 'is too large',
    with_point('"max_tokens":99999999999999999999'));

conf_bad('nested too deeply',
         qr{rubric "\S+/r\.json": /_x(?:/0)+: line 1, column \d+: nested too deeply},
         $conf, 'r.json' => with('"_x":' . '[' x 3000));

good('nested deeply', with('"_x":' . '[' x 1000 . ']' x 1000));


# what is JSON, but no rubric

my $verdicts = 'pass, risk, fail, not_applicable, unsure';
my $members = 'id, title, severity, question, when, rule, check, prompt, steps, '
              . 'max_tokens, temperature, data, agree, llm, params, scope, query, '
              . 'heading, documents, absent, k, max_context, rounds, expand';

for my $case (
    [ '[]', 'a rubric must be an object, got an array' ],
    [ '"标书"', 'a rubric must be an object, got a string' ],
    [ 'null', 'a rubric must be an object, got null' ],
    [ '{}', '"name" is required' ],
    [ '{"name":"n"}', '"points" is required' ],
    [ '{"name":"","points":[]}', '/name: must not be empty' ],
    [ '{"name":1,"points":[]}', '/name: must be a string, got an integer' ],
    [ '{"name":"n","points":{}}', '/points: must be an array, got an object' ],
    [ '{"name":"n","points":["a"]}',
      '/points/0: must be an object, got a string' ],
    [ with('"version":1.0'), '/version: must be a string, got a real number' ],
    [ with('"version":null'), '/version: must be a string, got null' ],
    [ with('"language":"cn"'), '/language: must be one of zh, en, got "cn"' ],
    [ with('"model":true'), '/model: must be a string, got a boolean' ],
    [ with('"system":[]'), '/system: must be a string, got an array' ],
    [ with('"modell":"m"'), '/modell: "modell" is unknown, known are: name, '
                            . 'version, language, model, system, llm, params, '
                            . 'points; did you mean "model"?' ],
    [ with('"a/b~c":1'), '/a~1b~0c: "a/b~c" is unknown, known are: name, '
                         . 'version, language, model, system, llm, params, '
                         . 'points' ],
    [ with_point('"titel":"t"'),
      "/points/0/titel: \"titel\" is unknown, known are: $members; did you "
      . 'mean "title"?' ],
    [ with_point('"When":"t"'),
      "/points/0/When: \"When\" is unknown, known are: $members; did you "
      . 'mean "when"?' ],
    [ '{"name":"n","points":[{"question":"q"}]}',
      '/points/0: "id" is required' ],
    [ '{"name":"n","points":[{"id":"","question":"q"}]}',
      '/points/0/id: must not be empty' ],
    [ '{"name":"n","points":[{"id":"a\tb","question":"q"}]}',
      '/points/0/id: must not have control characters' ],
    [ '{"name":"n","points":[{"id":"' . 'x' x 129 . '","question":"q"}]}',
      '/points/0/id: must not be longer than 128 bytes, got 129' ],
    [ qq({"name":"n","points":[{$point},{"id":"b","question":"q"},{$point}]}),
      '/points/2/id: "a" is the id of /points/0 already' ],
    [ '{"name":"n","points":[{"id":"a"}]}', '/points/0: one of "question", '
      . '"prompt", "steps", "rule", "check" is required' ],
    [ with_point('"severity":"high"'), '/points/0/severity: must be one of '
      . 'fatal, major, minor, info, got "high"' ],
    [ with_point('"title":7'), '/points/0/title: must be a string, got an '
                               . 'integer' ],
    [ only_point('"question":""'), '/points/0/question: must not be empty' ],
    [ with_point('"max_tokens":"100"'), '/points/0/max_tokens: must be an '
      . 'integer from 1 to 1000000, got a string' ],
    [ with_point('"max_tokens":0'), '/points/0/max_tokens: must be an '
      . 'integer from 1 to 1000000, got 0' ],
    [ with_point('"temperature":2.1'), '/points/0/temperature: must be a '
      . 'number from 0 to 2, got 2.1' ],
    [ with_point('"steps":[]'), '/points/0/steps: must have 1 to 16 steps, '
                                . 'got 0' ],
    [ with_point('"steps":[' . '"s",' x 16 . '"s"]'),
      '/points/0/steps: must have 1 to 16 steps, got 17' ],
    [ with_point('"steps":["s",{}]'), '/points/0/steps/1: must be a string, '
                                      . 'got an object' ],
    [ with_point('"prompt":"p","steps":["s"]'),
      '/points/0/steps: must not stand beside "prompt"' ],

    # regexes

    [ with_point('"when":["a"]'), '/points/0/when: must be a regex or an '
                                  . 'object, got an array' ],
    [ with_point('"when":{"pattern":"("}'), '/points/0/when/pattern: is not a '
                                            . 'valid regex: missing closing '
                                            . 'parenthesis, at byte 1 of "("' ],
    [ with_point('"when":""'), '/points/0/when: must not be empty' ],
    [ with_point('"when":"' . 'x' x 4097 . '"'),
      '/points/0/when: must not be longer than 4096 bytes, got 4097' ],
    [ only_point('"rule":7'), '/points/0/rule: must be a regex or an object, '
                              . 'got an integer' ],
    [ only_point('"rule":{}'), '/points/0/rule: "pattern" is required' ],
    [ only_point('"rule":{"pattern":"x","match":"yes"}'),
      "/points/0/rule/match: must be one of $verdicts, got \"yes\"" ],
    [ only_point('"rule":{"pattern":"x","reasons":""}'),
      '/points/0/rule/reasons: "reasons" is unknown, known are: pattern, '
      . 'match, no_match, reason, suggestion, raw; did you mean "reason"?' ],
    (map { [ only_point("\"rule\":\"x\",\"$_\":1"),
             "/points/0/$_: must not stand beside \"rule\", which asks no "
             . 'LLM' ] } qw(prompt steps max_tokens temperature data)),

    # templates

    [ only_point('"prompt":7'), '/points/0/prompt: must be a string, got an '
                                . 'integer' ],
    [ only_point('"prompt":""'), '/points/0/prompt: must not be empty' ],
    [ only_point('"prompt":"见\n  {{chunks}}"'), '/points/0/prompt: line 2, '
      . 'column 3: "chunks" is unknown, known are: chunk, heading, references, '
      . 'answer, point.id, point.title, point.question, point.severity, '
      . 'vars.NAME; "{{{{" stands for "{{" itself' ],
    [ only_point('"prompt":"{{chunk}"'), '/points/0/prompt: line 1, column 1: '
      . '"{{" has no "}}" on its line; "{{{{" stands for "{{" itself' ],
    [ only_point('"steps":["a","{{vars.a b}}"]'), '/points/0/steps/1: line 1, '
      . 'column 1: "vars.a b" is no name: after "vars." come letters, digits, '
      . '"_", "." or "-"' ],
    [ only_point('"prompt":"' . '{{chunk}}' x 65 . '"'), '/points/0/prompt: '
      . 'line 1, column 577: "{{" stands here once more than the 64 times '
      . 'allowed' ],

    # schemas

    [ with_point('"data":[]'), '/points/0/data: must be an object, got an '
                               . 'array' ],
    [ with_point('"data":{"type":"text"}'), '/points/0/data/type: must be one '
      . 'of null, boolean, integer, number, string, array, object, got "text"' ],
    [ with_point('"data":{"type":["string",7]}'), '/points/0/data/type/1: must '
      . 'be one of null, boolean, integer, number, string, array, object, got '
      . '7' ],
    [ with_point('"data":{"properties":{"价格":{"type":"number",'
                 . '"pattern":"x"}}}'),
      '/points/0/data/properties/价格/pattern: the keyword "pattern" is not '
      . 'supported' ],
    [ with_point('"data":{"properties":{"a":{"x-note":1}}}'),
      '/points/0/data/properties/a/x-note: the keyword "x-note" is not '
      . 'supported' ],
    [ with_point('"data":{"$ref":"#/a"}'),
      '/points/0/data/$ref: the keyword "$ref" is not supported' ],
    [ with_point('"data":{"required":"a"}'),
      '/points/0/data/required: must be an array, got "a"' ],
    [ with_point('"data":{"enum":[]}'),
      '/points/0/data/enum: must not be empty' ],
    [ with_point('"data":{"minItems":-1}'),
      '/points/0/data/minItems: must be an integer of at least 0, got -1' ],
    [ with_point('"data":{"maximum":"9"}'),
      '/points/0/data/maximum: must be a number, got "9"' ],
    [ with_point('"data":{"properties":{"a":7}}'),
      '/points/0/data/properties/a: must be a schema, an object, got 7' ],
    [ with_point('"data":' . '{"items":' x 32 . '{}' . '}' x 32),
      '/points/0/data' . '/items' x 32 . ': schemas are nested deeper than 32' ],
) {
    my ($rubric, $message) = @$case;
    bad(substr($rubric, 0, 90), $message, $rubric);
}

# the library's own words follow, and the regex

for my $case (
    [ '/points/0/when', '保证金(', with_point('"when":"保证金("') ],
    [ '/points/0/when', '\p{Nothing}', with_point('"when":"\\\\p{Nothing}"') ],
    [ '/points/0/when', '一', with_point('"when":"' . '一' x 1000 . '("') ],
    [ '/points/0/rule', '[a', only_point('"rule":"[a"') ],
    [ '/points/0/rule/pattern', '*', only_point('"rule":{"pattern":"*"}') ],
    [ '/points/1/rule/pattern', '(?<a',
      qq({"name":"n","points":[{$point},)
      . '{"id":"b","rule":{"match":"fail","pattern":"(?<a"}}]}' ],
) {
    my ($pointer, $regex, $rubric) = @$case;
    conf_bad("a bad regex at $pointer: " . substr($regex, 0, 60),
             qr{rubric "\S+/r\.json": $pointer: is not a valid regex: .+\Q$regex\E.*},
             $conf, 'r.json' => $rubric);
}

conf_bad('too many points', 'rubric "DIR/r.json": /points: must have 1 to 1000 '
                            . 'points, got 1001',
         $conf, 'r.json' => '{"name":"n","points":['
             . join(',', map { qq({"id":"$_","rule":"x"}) } 1 .. 1001) . ']}');


# what is right

good('a byte order mark', "\xef\xbb\xbf" . with('"version":"1"'));
good('CRLF', join "\r\n", split /(?<=,)/, with('"version":"1"'));
good('comments', '{"$schema":"s","_":[null,{"_":1}],"x-a":1,"name":"n",'
     . '"points":[{"_a":1,"x-":{},"$id":2,"id":"a","rule":{"$comment":"c",'
     . '"pattern":"x","_x":1,"x-y":[]}}]}');
good('empty texts', '{"name":"n","version":"","model":"","system":"",'
     . '"points":[{"id":"a","title":"","rule":{"pattern":"x","reason":"",'
     . '"suggestion":""}}]}');
good('a point with all members', with_point('"title":"t","severity":"fatal",'
     . '"when":"保证金|(?i)bond","prompt":"{{ chunk }}{{{{{{vars.项目-1.a_b}}",'
     . '"max_tokens":1000000,"temperature":2,"data":{"$schema":"s","$id":"i",'
     . '"$comment":"c","type":["object","null"],"properties":{"价":{"anyOf":'
     . '[{"type":"number","minimum":0,"exclusiveMaximum":1e9},{"const":null}],'
     . '"description":"d","title":"t","default":0,"examples":[1],"format":"f"},'
     . '"list":{"type":"array","items":{"enum":[1,"a",null]},"minItems":0,'
     . '"maxItems":3}},"required":["价"],"additionalProperties":false}'));
good('as many steps as there may be',
     only_point('"steps":[' . '"s",' x 15 . '"s"]'));
good('as many names in a template as there may be',
     only_point('"prompt":"' . '{{chunk}}' x 64 . '"'));
good('as deep a schema as there may be',
     with_point('"data":' . '{"items":' x 31 . '{}' . '}' x 31));
good('as many points as there may be', '{"name":"n","points":['
     . join(',', map { qq({"id":"$_","rule":"x"}) } 1 .. 1000) . ']}');
good('as long a regex as there may be', with_point('"when":"' . 'x' x 4096
                                                   . '"'));
good('ids in any script', qq({"name":"n","points":[{"id":"保证金",)
     . '"question":"q"},{"id":"' . '标' x 42 . 'ab","question":"q"},'
     . '{"id":"A","question":"q"},{"id":"a","question":"q"}]}');


# what a rubric does

$ENV{TEST_NGINX_HTML_DIR} ||= Test::Nginx::Util::html_dir();

Test::Nginx::Util::no_shuffle();    # the last block's nginx is reloaded below
Test::Nginx::Util::master_on();
Test::Nginx::Util::workers(1);

# two rubrics for the blocks, which are written for each of them

my %files = (
    bid => <<'', other => <<'');
{
    "name": "标书审核", "version": "2.1 beta", "language": "en",
    "model": "rubric-model", "system": "You are \"Ms Li\".\n",
    "points": [
        { "id": "b", "title": "投标保证金", "severity": "fatal",
          "question": "[[echo]]", "max_tokens": 600, "temperature": 0.25 },
        { "id": "a", "rule": "投标" },
        { "id": "gated", "when": "质保期", "question": "[[500]]" },
        { "id": "c", "severity": "info",
          "rule": { "pattern": "没有", "no_match": "not_applicable" } }
    ]
}

{ "name": "另一个", "model": "", "system": "",
  "points": [ { "id": "b", "question": "[[echo]]" },
              { "id": "z", "rule": "没有" } ] }

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    return if defined $block->user_files;

    $block->set_value(user_files => [ map { [ "$_.json", $files{$_} ] }
                                          sort keys %files ]);
});

review_http('review_llm /llm model=common;',
            map { "review_rubric $_;" }
                'bid $TEST_NGINX_HTML_DIR/bid.json',
                'other $TEST_NGINX_HTML_DIR/other.json',
                'copy $TEST_NGINX_HTML_DIR/other.json');

run_tests();


# what it does after a reload: the last block's nginx still runs

my $json = JSON::PP->new->utf8;
my $file = Test::Nginx::Util::html_dir() . '/rubric.json';
my $url = "http://127.0.0.1:$Test::Nginx::Util::ServerPortForClient";
my $slow = $ENV{TEST_REVIEW_ASAN} ? 3 : 1;

sub put {
    my ($text) = @_;
    open my $fh, '>', "$file.new" or die "$file.new: $!\n";
    print $fh $text;
    close $fh or die "$file.new: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}

sub version {
    my ($version, @ids) = @_;
    return $json->encode({ name => "v$version", version => "$version",
                           points => [ map { { id => $_, rule => 'x' } } @ids ]
                         });
}

# a review, in short: the version of the rubric, and the points

sub review {
    my $res = HTTP::Tiny->new->post("$url/v1/review", {
        headers => { 'Content-Type' => 'application/json' },
        content => '{"chunk":"x"}',
    });
    my $reply = eval { $json->decode($res->{content}) };
    return $res->{content} if !$reply || !$reply->{rubric};
    return join ' ', $reply->{rubric}{version},
                     map { $_->{point} } @{ $reply->{results} };
}

sub reload {
    open my $fh, '<', $Test::Nginx::Util::PidFile or die "no nginx: $!\n";
    kill HUP => <$fh>;
}

# an old worker may still accept while it is told to stop

sub becomes {
    my ($code, $wanted, $name) = @_;
    my $end = time + Review::patience();
    my $got;

    while (($got = $code->()) ne $wanted && time < $end) {
        sleep 0.02;
    }

    is($got, $wanted, $name);
}

# the number of lines of the error log that match

sub said {
    my ($regex) = @_;
    open my $fh, '<', $Test::Nginx::Util::ErrLogFile or return 0;
    return scalar grep { /$regex/ } <$fh>;
}

is(review(), '1 a', 'reload: the first version');

put(version(2, 'b', 'c'));
is(review(), '1 a', 'reload: a file that was edited is not read until then');

reload();
becomes(\&review, '2 b c', 'reload: the second version');

put('{"name":"v3","points":[}');
reload();
becomes(sub { said(qr{\[emerg\] .*rubric ".*/rubric\.json": .*line 1, column 2}) },
        1, 'reload: a mistake is told');
becomes(\&review, '2 b c', 'reload: and what was there stays');

unlink $file;
reload();
becomes(sub { said(qr/\[emerg\] .*open\(\) ".*rubric\.json" failed/) }, 1,
        'reload: a file that is gone is told');
becomes(\&review, '2 b c', 'reload: what was there stays again');

# one review goes on through a reload

my $sock = IO::Socket::INET->new($url =~ m{//(.*)}) or die "connect: $!\n";
my $body = '{"chunk":"x","points":["c",{"id":"slow","question":'
           . "\"[[delay=@{[ 1000 * $slow ]}]]\"}]}";
print $sock "POST /v1/review HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
$sock->flush;
llm_wait(calls => 1, timeout => 30000);

put(version(4, 'd'));
reload();
becomes(\&review, '4 d', 'reload: the fourth version');

my $reply = do { local $/; <$sock> };
like($reply, qr/"version":"2"/, 'reload: a review in flight keeps its rubric');
like($reply, qr/"point":"c","status":"ok".*"point":"slow","status":"ok"/s,
     'reload: and its points');

__DATA__

=== TEST 1: the location's rubric: its points in the order of the file
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"本次投标的保证金"}
--- json
status eq "complete"
rubric eq {"name":"标书审核","version":"2.1 beta"}
results.*.point eq ["b","a","gated","c"]
results.*.status eq ["ok","ok","skipped","ok"]
results.0.finding.severity eq "fatal"
results.1.finding.severity eq "major"
results.1.finding.evidence.0.start eq 2
results.1.finding.reason eq "The text has what the rule looks for."
results.3.finding.verdict eq "not_applicable"
results.3.finding.severity eq "info"
results.3.finding.reason eq "The text does not have what the rule looks for."
results.0.model eq "rubric-model"
results.1.model eq null
usage.calls eq 1
--- llm_calls
count eq 1
0.body.model eq "rubric-model"
0.body.max_tokens eq 600
0.body.temperature eq 0.25
0.body.messages len 2
0.body.messages.0.role eq "system"
0.body.messages.0.content like /^You are "Ms Li"\.\n/
0.body.messages.0.content like /The final answer must be/
0.body.messages.0.content unlike /experienced reviewer|资深/
0.body.messages.1.content like /本次投标的保证金.*投标保证金.*fatal.*\[\[echo\]\]/s



=== TEST 2: which rubric: the location's, the request's over it, or none
--- config
    location = /bid { review bid; }
    location = /none { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { my ($uri, $more) = @$_; "$uri\n" . qq({"chunk":"投标"$more}) }
  [ '/bid', ',"points":["a"]' ],
  [ '/bid', ',"points":["a"],"rubric":null' ],
  [ '/bid', ',"rubric":"other"' ],
  [ '/none', ',"points":["z"],"rubric":"copy"' ],
  [ '/none', ',"points":["a","gated"],"rubric":"bid"' ],
  [ '/none', ',"points":[{"id":"own","question":"[[echo]]"}]' ] ]
--- json eval
[
    (qq(rubric.name eq "标书审核"\nresults.*.point eq ["a"])) x 2,
    qq(rubric eq {"name":"另一个","version":""}\n)
        . qq(results.*.point eq ["b","z"]\n)
        . qq(results.0.finding.reason like /"model":"common"/\n)
        . qq(results.0.finding.reason like /资深的招标/\n)
        . qq(results.0.finding.reason unlike /max_tokens/\n)
        . qq(results.0.finding.severity eq "major"\n)
        . qq(results.1.finding.reason eq "本文没有规则所述的文字。"),
    qq(rubric.name eq "另一个"\nresults.*.point eq ["z"]),
    qq(rubric.name eq "标书审核"\nresults.*.status eq ["ok","skipped"]),
    qq(rubric eq null\nresults.*.point eq ["own"]\n)
        . qq(results.0.finding.reason like /"model":"common"/\n)
        . qq(results.0.finding.reason like /资深的招标/),
]



=== TEST 3: rubrics that are asked for wrongly
--- config
    location = /bid { review bid; }
    location = /none { review; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { my ($uri, $more) = @$_; "$uri\n" . qq({"chunk":"投标"$more}) }
  [ '/bid', ',"rubric":"标书审核"' ],
  [ '/bid', ',"rubric":"bi"' ],
  [ '/bid', ',"rubric":""' ],
  [ '/bid', ',"rubric":{"name":"bid"}' ],
  [ '/none', '' ],
  [ '/none', ',"points":["a"]' ],
  [ '/bid', ',"points":["a"],"rubric":"other"' ],
  [ '/bid', ',"points":["b","","a"]' ],
  [ '/bid', ',"points":["b","A"]' ],
  [ '/bid', ',"points":[]' ] ]
--- error_code eval
[422, 422, 422, 422, 400, 422, 422, 422, 422, 400]
--- problem eval
[
    qq(pointer eq "/rubric"\ndetail eq "no rubric has the name \\"标书审核\\""),
    qq(pointer eq "/rubric"\ndetail eq "no rubric has the name \\"bi\\""),
    qq(pointer eq "/rubric"\ndetail eq "no rubric has the name \\"\\""),
    qq(pointer eq "/rubric"\ndetail like /"inline=on" is not set/),
    qq(pointer eq "/points"\ndetail like /missing, and so is a rubric/),
    qq(pointer eq "/points/0"\ndetail like /no rubric/),
    qq(pointer eq "/points/0"\n)
        . qq(detail eq "the rubric \\"另一个\\" has no point \\"a\\""),
    qq(pointer eq "/points/1"\n)
        . qq(detail eq "the rubric \\"标书审核\\" has no point \\"\\""),
    qq(pointer eq "/points/1"\n)
        . qq(detail eq "the rubric \\"标书审核\\" has no point \\"A\\""),
    qq(pointer eq "/points"\ndetail like /empty/),
]
--- llm_calls
count eq 0



=== TEST 4: points by id and points of the request's own, in the order asked
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"投标","points":["c",
    {"id":"own","question":"[[echo]]","severity":"minor","$comment":"x"},
    "b",{"id":"a","rule":"不同的规则"},"gated"]}
--- json
results.*.point eq ["c","own","b","a","gated"]
results.*.status eq ["ok","ok","ok","ok","skipped"]
results.1.finding.severity eq "minor"
results.1.finding.reason like /"model":"rubric-model"/
results.1.finding.reason like /Ms Li/
results.1.finding.reason unlike /max_tokens/
results.2.finding.reason like /"max_tokens":600/
results.3.finding.verdict eq "fail"
rubric.name eq "标书审核"
--- llm_calls
count eq 2



=== TEST 5: the same rubric again and again, on one connection
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Content-Type: application/json
--- pipelined_requests eval
[ map { "POST /v1/review\n" . $_ }
      '{"chunk":"投标","points":["c","a"]}',
      '{"chunk":"投标","points":["nothing"]}',
      '{"chunk":"没有质保期","points":["c",{"id":"a","rule":"(?i)X"}]}',
      '{"chunk":"投标","points":["a"],"rubric":"bid"}',
      '{"chunk":"投标","points":["z"],"rubric":"other"}',
      '{"chunk":"投标","points":["a","c"]}' ]
--- error_code eval
[200, 422, 200, 200, 200, 200]
--- json eval
[
    qq(results.*.finding.verdict eq ["not_applicable","pass"]),
    undef,
    qq(results.*.finding.verdict eq ["pass","fail"]),
    qq(results.*.finding.verdict eq ["pass"]),
    qq(rubric.name eq "另一个"\nresults.*.finding.verdict eq ["fail"]),
    qq(rubric.version eq "2.1 beta"\n)
        . qq(results.*.finding.verdict eq ["pass","not_applicable"]),
]



=== TEST 6: points that are asked for wrongly
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { qq({"chunk":"投标","points":[$_]}) }
  '"a","b","a"',
  '"a",{"id":"a","question":"q"}',
  '{"id":"own","rule":"x"},{"id":"own","rule":"y"}',
  '"a",7',
  '"a",null',
  '"a",{"id":"own"}',
  '"a",{"id":"own","question":"q","severity":"high"}',
  '"a",{"id":"own","question":"q","when":"("}',
  '"a",{"id":"own","rule":{"pattern":"[","match":"fail"}}',
  '"a",{"id":"own","prompt":"{{nothing}}"}',
  '"a",{"id":"own","question":"q","data":{"pattern":"x"}}' ]
--- error_code eval
[422, 422, 422, (400) x 8]
--- problem eval
[ map { qq(pointer eq "$_") }
  '/points/2', '/points/1', '/points/1', '/points/1', '/points/1', '/points/1',
  '/points/1/severity', '/points/1/when', '/points/1/rule/pattern',
  '/points/1/prompt', '/points/1/data/pattern' ]
--- llm_calls
count eq 0



=== TEST 7: the rubric in a stream of events
--- config
    location = /v1/review { review other; }
    $TEST_NGINX_LLM_LOCATION
--- more_headers
Accept: text/event-stream
Content-Type: application/json
--- json_request
{"chunk":"投标","rubric":"bid","points":["a","gated"]}
--- sse
events eq ["result","progress","result","progress","done"]
result.*.point eq ["a","gated"]
done.0.rubric eq {"name":"标书审核","version":"2.1 beta"}
done.0.results.*.status eq ["ok","skipped"]



=== TEST 8: prompts, steps and data of a rubric
--- user_files
>>> other.json
{"name":"n","points":[{"id":"x","rule":"x"}]}
>>> bid.json
{"name":"n","language":"en","points":[
    {"id":"p","title":"工期","prompt":"{{point.title}}/{{point.id}}/{{vars.lot}} [[echo]]"},
    {"id":"s","question":"够不够？","steps":["列出业绩 [[raw=三个项目]]",
        "{{answer}}：{{point.question}} [[echo]]"]},
    {"id":"d","question":"金额？[[data={\"price\":98}]]",
     "data":{"type":"object","properties":{"price":{"type":"number"}},
             "required":["price"]}}]}
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"投标","vars":{"lot":2}}
--- json
results.*.status eq ["ok","ok","ok"]
results.*.attempts eq [1,2,1]
results.0.finding.reason like /工期\/p\/2 /
results.1.finding.reason like /三个项目：够不够？/
results.2.finding.data eq {"price":98}
--- llm_calls
count eq 4



=== TEST 9: regexes of a rubric that take too long
--- user_files
>>> other.json
{"name":"n","points":[{"id":"x","rule":"x"}]}
>>> bid.json
{"name":"n","points":[
    {"id":"rule","rule":"^(a|aa|a+)+$"},
    {"id":"when","when":"^(a|aa|a+)+$","question":"q"},
    {"id":"good","rule":"a+"}]}
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
'{"chunk":"' . 'a' x 5000 . 'b"}'
--- json
results.*.status eq ["failed","ok","ok"]
results.0.error.code eq "regex_limit"
results.0.attempts eq 0
--- llm_calls
count eq 1



=== TEST 10: patterns for the text itself alone, and for its folded form
--- user_files
>>> other.json
{"name":"n","points":[{"id":"x","rule":"x"}]}
>>> bid.json
{"name":"n","points":[
    {"id":"a","when":{"pattern":"有效期"},"rule":{"pattern":"90天","raw":true}},
    {"id":"b","when":{"pattern":"有效期","raw":true},"rule":"90天"}]}
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"有效\n期：90天"}
--- json
results.*.status eq ["ok","skipped"]



=== TEST 11: the nginx that is reloaded afterwards
--- main_config
worker_shutdown_timeout 20s;
--- user_files
>>> rubric.json
{"name":"v1","version":"1","points":[{"id":"a","rule":"x"}]}
--- http_config
$TEST_NGINX_LLM_UPSTREAM
    review_llm /llm model=m;
    review_rubric bid $TEST_NGINX_HTML_DIR/rubric.json;
--- config
    location = /v1/review { review bid; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"x"}
--- json
rubric.version eq "1"
--- allow_log: emerg

# review_split: a text, as JSON or as it is, is cut into chunks whose offsets,
# hashes and headings are right and which make the text again; a law is cut
# between its articles.  Each option is heeded wherever it is given, and what is
# wrong with one is said, by "nginx -t" or with a pointer.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

use Digest::SHA qw(sha256_hex);
use Encode qw(decode encode);
use JSON::PP ();
use List::Util qw(min);
use Test::More ();

# --- whole: the text that the chunks make again
# --- lines: checks of a reply in lines, a list of what is in each
# --- law: max_chars and overlap that t/data/招标投标法.md was cut with

review_section(qw(whole lines law));

my $Config = <<'END';
    location = /split { review_split; }
    location = /small { review_split max_chars=30 overlap=5; }
    location = /tokens { review_split unit=tokens keep_tables=off max_chars=9; }
    location = /limit { review_split; review_max_text_size 30; }
    location = /off { review_split; review_thread_pool off; }
    location = /all { review_split; review_thread_pool default threshold=1; }
    location = /except { review_split; limit_except POST { deny all; } }
    location = /no_post { review_split; limit_except GET { deny all; } }
    location = /if {
        review_split max_chars=5;
        if ($arg_a) { set $x 1; }
    }
    location = /named { error_page 418 = @named; return 418; }
    location @named { review_split max_chars=5; }
    location = /file { review_split; client_body_in_file_only clean; }
    location = /zipped {
        review_split max_chars=100;
        gzip on;
        gzip_types application/json application/x-ndjson;
    }
    location = /big { review_split; client_max_body_size 10; }
END

our $Articles = "第一条 甲甲甲。\n\n第二条 乙乙乙乙乙乙乙乙乙甲甲甲。\n\n"
                . "第三条 丙丙丙丙丙。";
our $Table = "前言。\n\n|项|值|\n|--|--|\n" . "|甲甲甲甲|乙|\n" x 10;
our $Law = do {
    open my $fh, '<', "$ENV{TEST_NGINX_DATA}/招标投标法.md" or die "law: $!\n";
    local $/;
    <$fh>;
};

our $Json = JSON::PP->new->utf8->canonical;

# a request's JSON; other members as they are

sub body {
    my ($text, %more) = @_;
    return $Json->encode({ text => decode('UTF-8', $text), %more });
}

sub long { return $Articles x 40000 }

sub post {
    my ($uri, $body, @headers) = @_;
    my $headers = join '', map { "$_\r\n" } @headers;
    $headers .= "Content-Type: text/plain\r\n"
        if $headers !~ /^Content-Type/mi;
    return "POST $uri HTTP/1.1\r\nHost: test\r\nConnection: close\r\n$headers"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


# what a reply must be

sub chunks_of {
    my ($body) = @_;
    return [ map { $Json->decode($_) } split /\n/, $body ]
        if $body !~ /^\{"chunks"/;

    my $reply = $Json->decode($body);
    die "count\n" if $reply->{count} != @{ $reply->{chunks} };
    return $reply->{chunks};
}

# the first thing that is wrong, or nothing

sub faults {
    my ($source, $chunks) = @_;
    my ($text, $at, $n) = (decode('UTF-8', $source), 0, 0);

    for my $chunk (@$chunks) {
        my ($start, $end) = @$chunk{qw(start end)};
        my $table = $chunk->{table_header} // { start => 0, end => 0 };
        my ($from, $to) = @$table{qw(start end)};
        my $own = substr($text, $from, $to - $from)
                  . substr $text, $start, $end - $start;

        return "id $chunk->{id}" if $chunk->{id} ne 'c' . ++$n;
        return "a gap before $chunk->{id}" if $start + $chunk->{overlap} != $at;
        return "nothing in $chunk->{id}" if $end <= $at;
        return "the text of $chunk->{id}" if $own ne $chunk->{text};
        return "the hash of $chunk->{id}"
            if sha256_hex(encode('UTF-8', $own)) ne $chunk->{sha256};
        $at = $end;
    }

    return $at == length $text ? undef : "the end is at $at";
}

# lines of a law that are not blank: [start, end, title or not, [headings]]

sub law_lines {
    my ($text) = @_;
    my (@lines, @path);

    while ($text =~ /^(.*)$/mg) {
        my ($start, $line) = ($-[1], $1);
        my $title = 0;
        next if $line !~ /\S/;

        if ($line =~ /^(#+)\s+(.*\S)/) {
            splice @path, length($1) - 1;
            push @path, $2;
            $title = 1;

        } elsif ($line =~ /^(\x{7b2c}[^\s\x{6761}]+\x{6761})\s/) {
            splice @path, 2;
            push @path, $1;
        }

        push @lines, [ $start, $start + length $line, $title, [@path] ];
    }

    return @lines;
}

# the headings that all of [start, end) stands under; none if it is blank

sub heading_of {
    my ($start, $end, @lines) = @_;
    @lines = grep { $_->[1] > $start && $_->[0] < $end } @lines;
    return if !@lines;

    shift @lines while @lines > 1 && $lines[0][2];

    my @path = @{ $lines[0][3] };
    for my $line (@lines) {
        my $n = 0;
        $n++ while $n < min(scalar @path, scalar @{ $line->[3] })
                   && $path[$n] eq $line->[3][$n];
        splice @path, $n;
    }
    return \@path;
}

sub law_faults {
    my ($max, $overlap, $chunks) = @_;
    my $text = decode('UTF-8', $Law);
    my @lines = law_lines($text);
    my (@starts, $articles);

    for my $chunk (@$chunks) {
        my $body = $chunk->{start} + $chunk->{overlap};
        my $want = heading_of($body, $chunk->{end}, @lines);

        $body++ while substr($text, $body, 1) =~ /\s/;
        push @starts, $body;
        return "$chunk->{id} is too long" if length $chunk->{text} > $max;
        return "$chunk->{id} overlaps too much" if $chunk->{overlap} > $overlap;
        return "the heading of $chunk->{id}: " . $Json->encode($want)
            if $want && "@$want" ne "@{ $chunk->{heading} }";
    }

    my %starts = map { $_ => 1 } @starts;

    while ($text =~ /^(\x{7b2c}[^\s\x{6761}]+\x{6761})\s.*?\S(?=\s*(?:^\x{7b2c}
                     [^\s\x{6761}]+\x{6761}\s|^\#|\z))/gmsx)
    {
        my ($start, $end) = ($-[0], $+[0]);
        my $title = substr($text, 0, $start) =~ /^(#.*\s+)\z/m ? length $1 : 0;
        $articles++;
        next if $starts{$start} || $starts{$start - $title};
        next if grep { $_->{start} + $_->{overlap} <= $start
                       && $_->{end} >= $end } @$chunks;
        return 'an article is cut, and does not begin its chunk: '
               . encode('UTF-8', $1);
    }

    return $articles == 68 ? undef : "$articles articles";
}

add_response_body_check(sub {
    my ($block, $body, $n) = @_;
    my $name = $block->name;

    if (defined $block->lines) {
        my $lines = eval { [ map { $Json->decode($_) } split /\n/, $body ] };
        Test::More::like($body, qr/\n\z/, "$name - lines: all have an end");
        json_checks("$name - lines", $block->lines, $lines);
    }

    my $whole = $block->whole;
    $whole = $whole->[$n] if ref $whole;
    $whole = $Law if defined $block->law;
    return if !defined $whole;

    my $chunks = eval { chunks_of($body) } // [];
    Test::More::is(faults($whole, $chunks), undef, "$name - whole $n")
        or Test::More::diag(substr $body, 0, 2000);

    if (defined $block->law) {
        Test::More::is(law_faults(split(' ', $block->law), $chunks), undef,
                       "$name - law");
    }
});

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => $Config) if !defined $block->config;

    if (defined $block->law) {
        my ($max, $overlap) = split ' ', $block->law;
        $block->set_value(request => "POST /split?max_chars=$max"
                                     . "&overlap=$overlap\n$Law");
        $block->set_value(more_headers => "Content-Type: text/markdown");
    }
});


# the configuration

conf_good('review_split everywhere it may stand', <<'');
review_max_text_size 1;
review_thread_pool off;
server {
    review_max_text_size 64m;
    review_thread_pool default;
    location = /a { review_split; }
    location = /b { review_split max_chars=1; }
    location = /c { review_split max_chars=1000000000 overlap=999999999; }
    location = /d {
        review_max_text_size 1024m;
        review_thread_pool default threshold=1m;
        review_split keep_tables=off unit=tokens overlap=0 max_chars=7;
    }
    location /e {
        review_split unit=chars keep_tables=on;
        location /e/f { review_split; review_extract /x; }
        location /e/g { review_extract off; review_split; }
        if ($arg_a) { set $x 1; }
    }
}

for my $case (
    [ 'max_chars=0',
      'must be an integer from 1 to 1000000000, got "0"' ],
    [ 'max_chars=1000000001',
      'must be an integer from 1 to 1000000000, got "1000000001"' ],
    [ 'max_chars=', 'must be an integer from 1 to 1000000000, got ""' ],
    [ 'max_chars=2k', 'must be an integer from 1 to 1000000000, got "2k"' ],
    [ 'max_chars=-1', 'must be an integer from 1 to 1000000000, got "-1"' ],
    [ 'overlap=x', 'must be an integer from 0 to 1000000000, got "x"' ],
    [ 'unit=words', 'must be "chars" or "tokens", got "words"' ],
    [ 'unit=', 'must be "chars" or "tokens", got ""' ],
    [ 'keep_tables=maybe', 'must be on or off, got "maybe"' ])
{
    my ($param, $why) = @$case;
    my ($name) = split /=/, $param;
    conf_bad("review_split $param", qq("$param": "$name" $why), <<"");
server {
    location / {
        review_split $param; # <-
    }
}

}

conf_bad("review_split with $_", qr/invalid parameter "\Q$_\E"/, <<"")
server {
    location / {
        review_split max_chars=7 $_; # <-
    }
}

    for 'foo', 'foo=1', 'max_char=1', '=1', 'MAX_CHARS=1', 'off';

conf_bad('overlap that is not less than max_chars',
         qr/"review_split": must be less than max_chars.*/, <<'');
server {
    location / {
        review_split overlap=2000; # <-
    }
}

conf_bad('review_split twice', '"review_split" directive is duplicate', <<'');
server {
    location / {
        review_split;
        review_split; # <-
    }
}

conf_bad("review_split beside $_", qr/.*/, <<"") for 'review', 'review_rank';
review_llm /llm;
server {
    location / {
        $_;
        review_split; # <-
    }
}

conf_bad("review_split in $_->[0]",
         '"review_split" directive is not allowed here', $_->[1])
    for [ 'http', "review_split; # <-\n" ],
        [ 'server', "server {\nreview_split; # <-\n}\n" ],
        [ 'if', "server {\nlocation / {\nif (\$arg_a) {\nreview_split; # <-\n"
                . "}\n}\n}\n" ],
        [ 'limit_except', "server {\nlocation / {\nlimit_except GET {\n"
                          . "review_split; # <-\n}\n}\n}\n" ];

for my $case (
    [ 'review_max_text_size', '1x', 'invalid value' ],
    [ 'review_thread_pool', 'default threshold=x',
      'invalid parameter "threshold=x"' ],
    [ 'review_thread_pool', 'default size=1', 'invalid parameter "size=1"' ],
    [ 'review_thread_pool', '""', qr/.*needs the name of a thread pool/ ])
{
    my ($name, $value, $why) = @$case;
    $why = qr/(?:"$name" directive )?\Q$why\E(?: "\Q$value\E")?/ if !ref $why;
    conf_bad("$name $value", $why, <<"");
server {
    location / {
        $name $value; # <-
        review_split;
    }
}

}

conf_bad("$_ twice", '"' . (split)[0] . '" directive is duplicate', <<"")
server {
    $_;
    $_; # <-
}

    for 'review_max_text_size 1m', 'review_thread_pool off',
        'review_thread_pool default';

run_tests();

__DATA__

=== TEST 1: JSON
--- json_request
/split
{"text": "第一条 甲。\n\n第二条 乙。"}
--- json
chunks.0.id eq "c1"
chunks.0.text eq "第一条 甲。\n\n第二条 乙。"
chunks.0.start eq 0
chunks.0.end eq 14
chunks.0.overlap eq 0
chunks.0.heading eq []
chunks.0.sha256 eq "426f76a35d53c90f6aaf4e68384c83773cb5d48967f704599bb466e744a5a9cf"
chunks.0.table_header missing
chunks.0.oversize missing
chunks.0 len 8
chunks.0.line eq 1
chunks len 1
count eq 1
elapsed_ms ge 0
. len 4
document.pages eq null
document.warnings eq []
--- whole eval
"第一条 甲。\n\n第二条 乙。"
--- llm_calls
count eq 0

=== TEST 2: the directive's parameters
--- json_request eval
"/small\n" . ::body($::Articles)
--- json
count eq 2
chunks.0.end eq 29
chunks.1.heading eq ["第三条"]
--- whole eval
$::Articles

=== TEST 3: the query string overrides the directive, and JSON both
--- json_request eval
[ "/small?overlap=0\n" . ::body($::Articles),
  "/small?max_chars=20\n" . ::body($::Articles),
  "/small?max_chars=1&overlap=0\n" . ::body($::Articles, max_chars => 30),
  "/small?max_chars=8&max_chars=500\n" . ::body($::Articles),
  "/small?max%5Fchars=%35%30%30\n" . ::body($::Articles),
  "/small?&&=&x&y=1&MAX_CHARS=0&max_chars=500&\n" . ::body($::Articles),
  "/small\n" . ::body($::Articles, max_chars => 500, overlap => undef,
                      unit => undef, keep_tables => undef, _more => [1]) ]
--- error_code eval
[ (200) x 7 ]
--- json eval
[ 'count eq 2', 'count gt 2', 'count eq 2', ('count eq 1') x 4 ]
--- whole eval
[ ($::Articles) x 7 ]

=== TEST 4: what is wrong with an option in JSON
--- json_request eval
[ map { "/split\n{\"text\":\"a b\",$_}" }
  '"max_chars":0', '"max_chars":-1', '"max_chars":"1"', '"max_chars":1.5',
  '"max_chars":true', '"max_chars":1000000001', '"max_chars":[1]',
  '"overlap":-1', '"overlap":"x"', '"overlap":1000000001', '"unit":"words"',
  '"unit":"CHARS"', '"unit":1', '"keep_tables":"on"', '"keep_tables":1' ]
--- error_code eval
[ (400) x 15 ]
--- problem eval
[ map { "status eq 400\ntype eq \"about:blank\"\npointer eq \"/$_->[0]\"\n"
        . "detail like /$_->[1]/" }
  [ 'max_chars', 'from 1 to 1000000000, got 0' ],
  [ 'max_chars', 'got -1' ], [ 'max_chars', 'got a string' ],
  [ 'max_chars', 'got a real' ], [ 'max_chars', 'got' ],
  [ 'max_chars', 'got 1000000001' ], [ 'max_chars', 'got an array' ],
  [ 'overlap', 'from 0 to 1000000000, got -1' ],
  [ 'overlap', 'got a string' ], [ 'overlap', 'got 1000000001' ],
  [ 'unit', 'one of chars, tokens, got "words"' ],
  [ 'unit', 'got "CHARS"' ], [ 'unit', 'must be a string' ],
  [ 'keep_tables', 'true or false, got a string' ],
  [ 'keep_tables', 'got an integer' ] ]

=== TEST 5: what is wrong with an option in the query string
--- request eval
[ map { "POST /split?$_\n{\"text\":\"ab cd\"}" }
  'max_chars=0', 'max_chars=', 'max_chars', 'max_chars=1e3', 'max_chars=+1',
  'max_chars=99999999999999999999', 'overlap=-1', 'unit=x', 'unit',
  'keep_tables=maybe', 'keep_tables', 'max%5Fchars=%30', 'max_chars=%ff',
  'max_chars=%00', 'max_chars=%22%3c', 'max_chars=' . '9' x 3000 ]
--- error_code eval
[ (400) x 16 ]
--- problem eval
[ map { "status eq 400\npointer missing\ndetail like /$_/" }
  '^"max_chars" must be an integer from 1 to 1000000000, got "0"$', 'got ""',
  'got ""', 'got "1e3"', 'got "\+1"', 'got "9+"', 'from 0 to', '"unit" must be',
  'got ""', '"keep_tables" must be on or off', 'got ""', 'got "0"',
  'got "[^"]+"$', 'got ".*"$', 'got ""<"', 'got "9+.{0,3}"$' ]

=== TEST 6: an overlap that is not less than max_chars, wherever they stand
--- json_request eval
[ "/split\n" . ::body('a', overlap => 5, max_chars => 5),
  "/split\n" . ::body('a', overlap => 2000),
  "/split?overlap=2000\n" . ::body('a'),
  "/split?overlap=50\n" . ::body('a', max_chars => 50),
  "/small\n" . ::body('a', max_chars => 5),
  "/split?overlap=4000\n" . ::body('a', max_chars => 5000) ]
--- error_code eval
[ (422) x 5, 200 ]
--- problem eval
[ ("status eq 422\npointer eq \"/overlap\"\n"
   . 'detail like /must be less than max_chars, which is \d+, got \d+/') x 5,
  undef ]

=== TEST 7: contradicting options beside a plain text
--- raw_request eval
::post('/split?overlap=2000', 'a')
--- problem
status eq 422
detail like /less than max_chars/

=== TEST 8: bodies that are not what they should be
--- json_request eval
[ map { "/split\n$_" }
  '[]', '"a"', '{}', '{"text":1}', '{"text":null}', '{"text":["a"]}',
  '{"text":""}', '{"text":" \n\t "}', '{"text":"\u3000\u00a0\ufeff"}',
  '{"text":"a"', '{"text":"a"}x', '{"text":"a\u0000b"}', '{"text":"\ud800"}',
  '{"text":"a","text":"b"}', "{\"text\":\"\xff\"}" ]
--- error_code eval
[ (400) x 15 ]
--- problem eval
[ map { "status eq 400\npointer eq \"$_->[0]\"\ndetail like /$_->[1]/" }
  [ '', 'must be an object, got an array' ], [ '', 'got a string' ],
  [ '/text', 'is required' ], [ '/text', 'must be a string, got an integer' ],
  [ '/text', 'is required' ], [ '/text', 'must be a string, got an array' ],
  [ '/text', 'nothing to split' ], [ '/text', 'nothing to split' ],
  [ '/text', 'nothing to split' ], [ '/text', '^line 1, column' ],
  [ '', '^line 1, column' ], [ '/text', 'NUL' ], [ '/text', '.' ],
  [ '/text', '.' ], [ '/text', 'UTF-8' ] ]

=== TEST 9: no body, and blank ones
--- raw_request eval
[ ::post('/split', '', 'Content-Type: application/json') ]
--- problem
status eq 400
pointer eq ""
detail like /empty/

=== TEST 10: a text of nothing
--- raw_request eval
::post('/split', '')
--- problem
status eq 400
detail like /nothing to split/

=== TEST 11: a blank text
--- raw_request eval
::post('/split', " \n\t\r\n　")
--- problem
status eq 400
pointer missing
detail like /nothing to split/

=== TEST 12: a text of a byte order mark
--- raw_request eval
::post('/split', "\xef\xbb\xbf")
--- problem
status eq 400
detail like /nothing to split/

=== TEST 13: no UTF-8, and where
--- raw_request eval
::post('/split', "投标\xff文件")
--- problem
status eq 400
detail eq "the text is not valid UTF-8 at byte 6"

=== TEST 14: a surrogate, and a character cut at the end
--- request eval
[ "POST /split\na\xed\xa0\x80b", "POST /split\n投\xe6\xa0" ]
--- more_headers
Content-Type: text/plain
--- error_code eval
[ 400, 400 ]
--- problem eval
[ 'detail like /at byte 1$/', 'detail like /at byte 3$/' ]

=== TEST 15: texts as they are, of all types that are taken
--- raw_request eval
::post('/small', $::Articles)
--- json
count eq 2
--- whole eval
$::Articles

=== TEST 16: Markdown, the type in capitals, its charset in quotes
--- raw_request eval
::post('/small', "# 甲\n\n乙。", 'Content-Type: TEXT/Markdown;Charset="UTF-8"')
--- json
chunks.0.heading eq ["甲"]
--- whole eval
"# 甲\n\n乙。"

=== TEST 17: US-ASCII
--- raw_request eval
::post('/split', 'abc', 'Content-Type: text/plain; charset=us-ascii')
--- json
chunks.0.text eq "abc"

=== TEST 18: another charset
--- raw_request eval
::post('/split', 'abc', 'Content-Type: text/plain; charset=gbk')
--- problem
status eq 415
detail like /charset must be utf-8/

=== TEST 19: JSON's other types, and none
--- raw_request eval
::post('/split', '{"text":"a"}', 'Content-Type: application/vnd.x+json')
--- json
count eq 1

=== TEST 20: no type is JSON
--- raw_request eval
::post('/split', '{"text":"a"}') =~ s/Content-Type.*?\r\n//r
--- json
count eq 1

=== TEST 21: other types need review_extract
--- request eval
[ ("POST /split\nGIF89a") x 2 ]
--- more_headers
Content-Type: image/gif
--- error_code eval
[ 415, 415 ]
--- problem eval
[ ("status eq 415\ndetail like /review_extract/\npointer missing") x 2 ]

=== TEST 22: an encoded body
--- raw_request eval
::post('/split', 'abc', 'Content-Encoding: gzip')
--- problem
status eq 415
detail like /Content-Encoding/

=== TEST 23: a byte order mark is a part of the text
--- raw_request eval
::post('/small', "\xef\xbb\xbf# 甲\n\n第一条 乙。")
--- json
chunks.0.start eq 0
chunks.0.heading eq ["甲","第一条"]
--- whole eval
"\xef\xbb\xbf# 甲\n\n第一条 乙。"

=== TEST 24: a byte order mark before JSON is none
--- json_request eval
"/split\n\xef\xbb\xbf{\"text\":\"a\"}"
--- json
chunks.0.text eq "a"

=== TEST 25: what is odd in a text
--- raw_request eval
::post('/small', "a\x01\x7f\"\\/ \xe2\x80\xa8 𠮷")
--- json
count eq 1
--- whole eval
"a\x01\x7f\"\\/ \xe2\x80\xa8 𠮷"

=== TEST 26: lines
--- raw_request eval
::post('/small', $::Articles, 'Accept: application/x-ndjson')
--- lines
. len 2
*.id eq ["c1","c2"]
1.heading eq ["第三条"]
-1.count missing
--- whole eval
$::Articles
--- response_headers
Content-Type: application/x-ndjson
Cache-Control: no-cache
X-Accel-Buffering: no

=== TEST 27: lines are the chunks that JSON has
--- request eval
[ map { "POST $_\n$::Law" } '/small', '/all?max_chars=30&overlap=5' ]
--- more_headers
Content-Type: text/plain
Accept: application/x-ndjson
--- error_code eval
[ 200, 200 ]
--- whole eval
[ ($::Law) x 2 ]

=== TEST 28: what is accepted more
--- raw_request eval
::post('/small', $::Articles,
       'Accept: text/html, application/json;q=0.8, application/x-ndjson;q=0.9')
--- lines
. len 2

=== TEST 29: as much as JSON
--- raw_request eval
::post('/small', $::Articles, 'Accept: application/x-ndjson;q=0.5',
       'Accept: application/json;q=0.5')
--- lines
. len 2

=== TEST 30: less than JSON
--- raw_request eval
::post('/small', $::Articles,
       'Accept: application/x-ndjson;q=0.5, application/json')
--- json
count eq 2

=== TEST 31: not at all
--- raw_request eval
::post('/small', $::Articles, 'Accept: application/x-ndjson;q=0')
--- json
count eq 2

=== TEST 32: anything
--- raw_request eval
::post('/small', $::Articles, 'Accept: application/*, */*')
--- json
count eq 2

=== TEST 33: errors are problems, also for who takes lines only
--- raw_request eval
::post('/split', ' ', 'Accept: application/x-ndjson')
--- problem
status eq 400

=== TEST 34: an HTTP/1.0 client
--- raw_request eval
::post('/small', $::Articles) =~ s/HTTP\/1.1/HTTP\/1.0/r
--- json
count eq 2
--- raw_response_headers_unlike: Transfer-Encoding

=== TEST 35: an HTTP/1.0 client that takes lines
--- raw_request eval
::post('/small', $::Articles, 'Accept: application/x-ndjson')
    =~ s/HTTP\/1.1/HTTP\/1.0/r
--- lines
. len 2
--- raw_response_headers_unlike: Transfer-Encoding

=== TEST 36: other methods
--- pipelined_requests eval
[ 'GET /split', 'PUT /split', 'DELETE /split', 'PATCH /split', 'OPTIONS /split',
  "POST /split\n{\"text\":\"a\"}" ]
--- error_code eval
[ (405) x 5, 200 ]
--- problem eval
[ ("status eq 405\ndetail like /\"review_split\" is asked for with POST/") x 5,
  undef ]

=== TEST 37: the method that is allowed is told
--- request
GET /split
--- error_code: 405
--- response_headers
Allow: POST
Content-Type: application/problem+json

=== TEST 38: HEAD
--- request
HEAD /split
--- error_code: 405
--- response_headers
Allow: POST
--- response_body

=== TEST 39: limit_except
--- pipelined_requests eval
[ "POST /except\n" . ::body('a'), 'GET /except', 'GET /no_post',
  "POST /no_post\n" . ::body('a') ]
--- error_code eval
[ 200, 403, 405, 403 ]

=== TEST 40: if keeps the location's parameters
--- json_request eval
[ map { "$_\n" . ::body('甲。' x 5) } '/if', '/if?a=1' ]
--- error_code eval
[ (200) x 2 ]
--- json eval
[ ('count eq 3') x 2 ]

=== TEST 41: a named location
--- json_request eval
"/named\n" . ::body('甲。' x 5)
--- json
count eq 3

=== TEST 42: review_max_text_size
--- json_request eval
[ map { "/limit\n" . ::body($_) } '甲' x 10, '甲' x 10 . 'a' ]
--- error_code eval
[ 200, 413 ]
--- problem eval
[ undef, "status eq 413\npointer eq \"/text\"\n"
         . 'detail like /31 bytes, review_max_text_size allows 30/' ]

=== TEST 43: review_max_text_size of a plain text
--- raw_request eval
::post('/limit', '甲' x 10 . 'a')
--- problem
status eq 413
pointer missing
detail like /review_max_text_size/

=== TEST 44: client_max_body_size
--- raw_request eval
::post('/big', '甲' x 10)
--- problem
status eq 413
detail like /client_max_body_size/

=== TEST 45: the law
--- law: 2000 0
--- json
chunks.*.oversize unlike /true/

=== TEST 46: the law, chunks of about an article
--- law: 200 0

=== TEST 47: the law, smaller than most articles
--- law: 60 0

=== TEST 48: the law, several articles a chunk
--- law: 600 0
--- json
count lt 20

=== TEST 49: the law, with overlap
--- law: 300 80
--- json
chunks.*.overlap like /[1-9]/

=== TEST 50: the law, with an overlap that is nearly all
--- law: 100 99

=== TEST 51: the law, in chunks of a character, or a few
--- law eval: $ENV{TEST_REVIEW_LONG} ? '1 0' : '5 0'

=== TEST 52: a table's rows have its header
--- json_request eval
"/split\n" . ::body($::Table, max_chars => 60)
--- json
count eq 3
chunks.0.table_header missing
chunks.1.table_header eq {"start":5,"end":19}
chunks.2.table_header eq {"start":5,"end":19}
chunks.1.text like /^\|项\|值\|\n\|--\|--\|\n\|甲甲甲甲\|乙\|\n/
--- whole eval
$::Table

=== TEST 53: unless they need not
--- json_request eval
[ "/split?keep_tables=off\n" . ::body($::Table, max_chars => 60),
  "/split\n" . ::body($::Table, max_chars => 60,
                      keep_tables => JSON::PP::false),
  "/split?keep_tables=off\n" . ::body($::Table, max_chars => 60,
                                      keep_tables => JSON::PP::true),
  "/split?keep_tables=0\n" . ::body($::Table, max_chars => 60),
  "/split?keep_tables=true\n" . ::body($::Table, max_chars => 60) ]
--- error_code eval
[ (200) x 5 ]
--- json eval
[ map { "chunks.-1.table_header $_" }
  qw(missing missing exists missing exists) ]
--- whole eval
[ ($::Table) x 5 ]

=== TEST 54: a table that fits is not cut
--- json_request eval
"/split\n" . ::body('甲' x 50 . "。\n\n" . $::Table, max_chars => 120)
--- json
count eq 2
chunks.1.text like /^(?:前言。\n\n)?\|项\|(?:.*\n){12}\z/
--- whole eval
'甲' x 50 . "。\n\n" . $::Table

=== TEST 55: a row that fits nowhere is not cut
--- json_request eval
"/split\n" . ::body("|项|\n|--|\n|" . '甲' x 50 . "|\n|乙|\n", max_chars => 30)
--- json
chunks.*.oversize like /true/
--- whole eval
"|项|\n|--|\n|" . '甲' x 50 . "|\n|乙|\n"

=== TEST 56: overlap is of whole sentences
--- json_request eval
"/split\n" . ::body('一二三四。' x 20, max_chars => 30, overlap => 12)
--- json
chunks.0.overlap eq 0
chunks.1.overlap eq 10
chunks.1.text like /^一二三四。/
--- whole eval
'一二三四。' x 20

=== TEST 57: tokens are not characters
--- json_request eval
[ "/tokens\n" . ::body('word ' x 100),
  "/tokens\n" . ::body('word ' x 100, unit => 'chars'),
  "/split?unit=tokens&max_chars=100\n" . ::body('word ' x 60) ]
--- error_code eval
[ (200) x 3 ]
--- json eval
[ 'count lt 50', 'count ge 56', 'count eq 1' ]
--- whole eval
[ ('word ' x 100) x 2, 'word ' x 60 ]

=== TEST 58: what readers see as one character is not cut
--- json_request eval
"/split\n" . ::body("e\xcc\x81" x 5 . '👨‍👩‍👧' x 3, max_chars => 3)
--- json
chunks.*.text unlike /"[\x{301}\x{200d}]/
--- whole eval
"e\xcc\x81" x 5 . '👨‍👩‍👧' x 3

=== TEST 59: line ends of all kinds
--- json_request eval
"/small\n" . ::body("# 甲\r\n\r\n第一条 乙乙乙乙乙乙。\r\n第二条 丙丙丙丙。\r\r"
                    . "第三条 丁丁丁丁丁丁丁丁丁。\n\n\n")
--- json
count ge 2
--- whole eval
"# 甲\r\n\r\n第一条 乙乙乙乙乙乙。\r\n第二条 丙丙丙丙。\r\r"
. "第三条 丁丁丁丁丁丁丁丁丁。\n\n\n"

=== TEST 60: 4 MB, on a thread and not
--- request eval
[ map { "POST $_\n" . ::long() } '/split', '/off', '/file' ]
--- more_headers
Content-Type: text/plain
--- error_code eval
[ (200) x 3 ]
--- response_body_like eval
[ (qr/"count":[0-9]+,"elapsed_ms":[0-9]+}\z/) x 3 ]

=== TEST 61: large texts that are wrong, on a thread
--- request eval
[ map { "POST $_\n" . ::long() . "\xff" } '/split', '/off' ]
--- more_headers
Content-Type: text/plain
--- error_code eval
[ (400) x 2 ]
--- problem eval
[ ("pointer eq \"\"\ndetail like /at byte " . length(::long()) . '$/') x 2 ]

=== TEST 62: gzip
--- raw_request eval
::post('/zipped', $::Law, 'Accept: application/x-ndjson',
       'Accept-Encoding: gzip')
--- response_headers
Content-Encoding: gzip
Content-Type: application/x-ndjson
--- error_code: 200

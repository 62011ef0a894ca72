# review_extract: what is no text is sent to a converter as it came, with its
# Content-Type and nothing else of the client's, and what the converter makes of
# it is split.  A converter that fails, hangs, or answers with what is no text
# is a problem that says why, after as many tries as may be worth it.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

use Digest::MD5 qw(md5_hex);
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More ();
use Time::HiRes qw(sleep time);

# The converter is scripted by the first line of the document, which ends with
# a blank; words are separated by blanks, alternatives for one try after the
# other by "|":
#
#   text=T      the answer, %XX for anything; size=N: so many bytes of "甲"
#   echo        the answer tells of the request: its line, its headers but
#               Host, and the length and MD5 of its body
#   status=N, type=T, delay=MS, header=N:V
#   key=K       keeps the counts of two equal scripts apart
#   hang, hang_body, cut, cut_head, reset, short (a length one byte too large)

sub script_of {
    my ($body, $counts) = @_;
    my ($line) = $body =~ /\A([^\n]*)/;
    my @tries = split /\|/, $line // '';
    my $n = $counts->{ $line // '' }++;
    my $try = $tries[ $n < @tries ? $n : -1 ] // '';
    my %script;

    for my $word (split ' ', $try) {
        my ($name, $value) = split /=/, $word, 2;
        $value = '' if !defined $value;
        $value =~ s/%(..)/chr hex $1/ge;
        $script{$name} = $value;
    }

    return %script;
}

sub read_request {
    my ($sock) = @_;
    my ($head, $body) = ('', '');

    while ($head !~ /\r\n\r\n/) {
        sysread $sock, $head, 65536, length $head or return;
    }
    ($head, $body) = split /\r\n\r\n/, $head, 2;

    if ($head =~ /^Content-Length: (\d+)/mi) {
        while (length $body < $1) {
            sysread $sock, $body, 1 << 20, length $body or return;
        }
    }

    return ($head, $body);
}

# silent as long as nginx waits

sub until_closed {
    my ($sock) = @_;
    1 while sysread $sock, my $more, 65536;
}

sub answer {
    my ($sock, $head, $body, %script) = @_;
    my $text = $script{text} // "第一条 甲。\n";

    $text = '甲' x ($script{size} / 3) if $script{size};
    $text = join '', map({ "$_\n" } grep { !/^Host:/i } split /\r\n/, $head),
                     length($body), "\n", md5_hex($body), "\n"
        if exists $script{echo};

    sleep $script{delay} / 1000 if $script{delay};
    until_closed($sock) if exists $script{hang};
    return if exists $script{cut_head};

    my $length = length($text) + (exists $script{short} ? 1 : 0);
    my $reply = "HTTP/1.1 " . ($script{status} // 200) . " Status\r\n"
                . 'Content-Type: ' . ($script{type} // 'text/plain') . "\r\n"
                . "Content-Length: $length\r\nConnection: close\r\n"
                . ($script{header} ? "$script{header}\r\n" : '') . "\r\n";
    $text = substr $text, 0, length($text) / 2
        if exists $script{cut} || exists $script{hang_body};

    if (exists $script{reset}) {
        setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        return;
    }

    local $SIG{PIPE} = 'IGNORE';
    print {$sock} $reply, $text;
    $sock->flush;
    until_closed($sock) if exists $script{hang_body};
}

# a child for each request; all end with the test, or soon after it

sub serve {
    my ($listener) = @_;
    my $parent = getppid;
    my %counts;

    local $SIG{CHLD} = 'IGNORE';
    my $bits = '';
    vec($bits, fileno $listener, 1) = 1;

    while (getppid == $parent) {
        my $sock = select(my $ready = $bits, undef, undef, 0.5)
                   && $listener->accept or next;
        my ($head, $body) = read_request($sock);
        next if !defined $head;
        my %script = script_of($body, \%counts);
        my $pid = fork // next;
        next if $pid;

        alarm 120;
        answer($sock, $head, $body, %script);
        close $sock;
        POSIX::_exit(0);
    }
}

my $Listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1')
    or die "no socket\n";
my $Converter = fork // die "fork: $!\n";
if (!$Converter) {
    open $_, '+<', '/dev/null' for \*STDIN, \*STDOUT;
    serve($Listener);
    POSIX::_exit(0);
}

our $Port = $Listener->sockport;
close $Listener;

my $Config = <<"END";
    review_extract /convert;
    review_retry tries=3 backoff=10ms max=20ms budget=1000%;
    review_call_timeout 5s;
    location = /split { review_split; }
    location = /limit { review_split; review_max_text_size 3000; }
    location = /hasty {
        review_split;
        review_call_timeout 1s;
        review_retry tries=2 backoff=1ms;
    }
    location = /late {
        review_split;
        review_timeout 1s;
    }
    location = /once { review_split; review_retry tries=1; }
    location = /off { review_split; review_extract off; }
    location = /file { review_split; client_body_in_file_only clean; }
    location = /small { review_split; client_body_buffer_size 1k; }
    location = /query { review_split; review_extract /convert?a=b; }
    location = /nowhere { review_split; review_extract /no/such/location; }
    location = /denied { review_split; review_extract /closed; }
    location = /returned { review_split; review_extract /text; }
    location = /refused { review_split; review_extract /refuse; }
    location = /moved { review_split; review_extract /move; }
    location = /down { review_split; review_extract /gone; }
    location = /unbuffered { review_split; review_extract /stream; }
    location = /logged {
        review_split;
        access_log logs/review.log review;
    }
    location = /convert {
        internal;
        proxy_pass http://127.0.0.1:$Port/;
    }
    location = /stream {
        internal;
        proxy_pass http://127.0.0.1:$Port/;
        proxy_buffering off;
        proxy_request_buffering off;
    }
    location = /closed { internal; deny all; }
    location = /text { internal; return 200 "第一条 乙。"; }
    location = /refuse { internal; return 422 "no text in it\\nmore\\n"; }
    location = /move { internal; return 302 /elsewhere; }
    location = /gone { internal; proxy_pass http://127.0.0.1:1; }
END

review_http("log_format review '\$status \$review_status \$review_calls '",
            "  '\$review_retries';");

our $Type = 'application/vnd.test; a="b;c"; charset=gbk';

# a request's bytes; the document is a script, and more that is no text

sub post {
    my ($uri, $script, @headers) = @_;
    my $body = "$script \n\xff\xfe\0 binary";
    my $headers = join '', map { "$_\r\n" } @headers;
    $headers .= "Content-Type: $Type\r\n" if $headers !~ /^Content-Type/mi;
    return "POST $uri HTTP/1.1\r\nHost: test\r\nConnection: close\r\n$headers"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $Config) if !defined $block->config;
});


# the configuration

conf_good('review_extract everywhere it may stand', <<'');
review_extract /a;
server {
    review_extract /b?c=d;
    location / { review_extract off; review_split; }
    location = /c { review_extract "/d e"; review_split; }
    location = /d { review_split; }
}

for my $case (
    [ 'without arguments', 'review_extract;',
      'invalid number of arguments in "review_extract" directive' ],
    [ 'with one more', 'review_extract /a b;',
      'invalid number of arguments in "review_extract" directive' ],
    [ 'twice', 'review_extract /a; review_extract /a;',
      '"review_extract" directive is duplicate' ],
    [ 'off and on', 'review_extract off; review_extract /a;',
      '"review_extract" directive is duplicate' ],
    [ 'with a relative URI', 'review_extract a;', qr/.*"a".*/ ],
    [ 'with a whole URL', 'review_extract http://a/;', qr/.*"http:.*/ ],
    [ 'with nothing', 'review_extract "";', qr/.*/ ],
    [ 'with a variable', 'review_extract $uri;', qr/.*/ ])
{
    my ($name, $line, $message) = @$case;
    conf_bad("review_extract $name", $message, <<"");
server {
    location / {
        $line # <-
    }
}

}

run_tests();

kill TERM => $Converter;
waitpid $Converter, 0;

__DATA__

=== TEST 1: the converter's text is split
--- raw_request eval
::post('/split', 'text=%23%20%E7%AB%A0%0A%0A%E7%94%B2%E3%80%82')
--- json
chunks.0.text eq "# 章\n\n甲。"
chunks.0.heading eq ["章"]
chunks.0.end eq 7
count eq 1

=== TEST 2: in lines, and with options
--- raw_request eval
::post('/split?max_chars=3', 'text=%E7%94%B2%E3%80%82%E4%B9%99%E3%80%82',
       'Accept: application/x-ndjson')
--- response_body_like: \A\{"id":"c1",.*\n\{"id":"c2",.*\n\z
--- response_headers
Content-Type: application/x-ndjson

=== TEST 3: what reaches the converter: the body, its type, and no credentials
--- raw_request eval
::post('/split', 'echo', 'Authorization: Bearer secret', 'Cookie: a=secret',
       'X-Api-Key: secret', 'Accept: application/json', 'Range: bytes=0-1',
       'If-None-Match: "a"', 'Accept-Encoding: gzip', 'X-Request-ID: r1',
       'traceparent: 00-1-2-01')
--- json eval
'chunks.0.text like /^POST \/ HTTP\/1/
chunks.0.text unlike /secret|Range|If-None-Match|Accept-Encoding|application\/json/
chunks.0.text like /^Content-Type: application\/vnd\.test; a="b;c"; charset=gbk$/m
chunks.0.text like /^Accept: application\/vnd\.review\.text\+json, text\/markdown;q=0\.9, text\/plain;q=0\.8\n/m
chunks.0.text like /^X-Request-ID: r1$/m
chunks.0.text like /^traceparent: 00-1-2-01$/m
chunks.0.text like /^' . length("echo \n\xff\xfe\0 binary") . "\\n"
. Digest::MD5::md5_hex("echo \n\xff\xfe\0 binary") . '$/m'

=== TEST 4: a body in a temporary file
--- raw_request eval
::post('/file', 'echo')
--- json eval
'chunks.0.text like /^' . Digest::MD5::md5_hex("echo \n\xff\xfe\0 binary") . '$/m'

=== TEST 5: a large body, on disk and in memory
--- request eval
[ map { "POST $_\necho \n" . "\0\xff" x 300000 } '/small', '/split' ]
--- more_headers
Content-Type: application/pdf
--- error_code eval
[ 200, 200 ]
--- json eval
[ ('chunks.0.text like /^600006\n'
   . Digest::MD5::md5_hex("echo \n" . "\0\xff" x 300000) . '$/m') x 2 ]

=== TEST 6: a chunked body
--- raw_request eval
my $body = "echo \n\xff";
"POST /split HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: a/b\r\n"
. "Transfer-Encoding: chunked\r\n\r\n3\r\n" . substr($body, 0, 3) . "\r\n4\r\n"
. substr($body, 3) . "\r\n0\r\n\r\n"
--- json eval
'chunks.0.text like /^7\n' . Digest::MD5::md5_hex("echo \n\xff") . '$/m
chunks.0.text like /^Content-Length: 7$/m'

=== TEST 7: every try has the whole body
--- raw_request eval
::post('/split', 'key=whole status=500|status=503|echo')
--- json eval
'chunks.0.text like /^' . Digest::MD5::md5_hex(
    "key=whole status=500|status=503|echo \n\xff\xfe\0 binary") . '$/m'

=== TEST 8: from a file, too
--- raw_request eval
::post('/file', 'key=file status=500|cut|echo')
--- json eval
'chunks.0.text like /^' . Digest::MD5::md5_hex(
    "key=file status=500|cut|echo \n\xff\xfe\0 binary") . '$/m'

=== TEST 9: the location's own query string
--- raw_request eval
::post('/query?max_chars=500', 'echo')
--- json
chunks.0.text like /^POST \/(?:\?a=b)? HTTP/
chunks.0.text unlike /max_chars/

=== TEST 10: without buffering
--- raw_request eval
::post('/unbuffered', 'key=u status=500|echo')
--- json eval
'chunks.0.text like /^' . Digest::MD5::md5_hex(
    "key=u status=500|echo \n\xff\xfe\0 binary") . '$/m'

=== TEST 11: without a converter
--- raw_request eval
::post('/off', 'echo')
--- problem
status eq 415
detail like /review_extract/

=== TEST 12: texts and JSON need none
--- request eval
[ "POST /off\nabc", "POST /nowhere\nabc" ]
--- more_headers
Content-Type: text/plain
--- error_code eval
[ 200, 200 ]

=== TEST 13: a charset of a document is the converter's matter
--- raw_request eval
::post('/split', 'text=a', 'Content-Type: text/html; charset=gb18030')
--- json
count eq 1

=== TEST 14: an empty document
--- raw_request eval
::post('/split', '') =~ s/Length: .*/Length: 0\r\n\r\n/sr
--- problem
status eq 400
detail eq "the document is empty"

=== TEST 15: options are looked at before the converter is asked
--- raw_request eval
::post('/nowhere?max_chars=0', 'echo')
--- problem
status eq 400
detail like /max_chars/

=== TEST 16: contradicting options
--- raw_request eval
::post('/split?overlap=9000', 'echo')
--- problem
status eq 422

=== TEST 17: the converter says no
--- raw_request eval
[ ::post('/split', 'key=415 status=415 text=no%20converter%20for%20it%0Amore') ]
--- problem
status eq 415
detail eq "the document was not made text: no converter for it"

=== TEST 18: 422
--- raw_request eval
::post('/split', 'status=422 text=pdftotext:%20broken%0D%0Amore|text=a')
--- problem
status eq 422
detail eq "the document was not made text: pdftotext: broken"

=== TEST 19: 400 is the document's fault
--- raw_request eval
::post('/split', 'status=400 text=cut%0A|text=a')
--- problem
status eq 422
detail like /: cut$/

=== TEST 20: an error without words, and one of HTML
--- raw_request eval
::post('/split', 'status=422 text=')
--- problem
status eq 422
detail like /converter refused/

=== TEST 21: an error that is no UTF-8
--- raw_request eval
::post('/split', 'status=422 text=bad%20%FF%FE')
--- problem
status eq 422
detail like /: bad $/

=== TEST 22: a long error
--- raw_request eval
::post('/split', 'status=422 size=3000')
--- problem
status eq 422
detail like /: 甲{50,60}$/

=== TEST 23: an HTML page
--- raw_request eval
::post('/split', 'status=403 type=text/html text=<html><h1>no</h1></html>')
--- problem
status eq 502
detail unlike /</

=== TEST 24: an error that stays
--- raw_request eval
::post('/split', 'key=stay status=500 text=not%20installed')
--- problem
status eq 502
detail like /: not installed$/

=== TEST 25: other statuses are the converter's fault
--- raw_request eval
::post('/split', 'status=404 text=x')
--- problem
status eq 502

=== TEST 26: so is success without a text
--- raw_request eval
::post('/split', 'status=204 text=')
--- problem
status eq 502

=== TEST 27: errors that pass are tried again
--- raw_request eval
::post('/logged', 'key=r1 status=500|status=429|text=a')
--- json
chunks.0.text eq "a"

=== TEST 28: so is what was cut
--- raw_request eval
::post('/split', 'key=r2 cut|cut_head|text=a')
--- json
chunks.0.text eq "a"

=== TEST 29: and what was reset, or shorter than said
--- raw_request eval
::post('/split', 'key=r3 reset|short|text=a')
--- json
chunks.0.text eq "a"

=== TEST 30: as often as review_retry says
--- raw_request eval
::post('/split', 'key=r4 status=500|status=500|status=500|text=a')
--- problem
status eq 502

=== TEST 31: or not at all
--- raw_request eval
::post('/once', 'key=r5 status=500|text=a')
--- problem
status eq 502

=== TEST 32: what was cut every time
--- raw_request eval
::post('/split', 'key=r6 cut')
--- problem
status eq 502
detail like /ended before its end/

=== TEST 33: the converter hangs
--- raw_request eval
::post('/hasty', 'hang')
--- problem
status eq 504
--- error_log
call_timeout

=== TEST 34: the converter falls silent
--- raw_request eval
::post('/hasty', 'hang_body text=abcdef')
--- problem
status eq 504
detail like /silent/

=== TEST 35: once only
--- raw_request eval
::post('/hasty', 'key=h hang|text=a')
--- json
chunks.0.text eq "a"

=== TEST 36: review_timeout
--- raw_request eval
::post('/late', 'hang')
--- problem
status eq 504
detail like /review_timeout/

=== TEST 37: review_timeout in mid-text
--- raw_request eval
::post('/late', 'hang_body text=abcdef')
--- problem
status eq 504
detail like /review_timeout/

=== TEST 38: review_timeout between tries
--- raw_request eval
::post('/late', 'key=l status=500 header=Retry-After:1')
--- problem
status like /50[24]/
--- error_code_like: 50[24]

=== TEST 39: a connection is good after all that
--- pipelined_requests eval
[ map { "POST /late\n$_ \n" } 'hang', 'text=a', 'hang_body text=b', 'text=c' ]
--- more_headers
Content-Type: application/pdf
--- error_code eval
[ 504, 200, 504, 200 ]

=== TEST 40: as large as review_max_text_size allows
--- raw_request eval
::post('/limit', 'size=3000')
--- json
chunks.0.end eq 1000

=== TEST 41: larger
--- raw_request eval
::post('/limit', 'size=3003')
--- problem
status eq 413
detail like /review_max_text_size/

=== TEST 42: far larger
--- raw_request eval
::post('/limit', 'size=9000000')
--- problem
status eq 413
detail like /review_max_text_size/

=== TEST 43: a text that is no UTF-8
--- raw_request eval
::post('/split', 'text=ab%FF')
--- problem
status eq 502
detail like /not valid UTF-8 without NUL at byte 2$/

=== TEST 44: a text with a NUL
--- raw_request eval
::post('/split', 'text=ab%00c')
--- problem
status eq 502
detail like /not valid UTF-8 without NUL at byte 2$/

=== TEST 45: a text of nothing
--- raw_request eval
::post('/split', 'text=')
--- problem
status eq 422
detail like /empty/

=== TEST 46: a blank text
--- raw_request eval
::post('/split', 'text=%20%0A')
--- problem
status eq 422
detail like /empty/

=== TEST 47: a large text, checked and cut on a thread
--- raw_request eval
::post('/split', 'size=6000000')
--- response_body_like: "end":2000000,.*"count":1000,"elapsed_ms":\d+\}\z

=== TEST 48: an encoding that nobody asked for
--- raw_request eval
::post('/split', 'text=abc header=Content-Encoding:br')
--- problem
status eq 502
detail like /Content-Encoding/

=== TEST 49: locations that answer themselves
--- request eval
[ "POST /returned\nx", "POST /refused\nx", "POST /moved\nx",
  "POST /denied\nx", "POST /nowhere\nx", "POST /down\nx" ]
--- more_headers
Content-Type: application/pdf
--- error_code eval
[ 200, 422, 502, 502, 502, 502 ]
--- problem eval
[ undef, 'detail like /: no text in it$/', ('status eq 502') x 4 ]

=== TEST 50: other methods
--- request
GET /split
--- error_code: 405
--- response_headers
Allow: POST

=== TEST 40: a key that the converter repeats is kept from the client
--- raw_request eval
::post('/split', 'key=mask status=422 text=bad%20key%20%22sk-0123abc%22,'
       . '%20Bearer%20xyz')
--- problem
status eq 422
detail eq "the document was not made text: bad key \"sk-*******\", Bearer ***"

# Bodies, however they come: with a length or chunked, in one piece or byte by
# byte, in one buffer, in two, or in a temporary file.  What the client has sent
# is what the LLM is asked, byte for byte.  Bodies that are too large, wrong or
# cut are problems, and the connection is good for the next request.

use strict;
use warnings;

use lib 't/lib';
use Review;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More ();
use Time::HiRes qw(time sleep);

# --- arrives: the chunk, as the LLM must have been asked about it by the last
# call; with eval, one for each request (undef: it is not looked at)

our $Points = '"points":[{"id":"a","question":"[[ok]]"}]';
our $Sentence = '投标有效期为自投标截止之日起60日历天，𠮷。';

my $Config = <<'END';
    review_llm /llm;
    location = /v1/review { review; }
    location = /small { review; client_body_buffer_size 1k; }
    location = /large { review; client_body_buffer_size 4m; }
    location = /file { review; client_body_in_file_only clean; }
    location = /single {
        review;
        client_body_buffer_size 1k;
        client_body_in_single_buffer on;
    }
    location = /limit { review; client_max_body_size 1k; }
    location = /limit_large {
        review;
        client_max_body_size 100k;
        client_body_buffer_size 1k;
    }
    location = /impatient { review; client_body_timeout 200ms; }
    $TEST_NGINX_LLM_LOCATION
END

# n bytes of Chinese

sub text {
    my ($n) = @_;
    my $text = $Sentence x int($n / length $Sentence);
    return $text . 'x' x ($n - length $text);
}

sub body {
    my ($chunk) = @_;
    return qq({"chunk":"$chunk",$Points});
}

# a body of n bytes, and its chunk

sub chunk_for {
    my ($n) = @_;
    return text($n - length body(''));
}

# the body in chunks of n bytes

sub chunked {
    my ($body, $n, $trailer) = @_;
    $n //= length $body || 1;
    return join('', map { sprintf("%x\r\n", length $_) . "$_\r\n" }
                    $body =~ /.{1,$n}/gs)
           . "0\r\n" . ($trailer // '') . "\r\n";
}

# a whole request

sub request {
    my ($uri, $body, %more) = @_;
    my $method = $more{method} // 'POST';
    my $version = $more{version} // '1.1';
    my $headers = join '', map { "$_\r\n" } @{ $more{headers} // [] };

    $headers .= "Host: test\r\n" if $version ne '1.0';
    $headers .= "Content-Type: application/json\r\n"
        if $headers !~ /^Content-Type/m;
    $headers .= "Connection: close\r\n" if $more{close};

    if ($more{chunked}) {
        $headers .= "Transfer-Encoding: chunked\r\n";
        $body = chunked($body, $more{chunked});

    } elsif (defined $body) {
        $headers .= 'Content-Length: ' . ($more{length} // length $body)
                    . "\r\n";
    }

    return "$method $uri HTTP/$version\r\n$headers\r\n" . ($body // '');
}

sub closing {
    return request(@_, close => 1);
}

# a request as packets of n bytes

sub packets {
    my ($n, $request) = @_;
    return [ $request =~ /.{1,$n}/gs ];
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $Config) if !defined $block->config;
});

review_section('arrives');

# The record of the last call is looked at as it comes, in UTF-8: to decode a
# megabyte of JSON takes Perl seconds.

sub arrived {
    my ($chunk, $name) = @_;
    my $url = 'http://127.0.0.1:' . llm_port() . '/_calls';
    my $calls = HTTP::Tiny->new->get($url)->{content};
    my $last = rindex $calls, '{"n":';

    Test::More::ok($last >= 0 && index($calls, "\\n$chunk\\n", $last) >= 0,
                   "$name: the LLM is asked about the very chunk")
        or Test::More::diag(length $calls, ' bytes: ', substr($calls, 0, 200));
}

add_response_body_check(sub {
    my ($block, $body, $n) = @_;
    my $chunk = $block->arrives;
    $chunk = $chunk->[$n] if ref $chunk;
    arrived($chunk, $block->name . " - arrives $n") if defined $chunk;
});

no_shuffle();
run_tests();


# Conversations on one connection, with the nginx of the last block

sub dial {
    my $sock = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $ENV{TEST_NGINX_SERVER_PORT})
        // die "connect: $!";
    return $sock;
}

my %Left;       # what came after a reply

# One reply: its status, its headers in lower case, its body.  An empty status
# is the end of the connection.

sub reply {
    my ($sock, %more) = @_;
    my $end = time + 15;
    my $text = delete $Left{$sock} // '';

    while (1) {
        if ($text =~ /\A(HTTP\/1\.[01] (\d+).*?\r\n)\r\n/s) {
            my ($head, $status, $from) = ($1, $2, $+[0]);
            my %headers = map { /^([^:]+): (.*?)\r$/ ? (lc $1, $2) : () }
                              split /\n/, $head;
            my ($body, $used) = whole($status, \%headers,
                                      substr($text, $from), $more{head});
            if (defined $body) {
                $Left{$sock} = substr $text, $from + $used;
                return { status => $status, headers => \%headers,
                         body => $body };
            }
        }

        my $n = IO::Select->new($sock)->can_read($end - time)
                ? sysread $sock, $text, 65536, length $text : undef;
        return { status => '', headers => {}, body => $text } if !$n;
    }
}

sub whole {
    my ($status, $headers, $text, $head) = @_;

    return ('', 0) if $head || $status =~ /^(?:1..|204|304)$/;

    if (($headers->{'transfer-encoding'} // '') eq 'chunked') {
        my ($body, $used) = ('', 0);
        while (substr($text, $used) =~ /\A([0-9a-f]+)\r\n/) {
            my ($length, $size) = ($+[0], hex $1);
            return if length $text < $used + $length + $size + 2;
            $body .= substr $text, $used + $length, $size;
            $used += $length + $size + 2;
            return ($body, $used) if $size == 0;
        }
        return;
    }

    my $length = $headers->{'content-length'} // 0;
    return length $text < $length ? () : (substr($text, 0, $length), $length);
}

sub problem_is {
    my ($reply, $status, $pointer, $name) = @_;
    my $problem = eval { JSON::PP->new->utf8->decode($reply->{body}) } // {};

    Test::More::is($reply->{status}, $status, "$name: $status");
    Test::More::is($reply->{headers}{'content-type'},
                   'application/problem+json', "$name: the type");
    Test::More::is($problem->{status}, $status, "$name: the member status");
    Test::More::is($problem->{pointer}, $pointer, "$name: pointer");
}

sub review_is {
    my ($reply, $name) = @_;
    my $review = eval { JSON::PP->new->utf8->decode($reply->{body}) } // {};

    Test::More::is($reply->{status}, 200, "$name: 200");
    Test::More::is($review->{status}, 'complete', "$name: complete")
        or Test::More::diag($reply->{body});
}

sub calls_are {
    my ($n, $name) = @_;
    Test::More::is(llm_stats()->{calls}, $n, "$name: $n LLM calls");
}

sub send_all {
    my ($sock, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    $sock->autoflush(1);
    print {$sock} $bytes;
}

my ($sock, $reply);


# good and bad requests in turn

llm_reset();
$sock = dial();

for my $round (1 .. 2) {
    my $name = "in turn, round $round";
    my $chunk;

    send_all($sock, request('/v1/review', body('投标')));
    review_is(reply($sock), "$name, a good one");

    send_all($sock, request('/v1/review', '{"chunk":'));
    problem_is(reply($sock), 400, '/chunk', "$name, not JSON");

    send_all($sock, request('/small', body(text(5000)), method => 'PUT'));
    problem_is(reply($sock), 405, undef, "$name, a PUT with a body");

    send_all($sock, request('/v1/review', undef, method => 'HEAD'));
    $reply = reply($sock, head => 1);
    Test::More::is($reply->{status}, 405, "$name, HEAD: 405");

    $chunk = text(40000);
    send_all($sock, request('/v1/review', body($chunk)));
    review_is(reply($sock), "$name, a large one");
    arrived($chunk, "$name, a large one");

    send_all($sock, request('/v1/review', body(text(40000)),
                            headers => [ 'Content-Encoding: gzip' ]));
    problem_is(reply($sock), 415, undef, "$name, a large one, encoded");

    send_all($sock, request('/small', body(text(5000)), chunked => 700));
    review_is(reply($sock), "$name, in chunks");

    send_all($sock, request('/small', body(text(5000)), chunked => 700,
                            headers => [ 'Content-Type: text/plain' ]));
    problem_is(reply($sock), 415, undef, "$name, in chunks, of a wrong type");

    send_all($sock, request('/v1/review', undef));
    problem_is(reply($sock), 400, '', "$name, nothing");

    send_all($sock, request('/v1/review', '{"chunk":"a","points":["a"]}'));
    problem_is(reply($sock), 422, '/points/0', "$name, an unknown point");

    send_all($sock, request('/v1/review', body('a'),
                            headers => [ 'Accept: text/event-stream' ]));
    $reply = reply($sock);
    Test::More::is($reply->{headers}{'content-type'}, 'text/event-stream',
                   "$name, events");
    Test::More::like($reply->{body}, qr/\nevent: done\ndata: \{.*\}\n\n\z/,
                     "$name, events: done");
}

send_all($sock, request('/v1/review', body('投标')));
review_is(reply($sock), 'in turn, the last one');
calls_are(9, 'in turn');


# requests in one packet, replies in their order

llm_reset();
$sock = dial();
send_all($sock, join '',
    request('/v1/review', body('一') =~ s/ok/delay=100/r),
    request('/v1/review', '{}'),
    request('/small', body(text(5000))),
    request('/v1/review', undef, method => 'GET'),
    request('/v1/review', '[]', chunked => 1),
    request('/file', body(text(2000)), chunked => 100),
    request('/v1/review', body(''), method => 'DELETE'),
    request('/v1/review', body('二')));
review_is(reply($sock), 'pipelined, 1');
problem_is(reply($sock), 400, '/chunk', 'pipelined, 2');
review_is(reply($sock), 'pipelined, 3');
problem_is(reply($sock), 405, undef, 'pipelined, 4');
problem_is(reply($sock), 400, '', 'pipelined, 5');
review_is(reply($sock), 'pipelined, 6');
problem_is(reply($sock), 405, undef, 'pipelined, 7');
review_is(reply($sock), 'pipelined, 8');
arrived('二', 'pipelined, 8');
calls_are(4, 'pipelined');


# a request that comes while another one is in flight does not disturb it

llm_reset();
$sock = dial();
send_all($sock, request('/v1/review', body('一') =~ s/ok/delay=300/r));
llm_wait(calls => 1, timeout => 30000);
send_all($sock, request('/v1/review', body('二')));
review_is(reply($sock), 'in flight');
review_is(reply($sock), 'in flight, the next');
arrived('二', 'in flight, the next');
Test::More::is(llm_stats()->{client_closed}, 0, 'in flight: nothing is given up');


# Expect: 100-continue

for my $more ([], [ chunked => 1000 ]) {
    my $name = 'Expect' . (@$more ? ', chunked' : '');
    my $chunk = text(30000);
    my ($head, $body) = split /(?<=\r\n\r\n)/,
        request('/v1/review', body($chunk), @$more,
                headers => [ 'Expect: 100-continue' ]), 2;
    llm_reset();
    $sock = dial();
    send_all($sock, $head);
    Test::More::is(reply($sock)->{status}, 100, "$name: 100 is sent");
    calls_are(0, "$name, before the body");
    send_all($sock, $body);
    review_is(reply($sock), $name);
    arrived($chunk, $name);
}

$sock = dial();
send_all($sock, request('/limit', '{', length => 1000000000));
problem_is(reply($sock), 413, undef, 'far too large, refused unread');

$sock = dial();
send_all($sock, request('/limit', '', length => 1025,
                        headers => [ 'Expect: 100-continue' ]));
problem_is(reply($sock), 413, undef, 'Expect, too large');

$sock = dial();
send_all($sock, request('/v1/review', '', length => 1025,
                        headers => [ 'Expect: 100-continue',
                                     'Content-Type: text/plain' ]));
$reply = reply($sock);
$reply = reply($sock) if $reply->{status} eq '100';
problem_is($reply, 415, undef, 'Expect, of a wrong type');


# bodies that do not come whole

llm_reset();

for my $case ([ 'closed', 0 ], [ 'reset', 1 ]) {
    my ($name, $reset) = @$case;
    for my $request (
        request('/v1/review', '{"chunk":"', length => 5000),
        request('/small', '{"chunk":"' . text(3000), length => 5000),
        request('/v1/review', '{"chunk":"a"}', chunked => 5) =~ s/0\r\n\r\n//r,
        request('/v1/review', '{"chunk', length => 5000, method => 'PUT'))
    {
        $sock = dial();
        send_all($sock, $request);
        setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $reset;
        sleep 0.02;
        close $sock;
    }
}

$sock = dial();
send_all($sock, request('/impatient', '{"chunk":"', length => 5000));
Test::More::like(reply($sock)->{status}, qr/^(?:408)?$/,
                 'client_body_timeout ends the connection');
calls_are(0, 'bodies that do not come whole');

$sock = dial();
send_all($sock, request('/v1/review', body('投标')));
review_is(reply($sock), 'after all that');


# no temporary file is left

my @files = grep { -f } glob "$Test::Nginx::Util::ServRoot/client_body_temp/*";
Test::More::is("@files", '', 'no temporary file is left');

__DATA__

=== TEST 1: client_max_body_size
--- raw_request eval
::closing('/limit', ::body(::chunk_for(1025)))
--- problem
status eq 413
type eq "about:blank"
title eq "Content Too Large"
detail like /client_max_body_size/
pointer missing
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 2: client_max_body_size, chunked
--- raw_request eval
::closing('/limit', ::body(::chunk_for(1025)), chunked => 400)
--- problem
status eq 413
title eq "Content Too Large"
detail like /client_max_body_size/
pointer missing
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 3: client_max_body_size, chunked, in a temporary file before it is hit
--- raw_request eval
::packets(20000, ::closing('/limit_large', ::body(::text(150000)),
                           chunked => 5000))
--- raw_request_middle_delay: 0.01
--- problem
status eq 413
pointer missing
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 4: as much as client_max_body_size allows
--- raw_request eval
::closing('/limit', ::body(::chunk_for(1024)))
--- json
status eq "complete"
--- arrives eval
::chunk_for(1024)
--- llm_calls
count eq 1

=== TEST 5: as much as client_max_body_size allows, chunked
--- raw_request eval
::closing('/limit', ::body(::chunk_for(1024)), chunked => 100)
--- json
status eq "complete"
--- arrives eval
::chunk_for(1024)

=== TEST 6: one chunk
--- raw_request eval
::closing('/v1/review', ::body('投标'), chunked => 1000)
--- json
status eq "complete"
--- arrives: 投标

=== TEST 7: chunks of one byte
--- raw_request eval
::closing('/v1/review', ::body($::Sentence), chunked => 1)
--- json
status eq "complete"
--- arrives eval
$::Sentence

=== TEST 8: chunks with extensions, in capitals, with zeros, and a trailer
--- raw_request eval
my $body = ::body('投标');
my $size = sprintf '%X', length $body;
"POST /v1/review HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
. "Transfer-Encoding: Chunked\r\n\r\n000$size;a=\"b\"\r\n$body\r\n"
. "000;last\r\nX-Sum: 1\r\n\r\n"
--- json
status eq "complete"
--- arrives: 投标

=== TEST 9: no chunk at all
--- raw_request eval
::closing('/v1/review', '', chunked => 1)
--- problem
status eq 400
detail like /empty/
pointer eq ""
--- llm_calls
count eq 0

=== TEST 10: chunks that are none
--- raw_request eval
::closing('/v1/review', '', chunked => 1) =~ s/0\r\n\r\n/zz\r\n{}\r\n0\r\n\r\n/r
--- problem
status eq 400
title eq "Bad Request"
pointer missing
--- llm_calls
count eq 0

=== TEST 11: chunks that go wrong later
--- raw_request eval
::packets(2500, ::closing('/small', ::body(::text(4000)), chunked => 1000)
                =~ s/3e8\r\n(?!.*3e8)/oops\r\n/sr)
--- raw_request_middle_delay: 0.02
--- problem
status eq 400
pointer missing
--- llm_calls
count eq 0
--- wait: 0.05

=== TEST 12: byte by byte
--- raw_request eval
::packets(1, ::closing('/v1/review', ::body($::Sentence)))
--- raw_request_middle_delay: 0.001
--- json
status eq "complete"
--- arrives eval
$::Sentence

=== TEST 13: in pieces that cut characters, chunked
--- raw_request eval
::packets(7, ::closing('/v1/review', ::body($::Sentence x 4), chunked => 11))
--- raw_request_middle_delay: 0.001
--- json
status eq "complete"
--- arrives eval
$::Sentence x 4

=== TEST 14: in pieces, through a temporary file
--- raw_request eval
::packets(3001, ::closing('/small', ::body(::text(20000))))
--- raw_request_middle_delay: 0.005
--- json
status eq "complete"
--- arrives eval
::text(20000)

=== TEST 15: in pieces, through a temporary file, chunked
--- raw_request eval
::packets(3001, ::closing('/small', ::body(::text(20000)), chunked => 1999))
--- raw_request_middle_delay: 0.005
--- json
status eq "complete"
--- arrives eval
::text(20000)

=== TEST 16: about the size of a small buffer
--- pipelined_requests eval
[ map { "POST /small\n" . ::body(::chunk_for($_)) }
  1022 .. 1026, 2047 .. 2049, 4096 ]
--- error_code eval
[ (200) x 9 ]
--- json eval
[ ('status eq "complete"') x 9 ]
--- llm_calls
count eq 9

=== TEST 17: about the size of the buffer, alone on its connection
--- request eval
[ map { "POST /small\n" . ::body(::chunk_for($_)) } 1023 .. 1025 ]
--- error_code eval
[ (200) x 3 ]
--- arrives eval
[ map { ::chunk_for($_) } 1023 .. 1025 ]

=== TEST 18: about the size of the default buffer
--- request eval
[ map { "POST /v1/review\n" . ::body(::chunk_for($_)) }
  16383 .. 16385, 32768 ]
--- error_code eval
[ (200) x 4 ]
--- arrives eval
[ map { ::chunk_for($_) } 16383 .. 16385, 32768 ]

=== TEST 19: in two buffers: a part comes with the header, a part later
--- raw_request eval
my $request = ::closing('/v1/review', ::body(::text(14000)));
[ substr($request, 0, 900), substr($request, 900) ]
--- raw_request_middle_delay: 0.05
--- json
status eq "complete"
--- arrives eval
::text(14000)

=== TEST 20: client_body_in_file_only
--- request eval
[ map { "POST /file\n" . ::body(::text($_)) } 10, 1000, 100000 ]
--- error_code eval
[ (200) x 3 ]
--- arrives eval
[ map { ::text($_) } 10, 1000, 100000 ]

=== TEST 21: client_body_in_file_only, chunked
--- raw_request eval
::closing('/file', ::body(::text(30000)), chunked => 777)
--- json
status eq "complete"
--- arrives eval
::text(30000)

=== TEST 22: client_body_in_file_only, nothing
--- raw_request eval
::closing('/file', '', length => 0)
--- problem
status eq 400
pointer eq ""
--- llm_calls
count eq 0

=== TEST 23: client_body_in_file_only, nothing in chunks
--- raw_request eval
::closing('/file', '', chunked => 1)
--- problem
status eq 400
pointer eq ""
--- llm_calls
count eq 0

=== TEST 24: client_body_in_single_buffer
--- request eval
[ map { "POST /single\n" . ::body(::text($_)) } 10, 1500, 100000 ]
--- error_code eval
[ (200) x 3 ]
--- arrives eval
[ map { ::text($_) } 10, 1500, 100000 ]

=== TEST 25: client_body_in_single_buffer, chunked
--- raw_request eval
::closing('/single', ::body(::text(30000)), chunked => 777)
--- json
status eq "complete"
--- arrives eval
::text(30000)

=== TEST 26: 900 KB of Chinese, through a temporary file
--- raw_request eval
::closing('/v1/review', ::body(::text(900 * 1024)))
--- json
status eq "complete"
results.0.attempts eq 1
--- arrives eval
::text(900 * 1024)

=== TEST 27: 900 KB of Chinese, in memory
--- raw_request eval
::closing('/large', ::body(::text(900 * 1024)))
--- json
status eq "complete"
--- arrives eval
::text(900 * 1024)

=== TEST 28: 900 KB of Chinese, chunked
--- raw_request eval
::closing('/v1/review', ::body(::text(900 * 1024)), chunked => 4099)
--- json
status eq "complete"
--- arrives eval
::text(900 * 1024)

=== TEST 29: 900 KB of Chinese in \u escapes
--- raw_request eval
::closing('/v1/review', ::body('\u6295\u6807' x (150 * 1024)))
--- json
status eq "complete"
--- arrives eval
'投标' x (150 * 1024)

=== TEST 30: the last character of a quote is found at the end of 900 KB
--- raw_request eval
::closing('/v1/review', '{"chunk":"' . '投标' x (150 * 1024) . '工期𠮷天",'
    . '"points":[{"id":"a","question":"[[quote=工期𠮷天]]"}]}')
--- json
results.0.finding.evidence.0.start eq 307200
results.0.finding.evidence.0.end eq 307204
results.0.finding.evidence.0.match eq "exact"

=== TEST 31: what is wrong at the end of a large body is told
--- request eval
[ map { "POST $_\n" . '{"chunk":"' . '标' x 20000 . qq(",\n"points":[{]}) }
  '/v1/review', '/small', '/file', '/single' ]
--- error_code eval
[ (400) x 4 ]
--- problem eval
[ (qq(status eq 400\npointer eq "/points/0"\n)
   . 'detail like /^line 2, column 12/') x 4 ]
--- llm_calls
count eq 0
--- wait: 0.02

=== TEST 32: an HTTP/1.0 client
--- raw_request eval
::request('/v1/review', ::body('投标'), version => '1.0')
--- json
status eq "complete"
--- raw_response_headers_unlike: Transfer-Encoding
--- arrives: 投标

=== TEST 33: an HTTP/1.0 client that takes events
--- raw_request eval
::request('/v1/review', ::body('投标'), version => '1.0',
          headers => [ 'Accept: text/event-stream' ])
--- sse
events eq ["result","progress","done"]
done.0.status eq "complete"
--- raw_response_headers_unlike: Transfer-Encoding

=== TEST 34: an HTTP/1.0 client with a large body, and one with none
--- raw_request eval
::request('/small', ::body(::text(10000)), version => '1.0')
--- json
status eq "complete"
--- arrives eval
::text(10000)

=== TEST 35: an HTTP/1.0 client without a body
--- raw_request eval
"POST /v1/review HTTP/1.0\r\n\r\n"
--- problem
status eq 400
pointer eq ""
--- raw_response_headers_unlike: Transfer-Encoding

=== TEST 36: pipelined by Test::Nginx, on a connection that is closed then
--- pipelined_requests eval
[ "POST /v1/review\n" . ::body('一'), "POST /v1/review\n{", 'GET /v1/review',
  "POST /file\n" . ::body('二') ]
--- error_code eval
[ 200, 400, 405, 200 ]
--- json eval
[ 'status eq "complete"', undef, undef, 'status eq "complete"' ]
--- problem eval
[ undef, 'status eq 400', 'status eq 405', undef ]
--- llm_calls
count eq 2

# The stand-in LLM: what the other tests rely on really happens on the wire.
# Answers that are cut, too short, too long, reset, compressed or never come;
# events one by one; scripts that change from call to call; calls that the
# client gives up are noticed at once; bad requests are told from good ones; it
# goes away with whoever started it.

use strict;
use warnings;

BEGIN { $ENV{REVIEW_MODULE} = 'static' }

use lib 't/lib';
use Review;

use IO::Select;
use IO::Socket::INET;
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP qw(decode_json encode_json);
use Time::HiRes qw(time sleep);

# sends a call, returns the socket

sub ask {
    my ($script, %more) = @_;
    my $sock = delete $more{sock} // IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => llm_port()) // die "connect: $!";
    my $body = delete $more{raw} // encode_json({
        model => 'm',
        messages => [ { role => 'user', content => "q [[$script]]" } ],
        %more,
    });
    my $length = $more{length} // length $body;

    print $sock "POST /v1/chat/completions HTTP/1.1\r\nHost: llm\r\n"
                . "Content-Length: $length\r\n\r\n$body";
    $sock->flush;
    return $sock;
}

# what comes until the end of the connection: the head, the body, and how it
# ended; a whole answer ends it as well, and where silence is what is to come,
# so many seconds of it after the first bytes, if there are to be any.  What has
# been read already is the begin.

sub answer {
    my ($sock, $quiet, $nothing, $begin) = @_;
    my $select = IO::Select->new($sock);
    my ($text, $end) = ($begin // '', 'quiet');
    my $long = Review::patience();

    while ($select->can_read(length $text || $nothing ? $quiet // $long
                                                      : $long))
    {
        my $n = sysread $sock, $text, 65536, length $text;
        if (!$n) {
            $end = defined $n ? 'eof' : $!{ECONNRESET} ? 'reset' : "$!";
            last;
        }
        if ($text =~ /\A(.*?)\r\n\r\n(.*)\z/s) {
            my ($head, $body) = ($1, $2);
            if ($head =~ /^Connection: keep-alive/m
                && ($head =~ /^Content-Length: (\d+)/m && length $body == $1
                    || $head =~ /chunked/ && $body =~ /\r\n0\r\n\r\n\z/))
            {
                $end = 'whole';
                last;
            }
        }
    }

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    $head //= '';
    $body //= '';
    if ($head =~ /chunked/) {
        my $left = $body;
        $body = '';
        while ($left =~ s/\A([0-9a-f]+)\r\n//) {
            $body .= substr $left, 0, hex $1, '';
            $left =~ s/\A\r\n//;
        }
    }
    return ($head, $body, $end);
}

# the stand-in has seen so much

sub seen {
    return llm_wait(@_, timeout => 1000 * Review::patience())->{ok};
}

sub said_length {
    return $_[0] =~ /^Content-Length: (\d+)/m ? $1 : undef;
}

# what is not JSON, or not there, fails the check that looks at it

sub json {
    my $value = eval { decode_json($_[0] // '') };
    return ref $value eq 'HASH' ? $value : {};
}

sub content {
    my $content = eval { json($_[0])->{choices}[0]{message}{content} };
    return $content // '';
}

sub tokens {
    my @events = grep { length } split /\r?\n\r?\n/, $_[0];
    s/^data: // or return "not an event: $_" for @events;
    return grep { length } map {
        $_ eq '[DONE]' ? ()
        : eval { json($_)->{choices}[0]{delta}{content} } // ''
    } @events;
}

my ($head, $body, $end);


# a good answer

llm_reset();
my $keep = ask('verdict=fail quote=a_b quote=%E5%9B%9B');
($head, $body, $end) = answer($keep);
is($end, 'whole', 'an answer');
my $said = json(Encode::encode('UTF-8', content($body)));
is($said->{verdict}, 'fail', 'the verdict of the script');
is_deeply($said->{quote}, ['a b', "\x{56db}"], 'several quotes');
($head, $body, $end) = answer(ask('ok', sock => $keep));
is($end, 'whole', 'another one on the same connection');
is(llm_stats()->{connections}, 1, 'one connection');
is(llm_calls()->[0]{headers}[0][0], 'Host', 'headers are recorded');


# bodies that end wrongly

($head, $body, $end) = answer(ask('cut'));
is($end, 'eof', 'cut: the end');
ok(length $body && length $body < said_length($head), 'cut: in the middle');

($head, $body, $end) = answer(ask('wrong_length'));
is($end, 'eof', 'wrong_length: the end');
ok(%{ json($body) }, 'wrong_length: the body is whole');
is(said_length($head), length($body) + 10, 'wrong_length: ten more');

($head, $body, $end) = answer(ask('wrong_length=-5'));
is(said_length($head), length($body) - 5, 'wrong_length=-5: five less');

($head, $body, $end) = answer(ask('cut_head'));
is("$head$body$end", 'eof', 'cut_head: not one byte');

($head, $body, $end) = answer(ask('reset'));
is("$head$body$end", 'reset', 'reset: RST');

($head, $body, $end) = answer(ask('cut reset'));
is($end, 'reset', 'cut reset: RST');
ok(length $body, 'cut reset: after a part of the body');

($head, $body, $end) = answer(ask('hang_body'), 0.4);
is($end, 'quiet', 'hang_body: silence');
ok(length $body && length $body < said_length($head), 'hang_body: half');

($head, $body, $end) = answer(ask('empty 502'));
like($head, qr/^HTTP\/1\.1 502 /, 'empty 502: the status');
is($body, '', 'empty 502: nothing');

($head, $body, $end) = answer(ask('gzip'));
like($head, qr/^Content-Encoding: gzip/m, 'gzip: the header');
my $plain;
ok(gunzip(\$body => \$plain) && %{ json($plain) }, 'gzip: the body');

($head, $body, $end) = answer(ask('chunked'));
like($head, qr/^Transfer-Encoding: chunked/m, 'chunked: the header');
ok(%{ json($body) }, 'chunked: the body');

($head, $body, $end) = answer(ask('huge=1000000'));
is(length Encode::encode('UTF-8', content($body)), 1000000, 'huge: the size');

($head, $body, $end) = answer(ask('bad_json'));
is($end, 'whole', 'bad_json: whole for HTTP');
ok(!%{ json($body) }, 'bad_json: not for JSON');


# events

my @stream = (stream => JSON::PP::true);

($head, $body, $end) = answer(ask('tokens=3', @stream));
like($head, qr{^Content-Type: text/event-stream}m, 'events: the type');
is($end, 'whole', 'events: the last chunk');
is(scalar tokens($body), 3, 'events: three tokens');
is(json(Encode::encode('UTF-8', join '', tokens($body)))->{verdict},
   'pass', 'events: together the answer');
like($body, qr/\n\ndata: \[DONE\]\n\n\z/, 'events: [DONE]');
unlike($body, qr/"usage"/, 'events: no usage unless asked for');

($head, $body, $end) = answer(ask('tokens=3', @stream,
    stream_options => { include_usage => JSON::PP::true }));
like($body, qr/"prompt_tokens":14,"completion_tokens":3/, 'events: usage');

($head, $body, $end) = answer(ask('tokens=5 cut_sse=2', @stream));
is($end, 'eof', 'cut_sse: the end');
is(scalar tokens($body), 2, 'cut_sse: after two tokens');

($head, $body, $end) = answer(ask('nodone crlf', @stream));
is($end, 'whole', 'nodone: a proper end');
unlike($body, qr/DONE/, 'nodone: no [DONE]');
unlike($body, qr/(?<!\r)\n/, 'crlf');

my $sock = ask('tokens=2 slow=400', @stream);
IO::Select->new($sock)->can_read(Review::patience());
sysread $sock, my $first, 65536;
($head, $body, $end) = answer($sock, undef, undef, $first);
ok($first =~ /^HTTP/ && $first !~ /DONE/ && "$head$body" =~ /DONE/,
   'slow: events one by one');


# scripts

my @status = map { (answer(ask('500|429 retry_after=7|ok')))[0] } 1 .. 4;
is(join(' ', map { /^HTTP\/1.1 (\d+)/ } @status), '500 429 200 200',
   'a sequence, whose last one stays');
like($status[1], qr/^Retry-After: 7\r?$/m, 'Retry-After');
like((answer(ask('500|429 retry_after=7|ok', model => 'other')))[0],
     qr/^HTTP\/1.1 500/, 'another model has its own');
like((answer(ask('503 retry_after=date:9')))[0],
     qr/^Retry-After: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r?$/m,
     'Retry-After with a date');

my @half = map {
    content((answer(ask('length_until=100', @$_)))[1])
} [], [ max_tokens => 50 ], [ max_tokens => 100 ];
is(join(' ', map { /\}\z/ ? 'whole' : 'half' } @half), 'half half whole',
   'length_until');

($head, $body) = answer(ask('', messages => [
    { role => 'system', content => '[[500]]' },
    { role => 'user', content => '[[501]] then [[502]]' },
    { role => 'assistant', content => '[[503]]' },
    { role => 'user', content => 'again, please' },
]));
like($head, qr/^HTTP\/1.1 502/,
     'the last script of the last user message that has one');

($head, $body) = answer(ask('echo', max_tokens => 77, temperature => 0));
is(json(Encode::encode('UTF-8', json(Encode::encode('UTF-8',
   content($body)))->{reason} // ''))->{max_tokens}, 77, 'echo');


# what the client does is seen

llm_reset();
$sock = ask('hang key=h');
($head, $body, $end) = answer($sock, 0.2, 'nothing');
is("$head$body$end", 'quiet', 'hang: nothing comes');
is(llm_calls(key => 'h')->[0]{outcome}, 'hung', 'hang: recorded');
close $sock;
ok(seen(closed => 1), 'hang: a close is seen');
is(llm_calls(key => 'h')->[0]{outcome}, 'client_closed', 'hang: and recorded');
ok(!llm_wait(closed => 2, timeout => 50)->{ok}, 'a wait may time out');

my $start = time;
$sock = ask('delay=300');
($head) = answer($sock);
ok($head && time - $start >= 0.3, 'delay: before the head');
$sock = ask('delay=5000 key=d');
seen(calls => 1, key => 'd');
close $sock;
ok(seen(closed => 1, key => 'd'), 'delay: a close is seen');

llm_reset();
my @waiting = map { ask("gate=g key=$_") } 1, 2;
llm_wait(calls => 2, timeout => 5000);
is((answer($waiting[0], 0.1, 'nothing'))[2], 'quiet', 'gate: nothing comes');
close $waiting[1];
ok(llm_wait(closed => 1, timeout => 5000)->{ok}, 'gate: a close is seen');
llm_post('/_open', gate => 'g');
like((answer($waiting[0], 5))[0], qr/^HTTP\/1.1 200 /, 'gate: until it opens');
like((answer(ask('gate=g'), 5))[0], qr/^HTTP\/1.1 200 /, 'and then no more');

llm_reset();
my @socks = map { ask('hold key=p') } 1 .. 30;
ok(seen(calls => 30), 'hold: calls wait');
is(llm_stats()->{answered}, 0, 'hold: for as long as it takes');
llm_post('/_release');
is((answer($_))[2], 'whole', 'hold: until they are released') for @socks;
is(llm_stats()->{max_in_flight}, 30, 'calls in flight are counted');
is(llm_stats()->{in_flight}, 0, 'and none is left');


# bad requests

for my $raw ('{"messages": [', '[]', '{"model": "m"}', '{"messages": []}',
             '{"messages": [{"role": "user"}], "x": NaN}', "\xff")
{
    ($head) = answer(ask('', raw => $raw));
    like($head, qr/^HTTP\/1.1 400 /, "bad request: $raw");
}
($head) = answer(ask('no_such_word'));
like($head, qr/^HTTP\/1.1 400 /, 'a word that is not known');
close ask('', raw => '{}', length => 3);
for (1 .. 100 * Review::patience()) {
    last if llm_stats()->{bad_requests} == 8;
    sleep 0.01;
}
is(llm_stats()->{bad_requests}, 8, 'bad requests, one of them cut');
is(llm_stats()->{calls}, 30, 'are no calls');


# its end

sub start {
    my ($stdin, @args) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<&', $stdin or die;
        open STDOUT, '>', '/dev/null' or die;
        exec 'python3', 't/lib/llm.py', @args or die "exec: $!";
    }
    return $pid;
}

sub gone {
    my ($pid) = @_;
    for (1 .. 100 * Review::patience()) {
        return 1 if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.01;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
    return 0;
}

# that it runs on can only be seen after a while

pipe my $in, my $out or die;
my $pid = start($in);
sleep 0.5;
is(waitpid($pid, POSIX::WNOHANG()), 0, 'runs while stdin is open');
close $out;
ok(gone($pid), 'ends as stdin is closed');

pipe my $in2, my $out2 or die;
my $parent = start($in2);
my $child = start($in2, '--parent-pid', $parent);
sleep 0.5;
is(waitpid($child, POSIX::WNOHANG()), 0, 'runs while its parent does');
kill TERM => $parent;
waitpid $parent, 0;
ok(gone($child), 'ends with its parent');

Test::More::done_testing();

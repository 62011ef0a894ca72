package Clients;

# Several clients at once, for blocks that are about who waits for whom.
# "use Clients" comes after "use Review".  A block's
#
#     --- clients
#     my $one = review(['delay=200']);
#     my $other = review(['ok']);
#     json_checks($name, '*.json.status eq ["complete","complete"]',
#                 [ replies($one, $other) ]);
#
# is Perl of the test file's package, run when nginx has answered the block's
# own request, which is GET /status where there is none.  Configurations have
# TEST_NGINX_STATUS, that location for a zone "z".

use strict;
use warnings;

use Exporter 'import';
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes ();

our @EXPORT = qw(
    slow ask post chat review points reply replies leave pump responses
    after all_complete all_ok pause soon status status_is idle page arrived
    release written
);

my $Json = JSON::PP->new->utf8->canonical->allow_nonref;

$ENV{TEST_NGINX_STATUS} =
    'location = /status { review_status z; review_guard off; }';

Review::review_section('clients');

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(request => 'GET /status')
        if defined $block->clients && !defined $block->request;
});

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    run($block->name, $block->clients) if defined $block->clients;
});

sub run {
    my ($name, $text) = @_;
    my $code = eval "package main; use strict; use warnings; sub {\n"
                    . "my (\$name) = \@_;\n#line 1 \"$name\"\n$text\n}";

    die "$name - clients: $@" if !$code;
    $code->($name);
}


sub slow () { return Review::slow() }

sub port { return $ENV{TEST_NGINX_SERVER_PORT} }

sub pause ($) { Time::HiRes::sleep($_[0] * slow) }


# Clients: a connection each, closed with the last reference to it

sub ask {
    my ($request) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port())
        or die "nginx: $!";
    $sock->blocking(0);

    my $client = { sock => $sock, out => $request, in => '',
                   since => Time::HiRes::time() };
    pump(0, $client);
    return $client;
}

sub post {
    my ($uri, $body, @headers) = @_;

    return ask(join "\r\n", "POST $uri HTTP/1.1", 'Host: test',
               'Connection: close', 'Content-Type: application/json', @headers,
               'Content-Length: ' . length $body, '', $body);
}

# a call as a plain client makes it

sub chat {
    my ($script, $uri, @headers) = @_;

    return post($uri // '/chat', $Json->encode({
        model => 'm',
        messages => [ { role => 'user', content => "[[$script]]" } ]
    }), @headers);
}

sub points {
    my ($n, $script) = @_;
    return [ map { $script =~ s/%N/$_/r } 1 .. $n ];
}

sub review {
    my ($scripts, $uri, @headers) = @_;
    my $n = 0;

    return post($uri // '/v1/review', $Json->encode({
        chunk => 'x',
        points => [ map { ref $_ ? $_ : { id => 'p' . ++$n,
                                          question => "$n? [[$_]]" } }
                        @$scripts ]
    }), @headers);
}

sub leave {
    close $_->{sock} for @_;
}

# lets clients write and read, for so long or until all are closed by nginx

sub pump {
    my ($seconds, @clients) = @_;
    my $end = Time::HiRes::time() + $seconds;

    while (my @open = grep { !$_->{ended} } @clients) {
        my %of = map { $_->{sock} => $_ } @open;
        my $left = $end - Time::HiRes::time();

        my ($in, $out) = IO::Select::select(
            IO::Select->new(map { $_->{sock} } @open),
            IO::Select->new(map { $_->{sock} } grep { length $_->{out} } @open),
            undef, $left > 0 ? $left : 0);

        write_some($of{$_}) for @{ $out // [] };
        read_some($of{$_}) for @{ $in // [] };
        return if $left <= 0;
    }
}

sub write_some {
    my ($client) = @_;
    local $SIG{PIPE} = 'IGNORE';

    my $n = syswrite $client->{sock}, $client->{out};

    if (defined $n) {
        substr($client->{out}, 0, $n) = '';
    } elsif (!$!{EAGAIN}) {
        $client->{out} = '';
    }
}

sub read_some {
    my ($client) = @_;
    my $now = Time::HiRes::time() - $client->{since};

    my $n = sysread $client->{sock}, $client->{in}, 65536, length $client->{in};
    return if !defined $n && $!{EAGAIN};

    $client->{first} //= $now;
    $client->{took} = $now;

    if (!$n) {
        $client->{ended} = 1;
        close $client->{sock};
    }
}


# Replies: {status, header: {name: value}, body, json, took, first}; of a body
# that is cut only the beginning, of no response nothing

sub reply {
    my ($client) = @_;

    pump(2 * Review::patience(), $client);

    my ($reply) = responses($client->{in}, 1);
    $reply //= { status => 0 };
    @$reply{qw(took first)} = @$client{qw(took first)};
    return $reply;
}

sub replies {
    pump(2 * Review::patience(), @_);
    return map { reply($_) } @_;
}

# are all of them so?  Those that are not are shown

sub all_complete {
    my ($name, @replies) = @_;
    my @bad = grep { ($_->{json}{status} // '') ne 'complete' } @replies;
    Review::json_checks("$name - complete", '. len 0', \@bad);
}

sub all_ok {
    my ($name, @replies) = @_;
    my @bad = grep { $_->{status} != 200 } @replies;
    Review::json_checks("$name - 200", '. len 0', \@bad);
}

# on a connection that stays open: as many as there are, n as soon as may be

sub after {
    my ($client, $n) = @_;

    for (1 .. 100 * Review::patience()) {
        my @all = responses($client->{in});
        return @all if @all >= $n || $client->{ended};
        pump(0.01, $client);
    }

    return responses($client->{in});
}

# those in these bytes that are whole; or to the end

sub responses {
    my ($in, $ended) = @_;
    my @all;

    while ($in =~ s{\A(HTTP/1\.[01] (\d{3}).*?\r\n)\r\n}{}s) {
        my ($head, $status) = ($1, $2);
        my %header = map { /^([^:]+):\s*(.*)$/ ? (lc $1 => $2) : () }
                         split /\r\n/, $head;

        my $body = ($header{'transfer-encoding'} // '') eq 'chunked'
                   ? chunked(\$in, $ended)
                   : plain(\$in, $header{'content-length'}, $ended);
        last if !defined $body;

        push @all, { status => 0 + $status, header => \%header, body => $body,
                     json => scalar eval { $Json->decode($body) } };
    }

    return @all;
}

sub plain {
    my ($in, $length, $ended) = @_;

    $length //= length $$in if $ended;
    return if !defined $length || length $$in < $length && !$ended;
    return substr $$in, 0, $length, '';
}

sub chunked {
    my ($in, $ended) = @_;
    my $body = '';

    while ($$in =~ s/\A([0-9a-f]+)\r\n//i) {
        my $n = hex $1;
        last if length $$in < $n + 2;
        $body .= substr $$in, 0, $n;
        substr($$in, 0, $n + 2) = '';
        return $body if !$n;
    }

    return $ended ? $body : undef;
}


# What nginx and the stand-in say, looked at until it is so

sub soon {
    my ($name, $text, $code, $seconds) = @_;
    my @checks = Review::parse_checks($text, $name);
    my $end = Time::HiRes::time() + ($seconds // Review::patience());

    while (1) {
        my $root = $code->();
        my @results = Review::evaluate($root, @checks);

        if (!grep({ !$_->[0] } @results) || Time::HiRes::time() > $end) {
            Review::report($name, $root, @results);
            return;
        }

        Time::HiRes::sleep(0.01);
    }
}

sub page {
    my ($uri, %headers) = @_;
    return HTTP::Tiny->new(timeout => 2 * Review::patience())->get(
        'http://127.0.0.1:' . port() . $uri,
        { headers => \%headers });
}

sub status {
    my ($uri) = @_;
    return scalar eval { $Json->decode(page($uri // '/status')->{content}) };
}

sub status_is {
    my ($name, $text, $uri) = @_;
    soon("$name - status", $text, sub { status($uri) });
}

# nobody waits, nothing runs

sub idle {
    my ($name) = @_;
    status_is("$name - idle", "calls.in_flight eq 0\ncalls.queued.total eq 0");
}

# lets go of the calls that are scripted to "hold"

sub release () { Review::llm_post('/_release') }

# the clients' requests are on their way to the last byte

sub written {
    my $end = Time::HiRes::time() + Review::patience();

    while (grep({ length $_->{out} } @_) && Time::HiRes::time() < $end) {
        pump(0.01, @_);
    }
}

# the calls have come to the stand-in

sub arrived {
    my ($n) = @_;
    return Review::llm_wait(calls => $n,
                            timeout => 1000 * Review::patience())->{ok};
}

1;

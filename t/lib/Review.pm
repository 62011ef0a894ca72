package Review;

# Test::Nginx::Socket with a stand-in LLM (llm.py) behind nginx, and sections
# that check JSON.  The documentation is at the end of this file.

use strict;
use warnings;

use Test::More ();
use Cwd ();
use Encode ();
use File::Basename ();
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use OwnFolder ();
use POSIX ();
use Scalar::Util qw(openhandle);
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);
use Time::HiRes ();

my $Tree;           # where t/ and build/ are
my $Folder;         # private, and our TMPDIR
my $Main;           # the process; its forked children clean nothing up
my @PortLocks;
my ($LlmPid, $LlmPort, $LlmPipe);
my $Running;        # run_tests(): undef before, 1 in, 0 after it
my $SeenLog = 0;    # bytes of the error log that were judged already
my $Block;          # the one that nginx serves
my $HttpConfig = '';
my %Sections;


# The prototype makes a match that fails one false argument, not none.

sub ok ($$) {
    my ($ok, $name) = @_;
    return Test::More->builder->ok($ok, $name);
}

sub diag_text {
    my ($text) = @_;
    $text = substr($text, 0, 4000) . ' ...' if length $text > 4000;
    Test::More->builder->diag($text);
}


# Before Test::Nginx is loaded: it reads the environment at once

sub slow {
    return $ENV{TEST_REVIEW_ASAN} ? 3 : 1;
}

# How long what is waited for may take at most: a machine may have other things
# to do.  Where it never comes, a test fails so much later.

sub patience {
    return 30 * slow();
}

sub prepare {
    $ENV{TEST_NGINX_BINARY} ||= '/usr/sbin/nginx';
    $ENV{TEST_NGINX_SERVROOT} ||= "$Folder/servroot";
    $ENV{TEST_NGINX_DATA} = "$Tree/t/data";
    $ENV{TEST_NGINX_SERVER_PORT} ||= lock_port();
    $ENV{TEST_NGINX_FREE_PORT} = lock_port();

    my $module = $ENV{REVIEW_MODULE}
                 // "$Tree/build/ngx_http_review_module.so";
    if ($module eq 'static') {
        delete $ENV{TEST_NGINX_LOAD_MODULES};

    } else {
        $ENV{TEST_NGINX_LOAD_MODULES} = Cwd::abs_path($module) // '';
        die "$module: no such module, build it first\n" if !-f $module;
    }

    if ($ENV{TEST_REVIEW_ASAN}) {
        for my $name (qw(ASAN_OPTIONS UBSAN_OPTIONS)) {
            my $options = $ENV{$name} // '';
            $options =~ s/(?:^|[:,])log_path=[^:,]*//;

            # what nginx does not free before it becomes a daemon is no leak
            $options ||= 'detect_leaks=0' if $name eq 'ASAN_OPTIONS';

            $ENV{$name} = join ':', grep { length } $options,
                          "log_path=$Folder/asan.log";
        }
    }

    start_llm();

    $ENV{TEST_NGINX_LLM_PORT} = $LlmPort;
    $ENV{TEST_NGINX_LLM_UPSTREAM} = "
    upstream llm {
        server 127.0.0.1:$LlmPort;
        keepalive 64;
    }
";
    $ENV{TEST_NGINX_LLM_LOCATION} = llm_location('/llm');
    $ENV{TEST_NGINX_EMBEDDINGS_LOCATION} = embeddings_location('/embeddings');
}

# A port that no other test takes while we run, and that is not one of those
# the kernel gives to connections.  The lock is a socket without a file, that
# goes with the process.

sub lock_port {
    for (1 .. 1000) {
        my $port = 20000 + int rand 12000;
        socket my $lock, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
        bind $lock, pack_sockaddr_un("\0review-test-port-$port") or next;
        IO::Socket::INET->new(LocalPort => $port, Listen => 1, ReuseAddr => 1)
            or next;
        push @PortLocks, $lock;
        return $port;
    }

    die "no free port\n";
}

sub start_llm {
    if ($ENV{TEST_REVIEW_LLM_PORT}) {
        $LlmPort = $ENV{TEST_REVIEW_LLM_PORT};
        return;
    }

    my $file = "$Folder/llm.port";
    pipe my $in, $LlmPipe or die "pipe: $!\n";
    $LlmPid = fork // die "fork: $!\n";

    if ($LlmPid == 0) {
        open STDIN, '<&', $in or POSIX::_exit(1);
        open STDOUT, '>&', \*STDERR or POSIX::_exit(1);
        exec $ENV{PYTHON} || 'python3', "$Tree/t/lib/llm.py", '--port', 0,
             '--port-file', $file, '--parent-pid', getppid
            or POSIX::_exit(1);
    }

    for (1 .. 100 * patience()) {
        if (open my $fh, '<', $file) {
            $LlmPort = 0 + <$fh>;
            return;
        }
        if (waitpid($LlmPid, POSIX::WNOHANG()) != 0) {
            undef $LlmPid;
            die "llm.py does not start\n";
        }
        Time::HiRes::sleep(0.01);
    }

    die "llm.py is not ready\n";
}

sub llm_location ($;$@) {
    return stand_in_location('chat/completions', @_);
}

sub embeddings_location ($;$@) {
    return stand_in_location('embeddings', @_);
}

sub stand_in_location {
    my ($path, $uri, $do, @more) = @_;
    my $args = defined $do && length $do ? '?do=' . escape($do) : '';
    my $more = join '', map { "            $_\n" } @more;

    return "
        location = $uri {
            internal;
            proxy_pass http://llm/v1/$path$args;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
$more        }
";
}

sub escape {
    my ($text) = @_;
    $text =~ s/([^A-Za-z0-9._~=-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

sub at_end {
    my $status = $?;

    check_leftovers() if defined $Test::Nginx::Util::LogDir;

    if ($Running // openhandle(\*main::DATA)) {
        ok(0, "$0 ran to its end");
    }

    if ($LlmPid) {
        kill TERM => $LlmPid;
        waitpid $LlmPid, 0;
    }

    OwnFolder::end();
    $? = $status;
}


# END is compiled before Test::Nginx is: so its own END, which stops nginx, runs
# first.

END {
    at_end() if $$ == $Main;
}

BEGIN {
    $Main = $$;
    $Tree = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..');
    $Folder = OwnFolder::folder();

    # a peer that closes fails a check, no more; a handler is not inherited

    $SIG{PIPE} = sub { };
    prepare();
}

use Test::Nginx::Socket ();
use Test::Nginx::Util qw(expand_env_in_text parse_time);

our @ISA = ('Test::Nginx::Socket');

our @EXPORT = qw(
    run_tests plan_review review_http review_section llm_location
    embeddings_location llm_port llm_get llm_post llm_reset llm_calls llm_stats
    llm_wait json_checks
);

my $Json = JSON::PP->new->utf8->canonical->allow_nonref;
my $Http = HTTP::Tiny->new(timeout => 2 * patience());


# What test files call

sub import {
    Test::Nginx::Util::no_long_string();
    Test::Nginx::Util::worker_connections(1024);
    Test::Nginx::Util::timeout($ENV{TEST_NGINX_TIMEOUT} || patience());

    # Test::Base exports to the caller what this class and its bases export

    goto &{ Test::Nginx::Socket->can('import') };
}

# The number of tests need not be counted: nothing is lost, for run_tests()
# must come to its end, and with blocks to run.

sub run_tests () {
    my $builder = Test::More->builder;
    my @blocks = Test::Base::blocks();

    $builder->plan('no_plan') if !$builder->has_plan;
    check_sections($_) for @blocks;
    ok(@blocks > 0, "$0 has blocks");

    $Running = 1;
    Test::Nginx::Util::run_tests();
    $Running = 0;
}

# for those who want a count: so many tests a block

sub plan_review ($) {
    my ($tests) = @_;
    my $builder = Test::More->builder;
    $builder->plan(tests => 1 + Test::Nginx::Util::repeat_each() * $tests
                                * scalar(my @blocks = Test::Base::blocks()));
}

# lines for the http block of all tests that have no --- http_config

sub review_http (@) {
    $HttpConfig = join '', map { "    $_\n" } @_;
}

sub review_section (@) {
    $Sections{$_} = 1 for @_;
}

sub llm_port () {
    return $LlmPort;
}

sub llm_request {
    my ($method, $path, %query) = @_;
    my $args = join '&', map { "$_=" . escape($query{$_}) } sort keys %query;
    my $url = "http://127.0.0.1:$LlmPort$path" . ($args && "?$args");
    my $res = $Http->request($method, $url);
    die "$method $url: $res->{status} $res->{content}\n" if !$res->{success};
    return $Json->decode($res->{content});
}

sub llm_get ($@) { return llm_request('GET', @_) }

sub llm_post ($@) { return llm_request('POST', @_) }

sub llm_reset () { return llm_post('/_reset') }

sub llm_calls (@) { return llm_get('/_calls', @_) }

sub llm_stats () { return llm_get('/_stats') }

sub llm_wait (@) { return llm_get('/_wait', @_) }


# Blocks

sub check_sections {
    my ($block) = @_;

    if (!$Sections{config}) {
        review_section(qw(
            json json_request problem sse llm_calls allow_log
            name description config SKIP ONLY LAST stap
        ));
        for my $file (@INC{qw(Test/Nginx/Socket.pm Test/Nginx/Util.pm)}) {
            open my $fh, '<', $file or die "$file: $!\n";
            while (<$fh>) {
                $Sections{$_} = 1 for /\bblock\}?->(\w+)/g;
            }
        }
    }

    for my $name (@{ $block->_section_order }) {
        die $block->name . ": no section is called \"$name\"\n"
            if !$Sections{$name};
    }
}

sub each_of {
    my ($value, $code) = @_;
    return ref $value eq 'ARRAY' ? [ map { $code->($_) } @$value ]
                                 : $code->($value);
}

sub default_value {
    my ($block, $name, $value) = @_;
    $block->set_value($name, $value) if !defined $block->$name;
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    default_value($block, http_config =>
                  "$ENV{TEST_NGINX_LLM_UPSTREAM}$HttpConfig");

    my $main = $block->main_config // '';
    if ($main !~ /\bworker_shutdown_timeout\b/) {
        $block->set_value(main_config => "$main\nworker_shutdown_timeout 1s;");
    }

    if (defined $block->timeout) {
        $block->set_value(timeout => parse_time($block->timeout) * slow());
    }

    if (defined $block->json_request) {
        my $more = $block->more_headers // '';
        if (!ref $more && $more !~ /^content-type:/mi) {
            $block->set_value(more_headers =>
                              "Content-Type: application/json\n$more");
        }
        $block->set_value(request =>
                          each_of($block->json_request, \&json_request));
    }

    if (defined $block->problem && !ref $block->problem
        && $block->problem =~ /^status\s+eq\s+(\d+)\s*$/m)
    {
        default_value($block, error_code => $1);
    }
});

sub json_request {
    my ($text) = @_;
    my $uri = '/v1/review';

    $uri = $1 if $text =~ s{\A(/\S*)\n}{};
    return "POST $uri\n" . expand_env_in_text($text, 'json_request', {});
}

# Test::Nginx calls this for every time that a block is run.  What nobody has
# expected fails the block; the others are run.

{
    my $helper = $Test::Nginx::Util::RunTestHelper;

    $Test::Nginx::Util::RunTestHelper = sub ($$$) {
        my ($block, $dry_run, $n) = @_;
        return $helper->(@_) if $dry_run;

        $Block = $block;
        my $good = eval {
            llm_reset();
            $helper->(@_);
            check_calls($block) if defined $block->llm_calls;
            check_health($block);
            1;
        };
        ok(0, $block->name . ' - ran to its end') or diag_text($@) if !$good;
    };
}

{
    no warnings 'redefine';
    my $check = \&Test::Nginx::Socket::check_response_body;

    *Test::Nginx::Socket::check_response_body = sub ($$$$$$) {
        my ($block, $res, $dry_run, $n) = @_;
        $check->(@_);
        check_body($block, $res, $n) if !$dry_run;
    };

    # It is asked four times a block; its own way, ps(1), takes longer than
    # that.  The state follows the name in parentheses, which may be anything.

    *Test::Nginx::Util::is_defunct = sub ($) {
        my ($pid) = @_;
        open my $fh, '<', "/proc/$pid/stat" or return '';
        my ($state) = (<$fh> // '') =~ /.*\) (\w)/s;
        return ($state // '') eq 'Z';
    };

    # An nginx without a master may look for a signal just before one comes, and
    # then sleep: it is told again.

    my $kill = \&Test::Nginx::Util::kill_process;

    *Test::Nginx::Util::kill_process = sub ($$$) {
        my ($pid, $wait, $name) = @_;
        my $end = Time::HiRes::time() + patience();
        my $again = 0;

        while ($wait && $pid && Test::Nginx::Util::is_running($pid)) {
            my $now = Time::HiRes::time();
            last if $now > $end;
            if ($now > $again) {
                kill QUIT => $pid;
                $again = $now + 1;
            }
            waitpid $pid, POSIX::WNOHANG();
            Time::HiRes::sleep(0.02);
        }

        $kill->(@_) if Test::Nginx::Util::is_running($pid);
    };

    # The pause before the error log is read is for the lines that a block waits
    # for.  Faults are looked for again as the block, and as its nginx, ends.

    my $log = \&Test::Nginx::Socket::error_log_data;

    *Test::Nginx::Socket::error_log_data = sub () {
        local $Test::Nginx::Util::TestNginxSleep = 0 if $Block
            && !$Block->error_log && !$Block->no_error_log
            && !$Block->grep_error_log;
        return lines_with(scalar($Block && $Block->error_log), $log);
    };

    my $access = \&Test::Nginx::Socket::access_log_data;

    *Test::Nginx::Socket::access_log_data = sub () {
        return lines_with(scalar($Block && $Block->access_log),
                          $access);
    };

    # a new root is made: what the old nginx left is seen now or never

    my $setup = \&Test::Nginx::Util::setup_server_root;

    *Test::Nginx::Util::setup_server_root = sub ($) {
        check_leftovers();
        undef $Block;
        $SeenLog = 0;
        $setup->(@_);
    };
}


# The lines of a log, which are written after the response has been sent: as
# soon as each pattern has one, or when none will come any more.

sub lines_with {
    my ($patterns, $code) = @_;
    my @wanted = ref $patterns eq 'ARRAY' ? grep { defined } @$patterns
                 : ref $patterns ? $patterns
                 : split /\n+/, $patterns // '';
    my $end = Time::HiRes::time() + patience();

    while (1) {
        my $lines = $code->();
        my $text = join '', @$lines;
        my @missing = grep { ref $_ ? $text !~ /$_/m : index($text, $_) < 0 }
                           @wanted;
        return $lines if !@missing || Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.02);
    }
}


# Checks

my %Body = (
    json    => [ 'application/json', sub { $Json->decode($_[0]) } ],
    problem => [ 'application/problem+json', sub { $Json->decode($_[0]) } ],
    sse     => [ 'text/event-stream', \&parse_sse ],
);

sub check_body {
    my ($block, $res, $n) = @_;

    for my $section (sort keys %Body) {
        my $checks = $block->$section;
        $checks = $checks->[$n] if ref $checks eq 'ARRAY';
        next if !defined $checks;

        my $name = $block->name . " - $section";
        my ($want, $parse) = @{ $Body{$section} };
        my $type = $res && $res->header('Content-Type') // '';
        my $body = $res && $res->content // '';
        my $value = eval { $parse->($body) };
        my $error = $@;

        ok($type =~ /^\Q$want\E(?:;|$)/, "$name: the type is $want")
            or diag_text("the type is \"$type\", the body:\n$body");

        if (!ok($error eq '', "$name: the body is what its type says")) {
            diag_text("$error\nthe body:\n$body");
            next;
        }

        json_checks($name, $checks, $value);
    }
}

# "path op value" lines -> [line, path, op, value]

sub parse_checks {
    my ($text, $name) = @_;
    my @checks;

    $text = expand_env_in_text($text, $name, $Test::Nginx::Util::RandPorts
                                             // {});
    for my $line (split /\n/, $text) {
        next if $line =~ /^\s*(?:#|$)/;

        $line =~ m{^\s*(\S+)\s+(missing|exists)\s*$}
            || $line =~ m{^\s*(\S+)\s+(like|unlike)\s+/(.*)/([imsx]*)\s*$}
            || $line =~ m{^\s*(\S+)\s+(eq|ne|lt|le|gt|ge|len|has)\s+(.*\S)\s*$}
            || die "no check: $line\n";
        my ($path, $op, $value, $flags) = ($1, $2, $3, $4);

        if ($op =~ /like/) {
            $value = Encode::decode('UTF-8', $value);
            $value = qr/(?$flags:$value)/;

        } elsif (defined $value) {
            $value = eval { $Json->decode($value) };
            die "no JSON: $line\n" if $@;
        }

        push @checks, [$line, $path, $op, $value];
    }

    die "no check in the section\n" if !@checks;
    return @checks;
}

# a reference to what a path leads to; "*" makes a list of what is under it

sub lookup {
    my ($value, $step, @path) = @_;

    if (!defined $step) {
        return \$value;
    }

    if ($step eq '*' && ref $value) {
        my @all = ref $value eq 'ARRAY' ? @$value
                  : map { $value->{$_} } sort keys %$value;
        my $list = [ map { my $v = lookup($_, @path); $v && $$v } @all ];
        return \$list;
    }

    if (ref $value eq 'HASH' && exists $value->{$step}) {
        return lookup($value->{$step}, @path);
    }

    if (ref $value eq 'ARRAY' && $step =~ /^-?\d+$/
        && $step < @$value && $step >= -@$value)
    {
        return lookup($value->[$step], @path);
    }

    return undef;
}

sub value_at {
    my ($root, $path) = @_;
    return \$root if $path eq '.';
    my @steps = split /(?<!\\)\./, Encode::decode('UTF-8', $path);
    s/\\\././g for @steps;
    return lookup($root, @steps);
}

sub length_of {
    my ($value) = @_;
    return scalar @$value if ref $value eq 'ARRAY';
    return scalar keys %$value if ref $value eq 'HASH';
    return length $value;
}

sub is_number {
    my ($value) = @_;
    return defined $value && !ref $value
           && $Json->encode($value) =~ /^-?[0-9]/;
}

sub has {
    my ($value, $what) = @_;
    return exists $value->{$what} if ref $value eq 'HASH';
    return index($value, $what) >= 0 if !ref $value;
    my $json = $Json->encode($what);
    return scalar grep { $Json->encode($_) eq $json } @$value;
}

my %Ops = (
    eq     => sub { $Json->encode($_[0]) eq $Json->encode($_[1]) },
    ne     => sub { $Json->encode($_[0]) ne $Json->encode($_[1]) },
    lt     => sub { is_number($_[0]) && $_[0] < $_[1] },
    le     => sub { is_number($_[0]) && $_[0] <= $_[1] },
    gt     => sub { is_number($_[0]) && $_[0] > $_[1] },
    ge     => sub { is_number($_[0]) && $_[0] >= $_[1] },
    len    => sub { defined $_[0] && length_of($_[0]) == $_[1] },
    has    => sub { defined $_[0] && has(@_) },
    like   => sub { as_text($_[0]) =~ $_[1] },
    unlike => sub { as_text($_[0]) !~ $_[1] },
    exists => sub { 1 },
);

sub as_text {
    my ($value) = @_;
    return $value if defined $value && !ref $value;
    return Encode::decode('UTF-8', $Json->encode($value));
}

# [ok, line, what was found] for each check

sub evaluate {
    my ($root, @checks) = @_;
    my @out;

    for my $check (@checks) {
        my ($line, $path, $op, $value) = @$check;
        my $got = value_at($root, $path);
        my $ok = $op eq 'missing' ? !$got
                 : $got ? $Ops{$op}->($$got, $value)
                 : $path =~ /(?:^|\.)header\.[^.]+$/ && $op eq 'eq'
                   && !defined $value;
        push @out, [$ok, $line, $got ? $Json->encode($$got) : 'nothing'];
    }

    return @out;
}

sub json_checks ($$$) {
    my ($name, $text, $root) = @_;
    my @checks = eval { parse_checks($text, $name) };

    if ($@) {
        ok(0, "$name: the checks can be read");
        diag_text($@);
        return;
    }

    report($name, $root, evaluate($root, @checks));
}

sub report {
    my ($name, $root, @results) = @_;

    for my $result (@results) {
        my ($ok, $line, $got) = @$result;
        ok($ok, "$name: $line")
            or diag_text("found: $got\nin: " . $Json->encode($root));
    }
}

# A stream of events: {events: [names], all: [data], comments, name: [data]}

sub parse_sse {
    my ($body) = @_;
    my %sse = (events => [], all => [], comments => 0);
    my ($name, @data);

    $body =~ s/\r\n?/\n/g;
    die "the stream ends inside of an event\n" if $body !~ /(?:^|\n\n)\z/;

    for my $line (split /\n/, $body, -1) {
        if ($line eq '') {
            next if !@data;
            my $text = join "\n", @data;
            my $data = eval { $Json->decode($text) }
                       // Encode::decode('UTF-8', $text);
            $name //= 'message';
            push @{ $sse{events} }, $name;
            push @{ $sse{all} }, $data;
            push @{ $sse{$name} }, $data if $name !~ /^(?:events|all)$/;
            ($name, @data) = ();

        } elsif ($line =~ /^:/) {
            $sse{comments}++;

        } elsif ($line =~ /^event: ?(.*)/) {
            $name = $1;

        } elsif ($line =~ /^data: ?(.*)/) {
            push @data, $1;

        } elsif ($line !~ /^(?:id|retry)(?::|$)/) {
            die "not a line of events: $line\n";
        }
    }

    return \%sse;
}

# A call that nginx gives up ends a moment after the response has come: a
# failed check is looked at again for a while.

sub check_calls {
    my ($block) = @_;
    my $name = $block->name . ' - llm_calls';
    my @checks = eval { parse_checks($block->llm_calls, $name) };
    my $end = Time::HiRes::time() + patience();

    if ($@) {
        ok(0, "$name: the checks can be read");
        diag_text($@);
        return;
    }

    for (@checks) {
        $_->[1] = "calls.$_->[1]" if $_->[1] =~ /^(?:-?\d+|\*)(?:\.|$)/;
    }

    while (1) {
        my $calls = llm_calls();
        for my $call (@$calls) {
            for (@{ $call->{headers} }) {
                my ($header, $value) = (lc $_->[0], $_->[1]);
                $_ = defined $_ ? "$_, $value" : $value
                    for $call->{header}{$header};
            }
        }

        my $root = { count => scalar @$calls, calls => $calls,
                     stats => llm_stats() };
        my @results = evaluate($root, @checks);

        if (!grep({ !$_->[0] } @results) || Time::HiRes::time() > $end) {
            report($name, $root, @results);
            return;
        }

        Time::HiRes::sleep(0.02);
    }
}


# After every block: is all well?

my @Bad = (
    [ asan => qr/AddressSanitizer|LeakSanitizer|runtime error:/ ],
    [ segfault => qr/segfault|exited on signal/ ],
);

sub log_faults {
    my ($block) = @_;
    my %allowed = map { $_ => 1 } split ' ', $block->allow_log // '';
    my @faults;

    open my $fh, '<', "$Test::Nginx::Util::ErrLogFile" or return;
    seek $fh, $SeenLog, 0;

    while (my $line = <$fh>) {
        my $kind;
        if ($line =~ m{^[\d/]+ [\d:]+ \[(alert|crit|emerg)\]}) {
            $kind = $1;
        }
        for (@Bad) {
            $kind = $_->[0] if $line =~ $_->[1];
        }
        push @faults, $line if $kind && !$allowed{$kind};
    }

    $SeenLog = tell $fh;
    return @faults;
}

sub check_health {
    my ($block) = @_;
    my @faults = log_faults($block);

    if (!$Test::Nginx::Util::NoNginxManager) {
        open my $fh, '<', $Test::Nginx::Util::PidFile;
        my $pid = $fh && <$fh> || 0;
        push @faults, "nginx is gone\n"
            if $pid <= 0 || !Test::Nginx::Util::is_running(0 + $pid);
    }

    if (($block->allow_log // '') !~ /\bbad_request\b/) {
        push @faults, map { 'bad request: ' . $Json->encode($_) . "\n" }
                          @{ llm_get('/_bad') };
    }

    ok(!@faults, $block->name . ' - nginx is well')
        or diag_text(join '', @faults);
}

# What nginx and the sanitizers said while it went down is a test that fails,
# if anything.

sub check_leftovers {
    my @faults = $Block ? log_faults($Block) : ();

    for my $file (glob("$Folder/asan.log*"),
                  glob("$Test::Nginx::Util::LogDir/asan.log*"))
    {
        open my $fh, '<', $file or next;
        my @said = <$fh>;       # valgrind's file is there, whatever it has said
        push @faults, "$file:\n", @said if @said;
        close $fh;
        unlink $file;
    }

    return if !@faults;
    ok(0, ($Block ? $Block->name : $0) . ' - nginx ended well');
    diag_text(join '', @faults);
}

1;

__END__

=encoding utf8

=head1 NAME

Review - Test::Nginx::Socket with a stand-in LLM and checks of JSON

=head1 SYNOPSIS

    # What this file proves.

    use lib 't/lib';
    use Review;

    review_http('review_zone gpu 1m;');
    run_tests();

    __DATA__

    === TEST 1: a point that the LLM fails first, then answers
    --- config
        review_llm /llm model=m;
        location = /v1/review { review; }
        $TEST_NGINX_LLM_LOCATION
    --- json_request
    {"chunk": "投标保证金", "points": [{"id": "a", "question": "[[500|ok]]"}]}
    --- json
    status eq "complete"
    results len 1
    results.0.attempts eq 2
    results.*.status eq ["ok"]
    results.0.error missing
    --- llm_calls
    count eq 2
    *.outcome eq ["answered","answered"]
    0.body.messages.-1.content like /\[\[500/
    0.header.authorization eq null

=head1 WHAT IT ADDS

C<use Review> starts F<llm.py> (its opening comment has the scripts), which
ends with the test file.  Port and server root are the file's own, so that
C<prove -j> works.  C<run_tests()> makes the plan; it fails where there is no
block, and where a section has a name that nobody knows.  Blocks are best named
C<TEST n: ...>; Test::Nginx wants it so for the names of sanitizer logs.

Every block gets, unless it has its own: an C<http_config> with C<upstream llm>
and the lines given to C<review_http()>; C<worker_shutdown_timeout 1s>.  The
stand-in is reset before each block.  Every block is one test more: nginx still
runs, its error log has no alert, crit or emerg, no crash and no sanitizer's
report, and the stand-in saw no bad request.  What comes to light only as nginx
ends (open sockets, leaks) is a test that fails under the name of the block.

=head1 SECTIONS

=over

=item json_request

A JSON text to be POSTed as application/json, to /v1/review or, if the first
line begins with a slash, to that URI.  C<$TEST_NGINX_...> is expanded.  With
C<eval>, an array makes several requests; then the sections below that look at
bodies are arrays as well.

=item json

Checks of the body, one a line, each one test; the content type is another.
Lines are C<path op value>.  A path is member names and indices joined with
dots: C<-1> is the last element, C<*> all (the value is then a list; what is
missing is null in it), C<\.> a dot in a name, C<.> alone the whole.  Values
are JSON.

    eq ne           equal as JSON: 1 is not "1"; what is missing equals nothing
    lt le gt ge     numbers only
    len             elements, members, or characters
    has             an array has the element, an object the member, a text the
                    text
    like unlike     /regex/, also with imsx; what is no text is matched as JSON
    exists missing  without a value

=item problem

The same for application/problem+json.  C<status eq N> here also is the
error_code, unless the block has one.

=item sse

The same for text/event-stream, where the whole is
C<{"events": [names], "all": [data], "comments": number of comment lines,
NAME: [data of the events of that name]}>; data is JSON if it can be.

    events eq ["result","progress","done"]
    done.0.status eq "complete"

=item llm_calls

The same for what the stand-in was asked during the block, a list of calls as
F<llm.py> describes them, each with C<header>: names in lower case to values
(one that was not sent C<eq null>).  C<count> is the number of calls and
C<stats> its counters.  Checks are repeated until they hold, for half a minute
at most: a call that is given up ends a moment after the response.  So to prove
that a call is I<not> made, C<--- wait> first.

=item allow_log

What is no fault in this block, of: alert crit emerg segfault asan bad_request.

=back

C<--- timeout> is half a minute unless said; all is three times as long with
TEST_REVIEW_ASAN.  Lines of C<--- error_log> and C<--- access_log> are waited
for.

=head1 FUNCTIONS

    run_tests()              runs the blocks
    plan_review($n)          before it, if tests are to be counted: $n a block
    review_http(@lines)      for the http block of all blocks without their own
    review_section(@names)   allows sections of the test file's own
    llm_location($uri, $script, @lines)
                             the text of an internal location for the stand-in;
                             $script goes into the query parameter "do"
    embeddings_location($uri, $script, @lines)
                             the same for its embeddings
    llm_port()
    llm_get($path, %query), llm_post(...)    decoded JSON from the stand-in
    llm_reset(), llm_stats(), llm_calls(%filter), llm_wait(%query)
    json_checks($name, $lines, $value)       the checks of --- json, by hand

=head1 ENVIRONMENT

Read: REVIEW_MODULE (the module's file, F<build/ngx_http_review_module.so>;
C<static>: none is loaded), TEST_NGINX_BINARY (F</usr/sbin/nginx>),
TEST_NGINX_SERVROOT, TEST_NGINX_SERVER_PORT, TEST_REVIEW_LLM_PORT (a stand-in
that runs already), TEST_REVIEW_ASAN (longer timeouts; sanitizers' logs are
collected, and fail the test), TEST_REVIEW_KEEP (the temporary folder is kept),
PYTHON.

Set, for configurations: TEST_NGINX_LLM_PORT, TEST_NGINX_LLM_UPSTREAM (the
C<upstream llm> block, for blocks with their own http_config),
TEST_NGINX_FREE_PORT (nobody else's, for a server of the test's own or none),
TEST_NGINX_LLM_LOCATION (C<llm_location('/llm')>),
TEST_NGINX_EMBEDDINGS_LOCATION (C<embeddings_location('/embeddings')>),
TEST_NGINX_DATA (F<t/data>).

=cut

package Contract;

# What holds for every reply, whatever was asked and however the LLM behaved:
# docs/api.md.  "use Contract" after "use Review" has it checked, as one more
# test, for each reply that a block looks at with --- json or --- sse; the
# request is that of --- json_request.

use strict;
use warnings;

use JSON::PP ();
use List::Util qw(sum0);

my $Json = JSON::PP->new->utf8->canonical->allow_nonref;


sub import {
    no warnings 'redefine';
    my $check = \&Test::Nginx::Socket::check_response_body;

    *Test::Nginx::Socket::check_response_body = sub ($$$$$$) {
        my ($block, $res, $dry_run, $n) = @_;
        $check->(@_);
        check_reply($block, $res, $n) if !$dry_run;
    };
}

sub at {
    my ($section, $n) = @_;
    return ref $section eq 'ARRAY' ? $section->[$n] : $section;
}

sub check_reply {
    my ($block, $res, $n) = @_;
    my $type = $res && $res->header('Content-Type') // '';
    my ($reply, @events);

    return if !defined $block->json_request;

    if ($type =~ m{^application/json} && defined at($block->json, $n)) {
        $reply = eval { $Json->decode($res->content) };

    } elsif ($type =~ m{^text/event-stream} && defined at($block->sse, $n)) {
        my $sse = eval { Review::parse_sse($res->content) };
        $reply = $sse && $sse->{done} && $sse->{done}[0];
        @events = @{ $sse->{result} // [] } if $reply;

    } else {
        return;
    }

    # JSON::PP takes its time

    my $request = at($block->json_request, $n);
    return if length $request > 200_000;

    $request =~ s{\A/\S*\n}{};
    $request = eval { $Json->decode($request) } // {};

    my @faults = ref $reply eq 'HASH' && ref $reply->{results} eq 'ARRAY'
        ? faults($request, $reply, $type =~ /json/ && $res->code)
        : 'there is no reply';
    push @faults, event_faults($reply, @events) if $type !~ /json/;

    Review::ok(!@faults, $block->name . ' - the contract is kept')
        or Review::diag_text(join "\n", @faults);
}


sub faults {
    my ($request, $reply, $code) = @_;
    my @results = @{ $reply->{results} };
    my @faults;

    my $expect = sub {
        my ($what, $got, $want) = @_;
        ($got, $want) = map { defined $_ ? $_ : 'nothing' } $got, $want;
        push @faults, "$what: $got, not $want" if $got ne $want;
    };

    my $chunk = $request->{chunk};
    $expect->('id', $reply->{id}, ref $chunk ? $chunk->{id} : undef);

    if ($request->{points}) {
        $expect->('points', $Json->encode([ map { $_->{point} } @results ]),
                  $Json->encode([ map { ref $_ ? $_->{id} : $_ }
                                      @{ $request->{points} } ]));
    }

    my %count = map { $_ => 0 } qw(ok skipped failed timeout);
    $count{$_->{status}}++ for @results;
    my $good = $count{ok} + $count{skipped};

    $expect->('statuses', join(' ', sort keys %count),
              'failed ok skipped timeout');
    $expect->('status', $reply->{status},
              $good == @results ? 'complete' : $good ? 'partial' : 'failed');
    $expect->('HTTP status', $code,
              $good ? 200 : $count{timeout} == @results ? 504 : 502)
        if $code;

    my $usage = $reply->{usage};
    $expect->('calls', $usage->{calls},
              sum0(map { $_->{attempts} } @results));
    for my $name (qw(prompt_tokens completion_tokens total_tokens)) {
        $expect->($name, $usage->{$name},
                  sum0(map { $_->{usage}{$name} } @results));
    }
    push @faults, 'more retries than calls'
        if $usage->{retries} > $usage->{calls};

    for my $result (@results) {
        push @faults, map { "$result->{point}: $_" }
                          result_faults($request, $reply, $result);
    }

    return @faults;
}

sub result_faults {
    my ($request, $reply, $result) = @_;
    my ($status, $finding, $error) = @{$result}{qw(status finding error)};
    my $usage = $result->{usage};
    my @faults;

    push @faults, 'a finding: ' . ($finding ? 'yes' : 'no')
        if ($status eq 'ok') != !!$finding;
    push @faults, 'an error: ' . ($error ? 'yes' : 'no')
        if ($status =~ /^(?:failed|timeout)$/) != !!$error;
    push @faults, "status $status for $error->{code}"
        if $error
           && ($status eq 'timeout')
              != !!($error->{code} =~ /^(?:deadline|call_timeout|slow)$/);
    push @faults, 'attempts' if $status eq 'skipped' && $result->{attempts};
    push @faults, 'total_tokens' if $usage->{total_tokens}
        != $usage->{prompt_tokens} + $usage->{completion_tokens};
    push @faults, 'longer than the review'
        if $result->{elapsed_ms} > $reply->{elapsed_ms};

    push @faults, finding_faults($request, $result) if $finding;
    return @faults;
}

sub finding_faults {
    my ($request, $result) = @_;
    my $finding = $result->{finding};
    my @evidence = @{ $finding->{evidence} };
    my $attempts = $result->{attempts};
    my $found = 0;
    my @faults;

    my $chunk = $request->{chunk};
    my %text = map { $_->{id} => $_->{text} } @{ $request->{references} // [] };
    $text{chunk} = ref $chunk ? $chunk->{text} : $chunk;

    for my $e (@evidence) {
        if ($e->{match} eq 'none') {
            push @faults, 'a place of what was not found'
                if grep { defined } @{$e}{qw(source start end)};
            next;
        }

        $found++;
        my $text = $text{ $e->{source} } // '';
        my ($from, $to) = @{$e}{qw(start end)};
        push @faults, "evidence \"$e->{quote}\" is not at $from-$to"
            if $from > $to || $from == $to && $attempts
               || $to > length $text
               || substr($text, $from, $to - $from) ne $e->{quote};
    }

    my $verdict = $finding->{verdict};
    my $grounded = $found && $found == @evidence;
    my $human = $verdict eq 'unsure'
                || $attempts && ($found < @evidence
                                 || !@evidence
                                    && $verdict =~ /^(?:risk|fail)$/)
                || @{ $result->{warnings} // [] }
                || grep { $_ eq 'quote_dropped' } @{ $finding->{notes} // [] };

    push @faults, 'warnings' if "@{ $finding->{warnings} // [] }"
                                ne "@{ $result->{warnings} // [] }";
    push @faults, 'grounded' if !!$finding->{grounded} != !!$grounded;
    push @faults, 'needs_human' if !!$finding->{needs_human} != !!$human;
    return @faults;
}

sub event_faults {
    my ($reply, @events) = @_;
    my $key = sub { join "\n", sort map { $Json->encode($_) } @_ };

    return 'events are not the results'
        if $reply && $key->(@events) ne $key->(@{ $reply->{results} });
    return;
}

1;

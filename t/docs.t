# The documentation is true: each directive, its contexts and its default, each
# variable, error code, status, metric and member of rubrics is documented as
# the code has it, and nothing else is; openapi.yaml agrees with the code; the
# examples are valid; nginx accepts the configurations; the design names each
# file; links lead somewhere.

use strict;
use warnings;
use utf8;

use Test::More;
use Cwd qw(abs_path);
use Encode qw(encode_utf8 decode_utf8);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(sum);

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output,
                                   Test::More->builder->failure_output;

my $tree = abs_path(dirname(__FILE__) . '/..');
my $upper = "$tree/ngx_review_module";
my $tmp = tempdir('review-docs-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $json = JSON::PP->new->utf8;


sub slurp {
    my ($path) = @_;
    open my $fh, '<:encoding(UTF-8)', $path or die "$path: $!\n";
    local $/;
    return scalar <$fh>;
}

sub spew {
    my ($path, $text) = @_;
    open my $fh, '>:encoding(UTF-8)', $path or die "$path: $!\n";
    print $fh $text;
    close $fh or die "$path: $!\n";
    return $path;
}

# C without its comments

sub source {
    my $c = join "\n", map { slurp($_) } @_;
    $c =~ s{/\*.*?\*/}{ }gs;
    return $c;
}

# the strings of a list that has NULL at its end

sub names_of {
    my ($c, $array) = @_;
    $c =~ /\b\Q$array\E\[\]\s*=\s*\{(.*?)\}/s or die "no $array in the code\n";
    return [ $1 =~ /"([^"]*)"/g ];
}

# a heading's text up to the next one of its level or above

sub section {
    my ($md, $title) = @_;
    $md =~ /^(#+) \Q$title\E\n(.*?)(?=^#{1,6} |\z)/ms or return '';
    my ($level, $from) = (length $1, $-[2]);
    my $rest = substr $md, $from;
    $rest =~ s/^#{1,$level} .*//ms;
    return $rest;
}

# the first cells of a table's rows, without backquotes

sub column {
    my ($md) = @_;
    return map { /`([^`]+)`/g } $md =~ /^\| (`[^|]*?) \|/mg;
}

sub same_set {
    my ($got, $expected, $name) = @_;
    is_deeply([ sort @$got ], [ sort @$expected ], $name);
}


my %md;

find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if m{/(?:\.git|build|servroot[^/]*)\z};
    $md{substr $_, 1 + length $tree} = slurp($_) if /\.md\z/ && -f;
} }, $tree);

my $directives = $md{'docs/directives.md'};
my $rubric = $md{'docs/rubric.md'};
my $api = $md{'docs/api.md'};


# Directives

my $module = source("$upper/ngx_http_review_module.c");

my ($table) = $module
    =~ /ngx_http_review_commands\[\] = \{(.*?)ngx_null_command/s;
my (%flags, %directive_of);

while ($table =~ /\{ \s* ngx_string\("(\w+)"\), \s* ([A-Z0-9_|\s]+?), \s*
                  \w+, \s* \w+, \s* (?: 0 | offsetof\(\w+,\s*(\w+)\) ),/xg)
{
    $flags{$1} = { map { $_ => 1 } split /\s*\|\s*/, $2 };
    $directive_of{$3} = $1 if defined $3;
}

cmp_ok(scalar keys %flags, '>=', 10, 'directives are found in the code');
is(scalar keys %flags, () = $table =~ /ngx_string\(/g, 'all of them');

same_set([ $directives =~ /^## (review\w*)$/mg ], [ keys %flags ],
         'each directive has a section, and nothing else has one');

my %documented;

for my $name (sort keys %flags) {
    my $text = section($directives, $name);

    $text =~ /\A\n```\nSyntax:  ((?:.+\n)+?)Default: (.+)\nContext: (.+)\n```\n/
        or do { fail("$name: Syntax, Default, Context"); next };
    $documented{$name} = $2;
    my ($syntax, $default, $context) = ($1, $2, $3);

    my @contexts = ([ NGX_HTTP_MAIN_CONF => 'http' ],
                    [ NGX_HTTP_SRV_CONF => 'server' ],
                    [ NGX_HTTP_LOC_CONF => 'location' ],
                    [ NGX_HTTP_LIF_CONF => 'if in location' ]);
    is($context,
       join(', ', map { $flags{$name}{$_->[0]} ? $_->[1] : () } @contexts),
       "$name: context");

    my ($args, @other) = map { s/\A +//r } split /\n/, $syntax;
    is(scalar(grep { !/\A\Q$name\E(?= |;).*;\z/ } $args, @other), 0,
       "$name: syntax") or next;
    $args =~ s/\A\Q$name\E(.*);\z/$1/;
    my $optional = $args =~ s/\[[^\]]*\]//g || 0;
    my $required = () = $args =~ /\S+/g;
    my $takes = join ' ', grep { /^NGX_CONF_/ } sort keys %{ $flags{$name} };
    my %counts = (NGX_CONF_TAKE1 => '1 0', NGX_CONF_TAKE2 => '2 0',
                  NGX_CONF_FLAG => '1 0',
                  'NGX_CONF_NOARGS NGX_CONF_TAKE1' => '0 1');

    if ($takes eq 'NGX_CONF_1MORE') {
        cmp_ok($required + $optional, '>', 1, "$name: arguments");
    } else {
        is("$required $optional", $counts{$takes}, "$name: arguments");
    }

    like($text, qr/```\n\n\w/, "$name: text");
    unlike($default, qr/\A(?!\Q$name\E ).+;/, "$name: default names it");
}


# Defaults, in bytes and milliseconds

my %unit = (ms => 1, s => 1000, k => 1024);

sub value {
    my ($text, $type) = @_;
    return $text eq 'on' ? 1 : 0 if $text =~ /\Ao(?:n|ff)\z/;
    return undef if $text !~ /\A(\d+)(ms|s|m|k|%)?\z/;
    my ($n, $unit) = ($1, $2 // '');
    return $n * 1024 * 1024 if $unit eq 'm' && $type eq 'size';
    return $n * 60000 if $unit eq 'm';
    return $n * ($unit{$unit} // 1);
}

my %merged;

while ($module =~ /ngx_conf_merge_(?:(\w+)_)?value\(conf->(\w+),
                   \s*prev->\2,\s*([^)]+)\)/xg)
{
    my ($type, $field, $default) = ($1 // 'flag', $2, $3);
    my $name = $directive_of{$field} // "review_$field";
    $merged{$name} = 1;

    if ($type eq 'ptr') {
        is($default, 'NULL', "$name: the default is made elsewhere");
        next;
    }

    my $n = 1;
    $n *= $_ for split /\s*\*\s*/, $default;
    my ($said) = ($documented{$name} // '') =~ /\A\Q$name\E (\S+);\z/;
    is(value($said // '', $type), $n, "$name: default");
}

my ($create_retry) = $module
    =~ /^ngx_http_review_create_retry\(.*?\n\{(.*?)\n\}/ms;
my %made = $create_retry =~ /retry->(\w+) = (\d+);/g;
my %said = ($documented{review_retry} // '') =~ /(\w+)=([^ ;]+)/g;
is_deeply({ map { $_ => value($said{$_}, 'msec') } keys %said }, \%made,
          'review_retry: defaults');

my $limit = source("$upper/ngx_http_review_limit_conf.c");
my $limit_text = section($directives, 'review_limit');
my %made_limit = ($limit =~ /limit->(queue|wait) = (\d+);/g,
                  $limit =~ /args->(m(?:in|ax)) : (\d+)\)/g);
my %said_limit = $limit_text =~ /default\s+of\s+`(\w+)`\s+is\s+(\w+)\./g;
is_deeply({ map { $_ => value($said_limit{$_}, 'msec') } keys %said_limit },
          \%made_limit, 'review_limit: defaults');
same_set([ $limit_text =~ /^ *Syntax: .*?\b(zone)=/m,
           ($limit_text =~ /^Syntax:(.*)/m)[0] =~ /\[(\w+)=/g ],
         [ $limit =~ /_param\([^"]*"(\w+)"/g ], 'review_limit: parameters');

my ($largest) = $limit =~ /LIMIT_MAX +(\d+)/;
like($limit_text, qr/1 to $largest\./, 'review_limit: the largest number');

my ($min) = source("$upper/ngx_http_review.h")
    =~ /REVIEW_ZONE_MIN +\((\d+) \* 1024\)/;
like(section($directives, 'review_zone'), qr/at\s+least ${min}k\b/,
     'review_zone: the least size');

my ($processes) = source("$upper/review/queue.h") =~ /QUEUE_PROCESSES +(\d+)/;
like(section($directives, 'review_zone'), qr/At most $processes processes/,
     'review_zone: the number of processes');

my ($strides) = source("$upper/review/queue.c")
    =~ /review_queue_strides\[\w+\] = \{(.*?)\}/s;
my @strides = $strides =~ /\d+/g;
my @turns = map { $strides[-1] / $_ } @strides;
unshift @turns, sum(@turns);
my @told = section($directives, 'review_priority')
    =~ /of (\d+) turns `high` gets (\d+), `normal` (\d+)\s+and `low` (\d+)\./;
is("@told", "@turns", 'review_priority: turns');

for my $name (sort keys %flags) {
    is($documented{$name}, '—', "$name: no default")
        if !$merged{$name} || $name eq 'review_llm';
}

my ($stream) = $module =~ /llm->stream = (\d);/;
my ($on_off) = section($directives, 'review_llm')
    =~ /`stream=(\w+)`: the default\b/;
is($on_off, $stream ? 'on' : 'off', 'review_llm: default of stream');


# Variables

my $vars = source("$upper/ngx_http_review_variables.c");
($vars) = $vars =~ /ngx_http_review_vars\[\] = \{(.*?)ngx_http_null_variable/s;
my @vars = ((map { "review_$_" } $vars =~ /_variable_entry\("(\w+)"/g),
            $vars =~ /ngx_string\("(\w+)"\)/g);

cmp_ok(scalar @vars, '>=', 12, 'variables are found in the code');
same_set([ map { s/^\$//r }
           column(section($directives, 'Embedded variables')) ], \@vars,
         'each variable is documented, and nothing else is');

my %known = map { $_ => 1 } @vars;

for my $file (sort keys %md) {
    my @unknown = grep { !$known{$_} } $md{$file} =~ /\$(review_\w+)/g;
    is("@unknown", '', "$file: its variables exist");
    @unknown = grep { !$flags{$_} }
               $md{$file} =~ /^ *(review(?:_\w+)?) [^;=]*;/mg;
    is("@unknown", '', "$file: its directives exist");
}


# Error codes: their status, and whether they are tried again

my $c = source(glob "$upper/*.c");
my %again;

while ($c =~ /ngx_http_review_fail\(\s*call,\s*(?:"(\w+)"|call->status_code),
              [^;]*\);\s*return\s+([^;]+);/xg)
{
    my ($code, $return) = ($1 // 'http_NNN', $2);
    my $now = $return eq '1' ? 'yes' : $return eq '0' ? 'no' : 'some';
    is($again{$code} // $now, $now, "$code: always or never tried again");
    $again{$code} = $now;
}

is(scalar(() = $c =~ /ngx_http_review_fail\(\s*call,/g),
   scalar(() = $c =~ /ngx_http_review_fail\(\s*call,[^;]*\);\s*return/g),
   'a failure is told, then returned');
unlike($c, qr/failure\.code = "/, 'nothing else sets a code');

$again{$_} //= 'no' for
    ((map { /"(\w+)"/g }
      $c =~ /ngx_http_review_result_failed\(\s*cell,([^,]*),/g),
     $c =~ /\bturn(?:->|\.)code = "(\w+)"/g);

like($c, qr/"http_%ui"/, 'http_NNN is what the code writes');
my %timeout = map { $_ => 1 }
              source("$upper/ngx_http_review_result.c")
              =~ /ngx_strcmp\(code, "(\w+)"\) == 0/g;

my %row;
my $table_rows = section($api, 'Error codes');
$row{$1} = [ $2, $3 ]
    while $table_rows =~ /^\| `(\w+)` \| (\w+) \| .*? \| ([^|]+) \|$/mg;

same_set([ keys %row ], [ keys %again ],
         'each error code is documented, and nothing else is');

for my $code (sort keys %row) {
    my ($status, $tried) = @{ $row{$code} };
    is($status, $timeout{$code} ? 'timeout' : 'failed', "$code: status");
    like($tried, $again{$code} eq 'yes' ? qr/\Ayes\z/
                 : $again{$code} eq 'some' ? qr/\A408 and 5xx\z/
                 : qr/\A(?:no\z|once, )/, "$code: tried again");
}


# HTTP statuses

my %number = (
    OK => 200, BAD_REQUEST => 400, NOT_ALLOWED => 405,
    REQUEST_ENTITY_TOO_LARGE => 413, UNSUPPORTED_MEDIA_TYPE => 415,
    UNPROCESSABLE => 422, INTERNAL_SERVER_ERROR => 500, BAD_GATEWAY => 502,
    SERVICE_UNAVAILABLE => 503, GATEWAY_TIME_OUT => 504,
);

my %endpoints = ('HTTP status' => [ qw(chunk headers request reply) ],
                 'The status endpoint' => [ 'status' ]);
my %statuses;

for my $title (sort keys %endpoints) {
    my $endpoint = source(map { "$upper/ngx_http_review_$_.c" }
                          @{ $endpoints{$title} });
    my %used = map { $_ => 1 } $endpoint =~ /\bNGX_HTTP_([A-Z]\w+)/g;
    delete @used{qw(GET HEAD POST V2 FLUSH SPECIAL_RESPONSE),
                 grep { /^REVIEW_/ } keys %used};

    $statuses{$title} = [ section($api, $title) =~ /^\| (\d{3}) \| /mg ];
    same_set($statuses{$title}, [ map { $number{$_} // $_ } keys %used ],
             "$title: each is documented, and nothing else is");
}

like(source("$upper/ngx_http_review_guard.c"),
     qr/return NGX_HTTP_SERVICE_UNAVAILABLE;/, 'review_guard: 503');
like(section($directives, 'review_guard'), qr/answered with 503/,
     'review_guard: 503 is documented');


# openapi.yaml

sub openapi {
    my ($args, $input) = @_;
    my $file = spew("$tmp/input.json", $input // '');
    my $out = decode_utf8(`'$tree/t/openapi.py' $args <'$file' 2>&1`);
    return ($? == 0, $out);
}

sub valid {
    my ($name, $text, $what) = @_;
    my ($ok, $out) = openapi($name, $text);
    ok($ok, $what) or diag($out);
}

{
    my ($ok, $out) = openapi('--check');
    ok($ok, 'openapi.yaml is sound') or diag($out);
}

my (undef, $document) = openapi('--json');
$document = $json->decode(encode_utf8($document));
my $schemas = $document->{components}{schemas};
my $post = $document->{paths}{'/v1/review'}{post};

my $review_c = source("$upper/review/review.c");
is_deeply($schemas->{Verdict}{enum}, names_of($review_c, 'review_verdicts'),
          'verdicts');
is_deeply($schemas->{Severity}{enum}, names_of($review_c, 'review_severities'),
          'severities');
is_deeply($schemas->{Result}{properties}{status}{enum},
          names_of(source("$upper/ngx_http_review_result.c"),
                   'ngx_http_review_statuses'), 'statuses of results');
same_set($schemas->{Evidence}{properties}{match}{enum},
         names_of(source("$upper/review/quote.c"), 'review_matches'),
         'kinds of matches');

my ($reply_status) = source("$upper/ngx_http_review_reply.c")
    =~ /^ngx_http_review_reply_status\(.*?\n\{(.*?)\n\}/ms;
same_set($schemas->{Review}{properties}{status}{enum},
         [ $reply_status =~ /"(\w+)"/g ], 'statuses of reviews');

my ($codes, $http) = @{ $schemas->{ErrorCode}{anyOf} };
same_set($codes->{enum}, [ grep { $_ ne 'http_NNN' } keys %again ],
         'error codes');
like('http_503', qr/$http->{pattern}/, 'the code http_503');

my @is = map { $_->{title} =~ /too long/
               ? @{ $_->{properties}{error}{properties}{code}{enum} } : () }
         @{ $schemas->{Result}{oneOf} };
same_set(\@is, [ keys %timeout ], 'codes of timeouts');

my $get = $document->{paths}{'/review/status'}{get};

same_set([ grep { $_ ne 'default' } keys %{ $post->{responses} } ],
         $statuses{'HTTP status'}, 'HTTP statuses');
same_set([ keys %{ $get->{responses} } ], $statuses{'The status endpoint'},
         'HTTP statuses of the status endpoint');

my $events = $post->{responses}{200}{content}{'text/event-stream'}{example};
my %event = (result => 'Result', progress => 'Progress', done => 'Review');

for (split /\n\n/, $events) {
    /\Aevent: (\w+)\ndata: (.*)\n?\z/ or do { fail("an event: $_"); next };
    valid($event{$1}, $2, "openapi.yaml: the event \"$1\"");
}

for my $bad ([ Review => '{}' ],
             [ Result => '{"point":"a","status":"ok","attempts":0,"elapsed_ms"'
                         . ':0,"model":null,"usage":{"prompt_tokens":0,'
                         . '"completion_tokens":0,"total_tokens":0}}' ],
             [ Progress => '{"done":1,"total":1,"failed":0,"more":1}' ],
             [ Progress => '{"done":1,"done":1,"total":1,"failed":0}' ],
             [ Count => '-1' ], [ Count => 'NaN' ])
{
    my ($ok) = openapi(@$bad);
    ok(!$ok, "openapi.py refuses what is no $bad->[0]");
}


# The status endpoint

my $metrics_c = source("$upper/review/metrics.c");
my %names = map { $_ => names_of($metrics_c, "review_metrics_$_") }
            qw(outcomes reviews points kinds circuits);
my $calls = $schemas->{Status}{properties}{calls}{properties};

same_set($schemas->{Outcome}{enum}, $names{outcomes}, 'outcomes of calls');
same_set($calls->{circuit}{enum}, $names{circuits}, 'states of the circuit');

my %outcome = map { $_ => 1 } @{ $names{outcomes} };
is(join(' ', grep { !$outcome{$_} } sort keys %again),
   'http_NNN regex_limit', 'each error code of a call is an outcome');

my $json_c = source("$upper/review/metrics_json.c");
my ($lists) = $json_c =~ /^review_metrics_json\(.*?\n\{(.*?)\n\}/ms;
my %member = map { $_ => 1 }
             $json_c =~ /_(?:member|open|number|histogram|limit|quantile)\(
                         \s*b,\s*"(\w+)"/xg,
             $json_c =~ /\\"(\w+)\\":/g,
             map { @{ $names{$_} } } 'kinds',
             $lists =~ /review_metrics_(reviews|points),/g;

my (%schema_member, @paths);

sub members {
    my ($schema, $path) = @_;
    my $properties = $schema->{properties} or return push @paths, $path;

    for my $name (keys %$properties) {
        $schema_member{$name} = 1;
        members($properties->{$name}, $path eq '' ? $name : "$path.$name");
    }
}

members($schemas->{Status}, '');
$schema_member{$_} = 1
    for map { keys %{ $_->{properties} } }
        $schemas->{Times},
        $schemas->{Status}{properties}{tokens}{additionalProperties};
same_set([ keys %schema_member ], [ keys %member ],
         'openapi.yaml: members of the status');

s/\A(calls\.(?:queued|limit))\..*/$1/ for @paths;
my %path = map { $_ => 1 } @paths;
same_set([ column(section($api, 'Status as JSON')) ], [ keys %path ],
         'api.md: members of the status');

my ($families) = source("$upper/review/prometheus.c")
    =~ /review_families\[\] = \{(.*?)\n\};/s;
my %family;

while ($families =~ /\{ "(\w+)", "(\w+)",\s*"[^"]*",([^}]*)\}/g) {
    my ($name, $type, $rest) = ($1, $2, $3);
    my @labels = ($rest =~ /_tokens,/ ? 'model' : (), $rest =~ /"(\w+)"/);
    $family{$name} = join ' ', $type, join ', ', map { "`$_`" } @labels;
}

cmp_ok(scalar keys %family, '>=', 10, 'metrics are found in the code');
is(scalar keys %family, () = $families =~ /"review_\w+"/g, 'all of them');
my %metric = section($api, 'Metrics for Prometheus')
    =~ /^\| `(\w+)` \| (\w+ \| [^|]*)\| /mg;
s/ \|//, s/ +\z// for values %metric;
s/ +\z// for values %family;
is_deeply(\%metric, \%family, 'api.md: metrics, their types and labels');
is(join(' ', grep { !$family{s/_(?:bucket|sum|count)\z//r} }
        section($api, 'Metrics for Prometheus') =~ /\b(review_\w+)/g), '',
   'api.md: no other metrics');

my ($bounds) = $metrics_c =~ /review_metrics_bounds\[\] = \{(.*?)\}/s;
my @bounds = $bounds =~ /\d+/g;
my ($from, $to) = section($api, 'Times')
    =~ /begin at (\d+) ms and\s+end at (\d+) minutes/;
is("$from $to", join(' ', $bounds[0], $bounds[-1] / 60000),
   'api.md: the bounds of histograms');
my ($models) = source("$upper/review/metrics.h")
    =~ /REVIEW_METRICS_MODELS +(\d+)/;
like($api, qr/At most $models models\b/, 'api.md: the number of models');


# The circuit, in numbers

my %circuit = source("$upper/review/circuit.h")
    =~ /define REVIEW_CIRCUIT_(\w+) +(\d+)/g;
my $circuit = section($directives, 'The circuit');

like($circuit, $_, "the circuit: $_")
    for qr/at\s+least\s+$circuit{CALLS}\s+calls/,
        qr/within\s+$circuit{WINDOW}\s+seconds/,
        qr/$circuit{PERCENT}%\s+of\s+them/,
        qr/when\s+$circuit{CALLS}\s+have\s+failed\s+in\s+a\s+row/,
        qr/After\s+@{[ $circuit{PAUSE} \/ 1000 ]}\s+seconds/,
        qr/up\s+to\s+@{[ $circuit{PAUSE_MAX} \/ 1000 ]}\s+seconds/,
        qr/When\s+$circuit{PROBES}\s+in\s+a\s+row/;


# Rubrics

my $rubric_c = source("$upper/review/rubric.c");

for ([ 'review_rubric_members', 'The rubric', 'Rubric' ],
     [ 'review_point_members', 'Points', 'Point' ],
     [ 'review_rule_members', 'Rules', 'Rule' ])
{
    my ($array, $title, $schema) = @$_;
    my $members = names_of($rubric_c, $array);
    same_set([ column(section($rubric, $title)) ], $members,
             "rubric.md: members of \"$title\"");
    same_set([ keys %{ $schemas->{$schema}{properties} } ], $members,
             "openapi.yaml: members of $schema");
}

same_set([ map { /\A\{\{([a-z.]+)\}\}\z/ }
           column(section($rubric, 'Templates')) ],
         names_of(source("$upper/review/template.c"), 'review_template_names'),
         'rubric.md: names in templates');

my ($keywords) = source("$upper/review/schema_check.c")
    =~ /review_schema_keywords\[\] = \{(.*?)\{ NULL/s;
my ($listed) = section($rubric, 'Data') =~ /(The keywords are .*?)Any other/s;
same_set([ $listed =~ /`(\$?\w+)`/g ], [ $keywords =~ /\{ "([^"]+)"/g ],
         'rubric.md: keywords of schemas');

valid('Rubric', slurp("$tree/conf/demo/bid.json"), 'the demo\'s rubric');


# Examples

my @rubrics;

for my $file (sort keys %md) {
    my $n = 0;

    while ($md{$file} =~ /^<!--\ (schema:\ (\w+)|rubric)\ -->\n
                          ```json\n(.*?)^```\n/xmsg)
    {
        valid($2 // 'Rubric', $3, "$file: JSON of " . ($2 // 'a rubric'));
        push @rubrics, [ $file, $3 ] if !defined $2;
        $n++;
    }

    is($n, scalar(() = $md{$file} =~ /<!-- (?:schema|rubric)/g),
       "$file: all examples are looked at");
}

my ($readme_request) = $md{'README.md'} =~ /^curl .*? -d '(\{.*?\})'$/ms;
my ($readme_reply) = $md{'README.md'}
    =~ /<!-- schema: Review -->\n```json\n(.*?)^```/ms;
valid('ReviewRequest', $readme_request, 'README.md: the request');

sub quotes_stand {
    my ($file, $request, $reply) = @_;
    $_ = $json->decode(encode_utf8($_)) for $request, $reply;

    my $chunk = $request->{chunk};
    my %text = (chunk => ref $chunk ? $chunk->{text} : $chunk,
                map { $_->{id} => $_->{text} } @{ $request->{references} });

    for my $evidence (map { @{ $_->{finding}{evidence} // [] } }
                      @{ $reply->{results} })
    {
        my ($from, $to) = @$evidence{qw(start end)};
        is(substr($text{ $evidence->{source} }, $from, $to - $from),
           $evidence->{quote}, "$file: a quote stands where it is said to");
    }
}

quotes_stand('README.md', $readme_request, $readme_reply);
quotes_stand('docs/api.md',
             map { $api =~ /<!-- schema: $_ -->\n```json\n(.*?)^```/ms }
             qw(ReviewRequest Review));


# Configurations: what nginx -t says

my $nginx = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';
my $so = $ENV{REVIEW_MODULE} // "$tree/build/ngx_http_review_module.so";
my $load = $so eq 'static' ? '' : "load_module $so;\n";

sub nginx_takes {
    my ($conf, $what) = @_;

    mkdir "$tmp/$_" for qw(log cache temp);
    my $temp = join '', map { "${_}_temp_path $tmp/temp/$_;\n" }
                        qw(client_body proxy fastcgi uwsgi scgi);

    $conf =~ s|^load_module \S+;\n||;
    $conf =~ s|^http \{\n|http {\naccess_log off;\n$temp|m;
    $conf =~ s|\blisten +\d+;|listen unix:$tmp/socket;|g;
    $conf =~ s|/etc/nginx/review/bid\.json|$tmp/rubric.json|g;
    $conf =~ s|/var/log/nginx/|$tmp/log/|g;
    $conf =~ s|/var/cache/nginx/|$tmp/cache/|g;
    spew("$tmp/nginx.conf", $load . "pid $tmp/nginx.pid;\n$conf");

    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} || (),
                                         'detect_leaks=0';
    my $out = `'$nginx' -t -p '$tmp/' -e '$tmp/error.log' -c nginx.conf 2>&1`;
    my $rc = $?;
    unlink "$tmp/socket";

    is($rc, 0, $what) or diag($out);
    return $out;
}

SKIP: {
    skip "$so is not built", 1 if $so ne 'static' && !-f $so;
    skip "$nginx is not there", 1 if !-x $nginx;

    my $events = "events {}\n";

    for (@rubrics) {
        my ($file, $text) = @$_;
        spew("$tmp/rubric.json", $text);
        nginx_takes("${events}http {\nreview_rubric bid $tmp/rubric.json;\n}\n",
                    "$file: nginx accepts the rubric");
    }

    my ($readme) = $md{'README.md'} =~ /^```nginx\n(.*?)^```$/ms;
    cmp_ok(($readme =~ tr/\n//), '<=', 20, 'README.md: some 20 lines');
    like($readme, qr{\Aload_module modules/ngx_http_review_module\.so;\n},
         'README.md: the module is loaded');
    nginx_takes($readme, 'README.md: nginx accepts the configuration');

    my $n = 0;

    while ($directives =~ /^<!--\ nginx:\ (http|server)\ -->\n
                           ```nginx\n(.*?)^```\n/xmsg)
    {
        my $conf = $1 eq 'server' ? "server {\nlisten 80;\n$2}\n" : $2;
        nginx_takes("${events}http {\n$conf}\n",
                    'directives.md: nginx accepts configuration ' . ++$n);
    }

    is($n, scalar(() = $directives =~ /```nginx|<!-- nginx/g) / 2,
       'directives.md: all configurations are looked at');
}


# The design names each file

my @files = map { s{\A\Q$upper\E/}{}r }
            glob("$upper/*.[ch]"), glob("$upper/review/*.c");
@files = grep { !/\.h\z/ || $_ eq 'ngx_http_review.h' } @files;

same_set([ column(section($md{'docs/design.md'}, 'Two floors')) ], \@files,
         'design.md: each file is named, and none that is not there');


# Links

sub anchors {
    my ($text) = @_;
    $text =~ s/^```.*?^```$//msg;
    my %anchor;

    for my $title ($text =~ /^#+ +(.+)$/mg) {
        my $slug = lc $title;
        $slug =~ s/`//g;
        $slug =~ s/[^\w\- ]//g;
        $slug =~ tr/ /-/;
        $anchor{$slug} = 1;
    }

    return \%anchor;
}

for my $file (sort keys %md) {
    my $text = $md{$file};
    $text =~ s/^```.*?^```$//msg;
    $text =~ s/`[^`\n]*`/code/g;

    my @lost;

    for my $link ($text =~ /\]\(\s*([^)\s]+)\s*\)/g) {
        next if $link =~ /^[a-z]+:/;
        my ($path, $anchor) = $link =~ /\A([^#]*)(?:#(.*))?\z/;
        my $target = $path eq '' ? $file
                     : dirname($file) eq '.' ? $path
                     : dirname($file) . "/$path";
        1 while $target =~ s{[^/]+/\.\./}{};

        push @lost, $link
            if !-e "$tree/$target"
               || (defined $anchor && $target =~ /\.md\z/
                   && !anchors($md{$target})->{$anchor});
    }

    is("@lost", '', "$file: its links lead somewhere");
}

done_testing();

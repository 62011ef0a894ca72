# The documentation is true: each directive, its contexts, parameters and
# defaults, each variable, error code, status, metric, member of rubrics, of
# requests and of replies is documented as the code has it, and nothing else is;
# openapi.yaml agrees with the code; the examples are valid; nginx accepts the
# configurations; the design names each file; links lead somewhere.

use strict;
use warnings;
use utf8;

use Test::More;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use Encode qw(encode_utf8 decode_utf8);
use File::Basename qw(dirname);
use File::Find qw(find);
use JSON::PP;
use List::Util qw(sum);

use lib 't/lib';
use OwnFolder;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output,
                                   Test::More->builder->failure_output;

my $tree = abs_path(dirname(__FILE__) . '/../..');
my $upper = "$tree/ngx_review_module";
my $tmp = OwnFolder::folder();
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

# the lists of what objects may have: names that are of use, and others, which
# are only known; and what is said of the bounds of a name

sub lists_of {
    my ($c) = @_;
    my (%macro, %list);

    while ($c =~ /^#define (REVIEW_[A-Z_]+) *\\\n((?:.*\\\n)*.*)\n/mg) {
        my ($name, $rows) = ($1, $2);
        $macro{$name} = $rows =~ s/\\\n/ /gr;
    }

    while ($c =~ /\breview_member_t\s+(\w+)\[\] = \{(.*?)^\};/msg) {
        my ($name, $rows) = ($1, $2);
        $rows =~ s/^\s*(REVIEW_[A-Z_]+),?\s*$/$macro{$1}/mg;
        $list{$name} = {
            used => [ $rows =~ /review_member(?:_by)?\(\s*"(\w+)"/g ],
            idle => [ $rows =~ /review_member_idle\("(\w+)"/g ],
            max => { $rows =~ /review_member\(\s*"(\w+)",[^()]*
                               \.max\s=\s(\w+)/xg } };
    }

    return %list;
}

# the body of a function

sub function {
    my ($c, $name) = @_;
    $c =~ /^\Q$name\E\(.*?\n\{(.*?)\n\}/ms or die "no $name() in the code\n";
    return $1;
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
    my %got = map { $_ => 1 } @$got;
    my %expected = map { $_ => 1 } @$expected;
    is_deeply([ sort @$got ], [ sort @$expected ], $name) and return;
    my @missing = sort grep { !$got{$_} } keys %expected;
    my @more = sort grep { !$expected{$_} } keys %got;
    diag("missing: @missing") if @missing;
    diag("too many: @more") if @more;
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

my $module = source(glob("$upper/http/*_module.c $upper/http/*/*_module.c"));
my $llm = source("$upper/http/llm/ngx_http_review_llm.c");
my $split = source("$upper/http/steps/ngx_http_review_split.c");

my $table = join '', $module =~ /_commands\[\] = \{(.*?)ngx_null_command/gs;
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

    $syntax =~ s/(?<![;}])\n +/ /g;
    my ($args, @other) = map { s/\A +//r } split /\n/, $syntax;
    my $end = $flags{$name}{NGX_CONF_BLOCK} ? qr/ \{ \.\.\. \}/ : qr/;/;
    is(scalar(grep { !/\A\Q$name\E(?= |;).*$end\z/ } $args, @other), 0,
       "$name: syntax") or next;
    $args =~ s/\A\Q$name\E(.*)$end\z/$1/;
    my $optional = $args =~ s/\[[^\]]*\]//g || 0;
    my $required = () = $args =~ /\S+/g;
    my $takes = join ' ', grep { /^NGX_CONF_/ } sort keys %{ $flags{$name} };
    my %counts = (NGX_CONF_TAKE1 => '1 0', NGX_CONF_TAKE2 => '2 0',
                  NGX_CONF_TAKE12 => '1 1', NGX_CONF_NOARGS => '0 0',
                  NGX_CONF_2MORE => '2 2',
                  'NGX_CONF_NOARGS NGX_CONF_TAKE12' => '0 2',
                  'NGX_CONF_NOARGS NGX_CONF_TAKE123' => '0 3',
                  NGX_CONF_FLAG => '1 0', NGX_CONF_TAKE123 => '2 0',
                  NGX_CONF_TAKE23 => '2 1',
                  'NGX_CONF_BLOCK NGX_CONF_TAKE1' => '1 0',
                  'NGX_CONF_NOARGS NGX_CONF_TAKE1' => '0 1');

    if ($takes eq 'NGX_CONF_1MORE') {
        cmp_ok($required + $optional, '>', 1, "$name: arguments");
    } elsif ($takes eq 'NGX_CONF_ANY') {
        ok(!$required && $optional, "$name: arguments");
    } else {
        is("$required $optional", $counts{$takes}, "$name: arguments");
    }

    like($text, qr/```\n\n\w/, "$name: text");
    unlike($default, qr/\A(?!\Q$name\E ).+;/, "$name: default names it");
}


# Defaults, in bytes and milliseconds

my %unit = (ms => 1, s => 1000, h => 3600000, k => 1024);

sub value {
    my ($text, $type) = @_;
    return $text eq 'on' ? 1 : 0 if $text =~ /\Ao(?:n|ff)\z/;
    return 600 if $text eq 'user:rw';
    return undef if $text !~ /\A(\d+)(ms|s|m|h|k|%)?\z/;
    my ($n, $unit) = ($1, $2 // '');
    return $n * 1024 * 1024 if $unit eq 'm' && $type eq 'size';
    return $n * 60000 if $unit eq 'm';
    return $n * ($unit{$unit} // 1);
}

my %merged;

$directive_of{threads} = 'review_thread_pool';

while ($module =~ /ngx_conf_merge_(?:(\w+)_)?value\(conf->(\w+),
                   \s*prev->\2,\s*([^)]+)\)/xg)
{
    my ($type, $field, $default) = ($1 // 'flag', $2, $3);
    my $name = $directive_of{$field} // "review_$field";
    $merged{$name} = 1;

    if ($type eq 'ptr') {
        is($default, $field eq 'threads' ? '&rmcf->threads' : 'NULL',
           "$name: the default is made elsewhere");
        next;
    }

    my $n = 1;
    $n *= $_ for split /\s*\*\s*/, $default;
    my ($said) = ($documented{$name} // '') =~ /\A\Q$name\E (\S+);\z/;
    is(value($said // '', $type), $n, "$name: default");
}

my %made = function($module, 'ngx_http_review_create_retry')
    =~ /retry->(\w+) = (\d+);/g;
my %said = ($documented{review_retry} // '') =~ /(\w+)=([^ ;]+)/g;
is_deeply({ map { $_ => value($said{$_}, 'msec') } keys %said }, \%made,
          'review_retry: defaults');

my $limit = source("$upper/http/limit/ngx_http_review_limit_module.c");
my $limit_text = section($directives, 'review_limit');
my %made_limit = ($limit =~ /limit->(queue|wait) = (\d+);/g,
                  $limit =~ /args->(m(?:in|ax)) : (\d+)\)/g);
my %said_limit = $limit_text =~ /default\s+of\s+`(\w+)`\s+is\s+(\w+)\./g;
is_deeply({ map { $_ => value($said_limit{$_}, 'msec') } keys %said_limit },
          \%made_limit, 'review_limit: defaults');
same_set([ $limit_text =~ /^ *Syntax: .*?\b(zone)=/m,
           ($limit_text =~ /^Syntax:(.*)/m)[0] =~ /\[(\w+)=/g ],
         [ map { /_param\([^";]*"(\w+)"/g }
               function($limit, 'ngx_http_review_limit_param'),
               function($limit, 'ngx_http_review_limit') ],
         'review_limit: parameters');

my $circuit_text = section($directives, 'review_circuit');
my $circuit_h = source("$upper/review/limit/circuit.h");
my %said_circuit = $documented{review_circuit} =~ /(\w+)=([^ ;]+)/g;
same_set([ ($circuit_text =~ /^Syntax:(.*)/m)[0] =~ /\[(\w+)=/g ],
         [ function($limit, 'ngx_http_review_circuit_param')
               =~ /_param\([^";]*"(\w+)"/g ], 'review_circuit: parameters');
is_deeply({ map { $_ => value($said_circuit{$_}, 'msec') }
                keys %said_circuit },
          { map { my ($n) = $circuit_h =~ /REVIEW_CIRCUIT_\U$_\E +(\d+)/;
                  ($_ eq 'pause' ? 'probe' : $_) => $n }
                qw(failures window share pause) },
          'review_circuit: defaults');

my ($largest) = $limit =~ /LIMIT_MAX +(\d+)/;
like($limit_text, qr/1 to $largest\./, 'review_limit: the largest number');

my ($min) = source("$upper/http/limit/ngx_http_review_limit.h")
    =~ /REVIEW_ZONE_MIN +\((\d+) \* 1024\)/;
like(section($directives, 'review_zone'), qr/at\s+least ${min}k\b/,
     'review_zone: the least size');

my ($most) = source("$upper/review/limit/queue.h") =~ /QUEUE_PROCESSES +(\d+)/;
my ($processes) = source("$upper/http/limit/ngx_http_review_limit.h")
    =~ /REVIEW_ZONE_PROCESSES +(\d+)/;
my ($tenants) = source("$upper/http/limit/ngx_http_review_limit.h")
    =~ /REVIEW_ZONE_TENANTS +(\d+)/;
like(section($directives, 'review_zone'),
     qr/1 to $most,.* at least $processes\./s,
     'review_zone: the number of processes');
like(section($directives, 'review_zone'), qr/of `tenants` is $tenants;/,
     'review_zone: the number of tenants');

my ($strides) = source("$upper/review/limit/queue.c")
    =~ /review_queue_strides\[\w+\] = \{(.*?)\}/s;
my @strides = $strides =~ /\d+/g;
my @turns = map { $strides[-1] / $_ } @strides;
unshift @turns, sum(@turns);
my @told = section($directives, 'review_priority')
    =~ /of (\d+) turns `high` gets (\d+), `normal` (\d+)\s+and `low` (\d+)\./;
is("@told", "@turns", 'review_priority: turns');

for my $name (sort keys %flags) {
    is($documented{$name}, '—', "$name: no default")
        if !$merged{$name} || $name =~ /\Areview_(?:llm|embeddings)\z/;
}

# the parameters in brackets of a directive's syntax

sub parameters {
    my ($name) = @_;
    my ($syntax) = section($directives, $name) =~ /^Syntax:(.*?)^Default:/ms;
    return [ ($syntax // '') =~ /\[(\w+)=/g ];
}

for ([ review_llm => 'ngx_http_review_llm_param' ],
     [ review_embeddings => 'ngx_http_review_embeddings_param' ],
     [ review_retry => 'ngx_http_review_retry_param' ])
{
    my ($name, $function) = @$_;
    same_set(parameters($name),
             [ function("$llm$module", $function) =~ /_param\([^";]*"(\w+)"/g ],
             "$name: parameters");
}

my $embeddings_text = section($directives, 'review_embeddings');
my %made_embeddings = function($module, 'ngx_http_review_embeddings')
    =~ /e->(\w+) = (\d+);/g;
my %said_embeddings = $embeddings_text
    =~ /default\s+of\s+`(\w+)`\s+is\s+(\d+)\b/g;
is_deeply(\%said_embeddings, \%made_embeddings,
          'review_embeddings: defaults');

my %most = function($module, 'ngx_http_review_embeddings_param')
    =~ /e->(\w+) = n;\s*return n >= 1 && n <= (\d+)/g;
is(scalar keys %most, 2, 'review_embeddings: the largest numbers are found');
like($embeddings_text, qr/^- `$_=number`.*?\b1\s+to\s+$most{$_}\b/ms,
     "review_embeddings: the largest $_") for sort keys %most;

my @encodings = source("$upper/http/steps/ngx_http_review_steps.h")
    =~ /NGX_HTTP_REVIEW_ENCODING_(\w+)/g;
is_deeply([ $embeddings_text =~ /^- `encoding=(\w+)`: the default/m ],
          [ lc $encodings[0] ], 'review_embeddings: the default encoding');
like($embeddings_text, qr/`encoding=$_`/, "review_embeddings: encoding=$_")
    for map { lc } @encodings;

like(function($module, 'ngx_http_review_extract'),
     qr/"off"\) == 0\) \{\s*rlcf->extract = NULL;/, 'review_extract off');
is($documented{review_extract}, 'review_extract off;',
   'review_extract: default');

my $split_json = source("$upper/review/split/split_json.c");
my $split_request = source("$upper/review/split/split_request.c");
my %made_split = (overlap => 0, tokens => 0,
                  $split =~ /rlcf->split\.(\w+) = (\d+);/g);
my ($unit) = section($directives, 'review_split')
    =~ /^- `unit=(\w+)`: the default/m;
my ($keep) = section($directives, 'review_split')
    =~ /^- `keep_tables=(\w+)`: the default/m;
my %said_split = section($directives, 'review_split')
    =~ /default\s+of\s+`(\w+)`\s+is\s+(\d+)\b/g;
$said_split{max} = delete $said_split{max_chars};
is_deeply({ %said_split, keep_tables => value($keep // '', 'flag'),
            tokens => { chars => 0, tokens => 1 }->{$unit // ''} },
          \%made_split, 'review_split: defaults');

my @split_options = $split_request =~ /review_split_request_is\(name, "(\w+)"\)/g;
same_set(parameters('review_split'), \@split_options,
         'review_split: parameters');
my ($split_max) = $split_request =~ /REVIEW_SPLIT_MAX +(\d+)/;
like(section($directives, 'review_split'), qr/\b1 to $split_max\b/,
     'review_split: the largest number');

my ($threshold) = $module =~ /REVIEW_THRESHOLD +\((\d+) \* 1024\)/;
is($documented{review_thread_pool},
   "review_thread_pool default threshold=${threshold}k;",
   'review_thread_pool: default');
like($module, qr/ngx_thread_pool_add\(cf, NULL\)/,
     'review_thread_pool: nginx\'s own pool');
same_set(parameters('review_thread_pool'),
         [ function($module, 'ngx_http_review_thread_pool')
           =~ /_param\([^";]*"(\w+)"/g ], 'review_thread_pool: parameters');

my ($stream) = $llm =~ /asked\.stream = (\d);/;
my ($on_off) = section($directives, 'review_llm')
    =~ /`stream=(\w+)`: the default\b/;
is($on_off, $stream ? 'on' : 'off', 'review_llm: default of stream');


# Variables

my $vars = source("$upper/http/ngx_http_review_variables.c");
($vars) = $vars =~ /ngx_http_review_vars\[\] = \{(.*?)ngx_http_null_variable/s;
my @vars = ((map { "review_$_" } $vars =~ /_variable_entry\("(\w+)"/g),
            $vars =~ /ngx_string\("(\w+)"\)/g,
            map { "review_call_$_" }
                source("$upper/http/ngx_http_review_variables_call.c")
                =~ /_call_entry\("(\w+)"/g);

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


# Error codes: what the table has of each, and who tells it

my %file = map { m{/ngx_http_review_(\w+)\.c\z} ? ($1 => source($_)) : () }
           glob "$upper/http/{,*/}ngx_http_review_*.c";
my $c = join "\n", values %file;

my $code_c = source("$upper/review/base/code.c");
my ($enum) = source("$upper/review/base/code.h") =~ /enum \{(.*?)\}/s;
my @enum = $enum =~ /REVIEW_CODE_(\w+)/g;
my (%name, %retried, %status);

while ($code_c =~ /\[REVIEW_CODE_(\w+)\] = \{\s*"(\w+)", ([01]), (\d+),\s*"/g)
{
    my ($member, $name, $retried, $status) = ($1, $2, $3, $4);
    $name = 'http_NNN' if $member eq 'HTTP';
    $name{$member} = $name;
    $retried{$name} = $retried ? 'yes' : 'no';
    $status{$name} = $status;
}

same_set([ keys %name ], \@enum, 'each code has its row');
cmp_ok(scalar @enum, '>=', 35, 'codes are found');
like(function($code_c, 'review_code_retried'),
     qr/return status == 408 \|\| status == 425 \|\| status >= 500;/,
     'retries of statuses');
$retried{http_NNN} = 'some';

is(join(' ', grep { /strcmp/ && /\bcode\b/ } map { split /;/ } values %file),
   '', 'codes are not compared as texts');

sub codes_of {
    my %seen = map { $_ => 1 }
               map { my $c = $_;
                     (map { $name{$_} // () } $c =~ /REVIEW_CODE_([A-Z_]+)\b/g),
                     ($c =~ /review_code_(?:http|of_status)\(/
                      ? 'http_NNN' : ()),
                     $c =~ /_ctx_give_up\(/ ? qw(deadline shutdown) : () } @_;
    return grep { $_ ne 'ok' } sort keys %seen;
}

# a rank's are those of embeddings, and its own

my %told = (
    all => [ codes_of($file{outcome}) ],
    review => [ codes_of(@file{qw(chat cell evidence result)},
                         function(source("$upper/http/limit/"
                                         . 'ngx_http_review_limit.c'),
                                  'ngx_http_review_limit_waited'),
                         join ' ', $c =~ /\bturn->code = (\w+)/g) ],
    embed => [ codes_of(@file{qw(batch batch_answer vectors)}) ],
    rank => [ codes_of($file{rank}) ],
    task => [ grep { $_ ne 'other' }
              codes_of(source("$upper/review/report/read.c")) ],
);
my %whose;

for my $who (keys %told) {
    cmp_ok(scalar @{ $told{$who} }, '>=', 1, "codes of $who are found");
    $whose{$_}{$who} = 1 for @{ $told{$who} };
}

for (values %whose) {
    $_->{all} = 1 if $_->{review} && $_->{embed};
    $_ = $_->{all} ? 'all' : join ' ', sort keys %$_;
}

my @of_chunks = codes_of($file{task_chunks});
cmp_ok(scalar @of_chunks, '>=', 4, 'codes of a task are found in the code');
is(join(' ', grep { ($whose{$_} // '') ne 'all' } @of_chunks), '',
   'a chunk of a task fails with codes of all');

my %again = map { $_ => $retried{$_} } keys %whose;
my %timeout = map { $_ => 1 } grep { $status{$_} == 504 } keys %whose;

my @of_fetch = grep { $_ ne 'stopped' }
               codes_of(@file{qw(fetch fetch_slot download download_allow
                                 easy)});

is(join(' ', sort grep { !$again{$_} } keys %status),
   join(' ', sort qw(ok busy cancelled stopped etag_mismatch other),
        grep { !$again{$_} } @of_fetch),
   'no code is for nothing: the others are of metrics and logs');

my %row;
my $table_rows = section($api, 'Error codes');
my $columns = qr/^\| `(\w+)` \| (\w+) \| (\w+|—) \| .*? \| ([^|]+) \|$/m;
$row{$1} = [ $2, $3, $4 ] while $table_rows =~ /$columns/g;

same_set([ keys %row ], [ keys %again ],
         'each error code is documented, and nothing else is');

for my $code (sort keys %row) {
    my ($who, $status, $tried) = @{ $row{$code} };
    is($who, $whose{$code}, "$code: whose it is");
    is($status, $who eq 'rank' ? '—' : $timeout{$code} ? 'timeout' : 'failed',
       "$code: status");
    like($tried, $again{$code} eq 'yes' ? qr/\Ayes(?:\z|, )/
                 : $again{$code} eq 'some' ? qr/\A408, 425 and 5xx\z/
                 : qr/\A(?:no\z|once, )/, "$code: tried again");
}


# HTTP statuses

my %number = (
    OK => 200, BAD_REQUEST => 400, NOT_ALLOWED => 405,
    REQUEST_ENTITY_TOO_LARGE => 413, UNSUPPORTED_MEDIA_TYPE => 415,
    UNPROCESSABLE => 422, INTERNAL_SERVER_ERROR => 500, BAD_GATEWAY => 502,
    SERVICE_UNAVAILABLE => 503, GATEWAY_TIME_OUT => 504,
);

# statuses of a store, and of servers, that no reply of a task has: it has asked
# for no change and for no part, and what is not there is 422

my @of_others = qw(NOT_FOUND CONFLICT PRECONDITION_FAILED
                   RANGE_NOT_SATISFIABLE FORBIDDEN UNAUTHORIZED
                   TOO_MANY_REQUESTS);

# the files that an endpoint's come from, and what they ask below

my @any = qw(ctx headers parse);
my %endpoints = ('HTTP status' => [ [ @any, qw(chunk chunk_reply) ],
                                    qw(chunk_request request) ],
                 'The split endpoint' => [ [ @any, qw(split extract) ],
                                           'split_request' ],
                 'The embed endpoint' => [ [ @any, qw(embed vectors) ],
                                           'embed_request' ],
                 'The rank endpoint' => [ [ @any, qw(rank vectors) ],
                                          'rank_request' ],
                 'The fetch endpoint' => [ [ @any, qw(fetch fetch_reply) ],
                                           'fetch_request' ],
                 'The task endpoint' => [ [ @any, 'task', (map { "task_$_" }
                                            qw(request plan reply)),
                                            qw(extract source source_look
                                               sources s3_problem) ],
                                          qw(task_request task_documents
                                             request split_request) ],
                 'The status endpoint' => [ [ 'status' ] ]);
my %statuses;
my $outcome = function($file{reply}, 'ngx_http_review_reply_outcome');
my $late = function($file{ctx}, 'ngx_http_review_ctx_problem_late');

for my $title (sort keys %endpoints) {
    my ($above, @below) = @{ $endpoints{$title} };
    my $endpoint = source(grep { -e } map { glob "$upper/http/{,*/}ngx_http_review_$_.c" } @$above);
    $endpoint .= $outcome if $endpoint =~ /ngx_http_review_reply_outcome\(/;
    $endpoint =~ s/\Q$late// unless $endpoint =~ /_problem_late\(ctx,\s*"/;
    my %used = map { $_ => 1 } $endpoint =~ /\bNGX_HTTP_([A-Z]\w+)/g;

    # a client that takes nothing is not told 408: its connection is closed

    $endpoint =~ /finalize_request\(r, NGX_HTTP_REQUEST_TIME_OUT\)/
        and delete $used{REQUEST_TIME_OUT};
    # 403 is told once for all

    delete @used{qw(GET HEAD POST V2 FLUSH SPECIAL_RESPONSE FORBIDDEN),
                 grep { /^REVIEW_/ } keys %used};
    delete @used{@of_others} if grep { $_ eq 's3_problem' } @$above;
    # a budget is known to all, and asked by some
    delete $used{TOO_MANY_REQUESTS};
    my %number_used = map { $number{$_} // $_ => 1 } keys %used;
    $number_used{429} = 1 if $endpoint =~ /ctx_budget\(ctx\b/;
    $number_used{$_} = 1
        for map { source(glob "$upper/review/*/$_.c")
                  =~ /(?:\breturn |_refuse\(err, )(\d{3})\b/g } @below;

    $statuses{$title} = [ section($api, $title) =~ /^\| (\d{3}) \| /mg ];
    same_set($statuses{$title}, [ keys %number_used ],
             "$title: each is documented, and nothing else is");
}

like(source("$upper/http/ngx_http_review_guard.c"),
     qr/return NGX_HTTP_SERVICE_UNAVAILABLE;/, 'review_guard: 503');
like(section($directives, 'review_guard'), qr/answered with 503/,
     'review_guard: 503 is documented');


# openapi.yaml

sub openapi {
    my ($args, $input) = @_;
    my $file = spew("$tmp/input.json", $input // '');
    my $out = decode_utf8(`'$tree/t/docs/openapi.py' $args <'$file' 2>&1`);
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

my $review_c = source("$upper/review/base/review.c");
is_deeply($schemas->{Verdict}{enum}, names_of($review_c, 'review_verdicts'),
          'verdicts');
is_deeply($schemas->{Severity}{enum}, names_of($review_c, 'review_severities'),
          'severities');

my $warnings = names_of($review_c, 'review_warnings');
is_deeply($schemas->{Warnings}{items}{enum}, $warnings, 'warnings');
same_set([ column(section($api, 'Warnings')) ], $warnings,
         'api.md: warnings');

my $report_words = source("$upper/review/form/report_markdown.c");
my @worded = section($api, 'Points of the report') =~ /「([^」]+)」|"([^"]+)"/g;
@worded = grep { defined } @worded;
cmp_ok(scalar @worded, '>=', 4, 'api.md tells words of reports');
like($report_words, qr/"\Q$_\E"/, "api.md: reports say \"$_\"") for @worded;

is_deeply($schemas->{Result}{properties}{status}{enum},
          names_of(source("$upper/http/chunk/ngx_http_review_result.c"),
                   'ngx_http_review_statuses'), 'statuses of results');
same_set($schemas->{Evidence}{properties}{match}{enum},
         names_of(source("$upper/review/quote/quote.c"), 'review_matches'),
         'kinds of matches');

same_set($schemas->{$_}{properties}{status}{enum}, [ $outcome =~ /"(\w+)"/g ],
         "statuses: $_") for qw(Review Embeddings);

for ([ ErrorCode => 'all', 'review' ], [ EmbeddingErrorCode => 'all', 'embed' ])
{
    my ($schema, @who) = @$_;
    my %mine = map { $_ => 1 } @who;
    my ($codes, $http) = @{ $schemas->{$schema}{anyOf} };
    same_set($codes->{enum},
             [ grep { $_ ne 'http_NNN' && $mine{ $whose{$_} } } keys %again ],
             "error codes: $schema");
    like('http_503', qr/$http->{pattern}/, "$schema: http_503");
}

is_deeply($schemas->{RankError}{properties}{code}{anyOf},
          [ { enum => [ grep { $whose{$_} eq 'rank' } keys %again ] },
            { '$ref' => '#/components/schemas/EmbeddingErrorCode' } ],
          'error codes of ranks');

is_deeply($schemas->{ReportError}{properties}{code}{anyOf},
          [ { enum => [ grep { $whose{$_} eq 'task' } sort keys %again ] },
            { '$ref' => '#/components/schemas/ErrorCode' } ],
          'error codes of tasks');

my @is = map { $_->{title} =~ /too long/
               ? @{ $_->{properties}{error}{properties}{code}{enum} } : () }
         @{ $schemas->{Result}{oneOf} };
same_set(\@is, [ keys %timeout ], 'codes of timeouts');

my $get = $document->{paths}{'/review/status'}{get};

same_set([ grep { $_ ne 'default' } keys %{ $post->{responses} } ],
         $statuses{'HTTP status'}, 'HTTP statuses');
same_set([ grep { $_ ne 'default' }
           keys %{ $document->{paths}{$_->[0]}{post}{responses} } ],
         $statuses{$_->[1]}, "HTTP statuses: $_->[1]")
    for [ '/v1/task', 'The task endpoint' ],
        [ '/v1/split', 'The split endpoint' ],
        [ '/v1/embeddings', 'The embed endpoint' ],
        [ '/v1/rank', 'The rank endpoint' ],
        [ '/v1/fetch', 'The fetch endpoint' ];
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


# Requests and replies of split, embed and rank

my ($names_of_rank) = source("$upper/review/rank/rank_request.c")
    =~ /review_rank_names\[\] = \{(.*?)\}/s;
my @by = $names_of_rank =~ /"(\w+)"/g;
same_set($schemas->{RankBy}{enum}, \@by, 'what may be ranked by');
my ($top_k) = source("$upper/review/rank/rank_request.c")
    =~ /REVIEW_RANK_TOP_K +(\d+)/;
is($schemas->{RankRequest}{properties}{top_k}{default}, $top_k,
   'how many are ranked');

my %rank_most = source("$upper/review/rank/rank_request.c")
    =~ /REVIEW_RANK_(PAIRS|RESULTS) +(\d+)/g;
like(section($api, 'A request to rank'), $_, 'api.md: how much is ranked')
    for qr/The default is $top_k\./, qr/\b$rank_most{PAIRS}\s+pairs\b/,
        qr/\b$rank_most{RESULTS}\s+results\b/;

my %bound = source("$upper/http/steps/ngx_http_review_batch.h")
    =~ /define NGX_HTTP_REVIEW_(VECTORS?_\w+) +\(?(\d+)/g;
like($table_rows, qr/than\ $bound{VECTOR_MAX}k\ for\ each\ input\ and
                     \ $bound{VECTORS_MAX}k\ besides/x,
     'api.md: how large an answer may be');
like(section($api, 'Batches'),
     qr/When\s+$bound{VECTORS_REFUSED}\s+inputs\s+have\s+been\s+refused
        \s+that\s+stood\s+alone\s+\($bound{VECTORS_LARGE}\s+that/x,
     'api.md: when a service is believed');

my $task_request = source(map { "$upper/review/request/task_$_.c" }
                          qw(request documents));
my $task_text = section($api, 'A request for a task');
my %task_most = ($task_request =~ /REVIEW_TASK_(CLAUSES|TOP_K) +(\d+)/g,
                 source("$upper/http/plan/ngx_http_review_task_plan.c")
                 =~ /REVIEW_PLAN_(CHUNKS) +(\d+)/);
my $select_text = section($api, 'What is asked of which chunk');
my %select_default = $select_text
    =~ /^\| `(\w+)` \| .*The default is (\d+)\./mg;
is_deeply(\%select_default, { k => $task_most{TOP_K},
                              references => $task_most{CLAUSES} },
          'api.md: the defaults of select');
is($schemas->{TaskSelect}{properties}{$_}{default}, $select_default{$_},
   "openapi.yaml: the default of select, $_") for sort keys %select_default;
like(section($api, 'HTTP status of a task'),
     qr/more than $task_most{CHUNKS} chunks/, 'api.md: how many chunks');

my $embed_request = source("$upper/review/embed/embed_request.c");
my %list = lists_of(source(glob "$upper/review/*/*.[ch]"));
my %of_chunks = map { $_ => 1 } @{ $list{review_rank_text_members}{idle} };
my %request = (
    ReviewRequest => 'review_chunk_members',
    Chunk => 'review_chunk_text_members',
    Reference => 'review_chunk_reference_members',
    SplitRequest => 'review_split_request_members',
    RankRequest => 'review_rank_members',
    RankTexts => 'review_rank_text_members',
    EmbedRequest => 'review_embed_members',
    FetchRequest => 'review_fetch_members',
    TaskRequest => 'review_task_members',
    TaskSelect => 'review_task_select_members',
    TaskSource => 'review_task_document_members',
    TaskResult => 'review_task_result_members',
);
my %request_title = (ReviewRequest => 'Request',
                     SplitRequest => 'A request to split',
                     RankRequest => 'A request to rank',
                     EmbedRequest => 'A request to embed',
                     FetchRequest => 'A request to fetch',
                     TaskRequest => 'A request for a task',
                     TaskSelect => 'What is asked of which chunk',
                     TaskSource => 'Where a document comes from',
                     TaskResult => 'The report in the store');

my $document_list = $list{review_task_document_members};
my $known_text = section($api, 'Members that are not known');

for my $schema (sort keys %request) {
    my $list = delete $list{$request{$schema}};
    my %used = map { $_ => 1 } @{ $list->{used} };
    my @idle = grep { !$used{$_} } @{ $list->{idle} };
    my $object = $schemas->{$schema}{items}{oneOf}[1] // $schemas->{$schema};

    same_set([ keys %{ $object->{properties} } ], [ keys %used, @idle ],
             "openapi.yaml: members of $schema");
    is_deeply([ @$object{qw(patternProperties additionalProperties)} ],
              $schema eq 'EmbedRequest' ? [ undef, undef ]
              : [ { '^(x-|\$|_)' => JSON::PP::true }, JSON::PP::false ],
              "openapi.yaml: what else is known of $schema");
    same_set([ grep { ref $object->{properties}{$_} ne 'HASH' }
               keys %{ $object->{properties} } ], \@idle,
             "openapi.yaml: members of $schema that are of no use");
    is(join(' ', grep { $known_text !~ /`$_`/ } @idle), '',
       "api.md: members of $schema that are of no use");

    my $title = $request_title{$schema} or next;
    my ($table) = section($api, $title) =~ /^(\| Member .*?)(?:^$|\z)/ms;
    same_set([ column($table) ], [ keys %used ], "api.md: members of $schema");
}

is(join(' ', grep { !$schemas->{SplitChunk}{properties}{$_} }
             grep { !/\A(?:status|index|score)\z/ } sort keys %of_chunks), '',
   'what is known of a chunk is told of one');
is(join(' ', grep { !/\A(?:id|text)\z/ && !$of_chunks{$_} }
             map { keys %{ $_->{properties} } }
             @$schemas{qw(SplitChunk ReportChunk)},
             $schemas->{Ranking}{properties}{results}{items}{properties}
                     {ranked}{items}), '',
   'what is told of a chunk is known of one');
is(join(' ', grep { !exists $schemas->{TaskSource}{properties}{$_} }
             map { keys %{ $schemas->{$_}{properties} } }
             qw(Download SavedReport ListedObject StoredObject)), '',
   'what is told of a document is known of one');
same_set($list{review_split_options_members}{used},
         [ keys %{ $schemas->{TaskRequest}{properties}{split}{oneOf}[0]
                           {properties} } ],
         'openapi.yaml: members of split of a task');

my $source_text = section($api, 'Where a document comes from');
my @from = @{ names_of($task_request, 'review_sources') };
my ($key_max) = source("$upper/review/net/s3.h") =~ /S3_KEY +(\d+)/;
my ($sources) = $file{sources} =~ /SOURCES_CALLS +(\d+)/;

same_set([ map { $_->{required}[0] } @{ $schemas->{TaskSource}{oneOf} } ],
         \@from, 'openapi.yaml: where a document comes from');
like($source_text, qr/Exactly\sone\sof\s @{[ join ',?\s(?:and\s)?',
                                            map { "`$_`" } @from ]}/x,
     'api.md: where a document comes from');
like($source_text, qr/at most $sources at a time/,
     'api.md: how many documents are loaded at a time');

my %longest = %{ $document_list->{max} };
same_set([ keys %longest ], [ qw(id type) ],
         'how long members of a document may be');

for my $name (sort keys %longest) {
    is($schemas->{TaskSource}{properties}{$name}{maxLength}, $longest{$name},
       "openapi.yaml: the longest $name of a document");
    like($source_text, qr/^\| `$name` \| .*\bat most $longest{$name} bytes\b/mi,
         "api.md: the longest $name of a document");
}

same_set([ grep { defined }
           @{ $schemas->{TaskResult}{properties}{format}{enum} } ],
         names_of($task_request, 'review_task_formats'), 'forms of saved reports');
like(section($api, 'The report in the store'), qr/\b1 to $key_max bytes\b/,
     'api.md: the key of a report');

same_set([ grep { defined }
           @{ $schemas->{EmbedRequest}{properties}{encoding_format}{enum} } ],
         names_of($embed_request, 'review_embed_formats'), 'forms of embeddings');

# all names in a schema, those of other schemas that it leads to included

sub names_in {
    my ($schema, $seen) = @_;
    $seen //= {};
    return map { names_in($_, $seen) } @$schema if ref $schema eq 'ARRAY';
    return if ref $schema ne 'HASH';
    my @names = ref $schema->{properties} eq 'HASH'
                ? keys %{ $schema->{properties} } : ();
    my ($to) = ($schema->{'$ref'} // '') =~ m{\A#/components/schemas/(\w+)\z};
    push @names, names_in($schemas->{$to}, $seen)
        if defined $to && !$seen->{$to}++;
    return @names, map { names_in($_, $seen) } values %$schema;
}

# the members that code writes, those included that others write for it

my %writes = map { $_->[1] => function(@$_) } (
    [ $file{reply}, 'ngx_http_review_reply_error' ],
    [ $file{reply}, 'ngx_http_review_reply_cut' ],
    [ $file{vectors}, 'ngx_http_review_vectors_write_model' ],
    [ $file{s3_request}, 'ngx_http_review_s3_request_etag' ],
    [ $split_json, 'review_split_json_heading' ],
    [ $split_json, 'review_split_json_place' ]);

sub written {
    my $c = join '', @_;
    return map { /\breview_(?:write_\w+|report_name|s3_bytes|metrics_\w+)\(
                  \s*&?[\w>.-]+,\s*"(\w+)"/xg }
           $c, map { $writes{$_} } grep { $c =~ /\b$_\(/ } keys %writes;
}

my $document_json = source("$upper/review/document/document_json.c");

# of a report, and of the plan that a dry run tells; some of it is of both

my $report_json = source("$upper/review/form/report_json.c");
my @of_cell = map { function($report_json, "review_report_json_$_") }
                  qw(finding told evidence also where whose became result);
$report_json =~ s/\Q$of_cell[-1]\E//;

my $task_report = $file{task_report};
my @of_plan = map { function($task_report, "ngx_http_review_task_report_$_") }
                  qw(dry planned chunk embeddings);
my ($planned) = "@of_plan" =~ /\bnames\[\] = \{(.*?)\}/s;
my @of_both = map { function($task_report, "ngx_http_review_task_report_$_") }
                  qw(head rubric selected texts text);
my $task_plan = source("$upper/http/plan/ngx_http_review_task_plan.c");
push @of_both, my @of_document
    = map { function($task_plan, "ngx_http_review_task_plan_$_") }
      qw(document documents);
my ($elapsed) = function($task_report, 'ngx_http_review_task_report_end')
    =~ /(review_write_number\(&b, "elapsed_ms")/;

$task_report =~ s/\Q$_\E// for @of_plan;

my %written = (TaskPlan => [ written(@of_plan, @of_both, $elapsed,
                                     $document_json,
                                     map { function($report_json,
                                                    "review_report_json_$_") }
                                         qw(place references)),
                             $planned =~ /"(\w+)"/g, qw(line page),
                             qw(document_texts reference_texts) ],
               Split => [ written($split, $split_json),
                          written(function($document_json,
                                           'review_document_json_warnings'),
                                  function($document_json,
                                           'review_document_json')) ],
               Embeddings => [ written($file{embed}) ],
               Ranking => [ written($file{rank}) ],
               Report => [ written($task_report, @of_document, $document_json,
                                   $report_json),
                           'document_texts', 'reference_texts',
                           @{ names_of(source("$upper/review/report/report.c"),
                                       'review_report_statuses') } ],
               TaskCell => [ written(@of_cell) ],
               TaskProgress => [ written(function($file{task_reply},
                                     'ngx_http_review_task_reply_progress')) ]);

for my $schema (sort keys %written) {
    my %named = map { $_ => 1 } names_in($schemas->{$schema});
    my %mine = map { $_ => 1 } @{ $written{$schema} };
    same_set([ keys %named ], [ keys %mine ],
             "openapi.yaml: members of $schema");
    next if $schema =~ /\A(?:Report|Task\w+)\z/;
    my ($title) = { Split => 'Chunks', Embeddings => 'Embeddings',
                    Ranking => 'A ranking' }->{$schema};
    my %in_table = map { s/.*\.//r => 1 } column(section($api, $title));
    same_set([ keys %in_table ], [ grep { !/\A(?:code|detail)\z/ } keys %mine ],
             "api.md: members of $schema");
}


# those of a report are told in two tables and in between

my $report_text = section($api, 'The report');
is(join(' ', grep { $report_text !~ /`\Q$_\E`/ && !/\A(?:code|detail)\z/ }
             sort { $a cmp $b } names_in($schemas->{Report})), '',
   'api.md: members of the report');
my $plan_text = section($api, 'A dry run');
is(join(' ', grep { !/\A(?:code|detail)\z/
                    && "$plan_text$report_text" !~ /`\Q$_\E`|"\Q$_\E":/ }
             sort { $a cmp $b } names_in($schemas->{TaskPlan})), '',
   'api.md: members of a dry run');
like(section($api, 'Forms of the report'), qr/"$_":/,
     "api.md: progress of a task: $_")
    for sort keys %{ $schemas->{TaskProgress}{properties} };
like(section($api, 'Forms of the report'), qr/`$_`/,
     "api.md: a result of a task: $_")
    for qw(result needs_human finding searched);



# Downloads

my %fetch_member = map { $_ => 1 } written($file{fetch_reply});
same_set([ do { my %n = map { $_ => 1 } names_in($schemas->{Downloads});
                keys %n } ], [ keys %fetch_member ],
         'openapi.yaml: members of Downloads');
same_set([ column(section($api, 'Downloads')) ],
         [ grep { !/\A(?:code|detail)\z/ } keys %fetch_member ],
         'api.md: members of Downloads');

cmp_ok(scalar @of_fetch, '>=', 15, 'codes of downloads are found');
my $fetch_rows = section($api, 'Error codes of downloads');
same_set([ column($fetch_rows) ], \@of_fetch,
         'each error code of downloads is documented, and nothing else is');
same_set($schemas->{FetchError}{properties}{code}{anyOf}[0]{enum},
         [ grep { $_ ne 'http_NNN' } @of_fetch ], 'error codes: FetchError');
my %fetch_status = $fetch_rows =~ /^\| `(\w+)` \| (\w+) \|/mg;
is_deeply(\%fetch_status,
          { map { $_ => $status{$_} == 504 ? 'timeout'
                        : $status{$_} =~ /\A50[23]\z/ ? 'failed' : 'refused' }
            @of_fetch }, 'statuses of downloads');

my %converter = section($api, 'Documents') =~ /^\| ([a-z ]+) \| (\d+) \|/mg;
is_deeply(\%converter,
          { 'too large a text' => $status{too_large},
            'no answer in time' => $status{call_timeout},
            'anything else' => $status{connect} },
          'statuses of documents that are not made text');

same_set(parameters('review_fetch'),
         [ $file{fetch} =~ /_param\([^";]*"(\w+)"/g ],
         'review_fetch: parameters');
same_set(parameters('review_task'),
         [ $file{task} =~ /_param\([^";]*"(\w+)"/g ],
         'review_task: parameters');


# Objects: the statuses that end in a reply, not those that the store answers;
# what is named in a body, and is not there, is a task's

my %object_number = (%number, NO_CONTENT => 204, NOT_MODIFIED => 304,
                     NOT_FOUND => 404, CONFLICT => 409,
                     PRECONDITION_FAILED => 412, RANGE_NOT_SATISFIABLE => 416);
my %of_store = map { $_ => 1 } qw(FORBIDDEN UNAUTHORIZED TOO_MANY_REQUESTS
                                  UNPROCESSABLE GET HEAD PUT DELETE LAST);
my %object_status = map { $object_number{$_} // $_ => 1 }
                    grep { !$of_store{$_} && !/^REVIEW_/ }
                    map { $file{$_} =~ /\bNGX_HTTP_([A-Z]\w+)/g }
                    qw(object object_headers object_reply s3_problem);
my @object_statuses = section($api, 'HTTP status of an object')
    =~ /^\| (\d{3}) \| /mg;
same_set(\@object_statuses,
         [ keys %object_status, 206, $status{timeout} ],
         'objects: each status is documented, and nothing else is');

my %object_responses = map { $_ => 1 } map { keys %{ $_->{responses} } }
                       grep { ref eq 'HASH' }
                       map { values %{ $document->{paths}{$_} } }
                       '/files/', '/files/{key}';
same_set([ grep { $_ ne 'default' } keys %object_responses ],
         \@object_statuses, 'openapi.yaml: statuses of objects');

my %object_written = (
    StoredObject => [ 'To put an object', $file{object_reply} ],
    ObjectList => [ 'A list of objects',
                    function(source("$upper/review/net/s3.c"),
                             'review_s3_list_json') ]);

for my $schema (sort keys %object_written) {
    my ($title, $c) = @{ $object_written{$schema} };
    my %named = map { $_ => 1 } names_in($schemas->{$schema});
    my %mine = map { $_ => 1 } written($c);
    same_set([ keys %named ], [ keys %mine ],
             "openapi.yaml: members of $schema");
    my ($members) = section($api, $title) =~ /^(\| Member .*?)^$/ms;
    same_set([ map { /`(\w+)`/g } $members =~ /^\| (`[^|]*?) \|/mg ],
             [ keys %named ], "api.md: members of $schema");
}

my %argument = map { $_->{name} => $_->{schema} }
               @{ $document->{paths}{'/files/'}{get}{parameters} };
my @arguments = $file{object_headers}
    =~ /ngx_strncmp\(name(?:\.|->)data, "(\w+)"/g;
same_set([ keys %argument ], \@arguments,
         'openapi.yaml: arguments of a list');
my ($arguments) = section($api, 'A list of objects')
    =~ /^(\| Argument .*?)^$/ms;
same_set([ column($arguments) ], \@arguments,
         'api.md: arguments of a list');

my ($list_max) = $file{object_headers} =~ /OBJECT_LIST +(\d+)/;
is($argument{max}{maximum}, $list_max, 'openapi.yaml: the most of a list');
like($arguments, qr/\b1 to $list_max\b/, 'api.md: the most of a list');
is($schemas->{ObjectKey}{maxLength}, $key_max, 'openapi.yaml: a key');
like(section($api, 'The object endpoint'), qr/at most $key_max bytes/,
     'api.md: how long a key may be');


# The status endpoint

my $metrics_c = source("$upper/review/metrics/metrics.c");
my %names = map { $_ => names_of($metrics_c, "review_metrics_$_") }
            qw(others reviews points kinds circuits classes endpoints
               operations tasks);
my $calls = $schemas->{Status}{properties}{calls}{properties};

my ($statuses) = $metrics_c =~ /review_metrics_statuses\[\] = \{(.*?)\}/s;
my ($counted) = $enum =~ /\A(.*?\bREVIEW_CODE_CANCELLED)\b/s;
my @outcomes = ((map { $name{$_} } $counted =~ /REVIEW_CODE_(\w+)/g),
                (map { "http_$_" } $statuses =~ /\d+/g), @{ $names{others} });
same_set($schemas->{Outcome}{enum}, \@outcomes, 'outcomes of calls');
same_set($calls->{circuit}{enum}, $names{circuits}, 'states of the circuit');

my %outcome = map { $_ => 1 } @outcomes;
is(join(' ', grep { !$outcome{$_} } sort keys %again),
   'bad_reply http_NNN no_embeddings regex_limit',
   'each error code of a call is an outcome');

my $json_c = source("$upper/review/metrics/metrics_json.c");
my %member = map { $_ => 1 }
             written($json_c),
             @{ names_of(source("$upper/review/base/review.c"),
                         'review_verdicts') },
             map { @{ $names{$_} } } qw(kinds reviews points tasks);
my $told = $schemas->{Status}{properties};
same_set($told->{requests}{items}{properties}{endpoint}{enum},
         $names{endpoints}, 'endpoints that are counted');
same_set($told->{operations}{items}{properties}{operation}{enum},
         $names{operations}, 'operations that are counted');
my ($version) = source("$upper/http/ngx_http_review_module.h")
    =~ /NGX_HTTP_REVIEW_VERSION +"(.*)"/;
is($version, (slurp("$tree/CHANGELOG.md") =~ /^## (\S+)/m)[0],
   'the version that is told is that of the changes');

my (%schema_member, @paths);

sub members {
    my ($schema, $path) = @_;

    if (my $items = $schema->{items}) {
        push @paths, $path;
        return members($items, "$path\[]");
    }

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
        $schemas->{Status}{properties}{tokens}{additionalProperties},
        $schemas->{Status}{properties}{tenants}{items}{properties}{tokens}
            {additionalProperties};
same_set([ keys %schema_member ], [ keys %member ],
         'openapi.yaml: members of the status');

s/\A(calls\.(?:queued|limit))\..*/$1/ for @paths;
my %path = map { $_ => 1 } @paths;
same_set([ column(section($api, 'Status as JSON')) ], [ keys %path ],
         'api.md: members of the status');

my ($families) = source("$upper/review/metrics/prometheus.c")
    =~ /review_families\[\] = \{(.*?)\n\};/s;
my %family;

while ($families =~ /\{ "(\w+)", "(\w+)",\s*"[^"]*",([^}]*)\}/g) {
    my ($name, $type, $rest) = ($1, $2, $3);
    my @labels = $rest =~ /"(\w+)"/g;
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
my ($models) = source("$upper/review/metrics/metrics.h")
    =~ /REVIEW_METRICS_MODELS +(\d+)/;
like($api, qr/At most $models models\b/, 'api.md: the number of models');


# The circuit, in numbers

my %circuit = source("$upper/review/limit/circuit.h")
    =~ /define REVIEW_CIRCUIT_(\w+) +(\d+)/g;
my $circuit = section($directives, 'The circuit');

like($circuit, $_, "the circuit: $_")
    for qr/at\s+least\s+$circuit{FAILURES}\s+calls/,
        qr/within\s+@{[ $circuit{WINDOW} \/ 1000 ]}\s+seconds/,
        qr/$circuit{SHARE}%\s+of\s+all\s+that\s+have\s+ended/,
        qr/defaults\s+@{[ $circuit{WINDOW} \/ 1000 \/ $circuit{PARTS}
                          * $circuit{SPAN} ]}\s+seconds/,
        qr/when\s+$circuit{FAILURES}\s+have\s+failed\s+in\s+a\s+row/,
        qr/After\s+@{[ $circuit{PAUSE} \/ 1000 ]}\s+seconds/,
        qr/up\s+to\s+@{[ $circuit{PAUSE_MAX} \/ 1000 ]}\s+seconds/,
        qr/When\s+$circuit{PROBES}\s+in\s+a\s+row/;


# Rubrics

my $rubric_c = source("$upper/review/rubric/rubric.c");

for ([ 'review_rubric_members', 'The rubric', 'Rubric' ],
     [ 'review_point_members', 'Points', 'Point' ],
     [ 'review_rule_members', 'Rules', 'Rule' ])
{
    my ($array, $title, $schema) = @$_;
    my $members = $list{$array}{used};
    same_set([ column(section($rubric, $title)) ], $members,
             "rubric.md: members of \"$title\"");
    same_set([ keys %{ $schemas->{$schema}{properties} } ], $members,
             "openapi.yaml: members of $schema");
}

same_set([ map { /\A\{\{([a-z.]+)\}\}\z/ }
           column(section($rubric, 'Templates')) ],
         names_of(source("$upper/review/rubric/template.c"), 'review_template_names'),
         'rubric.md: names in templates');

my ($keywords) = source("$upper/review/json/schema_check.c")
    =~ /review_schema_keywords\[\] = \{(.*?)\{ NULL/s;
my ($listed) = section($rubric, 'Data') =~ /(The keywords are .*?)Any other/s;
same_set([ $listed =~ /`(\$?\w+)`/g ], [ $keywords =~ /\{ "([^"]+)"/g ],
         'rubric.md: keywords of schemas');

my ($may) = source("$upper/review/rubric/params.c")
    =~ /review_params_allowed\[\] = \{(.*?)\{ NULL/s;
same_set([ map { /`(\w+)`/g } section($rubric, 'Parameters')
               =~ /^\| (`.*?) \|/mg ],
         [ $may =~ /\{ "(\w+)"/g ], 'rubric.md: parameters of a client');

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

sub chunks_stand {
    my ($request, $split) = map { $json->decode(encode_utf8($_)) } @_;
    my ($source, $rest) = ($request->{text}, '');

    for my $chunk (@{ $split->{chunks} }) {
        my ($header, @own) = ($chunk->{table_header}, @$chunk{qw(start end)});
        my $text = join '', map { substr $source, $_->[0], $_->[1] - $_->[0] }
                   $header ? [ @$header{qw(start end)} ] : (), [ @own ];
        is($chunk->{text}, $text, "docs/api.md: chunk $chunk->{id}: its text");
        is($chunk->{sha256}, sha256_hex(encode_utf8($text)),
           "docs/api.md: chunk $chunk->{id}: its hash");
        my $from = $own[0] + $chunk->{overlap};
        $rest .= substr $source, $from, $own[1] - $from;
    }

    is($rest, $source, 'docs/api.md: chunks make the text again');
}

sub report_stands {
    my ($request, $report) = map { $json->decode(encode_utf8($_)) } @_;
    my %text = (document => $request->{document}{text},
                map { ($_->{id} => $_->{text}) }
                @{ $request->{references} });

    for my $e (map { @{ $_->{evidence} } }
               map { @{ $_->{findings} } } @{ $report->{points} })
    {
        is(substr($text{ $e->{source} }, $e->{start}, $e->{end} - $e->{start}),
           $e->{quote}, 'docs/api.md: a quote of the report stands there');
    }
}

report_stands(map { $api =~ /<!-- schema: $_ -->\n```json\n(.*?)^```/ms }
              qw(TaskRequest Report));
chunks_stand(map { $api =~ /<!-- schema: $_ -->\n```json\n(.*?)^```/ms }
             qw(SplitRequest Split));
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
    $conf =~ s{/etc/nginx/review/(access|secret)\b}{spew("$tmp/$1", $1)}ge;
    $conf =~ s|\bsnippets/review-extract\.conf|$tree/conf/extract.conf|g;
    $conf =~ s|\bunix:/run/|unix:$tmp/|g;
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
    cmp_ok(($readme =~ tr/\n//), '<=', 24, 'README.md: some 20 lines');
    like($readme, qr{\Aload_module modules/ngx_http_review_module\.so;\n},
         'README.md: the module is loaded');
    nginx_takes($readme, 'README.md: nginx accepts the configuration');

    for my $file (map { "docs/$_.md" } qw(deploy directives extract)) {
        my $n = 0;

        while ($md{$file} =~ /^<!--\ nginx:\ (http|server|main)\ -->\n
                              ```nginx\n(.*?)^```\n/xmsg)
        {
            my ($where, $conf) = ($1, $2);
            $conf = "server {\nlisten 80;\n$conf}\n" if $where eq 'server';
            nginx_takes($where eq 'main' ? "$conf${events}http {\n}\n"
                                         : "${events}http {\n$conf}\n",
                        "$file: nginx accepts configuration " . ++$n);
        }

        is($n, scalar(() = $md{$file} =~ /```nginx|<!-- nginx/g) / 2,
           "$file: all configurations are looked at");
    }
}


# The design names each file

my @files = map { s{\A\Q$upper\E/}{}r }
            glob("$upper/http/{,*/}*.[ch]"), glob("$upper/review/*/*.c");

same_set([ column(section($md{'docs/design.md'}, 'Two floors')) ], \@files,
         'design.md: each file is named, and none that is not there');


# The guides for those who change something: files and names that they tell, but
# for those with a word in capitals that stands for any

my $code = join "\n", map { slurp($_) } map { glob "$upper/$_" }
           qw(http/*.[ch] */*/*.[ch]);

for my $file ('docs/design.md', 'docs/CONTRIBUTING.md') {
    my @paths = $md{$file} =~ m{`((?:http|review|t)/[\w./]+)`}g;
    is(join(' ', grep { !-e "$tree/$_" && !-e "$upper/$_" }
                 grep { !/\b(?:[A-Z]+\b|\w+_WING_)/ } @paths), '',
       "$file: its files exist");
    my @names = $md{$file} =~ /\b((?:ngx_http_)?review_\w*\w)\b(?!\.)/gi;
    is(join(' ', grep { $code !~ /\b\Q$_\E\b/ }
                 grep { !/_(?:WING|NAME)\b|_WING_|_\z/ } @names), '',
       "$file: its names exist");
}


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

# What a report says of quotes that a chunk's review has not found: where they
# stand in another chunk, or in a reference; that they stand nowhere only where
# all texts were searched, and that a number is not cut for them; the same on a
# thread, in all forms of the report, and where the time is over before that.

use strict;
use warnings;

use lib 't/lib';
use Review;
use Clients 'ask';
use ConfTest;

use JSON::PP ();
use Test::More ();

our $Json = JSON::PP->new->utf8->canonical;

# what each point quotes, whatever the chunk

my %rubrics = (
    period => ['质保期为13年'],
    nowhere => ['没有这句话'],
    cut => ['3年'],
    normalized => ['投标保证金10万元'],
    twice => ['工期90日'],
    clause => ['违约金为合同总价的5%'],
    two => [ '质保期为13年', '没有这句话' ],
    plain => []);               # the script is in the chunk

review_http(map { "review_rubric $_ \$TEST_NGINX_SERVER_ROOT/html/$_.json;" }
                sort keys %rubrics);

sub escaped {
    return $_[0] =~ s/([^ ,0-9A-Za-z=_])/sprintf '%%%02X', ord $1/ger;
}

sub rubric {
    my ($name) = @_;
    my $quotes = join ' ', map { 'quote=' . escaped($_) } @{ $rubrics{$name} };
    return ">>> $name.json\n" . $Json->encode({
        name => $name, version => '1', points => [
            { id => 'p', title => 'T', question => 'T'
              . ($quotes && "[[verdict=fail severity=major $quotes]]")
            } ] }) . "\n";
}

my $Config = <<'END';
    review_llm /llm;
    review_chunk_uri /chunk calls=4;
    location = /v1/review { review; }
    location = /v1/task { review_task; }
    location = /on_threads {
        review_task;
        review_thread_pool default threshold=1;
    }
    location = /no_threads { review_task; review_thread_pool off; }
    location = /short { review_task; review_task_timeout 1s; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/v1/review;
    }
    $TEST_NGINX_LLM_LOCATION
END

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $Config) if !defined $block->config;
    $block->set_value(user_files => join '', map { rubric($_) }
                                                 sort keys %rubrics);
});

# --- markdown: each of these regexes matches in the reply, "!" before one: not

review_section('markdown');

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body) = @_;

    for my $line (split /\n/, $block->markdown // '') {
        my $not = $line =~ s/^!//;
        utf8::encode($line) if utf8::is_utf8($line);
        Test::More::ok($not ? $body !~ /$line/m : $body =~ /$line/m,
                       $block->name . ' - markdown')
            or Test::More::diag("$line: $body");
    }
});

# three chunks, each under its heading

our $Document = "# 甲\n\n质保期为13年。工期90日。\n\n# 乙\n\n投标保证金10 万元。\n\n"
                . "# 丙\n\n共110万元。工期90日。\n";

sub task {
    my ($rubric, %more) = @_;
    my $uri = delete $more{uri} // '/v1/task';
    my $body = $Json->encode({ document => $Document, rubric => $rubric,
                               split => { max_chars => 24 }, %more });

    # what is written here is bytes of UTF-8, not characters

    return "$uri\n" . bytes($body);
}

sub bytes {
    my ($text) = @_;
    utf8::decode($text);
    utf8::downgrade($text);
    return $text;
}

run_tests();

__DATA__

=== TEST 1: in another chunk
--- json_request eval
main::task('period')
--- json
document.chunks eq 3
points.0.findings.*.chunks eq [["c1"],["c2"],["c3"]]
points.0.findings.*.evidence.0.quote eq ["质保期为13年","质保期为13年","质保期为13年"]
points.0.findings.*.evidence.0.source eq ["document","document","document"]
points.0.findings.*.evidence.0.start eq [5,5,5]
points.0.findings.*.evidence.0.end eq [12,12,12]
points.0.findings.*.evidence.0.match eq ["exact","exact","exact"]
points.0.findings.*.evidence.0.elsewhere eq [null,true,true]
points.0.findings.*.evidence.0.heading eq [["甲"],["甲"],["甲"]]
points.0.findings.*.heading eq [["甲"],["甲"],["甲"]]
points.0.findings.*.grounded eq [true,false,false]
points.0.findings.*.needs_human eq [false,true,true]
points.0.needs_human eq true



=== TEST 2: nowhere
--- json_request eval
main::task('nowhere')
--- json
points.0.findings.*.evidence.0.match eq ["none","none","none"]
points.0.findings.*.evidence.0.searched eq [true,true,true]
points.0.findings.*.evidence.0.start eq [null,null,null]
points.0.findings.*.needs_human eq [true,true,true]



=== TEST 3: in the middle of a number of another chunk
--- json_request eval
main::task('cut')
--- json
points.0.findings.*.evidence.0.match eq ["none","none","none"]
points.0.findings.*.evidence.0.searched eq [true,true,true]



=== TEST 4: normalized, but not what a number is cut for
--- json_request eval
main::task('normalized')
--- json
points.0.findings.*.chunks eq [["c1"],["c2"],["c3"]]
points.0.findings.*.evidence.0.match eq ["normalized","normalized","normalized"]
points.0.findings.*.evidence.0.quote eq ["投标保证金10 万元","投标保证金10 万元","投标保证金10 万元"]
points.0.findings.*.evidence.0.start eq [26,26,26]
points.0.findings.*.evidence.0.elsewhere eq [true,null,true]
points.0.findings.*.evidence.0.heading eq [["乙"],["乙"],["乙"]]



=== TEST 5: twice: its own place, or the first one
--- json_request eval
main::task('twice')
--- json
points.0.findings.*.chunks eq [["c1"],["c2"],["c3"]]
points.0.findings.*.evidence.0.start eq [13,13,51]
points.0.findings.*.evidence.0.elsewhere eq [null,true,null]
points.0.findings.*.evidence.0.heading eq [["甲"],["甲"],["丙"]]



=== TEST 6: in the overlap of two chunks
--- json_request eval
main::task('period', document => "招标文件。质保期为13年。工期为九十日历天。\n",
           split => { max_chars => 18, overlap => 9 })
--- json
document.chunks eq 2
points.0.findings.*.chunks eq [["c1","c2"]]
points.0.findings.0.evidence.0.start eq 5
points.0.findings.0.evidence.0.elsewhere missing
points.0.findings.0.grounded eq true
points.0.findings.0.needs_human eq false



=== TEST 7: in a clause of a reference that did not go with the chunk
--- json_request eval
main::task('clause', split => { max_chars => 24 }, select => { references => 1 },
    references => [ { id => '合同', text =>
        "# 一\n\n质保期，工期，投标保证金，共计万元。\n\n# 二\n\n违约金为合同总价的5%。\n" } ])
--- json
points.0.findings.0.evidence.0.source eq "合同"
points.0.findings.0.evidence.0.clause eq "合同/c2"
points.0.findings.0.evidence.0.quote eq "违约金为合同总价的5%"
points.0.findings.0.evidence.0.elsewhere eq true
points.0.findings.0.evidence.0.heading eq ["二"]
points.0.findings.0.needs_human eq true



=== TEST 8: in one that goes with none
--- json_request eval
main::task('clause', select => { references => 0 }, references => [
    { id => '合同', text => "违约金为合同总价的5%。\n" } ])
--- json
points.0.findings.0.evidence.0.source eq "合同"
points.0.findings.0.evidence.0.start eq 0
points.0.findings.0.evidence.0.elsewhere eq true



=== TEST 9: for people
--- json_request eval
main::task('two')
--- more_headers
Accept: text/markdown
--- markdown
^> 质保期为13年 *$
^> — 甲，第 3 行，第 5–12 字$
^> — 甲，第 3 行，第 5–12 字，不在所审的文本块中$
^> — 原文中没有$
!未能在全文中查找



=== TEST 10: on a thread
--- json_request eval
main::task('two', uri => '/on_threads')
--- json
points.0.findings.*.evidence.0.start eq [5,5,5]
points.0.findings.*.evidence.1.searched eq [true,true,true]



=== TEST 11: as events
--- json_request eval
main::task('two', uri => '/on_threads')
--- more_headers
Accept: text/event-stream
--- markdown
^event: done
"match":"exact","elsewhere":true
"match":"none","searched":true



=== TEST 12: what would take too long without a thread
--- json_request eval
main::task('two', uri => '/no_threads', split => { max_chars => 300000 },
           document => $main::Document . '甲方应当付款。' x 40000)
--- json
points.0.findings.*.evidence.0.match eq ["exact","none","none"]
points.0.findings.*.evidence.0.searched eq [null,false,false]
points.0.findings.0.evidence.1.searched eq false
points.0.findings.*.needs_human eq [true,true,true]



=== TEST 13: the same on a thread
--- json_request eval
main::task('two', split => { max_chars => 300000 },
           document => $main::Document . '甲方应当付款。' x 40000)
--- json
points.0.findings.*.evidence.0.start eq [5,5,5]
points.0.findings.*.evidence.1.searched eq [true,true,true]



=== TEST 14: the time is over, and nothing is looked for
--- json_request eval
main::task('plain', uri => '/short', split => { max_chars => 50 }, document =>
    "# 一\n\n甲 [[verdict=fail quote=%E4%B9%99]]。\n\n# 二\n\n乙 [[delay=60000]]。")
--- json
status eq "partial"
points.0.findings.0.evidence.0.quote eq "乙"
points.0.findings.0.evidence.0.match eq "none"
points.0.findings.0.evidence.0.searched eq false

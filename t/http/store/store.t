# The configuration of an object store: each mistake in a review_store block,
# or in the review_object that names it, is an error of "nginx -t" that says in
# which file and in which line, and never what a secret is.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

# any one message, but without the secret

my $Said = qr/(?:(?!hush-hush).)+/;

my $Good = <<'';
endpoint http://127.0.0.1:9000;
bucket bids;
access_key a;
secret_key hush-hush;


# $Good with a line replaced, or with lines added

sub but {
    my ($name, $line) = @_;
    my $text = $Good;

    $text =~ s/^$name .*\n/$line/m or die "no $name\n";
    return $text;
}

sub store {
    my ($text, $name) = @_;

    return 'review_store ' . ($name // 's') . " {\n$text}\n";
}

my $Use = "server {\n    location /o/ { review_object s; }\n}\n";
my @Files = (key => "hush-hush\n", empty => '', newline => "\n");

sub bad {
    my ($name, $text) = @_;

    conf_bad($name, $Said, $text, @Files);
}

sub good {
    my ($name, $text) = @_;

    conf_good($name, $text, @Files);
}


$ENV{REVIEW_KEY} = 'hush-hush';
$ENV{REVIEW_EMPTY} = '';
delete $ENV{REVIEW_UNSET};

good('four lines', store($Good) . $Use);
good('no location uses it', store($Good));
good('two stores', store($Good) . store($Good, 't') . $Use);
good('region and times', store($Good
     . "region eu-west-1;\ntimeout 30s;\nconnect_timeout 1500ms;\n") . $Use);
good('https, no port', store(but('endpoint', "endpoint https://s3.test;\n"))
     . $Use);
good('a file of the secret',
     store(but('secret_key', "secret_key_file DIR/key;\n")) . $Use);
good('a variable of the secret',
     store(but('secret_key', "secret_key_env REVIEW_KEY;\n")) . $Use);
good('a file and a variable',
     store("endpoint http://127.0.0.1:9000;\nbucket bids;\n"
           . "access_key_env REVIEW_KEY;\nsecret_key_file DIR/key;\n")
     . $Use);
good('other methods in limit_except', store($Good) . <<'');
server {
    location /o/ {
        review_object s;
        limit_except GET { deny all; }
    }
}


# what is missing is blamed on the block's last line

for my $name (qw(endpoint bucket access_key secret_key)) {
    my $text = store(but($name, ''));

    $text =~ s/^}\n/} # <-\n/m;
    bad("no $name", $text . $Use);
}

for ([ 'an endpoint without a scheme', 'endpoint', '127.0.0.1:9000' ],
     [ 'an endpoint of FTP', 'endpoint', 'ftp://127.0.0.1' ],
     [ 'an endpoint without a host', 'endpoint', 'http://' ],
     [ 'an endpoint with a query', 'endpoint', 'http://127.0.0.1/?a=b' ],
     [ 'an endpoint with a fragment', 'endpoint', 'http://127.0.0.1/#a' ],
     [ 'an endpoint with a user', 'endpoint', 'http://u:p@127.0.0.1' ],
     [ 'brackets without an address', 'endpoint', 'http://[x]:9000' ],
     [ 'an address in short', 'endpoint', 'http://127.1:9000' ],
     [ 'a port that is none', 'endpoint', 'http://127.0.0.1:99999' ],
     [ 'no endpoint', 'endpoint', '""' ],
     [ 'no bucket', 'bucket', '""' ],
     [ 'a bucket with a slash', 'bucket', 'a/b' ],
     [ 'two buckets', 'bucket', 'a b' ],
     [ 'a secret of two words', 'secret_key', 'hush-hush hush-hush' ],
     [ 'an empty secret', 'secret_key', '""' ])
{
    my ($name, $parameter, $value) = @$_;

    bad($name, store(but($parameter, "$parameter $value; # <-\n")) . $Use);
}

for ([ "a file that isn't there", 'secret_key_file DIR/none' ],
     [ 'a file that is a folder', 'secret_key_file DIR' ],
     [ 'a file that is empty', 'secret_key_file DIR/empty' ],
     [ 'a file that is an empty line', 'secret_key_file DIR/newline' ],
     [ "a variable that isn't set", 'secret_key_env REVIEW_UNSET' ],
     [ 'a variable that is empty', 'secret_key_env REVIEW_EMPTY' ])
{
    my ($name, $line) = @$_;

    bad($name, store(but('secret_key', "$line; # <-\n")) . $Use);
}

for ([ 'an unknown parameter', 'colour red' ],
     [ 'an unknown parameter with a secret', 'secretkey hush-hush' ],
     [ 'an endpoint twice', 'endpoint http://127.0.0.1' ],
     [ 'a bucket twice', 'bucket other' ],
     [ 'a secret twice', 'secret_key hush-hush' ],
     [ 'a secret and its file', 'secret_key_file DIR/key' ],
     [ 'a secret and its variable', 'secret_key_env REVIEW_KEY' ],
     [ 'a time that is none', 'timeout soon' ],
     [ 'no time', 'timeout' ],
     [ 'a region of two words', 'region a b' ])
{
    my ($name, $line) = @$_;

    bad($name, store("$Good$line; # <-\n") . $Use);
}

bad('timeout twice', store($Good . "timeout 1s;\ntimeout 1s; # <-\n") . $Use);
bad('a store twice', store($Good) . "review_store s { # <-\n$Good}\n");
bad('a store in a server', "server {\nreview_store s { # <-\n$Good}\n}\n");
bad('a store without a name', "review_store { # <-\n$Good}\n");

bad("a store that isn't there", store($Good) . <<'');
server {
    location /o/ {
        review_object t; # <-
    }
}

bad('no store', store($Good) . <<'');
server {
    location /o/ {
        review_object; # <-
    }
}

bad('an object in a server', store($Good) . <<'');
server {
    review_object s; # <-
}

bad('an object twice', store($Good) . <<'');
server {
    location /o/ {
        review_object s;
        review_object s; # <-
    }
}

bad('two endpoints in a location', store($Good) . <<'');
server {
    location /o/ {
        review_split;
        review_object s; # <-
    }
}


Test::More::done_testing();

package ConfTest;

# What "nginx -t" says about small configurations, each in a folder of its own.
# It is loaded after Review.pm, which says what nginx and which module.  Leaks
# are not looked for: nginx itself frees nothing here.

use strict;
use warnings;

use Exporter 'import';
use File::Basename ();
use File::Path ();
use File::Temp ();
use POSIX ();
use Test::More ();

our @EXPORT = qw(conf_good conf_bad conf_warns);

my $Timeout = Review::patience();


# The text of the http block, or all of it if there is an "http {" in it, and
# other files, by name: a text, a code that makes it, or undef.  Texts may have
# "DIR" for the folder.  The message, or a regex of it, has to be all that is
# said, and be followed by the file and by the line that has a "# <-".

sub conf_bad {
    my ($name, $message, $text, %files) = @_;
    my ($dir, $status, $log) = run($text, %files);
    my $conf = 'nginx.conf';

    for my $file (sort keys %files) {
        $conf = $file if defined $files{$file} && $files{$file} =~ /# <-/;
    }

    my $all = $conf eq 'nginx.conf' ? wrap($text) : $files{$conf};
    $all =~ /\A(.*)# <-/s or die "$name: no line is marked\n";
    my $place = "$dir/$conf:" . (1 + ($1 =~ tr/\n//));

    if (!ref $message) {
        $message =~ s/\bDIR\b/$dir/g;
        $message = qr/\Q$message\E/;
    }

    my @said = $log =~ /\[(?:emerg|alert|crit)\] (?:\d+#\d+: )?(.*)/g;
    my $ok = $status == 1 << 8 && @said == 1
             && $said[0] =~ /\A$message in \Q$place\E\z/;

    Test::More->builder->ok($ok, "bad: $name")
        or note($status, $log, "$message in $place");
}

# Nothing is said, but of locations that endpoints would ask: fragments seldom
# have them, and locations.t sees to what is said.

sub conf_good {
    my ($name, $text, %files) = @_;
    my ($dir, $status, $log) = run($text, %files);
    my $asks = qr/the server has no location for|clients may ask/;
    my $said = $log =~ s/^.*\[warn\].* $asks .*\n//gmr;

    my $ok = $status == 0 && $said !~ /\[(?:emerg|alert|crit|error|warn)\]/
             && $said =~ /test is successful/;

    Test::More->builder->ok($ok, "good: $name") or note($status, $log);
}

# All warnings, in their order: each is followed by the file, and by the line
# that has a "# <-" and its number, 1 and so on, if there are several.

sub conf_warns {
    my ($name, $warnings, $text, %files) = @_;
    my ($dir, $status, $log) = run($text, %files);
    my $all = wrap($text);
    my @wanted;

    for my $i (1 .. @$warnings) {
        $all =~ /\A(.*)# <-$i$/ms or die "$name: no line is marked $i\n";
        push @wanted, "$warnings->[$i - 1] in $dir/nginx.conf:"
                      . (1 + ($1 =~ tr/\n//));
    }

    my $level = qr/\[(?:emerg|alert|crit|error|warn)\]/;
    my @said = $log =~ /$level (?:\d+#\d+: )?(.*)/g;
    my $ok = $status == 0 && "@said" eq "@wanted"
             && $log =~ /test is successful/;

    Test::More->builder->ok($ok, "warns: $name")
        or note($status, $log, join '; ', @wanted);
}

sub note {
    my ($status, $log, $wanted) = @_;
    my $builder = Test::More->builder;

    $builder->diag(($status & 127) == POSIX::SIGALRM() ? 'it took too long'
                   : sprintf 'status %#x', $status);
    $builder->diag("it says: $log");
    $builder->diag("expected: $wanted") if defined $wanted;
}

sub wrap {
    my ($text) = @_;
    my $load = '';

    $load = "load_module $ENV{TEST_NGINX_LOAD_MODULES};"
        if $ENV{TEST_NGINX_LOAD_MODULES};
    $text = "http {\n$text}\n" if $text !~ /^http \{/m;

    return "$load pid DIR/pid; error_log stderr; events { }\n$text";
}

sub run {
    my ($text, %files) = @_;
    my $dir = File::Temp::tempdir('conf-test-XXXXXX', TMPDIR => 1);

    $text = wrap($text);
    $text =~ s/^(\s*server \{)/$1 listen unix:DIR\/s;/mg;
    $text =~ s/^(http \{)/$1 @{[ temp_paths() ]}/m;

    put("$dir/nginx.conf", $text, $dir);
    for my $file (keys %files) {
        File::Path::make_path(File::Basename::dirname("$dir/$file"));
        put("$dir/$file", $files{$file}, $dir) if defined $files{$file};
    }

    my ($status, $log) = nginx($dir);
    File::Path::remove_tree($dir);
    return ($dir, $status, $log);
}

sub temp_paths {
    return join ' ', 'access_log off;', map { "${_}_temp_path DIR/$_;" }
                         qw(client_body proxy fastcgi uwsgi scgi);
}

# a file with this text; what else it may be is for a code to make

sub put {
    my ($file, $text, $dir) = @_;

    if (ref $text) {
        $text->($file);
        return;
    }

    $text =~ s/\bDIR\b/$dir/g;
    open my $fh, '>:raw', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
}

sub nginx {
    my ($dir) = @_;
    my $binary = $ENV{TEST_NGINX_BINARY};

    my $pid = fork // die "fork: $!\n";

    if (!$pid) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(2);
        open STDERR, '>', "$dir/said" or POSIX::_exit(2);
        $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (),
                                  'detect_leaks=0';
        alarm $Timeout;
        exec $binary, '-t', '-p', "$dir/prefix", '-c', "$dir/nginx.conf",
             '-e', 'stderr' or POSIX::_exit(2);
    }

    waitpid $pid, 0;
    my $status = $?;

    open my $fh, '<', "$dir/said" or die "$dir/said: $!\n";
    local $/;
    return ($status, scalar <$fh>);
}

1;

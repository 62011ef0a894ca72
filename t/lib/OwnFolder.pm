package OwnFolder;

# One folder for all that a test makes and starts, which is its TMPDIR.  However
# the test ends, reaper.py then ends what is left, and removes the folder.

use strict;
use warnings;

use File::Basename ();
use File::Temp ();
use POSIX ();

my $Main = $$;      # the process; its forked children end nothing
my ($Folder, $Reaper, $Pipe);

sub folder {
    return $Folder if defined $Folder;

    $Folder = File::Temp::tempdir('review-test-XXXXXX', TMPDIR => 1);
    $ENV{TMPDIR} = $Folder;
    pipe my $in, $Pipe or die "pipe: $!\n";
    $Reaper = fork // die "fork: $!\n";

    if ($Reaper == 0) {
        open STDIN, '<&', $in or POSIX::_exit(1);
        exec $ENV{PYTHON} || 'python3',
             File::Basename::dirname(__FILE__) . '/reaper.py', $Main, $Folder
            or POSIX::_exit(1);
    }

    return $Folder;
}

sub end {
    return if !$Reaper || $$ != $Main;
    local $?;
    syswrite $Pipe, "\n";      # a child may have it open
    close $Pipe;
    waitpid $Reaper, 0;
    undef $Reaper;
}

END { end() }

1;

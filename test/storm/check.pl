# check.pl DIRECTORY: checks a record that has been kept, and says what has happened.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Storm::Checker;
use Storm::Report;

my $result = Storm::Checker->check($ARGV[0] // die "usage: check.pl DIRECTORY\n");

print Storm::Report::what_happened($result), Storm::Report::violations($result, $ARGV[0]);
exit(@{ $result->{violations} } ? 1 : 0);

# What the catalog says of an extension, object by object, and where two databases differ.

package OtpCatalog;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use JSON::PP;
use OtpTest;

our @EXPORT = qw(catalog_of differences);

# Objects with their rows of the catalogs, in which what differs between any two databases (OIDs, places, sizes) is left out
# or put in words, and what hangs on an object: columns, indexes, constraints, triggers, comments, privileges.
my $query = q{
	WITH member AS (
	  SELECT classid, objid FROM pg_depend
	  WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
	    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'otp')),
	relation AS (
	  SELECT c.* FROM pg_class c
	  WHERE oid IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
	     OR reltype IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
	     OR oid IN (SELECT indexrelid FROM pg_index, member WHERE classid = 'pg_class'::regclass AND objid = indrelid)),
	described (class, object, part, says, acl, owner) AS (
	  SELECT classid, objid, 0, '{"is": "a member"}'::jsonb, NULL::aclitem[], NULL::oid FROM member
	  UNION ALL
	  SELECT 'pg_extension'::regclass, e.oid, 0,
	    to_jsonb(e) - '{oid,extowner,extnamespace,extconfig}'::text[]
	      || jsonb_build_object('dumps', extconfig::regclass[]::text, 'schema', extnamespace::regnamespace),
	    NULL, extowner
	  FROM pg_extension e WHERE extname = 'otp'
	  UNION ALL
	  SELECT 'pg_proc'::regclass, p.oid, 0,
	    to_jsonb(p) - '{oid,proowner,pronamespace,proacl,prolang,prorettype,proargtypes,proallargtypes,proargdefaults,prosqlbody}'::text[]
	      || jsonb_build_object('arguments', pg_get_function_arguments(p.oid), 'result', pg_get_function_result(p.oid),
	                            'language', lanname, 'body', pg_get_function_sqlbody(p.oid)),
	    proacl, proowner
	  FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid JOIN pg_language l ON l.oid = prolang
	  UNION ALL
	  SELECT 'pg_type'::regclass, t.oid, 0,
	    to_jsonb(t) - '{oid,typowner,typnamespace,typacl,typrelid,typelem,typarray,typbasetype,typcollation}'::text[],
	    typacl, typowner
	  FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
	  UNION ALL
	  SELECT 'pg_operator'::regclass, o.oid, 0,
	    to_jsonb(o) - '{oid,oprowner,oprnamespace,oprleft,oprright,oprresult,oprcom,oprnegate}'::text[]
	      || jsonb_build_object('result', oprresult::regtype, 'commutator', oprcom::regoperator, 'negator', oprnegate::regoperator),
	    NULL, oprowner
	  FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND objid = o.oid
	  UNION ALL
	  SELECT 'pg_cast'::regclass, c.oid, 0,
	    to_jsonb(c) - '{oid,castsource,casttarget,castfunc}'::text[] || jsonb_build_object('function', castfunc::regprocedure),
	    NULL, NULL
	  FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND objid = c.oid
	  UNION ALL
	  SELECT 'pg_class'::regclass, r.oid, 0,
	    to_jsonb(r) - '{oid,relowner,relnamespace,relacl,relam,reltype,relfilenode,reltoastrelid,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[]
	      || jsonb_build_object('method', amname)
	      || CASE relkind
	           WHEN 'v' THEN jsonb_build_object('definition', pg_get_viewdef(r.oid))
	           WHEN 'i' THEN jsonb_build_object('definition', pg_get_indexdef(r.oid))
	             || (SELECT to_jsonb(i) - '{indexrelid,indrelid,indclass,indcollation,indexprs,indpred}'::text[] FROM pg_index i WHERE indexrelid = r.oid)
	           WHEN 'S' THEN (SELECT to_jsonb(s) - '{seqrelid,seqtypid}'::text[] || jsonb_build_object('type', seqtypid::regtype) FROM pg_sequence s WHERE seqrelid = r.oid)
	           ELSE '{}' END,
	    relacl, relowner
	  FROM relation r LEFT JOIN pg_am a ON a.oid = relam
	  UNION ALL
	  SELECT 'pg_class'::regclass, attrelid, attnum,
	    to_jsonb(a) - '{attrelid,atttypid,attcollation,attcacheoff,atthasmissing,attmissingval,attacl,attoptions}'::text[]
	      -- PostgreSQL keeps a version of its own there
	      || jsonb_build_object('options', (SELECT jsonb_agg(o) FROM unnest(attoptions) o WHERE o NOT LIKE 'pg_attver=%'),
	                            'type', format_type(atttypid, atttypmod), 'collation', attcollation::regcollation,
	                            'default', pg_get_expr(adbin, adrelid)),
	    attacl, NULL
	  FROM relation r JOIN pg_attribute a ON attrelid = r.oid AND attnum > 0 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	  UNION ALL
	  SELECT 'pg_constraint'::regclass, c.oid, 0,
	    jsonb_build_object('definition', pg_get_constraintdef(c.oid), 'is valid', convalidated, 'is local', conislocal,
	      -- those of a foreign key, which have no names of their own
	      'triggers', (SELECT jsonb_agg(jsonb_build_array(tgrelid::regclass, tgfoid::regproc, tgenabled) ORDER BY tgfoid::regproc::text)
	                     FROM pg_trigger WHERE tgconstraint = c.oid)),
	    NULL, NULL
	  FROM relation r JOIN pg_constraint c ON conrelid = r.oid AND contype <> 'n'
	  UNION ALL
	  SELECT 'pg_trigger'::regclass, t.oid, 0,
	    jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'is enabled', tgenabled),
	    NULL, NULL
	  FROM relation r JOIN pg_trigger t ON tgrelid = r.oid AND NOT tgisinternal)
	SELECT jsonb_build_array(
	  pg_describe_object(class, object, part),
	  says || jsonb_build_object(
	    'comment', (SELECT description FROM pg_description WHERE classoid = class AND objoid = object AND objsubid = part),
	    'owner', owner::regrole,
	    'privileges', (SELECT jsonb_agg(privilege ORDER BY privilege) FROM aclexplode(acl), LATERAL concat_ws(' ', grantee::regrole, privilege_type, is_grantable, grantor::regrole) AS privilege),
	    'privileges at first', (SELECT jsonb_agg(privilege ORDER BY privilege) FROM pg_init_privs, aclexplode(initprivs),
	         LATERAL concat_ws(' ', grantee::regrole, privilege_type, is_grantable, grantor::regrole) AS privilege
	       WHERE classoid = class AND objoid = object AND objsubid = part)))
	FROM described};

# catalog_of(NODE, DATABASE, SQL): objects with their properties; after the SQL, which is undone.
sub catalog_of
{
	my ($node, $database, $sql) = @_;
	my %catalog;

	for my $line (split /\n/, value($node, 'BEGIN; ' . ($sql // '') . "; $query; ROLLBACK", $database))
	{
		my ($object, $says) = @{ JSON::PP->new->canonical->allow_nonref->decode($line) };
		$catalog{$object} = { %{ $catalog{$object} // {} }, %$says };
	}
	return \%catalog;
}

# differences(CATALOG, CATALOG): of each, object and property, and what either says.
sub differences
{
	my ($one, $other) = @_;
	my %objects = (%$one, %$other);
	my @differences;
	my $json = JSON::PP->new->canonical->allow_nonref;

	for my $object (sort keys %objects)
	{
		my ($first, $second) = map { $_->{$object} } $one, $other;

		push @differences, [ "$object: only in the first", '' ] unless $second;
		push @differences, [ "$object: only in the second", '' ] unless $first;
		next unless $first && $second;
		for my $property (sort keys %{ { %$first, %$second } })
		{
			my ($this, $that) = map { $json->encode($_->{$property}) } $first, $second;
			push @differences, [ "$object: $property", "$this, $that" ] if $this ne $that;
		}
	}
	return @differences;
}

1;

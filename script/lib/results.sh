# shellcheck shell=bash
#
# What became of each file of tests, for script/requirements: lines "FILE passed", "FILE failed" or "FILE skipped" in
# $OTP_SCRATCH/log/results.  A file may have several.

results=log/results

# result FILE STATUS
result()
{
	local verdict=passed

	(($2 == 0)) || verdict=failed
	echo "$1 $verdict" >>"$OTP_SCRATCH/$results"
}

# results_of_regress SUITE: pg_regress and pg_isolation_regress say "test NAME ... ok" up to PostgreSQL 15, "ok 1 - NAME"
# from 16 on.
results_of_regress()
{
	awk -v regress="$([[ $1 == regress ]] && echo 1)" '
		$1 == "test" && $3 == "..." { name = $2; ok = $4 == "ok" }
		/^(not )?ok [0-9]+ +[-+] / {
			ok = $1 == "ok"
			name = ok ? $4 : $5
		}
		name != "" {
			print (regress ? "sql/" name ".sql" : "specs/" name ".spec"), ok ? "passed" : "failed"
			name = ""
		}' "$OTP_SCRATCH/log/$1.log" >>"$OTP_SCRATCH/$results"
}

# results_of_prove SUITE: a file has passed if prove has come to its end and blames the file for nothing.
results_of_prove()
{
	awk '
		/^[^ ]+ \.\.+ / { current = $1; seen[current] = "passed" }
		/^skipped: |^[^ ]+ \.\.+ skipped: / { seen[current] = "skipped" }
		/^[^ ]+ +\(Wstat: / { seen[$1] = "failed" }
		/^Result: / { ended = 1 }
		END {
			for (file in seen)
				print file, ended ? seen[file] : "failed"
		}' "$OTP_SCRATCH/log/$1.tap" >>"$OTP_SCRATCH/$results"
}

# The programs of test/unit/run each say their name first and their plan last.
results_of_unit()
{
	awk '
		function end_program()
		{
			if (name != "")
				print "test/unit/" name ".c", complete && !failed ? "passed" : "failed"
		}
		/^# [a-z0-9_]+, [a-z]+$/ {
			end_program()
			name = substr($2, 1, length($2) - 1)
			complete = failed = 0
		}
		/^not ok |^# [a-z0-9_]+: exit status / { failed = 1 }
		/^1\.\.[0-9]+$/ { complete = 1 }
		END { end_program() }' "$OTP_SCRATCH/log/unit.tap" >>"$OTP_SCRATCH/$results"
}

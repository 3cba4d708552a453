# shellcheck shell=bash disable=SC2154

# otp beside what one would use in its place: functions of PL/pgSQL with an attempts column, and
# Redis with a script and a log that is flushed always; and the rate at which this server
# can flush anything at all.
part_rivals()
{
	local users=${sizes[0]} c round kind call

	prepare "$users" none
	sql -v users="$users" -f "$root/bench/sql/hand.sql" >/dev/null
	sql -c "CREATE OR REPLACE FUNCTION bench_floor() RETURNS void LANGUAGE c AS '$(build_module floor)'"
	start_redis
	forget
	for c in "${clients[@]}"; do
		for ((round = 0; round < repeats; round++)); do
			for kind in $(in_turn "$round" {otp,trail,hand,redis}-{issue,wrong,right} floor-wrong); do
				note_rival "${kind%-*}" "${kind#*-}" "$c" "$users"
			done
			turn=$((turn + 1))
		done
	done

	printf '\nCalls per second, %s users; in brackets, how many times as fast otp without trail is:\n\n' "$users"
	header call clients otp 'otp, trail all' PL/pgSQL Redis floor
	for call in issue wrong right; do
		for c in "${clients[@]}"; do
			row "$call" "$c" "$(cell %.0f "otp-$call-$c")" "$(rival "trail-$call-$c")" \
				"$(rival "hand-$call-$c")" "$(rival "redis-$call-$c")" "$(rival "floor-$call-$c")"
		done
	done
	rivals_bytes "$users"
	stop_redis
}

# rival SIDE-CALL-CLIENTS: a cell of the table.
rival()
{
	[[ -f $OTP_SCRATCH/tmp/figure.$1 ]] || return 0
	printf '%.0f (%.2f)' "$(median_of "$1")" "$(ratio_of "otp-${1#*-}" "$1")"
}

# note_rival SIDE CALL CLIENTS USERS: notes calls per second and the log's bytes per call.
note_rival()
{
	local side=$1 call=$2 c=$3 users=$4 script=$2 before

	case $side in
		otp) set_trail none ;;
		trail) set_trail all ;;
		hand) script=hand_$call ;;
		floor) script=floor ;;
	esac
	if [[ $side == redis ]]; then
		[[ $call != right ]] || fill_redis
		before=$(redis_info aof_current_size)
		note "$side-$call-$c" "$(redis_rate "$call" "$c")"
		note "$side-$call-bytes" "$((($(redis_info aof_current_size) - before) / redis_calls))"
		return
	fi
	[[ $call != right ]] || sql -v users="$users" -v first="$((turn * calls))" -v calls="$calls" \
		-f "$root/bench/sql/$([[ $side == hand ]] && echo hand_)codes.sql"
	before=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
	note "$side-$call-$c" "$(rate "$script" "$c" "$users")"
	note "$side-$call-bytes" \
		"$(sql -c "SELECT ceil((pg_current_wal_insert_lsn() - '$before') / $((calls / c * c)))")"
}

# Bytes of log per call, commit included, and bytes per user.
rivals_bytes()
{
	local users=$1 call side cells

	printf '\nBytes of log per call, its commit included, and bytes per user:\n\n'
	header '' otp 'otp, trail all' PL/pgSQL Redis floor
	for call in issue wrong right; do
		cells=()
		for side in otp trail hand redis; do
			cells+=("$(cell %.0f "$side-$call-bytes")")
		done
		[[ $call == wrong ]] && cells+=("$(cell %.0f floor-wrong-bytes)") || cells+=('')
		row "$call" "${cells[@]}"
	done
	row 'a user' "$(sql -c "SELECT (pg_total_relation_size('otp_challenge') + pg_total_relation_size('otp_budget')) / $users")" \
		'' "$(sql -c "SELECT pg_total_relation_size('hand') / $users")" "$redis_user_bytes" ''
}

# Redis on a socket of its own.  Its log is not rewritten meanwhile, as no checkpoint comes meanwhile.
# redis-benchmark takes users at random, so they are more than the calls: few meet a code that is
# spent; and its runs need more calls, lest they be too short.
redis_users=400000
redis_calls=$((calls * 4))

redis()
{
	redis-cli -s "$OTP_SCRATCH/socket/redis" "$@"
}

# redis_info FIELD
redis_info()
{
	redis INFO all | tr -d '\r' | sed -n "s/^$1://p"
}

start_redis()
{
	local tries before

	mkdir -p "$OTP_SCRATCH/redis"
	# redis-server itself, whose package would start one
	(exec -a redis-server redis-check-rdb --port 0 --unixsocket "$OTP_SCRATCH/socket/redis" --dir "$OTP_SCRATCH/redis" --save '' \
		--appendonly yes --appendfsync always --auto-aof-rewrite-percentage 0 >"$OTP_SCRATCH/log/redis.log" 2>&1) &
	redis_pid=$!
	for ((tries = 0; tries < 100; tries++)); do
		! redis PING >/dev/null 2>&1 || break
		sleep 0.1
	done
	redis_issue=$(redis SCRIPT LOAD "redis.call('HSET', KEYS[1], 'code', ARGV[1], 'attempts', 0)
		redis.call('EXPIRE', KEYS[1], 600)
		return 1")
	redis_verify=$(redis SCRIPT LOAD "local live = redis.call('HMGET', KEYS[1], 'code', 'attempts')
		if not live[1] or tonumber(live[2]) >= 100 then return 0 end
		if live[1] == ARGV[1] then redis.call('DEL', KEYS[1]) return 1 end
		redis.call('HINCRBY', KEYS[1], 'attempts', 1)
		return 0")
	before=$(redis_info used_memory)
	fill_redis
	redis_user_bytes=$((($(redis_info used_memory) - before) / redis_users))
}

stop_redis()
{
	kill "$redis_pid"
	wait "$redis_pid" || true
}

# An issued code for each user, by the keys that redis-benchmark will make.
fill_redis()
{
	redis EVAL "for i = 0, ARGV[1] - 1 do
		local key = string.format('otp:%012d', i)
		redis.call('HSET', key, 'code', '123456', 'attempts', 0)
		redis.call('EXPIRE', key, 600)
		end return 1" 0 "$redis_users" >/dev/null
}

# redis_rate CALL CLIENTS: calls per second.
redis_rate()
{
	local script=$redis_verify code=123456

	[[ $1 != issue ]] || script=$redis_issue
	[[ $1 != wrong ]] || code=654321
	quietly redis-benchmark.log redis-benchmark -s "$OTP_SCRATCH/socket/redis" -c "$2" -n "$redis_calls" -r "$redis_users" --csv \
		EVALSHA "$script" 1 otp:__rand_int__ "$code"
	awk -F '"' 'END { print $4 }' "$OTP_SCRATCH/log/redis-benchmark.log"
}

# shellcheck shell=bash disable=SC2154

# Messages from commit to a provider on this machine, by one relay and by two, beside a client that does nothing but
# the same requests: libcurl's multi interface, as many in flight, no database.
part_delivery()
{
	local round kind

	begin_delivery
	forget
	for ((round = 0; round < repeats; round++)); do
		for kind in $(in_turn "$round" bare one two); do
			case $kind in
				bare) note_bare ;;
				one) note_delivery one 1 send_at_once "$messages" ;;
				two) note_delivery two 2 send_at_once "$messages" ;;
			esac
		done
		note_delivery steady 1 send_steadily $((pace * 10))
	done

	printf '\nMessages per second, %s that one transaction sent, %s in flight:\n\n' "$messages" "$in_flight"
	header '' 'until the last arrived' 'until all were settled' 'us of the client' 'us of its backend' 'us of the provider'
	row 'bare requests' "$(cell %.0f bare-rate)" '' "$(cell %.1f bare-relay)" '' "$(cell %.1f bare-provider)"
	for kind in one two; do
		row "$kind otp-relay" "$(cell %.0f "$kind-rate" bare-rate)" "$(cell %.0f "$kind-settled-rate" bare-rate)" \
			"$(cell %.1f "$kind-relay" bare-relay)" "$(cell %.1f "$kind-backend")" "$(cell %.1f "$kind-provider")"
	done
	printf '\nMilliseconds after its commit, one otp-relay, %s messages a second, each its own transaction:\n\n' "$pace"
	header '' p50 p95
	row 'arrived at the provider' "$(cell %.2f steady-arrived-p50)" "$(cell %.2f steady-arrived-p95)"
	row 'settled (sent_at)' "$(cell %.2f steady-settled-p50)" "$(cell %.2f steady-settled-p95)"
	printf '\nMicroseconds of processor per message at that pace: %s of otp-relay, %s of its backend.\n' \
		"$(cell %.1f steady-relay)" "$(cell %.1f steady-backend)"
	end_delivery
}
messages=${OTP_BENCH_MESSAGES:-20000}
in_flight=${OTP_BENCH_IN_FLIGHT:-100}
# messages a second
pace=100

# The commits' times are kept, and a server that did not keep them has to be started anew.
begin_delivery()
{
	local program

	delivery=$OTP_SCRATCH/delivery
	mkdir -p "$delivery"
	quietly relay.log make -C "$root" relay
	for program in provider bare; do
		quietly "$program.log" gcc -std=c11 -O2 -Wall -Wextra "$root/bench/delivery/$program.c" -lcurl -o "$delivery/$program"
	done
	sql -c 'ALTER SYSTEM SET track_commit_timestamp = on'
	stop_server
	run_server
	"$delivery/provider" "$delivery/port" "$delivery/record" &
	provider=$!
	wait_until test -s "$delivery/port"
	url=http://127.0.0.1:$(<"$delivery/port")/messages
	sql -v url="$url" -f "$root/bench/sql/delivery_prepare.sql" >/dev/null
	sql -v directory="$delivery" -f "$root/bench/sql/delivery_request.sql"
	first=0
}

end_delivery()
{
	kill "$provider"
	wait "$provider" || true
	sql -c 'ALTER SYSTEM RESET track_commit_timestamp'
	stop_server
	run_server
}

# ran PID …: microseconds of processor that the processes have had together.
ran()
{
	local pid sum=0 ns

	for pid in "$@"; do
		read -r ns _ <"/proc/$pid/schedstat"
		sum=$((sum + ns / 1000))
	done
	echo "$sum"
}

# per_message MICROSECONDS MESSAGES
per_message()
{
	awk -v us="$1" -v n="$2" 'BEGIN { print us / n }'
}

note_bare()
{
	local before rate own

	before=$(ran "$provider")
	: >"$delivery/record"
	read -r rate own < <("$delivery/bare" "$url" "$delivery/headers" "$delivery/body" "$messages" "$in_flight")
	note bare-rate "$rate"
	note bare-relay "$own"
	note bare-provider "$(per_message $(($(ran "$provider") - before)) "$messages")"
}

send_at_once()
{
	sql -v first="$first" -v messages="$1" -f "$root/bench/sql/delivery_all.sql"
}

send_steadily()
{
	local clients=4

	quietly pgbench.log pgbench -n -M prepared -c "$clients" -R "$pace" -t "$(($1 / clients))" -D first="$first" -D turn=0 \
		-D clients="$clients" -f "$root/bench/sql/delivery_one.sql" postgres
}

# wait_until CONDITION …: a command that succeeds.
wait_until()
{
	local tries

	for ((tries = 0; tries < 1200; tries++)); do
		! "$@" || return 0
		sleep 0.1
	done
	fail "waited in vain: $*"
}

# has_arrived MESSAGES
has_arrived()
{
	(($(wc -l <"$delivery/record") >= $1))
}

is_settled()
{
	[[ $(sql -c "SELECT count(*) FROM otp_message WHERE state <> 's'") == 0 ]]
}

# start_relays COUNT: appends to the caller's $relays.
start_relays()
{
	local i

	for ((i = 0; i < $1; i++)); do
		rm -f "$delivery/relay.$i.log"
		"$root/relay/otp-relay" --dbname=postgres --in-flight="$in_flight" 2>"$delivery/relay.$i.log" &
		relays+=($!)
		wait_until grep -qs connected "$delivery/relay.$i.log"
	done
}

# note_delivery NAME RELAYS SEND MESSAGES: notes what it takes to carry the messages that command SEND sends.
note_delivery()
{
	local name=$1 count=$2 send=$3 n=$4 relays=() backends before before_backend before_provider

	sql -c 'TRUNCATE otp_message, otp_challenge, otp_budget, otp_event, sent, arrival' -c CHECKPOINT
	: >"$delivery/record"
	start_relays "$count"
	mapfile -t backends < <(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'otp-relay'")
	before=$(ran "${relays[@]}")
	before_backend=$(ran "${backends[@]}")
	before_provider=$(ran "$provider")
	"$send" "$n"
	wait_until has_arrived "$n"
	wait_until is_settled
	note "$name-relay" "$(per_message $(($(ran "${relays[@]}") - before)) "$n")"
	note "$name-backend" "$(per_message $(($(ran "${backends[@]}") - before_backend)) "$n")"
	note "$name-provider" "$(per_message $(($(ran "$provider") - before_provider)) "$n")"
	kill "${relays[@]}"
	wait "${relays[@]}"
	sql -F ' ' -v record="$delivery/record" -f "$root/bench/sql/delivery_figures.sql" | sed "s/^/$name-/" | note_each
	[[ $(tail -n 1 "$OTP_SCRATCH/tmp/figure.$name-messages") == "$n" ]] || fail "$name: not each message arrived once"
	first=$((first + n))
}

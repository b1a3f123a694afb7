#!/bin/sh
# limits.sh - run.sh ends a test that does not end by itself, together with what it has started.
dir=$(mktemp -d "${TMPDIR:-/tmp}/proreg-limits.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
printf 'sleep 300 &\necho $! >%s/pid\nwait\n' "$dir" >"$dir/endless.sh"
env -u TEST LIMIT=1 sh test/run.sh "$dir/endless.sh" >"$dir/log" &
run=$!
i=0
while kill -0 $run 2>/dev/null; do
    [ $i -lt 20 ] || {
        kill $run "$(cat "$dir/pid")"
        echo "FAIL limits: run.sh itself does not end"
        exit 1
    }
    sleep 1
    i=$((i + 1))
done
if ! grep -q '^FAIL .*no end after 1 s' "$dir/log"; then
    echo "FAIL limits: $(cat "$dir/log")"
elif ps -o stat= -p "$(cat "$dir/pid")" | grep -qv '^Z'; then       # Z: ended, not yet collected
    echo "FAIL limits: what the test had started still runs"
    kill "$(cat "$dir/pid")"
else
    echo "ok   limits"
    exit 0
fi
exit 1

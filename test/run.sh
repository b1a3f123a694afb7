#!/bin/sh
# run.sh - runs test programs one after another and counts: sh test/run.sh PROGRAM...
#
# A program prints lines `ok name ..`, `FAIL name ..`, `skip name: why`. One that ends with an error
# without such a FAIL, says nothing, or is still running after LIMIT seconds counts as one failure.
# The last line is `N passed, N failed, N skipped`. An argument may be a command with arguments;
# RUN holds an emulator to put before each program. TEST= and SEED= reach the programs (test.h), and
# so does a DEVICE=name before a program.
#
# Each program is the leader of a process group of its own. The whole group is killed when the
# program has ended, when its time is up, and when this script is interrupted: what a test has
# started does not outlive it.
LIMIT=${LIMIT:-120}
log=$(mktemp "${TMPDIR:-/tmp}/proreg-run.XXXXXX") || exit 1
child=
end_group() { [ -z "$child" ] || kill -s KILL -- "-$child" 2>/dev/null; }
trap 'rm -f "$log" "$log.all" "$log.late"' EXIT
trap 'end_group; exit 1' HUP INT TERM
: >"$log.all"

# A group of its own: by setsid where there is one, else by job control, which not every shell has
# without a terminal.
if command -v setsid >/dev/null 2>&1; then
    start() { setsid "$@" >"$log" 2>&1 & }
else
    start() { set -m; "$@" >"$log" 2>&1 & set +m; }
fi

# Not every system has a command `timeout`, so a second process watches.
run_limited() {
    start "$@"
    child=$!
    (
        i=0
        while [ $i -lt "$LIMIT" ]; do
            sleep 1
            kill -0 $child || exit 0
            i=$((i + 1))
        done
        : >"$log.late"
        end_group
    ) >/dev/null 2>&1 &
    watcher=$!
    wait $child 2>/dev/null
    status=$?
    end_group
    child=
    kill $watcher 2>/dev/null
    wait $watcher 2>/dev/null
}

for program in "$@"; do
    case $program in
    *.sh | *.sh\ *) run_limited sh $program ;;
    DEVICE=*) run_limited env "${program%% *}" $RUN ${program#* } ;;
    *) run_limited $RUN $program ;;
    esac
    name=${program#DEVICE=* }
    name=${name%% *}                                # of the command, not of its argument
    name=${name##*/}
    if [ -e "$log.late" ]; then
        echo "FAIL $name: no end after $LIMIT s" >>"$log"
        rm -f "$log.late"
    elif [ $status -ne 0 ] && ! grep -q '^FAIL' "$log"; then
        echo "FAIL $name: exit status $status" >>"$log"
    elif [ $status -eq 0 ] && grep -q '^FAIL' "$log"; then
        echo "FAIL $name: exit status 0 in spite of a FAIL" >>"$log"
    elif [ -z "$TEST" ] && ! grep -Eq '^(ok|FAIL|skip) ' "$log"; then
        echo "FAIL $name: no case was run" >>"$log"
    fi
    cat "$log"
    cat "$log" >>"$log.all"
done

awk '/^ok / { ok++ } /^FAIL / { failed++ } /^skip / { skipped++ }
     END { printf "%d passed, %d failed, %d skipped\n", ok, failed, skipped; exit failed > 0 }' \
    "$log.all"

#!/bin/sh
# run.sh - runs test programs one after another and counts: sh test/run.sh PROGRAM...
#
# A program prints lines `ok name ..`, `FAIL name ..`, `skip name: why`. One that ends with an error
# without such a FAIL, says nothing, or is still running after LIMIT seconds counts as one failure.
# The last line is `N passed, N failed, N skipped`. An argument may be a command with arguments;
# RUN holds an emulator to put before each program. TEST= and SEED= reach the programs (test.h), and
# so does a DEVICE=name before a program.
LIMIT=${LIMIT:-120}
log=$(mktemp "${TMPDIR:-/tmp}/proreg-run.XXXXXX") || exit 1
trap 'rm -f "$log" "$log.all" "$log.late"' EXIT
trap 'kill -9 $child 2>/dev/null; exit 1' INT TERM
: >"$log.all"

# Not every system has a command `timeout`, so a second process watches.
run_limited() {
    "$@" >"$log" 2>&1 &
    child=$!
    (
        i=0
        while [ $i -lt "$LIMIT" ]; do
            sleep 1
            kill -0 $child || exit 0
            i=$((i + 1))
        done
        : >"$log.late"
        kill -9 $child
    ) >/dev/null 2>&1 &
    watcher=$!
    wait $child 2>/dev/null
    status=$?
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

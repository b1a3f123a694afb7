#!/bin/sh
# bugs.sh - plants the bugs of test/bugs.txt, one at a time, in copies of the tree, and demands that
# the named test case turns red: sh test/bugs.sh [WORD]   (only bugs whose block holds the word)
#
# JOBS bugs are tried at a time (default: as many as there are processors), each in a copy of its
# own. SHARE=i/n takes every n-th bug, beginning with number i, from 0. A bug that no test sees,
# whose text is gone or stands twice, that does not compile, or whose case is red without it, is a
# failure of this run. So is a program that crashes or does not end instead of saying FAIL, unless
# the block has a line `crash: yes` or `timeout: yes`.
MAKE=${MAKE:-make}
JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
SHARE=${SHARE:-0/1}
only=$1
root=$(pwd)
temp=$(mktemp -d "${TMPDIR:-/tmp}/proreg-bugs.XXXXXX") || exit 1
workers=
trap 'rm -rf "$temp"' EXIT
trap 'kill $workers 2>/dev/null; wait; exit 1' HUP INT TERM
mkdir "$temp/bugs" "$temp/out"
[ -d ../shared ] && ln -s "$(cd ../shared && pwd)" "$temp/shared"

# One file per bug; the shell reads `key: value` lines from it.
awk -v dir="$temp/bugs" -v RS= '$0 ~ /(^|\n)file: / { f = sprintf("%s/%04d", dir, ++n); print >f
    close(f) }' "$root/test/bugs.txt"
grad=$(sed -n 's/^GRAD *:= *//p' Makefile)      # programs that are built as that variant
value() { sed -n "s/^$1: *//p" "$bug"; }

# A copy of the tree; what is built need not be built again.
copy_tree() {
    mkdir "$1"
    tar cf - --exclude=./build --exclude=./.git . | (cd "$1" && tar xf -)
    mkdir "$1/build"
    for variant in release grad asan debug; do
        [ -d "build/$variant" ] && cp -Rp "build/$variant" "$1/build/"
    done
}

# Replaces WAS by NOW in the file, where it must stand exactly once.
plant() {
    WAS=$(value was) NOW=$(value now) awk '
        { at = index($0, ENVIRON["WAS"]) }
        at { n++; $0 = substr($0, 1, at - 1) ENVIRON["NOW"] substr($0, at + length(ENVIRON["WAS"]))
             if (index(substr($0, at + length(ENVIRON["NOW"])), ENVIRON["WAS"])) n++ }
        { print }
        END { if (n != 1) exit 1 }' "$file" >"$file.planted"
}

# Builds and runs the one case; the answer is in $log.
run_case() {
    program=test_${red%%.*} variant=$(value variant) corpus=
    variant=${variant:-release}
    case $red in
    fuzz_*.replay)                             # what only AddressSanitizer sees
        program=${red%.replay}_replay variant=asan
        corpus=" test/fuzz/corpus/$(expr "$red" : 'fuzz_\(.*\).replay')"
        ;;
    esac
    case " $grad " in *" $program "*) variant=grad ;; esac
    $MAKE -s VARIANT=$variant "build/$variant/$program" >"$log" 2>&1 || return 2
    DEVICE=$(value device) LIMIT=60 TEST=${red#*.} sh test/run.sh \
        "build/$variant/$program$corpus" >"$log" 2>&1
}

fail() {
    printf 'FAIL bug: %s: %s: %s: %s\n' "$red" "$file" "$1" "$(value was)"
}

# Was the planted bug found, in the way that its block allows?
found() {
    grep -Eq "^FAIL $red( |\$)" "$log" && return 0
    if grep -Eq '^FAIL [^ ]*: no end after' "$log"; then
        [ "$(value timeout)" = yes ] && return 0
        fail "found by a timeout alone"
    elif grep -Eq '^FAIL [^ ]*: exit status' "$log"; then
        case $red in fuzz_*) return 0 ;; esac      # a sanitizer ends the replay
        [ "$(value crash)" = yes ] && return 0
        fail "found by a crash alone"
    else
        fail "not found"
    fi
    return 1
}

try_bug() {
    file=$(value file) red=$(value red)
    if ! plant; then fail "its text does not stand there exactly once"; return; fi
    case $green in
    *" $red "*) ;;
    *)
        if ! run_case; then fail "the case is red without it"; cat "$log"; return; fi
        if grep -q "^skip $red:" "$log"; then
            echo "skip bug: $red: $(sed -n 's/^skip [^:]*: //p' "$log")"
            return
        fi
        green="$green $red "
        ;;
    esac
    cp -p "$file" "$log.original"
    cat "$file.planted" >"$file"
    run_case
    status=$?
    cp -p "$log.original" "$file"
    touch "$file"                              # what was built from the bug is out of date
    if [ $status = 2 ]; then fail "does not compile"; tail -5 "$log"; return; fi
    found && printf 'ok   bug: %s: %s: %s\n' "$red" "$file" "$(value now)"
}

# Every JOBS-th of the chosen bugs, beginning with number $1.
work() {
    copy_tree "$temp/$1"
    cd "$temp/$1" || exit 1
    log=$temp/log.$1 green= i=0
    while read -r bug; do
        [ $((i % JOBS)) = "$1" ] && try_bug >"$temp/out/${bug##*/}" 2>&1
        i=$((i + 1))
    done <"$temp/chosen"
}

n=0
for bug in "$temp"/bugs/*; do
    [ -n "$only" ] && ! grep -qi -e "$only" "$bug" && continue
    [ $((n % ${SHARE#*/})) = $((${SHARE%/*} % ${SHARE#*/})) ] && echo "$bug"
    n=$((n + 1))
done >"$temp/chosen"

job=0
while [ $job -lt "$JOBS" ]; do
    work $job &
    workers="$workers $!"
    job=$((job + 1))
done
wait
cat "$temp"/out/* /dev/null | tee "$temp/all"
count() { grep -c "^$1 bug: " "$temp/all"; }
echo "$(count 'ok  ') passed, $(count FAIL) failed, $(count skip) skipped"
[ "$(count FAIL)" = 0 ] && [ "$(wc -l <"$temp/chosen")" -gt 0 ]

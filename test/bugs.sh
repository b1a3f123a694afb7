#!/bin/sh
# bugs.sh - plants the bugs of test/bugs.txt, one at a time, in a copy of the tree, and demands that
# the named test case turns red: sh test/bugs.sh [WORD]   (only bugs whose block holds the word)
#
# A bug that no test sees, whose text is gone or stands twice, that does not compile, or whose case
# is red without it, is a failure of this run.
MAKE=${MAKE:-make}
only=$1
root=$(pwd)
temp=$(mktemp -d "${TMPDIR:-/tmp}/proreg-bugs.XXXXXX") || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' INT TERM
mkdir "$temp/tree" "$temp/bugs"
tar cf - --exclude=./build --exclude=./.git . | (cd "$temp/tree" && tar xf -)
[ -d ../shared ] && ln -s "$(cd ../shared && pwd)" "$temp/shared"
mkdir "$temp/tree/build"
for variant in release grad asan; do               # what is built need not be built again
    [ -d "build/$variant" ] && cp -Rp "build/$variant" "$temp/tree/build/"
done
cd "$temp/tree" || exit 1

# One file a bug; the shell reads `key: value` lines from it.
awk -v dir="$temp/bugs" -v RS= '$0 ~ /(^|\n)file: / { f = sprintf("%s/%04d", dir, ++n); print >f
    close(f) }' "$root/test/bugs.txt"
grad=$(sed -n 's/^GRAD *:= *//p' Makefile)      # programs that are built as that variant
value() { sed -n "s/^$1: *//p" "$bug"; }

# Replaces WAS by NOW in the file, where it must stand exactly once.
plant() {
    WAS=$(value was) NOW=$(value now) awk '
        { at = index($0, ENVIRON["WAS"]) }
        at { n++; $0 = substr($0, 1, at - 1) ENVIRON["NOW"] substr($0, at + length(ENVIRON["WAS"]))
             if (index(substr($0, at + length(ENVIRON["NOW"])), ENVIRON["WAS"])) n++ }
        { print }
        END { if (n != 1) exit 1 }' "$file" >"$file.planted"
}

# Builds and runs the one case; the answer is in $temp/log.
run_case() {
    program=test_${red%%.*} variant=release corpus=
    case $red in
    fuzz_*.replay)                             # what only AddressSanitizer sees
        program=${red%.replay}_replay variant=asan
        corpus=" test/fuzz/corpus/$(expr "$red" : 'fuzz_\(.*\).replay')"
        ;;
    esac
    case " $grad " in *" $program "*) variant=grad ;; esac
    $MAKE -s VARIANT=$variant "build/$variant/$program" >"$temp/log" 2>&1 || return 2
    DEVICE=$(value device) LIMIT=60 TEST=${red#*.} sh test/run.sh \
        "build/$variant/$program$corpus" >"$temp/log" 2>&1
}

fail() {
    printf 'FAIL bug: %s: %s: %s: %s\n' "$red" "$file" "$1" "$(value was)"
    failed=$((failed + 1))
}

failed=0 found=0 skipped=0 green=
for bug in "$temp"/bugs/*; do
    [ -n "$only" ] && ! grep -qi -e "$only" "$bug" && continue
    file=$(value file) red=$(value red)
    if ! plant; then fail "its text does not stand there exactly once"; continue; fi
    case $green in
    *" $red "*) ;;
    *)
        if ! run_case; then fail "the case is red without it"; cat "$temp/log"; continue; fi
        if grep -q "^skip $red:" "$temp/log"; then
            echo "skip bug: $red: $(sed -n 's/^skip [^:]*: //p' "$temp/log")"
            skipped=$((skipped + 1))
            continue
        fi
        green="$green $red "
        ;;
    esac
    cp -p "$file" "$temp/original"
    cat "$file.planted" >"$file"
    run_case
    status=$?
    cp -p "$temp/original" "$file"
    touch "$file"                              # what was built from the bug is out of date
    if [ $status = 2 ]; then fail "does not compile"; tail -5 "$temp/log"; continue; fi
    if ! grep -Eq "^FAIL ($red( |\$)|test_|fuzz_)" "$temp/log"; then fail "not found"; continue; fi
    found=$((found + 1))
    printf 'ok   bug: %s: %s: %s\n' "$red" "$file" "$(value now)"
done
echo "$found passed, $failed failed, $skipped skipped"
[ $failed = 0 ]

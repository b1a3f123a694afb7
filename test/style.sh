#!/bin/sh
# style.sh - measures what can be measured of the style: widths, lengths, headers, left-overs.
#
# A file may be longer than 700 lines if its top comment says why, on a line that begins
# `// Longer than 700 lines because`; tables begin with `// Made by test/golden/..`.
# Prints the median function, and the lengths of the reading path and of the engine with the model.
lengths=$(mktemp "${TMPDIR:-/tmp}/proreg-style.XXXXXX") || exit 1
trap 'rm -f "$lengths"' EXIT
sources=$(find . -path ./build -prune -o -path ./.git -prune -o \
    \( -name '*.c' -o -name '*.h' -o -name '*.inc' \) -print | sed 's,^\./,,' | sort)
others=$(find . -path ./build -prune -o -path ./.git -prune -o \
    \( -name '*.sh' -o -name '*.py' -o -name '*.md' -o -name Makefile -o -path ./.ci/run \) -print |
    sed 's,^\./,,' | sort)
failed=0

# What holds for each line of each file. The words are put together so that this file passes itself.
awk -v marks="(^|[^A-Za-z])(TO""DO|FIX""ME|XX""X)([^A-Za-z]|$)" '
function fail(what) { printf "FAIL style: %s:%d: %s\n", FILENAME, FNR, what; failed = 1 }
length($0) > 100 && FILENAME !~ /\.md$/ { fail(length($0) " columns") }
/\t/ && FILENAME != "Makefile" { fail("a tab") }
/[ \t]$/ { fail("blanks at the end") }
/\r/ { fail("a carriage return") }
$0 ~ marks && !/XXXXXX/ { fail("an open point: " $0) }
/\/(home|work|root|Users)\// { fail("a path of one machine") }
END { exit failed }' $sources $others || failed=1

# What holds for C: the comment at the top, the length of files and functions. A function begins at
# the last line in the first column that names it, and ends with a brace in the first column.
awk -v lengths="$lengths" '
function fail(line, what) { printf "FAIL style: %s:%d: %s\n", file, line, what; failed = 1 }
function end_of_file() {
    if (lines > 700 && !reason && !made) fail(lines, "more than 700 lines")
}
FNR == 1 {
    if (file) end_of_file()
    file = FILENAME; reason = inside = start = 0
    n = split(file, part, "/")
    made = /^\/\/ Made by test\/golden\//
    if (!made && index($0, "// " part[n] " - ") != 1)
        fail(1, "does not begin with: // " part[n] " - ")
}
{ lines = FNR }
FNR <= 20 && /^\/\/ Longer than 700 lines because / { reason = 1 }
!inside && /^[A-Za-z_].*\(/ { start = FNR }
!inside && start && (/^\{$/ || /^[A-Za-z_ ].*\) \{$/) { inside = 1 }
!inside && /[;}]$/ { start = 0 }
inside && /^\}/ {
    print FNR - start + 1, file ":" start >lengths
    if (FNR - start + 1 > 60) fail(start, FNR - start + 1 " lines in a function")
    inside = start = 0
}
END { end_of_file(); exit failed }' $sources || failed=1

# budget NAME LIMIT LINES: no more than so many.
budget() {
    if [ "$3" -gt "$2" ]; then
        echo "FAIL style.$1: $3 lines, more than $2"
        failed=1
    else
        echo "ok   style.$1: $3 lines of $2"
    fi
}
path='train.c proreg/proreg.h proreg/loss.c proreg/student.c nn/layers.c nn/param.c nn/optim.c
      clip/vit.c clip/text.c tensor/tape.c tensor/ops.c'
budget reading_path 2200 "$(cat $path | wc -l | tr -d ' ')"

# The engine and the model: what is neither blank nor a comment; the tokenizer is counted by itself.
engine=$(ls train.c proreg/loss.c tensor/*.[ch] tensor/*.inc nn/*.[ch] clip/*.[ch])
words=$(ls clip/bpe/*.[ch])
code() { cat "$@" /dev/null | grep -cvE '^ *(//.*)?$'; }
budget engine_and_model 5000 $(code $engine)
echo "     $(code $words) lines of tokenizer;" \
    "$(cat $engine | wc -l | tr -d ' ') lines in both, with comments and blank lines"

# A name that stands for several functions sends grep and tags to the wrong one.
product=$(find tensor nn weights clip data proreg -name '*.c')
twice=$(grep -hE '^static [^=;]*\($|^static [^=;]*[a-z0-9_]+\([^;]*$' $product train.c |
    sed -nE 's/^static [^(]*[ *]([a-z_0-9]+)\(.*/\1/p' | sort | uniq -d | wc -l)
budget static_names_defined_twice 4 "$((twice))"

# What a path leads to is asked in one place, where a failure is not taken for absence. The walk
# through folders tells links to nowhere; the others open files of the system.
for file in $product train.c; do
    case $file in
    tensor/base/file*.c | tensor/base/folder.c | tensor/base/cgroup.c | data/set/walk.c) continue ;;
    esac
    calls='(l?stat|fstatat|opendir|readdir|realpath|access|unlink|rename|rmdir|mkdir|fopen|fsync)'
    grep -nE "[^a-z_.>]$calls\(" "$file" | sed "s,^,FAIL style: $file: not tensor/base/file.h: ,"
    grep -qE "[^a-z_.>]$calls\(" "$file" && failed=1
done

# A test counts only when a bug turns it red: each source has one planted in it. peak.c measures.
for file in $product train.c; do
    grep -q "^file: $file\$" test/bugs.txt && continue
    [ "$file" = tensor/cpu/peak.c ] && continue
    echo "FAIL style: $file: no planted bug in test/bugs.txt"
    failed=1
done

sort -n "$lengths" | awk '{ n[NR] = $1 } END {
    printf "     %d functions: median %d lines, longest %d\n", NR, n[int((NR + 1) / 2)], n[NR] }'
[ $failed = 0 ] && echo "ok   style"
exit $failed

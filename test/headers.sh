#!/bin/sh
# headers.sh - each header compiles alone, as C11 with POSIX: it includes what it uses.
#
# tensor/cpu/work.h is the exception: a private text that each kernel file includes, with bodies for
# the instruction set that the file is compiled for.
failed=0
n=0
for header in $(find tensor nn weights clip data proreg test -name '*.h' ! -name work.h | sort); do
    n=$((n + 1))
    printf '#include "%s"\ntypedef int not_empty;\n' "$header" |
        ${CC:-cc} -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -Wall -Wextra -Wpedantic \
            -Werror -I. -fsyntax-only -x c - && continue
    echo "FAIL headers: $header does not compile alone"
    failed=1
done

# Compilers that may change arithmetic are refused, by each file that computes.
for flag in -ffast-math -Ofast -ffinite-math-only; do
    for file in tensor/cpu/cpu.c tensor/cpu_ref.c tensor/base/fmath.c data/image/resize.c \
        nn/optim.c; do
        ${CC:-cc} -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -I. $flag -fsyntax-only $file \
            2>&1 | grep -q 'change results' && continue
        echo "FAIL headers: $file is compiled with $flag"
        failed=1
    done
done
[ $failed = 0 ] && echo "ok   headers ($n)"
exit $failed

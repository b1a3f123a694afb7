#!/bin/sh
# headers.sh - each header compiles alone, as C11 with POSIX: it includes what it uses.
failed=0
n=0
for header in tensor/*.h nn/*.h weights/*.h clip/*.h data/*.h proreg/*.h test/*.h; do
    [ -f "$header" ] || continue
    n=$((n + 1))
    echo "#include \"$header\"" |
        ${CC:-cc} -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -Wall -Wextra -Wpedantic \
            -Werror -I. -fsyntax-only -x c - && continue
    echo "FAIL headers: $header does not compile alone"
    failed=1
done
[ $failed = 0 ] && echo "ok   headers ($n)"
exit $failed

#!/bin/sh
# layers.sh - who may include what. Names each file that knows more than it should.
#
#     tensor <- nn <- clip <- proreg <- proreg/cmd_*.c, train.c        weights, data: beside them
#
# `may FILES WHAT...`: the files may include headers whose path begins with one of WHAT.
base='tensor/err.h tensor/arena.h tensor/file.h tensor/rng.h tensor/par.h tensor/sha256.h
      tensor/fmath.h tensor/edits.h weights/inflate.h weights/json.h'
failed=0

may() {
    files=$1
    shift
    for file in $files; do
        [ -f "$file" ] || continue
        for header in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file"); do
            for allowed in "$@"; do
                case $header in "$allowed"*) continue 2 ;; esac
            done
            echo "FAIL layers: $file must not know $header"
            failed=1
        done
    done
}

may 'tensor/*.[ch] tensor/*.inc tensor/cpu/*.[ch]' tensor/
may 'weights/*.[ch]' weights/ tensor/err.h tensor/arena.h tensor/file.h tensor/edits.h
may 'data/*.[ch]' data/ $base
may 'nn/*.[ch]' nn/ tensor/
may 'clip/*.[ch]' clip/ nn/ tensor/ weights/
for file in proreg/*.[ch]; do
    case $file in
    proreg/options.c | proreg/recipe.c)                       # names, and the nearest one
        may "$file" proreg/ weights/ tensor/ data/lists.h ;;
    proreg/cmd*) may "$file" proreg/ clip/ nn/ tensor/ weights/ data/ ;;
    *) may "$file" proreg/ clip/ nn/ tensor/ weights/ ;;
    esac
done
[ $failed = 0 ] && echo "ok   layers"
exit $failed

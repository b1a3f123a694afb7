#!/bin/sh
# layers.sh - which folder may include which. Names each file that knows more than it should.
#
#     tensor/base <- tensor <- nn <- clip <- proreg <- proreg/run <- proreg/page <- proreg/verb
#     tensor/base <- weights, data beside them; train.c on top
#
# `may FOLDER WHAT...`: its files may include headers of their own folder and of these.
# Where the tree is built (in $B), no files call each other in a circle: nm lists what
# each object defines and wants, tsort finds circles. cpu.c, built once per ISA, is left out.
failed=0

may() {
    folder=$1
    shift
    for file in "$folder"/*.[ch] "$folder"/*.inc; do
        [ -f "$file" ] || continue
        for header in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file"); do
            for allowed in "$folder" "$@"; do
                [ "${header%/*}" = "$allowed" ] && continue 2
            done
            echo "FAIL layers: $file must not know $header"
            failed=1
        done
    done
}

base=tensor/base
may tensor/base
devices=$(find tensor/* -type d ! -name base)    # a folder each: tensor/PORTING.md
for device in $devices; do
    may $device $base tensor
done
may tensor $base tensor/cpu                     # backend.c alone names the devices
may nn $base tensor
may weights $base
may clip/bpe $base
may clip $base tensor nn weights clip/bpe
may data/image $base
may data/world $base data/image
may data/set $base data/image
may proreg $base tensor nn weights clip clip/bpe
may proreg/run $base tensor nn weights clip clip/bpe proreg
may proreg/page $base data/image data/set data/world proreg proreg/run
may proreg/verb $base tensor tensor/cpu nn weights clip clip/bpe data/image data/set data/world \
    proreg proreg/run proreg/page

# A folder that is missing above would go unwatched.
known="$(sed -n 's/^may \([a-z/]*\).*/\1/p' "$0") $devices"
folders=$(find tensor nn weights clip data proreg -name '*.[ch]' | sed 's,/[^/]*$,,' | sort -u)
for folder in $folders; do
    case " $(echo $known) " in *" $folder "*) ;; *)
        echo "FAIL layers: $folder has no line here"
        failed=1 ;;
    esac
done

# One line per pair of files: CALLER CALLED. Objects whose sources are gone are left out.
calls() {
    for source in $(find tensor nn weights clip data proreg -name '*.c'); do
        [ -f "$B/${source%.c}.o" ] && echo "$B/${source%.c}.o"
    done | xargs nm -gA | sed "s,^$B/\([^:]*\)\.o:,\1 ," | awk '
        NF == 4 { defined[$4] = $1 }
        NF == 3 && $2 == "U" { wants[$1 " " $3] = 1 }
        END {
            for (pair in wants) {
                split(pair, part, " ")
                if (part[2] in defined) print part[1], defined[part[2]]
            }
        }' | sort -u
}

B=${B:-build/release}
[ -d "$B/data" ] && circles=$(calls | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([^:]*\)$/\1/p')
for file in $circles; do
    echo "FAIL layers: $file.c calls files that call it"
    failed=1
done

[ $failed = 0 ] && echo "ok   layers"
exit $failed

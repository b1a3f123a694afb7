#!/bin/sh
# layers.sh - which folder may include which. Names each file that knows more than it should.
#
#     tensor/base <- tensor <- nn <- clip <- proreg <- proreg/run <- proreg/page <- proreg/verb
#     tensor/base <- weights, data beside them; train.c on top
#
# `may FOLDER WHAT...`: its files may include headers of their own folder and of these.
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
may tensor/cpu $base tensor
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
known=$(sed -n 's/^may \([a-z/]*\).*/\1/p' "$0")
folders=$(find tensor nn weights clip data proreg -name '*.[ch]' | sed 's,/[^/]*$,,' | sort -u)
for folder in $folders; do
    case " $(echo $known) " in *" $folder "*) ;; *)
        echo "FAIL layers: $folder has no line here"
        failed=1 ;;
    esac
done

[ $failed = 0 ] && echo "ok   layers"
exit $failed

#!/bin/sh
# fetch.sh - downloads one of OpenAI's CLIP models, or the merges of its tokenizer, and checks it.
#
#     sh weights/fetch.sh ViT-B-32 [FOLDER]
#
# A download that was cut off goes on where it ended: it is kept as NAME.part until it is complete
# and its SHA-256 is right, and only then gets its name. Wants curl or wget.
openai=https://openaipublic.azureedge.net/clip/models
github=https://github.com/openai/CLIP/raw/main/clip

usage() {
    echo "usage: sh weights/fetch.sh ViT-B-32|ViT-B-16|ViT-L-14|ViT-L-14-336px|merges [FOLDER]" >&2
    exit 2
}

case $1 in
ViT-B-32) sha=40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af ;;
ViT-B-16) sha=5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f ;;
ViT-L-14) sha=b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836 ;;
ViT-L-14-336px) sha=3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02 ;;
merges) sha=924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a ;;
*) usage ;;
esac
file=$1.pt url=$openai/$sha/$1.pt
[ "$1" = merges ] && file=bpe_simple_vocab_16e6.txt.gz url=$github/bpe_simple_vocab_16e6.txt.gz
out=${2:-.}/$file
[ $# -le 2 ] || usage

fail() {
    echo "fetch: $*" >&2
    exit 1
}

sha256() {
    if command -v sha256sum; then sha256sum "$1"
    elif command -v shasum; then shasum -a 256 "$1"
    else openssl dgst -sha256 -r "$1"
    fi 2>/dev/null | sed -n 's/^\([0-9a-f]\{64\}\).*/\1/p'
}

download() {
    if command -v curl >/dev/null; then curl -fL --retry 3 -C - -o "$2" "$1"
    elif command -v wget >/dev/null; then wget -c -O "$2" "$1"
    else fail "neither curl nor wget is here"
    fi
}

right() {
    [ -f "$1" ] && [ "$(sha256 "$1")" = "$sha" ]
}

mkdir -p "${2:-.}" || exit 1
if right "$out"; then
    echo "$out is there"
    exit 0
fi
# Before the download: a complete .part, which a server would refuse to go on with.
right "$out.part" || download "$url" "$out.part" || fail "$url: cut off; run it again to go on"
if ! right "$out.part"; then
    rm -f "$out.part"
    fail "$url: another SHA-256 than $sha; the file was removed"
fi
mv -f "$out.part" "$out" || exit 1
echo "$out"

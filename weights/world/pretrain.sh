#!/bin/sh
# pretrain.sh PROGRAM FOLDER [STEPS] - makes the model of weights/world again, to the same bits,
# in FOLDER/model: draws two worlds, learns merges from the captions, pretrains on the simple
# world, then on the whole one. With STEPS it stops after so many steps of the first and prints
# the SHA-256 of its weights: the check that the tests can afford.
set -e
program=$1 folder=$2 steps=$3
settings="--batch 64 --lr 1.5e-3 --wd 0.1 --clip-norm 1 --optimizer adamw --seed 1 --eval-every 500"

mkdir -p "$folder"
[ -d "$folder/simple" ] ||
    "$program" data world --kind simple --n 20000 --seed 2 --out "$folder/simple"
if [ -n "$steps" ]; then
    "$program" pretrain --data "$folder/simple" --merges "$(dirname "$0")/merges.txt" --epochs 5 \
        --schedule constant --warmup 0.05 $settings --max-steps "$steps" --eval-every 0 --quiet \
        --out "$folder/first" --overwrite >/dev/null
    { sha256sum "$folder/first/model.safetensors" 2>/dev/null ||
        shasum -a 256 "$folder/first/model.safetensors"; } | cut -d ' ' -f 1
    exit
fi
[ -d "$folder/world" ] ||
    "$program" data world --kind captioned --n 60000 --seed 1 --out "$folder/world"
"$program" tokenize --train "$folder/world/captions.tsv" --vocab 700 --merges-out \
    "$folder/merges.txt"
"$program" pretrain --data "$folder/simple" --merges "$folder/merges.txt" --epochs 5 \
    --schedule constant --warmup 0.05 $settings --out "$folder/first" --overwrite
"$program" pretrain --data "$folder/world" --model "$folder/first" --epochs 8 \
    --schedule cosine --warmup 0.02 $settings --out "$folder/model" --overwrite

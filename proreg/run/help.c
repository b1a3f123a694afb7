// help.c - --help of a verb: its flags as rows, and its example.
#include "proreg/run/help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, LEFT = 28 };

static const struct { unsigned verb; const char *line; } examples[] = {
    { VERB_DEMO, "proreg demo --seeds 1 --out runs/demo" },
    { VERB_TRAIN, "proreg train -m models/clip --data bar --recipe bar --out runs/bar" },
    { VERB_EVAL, "proreg eval --run runs/bar --eval-split test --predictions test.csv" },
    { VERB_ZEROSHOT, "proreg zeroshot -m models/clip --data bar --recipe bar" },
    { VERB_WISE, "proreg wise --run runs/bar --alphas 0,0.5,1" },
    { VERB_PREDICT, "proreg predict -m models/clip --classes \"cat,dog\" -k 2 a.jpg b.png" },
    { VERB_ENCODE, "proreg encode -m models/clip --images photos -o photos.npy" },
    { VERB_TOKENIZE, "proreg tokenize -m models/clip \"a photo of a cat.\"" },
    { VERB_INFO, "proreg info runs/bar" },
    { VERB_PRETRAIN, "proreg pretrain --data world --merges merges.txt --out models/small" },
    { VERB_EXPORT, "proreg export --run runs/bar -o models/bar" },
    { VERB_CHECK, "proreg data check bar --recipe bar" },
    { VERB_DECODE, "proreg data decode photo.jpg -o photo.ppm" },
    { VERB_PREPROCESS, "proreg data preprocess photo.jpg --size 224 -o photo.npy" },
    { VERB_AUGMENT, "proreg data augment photo.jpg --ops Rotate=-9,Color=0.64 -o photo.ppm" },
    { VERB_WORLD, "proreg data world --kind task -n 500 --out world" },
};

const char *help_example(const Verb *verb)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (examples[i].verb == verb->bit) return examples[i].line;
    return NULL;
}

// A flag on the left; on the right its help and its default (NULL: none), folded.
static void help_row(const char *flag, const char *help, const char *standard)
{
    char text[600];
    snprintf(text, sizeof text, "%s%s%s%s", help, standard ? " [" : "", standard ? standard : "",
             standard ? "]" : "");
    int column = printf("  %-*s", LEFT - 3, flag);
    if (column > LEFT - 1) column = printf("\n%*s", LEFT - 1, "") - 1;
    for (const char *word = text; *word; word += strspn(word, " ")) {
        int n = (int)strcspn(word, " ");
        if (column + 1 + n > WIDTH && column >= LEFT) column = printf("\n%*s", LEFT - 1, "") - 1;
        column += printf(" %.*s", n, word);
        word += n;
    }
    putchar('\n');
}

void help_verb(const Verb *verb)
{
    const char *group = NULL, *example = help_example(verb);
    FlagText f = { 0 };
    printf("proreg %s [flags]%s%s\n%s\n", verb->name, verb->arguments[0] ? " " : "",
           verb->arguments, verb->help);
    while (options_flag(&f, verb)) {
        char left[400], letter[8] = "";
        if (f.group != group) printf("\n%s:\n", f.group);
        group = f.group;
        if (f.letter) snprintf(letter, sizeof letter, "-%c, ", f.letter);
        snprintf(left, sizeof left, "%s--%s %s", letter, f.name, f.takes);
        help_row(left, f.help, f.standard);
    }
    if (example) printf("\nExample:\n  %s\n", example);
}

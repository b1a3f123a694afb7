// help.c - --help of a verb: its flags as rows, and its example.
#include "proreg/run/help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, LEFT = 28 };

static const struct { unsigned verb; const char *line; } examples[] = {
    { VERB_DEMO, "proreg demo --seeds 1 --out runs/demo" },
    { VERB_TRAIN, "proreg train -m weights/world --data sets/world --out runs/proreg" },
    { VERB_EVAL, "proreg eval --run runs/proreg --predictions runs/proreg.csv" },
    { VERB_ZEROSHOT, "proreg zeroshot -m weights/world --data sets/world" },
    { VERB_WISE, "proreg wise --run runs/proreg --alphas 0,0.5,1" },
    { VERB_PREDICT, "proreg predict --run runs/proreg -k 2 test/golden/images/411.jpg" },
    { VERB_ENCODE, "proreg encode -m weights/world --images sets/world -o runs/world.npy" },
    { VERB_TOKENIZE, "proreg tokenize -m weights/world \"a red ring\"" },
    { VERB_INFO, "proreg info runs/proreg" },
    { VERB_PRETRAIN, "proreg pretrain -m weights/world --data sets/world --out models/small" },
    { VERB_EXPORT, "proreg export --run runs/proreg -o models/tuned" },
    { VERB_CHECK, "proreg data check sets/world" },
    { VERB_DECODE, "proreg data decode test/golden/images/411.jpg -o /tmp/411.ppm" },
    { VERB_PREPROCESS, "proreg data preprocess test/golden/images/411.jpg -o /tmp/411.npy" },
    { VERB_AUGMENT,
      "proreg data augment test/golden/images/411.jpg --ops Rotate=-9 -o /tmp/a.ppm" },
    { VERB_WORLD, "proreg data world --kind task --out sets/world" },
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

// demo_commands.c - the demo's methods and their command lines.
#include "proreg/page/demo_commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tensor/base/file.h"

enum { WRAP = 68 };                              // columns of a command

// All settings of the demo stand here.
#define FOLDER "@seed-%/"
#define TRAIN "train --model $p --data " FOLDER "data --train-domains usual --eval-domains usual " \
              "--eval-split test --eval-every 1000000 --epochs $e --batch 64 --warmup 0.1 " \
              "--head-lr-scale 30 --seed % --out " FOLDER
#define ASK(run) "eval --run " FOLDER run " --eval-domains usual,swapped,new"

const char demo_world[] = "data world --kind task --n $n --n-test $m --pairing 0.97 --seed % --out "
                          FOLDER "data";

const DemoMethod demo_methods[DEMO_METHODS] = {
    { "zeroshot", "zero-shot", 0, NULL,
      "zeroshot --model $p --data " FOLDER "data --eval-split test" },
    { "probe", "linear probe", 1, TRAIN "probe --method probe --lr 2e-4", ASK("probe") },
    { "finetune", "fine-tuning", 2, TRAIN "finetune --method finetune --lr 1e-3", ASK("finetune") },
    { "wise", "WiSE-FT, half way", 3, NULL,
      "wise --run " FOLDER "finetune --eval-domains usual,swapped,new" },
    { "kd", "distillation", 4, TRAIN "kd --method kd --alpha 0.3 --lr 1e-3", ASK("kd") },
    { "proreg", "ProReg", 5, TRAIN "proreg --method proreg --weight ce-ratio --gamma 2 --alpha 3 "
      "--temp 2 --lr 1e-3", ASK("proreg") },
    { "proreg-k10", "ProReg as released", 6, TRAIN "proreg-k10 --method proreg --weight k10 "
      "--lr 1e-3", ASK("proreg-k10") },
};

static void add_text(char *out, size_t bytes, const char *text)
{
    size_t n = strlen(out);
    snprintf(out + n, n < bytes ? bytes - n : 0, "%s", text);
}

static void add_int(char *out, size_t bytes, int64_t x)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)x);
    add_text(out, bytes, text);
}

void demo_word(char *word, size_t bytes, const char **line, const DemoSettings *s, int seed,
               const char *folder)
{
    const char *at = *line, *end = at + strcspn(at, " ");
    for (word[0] = 0; at < end; at++) {
        if (*at == '@') add_text(word, bytes, folder);
        else if (*at == '%') add_int(word, bytes, seed);
        else if (*at != '$') add_text(word, bytes, (char[]){ *at, 0 });
        else if (*++at == 'n') add_int(word, bytes, s->n);
        else if (*at == 'm') add_int(word, bytes, s->n_test);
        else if (*at == 'e') add_int(word, bytes, s->epochs);
        else if (s->model) add_text(word, bytes, s->model);
        else add_text(word, bytes, folder), add_text(word, bytes, "model");
    }
    *line = end + strspn(end, " ");
}

// As a shell reads it back: whatever holds more than plain characters stands between quotes.
static void add_quoted(char *out, size_t bytes, const char *word)
{
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=@%+";
    if (*word && !word[strspn(word, plain)]) {
        add_text(out, bytes, word);
        return;
    }
    add_text(out, bytes, "'");
    for (; *word; word++) add_text(out, bytes, *word == '\'' ? "'\\''" : (char[]){ *word, 0 });
    add_text(out, bytes, "'");
}

void demo_command(char *out, size_t bytes, const DemoSettings *s, const char *line, int seed)
{
    char word[FILE_PATH];
    size_t column = strlen("proreg");
    snprintf(out, bytes, "proreg");
    while (*line) {
        bool full = *line == '-' && column > WRAP;
        demo_word(word, sizeof word, &line, s, seed, "");
        column = full ? 4 : column + 1;
        add_text(out, bytes, full ? " \\\n    " : " ");
        add_quoted(out, bytes, word);
        column += strlen(word);
    }
}

// test_usage.c - what the command line alone shows to be wrong: exit status 2 and one line.
//
// Each flag of flags.inc with each wrong value, each verb without its operands, with one too many,
// and with the flags of other verbs. What files show is exit status 1: test_cli.c.
#include "test/program.h"

#include "tensor/base/par.h"

typedef enum { ALONE, WHOLE, NUMBER, TWO, SOME, WORDS, CHOSEN } Kind;

typedef struct { const char *name; Kind kind; double low, high; } Row;

#define BIG 9e15
#define BOOL(field) ALONE, 0, 0
#define INT(field, low, high) WHOLE, (double)(low), (double)(high)
#define REAL_(field, low, high) NUMBER, low, high
#define PAIR(field, low, high) TWO, low, high
#define THREE(field, low, high) SOME, low, high
#define TEXT(field) WORDS, 0, 0
#define PATH(field) WORDS, 0, 0
#define PATHS(field) WORDS, 0, 0
#define CHOICE(field, name) CHOSEN, 0, 0
#define NAME(field, name) CHOSEN, 0, 0
#define LIST(field) WORDS, 0, 0
#define FLAG(name, letter, value, takes, standard, verbs, config, help) { name, value },
#define GROUP(title)
static const Row rows[] = {
#include "proreg/run/flags.inc"
};

enum { ROWS = sizeof rows / sizeof *rows, VERBS = 40, HELP = 16384 };

static char verb[VERBS][40], help[VERBS][HELP];
static int verbs;

// The verbs as `proreg --help` lists them, and the help of each.
static void learn_verbs(void)
{
    if (verbs) return;
    CHECK(proreg("--help") == 0, "%s", program_stderr());
    const char *text = program_stdout();
    for (const char *at = text; (at = strstr(at, "\n  ")) && verbs < VERBS; verbs++) {
        const char *end = strstr(at += 3, "  ");
        snprintf(verb[verbs], sizeof verb[0], "%.*s", end ? (int)(end - at) : 0, at);
    }
    for (int v = 0; v < verbs; v++) {
        CHECK(proreg("help %s", verb[v]) == 0, "%s: %s", verb[v], program_stderr());
        snprintf(help[v], HELP, "%s", program_stdout());
    }
    CHECK(verbs >= 16, "%d verbs", verbs);
}

static bool takes(int v, const Row *row)
{
    char flag[80];
    snprintf(flag, sizeof flag, "--%s ", row->name);
    for (const char *at = help[v]; (at = strstr(at, flag)); at++)
        if (at - help[v] > 4 && at[-1] == ' ' && (at[-2] == ' ' || at[-2] == ',')) return true;
    snprintf(flag, sizeof flag, "  --%s\n", row->name);
    return strstr(help[v], flag) != NULL;
}

// Exit status 2, and one line that holds `word`.
static void refuses(const char *word, const char *arguments)
{
    int status = proreg("%s", arguments);
    const char *text = program_stderr(), *end = strchr(text, '\n');
    CHECK(status == 2 && end && !end[1] && strstr(text, word), "%s: exit status %d: %s", arguments,
          status, text);
}

static void refuses_value(int v, const Row *row, const char *value)
{
    char arguments[300], word[80];
    snprintf(arguments, sizeof arguments, "%s '--%s=%s'", verb[v], row->name, value);
    snprintf(word, sizeof word, "--%s: ", row->name);
    refuses(word, arguments);
}

// A verb that takes the flag; of a name's second row, the last one. -1: none.
static int verb_of(const Row *row)
{
    bool second = false;
    int first = -1, last = -1;
    for (const Row *other = rows; other < row; other++) second |= !strcmp(other->name, row->name);
    for (int v = 0; v < verbs; v++) {
        if (!takes(v, row)) continue;
        if (first < 0) first = v;
        last = v;
    }
    return second ? last : first;
}

static void refuses_numbers(int v, const Row *row)
{
    static const char *const never[] = { "", "x", "nan", "inf", "-inf", "1e999", "1 2", "1,2,3,4",
                                         "--" };
    char value[80];
    double step = row->kind == WHOLE ? 1 : 1e-6 * (1 + fabs(row->low));
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) refuses_value(v, row, never[i]);
    snprintf(value, sizeof value, "%.17g", row->low - step);
    refuses_value(v, row, value);
    snprintf(value, sizeof value, "%.17g", row->high * (1 + 1e-6) + step);
    refuses_value(v, row, value);
    if (row->kind == WHOLE) refuses_value(v, row, "2.5");
    if (row->kind == TWO) refuses_value(v, row, "0.5,0.5,0.5");
    if (row->kind == SOME) refuses_value(v, row, "0.5,0.5");
}

static void values(void)
{
    int tried[CHOSEN + 1] = { 0 };
    learn_verbs();
    for (const Row *row = rows; row < rows + ROWS; row++) {
        int v = verb_of(row);
        CHECK(v >= 0, "--%s: in no verb's help", row->name);
        if (v < 0) continue;
        tried[row->kind]++;
        if (row->kind == ALONE) refuses_value(v, row, "yes");
        else if (row->kind == CHOSEN) refuses_value(v, row, "nonsense");
        else if (row->kind != WORDS) refuses_numbers(v, row);
        if (row->kind != ALONE) refuses_value(v, row, "");
    }
    CHECK(tried[WHOLE] > 30 && tried[NUMBER] > 10 && tried[TWO] == 1 && tried[SOME] == 2 &&
          tried[CHOSEN] > 10 && tried[WORDS] >= 30 && tried[ALONE] > 15, "%d %d %d %d %d %d %d",
          tried[0], tried[1], tried[2], tried[3], tried[4], tried[5], tried[6]);
    test_note("%d flags", (int)ROWS);
}

// The last of the arguments is a flag whose value is missing.
static void missing_values(void)
{
    learn_verbs();
    for (const Row *row = rows; row < rows + ROWS; row += 3) {
        char arguments[200], word[80];
        int v = verb_of(row);
        if (row->kind == ALONE || v < 0) continue;
        snprintf(arguments, sizeof arguments, "%s --%s", verb[v], row->name);
        snprintf(word, sizeof word, "--%s: needs a value", row->name);
        refuses(word, arguments);
    }
}

// Of each verb, a seventh of the flags that are other verbs'.
static void other_flags(void)
{
    learn_verbs();
    for (int v = 0; v < verbs; v++)
        for (int i = v % 7; i < ROWS; i += 7) {
            char arguments[200], word[80];
            if (takes(v, &rows[i])) continue;
            snprintf(arguments, sizeof arguments, "%.39s --%s 1", verb[v], rows[i].name);
            snprintf(word, sizeof word, "unknown flag --%s", rows[i].name);
            refuses(word, arguments);
        }
}

static void operands(void)
{
    learn_verbs();
    for (int v = 0; v < verbs; v++) {
        char arguments[200];
        if (strcmp(verb[v], "demo")) refuses(": needs ", verb[v]);     // it needs nothing
        if (strstr(help[v], "...]\n") || strstr(help[v], "...\n")) continue;
        snprintf(arguments, sizeof arguments, "%.39s a b", verb[v]);
        refuses("what is this: ", arguments);
    }
}

static void lists(void)
{
    static const char *const list[] = { "a,,b", ",a", "a,", "a, ,b" };
    static const char *const of[] = {
        "train --eval-split", "train --train-domains", "eval --eval-domains", "train --train-list",
        "eval --eval-list", "predict --classes", "wise --alphas",
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        for (size_t k = 0; k < 4; k++) {
            char arguments[200], word[80];
            snprintf(arguments, sizeof arguments, "%s '%s'", of[i], list[k]);
            snprintf(word, sizeof word, "%s: %s: an empty name", strchr(of[i], ' ') + 1, list[k]);
            refuses(word, arguments);
        }
}

static void pairs(void)
{
    static const char *const bad[][2] = {
        { "predict --model m --run r x", "--model: does not go with --run" },
        { "eval --run r --model m --data d", "--model: does not go with --run" },
        { "export --model m --run r -o x", "--model: does not go with --run" },
        { "train --resume --overwrite --out o", "--resume: does not go with --overwrite" },
        { "train --resume --config c --out o", "--resume: does not go with --config" },
        { "wise --run x --alpha 0.1 --alphas 0.1", "--alpha: does not go with --alphas" },
        { "wise --run x -o y", "-o DIR saves the mixture of --alpha A" },
        { "data augment x.ppm -o y.ppm --ops Rotate=1 --randaug", "either --ops" },
        { "data augment x.ppm -o y.ppm --ops Nope=1", "no operation Nope" },
        { "data augment x.ppm -o y.ppm --ops Rotate=x", "Rotate: x is not a number" },
        { "data decode x.jpg -o y.png", "writes FILE.ppm alone" },
        { "encode --model m --images d --texts t -o y.npy", "or --texts FILE" },
        { "tokenize --train x", "--train: needs --merges-out FILE" },
        { "info --machine x", "needs either a PATH, --machine or --recipe NAME" },
        { "zeroshot --model m --data d --rename", "--rename: goes with --classnames FILE" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuses(bad[i][1], bad[i][0]);
}

static const TestCase cases[] = {
    { "values", values }, { "missing_values", missing_values }, { "other_flags", other_flags },
    { "operands", operands }, { "lists", lists }, { "pairs", pairs },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("usage", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

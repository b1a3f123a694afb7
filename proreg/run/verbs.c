// verbs.c - from the command line's first words to a verb, or to what helps.
#include <stdio.h>
#include <string.h>

#include "proreg/run/help.h"
#include "proreg/run/manual.h"
#include "tensor/base/name.h"

static bool asks_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

// Is the verb one of a group: "data check" of "data"?
static bool in_group(const Verb *v, const char *group)
{
    size_t n = strlen(group);
    return n > 0 && !strncmp(v->name, group, n) && v->name[n] == ' ';
}

static bool is_group(const Verb *verbs, const char *word)
{
    for (const Verb *v = verbs; v->name; v++)
        if (in_group(v, word)) return true;
    return false;
}

// All verbs, or those of a group.
static void list_verbs(const Verb *verbs, const char *group, FILE *to)
{
    fprintf(to, "proreg %s%sVERB [flags] [arguments]\n\n", group ? group : "", group ? " " : "");
    for (const Verb *v = verbs; v->name; v++)
        if (!group || in_group(v, group)) fprintf(to, "  %-16s %s\n", v->name, v->help);
    fprintf(to, "\n`proreg help %s%sVERB` lists the flags of a verb\n", group ? group : "",
            group ? " " : "");
}

void verbs_help(const Verb *verbs, FILE *to)
{
    list_verbs(verbs, NULL, to);
}

static Status unknown_verb(const Verb *verbs, int argc, char **argv)
{
    const char *name[64];
    char wrong[64];
    int n = 0;
    bool two = argc > 2 && is_group(verbs, argv[1]);
    snprintf(wrong, sizeof wrong, "%.30s%s%.30s", argv[1], two ? " " : "", two ? argv[2] : "");
    for (const Verb *v = verbs; v->name && n < 64; v++) name[n++] = v->name;
    const char *near = name_nearest(wrong, name, n);
    if (argc == 2 && is_group(verbs, argv[1]))
        return err_set(ERR_USAGE, "%s: needs a verb: `proreg help %s` lists them", wrong, wrong);
    if (near) return err_set(ERR_USAGE, "unknown verb: %s: did you mean %s?", wrong, near);
    return err_set(ERR_USAGE, "unknown verb: %s: `proreg --help` lists them", wrong);
}

// The verb that argv begins with, and of how many words it is; NULL: none.
static const Verb *find_verb(int *words, const Verb *verbs, int argc, char **argv)
{
    char two[64];
    snprintf(two, sizeof two, "%.30s %.30s", argv[1], argc > 2 ? argv[2] : "");
    for (const Verb *v = verbs; v->name; v++) {
        *words = strchr(v->name, ' ') ? 2 : 1;
        if (!strcmp(v->name, *words == 2 ? two : argv[1])) return v;
    }
    return NULL;
}

static Status run_verb(const Verb *verb, int words, int argc, char **argv)
{
    Options o;
    TRY(options_parse(&o, verb, argc - 1 - words, argv + 1 + words));
    Status status = OK;
    o.program = argv[0];
    if (o.help) help_verb(verb);
    else status = verb->run(&o);
    if (status == ERR_LIMIT) status = options_limit(&o);
    options_free(&o);
    return status;
}

// `help`, `help VERB`, `help --man`: argv[1] is the word `help`.
static Status help_about(const Verb *verbs, int argc, char **argv)
{
    int words;
    if (argc == 2) {
        verbs_help(verbs, stdout);
        return OK;
    }
    if (argc == 3 && manual_print(verbs, argv[2])) return OK;
    const Verb *verb = find_verb(&words, verbs, argc - 1, argv + 1);
    if (verb) help_verb(verb);
    else if (is_group(verbs, argv[2]) && argc == 3) list_verbs(verbs, argv[2], stdout);
    else return unknown_verb(verbs, argc - 1, argv + 1);
    return OK;
}

static Status answer(const Verb *verbs, int argc, char **argv)
{
    int words = 1;
    if (asks_help(argv[1])) return help_about(verbs, argc, argv);
    const Verb *verb = find_verb(&words, verbs, argc, argv);
    if (verb) return run_verb(verb, words, argc, argv);
    if (argc < 3 || !is_group(verbs, argv[1]) || !asks_help(argv[2]))
        return unknown_verb(verbs, argc, argv);
    list_verbs(verbs, argv[1], stdout);
    return OK;
}

Status verb_run(const Verb *verbs, int argc, char **argv)
{
    TRY(answer(verbs, argc, argv));
    if (fflush(stdout) != 0 || ferror(stdout)) return err_set(ERR_IO, "stdout: cannot write");
    return OK;
}

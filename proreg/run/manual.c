// manual.c - man page and completions.
#include "proreg/run/manual.h"

#include <stdio.h>
#include <string.h>

#include "proreg/run/config.h"
#include "proreg/run/help.h"

// ---- troff --------------------------------------------------------------------------------------

// A line of text, of which nothing is a request.
static void man_text(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (const char *c = text; *c; c++) {
        if (*c == '-') fputs("\\-", stdout);
        else if (*c == '\\') fputs("\\e", stdout);
        else putchar(*c);
    }
}

static void man_flag(const FlagText *f)
{
    printf(".TP\n\\fB");
    if (f->letter) printf("\\-%c\\fR, \\fB", f->letter);
    printf("\\-\\-");
    man_text(f->name);
    printf("\\fR ");
    man_text(f->takes);
    printf("\n");
    man_text(f->help);
    if (f->standard) {
        printf(" [");
        man_text(f->standard);
        printf("]");
    }
    printf("\n");
}

static void man_verb(const Verb *verb)
{
    const char *example = help_example(verb);
    FlagText f = { 0 };
    printf(".SH \"PROREG %s\"\n.B proreg %s\n[flags] ", verb->name, verb->name);
    man_text(verb->arguments);
    printf("\n.PP\n");
    man_text(verb->help);
    printf("\n");
    for (const char *group = NULL; options_flag(&f, verb); group = f.group) {
        if (f.group != group) printf(".SS %s\n", f.group);
        man_flag(&f);
    }
    if (!example) return;
    printf(".SS Example\n.EX\n");
    man_text(example);
    printf("\n.EE\n");
}

static void man_page(const Verb *verbs)
{
    printf(".TH PROREG 1 \"\" \"proreg %s\"\n.SH NAME\nproreg \\- fine\\-tune CLIP with ProReg\n"
           ".SH SYNOPSIS\n.B proreg\nVERB [flags] [arguments]\n.SH DESCRIPTION\n", PROREG_VERSION);
    for (const Verb *v = verbs; v->name; v++) {
        printf(".TP\n.B %s\n", v->name);
        man_text(v->help);
        printf("\n");
    }
    for (const Verb *v = verbs; v->name; v++) man_verb(v);
    printf(".SH \"EXIT STATUS\"\n0: done; 1: a failure; 2: a wrong command line; 130, 143, 129: "
           "stopped by SIGINT, SIGTERM, SIGHUP.\n");
}

// ---- shells -------------------------------------------------------------------------------------

// "a|b|c" as words.
static void print_words(const char *takes)
{
    for (const char *c = takes; *c; c++) putchar(*c == '|' ? ' ' : *c);
}

// The first words of verbs, or the second ones of a group.
static void print_verbs(const Verb *verbs, const char *group)
{
    size_t n = strlen(group);
    for (const Verb *v = verbs; v->name; v++) {
        size_t first = strcspn(v->name, " ");
        bool inside = n > 0 && !strncmp(v->name, group, n) && v->name[n] == ' ';
        bool again = v > verbs && !strncmp(v->name, v[-1].name, first + 1);
        if (inside) printf("%s ", v->name + n + 1);
        if (n == 0 && !again) printf("%.*s ", (int)first, v->name);
    }
}

// A case for each flag with choices, then the flags of each verb.
static void bash_flags(const Verb *verbs)
{
    printf("    case \"$verb $before\" in\n");
    for (const Verb *v = verbs; v->name; v++)
        for (FlagText f = { 0 }; options_flag(&f, v);) {
            if (f.kind == FLAG_ALONE) continue;
            printf("    \"%s --%s\") words=\"", v->name, f.name);
            if (f.kind == FLAG_CHOICE) print_words(f.takes);
            printf("\" ;;\n");
        }
    printf("    *)\n        case \"$verb\" in\n");
    for (const Verb *v = verbs; v->name; v++) {
        printf("        \"%s\") words=\"", v->name);
        for (FlagText f = { 0 }; options_flag(&f, v);) printf("--%s ", f.name);
        printf("\" ;;\n");
    }
    printf("        esac\n        [[ $word == -* ]] || words= ;;\n    esac\n");
}

// Words are offered; where there are none, bash offers files.
static void bash_function(const Verb *verbs)
{
    printf("_proreg_words() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
           "    local verb=${COMP_WORDS[1]}\n"
           "    [[ $verb == data ]] && verb=\"data ${COMP_WORDS[2]}\"\n");
    bash_flags(verbs);
    printf("    [[ $COMP_CWORD == 1 || ( $COMP_CWORD == 2 && $before == help ) ]] && words=\"");
    print_verbs(verbs, "");
    printf("help\"\n    [[ $COMP_CWORD == 2 && $before == data ]] && words=\"");
    print_verbs(verbs, "data");
    printf("\"\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n");
}

bool manual_print(const Verb *verbs, const char *what)
{
    bool zsh = !strcmp(what, "--zsh");
    if (!strcmp(what, "--man")) {
        man_page(verbs);
        return true;
    }
    if (!zsh && strcmp(what, "--bash") != 0) return false;
    printf("%s", zsh ? "#compdef proreg\nautoload -U +X bashcompinit && bashcompinit\n" : "");
    bash_function(verbs);
    printf("complete -o default -F _proreg_words proreg\n");
    if (zsh) printf("_bash_complete -o default -F _proreg_words\n");    // what was asked for now
    return true;
}

// print.c - results on stdout.
#include "proreg/verb/print.h"

#include <stdio.h>
#include <string.h>

#include "proreg/run/records.h"
#include "tensor/base/shown.h"

Status print_json(JsonOut *lines)
{
    Status status = json_out_status(lines);
    if (status == OK && lines->size) printf("%s\n", lines->text);
    json_out_free(lines);
    return status;
}

enum { WIDE = 26 };                        // columns of a table's names

static void print_score_row(const char *indent, const char *name, ScoreRow row)
{
    fputs(indent, stdout);
    shown_cell(stdout, name, WIDE - (int)strlen(indent), FILE_PATH);
    printf(" %7lld %7lld   %.4f", (long long)row.n, (long long)row.correct, row.top1);
}

static void print_score_classes(const Score *e, const ScoreLine *l)
{
    for (int k = 0; k < e->of.classes && l->domain != SCORE_ALL; k++) {
        ScoreRow one = score_class(e, l->split, l->domain, k);
        if (one.n == 0) continue;
        print_score_row("  ", e->of.class_name[k], one);
        putchar('\n');
    }
}

// Of each split the row of all domains first.
static void print_score_split(const Score *e, int split)
{
    const char *name = e->of.split_name[split];
    bool several = score_domains(e, split) > 1;
    shown_cell(stdout, *name ? name : "pictures", WIDE, FILE_PATH);
    printf(" %7s %7s   top1     mean class\n", "n", "correct");
    for (int d = several ? SCORE_ALL : 0; d < e->of.domains; d++) {
        ScoreRow row = score_row(e, split, d);
        const char *domain = score_domain_name(e, d);
        if (row.n == 0) continue;
        print_score_row("", *domain ? domain : "all", row);
        printf("   %.4f\n", row.mean_class);
        print_score_classes(e, &(ScoreLine){ split, d });
    }
}

void print_checkpoint(const char *name, const RunState *s)
{
    printf("checkpoint %s, step %lld", name, (long long)s->step);
    if (!strcmp(name, "last") && s->best_top1 >= 0)
        printf(" (--checkpoint best: step %lld)", (long long)s->best_step);
    if (strcmp(name, "last") != 0) printf(" (--checkpoint last: the last one)");
    putchar('\n');
}

Status print_score(const Score *e, int64_t step, bool json)
{
    JsonOut lines = { 0 };
    if (json) results_lines(&lines, e, step);
    for (int p = 0; p < e->of.splits && !json; p++)
        if (score_domains(e, p)) print_score_split(e, p);
    return print_json(&lines);
}

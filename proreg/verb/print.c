// print.c - results on stdout.
#include "proreg/verb/print.h"

#include <stdio.h>

#include "proreg/run/records.h"

Status print_json(JsonOut *lines)
{
    Status status = json_out_status(lines);
    if (status == OK && lines->size) printf("%s\n", lines->text);
    json_out_free(lines);
    return status;
}

static void print_score_row(const char *indent, const char *name, ScoreRow row)
{
    printf("%s%-24s %7lld %7lld   %.4f", indent, name, (long long)row.n, (long long)row.correct,
           row.top1);
}

static void print_score_table(const Score *e, const char *split)
{
    bool several = score_domains(e) > 1;
    printf("%-26s %7s %7s   top1     mean class\n", *split ? split : "pictures", "n", "correct");
    for (int d = several ? SCORE_ALL : 0; d < e->domains; d++) {
        ScoreRow row = score_row(e, d);
        const char *name = d == SCORE_ALL ? "all" : e->domain_name[d];
        if (row.n == 0) continue;
        print_score_row("", *name ? name : "all", row);
        printf("   %.4f\n", row.mean_class);
        for (int k = 0; k < e->classes && d != SCORE_ALL; k++) {
            ScoreRow one = score_class(e, d, k);
            if (one.n == 0) continue;
            print_score_row("  ", e->class_name[k], one);
            putchar('\n');
        }
    }
}

Status print_score(const Score *e, int64_t step, const char *split, bool json)
{
    JsonOut lines = { 0 };
    if (json) results_lines(&lines, e, step, split);
    else print_score_table(e, split);
    return print_json(&lines);
}

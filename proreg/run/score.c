// score.c - accuracy per domain and class.
#include "proreg/run/score.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/base/fmath.h"

Status eval_init(Eval *e, const char *const *class_name, int classes,
                 const char *const *domain_name, int domains)
{
    size_t cells = (size_t)classes * (size_t)domains;
    *e = (Eval){ class_name, domain_name, classes, domains, calloc(cells + 1, sizeof *e->n),
                 calloc(cells + 1, sizeof *e->correct) };
    if (e->n && e->correct) return OK;
    eval_free(e);
    return err_memory("evaluation");
}

void eval_free(Eval *e)
{
    free(e->n);
    free(e->correct);
    *e = (Eval){ 0 };
}

void eval_add(Eval *e, int32_t domain, int32_t label, int32_t predicted)
{
    int64_t cell = (int64_t)domain * e->classes + label;
    e->n[cell]++;
    e->correct[cell] += predicted == label;
}

EvalRow eval_class(const Eval *e, int domain, int label)
{
    EvalRow row = { 0 };
    for (int d = 0; d < e->domains; d++) {
        if (domain != EVAL_ALL && d != domain) continue;
        row.n += e->n[(int64_t)d * e->classes + label];
        row.correct += e->correct[(int64_t)d * e->classes + label];
    }
    if (row.n) row.top1 = row.mean_class = (double)row.correct / (double)row.n;
    return row;
}

EvalRow eval_row(const Eval *e, int domain)
{
    EvalRow row = { 0 };
    int seen = 0;
    for (int k = 0; k < e->classes; k++) {
        EvalRow one = eval_class(e, domain, k);
        row.n += one.n;
        row.correct += one.correct;
        row.mean_class += one.top1;
        seen += one.n > 0;
    }
    if (row.n) row.top1 = (double)row.correct / (double)row.n;
    if (seen) row.mean_class /= seen;
    return row;
}

int eval_domains(const Eval *e)
{
    int n = 0;
    for (int d = 0; d < e->domains; d++) n += eval_row(e, d).n > 0;
    return n;
}

static void per_class(const Eval *e, JsonOut *out, int domain)
{
    json_out_key(out, "per_class");
    json_out_object(out);
    for (int k = 0; k < e->classes; k++) {
        EvalRow row = eval_class(e, domain, k);
        json_out_key(out, e->class_name[k]);
        json_out_object(out);
        json_out_key(out, "n");
        json_out_int(out, row.n);
        json_out_key(out, "correct");
        json_out_int(out, row.correct);
        json_out_key(out, "top1");
        if (row.n) json_out_double(out, row.top1);
        else json_out_null(out);
        json_out_end(out);
    }
    json_out_end(out);
}

void eval_members(const Eval *e, JsonOut *out, const char *split, int domain)
{
    EvalRow row = eval_row(e, domain);
    json_out_key(out, "split");
    json_out_string(out, split);
    json_out_key(out, "domain");
    json_out_string(out, domain == EVAL_ALL ? "all" : e->domain_name[domain]);
    json_out_key(out, "n");
    json_out_int(out, row.n);
    json_out_key(out, "correct");
    json_out_int(out, row.correct);
    json_out_key(out, "top1");
    json_out_double(out, row.top1);
    json_out_key(out, "mean_class");
    json_out_double(out, row.mean_class);
}

static void line(const Eval *e, JsonOut *out, int64_t step, const char *split, int domain)
{
    json_out_object(out);
    json_out_key(out, "step");
    json_out_int(out, step);
    eval_members(e, out, split, domain);
    per_class(e, out, domain);
    json_out_end(out);
}

void eval_lines(const Eval *e, JsonOut *out, int64_t step, const char *split)
{
    for (int d = 0; d < e->domains; d++)
        if (eval_row(e, d).n > 0) line(e, out, step, split, d);
    if (eval_domains(e) > 1) line(e, out, step, split, EVAL_ALL);
}

int eval_argmax(const float *z, int64_t n)
{
    int best = 0;
    for (int64_t k = 1; k < n; k++)
        if (z[k] > z[best]) best = (int)k;
    return best;
}

double eval_softmax(const float *z, int64_t n, int64_t i)
{
    double greatest = z[eval_argmax(z, n)], sum = 0;
    for (int64_t k = 0; k < n; k++) sum += fm_exp64(z[k] - greatest);
    return fm_exp64(z[i] - greatest) / sum;
}

// param.c - declarations, slabs, values, and what is computed over all parameters at once.
#include "nn/param.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/debug.h"

void params_init(Params *p, const Backend *be)
{
    *p = (Params){ .be = be, .device.source = { be->alloc, be->release, be->host_memory } };
}

void params_free(Params *p)
{
    arena_free(&p->host);
    arena_free(&p->device);
    *p = (Params){ .be = p->be };
}

Tensor *params_declare(Params *p, int ndim, const int64_t *dim, const char *name, ...)
{
    Param *q = arena_zero(&p->host, sizeof *q);
    if (!q) {
        p->status = err_memory("parameters");
        return NULL;
    }
    va_list args;
    va_start(args, name);
    int length = vsnprintf(q->name, sizeof q->name, name, args);
    va_end(args);
    if (length >= PARAM_NAME)
        p->status = err_set(ERR_SHAPE, "parameters: name too long: %s", q->name);
    q->value.name = q->name;
    q->value.ndim = ndim;
    memcpy(q->value.dim, dim, (size_t)ndim * sizeof *dim);
    q->group = -1;
    *(p->last ? &p->last->next : &p->first) = q;
    p->last = q;
    return &q->value;
}

// Offsets in the order of the groups, and of declaration within a group. Each parameter begins at a
// multiple of 16 numbers, a cache line of floats.
static void lay_out(Params *p)
{
    int64_t at = 0;
    for (int g = 0; g < PARAM_GROUPS; g++) {
        p->group_at[g] = at;
        for (Param *q = p->first; q; q = q->next) {
            if (q->group != g) continue;
            q->at = at;
            at += (tensor_size(&q->value) + 15) / 16 * 16;
        }
    }
    p->group_at[PARAM_GROUPS] = p->trained = at;
}

static Status slab(Params *p, real **out)
{
    *out = arena_take(&p->device, (size_t)p->trained * sizeof(real));
    if (!*out)
        return err_set(ERR_MEMORY, "parameters: no memory for %lld trained numbers",
                       (long long)p->trained);
    p->be->fill(*out, 0, p->trained);
    return OK;
}

Status params_place(Params *p, int (*group)(const char *name))
{
    if (p->status != OK) return p->status;
    for (Param *q = p->first; q; q = q->next) {
        q->group = group ? group(q->name) : -1;
        REQUIRE(q->group < PARAM_GROUPS);
    }
    lay_out(p);
    if (p->trained == 0) return OK;
    TRY(slab(p, &p->value));
    TRY(slab(p, &p->grad));
    TRY(slab(p, &p->m));
    TRY(slab(p, &p->v));
    for (Param *q = p->first; q; q = q->next) {
        if (q->group < 0) continue;
        q->value.data = p->value + q->at;
        q->value.grad = p->grad + q->at;
        q->value.needs_grad = q->value.leaf = true;
    }
    return OK;
}

// ---- values -------------------------------------------------------------------------------------

Status params_set(Params *p, Param *q, const float *host)
{
    int64_t n = tensor_size(&q->value);
    if (!q->value.data) q->value.data = arena_take(&p->device, (size_t)n * sizeof(real));
    if (!q->value.data)
        return err_set(ERR_MEMORY, "parameters: no memory for %s, %lld numbers", q->name,
                       (long long)n);
    device_put(p->be, q->value.data, host, n);
    return OK;
}

Status params_map(Params *p, Param *q, const float *host)
{
    if (q->group >= 0 || !p->be->host_memory || sizeof(real) != sizeof *host)
        return params_set(p, q, host);
    q->value.data = (real *)(uintptr_t)host;   // frozen: no kernel writes to it
    return OK;
}

Status params_get(const Params *p, const Param *q, float *host)
{
    TRY(p->be->sync());
    device_get(p->be, host, q->value.data, tensor_size(&q->value));
    return OK;
}

Param *params_find(const Params *p, const char *name)
{
    for (Param *q = p->first; q; q = q->next)
        if (strcmp(q->name, name) == 0) return q;
    return NULL;
}

int64_t params_count(const Params *p)
{
    int64_t n = 0;
    for (const Param *q = p->first; q; q = q->next) n += tensor_size(&q->value);
    return n;
}

// ---- gradients ----------------------------------------------------------------------------------

void params_zero_grad(Params *p)
{
    if (p->trained) p->be->fill(p->grad, 0, p->trained);
    for (Param *q = p->first; q; q = q->next) q->value.reached = false;
}

// The gaps between parameters hold zeros and do not count.
double params_grad_norm(const Params *p)
{
    return p->trained ? sqrt(p->be->sumsq(p->grad, p->trained)) : 0;
}

// A layer whose backward is missing would keep its initial weights, and a run would not show why.
Status params_check_grad(const Params *p)
{
    for (const Param *q = p->first; q; q = q->next)
        if (q->group >= 0 && !q->value.reached)
            return err_set(ERR_SHAPE, "train: %s is trained but no gradient reached it", q->name);
    return OK;
}

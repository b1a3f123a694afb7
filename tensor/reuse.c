// reuse.c - a step's memory: sizes of tensors, the first failure, whose numbers are free again, and
// what is computed twice instead of kept (Chen et al. 2016, "Training Deep Nets with Sublinear
// Memory Cost").
#include "tensor/reuse.h"

#include <math.h>

#include "tensor/base/debug.h"

struct Spare { real *data; int64_t n; Spare *next; };    // numbers that are no longer needed

int64_t tensor_size(const Tensor *x)
{
    int64_t n = 1;
    for (int i = 0; i < x->ndim; i++) n *= x->dim[i];
    return n;
}

int64_t tensor_cols(const Tensor *x)
{
    return x->dim[x->ndim - 1];
}

int64_t tensor_rows(const Tensor *x)
{
    return tensor_size(x) / tensor_cols(x);
}

// ---- errors -------------------------------------------------------------------------------------

Status tape_fail(Tape *t, Status status)
{
    if (t->status == OK) {
        t->status = status;
        err_copy(t->message, sizeof t->message);
    }
    return t->status;
}

Status tape_status(const Tape *t)
{
    return t->status == OK ? OK : err_set(t->status, "%s", t->message);
}

// ---- numbers that are used again ----------------------------------------------------------------

// In a debug build, whoever reads these numbers before they are written reads NaN.
static void spoil_numbers(const Tape *t, real *p, int64_t n)
{
#ifdef DEBUG
    t->be->fill(p, (real)NAN, n);
#else
    (void)t, (void)p, (void)n;
#endif
}

real *tape_numbers(Tape *t, int64_t n)
{
    if (t->status != OK) return NULL;
    REQUIRE(n > 0);
    real *p = arena_take(&t->device, (size_t)n * sizeof(real));
    if (p && !t->be->host_memory) spoil_numbers(t, p, n);      // else the arena has done it
    if (!p) tape_fail(t, err_set(ERR_MEMORY, "tape: no memory on the device for %lld numbers",
                                 (long long)n));
    return p;
}

real *reuse_take(Tape *t, int64_t n)
{
    for (Spare **s = &t->spare; *s; s = &(*s)->next) {
        if ((*s)->n != n) continue;
        Spare *found = *s;
        *s = found->next;
        found->next = t->unused;
        t->unused = found;
        return found->data;
    }
    return tape_numbers(t, n);
}

void reuse_give(Tape *t, real *numbers, int64_t n)
{
    Spare *s = t->unused;
    spoil_numbers(t, numbers, n);
    if (s) t->unused = s->next;
    else if (!(s = arena_take(&t->host, sizeof *s))) return;   // then they are not used again
    *s = (Spare){ numbers, n, t->spare };
    t->spare = s;
}

// ---- values that backward makes again -----------------------------------------------------------

void reuse_drop(Tape *t, Tensor *x)
{
    if (!x->dropped || !x->data) return;
    reuse_give(t, x->data, tensor_size(x));
    x->data = NULL;
}

void tape_drop(Tape *t, Tensor *x)
{
    if (t->status != OK || !x || !x->maker || x->leaf) return;
    x->dropped = true;
    reuse_drop(t, x);
}

// Operands that were dropped too come first.
static void make_again(Tape *t, Tensor *x)
{
    const Node *n = x->maker;
    for (int i = 0; i < MAX_IN; i++)
        if (n->in[i] && !n->in[i]->data) make_again(t, n->in[i]);
    x->data = reuse_take(t, tensor_size(x));
    if (t->status == OK) (n->op->again ? n->op->again : n->op->forward)(t, n);
}

void reuse_remake(Tape *t, const Node *n)
{
    for (int i = 0; i < MAX_IN; i++)
        if ((n->op->reads >> i & READS_IN0) && n->in[i] && !n->in[i]->data)
            make_again(t, n->in[i]);
    if ((n->op->reads & READS_OUT) && !n->out->data) make_again(t, n->out);
}

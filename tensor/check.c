// check.c - looks for NaN and Inf in every result and every gradient, and reports the first.
#include "tensor/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLACE = 160, OPERANDS = 320 };

// The layer that a parameter belongs to: its name without the last word.
static void layer_of(char place[PLACE], const char *parameter)
{
    static const char *const tails[] = { ".weight", ".bias", "_weight", "_bias" };
    size_t n = strlen(parameter);
    for (int i = 0; i < 4; i++) {
        size_t tail = strlen(tails[i]);
        if (n > tail && !strcmp(parameter + n - tail, tails[i])) {
            n -= tail;
            break;
        }
    }
    snprintf(place, PLACE, "%.*s", (int)n, parameter);
}

// An op's weights stand after the operand to which they are applied.
static const char *parameter_of(const Node *n)
{
    for (int i = 1; i < MAX_IN; i++)
        if (n->in[i] && n->in[i]->name) return n->in[i]->name;
    return n->in[0] ? n->in[0]->name : NULL;
}

// An op without parameters is placed after the last one before it that has some: in backward the
// nodes lead there; in forward, where not every op leaves a node, its name was noted.
static void place_of(char place[PLACE], const Tape *t, const Node *n, bool backward)
{
    char layer[PLACE];
    const char *name = parameter_of(n);
    const char *before = backward ? NULL : t->place;
    for (const Node *p = n->prev; backward && p && !before; p = p->prev) before = parameter_of(p);
    layer_of(layer, name ? name : before ? before : "the first op");
    snprintf(place, PLACE, "%s%.150s", name || !before ? "" : "after ", layer);
}

static void operands(char text[OPERANDS], const Node *n)
{
    char shape[96];
    int used = 0;
    text[0] = 0;
    for (int i = 0; i < MAX_IN && used < OPERANDS; i++) {
        if (!n->in[i]) continue;
        Tensor x = *n->in[i];
        x.name = NULL;                         // the place says it
        used += snprintf(text + used, OPERANDS - (size_t)used, "%s%s", used ? ", " : "",
                         tensor_shape(shape, &x));
    }
}

// The first element that is not finite, and its value; -1: all are.
static int64_t first_bad(Tape *t, const Tensor *x, real *data, real *value)
{
    Tensor seen = *x;
    Tensor *one = &seen;
    real *host;
    seen.data = data;
    if (isfinite(t->be->sumsq(data, tensor_size(x)))) return -1;
    ArenaMark mark = arena_mark(&t->host);
    int64_t bad = -1;
    if (tape_to_host(t, &host, &one, 1) == OK)
        for (int64_t i = 0; i < tensor_size(x) && bad < 0; i++)
            if (!isfinite(host[i])) bad = i, *value = host[i];
    arena_release(&t->host, mark);
    return bad;
}

static void look(Tape *t, const Node *n, const Tensor *x, real *data, bool backward)
{
    char place[PLACE], shape[96], of[OPERANDS];
    real value = 0;
    int64_t at = first_bad(t, x, data, &value);
    if (at < 0 || t->status != OK) return;
    place_of(place, t, n, backward);
    operands(of, n);
    Status bad = err_set(ERR_DIVERGED, "check: %s, %s: %s: %s: %s %s is %s at element %lld, from "
                         "%s", place, backward ? "backward" : "forward", n->op->name,
                         n->op->equation, backward ? "the gradient of" : "the result",
                         tensor_shape(shape, x), isnan(value) ? "nan" : value > 0 ? "inf" : "-inf",
                         (long long)at, of);
    tape_fail(t, bad);
}

void check_finite(Tape *t, const Node *n, bool backward)
{
    if (!backward) {
        look(t, n, n->out, n->out->data, false);
        if (parameter_of(n)) t->place = parameter_of(n);
        return;
    }
    for (int i = 0; i < MAX_IN && t->status == OK; i++)
        if (n->in[i] && n->in[i]->grad) look(t, n, n->in[i], n->in[i]->grad, true);
}

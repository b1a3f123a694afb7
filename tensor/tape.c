// tape.c - recording, backward, and whose memory a gradient is.
#include "tensor/tape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tensor/base/debug.h"
#include "tensor/reuse.h"

void tape_init(Tape *t, const Backend *be)
{
    *t = (Tape){ .be = be, .device.source = { be->alloc, be->release, be->host_memory } };
}

void tape_free(Tape *t)
{
    arena_free(&t->host);
    arena_free(&t->device);
    *t = (Tape){ .be = t->be };
}

void tape_begin(Tape *t, TapeMode mode)
{
    arena_reset(&t->host);
    arena_reset(&t->device);
    t->first = t->last = NULL;
    t->spare = t->unused = NULL;
    t->place = NULL;
    t->mode = mode;
    t->status = OK;
}

// ---- tensors ------------------------------------------------------------------------------------

char *tensor_shape(char text[96], const Tensor *x)
{
    int n = snprintf(text, 96, "%.40s%s(", x->name ? x->name : "", x->name ? " " : "");
    for (int i = 0; i < x->ndim && n < 90; i++)
        n += snprintf(text + n, 96 - (size_t)n, "%s%lld", i ? "," : "", (long long)x->dim[i]);
    if (n < 95) snprintf(text + n, 96 - (size_t)n, ")");
    return text;
}

static void *step_memory(Tape *t, size_t bytes)
{
    void *p = arena_zero(&t->host, bytes);
    if (!p) tape_fail(t, err_memory("tape"));
    return p;
}

Tensor *tape_tensor(Tape *t, int ndim, const int64_t *dim)
{
    if (t->status != OK) return NULL;
    REQUIRE(ndim >= 1 && ndim <= MAX_DIM);
    Tensor *x = step_memory(t, sizeof *x);
    if (!x) return NULL;
    x->ndim = ndim;
    memcpy(x->dim, dim, (size_t)ndim * sizeof *dim);
    x->data = reuse_take(t, tensor_size(x));
    return x->data ? x : NULL;
}

// Through a small array where the widths differ, as the host may not touch the device's memory.
enum { PIECE = 1024 };

void device_put(const Backend *be, real *device, const float *host, int64_t n)
{
    if (sizeof(real) == sizeof *host) {
        be->upload(device, host, (size_t)n * sizeof(real));
        return;
    }
    real piece[PIECE];
    for (int64_t at = 0; at < n; at += PIECE) {
        int64_t m = n - at < PIECE ? n - at : PIECE;
        for (int64_t i = 0; i < m; i++) piece[i] = (real)host[at + i];
        be->upload(device + at, piece, (size_t)m * sizeof(real));
    }
}

void device_get(const Backend *be, float *host, const real *device, int64_t n)
{
    if (sizeof(real) == sizeof *host) {
        be->download(host, device, (size_t)n * sizeof(real));
        return;
    }
    real piece[PIECE];
    for (int64_t at = 0; at < n; at += PIECE) {
        int64_t m = n - at < PIECE ? n - at : PIECE;
        be->download(piece, device + at, (size_t)m * sizeof(real));
        for (int64_t i = 0; i < m; i++) host[at + i] = (float)piece[i];
    }
}

Tensor *tape_constant(Tape *t, int ndim, const int64_t *dim, const float *host)
{
    Tensor *x = host ? tape_tensor(t, ndim, dim) : NULL;
    if (x) device_put(t->be, x->data, host, tensor_size(x));
    return x;
}

Tensor *tape_from_host(Tape *t, int ndim, const int64_t *dim, const real *host)
{
    Tensor *x = host ? tape_tensor(t, ndim, dim) : NULL;
    if (x) t->be->upload(x->data, host, (size_t)tensor_size(x) * sizeof(real));
    return x;
}

Tensor *tape_pictures(Tape *t, const float *pixels, int64_t n, int64_t S)
{
    return tape_constant(t, 4, (int64_t[]){ n, 3, S, S }, pixels);
}

// After this the device has done all that was called, and its numbers can be read.
static Status wait(Tape *t)
{
    TRY(tape_status(t));
    Status status = t->be->sync();
    return status == OK ? OK : tape_fail(t, status);
}

Status tape_read(Tape *t, float *host, const Tensor *x)
{
    TRY(wait(t));
    device_get(t->be, host, x->data, tensor_size(x));
    return OK;
}

Status tape_to_host(Tape *t, real **host, Tensor *const *x, int n)
{
    for (int i = 0; i < n; i++) host[i] = NULL;
    TRY(wait(t));
    for (int i = 0; i < n; i++) {
        if (!x[i]) continue;
        size_t bytes = (size_t)tensor_size(x[i]) * sizeof(real);
        host[i] = arena_take(&t->host, bytes);
        if (!host[i]) return tape_fail(t, err_memory("tape"));
        t->be->download(host[i], x[i]->data, bytes);
    }
    return OK;
}

const int32_t *tape_index(Tape *t, const int32_t *host, int64_t n)
{
    if (t->status != OK) return NULL;
    int32_t *p = arena_take(&t->device, (size_t)n * sizeof *p);
    if (!p) tape_fail(t, err_memory("tape"));
    else t->be->upload(p, host, (size_t)n * sizeof *p);
    return p;
}

static bool rows_fit(Tape *t, const Tensor *x, int64_t first, int64_t n)
{
    char shape[96];
    tensor_shape(shape, x);
    if (x->needs_grad && !x->leaf)
        tape_fail(t, err_set(ERR_SHAPE, "rows: %s is computed: its gradient would be lost", shape));
    else if (first < 0 || n < 1 || n > x->dim[0] || first > x->dim[0] - n)
        tape_fail(t, err_set(ERR_SHAPE, "rows: %s has no %lld rows from %lld on", shape,
                             (long long)n, (long long)first));
    return t->status == OK;
}

Tensor *tape_rows(Tape *t, Tensor *x, int64_t first, int64_t n)
{
    if (t->status != OK || !x || !rows_fit(t, x, first, n)) return NULL;
    Tensor *part = step_memory(t, sizeof *part);
    if (!part) return NULL;
    int64_t at = first * (tensor_size(x) / x->dim[0]);
    *part = *x;
    part->dim[0] = n;
    part->data += at;
    if (part->grad) part->grad += at;
    part->whole = x->whole ? x->whole : x;
    return part;
}

void tape_leaf(Tape *t, Tensor *x)
{
    if (!x || !x->needs_grad) return;
    x->grad = tape_numbers(t, tensor_size(x));
    x->leaf = true;
    if (x->grad) t->be->fill(x->grad, 0, tensor_size(x));
}

// ---- gradients ----------------------------------------------------------------------------------

// Does x want a gradient? Then it is about to get one, which is noted of its leaf.
static bool reaches(Tensor *x)
{
    if (!x || !x->needs_grad) return false;
    if (x->leaf) (x->whole ? x->whole : x)->reached = true;
    return true;
}

real *grad_begin(Tape *t, const Tensor *x)
{
    if (!x || !x->needs_grad) return NULL;
    return reuse_take(t, tensor_size(x));
}

void grad_end(Tape *t, Tensor *x, real *dx)
{
    if (!dx || !reaches(x)) return;
    REQUIRE(dx != x->grad);
    if (!x->grad) {
        x->grad = dx;
        return;
    }
    t->be->axpy(x->grad, 1, dx, tensor_size(x));
    reuse_give(t, dx, tensor_size(x));
}

real *grad_add(Tape *t, Tensor *w)
{
    if (!reaches(w)) return NULL;
    if (!w->grad) {
        w->grad = reuse_take(t, tensor_size(w));
        if (w->grad) t->be->fill(w->grad, 0, tensor_size(w));
    }
    return w->grad;
}

// If x has no gradient yet, y's buffer becomes x's and nothing is copied.
void grad_pass(Tape *t, Tensor *x, Tensor *y)
{
    REQUIRE(y->grad && tensor_size(x) == tensor_size(y));
    if (!reaches(x)) return;
    if (x->grad) {
        t->be->axpy(x->grad, 1, y->grad, tensor_size(x));
    } else {
        x->grad = y->grad;
        y->grad = NULL;
    }
}

// ---- recording and going back -------------------------------------------------------------------

#ifdef DEBUG
static bool overlap(const real *a, int64_t n, const real *b, int64_t m)
{
    return a && b && a < b + m && b < a + n;
}

// What every kernel relies on, forward: no array is missing or empty, and the output overlaps none
// of the inputs.
static bool usable_node(const Node *n)
{
    int64_t size = tensor_size(n->out);
    if (!n->out->data || size < 1) return false;
    for (int i = 0; i < MAX_IN; i++) {
        const Tensor *x = n->in[i];
        if (!x) continue;
        if (!x->data || tensor_size(x) < 1) return false;
        if (overlap(n->out->data, size, x->data, tensor_size(x))) return false;
    }
    return true;
}

// And backward: an operand's gradient overlaps neither its data, nor another's gradient, nor the
// output's, whose memory is used again.
static bool usable_gradients(const Node *n)
{
    for (int i = 0; i < MAX_IN; i++) {
        const Tensor *x = n->in[i];
        if (!x || !x->grad) continue;
        int64_t size = tensor_size(x);
        if (overlap(x->grad, size, x->data, size)) return false;
        if (overlap(x->grad, size, n->out->grad, tensor_size(n->out))) return false;
        for (int j = 0; j < i; j++)
            if (n->in[j] && n->in[j] != x
                && overlap(x->grad, size, n->in[j]->grad, tensor_size(n->in[j])))
                return false;
    }
    return true;
}
#endif

Tensor *tape_record(Tape *t, const Node *node)
{
    if (t->status != OK) return NULL;
    bool needs = false;
    for (int i = 0; i < MAX_IN; i++) needs |= node->in[i] && node->in[i]->needs_grad;
    if (needs && t->mode == TAPE_TRAIN && node->op->backward) {
        Node *n = step_memory(t, sizeof *n);
        if (!n) return NULL;
        *n = *node;
        n->prev = t->last;
        *(t->last ? &t->last->next : &t->first) = n;
        t->last = n;
        n->out->needs_grad = true;
        n->out->maker = n;
    }
    REQUIRE(usable_node(node));
    node->op->forward(t, node);
    if (t->check) t->check(t, node, false);
    return t->status == OK ? node->out : NULL;
}

void tape_replay(Tape *t)
{
    for (Node *n = t->first; n; n = n->next) {
        if (!n->out->data) n->out->data = reuse_take(t, tensor_size(n->out));
        if (t->status == OK) n->op->forward(t, n);
    }
}

static Status loss_gradient(Tape *t, Tensor *loss)
{
    char shape[96];
    if (!loss->needs_grad)
        return tape_fail(t, err_set(ERR_SHAPE, "backward: no trained parameter leads to the loss"));
    if (loss->grad) return OK;
    if (tensor_size(loss) != 1)
        return tape_fail(t, err_set(ERR_SHAPE, "backward: the loss %s has more than one element",
                                    tensor_shape(shape, loss)));
    loss->grad = reuse_take(t, 1);
    if (loss->grad) t->be->fill(loss->grad, 1, 1);
    return tape_status(t);
}

Status tape_backward(Tape *t, Tensor *loss)
{
    TRY(tape_status(t));
    TRY(loss_gradient(t, loss));
    for (Node *n = t->last; n && t->status == OK; n = n->prev) {
        if (!n->out->grad) continue;           // nothing that the loss depends on
        reuse_remake(t, n);
        if (t->status == OK) n->op->backward(t, n);
        REQUIRE(usable_gradients(n));
        if (t->check) t->check(t, n, true);
        if (n->out->grad && !n->out->leaf) reuse_give(t, n->out->grad, tensor_size(n->out));
        n->out->grad = NULL;
        reuse_drop(t, n->out);
    }
    return wait(t);
}

// ---- layers without gradients -------------------------------------------------------------------

TapeSlot tape_slot(Tape *t, int ndim, const int64_t *dim)
{
    Tensor *result = tape_tensor(t, ndim, dim);
    return (TapeSlot){ result, arena_mark(&t->host), arena_mark(&t->device) };
}

TapeSlot tape_slot_like(Tape *t, const Tensor *x)
{
    if (!x || (x->needs_grad && t->mode == TAPE_TRAIN)) return (TapeSlot){ 0 };
    return tape_slot(t, x->ndim, x->dim);
}

Tensor *tape_keep(Tape *t, const TapeSlot *slot, Tensor *y)
{
    if (!y || !slot->result || y->needs_grad) return y;
    REQUIRE(tensor_size(y) == tensor_size(slot->result));
    t->be->copy(slot->result->data, y->data, tensor_size(y));
    arena_release(&t->host, slot->host);
    arena_release(&t->device, slot->device);
    return slot->result;
}

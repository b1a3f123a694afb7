// tape.h - tensors, and the tape that remembers how each was made.
//
// Ops compute at once and leave a node behind. The order of the nodes is already an order in which
// every result follows its operands, so backward is one loop from the last node to the first.
//
//     tape_begin(&t, TAPE_TRAIN);                       // forgets the last step
//     Tensor *y = op_linear(&t, x, w, b, ACT_NONE);     // ops.h
//     Tensor *loss = ...;
//     TRY(tape_backward(&t, loss));                     // w->grad, b->grad have been added to
//
// A step's tensors live in two arenas and are forgotten together; nothing is freed one by one, and
// from the third step on nothing is allocated. An op that fails marks the tape and returns NULL; so
// do the ops that are given NULL; tape_backward and tape_status return the first failure with its
// message. So a model needs one check per step.
//
// Limits: rank <= 4; contiguous; one device. After backward only parameters keep their gradient.
#pragma once
#include <stdbool.h>

#include "tensor/backend.h"
#include "tensor/base/arena.h"

#define MAX_DIM 4
#define MAX_IN 4
#define MAX_SAVED 2

typedef struct Tensor Tensor;
typedef struct Node Node;
struct Tensor {
    real *data, *grad;           // contiguous, on the device; grad is NULL until backward comes by,
                                 // data after tape_drop
    int64_t dim[MAX_DIM];        // dim[0] is the slowest
    int ndim;
    bool needs_grad;
    bool leaf;                   // its gradient is added to by the backward of tapes that did not
                                 // make it: a parameter, or an output that tape_leaf was given
    bool reached;                // some backward has added to this leaf
    bool dropped;                // tape_drop: data is there only while backward reads it
    Tensor *whole;               // tape_rows: the tensor whose rows these are
    Node *maker;                 // the node that made it; NULL: no backward will pass here
    const char *name;            // for messages; may be NULL
};

typedef struct Tape Tape;

// What an op is: functions that call kernels. An upper layer may add its own.
typedef struct Op {
    const char *name, *equation;
    void (*forward)(Tape *t, const Node *n);
    void (*backward)(Tape *t, const Node *n);    // NULL: no gradient passes
    unsigned reads;                              // whose values backward reads
    void (*again)(Tape *t, const Node *n);       // makes out->data once more; NULL: forward does
} Op;
enum { READS_IN0 = 1, READS_IN1 = 2, READS_IN2 = 4, READS_IN3 = 8, READS_OUT = 16 };

struct Node {
    const Op *op;
    Tensor *in[MAX_IN], *out;
    real *saved[MAX_SAVED];      // what forward leaves for backward, on the device
    const int32_t *rows;         // gather: which row of in[0] each row of out is
    const int32_t *n_keys;       // attention: how many keys each query sees; NULL: all
    int64_t heads;               // attention
    int64_t patch;               // patches: side of a patch in pixels
    Act act;
    real eps, temp;
    Node *prev, *next;
};

typedef enum { TAPE_TRAIN, TAPE_NO_GRAD } TapeMode;

typedef struct Spare Spare;
struct Tape {
    const Backend *be;
    Arena host, device;          // structs and nodes; numbers
    Node *first, *last;
    Spare *spare, *unused;       // numbers that can be used again; list entries that can
    TapeMode mode;
    Status status;               // of the first op that failed
    char message[640];
    // Called after every forward, and after every backward while out->grad is there; NULL: nobody
    // looks. tape_begin keeps it. See check.h.
    void (*check)(Tape *t, const Node *n, bool backward);
    const char *place;           // with check: the last parameter that an op was given
    bool recompute;              // layers drop all they can (tape_drop); tape_begin keeps it
};

void tape_init(Tape *t, const Backend *be);
void tape_free(Tape *t);
void tape_begin(Tape *t, TapeMode mode);             // forgets the last step
Status tape_status(const Tape *t);
Status tape_fail(Tape *t, Status status);            // keeps the first failure and its message

// Runs from the last node to the first. `loss` has one element and starts from 1, or has a gradient
// already (tape_leaf) and starts from that.
Status tape_backward(Tape *t, Tensor *loss);
void tape_replay(Tape *t);                           // every forward again, for gradient checks

// Tensors of this step. The first is not set; the others are copied from the host; NULL gives NULL.
Tensor *tape_tensor(Tape *t, int ndim, const int64_t *dim);
Tensor *tape_constant(Tape *t, int ndim, const int64_t *dim, const float *host);
Tensor *tape_from_host(Tape *t, int ndim, const int64_t *dim, const real *host);
Tensor *tape_pictures(Tape *t, const float *pixels, int64_t n, int64_t S);    // (n,3,S,S)

// Back to the host; each call waits for the device once. tape_read fills the caller's array.
// tape_to_host fills host[i] for each of n tensors, in the tape's memory, valid until the next
// tape_begin; NULL for an x[i] that is NULL.
Status tape_read(Tape *t, float *host, const Tensor *x);
Status tape_to_host(Tape *t, real **host, Tensor *const *x, int n);

// n floats to and from the device, whatever `real` is; everything else copies with these. Call
// be->sync() before device_get.
void device_put(const Backend *be, real *device, const float *host, int64_t n);
void device_get(const Backend *be, float *host, const real *device, int64_t n);

// Rows `first` to `first + n` of x along dim[0]: the one view there is. It shares values and
// gradient; so x is a leaf or needs no gradient, as a computed tensor has none yet to share.
Tensor *tape_rows(Tape *t, Tensor *x, int64_t first, int64_t n);

// Makes x, the output of an op, a leaf to other tapes: gives it a gradient of zeros, to which their
// backward passes add; then tape_backward(t, x) goes on from the sum. For the class vectors, which
// are made once per step and used by each of its micro-batches (README.md). The gradient lives
// until this tape's backward has passed x.
void tape_leaf(Tape *t, Tensor *x);

// What backward can make again need not be kept: gives the memory of x, the output of an op, to
// tensors that are made later. Where backward reads its values, the op runs once more, with the
// same bits. After this x may be an operand of no further op, and nobody may read its values; its
// gradient is as ever. Nothing happens where no backward will pass.
//     h = f(t, x);  y = g(t, h);  tape_drop(t, h);
void tape_drop(Tape *t, Tensor *x);

// Inference needs the memory of one layer, whatever the number of layers:
//     TapeSlot slot = tape_slot_like(t, x);                  // memory for a result of x's shape
//     for (..) x = tape_keep(t, &slot, layer(t, x));
// tape_keep copies y to the slot and gives back all memory taken since tape_slot: no other tensor
// made since then may be used. If y needs a gradient it returns y and gives nothing back; if x
// does, there is no slot, and tape_keep returns every y as it is.
typedef struct { Tensor *result; ArenaMark host, device; } TapeSlot;
TapeSlot tape_slot(Tape *t, int ndim, const int64_t *dim);
TapeSlot tape_slot_like(Tape *t, const Tensor *x);
Tensor *tape_keep(Tape *t, const TapeSlot *slot, Tensor *y);

int64_t tensor_size(const Tensor *x);                // elements
int64_t tensor_rows(const Tensor *x);                // all dimensions but the last
int64_t tensor_cols(const Tensor *x);                // the last dimension
char *tensor_shape(char text[96], const Tensor *x);  // "name (3,5,7)", for messages

// ---- for the functions of an Op -----------------------------------------------------------------
// The contract: dx (of an x whose elements each belong to one sample) is assigned; dw (shared by
// all samples) is added to; the gradient of the output may be overwritten. No kernel knows that a
// tensor feeds several ops:
//
//     a = f(x);  b = g(x);                  // x fans out, so its gradient is a sum of two parts
//     real *dx = grad_begin(t, x);          // g's backward assigns its part to dx, a buffer of
//     kernel(dx, ..);  grad_end(t, x, dx);  // its own; f's comes later, and grad_end adds it
real *grad_begin(Tape *t, const Tensor *x);          // where to assign dx; NULL: no need
void grad_end(Tape *t, Tensor *x, real *dx);         // x->grad becomes dx, or grows by it
real *grad_add(Tape *t, Tensor *w);                  // where to add dw; NULL: no need
void grad_pass(Tape *t, Tensor *x, Tensor *y);       // y's gradient, as it is, becomes x's
real *tape_numbers(Tape *t, int64_t n);              // device memory of this step; NULL: failed
const int32_t *tape_index(Tape *t, const int32_t *host, int64_t n);   // a copy on the device
// Runs forward; keeps the node when a gradient will be wanted. Returns out.
Tensor *tape_record(Tape *t, const Node *node);

// reuse.h - memory that a step uses more than once; for tape.c, which says when.
//
// Numbers that are no longer needed go to a list, from which the next tensor or gradient of their
// size takes them. A transformer's backward pass needs a handful of buffers for gradients instead
// of one per activation; and of the 18 activations of the size of x that a block makes, the 8 that
// tape_drop (tape.h) gives back share the memory of one block.
#pragma once
#include "tensor/tape.h"

real *reuse_take(Tape *t, int64_t n);                    // from the list, else from the arena
void reuse_give(Tape *t, real *numbers, int64_t n);

// Gives back the values of a tensor that tape_drop was called for; nothing, where they are gone.
void reuse_drop(Tape *t, Tensor *x);

// Computes the dropped values that the backward of n will read. They stay until their own node has
// had its turn: all who read them have had theirs by then.
void reuse_remake(Tape *t, const Node *n);

// check.h - where the first NaN or Inf comes from.
//
//     t.check = check_finite;
//     tape_begin(&t, TAPE_TRAIN);  ..  TRY(tape_backward(&t, loss));
//
// The tape then calls it after every op, forward and backward, and it looks at the result, or at
// the gradients of the op's operands. The first element that is NaN or Inf fails the tape
// (ERR_FORMAT):
//
//     check: visual.transformer.resblocks.7.mlp.c_fc, forward: linear: y = act(x w^T + b): the
//     result (32,50,3072) is nan at element 5, from (32,50,768), (3072,768), (3072)
//
// The op's parameters name the place; an op without any is "after" the last one that has some. Each
// call waits for the device: this is for finding an error, not for training.
#pragma once
#include "tensor/tape.h"

void check_finite(Tape *t, const Node *n, bool backward);      // for Tape.check

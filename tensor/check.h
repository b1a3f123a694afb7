// check.h - where the first NaN or Inf comes from.
//
//     t.check = true;
//     tape_begin(&t, TAPE_TRAIN);  ..  TRY(tape_backward(&t, loss));
//
// With Tape.check the tape looks at the result of every op, and in backward at every gradient that
// an op has made or added to. The first that is not finite fails the tape (ERR_FORMAT):
//
//     check: visual.transformer.resblocks.7.mlp.c_fc, forward: linear: y = act(x w^T + b): the
//     result (32,50,3072) is nan at element 5, from (32,50,768), (3072,768), (3072)
//
// The place is named by the op's parameters; an op without any stands behind the last one that had
// some. Each look waits for the device: for finding an error, not for training.
#pragma once
#include "tensor/tape.h"

void check_forward(Tape *t, const Node *n);      // after n's forward
void check_backward(Tape *t, const Node *n);     // after n's backward, while out->grad is there

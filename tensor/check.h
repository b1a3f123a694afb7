// check.h - where the first NaN or Inf comes from.
//
//     t.check = check_finite;
//     tape_begin(&t, TAPE_TRAIN);  ..  TRY(tape_backward(&t, loss));
//
// The tape then shows it the result of every op, and in backward every gradient that an op has made
// or added to. The first that is not finite fails the tape (ERR_FORMAT):
//
//     check: visual.transformer.resblocks.7.mlp.c_fc, forward: linear: y = act(x w^T + b): the
//     result (32,50,3072) is nan at element 5, from (32,50,768), (3072,768), (3072)
//
// The place is named by the op's parameters; an op without any stands behind the last one that had
// some. Each look waits for the device: for finding an error, not for training.
#pragma once
#include "tensor/tape.h"

void check_finite(Tape *t, const Node *n, bool backward);      // for Tape.check

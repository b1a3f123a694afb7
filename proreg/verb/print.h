// print.h - results on stdout. main checks once, at the end, that they could be written.
#pragma once
#include "proreg/run/run.h"
#include "proreg/run/score.h"
#include "tensor/base/json.h"

// Prints JSON lines, if there are any, and frees them. If the writer failed, prints nothing and
// returns its error.
Status print_json(JsonOut *lines);

// Above a table: which checkpoint its numbers are of, and how to get the other.
void print_checkpoint(const char *name, const RunState *state);

// Prints an evaluation: as lines of results.jsonl, or as a table of domains and classes.
Status print_score(const Score *e, int64_t step, bool json);

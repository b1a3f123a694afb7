// print.h - results on stdout. Whether they have arrived is checked once, by main, at the end.
#pragma once
#include "proreg/run/score.h"
#include "tensor/base/json.h"

// JSON lines, if there are any; then *lines is empty and holds no memory. If the writer failed,
// nothing is printed.
Status print_json(JsonOut *lines);

// An evaluation: the lines of results.jsonl, or a table of domains and classes.
Status print_score(const Score *e, int64_t step, const char *split, bool json);

// print.h - results on stdout. Whether they arrived there is looked at once, by main, at the end.
#pragma once
#include "tensor/base/json.h"

// JSON lines, if there are any; then *lines is empty and holds no memory. Fails if they could not
// be made: nothing is printed of them then.
Status print_json(JsonOut *lines);

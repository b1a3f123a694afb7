// help.h - how --help looks: 80 columns, flags in groups, one example per verb.
#pragma once
#include "proreg/run/options.h"

// A flag on the left; on the right its help and its default (NULL: none), folded.
void help_row(const char *flag, const char *help, const char *standard);
void help_example(const Verb *verb);          // "" for a verb of a test

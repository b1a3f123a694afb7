// help.h - how --help looks: 80 columns, flags in groups, one example per verb.
#pragma once
#include "proreg/run/options.h"

void help_verb(const Verb *verb);             // on stdout
const char *help_example(const Verb *verb);   // a command line; NULL: none

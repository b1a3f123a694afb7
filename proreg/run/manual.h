// manual.h - the man page and the completions that `make install` puts beside the program, read off
// the tables of verbs and flags.
#pragma once
#include "proreg/run/options.h"

// what: --man (a page for troff -man), --bash, --zsh (completions); on stdout. False: none of them.
bool manual_print(const Verb *verbs, const char *what);

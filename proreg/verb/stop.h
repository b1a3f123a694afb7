// stop.h - Ctrl-C and kill in the middle of long work: a signal asks, the loop of steps answers.
//
//     stop_watch(quiet);
//     while (more) {
//         TRY(step());
//         if (stop_asked()) return save_and_say_how_to_go_on();     // ERR_STOPPED
//     }
//
// SIGINT, SIGTERM and SIGHUP, unless the caller had them ignored (nohup). The first one only sets a
// flag and says so; from then on the next one ends the process at once, as if nobody watched. What
// ends so loses nothing that was saved before: files appear whole or not at all.
#pragma once
#include <stddef.h>

#include "tensor/base/err.h"

void stop_watch(bool quiet);                   // quiet: the first signal says nothing
int stop_asked(void);                          // the signal that came; 0: none
const char *stop_name(void);                   // "SIGINT"; "": none came

// Puts a word of a command line behind `text` (size), after a blank unless it is the first, and
// quoted where a shell would take it apart; cut where it does not fit.
void stop_word(char *text, size_t size, const char *word);

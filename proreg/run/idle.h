// idle.h - flags that do nothing as the others stand: --ra-m without RandAugment, --betas with sgd.
//
//     const IdleFlag *idle = NULL;
//     while ((idle = idle_next(o, idle)))
//         say(o, "note: --%s: without effect: it needs %s", idle->flag, idle->needs);
//
// Whether a flag acts is decided by the options as they are after recipe and method. A flag that is
// not listed here always acts, or its verb refuses it.
#pragma once
#include "proreg/run/options.h"

typedef struct {
    const char *flag;                            // without dashes
    unsigned verbs;                              // to which this row applies
    bool (*acts)(const Options *o);
    const char *needs;                           // what would make it act, for messages
} IdleFlag;

// The row of the next flag behind `last` (NULL: from the first on) that is idle; NULL: no more.
const IdleFlag *idle_next(const Options *o, const IdleFlag *last);

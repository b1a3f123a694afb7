// err.h - how every function below train.c reports failure.
//
// A function that can fail returns a Status. Where the failure is known, one line says what it was:
//
//     if (id > 3) return err_set(ERR_FORMAT, "jpeg: Huffman table %d is not one of 0..3", id);
//
// and every caller passes it on with TRY. Nothing is printed and nothing exits: only train.c speaks
// to the user. The message has the form `what: which: numbers`, lower case, no full stop. There is
// one message per thread; a worker copies its message to the thread that waits for it. It has room
// for two of the longest paths; what is longer still loses its middle, never the reason at its end.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "tensor/base/strict.h"

enum { ERR_MESSAGE = 2 * 4096 + 1024 };        // bytes of a message, its end included

typedef enum {
    OK = 0,
    ERR_MEMORY,       // an allocation was refused
    ERR_IO,           // a file is missing, not permitted, not what was meant; cannot be written
    ERR_MACHINE,      // a file cannot be read now: too many are open, the disk fails
    ERR_FORMAT,       // a file does not hold what its format asks for
    ERR_LIMIT,        // larger than the caller allows: memory was not asked for
    ERR_SHAPE,        // sizes that do not fit together
    ERR_UNSUPPORTED,  // valid, but not implemented
    ERR_USAGE,        // the command line is wrong (exit status 2; all others 1)
    ERR_DIVERGED,     // computing has led to a number that is not finite
    ERR_STOPPED,      // a signal asked for it (exit status 128 and its number)
} Status;

#if defined(__GNUC__)
#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define ERR_PRINTF(fmt, args)
#endif

Status err_set(Status status, const char *format, ...) ERR_PRINTF(2, 3);  // returns status
Status err_set_list(Status status, const char *format, va_list args) ERR_PRINTF(2, 0);
Status err_memory(const char *who);            // "who: out of memory"
Status err_prefix(Status status, const char *format, ...) ERR_PRINTF(2, 3);
                                               // puts "format: " before the current message
const char *err_msg(void);                     // the last message of this thread; never NULL
void err_copy(char *out, size_t size);         // of it, without its middle where size (32 at least)
                                               // is too little

// Did the machine fail, not the file? The same file may load later, or on another machine.
static inline bool err_of_machine(Status status)
{
    return status == ERR_MEMORY || status == ERR_MACHINE;
}

#define TRY(expr)                               \
    do {                                        \
        Status try_status_ = (expr);            \
        if (try_status_ != OK) return try_status_; \
    } while (0)

// err.c - one message per thread, cut at 1023 bytes.
#include "tensor/base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "tensor/base/shown.h"

static _Thread_local char message[1024];

Status err_set(Status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char next[sizeof message];                 // an argument may be the old message
    vsnprintf(next, sizeof next, format, args);
    va_end(args);
    shown_into(message, sizeof message, next); // one line, whatever a file name holds
    return status;
}

Status err_memory(const char *who)
{
    return err_set(ERR_MEMORY, "%s: out of memory", who);
}

Status err_prefix(Status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char prefix[sizeof message];
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return err_set(status, "%s: %s", prefix, message);
}

const char *err_msg(void)
{
    return message;
}

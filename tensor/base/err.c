// err.c - one message per thread; what is too long loses its middle.
#include "tensor/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/shown.h"

static _Thread_local char message[ERR_MESSAGE];

// Both ends of a text that is longer than the room: the reason stands last.
static void keep_ends(char *out, size_t size, const char *text)
{
    static const char gap[] = " ... ";
    size_t n = strlen(text), half = (size - sizeof gap) / 2;
    if (n < size) {
        memcpy(out, text, n + 1);
        return;
    }
    const char *tail = text + n - half;
    while ((*tail & 0xc0) == 0x80) tail++;     // not in the middle of a character
    size_t used = shown_into(out, half + 1, text);
    snprintf(out + used, size - used, "%s%s", gap, tail);
}

// One line, whatever a file name holds. Without memory for a long text its end is lost.
static void keep_line(const char *text)
{
    enum { LONGEST_ESCAPE = 4 };               // \xff
    const size_t room = LONGEST_ESCAPE * strlen(text) + 1;
    char *line = room > sizeof message ? malloc(room) : NULL;
    if (line) shown_into(line, room, text);
    if (line) keep_ends(message, sizeof message, line);
    else shown_into(message, sizeof message, text);
    free(line);
}

// format, then ": " and the old message if `before` it.
static void format_and_keep(bool before, const char *format, va_list args)
{
    char small[512], *text = small;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    size_t length = n > 0 ? (size_t)n : 0, room = length + 3 + (before ? strlen(message) : 0);
    if (room > sizeof small) text = malloc(room);
    if (text && text != small) vsnprintf(text, room, format, again);
    if (!text) {
        text = small;
        room = sizeof small;
        length = strlen(small);
    }
    if (before) snprintf(text + length, room - length, ": %s", message);
    keep_line(text);
    if (text != small) free(text);
    va_end(again);
}

Status err_set(Status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_and_keep(false, format, args);      // an argument may be the old message
    va_end(args);
    return status;
}

Status err_set_list(Status status, const char *format, va_list args)
{
    format_and_keep(false, format, args);
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
    format_and_keep(true, format, args);
    va_end(args);
    return status;
}

const char *err_msg(void)
{
    return message;
}

void err_copy(char *out, size_t size)
{
    keep_ends(out, size, message);
}

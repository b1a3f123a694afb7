// check_found.c - the kinds of findings, and the list of them.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/set/check_work.h"
#include "data/set/splits.h"

static const struct { const char *name; bool fatal; } kinds[CHECK_KINDS] = {
    [CHECK_UNUSABLE] = { "unusable", true },
    [CHECK_MISSING] = { "missing", true },
    [CHECK_UNREADABLE] = { "unreadable", true },
    [CHECK_TRUNCATED] = { "truncated", true },
    [CHECK_LABEL_RANGE] = { "label out of range", true },
    [CHECK_ONE_BASED] = { "labels start at 1", true },
    [CHECK_NO_LABEL_0] = { "no label 0", false },
    [CHECK_LABEL_MIXED] = { "label of two classes", false },
    [CHECK_EQUAL_PROMPTS] = { "equal prompts", true },
    [CHECK_CLASSES_DIFFER] = { "classes differ", false },
    [CHECK_UNTRAINED] = { "class without training pictures", false },
    [CHECK_SPLIT_NAME] = { "split by another name", false },
    [CHECK_LEAK] = { "in two splits", false },
    [CHECK_DOUBLED] = { "doubled", false },
    [CHECK_MISNAMED] = { "misnamed", false },
    [CHECK_CLASS_ORDER] = { "class order", false },
    [CHECK_CLASS_COUNT] = { "class count", false },
    [CHECK_STRAY] = { "stray", false },
    [CHECK_ORIENTATION] = { "orientation", false },
};

const char *check_kind(CheckKind kind)
{
    return kinds[kind].name;
}

bool check_fatal(CheckKind kind)
{
    return kinds[kind].fatal;
}

// ---- findings -----------------------------------------------------------------------------------

Status check_add(Look *w, CheckKind kind, const char *path, const char *format, ...)
{
    Check *c = w->check;
    char text[CHECK_TEXT];
    va_list args;
    if (kinds[kind].fatal) c->fatal++;
    c->found[kind]++;
    if (w->o->most && c->found[kind] > w->o->most) return OK;
    if (c->finding_n == w->room) {
        Finding *more = arena_take(w->arena, 2 * (size_t)(w->room + 64) * sizeof *more);
        if (!more) return err_memory("check");
        if (c->finding_n) memcpy(more, c->finding, (size_t)c->finding_n * sizeof *more);
        c->finding = more;
        w->room = 2 * (w->room + 64);
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    Finding f = { kind, arena_string(w->arena, path), arena_string(w->arena, text) };
    if (!f.path || !f.text) return err_memory("check");
    c->finding[c->finding_n++] = f;
    return OK;
}

bool check_room(const Look *w, CheckKind kind)
{
    return !w->o->most || w->check->found[kind] < w->o->most;
}

bool check_trained_split(const Look *w, const char *split)
{
    const char *asked = w->o->data.train_split;
    if (!asked || split_kind(asked) == SPLIT_TRAIN) return split_kind(split) == SPLIT_TRAIN;
    for (size_t n; ; asked += n + 1) {
        n = strcspn(asked, ",");
        if (strlen(split) == n && !strncasecmp(split, asked, n)) return true;
        if (!asked[n]) return false;
    }
}

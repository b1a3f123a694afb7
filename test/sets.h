// sets.h - sets of pictures to be opened: planted from patterns, told as text, or refused.
#pragma once
#include "test/folder.h"       // first: it asks for what POSIX offers

#include "data/set/dataset.h"
#include "test/test.h"

// Pictures at all of "a/{b,c}/d.ppm": braces once per level, as a shell has them.
static inline void plant(const Folder *f, const char *pattern)
{
    static int number;
    char name[256];
    const char *open = strchr(pattern, '{'), *close = strchr(pattern, '}');
    if (!open) {
        folder_picture(f, pattern, number++);
        return;
    }
    for (const char *at = open + 1; at < close; at += strcspn(at, ",}") + 1) {
        snprintf(name, sizeof name, "%.*s%.*s%s", (int)(open - pattern), pattern,
                 (int)strcspn(at, ",}"), at, close + 1);
        plant(f, name);
    }
}

// "path label domain; .." of a set.
static inline const char *told(const Dataset *d, const SampleSet *set)
{
    static char text[4000];
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < set->n && used < sizeof text - 200; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s%s%s", i ? "; " : "",
                                 set->sample[i].path, d->classes[set->sample[i].label].name,
                                 *d->domain[set->sample[i].domain] ? " " : "",
                                 d->domain[set->sample[i].domain]);
    return text;
}

#define CHECK_TOLD(d, set, want) \
    CHECK(!strcmp(told(d, set), want), "\n    got  %s\n    want %s", told(d, set), want)

static inline bool opens(Dataset *d, DatasetOptions o)
{
    return CHECK_OK(dataset_open(d, &o));
}

static inline void refuses(DatasetOptions o, Status status, const char *word)
{
    Dataset d;
    CHECK_STATUS(dataset_open(&d, &o), status, word);
    CHECK(!d.classes && !d.train.sample && !d.arena.block, "left something behind: %s", word);
    dataset_close(&d);
}

// captions.h - pictures with one caption each: a table `filepath<TAB>title` as open_clip reads it.
//
//     Captions c;
//     TRY(captions_open(&c, "world/captions.tsv", "train/"));
//     use(c.set.sample[i].path, c.text[c.set.sample[i].label]);    // picture i and its caption
//     captions_close(&c);
#pragma once
#include "data/set/dataset.h"

typedef struct {
    SampleSet set;             // paths relative to the table's folder; label: number of the caption
    const char **text;         // (count) the different captions
    int64_t count;
    Arena arena;
} Captions;

// The first line names the columns. Only pictures whose path begins with `prefix` are taken.
Status captions_open(Captions *c, const char *path, const char *prefix);
void captions_close(Captions *c);

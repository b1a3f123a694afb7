// captions.h - pictures with one caption each: a table as open_clip reads it, `filepath<TAB>title`.
//
//     Captions c;
//     TRY(captions_open(&c, "world/captions.tsv", &(CaptionOptions){ .prefix = "train/" }));
//     use(c.set.sample[i].path, c.text[c.set.sample[i].label]);    // picture i and its caption
//     captions_close(&c);
//
// The first line names the columns; two of them are read, in whatever order, and every line must
// have them all. Separators and quotes are those of csv.h.
#pragma once
#include "data/set/dataset.h"

typedef struct {
    SampleSet set;             // label: number of the caption
    const char **text;         // (count) the different captions
    int64_t count;
    int64_t outside;           // pictures whose path does not begin with the prefix: left out
    Arena arena;
} Captions;

// NULL and 0 are defaults.
typedef struct {
    const char *prefix;        // only pictures whose path begins so are taken
    char sep;                  // between columns: a tab
    const char *image_key, *caption_key;       // columns: filepath, title
    bool captions_only;        // the column of paths may be missing; paths are captions then
} CaptionOptions;

// A missing column, another number of fields, an empty path or caption are errors that name the
// line.
Status captions_open(Captions *c, const char *path, const CaptionOptions *options);
Status captions_parse(Captions *c, const uint8_t *data, size_t bytes, const CaptionOptions *o);
void captions_close(Captions *c);

// check.h - checks a whole data set before a run uses it: every file, every label.
//
//     Check c;
//     TRY(check_data(&c, &(CheckOptions){ .data = { .root = "data/PACS" }, .classes = 7 }));
//     for (int64_t i = 0; i < c.count_n; i++) print(c.count[i].split, .., c.count[i].n);
//     for (int64_t i = 0; i < c.finding_n; i++) print(check_kind(c.finding[i].kind), ..);
//     bool trains = c.fatal == 0;
//     check_close(&c);
//
// Without lists all pictures of all splits and domains are checked, with lists the listed ones.
// What is wrong with the data is a finding; a Status that is not OK means that the check itself
// failed.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "data/set/dataset.h"
#include "tensor/base/arena.h"
#include "tensor/base/err.h"

typedef enum {
    CHECK_UNUSABLE,            // a run would be refused with this message
    CHECK_MISSING,             // a list names a file that is not there
    CHECK_UNREADABLE,          // the decoder refuses it
    CHECK_TRUNCATED,           // the same, and the file ends too early
    CHECK_LABEL_RANGE,         // a label that no class has
    CHECK_ONE_BASED,           // labels 1..K read as 0-based, which no run does
    CHECK_NO_LABEL_0,          // labels from 1 on, and a run takes them as counted from 0
    CHECK_LABEL_MIXED,         // one label, two class folders
    CHECK_EQUAL_PROMPTS,       // two classes that a tokenizer cannot tell apart
    CHECK_CLASSES_DIFFER,      // domains have different class folders
    CHECK_UNTRAINED,           // a class that the training split has not
    CHECK_SPLIT_NAME,          // a folder that may be a split by another name
    CHECK_LEAK,                // the same content in two splits
    CHECK_DOUBLED,             // the same content twice in a split
    CHECK_MISNAMED,            // the content is another format than the suffix says
    CHECK_CLASS_ORDER,         // numbers follow another order than the folders
    CHECK_CLASS_COUNT,         // not as many classes as the recipe has
    CHECK_STRAY,               // does not fit the layout
    CHECK_ORIENTATION,         // EXIF says that it should be turned; CLIP ignores it, as we do
    CHECK_KINDS,
} CheckKind;

typedef struct {
    CheckKind kind;
    const char *path;          // the file, list or domain it is about; may be ""
    const char *text;          // what there is to say
} Finding;

typedef struct {
    const char *split, *domain, *class_name;   // "" where there is none
    int64_t n;                                 // 0: an empty class folder
} CheckCount;

typedef struct {
    const char *split, *trained;   // one to evaluate on, the one to train on; or lists
    int64_t n, also;               // its pictures; of these whose content is trained on too
} CheckShare;

typedef struct {
    Finding *finding;          // (finding_n) by kind; of each kind the first `most`
    int64_t finding_n;
    int64_t found[CHECK_KINDS];                // how many there are of each kind
    int64_t fatal;             // how many of them would keep a run from training
    CheckCount *count;         // (count_n)
    int64_t count_n, pictures;
    CheckShare *share;         // (share_n) in byte order of the splits
    int64_t share_n;
    Arena arena;
} Check;

typedef struct {
    DatasetOptions data;
    int classes;               // how many there should be; 0: any number
    int64_t most;              // findings to keep per kind; 0: all
    int64_t max_pixels;        // of a picture that is read; 0: IMAGE_MAX_PIXELS
    void (*progress)(void *arg, int64_t done, int64_t total);   // may be NULL
    void *arg;
} CheckOptions;

Status check_data(Check *check, const CheckOptions *options);    // on failure *check is empty
void check_close(Check *check);
const char *check_kind(CheckKind kind);        // "missing", "unreadable", ..
bool check_fatal(CheckKind kind);

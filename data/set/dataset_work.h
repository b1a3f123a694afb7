// dataset_work.h - what dataset.c, sides.c, picks.c, classes.c, labels.c, holdout.c and names.c
// share while a dataset is opened; check.c uses its names.
//
// Each side (training, evaluation) becomes a table of entries, whether it comes from the tree
// (picks.c) or from lists (sides.c). The classes are made from one side's entries, then ordered or
// renamed by a file, then matched with a run's (classes.c); then every entry gets its label
// (dataset.c), and pictures to validate on leave the training set (holdout.c).
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "data/set/copies.h"
#include "data/set/dataset.h"
#include "data/set/tree.h"
#include "tensor/base/name.h"

enum { CLASSES_MOST = 1 << 20, LABELS_MOST = 1 << 15 /* of lists */, NAMES_TEXT = 240 };

typedef struct {
    const char *path, *split, *domain;
    const char *folder;        // the class by name: a folder, or a list's word; NULL: number alone
    int32_t number;            // the class by number, from 0; -1: folder alone
    int64_t line;              // of its list, from 1
    const char *list;          // NULL: from the tree
    const char *lies_in;       // its folder where that does not name the class (numbers alone do)
} Entry;

typedef struct {
    Entry *entry;              // (n)
    int64_t n;
    const char *split;
    const TreeFile **empty;    // (empties) folders of its classes that hold no pictures
    int64_t empties;
    bool numeric;              // a list's labels are numbers
    int32_t least, most;       // of all numbers of its lists, as counted from 0
    const char *odd_list, *odd_folder;     // where they first disagree with the folders; or NULL
    int64_t odd_line;
} Side;

// Splits and domains of the tree; no domain: all of them.
typedef struct {
    const char **split, **domain;
    int64_t splits, domains;
    bool held;                 // names the split of held-out pictures besides
} Pick;

typedef struct {
    const DatasetOptions *o;
    Dataset *d;
    Arena *arena;              // the dataset's
    Tree tree;
    bool has_tree;
    bool trained;              // the training side is what a run trains on, or has been
    Pick trains, evals;        // of the tree. trains: one split or none; evals: none, if not named
    Side train, eval;          // the training side is read for its classes even if it is not wanted
    ClassName *first;          // (firsts) classes before they are matched with `known`
    int firsts;
    NameIndex by_folder, by_name;              // of first
    const char **numbered;     // (numbereds) the folder of each number, or NULL, in the lists that
    int numbereds;             // the classes are made from
    bool names_numbered;       // the file of names has a number on each line, the least of which
    int32_t names_from;        // is 0 or 1
    int32_t *final;            // (firsts) -> index in d->classes; -1: not one of them
    PictureFile *file;         // (files) training set, set that is evaluated, others trained on
    int64_t files, seens;      // of these the last `seens` are the others
} Work;

Status sides_read(Work *w);                            // root, tree, train, eval
bool side_from_one(const Work *w, const Side *side);   // its labels begin at 1 instead of 0
Status tree_picks(Work *w);                            // trains, evals
Status tree_training_side(Work *w);
Status tree_evaluation_side(Work *w);
Status hold_out(Work *w);                              // moves samples of d->train to d->eval
Status classes_make(Work *w, const Side *base);        // first, final, d->classes
bool classes_numbers_only(const Work *w);              // no class has a folder of its own
int64_t classes_find(const Work *w, const char *folder);       // index in first; -1: none
bool labels_count(const Entry *e, bool numbers_only);  // its number says the class, no folder does
#define ONE_BASED ": is the list 1-based (--label-base 1)"
Status labels_check(const Work *w, const Side *side);  // the file of names counts as its lists do
Status labels_tell(Work *w);                           // d->label_note, d->order_note
bool dataset_wants(const DatasetOptions *o, int side);
bool dataset_holds_out(const Work *w);

// Sorts names and drops repeated ones. Returns how many are left.
int64_t names_unique(const char **name, int64_t n);
// "a,b" -> names in the arena. NULL: none. ERR_USAGE: an empty one.
Status names_split(const char ***name, int64_t *n, Arena *arena, const char *text);
bool names_have(const char *const *name, int64_t n, const char *wanted);
// The error that there is no such name, with the nearest and all that there are. kind: "split", ..
Status names_missing(const char *where, const char *kind, const char *wrong,
                     const char *const *name, int64_t n);
// "a, b, c", cut off where it gets too long.
const char *names_joined(char text[NAMES_TEXT], const char *const *name, int64_t n);
// The name of the folder `up` levels above a file, 1 being the one it lies in; NULL: there is none.
const char *folder_above(Arena *arena, const char *path, int up);
// The folder of a list, with its slash; "" for the current one.
Status list_folder(const char **folder, Arena *arena, const char *lists);
// The domain of a listed path, DOMAIN/CLASS/FILE or DOMAIN/SPLIT/CLASS/FILE; "": it has none.
const char *domain_of(Arena *arena, const DatasetOptions *o, const char *path);

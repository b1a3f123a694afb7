// dataset.h - labelled pictures: which files, which classes, which split.
//
//     DatasetOptions o = { .root = "data/BAR", .train_split = "train", .eval_split = "test" };
//     Dataset d;
//     TRY(dataset_open(&d, &o));
//     for (int64_t i = 0; i < d.train.n; i++) use(d.train.sample[i].path, d.train.sample[i].label);
//     dataset_close(&d);
//
// Layouts, found by looking at the folders:
//
//     ROOT/CLASS/FILE                ROOT/SPLIT/CLASS/FILE
//     ROOT/DOMAIN/CLASS/FILE         ROOT/DOMAIN/SPLIT/CLASS/FILE
//
// or list files of `path label` and `path<TAB>class` lines (lists.h). A folder is a split if it is
// called so (splits.h: train, val, test and their other spellings) or as an option says. Files are
// those with the suffix of a picture format; their content is not read here. Pictures are in byte
// order of their relative paths; those of list files in the order of their lines.
//
// Classes are the folders of the training set in byte order of their names, and labels index them.
// A number in a list is a label, and the folder that holds its pictures is its class's name. A file
// of class names sets their order, if its lines are the folders (classnames.h), or renames folder i
// to line i, if no line is a folder and `rename` says so; a mixture is an error. The class names of
// a run (`known`) replace all of these, matched by name: `_` equals a blank, composed (NFC) or not.
// A number alone that would be another class by a list's folders than by the file is an error; so
// are numbers in the file that count from another one than label_base.
// A folder without pictures where classes lie, in any split and domain, is a class like these.
// Where nothing is trained and no class is known, so are the folders of what is evaluated.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"
#include "tensor/base/file.h"

typedef struct {
    const char *path;          // relative to the root
    int32_t label;             // of 0..class_count-1
    int32_t domain;            // of 0..domain_count-1
    int32_t split;             // of 0..split_count-1, in the set that is evaluated; else 0
    int32_t content;           // equal for pictures that are the same (copies.h), of both sets
    bool trained;              // is evaluated, and trained on under this name or another
} Sample;

typedef struct {
    Sample *sample;            // (n)
    int64_t n;
    const char *split;         // "train", "test, val"; "" without splits; "list" for lists
} SampleSet;

typedef struct {
    const char *name;          // what results and runs call it
    const char *folder;        // where its pictures lie; NULL: in none of its own
    const char *prompt;        // the name with `_` made blank
    bool numbered;             // a file gives the name twice: other names, one prompt
} ClassName;

typedef struct {
    const char *root;          // sample paths are relative to it (dataset_path)
    SampleSet train, eval;     // empty if not asked for
    ClassName *classes;        // (class_count)
    const char **domain;       // (domain_count) one domain called "" where there are none
    int class_count, domain_count;
    // Of the set that is evaluated:
    const char **split;        // (split_count) those to choose by first, then in byte order
    int split_count;
    int64_t *trained_on;       // (split_count,domain_count) pictures that are also trained on
    int64_t *fresh;            // likewise: those that are not
    bool *chosen_by;           // (split_count,domain_count) pictures of the training domains that
                               // are there for validation: `best` may be chosen on them, but for
                               // those that are trained on
    int64_t two_labels;        // pictures that stand in one set under two labels
    const char *two_label;     // the first of them
    int64_t strays;            // pictures that do not fit the layout, left out
    const char *stray;         // the first of them
    int64_t nowheres;          // links to nowhere among the folders: an error without skip_bad
    const char *nowhere;       // the first of them
    int64_t others;            // folders without pictures, but with other files: no classes
    const char *other;         // the first of them
    int64_t deeps;             // folders that lie too deep to be read (TREE_DEPTH)
    const char *deep;          // the first of them
    int64_t loops;             // links back to a folder above them, passed over
    const char *loop;          // the first of them
    int64_t empties;           // class folders without pictures, of any split and domain
    const char *empty;         // the first of them
    int64_t alones;            // without training: classes of the evaluated pictures alone
    const char *alone;         // the first of them
    bool renamed;              // a file of names renamed the folders by order
    const char *class_note, *equal_note;   // what must be told about the classes; NULL: nothing
    const char *label_note;    // a list's labels run from 1, and 0 is the first; NULL: none does
    const char *order_note;    // labels count in another order than the known classes; NULL
    bool skip_bad;             // as the options say
    const char *note;          // what the user must be told about the eval split; NULL: nothing
    Arena arena;               // all of the above
} Dataset;

// What to open; 0: both. DATASET_SEEN, with DATASET_EVAL: the training side is what a run has been
// trained on, so that it is not evaluated on where no split is named.
enum { DATASET_TRAIN = 1, DATASET_EVAL = 2, DATASET_SEEN = 4 };

#define HELD_OUT "held-out"    // the split of pictures that val_fraction takes out of training

// NULL and 0 are defaults for everything but root.
typedef struct {
    const char *root;          // may be NULL with lists: then paths are relative to their folder
    int sides;                 // DATASET_TRAIN, DATASET_EVAL or both
    const char *train_split;   // NULL: that of training, if there is one
    const char *eval_split;    // "val,test"; NULL: every split and domain that is not trained on,
                               // else the training side; note tells
    const char *train_domains, *eval_domains;          // "a,b", `_` or blank; NULL: all
    bool validation;           // evaluate the split of validation too, whatever is named
    double val_fraction;       // of the training pictures of each class and domain: held out, drawn
    uint64_t seed;             // by this seed; copies of a held-out picture with it. 0: none
    const char *const *seen;   // (seens) files that are trained on besides the training set; with
    int64_t seens;             // DATASET_SEEN instead of the training side. NULL: not known
    bool as_before;            // of data without splits everything is evaluated where no domain is
                               // named, as by programs before `validation`
    const char *train_list, *eval_list;                // files, "a.txt,b.txt"; NULL: folders
    int label_base;            // 0 or 1: the first label in the lists
    bool skip_bad;             // pictures that cannot be found may be among them
    const char *classnames;    // a file with one class per line (classnames.h)
    bool rename;               // line i may rename folder i, if no line is a folder
    bool equal_prompts;        // two classes may have the same prompt
    bool by_letters;           // sort folders by letters and digits, ignoring case (DomainNet)
    const char *const *known;  // class names of a run, in label order, matched by name
    int known_count;
} DatasetOptions;

// On failure *d is empty. A misspelt split, domain or class is an error that names the nearest one.
Status dataset_open(Dataset *d, const DatasetOptions *options);
void dataset_close(Dataset *d);

// A class's name as prompts say it: with a blank for each `_`. In the arena; NULL: no memory.
const char *class_prompt(Arena *arena, const char *name);

// Does domain k have pictures on both sides, those for validation not counted?
bool dataset_seen(const Dataset *d, int k);

// SHA-256 of the lines `path<TAB>size<TAB>label` of both sets, sorted, without repeated ones. A
// file that is not there is an error, or with skip_bad of size -1.
Status dataset_hash(const Dataset *d, char hex[65]);
Status dataset_hash_train(const Dataset *d, char hex[65]);         // of the training set alone

// SHA-256 of the training pictures' paths as they follow each other, each with its byte 0: an
// epoch's permutation is one of this order.
void dataset_hash_order(const Dataset *d, char hex[65]);

// The path of a sample's file: below the root, unless the sample's path begins with a slash.
Status dataset_path(char out[FILE_PATH], const char *root, const char *path);

// check_work.h - what check.c, check_found.c, check_classes.c and check_files.c share.
#pragma once
#include "data/set/check.h"
#include "data/set/dataset_work.h"

enum { CHECK_TEXT = ERR_MESSAGE }; // bytes of a finding

// A picture of any split, and what reading it showed.
typedef struct {
    const char *path, *split, *domain, *class_name;
    int32_t number;                            // a list's label as it stands there; -1
    int64_t line;                              // of a list; 0: from the tree
    bool eval;                                 // of an evaluation list
    Status status;
    CheckKind kind;                            // of what is wrong with it
    char *message;                             // malloc; NULL: sound
    char hash[65];                             // "" where it could not be read
    int orientation;                           // EXIF's
} Item;

typedef struct {
    const CheckOptions *o;
    Check *check;
    Arena *arena;
    const char *root;
    bool unread;                               // the folder or a list could not be read
    bool opens;                                // a run would take it
    Item *item;                                // (n)
    int64_t n;
    const TreeFile *empty;                     // (empties) class folders without pictures
    int64_t empties;
    int64_t from;                              // of the chunk being read
    int64_t room;                              // for findings
} Look;

// Adds a finding, and counts it; of each kind the first `most` are kept.
Status check_add(Look *w, CheckKind kind, const char *path, const char *format, ...)
    ERR_PRINTF(4, 5);
bool check_room(const Look *w, CheckKind kind);            // would the next of this kind be kept?
bool check_trained_split(const Look *w, const char *split);

// check_classes.c: labels of lists, classes and splits by their names, what an open data set tells.
Status check_labels(Look *w);
Status check_classes(Look *w);
Status check_untrained(Look *w);
Status check_split_names(Look *w);
Status check_opened(Look *w, const Dataset *d);

// check_files.c: what is in the files, and which are the same.
Status check_files(Look *w);
Status check_doubles(Look *w);

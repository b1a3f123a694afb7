// splits.h - names of splits: which folders hold training, validation and test pictures.
//
//     train, training              val, valid, validation, dev, crossval              test, testing
//
// in any letter case, and what a flag names beside them. A folder that is called so is a split and
// never a domain.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum { SPLIT_NONE, SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST } SplitKind;

// What we call the folders that we write.
#define SPLIT_TRAIN_NAME "train"
#define SPLIT_VAL_NAME "val"
#define SPLIT_TEST_NAME "test"

SplitKind split_kind(const char *name);        // SPLIT_NONE: no split, as far as its name tells

// Is it a split by its name, or one of those that flags name? extra: their values, each a name or
// several separated by commas; NULL entries are passed over.
bool split_called(const char *name, const char *const *extra, int extras);

// The index of the split that is meant by `wanted`: the same bytes, else the only one that is equal
// in another letter case, else the only one of the same kind. -1: there is none; SPLIT_SEVERAL.
enum { SPLIT_SEVERAL = -2 };
int64_t split_find(const char *wanted, const char *const *name, int64_t n);
// The only split of a kind, likewise.
int64_t split_find_kind(SplitKind kind, const char *const *name, int64_t n);

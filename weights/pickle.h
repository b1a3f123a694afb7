// pickle.h - reads Python's pickle (protocols 2 to 5) as plain data. Nothing is imported or called:
// a tensor, a storage, a module are kinds of values here, and whatever else a pickle would make
// (numpy's numbers, paths, sets, a Namespace) is a PICKLE_OTHER that holds its name alone.
//
// At most 4 million values; they may be shared and may contain themselves, so code that walks them
// must bound its steps.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/arena.h"
#include "tensor/base/err.h"
#include "weights/weights.h"

typedef enum {
    PICKLE_NONE, PICKLE_BOOL, PICKLE_INT, PICKLE_FLOAT, PICKLE_STRING, PICKLE_TUPLE, PICKLE_LIST,
    PICKLE_DICT,         // also collections.OrderedDict and defaultdict
    PICKLE_NAME,         // of a class or function
    PICKLE_OBJECT,       // of a class __torch__.*: its class and attributes
    PICKLE_STORAGE,      // a member of the zip
    PICKLE_TENSOR,       // a view of a storage
    PICKLE_OTHER,        // what is not read
    PICKLE_MARK,         // on the machine's stack only
} PickleType;

typedef struct Pickle Pickle;
struct Pickle {
    PickleType type;
    union {
        int64_t integer;                                   // BOOL, INT
        double number;
        const char *text;                                  // STRING
        struct { const char *module, *name; };             // NAME, OTHER; module NULL: a plain type
        struct { Pickle **item; int64_t count, room; };    // TUPLE, LIST; DICT: key, value, key, ..
        struct { const char *class; const Pickle *attributes; };     // attributes: a DICT, or NULL
        struct { const char *member; int64_t elements; WeightsDtype dtype; };
        struct { const Pickle *storage, *dim, *stride; int64_t offset; };   // offset in elements
    };
};

Status pickle_read(const Pickle **root, Arena *arena, const uint8_t *data, size_t bytes,
                   const char *file);
const Pickle *pickle_get(const Pickle *dict, const char *key);   // NULL: no such key, or no dict

// world.h - a drawn world: one shape of one colour in front of one context, with captions. Small
// enough to be learned within minutes, rich enough to be biased: a class may come with its context.
//
//     WorldScene scene;
//     Rng rng = rng_at(seed, 0, index, RNG_WORLD);
//     world_draw(&scene, &world_clean, shape, context, &rng);     // what is where
//     TRY(world_paint(&image, &scene, &rng));                     // WORLD_SIZE x WORLD_SIZE pixels
//     world_caption(text, &scene, rng_below(&rng, WORLD_CAPTIONS));
//
// A picture follows from (seed, index) alone, to the same bytes everywhere. Coordinates run from -1
// to 1, y downwards. The formulas stand in world.c.
#pragma once
#include <stdbool.h>

#include "data/image/image.h"
#include "tensor/base/rng.h"

enum {
    WORLD_SIZE = 40,                     // pixels per side
    WORLD_SHAPES = 8, WORLD_COLOURS = 6,
    WORLD_CONTEXTS = 13, WORLD_PLAIN = 12,   // the last context is one plain colour
    WORLD_CAPTIONS = 6, WORLD_TEXT = 96,
};

extern const char *const world_shape[WORLD_SHAPES];
extern const char *const world_colour[WORLD_COLOURS];
extern const char *const world_context[WORLD_CONTEXTS];

// How pictures are drawn; each range is drawn from uniformly.
typedef struct {
    double radius[2], opacity[2], noise[2];  // of the shape; standard deviation per channel
    double centre, turn;                 // +- this far from the middle; +- radians
    double outline;                      // share of pictures whose shape is a line
    double contrast;                     // 1: as it is; less: faded towards gray
} WorldStyle;

extern const WorldStyle world_simple;    // filled, opaque: the first stage of pretraining
extern const WorldStyle world_clean;     // what the pretrained model has seen
extern const WorldStyle world_faded;     // what it has not: a quarter of the contrast

typedef struct {
    int shape, colour, context;
    bool outline;
    double radius, x, y, turn, opacity, noise, contrast;
} WorldScene;

void world_draw(WorldScene *scene, const WorldStyle *style, int shape, int context, Rng *rng);
Status world_paint(Image *image, const WorldScene *scene, Rng *rng);
void world_caption(char text[WORLD_TEXT], const WorldScene *scene, int template);

// ---- folders ------------------------------------------------------------------------------------

// DIR/SPLIT/SHAPE/NUMBER_CONTEXT.png and DIR/captions.tsv (filepath, title). n training pictures in
// split `train`, n / 50 in `val`; a quarter of them before a plain colour, the others before any of
// the twelve other contexts.
Status world_write_captioned(const char *dir, uint64_t seed, int64_t n);

// The same folders in the simple style, before plain colours alone, with captions that name no
// context. Without such a first stage a model learns contexts and colours, and for a long time no
// shapes.
Status world_write_simple(const char *dir, uint64_t seed, int64_t n);

// DIR/DOMAIN/SPLIT/SHAPE/NUMBER_CONTEXT.png: a task with a contextual bias. Class i belongs to
// context i: in domain `usual`, a picture has it with probability `pairing`, else one of the other
// seven. `usual` has the splits train (n) and test; `swapped` (test) always has another class's
// context; `new` (test) one of the four contexts that belong to no class. Three quarters of all
// pictures are faded.
typedef struct {
    int64_t n, n_test;                   // pictures of train; of each test split
    double pairing;
} WorldTask;
Status world_write_task(const char *dir, uint64_t seed, const WorldTask *task);

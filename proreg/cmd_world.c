// cmd_world.c - `data world`: draws the small world as a folder of pictures with captions.
#include <stdio.h>
#include <string.h>

#include "data/world.h"
#include "proreg/cmd.h"

static const char *const written[] = { "captions.tsv", "train", "val", "usual", "swapped", "new" };

Status cmd_world(Options *o)
{
    const Backend *be;
    bool task = strcmp(o->kind, "task") == 0, simple = strcmp(o->kind, "simple") == 0;
    if (!o->out) return err_set(ERR_USAGE, "data world: needs --out DIR");
    TRY(setup_folder(o, written, sizeof written / sizeof written[0]));
    TRY(setup_machine(o, &be));
    const WorldTask t = { o->n, o->n_test, o->pairing };
    Status status = task ? world_write_task(o->out, (uint64_t)o->seed, &t)
                  : simple ? world_write_simple(o->out, (uint64_t)o->seed, o->n)
                           : world_write_captioned(o->out, (uint64_t)o->seed, o->n);
    if (status == OK) say(o, "data world: %s", o->out);
    return status;
}

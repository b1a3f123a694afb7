// a_run.h - the runs that test_run and test_files look at, each trained once.
#pragma once
#include "test/program.h"

#define TRAIN "train --model $M --data $W/set --eval-split test -q --batch 10 --lr 1e-3 "

// Is there a file or a folder of this name?
static inline bool there(const char *name)
{
    char path[FILE_PATH];
    path_join(path, world.path, name);
    return file_exists(path) || folder_exists(path);
}

// $W/run: 8 steps, evaluated after 0, 4 and 8.
static inline void a_run(void)
{
    if (!there("run"))
        CHECK(proreg(TRAIN "--epochs 2 --keep 1 --save-every 3 --out $W/run") == 0, "%s",
              program_stderr());
}

// The same as $W/torn, stopped after 4 steps.
static inline void a_half(void)
{
    a_run();
    if (!there("torn"))
        CHECK(proreg(TRAIN "--epochs 2 --max-steps 4 --out $W/torn") == 0, "%s", program_stderr());
}

// export.c - `export`: a run's checkpoint as a Hugging Face folder of its own.
//
// A checkpoint is such a folder already; what only training needs is not copied.
#include <string.h>

#include "proreg/verb/ask.h"
#include "proreg/verb/place.h"
#include "proreg/verb/verbs.h"

// All files but those of training: a list of what a model may need would miss some.
static Status copy_files(const char *to, const char *from)
{
    static const char *const training[] = { "optimizer.safetensors", "state.json" };
    DIR *dir;
    Status status = OK;
    TRY(folder_list(&dir, from));
    while (status == OK) {
        char source[FILE_PATH], target[FILE_PATH];
        const char *name;
        bool file = false;
        status = folder_next(&name, dir, from);
        if (status != OK || !name) break;
        if (!strcmp(name, training[0]) || !strcmp(name, training[1])) continue;
        status = path_join(source, from, name);
        if (status == OK) status = path_join(target, to, name);
        if (status == OK) status = file_there(&file, source);
        if (file) status = file_copy(source, target);
    }
    closedir(dir);
    return status;
}

// A damaged checkpoint is not exported.
static Status check_whole(const char *checkpoint)
{
    static const char *const files[] = { "config.json", "preprocessor_config.json",
                                         "model.safetensors", "classifier.safetensors",
                                         "classes.txt" };
    char path[FILE_PATH];
    for (int i = 0; i < 5; i++) {
        bool there;
        TRY(file_beside(&there, path, checkpoint, files[i]));
        if (!there) return err_set(ERR_IO, "export: %s: no such file", path);
    }
    return OK;
}

Status verb_export(Options *o)
{
    char checkpoint[FILE_PATH], temp[FILE_PATH];
    if (!o->run || !o->output) return err_set(ERR_USAGE, "export: needs --run DIR and -o DIR");
    TRY(setup_run_folder(o));
    TRY(run_checkpoint(checkpoint, o->run, o->checkpoint));
    TRY(check_whole(checkpoint));
    TRY(place_check(o, "output", o->output, &place_copy, PLACE_NEW));
    TRY(folder_begin(temp, o->output));
    Status status = copy_files(temp, checkpoint);
    if (status == OK) status = folder_commit(temp, o->output);
    if (status != OK) folder_discard(temp);
    return status;
}

// export.c - `export`: a run's checkpoint as a Hugging Face folder of its own.
//
// A checkpoint is such a folder already; what only training needs is not copied.
#include "proreg/verb/ask.h"
#include "proreg/verb/verbs.h"

static Status copy_files(const char *to, const char *from)
{
    static const char *const files[] = {       // the first five must be there
        "config.json", "preprocessor_config.json", "model.safetensors", "classifier.safetensors",
        "classes.txt", "vocab.json", "merges.txt", "tokenizer_config.json",
        "special_tokens_map.json",
    };
    char source[FILE_PATH], target[FILE_PATH];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TRY(path_join(source, from, files[i]));
        TRY(path_join(target, to, files[i]));
        if (i < 5 || file_exists(source)) TRY(file_copy(source, target));
    }
    return OK;
}

Status verb_export(Options *o)
{
    char checkpoint[FILE_PATH], temp[FILE_PATH];
    if (!o->run || !o->output) return err_set(ERR_USAGE, "export: needs --run DIR and -o DIR");
    TRY(run_checkpoint(checkpoint, o->run, o->checkpoint));
    if (file_exists(o->output) || folder_exists(o->output))
        return err_set(ERR_IO, "export: %s: is there already", o->output);
    TRY(folder_begin(temp, o->output));
    Status status = copy_files(temp, checkpoint);
    if (status == OK) status = folder_commit(temp, o->output);
    if (status != OK) folder_discard(temp);
    return status;
}

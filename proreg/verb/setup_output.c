// setup_output.c - checks where a verb may write, before any work is done.
#include "proreg/verb/setup.h"

#include <stdio.h>
#include <string.h>

#include "proreg/verb/place.h"

bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcmp(path + n - m, suffix);
}

static Status is_read(const char *path)
{
    return err_set(ERR_USAGE, "output: %s: is read by this command: another name", path);
}

static Status spare_listed(const char *path, const char *lists)
{
    for (const char *s = lists, *end; s; s = *end ? end + 1 : NULL) {
        char name[FILE_PATH];
        bool same;
        end = s + strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)(end - s), s);
        TRY(file_same(&same, path, name));
        if (same) return is_read(path);
    }
    return OK;
}

// Weights, configuration, logs: what a verb may write beside them is a table or an array.
static Status spare_folder(const char *path, const char *folder)
{
    char name[FILE_PATH];
    bool there, same;
    TRY(file_there(&there, path));
    if (!folder || !there) return OK;
    if (ends_with(path, ".csv") || ends_with(path, ".npy") || ends_with(path, ".ppm")) return OK;
    TRY(path_join(name, folder, path_name(path)));
    TRY(file_same(&same, path, name));
    if (!same) return OK;
    return err_set(ERR_USAGE, "output: %s: is a file of %s: another name", path, folder);
}

// A file of the command line that another of it would replace.
static Status spare_inputs(const Options *o, const char *path)
{
    const char *const inputs[] = { o->model, o->images, o->texts, o->train, o->merges, o->captions,
                                   o->classnames, o->templates_file };
    for (int i = 0; i < (int)(sizeof inputs / sizeof inputs[0]) + o->args_count; i++) {
        int k = i - (int)(sizeof inputs / sizeof inputs[0]);
        const char *input = k < 0 ? inputs[i] : o->args[k];
        bool same = false;
        if (input) TRY(file_same(&same, path, input));
        if (same) return is_read(path);
    }
    TRY(spare_listed(path, o->train_list));
    TRY(spare_listed(path, o->eval_list));
    TRY(spare_folder(path, o->model));
    return spare_folder(path, o->run);
}

// Pictures, lists, weights, whatever else lies there: only what begins like this output goes.
static Status spare_stranger(const char *path, OutputKind kind)
{
    static const struct { size_t at; const char *mark; } begins[] = {
        [OUTPUT_NPY] = { 0, "\x93NUMPY" }, [OUTPUT_PPM] = { 0, "P6" },
        [OUTPUT_VECTORS] = { 8, "{\"__metadata__\": {\"names\":" },       // of safetensors
        [OUTPUT_PREDICTIONS] = { 0, PREDICTIONS_HEAD }, [OUTPUT_MERGES] = { 0, "#version" },
        [OUTPUT_NAMES] = { 0, "" },
    };
    size_t at = begins[kind].at, n = strlen(begins[kind].mark);
    FileMap map;
    bool there;
    TRY(file_there(&there, path));
    if (!there) return OK;
    TRY(file_map(&map, path));
    bool ours = map.size == 0 ||
                (map.size >= at + n && memcmp(map.data + at, begins[kind].mark, n) == 0);
    file_unmap(&map);
    if (ours) return OK;
    return err_set(ERR_IO, "output: %s: is there and holds something else: another name", path);
}

Status setup_output(const Options *o, const char *path, OutputKind kind)
{
    char folder[FILE_PATH];
    int n = (int)(path_name(path) - path);
    bool there;
    TRY(folder_there(&there, path));
    if (there) return err_set(ERR_IO, "output: %s: is a folder", path);
    if (n >= FILE_PATH) return err_set(ERR_IO, "output: path too long: %.200s...", path);
    snprintf(folder, sizeof folder, "%.*s", n ? n : 1, n ? path : ".");
    TRY(folder_there(&there, folder));
    if (!there)
        return err_set(ERR_IO, "output: %s: no folder to write it in", path);
    TRY(spare_inputs(o, path));
    TRY(place_outside("output", path));
    TRY(spare_stranger(path, kind));
    folder_sweep(folder);
    return folder_writable(folder);
}

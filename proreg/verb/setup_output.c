// setup_output.c - checks where a verb may write, before any work is done.
#include "proreg/verb/setup.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

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
        end = s + strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)(end - s), s);
        if (file_same(path, name)) return is_read(path);
    }
    return OK;
}

// Weights, configuration, logs: what a verb may write beside them is a table or an array.
static Status spare_folder(const char *path, const char *folder)
{
    char name[FILE_PATH];
    if (!folder || !file_exists(path)) return OK;
    if (ends_with(path, ".csv") || ends_with(path, ".npy") || ends_with(path, ".ppm")) return OK;
    TRY(path_join(name, folder, path_name(path)));
    if (!file_same(path, name)) return OK;
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
        if (input && file_same(path, input)) return is_read(path);
    }
    TRY(spare_listed(path, o->train_list));
    TRY(spare_listed(path, o->eval_list));
    TRY(spare_folder(path, o->model));
    return spare_folder(path, o->run);
}

Status setup_output(const Options *o, const char *path)
{
    char folder[FILE_PATH];
    int n = (int)(path_name(path) - path);
    if (folder_exists(path)) return err_set(ERR_IO, "output: %s: is a folder", path);
    if (n >= FILE_PATH) return err_set(ERR_IO, "output: path too long: %.200s...", path);
    snprintf(folder, sizeof folder, "%.*s", n ? n : 1, n ? path : ".");
    if (!folder_exists(folder))
        return err_set(ERR_IO, "output: %s: no folder to write it in", path);
    TRY(spare_inputs(o, path));
    return folder_writable(folder);
}

static bool among(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

// Fails if the folder contains any other name, or lacks names[0] without being empty.
static Status holds_only(const char *folder, const char *const *names, int n)
{
    char stranger[256] = "";
    bool marked = false, empty = true;
    DIR *dir = opendir(folder);
    if (!dir) return err_set(ERR_IO, "out: %s: cannot be read", folder);
    for (struct dirent *e; (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        empty = false;
        marked |= strcmp(e->d_name, names[0]) == 0;
        if (!among(e->d_name, names, n)) snprintf(stranger, sizeof stranger, "%s", e->d_name);
    }
    closedir(dir);
    if (*stranger)
        return err_set(ERR_IO, "out: %s: is not replaced: holds something else: %s", folder,
                       stranger);
    if (!empty && !marked)
        return err_set(ERR_IO, "out: %s: is not replaced: holds no %s", folder, names[0]);
    return OK;
}

// folder_commit moves the old folder to OUT.old and removes it there.
static Status nothing_at_old(const char *out)
{
    char old[FILE_PATH];
    int n = (int)strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    if (n + 5 > FILE_PATH) return err_set(ERR_IO, "out: path too long: %.200s...", out);
    snprintf(old, sizeof old, "%.*s.old", n, out);
    return folder_exists(old) ? err_set(ERR_IO, "out: %s: is in the way", old) : OK;
}

Status setup_folder(const Options *o, const char *const *names, int n)
{
    if (file_exists(o->out)) return err_set(ERR_IO, "out: %s: is a file", o->out);
    if (folder_exists(o->out)) {
        if (!o->overwrite)
            return err_set(ERR_IO, "%s: %s is there: another --out, or --overwrite",
                           o->verb->name, o->out);
        TRY(holds_only(o->out, names, n));
        TRY(nothing_at_old(o->out));
    }
    return folder_writable(o->out);
}

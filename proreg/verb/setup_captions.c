// setup_captions.c - from options to tables of captions, and to where tables and lists lie.
#include <string.h>

#include "data/set/splits.h"
#include "proreg/verb/setup.h"

Status setup_find_file(char path[FILE_PATH], const Options *o, const char *name)
{
    bool there;
    TRY(file_beside(&there, path, "", name));
    if (there || !o->data || *name == '/') return OK;
    char below[FILE_PATH];
    TRY(file_beside(&there, below, o->data, name));
    if (there) memcpy(path, below, sizeof below);
    return OK;
}

// A name with a comma in it is taken as it is if there is such a file.
Status setup_find_lists(Options *o, const char **lists)
{
    char path[FILE_PATH];
    Items items;
    if (!*lists || !o->data) return OK;
    TRY(setup_find_file(path, o, *lists));
    bool there;
    TRY(file_there(&there, path));
    if (there) {
        *lists = arena_string(&o->arena, path);
        return *lists ? OK : err_memory("lists");
    }
    TRY(options_split(o, *lists, &items));
    char *all = arena_take(&o->arena, (size_t)items.n * FILE_PATH);
    if (!all) return err_memory("lists");
    *all = 0;
    for (int i = 0; i < items.n; i++) {
        TRY(setup_find_file(path, o, items.item[i]));
        strcat(strcat(all, i ? "," : ""), path);
    }
    *lists = all;
    return OK;
}

// Those alone that may be splits: of classes there may be any number.
static Status splits_of_data(Options *o, Items *items)
{
    DIR *dir;
    Status status = folder_list(&dir, o->data);
    items->n = 0;
    while (status == OK && items->n < ITEMS_MAX) {
        char path[FILE_PATH];
        const char *name;
        bool folder = false;
        status = folder_next(&name, dir, o->data);
        if (status != OK || !name) break;
        if (!split_called(name, &o->eval_split, 1)) continue;
        status = path_join(path, o->data, name);
        if (status == OK) status = folder_there(&folder, path);
        if (!folder) continue;
        items->item[items->n] = arena_string(&o->arena, name);
        if (!items->item[items->n++]) status = err_memory("pretrain");
    }
    if (dir) closedir(dir);
    return status;
}

Status setup_captions(CaptionOptions *c, Options *o)
{
    const char *sep = o->captions_sep;
    *c = (CaptionOptions){ .image_key = o->image_key, .caption_key = o->caption_key,
                           .sep = !strcmp(sep, "\\t") ? '\t' : *sep };
    if (strlen(sep) == 1 || !strcmp(sep, "\\t")) return OK;
    return options_error(o, "captions-sep", "%s: not one character (\\t: a tab)", sep);
}

Status setup_caption_splits(const char **prefix, bool *evaluates, Options *o)
{
    Items items;
    *prefix = "";
    TRY(splits_of_data(o, &items));
    int64_t train = split_find_kind(SPLIT_TRAIN, items.item, items.n);
    int64_t eval = o->eval_split ? split_find(o->eval_split, items.item, items.n)
                                 : split_find_kind(SPLIT_VAL, items.item, items.n);
    *evaluates = o->eval_split || eval != -1;  // of one that is not there setup_dataset complains
    if (train == SPLIT_SEVERAL)
        return err_set(ERR_IO, "pretrain: %s: more than one folder of training pictures", o->data);
    if (train < 0) return OK;
    char *text = arena_take(&o->arena, strlen(items.item[train]) + 2);
    if (!text) return err_memory("pretrain");
    *prefix = strcat(strcpy(text, items.item[train]), "/");
    return OK;
}

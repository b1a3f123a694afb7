// foreign.c - tells a checkpoint's files from those of others.
#include "proreg/run/foreign.h"

#include <stdio.h>
#include <string.h>

#include "proreg/run/sums.h"

static bool is_written(const char *name, const Json *sums)
{
    static const char *const names[] = {
        "config.json", "model.safetensors", "preprocessor_config.json", "merges.txt", "vocab.json",
        "special_tokens_map.json", "tokenizer_config.json", "classifier.safetensors", "classes.txt",
        "classifier.json", "optimizer.safetensors",
    };
    if (!strcmp(name, "state.json")) return true;
    if (sums) return json_get(sums, name) != NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

static Status look_at_name(char foreign[256], const char *folder, const char *name,
                           const Json *sums)
{
    char path[FILE_PATH];
    PathKind kind;
    TRY(path_join(path, folder, name));
    TRY(path_kind(&kind, path));
    if (kind == PATH_FILE && is_written(name, sums)) return OK;
    if (!*foreign || strcmp(name, foreign) < 0) snprintf(foreign, 256, "%s", name);
    return OK;
}

static Status look_in_folder(char foreign[256], const char *folder, const Json *sums)
{
    DIR *dir;
    const char *name = "";
    TRY(folder_list(&dir, folder));
    Status status = OK;
    while (status == OK && (status = folder_next_any(&name, dir, folder)) == OK && name)
        if (!file_is_temporary(name)) status = look_at_name(foreign, folder, name, sums);
    closedir(dir);
    return status;
}

Status checkpoint_look(bool *is, char foreign[256], const char *path)
{
    char state[FILE_PATH];
    bool folder, link;
    Arena arena = { 0 };
    const Json *sums;
    *is = false;
    *foreign = 0;
    TRY(path_link(&link, path));
    TRY(folder_there(&folder, path));
    if (!folder || link) return OK;
    TRY(file_beside(is, state, path, "state.json"));
    Status status = *is ? sums_listed(&sums, &arena, path) : OK;
    if (status == OK) status = look_in_folder(foreign, path, *is ? sums : NULL);
    arena_free(&arena);
    return status;
}

Status checkpoint_spare(const char *path, bool began)
{
    char foreign[256];
    bool is, link, there, folder;
    TRY(path_link(&link, path));
    TRY(path_there(&there, path));
    if (!there && !link) return OK;
    TRY(folder_there(&folder, path));
    TRY(checkpoint_look(&is, foreign, path));
    if (*foreign)
        return err_set(ERR_IO, "%s/%s: is not a file of the checkpoint: move it elsewhere", path,
                       foreign);
    if (is || (began && folder && !link)) return OK;
    return err_set(ERR_IO, "%s: is not a checkpoint: move it elsewhere", path);
}

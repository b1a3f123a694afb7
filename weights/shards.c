// shards.c - a model in several files of safetensors or of torch.save, listed by
//
//     {"metadata": {..}, "weight_map": {"NAME": "model-00001-of-00002.safetensors", ..}}
#include <stdlib.h>
#include <string.h>

#include "weights/reader.h"

enum { MAX_SHARDS = 1024 };

// Only the bare name of a file beside the index: an untrusted list must not lead elsewhere.
static Status shard_path(char out[FILE_PATH], const Weights *w, const char *name)
{
    if (!*name || strchr(name, '/') || strchr(name, '\\') || strcmp(name, "..") == 0)
        return err_set(ERR_FORMAT, "weights: %s: %s: not a file beside it", w->file, name);
    size_t n = (size_t)(path_name(w->file) - w->file);
    if (n >= FILE_PATH) return err_set(ERR_IO, "path too long: %.200s...", w->file);
    char folder[FILE_PATH];
    memcpy(folder, w->file, n);
    folder[n] = 0;
    return path_join(out, folder, name);
}

// Not another list: it might name itself.
static Status read_shard(Weights *w)
{
    bool zip = w->bytes >= 4 && memcmp(w->data, "PK\3\4", 4) == 0;
    return zip ? read_torch(w) : read_safetensors(w);
}

static Status open_shard(Weights *w, const char *name)
{
    char path[FILE_PATH];
    TRY(shard_path(path, w, name));
    if (w->shards == MAX_SHARDS)
        return err_set(ERR_FORMAT, "weights: %s: more than %d files", w->file, MAX_SHARDS);
    TRY(reader_open(&w->shard[w->shards], path, read_shard));
    const Weights *s = w->shard[w->shards++];
    if (s->kind != WEIGHTS_SAFETENSORS) w->kind = WEIGHTS_STATE_SHARDS;
    for (int64_t i = 0; i < s->count; i++) TRY(reader_add(w, &s->tensor[i]));
    return OK;
}

static int file_order(const void *a, const void *b)
{
    const Json *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

// Opens each file once, sorted by name, which is the order of their numbers.
static Status open_shards(Weights *w, const Json *map, const Json **file)
{
    for (int64_t i = 0; i < map->count; i++) {
        const char *name = NULL;
        TRY(json_string(&name, &map->item[i]));
        file[i] = &map->item[i];
    }
    qsort(file, (size_t)map->count, sizeof *file, file_order);
    for (int64_t i = 0; i < map->count; i++)
        if (i == 0 || file_order(&file[i - 1], &file[i]) != 0) TRY(open_shard(w, file[i]->string));
    return OK;
}

// Each tensor of the index must be in the file that the index names.
static Status check_index(const Weights *w, const Json **file, int64_t n)
{
    for (int64_t i = 0, s = 0; i < n; i++) {
        if (i > 0 && file_order(&file[i - 1], &file[i]) != 0) s++;
        if (!weights_find(w->shard[s], file[i]->key))
            return err_set(ERR_FORMAT, "weights: %s: %s: is not in %s", w->file, file[i]->key,
                           file[i]->string);
    }
    return OK;
}

const char *weights_shard(const Weights *w, int64_t i)
{
    return i < w->shards ? w->shard[i]->file : NULL;
}

Status read_shards(Weights *w)
{
    const Json *root, *map;
    w->kind = WEIGHTS_SHARDS;
    TRY(json_parse(&root, &w->arena, w->data, w->bytes, w->file));
    if (!json_get(root, "weight_map"))
        return err_set(ERR_FORMAT, "weights: %s: \"weight_map\" is missing: no list of shards; a "
                       "model is named by its folder or by its weights", w->file);
    TRY(json_need(&map, root, "weight_map", JSON_OBJECT));
    const Json **file = arena_take(&w->arena, (size_t)map->count * sizeof *file);
    w->shard = arena_zero(&w->arena, MAX_SHARDS * sizeof(Weights *));
    if (!file || !w->shard) return err_memory("weights");
    TRY(open_shards(w, map, file));
    return check_index(w, file, map->count);
}

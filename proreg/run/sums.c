// sums.c - checksums of a checkpoint's files, and of config.json; which run a checkpoint is of.
#include "proreg/run/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/base/inflate.h"

static Status sum_of(char hex[9], const char *folder, const char *name)
{
    char path[FILE_PATH];
    FileMap map;
    TRY(path_join(path, folder, name));
    TRY(file_map(&map, path));
    snprintf(hex, 9, "%08x", (unsigned)crc32_of(0, map.data, map.size));
    file_unmap(&map);
    return OK;
}

// ---- writing ------------------------------------------------------------------------------------

static int by_file_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static Status names_in(const char **name, int64_t *n, int64_t most, Arena *arena,
                       const char *folder)
{
    DIR *dir;
    const char *next = "";
    TRY(folder_list(&dir, folder));
    Status status = OK;
    while (status == OK && (status = folder_next(&next, dir, folder)) == OK && next) {
        if (*n == most)
            status = err_set(ERR_LIMIT, "checkpoint: %s: more than %lld files", folder,
                             (long long)most);
        else if (!(name[(*n)++] = arena_string(arena, next))) status = err_memory("checkpoint");
    }
    closedir(dir);
    if (status == OK) qsort(name, (size_t)*n, sizeof *name, by_file_name);
    return status;
}

static Status put_sums(JsonOut *state, Arena *arena, const char *folder)
{
    enum { MOST = 64 };
    const char *name[MOST];
    char hex[9];
    int64_t n = 0;
    TRY(names_in(name, &n, MOST, arena, folder));
    json_out_key(state, "crc32");
    json_out_object(state);
    for (int64_t i = 0; i < n; i++) {
        TRY(sum_of(hex, folder, name[i]));
        json_put_string(state, name[i], hex);
    }
    json_out_end(state);
    return sums_put_text(state, "state_crc32");
}

Status sums_put_text(JsonOut *out, const char *key)
{
    char hex[9];
    TRY(out->status);
    snprintf(hex, sizeof hex, "%08x", (unsigned)crc32_of(0, out->text, out->size));
    json_put_string(out, key, hex);
    return out->status;
}

Status sums_put(JsonOut *state, const char *folder)
{
    Arena arena = { 0 };
    Status status = put_sums(state, &arena, folder);
    arena_free(&arena);
    return status;
}

// ---- reading ------------------------------------------------------------------------------------

static Status changed(const char *folder, const char *name, const char *is, const char *was)
{
    return err_set(ERR_FORMAT, "checkpoint: %s/%s: has changed since it was written: CRC-32 %s, "
                   "was %.20s", folder, name, is, was);
}

// The bytes before the member `key` and its comma; 0: it is not the last one.
static size_t bytes_before(const FileMap *map, const char *key)
{
    char member[64];
    int n = snprintf(member, sizeof member, ",\n  \"%s\": \"", key);
    size_t tail = (size_t)n + 8 + strlen("\"\n}\n");
    if (map->size < tail) return 0;
    size_t at = map->size - tail;
    return memcmp(map->data + at, member, (size_t)n) == 0 ? at : 0;
}

// For messages: the checksum of the text before the member `key`, and the one that stands there.
typedef struct { char is[9], was[9]; } TextSum;

static bool text_same(TextSum *sum, const Json *root, const FileMap *map, const char *key)
{
    const Json *was = json_get(root, key);
    size_t n = bytes_before(map, key);
    bool text = was && was->type == JSON_STRING;
    snprintf(sum->is, sizeof sum->is, "%08x", (unsigned)crc32_of(0, map->data, n));
    snprintf(sum->was, sizeof sum->was, "%.8s", text ? was->string : "missing");
    return n && text && !strcmp(sum->is, was->string);
}

static Status check_state_sum(const Json *root, const FileMap *map, const char *folder)
{
    TextSum sum;
    bool same = text_same(&sum, root, map, "state_crc32");
    return same ? OK : changed(folder, "state.json", sum.is, sum.was);
}

// A file that came later would be read beside those of the checkpoint, or instead of them.
static Status check_newcomers(const Json *sums, const char *folder)
{
    static const char *const read[] = {
        "preprocessor_config.json", "processor_config.json", "vocab.json", "merges.txt",
        "tokenizer.json", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json",
        "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "classifier.json",
    };
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        char path[FILE_PATH];
        bool there = false;
        if (!json_get(sums, read[i])) TRY(file_beside(&there, path, folder, read[i]));
        if (there)
            return err_set(ERR_FORMAT, "checkpoint: %s: is not of the checkpoint, but would be "
                           "read: move it elsewhere", path);
    }
    return OK;
}

static Status check_file_sums(const Json *root, const char *folder, bool training)
{
    const Json *sums;
    TRY(json_need(&sums, root, "crc32", JSON_OBJECT));
    TRY(check_newcomers(sums, folder));
    for (int64_t i = 0; i < sums->count; i++) {
        const Json *v = json_at(sums, i);
        const char *was;
        char hex[9];
        if (!training && !strcmp(v->key, "optimizer.safetensors")) continue;
        TRY(json_string(&was, v));
        TRY(sum_of(hex, folder, v->key));
        if (strcmp(hex, was) != 0) return changed(folder, v->key, hex, was);
    }
    return OK;
}

static Status check_sums(bool *summed, const FileMap *map, Arena *arena, const char *path,
                         const char *folder, bool training)
{
    const Json *root;
    TRY(json_parse(&root, arena, (const char *)map->data, map->size, path));
    TRY(json_expect(root, JSON_OBJECT));
    *summed = json_get(root, "crc32") || json_get(root, "state_crc32");
    if (!*summed) return OK;
    TRY(check_state_sum(root, map, folder));
    return check_file_sums(root, folder, training);
}

Status sums_check(bool *summed, const char *folder, bool training)
{
    char path[FILE_PATH];
    FileMap map;
    Arena arena = { 0 };
    *summed = false;
    TRY(path_join(path, folder, "state.json"));
    TRY(file_read(&map, path));
    Status status = check_sums(summed, &map, &arena, path, folder, training);
    arena_free(&arena);
    file_unmap(&map);
    return status;
}

static Status list_sums(const Json **sums, Arena *arena, const FileMap *map, const char *path,
                        const char *folder)
{
    const Json *root;
    TRY(json_parse(&root, arena, (const char *)map->data, map->size, path));
    TRY(json_expect(root, JSON_OBJECT));
    TRY(check_state_sum(root, map, folder));
    return json_need(sums, root, "crc32", JSON_OBJECT);
}

Status sums_listed(const Json **sums, Arena *arena, const char *folder)
{
    char path[FILE_PATH];
    FileMap map;
    *sums = NULL;
    TRY(path_join(path, folder, "state.json"));
    TRY(file_read(&map, path));
    Status status = list_sums(sums, arena, &map, path, folder);
    file_unmap(&map);
    if (status != OK) *sums = NULL;
    return err_of_machine(status) ? status : OK;
}

// ---- a run's config.json ------------------------------------------------------------------------

// Files of older programs have no checksum.
static Status check_config(Arena *arena, const FileMap *map, const char *path)
{
    const Json *root;
    TextSum sum;
    TRY(json_parse(&root, arena, map->data, map->size, path));
    if (!json_get(root, "crc32") || text_same(&sum, root, map, "crc32")) return OK;
    return err_set(ERR_FORMAT, "config: %s: has been changed since the run wrote it (CRC-32 %s, "
                   "was %s): put it back, or begin a new run with --config %s", path, sum.is,
                   sum.was, path);
}

Status sums_check_config(const char *run)
{
    Arena arena = { 0 };
    FileMap map;
    char path[FILE_PATH];
    TRY(path_join(path, run, "config.json"));
    TRY(file_read(&map, path));
    Status status = check_config(&arena, &map, path);
    file_unmap(&map);
    arena_free(&arena);
    return status;
}

// ---- which run ----------------------------------------------------------------------------------

// What of a config.json no --resume changes.
static void put_lasting(JsonOut *o, const Json *config)
{
    static const char *const keys[] = { "method", "seed", "batch", "lr", "train_sha256" };
    const Json *files = json_get(config, "model_sha256");
    json_out_object(o);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const Json *v = json_get(config, keys[i]);
        if (v && v->type == JSON_NUMBER) json_put_double(o, keys[i], v->number);
        if (v && v->type == JSON_STRING) json_put_string(o, keys[i], v->string);
    }
    for (int64_t i = 0; files && i < files->count; i++) {
        const Json *v = json_at(files, i);
        if (v->type == JSON_STRING) json_put_string(o, v->key, v->string);
    }
    json_out_end(o);
}

// "": there is no config.json, or one of an older program, which has no checksum.
static Status run_number(char hex[9], const char *run)
{
    Arena arena = { 0 };
    JsonOut o = { 0 };
    const Json *config;
    char path[FILE_PATH];
    bool there;
    *hex = 0;
    TRY(file_beside(&there, path, run, "config.json"));
    if (!there) return OK;
    Status status = json_load(&config, &arena, path);
    if (status == OK) put_lasting(&o, config);
    if (status == OK) status = json_out_status(&o);
    if (status == OK && json_get(config, "crc32"))
        snprintf(hex, 9, "%08x", (unsigned)crc32_of(0, o.text, o.size));
    json_out_free(&o);
    arena_free(&arena);
    return status;
}

Status sums_put_run(JsonOut *state, const char *run)
{
    char hex[9];
    TRY(run_number(hex, run));
    if (*hex) json_put_string(state, "run", hex);
    return OK;
}

Status sums_check_run(const char *run, const char *checkpoint)
{
    Arena arena = { 0 };
    char path[FILE_PATH], hex[9];
    const Json *state;
    const char *was = NULL;
    TRY(path_join(path, checkpoint, "state.json"));
    Status status = json_load(&state, &arena, path);
    if (status == OK) status = json_opt_string(&was, state, "run");
    if (status == OK && was) status = run_number(hex, run);
    if (status == OK && was && *hex && strcmp(hex, was) != 0)
        status = err_set(ERR_FORMAT, "checkpoint: %s: is of another run than %s/config.json: they "
                         "differ in data, model, method, seed, batch or lr", checkpoint, run);
    arena_free(&arena);
    return status;
}

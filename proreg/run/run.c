// run.c - writes and reads a run's folder.
#include "proreg/run/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/run/records.h"
#include "proreg/run/tuned.h"
#include "tensor/base/sha256.h"

// ---- the folder ---------------------------------------------------------------------------------

static bool is_there(const char *folder, const char *name)
{
    char path[FILE_PATH];
    return path_join(path, folder, name) == OK && (file_exists(path) || folder_exists(path));
}

// The N of a folder called step-N; -1: it has another name.
static int64_t step_of(const char *name)
{
    char *end;
    if (strncmp(name, "step-", 5) != 0) return -1;
    long long n = strtoll(name + 5, &end, 10);
    return end != name + 5 && *end == 0 ? n : -1;
}

// How many step-N folders there are, and the smallest N.
static int64_t count_steps(const char *folder, int64_t *oldest)
{
    int64_t n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        int64_t step = step_of(e->d_name);
        if (step < 0) continue;
        if (n++ == 0 || step < *oldest) *oldest = step;
    }
    if (dir) closedir(dir);
    return n;
}

// What a run writes, but for step-N folders: config.json first, which tells it from other folders.
static const char *const run_names[] = { "config.json", "log.jsonl", "samples.jsonl",
                                         "results.jsonl", "report.html", "last", "best", "last.old",
                                         "best.old" };
enum { RUN_FILES = 5, RUN_NAMES = 9 };

// The first of these names in the folder; NULL: none.
static const char *holds_run(const char *folder)
{
    int64_t oldest;
    for (int i = 0; i < RUN_NAMES; i++)
        if (is_there(folder, run_names[i])) return run_names[i];
    return count_steps(folder, &oldest) > 0 ? "step-N" : NULL;
}

// --overwrite must not remove what merely has the name of a run's files.
Status run_check(const char *folder, bool resume, bool overwrite)
{
    const Method *method;
    const char *name = holds_run(folder);
    if (file_exists(folder)) return err_set(ERR_IO, "out: %s: is a file", folder);
    if (resume && !name) return err_set(ERR_IO, "out: %s: holds no run to resume", folder);
    if (resume || !name) return folder_writable(folder);
    if (run_method(&method, folder) != OK)
        return err_set(ERR_IO, "out: %s: holds %s, but no config.json of a run: another --out",
                       folder, name);
    if (!overwrite)
        return err_set(ERR_IO, "out: %s: holds a run: --resume goes on, --overwrite begins anew",
                       folder);
    return folder_writable(folder);
}

// Removes what a run has written there, and nothing else; config.json last, as it says whose the
// rest is.
static Status remove_run(const char *folder)
{
    char path[FILE_PATH];
    for (int i = RUN_NAMES - 1; i >= 0; i--) {
        TRY(path_join(path, folder, run_names[i]));
        if (i < RUN_FILES) unlink(path);
        else folder_discard(path);
    }
    folder_sweep(folder);
    return run_forget(folder, 0);
}

Status run_save_config(const char *folder, JsonOut *config)
{
    json_out_line_end(config);
    return json_out_save(config, folder, "config.json");
}

Status run_begin(const char *folder, JsonOut *config)
{
    TRY(json_out_status(config));
    TRY(folder_make(folder));
    TRY(remove_run(folder));
    return run_save_config(folder, config);
}

Status run_rewind(const char *folder, int64_t step)
{
    folder_sweep(folder);
    return records_rewind(folder, step);
}

// ---- checkpoints --------------------------------------------------------------------------------

static Status save_state(const char *folder, const RunState *s)
{
    JsonOut o = { .indent = 2 };
    json_out_object(&o);
    json_put_int(&o, "step", s->step);
    json_put_int(&o, "epoch", s->epoch);
    json_put_int(&o, "epoch_step", s->epoch_step);
    json_put_double(&o, "best_top1", s->best_top1);
    json_put_int(&o, "best_step", s->best_step);
    json_out_end(&o);
    json_out_line_end(&o);
    return json_out_save(&o, folder, "state.json");
}

static Status save_alone(const char *folder, const Checkpoint *c)
{
    TRY(clip_save(folder, &c->student->clip, c->pretrained));
    if (c->bpe) TRY(bpe_save(c->bpe, folder, (int)c->pretrained->config.context));
    return tuned_save(folder, c);
}

static Status save_parts(const char *folder, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(save_alone(folder, c));
    TRY(path_join(path, folder, "optimizer.safetensors"));
    TRY(student_save_optimizer(path, c->student));
    return save_state(folder, &c->state);
}

static Status save_whole(const char *path, const Checkpoint *c,
                         Status (*save)(const char *folder, const Checkpoint *c))
{
    char temp[FILE_PATH];
    TRY(folder_begin(temp, path));
    Status status = save(temp, c);
    if (status == OK) status = folder_commit(temp, path);
    if (status != OK) folder_discard(temp);
    return status;
}

Status run_save(const char *folder, const char *name, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(path_join(path, folder, name));
    TRY(folder_recover(path));
    return save_whole(path, c, save_parts);
}

Status run_save_model(const char *folder, const Checkpoint *c)
{
    return save_whole(folder, c, save_alone);
}

Status run_forget(const char *folder, int64_t keep)
{
    int64_t oldest = 0, before = INT64_MAX;
    for (int64_t n; (n = count_steps(folder, &oldest)) > keep && n < before; before = n) {
        char name[32], path[FILE_PATH];
        snprintf(name, sizeof name, "step-%lld", (long long)oldest);
        TRY(path_join(path, folder, name));
        folder_discard(path);
    }
    return OK;
}

// ---- reading ------------------------------------------------------------------------------------

Status run_checkpoint(char path[FILE_PATH], const char *folder, const char *name)
{
    char inside[FILE_PATH];
    TRY(path_join(path, folder, name));
    TRY(folder_recover(path));
    TRY(path_join(inside, path, "state.json"));
    if (!folder_exists(folder)) return err_set(ERR_IO, "run: %s: no such folder", folder);
    if (!file_exists(inside))
        return err_set(ERR_IO, "run: %s: holds no checkpoint `%s`%s", folder, name,
                       strcmp(name, "best") ? "" : ": without validation pictures `last` is the "
                       "answer");
    return OK;
}

Status run_method(const Method **method, const char *folder)
{
    char path[FILE_PATH];
    Arena arena = { 0 };
    const Json *root;
    const char *name = "";
    TRY(path_join(path, folder, "config.json"));
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_need_string(&name, root, "method");
    *method = method_find(name);
    if (status == OK && !*method)
        status = err_set(ERR_FORMAT, "run: %s: no such method: %.60s", path, name);
    arena_free(&arena);
    return status;
}

Status run_load_state(RunState *s, const char *checkpoint)
{
    char path[FILE_PATH];
    Arena arena = { 0 };
    const Json *root;
    *s = (RunState){ .best_top1 = -1 };
    TRY(path_join(path, checkpoint, "state.json"));
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_need_int(&s->step, root, "step", 0, INT64_MAX / 2);
    if (status == OK) status = json_need_int(&s->epoch, root, "epoch", 0, INT32_MAX);
    if (status == OK) status = json_need_int(&s->epoch_step, root, "epoch_step", 0, INT32_MAX);
    if (status == OK) status = json_opt_number(&s->best_top1, root, "best_top1");
    if (status == OK) status = json_opt_int(&s->best_step, root, "best_step", 0, INT64_MAX / 2);
    arena_free(&arena);
    return status;
}

Status run_open(RunCheckpoint *c, Arena *arena, const char *folder, const char *name)
{
    *c = (RunCheckpoint){ 0 };
    TRY(run_checkpoint(c->path, folder, name));
    TRY(run_method(&c->method, folder));
    TRY(run_load_state(&c->state, c->path));
    return tuned_classes(arena, &c->class_name, &c->classes, c->path);
}

// ---- hashes -------------------------------------------------------------------------------------

Status run_hash(char hex[65], const char *path)
{
    FileMap map;
    TRY(file_map(&map, path));
    Sha256 h = sha256_begin();
    sha256_add(&h, map.data, map.size);
    sha256_end(&h, hex);
    file_unmap(&map);
    return OK;
}

// run.c - writes and reads a run's folder.
#include "proreg/run/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/run/foreign.h"
#include "proreg/run/records.h"
#include "proreg/run/sums.h"
#include "proreg/run/tuned.h"
#include "tensor/base/sha256.h"

// ---- the folder ---------------------------------------------------------------------------------

// The N of a folder called step-N; -1: it has another name.
static int64_t step_of(const char *name)
{
    char same[32];
    if (strncmp(name, "step-", 5) != 0) return -1;
    long long n = strtoll(name + 5, NULL, 10);
    snprintf(same, sizeof same, "step-%lld", n);
    return strcmp(name, same) == 0 ? n : -1;           // not step-07, which no run has written
}

// Is it a checkpoint that holds nothing else?
static Status is_whole(bool *whole, const char *folder, const char *name)
{
    char path[FILE_PATH], foreign[256];
    TRY(path_join(path, folder, name));
    TRY(checkpoint_look(whole, foreign, path));
    *whole = *whole && !*foreign;
    return OK;
}

// How many step-N folders there are, and the smallest N. No folder has none. whole: of those that
// may be removed.
static Status count_steps(int64_t *n, const char *folder, int64_t *oldest, bool whole)
{
    DIR *dir;
    const char *name = "";
    bool there;
    *n = 0;
    TRY(folder_there(&there, folder));
    if (!there) return OK;
    TRY(folder_list(&dir, folder));
    Status status = OK;
    while (name && (status = folder_next(&name, dir, folder)) == OK) {
        int64_t step = name ? step_of(name) : -1;
        bool counts = step >= 0;
        if (counts && whole && (status = is_whole(&counts, folder, name)) != OK) break;
        if (!counts) continue;
        if ((*n)++ == 0 || step < *oldest) *oldest = step;
    }
    closedir(dir);
    return status;
}

// What a run writes, but for step-N folders: config.json first, which tells it from other folders.
static const char *const run_names[] = { "config.json", "log.jsonl", "samples.jsonl",
                                         "predictions.jsonl", "results.jsonl", "report.html",
                                         "last", "best", "last.proreg-old", "best.proreg-old",
                                         "last.old", "best.old" };     // .old: of earlier versions
enum { RUN_FILES = 6, RUN_OLD = 8, RUN_EARLIER = 10, RUN_NAMES = 12 };

bool run_owns(const char *name)
{
    for (int i = 0; i < RUN_NAMES; i++)
        if (!strcmp(name, run_names[i])) return true;
    return step_of(name) >= 0;
}

bool run_owns_folder(const char *name)
{
    for (int i = RUN_FILES; i < RUN_NAMES; i++)
        if (!strcmp(name, run_names[i])) return true;
    return step_of(name) >= 0;
}

Status run_holds(const char **name, const char *folder)
{
    int64_t n, oldest;
    char path[FILE_PATH];
    bool there;
    *name = NULL;
    for (int i = 0; i < RUN_NAMES; i++) {
        TRY(path_join(path, folder, run_names[i]));
        TRY(path_there(&there, path));
        if (there) *name = run_names[i];
        if (there) return OK;
    }
    TRY(count_steps(&n, folder, &oldest, false));
    if (n > 0) *name = "step-N";
    return OK;
}

// ---- what may be replaced -----------------------------------------------------------------------

static Status spare_step(const char *folder, const char *name, int64_t from)
{
    char path[FILE_PATH], foreign[256];
    bool is;
    int64_t step = step_of(name);
    if (step < 0) return OK;
    TRY(path_join(path, folder, name));
    TRY(checkpoint_look(&is, foreign, path));
    return is || step >= from ? checkpoint_spare(path, false) : OK;
}

static Status spare_steps(const char *folder, int64_t from)
{
    DIR *dir;
    const char *name = "";
    bool there;
    TRY(folder_there(&there, folder));
    if (!there) return OK;
    TRY(folder_list(&dir, folder));
    Status status = OK;
    while (status == OK && (status = folder_next(&name, dir, folder)) == OK && name)
        status = spare_step(folder, name, from);
    closedir(dir);
    return status;
}

Status run_spare(const char *folder, bool steps, int64_t from)
{
    static const int last[] = { RUN_FILES, RUN_FILES + 1, RUN_EARLIER, RUN_EARLIER + 1 };
    char path[FILE_PATH];
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        TRY(path_join(path, folder, run_names[last[i]]));
        TRY(checkpoint_spare(path, last[i] >= RUN_EARLIER));
    }
    return steps ? spare_steps(folder, from) : OK;
}

// Removes what a run has written there, and nothing else: but for config.json, which says whose the
// rest is.
static Status remove_run(const char *folder)
{
    char path[FILE_PATH];
    for (int i = RUN_NAMES - 1; i > 0; i--) {
        TRY(path_join(path, folder, run_names[i]));
        TRY(i < RUN_FILES ? file_remove(path) : folder_remove(path));
    }
    folder_sweep(folder);
    return run_forget(folder, 0);
}

Status run_save_config(const char *folder, JsonOut *config)
{
    json_out_line_end(config);
    return json_out_save(config, folder, "config.json");
}

static const char next_config[] = "config.json.proreg-next";

Status run_take_over(const char *folder)
{
    char next[FILE_PATH], config[FILE_PATH];
    bool there;
    TRY(file_beside(&there, next, folder, next_config));
    if (!there) return OK;
    TRY(run_spare(folder, true, 0));
    TRY(remove_run(folder));
    TRY(path_join(config, folder, run_names[0]));
    return file_rename(next, config);
}

Status run_begin(const char *folder, JsonOut *config)
{
    Status status = json_out_status(config);
    if (status == OK) status = run_spare(folder, true, 0);
    if (status == OK) status = folder_make(folder);
    if (status != OK) json_out_free(config);
    TRY(status);
    json_out_line_end(config);
    TRY(json_out_save(config, folder, next_config));
    return run_take_over(folder);
}

// A kill between two renames (folder_commit) may have left an old checkpoint beside the new one.
static Status drop_old(const char *folder)
{
    char path[FILE_PATH];
    TRY(run_recover(path, folder, "last"));
    TRY(run_recover(path, folder, "best"));
    for (int i = RUN_OLD; i < RUN_NAMES; i++) {
        TRY(path_join(path, folder, run_names[i]));
        TRY(folder_remove(path));
    }
    return OK;
}

Status run_rewind(const char *folder, int64_t step)
{
    folder_sweep(folder);
    TRY(drop_old(folder));
    return records_rewind(folder, step);
}

// ---- checkpoints --------------------------------------------------------------------------------

static Status save_state(const char *folder, const char *run, const RunState *s)
{
    JsonOut o = { .indent = 2 };
    json_out_object(&o);
    json_put_int(&o, "step", s->step);
    json_put_int(&o, "epoch", s->epoch);
    json_put_int(&o, "epoch_step", s->epoch_step);
    json_put_double(&o, "best_top1", s->best_top1);
    json_put_int(&o, "best_step", s->best_step);
    Status status = sums_put_run(&o, run);
    if (status == OK) status = sums_put(&o, folder);
    json_out_end(&o);
    json_out_line_end(&o);
    if (status == OK) return json_out_save(&o, folder, "state.json");
    json_out_free(&o);
    return status;
}

static Status save_alone(const char *folder, const Checkpoint *c)
{
    TRY(clip_save(folder, &c->student->clip, c->pretrained));
    if (c->bpe) TRY(bpe_save(c->bpe, folder, (int)c->pretrained->config.context));
    return tuned_save(folder, c);
}

static Status save_parts(const char *folder, const char *run, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(save_alone(folder, c));
    TRY(path_join(path, folder, "optimizer.safetensors"));
    TRY(student_save_optimizer(path, c->student));
    return save_state(folder, run, &c->state);
}

// Of a run; NULL: to use alone.
static Status save_whole(const char *path, const char *run, const Checkpoint *c)
{
    char temp[FILE_PATH];
    TRY(folder_begin(temp, path));
    Status status = run ? save_parts(temp, run, c) : save_alone(temp, c);
    if (status == OK) status = folder_commit(temp, path);
    if (status != OK) folder_discard(temp);
    return status;
}

Status run_save(const char *folder, const char *name, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(run_recover(path, folder, name));
    TRY(checkpoint_spare(path, false));
    return save_whole(path, folder, c);
}

Status run_save_model(const char *folder, const Checkpoint *c)
{
    return save_whole(folder, NULL, c);
}

Status run_forget(const char *folder, int64_t keep)
{
    int64_t n, oldest = 0;
    for (int64_t before = INT64_MAX;; before = n) {
        char name[32], path[FILE_PATH];
        TRY(count_steps(&n, folder, &oldest, true));
        if (n <= keep || n >= before) return OK;
        snprintf(name, sizeof name, "step-%lld", (long long)oldest);
        TRY(path_join(path, folder, name));
        TRY(folder_remove(path));
    }
}

// ---- reading ------------------------------------------------------------------------------------

Status run_recover(char path[FILE_PATH], const char *folder, const char *name)
{
    char old[FILE_PATH], before[64];
    bool there, saved;
    snprintf(before, sizeof before, "%.50s.old", name);    // as earlier versions called it
    TRY(path_join(path, folder, name));
    TRY(path_join(old, folder, before));
    TRY(folder_recover(path));
    TRY(path_there(&there, path));
    TRY(folder_there(&saved, old));
    return saved && !there ? file_rename(old, path) : OK;
}

Status run_checkpoint(char path[FILE_PATH], const char *folder, const char *name)
{
    char inside[FILE_PATH];
    TRY(run_recover(path, folder, name));
    TRY(path_join(inside, path, "state.json"));
    bool there;
    TRY(folder_there(&there, folder));
    if (!there) return err_set(ERR_IO, "run: %s: no such folder", folder);
    TRY(file_there(&there, inside));
    if (!there)
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
    TRY(sums_check_config(folder));
    TRY(sums_check_run(folder, c->path));
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

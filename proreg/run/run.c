// run.c - writes and reads a run's folder.
#include "proreg/run/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/base/sha256.h"

// ---- the folder ---------------------------------------------------------------------------------

static bool has(const char *folder, const char *name)
{
    char path[FILE_PATH];
    return path_join(path, folder, name) == OK && (file_exists(path) || folder_exists(path));
}

static bool holds_run(const char *folder)
{
    return has(folder, "config.json") || has(folder, "last") || has(folder, "log.jsonl");
}

Status run_check(const char *folder, bool resume, bool overwrite)
{
    if (file_exists(folder)) return err_set(ERR_IO, "out: %s: is a file", folder);
    if (resume && !holds_run(folder))
        return err_set(ERR_IO, "out: %s: holds no run to resume", folder);
    if (!resume && !overwrite && holds_run(folder))
        return err_set(ERR_IO, "out: %s: holds a run: --resume goes on, --overwrite begins anew",
                       folder);
    return folder_writable(folder);
}

// Removes what a run has written there, and nothing else.
static Status remove_run(const char *folder)
{
    static const char *const files[] = { "config.json", "log.jsonl", "samples.jsonl",
                                         "results.jsonl", "report.html" };
    static const char *const folders[] = { "last", "best", "last.old", "best.old" };
    char path[FILE_PATH];
    for (int i = 0; i < 5; i++) {
        TRY(path_join(path, folder, files[i]));
        unlink(path);
    }
    for (int i = 0; i < 4; i++) {
        TRY(path_join(path, folder, folders[i]));
        folder_discard(path);
    }
    folder_sweep(folder);
    return run_forget(folder, 0);
}

// The writer puts line ends between values; a file wants one behind the last as well.
static size_t with_line_end(JsonOut *o)
{
    o->text[o->size] = '\n';                  // in the place of the 0
    return o->size + 1;
}

Status run_save_config(const char *folder, JsonOut *config)
{
    char path[FILE_PATH];
    TRY(json_out_status(config));
    TRY(path_join(path, folder, "config.json"));
    return file_save(path, config->text, with_line_end(config));
}

Status run_begin(const char *folder, JsonOut *config)
{
    TRY(json_out_status(config));
    TRY(folder_make(folder));
    TRY(remove_run(folder));
    return run_save_config(folder, config);
}

Status run_append(const char *folder, const char *file, JsonOut *lines)
{
    char path[FILE_PATH];
    TRY(json_out_status(lines));
    TRY(path_join(path, folder, file));
    if (lines->size == 0) return OK;
    TRY(file_append(path, lines->text, with_line_end(lines)));
    json_out_reset(lines);
    return OK;
}

static void number(JsonOut *o, const char *key, double value)
{
    json_out_key(o, key);
    json_out_double(o, value);
}

Status run_log(const char *folder, const LogLine *l)
{
    JsonOut o = { 0 };
    double n = (double)l->pictures;
    json_out_object(&o);
    json_out_key(&o, "step");
    json_out_int(&o, l->step);
    json_out_key(&o, "epoch");
    json_out_int(&o, l->epoch);
    number(&o, "lr", l->lr);
    number(&o, "head_lr", l->head_lr);
    number(&o, "loss", l->loss);
    number(&o, "ce", l->ce / n);
    number(&o, "kd", l->kd / n);
    number(&o, "w_mean", l->w / n);
    number(&o, "grad_norm", l->grad_norm);
    number(&o, "images_per_s", n / l->seconds);
    number(&o, "seconds", l->seconds);
    json_out_end(&o);
    Status status = run_append(folder, "log.jsonl", &o);
    json_out_free(&o);
    return status;
}

// ---- going back ---------------------------------------------------------------------------------

// Bytes of the leading lines whose step is at most `step`. A line that a kill tore ends the file.
static size_t lines_until(const char *text, size_t size, int64_t step)
{
    size_t at = 0;
    Arena arena = { 0 };
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        const Json *line;
        int64_t of = -1;
        if (!end) break;
        size_t length = (size_t)(end - (text + at));
        if (json_parse(&line, &arena, text + at, length, "log") != OK) break;
        if (json_need_int(&of, line, "step", 0, INT64_MAX) != OK || of > step) break;
        at += length + 1;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return at;
}

static Status rewind_file(const char *folder, const char *file, int64_t step)
{
    char path[FILE_PATH];
    FileMap map;
    TRY(path_join(path, folder, file));
    if (!file_exists(path)) return OK;
    TRY(file_map(&map, path));
    size_t keep = lines_until((const char *)map.data, map.size, step);
    Status status = keep < map.size ? file_save(path, map.data, keep) : OK;
    file_unmap(&map);
    return status;
}

Status run_rewind(const char *folder, int64_t step)
{
    folder_sweep(folder);
    TRY(rewind_file(folder, "log.jsonl", step - 1));
    return rewind_file(folder, "results.jsonl", step);
}

// ---- checkpoints --------------------------------------------------------------------------------

static Status save_state(const char *folder, const RunState *s)
{
    char path[FILE_PATH];
    JsonOut o = { .indent = 2 };
    TRY(path_join(path, folder, "state.json"));
    json_out_object(&o);
    json_out_key(&o, "step");
    json_out_int(&o, s->step);
    json_out_key(&o, "epoch");
    json_out_int(&o, s->epoch);
    json_out_key(&o, "epoch_step");
    json_out_int(&o, s->epoch_step);
    number(&o, "best_top1", s->best_top1);
    json_out_key(&o, "best_step");
    json_out_int(&o, s->best_step);
    json_out_end(&o);
    Status status = json_out_status(&o);
    if (status == OK) status = file_save(path, o.text, with_line_end(&o));
    json_out_free(&o);
    return status;
}

static Status save_classes(const char *folder, const Checkpoint *c)
{
    char path[FILE_PATH];
    FileOut out;
    TRY(path_join(path, folder, "classes.txt"));
    TRY(file_create(&out, path));
    for (int64_t k = 0; k < c->student->classes; k++) file_printf(&out, "%s\n", c->class_name[k]);
    return file_commit(&out);
}

static Status save_parts(const char *folder, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(clip_save(folder, &c->student->clip, c->pretrained));
    if (c->bpe) TRY(bpe_save(c->bpe, folder, (int)c->pretrained->config.context));
    TRY(path_join(path, folder, "classifier.safetensors"));
    TRY(student_save_classifier(path, c->student));
    TRY(save_classes(folder, c));
    TRY(path_join(path, folder, "optimizer.safetensors"));
    TRY(student_save_optimizer(path, c->student));
    return save_state(folder, &c->state);
}

Status run_save(const char *folder, const char *name, const Checkpoint *c)
{
    char path[FILE_PATH], temp[FILE_PATH];
    TRY(path_join(path, folder, name));
    TRY(folder_recover(path));
    TRY(folder_begin(temp, path));
    Status status = save_parts(temp, c);
    if (status == OK) status = folder_commit(temp, path);
    if (status != OK) folder_discard(temp);
    return status;
}

// The step of a folder called step-N; -1: it is none.
static int64_t step_of(const char *name)
{
    char *end;
    if (strncmp(name, "step-", 5) != 0) return -1;
    long long n = strtoll(name + 5, &end, 10);
    return end != name + 5 && *end == 0 ? n : -1;
}

// How many step-N folders there are, and the least N.
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

Status run_checkpoint(char path[FILE_PATH], const char *folder, const char *name)
{
    char inside[FILE_PATH];
    TRY(path_join(path, folder, name));
    TRY(folder_recover(path));
    TRY(path_join(inside, path, "state.json"));
    if (!folder_exists(folder)) return err_set(ERR_IO, "run: %s: no such folder", folder);
    if (!file_exists(inside))
        return err_set(ERR_IO, "run: %s: holds no checkpoint `%s`", folder, name);
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

static Status split_lines(Arena *arena, const char ***name, int *n, const char *path, FileMap map)
{
    size_t lines = 0;
    for (size_t i = 0; i < map.size; i++) lines += map.data[i] == '\n';
    char *text = arena_take(arena, map.size + 1);
    *name = arena_take(arena, (lines + 1) * sizeof **name);
    if (!text || !*name || lines > INT32_MAX) return err_memory("classes");
    memcpy(text, map.data, map.size);
    text[map.size] = 0;
    for (char *s = text; *s; s++) {
        char *end = strchr(s, '\n');
        if (!end || end == s)
            return err_set(ERR_FORMAT, "classes: %s: line %d is empty or cut short", path, *n + 1);
        *end = 0;
        (*name)[(*n)++] = s;
        s = end;
    }
    return *n ? OK : err_set(ERR_FORMAT, "classes: %s: is empty", path);
}

Status run_load_classes(Arena *arena, const char ***name, int *n, const char *checkpoint)
{
    char path[FILE_PATH];
    FileMap map;
    *n = 0;
    TRY(path_join(path, checkpoint, "classes.txt"));
    TRY(file_map(&map, path));
    Status status = split_lines(arena, name, n, path, map);
    file_unmap(&map);
    return status;
}

// ---- samples ------------------------------------------------------------------------------------

static void sample_line(JsonOut *o, const SampleRow *row, const SampleName *name)
{
    json_out_object(o);
    json_out_key(o, "path");
    json_out_string(o, name->path);
    json_out_key(o, "label");
    json_out_string(o, name->label);
    number(o, "w", row->w);
    number(o, "p_s", row->p_s);
    number(o, "p_t", row->p_t);
    json_out_end(o);
}

Status run_save_samples(const char *folder, const SampleRow *row, const SampleName *name,
                        int64_t n)
{
    char path[FILE_PATH];
    FileOut out;
    JsonOut o = { 0 };
    TRY(path_join(path, folder, "samples.jsonl"));
    TRY(file_create(&out, path));
    Status status = OK;
    for (int64_t i = 0; i < n && status == OK; i++) {
        if (row[i].w < 0) continue;
        sample_line(&o, &row[i], &name[i]);
        status = json_out_status(&o);
        if (status == OK) status = file_write(&out, o.text, with_line_end(&o));
        json_out_reset(&o);
    }
    json_out_free(&o);
    if (status == OK) return file_commit(&out);
    file_discard(&out);
    return status;
}

// The lines follow the order of the training set, some of whose pictures were not visited yet.
static Status load_line(const Json *line, SampleRow *row, const SampleName *name, int64_t n,
                        int64_t *at)
{
    const char *path;
    SampleRow r;
    TRY(json_need_string(&path, line, "path"));
    TRY(json_need_number(&r.w, line, "w"));
    TRY(json_need_number(&r.p_s, line, "p_s"));
    TRY(json_need_number(&r.p_t, line, "p_t"));
    while (*at < n && strcmp(name[*at].path, path) != 0) ++*at;
    if (*at == n) return json_error(ERR_FORMAT, line, "no such training picture: %s", path);
    row[(*at)++] = r;
    return OK;
}

Status run_load_samples(const char *folder, SampleRow *row, const SampleName *name, int64_t n)
{
    char path[FILE_PATH];
    FileMap map;
    Arena arena = { 0 };
    int64_t at = 0;
    TRY(path_join(path, folder, "samples.jsonl"));
    if (!file_exists(path)) return OK;
    TRY(file_map(&map, path));
    Status status = OK;
    const char *text = (const char *)map.data, *stop = text + map.size;
    while (text < stop && status == OK) {
        const Json *line;
        const char *end = memchr(text, '\n', (size_t)(stop - text));
        if (!end) end = stop;
        status = json_parse(&line, &arena, text, (size_t)(end - text), path);
        if (status == OK) status = load_line(line, row, name, n, &at);
        text = end < stop ? end + 1 : stop;
        arena_reset(&arena);
    }
    arena_free(&arena);
    file_unmap(&map);
    return status;
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

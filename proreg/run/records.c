// records.c - reads the files of a run's folder.
#include "proreg/run/records.h"

#include <math.h>
#include <string.h>

#include "tensor/base/file.h"

// ---- lines of JSON ------------------------------------------------------------------------------

typedef Status LineFn(RunFiles *r, const Json *line);

static Status each_line(RunFiles *r, const FileMap *map, const char *file, LineFn *fn)
{
    Arena scratch = { 0 };
    const char *text = (const char *)map->data, *stop = text + map->size;
    Status status = OK;
    while (text < stop && status == OK) {
        const Json *line;
        const char *end = memchr(text, '\n', (size_t)(stop - text));
        if (!end) end = stop;
        status = json_parse(&line, &scratch, text, (size_t)(end - text), file);
        if (status == OK) status = fn(r, line);
        text = end < stop ? end + 1 : stop;
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    return status;
}

// Maps a file and counts its lines, the last of which may lack its end. One that is not there has
// none.
static Status map_lines(FileMap *map, size_t *lines, const char *folder, const char *name)
{
    char path[FILE_PATH];
    *map = (FileMap){ 0 };
    *lines = 1;
    TRY(path_join(path, folder, name));
    if (!file_exists(path)) return OK;
    TRY(file_map(map, path));
    for (size_t i = 0; i < map->size; i++) *lines += map->data[i] == '\n';
    return OK;
}

// Into `rows`, which has room for them; then the file is closed.
static Status read_lines(RunFiles *r, FileMap *map, const char *name, const void *rows, LineFn *fn)
{
    Status status = rows ? each_line(r, map, name, fn) : err_memory("report");
    file_unmap(map);
    return status;
}

static Status copy_string(RunFiles *r, const char **out, const Json *line, const char *key)
{
    const char *text;
    TRY(json_need_string(&text, line, key));
    *out = arena_string(&r->arena, text);
    return *out ? OK : err_memory("report");
}

// ---- each file ----------------------------------------------------------------------------------

static Status log_line(RunFiles *r, const Json *line)
{
    LogPoint *p = &r->log[r->logs];
    TRY(json_need_number(&p->step, line, "step"));
    TRY(json_need_number(&p->loss, line, "loss"));
    TRY(json_need_number(&p->ce, line, "ce"));
    TRY(json_need_number(&p->kd, line, "kd"));
    TRY(json_need_number(&p->w, line, "w_mean"));
    TRY(json_need_number(&p->lr, line, "lr"));
    r->logs++;
    return OK;
}

static Status sample_line(RunFiles *r, const Json *line)
{
    SampleLine *s = &r->sample[r->samples];
    TRY(copy_string(r, &s->path, line, "path"));
    TRY(copy_string(r, &s->label, line, "label"));
    TRY(json_need_number(&s->w, line, "w"));
    TRY(json_need_number(&s->p_s, line, "p_s"));
    TRY(json_need_number(&s->p_t, line, "p_t"));
    r->samples++;
    return OK;
}

static Status class_cells(RunFiles *r, EvalLine *e, const Json *classes)
{
    size_t n = (size_t)classes->count;
    e->class_name = arena_take(&r->arena, (n + 1) * sizeof *e->class_name);
    e->cell = arena_take(&r->arena, (n + 1) * sizeof *e->cell);
    if (!e->class_name || !e->cell) return err_memory("report");
    for (e->classes = 0; e->classes < (int)n; e->classes++) {
        const Json *one = json_at(classes, e->classes);
        Cell *cell = &e->cell[e->classes];
        TRY(json_need_int(&cell->n, one, "n", 0, INT64_MAX));
        TRY(json_need_int(&cell->correct, one, "correct", 0, cell->n));
        e->class_name[e->classes] = arena_string(&r->arena, one->key);
        if (!e->class_name[e->classes]) return err_memory("report");
    }
    return OK;
}

static Status eval_line(RunFiles *r, const Json *line)
{
    const Json *classes;
    EvalLine *e = &r->eval[r->evals];
    TRY(json_need_int(&e->step, line, "step", 0, INT64_MAX));
    TRY(json_need_int(&e->n, line, "n", 0, INT64_MAX));
    TRY(json_need_int(&e->correct, line, "correct", 0, e->n));
    TRY(json_need_number(&e->top1, line, "top1"));
    TRY(json_need_number(&e->mean_class, line, "mean_class"));
    TRY(copy_string(r, &e->split, line, "split"));
    TRY(copy_string(r, &e->domain, line, "domain"));
    TRY(json_need(&classes, line, "per_class", JSON_OBJECT));
    TRY(class_cells(r, e, classes));
    r->evals++;
    return OK;
}

static Status read_log(RunFiles *r, const char *folder)
{
    FileMap map;
    size_t n;
    TRY(map_lines(&map, &n, folder, "log.jsonl"));
    r->log = arena_take(&r->arena, n * sizeof *r->log);
    return read_lines(r, &map, "log.jsonl", r->log, log_line);
}

static Status read_results(RunFiles *r, const char *folder)
{
    FileMap map;
    size_t n;
    TRY(map_lines(&map, &n, folder, "results.jsonl"));
    r->eval = arena_take(&r->arena, n * sizeof *r->eval);
    return read_lines(r, &map, "results.jsonl", r->eval, eval_line);
}

static Status read_samples(RunFiles *r, const char *folder)
{
    FileMap map;
    size_t n;
    TRY(map_lines(&map, &n, folder, "samples.jsonl"));
    r->sample = arena_take(&r->arena, n * sizeof *r->sample);
    return read_lines(r, &map, "samples.jsonl", r->sample, sample_line);
}

static Status read_all(RunFiles *r, const char *folder)
{
    char path[FILE_PATH];
    TRY(path_join(path, folder, "config.json"));
    TRY(json_load(&r->config, &r->arena, path));
    TRY(json_expect(r->config, JSON_OBJECT));
    TRY(read_log(r, folder));
    TRY(read_results(r, folder));
    return read_samples(r, folder);
}

Status run_files_open(RunFiles *r, const char *folder)
{
    *r = (RunFiles){ 0 };
    Status status = read_all(r, folder);
    if (status != OK) run_files_close(r);
    return status;
}

void run_files_close(RunFiles *r)
{
    arena_free(&r->arena);
    *r = (RunFiles){ 0 };
}

// ---- asking -------------------------------------------------------------------------------------

int run_files_at(const RunFiles *r, int64_t step, int *first)
{
    int n = 0;
    *first = 0;
    if (step < 0 && r->evals) step = r->eval[r->evals - 1].step;
    for (int i = 0; i < r->evals; i++) {
        if (r->eval[i].step != step) continue;
        if (n++ == 0) *first = i;
    }
    return n;
}

const char *run_files_text(const RunFiles *r, const char *key)
{
    const Json *v = json_get(r->config, key);
    return v && v->type == JSON_STRING ? v->string : "";
}

double run_files_number(const RunFiles *r, const char *key)
{
    const Json *v = json_get(r->config, key);
    return v && v->type == JSON_NUMBER ? v->number : NAN;
}

bool run_files_trained_on(const RunFiles *r, const char *domain)
{
    const char *list = run_files_text(r, "train_domains");
    size_t n = strlen(domain);
    if (!*list) return true;
    while (*list) {
        size_t length = strcspn(list, ","), from = strspn(list, " ");
        size_t end = length;
        while (end > from && list[end - 1] == ' ') end--;
        if (from <= end && end - from == n && !memcmp(list + from, domain, n)) return true;
        list += length + (list[length] == ',');
    }
    return false;
}

double run_files_mean(const RunFiles *r, const EvalLine *line, int n, bool ood)
{
    double sum = 0;
    int domains = 0;
    for (int i = 0; i < n; i++) {
        if (n > 1 && i == n - 1) break;        // "all" stands last where there are several
        if (run_files_trained_on(r, line[i].domain) == ood) continue;
        sum += line[i].top1;
        domains++;
    }
    return domains ? sum / domains : (double)NAN;
}

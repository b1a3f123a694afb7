// records.c - writes and reads the files of JSON lines in a run's folder.
#include "proreg/run/records.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tensor/base/file.h"
#include "tensor/base/name.h"

// ---- lines of a file ----------------------------------------------------------------------------

typedef struct {
    char path[FILE_PATH];
    FileMap map;
    size_t at;                     // where the next line begins
    Arena arena;                   // of the last line
} Lines;

// A file that is not there has no lines. On failure there is nothing to close.
static Status lines_open(Lines *l, const char *folder, const char *name)
{
    *l = (Lines){ 0 };
    bool there;
    TRY(file_beside(&there, l->path, folder, name));
    return there ? file_map(&l->map, l->path) : OK;
}

static void lines_close(Lines *l)
{
    arena_free(&l->arena);
    file_unmap(&l->map);
}

// The next line, valid until the one after it; NULL at the end. The last may lack its line end.
static Status lines_next(Lines *l, const Json **line)
{
    size_t left = l->map.size - l->at;
    *line = NULL;
    if (left == 0) return OK;
    const char *text = (const char *)l->map.data + l->at, *end = memchr(text, '\n', left);
    size_t length = end ? (size_t)(end - text) : left;
    arena_reset(&l->arena);
    l->at += length + (end ? 1 : 0);
    return json_parse(line, &l->arena, text, length, l->path);
}

// How many there may be.
static size_t lines_count(const Lines *l)
{
    size_t n = 1;
    for (size_t i = 0; i < l->map.size; i++) n += l->map.data[i] == '\n';
    return n;
}

Status records_append(const char *folder, const char *name, JsonOut *lines)
{
    char path[FILE_PATH];
    json_out_line_end(lines);
    Status status = json_out_status(lines);
    if (status == OK) status = path_join(path, folder, name);
    if (status == OK && lines->size > 0) status = file_append(path, lines->text, lines->size);
    json_out_free(lines);
    return status;
}

// ---- log.jsonl ----------------------------------------------------------------------------------

static const struct { const char *key; size_t at; } log_member[] = {
    { "lr", offsetof(LogRecord, lr) }, { "head_lr", offsetof(LogRecord, head_lr) },
    { "loss", offsetof(LogRecord, loss) }, { "ce", offsetof(LogRecord, ce) },
    { "kd", offsetof(LogRecord, kd) }, { "w_mean", offsetof(LogRecord, w) },
    { "grad_norm", offsetof(LogRecord, grad_norm) },
    { "logit_scale", offsetof(LogRecord, logit_scale) },
    { "images_per_s", offsetof(LogRecord, images_per_s) },
    { "seconds", offsetof(LogRecord, seconds) },
};
enum { LOG_MEMBERS = sizeof log_member / sizeof log_member[0] };

Status log_append(const char *folder, const LogRecord *record)
{
    JsonOut out = { 0 };
    json_out_object(&out);
    json_put_int(&out, "step", record->step);
    json_put_int(&out, "epoch", record->epoch);
    for (int i = 0; i < LOG_MEMBERS; i++)
        json_put_double(&out, log_member[i].key,
                        *(const double *)((const char *)record + log_member[i].at));
    json_out_end(&out);
    return records_append(folder, "log.jsonl", &out);
}

static Status log_read(void *row, Arena *arena, const Json *line)
{
    LogRecord *record = row;
    (void)arena;
    TRY(json_need_int(&record->step, line, "step", 0, INT64_MAX));
    TRY(json_need_int(&record->epoch, line, "epoch", 0, INT64_MAX));
    for (int i = 0; i < LOG_MEMBERS; i++) {
        double *at = (double *)((char *)record + log_member[i].at);
        bool late = at == &record->logit_scale;
        if (late) *at = NAN;
        if (late) TRY(json_opt_number(at, line, log_member[i].key));
        else TRY(json_need_number(at, line, log_member[i].key));
    }
    return OK;
}

// ---- samples.jsonl ------------------------------------------------------------------------------

static void sample_write(JsonOut *out, const SampleRecord *s)
{
    json_out_object(out);
    json_put_string(out, "path", s->path);
    json_put_string(out, "label", s->label);
    json_put_double(out, "w", s->w);
    json_put_double(out, "p_s", s->p_s);
    json_put_double(out, "p_t", s->p_t);
    json_out_end(out);
}

// The strings are the line's own.
static Status sample_parse(SampleRecord *s, const Json *line)
{
    TRY(json_need_string(&s->path, line, "path"));
    TRY(json_need_string(&s->label, line, "label"));
    TRY(json_need_number(&s->w, line, "w"));
    TRY(json_need_number(&s->p_s, line, "p_s"));
    return json_need_number(&s->p_t, line, "p_t");
}

static Status copy_string(const char **text, Arena *arena)
{
    *text = arena_string(arena, *text);
    return *text ? OK : err_memory("records");
}

static Status sample_read(void *row, Arena *arena, const Json *line)
{
    SampleRecord *s = row;
    TRY(sample_parse(s, line));
    TRY(copy_string(&s->path, arena));
    return copy_string(&s->label, arena);
}

// Moves the line in *out to the file.
static Status line_out(FileOut *file, JsonOut *out)
{
    json_out_line_end(out);
    TRY(json_out_status(out));
    Status status = file_write(file, out->text, out->size);
    json_out_reset(out);
    return status;
}

static Status file_done(FileOut *file, JsonOut *out, Status status)
{
    json_out_free(out);
    if (status == OK) return file_commit(file);
    file_discard(file);
    return status;
}

Status samples_save(const char *folder, const SampleRecord *sample, int64_t n)
{
    char path[FILE_PATH];
    FileOut file;
    JsonOut out = { 0 };
    TRY(path_join(path, folder, "samples.jsonl"));
    TRY(file_create(&file, path));
    Status status = OK;
    for (int64_t i = 0; i < n && status == OK; i++) {
        if (sample[i].w < 0) continue;
        sample_write(&out, &sample[i]);
        status = line_out(&file, &out);
    }
    return file_done(&file, &out, status);
}

// The lines follow the order of the pictures, some of which were not visited yet.
static Status sample_place(SampleRecord *sample, int64_t n, int64_t *at, const Json *line)
{
    SampleRecord s;
    TRY(sample_parse(&s, line));
    while (*at < n && strcmp(sample[*at].path, s.path) != 0) ++*at;
    if (*at == n) return json_error(ERR_FORMAT, line, "no such training picture: %s", s.path);
    SampleRecord *to = &sample[(*at)++];
    *to = (SampleRecord){ to->path, to->label, s.w, s.p_s, s.p_t };
    return OK;
}

Status samples_load(const char *folder, SampleRecord *sample, int64_t n)
{
    Lines l;
    const Json *line;
    int64_t at = 0;
    TRY(lines_open(&l, folder, "samples.jsonl"));
    Status status;
    while ((status = lines_next(&l, &line)) == OK && line)
        if ((status = sample_place(sample, n, &at, line)) != OK) break;
    lines_close(&l);
    return status;
}

static Status read_paths(const char **path, int64_t *n, Arena *arena, Lines *l)
{
    const Json *line;
    SampleRecord s;
    for (;;) {
        TRY(lines_next(l, &line));
        if (!line) return OK;
        TRY(sample_parse(&s, line));
        path[*n] = s.path;
        TRY(copy_string(&path[(*n)++], arena));
    }
}

Status samples_paths(const char ***path, int64_t *n, Arena *arena, const char *folder)
{
    Lines l;
    char file[FILE_PATH];
    bool there;
    *path = NULL;
    *n = 0;
    TRY(file_beside(&there, file, folder, "samples.jsonl"));
    TRY(lines_open(&l, folder, "samples.jsonl"));
    Status status = OK;
    if (there && !(*path = arena_take(arena, lines_count(&l) * sizeof **path)))
        status = err_memory("records");
    if (there && status == OK) status = read_paths(*path, n, arena, &l);
    lines_close(&l);
    return status;
}

// ---- predictions.jsonl --------------------------------------------------------------------------

static void prediction_write(JsonOut *out, int64_t step, const PredictionRecord *p)
{
    json_out_object(out);
    json_put_int(out, "step", step);
    json_put_string(out, "path", p->path);
    json_put_string(out, "split", p->split);
    json_put_string(out, "domain", p->domain);
    json_put_string(out, "label", p->label);
    json_put_string(out, "predicted", p->predicted);
    json_put_double(out, "p_label", p->p_label);
    json_put_double(out, "p_predicted", p->p_predicted);
    json_out_end(out);
}

Status predictions_save(const char *folder, int64_t step, const PredictionRecord *p, int64_t n)
{
    char path[FILE_PATH];
    FileOut file;
    JsonOut out = { 0 };
    TRY(path_join(path, folder, "predictions.jsonl"));
    TRY(file_create(&file, path));
    Status status = OK;
    for (int64_t i = 0; i < n && status == OK; i++) {
        if (!p[i].path) continue;
        prediction_write(&out, step, &p[i]);
        status = line_out(&file, &out);
    }
    return file_done(&file, &out, status);
}

static Status prediction_read(void *row, Arena *arena, const Json *line)
{
    PredictionRecord *p = row;
    TRY(json_need_int(&p->step, line, "step", 0, INT64_MAX));
    TRY(json_need_string(&p->path, line, "path"));
    TRY(json_need_string(&p->split, line, "split"));
    TRY(json_need_string(&p->domain, line, "domain"));
    TRY(json_need_string(&p->label, line, "label"));
    TRY(json_need_string(&p->predicted, line, "predicted"));
    TRY(json_need_number(&p->p_label, line, "p_label"));
    TRY(json_need_number(&p->p_predicted, line, "p_predicted"));
    TRY(copy_string(&p->path, arena));
    TRY(copy_string(&p->split, arena));
    TRY(copy_string(&p->domain, arena));
    TRY(copy_string(&p->label, arena));
    return copy_string(&p->predicted, arena);
}

// ---- results.jsonl ------------------------------------------------------------------------------

static void per_class(JsonOut *out, const Score *s, const ScoreLine *l)
{
    json_out_key(out, "per_class");
    json_out_object(out);
    for (int k = 0; k < s->of.classes; k++) {
        ScoreRow row = score_class(s, l->split, l->domain, k);
        json_out_key(out, s->of.class_name[k]);
        json_out_object(out);
        json_put_int(out, "n", row.n);
        json_put_int(out, "correct", row.correct);
        json_out_key(out, "top1");
        if (row.n) json_out_double(out, row.top1);
        else json_out_null(out);
        json_out_end(out);
    }
    json_out_end(out);
}

void results_members(JsonOut *out, const Score *s, const ScoreLine *l)
{
    ScoreRow row = score_row(s, l->split, l->domain);
    json_put_string(out, "split", s->of.split_name[l->split]);
    json_put_string(out, "domain", score_domain_name(s, l->domain));
    json_put_int(out, "n", row.n);
    json_put_int(out, "correct", row.correct);
    json_put_double(out, "top1", row.top1);
    json_put_double(out, "mean_class", row.mean_class);
}

// What a reader must know of a line's number; "": nothing.
static void note_of(char *text, size_t bytes, const Score *s, const ScoreLine *l)
{
    int64_t n = score_row(s, l->split, l->domain).n;
    int64_t seen = score_trained_on(s, l->split, l->domain).n;
    char trained[80] = "";
    if (seen && seen >= n) snprintf(trained, sizeof trained, "trained on these pictures");
    else if (seen) snprintf(trained, sizeof trained, "trained on %lld of these pictures",
                            (long long)seen);
    snprintf(text, bytes, "%s%s%s", trained, *trained && s->of.note ? "; " : "",
             s->of.note ? s->of.note : "");
}

static void result_write(JsonOut *out, const Score *s, int64_t step, const ScoreLine *l)
{
    char note[200];
    note_of(note, sizeof note, s, l);
    json_out_object(out);
    json_put_int(out, "step", step);
    results_members(out, s, l);
    if (*note) json_put_string(out, "note", note);
    per_class(out, s, l);
    json_out_end(out);
}

void results_lines(JsonOut *out, const Score *s, int64_t step)
{
    for (ScoreLine l = SCORE_FIRST; score_next(s, &l);) result_write(out, s, step, &l);
}

Status results_append(const char *folder, const Score *s, int64_t step)
{
    JsonOut out = { 0 };
    results_lines(&out, s, step);
    return records_append(folder, "results.jsonl", &out);
}

static Status read_cells(ResultRecord *e, Arena *arena, const Json *classes)
{
    size_t n = (size_t)classes->count;
    e->class_name = arena_take(arena, (n + 1) * sizeof *e->class_name);
    e->cell = arena_take(arena, (n + 1) * sizeof *e->cell);
    if (!e->class_name || !e->cell) return err_memory("records");
    for (e->classes = 0; e->classes < (int)n; e->classes++) {
        const Json *one = json_at(classes, e->classes);
        Cell *cell = &e->cell[e->classes];
        TRY(json_need_int(&cell->n, one, "n", 0, INT64_MAX));
        TRY(json_need_int(&cell->correct, one, "correct", 0, cell->n));
        e->class_name[e->classes] = one->key;
        TRY(copy_string(&e->class_name[e->classes], arena));
    }
    return OK;
}

static Status result_read(void *row, Arena *arena, const Json *line)
{
    const Json *classes;
    ResultRecord *e = row;
    TRY(json_need_int(&e->step, line, "step", 0, INT64_MAX));
    TRY(json_need_int(&e->n, line, "n", 0, INT64_MAX));
    TRY(json_need_int(&e->correct, line, "correct", 0, e->n));
    TRY(json_need_number(&e->top1, line, "top1"));
    TRY(json_need_number(&e->mean_class, line, "mean_class"));
    TRY(json_need_string(&e->split, line, "split"));
    TRY(json_need_string(&e->domain, line, "domain"));
    e->note = "";
    if (json_get(line, "note")) TRY(json_need_string(&e->note, line, "note"));
    TRY(copy_string(&e->split, arena));
    TRY(copy_string(&e->domain, arena));
    TRY(copy_string(&e->note, arena));
    TRY(json_need(&classes, line, "per_class", JSON_OBJECT));
    return read_cells(e, arena, classes);
}

// ---- going back ---------------------------------------------------------------------------------

// Bytes of the leading whole lines whose step is at most `step`. A torn line is an end, a machine
// that fails is none.
static Status bytes_until(size_t *keep, Lines *l, int64_t step)
{
    *keep = 0;
    for (;;) {
        const Json *line;
        int64_t of = 0;
        Status status = lines_next(l, &line);
        if (status == OK && (!line || l->map.data[l->at - 1] != '\n')) return OK;
        if (status == OK) status = json_need_int(&of, line, "step", 0, INT64_MAX);
        if (err_of_machine(status)) return status;
        if (status != OK || of > step) return OK;
        *keep = l->at;
    }
}

static Status rewind_file(const char *folder, const char *name, int64_t step)
{
    Lines l;
    TRY(lines_open(&l, folder, name));
    size_t keep;
    Status status = bytes_until(&keep, &l, step);
    if (status == OK && keep < l.map.size) status = file_save(l.path, l.map.data, keep);
    lines_close(&l);
    return status;
}

Status records_rewind(const char *folder, int64_t step)
{
    TRY(rewind_file(folder, "log.jsonl", step - 1));       // line 0 is that of update 1
    return rewind_file(folder, "results.jsonl", step);
}

// ---- all files ----------------------------------------------------------------------------------

typedef Status ReadRow(void *row, Arena *arena, const Json *line);

// Every line of a file as an array of rows of `size` bytes, in the arena.
static Status read_file(RunFiles *r, const char *folder, const char *name, size_t size, void *rows,
                        int64_t *n, ReadRow *read)
{
    Lines l;
    const Json *line;
    TRY(lines_open(&l, folder, name));
    char *row = arena_take(&r->arena, lines_count(&l) * size);
    Status status = row ? OK : err_memory("records");
    memcpy(rows, &row, sizeof row);
    while (status == OK && (status = lines_next(&l, &line)) == OK && line)
        status = read(row + (size_t)(*n)++ * size, &r->arena, line);
    lines_close(&l);
    return status;
}

static Status read_files(RunFiles *r, const char *folder)
{
    char path[FILE_PATH];
    TRY(path_join(path, folder, "config.json"));
    TRY(json_load(&r->config, &r->arena, path));
    TRY(json_expect(r->config, JSON_OBJECT));
    TRY(read_file(r, folder, "log.jsonl", sizeof *r->log, &r->log, &r->logs, log_read));
    TRY(read_file(r, folder, "results.jsonl", sizeof *r->eval, &r->eval, &r->evals, result_read));
    TRY(read_file(r, folder, "samples.jsonl", sizeof *r->sample, &r->sample, &r->samples,
                  sample_read));
    return read_file(r, folder, "predictions.jsonl", sizeof *r->prediction, &r->prediction,
                     &r->predictions, prediction_read);
}

Status run_files_open(RunFiles *r, const char *folder)
{
    *r = (RunFiles){ 0 };
    Status status = read_files(r, folder);
    if (status != OK) run_files_close(r);
    return status;
}

void run_files_close(RunFiles *r)
{
    arena_free(&r->arena);
    *r = (RunFiles){ 0 };
}

// ---- questions ----------------------------------------------------------------------------------

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

int run_files_split(const RunFiles *r, int first, int n)
{
    int of = 0;
    while (of < n && !strcmp(r->eval[first + of].split, r->eval[first].split)) of++;
    return of;
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
    if (!*list) return true;
    while (*list) {
        char name[FILE_PATH];
        size_t length = strcspn(list, ","), from = strspn(list, " "), end = length;
        while (end > from && list[end - 1] == ' ') end--;
        snprintf(name, sizeof name, "%.*s", from < end ? (int)(end - from) : 0, list + from);
        if (*name && name_same(name, domain)) return true;         // as the dataset matches them
        list += length + (list[length] == ',');
    }
    return false;
}

double run_files_mean(const RunFiles *r, const ResultRecord *line, int n, bool ood)
{
    double sum = 0;
    int domains = 0;
    for (int i = 0; i < n; i++) {
        if (n > 1 && i == n - 1) break;        // with several domains the last line is "all"
        if (run_files_trained_on(r, line[i].domain) == ood) continue;
        sum += line[i].top1;
        domains++;
    }
    return domains ? sum / domains : (double)NAN;
}

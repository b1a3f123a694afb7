// encode.c - `encode`: pictures or texts to vectors of length 1, as NPY or safetensors.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/walk.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/verbs.h"
#include "tensor/base/fmath.h"
#include "weights/npy.h"

enum { TEXTS_AT_A_TIME = 64 };

typedef struct {
    Options *o;
    const Backend *be;
    Clip clip;
    Tape tape;
    const char **name;         // (n) the picture or text of each row
    int64_t n, room;
    float *rows;               // (n,E)
} Encode;

// ---- which pictures -----------------------------------------------------------------------------

static Status add_name(Encode *e, const char *name)
{
    if (e->n == e->room) {
        int64_t room = e->room ? 2 * e->room : 256;
        const char **more = realloc(e->name, (size_t)room * sizeof *more);
        if (!more) return err_memory("encode");
        e->name = more;
        e->room = room;
    }
    char *copy = arena_string(&e->o->arena, name);
    if (!copy) return err_memory("encode");
    e->name[e->n++] = copy;
    return OK;
}

// What lies behind a link to nowhere may have been pictures: rows would be missing.
static Status check_folder(const Encode *e, const char *folder, const char *below)
{
    if (walk_kind(below) == WALK_DEEP)
        return err_set(ERR_FORMAT, "encode: %s/%s: folders more than %d deep", folder, below,
                       WALK_DEEPEST);
    if (walk_kind(below) != WALK_NOWHERE) return OK;
    if (!e->o->skip_bad)
        return err_set(ERR_IO, "encode: %s/%s: a link to nowhere (--skip-bad passes it over)",
                       folder, below);
    say(e->o, "note: %s/%s: a link to nowhere, passed over", folder, below);
    return OK;
}

static Status add_folder(Encode *e, const char *folder)
{
    Walk w;
    char path[FILE_PATH];
    TRY(walk_read(&w, &e->o->arena, folder, WALK_DEEPEST));
    if (w.loops)
        say(e->o, "note: %lld links back to a folder above are passed over, the first: %s/%s",
            (long long)w.loops, folder, w.loop);
    for (int64_t i = 0; i < w.folders; i++) TRY(check_folder(e, folder, w.folder[i]));
    for (int64_t i = 0; i < w.pictures; i++) {
        TRY(path_join(path, folder, w.picture[i]));
        TRY(add_name(e, path));
    }
    return OK;
}

static Status add_pictures(Encode *e, const char *path)
{
    bool folder;
    TRY(folder_there(&folder, path));
    return folder ? add_folder(e, path) : add_name(e, path);
}

static Status list_pictures(Encode *e)
{
    const Options *o = e->o;
    if (o->images) TRY(add_pictures(e, o->images));
    for (int i = 0; i < o->args_count; i++) TRY(add_pictures(e, o->args[i]));
    for (int64_t i = 0; i < e->n && ends_with(o->output, ".npy"); i++)
        if (strchr(e->name[i], '\n'))
            return err_set(ERR_FORMAT, "encode: %s: a line end in its name: the lines of a .txt "
                           "would not be the rows; a .safetensors holds it", e->name[i]);
    for (int64_t i = 0; i < e->n && !o->skip_bad; i++) {
        bool there;
        TRY(file_there(&there, e->name[i]));
        if (!there)
            return err_set(ERR_IO, "encode: %s: no such file, or no regular one", e->name[i]);
    }
    return e->n ? OK : err_set(ERR_FORMAT, "encode: %s: holds no pictures",
                               o->images ? o->images : o->args[0]);
}

// ---- rows ---------------------------------------------------------------------------------------

static Status read_rows(Encode *e, Tensor *vectors, float *out)
{
    if (!e->o->raw) vectors = op_unit(&e->tape, vectors);
    return tape_read(&e->tape, out, vectors);
}

static Status check_rows(const Encode *e, int64_t from, int64_t n)
{
    int64_t E = e->clip.config.embed;
    for (int64_t i = from; i < from + n; i++)
        if (!fm_finite(e->rows + i * E, E))
            return err_set(ERR_FORMAT, "encode: %s: its vector is not finite: the weights cannot "
                           "be right", e->name[i]);
    return OK;
}

static Status picture_batches(Encode *e, Loader *loader, const LoaderOptions *options,
                              int64_t *made, Progress *progress)
{
    int64_t S = e->clip.config.image_size, E = e->clip.config.embed;
    Batch b;
    int64_t told = 0;
    for (;;) {
        Status status = next_batch(loader, options, &b);
        tell_left_out(progress, loader, &told);
        TRY(status);
        if (b.n == 0) return OK;
        tape_begin(&e->tape, TAPE_NO_GRAD);
        Tensor *x = tape_pictures(&e->tape, b.pixels, b.n, S);
        TRY(read_rows(e, clip_image(&e->tape, &e->clip, x), e->rows + *made * E));
        for (int i = 0; i < b.n; i++) e->name[*made + i] = e->name[b.index[i]];
        TRY(check_rows(e, *made, b.n));
        *made += b.n;
        progress_add(progress, b.n);
    }
}

static Status encode_pictures(Encode *e)
{
    Loader *loader = NULL;
    Dataset d = { .root = "." };
    SampleSet set = { .n = e->n, .split = "" };
    int64_t made = 0;
    set.sample = arena_zero(&e->o->arena, (size_t)e->n * sizeof *set.sample);
    if (!set.sample) return err_memory("encode");
    for (int64_t i = 0; i < e->n; i++) set.sample[i].path = e->name[i];
    LoaderOptions l = setup_loader(e->o, &d, &set, &e->clip.config);
    if (l.batch > l.micro) l.batch = l.micro;              // saves memory: there are no steps
    TRY(setup_left_out(&l.left_out, e->o, &set));
    TRY(loader_open(&loader, &l));
    Progress p = progress_begin("encode", e->n, e->o->quiet);
    Status status = picture_batches(e, loader, &l, &made, &p);
    progress_end(&p);
    count_left_out(e->o, l.left_out, &set, "pictures");
    loader_close(loader);
    e->n = made;
    return status;
}

static Status encode_texts(Encode *e, const Bpe *bpe)
{
    int64_t E = e->clip.config.embed, C = e->clip.config.context;
    int32_t *ids = arena_take(&e->o->arena, TEXTS_AT_A_TIME * (size_t)C * sizeof *ids);
    Arena scratch = { 0 };
    Status status = ids ? OK : err_memory("encode");
    for (int64_t from = 0; from < e->n && status == OK; from += TEXTS_AT_A_TIME) {
        int64_t n = e->n - from < TEXTS_AT_A_TIME ? e->n - from : TEXTS_AT_A_TIME;
        for (int64_t i = 0; i < n && status == OK; i++)
            status = bpe_context(bpe, e->name[from + i], (int)C, e->o->truncate, &scratch,
                                 ids + i * C, NULL);
        tape_begin(&e->tape, TAPE_NO_GRAD);
        if (status == OK)
            status = read_rows(e, clip_text(&e->tape, &e->clip, ids, n), e->rows + from * E);
        if (status == OK) status = check_rows(e, from, n);
    }
    arena_free(&scratch);
    return status;
}

// ---- files --------------------------------------------------------------------------------------

// x.npy's names are in x.names.txt.
static Status names_path(char path[FILE_PATH], const Options *o)
{
    int stem = (int)strlen(o->output) - 4;
    bool fits = snprintf(path, FILE_PATH, "%.*s.names.txt", stem, o->output) < FILE_PATH;
    return fits ? OK : err_set(ERR_IO, "output: path too long: %.200s..", o->output);
}

// Has an earlier encode written both? Then the matrix has as many rows as the list has lines.
static Status is_pair(bool *pair, const char *matrix, const char *list)
{
    FileMap a, b;
    char shape[40];
    int64_t lines = 0;
    *pair = false;
    TRY(file_there(pair, matrix));
    if (!*pair) return OK;
    TRY(file_map(&b, list));
    for (size_t i = 0; i < b.size; i++) lines += b.data[i] == '\n';
    file_unmap(&b);
    int n = snprintf(shape, sizeof shape, "'shape': (%lld, ", (long long)lines);
    TRY(file_map(&a, matrix));
    *pair = a.size >= 128 && memmem(a.data, 128, shape, (size_t)n);
    file_unmap(&a);
    return OK;
}

static Status check_list_of_names(const Options *o)
{
    char path[FILE_PATH];
    bool there, pair = false;
    TRY(names_path(path, o));
    TRY(setup_output(o, path, OUTPUT_NAMES));
    TRY(file_recover_pair(o->output, path));
    TRY(file_there(&there, path));
    if (there && !o->overwrite) TRY(is_pair(&pair, o->output, path));
    if (!there || o->overwrite || pair) return OK;
    return err_set(ERR_IO, "encode: %s: is there and not from encode, and the names of the rows go "
                   "there: --overwrite replaces it", path);
}

// The matrix and its names, both or neither.
static Status save_rows_named(const Encode *e)
{
    char path[FILE_PATH];
    FileOut rows, names;
    const int64_t E = e->clip.config.embed;
    TRY(names_path(path, e->o));
    TRY(npy_create(&rows, e->o->output, 2, (int64_t[]){ e->n, E }));
    file_write(&rows, e->rows, (size_t)(e->n * E) * sizeof *e->rows);
    Status status = file_create(&names, path);
    for (int64_t i = 0; i < e->n && status == OK; i++)
        status = file_printf(&names, "%s\n", e->name[i]);
    if (status == OK) return file_commit_pair(&rows, &names);
    file_discard(&rows);
    file_discard(&names);
    return status;
}

// The names go into the metadata, under `names`, as a JSON array.
static Status save_safetensors(const Encode *e)
{
    WeightsOut *out;
    JsonOut names = { 0 };
    int64_t dim[2] = { e->n, e->clip.config.embed };
    json_out_array(&names);
    for (int64_t i = 0; i < e->n; i++) json_out_string(&names, e->name[i]);
    json_out_end(&names);
    Status status = json_out_status(&names);
    if (status == OK) status = weights_create(&out, e->o->output);
    if (status == OK) {
        weights_put_meta(out, "names", names.text);
        weights_declare(out, e->o->texts ? "text" : "image", WEIGHTS_F32, 2, dim);
        weights_write(out, e->rows, (size_t)(dim[0] * dim[1]) * sizeof *e->rows);
        status = weights_commit(out);
    }
    json_out_free(&names);
    return status;
}

static Status save_rows(const Encode *e)
{
    if (ends_with(e->o->output, ".safetensors")) return save_safetensors(e);
    return save_rows_named(e);
}

// ---- the verb -----------------------------------------------------------------------------------

static Status encode_options(Options *o)
{
    TRY(setup_model_or_run(o));
    const bool pictures = o->images || o->args_count;
    if (pictures == (o->texts != NULL))
        return err_set(ERR_USAGE, "encode: needs pictures (IMAGE.. or --images) or --texts FILE");
    if (o->texts && o->skip_bad) return err_set(ERR_USAGE, "--skip-bad: goes with --images");
    if (pictures && o->truncate) return err_set(ERR_USAGE, "--truncate: goes with --texts");
    if (!o->output || !(ends_with(o->output, ".npy") || ends_with(o->output, ".safetensors")))
        return err_set(ERR_USAGE, "encode: needs -o FILE.npy or -o FILE.safetensors");
    say_idle(o);
    const bool npy = ends_with(o->output, ".npy");
    TRY(setup_output(o, o->output, npy ? OUTPUT_NPY : OUTPUT_VECTORS));
    return npy ? check_list_of_names(o) : OK;
}

// Every line is a text, even an empty one, so that row i belongs to line i.
static Status add_text_line(Encode *e, const char *text, size_t n)
{
    if (memchr(text, 0, n))                    // it would end the text in silence
        return err_set(ERR_FORMAT, "encode: %s: line %lld: holds a zero byte: is no text",
                       e->o->texts, (long long)e->n + 1);
    char *line = arena_take(&e->o->arena, n + 1);
    if (!line) return err_memory("encode");
    memcpy(line, text, n);
    line[n && line[n - 1] == '\r' ? n - 1 : n] = 0;
    return add_name(e, line);
}

static Status list_texts(Encode *e)
{
    FileMap map;
    TRY(file_map(&map, e->o->texts));
    const char *text = (const char *)map.data, *stop = text ? text + map.size : NULL;
    Status status = OK;
    while (status == OK && text < stop) {
        const char *end = memchr(text, '\n', (size_t)(stop - text));
        size_t n = (size_t)((end ? end : stop) - text);
        status = add_text_line(e, text, n);
        text += n + 1;
    }
    file_unmap(&map);
    if (status == OK && e->n == 0)
        return err_set(ERR_FORMAT, "encode: %s: holds no texts", e->o->texts);
    return status;
}

static Status encode_all(Encode *e)
{
    Options *o = e->o;
    char checkpoint[FILE_PATH];
    Bpe *bpe = NULL;
    TRY(o->texts ? list_texts(e) : list_pictures(e));
    if (o->run) TRY(run_checkpoint(checkpoint, o->run, o->checkpoint));
    if (o->run) TRY(setup_checkpoint(o, checkpoint, false));
    TRY(setup_machine(o, &e->be));
    tape_init(&e->tape, e->be);
    TRY(setup_model(&e->clip, o, e->be, o->run ? checkpoint : o->model,
                    o->texts ? CLIP_TEXT : CLIP_IMAGE));
    e->rows = malloc((size_t)e->n * (size_t)e->clip.config.embed * sizeof *e->rows);
    if (!e->rows) return err_memory("encode");
    if (!o->texts) TRY(encode_pictures(e));
    else {
        TRY(setup_bpe(&bpe, o, &e->clip, true));
        Status status = encode_texts(e, bpe);
        bpe_close(bpe);
        TRY(status);
    }
    return save_rows(e);
}

Status verb_encode(Options *o)
{
    Encode e = { .o = o };
    TRY(encode_options(o));
    Status status = encode_all(&e);
    if (e.be) {
        clip_free(&e.clip);
        tape_free(&e.tape);
    }
    free(e.rows);
    free(e.name);
    return status;
}

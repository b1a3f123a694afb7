// tokenize.c - `tokenize`: texts, from the arguments or one per line from stdin, to ids.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/verb/ask.h"
#include "proreg/verb/verbs.h"

typedef struct {
    const Options *o;
    Bpe *bpe;
    int context;
    Arena arena;               // of one text
} Tokenizer;

static void print_ids(const Tokenizer *t, const int32_t *ids, int64_t n)
{
    const bool json = t->o->json;
    const char *between = json ? ", " : " ";
    if (json) putchar('[');
    for (int64_t i = 0; i < n; i++) printf("%s%d", i ? between : "", ids[i]);
    puts(json ? "]" : "");
}

static Status tokenize_text(Tokenizer *t, const char *text, size_t bytes)
{
    int32_t *ids;
    int64_t n = t->context;
    if (t->o->pad && memchr(text, 0, bytes))   // bpe_context would take it for the end
        return err_set(ERR_FORMAT, "tokenize: --pad: a zero byte in the text: %.80s..", text);
    if (t->o->pad) {
        ids = arena_take(&t->arena, (size_t)n * sizeof *ids);
        if (!ids) return err_memory("tokenize");
        TRY(bpe_context(t->bpe, text, t->context, t->o->truncate, &t->arena, ids, NULL));
    } else {
        TRY(bpe_encode(t->bpe, text, bytes, &t->arena, &ids, &n));
    }
    print_ids(t, ids, n);
    return OK;
}

static Status tokenize_line(Tokenizer *t, char *line, size_t bytes)
{
    const Json *v;
    if (bytes && line[bytes - 1] == '\n') line[--bytes] = 0;
    if (!t->o->json) return tokenize_text(t, line, bytes);
    TRY(json_parse(&v, &t->arena, line, bytes, "stdin"));
    TRY(json_expect(v, JSON_STRING));
    return tokenize_text(t, v->string, (size_t)v->count);
}

static Status tokenize_stdin(Tokenizer *t)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    Status status = OK;
    while (status == OK && (n = getline(&line, &room, stdin)) >= 0) {
        status = tokenize_line(t, line, (size_t)n);
        arena_reset(&t->arena);
    }
    if (status == OK && ferror(stdin)) status = err_set(ERR_IO, "stdin: cannot read");
    free(line);
    return status;
}

static Status tokenize_all(Tokenizer *t)
{
    const Options *o = t->o;
    if (o->args_count == 0) return tokenize_stdin(t);
    for (int i = 0; i < o->args_count; i++) {
        TRY(tokenize_text(t, o->args[i], strlen(o->args[i])));
        arena_reset(&t->arena);
    }
    return OK;
}

// Only the sizes of the model are read; with --merges alone they are CLIP's.
static Status open_tokenizer(Tokenizer *t)
{
    const Backend *be;
    Clip c = { 0 };
    t->context = 77;
    if (!t->o->model) return bpe_open(&t->bpe, t->o->merges, 0);
    TRY(setup_no_run(t->o, t->o->model));
    TRY(backend_open(&be, "ref", NULL));
    TRY(clip_read(&c, be, t->o->model, &(ClipOptions){ .towers = CLIP_TEXT, .sizes = true }));
    t->context = (int)c.config.context;
    Status status = setup_bpe(&t->bpe, t->o, &c, true);
    clip_free(&c);
    return status;
}

// The captions of a table, a line each. *text is the caller's to free.
static Status captions_alone(char **text, size_t *bytes, Options *o)
{
    Captions c;
    CaptionOptions table;
    TRY(setup_captions(&table, o));
    table.captions_only = true;
    TRY(captions_open(&c, o->train, &table));
    *bytes = 0;
    for (int64_t i = 0; i < c.set.n; i++) *bytes += strlen(c.text[c.set.sample[i].label]) + 1;
    char *at = *text = malloc(*bytes + 1);
    for (int64_t i = 0; at && i < c.set.n; i++) {
        const char *caption = c.text[c.set.sample[i].label];
        size_t n = strlen(caption);
        memcpy(at, caption, n);
        at[n] = '\n';
        at += n + 1;
    }
    captions_close(&c);
    return *text ? OK : err_memory("tokenize");
}

static Status whole_text(char **text, size_t *bytes, const char *path)
{
    FileMap map;
    TRY(file_map(&map, path));
    *bytes = map.size;
    *text = malloc(map.size + 1);
    if (*text && map.size) memcpy(*text, map.data, map.size);
    file_unmap(&map);
    return *text ? OK : err_memory("tokenize");
}

static Status train_merges(Options *o)
{
    size_t bytes;
    char *text;
    Bpe *bpe;
    if (!o->merges_out) return err_set(ERR_USAGE, "--train: needs --merges-out FILE");
    if (o->args_count)
        return err_set(ERR_USAGE, "--train: what is this: %.200s", o->args[0]);
    TRY(setup_output(o, o->merges_out, OUTPUT_MERGES));
    bool table = ends_with(o->train, ".tsv") || ends_with(o->train, ".csv");
    TRY(table ? captions_alone(&text, &bytes, o) : whole_text(&text, &bytes, o->train));
    Status status = bpe_train(&bpe, text, bytes, o->vocab);
    free(text);
    if (status == OK) {
        status = bpe_save_merges(bpe, o->merges_out);
        if (status == OK) say(o, "tokenize: %lld ids", (long long)bpe_vocab(bpe));
        bpe_close(bpe);
    }
    return status;
}

Status verb_tokenize(Options *o)
{
    Tokenizer t = { .o = o };
    say_idle(o);
    if (o->train) return train_merges(o);
    if (!o->model && !o->merges)
        return err_set(ERR_USAGE, "tokenize: needs --model PATH or --merges FILE");
    if (o->truncate && !o->pad) return err_set(ERR_USAGE, "--truncate: goes with --pad");
    TRY(open_tokenizer(&t));
    Status status = tokenize_all(&t);
    bpe_close(t.bpe);
    arena_free(&t.arena);
    return status;
}

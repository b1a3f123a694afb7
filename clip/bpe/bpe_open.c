// bpe_open.c - reads the published forms of a tokenizer and writes the one that transformers reads.
//
//     merges.txt        "#version: 0.2", then one merge per line, "LEFT RIGHT", in learnt order
//     vocab.json        {"SPELLING": ID, ..}, special tokens included
//     tokenizer.json    model.vocab as vocab.json, model.merges as merges.txt, added_tokens
//
// Added tokens also stand in tokenizer_config.json, added_tokens.json, special_tokens_map.json.
//
// Names of symbols are in the byte alphabet (bpe_impl.h).
#include <stdlib.h>
#include <string.h>

#include "clip/bpe/bpe.h"
#include "clip/bpe/bpe_impl.h"
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"
#include "tensor/base/json.h"

enum { LARGEST = 1 << 28 };          // bytes of a file of merges, unpacked

// ---- merges ----------------------------------------------------------------------------------

static Status add_merge(Bpe *bpe, const char *const field[2], const size_t length[2])
{
    int32_t left = bpe_symbol(bpe, field[0], length[0]);
    int32_t right = bpe_symbol(bpe, field[1], length[1]);
    return left < 0 || right < 0 ? err_memory("bpe") : bpe_merge(bpe, left, right);
}

// Is the first line a heading: does it hold a version, or no merge?
static bool is_heading(const char *p, const char *end)
{
    static const char mark[] = "#version";
    const char *field[2];
    size_t length[2];
    for (const char *q = p; q + sizeof mark - 1 <= end; q++)
        if (memcmp(q, mark, sizeof mark - 1) == 0) return true;
    return !bpe_two_fields(p, end, field, length);
}

static Status parse_merges(Bpe *bpe, const char *text, size_t bytes, int64_t limit,
                           const char *file)
{
    while (bytes && bpe_blank(text[bytes - 1])) bytes--;
    if (!bytes) return err_set(ERR_FORMAT, "bpe: %s: is empty", file);
    const char *end = text + bytes;
    long line = 1;
    for (const char *p = text, *stop; p < end && bpe->merges < limit; p = stop + 1, line++) {
        const char *field[2];
        size_t length[2];
        stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        if (memchr(p, '\r', (size_t)(stop - p)) && stop[-1] != '\r')
            return err_set(ERR_FORMAT, "bpe: %s: line %ld: a carriage return (CR) inside: lines "
                           "must end in LF or CR LF", file, line);
        if (line == 1 && is_heading(p, stop)) continue;
        if (!bpe_two_fields(p, stop, field, length))
            return err_set(ERR_FORMAT, "bpe: %s: line %ld does not hold two symbols", file, line);
        TRY(add_merge(bpe, field, length));
    }
    return OK;
}

static Status load_merges(Bpe *bpe, const char *path, int64_t limit)
{
    FileMap map;
    TRY(file_map(&map, path));
    uint8_t *unpacked = NULL;
    const uint8_t *text = map.data;
    size_t bytes = map.size;
    Status status = OK;
    if (bytes >= 2 && text[0] == 0x1f && text[1] == 0x8b) {
        status = inflate_gzip(&unpacked, &bytes, LARGEST, map.data, map.size);
        if (status != OK) err_prefix(status, "bpe: %s", path);
        text = unpacked;
    }
    if (status == OK && bytes > LARGEST)
        status = err_set(ERR_UNSUPPORTED, "bpe: %s: more than %d bytes of merges", path, LARGEST);
    if (status == OK) status = parse_merges(bpe, (const char *)text, bytes, limit, path);
    free(unpacked);
    file_unmap(&map);
    return status;
}

static Status open_merges(Bpe *bpe, const char *path, int64_t vocab)
{
    if (vocab && vocab < BASE + SPECIALS)
        return err_set(ERR_SHAPE, "bpe: %s: a vocabulary of %lld has no room for the first %d",
                       path, (long long)vocab, BASE + SPECIALS);
    TRY(load_merges(bpe, path, vocab ? vocab - BASE - SPECIALS : CLIP_MERGES));
    return bpe_number(bpe);
}

// ---- vocabularies ----------------------------------------------------------------------------

static Status set_id(Bpe *bpe, const char *name, size_t length, int64_t id)
{
    int32_t s = bpe_symbol(bpe, name, length);
    if (s < 0) return err_memory("bpe");
    bpe->symbol[s].id = (int32_t)id;
    if (id >= bpe->vocab) bpe->vocab = (int32_t)id + 1;
    return OK;
}

static Status read_vocab(Bpe *bpe, const Json *vocab)
{
    for (int64_t i = 0; i < vocab->count; i++) {
        const Json *v = &vocab->item[i];
        int64_t id;
        TRY(json_int(&id, v, 0, INT32_MAX / 4));
        TRY(set_id(bpe, v->key, strlen(v->key), id));
    }
    return OK;
}

// {"bos_token": "x"} or {"bos_token": {"content": "x"}}: the token's name, kept with the symbols.
static Status read_special(Bpe *bpe, const char **name, const Json *map, const char *key)
{
    const Json *v = json_get(map, key);
    if (v && v->type == JSON_OBJECT) v = json_get(v, "content");
    if (!v || v->type != JSON_STRING) return OK;
    int32_t s = bpe_symbol(bpe, v->string, strlen(v->string));
    if (s < 0) return err_memory("bpe");
    *name = bpe->symbol[s].name;
    return OK;
}

// The names as the file at `path` says them; NULL where it does not.
static Status read_specials(Bpe *bpe, const char *name[3], const char *path)
{
    static const char *const keys[3] = { "bos_token", "eos_token", "unk_token" };
    Arena arena = { 0 };
    const Json *map;
    Status status = json_load(&map, &arena, path);
    for (int i = 0; i < 3 && status == OK; i++) {
        name[i] = NULL;
        status = read_special(bpe, &name[i], map, keys[i]);
    }
    arena_free(&arena);
    return status;
}

static int32_t id_of(const Bpe *bpe, const char *name)
{
    int32_t s = bpe_find(bpe, name, strlen(name));
    return s < 0 ? NO_ID : bpe->symbol[s].id;
}

// After all names and ids are read: the special tokens and the result of each merge must have ids.
static Status resolve_ids(Bpe *bpe, const char *path)
{
    bpe->start = id_of(bpe, bpe->start_name);
    bpe->end = id_of(bpe, bpe->end_name);
    bpe->unknown = id_of(bpe, bpe->unknown_name);
    if (bpe->unknown == NO_ID) bpe->unknown = bpe->end;
    if (bpe->start == bpe->end && bpe->start != NO_ID)
        return err_set(ERR_FORMAT, "bpe: %s: start and end are both %s", path, bpe->end_name);
    if (bpe->start == NO_ID || bpe->end == NO_ID)
        return err_set(ERR_FORMAT, "bpe: %s: no token %s", path,
                       bpe->start == NO_ID ? bpe->start_name : bpe->end_name);
    for (int32_t i = 0; i < bpe->merges; i++) {
        const Symbol *s = &bpe->symbol[bpe->merge[i].result];
        if (s->id == NO_ID)
            return err_set(ERR_FORMAT, "bpe: %s: merge %d makes \"%s\", which has no id", path,
                           i + 1, s->name);
    }
    return bpe_agree_merges(bpe, path);
}

// ---- tokenizer.json --------------------------------------------------------------------------

static Status read_merge(Bpe *bpe, const Json *v)
{
    const char *field[2];
    size_t length[2];
    TRY(bpe_merge_fields(field, length, v));
    return add_merge(bpe, field, length);
}

static Status read_tokenizer(Bpe *bpe, const Json *root)
{
    const Json *model, *vocab, *merges;
    const char *type = "BPE", *suffix = "";
    TRY(json_need(&model, root, "model", JSON_OBJECT));
    TRY(json_opt_string(&type, model, "type"));
    TRY(json_opt_string(&suffix, model, "end_of_word_suffix"));
    if (strcmp(type, "BPE") != 0 || strcmp(suffix, "</w>") != 0)
        return json_error(ERR_UNSUPPORTED, model, "not CLIP's tokenizer: %s with word ends \"%s\"",
                          type, suffix);
    TRY(json_need(&vocab, model, "vocab", JSON_OBJECT));
    TRY(json_need(&merges, model, "merges", JSON_ARRAY));
    TRY(read_vocab(bpe, vocab));
    TRY(bpe_read_added(bpe, root, BPE_TOKENIZER));
    TRY(read_special(bpe, &bpe->unknown_name, model, "unk_token"));
    for (int64_t i = 0; i < merges->count; i++) TRY(read_merge(bpe, &merges->item[i]));
    return OK;
}

// ---- which form ------------------------------------------------------------------------------

// The file `name` in the folder of `path`.
static Status file_near(bool *there, char out[FILE_PATH], const char *path, const char *name)
{
    char folder[FILE_PATH];
    size_t n = (size_t)(path_name(path) - path);
    *there = false;
    if (n >= sizeof folder) return OK;
    memcpy(folder, n ? path : ".", n ? n : 1);
    folder[n ? n : 1] = 0;
    return file_beside(there, out, folder, name);
}

// A folder of another tokenizer may hold files of the same names.
static Status check_class(const char *path)
{
    static const char *const known[] = { "CLIPTokenizer", "CLIPTokenizerFast",
                                         "PreTrainedTokenizerFast", "TokenizersBackend" };
    Arena arena = { 0 };
    const Json *root;
    const char *name = known[0];
    Status status = json_load(&root, &arena, path);
    if (status == OK) status = json_opt_string(&name, root, "tokenizer_class");
    bool is = status != OK;
    for (size_t i = 0; i < sizeof known / sizeof *known && !is; i++) is = !strcmp(name, known[i]);
    if (!is)
        status = json_error(ERR_UNSUPPORTED, json_get(root, "tokenizer_class"),
                            "%.100s: only CLIPTokenizer is implemented", name);
    arena_free(&arena);
    return status;
}

static Status specials_beside(Bpe *bpe, const char *path)
{
    const char *map[3] = { NULL }, *config[3] = { NULL };
    const char **const to[3] = { &bpe->start_name, &bpe->end_name, &bpe->unknown_name };
    char beside[FILE_PATH];
    bool there;
    TRY(file_near(&there, beside, path, "special_tokens_map.json"));
    if (there) TRY(read_specials(bpe, map, beside));
    TRY(file_near(&there, beside, path, "tokenizer_config.json"));
    if (there) TRY(check_class(beside));
    if (there) TRY(read_specials(bpe, config, beside));
    for (int i = 0; i < 3; i++) {
        if (map[i] && config[i] && strcmp(map[i], config[i]) != 0)
            return err_set(ERR_FORMAT, "bpe: %s: names the token %.100s where "
                           "special_tokens_map.json names %.100s", beside, config[i], map[i]);
        if (map[i] || config[i]) *to[i] = map[i] ? map[i] : config[i];
    }
    return OK;
}

// *model, in the arena: that of a tokenizer.json; NULL: there is none.
static Status added_beside(Bpe *bpe, const Json **model, Arena *arena, const char *path)
{
    static const struct { const char *name; BpeAddedForm form; } files[] = {
        { "tokenizer.json", BPE_TOKENIZER }, { "tokenizer_config.json", BPE_CONFIG },
        { "added_tokens.json", BPE_IDS }, { "special_tokens_map.json", BPE_NAMES },
        { "tokenizer_config.json", BPE_NAMES } };
    char beside[FILE_PATH];
    *model = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const Json *root;
        bool there;
        TRY(file_near(&there, beside, path, files[i].name));
        if (!there) continue;
        TRY(json_load(&root, arena, beside));
        TRY(bpe_read_added(bpe, root, files[i].form));
        if (i == 0) *model = json_get(root, "model");
    }
    return OK;
}

static Status open_vocab(Bpe *bpe, const char *vocab_path, const char *merges_path)
{
    Arena arena = { 0 };
    const Json *vocab, *model;
    Status status = json_load(&vocab, &arena, vocab_path);
    if (status == OK) status = json_expect(vocab, JSON_OBJECT);
    if (status == OK) status = read_vocab(bpe, vocab);
    if (status == OK) status = load_merges(bpe, merges_path, INT32_MAX);
    if (status == OK) status = added_beside(bpe, &model, &arena, vocab_path);
    if (status == OK) status = resolve_ids(bpe, vocab_path);
    if (status == OK && model) status = bpe_agree(bpe, model, vocab_path);
    arena_free(&arena);
    return status;
}

static Status open_json(Bpe *bpe, const char *path)
{
    Arena arena = { 0 };
    const Json *root;
    char merges[FILE_PATH];
    Status status = json_load(&root, &arena, path);
    const Json *model = status == OK ? json_get(root, "model") : NULL;
    bool whole = model && model->type == JSON_OBJECT;
    if (whole) status = read_tokenizer(bpe, root);
    if (status == OK) status = specials_beside(bpe, path);
    if (status == OK && whole) status = added_beside(bpe, &model, &arena, path);
    arena_free(&arena);
    TRY(status);
    if (whole) return resolve_ids(bpe, path);
    bool there;
    TRY(file_near(&there, merges, path, "merges.txt"));
    if (!there)
        return err_set(ERR_IO, "bpe: %s: no merges.txt beside it", path);
    return open_vocab(bpe, path, merges);
}

static Status open_file(Bpe *bpe, const char *path, int64_t vocab)
{
    FileMap map;
    char ids[FILE_PATH];
    TRY(file_map(&map, path));
    size_t i = 0;
    while (i < map.size && bpe_blank((char)map.data[i])) i++;
    bool json = i < map.size && map.data[i] == '{';
    file_unmap(&map);
    if (json) return open_json(bpe, path);
    bool whole = !strcmp(path_name(path), "merges.txt");
    if (whole) TRY(file_near(&whole, ids, path, "vocab.json"));
    if (!whole) return open_merges(bpe, path, vocab);
    TRY(specials_beside(bpe, path));
    return open_vocab(bpe, ids, path);
}

static const char *const bpe_files[] = {
    "tokenizer.json", "merges.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
};

Status bpe_there(bool *there, const char *folder)
{
    char path[FILE_PATH];
    *there = false;
    for (size_t i = 0; i < sizeof bpe_files / sizeof bpe_files[0] && !*there; i++)
        TRY(file_beside(there, path, folder, bpe_files[i]));
    return OK;
}

static Status open_in_folder(Bpe *bpe, const char *folder, int64_t vocab)
{
    char path[FILE_PATH], ids[FILE_PATH];
    bool merges, there;
    TRY(file_beside(&merges, path, folder, "merges.txt"));
    TRY(file_beside(&there, ids, folder, "vocab.json"));
    if (merges && there) return open_file(bpe, path, vocab);
    for (size_t i = 0; i < sizeof bpe_files / sizeof bpe_files[0]; i++) {
        TRY(file_beside(&there, path, folder, bpe_files[i]));
        if (there) return open_file(bpe, path, vocab);
    }
    return err_set(ERR_IO, "bpe: %s: neither vocab.json and merges.txt, nor %s, %s, %s, %s", folder,
                   bpe_files[0], bpe_files[1], bpe_files[2], bpe_files[3]);
}

// No id that encoding can return may lie beyond the embedding.
static Status check_ids(const Bpe *bpe, const char *path, int64_t vocab)
{
    int32_t most = bpe->start > bpe->end ? bpe->start : bpe->end;
    for (int32_t i = 0; i < BASE + bpe->merges; i++) {
        int32_t s = i < BASE ? i : bpe->merge[i - BASE].result;
        if (bpe->symbol[s].id > most) most = bpe->symbol[s].id;
    }
    if (bpe->unknown > most) most = bpe->unknown;
    for (int32_t i = 0; i < bpe->addeds; i++)
        if (bpe->added[i].id > most) most = bpe->added[i].id;
    if (!vocab || most < vocab) return OK;
    return err_set(ERR_SHAPE, "bpe: %s: id %d, but the model knows %lld tokens", path, most,
                   (long long)vocab);
}

Status bpe_open(Bpe **out, const char *path, int64_t vocab)
{
    *out = NULL;
    Bpe *bpe;
    bool folder;
    TRY(folder_there(&folder, path));
    TRY(bpe_new(&bpe));
    Status status = folder ? open_in_folder(bpe, path, vocab) : open_file(bpe, path, vocab);
    if (status == OK) status = check_ids(bpe, path, vocab);
    if (status != OK) bpe_close(bpe);
    else *out = bpe;
    return status;
}

// ---- writing ---------------------------------------------------------------------------------

Status bpe_save_merges(const Bpe *bpe, const char *path)
{
    FileOut out;
    TRY(file_create(&out, path));
    file_printf(&out, "#version: 0.2\n");
    for (int32_t i = 0; i < bpe->merges; i++)
        file_printf(&out, "%s %s\n", bpe->symbol[bpe->merge[i].left].name,
                    bpe->symbol[bpe->merge[i].right].name);
    return file_commit(&out);
}

static int id_order(const void *a, const void *b)
{
    const Symbol *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static Status save_vocab(const Bpe *bpe, const char *folder)
{
    Symbol *sorted = malloc((size_t)bpe->symbols * sizeof *sorted);
    if (!sorted) return err_memory("bpe");
    memcpy(sorted, bpe->symbol, (size_t)bpe->symbols * sizeof *sorted);
    qsort(sorted, (size_t)bpe->symbols, sizeof *sorted, id_order);
    JsonOut o = { 0 };
    json_out_object(&o);
    for (int32_t i = 0; i < bpe->symbols; i++) {
        if (sorted[i].id == NO_ID) continue;
        json_put_int(&o, sorted[i].name, sorted[i].id);
    }
    json_out_end(&o);
    free(sorted);
    return json_out_save(&o, folder, "vocab.json");
}

static void put_names(JsonOut *o, const Bpe *bpe)
{
    static const char *const keys[] = { "bos_token", "eos_token", "pad_token", "unk_token" };
    const char *const names[] = { bpe->start_name, bpe->end_name, bpe->end_name,
                                  bpe->unknown_name };
    for (int i = 0; i < 4; i++) {
        json_put_string(o, keys[i], names[i]);
    }
}

Status bpe_save(const Bpe *bpe, const char *folder, int context)
{
    char path[FILE_PATH];
    TRY(folder_make(folder));
    TRY(path_join(path, folder, "merges.txt"));
    TRY(bpe_save_merges(bpe, path));
    TRY(save_vocab(bpe, folder));
    JsonOut map = { .indent = 2 }, config = { .indent = 2 };
    json_out_object(&map);
    put_names(&map, bpe);
    json_out_end(&map);
    TRY(json_out_save(&map, folder, "special_tokens_map.json"));
    json_out_object(&config);
    json_put_string(&config, "tokenizer_class", "CLIPTokenizer");
    json_put_int(&config, "model_max_length", context);
    json_put_bool(&config, "do_lower_case", true);
    put_names(&config, bpe);
    bpe_put_added(&config, bpe);
    json_out_end(&config);
    return json_out_save(&config, folder, "tokenizer_config.json");
}

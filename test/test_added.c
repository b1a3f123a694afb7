// test_added.c - tokens that were added to a vocabulary: transformers' ids, and there and back.
#include "test/folder.h"       // first: it asks for what POSIX offers

#include "clip/bpe/bpe.h"
#include "tensor/base/json.h"

static Folder world;

static bool same_list(const int32_t *ids, int64_t n, const Json *want)
{
    if (n != want->count) return false;
    for (int64_t i = 0; i < n; i++)
        if (!json_at(want, i)->whole || json_at(want, i)->integer != ids[i]) return false;
    return true;
}

static void put_file(const char *name, const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "added/%.80s", name);
    folder_text(&world, path, text);
}

// Writes a JSON value that was parsed.
static void put_value(JsonOut *o, const Json *v)
{
    switch (v->type) {
    case JSON_NULL: json_out_null(o); return;
    case JSON_BOOL: json_out_bool(o, v->truth); return;
    case JSON_NUMBER: json_out_int(o, v->integer); return;
    case JSON_STRING: json_out_string(o, v->string); return;
    case JSON_ARRAY: json_out_array(o); break;
    case JSON_OBJECT: json_out_object(o); break;
    }
    for (int64_t i = 0; i < v->count; i++) {
        if (v->type == JSON_OBJECT) json_out_key(o, json_at(v, i)->key);
        put_value(o, json_at(v, i));
    }
    json_out_end(o);
}

// The tokenizer of a folder of goldens, with more tokens at the head of its own list.
static void put_tokenizer(const char *base_name, const char *list)
{
    char path[FILE_PATH];
    FileMap map;
    snprintf(path, sizeof path, "test/golden/clip/%s/tokenizer.json", base_name);
    if (!CHECK_OK(file_map(&map, path))) return;
    char *text = malloc(map.size + strlen(list) + 2);
    const char *from = (const char *)map.data, *at = strstr(from, "\"added_tokens\":[") + 16;
    int n = sprintf(text, "%.*s%s,", (int)(at - from), from, list);
    memcpy(text + n, at, (size_t)(from + map.size - at));
    text[(size_t)n + map.size - (size_t)(at - from)] = 0;
    folder_text(&world, "added/tokenizer.json", text);
    free(text);
    file_unmap(&map);
}

static void copy_base(const char *base_name)
{
    static const char *const names[] = { "vocab.json", "merges.txt" };
    for (int i = 0; i < 2; i++) {
        char from[FILE_PATH], to[FILE_PATH];
        snprintf(from, sizeof from, "test/golden/clip/%s/%s", base_name, names[i]);
        path_join(to, folder_name(&world, "added"), names[i]);
        if (file_exists(from)) CHECK_OK(file_copy(from, to));
    }
}

static void encodes_as(const Bpe *bpe, const Json *line, const char *what)
{
    const Json *texts = json_get(line, "texts"), *ids = json_get(line, "ids");
    Arena arena = { 0 };
    for (int64_t i = 0; i < texts->count; i++) {
        const Json *text = json_at(texts, i), *want = json_at(ids, i);
        int32_t *got;
        int64_t n = 0;
        if (!CHECK_OK(bpe_encode(bpe, text->string, (size_t)text->count, &arena, &got, &n))) break;
        CHECK(same_list(got, n, want), "%s: \"%s\": %lld ids", what, text->string, (long long)n);
    }
    arena_free(&arena);
}

static void added_line(const char *line, int number)
{
    Arena arena = { 0 };
    const Json *root;
    JsonOut o = { 0 };
    Bpe *bpe, *saved;
    if (!CHECK_OK(json_parse(&root, &arena, line, strlen(line), "line"))) return;
    const char *from = json_get(root, "base")->string;
    const Json *file = json_at(json_get(root, "files"), 0);
    folder_discard(folder_name(&world, "added"));
    put_value(&o, file);
    bool whole = strcmp(file->key, "tokenizer.json") == 0;
    if (whole) o.text[o.size - 1] = 0;         // without its brackets
    if (whole) put_tokenizer(from, o.text + 1);
    else put_file(file->key, o.text);
    copy_base(from);
    json_out_free(&o);
    if (CHECK_OK(bpe_open(&bpe, folder_name(&world, "added"), 0))) {
        encodes_as(bpe, root, file->key);
        folder_discard(folder_name(&world, "saved"));
        CHECK_OK(bpe_save(bpe, folder_name(&world, "saved"), 77));
        // Of "!" as the token that pads, no id is new.
        int64_t room = bpe_vocab(bpe) - (number != 3);
        Status status = bpe_open(&saved, folder_name(&world, "added"), room);
        CHECK(status == (number == 3 ? OK : ERR_SHAPE), "ids beyond the model: %s", err_msg());
        bpe_close(saved);
        bpe_close(bpe);
    }
    if (CHECK_OK(bpe_open(&saved, folder_name(&world, "saved"), 0)))
        encodes_as(saved, root, "saved");
    bpe_close(saved);
    arena_free(&arena);
}

static void tokens(void)
{
    static char line[16384];
    FILE *f = fopen("test/golden/bpe_added.jsonl", "r");
    int n = 0;
    if (!CHECK(f, "no bpe_added.jsonl")) return;
    for (; fgets(line, sizeof line, f); n++) added_line(line, n);
    fclose(f);
    CHECK(n == 5, "%d lines", n);
    test_note("28 texts by %d tokenizers", n);
}

static void refused(void)
{
    static const struct { const char *name, *text, *word; } files[] = {
        { "added_tokens.json", "{\" x\": 600}", "white space at its ends" },
        { "added_tokens.json", "{\"x\": \"a\"}", "added_tokens.json: x" },
        { "tokenizer_config.json", "{\"added_tokens_decoder\": {\"a\": {\"content\": \"x\"}}}",
          "its key is not an id" },
        { "tokenizer_config.json", "{\"added_tokens_decoder\": {\"9\": {\"content\": \"\"}}}",
          "tokenizer_config.json: added_tokens_decoder.9: an added token is empty" },
        { "added_tokens.json", "{\"\": 600}", "added_tokens.json: : an added token is empty" },
    };
    Bpe *bpe;
    for (int i = 0; i < TEST_COUNT(files); i++) {
        folder_discard(folder_name(&world, "added"));
        put_file(files[i].name, files[i].text);
        copy_base("hf-quick");
        Status status = i ? ERR_FORMAT : ERR_UNSUPPORTED;
        CHECK_STATUS(bpe_open(&bpe, folder_name(&world, "added"), 0), status, files[i].word);
    }
}

// Many tokens that begin alike: read and found without comparing each with each.
static void many(void)
{
    enum { MANY = 30000, TIMES = 3000 };
    Bpe *bpe;
    Arena arena = { 0 };
    JsonOut o = { 0 };
    int32_t *ids;
    int64_t n;
    char name[32];
    folder_discard(folder_name(&world, "added"));
    json_out_object(&o);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, i == 7 ? "<tok" : "<tok%d>", i);
        json_put_int(&o, name, 1000 + i);
    }
    json_out_end(&o);
    put_file("added_tokens.json", o.text);
    copy_base("hf-quick");
    char *text = arena_take(&arena, 40 * TIMES);
    size_t used = 0;
    for (int i = 0; i < TIMES; i++)
        used += (size_t)snprintf(text + used, 40, "<tok%d> <tok %s", i, i ? "" : "<tok99999>");
    if (CHECK_OK(bpe_open(&bpe, folder_name(&world, "added"), 0)) &&
        CHECK_OK(bpe_encode(bpe, text, used, &arena, &ids, &n))) {
        CHECK(n > 2 * TIMES && ids[0] == 1000 && ids[1] == 1007 && ids[2] == 1007, "%d: %d %d %d",
              (int)n, ids[0], ids[1], ids[2]);
        CHECK(ids[n - 2] == 1000 + TIMES - 1 && ids[n - 1] == 1007, "the last");
    }
    bpe_close(bpe);
    json_out_free(&o);
    arena_free(&arena);
}

static const TestCase cases[] = {
    { "tokens", tokens }, { "refused", refused }, { "many", many },
};

int main(void)
{
    world = folder_open();
    int failed = test_main("added", cases, TEST_COUNT(cases));
    folder_close(&world);
    return failed;
}

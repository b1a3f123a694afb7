// test_reference.c - proreg/run/README.md against the program: every file of a run and every JSON
// key is on that page, and every key of the page is written, but those marked "only".
#include "test/program.h"

#include "tensor/base/json.h"

#define PAGE "proreg/run/README.md"
#define TRAIN "train --model $M --data $W/set -q --batch 10 --epochs 1 --val-fraction 0.3 "

typedef struct { char key[96][40]; int n; } Keys;

static char *page;

// The page from the line that is this title to the next heading or title; "" if there is none.
// Valid until the next call.
static const char *section(const char *title)
{
    static char text[8000];
    char head[100];
    snprintf(head, sizeof head, "\n%s\n", title);
    const char *at = strstr(page, head);
    if (!at) return "";
    at += strlen(head);
    const char *end = strstr(at, "\n## "), *next = strstr(at, "json:\n");
    if (!end) end = at + strlen(at);
    if (next && next < end) end = next;
    snprintf(text, sizeof text, "%.*s", (int)(end - at), at);
    return text;
}

static bool has_key(const Keys *k, const char *key)
{
    for (int i = 0; i < k->n; i++)
        if (!strcmp(k->key[i], key)) return true;
    return false;
}

static void add_key(Keys *k, const char *key)
{
    if (has_key(k, key) || k->n == 96) return;
    snprintf(k->key[k->n++], sizeof k->key[0], "%.39s", key);
}

// Keys of all objects within; those of a map from names (classes, files) are no keys.
static void add_keys(Keys *k, const Json *v)
{
    bool map = v->key && (!strcmp(v->key, "per_class") || !strcmp(v->key, "model_sha256") ||
                          !strcmp(v->key, "crc32"));
    if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) return;
    for (int64_t i = 0; i < v->count; i++) {
        if (v->type == JSON_OBJECT && !map) add_key(k, v->item[i].key);
        add_keys(k, &v->item[i]);
    }
}

// Keys of a file of one JSON value, or of one per line.
static Keys keys_of(const char *name)
{
    Arena arena = { 0 };
    Keys k = { .n = 0 };
    size_t n;
    const Json *v = NULL;
    const char *text = program_file(name, &n), *at = text;
    bool lines = !strstr(name, ".json") || strstr(name, ".jsonl");
    CHECK(n > 0, "%s: is empty", name);
    while (at < text + n) {
        const char *end = lines ? strchr(at, '\n') : NULL;
        if (!end) end = text + n;
        if (end > at) CHECK_OK(json_parse(&v, &arena, at, (size_t)(end - at), name));
        if (v) add_keys(&k, v);
        at = end + 1;
    }
    arena_free(&arena);
    return k;
}

static bool is_option(const char *key)
{
    char flag[60];
    snprintf(flag, sizeof flag, "--%.50s", key);
    for (char *c = flag; *c; c++)
        if (*c == '_') *c = '-';
    size_t n = strlen(flag);
    for (const char *at = program_file("flags", NULL); (at = strstr(at, flag)); at += n)
        if (at[n] == ' ' || at[n] == '\n' || at[n] == ',') return true;
    return false;
}

static void all_on_page(const Keys *k, const char *text, const char *what, bool options)
{
    for (int i = 0; i < k->n; i++) {
        char mark[60];
        snprintf(mark, sizeof mark, "`%s`", k->key[i]);
        CHECK(strstr(text, mark) || (options && is_option(k->key[i])),
              "%s: `%s` is not on the page", what, k->key[i]);
    }
}

// The names between grave accents in one column of a table's row.
static void columns_written(const Keys *k, const char *row, const char *end, const char *what)
{
    const char *stop = strchr(row + 1, '|');
    if (!stop || stop > end) return;
    for (const char *at = row; (at = strchr(at, '`')) && at < stop;) {
        char key[60];
        const char *close = strchr(++at, '`');
        if (!close || close > stop) break;
        snprintf(key, sizeof key, "%.*s", (int)(close - at), at);
        CHECK(has_key(k, key), "%s: `%s` is on the page and not written", what, key);
        at = close + 1;
    }
}

static void all_written(const Keys *k, const char *text, const char *what)
{
    for (const char *row = text; row; row = strchr(row, '\n')) {
        row += *row == '\n';
        const char *end = strchr(row, '\n');
        if (!end) break;
        char line[300];
        snprintf(line, sizeof line, "%.*s", (int)(end - row), row);
        if (*row == '|' && !strstr(line, "only")) columns_written(k, row, end, what);
    }
}

static void open_page(void)
{
    FileMap map = { 0 };
    if (page) return;
    CHECK_OK(file_map(&map, PAGE));
    page = calloc(1, map.size + 1);
    if (!page) exit(2);
    if (map.size) memcpy(page, map.data, map.size);
    file_unmap(&map);
    CHECK(proreg("train --help") == 0, "%s", program_stderr());
    folder_text(&world, "flags", program_stdout());
}

static void a_run(void)
{
    open_page();
    if (*program_file("run/config.json", NULL)) return;
    CHECK(proreg(TRAIN "--save-every 1 --keep 1 --out $W/run") == 0, "%s", program_stderr());
}

static void same(const char *file, const char *title, bool options)
{
    Keys k = keys_of(file);
    const char *text = section(title);
    CHECK(*text, "%s: no section", title);
    all_on_page(&k, text, file, options);
    all_written(&k, text, file);
}

static void keys(void)
{
    a_run();
    same("run/config.json", "## config.json", true);
    same("run/log.jsonl", "## log.jsonl", false);
    same("run/samples.jsonl", "## samples.jsonl", false);
    same("run/predictions.jsonl", "## predictions.jsonl", false);
    same("run/results.jsonl", "## results.jsonl", false);
    same("run/last/classifier.json", "classifier.json:", false);
    same("run/last/state.json", "state.json:", false);
    CHECK(proreg("wise --run $W/run -q --alpha 0.5 -o $W/mix") == 0, "%s", program_stderr());
    same("mix/classifier.json", "classifier.json:", false);
}

// Each name of the folder stands on the page; last/'s in the section on checkpoints.
static void names_on_page(const char *folder, const char *text)
{
    char path[FILE_PATH], mark[300];
    path_join(path, world.path, folder);
    DIR *dir = opendir(path);
    const char *name = "";
    CHECK(dir, "no %s", path);
    while (dir && folder_next(&name, dir, path) == OK && name) {
        bool step = !strncmp(name, "step-", 5);
        snprintf(mark, sizeof mark, "`%s", step ? "step-N/" : name);
        CHECK(strstr(text, mark), "%s/%s is not on the page", folder, name);
    }
    if (dir) closedir(dir);
}

static void files(void)
{
    char text[9000];
    a_run();
    snprintf(text, sizeof text, "%.*s", (int)(strstr(page, "## config.json") - page), page);
    names_on_page("run", text);
    snprintf(text, sizeof text, "%s `vocab.json `merges.txt `tokenizer_config.json "
             "`special_tokens_map.json", section("## A checkpoint"));
    names_on_page("run/last", text);
}

// A command's keys stand in its row of the last table.
static void results(void)
{
    static const char *const commands[][2] = {
        { "predict", "predict --run $W/run -q --json -k 2 $(find $W/set -name '*.ppm' | head -1)" },
        { "wise", "wise --run $W/run -q --json --alphas 0,1" },
        { "train --plan", "train --plan --json -q --model $M --data $W/set --batch 4" },
        { "data check", "data check --json -q $W/set" },
        { "info MODEL", "info --json $M" },
        { "info --machine", "info --json --machine" },
        { "info --recipe", "info --json --recipe bar" },
    };
    a_run();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char head[60];
        int status = proreg("%s", commands[i][1]);
        CHECK(status == 0, "%s: exit %d: %s", commands[i][0], status, program_stderr());
        snprintf(head, sizeof head, "\n| `%s` |", commands[i][0]);
        const char *row = strstr(page, head), *end = row;
        CHECK(row, "%s: no row", commands[i][0]);
        if (!row) continue;
        do end = strchr(end + 1, '\n');
        while (end && !strncmp(end, "\n|  |", 5));
        char text[1000];
        snprintf(text, sizeof text, "%.*s", (int)(end ? end - row : 900), row);
        Keys k = keys_of("stdout");
        all_on_page(&k, text, commands[i][0], false);
    }
}

static const TestCase cases[] = {
    { "keys", keys }, { "files", files }, { "results", results },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("reference", cases, TEST_COUNT(cases));
    program_close();
    free(page);
    return failed;
}

// test_demo.c - the demo, on few pictures and a random model: its rows are those of its commands
// typed one by one, its table is the same for any number of threads, its page is sound, and it
// writes in no folder of others.
#include "proreg/page/demo_page.h"
#include "proreg/verb/embedded.h"
#include "test/page.h"
#include "test/program.h"
#include "tensor/base/json.h"

#define DEMO "demo --model $M --n 64 --n-test 48 --epochs 1 "

enum { LINES = 2 * DEMO_METHODS };

typedef struct { char method[40]; int64_t seed; double score[4], seconds; } Line;

static void read_line(Line *l, const char *text)
{
    static const char *const key[] = { "id_top1", "ood_top1", "worst_class_id",
                                       "worst_class_ood" };
    Arena arena = { 0 };
    const Json *line;
    const char *method = "";
    CHECK_OK(json_parse(&line, &arena, text, strcspn(text, "\n"), "demo"));
    CHECK_OK(json_need_string(&method, line, "method"));
    CHECK_OK(json_need_int(&l->seed, line, "seed", DEMO_SEED, DEMO_SEED + 9));
    for (int i = 0; i < 4; i++) CHECK_OK(json_need_number(&l->score[i], line, key[i]));
    CHECK_OK(json_need_number(&l->seconds, line, "seconds"));
    CHECK(line && line->count == 7, "other keys: %.100s", text);
    snprintf(l->method, sizeof l->method, "%s", method);
    arena_free(&arena);
}

// The demo that the cases look at, and its lines.
static const Line *a_demo(void)
{
    static Line line[LINES];
    if (file_exists(folder_name(&world, "demo/report.html"))) return line;
    CHECK(proreg(DEMO "--seeds 2 --json -q --out $W/demo") == 0, "%s", program_stderr());
    CHECK(*program_stderr() == 0, "--quiet: %s", program_stderr());
    const char *text = program_stdout();
    for (int i = 0; i < LINES; i++) {
        read_line(&line[i], text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    CHECK(*text == 0, "more lines: %s", text);
    return line;
}

static void lines(void)
{
    static const char *const name[] = { "zeroshot", "probe", "finetune", "wise", "kd", "proreg",
                                        "proreg-k10" };
    const Line *l = a_demo();
    for (int i = 0; i < LINES; i++) {
        CHECK(!strcmp(l[i].method, name[i % DEMO_METHODS]), "%s", l[i].method);
        CHECK(l[i].seed == DEMO_SEED + i / DEMO_METHODS, "seed %d", (int)l[i].seed);
        CHECK(l[i].score[2] <= l[i].score[0] && l[i].score[3] <= l[i].score[1], "the worst class "
              "is better than all: %s", l[i].method);
    }
    CHECK(DEMO_SEED > 110, "settings were chosen on seeds 1 to 3, reported on 101 to 110");
    CHECK(memcmp(l[2].score, l[2 + DEMO_METHODS].score, sizeof l[2].score) != 0, "seeds");
}

// A shell reads a word of the list back as it was, whatever a path holds.
static void shell_words(void)
{
    DemoSettings s = { 1, 1, 1, "/m/it's a model" };
    char line[200];
    demo_command(line, sizeof line, &s, "eval --model $p --out @x-%", 3);
    CHECK(!strcmp(line, "proreg eval --model '/m/it'\\''s a model' --out x-3"), "%s", line);
    s.model = "/m/plain_1.pt";
    demo_command(line, sizeof line, &s, "eval --model $p", 3);
    CHECK(!strcmp(line, "proreg eval --model /m/plain_1.pt"), "%s", line);
}

// top1 of a domain on the lines of stdout; of `wise`, with alpha 0.5.
static double top1(const char *domain)
{
    const char *line = program_stdout();
    char word[60];
    snprintf(word, sizeof word, "\"domain\": \"%s\"", domain);
    for (; *line; line += *line == '\n') {
        const char *end = line + strcspn(line, "\n"), *at = strstr(line, word);
        bool other = !strncmp(line, "{\"alpha\"", 8) && strncmp(line, "{\"alpha\": 0.5,", 14);
        if (at && at < end && !other) return strtod(page_after(at, "\"top1\": "), NULL);
        line = end;
    }
    CHECK(0, "no domain %s", domain);
    return -1;
}

// Types the demo's own list of commands in another folder, then asks each run again.
static void commands(void)
{
    static const char *const ask[DEMO_METHODS] = {
        "zeroshot --model $M --data $W/again/seed-202/data --eval-split test", "eval --run probe",
        "eval --run finetune", "wise --run finetune", "eval --run kd", "eval --run proreg",
        "eval --run proreg-k10",
    };
    const Line *l = a_demo() + DEMO_METHODS;
    folder_make(folder_name(&world, "again/x"));
    setenv("PROREG_BEFORE", "cd $W/again; p() { $TEST_PROGRAM \"$@\" -q || exit 9; }; "
           "sed 's/^proreg/p/' ../demo/commands.txt >list; . ./list;", 1);
    CHECK(proreg("--version") == 0, "%s", program_stderr());
    for (int m = 0; m < DEMO_METHODS; m++) {
        setenv("PROREG_BEFORE", "cd $W/again/seed-202;", 1);
        bool run = strstr(ask[m], "--run") != NULL;
        CHECK(proreg("%s --json -q %s", ask[m], run ? "--eval-domains usual,swapped,new" : "") == 0,
              "%s", program_stderr());
        CHECK_CLOSE(top1("usual"), l[m].score[0], 0);
        CHECK_CLOSE((top1("swapped") + top1("new")) / 2, l[m].score[1], 1e-15);
    }
    unsetenv("PROREG_BEFORE");
    CHECK(program_same("demo/seed-201/proreg/last/model.safetensors",
                       "again/seed-201/proreg/last/model.safetensors"), "other weights");
}

static void table(void)
{
    char first[4000];
    CHECK(proreg(DEMO "--seeds 1 -t 1 -q --out $W/one") == 0, "%s", program_stderr());
    snprintf(first, sizeof first, "%s", program_stdout());
    CHECK(proreg(DEMO "--seeds 1 -t 3 --out $W/one") == 0, "%s", program_stderr());
    CHECK(!strcmp(first, program_stdout()), "%s\n%s", first, program_stdout());
    CHECK(strstr(program_stderr(), "seed 201  ProReg "), "no progress: %s", program_stderr());
    CHECK(strstr(program_stderr(), "/one/report.html"), "where is the report: %s",
          program_stderr());
}

static double next_value(const char **at)
{
    *at = page_after(*at, "<data value=\"");
    return strtod(*at, NULL);
}

// Means of the table: of ID and OOD with their deviations behind. Bold is the best of each column.
static void page(void)
{
    const Line *l = a_demo();
    const char *text = program_file("demo/report.html", NULL);
    PageWalk w = page_walk(text);
    const char *at = page_after(text, "<table id=\"scores\">");
    double score[DEMO_METHODS][SCORES];
    bool bold[DEMO_METHODS][SCORES];
    for (int m = 0; m < DEMO_METHODS; m++) {
        at = page_after(at, "<tr");
        for (int i = 0; i < SCORES; i++) {
            double want = l[m].score[i % 4] / 2 + l[m + DEMO_METHODS].score[i % 4] / 2;
            at = strstr(at, i ? "<td" : "</td>");
            if (!i) at = strstr(at, "<td");
            bold[m][i] = !strncmp(at, "<td class=\"best\">", 17);
            score[m][i] = next_value(&at);
            if (i < 4) CHECK_CLOSE(score[m][i], want, 1e-15);
            if (i < 2)
                CHECK_CLOSE(next_value(&at), fabs(l[m].score[i] - want) * sqrt(2), 1e-12);
        }
    }
    for (int i = 0; i < SCORES; i++)
        for (int m = 0; m < DEMO_METHODS; m++) {
            int better = 0;
            for (int k = 0; k < DEMO_METHODS; k++) {
                long a = lround(1000 * score[k][i]), b = lround(1000 * score[m][i]);
                better += i == BACKGROUND ? a < b : a > b;
            }
            CHECK(bold[m][i] == !better, "column %d: %s, of which %d are better", i,
                  demo_methods[m].name, better);
        }
    test_note("%d pictures, %d drawings", w.images, w.drawings);
    CHECK(w.images >= 3 * WORLD_SHAPES && w.drawings == 6, "%d drawings", w.drawings);
    page_after(text, "Worst class: of the eight shapes");
    page_after(text, "<p id=\"chosen\">On seeds 1 to 3, none of which is on this page.");
}

static bool has_number(const char *lines, const char *number, size_t digits)
{
    char word[60];
    if (digits > 40) return false;
    snprintf(word, sizeof word, " %.*s,", (int)digits, number);
    if (strstr(lines, word)) return true;
    word[strlen(word) - 1] = '}';
    return strstr(lines, word) != NULL;
}

// Each share on the page, out of distribution as well, and each cell of a map is in results.jsonl.
static void results(void)
{
    const Line *l = a_demo();
    const char *lines = program_file("demo/results.jsonl", NULL), *at;
    int shares = 0, cells = 0;
    char word[200];
    for (int i = 0; i < LINES; i++) {
        snprintf(word, sizeof word, "{\"kind\": \"scores\", \"method\": \"%s\", \"seed\": %d, ",
                 l[i].method, (int)l[i].seed);
        at = page_after(lines, word);
        for (int k = 0; k < 4; k++) {
            snprintf(word, sizeof word, "\"%s\": ", tally_key[k]);
            CHECK(strtod(page_after(at, word), NULL) == l[i].score[k], "%s%.20s", word, at);
        }
    }
    at = program_file("demo/report.html", NULL);
    for (; (at = strstr(at, "<data value=\"")); shares++) {
        at += strlen("<data value=\"");
        CHECK(has_number(lines, at, strcspn(at, "\"")), "%.30s is not there", at);
    }
    at = program_file("demo/report.html", NULL);
    for (; (at = strstr(at, "<g><title>")); cells++) {
        const char *number = page_after(at += strlen("<g><title>"), ": ");
        if (*number == ' ') continue;                      // no pictures
        CHECK(has_number(lines, number, strcspn(number, " ")), "%.60s is not there", at);
    }
    CHECK(shares > 30 && cells == 4 * WORLD_SHAPES * WORLD_PLAIN, "%d, %d", shares, cells);
    for (at = lines; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        CHECK(!strncmp(at, "{\"kind\": \"", 10), "%.60s", at);
    page_after(lines, "{\"kind\": \"weight\", \"background\": \"other\", ");
    page_after(lines, "{\"kind\": \"mixture_mean\", \"alpha\": 0.5, \"seeds\": 2, ");
}

// Scores by hand: two shapes of a small tally.
static void scores(void)
{
    Tally t = { 0 };
    double score[SCORES];
    for (int k = 0; k < WORLD_SHAPES; k++) {
        t.cell[USUAL][k][k] = (Cell){ 10, 9 };
        t.cell[SWAPPED][k][(k + 1) % WORLD_SHAPES] = (Cell){ 10, 4 };
        t.cell[NEW][k][WORLD_SHAPES] = (Cell){ 30, 18 };
    }
    t.cell[USUAL][3][4] = (Cell){ 2, 0 };
    t.cell[NEW][5][9] = (Cell){ 8, 0 };
    t.background = (Cell){ 80, 20 };
    tally_scores(score, &t);
    CHECK_CLOSE(score[ID], 72.0 / 82, 1e-15);
    CHECK_CLOSE(score[OOD], (0.4 + 144.0 / 248) / 2, 1e-15);
    CHECK_CLOSE(score[WORST_ID], 9.0 / 12, 1e-15);
    CHECK_CLOSE(score[WORST_OOD], 22.0 / 48, 1e-15);
    CHECK_CLOSE(score[BACKGROUND], 0.25, 1e-15);
    Tally two[4] = { t, t, t, t };
    two[2].cell[USUAL][3][4].correct = 2;
    TallyRow r = tally_row(two, 2, 2);
    CHECK_CLOSE(r.mean[ID], 73.0 / 82, 1e-15);
    CHECK_CLOSE(r.deviation[ID], sqrt(2) / 82, 1e-15);
    CHECK_CLOSE(r.deviation[OOD], 0, 1e-15);
}

static void folders(void)
{
    folder_text(&world, "mine/letter.txt", "dear");
    CHECK(proreg(DEMO "--out $W/mine -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "no commands.txt of a demo"), "%s", program_stderr());
    folder_text(&world, "theirs/commands.txt", "make coffee\n");
    CHECK(proreg(DEMO "--out $W/theirs -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "no commands.txt of a demo"), "%s", program_stderr());
    CHECK(!folder_exists(folder_name(&world, "mine/seed-201")), "it wrote there");
    folder_make(folder_name(&world, "temp/x"));
    folder_text(&world, "temp/proreg-demo-000001/commands.txt", "# what the demo does\n");
    folder_text(&world, "temp/proreg-demo-000001/seed-0/data/captions.tsv", "x");
    folder_text(&world, "temp/proreg-demo-mine/letter.txt", "dear");
    setenv("PROREG_BEFORE", "TMPDIR=$W/temp; export TMPDIR;", 1);
    CHECK(proreg(DEMO "--seeds 1 -q") == 0, "%s", program_stderr());
    CHECK(*program_file("temp/proreg-demo-mine/letter.txt", NULL) == 'd', "somebody's is gone");
    remove(folder_name(&world, "temp/proreg-demo-mine/letter.txt"));
    remove(folder_name(&world, "temp/proreg-demo-mine"));
    setenv("PROREG_BEFORE", "cd $W/temp/*; ls >../list;", 1);
    CHECK(proreg("--version") == 0, "%s", program_stderr());
    unsetenv("PROREG_BEFORE");
    const char *list = program_file("temp/list", NULL);
    CHECK(!strcmp(list, "commands.txt\nreport.html\nresults.jsonl\n"), "left: %s", list);
}

// The model inside the program is weights/world, byte by byte, and knows shapes.
static void embedded(void)
{
    Line l;
    if (!embedded_model[0].name) {
        test_skip("built without weights/world");
        return;
    }
    for (const EmbeddedFile *f = embedded_model; f->name; f++) {
        char path[FILE_PATH];
        FileMap map;
        path_join(path, "weights/world", f->name);
        CHECK_OK(file_map(&map, path));
        CHECK((size_t)(f->end - f->data) == map.size && !memcmp(f->data, map.data, map.size),
              "%s", path);
        file_unmap(&map);
    }
    CHECK(proreg("demo --n 64 --n-test 48 --epochs 1 --seeds 1 --json -q --out $W/own") == 0, "%s",
          program_stderr());
    read_line(&l, program_stdout());
    CHECK(!strcmp(l.method, "zeroshot") && l.score[0] > 0.5, "%s %g", l.method, l.score[0]);
}

static const TestCase cases[] = {
    { "lines", lines }, { "quoted", shell_words }, { "commands", commands }, { "table", table },
    { "page", page }, { "results", results },
    { "scores", scores }, { "folders", folders }, { "embedded", embedded },
};

int main(void)
{
    char program[FILE_PATH + 100], whole[FILE_PATH];
    const char *emulator = getenv("RUN");
    if (!program_open(&program_small)) return 0;
    snprintf(program, sizeof program, "%s %s", emulator ? emulator : "",
             realpath(program_path(), whole));
    setenv("PROREG", whole, 1);
    setenv("TEST_PROGRAM", program, 1);
    int status = test_main("demo", cases, TEST_COUNT(cases));
    program_close();
    return status;
}

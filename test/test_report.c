// test_report.c - report.html of a run: a page that any parser reads and that needs no other file,
// whose numbers are those of the run's files; names that try to be markup; a report that fails.
#include "proreg/page/html.h"
#include "proreg/page/svg.h"
#include "proreg/run/records.h"
#include "test/page.h"
#include "test/program.h"

#include "tensor/base/json.h"

#define TRAIN "train --model $M --data $W/styles --train-domains ink --eval-domains ink,oil -q "

static void a_run(void)
{
    if (file_exists(folder_name(&world, "run/config.json"))) return;
    program_pictures("styles/ink", 8, 40);
    program_pictures("styles/oil", 8, 80);
    for (int i = 0; i < 5; i++) {              // red ones, so that not all comes out right
        char name[60];
        snprintf(name, sizeof name, "styles/oil/blue/more%d.ppm", i);
        program_picture(name, 0, 200 + i);
    }
    CHECK(proreg(TRAIN "--epochs 4 --batch 8 --lr 1e-3 --out $W/run") == 0, "%s", program_stderr());
}

// ---- is it a page -------------------------------------------------------------------------------

static void page(void)
{
    a_run();
    PageWalk w = page_walk(program_file("run/report.html", NULL));
    CHECK(w.images == 12 + 12 + 24, "%d pictures", w.images);
    CHECK(w.drawings == 6, "%d drawings", w.drawings);
    test_note("%d pictures, %d drawings", w.images, w.drawings);
}

// ---- are its numbers those of the files ---------------------------------------------------------

// The last lines of results.jsonl against the table: domain, number, before, top1, mean of classes.
static void numbers(void)
{
    RunFiles r;
    int first, zero;
    char path[FILE_PATH];
    a_run();
    path_join(path, world.path, "run");
    CHECK_OK(run_files_open(&r, path));
    int n = run_files_at(&r, -1, &first);
    CHECK(n == 3 && run_files_at(&r, 0, &zero) == 3, "%d lines", n);
    const char *at = page_after(program_file("run/report.html", NULL), "<table id=\"accuracy\">");
    for (int i = 0; i < n; i++) {
        const ResultRecord *e = &r.eval[first + i];
        const double want[] = { r.eval[zero + i].top1, e->top1, e->mean_class };
        char row[64];
        snprintf(row, sizeof row, "<tr><td>%s</td><td>%d</td>", e->domain, (int)e->n);
        at = page_after(at, row);
        for (int k = 0; k < 3; k++) {
            at = page_after(at, "<data value=\"");
            CHECK(strtod(at, NULL) == want[k], "%s: %.20s, not %.17g", e->domain, at, want[k]);
        }
    }
    run_files_close(&r);
}

static void classes(void)
{
    RunFiles r;
    int first;
    char path[FILE_PATH], cell[200];
    a_run();
    path_join(path, world.path, "run");
    CHECK_OK(run_files_open(&r, path));
    int n = run_files_at(&r, -1, &first);
    const char *text = program_file("run/report.html", NULL);
    for (int i = first; i < first + n; i++)
        for (int k = 0; k < r.eval[i].classes; k++) {
            const Cell *c = &r.eval[i].cell[k];
            snprintf(cell, sizeof cell, "<title>%s, %s: ", r.eval[i].class_name[k],
                     r.eval[i].domain);
            const char *at = page_after(text, cell);
            CHECK(strtod(at, NULL) == (double)c->correct / (double)c->n, "%.20s", at);
            snprintf(cell, sizeof cell, " (%d of %d)</title>", (int)c->correct, (int)c->n);
            page_after(at, cell);
        }
    run_files_close(&r);
}

// The means over domains, by hand.
static void means(void)
{
    RunFiles r;
    int first;
    char path[FILE_PATH];
    a_run();
    path_join(path, world.path, "run");
    CHECK_OK(run_files_open(&r, path));
    int n = run_files_at(&r, -1, &first);
    CHECK(run_files_trained_on(&r, "ink") && !run_files_trained_on(&r, "oil"), "domains");
    CHECK(!run_files_trained_on(&r, "in") && !run_files_trained_on(&r, "inks"), "parts of names");
    CHECK_CLOSE(run_files_mean(&r, r.eval + first, n, false), r.eval[first].top1, 0);
    CHECK_CLOSE(run_files_mean(&r, r.eval + first, n, true), r.eval[first + 1].top1, 0);
    CHECK(r.logs == 12 && r.samples == 24, "%d steps, %d samples", (int)r.logs, (int)r.samples);
    run_files_close(&r);
}

// ---- what may go wrong --------------------------------------------------------------------------

// Whatever a method lacks, the page holds.
static void methods(void)
{
    static const char *const method[] = { "finetune", "kd", "probe", "head" };
    a_run();
    for (int i = 0; i < 4; i++) {
        char name[60];
        CHECK(proreg(TRAIN "--method %s --epochs 1 --out $W/m_%s", method[i], method[i]) == 0, "%s",
              program_stderr());
        snprintf(name, sizeof name, "m_%s/report.html", method[i]);
        page_walk(program_file(name, NULL));
    }
    CHECK(proreg("train --model $M --data $W/set --epochs 1 -q --out $W/plain") == 0, "%s",
          program_stderr());
    page_walk(program_file("plain/report.html", NULL));
}

static void names(void)
{
    FileOut o;
    char path[FILE_PATH];
    const Point p[] = { { 0, NAN }, { 1, 1 } };
    const Series s = { .name = "\"<b>\" & co", .kind = DOTS, .point = p, .n = 2 };
    path_join(path, world.path, "names.html");
    CHECK_OK(html_begin(&o, path, "<i>&\"\xff\x01\xc3\xa9"));
    svg_chart(&o, &(Chart){ .about = "\"><script>", .series = &s, .n = 1 });
    CHECK_OK(html_end(&o));
    const char *text = program_file("names.html", NULL);
    page_walk(text);
    page_after(text, "<title>&lt;i&gt;&amp;&quot;\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9</title>");
}

static void text(void)
{
    FileOut o;
    char path[FILE_PATH];
    path_join(path, world.path, "text.html");
    CHECK_OK(html_begin(&o, path, "x"));
    html_int(&o, -1234567);
    html_int(&o, 999);
    html_share(&o, 0.1);
    html_png(&o, (const uint8_t *)"Man\xff", 4, "a", false);
    html_png(&o, (const uint8_t *)"\xfb\xff", 2, "b", true);
    CHECK_OK(html_end(&o));
    const char *page = program_file("text.html", NULL);
    page_after(page, "<body>\n-1,234,567999<data value=\"0.1\">10.0</data>");
    page_after(page, "base64,TWFu/w==\" alt=\"a\"");
    page_after(page, "<img class=\"photo\" src=\"data:image/png;base64,+/8=\" alt=\"b\"");
}

// A report that cannot be written is told, and the run is there all the same.
static void fails(void)
{
    CHECK(proreg("train --model $M --data $W/set --epochs 1 --out $W/kept --max-steps 1") == 0,
          "%s", program_stderr());
    CHECK(remove(folder_name(&world, "kept/report.html")) == 0, "no report");
    folder_make(folder_name(&world, "kept/report.html"));
    folder_text(&world, "kept/report.html/x", "in the way");
    CHECK(proreg("train --resume --out $W/kept") == 0, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "note: no report.html: "), "%s", program_stderr());
    CHECK(proreg("eval --run $W/kept -q") == 0, "%s", program_stderr());
}

// The page tells the formula that acted, with its parameters.
static void formulas(void)
{
    static const struct { const char *flags, *want; } runs[] = {
        { "--weight k1 --alpha 2",
          "CE + 2 mean w KD at T = 1, with w = p<sub>t</sub><sup>1</sup> / (p<sub>s</sub> + "
          "p<sub>t</sub><sup>1</sup> + 1e-5)" },
        { "--weight ce-ratio --gamma 3 --temp 2",
          "CE + 1 mean w KD at T = 2, with w = CE<sub>s</sub><sup>3</sup> / "
          "(CE<sub>s</sub><sup>3</sup> + CE<sub>t</sub><sup>3</sup> + 1e-5)" },
        { "--weight power --power 4", "<sup>4</sup> + 1e-5)" },
        { "--method kd --alpha 0.25", "CE + 1 mean w KD at T = 1, with w = 0.25" },
        { "--method finetune", "L = mean CE, the cross-entropy to the label" },
    };
    a_run();
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        CHECK(proreg(TRAIN "--max-steps 1 --overwrite %s --out $W/form", runs[i].flags) == 0, "%s",
              program_stderr());
        page_after(program_file("form/report.html", NULL), runs[i].want);
    }
}

static const TestCase cases[] = {
    { "page", page }, { "numbers", numbers }, { "classes", classes }, { "means", means },
    { "methods", methods }, { "formulas", formulas }, { "names", names },
    { "text", text }, { "fails", fails },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int status = test_main("report", cases, TEST_COUNT(cases));
    program_close();
    return status;
}

// test_report.c - report.html of a run: a page that any parser reads and that needs no other file,
// whose numbers are those of the run's files; what it says of runs that are short or small, its
// contrasts; names that try to be markup; a report that fails.
#include "proreg/page/html.h"
#include "proreg/page/interval.h"
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

static RunFiles run_of(const char *name)
{
    RunFiles r;
    char path[FILE_PATH];
    path_join(path, world.path, name);
    CHECK_OK(run_files_open(&r, path));
    return r;
}

static void big_picture(const char *name, int number)
{
    static uint8_t pixel[200 * 300 * 3];
    FILE *out = fopen(folder_name(&world, name), "wb");
    if (!out) exit(2);
    for (size_t i = 0; i < sizeof pixel; i++) pixel[i] = (uint8_t)((i * i >> 3) + (size_t)number);
    fprintf(out, "P6\n200 300\n255\n");
    fwrite(pixel, 1, sizeof pixel, out);
    fclose(out);
}

// ---- is it a page -------------------------------------------------------------------------------

static void page(void)
{
    a_run();
    PageWalk w = page_walk(program_file("run/report.html", NULL));
    RunFiles r = run_of("run");
    int wrong = 0;
    for (int64_t i = 0; i < r.predictions; i++)
        wrong += strcmp(r.prediction[i].label, r.prediction[i].predicted) != 0;
    run_files_close(&r);
    size_t size;
    program_file("run/report.html", &size);
    wrong = wrong < 18 ? wrong : 18;
    CHECK(wrong > 0 && w.images == 12 + 12 + 24 + wrong, "%d pictures", w.images);
    CHECK(w.drawings == 8, "%d drawings", w.drawings);
    CHECK(size < 100000 + (size_t)w.images * 21000, "%d KB", (int)(size / 1000));
    test_note("%d pictures, %d drawings, %d KB", w.images, w.drawings, (int)(size / 1000));
}

// A file of large pictures becomes small ones: 72 x 72 pixels are 21 KB of the page.
static void bytes(void)
{
    size_t size;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 3; i++) {
            char name[60];
            snprintf(name, sizeof name, "large/%s/%d.ppm", k ? "red" : "blue", i);
            big_picture(name, 7 * k + i);
        }
    CHECK(proreg("train --model $M --data $W/large --max-steps 1 -q --out $W/larges") == 0, "%s",
          program_stderr());
    PageWalk w = page_walk(program_file("larges/report.html", &size));
    CHECK(w.images >= 18 && size < 40000 + (size_t)w.images * 21000, "%d pictures, %d bytes",
          w.images, (int)size);
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
    static const char blanks[] = "{\"train_domains\": \"Real_World , art\"}";
    RunFiles typed = { .evals = 0 };
    CHECK_OK(json_parse(&typed.config, &typed.arena, blanks, sizeof blanks - 1, "blanks"));
    CHECK(run_files_trained_on(&typed, "Real World") && run_files_trained_on(&typed, "art") &&
          !run_files_trained_on(&typed, "World"), "as --train-domains names them");
    run_files_close(&typed);
    CHECK_CLOSE(run_files_mean(&r, r.eval + first, n, false), r.eval[first].top1, 0);
    CHECK_CLOSE(run_files_mean(&r, r.eval + first, n, true), r.eval[first + 1].top1, 0);
    CHECK(r.logs == 12 && r.samples == 24, "%d steps, %d samples", (int)r.logs, (int)r.samples);
    run_files_close(&r);
}

// predictions.jsonl is what eval --predictions writes of the same checkpoint.
static void answers(void)
{
    a_run();
    CHECK(proreg("eval --run $W/run -q --predictions $W/run.csv") == 0, "%s", program_stderr());
    const char *line = program_file("run.csv", NULL);
    RunFiles r = run_of("run");
    for (int64_t i = 0; i < r.predictions; i++) {
        const PredictionRecord *p = &r.prediction[i];
        char text[300];
        line += strcspn(line, "\n");
        line += *line == '\n';
        snprintf(text, sizeof text, "%s,%s,%s,%s,%.17g,%.17g\n", p->path, p->domain, p->label,
                 p->predicted, p->p_label, p->p_predicted);
        CHECK(!strncmp(line, text, strlen(text)), "%.100s, not %s", line, text);
    }
    CHECK(r.predictions > 0 && !strchr(line, '\n')[1], "%d lines", (int)r.predictions);
    run_files_close(&r);
}

// How often a label got an answer, in the cells of the confusion matrix.
static void confusion(void)
{
    a_run();
    RunFiles r = run_of("run");
    const ResultRecord *all = &r.eval[r.evals - 1];
    const char *page = page_after(program_file("run/report.html", NULL), "id=\"mistakes\"");
    int64_t seen = 0;
    for (int a = 0; a < all->classes; a++)
        for (int b = 0; b < all->classes; b++) {
            int64_t n = 0;
            char cell[200];
            for (int64_t i = 0; i < r.predictions; i++)
                n += !strcmp(r.prediction[i].label, all->class_name[a]) &&
                     !strcmp(r.prediction[i].predicted, all->class_name[b]);
            snprintf(cell, sizeof cell, "<title>%s, %s: ", all->class_name[a], all->class_name[b]);
            const char *at = page_after(page, cell);
            CHECK(strtod(at, NULL) == (double)n / (double)all->cell[a].n, "%s%.20s", cell, at);
            snprintf(cell, sizeof cell, " (%d of %d)</title>", (int)n, (int)all->cell[a].n);
            page_after(at, cell);
            CHECK(a != b || n == all->cell[a].correct, "%s: not what results.jsonl has", cell);
            seen += n;
        }
    CHECK(seen == all->n && seen == r.predictions, "%d of %d pictures", (int)seen, (int)all->n);
    run_files_close(&r);
}

// The wrong answers come with the surest first, each with its picture.
static void confident(void)
{
    a_run();
    RunFiles r = run_of("run");
    const char *page = page_after(program_file("run/report.html", NULL), "confident wrong answers");
    double last = 2;
    for (int shown = 0; shown < 3; shown++) {
        const PredictionRecord *best = NULL;
        char text[300];
        for (int64_t i = 0; i < r.predictions; i++) {
            const PredictionRecord *p = &r.prediction[i];
            bool wrong = strcmp(p->label, p->predicted) != 0 && p->p_predicted < last;
            if (wrong && (!best || p->p_predicted > best->p_predicted)) best = p;
        }
        if (!CHECK(best, "fewer than three")) break;
        last = best->p_predicted;
        snprintf(text, sizeof text, "\"%s\"/>%s %.3f<br/>taken for %s %.3f<br/>%s", best->path,
                 best->label, best->p_label, best->predicted, best->p_predicted, best->domain);
        page = page_after(page_after(page, "<li>"), "alt=");
        CHECK(!strncmp(page, text, strlen(text)), "not first: %s", text);
    }
    run_files_close(&r);
}

// By hand: answers for examples of Newcombe (1998, Stat. Med. 17:857, table I, method 3).
static void intervals(void)
{
    static const struct { int64_t correct, n; double low, high; } want[] = {
        { 81, 263, .2553, .3662 }, { 15, 148, .0624, .1605 }, { 0, 20, 0, .1611 },
        { 1, 29, .0061, .1718 }, { 20, 20, .8389, 1 }, { 0, 0, 0, 1 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        Interval x = interval_share(want[i].correct, want[i].n);
        CHECK_CLOSE(x.low, want[i].low, 5e-5);
        CHECK_CLOSE(x.high, want[i].high, 5e-5);
    }
    const Cell one[] = { { 263, 81 }, { 0, 0 } }, two[] = { { 263, 81 }, { 148, 15 } };
    Interval a = interval_share(81, 263), x = interval_mean(one, 2), y = interval_mean(two, 2);
    CHECK_CLOSE(x.low, a.low, 1e-15);
    CHECK_CLOSE(x.high, a.high, 1e-15);
    double p = 81.0 / 263, q = 15.0 / 148;
    CHECK_CLOSE(y.low, (p + q) / 2 - hypot(p - .2552885, q - .0623864) / 2, 1e-6);
    CHECK_CLOSE(y.high, (p + q) / 2 + hypot(.3662096 - p, .1604872 - q) / 2, 1e-6);
    a_run();
    RunFiles r = run_of("run");
    const ResultRecord *e = &r.eval[r.evals - 1];
    char text[60];
    Interval all = interval_share(e->correct, e->n);
    snprintf(text, sizeof text, "%.1f to %.1f</small>", 100 * all.low, 100 * all.high);
    page_after(page_after(program_file("run/report.html", NULL), "<tr><td>all</td>"), text);
    run_files_close(&r);
}

// ---- can it be read -----------------------------------------------------------------------------

// Relative luminance and contrast as WCAG 2.2 defines them; "#fff" or "#ffffff".
static double luminance(const char *colour)
{
    static const double part[] = { .2126, .7152, .0722 };
    double sum = 0;
    int digits = strlen(colour) == 4 ? 1 : 2;
    for (int i = 0; i < 3; i++) {
        char hex[3] = { colour[1 + digits * i], colour[digits == 1 ? 1 + i : 2 + 2 * i], 0 };
        double c = (double)strtol(hex, NULL, 16) / 255;
        sum += part[i] * (c <= .04045 ? c / 12.92 : pow((c + .055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(const char *a, const char *b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + .05) / (y + .05) : (y + .05) / (x + .05);
}

static const HtmlColour *colour(const char *name)
{
    for (int i = 0; i < HTML_COLOURS; i++)
        if (!strcmp(html_colours[i].name, name)) return &html_colours[i];
    CHECK(0, "no colour %s", name);
    return html_colours;
}

static double readable(const char *text, const char *ground)
{
    const HtmlColour *a = colour(text), *b = colour(ground);
    double light = contrast(a->light, b->light), dark = contrast(a->dark, b->dark);
    CHECK(light >= 4.5 && dark >= 4.5, "%s on %s: %.2f, dark %.2f", text, ground, light, dark);
    return light < dark ? light : dark;
}

static void contrasts(void)
{
    static const char *const text[] = { "ink", "soft", "s0", "s1", "s2", "s3", "s4", "s5", "s6",
                                        "s7" };
    double least = 21;
    CHECK_CLOSE(contrast("#000", "#ffffff"), 21, 1e-9);
    CHECK_CLOSE(contrast("#777777", "#fff"), 4.48, 5e-3);
    for (int i = 0; i < 10; i++) least = fmin(least, readable(text[i], "bg"));
    for (int i = 0; i < 2; i++) least = fmin(least, readable(text[i], "card"));
    for (int i = 0; i < HTML_HEAT; i++) {
        char t[8], h[8], style[60];
        snprintf(t, sizeof t, "t%d", i);
        snprintf(h, sizeof h, "h%d", i);
        least = fmin(least, readable(t, h));
        a_run();
        snprintf(style, sizeof style, "svg text.t%d{fill:var(--t%d)}", i, i);
        page_after(program_file("run/report.html", NULL), style);
    }
    test_note("least contrast %.2f", least);
}

// A cell's ground and its letters are of one tenth.
static void cells(void)
{
    const char *at;
    int n = 0;
    a_run();
    at = program_file("run/report.html", NULL);
    while ((at = strstr(at, "class=\"cell h")) != NULL) {
        int ground = (int)strtol(at += strlen("class=\"cell h"), NULL, 10);
        at = page_after(at, "<text class=\"t");
        CHECK(strtol(at, NULL, 10) == ground, "%.60s on %d", at, ground);
        double percent = strtod(page_after(at, "\"middle\">"), NULL);
        CHECK(fabs(percent - 10 * ground) <= 5.5, "%g percent is in tenth %d", percent, ground);
        n++;
    }
    CHECK(n > 8, "%d cells", n);
}

// ---- charts -------------------------------------------------------------------------------------

static const char *chart_of(const Chart *c)
{
    FileOut o;
    char path[FILE_PATH];
    path_join(path, world.path, "chart.html");
    CHECK_OK(html_begin(&o, path, "x"));
    svg_chart(&o, c);
    CHECK_OK(html_end(&o));
    const char *text = program_file("chart.html", NULL);
    page_walk(text);
    return page_after(text, "<body>");
}

static void whole_ticks(void)
{
    const Point p[] = { { 0, 1 }, { 2, 2 } };
    const Series s = { .point = p, .n = 2 };
    CHECK(strstr(chart_of(&(Chart){ .about = "", .series = &s, .n = 1 }), ">0.5</text>"), "halves");
    const char *text = chart_of(&(Chart){ .about = "", .x_whole = true, .y_whole = true,
                                          .series = &s, .n = 1 });
    CHECK(!strstr(text, ".5</text>") && !strstr(text, ".2</text>"), "%s", text);
    page_after(page_after(page_after(text, ">0</text>"), ">1</text>"), ">2</text>");
}

// One sees both of two curves, and of two dots, that lie on one place.
static void hidden(void)
{
    const Point p[] = { { 0, 1 }, { 1, 3 }, { 2, 2 } }, q[] = { { 0, 3 }, { 1, 1 }, { 2, 0 } };
    const Series on = { .point = p, .n = 3 }, same[] = { on, on, on };
    const Series apart[] = { { .point = p, .n = 3 }, { .point = q, .n = 3 } };
    const Series dots[] = { { .kind = DOTS, .point = p, .n = 2 },
                            { .kind = DOTS, .point = p, .n = 1 } };
    const char *text = chart_of(&(Chart){ .about = "", .series = same, .n = 3 });
    text = page_after(page_after(text, "class=\"line\" d="), "dasharray=\"9.0 9.0\"");
    page_after(text, "dasharray=\"6.0 12.0\"");
    text = chart_of(&(Chart){ .about = "", .series = apart, .n = 2 });
    CHECK(!strstr(text, "dasharray"), "dashed, and hides nothing");
    text = chart_of(&(Chart){ .about = "", .series = dots, .n = 2 });
    text = page_after(page_after(text, "class=\"halo\""), "class=\"dot\"");
    page_after(text, "class=\"dot\"");
}

// ---- what it says of a run ----------------------------------------------------------------------

// The chart of what a single step did would be empty.
static void one_step(void)
{
    a_run();
    CHECK(proreg(TRAIN "--max-steps 1 --epochs 1 --batch 8 --out $W/step") == 0, "%s",
          program_stderr());
    const char *text = program_file("step/report.html", NULL);
    PageWalk w = page_walk(text);
    CHECK(w.drawings == 5, "%d drawings", w.drawings);     // no curve of a loss, w or gradient
    page_after(text, "24 pictures, stopped after 1 of the 3 steps of 1 epoch in batches of 8");
    page_after(text, "The one step began with a cross-entropy of ");
    const char *axis = page_after(text, "aria-label=\"accuracy by step\"");
    const char *end = strstr(axis, "</svg>");
    for (int i = 0; i < 2; i++) {
        const char *part = strstr(axis, i ? ">0.5</text>" : ">0.2</text>");
        CHECK(end && (!part || part > end), "parts of a step");
    }
    CHECK(proreg("train --resume -q --out $W/step") == 0, "%s", program_stderr());
    text = program_file("step/report.html", NULL);
    page_after(text, "24 pictures, 1 epoch (3 steps) in batches of 8");
    CHECK(page_walk(text).drawings == 8, "curves");
}

// What the table lists is its heading; where there is nothing to tell apart, all pictures.
static void headings(void)
{
    static const struct { const char *flags, *head, *row; } runs[] = {
        { "styles --train-domains ink --eval-domains oil", "domain", "oil" },
        { "styles --train-domains ink --eval-domains ink,oil", "domain", "ink" },
        { "styles/ink", "", "all pictures" }, { "set", "split", "test" },
        { "set --val-fraction 0.3 --eval-split test", "split", "held-out" },
    };
    a_run();
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char text[100];
        CHECK(proreg("train --model $M --data $W/%s --max-steps 1 -q --overwrite --out $W/headed",
                     runs[i].flags) == 0, "%s", program_stderr());
        const char *page = program_file("headed/report.html", NULL);
        page_walk(page);
        snprintf(text, sizeof text, "<table id=\"accuracy\"><thead><tr><th>%s</th>", runs[i].head);
        page = page_after(page, text);
        snprintf(text, sizeof text, "<tr><td>%s</td>", runs[i].row);
        page_after(page, text);
        page = program_file("headed/report.html", NULL);
        CHECK(!strstr(page, "pictures of .") && !strstr(page, "<code></code>"), "of nothing: %s",
              runs[i].flags);
        page_after(page, "<span>chance");
        page_after(page, "Chance is <data value=\"0.3333333333333333\">33.3</data> % with 3 cl");
    }
}

// Runs of older programs kept no predictions; those of another step are not this evaluation's.
static void older(void)
{
    a_run();
    CHECK(proreg(TRAIN "--epochs 1 --batch 8 --out $W/older") == 0, "%s", program_stderr());
    page_after(program_file("older/report.html", NULL), "<h2>Mistakes</h2>");
    size_t size;
    char *text = strdup(program_file("older/predictions.jsonl", &size));
    for (int i = 0; i < 2; i++) {
        remove(folder_name(&world, "older/predictions.jsonl"));
        for (char *at = text; i == 1 && (at = strstr(at, "\"step\": 3")); at++) at[8] = '2';
        if (i == 1) folder_text(&world, "older/predictions.jsonl", text);
        CHECK(proreg("train --resume -q --out $W/older") == 0, "%s", program_stderr());
        page_walk(program_file("older/report.html", NULL));
        CHECK(!strstr(program_file("older/report.html", NULL), "Mistakes"), "whose?");
    }
    free(text);
}

// Of many classes the map shows those with the most wrong answers, and all others as one.
static void many_classes(void)
{
    for (int k = 0; k < 30; k++)
        for (int i = 0; i < 1 + k % 2; i++) {
            char name[60];
            snprintf(name, sizeof name, "many/c%02d/%d.ppm", k, i);
            program_picture(name, k % 3, 100 + 2 * k + i);
        }
    CHECK(proreg("train --model $M --data $W/many --max-steps 1 -q --out $W/manys") == 0, "%s",
          program_stderr());
    const char *page = program_file("manys/report.html", NULL);
    page_walk(page);
    page = page_after(page, "id=\"mistakes\"");
    page_after(page, "the 24 classes with the most wrong answers");
    page_after(page, ", others: ");
    page_after(page, "style=\"min-width:");
}

// Names that are too wide keep both ends, in whole characters; others stay as they are.
static void long_names(void)
{
    FileOut o;
    char path[FILE_PATH];
    const char *row[] = { "a rather long name of number 12",
                          ("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                           "\xc3\xa9\xc3\xa9 and many more \xc3\xa9t\xc3\xa9s"), "ring" };
    const char *column[] = { "test" };
    const Cell cell[] = { { 4, 1 }, { 4, 2 }, { 4, 3 } };
    path_join(path, world.path, "wide.html");
    CHECK_OK(html_begin(&o, path, "wide"));
    svg_heat(&o, &(Heat){ .about = "wide", .row = row, .column = column, .cell = cell, .rows = 3,
                          .columns = 1 });
    CHECK_OK(html_end(&o));
    const char *text = program_file("wide.html", NULL);
    page_walk(text);
    page_after(text, "<title>a rather long name of number 12, test: ");
    text = page_after(text, ">a rather \xe2\x80\xa6number 12</text>");
    text = page_after(text, "\xc3\xa9\xc3\xa9\xe2\x80\xa6more \xc3\xa9t\xc3\xa9s</text>");
    page_after(text, ">ring</text>");
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

// A report that cannot be written is told, by the exit status too; the run is there all the same.
static void fails(void)
{
    CHECK(proreg("train --model $M --data $W/set --epochs 1 --out $W/kept --max-steps 1") == 0,
          "%s", program_stderr());
    CHECK(remove(folder_name(&world, "kept/report.html")) == 0, "no report");
    folder_make(folder_name(&world, "kept/report.html"));
    folder_text(&world, "kept/report.html/x", "in the way");
    CHECK(proreg("train --resume --out $W/kept") == 1 && *program_stdout(), "%s",
          program_stderr());
    CHECK(strstr(program_stderr(), "is whole but for its report: "), "%s", program_stderr());
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
    { "page", page }, { "bytes", bytes }, { "numbers", numbers }, { "classes", classes },
    { "means", means }, { "answers", answers },
    { "confusion", confusion }, { "confident", confident },
    { "intervals", intervals }, { "contrasts", contrasts }, { "cells", cells },
    { "whole_ticks", whole_ticks }, { "hidden", hidden }, { "one_step", one_step },
    { "headings", headings }, { "older", older }, { "many_classes", many_classes },
    { "long_names", long_names },
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

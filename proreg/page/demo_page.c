// demo_page.c - the demo's report: the question, the pictures, the accuracy of each method, the
// commands that repeat each number.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset.h"
#include "proreg/page/demo_page.h"
#include "proreg/page/parts.h"

enum { SEEDS = 16, CONTEXTS = WORLD_PLAIN };     // most that are shown; of a task

Status demo_seed_path(char out[FILE_PATH], const Demo *d, int i, const char *name)
{
    char below[200];
    snprintf(below, sizeof below, "seed-%d/%.150s", DEMO_SEED + i, name);
    return path_join(out, d->folder, below);
}

static TallyRow method_row(const Demo *d, int method)
{
    return tally_row(d->tally + method, d->seeds, DEMO_METHODS);
}

// ---- question and answer ------------------------------------------------------------------------

static void method_tile(FileOut *o, const char *what, double share, int colour)
{
    file_printf(o, "<div><b>");
    html_share(o, share);
    file_printf(o, "%%</b><span class=\"s%d\"><i class=\"key\"></i>%s</span></div>\n", colour,
                what);
}

// Is this the best figure of its column, as it is printed? Of answers led by the background the
// least is.
static bool best_shown(const Demo *d, int method, int score)
{
    double sign = score == BACKGROUND ? -1 : 1;
    long own = lround(1000 * sign * method_row(d, method).mean[score]);
    for (int m = 0; m < DEMO_METHODS; m++)
        if (lround(1000 * sign * method_row(d, m).mean[score]) > own) return false;
    return true;
}

// "WiSE-FT, half way (76.6 %)": those that are best.
static void name_best(FileOut *o, const Demo *d, int score)
{
    int n = 0;
    for (int m = 0; m < DEMO_METHODS; m++) {
        if (!best_shown(d, m, score)) continue;
        file_printf(o, "%s%s (", n++ ? " and " : "", demo_methods[m].title);
        html_share(o, method_row(d, m).mean[score]);
        file_printf(o, " %%)");
    }
}

static void question(FileOut *o, const Demo *d)
{
    static const int shown[] = { DEMO_ZEROSHOT, DEMO_FINETUNE, DEMO_WISE, DEMO_PROREG };
    file_printf(o, "<h1>Shape or background?</h1>\n<div class=\"grid\"><div>\n<p class=\"lead\">"
                   "A pretrained model is tuned on %lld drawn pictures in which each shape stands "
                   "before a background of its own, 97 times out of 100. What does it look at "
                   "afterwards, and which method keeps it from taking the background for the "
                   "shape?</p>\n</div><div>\n", (long long)d->settings.n);
    file_printf(o, "<p class=\"soft\">Accuracy where backgrounds are swapped or new, mean of %d "
                   "seed%s:</p>\n<div class=\"tiles\">\n", d->seeds, d->seeds > 1 ? "s" : "");
    for (int i = 0; i < 4; i++)
        method_tile(o, demo_methods[shown[i]].title, method_row(d, shown[i]).mean[OOD],
                    demo_methods[shown[i]].colour);
    file_printf(o, "</div>\n<p>Best there of all seven: ");
    name_best(o, d, OOD);
    file_printf(o, "; where the background is the usual one: ");
    name_best(o, d, ID);
    file_printf(o, ".</p>\n</div></div>\n");
}

// weights/world/results.py is the protocol; git knows no more of the other settings.
static void choices(FileOut *o)
{
    file_printf(o, "<h3>How the settings were chosen</h3>\n<p id=\"chosen\">On seeds 1 to 3, none "
                   "of which is on this page. The learning rate of all methods but the probe is, "
                   "of four, the one with which fine-tuning is best in distribution (ID). At that "
                   "rate ProReg's form is, of five, the best out of distribution (OOD) among those "
                   "whose ID accuracy is within 2 points of fine-tuning's: pictures with swapped "
                   "and new backgrounds, of those seeds, have chosen it. WiSE-FT is half way by "
                   "definition, distillation has its default weight.</p>\n<p>The task itself, the "
                   "number of epochs and the classifier's rate are from an earlier search on other "
                   "drawings, in which both accuracies were looked at. How the probe's rate was "
                   "chosen is not recorded. Protocol and sweep: <code>weights/world/results.py"
                   "</code> and <code>results.md</code> of the source.</p>\n");
}

// ---- pictures -----------------------------------------------------------------------------------

// One picture of each shape, from a folder of the first seed's task.
static Status picture_strip(FileOut *o, const Demo *d, const Dataset *set, const SampleSet *from,
                            const char *domain, int skip)
{
    char root[FILE_PATH];
    TRY(demo_seed_path(root, d, 0, "data"));
    file_printf(o, "<ul class=\"pictures\">\n");
    for (int k = 0; k < WORLD_SHAPES; k++) {
        int left = skip;
        for (int64_t i = 0; i < from->n; i++) {
            const Sample *s = &from->sample[i];
            if (strcmp(set->classes[s->label].name, world_shape[k]) != 0) continue;
            if (strcmp(set->domain[s->domain], domain) != 0 || left-- > 0) continue;
            file_printf(o, "<li>");
            page_picture(o, root, s->path, IMAGE_MAX_PIXELS);
            file_printf(o, "<b>%s</b><br/>", world_shape[k]);
            int context = tally_context(s->path);
            file_printf(o, "%s</li>\n", context < 0 ? "" : world_context[context]);
            break;
        }
    }
    file_printf(o, "</ul>\n");
    return OK;
}

static Status task_pictures(FileOut *o, const Demo *d)
{
    char root[FILE_PATH];
    Dataset set;
    TRY(demo_seed_path(root, d, 0, "data"));
    const DatasetOptions options = { .root = root, .train_domains = "usual", .eval_split = "test" };
    TRY(dataset_open(&set, &options));
    file_printf(o, "<h2>The pictures</h2>\n<p>Three out of four are faded; the pretrained model "
                   "has not seen such pictures, so there is something to learn.</p>\n"
                   "<div class=\"grid three\"><div><h3>Training, and tests in distribution (ID): "
                   "the usual background</h3>\n");
    Status status = picture_strip(o, d, &set, &set.train, "usual", 1);
    file_printf(o, "</div>\n<div><h3>Tests out of distribution (OOD): another shape's background"
                   "</h3>\n");
    if (status == OK) status = picture_strip(o, d, &set, &set.eval, "swapped", 2);
    file_printf(o, "</div>\n<div><h3>Tests out of distribution: backgrounds that are new</h3>\n");
    if (status == OK) status = picture_strip(o, d, &set, &set.eval, "new", 0);
    file_printf(o, "</div></div>\n");
    dataset_close(&set);
    return status;
}

// ---- scores -------------------------------------------------------------------------------------

static void score_cells(FileOut *o, const Demo *d, int method)
{
    TallyRow r = method_row(d, method);
    for (int i = 0; i < SCORES; i++) {
        file_printf(o, "<td%s>", best_shown(d, method, i) ? " class=\"best\"" : "");
        html_share(o, r.mean[i]);
        if (i <= OOD && d->seeds > 1) {
            file_printf(o, " <small class=\"range\">&#177; ");
            html_share(o, r.deviation[i]);
            file_printf(o, "</small>");
        }
        file_printf(o, "</td>");
    }
}

static void score_table(FileOut *o, const Demo *d)
{
    html_table(o, "scores");
    file_printf(o, "<thead><tr><th>method</th><th>ID</th><th>OOD</th><th>worst class<br/>ID</th>"
                   "<th>worst class<br/>OOD</th><th>led by<br/>background</th></tr></thead>"
                   "<tbody>\n");
    for (int m = 0; m < DEMO_METHODS; m++) {
        file_printf(o, "<tr><td class=\"s%d\"><i class=\"key\"></i>%s</td>",
                    demo_methods[m].colour, demo_methods[m].title);
        score_cells(o, d, m);
        file_printf(o, "</tr>\n");
    }
    file_printf(o, "</tbody></table></div>\n<p class=\"soft\"><small>Percent, mean &#177; standard "
                   "deviation over the seeds; bold: the best of its column. Worst class: of the "
                   "eight shapes, the lowest accuracy of each seed; OOD: over "
                   "swapped and new backgrounds together. Led by background: answers that name the "
                   "background's usual shape, where it is another's; the fewer, the better. All "
                   "methods train on the same batches; all but the probe at the same learning "
                   "rate. A smaller rate learns less and forgets less: judge methods by a sweep, "
                   "never by one row.</small></p>\n");
}

typedef struct { Point one[SEEDS], mean, spread; } Spot;

static Spot spot_of(const Demo *d, const Tally *t, int stride)
{
    Spot s;
    double score[SCORES];
    TallyRow r = tally_row(t, d->seeds, stride);
    for (int i = 0; i < d->seeds && i < SEEDS; i++) {
        tally_scores(score, &t[i * stride]);
        s.one[i] = (Point){ score[ID], score[OOD] };
    }
    s.mean = (Point){ r.mean[ID], r.mean[OOD] };
    s.spread = (Point){ r.deviation[ID], r.deviation[OOD] };
    return s;
}

static void widen_range(Range *r, double v)
{
    if (floor(v * 20) / 20 < r->low) r->low = floor(v * 20) / 20;
    if (ceil(v * 20) / 20 > r->high) r->high = ceil(v * 20) / 20;
}

// Mean, error bars and seeds of each method; WiSE-FT's line from zero-shot to fine-tuning.
static void id_ood_figure(FileOut *o, const Demo *d)
{
    static Spot spot[DEMO_METHODS];
    Series s[2 * DEMO_METHODS + 1];
    Point line[DEMO_ALPHAS];
    Range x = { 1, 0 }, y = { 1, 0 };
    int n = 0, seeds = d->seeds < SEEDS ? d->seeds : SEEDS;
    for (int i = 0; i < DEMO_ALPHAS; i++) {
        TallyRow r = tally_row(d->line + i, d->seeds, DEMO_ALPHAS);
        line[i] = (Point){ r.mean[ID], r.mean[OOD] };
        widen_range(&x, line[i].x);
        widen_range(&y, line[i].y);
    }
    s[n++] = (Series){ .kind = DASHES, .colour = 3, .point = line, .n = DEMO_ALPHAS };
    for (int m = 0; m < DEMO_METHODS; m++) {
        spot[m] = spot_of(d, d->tally + m, DEMO_METHODS);
        for (int i = 0; i < seeds; i++) {
            widen_range(&x, spot[m].one[i].x);
            widen_range(&y, spot[m].one[i].y);
        }
        for (int i = -1; i <= 1; i++) {
            widen_range(&x, fmin(fmax(spot[m].mean.x + i * spot[m].spread.x, 0), 1));
            widen_range(&y, fmin(fmax(spot[m].mean.y + i * spot[m].spread.y, 0), 1));
        }
        s[n++] = (Series){ .kind = FAINT_DOTS, .colour = demo_methods[m].colour,
                           .point = spot[m].one, .n = seeds };
    }
    for (int m = 0; m < DEMO_METHODS; m++)
        s[n++] = (Series){ .name = demo_methods[m].title, .kind = DOTS,
                           .colour = demo_methods[m].colour, .point = &spot[m].mean,
                           .spread = &spot[m].spread, .n = 1 };
    page_figure(o, "In and out of distribution", "means and standard deviations, one small dot "
                "per seed; dashed: WiSE-FT, from zero-shot to fine-tuning");
    svg_chart(o, &(Chart){ .about = "accuracy out of distribution against accuracy in distribution",
                           .x_label = "ID, usual backgrounds", .x_percent = true,
                           .y_label = "OOD, swapped and new backgrounds", .y_percent = true,
                           .x = x, .y = y, .diagonal = true, .square = true, .series = s, .n = n });
    file_printf(o, "</figure>\n");
}

// ---- who looks at the background ----------------------------------------------------------------

// The usual background of shape i is context i (data/world/world.h): that cell is framed.
static void context_map(FileOut *o, const Demo *d, int method)
{
    static Cell cell[WORLD_SHAPES * CONTEXTS];
    static uint8_t ring[WORLD_SHAPES * CONTEXTS];
    char title[100];
    for (int at = 0; at < WORLD_SHAPES * CONTEXTS; at++) {
        ring[at] = at / CONTEXTS == at % CONTEXTS;
        cell[at] = tally_cell(d->tally + method, d->seeds, DEMO_METHODS, at / CONTEXTS,
                              at % CONTEXTS);
    }
    snprintf(title, sizeof title, "%s: percent correct", demo_methods[method].title);
    page_figure(o, title, NULL);
    svg_heat(o, &(Heat){ .about = title, .row = world_shape, .column = world_context, .cell = cell,
                         .rows = WORLD_SHAPES, .columns = CONTEXTS, .ring = ring });
    file_printf(o, "</figure>\n");
}

static void context_maps(FileOut *o, const Demo *d)
{
    static const int shown[] = { DEMO_ZEROSHOT, DEMO_PROBE, DEMO_FINETUNE, DEMO_PROREG };
    file_printf(o, "<h2>Who looks at the background?</h2>\n<p>Each row is a shape, "
                   "each column a background; all tests and seeds together. Framed: the shape's "
                   "usual background; the last four were never trained on. A model that looks at "
                   "shapes has even rows; one that looks at backgrounds is right in little but the "
                   "frames.</p>\n"
                   "<div class=\"grid\">\n");
    for (int i = 0; i < 4; i++) context_map(o, d, shown[i]);
    file_printf(o, "</div>\n");
}

// ---- training of the first seed -----------------------------------------------------------------

static Status loss_figure(FileOut *o, const Demo *d)
{
    RunFiles run[DEMO_METHODS];
    Point *point[DEMO_METHODS] = { NULL };
    Series s[DEMO_METHODS];
    char path[FILE_PATH];
    int n = 0;
    Status status = OK;
    for (int m = 0; m < DEMO_METHODS && status == OK; m++) {
        if (!demo_methods[m].train) continue;
        status = demo_seed_path(path, d, 0, demo_methods[m].name);
        if (status == OK) status = run_files_open(&run[n], path);
        if (status != OK) break;
        point[n] = malloc(((size_t)run[n].logs + 1) * sizeof *point[n]);
        if (!point[n]) status = err_memory("demo");
        for (int64_t i = 0; point[n] && i < run[n].logs; i++)
            point[n][i] = (Point){ (double)run[n].log[i].step, run[n].log[i].ce };
        s[n] = (Series){ .name = demo_methods[m].title, .colour = demo_methods[m].colour,
                         .point = point[n], .n = point[n] ? run[n].logs : 0 };
        n++;
    }
    if (status == OK && run[0].logs > 1) {
        page_figure(o, "Cross-entropy by step", "to the label, on the batch before the update");
        svg_chart(o, &(Chart){ .about = "cross-entropy by step", .x_label = "step",
                               .x_whole = true, .series = s, .n = n });
        file_printf(o, "</figure>\n");
    }
    for (int i = 0; i < n; i++) run_files_close(&run[i]);
    for (int i = 0; i < n; i++) free(point[i]);
    return status;
}

// The distribution of w where the background agrees with the label, and where it does not.
static void weight_figure(FileOut *o, const RunFiles *r)
{
    double share[2][TALLY_BINS];
    Point bar[2][TALLY_BINS];
    tally_weights(share, r);
    for (int b = 0; b < 2 * TALLY_BINS; b++) {
        int which = b / TALLY_BINS, at = b % TALLY_BINS;
        bar[which][at] = (Point){ at / (double)TALLY_BINS, share[which][at] };
    }
    const Series s[] = {
        { .name = "full: usual background", .kind = BARS, .colour = COLOUR_RUN, .point = bar[0],
          .n = TALLY_BINS },
        { .name = "hollow: another background", .kind = HOLLOW_BARS, .colour = COLOUR_RUN,
          .point = bar[1], .n = TALLY_BINS },
    };
    page_figure(o, "How much does ProReg trust the frozen model?",
                "share of the training pictures by w, as of their last visit: 0, the label alone; "
                "1, the frozen model alone");
    svg_chart(o, &(Chart){ .about = "histograms of w", .x_label = "w", .y_percent = true,
                           .x = { 0, 1 }, .bar = 1.0 / TALLY_BINS, .series = s, .n = 2 });
    file_printf(o, "</figure>\n");
}

static Status training_of_seed(FileOut *o, const Demo *d)
{
    char path[FILE_PATH], root[FILE_PATH];
    RunFiles r;
    TRY(demo_seed_path(path, d, 0, demo_methods[DEMO_PROREG].name));
    TRY(demo_seed_path(root, d, 0, "data"));
    file_printf(o, "<h2>Training</h2>\n<p>The first seed's runs.</p>\n<div class=\"grid\">\n");
    TRY(loss_figure(o, d));
    TRY(run_files_open(&r, path));
    weight_figure(o, &r);
    page_losses(o, &r);
    file_printf(o, "</div>\n<p class=\"soft\">ProReg: ");
    page_formula(o, &r);
    file_printf(o, "; p<sub>t</sub> is the frozen model's probability of the label, p<sub>s</sub> "
                   "that of the model in training.</p>\n<div class=\"grid\"><div><h3>Highest w: "
                   "the frozen model decides</h3>\n");
    page_extremes(o, &r, root, 12, true);
    file_printf(o, "</div>\n<div><h3>Lowest w: the label decides</h3>\n");
    page_extremes(o, &r, root, 12, false);
    file_printf(o, "</div></div>\n");
    run_files_close(&r);
    return OK;
}

// ---- repeating it -------------------------------------------------------------------------------

static void commands(FileOut *o, const Demo *d)
{
    char line[8192];
    file_printf(o, "<h2>Repeat it</h2>\n<p>These commands, typed in the folder of <code>"
                   "proreg demo --out</code>, repeat each row to the same bits on any machine; for "
                   "the other seeds, replace %d by theirs. All results of this page are in "
                   "<code>results.jsonl</code> beside it.</p>\n<pre>", DEMO_SEED);
    demo_command(line, sizeof line, &d->settings, demo_world, DEMO_SEED);
    html_text(o, line);
    file_printf(o, "</pre>\n");
    for (int m = 0; m < DEMO_METHODS; m++) {
        const DemoMethod *method = &demo_methods[m];
        file_printf(o, "<h3 class=\"s%d\"><i class=\"key\"></i>%s</h3>\n<pre>", method->colour,
                    method->title);
        if (method->train) {
            demo_command(line, sizeof line, &d->settings, method->train, DEMO_SEED);
            html_text(o, line);
            file_printf(o, "\n");
        }
        demo_command(line, sizeof line, &d->settings, method->ask, DEMO_SEED);
        html_text(o, line);
        file_printf(o, "</pre>\n");
    }
}

static Status facts_of_seed(FileOut *o, const Demo *d)
{
    char path[FILE_PATH];
    RunFiles r;
    TRY(demo_seed_path(path, d, 0, demo_methods[DEMO_PROREG].name));
    TRY(run_files_open(&r, path));
    file_printf(o, "<h2>Configuration and hashes</h2>\n"
                   "<p>Of ProReg's run with the first seed.</p>\n");
    page_facts(o, r.config);
    run_files_close(&r);
    return OK;
}

static Status demo_parts(FileOut *o, const Demo *d)
{
    question(o, d);
    TRY(task_pictures(o, d));
    file_printf(o, "<h2>All methods</h2>\n<div class=\"grid\"><div>\n");
    score_table(o, d);
    choices(o);
    file_printf(o, "</div><div>\n");
    id_ood_figure(o, d);
    file_printf(o, "</div></div>\n");
    context_maps(o, d);
    TRY(training_of_seed(o, d));
    commands(o, d);
    return facts_of_seed(o, d);
}

Status demo_page(const Demo *d)
{
    char path[FILE_PATH];
    FileOut o;
    TRY(path_join(path, d->folder, "report.html"));
    TRY(html_begin(&o, path, "Shape or background? - proreg demo"));
    Status status = demo_parts(&o, d);
    if (status == OK) return html_end(&o);
    file_discard(&o);
    return status;
}

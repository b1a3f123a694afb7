// run_page.c - report.html of a run: settings, accuracy by domain and class, mistakes, losses,
// pictures. No number that was chosen on the pictures that it is of is set in bold.
#include "proreg/page/run_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proreg/page/answers.h"
#include "proreg/page/interval.h"
#include "proreg/page/parts.h"
#include "proreg/run/run.h"

enum { STEPS = 400, CURVES = 7, COLUMNS = 12, ROWS = 40, NAME = 200 };    // most that are shown
enum { EXTREMES = 12, WRONG = 18, TRAINING = 24 };                        // pictures

// ---- lines of an evaluation ---------------------------------------------------------------------

// The lines of the last evaluation, and of it those of the last split: pictures to validate on come
// first, so that these are to be tested on, where there are any.
static int last_lines(const RunFiles *r, int *first)
{
    return run_files_at(r, -1, first);
}

static int last_split(const RunFiles *r, int *first)
{
    int n = last_lines(r, first), of = run_files_split(r, *first, n);
    for (; of < n; of = run_files_split(r, *first, n)) *first += of, n -= of;
    return n;
}

static bool several_splits(const RunFiles *r)
{
    int first, n = last_lines(r, &first);
    return run_files_split(r, first, n) < n;
}

// What a line is about: its domain, its split, or both where there are several of both.
static const char *line_name(char name[NAME], const RunFiles *r, const ResultRecord *e)
{
    bool both = *e->domain && several_splits(r);
    if (both) snprintf(name, NAME, "%.90s, %.90s", e->split, e->domain);
    else snprintf(name, NAME, "%.190s", *e->domain ? e->domain : *e->split ? e->split :
                  "all pictures");
    return name;
}

static bool same_line(const ResultRecord *a, const ResultRecord *b)
{
    return !strcmp(a->split, b->split) && !strcmp(a->domain, b->domain);
}

// ---- the head -----------------------------------------------------------------------------------

static void accuracy_tile(FileOut *o, const char *what, double share, Interval i)
{
    if (!isfinite(share)) return;
    file_printf(o, "<div><b>");
    html_share(o, share);
    file_printf(o, "%%</b><span>");
    html_text(o, what);
    if (i.low < i.high) file_printf(o, "<br/>");
    if (i.low < i.high) html_range(o, i.low, i.high);
    file_printf(o, "</span></div>\n");
}

static Interval line_interval(const ResultRecord *e)
{
    return interval_share(e->correct, e->n);
}

// Of the mean over the domains that run_files_mean takes.
static Interval domains_interval(const RunFiles *r, const ResultRecord *line, int n, bool ood)
{
    Cell cell[STEPS];
    int of = 0;
    for (int i = 0; i < n - (n > 1) && of < STEPS; i++)
        if (run_files_trained_on(r, line[i].domain) != ood)
            cell[of++] = (Cell){ line[i].n, line[i].correct };
    return interval_mean(cell, of);
}

// Of each split what is right of its pictures; over domains that are trained on and others, if the
// split has both.
static void split_tiles(FileOut *o, const RunFiles *r, const ResultRecord *line, int n,
                        const char *split)
{
    const ResultRecord *all = line + n - 1;
    const char *comma = *split ? ": " : "";
    double ood = run_files_mean(r, line, n, true), id = run_files_mean(r, line, n, false);
    char what[NAME];
    bool both = isfinite(ood);
    snprintf(what, sizeof what, "%.100s%s%s", split, comma,
             both ? "domains trained on" : "accuracy");
    accuracy_tile(o, what, both ? id : all->top1,
                  both ? domains_interval(r, line, n, false) : line_interval(all));
    snprintf(what, sizeof what, "%.100s%sother domains", split, comma);
    accuracy_tile(o, what, ood, domains_interval(r, line, n, true));
}

static void accuracy_tiles(FileOut *o, const RunFiles *r)
{
    int first, zero, n = last_lines(r, &first), n0 = run_files_at(r, 0, &zero);
    bool several = several_splits(r);
    if (!n) return;
    file_printf(o, "<div class=\"tiles\">\n");
    for (int i = 0, of; i < n; i += of) {
        const ResultRecord *line = &r->eval[first + i];
        of = run_files_split(r, first + i, n - i);
        split_tiles(o, r, line, of, several ? line->split : "");
    }
    const ResultRecord *all = &r->eval[first + n - 1], *before = n0 ? &r->eval[zero + n0 - 1] : all;
    if (!several)
        accuracy_tile(o, "mean over classes", all->mean_class,
                      interval_mean(all->cell, all->classes));
    if (n0 && !several)
        accuracy_tile(o, "before training", before->top1, line_interval(before));
    accuracy_tile(o, "chance", all->classes ? 1.0 / all->classes : NAN, (Interval){ 0, 0 });
    file_printf(o, "</div>\n");
}

// How the best checkpoint was chosen, and whether accuracies are of pictures that were trained on.
static void selection(FileOut *o, const RunFiles *r, const RunState *state)
{
    const char *text = run_files_text(r, "selection");
    double trained = run_files_number(r, "eval_pictures_trained_on");
    if (trained > 0)
        file_printf(o, "<p><b>Of the pictures that are evaluated %.0f are trained on</b>: their "
                       "accuracy says nothing about others.</p>\n", trained);
    if (!*text) return;                        // of a program that did not say
    file_printf(o, "<p id=\"selection\">");
    if (!strncmp(text, "none", 4))
        file_printf(o, "There are no validation pictures, so there is no <code>best/</code>: "
                       "<code>last/</code> is the answer.");
    else
        file_printf(o, "<code>best/</code> is ");
    if (strncmp(text, "none", 4) != 0) html_text(o, text);
    if (!strcmp(text, "selected on test"))
        file_printf(o, " pictures: its accuracy on them is no estimate of that on others");
    if (state->best_top1 >= 0)
        file_printf(o, "; it is of step %lld", (long long)state->best_step);
    file_printf(o, "%s</p>\n", strncmp(text, "none", 4) ? "." : "");
}

static void plural(FileOut *o, double n, const char *what)
{
    html_int(o, (int64_t)n);
    file_printf(o, " %s%s", what, n == 1 ? "" : "s");
}

// How far it went, which --max-steps or a signal may have cut short.
static void steps_done(FileOut *o, const RunFiles *r, const RunState *state)
{
    double epochs = run_files_number(r, "epochs"), steps = run_files_number(r, "steps");
    double done = (double)state->step;
    if (isfinite(steps) && done < steps) {
        file_printf(o, "stopped after ");
        html_int(o, (int64_t)done);
        file_printf(o, " of the ");
        plural(o, steps, "step");
        file_printf(o, " of ");
        plural(o, epochs, "epoch");
    } else {
        plural(o, epochs, "epoch");
        file_printf(o, " (");
        plural(o, done, "step");
        file_printf(o, ")");
    }
}

// A run that a signal has stopped: where, and what brings it to its end.
static void stopped_at(FileOut *o, const RunFiles *r, const RunState *state, const Stopped *stop)
{
    int64_t last = r->evals ? r->eval[r->evals - 1].step : 0;
    file_printf(o, "<p id=\"stopped\"><b>Stopped by %s after step ", stop->by);
    html_int(o, state->step);
    file_printf(o, " of ");
    html_int(o, stop->steps);
    file_printf(o, "</b>, which is saved. ");
    if (last < state->step) {
        file_printf(o, "The accuracies below are of the last evaluation, after step ");
        html_int(o, last);
        file_printf(o, ". ");
    }
    file_printf(o, "To go on to the end, and to the whole report with its pictures:</p>\n<pre>");
    html_text(o, stop->command);
    file_printf(o, "</pre>\n");
}

static void run_heading(FileOut *o, const RunFiles *r, const RunState *state, const Stopped *stop)
{
    const char *data = run_files_text(r, "data");
    file_printf(o, "<h1>");
    html_text(o, run_files_text(r, "method"));
    file_printf(o, " on ");
    html_text(o, path_name(data));
    file_printf(o, "</h1>\n");
    if (stop) stopped_at(o, r, state, stop);
    file_printf(o, "<div class=\"grid\"><div>\n<p class=\"lead\">");
    plural(o, run_files_number(r, "train_pictures"), "picture");
    file_printf(o, ", ");
    steps_done(o, r, state);
    file_printf(o, " in batches of %g, learning rate %g, seed %g. Evaluated on ",
                run_files_number(r, "batch"), run_files_number(r, "lr"),
                run_files_number(r, "seed"));
    plural(o, run_files_number(r, "eval_pictures"), "picture");
    if (*run_files_text(r, "eval_split_used")) {
        file_printf(o, " of <code>");
        html_text(o, run_files_text(r, "eval_split_used"));
        file_printf(o, "</code>");
    }
    file_printf(o, ".</p>\n<p class=\"soft\">");
    page_formula(o, r);
    file_printf(o, "</p>\n</div><div>\n");
    accuracy_tiles(o, r);
    selection(o, r, state);
    file_printf(o, "</div></div>\n");
}

// ---- accuracy -----------------------------------------------------------------------------------

// The line about the same pictures at step 0.
static const ResultRecord *before_training(const RunFiles *r, const ResultRecord *e)
{
    int zero, n0 = run_files_at(r, 0, &zero);
    for (int i = zero; i < zero + n0; i++)
        if (same_line(&r->eval[i], e)) return &r->eval[i];
    return NULL;
}

// The line about the same pictures at the step of `best`; NULL: there is no `best`, or it is the
// last one.
static const ResultRecord *best_line(const RunFiles *r, const RunState *state,
                                     const ResultRecord *e)
{
    int first, n = run_files_at(r, state->best_step, &first);
    if (state->best_top1 < 0 || state->best_step == e->step) return NULL;
    for (int i = first; i < first + n; i++)
        if (same_line(&r->eval[i], e)) return &r->eval[i];
    return NULL;
}

static void accuracy_cell(FileOut *o, const ResultRecord *e)
{
    Interval i = e ? line_interval(e) : (Interval){ 0, 0 };
    file_printf(o, "<td>");
    if (e) html_share(o, e->top1);
    if (e) html_range(o, i.low, i.high);
    file_printf(o, "</td>");
}

static void accuracy_row(FileOut *o, const RunFiles *r, const RunState *state,
                         const ResultRecord *e)
{
    const ResultRecord *best = best_line(r, state, e);
    Interval classes = interval_mean(e->cell, e->classes);
    char name[NAME];
    file_printf(o, "<tr><td>");
    html_text(o, line_name(name, r, e));
    file_printf(o, "</td><td>");
    html_int(o, e->n);
    file_printf(o, "</td>");
    accuracy_cell(o, before_training(r, e));
    accuracy_cell(o, e);
    file_printf(o, "<td>");
    html_share(o, e->mean_class);
    html_range(o, classes.low, classes.high);
    file_printf(o, "</td>");
    if (best) accuracy_cell(o, best);
    file_printf(o, "</tr>\n");
}

// The share of the class that most of a line's pictures have.
static double most_frequent(const ResultRecord *e)
{
    int64_t most = 0;
    for (int k = 0; k < e->classes; k++)
        if (e->cell[k].n > most) most = e->cell[k].n;
    return e->n ? (double)most / (double)e->n : 0;
}

static void accuracy_notes(FileOut *o, const ResultRecord *all)
{
    file_printf(o, "<p class=\"soft\"><small>Small: 95 %% intervals (Wilson's), which tell of the "
                   "number of pictures and of nothing else. Chance is ");
    html_share(o, all->classes ? 1.0 / all->classes : 0);
    file_printf(o, " %% with ");
    file_printf(o, "%d class%s", all->classes, all->classes == 1 ? "" : "es");
    file_printf(o, "; to name always the most frequent one, right in ");
    html_share(o, most_frequent(all));
    file_printf(o, " %%.</small></p>\n");
}

// Notes of results.jsonl: what was trained on, or `best` chosen on, and how often that is so.
static void line_notes(FileOut *o, const RunFiles *r, int first, int n)
{
    char name[NAME];
    for (int i = first; i < first + n; i++) {
        const ResultRecord *e = &r->eval[i];
        if (!*e->note) continue;
        file_printf(o, "<p class=\"soft\"><small>Noted of ");
        html_text(o, line_name(name, r, e));
        file_printf(o, ": ");
        html_text(o, e->note);
        file_printf(o, ".</small></p>\n");
    }
}

static void accuracy_table(FileOut *o, const RunFiles *r, const RunState *state)
{
    int first, n = last_lines(r, &first);
    const ResultRecord *all = &r->eval[first + n - 1];
    bool domains = *r->eval[first].domain, best = best_line(r, state, all);
    const char *what = !domains ? *all->split ? "split" : "" :
                       several_splits(r) ? "split, domain" : "domain";
    html_table(o, "accuracy");
    file_printf(o, "<thead><tr><th>%s</th><th>pictures</th><th>before<br/>%%</th><th>top 1<br/>%%"
                   "</th><th>mean of<br/>classes, %%</th>", what);
    if (best)
        file_printf(o, "<th>best/, %%<br/>step %lld</th>", (long long)state->best_step);
    file_printf(o, "</tr></thead><tbody>\n");
    for (int i = first; i < first + n; i++) accuracy_row(o, r, state, &r->eval[i]);
    file_printf(o, "</tbody></table></div>\n");
    accuracy_notes(o, all);
    line_notes(o, r, first, n);
}

// One curve per line of the last evaluation, the last ones first: that is of the whole run.
static void accuracy_curves(FileOut *o, const RunFiles *r)
{
    static const int colour[CURVES] = { COLOUR_RUN, 2, 4, 1, 3, 6, 7 };
    Point point[CURVES][STEPS];
    Series s[CURVES];
    char name[CURVES][NAME];
    int first, n = last_lines(r, &first), lines = n < CURVES ? n : CURVES;
    for (int d = 0; d < lines; d++) {
        const ResultRecord *e = &r->eval[first + n - 1 - d];
        line_name(name[d], r, e);
        s[d] = (Series){ .name = n > 1 || *e->domain ? name[d] : NULL,
                         .colour = colour[d], .point = point[d] };
        for (int i = 0; i < r->evals && s[d].n < STEPS; i++)
            if (same_line(&r->eval[i], e))
                point[d][s[d].n++] = (Point){ (double)r->eval[i].step, r->eval[i].top1 };
    }
    if (!lines || s[0].n < 2) return;
    page_figure(o, "Accuracy by step", "top 1 at each evaluation");
    svg_chart(o, &(Chart){ .about = "accuracy by step", .x_label = "step", .x_whole = true,
                           .y_percent = true, .y = { 0, 1 }, .series = s, .n = lines,
                           .level = 1.0 / r->eval[first].classes, .level_name = "chance" });
    file_printf(o, "</figure>\n");
}

// Whole tenths around the points.
static Range tenths(const Point *p, int n, bool x)
{
    Range r = { 1, 0 };
    for (int i = 0; i < n; i++) {
        double v = x ? p[i].x : p[i].y;
        if (floor(v * 10) / 10 < r.low) r.low = floor(v * 10) / 10;
        if (ceil(v * 10) / 10 > r.high) r.high = ceil(v * 10) / 10;
    }
    return r;
}

// From the pretrained model to the end, one point per evaluation of the last split.
static void domains_figure(FileOut *o, const RunFiles *r)
{
    Point way[STEPS];
    int points = 0, last;
    last_split(r, &last);
    for (int i = 0; i < r->evals && points < STEPS; i++) {
        int first, all = run_files_at(r, r->eval[i].step, &first);
        int n = run_files_split(r, i, first + all - i);
        bool begins = i == first || strcmp(r->eval[i - 1].split, r->eval[i].split);
        if (!begins || strcmp(r->eval[i].split, r->eval[last].split)) continue;
        way[points++] = (Point){ run_files_mean(r, r->eval + i, n, false),
                                 run_files_mean(r, r->eval + i, n, true) };
    }
    if (!points || !isfinite(way[points - 1].x) || !isfinite(way[points - 1].y)) return;
    const Series s[] = {
        { .kind = DASHES, .colour = COLOUR_RUN, .point = way, .n = points },
        { .kind = FAINT_DOTS, .colour = COLOUR_RUN, .point = way, .n = points },
        { .name = "before", .kind = DOTS, .colour = COLOUR_BEFORE, .point = way, .n = 1 },
        { .name = "after", .kind = DOTS, .colour = COLOUR_RUN, .point = way + points - 1,
          .n = 1 },
    };
    page_figure(o, "Domains trained on, and the others", "mean accuracy over each, from evaluation "
                "to evaluation; on the dotted line both are equal");
    svg_chart(o, &(Chart){ .about = "accuracy on other domains against that on domains trained on",
                           .x_label = "accuracy, domains trained on",
                           .y_label = "accuracy, other domains", .x_percent = true,
                           .y_percent = true, .x = tenths(way, points, true),
                           .y = tenths(way, points, false), .diagonal = true, .series = s,
                           .n = 4 });
    file_printf(o, "</figure>\n");
}

// ---- classes ------------------------------------------------------------------------------------

// The ROWS classes with the lowest accuracy, if there are more.
static int worst_classes(int *row, const ResultRecord *all)
{
    int n = 0;
    for (int k = 0; k < all->classes; k++) {
        double share = all->cell[k].n ? (double)all->cell[k].correct / (double)all->cell[k].n : 2;
        int at = n < ROWS ? n++ : ROWS;
        for (; at > 0; at--) {
            const Cell *c = &all->cell[row[at - 1]];
            if (all->classes <= ROWS || share >= (c->n ? (double)c->correct / (double)c->n : 2))
                break;
            if (at < ROWS) row[at] = row[at - 1];
        }
        if (at < ROWS) row[at] = k;
    }
    return n;
}

static void class_map(FileOut *o, const RunFiles *r)
{
    int first, n = last_lines(r, &first), row[ROWS], columns = n < COLUMNS ? n : COLUMNS;
    Cell cell[ROWS * COLUMNS];
    char about[COLUMNS][NAME];
    const char *name[ROWS], *column[COLUMNS];
    const ResultRecord *line = &r->eval[first + n - columns];      // the last is over all
    int rows = worst_classes(row, &line[columns - 1]);
    for (int c = 0; c < columns; c++) {
        column[c] = line_name(about[c], r, &line[c]);
        for (int k = 0; k < rows; k++)
            cell[k * columns + c] = row[k] < line[c].classes ? line[c].cell[row[k]] : (Cell){ 0 };
    }
    for (int k = 0; k < rows; k++) name[k] = line[columns - 1].class_name[row[k]];
    bool all = line[columns - 1].classes <= ROWS;
    page_figure(o, n > 1 ? *line->domain ? "Accuracy by class and domain"
                         : "Accuracy by class and split" : "Accuracy by class",
                all ? "percent correct at the last evaluation"
                    : "percent correct at the last evaluation; the 40 classes with the lowest "
                      "accuracy");
    svg_heat(o, &(Heat){ .about = "accuracy by class and domain", .row = name, .column = column,
                         .cell = cell, .rows = rows, .columns = columns });
    file_printf(o, "</figure>\n");
}

static void accuracy_figures(FileOut *o, const RunFiles *r, const RunState *state)
{
    if (!r->evals) return;
    file_printf(o, "<h2>Accuracy</h2>\n<div class=\"grid\"><div>\n");
    accuracy_table(o, r, state);
    class_map(o, r);
    file_printf(o, "</div><div>\n");
    accuracy_curves(o, r);
    domains_figure(o, r);
    file_printf(o, "</div></div>\n");
}

// ---- mistakes -----------------------------------------------------------------------------------

static void mistake_parts(FileOut *o, const RunFiles *r, const Answers *a, bool pictures)
{
    const char *split = r->eval[r->evals - 1].split;
    file_printf(o, "<h2>Mistakes</h2>\n<p id=\"mistakes\">At the last evaluation ");
    html_int(o, a->wrong);
    file_printf(o, " of ");
    plural(o, (double)a->n, "picture");
    if (*split) file_printf(o, " of <code>");
    html_text(o, split);
    file_printf(o, "%s %s answered wrong.</p>\n<div class=\"grid\">\n", *split ? "</code>" : "",
                a->wrong == 1 ? "was" : "were");
    page_confusion(o, r, a);
    if (a->wrong && pictures) {
        file_printf(o, "<div><h3>The most confident wrong answers</h3>\n<p class=\"soft\"><small>"
                       "The label and its probability, the answer and its own.</small></p>\n");
        page_wrong(o, r, a, WRONG);
        file_printf(o, "</div>\n");
    }
    file_printf(o, "</div>\n");
}

static void mistakes(FileOut *o, const RunFiles *r, bool pictures)
{
    Answers a;
    Status status = answers_open(&a, r);
    if (status == OK && a.n) mistake_parts(o, r, &a, pictures);
    if (o->status == OK) o->status = status;
    answers_close(&a);
}

// ---- training, pictures, facts ------------------------------------------------------------------

static void training_figures(FileOut *o, const RunFiles *r)
{
    if (!r->logs) return;
    file_printf(o, "<h2>Training</h2>\n<div class=\"grid\">\n");
    page_losses(o, r);
    if (page_taught(r) && r->samples) page_weights(o, r);
    page_gradient(o, r);
    file_printf(o, "</div>\n");
}

static void sample_lists(FileOut *o, const RunFiles *r)
{
    const char *root = run_files_text(r, "data");
    bool taught = page_taught(r);
    if (!r->samples) return;
    if (taught)
        file_printf(o, "<h2>How much does it trust the frozen model?</h2>\n<p>w is the frozen "
                       "model's share in a picture's loss, p<sub>t</sub> its probability of the "
                       "label, p<sub>s</sub> that of the model in training.</p>");
    else
        file_printf(o, "<h2>Sure and unsure</h2>\n<p>p<sub>s</sub> is the probability of the "
                       "label when the picture was last visited.</p>");
    file_printf(o, "<div class=\"grid\">\n<div><h3>%s</h3>\n",
                taught ? "Highest w: the frozen model decides" : "Highest p");
    page_extremes(o, r, root, EXTREMES, true);
    file_printf(o, "</div>\n<div><h3>%s</h3>\n",
                taught ? "Lowest w: the label decides" : "Lowest p");
    page_extremes(o, r, root, EXTREMES, false);
    file_printf(o, "</div>\n</div>\n<h2>Training pictures</h2>\n");
    page_samples(o, r, root, TRAINING);
}

static void run_facts(FileOut *o, const RunFiles *r, const char *run)
{
    file_printf(o, "<h2>Configuration and hashes</h2>\n<p>The run is repeated by</p>\n<pre>proreg "
                   "train --config ");
    html_text(o, run);
    file_printf(o, "/config.json --out OTHER</pre>\n");
    page_facts(o, r->config);
}

// A stop must be quick, so that what would read pictures is left out then.
static Status write_page(const RunFiles *r, const RunState *state, const char *run,
                         const Stopped *stop)
{
    char path[FILE_PATH], title[300];
    FileOut o;
    TRY(path_join(path, run, "report.html"));
    snprintf(title, sizeof title, "%.60s on %.200s", run_files_text(r, "method"),
             path_name(run_files_text(r, "data")));
    TRY(html_begin(&o, path, title));
    run_heading(&o, r, state, stop);
    accuracy_figures(&o, r, state);
    mistakes(&o, r, !stop);
    training_figures(&o, r);
    if (!stop) sample_lists(&o, r);
    run_facts(&o, r, run);
    return html_end(&o);
}

Status run_page(const char *run, const Stopped *stop)
{
    char last[FILE_PATH];
    RunFiles r;
    RunState state;
    TRY(run_checkpoint(last, run, "last"));
    TRY(run_load_state(&state, last));
    TRY(run_files_open(&r, run));
    Status status = write_page(&r, &state, run, stop);
    run_files_close(&r);
    return status;
}

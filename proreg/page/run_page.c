// run_page.c - report.html of a run: settings, accuracy by domain and class, losses, pictures.
#include "proreg/page/run_page.h"

#include <math.h>
#include <string.h>

#include "proreg/page/parts.h"

enum { STEPS = 400, DOMAINS = 7, ROWS = 40 };    // most that are shown

// ---- the head -----------------------------------------------------------------------------------

static void accuracy_tile(FileOut *o, const char *what, double share)
{
    if (!isfinite(share)) return;
    file_printf(o, "<div><b>");
    html_share(o, share);
    file_printf(o, "%%</b><span>");
    html_text(o, what);
    file_printf(o, "</span></div>\n");
}

static void accuracy_tiles(FileOut *o, const RunFiles *r)
{
    int first, zero, n = run_files_at(r, -1, &first), n0 = run_files_at(r, 0, &zero);
    double ood = n ? run_files_mean(r, r->eval + first, n, true) : (double)NAN;
    if (!n) return;
    const ResultRecord *all = &r->eval[first + n - 1];
    file_printf(o, "<div class=\"tiles\">\n");
    if (isfinite(ood)) {
        accuracy_tile(o, "domains trained on", run_files_mean(r, r->eval + first, n, false));
        accuracy_tile(o, "other domains", ood);
    } else {
        accuracy_tile(o, "accuracy", all->top1);
    }
    accuracy_tile(o, "mean over classes", all->mean_class);
    if (n0) accuracy_tile(o, "before training", r->eval[zero + n0 - 1].top1);
    file_printf(o, "</div>\n");
}

static void run_heading(FileOut *o, const RunFiles *r)
{
    const char *data = run_files_text(r, "data");
    file_printf(o, "<h1>");
    html_text(o, run_files_text(r, "method"));
    file_printf(o, " on ");
    html_text(o, path_name(data));
    file_printf(o, "</h1>\n<p class=\"lead\">");
    html_int(o, (int64_t)run_files_number(r, "train_pictures"));
    double epochs = run_files_number(r, "epochs");
    file_printf(o, " pictures, %g epoch%s in batches of %g, learning rate %g, seed %g. ", epochs,
                epochs == 1 ? "" : "s", run_files_number(r, "batch"), run_files_number(r, "lr"),
                run_files_number(r, "seed"));
    file_printf(o, "Evaluated on ");
    html_int(o, (int64_t)run_files_number(r, "eval_pictures"));
    file_printf(o, " pictures of <code>");
    html_text(o, run_files_text(r, "eval_split_used"));
    file_printf(o, "</code>.</p>\n<p class=\"soft\">");
    page_formula(o, r);
    file_printf(o, "</p>\n");
    accuracy_tiles(o, r);
}

// ---- accuracy -----------------------------------------------------------------------------------

static const ResultRecord *of_domain(const RunFiles *r, int first, int n, const char *domain)
{
    for (int i = first; i < first + n; i++)
        if (!strcmp(r->eval[i].domain, domain)) return &r->eval[i];
    return NULL;
}

static void accuracy_row(FileOut *o, const ResultRecord *e, const ResultRecord *before)
{
    file_printf(o, "<tr><td>");
    html_text(o, *e->domain ? e->domain : e->split);
    file_printf(o, "</td><td>");
    html_int(o, e->n);
    file_printf(o, "</td><td>");
    if (before) html_share(o, before->top1);
    file_printf(o, "</td><td>");
    html_share(o, e->top1);
    file_printf(o, "</td><td>");
    html_share(o, e->mean_class);
    file_printf(o, "</td></tr>\n");
}

static void accuracy_table(FileOut *o, const RunFiles *r)
{
    int first, zero, n = run_files_at(r, -1, &first), n0 = run_files_at(r, 0, &zero);
    file_printf(o, "<div class=\"wide\"><table id=\"accuracy\"><thead><tr><th>%s</th>"
                   "<th>pictures</th><th>before<br/>%%</th><th>top 1<br/>%%</th><th>mean of "
                   "classes<br/>%%</th></tr></thead><tbody>\n", n > 1 ? "domain" : "split");
    for (int i = first; i < first + n; i++)
        accuracy_row(o, &r->eval[i], of_domain(r, zero, n0, r->eval[i].domain));
    file_printf(o, "</tbody></table></div>\n");
}

// One curve per domain of the last evaluation.
static void accuracy_curves(FileOut *o, const RunFiles *r)
{
    static const int colour[DOMAINS] = { 7, 5, 2, 4, 1, 3, 0 };
    Point point[DOMAINS][STEPS];
    Series s[DOMAINS];
    int first, n = run_files_at(r, -1, &first), lines = n < DOMAINS ? n : DOMAINS;
    for (int d = 0; d < lines; d++) {
        const char *domain = r->eval[first + n - 1 - d].domain;
        s[d] = (Series){ .name = *domain ? domain : NULL, .colour = colour[d],
                         .point = point[d] };
        for (int i = 0; i < r->evals && s[d].n < STEPS; i++)
            if (!strcmp(r->eval[i].domain, domain))
                point[d][s[d].n++] = (Point){ (double)r->eval[i].step, r->eval[i].top1 };
    }
    page_figure(o, "Accuracy by step", "top 1 at each evaluation");
    svg_chart(o, &(Chart){ .about = "accuracy by step", .x_label = "step", .y_percent = true,
                           .y = { 0, 1 }, .series = s, .n = lines });
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

// From the pretrained model to the end, one point per evaluation.
static void domains_figure(FileOut *o, const RunFiles *r)
{
    Point way[STEPS];
    int points = 0;
    for (int i = 0; i < r->evals && points < STEPS; i++) {
        int first, n = run_files_at(r, r->eval[i].step, &first);
        if (first != i) continue;
        way[points++] = (Point){ run_files_mean(r, r->eval + i, n, false),
                                 run_files_mean(r, r->eval + i, n, true) };
    }
    if (!points || !isfinite(way[points - 1].x) || !isfinite(way[points - 1].y)) return;
    const Series s[] = {
        { .kind = DASHES, .colour = 5, .point = way, .n = points },
        { .kind = FAINT_DOTS, .colour = 5, .point = way, .n = points },
        { .name = "before", .kind = DOTS, .colour = 0, .point = way, .n = 1 },
        { .name = "after", .kind = DOTS, .colour = 5, .point = way + points - 1, .n = 1 },
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
    int first, n = run_files_at(r, -1, &first), row[ROWS], columns = n < 12 ? n : 12;
    Cell cell[ROWS * 12];
    const char *name[ROWS], *column[12];
    const ResultRecord *line = &r->eval[first + n - columns];      // the last is over all
    int rows = worst_classes(row, &line[columns - 1]);
    for (int c = 0; c < columns; c++) {
        column[c] = *line[c].domain ? line[c].domain : line[c].split;
        for (int k = 0; k < rows; k++)
            cell[k * columns + c] = row[k] < line[c].classes ? line[c].cell[row[k]] : (Cell){ 0 };
    }
    for (int k = 0; k < rows; k++) name[k] = line[columns - 1].class_name[row[k]];
    bool all = line[columns - 1].classes <= ROWS;
    page_figure(o, n > 1 ? "Accuracy by class and domain" : "Accuracy by class",
                all ? "percent correct after the last step"
                    : "percent correct after the last step; the 40 classes with the lowest "
                      "accuracy");
    svg_heat(o, &(Heat){ .about = "accuracy by class and domain", .row = name, .column = column,
                         .cell = cell, .rows = rows, .columns = columns });
    file_printf(o, "</figure>\n");
}

static void accuracy_figures(FileOut *o, const RunFiles *r)
{
    if (!r->evals) return;
    file_printf(o, "<h2>Accuracy</h2>\n");
    accuracy_table(o, r);
    file_printf(o, "<div class=\"grid\">\n");
    accuracy_curves(o, r);
    domains_figure(o, r);
    class_map(o, r);
    file_printf(o, "</div>\n");
}

// ---- training, pictures, facts ------------------------------------------------------------------

static void training_figures(FileOut *o, const RunFiles *r)
{
    if (!r->logs) return;
    file_printf(o, "<h2>Training</h2>\n<div class=\"grid\">\n");
    page_losses(o, r);
    if (page_taught(r) && r->samples) page_weights(o, r);
    file_printf(o, "</div>\n");
}

static void sample_lists(FileOut *o, const RunFiles *r)
{
    const char *root = run_files_text(r, "data");
    if (!r->samples) return;
    if (page_taught(r))
        file_printf(o, "<h2>How much does it trust the frozen model?</h2>\n<p>w is the frozen "
                       "model's share in a picture's loss, p<sub>t</sub> its probability of the "
                       "label, p<sub>s</sub> that of the model in training.</p>"
                       "<h3>Highest w: the frozen model decides</h3>\n");
    else
        file_printf(o, "<h2>Sure and unsure</h2>\n<p>p<sub>s</sub> is the probability of the "
                       "label when the picture was last visited.</p><h3>Highest p</h3>\n");
    page_extremes(o, r, root, 12, true);
    file_printf(o, "<h3>%s</h3>\n", page_taught(r) ? "Lowest w: the label decides" : "Lowest p");
    page_extremes(o, r, root, 12, false);
    file_printf(o, "<h2>Training pictures</h2>\n");
    page_samples(o, r, root, 24);
}

static void run_facts(FileOut *o, const RunFiles *r, const char *run)
{
    file_printf(o, "<h2>Configuration and hashes</h2>\n<p>The run is repeated by</p>\n<pre>proreg "
                   "train --config ");
    html_text(o, run);
    file_printf(o, "/config.json --out OTHER</pre>\n");
    page_facts(o, r->config);
}

static Status write_page(const RunFiles *r, const char *run)
{
    char path[FILE_PATH], title[300];
    FileOut o;
    TRY(path_join(path, run, "report.html"));
    snprintf(title, sizeof title, "%.60s on %.200s", run_files_text(r, "method"),
             path_name(run_files_text(r, "data")));
    TRY(html_begin(&o, path, title));
    run_heading(&o, r);
    accuracy_figures(&o, r);
    training_figures(&o, r);
    sample_lists(&o, r);
    run_facts(&o, r, run);
    return html_end(&o);
}

Status run_page(const char *run)
{
    RunFiles r;
    TRY(run_files_open(&r, run));
    Status status = write_page(&r, run);
    run_files_close(&r);
    return status;
}

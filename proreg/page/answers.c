// answers.c - a confusion matrix, and wrong answers with their pictures.
#include "proreg/page/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proreg/page/parts.h"
#include "proreg/page/svg.h"

enum { MATRIX = 24 };          // classes that are shown

static bool answer_wrong(const PredictionRecord *p)
{
    return strcmp(p->label, p->predicted) != 0;
}

Status answers_open(Answers *a, const RunFiles *r)
{
    *a = (Answers){ .place = malloc(((size_t)r->predictions + 1) * sizeof *a->place) };
    if (!a->place) return err_memory("report");
    const ResultRecord *last = r->evals ? &r->eval[r->evals - 1] : NULL;
    for (int64_t i = 0; last && i < r->predictions; i++) {
        const PredictionRecord *p = &r->prediction[i];
        if (p->step != last->step || strcmp(p->split, last->split) != 0) continue;
        a->place[a->n++] = i;
        a->wrong += answer_wrong(p);
    }
    return OK;
}

void answers_close(Answers *a)
{
    free(a->place);
    *a = (Answers){ .n = 0 };
}

// ---- which is taken for which -------------------------------------------------------------------

typedef struct {
    const char *row[MATRIX], *column[MATRIX + 1];
    Cell cell[MATRIX * (MATRIX + 1)];
    uint8_t ring[MATRIX * (MATRIX + 1)];
    int rows, columns;
} Matrix;

static int class_index(const ResultRecord *all, const char *name)
{
    int k = 0;
    while (k < all->classes && strcmp(all->class_name[k], name) != 0) k++;
    return k;
}

// Marks the classes to show: all, or those with the most wrong answers, the first of equals.
static void choose_classes(bool *shown, const ResultRecord *all)
{
    for (int n = 0; n < MATRIX && n < all->classes; n++) {
        int worst = -1;
        int64_t most = -1;
        for (int k = 0; k < all->classes; k++) {
            int64_t wrong = all->cell[k].n - all->cell[k].correct;
            if (!shown[k] && wrong > most) worst = k, most = wrong;
        }
        shown[worst] = true;
    }
}

// place[k]: the row and column of class k; of one that is not shown the last column, "others".
static void fill_matrix(Matrix *m, int *place, const RunFiles *r, const Answers *a,
                        const ResultRecord *all)
{
    for (int64_t i = 0; i < a->n; i++) {
        const PredictionRecord *p = &r->prediction[a->place[i]];
        int label = class_index(all, p->label), answer = class_index(all, p->predicted);
        if (label == all->classes || answer == all->classes || place[label] == MATRIX) continue;
        for (int c = 0; c < m->columns; c++) m->cell[place[label] * m->columns + c].n++;
        m->cell[place[label] * m->columns + place[answer]].correct++;
    }
}

static void name_matrix(Matrix *m, int *place, const bool *shown, const ResultRecord *all)
{
    for (int k = 0; k < all->classes; k++) {
        place[k] = shown[k] ? m->rows : MATRIX;
        if (shown[k]) m->row[m->rows] = m->column[m->rows] = all->class_name[k], m->rows++;
    }
    m->columns = m->rows;
    if (m->rows < all->classes) m->column[m->columns++] = "others";
    for (int i = 0; i < m->rows; i++) m->ring[i * m->columns + i] = 1;
}

void page_confusion(FileOut *o, const RunFiles *r, const Answers *a)
{
    const ResultRecord *all = &r->eval[r->evals - 1];
    Matrix m = { .rows = 0 };
    char note[120] = "percent of the row's pictures";
    int *place = calloc((size_t)all->classes + 1, sizeof *place);
    bool *shown = calloc((size_t)all->classes + 1, sizeof *shown);
    if (!place || !shown) o->status = o->status != OK ? o->status : err_memory("report");
    if (place && shown) {
        choose_classes(shown, all);
        name_matrix(&m, place, shown, all);
        fill_matrix(&m, place, r, a, all);
        if (m.rows < all->classes)
            snprintf(note, sizeof note, "percent of the row's pictures; the %d classes with the "
                     "most wrong answers", m.rows);
        page_figure(o, "Row: the label; column: the answer", note);
        file_printf(o, "<div class=\"wide\"><span class=\"hint\">scrolls sideways &#8594;</span>");
        svg_heat(o, &(Heat){ .about = "confusion matrix: labels by answers", .row = m.row,
                             .column = m.column, .cell = m.cell, .rows = m.rows, .wide = true,
                             .columns = m.columns, .ring = m.ring });
        file_printf(o, "</div></figure>\n");
    }
    free(place);
    free(shown);
}

// ---- wrong answers ------------------------------------------------------------------------------

typedef struct { double sure; int64_t place; } Surest;

static int by_surest(const void *x, const void *y)
{
    const Surest *a = x, *b = y;
    if (a->sure != b->sure) return a->sure > b->sure ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static void wrong_item(FileOut *o, const RunFiles *r, const PredictionRecord *p)
{
    file_printf(o, "<li>");
    page_picture(o, run_files_text(r, "data"), p->path, page_pixel_limit(r));
    html_text(o, p->label);
    file_printf(o, " %.3f<br/>taken for ", p->p_label);
    html_text(o, p->predicted);
    file_printf(o, " %.3f", p->p_predicted);
    if (*p->domain) file_printf(o, "<br/>");
    html_text(o, p->domain);
    file_printf(o, "</li>\n");
}

void page_wrong(FileOut *o, const RunFiles *r, const Answers *a, int most)
{
    Surest *wrong = malloc(((size_t)a->wrong + 1) * sizeof *wrong);
    int64_t n = 0;
    if (!wrong) {
        o->status = o->status != OK ? o->status : err_memory("report");
        return;
    }
    for (int64_t i = 0; i < a->n; i++) {
        const PredictionRecord *p = &r->prediction[a->place[i]];
        if (answer_wrong(p)) wrong[n++] = (Surest){ p->p_predicted, a->place[i] };
    }
    if (n) qsort(wrong, (size_t)n, sizeof *wrong, by_surest);
    file_printf(o, "<ul class=\"pictures\">\n");
    for (int64_t i = 0; i < n && i < most; i++) wrong_item(o, r, &r->prediction[wrong[i].place]);
    file_printf(o, "</ul>\n");
    free(wrong);
}

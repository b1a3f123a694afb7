// test_twin.c - training against an independent implementation in PyTorch (test/golden/twin.py):
// every gradient of one ProReg step, and for each method and optimizer the log of twenty steps and
// the weights at the end. The rates are large, so that any slip in a formula moves a loss by 4e-4
// at least.
#include "test/folder.h"       // first: it asks for what POSIX offers

#include "nn/optim.h"
#include "proreg/proreg.h"
#include "tensor/base/json.h"
#include "test/device.h"

enum { PICTURES = 32, CLASSES = 5, MICRO = 5 };
#define MODEL "test/golden/clip/hf-quick"

static struct {
    bool open;
    const Backend *be;
    Weights *w;
    Arena arena;
    const Json *root;
    float *pixels, *class_features;
    int32_t label[PICTURES];
    Clip pretrained;
    Teacher teacher;
} g;

static float *floats(const char *name)
{
    const WeightsTensor *x = weights_find(g.w, name);
    if (!CHECK(x, "no %s", name)) return NULL;
    float *out = arena_take(&g.arena, (size_t)weights_elements(x) * sizeof *out);
    weights_to_f32(out, x);
    return out;
}

static void unit_rows(float *y, const float *x, int n, int64_t E)
{
    for (int k = 0; k < n; k++) {
        double sum = 0;
        for (int64_t e = 0; e < E; e++) sum += (double)x[k * E + e] * (double)x[k * E + e];
        for (int64_t e = 0; e < E; e++) y[k * E + e] = (float)((double)x[k * E + e] / sqrt(sum));
    }
}

static bool setup(void)
{
    if (g.open) return true;
    g.be = device_open("cpu");
    bool ok = CHECK_OK(weights_open(&g.w, "test/golden/twin.safetensors"))
              && CHECK_OK(json_load(&g.root, &g.arena, "test/golden/twin.json"))
              && CHECK_OK(clip_open(&g.pretrained, g.be, MODEL, NULL));
    if (!ok) return false;
    g.pixels = floats("pixels");
    g.class_features = floats("class_features");
    float *label = floats("labels");
    for (int i = 0; i < PICTURES; i++) g.label[i] = (int32_t)label[i];
    float unit[CLASSES * 64];
    unit_rows(unit, g.class_features, CLASSES, g.pretrained.config.embed);
    return g.open = CHECK_OK(teacher_init(&g.teacher, &g.pretrained, unit, CLASSES, PICTURES));
}

// ---- parameters against goldens -----------------------------------------------------------------

static void transpose(float *y, const float *x, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) y[c * rows + r] = x[r * cols + c];
}

// PyTorch's (width, embed) of visual.proj is our (embed, width).
static void to_golden(float *x, const Param *q)
{
    float turned[4096];
    if (strcmp(q->name, "visual.proj") != 0) return;
    transpose(turned, x, q->value.dim[0], q->value.dim[1]);
    memcpy(x, turned, (size_t)tensor_size(&q->value) * sizeof *x);
}

// The keys' biases get no gradient but rounding (test/golden/README.md).
static bool is_noise(const Param *q, int64_t i)
{
    int64_t C = q->value.dim[0] / 3;
    return strstr(q->name, "in_proj_bias") && i >= C && i < 2 * C;
}

static double worst_of(const Param *q, const float *got, const float *want)
{
    double largest = 0, error = 0;
    for (int64_t i = 0; i < tensor_size(&q->value); i++) {
        if (is_noise(q, i)) continue;
        largest = fmax(largest, fabs((double)want[i]));
        error = test_worse(error, fabs((double)got[i] - (double)want[i]));
    }
    return error / largest;
}

static void get(const Student *s, const Param *q, bool grad, float *out)
{
    Param from = *q;
    if (grad) from.value.data = q->value.grad;
    CHECK_OK(params_get(&s->clip.params, &from, out));
    to_golden(out, q);
}

// ---- a step, in micro-batches of 5 --------------------------------------------------------------

typedef struct { double loss, ce, kd, w, norm; } Line;

static Status micro(Student *s, Tape *t, const LossConfig *c, Tensor *classes, int from, int n,
                    int batch, LossRow *rows)
{
    int64_t S = s->clip.config.image_size, one = 3 * S * S;
    int32_t index[MICRO];
    for (int i = 0; i < n; i++) index[i] = from + i;
    tape_begin(t, TAPE_TRAIN);
    Tensor *x = tape_pictures(t, g.pixels + from * one, n, S);
    Tensor *teacher = c->form ? teacher_logits(t, &g.teacher, x, index) : NULL;
    Tensor *logits = student_logits(t, s, x, index, classes);
    return tape_backward(t, proreg_loss(t, c, logits, teacher, g.label + from, batch, rows));
}

static Status gradient(Student *s, const LossConfig *c, int from, int batch, Line *line)
{
    LossRow rows[PICTURES];
    Tape once, t;
    Status status = OK;
    tape_init(&once, g.be);
    tape_init(&t, g.be);
    params_zero_grad(&s->clip.params);
    tape_begin(&once, TAPE_TRAIN);
    Tensor *classes = student_classes(&once, s);
    for (int i = 0; i < batch && status == OK; i += MICRO)
        status = micro(s, &t, c, classes, from + i, batch - i < MICRO ? batch - i : MICRO, batch,
                       rows + i);
    if (status == OK) status = student_classes_backward(&once, classes);
    if (status == OK) status = params_check_grad(&s->clip.params);
    *line = (Line){ .norm = params_grad_norm(&s->clip.params) };
    for (int i = 0; i < batch; i++) {
        line->loss += rows[i].loss;
        line->ce += rows[i].ce / batch;
        line->kd += rows[i].kl / batch;
        line->w += rows[i].w / batch;
    }
    tape_free(&once);
    tape_free(&t);
    return status;
}

// ---- settings from twin.json --------------------------------------------------------------------

static double number(const Json *v, const char *key)
{
    double x = 0;
    CHECK_OK(json_need_number(&x, v, key));
    return x;
}

static const char *text(const Json *v, const char *key)
{
    const char *s = "";
    CHECK_OK(json_need_string(&s, v, key));
    return s;
}

static LossConfig loss_config(const Json *run, const Method *m)
{
    LossConfig c = { .power = number(run, "power"), .gamma = number(run, "gamma"),
                     .fixed = number(run, "alpha"), .alpha = number(run, "alpha"),
                     .temp = number(run, "temp") };
    if (!m->weight) return c;
    c.form = weight_form_find(strcmp(m->name, "proreg") ? m->weight : text(run, "weight"));
    if (strcmp(c.form->name, "fixed") == 0) c.alpha = 1;
    return c;
}

static Optim optimizer(const Json *run)
{
    const char *name = text(run, "optimizer");
    double lr = number(run, "lr"), head = number(run, "head_lr"), wd = number(run, "wd");
    return (Optim){ .kind = !strcmp(name, "sgd") ? OPTIM_SGD
                            : !strcmp(name, "adamw") ? OPTIM_ADAMW : OPTIM_ADAMW_HF,
                    .lr = { lr, lr, head, head }, .decay = { wd, 0, wd, 0 },
                    .beta1 = number(run, "beta1"), .beta2 = number(run, "beta2"),
                    .eps = number(run, "eps"), .momentum = number(run, "momentum"),
                    .clip_norm = number(run, "clip_norm") };
}

static double relative(double got, double want)
{
    return fabs(got - want) / fmax(fabs(want), 1e-3);
}

// ---- cases --------------------------------------------------------------------------------------

static bool student_at_start(Student *s, const Method *m)
{
    char name[PARAM_NAME + 16];
    if (!CHECK_OK(student_open(s, g.be, MODEL, NULL, m, CLASSES, g.class_features, 1)))
        return false;
    for (Param *q = s->clip.last->next; q && m->head != HEAD_PROMPT; q = q->next) {
        snprintf(name, sizeof name, "heads.%s", q->name);
        CHECK_OK(params_set(&s->clip.params, q, floats(name)));
    }
    return true;
}

static void disturb(Student *s)
{
    char name[PARAM_NAME + 16];
    for (Param *q = s->clip.params.first; q; q = q->next) {
        float x[8192];
        snprintf(name, sizeof name, "start.%s", q->name);
        const float *want = floats(name);
        memcpy(x, want, (size_t)tensor_size(&q->value) * sizeof *x);
        if (strcmp(q->name, "visual.proj") == 0)
            transpose(x, want, q->value.dim[1], q->value.dim[0]);
        CHECK_OK(params_set(&s->clip.params, q, x));
    }
}

static void case_gradients(void)
{
    Student s;
    Line line;
    double worst = 0;
    char name[PARAM_NAME + 16];
    if (!setup() || !student_at_start(&s, method_find("proreg"))) return;
    const Json *step = json_get(g.root, "step"), *run = json_get(step, "run");
    LossConfig c = loss_config(run, s.method);
    disturb(&s);
    CHECK_OK(gradient(&s, &c, 0, 12, &line));
    for (Param *q = s.clip.params.first; q; q = q->next) {
        float grad[8192];
        get(&s, q, true, grad);
        snprintf(name, sizeof name, "step.grad.%s", q->name);
        double error = worst_of(q, grad, floats(name));
        CHECK(error < 1e-5, "%s differs by %g of its largest", q->name, error);
        worst = fmax(worst, error);
    }
    const Json *log = json_get(step, "log");
    CHECK(relative(line.loss, number(log, "loss")) < 1e-5, "loss %.9g", line.loss);
    CHECK(relative(line.norm, number(log, "grad_norm")) < 1e-5, "norm %.9g", line.norm);
    test_note("worst %.1e of the largest", worst);
    student_free(&s);
}

static void final_weights(const Student *s, const Json *run)
{
    char name[2 * PARAM_NAME];
    const Json *trained = json_get(run, "trained");
    snprintf(name, sizeof name, "%s/norms", text(run, "name"));
    const float *norms = floats(name);
    for (int64_t i = 0; i < trained->count; i++) {
        float x[8192];
        double sum = 0;
        const Param *q = params_find(&s->clip.params, json_at(trained, i)->string);
        if (!CHECK(q && q->group >= 0, "%s is not trained", json_at(trained, i)->string)) return;
        get(s, q, false, x);
        for (int64_t k = 0; k < tensor_size(&q->value); k++)
            if (!is_noise(q, k)) sum += (double)x[k] * (double)x[k];
        CHECK(relative(sqrt(sum), (double)norms[i]) < 1e-4, "|%s| is %.7g, not %.7g", q->name,
              sqrt(sum), (double)norms[i]);
        snprintf(name, sizeof name, "%s/%s", text(run, "name"), q->name);
        if (!weights_find(g.w, name)) continue;
        double error = worst_of(q, x, floats(name));
        CHECK(error < 1e-4, "%s differs by %g of its largest", q->name, error);
    }
}

// One line of the log; the worst relative error of its loss. The twin's kd is within 1e-6 where it
// is near 0.
static double compare(const Line *got, const Json *want, const char *run)
{
    double error = relative(got->loss, number(want, "loss"));
    CHECK(error < 2e-5, "%s, step %g: loss %.9g, not %.9g", run, number(want, "step"), got->loss,
          number(want, "loss"));
    CHECK(relative(got->ce, number(want, "ce")) < 1e-4, "%s: ce %.9g", run, got->ce);
    CHECK_CLOSE(got->kd, number(want, "kd"), 1e-5 + 1e-4 * number(want, "kd"));
    CHECK_CLOSE(got->w, number(want, "w_mean"), 1e-5);
    CHECK(relative(got->norm, number(want, "grad_norm")) < 1e-4, "%s: grad_norm %.9g, not %.9g",
          run, got->norm, number(want, "grad_norm"));
    return error;
}

static double run_all(const Json *run)
{
    static const int first[] = { 0, 12, 24 }, size[] = { 12, 12, 8 };
    Student s;
    double worst = 0;
    const char *name = text(run, "name");
    if (!student_at_start(&s, method_find(text(run, "method")))) return INFINITY;
    LossConfig c = loss_config(run, s.method);
    Optim o = optimizer(run);
    Schedule schedule = strcmp(text(run, "schedule"), "cosine") ? SCHEDULE_LINEAR : SCHEDULE_COSINE;
    const Json *log = json_get(run, "log");
    for (int i = 0; i < (int)log->count; i++) {
        Line line;
        double factor = schedule_factor(schedule, i, (int64_t)number(run, "warm"),
                                        (int64_t)number(run, "total"));
        if (!CHECK_OK(gradient(&s, &c, first[i % 3], size[i % 3], &line))) break;
        worst = fmax(worst, compare(&line, json_at(log, i), name));
        CHECK(relative(o.lr[GROUP_TOWER] * factor, number(json_at(log, i), "lr")) < 1e-6,
              "%s: step %d: factor %.9g", name, i, factor);
        CHECK_OK(optim_step(&o, &s.clip.params, i, factor, line.norm));
    }
    final_weights(&s, run);
    student_free(&s);
    return worst;
}

static void runs_of(const char *method)
{
    double worst = 0;
    int n = 0;
    if (!setup()) return;
    const Json *runs = json_get(g.root, "runs");
    for (int64_t i = 0; i < runs->count; i++) {
        if (strcmp(text(json_at(runs, i), "method"), method) != 0) continue;
        worst = fmax(worst, run_all(json_at(runs, i)));
        n++;
    }
    CHECK(n > 0, "no run of %s", method);
    test_note("%d runs, losses within %.1e", n, worst);
}

static void case_proreg(void) { runs_of("proreg"); }
static void case_kd(void) { runs_of("kd"); }
static void case_finetune(void) { runs_of("finetune"); }
static void case_head(void) { runs_of("head"); }
static void case_probe(void) { runs_of("probe"); }

// Every name of the model, and the group that the authors' code would put it into.
static void case_groups(void)
{
    static const struct { const char *name; int group; } want[] = {
        { "visual.conv1.weight", GROUP_TOWER }, { "visual.class_embedding", GROUP_TOWER },
        { "visual.positional_embedding", GROUP_TOWER }, { "visual.proj", GROUP_TOWER },
        { "visual.ln_pre.weight", GROUP_TOWER }, { "visual.ln_pre.bias", GROUP_TOWER_BIAS },
        { "visual.transformer.resblocks.0.ln_1.weight", GROUP_TOWER },
        { "visual.transformer.resblocks.0.attn.in_proj_weight", GROUP_TOWER },
        { "visual.transformer.resblocks.0.attn.in_proj_bias", GROUP_TOWER_BIAS },
        { "visual.transformer.resblocks.0.attn.out_proj.bias", GROUP_TOWER_BIAS },
        { "text_features", GROUP_HEAD }, { "logit_scale", GROUP_HEAD },
        { "cls_head.0.weight", GROUP_HEAD }, { "cls_head.0.bias", GROUP_HEAD_BIAS },
        { "cls_head.1.weight", GROUP_HEAD }, { "cls_head.1.bias", GROUP_HEAD_BIAS },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK(group_of(want[i].name) == want[i].group, "%s is in group %d", want[i].name,
              group_of(want[i].name));
}

// What is saved comes back to the same bits, and what does not fit is refused.
static void case_files(void)
{
    Student a, b;
    Line line;
    if (!setup()) return;
    Folder folder = folder_open();
    const char *const files[] = { folder_name(&folder, "classifier.safetensors"),
                                  folder_name(&folder, "optimizer.safetensors") };
    for (const Method *m = methods; m->name; m++) {
        if (!student_at_start(&a, m) || !student_at_start(&b, m)) break;
        LossConfig c = { m->weight ? weight_form_find(m->weight) : NULL, 10, 1, 1, 1, 1 };
        Optim o = { .kind = OPTIM_ADAMW_HF, .lr = { 1e-3, 1e-3, 1e-2, 1e-2 }, .beta1 = .9,
                    .beta2 = .98, .eps = 1e-8 };
        CHECK_OK(gradient(&a, &c, 0, 12, &line));
        CHECK_OK(optim_step(&o, &a.clip.params, 0, 1, line.norm));
        CHECK_OK(student_save_classifier(files[0], &a));
        CHECK_OK(student_save_optimizer(files[1], &a));
        CHECK_OK(student_load_classifier(&b, files[0]));
        CHECK_OK(student_load_optimizer(&b, files[1]));
        const Params *p_a = &a.clip.params, *p_b = &b.clip.params;
        CHECK(device_same(g.be, p_a->m, p_b->m, p_a->trained)
              && device_same(g.be, p_a->v, p_b->v, p_a->trained),
              "%s: the moments came back otherwise", m->name);
        for (Param *p = a.clip.last->next, *q = b.clip.last->next; p; p = p->next, q = q->next)
            CHECK(device_same(g.be, p->value.data, q->value.data, tensor_size(&p->value)),
                  "%s: %s came back otherwise", m->name, p->name);
        student_free(&b);
        CHECK_OK(student_open(&b, g.be, MODEL, NULL, m, CLASSES - 1, g.class_features, 1));
        CHECK_STATUS(student_load_classifier(&b, files[0]), ERR_SHAPE, "no ");
        student_free(&a);
        student_free(&b);
    }
    folder_close(&folder);
}

static const TestCase cases[] = {
    { "gradients", case_gradients }, { "proreg", case_proreg }, { "kd", case_kd },
    { "finetune", case_finetune }, { "head", case_head }, { "probe", case_probe },
    { "groups", case_groups }, { "files", case_files },
};

int main(void)
{
    int rc = test_main("twin", cases, TEST_COUNT(cases));
    if (g.open) {
        teacher_free(&g.teacher);
        clip_free(&g.pretrained);
    }
    weights_close(g.w);
    arena_free(&g.arena);
    return rc;
}

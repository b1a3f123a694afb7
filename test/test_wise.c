// test_wise.c - between zero-shot and tuned: the ends are exact, the middle is the formula, and
// what cannot be mixed is refused.
#include "proreg/wise.h"
#include "test/program.h"

#include "tensor/base/json.h"
#include "tensor/base/rng.h"

#define TRAIN "train --model $M --data $W/styles --train-domains ink --eval-domains ink,oil -q "

// A run whose accuracy has left the zero-shot model's.
static void a_run(void)
{
    if (folder_exists(folder_name(&world, "run/last"))) return;
    program_pictures("styles/ink", 8, 40);
    program_pictures("styles/oil", 8, 80);
    CHECK(proreg(TRAIN "--epochs 4 --batch 8 --lr 1e-3 --out $W/run") == 0, "%s", program_stderr());
}

// top1 of line n of stdout, and its domain.
static double top1(int n, const char *domain)
{
    Arena arena = { 0 };
    const Json *line;
    const char *text = program_stdout(), *name = "";
    double value = -1;
    while (n-- > 0 && strchr(text, '\n')) text = strchr(text, '\n') + 1;
    CHECK_OK(json_parse(&line, &arena, text, strcspn(text, "\n"), "stdout"));
    CHECK_OK(json_need_number(&value, line, "top1"));
    CHECK_OK(json_need_string(&name, line, "domain"));
    CHECK(!strcmp(name, domain), "%s, not %s", name, domain);
    arena_free(&arena);
    return value;
}

static void ends(void)
{
    static const char *const domain[] = { "ink", "oil", "all" };
    double mixed[6];
    bool moved = false;
    a_run();
    CHECK(proreg("wise --run $W/run --alphas 0,1 --json -q") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "{\"alpha\": 0,") && strstr(program_stdout(), "{\"alpha\": 1,"),
          "rows do not say their alpha: %s", program_stdout());
    for (int i = 0; i < 6; i++) mixed[i] = top1(i, domain[i % 3]);
    CHECK(proreg("zeroshot --model $M --data $W/styles --json -q") == 0, "%s", program_stderr());
    for (int i = 0; i < 3; i++) CHECK_CLOSE(mixed[i], top1(i, domain[i]), 0);
    CHECK(proreg("eval --run $W/run --json -q") == 0, "%s", program_stderr());
    for (int i = 0; i < 3; i++) CHECK_CLOSE(mixed[3 + i], top1(i, domain[i]), 0);
    for (int i = 0; i < 3; i++) moved |= mixed[i] != mixed[3 + i];
    CHECK(moved, "zero-shot and tuned are equally good: nothing was tested");
}

static void open_student(Student *s, const Backend *be, uint64_t seed)
{
    static const float zero[3 * 16];
    Rng rng = rng_at(seed, 0, 0, RNG_TEST);
    char path[FILE_PATH];
    path_join(path, world.path, "model");
    CHECK_OK(student_open(s, be, path, NULL, method_find("proreg"), 3, zero, 0));
    for (Param *q = s->clip.params.first; q; q = q->next) {
        int64_t n = tensor_size(&q->value);
        float *x = malloc((size_t)n * sizeof *x);
        for (int64_t i = 0; i < n; i++) x[i] = (float)rng_normal(&rng);
        if (n > 2) x[1] = seed == 1 ? -0.0f : 1;       // -0 at one end alone, where -0 + 0 would
        if (n > 2) x[2] = seed == 1 ? 1 : -0.0f;       // be 0
        CHECK_OK(params_set(&s->clip.params, q, x));
        free(x);
    }
}

static float weight_at(const Student *s, const char *name, int64_t i)
{
    const Params *p = &s->clip.params;
    const Param *q = params_find(p, name);
    float *x = malloc((size_t)tensor_size(&q->value) * sizeof *x);
    CHECK_OK(params_get(p, q, x));
    float weight = x[i];
    free(x);
    return weight;
}

static void formula(void)
{
    static const char *const names[] = { "visual.conv1.weight", "visual.proj", "text_features",
                                         "logit_scale" };
    Student a, b;
    Wise w;
    const Backend *be = device_open("cpu");
    double zero[4], tuned[4];
    open_student(&a, be, 1);
    open_student(&b, be, 2);
    CHECK_OK(wise_begin(&w, &b, &a));
    for (int i = 0; i < 4; i++) {
        zero[i] = (double)weight_at(&a, names[i], 0);
        tuned[i] = (double)weight_at(&b, names[i], 0);
    }
    student_free(&a);
    static const double alphas[] = { 0.25, 0, 0.7, 1 };     // from any of them to any other
    for (int k = 0; k < 4; k++) {
        CHECK_OK(wise_mix(&w, alphas[k]));
        for (int i = 0; i < 4; i++)
            CHECK_CLOSE(weight_at(&b, names[i], 0),
                        (float)((1 - alphas[k]) * zero[i] + alphas[k] * tuned[i]), 0);
        int at = alphas[k] == 0 ? 1 : 2;
        CHECK(k % 2 == 0 || signbit(weight_at(&b, "visual.proj", at)), "-0 became 0 at an end");
    }
    wise_free(&w);
    student_free(&b);
}

// What is saved answers as the row said, in every logit of the ends too.
static void saved(void)
{
    a_run();
    CHECK(proreg("wise --run $W/run --alpha 0.4 -o $W/mix --json -q") == 0, "%s", program_stderr());
    double ink = top1(0, "ink"), oil = top1(1, "oil");
    CHECK(proreg("eval --model $W/mix --data $W/styles --json -q") == 0, "%s", program_stderr());
    CHECK_CLOSE(ink, top1(0, "ink"), 0);
    CHECK_CLOSE(oil, top1(1, "oil"), 0);
    CHECK(strstr(program_file("mix/classifier.json", NULL), "\"wise_alpha\": 0.4,") &&
          strstr(program_file("mix/classifier.json", NULL), "a photo of a {}."), "%s",
          program_file("mix/classifier.json", NULL));
    CHECK(!program_same("mix/model.safetensors", "run/last/model.safetensors"), "not mixed");
    CHECK(proreg("wise --run $W/run --alpha 1 -o $W/end -q") == 0, "%s", program_stderr());
    static const char *const same[] = { "model.safetensors", "classifier.safetensors",
                                        "classes.txt", "config.json", "preprocessor_config.json",
                                        "vocab.json", "merges.txt", "tokenizer_config.json" };
    for (int i = 0; i < 8; i++) {
        char a[100], b[100];
        snprintf(a, sizeof a, "end/%s", same[i]);
        snprintf(b, sizeof b, "run/last/%s", same[i]);
        CHECK(program_same(a, b), "%s: other bytes", same[i]);
    }
    CHECK(proreg("wise --run $W/run --alpha 1 -o $W/end -q") == 1, "%s", program_stderr());
    CHECK(proreg("wise --run $W/run -o $W/not -q") == 2, "%s", program_stderr());
    CHECK(proreg("wise --run $W/run --alpha 1 --alphas 0,1 -q") == 2, "%s", program_stderr());
    CHECK(proreg("wise --run $W/run --alpha 2 -q") == 2, "%s", program_stderr());
    CHECK(!folder_exists(folder_name(&world, "not")), "written all the same");
}

static bool tells(const char *command, bool out, const char *word)
{
    int status = proreg("%s", command);
    bool told = status == 0 && strstr(out ? program_stdout() : program_stderr(), word);
    return CHECK(told, "%s: %s%s", command, program_stdout(), program_stderr());
}

// No one takes a mixture for the checkpoint that it was made of; an export is one, too.
static void told(void)
{
    a_run();
    CHECK(proreg("wise --run $W/run --alpha 0.1 -o $W/tenth -q") == 0, "%s", program_stderr());
    CHECK(proreg("export --model $W/tenth -o $W/copy -q") == 0, "%s", program_stderr());
    tells("eval --model $W/tenth --data $W/styles", false, "mixture, alpha 0.1\n");
    tells("eval --model $W/tenth --data $W/styles -q --json", true,
          "\"note\": \"mixture, alpha 0.1\"");
    tells("predict --model $W/copy $W/set/test/red/0.ppm", false, "mixture, alpha 0.1\n");
    tells("info $W/copy", true, ", mixture, alpha 0.1 of step ");
    CHECK(proreg("eval --run $W/run --data $W/styles --json") == 0 &&
          !strstr(program_stdout(), "mixture"), "a run's own: %s", program_stdout());
    CHECK(system("sed -i 's/alpha\": 0.1/alpha\": 1.5/' $W/copy/classifier.json") == 0 &&
          proreg("info $W/copy") == 1 && strstr(program_stderr(), "wise_alpha: 1.5: not from 0"),
          "%s", program_stderr());
}

static void refused(void)
{
    a_run();
    CHECK(proreg("wise -q") == 2, "%s", program_stderr());
    CHECK(proreg("wise --run $W/run --alphas 0,1.5 -q") == 2, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "--alphas: 1.5"), "%s", program_stderr());
    CHECK(proreg(TRAIN "--method probe --epochs 1 --out $W/probe") == 0, "%s", program_stderr());
    CHECK(proreg("wise --run $W/probe -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "method probe"), "%s", program_stderr());
    program_model("other", program_wide);
    CHECK(proreg("wise --run $W/run --model $W/other -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "is not what the run began with"), "%s", program_stderr());
}

static const TestCase cases[] = {
    { "ends", ends }, { "formula", formula }, { "saved", saved },
    { "told", told }, { "refused", refused },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int status = test_main("wise", cases, TEST_COUNT(cases));
    program_close();
    return status;
}

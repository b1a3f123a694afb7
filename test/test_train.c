// test_train.c - training as the program does it: equal bits whatever the threads, workers and
// micro-batches; a run that was interrupted; overfitting; every method.
#include "test/program.h"

#include "tensor/base/json.h"

#define TRAIN "train --model $M --data $W/set --eval-split test -q "

static const char *const weights[] = { "model.safetensors", "classifier.safetensors",
                                       "optimizer.safetensors" };

// Do two runs end with the same bits, in all that is not a time?
static void same_runs(const char *a, const char *b)
{
    static const char *const records[] = { "samples.jsonl", "predictions.jsonl" };
    char x[300], y[300];
    for (int i = 0; i < 3; i++) {
        snprintf(x, sizeof x, "%s/last/%s", a, weights[i]);
        snprintf(y, sizeof y, "%s/last/%s", b, weights[i]);
        CHECK(program_same(x, y), "%s and %s differ", x, y);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(x, sizeof x, "%s/%s", a, records[i]);
        snprintf(y, sizeof y, "%s/%s", b, records[i]);
        CHECK(program_same(x, y), "%s and %s differ", x, y);
    }
}

// The log without its times.
static void same_logs(const char *a, const char *b)
{
    static const char *const keys[] = { "step", "epoch", "lr", "head_lr", "loss", "ce", "kd",
                                        "w_mean", "grad_norm", "logit_scale" };
    char x[300], y[300];
    snprintf(x, sizeof x, "%s/log.jsonl", a);
    snprintf(y, sizeof y, "%s/log.jsonl", b);
    const char *p = program_file(x, NULL), *q = program_file(y, NULL);
    CHECK(*p, "no %s", x);
    for (int line = 0; *p || *q; line++) {
        Arena arena = { 0 };
        const Json *l, *m;
        size_t n = strcspn(p, "\n"), k = strcspn(q, "\n");
        CHECK_OK(json_parse(&l, &arena, p, n, x));
        CHECK_OK(json_parse(&m, &arena, q, k, y));
        for (int i = 0; i < 10; i++) {
            double u = NAN, v = NAN;
            CHECK_OK(json_need_number(&u, l, keys[i]));
            CHECK_OK(json_need_number(&v, m, keys[i]));
            CHECK(u == v, "line %d of %s and %s: %s %.17g, %.17g", line, x, y, keys[i], u, v);
        }
        arena_free(&arena);
        p += n + (p[n] == '\n');
        q += k + (q[k] == '\n');
    }
}

static void equal_bits(void)
{
    static const char *const ways[] = {
        "-t 1 --workers 1 --micro-batch 16", "-t 2 --workers 3 --micro-batch 16",
        "-t 5 --workers 1 --micro-batch 7", "-t 3 --workers 0 --micro-batch 32",
    };
    char run[32];
    program_model("wide", program_wide);
    for (int i = 0; i < 4; i++) {
        int status = proreg("train --model $W/wide --data $W/set --eval-split test -q --epochs 2 "
                            "--eval-every 9 --batch 32 --lr 1e-3 --head-lr-scale 1 "
                            "--augment randaug %s --out $W/bits%d", ways[i], i);
        CHECK(status == 0, "%s: %s", ways[i], program_stderr());
        snprintf(run, sizeof run, "bits%d", i);
        same_runs("bits0", run);
        same_logs("bits0", run);
    }
}

// On a device whose memory is unreadable to the host, and whose kernels run late, a run has the
// bits of the reference: nothing above the table of kernels touches a device's memory.
static void far_memory(void)
{
    for (int i = 0; i < 2; i++) {
        const char *device = i ? "far" : "ref";
        int status = proreg(TRAIN "--batch 10 --micro-batch 4 --max-steps 5 --warmup 0 --lr 1e-3 "
                            "--device %s --out $W/%s", device, device);
        CHECK(status == 0, "%s: %d %s", device, status, program_stderr());
    }
    same_runs("ref", "far");
    same_logs("ref", "far");
    CHECK(program_same("ref/results.jsonl", "far/results.jsonl"), "the results differ");
}

// So have the other verbs that compute. $O: a folder for what they write on one device.
static void far_verbs(void)
{
    static const char *const verbs[][2] = {
        { "zeroshot --model $M --data $W/set --eval-split test --json >$O/zeroshot", "zeroshot" },
        { "train --model $M --data $W/set -q --method finetune --epochs 1 --out $O/run",
          "run/last/model.safetensors" },
        { "eval --run $O/run --json >$O/eval", "eval" },
        { "wise --run $O/run --json >$O/wise", "wise" },
        { "predict --run $O/run --json $W/set/test/blue/1.ppm >$O/predict", "predict" },
        { "encode --model $M --images $W/set/test -o $O/vectors.npy", "vectors.npy" },
        { "pretrain --model $W/long --data $W/drawn --epochs 1 --batch 8 --out $O/made",
          "made/model.safetensors" },
    };
    enum { VERBS = sizeof verbs / sizeof *verbs };
    ClipConfig longer = program_small;
    longer.context = 24;
    program_model("long", longer);
    CHECK(proreg("data world -n 16 -q --out $W/drawn") == 0, "%s", program_stderr());
    for (int far = 0; far < 2; far++) {
        char folder[FILE_PATH];
        path_join(folder, world.path, far ? "on-far" : "on-ref");
        CHECK_OK(folder_make(folder));
        setenv("O", folder, 1);
        for (int i = 0; i < VERBS; i++)
            CHECK(proreg("%s -q --device %s", verbs[i][0], far ? "far" : "ref") == 0, "%s: %s",
                  verbs[i][0], program_stderr());
    }
    for (int i = 0; i < VERBS; i++) {
        char ref[300], far[300];
        snprintf(ref, sizeof ref, "on-ref/%s", verbs[i][1]);
        snprintf(far, sizeof far, "on-far/%s", verbs[i][1]);
        CHECK(program_same(ref, far), "%s differs", verbs[i][1]);
    }
}

// An instruction set that does not run here is refused, and says which do.
static void equal_instruction_sets(void)
{
    static const char *const sets[] = { "scalar", "avx2", "avx512", "neon" };
    int equal = 0;
    for (int i = 0; i < 4; i++) {
        char run[32];
        int status = proreg(TRAIN "--epochs 2 --batch 10 --eval-every 99 --lr 1e-3 --isa %s "
                            "--out $W/isa_%s", sets[i], sets[i]);
        CHECK(status == 0 || (status == 2 && strstr(program_stderr(), "does not run here")), "%s",
              program_stderr());
        if (status != 0) continue;
        snprintf(run, sizeof run, "isa_%s", sets[i]);
        same_runs("isa_scalar", run);
        same_logs("isa_scalar", run);
        equal++;
    }
    test_note("%d", equal);
}

#define WHOLE TRAIN "--epochs 4 --batch 10 --lr 1e-3 --augment randaug "

static void interrupted(void)
{
    CHECK(proreg(WHOLE "--overwrite --out $W/whole") == 0, "%s", program_stderr());
    CHECK(proreg(WHOLE "--out $W/parts --max-steps 3") == 0, "%s", program_stderr());
    CHECK(proreg("train --resume --out $W/parts -q --max-steps 9 --micro-batch 3") == 0, "%s",
          program_stderr());
    CHECK(proreg("train --resume --out $W/parts -q -t 1 --json") == 0, "%s", program_stderr());
    same_runs("whole", "parts");
    same_logs("whole", "parts");
    CHECK(!strncmp(program_stdout(), "{\"step\": 16, ", 13), "%s", program_stdout());
    char *ended = strdup(program_stdout());
    char *recorded = strdup(program_file("parts/results.jsonl", NULL));
    CHECK(proreg("train --resume --out $W/parts --json") == 0, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "note: all 16 steps are made already: nothing is trained "
                 "(--epochs N extends the run)"), "%s", program_stderr());
    CHECK(ended && !strcmp(ended, program_stdout()), "at its end already: %s", program_stdout());
    CHECK(recorded && !strcmp(recorded, program_file("parts/results.jsonl", NULL)),
          "evaluated again: %s", program_file("parts/results.jsonl", NULL));
    free(recorded);
    free(ended);
    CHECK(proreg("train --resume --out $W/parts -q --lr 2e-3") == 2, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "--lr: 0.002: the run to resume has 0.001"), "%s",
          program_stderr());
}

static double logged(const char *run, int line, const char *key)
{
    char name[100];
    double value = NAN;
    const Json *l;
    Arena arena = { 0 };
    snprintf(name, sizeof name, "%s/log.jsonl", run);
    const char *p = program_file(name, NULL);
    for (; line > 0 && *p; line--) p += strcspn(p, "\n") + 1;
    if (json_parse(&l, &arena, p, strcspn(p, "\n"), name) == OK)
        CHECK_OK(json_need_number(&value, l, key));
    arena_free(&arena);
    return value;
}

#define TWO TRAIN "--epochs 2 --batch 10 --lr 1e-3 "

// A run that is extended has the rates of a new run from its old end on, wherever it was stopped
// when it was extended; its config.json repeats it.
static void extended(void)
{
    CHECK(proreg(TRAIN "--epochs 3 --batch 10 --lr 1e-3 --out $W/three") == 0, "%s",
          program_stderr());
    CHECK(proreg(TWO "--out $W/late") == 0, "%s", program_stderr());
    CHECK(proreg("train --resume --out $W/late --epochs 5") == 0, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "from 2 to 5 epochs; the schedule (linear) begins anew after "
                 "epoch 2, warm-up included\n"), "%s", program_stderr());
    for (int i = 0; i < 12; i++)
        CHECK(logged("late", 8 + i, "lr") == logged("three", i, "lr"), "step %d: %g, %g", 8 + i,
              logged("late", 8 + i, "lr"), logged("three", i, "lr"));
    CHECK(proreg(TWO "--max-steps 5 --out $W/early") == 0, "%s", program_stderr());
    CHECK(proreg("train -q --resume --out $W/early --epochs 5 --max-steps 7") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_file("early/config.json", NULL), "\"max_steps\": 7"), "max_steps");
    CHECK(proreg("train -q --resume --out $W/early --max-steps 6") == 1 &&
          strstr(program_stderr(), "--max-steps 6: the run has made 7 already"), "%s",
          program_stderr());
    CHECK(proreg("train -q --resume --out $W/early") == 0, "%s", program_stderr());
    same_runs("late", "early");
    same_logs("late", "early");
    CHECK(proreg("train -q --config $W/late/config.json --out $W/anew") == 0, "%s",
          program_stderr());
    same_runs("late", "anew");
    CHECK(proreg("train -q --resume --out $W/late --epochs 4") == 2, "%s", program_stderr());
    CHECK(proreg(TWO "--schedule constant --warmup 0.5 --out $W/flat") == 0, "%s",
          program_stderr());
    CHECK(proreg("train --resume --out $W/flat --epochs 3") == 0 &&
          strstr(program_stderr(), "the rate stays as it is"), "%s", program_stderr());
    CHECK(logged("flat", 8, "lr") == 1e-3, "%g", logged("flat", 8, "lr"));
}

static void scale_clamped(void)
{
    static const char far[] = TRAIN "--epochs 3 --batch 10 --lr 1e-5 --head-lr-scale 1e5 "
                              "--warmup 0 ";
    CHECK(proreg("%s --out $W/free", far) == 0, "%s", program_stderr());
    CHECK(proreg("%s --quiet=false --overwrite --out $W/free", far) == 0, "%s", program_stderr());
    const char *note = strstr(program_stderr(), "out of [0, ln 100]");
    CHECK(note && !strstr(note + 1, "out of [0, ln 100]"), "%s", program_stderr());
    CHECK(proreg("%s --quiet=false --clamp-scale --out $W/clamped", far) == 0, "%s",
          program_stderr());
    CHECK(!strstr(program_stderr(), "ln 100"), "%s", program_stderr());
    int edges = 0, outside = 0;
    for (int i = 0; i < 12; i++) {
        double x = logged("clamped", i, "logit_scale"), y = logged("free", i, "logit_scale");
        CHECK(x >= 0 && x <= 4.605170249938965, "step %d: %.17g", i, x);   // float32 of ln 100
        edges += x == 0 || x == 4.605170249938965;
        outside += y < 0 || y > 4.605170249938965;
    }
    CHECK(edges > 0 && outside > 0, "%d steps at an edge, %d free ones outside", edges, outside);
}

// It says what is not a number and what to try; the checkpoint from before is there.
static void diverged(void)
{
    CHECK(proreg(TRAIN "--epochs 30 --batch 10 --lr 1e3 --wd 1e3 --warmup 0 --out $W/wild") == 1,
          "%s", program_stderr());
    const char *said = program_stderr();
    CHECK(strstr(said, "training has diverged: --check names the first op; try a smaller --lr, "
                 "--clip-norm 1, --clamp-scale; "), "%s", said);
    CHECK(strstr(said, "train: step ") && strstr(said, "gradient norm "), "%s", said);
    CHECK(strstr(said, "wild/last is kept\n"), "%s", said);
    CHECK(proreg("eval -q --run $W/wild") == 0, "%s", program_stderr());
}

// Pictures visited before an interruption keep their lines, also where others are missing.
static void samples(void)
{
    CHECK(proreg(WHOLE "--max-steps 2 --out $W/two") == 0, "%s", program_stderr());
    CHECK(proreg(WHOLE "--max-steps 1 --out $W/one") == 0, "%s", program_stderr());
    CHECK(!program_same("one/samples.jsonl", "two/samples.jsonl"), "one step, as many pictures");
    CHECK(proreg("train --resume --out $W/one -q --max-steps 2") == 0, "%s", program_stderr());
    same_runs("two", "one");
}

static void repeated(void)
{
    CHECK(proreg(WHOLE "--overwrite --out $W/whole") == 0, "%s", program_stderr());
    CHECK(proreg("train -q --config $W/whole/config.json --out $W/again") == 0, "%s",
          program_stderr());
    same_runs("whole", "again");
}

static double last_loss(const char *log)
{
    const char *at = NULL, *next = program_file(log, NULL);
    while ((next = strstr(next, "\"loss\": "))) at = next++;
    return CHECK(at, "no loss in %s", log) ? strtod(at + 8, NULL) : NAN;
}

static void overfits(void)
{
    CHECK(proreg(TRAIN "--method finetune --epochs 60 --batch 33 --lr 1e-3 --head-lr-scale 3 "
                 "--eval-every 1000 --out $W/over") == 0, "%s", program_stderr());
    double loss = last_loss("over/log.jsonl");
    CHECK(loss < 0.05, "loss %g after 60 epochs of 33 pictures", loss);
    test_note("loss %.4f", loss);
}

// What the last evaluation of training said, `eval` says again, byte for byte.
static void evaluated_again(void)
{
    CHECK(proreg(TRAIN "--epochs 1 --batch 10 --lr 1e-3 --out $W/seen --json") == 0, "%s",
          program_stderr());
    char *trained = strdup(program_stdout());
    CHECK(proreg("eval --run $W/seen -q --json --save-logits $W/a.npy --predictions $W/a.csv") == 0,
          "%s", program_stderr());
    CHECK(trained && *trained && !strcmp(trained, program_stdout()), "%s", program_stdout());
    CHECK(proreg("eval --run $W/seen -q --json --batch 3 --workers 0 -t 1 --save-logits $W/b.npy "
                 "--predictions $W/b.csv") == 0, "%s", program_stderr());
    CHECK(program_same("a.npy", "b.npy"), "logits differ");
    CHECK(program_same("a.csv", "b.csv"), "predictions differ");
    static const char start[] = "path,domain,label,predicted,p_label,p_predicted\n"
                                "test/blue/0.ppm,,blue,";
    CHECK(!strncmp(program_file("a.csv", NULL), start, sizeof start - 1), "%.100s",
          program_file("a.csv", NULL));
    free(trained);
}

// At step 0 the student of a prompt method is the zero-shot model.
static void begins_as_zeroshot(void)
{
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-split test -q --json") == 0, "%s",
          program_stderr());
    char *asked = strdup(program_stdout());
    CHECK(proreg(TRAIN "--epochs 1 --overwrite --out $W/seen") == 0, "%s", program_stderr());
    const char *first = program_file("seen/results.jsonl", NULL);
    CHECK(asked && *asked && !strncmp(first, asked, strlen(asked)), "%s, %s", first, asked);
    free(asked);
}

static void every_method(void)
{
    static const char *const methods[] = {
        "proreg --weight k1", "proreg --weight ce-ratio --gamma 2 --alpha 2", "finetune", "head",
        "proreg --weight fixed", "probe --augment randaug", "kd --temp 2", "probe",
        "finetune --optimizer sgd --schedule cosine --clip-norm 1",
        "proreg --optimizer adamw --schedule constant --weight power --power 3 --warmup 0",
    };
    for (int i = 0; i < (int)(sizeof methods / sizeof *methods); i++) {
        int status = proreg(TRAIN "--epochs 8 --batch 33 --lr 3e-4 --head-lr-scale 10 "
                            "--eval-every 1000 --method %s --out $W/method%d", methods[i], i);
        CHECK(status == 0, "%s: %s", methods[i], program_stderr());
        char log[64];
        snprintf(log, sizeof log, "method%d/log.jsonl", i);
        double first = strtod(strstr(program_file(log, NULL), "\"loss\": ") + 8, NULL);
        CHECK(last_loss(log) < first, "%s: loss from %g to %g", methods[i], first, last_loss(log));
        CHECK(proreg("eval --run $W/method%d -q", i) == 0, "%s", program_stderr());
    }
}

// What is kept per picture (a probe's features, the teacher's logits) is what would be made again.
// RandAugment of no operations keeps nothing and changes no pixel.
static void kept_features(void)
{
    static const char *const methods[] = { "probe", "proreg" };
    for (int i = 0; i < 2; i++) {
        static const char *const command = TRAIN "--epochs 3 --batch 16 --eval-every 9 --lr 1e-3 "
                                           "--overwrite --method %s --augment %s --out $W/%s";
        CHECK(proreg(command, methods[i], "none", "kept") == 0, "%s", program_stderr());
        CHECK(proreg(command, methods[i], "randaug --ra-n 0", "made") == 0, "%s", program_stderr());
        same_runs("kept", "made");
    }
}

static double planned_number(const char *key)
{
    const char *at = strstr(program_stdout(), key);
    return CHECK(at, "no %s in %s", key, program_stdout()) ? strtod(at + strlen(key), NULL) : NAN;
}

// The time is that of first visits and of later ones, which are a forward pass cheaper where the
// frozen tower's answers are kept.
static void check_plan(double pictures, double first)
{
    double step = planned_number("\"picture_seconds\": ");
    double later = step - (first > 0 ? planned_number("\"forward_seconds\": ") : 0);
    double update = planned_number("\"update_seconds\": ") * planned_number("\"steps\": ");
    double sum = step * first + fmax(later, 0) * (pictures - first) + update;
    double seconds = planned_number("\"train_seconds\": ");
    CHECK(planned_number("\"pictures\": ") == pictures, "%s", program_stdout());
    CHECK(planned_number("\"first_visits\": ") == first, "%s", program_stdout());
    CHECK_CLOSE(seconds, sum, 1e-4 * sum);
    CHECK(step > 0 && update > 0, "%s", program_stdout());
}

static void planned(void)
{
    CHECK(proreg(TRAIN "--plan --json --out $W/planned") == 0, "%s", program_stderr());
    CHECK(strstr(program_stdout(), "\"steps\": 10, \"pictures\": 330"), "%s", program_stdout());
    CHECK(*program_stderr() == 0, "-q: %s", program_stderr());
    double bytes = planned_number("\"memory_bytes\": ");
    CHECK(bytes > 4e6 && bytes < 4e9, "%g bytes", bytes);
    check_plan(330, 33);
    CHECK(proreg(TRAIN "--plan --json --batch 8 --max-steps 1") == 0, "%s", program_stderr());
    check_plan(8, 8);
    CHECK(proreg(TRAIN "--plan --json --method finetune") == 0, "%s", program_stderr());
    check_plan(330, 0);
    char path[FILE_PATH];
    path_join(path, world.path, "planned");
    CHECK(!folder_exists(path), "--plan wrote");
}

// --check changes nothing but what a run that goes wrong says.
static void checked(void)
{
    CHECK(proreg(WHOLE "--overwrite --out $W/whole") == 0, "%s", program_stderr());
    CHECK(proreg(WHOLE "--check --out $W/checked") == 0, "%s", program_stderr());
    same_runs("whole", "checked");
    CHECK(proreg(TRAIN "--epochs 2 --batch 4 --eval-every 99 --lr 1000 --check --out $W/burst")
          == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "proreg: train: step ") &&
          strstr(program_stderr(), " 4 pictures (test") == NULL &&
          strstr(program_stderr(), ", ..): check: ") && strstr(program_stderr(), "ward: "), "%s",
          program_stderr());
}

static const TestCase cases[] = {
    { "equal_bits", equal_bits }, { "equal_instruction_sets", equal_instruction_sets },
    { "far_memory", far_memory }, { "far_verbs", far_verbs },
    { "interrupted", interrupted }, { "extended", extended },
    { "scale_clamped", scale_clamped }, { "diverged", diverged },
    { "samples", samples }, { "repeated", repeated },
    { "overfits", overfits }, { "evaluated_again", evaluated_again },
    { "begins_as_zeroshot", begins_as_zeroshot }, { "every_method", every_method },
    { "kept_features", kept_features }, { "planned", planned },

    { "checked", checked },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("train", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

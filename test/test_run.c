// test_run.c - a run's folder: every file of it and what it holds; checkpoints while the disk
// fails; logs that a kill tore; folders that are not to be touched.
#include "proreg/run/tuned.h"
#include "proreg/verb/ask.h"
#include "test/a_run.h"

static const Json *parsed(Arena *arena, const char *text, size_t bytes, const char *what)
{
    const Json *root = NULL;
    CHECK_OK(json_parse(&root, arena, text, bytes, what));
    return root;
}

// ---- what is there ------------------------------------------------------------------------------

static void files(void)
{
    static const char *const checkpoint[] = {
        "config.json", "preprocessor_config.json", "model.safetensors", "vocab.json", "merges.txt",
        "classifier.safetensors", "classes.txt", "optimizer.safetensors", "state.json",
    };
    a_run();
    CHECK(*program_stderr() == 0, "--quiet: %s", program_stderr());
    for (int i = 0; i < 9; i++) {
        char name[100];
        snprintf(name, sizeof name, "run/last/%s", checkpoint[i]);
        CHECK(there(name), "no %s", name);
    }
    CHECK(!there("run/best"), "a best without pictures to choose it on");
    CHECK(there("run/step-8") && !there("run/step-6"), "--keep 1");
    CHECK(!strcmp(program_file("run/last/classes.txt", NULL), "blue\ngreen_bird\nred\n"), "%s",
          program_file("run/last/classes.txt", NULL));
}

static void config(void)
{
    static const char *const keys[] = {
        "model", "data", "method", "lr", "head_lr_scale", "batch", "micro_batch", "epochs", "seed",
        "template", "betas", "version", "compiler", "instruction_set", "model_sha256",
        "data_sha256", "class_order", "schedule_counting", "schedule_steps", "schedule_warm",
    };
    Arena arena = { 0 };
    size_t n;
    a_run();
    const char *text = program_file("run/config.json", &n), *data;
    const Json *root = parsed(&arena, text, n, "config.json");
    for (int i = 0; i < (int)(sizeof keys / sizeof *keys); i++)
        CHECK(json_get(root, keys[i]), "no %s", keys[i]);
    CHECK_OK(json_need_string(&data, root, "data"));
    CHECK(data[0] == '/', "a path that depends on the folder: %s", data);
    const Json *hash = json_get(json_get(root, "model_sha256"), "model.safetensors");
    CHECK(hash && hash->count == 64, "no hash of the weights");
    arena_free(&arena);
}

// Whole lines of JSON, each with these keys; returns how many.
static int lines(const char *file, const char *const *keys, int n_keys)
{
    size_t size;
    const char *text = program_file(file, &size);
    int n = 0;
    CHECK(size > 0 && text[size - 1] == '\n', "%s: no line end", file);
    for (const char *end; (end = strchr(text, '\n')); text = end + 1, n++) {
        Arena arena = { 0 };
        const Json *line = parsed(&arena, text, (size_t)(end - text), file);
        for (int i = 0; i < n_keys; i++)
            CHECK(json_get(line, keys[i]), "%s: line %d: no %s", file, n + 1, keys[i]);
        CHECK(line && line->count == n_keys, "%s: line %d: other keys", file, n + 1);
        arena_free(&arena);
    }
    return n;
}

static void logs_of(const char *run, int steps)
{
    static const char *const log[] = { "step", "epoch", "lr", "head_lr", "loss", "ce", "kd",
                                       "w_mean", "grad_norm", "logit_scale", "images_per_s",
                                       "seconds" };
    static const char *const results[] = { "step", "split", "domain", "n", "correct", "top1",
                                           "mean_class", "per_class" };
    static const char *const samples[] = { "path", "label", "w", "p_s", "p_t" };
    static const char *const predictions[] = { "step", "path", "split", "domain", "label",
                                               "predicted", "p_label", "p_predicted" };
    char name[100];
    snprintf(name, sizeof name, "%s/log.jsonl", run);
    CHECK(lines(name, log, 12) == steps, "%s: not %d steps", name, steps);
    snprintf(name, sizeof name, "%s/results.jsonl", run);
    CHECK(lines(name, results, 8) == 3, "%s: not 3 evaluations", name);
    snprintf(name, sizeof name, "%s/samples.jsonl", run);
    CHECK(lines(name, samples, 5) == 33, "%s: not 33 samples", name);
    snprintf(name, sizeof name, "%s/predictions.jsonl", run);
    CHECK(lines(name, predictions, 8) == 12, "%s: not of 12 pictures", name);
}

static void logs(void)
{
    a_run();
    logs_of("run", 8);
    static const char start[] = "{\"step\": 0, \"epoch\": 0, \"lr\": 0.001,";
    CHECK(!strncmp(program_file("run/log.jsonl", NULL), start, sizeof start - 1), "without "
          "warm-up the first rate is lr: %.60s", program_file("run/log.jsonl", NULL));
}

// Several domains: a line each, then `all`, pooled over pictures.
static void domains(void)
{
    program_pictures("styles/ink", 3, 40);
    program_pictures("styles/oil", 6, 80);
    CHECK(proreg("train --model $M --data $W/styles --train-domains ink --eval-domains ink,oil -q "
                 "--epochs 1 --out $W/drun --json") == 0, "%s", program_stderr());
    const char *out = program_stdout();
    static const char *const words[] = { "\"domain\": \"ink\", \"n\": 9,",
                                         "\"domain\": \"oil\", \"n\": 18,",
                                         "\"domain\": \"all\", \"n\": 27," };
    for (int i = 0; i < 3; i++) CHECK(strstr(out, words[i]), "no %s in %s", words[i], out);
}

// ---- numbers behind the files -------------------------------------------------------------------

// The counts that were derived from the released trainer, for its data sets.
static void counting(void)
{
    static const struct { const char *recipe; int64_t n, total, warm, steps; } known[] = {
        { "bar", 1941, 77, 7, 80 }, { "pacs", 7478, 292, 29, 300 }, { "pacs", 7137, 280, 28, 280 },
        { "pacs", 6870, 270, 27, 270 }, { "pacs", 5446, 215, 21, 220 },
        { "domainnet", 48212, 1885, 188, 1890 }, { NULL, 1941, 80, 8, 80 },
    };
    for (int i = 0; i < 7; i++) {
        Counting c = recipe_counting(known[i].recipe ? recipe_find(known[i].recipe) : NULL,
                                     known[i].n, 10, 256, 0.1);
        CHECK(c.total == known[i].total && c.warm == known[i].warm && c.steps == known[i].steps,
              "%lld pictures: total %lld, warm %lld, steps %lld", (long long)known[i].n,
              (long long)c.total, (long long)c.warm, (long long)c.steps);
    }
    // The released count would be 0, and every rate with it.
    Counting few = recipe_counting(recipe_find("bar"), 24, 1, 256, 0);
    CHECK(few.total == 1 && few.steps == 1 && !few.released, "total %lld", (long long)few.total);
}

// A class without pictures in a domain does not count there; `all` is pooled over the pictures of a
// split, and lines come split by split.
static void accuracy(void)
{
    static const char *const classes[] = { "a", "b", "c" }, *const styles[] = { "x", "y" };
    static const char *const splits[] = { "v", "w" };
    const ScoreOf of = { classes, styles, splits, 3, 2, 2, NULL };
    char lines[40] = "";
    Score e;
    CHECK_OK(score_init(&e, &of));
    for (int i = 0; i < 4; i++) score_add(&e, 0, 0, 0, i < 3 ? 0 : 1);
    score_add(&e, 0, 0, 1, 1);
    score_add(&e, 0, 1, 2, 0);
    ScoreRow x = score_row(&e, 0, 0), all = score_row(&e, 0, SCORE_ALL);
    CHECK(x.n == 5 && x.correct == 4, "%lld of %lld", (long long)x.correct, (long long)x.n);
    CHECK_CLOSE(x.mean_class, (0.75 + 1) / 2, 0);
    CHECK_CLOSE(all.top1, 4.0 / 6, 0);
    CHECK_CLOSE(all.mean_class, (0.75 + 1 + 0) / 3, 1e-15);
    score_add(&e, 1, 1, 0, 0);
    CHECK(score_row(&e, 0, SCORE_ALL).n == 6 && score_row(&e, 1, 1).correct == 1, "by split");
    for (ScoreLine l = SCORE_FIRST; score_next(&e, &l);)
        snprintf(lines + strlen(lines), 10, "%s:%s ", splits[l.split],
                 score_domain_name(&e, l.domain));
    CHECK(!strcmp(lines, "v:x v:y v:all w:y "), "%s", lines);
    score_free(&e);
    CHECK(score_argmax((const float[]){ 1, 3, 3, 2 }, 4) == 1, "the first of equals");
    CHECK_CLOSE(score_softmax((const float[]){ 0, 1000 }, 2, 1), 1, 0);
}

// Rates and decay of the four groups, as released.
static void groups(void)
{
    Options o = { .lr = 1e-5, .head_lr_scale = 100, .wd = 0.01, .optimizer = OPTIM_ADAMW_HF };
    Optim optim = setup_optim(&o);
    CHECK_CLOSE(optim.lr[GROUP_TOWER], 1e-5, 0);
    CHECK_CLOSE(optim.lr[GROUP_TOWER_BIAS], 1e-5, 0);
    CHECK_CLOSE(optim.lr[GROUP_HEAD], 1e-3, 1e-18);
    CHECK_CLOSE(optim.lr[GROUP_HEAD_BIAS], 1e-3, 1e-18);
    CHECK_CLOSE(optim.decay[GROUP_TOWER], 0.01, 0);
    CHECK_CLOSE(optim.decay[GROUP_TOWER_BIAS], 0, 0);
    CHECK_CLOSE(optim.decay[GROUP_HEAD], 0.01, 0);
    CHECK_CLOSE(optim.decay[GROUP_HEAD_BIAS], 0, 0);
    CHECK_CLOSE(optim.eps, 1e-8, 0);
}

// Flag, config, recipe, method, table: the stronger one wins, in whatever order they come.
static void precedence(void)
{
    static const Verb verb = { "train", "", 0, 0, "", VERB_TRAIN, NULL };
    static const char *const argv[] = { "--recipe", "bar", "--alpha=3", "--data", "x" };
    Options o;
    folder_text(&world, "p.json",
                "{\"alpha\": 4, \"template\": [\"{} a\", \"{} b\"], \"lr\": 0.5}");
    CHECK_OK(options_parse(&o, &verb, 5, (char **)(uintptr_t)argv));
    CHECK_OK(recipe_apply(&o));
    CHECK(!strcmp(o.template.item[0], "the man is {}.") && o.augment == AUGMENT_RANDAUG, "recipe");
    CHECK_OK(options_read_config(&o, folder_name(&world, "p.json")));
    CHECK_OK(options_default(&o, "lr", "0.25", FROM_METHOD));
    CHECK_CLOSE(o.alpha, 3, 0);
    CHECK_CLOSE(o.lr, 0.5, 0);
    CHECK(o.template.n == 2 && !strcmp(o.template.item[1], "{} b"), "templates of the config");
    CHECK_OK(recipe_apply(&o));
    CHECK(o.template.n == 2, "a recipe after the config");
    CHECK(!strcmp(o.eval_split, "test"), "eval split of the recipe");
    options_free(&o);
}

// A flag that does nothing as the others stand is said so once, and config.json lists it.
static void idle_flags(void)
{
    static const struct { const char *flags, *said, *key; } runs[] = {
        { "--ra-m 20", "note: --ra-m: without effect: it needs --augment randaug", "ra_m" },
        { "--ra-m 20 --augment randaug", NULL, "momentum" },
        { "--betas 0.5,0.9 --optimizer sgd", "--betas: without effect: it needs", "betas" },
        { "--momentum 0.5", "--momentum: without effect: it needs --optimizer sgd", "momentum" },
        { "--momentum 0.5 --optimizer sgd", NULL, "betas" },
        { "--method probe --template 'a {}'", "--template: without effect: it needs a method",
          "weight" },
        { "--method probe --clamp-scale", "--clamp-scale: without effect: it needs a method",
          "clamp_scale" },
        { "--clamp-scale", NULL, "momentum" }, { "--temp 2", NULL, "momentum" },
        { "--temp 2 --alpha 0", "--temp: without effect: it needs a method with a teacher, and "
          "--alpha above 0", "temp" },
        { "--weight ce-ratio --gamma 2", NULL, "power" },
        { "--label-base 1", "--label-base: without effect: it needs --train-list", "gamma" },
    };
    const char *at;
    a_run();
    for (int i = 0; i < TEST_COUNT(runs); i++) {
        char name[60], key[40];
        CHECK(proreg("train --model $M --data $W/set --eval-split test --batch 10 --lr 1e-3 "
                     "--max-steps 1 --epochs 1 --out $W/idle%d %s", i, runs[i].flags) == 0, "%s",
              program_stderr());
        const char *note = strstr(program_stderr(), "without effect");
        CHECK(runs[i].said ? strstr(program_stderr(), runs[i].said) != NULL : !note, "%s: %s",
              runs[i].flags, program_stderr());
        snprintf(name, sizeof name, "idle%d/config.json", i);
        snprintf(key, sizeof key, "\"%s\"", runs[i].key);
        at = strstr(program_file(name, NULL), "\"without_effect\": [");
        if (!CHECK(at, "%s has no list", name)) continue;
        const char *found = strstr(at, key), *end = strchr(at, ']');
        CHECK(found && found < end, "%s: %s is not in %.200s", runs[i].flags, key, at);
    }
    at = program_file("idle0/report.html", NULL);
    CHECK(!strstr(at, ">ra_m<") && strstr(at, ">betas<"), "the report names what did nothing");
    CHECK(proreg("data world --out $W/drawn -n 50 --pairing 0.5") == 0 &&
          strstr(program_stderr(), "--pairing: without effect: it needs --kind task"), "%s",
          program_stderr());
    CHECK(proreg("eval --run $W/run --data $W/set --merges $M/merges.txt") == 2 &&
          strstr(program_stderr(), "--merges: "), "%s", program_stderr());
}

// ---- the disk fails -----------------------------------------------------------------------------

typedef struct { Student student; Clip pretrained; Bpe *bpe; Checkpoint c; } Made;

static void make(Made *m)
{
    static const char *const names[] = { "a", "b", "c" };
    char path[FILE_PATH];
    const Backend *be = device_open("cpu");
    path_join(path, world.path, "model");
    CHECK_OK(clip_open(&m->pretrained, be, path, NULL));
    CHECK_OK(bpe_open(&m->bpe, path, 0));
    CHECK_OK(student_open(&m->student, be, path, NULL, method_find("proreg"), 3, NULL, 0));
    m->c = (Checkpoint){ .student = &m->student, .pretrained = &m->pretrained, .bpe = m->bpe,
                         .class_name = names, .state = { .step = 1 } };
}

static void unmake(Made *m)
{
    student_free(&m->student);
    clip_free(&m->pretrained);
    bpe_close(m->bpe);
}

// Whatever operation fails and is the last one, as if the process was killed there: `last` is the
// whole old checkpoint or the whole new one.
static void faults(void)
{
    Made m;
    char checkpoint[FILE_PATH];
    int failures = 0;
    make(&m);
    CHECK_OK(run_save(world.path, "last", &m.c));
    Status status = ERR_IO;
    for (int n = 0; status != OK && n < 1000; n++) {
        RunState state = { 0 };
        int64_t before = m.c.state.step;
        const char **names;
        int classes;
        Arena arena = { 0 };
        m.c.state.step = n + 2;
        file_fault_after(n);
        status = run_save(world.path, "last", &m.c);
        file_fault_after(-1);
        CHECK_OK(run_checkpoint(checkpoint, world.path, "last"));
        CHECK_OK(run_load_state(&state, checkpoint));
        CHECK_OK(tuned_classes(&arena, &names, &classes, checkpoint));
        CHECK(state.step == n + 2 || (status != OK && state.step == before),
              "operation %d: step %lld after %lld", n, (long long)state.step, (long long)before);
        Student again;
        char path[FILE_PATH];
        CHECK_OK(student_open(&again, m.pretrained.params.be, checkpoint, NULL,
                              method_find("proreg"), 3, NULL, 0));
        path_join(path, checkpoint, "optimizer.safetensors");
        CHECK_OK(student_load_optimizer(&again, path));
        student_free(&again);
        m.c.state.step = state.step;
        arena_free(&arena);
        failures += status != OK;
        if (test_failures) break;
    }
    CHECK(status == OK && failures > 20, "%d failures, then %d", failures, status);
    CHECK(!there("last.old"), "an old checkpoint was left behind");
    test_note("%d operations", failures);
    unmake(&m);
}

// ---- going on -----------------------------------------------------------------------------------

static void append(const char *name, const char *text)
{
    FILE *out = fopen(folder_name(&world, name), "ab");
    if (!out) exit(2);
    fputs(text, out);
    fclose(out);
}

// Killed after step 6 was logged half, with the checkpoint of step 4: the logs go back to it.
static void torn_logs(void)
{
    a_half();
    append("torn/log.jsonl", "{\"step\": 4, \"epoch\": 1, \"lr\": 1, \"loss\": 9}\n");
    append("torn/log.jsonl", "{\"step\": 5, \"epo");
    append("torn/results.jsonl", "{\"step\": 6, \"split\": \"test\", \"domain\": \"\"}\n");
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
    CHECK(program_same("torn/samples.jsonl", "run/samples.jsonl"), "samples differ");
    CHECK(program_same("torn/results.jsonl", "run/results.jsonl"), "results differ");
    CHECK(program_same("torn/predictions.jsonl", "run/predictions.jsonl"), "predictions differ");
    CHECK(program_same("torn/last/model.safetensors", "run/last/model.safetensors"), "weights");
    logs_of("torn", 8);
}

// A kill between the two renames that replace a checkpoint leaves it under another name.
static void recovered(void)
{
    char last[FILE_PATH], old[FILE_PATH];
    a_half();
    path_join(last, world.path, "torn/last");
    path_join(old, world.path, "torn/last.old");
    CHECK(rename(last, old) == 0, "rename");
    CHECK(proreg("eval --run $W/torn -q") == 0, "%s", program_stderr());
    CHECK(there("torn/last") && !there("torn/last.old"), "not put back");
}

// The reference device rounds otherwise: a run that began there goes on there.
static void device(void)
{
    CHECK(proreg(TRAIN "--epochs 1 --device ref --out $W/ref") == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--epochs 1 --device ref --max-steps 2 --out $W/half") == 0, "%s",
          program_stderr());
    CHECK(proreg("train --resume --out $W/half -q --device cpu") == 2
          && strstr(program_stderr(), "--device: \"cpu\": the run to resume has \"ref\""), "%s",
          program_stderr());
    CHECK(proreg("train --resume --out $W/half -q") == 0, "%s", program_stderr());
    CHECK(program_same("half/last/model.safetensors", "ref/last/model.safetensors"), "weights");
}

// Lists that were named from their own folder are found from any other.
static void whole_lists(void)
{
    folder_text(&world, "a.txt", "set/train/red/0.ppm red\nset/train/blue/0.ppm blue\n");
    folder_text(&world, "b.txt", "set/train/red/1.ppm red\nset/train/blue/1.ppm blue\n");
    CHECK(proreg("train --model $M -q --max-steps 1 --data $W --out $W/lists --train-list "
                 "$W/set/../a.txt,$W/set/../b.txt --eval-list $W/set/../b.txt") == 0, "%s",
          program_stderr());
    const char *list = strstr(program_file("lists/config.json", NULL), "\"train_list\": \"/");
    if (!CHECK(list, "the first list is not whole")) return;
    CHECK(strstr(list, "/a.txt,/") && strstr(list, "/b.txt\""), "%.200s", list);
    CHECK(!strstr(list, "/../"), "not whole: %.200s", list);
    CHECK(proreg("train --config $W/lists/config.json --out $W/lists2") == 0, "%s",
          program_stderr());
    CHECK(program_same("lists/last/model.safetensors", "lists2/last/model.safetensors"), "weights");
    CHECK(!strstr(program_stderr(), "note: config"), "the same: %s", program_stderr());
    CHECK(proreg("train --config $W/lists/config.json --out $W/lists5 --template 'a {}' "
                 "--max-steps 1") == 0, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "has changed since"), "told: %s", program_stderr());
    // Two lists need no folder; one does.
    CHECK(proreg("train --model $M -q --max-steps 1 --out $W/lists3 --train-list $W/a.txt "
                 "--eval-list $W/b.txt") == 0, "%s", program_stderr());
    CHECK(proreg("train --model $M -q --out $W/lists4 --train-list $W/a.txt") == 2
          && strstr(program_stderr(), "needs --data"), "%s", program_stderr());
}

// A kill before the first checkpoint: the run begins anew, with its own options, to the same bits.
static void killed_early(void)
{
    char last[FILE_PATH], log[FILE_PATH];
    a_run();
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 1 --out $W/early") == 0, "%s", program_stderr());
    path_join(last, world.path, "early/last");
    path_join(log, world.path, "early/log.jsonl");
    folder_discard(last);
    CHECK(proreg("train --resume --out $W/early -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "holds no checkpoint `last`"), "a run that has trained: %s",
          program_stderr());
    CHECK(remove(log) == 0, "%s", log);
    CHECK(proreg("train --resume --out $W/early -q") == 0, "%s", program_stderr());
    CHECK(program_same("early/last/model.safetensors", "run/last/model.safetensors"), "weights");
    logs_of("early", 8);
    CHECK(proreg("train --resume --out $M -q") == 1 && there("model/config.json"),
          "a model's folder is no run: %s", program_stderr());
}

// Counts in state.json that do not belong together; some made the loader wait for ever.
static void wrong_states(void)
{
    static const char *const bad[] = {
        "\"step\": 5, \"epoch\": 1, \"epoch_step\": 0",
        "\"step\": 4, \"epoch\": 0, \"epoch_step\": 4",
        "\"step\": 4, \"epoch\": 1, \"epoch_step\": 3",
        "\"step\": 9, \"epoch\": 2, \"epoch_step\": 1",
        "\"step\": 4611686018427387903, \"epoch\": 0, \"epoch_step\": 0",
        "\"step\": 4, \"epoch\": 1, \"epoch_step\": 0, \"best_top1\": 2",
        "\"step\": 4, \"epoch\": 1, \"epoch_step\": 0, \"best_top1\": 0.1, \"best_step\": 5",
    };
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 4 --out $W/state") == 0, "%s", program_stderr());
    for (int i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
        char text[200];
        snprintf(text, sizeof text, "{%s}\n", bad[i]);
        folder_text(&world, "state/last/state.json", text);
        CHECK(proreg("train --resume --out $W/state -q") == 1, "%s: %s", text, program_stderr());
        CHECK(strstr(program_stderr(), "state.json: "), "%s: %s", text, program_stderr());
    }
}

static void refused(void)
{
    static const struct { const char *options, *word; int status; } cases_[] = {
        { "--out $W/run", "holds a run: --resume goes on, --overwrite begins anew", 1 },
        { "--out $W/none --resume", "holds no run to resume", 1 },
        { "--out $W/run --resume --overwrite", "does not go with", 2 },
        { "--out $W/stdout", "is a file", 1 },
        { "--out $W/stdout/x", "not a folder", 1 },
        { "", "needs --out DIR", 2 },
        { "--out $W/run --resume --seed 5", "--seed: 5: the run to resume has 0", 2 },
        { "--out $W/run --resume --method head", "the run to resume has \"proreg\"", 2 },
    };
    a_run();
    for (int i = 0; i < (int)(sizeof cases_ / sizeof *cases_); i++) {
        int status = proreg(TRAIN "%s", cases_[i].options);
        CHECK(status == cases_[i].status && strstr(program_stderr(), cases_[i].word),
              "%s: %d: %s", cases_[i].options, status, program_stderr());
    }
    CHECK(proreg(TRAIN "--out $W/bad --train-split absent") == 1, "%s", program_stderr());
    CHECK(!there("bad") && !there("none"), "--out appeared before step 0");
}

// A run does not go on with other weights or other pictures.
static void changed(void)
{
    a_run();
    program_picture("set/train/red/0.ppm", 0, 99);
    append("set/train/red/0.ppm", "more");
    CHECK(proreg("train --resume --out $W/run -q") == 1, "%s", program_stderr());
    CHECK(strstr(program_stderr(), "data_sha256 has changed"), "%s", program_stderr());
    program_picture("set/train/red/0.ppm", 0, 0);
    CHECK(proreg("train --resume --out $W/run -q") == 0, "%s", program_stderr());
}

// Nor with a model that has lost a file which changes numbers, or gained one.
static void changed_files(void)
{
    char from[FILE_PATH], to[FILE_PATH], text[4096];
    a_run();
    path_join(from, world.path, "model/preprocessor_config.json");
    path_join(to, world.path, "model/away.json");
    CHECK(rename(from, to) == 0, "%s", from);
    CHECK(proreg("train --resume --out $W/run -q") == 1 &&
          strstr(program_stderr(), "had a file preprocessor_config.json, which is gone"), "%s",
          program_stderr());
    CHECK(rename(to, from) == 0, "%s", to);
    snprintf(text, sizeof text, "{\"image_processor\": %s}",
             program_file("model/preprocessor_config.json", NULL));
    folder_text(&world, "model/processor_config.json", text);
    CHECK(proreg("train --resume --out $W/run -q") == 1 &&
          strstr(program_stderr(), "has a file processor_config.json, which it did not have"), "%s",
          program_stderr());
    path_join(from, world.path, "model/processor_config.json");
    CHECK(remove(from) == 0, "%s", from);
    CHECK(proreg("train --resume --out $W/run -q") == 0, "%s", program_stderr());
}

// Nor with other prompts, from whichever file they come.
static void changed_prompts(void)
{
    folder_text(&world, "templates.txt", "a {}.\n{} of paint\n");
    folder_text(&world, "names.txt", "azure\nbird\ncrimson\n");
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 2 --templates $W/templates.txt --classnames "
                 "$W/names.txt --out $W/prompts") == 1 && strstr(program_stderr(), "--rename"),
          "%s", program_stderr());
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 2 --templates $W/templates.txt --classnames "
                 "$W/names.txt --rename --out $W/prompts") == 0, "%s", program_stderr());
    folder_text(&world, "templates.txt", "a {}.\n{} of ink\n");
    CHECK(proreg("train --resume --out $W/prompts -q") == 1 &&
          strstr(program_stderr(), "template has changed since: `{} of ink` was `{} of paint`"),
          "%s", program_stderr());
    folder_text(&world, "templates.txt", "a {}.\n");
    CHECK(proreg("train --resume --out $W/prompts -q") == 1 &&
          strstr(program_stderr(), "template has changed since: 1 entries, were 2"), "%s",
          program_stderr());
    folder_text(&world, "templates.txt", "a {}.\n{} of paint\n");
    folder_text(&world, "names.txt", "azure\nfowl\ncrimson\n");
    CHECK(proreg("train --resume --out $W/prompts -q") == 1 &&
          strstr(program_stderr(), "class_order has changed since: `fowl` was `bird`"), "%s",
          program_stderr());
    folder_text(&world, "names.txt", "azure\nbird\ncrimson\n");
    folder_text(&world, "merges.txt", "#version: 0.2\n");
    CHECK(proreg("train --resume --out $W/prompts -q --merges $W/merges.txt") == 1, "merges");
    CHECK(proreg("train --resume --out $W/prompts -q") == 0, "%s", program_stderr());
    program_unsummed("prompts/config.json");
    CHECK(system("sed -i /rename/d $W/prompts/config.json") == 0 &&
          proreg("eval --run $W/prompts --data $W/set -q") == 0, "before there was --rename: %s",
          program_stderr());
}

// Two processes would write over each other's checkpoints.
static void locked(void)
{
    int lock;
    a_half();
    CHECK_OK(folder_lock(&lock, folder_name(&world, "torn")));
    CHECK(proreg("train --resume --out $W/torn -q") == 1 &&
          strstr(program_stderr(), "torn: another process is writing there"), "%s",
          program_stderr());
    CHECK(proreg(TRAIN "--epochs 1 --overwrite --out $W/torn") == 1 &&
          strstr(program_stderr(), "another process"), "%s", program_stderr());
    folder_unlock(&lock);
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
    CHECK(proreg("train --resume --plan -q") == 2, "%s", program_stderr());
}

// Names that no list of lines could hold: refused before work is lost on them.
static void line_ends(void)
{
    program_pictures("lines/train", 1, 0);
    CHECK_OK(folder_make(folder_name(&world, "lines/train/a\nb")));
    program_picture("lines/train/a\nb/0.ppm", 0, 1);
    CHECK(proreg("train --model $M --data $W/lines --epochs 1 -q --out $W/lrun") == 1 &&
          strstr(program_stderr(), "a line end in its name"), "%s", program_stderr());
    CHECK(proreg("encode --model $M --images $W/lines -q -o $W/l.npy") == 1 &&
          strstr(program_stderr(), "a line end in its name"), "%s", program_stderr());
    CHECK(proreg("encode --model $M --images $W/lines -q -o $W/l.safetensors") == 0, "%s",
          program_stderr());
}

static void exported(void)
{
    a_half();
    CHECK(proreg("export --run $W/torn -o $W/out/hf") == 0, "%s", program_stderr());
    CHECK(there("out/hf/config.json") && there("out/hf/classes.txt")
          && !there("out/hf/state.json") && !there("out/hf/optimizer.safetensors"), "files");
    CHECK(proreg("encode --model $W/out/hf --images $W/set/test -o $W/a.npy -q") == 0, "%s",
          program_stderr());
    CHECK(proreg("encode --run $W/torn --images $W/set/test -o $W/b.npy -q") == 0, "%s",
          program_stderr());
    CHECK(program_same("a.npy", "b.npy") && program_same("a.names.txt", "b.names.txt"),
          "vectors differ");
    CHECK(proreg("export --run $W/torn -o $W/out/hf") == 1, "%s", program_stderr());
}

// A misspelt option of config.json is not passed over, nor one that stands there twice.
static void strange_keys(void)
{
    folder_text(&world, "lrr.json", "{\"lrr\": 0.001}\n");
    CHECK(proreg(TRAIN "--config $W/lrr.json --out $W/strange") == 1 &&
          strstr(program_stderr(), "lrr.json: lrr: is no option") &&
          strstr(program_stderr(), ": did you mean lr?"), "%s", program_stderr());
    folder_text(&world, "lrr.json", "{\"batchsize\": 3}\n");
    CHECK(proreg(TRAIN "--config $W/lrr.json --out $W/strange") == 1 &&
          strstr(program_stderr(), ": did you mean batch?"), "%s", program_stderr());
    folder_text(&world, "lrr.json", "{\"overwritee\": true}\n");
    CHECK(proreg(TRAIN "--config $W/lrr.json --out $W/strange") == 1 &&
          !strstr(program_stderr(), "mean overwrite?"), "no key: %s", program_stderr());
    folder_text(&world, "lr.json", "{\"model_sha256\": {\"a\": \"x\", \"a\": \"y\"}}\n");
    CHECK(proreg(TRAIN "--config $W/lr.json --out $W/strange") == 1 &&
          strstr(program_stderr(), "model_sha256: \"a\" stands there twice"), "%s",
          program_stderr());
    folder_text(&world, "lr.json", "{\"lr\": 0.001, \"lr\": 5}\n");
    CHECK(proreg(TRAIN "--config $W/lr.json --out $W/strange") == 1 &&
          strstr(program_stderr(), "\"lr\" stands there twice"), "%s", program_stderr());
    CHECK(!there("strange"), "a run was begun");
}

static void edit(const char *what)
{
    char command[300];
    snprintf(command, sizeof command, "cp $W/kept.json $W/edited/config.json && sed -i '%s' "
             "$W/edited/config.json", what);
    CHECK(system(command) == 0, "%s", command);
}

// What says what a run has done is not changed afterwards; of it a new run may be made.
static void edited(void)
{
    static const char *const asks[] = {
        "train --resume --out $W/edited -q", "eval --run $W/edited -q",
        "wise --run $W/edited --alphas 0,1 -q", "predict --run $W/edited $W/set/test/red/0.ppm",
        "predict --run $W/edited/last $W/set/test/red/0.ppm",
    };
    static const char *const edits[] = {
        "s/\"lr\": [^,]*/\"lr\": 0.5/", "s/\"method\": \"[a-z]*/\"method\": \"finetune/",
        "s/^  \"seed/   \"seed/", "s/\"crc32\": \"[0-9a-f]*/\"crc32\": \"/",
        "s/\"crc32\": \"[0-9a-f]*\"/\"crc32\": 5/", "s/^}/,\"lr\": 0.5}/", "$a\\\\",
    };
    CHECK(proreg(TRAIN "--max-steps 2 --out $W/edited") == 0 &&
          system("cp $W/edited/config.json $W/kept.json") == 0, "%s", program_stderr());
    for (int i = 0; i < TEST_COUNT(edits); i++) {
        edit(edits[i]);
        for (int a = 0; a < (i ? 2 : TEST_COUNT(asks)); a++)
            CHECK(proreg("%s", asks[a]) == 1 && strstr(program_stderr(), "edited/config.json: has "
                  "been changed since the run wrote it") && strstr(program_stderr(), "--config /"),
                  "%s, %s: %s", edits[i], asks[a], program_stderr());
    }
    edit(edits[0]);
    CHECK(proreg("info $W/edited") == 0 && strstr(program_stderr(), "note: config: "), "%s",
          program_stderr());
    CHECK(proreg("train --config $W/edited/config.json --out $W/anew -q") == 0 &&
          strstr(program_file("anew/config.json", NULL), "\"lr\": 0.5,"), "%s", program_stderr());
    CHECK(proreg("eval --run $W/anew -q") == 0, "its own checksum: %s", program_stderr());
    program_unsummed("edited/config.json");
    CHECK(proreg("eval --run $W/edited -q") == 0, "of an older program: %s", program_stderr());
    edit("");
    CHECK(proreg("train --resume --epochs 11 --out $W/edited --max-steps 3 -q") == 0 &&
          proreg("train --resume --out $W/edited --max-steps 4 -q") == 0, "extended: %s",
          program_stderr());
}

static const TestCase cases[] = {
    { "edited", edited },
    { "strange_keys", strange_keys },
    { "files", files }, { "config", config }, { "logs", logs }, { "domains", domains },
    { "counting", counting }, { "accuracy", accuracy }, { "groups", groups },
    { "precedence", precedence }, { "idle", idle_flags }, { "faults", faults },
    { "torn_logs", torn_logs },
    { "recovered", recovered }, { "killed_early", killed_early },
    { "wrong_states", wrong_states }, { "device", device },
    { "lists", whole_lists },
    { "refused", refused }, { "changed", changed }, { "changed_files", changed_files },
    { "changed_prompts", changed_prompts },
    { "exported", exported },
    { "locked", locked }, { "line_ends", line_ends },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("run", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

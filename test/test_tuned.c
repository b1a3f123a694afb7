// test_tuned.c - the classifier that training leaves beside a model: every verb answers by it or
// says that it does not; what it begins; what does not fit it is refused by name.
#include "proreg/run/tuned.h"
#include "test/program.h"

#define SET "--data $W/set --eval-split test "
#define TRAIN "train " SET "-q --batch 10 --lr 1e-2 --epochs 2 "
#define ONE "$W/set/test/red/0.ppm"

static bool there(const char *name)
{
    char path[FILE_PATH];
    path_join(path, world.path, name);
    return file_exists(path) || folder_exists(path);
}

// Runs of three methods, one for each kind of head, and their exports: proreg-e, ..
static const char *const methods_made[] = { "proreg", "head", "probe" };

static void runs(void)
{
    for (int i = 0; i < 3; i++) {
        const char *m = methods_made[i];
        if (there(m)) continue;
        CHECK(proreg(TRAIN "--model $M --method %s --out $W/%s", m, m) == 0, "%s",
              program_stderr());
        CHECK(proreg("export --run $W/%s -o $W/%s-e", m, m) == 0, "%s", program_stderr());
        CHECK(proreg("export --run $W/%s --format open_clip -o $W/%s-c", m, m) == 0, "%s",
              program_stderr());
    }
}

// stdout of this command line, copied.
static char *printed(const char *format, ...) ERR_PRINTF(1, 2);
static char *printed(const char *format, ...)
{
    char line[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    CHECK(proreg("%s", line) == 0, "%s: %s", line, program_stderr());
    char *text = strdup(program_stdout());
    if (!text) exit(2);
    return text;
}

static void refused(const char *line, int status, const char *word)
{
    CHECK(proreg("%s", line) == status && strstr(program_stderr(), word), "%s: no \"%s\" in: %s",
          line, word, program_stderr());
}

// ---- answers ------------------------------------------------------------------------------------

static void equal_answers(void)
{
    static const char *const named[] = { "--run $W/%s/last", "--model $W/%s/last",
                                         "--model $W/%s-e", "--model $W/%s-e/model.safetensors",
                                         "--model $W/%s-c", "--model $W/%s-c/open_clip_model.pt" };
    runs();
    for (int i = 0; i < 3; i++) {
        const char *m = methods_made[i];
        char *eval = printed("eval --run $W/%s --json -q --save-logits $W/a.npy", m);
        char *predict = printed("predict --run $W/%s -q --json " ONE, m), how[200];
        CHECK(strstr(eval, "\"step\": 8") && strstr(predict, "green_bird"), "%s%s", eval, predict);
        for (int k = 0; k < 6; k++) {
            snprintf(how, sizeof how, named[k], m);
            char *same = printed("eval %s " SET "--json -q --save-logits $W/b.npy", how);
            CHECK(!strcmp(eval, same), "%s: %s, not %s", how, same, eval);
            CHECK(program_same("a.npy", "b.npy"), "%s: other logits", how);
            free(same);
            same = printed("predict %s -q --json " ONE, how);
            CHECK(!strcmp(predict, same), "%s: %s, not %s", how, same, predict);
            free(same);
        }
        char *zero = printed("zeroshot --model $W/%s-e " SET "--classifier --json -q", m);
        CHECK(!strcmp(eval, zero), "%s, not %s", zero, eval);
        free(zero);
        free(predict);
        free(eval);
    }
}

// An export is the checkpoint; an export of an export, in either form, is the same again.
static void exported(void)
{
    static const char *const hf[] = { "config.json", "preprocessor_config.json", "vocab.json",
                                      "model.safetensors", "merges.txt", "tokenizer_config.json",
                                      "special_tokens_map.json", "classifier.safetensors",
                                      "classes.txt", "classifier.json" };
    static const char *const oc[] = { "open_clip_config.json", "open_clip_model.safetensors",
                                      "open_clip_model.pt", "vocab.json", "merges.txt",
                                      "tokenizer_config.json", "special_tokens_map.json",
                                      "classifier.safetensors", "classes.txt", "classifier.json" };
    runs();
    CHECK(proreg("export -m $W/proreg-e --format open_clip -o $W/again-c") == 0 &&
          proreg("export -m $W/proreg-c -o $W/again-e") == 0, "%s", program_stderr());
    for (int i = 0; i < 10; i++) {
        char a[100], b[100];
        snprintf(a, sizeof a, "proreg-e/%s", hf[i]);
        snprintf(b, sizeof b, "proreg/last/%s", hf[i]);
        CHECK(program_same(a, b), "%s", hf[i]);
        snprintf(b, sizeof b, "again-e/%s", hf[i]);
        CHECK(i == 0 || program_same(a, b), "%s", b);      // config.json: of another eos
        snprintf(a, sizeof a, "proreg-c/%s", oc[i]);
        snprintf(b, sizeof b, "again-c/%s", oc[i]);
        CHECK(program_same(a, b), "%s", b);
    }
    CHECK(!there("proreg-e/state.json") && !there("proreg-c/config.json"), "files");
    CHECK(strstr(program_file("proreg-c/open_clip_config.json", NULL),
                 "\"hf_tokenizer_name\": \".\""), "no word of the tokenizer");
    CHECK(proreg("export -m $M --mean 0.1 --format open_clip -o $W/x") == 1 &&
          strstr(program_stderr(), "--mean"), "%s", program_stderr());
    CHECK(proreg("export -m $M --pillow 13 --format open_clip -o $W/tall") == 0 &&
          strstr(program_file("tall/open_clip_config.json", NULL), "\"pillow\": 13"), "%s",
          program_stderr());
    CHECK(!there("tall/classes.txt") && !there("x"), "files");
    CHECK(proreg("export -m $M --checkpoint best -o $W/noted") == 0 &&
          strstr(program_stderr(), "--checkpoint: without effect"), "%s", program_stderr());
    refused("export -m $M --run $W/proreg -o $W/x", 2, "does not go with --run");
    refused("export -o $W/x", 2, "needs either");
    refused("export -m $M --format onnx -o $W/x", 2, "onnx");
    CHECK(system("cp -R $W/proreg-e $W/cut && echo '{' >$W/cut/vocab.json") == 0, "cp");
    refused("export -m $W/cut -o $W/x", 1, "vocab.json");
    CHECK(system("sed -i 's/\"do_resize\": true/\"do_resize\": false/' "
                 "$W/proreg-e/preprocessor_config.json") == 0, "sed");
    refused("export -m $W/proreg-e --format open_clip -o $W/x", 1, "resize_mode: none");
    CHECK(system("cp $W/proreg/last/preprocessor_config.json $W/proreg-e") == 0 && !there("x"),
          "cp");
}

// By prompts: as the weights alone would, in a folder without the classifier.
static void by_prompts(void)
{
    runs();
    CHECK(system("mkdir -p $W/bare && cp $W/proreg-e/* $W/bare && rm $W/bare/class*") == 0, "cp");
    char *bare = printed("eval --model $W/bare " SET "--json -q");
    char *told = printed("eval --model $W/proreg-e " SET "--json -q --prompts");
    CHECK(!strcmp(bare, told), "%s, not %s", told, bare);
    free(told);
    told = printed("zeroshot --model $W/proreg-e " SET "--json");
    CHECK(!strcmp(bare, told) && strstr(program_stderr(), "classifier.safetensors is not used"),
          "%s%s", told, program_stderr());
    free(told);
    told = printed("predict --model $W/proreg-e --prompts --classes red,blue -q " ONE);
    char *same = printed("predict --model $W/bare --classes red,blue -q " ONE);
    CHECK(!strcmp(told, same) && !strstr(told, "green"), "%s, not %s", told, same);
    free(same);
    same = printed("predict --run $W/proreg --prompts --classes red,blue -q " ONE);
    CHECK(!strcmp(told, same), "%s, not %s", told, same);
    free(same);
    free(told);
    free(bare);
    CHECK(proreg("eval --model $W/proreg-e " SET) == 0 &&
          strstr(program_stderr(), "uses ") && strstr(program_stderr(), "method proreg"), "%s",
          program_stderr());
}

static void told_otherwise(void)
{
    runs();
    refused("eval --run $W/proreg --template 'a {}'", 2, "--template: ");
    refused("eval --model $W/proreg-e " SET "--template 'a {}'", 2, "--template: ");
    refused("predict --run $W/proreg --classes a,b " ONE, 2, "--classes: ");
    refused("predict --model $W/head-e --classes a,b " ONE, 2, "--classes: ");
    refused("zeroshot --model $M " SET "--classifier", 1, "--classifier: ");
    refused("eval --run $W/proreg/last --checkpoint best", 2, "--run names last");
    refused("eval --run $W/proreg-e", 1, "not a run: --model names it");
    refused("eval --model $W/proreg " SET, 1, "is a run: --run names it, or --model ");
    refused("zeroshot --model $W/proreg " SET, 1, "/proreg: is a run: --model ");
    refused("train --model $W/proreg --out $W/none " SET, 1, "/proreg: is a run: --model ");
    refused("tokenize --model $W/proreg a", 1, "/proreg: is a run: --model ");
    folder_text(&world, "one.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n");
    refused("pretrain --model $W/proreg --captions $W/one.tsv --out $W/none " SET, 1,
            "/proreg: is a run: --model ");
    CHECK(system("cp -R $W/proreg/last $W/alone") == 0, "cp");
    refused("eval --run $W/alone", 1, "a checkpoint without its run");
    refused("demo --model $W/proreg-e --out $W/demo", 1, "classifier.safetensors");
}

// ---- what does not fit --------------------------------------------------------------------------

static void put(const char *name, const char *text)
{
    folder_text(&world, name, text);
}

static void other_names(void)
{
    runs();
    program_picture("other/test/red/0.ppm", 0, 1);
    program_picture("other/test/zebra/0.ppm", 1, 2);
    refused("eval --model $W/proreg-e --data $W/other --eval-split test", 1, "zebra");
    CHECK(system("cp -R $W/proreg-e $W/odd") == 0, "cp");
    put("odd/classes.txt", "blue\ngreen_bird\nrot\n");
    refused("eval --model $W/odd " SET, 1, "class 3 is red, in classes.txt rot");
    put("odd/classes.txt", "blue\nred\n");
    refused("predict --model $W/odd " ONE, 1, "classes.txt");
    put("odd/classes.txt", "blue\ngreen_bird\nred\n");
    put("odd/classifier.json", "{\"method\": \"probe\", \"step\": 3, \"classes\": [\"blue\", "
        "\"green_bird\", \"red\"]}");
    refused("eval --model $W/odd " SET, 1, "is not of method probe");
}

// Without classifier.json, as earlier versions wrote it.
static void without_origin(void)
{
    runs();
    for (int i = 0; i < 3; i++) {
        const char *m = methods_made[i];
        char command[200];
        snprintf(command, sizeof command, "cp -R $W/%s-e $W/%s-o && rm $W/%s-o/classifier.json", m,
                 m, m);
        CHECK(system(command) == 0, "%s", command);
        free(printed("eval --run $W/%s -q --save-logits $W/a.npy", m));
        free(printed("eval --model $W/%s-o " SET "-q --save-logits $W/b.npy", m));
        CHECK(program_same("a.npy", "b.npy"), "%s: other logits", m);
    }
    put("proreg-o/classes.txt", "blue\nred\n");
    refused("eval --model $W/proreg-o " SET, 1, "is of 3 classes, classes.txt has 2");
}

// ---- training goes on ---------------------------------------------------------------------------

#define STILL "train " SET "-q --batch 10 --epochs 1 --lr 0 "

// A step at rate 0 from each kind of head changes nothing; the teacher is the model as it answers.
static void begins(void)
{
    runs();
    for (int i = 0; i < 3; i++) {
        const char *m = methods_made[i];
        CHECK(proreg(STILL "--model $W/%s-e --method %s --out $W/%s-2", m, m, m) == 0, "%s",
              program_stderr());
        free(printed("eval --run $W/%s -q --save-logits $W/a.npy", m));
        free(printed("eval --run $W/%s-2 -q --save-logits $W/b.npy", m));
        CHECK(program_same("a.npy", "b.npy"), "%s: other logits", m);
    }
    const char *log = program_file("proreg-2/log.jsonl", NULL), *kd = strstr(log, "\"kd\": ");
    CHECK(kd && fabs(strtod(kd + 6, NULL)) < 1e-6, "the teacher is another: %s", log);
    CHECK(strstr(program_file("proreg-2/config.json", NULL), "\"classifier.safetensors\": \""),
          "no hash of the classifier");
    CHECK(proreg(STILL "--model $W/proreg-e --prompts --out $W/p-2") == 0, "%s", program_stderr());
    free(printed("eval --run $W/p-2 -q --save-logits $W/b.npy"));
    free(printed("eval --run $W/proreg -q --save-logits $W/a.npy"));
    CHECK(!program_same("a.npy", "b.npy"), "--prompts began from the classifier");
    refused(STILL "--model $W/head-e --method finetune --out $W/x", 2, "--method: finetune: ");
    refused(STILL "--model $W/head-e --method head --template '{}' --out $W/x", 2, "--template: ");
    program_pictures("more/train", 3, 1);
    program_picture("more/train/zebra/0.ppm", 1, 2);
    refused("train -q --model $W/proreg-e --data $W/more --out $W/x", 1, "zebra");
    CHECK(system("rm -r $W/more/train/zebra $W/more/train/blue") == 0, "rm");
    refused("train -q --model $W/proreg-e --data $W/more --out $W/x", 1, "its class blue");
    CHECK(!there("x"), "something was written");
}

// A classifier from elsewhere, whose scale is not the model's own and a number without dimension.
static void write_foreign(float scale)
{
    Weights *w;
    WeightsOut *o;
    char from[FILE_PATH], to[FILE_PATH];
    path_join(from, world.path, "proreg-e/classifier.safetensors");
    path_join(to, world.path, "foreign/classifier.safetensors");
    if (!CHECK_OK(weights_open(&w, from))) return;
    const WeightsTensor *x = weights_find(w, "weight");
    CHECK_OK(weights_create(&o, to));
    weights_declare(o, "weight", WEIGHTS_F32, 2, x->dim);
    weights_declare(o, "logit_scale", WEIGHTS_F32, 0, NULL);
    weights_write(o, x->data, x->bytes);
    weights_write(o, &scale, sizeof scale);
    CHECK_OK(weights_commit(o));
    weights_close(w);
}

static void other_scale(void)
{
    runs();
    CHECK(system("cp -R $W/proreg-e $W/foreign && rm $W/foreign/classifier.json") == 0, "cp");
    write_foreign(1.25f);
    free(printed("eval --model $W/foreign " SET "-q --save-logits $W/a.npy"));
    free(printed("eval --model $W/proreg-e " SET "-q --save-logits $W/b.npy"));
    CHECK(!program_same("a.npy", "b.npy"), "the model's scale");
    CHECK(proreg(STILL "--model $W/foreign --out $W/foreign-2") == 0, "%s", program_stderr());
    free(printed("eval --run $W/foreign-2 -q --save-logits $W/b.npy"));
    CHECK(program_same("a.npy", "b.npy"), "training begins with another scale");
    const char *log = program_file("foreign-2/log.jsonl", NULL), *kd = strstr(log, "\"kd\": ");
    CHECK(kd && fabs(strtod(kd + 6, NULL)) < 1e-6, "the teacher is another: %s", log);
    free(printed("wise --run $W/foreign-2 --alpha 0 -o $W/foreign-0 -q"));
    free(printed("eval --model $W/foreign-0 " SET "-q --save-logits $W/b.npy"));
    CHECK(program_same("a.npy", "b.npy"), "wise begins with another scale");
    free(printed("export -m $W/foreign --format open_clip -o $W/foreign-c -q"));
    free(printed("eval --model $W/foreign-c " SET "-q --save-logits $W/b.npy"));
    CHECK(program_same("a.npy", "b.npy"), "the export has another scale");
}

// The order of classes is the classifier's; stopped and resumed it ends in the same bits.
static void resumed(void)
{
    put("names.txt", "red\nblue\ngreen_bird\n");
    CHECK(proreg(TRAIN "--model $M --classnames $W/names.txt --out $W/order") == 0, "%s",
          program_stderr());
    CHECK(proreg(TRAIN "--model $W/order/last --out $W/whole") == 0, "%s", program_stderr());
    CHECK(!strcmp(program_file("whole/last/classes.txt", NULL), "red\nblue\ngreen_bird\n"), "%s",
          program_file("whole/last/classes.txt", NULL));
    CHECK(proreg(TRAIN "--model $W/order/last --out $W/half --max-steps 3") == 0, "%s",
          program_stderr());
    CHECK(proreg(TRAIN "--resume --out $W/half") == 0, "%s", program_stderr());
    CHECK(program_same("whole/last/model.safetensors", "half/last/model.safetensors") &&
          program_same("whole/last/classifier.safetensors", "half/last/classifier.safetensors"),
          "other bits");
    char *ends = printed("wise --run $W/whole --alphas 0,1 --json -q");
    char *zero = printed("eval --model $W/order/last " SET "--json -q");
    char *first = strstr(zero, "\"n\": "), *line = strstr(ends, "\"n\": ");
    char *end = first ? strstr(first, "mean_class") : NULL;
    CHECK(end && line && !strncmp(first, line, (size_t)(end - first)), "%s, not %s", ends, zero);
    free(zero);
    free(ends);
    CHECK(system("cp $W/whole/last/classifier.safetensors $W/order/last") == 0, "cp");
    refused(TRAIN "--resume --out $W/half", 1, "classifier.safetensors has changed");
    refused("wise --run $W/whole --alphas 0,1", 1, "is not what the run began with");
}

// A run by a program that passed classifiers over goes on as it began: by prompts.
static void resumed_from_before(void)
{
    runs();
    CHECK(proreg(TRAIN "--model $W/proreg-e --prompts --out $W/was") == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--model $W/proreg-e --prompts --out $W/now --max-steps 3") == 0, "%s",
          program_stderr());
    program_unsummed("now/config.json");
    CHECK(system("sed -i '/^  \"prompts\"/d' $W/now/config.json") == 0, "sed");
    CHECK(proreg(TRAIN "--resume --out $W/now") == 0, "%s", program_stderr());
    CHECK(program_same("was/last/classifier.safetensors", "now/last/classifier.safetensors"),
          "other bits");
}

static void doubled(void)
{
    runs();
    CHECK(system("cp -r $W/proreg-e $W/doubled && sed -i 's/\"step\": /\"step\": 1, &/' "
                 "$W/doubled/classifier.json") == 0, "cp, sed");
    CHECK(proreg("eval --model $W/doubled --data $W/set") == 1 &&
          strstr(program_stderr(), "\"step\" stands there twice"), "%s", program_stderr());
}

static const TestCase cases[] = {
    { "doubled", doubled },
    { "equal_answers", equal_answers }, { "by_prompts", by_prompts },
    { "told_otherwise", told_otherwise }, { "exported", exported }, { "other_names", other_names },
    { "without_origin", without_origin }, { "begins", begins },
    { "other_scale", other_scale }, { "resumed", resumed },
    { "resumed_from_before", resumed_from_before },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("tuned", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

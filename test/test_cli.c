// test_cli.c - the program as its user meets it: wrong command lines, files that lie.
// Every refusal is one line `proreg: what: which: numbers`, with exit status 2 for what the
// arguments alone tell and 1 for the rest, and leaves nothing behind.
#include "tensor/base/inflate.h"
#include "test/program.h"

typedef struct { const char *command; int status; const char *word; } Bad;

// One line on stderr, nothing on stdout.
static void refuse(const Bad *bad, int count)
{
    for (int i = 0; i < count; i++) {
        int status = proreg("%s", bad[i].command);
        const char *error = program_stderr();
        const char *end = strchr(error, '\n');
        CHECK(status == bad[i].status, "%s: exit status %d: %.300s", bad[i].command, status, error);
        CHECK(!strncmp(error, "proreg: ", 8) && end && end[1] == 0, "%s: not one line: %.500s",
              bad[i].command, error);
        CHECK(strstr(error, bad[i].word), "%s: no \"%s\" in: %.500s", bad[i].command, bad[i].word,
              error);
        CHECK(*program_stdout() == 0, "%s: on stdout: %.100s", bad[i].command, program_stdout());
    }
    test_note("%d", count);
}
#define REFUSE(table) refuse(table, (int)(sizeof(table) / sizeof(table)[0]))

#define TRAIN "train --model $M --data $W/set --eval-split test -q --out $W/run "
#define ASK "zeroshot -q --data $W/set --eval-split test --model "

// ---- the command line ---------------------------------------------------------------------------

static void verbs(void)
{
    folder_text(&world, "none.pt", "neither");
    folder_text(&world, "t.txt", "a photo of a cat");
    static const Bad bad[] = {
        { "trian", 2, "did you mean train?" }, { "zzz", 2, "`proreg --help` lists them" },
        { "data decod x", 2, "did you mean data decode?" }, { "data", 2, "data: needs a verb" },
        { "predict", 2, "predict: needs IMAGE..." },
        { "data decode a b", 2, "what is this: b" },
        { "eval -q", 2, "either --model PATH or --run" },
        { "eval --model $M --run $W", 2, "--model: does not go with --run" },
        { "encode -m $M --run $W -o x.npy x.ppm", 2, "--model: does not go with --run" },
        { "predict -m $M -k 0 x.ppm", 2, "-k: --top: 0: not a whole number from 1" },
        { "predict -m $M -k", 2, "-k: --top: needs a value" },
        { "info $M/config.json", 1, "is named by its folder" },
        { "info --machine --mean 0.5", 2, "--mean: goes with a model, not with --machine" },
        { "info --recipe bar --size 9", 2, "--size: goes with a model, not with --recipe" },
        { "info $W/none.pt --std 0.5", 1, "--std: goes with a model: weights: " },
        { "info $M/model.safetensors --size 40", 1, "--size: its files say something else" },
        { "tokenize --train $W/t.txt --merges-out $W/m.txt x", 2, "--train: what is this: x" },
        { "zeroshot --data $W/set", 2, "needs --model" }, { "zeroshot --model $M", 2, "--data" },
        { "tokenize x", 2, "--model PATH or --merges FILE" }, { "info", 2, "a PATH, --machine" },
        { "export --run $W", 2, "-o DIR" }, { "encode --model $M -o x.npy", 2, "needs pictures" },
    };
    REFUSE(bad);
}

// The man page has each flag; the completions offer what a flag takes.
static void manual(void)
{
    static const struct { const char *words, *offered; } typed[] = {
        { "proreg train --method prore", "proreg\n" }, { "proreg tra", "train\n" },
        { "proreg train --resu", "--resume\n" }, { "proreg data deco", "decode\n" },
        { "proreg data check --recipe pac", "pacs\n" }, { "proreg train --data x", "\n" },
    };
    CHECK(proreg("help --man") == 0, "%s", program_stderr());
    const char *page = program_stdout();
    CHECK(strstr(page, "\\fB\\-\\-max\\-steps\\fR N\n"), "no --max-steps: %.300s", page);
    CHECK(strstr(page, ".SH \"PROREG data check\"\n"), "no data check");
    if (system("command -v bash >/dev/null") != 0) return;
    CHECK(proreg("help --zsh") == 0 && proreg("help --bash") == 0, "%s", program_stderr());
    folder_text(&world, "complete", program_stdout());
    for (int i = 0; i < TEST_COUNT(typed); i++) {
        char command[600];
        snprintf(command, sizeof command, "bash -c '. $W/complete; COMP_WORDS=(%s); "
                 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _proreg_words; "
                 "echo ${COMPREPLY[@]}' >$W/stdout", typed[i].words);
        CHECK(system(command) == 0 && !strcmp(program_stdout(), typed[i].offered), "%s: %s",
              typed[i].words, program_stdout());
    }
}

// It fits into 80 columns, is in groups, and its example's flags are those of the verb.
static void example_of(const char *verb)
{
    CHECK(proreg("help %s", verb) == 0, "%s: %s", verb, program_stderr());
    const char *text = program_stdout(), *example = strstr(text, "\nExample:\n  proreg ");
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 80, "%s: %.100s", verb, line);
    CHECK(strstr(text, "\nMachine, messages:\n"), "%s: no groups", verb);
    CHECK(example, "%s: no example", verb);
    if (!example) return;
    char line[200];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(example + 19, "\n"), example + 19);
    CHECK(!strncmp(line, verb, strlen(verb)), "%s: %s", verb, line);
    CHECK(proreg("%s --help", line) == 0, "%s: %s", line, program_stderr());
}

static void helps(void)
{
    static const struct { const char *line, *word; } asked[] = {
        { "help", "  data world" }, { "--help", "  train " }, { "help train", "--resume" },
        { "train --help", "--resume" }, { "help data", "  data preprocess" },
        { "data --help", "  data preprocess" }, { "data -h", "proreg help data VERB" },
        { "help data check", "--recipe" }, { "data check --help", "--recipe" },
    };
    static const char *const verb[] = {
        "demo", "train", "eval", "zeroshot", "wise", "predict", "encode", "tokenize", "info",
        "pretrain", "export", "data check", "data decode", "data preprocess", "data augment",
        "data world",
    };
    for (int i = 0; i < TEST_COUNT(asked); i++) {
        CHECK(proreg("%s", asked[i].line) == 0, "%s: %s", asked[i].line, program_stderr());
        CHECK(strstr(program_stdout(), asked[i].word), "%s: %s", asked[i].line, program_stdout());
    }
    for (int i = 0; i < TEST_COUNT(verb); i++) example_of(verb[i]);
    CHECK(proreg("help data") == 0 && !strstr(program_stdout(), "  train "), "%s",
          program_stdout());
}

static void flags(void)
{
    static const Bad bad[] = {
        { TRAIN "--bach 3", 2, "unknown flag --bach: did you mean --batch?" },
        { TRAIN "--checkpoint x", 2, "unknown flag --checkpoint: did you mean --model?" },
        { "eval --ckpt x", 2, "unknown flag --ckpt: did you mean --run?" },
        { TRAIN "--resume-from x", 2, "unknown flag --resume-from: did you mean --resume?" },
        { TRAIN "--batch_size 3", 2, "unknown flag --batch_size: did you mean --batch?" },
        { TRAIN "--learning-rate=3", 2, "did you mean --lr?" },
        { "data decode --num-workers 3 x", 2, "unknown flag --num-workers" },
        { TRAIN "--precision bf16", 2, "unknown flag --precision" },
        { TRAIN "-z", 2, "unknown flag -z" }, { TRAIN "--batch", 2, "--batch: needs a value: N" },
        { TRAIN "--quiet=yes", 2, "--quiet: yes: true or false" },
        { TRAIN "--method proregg", 2, "--method: proregg: did you mean proreg?" },
        { TRAIN "--schedule x", 2, "not one of linear|cosine|constant" },
        { TRAIN "--isa avx3", 2, "did you mean avx2?" },
        { TRAIN "--model=", 2, "--model: is empty" },
        { TRAIN "extra", 2, "what is this: extra" },
    };
    REFUSE(bad);
}

static void numbers(void)
{
    static const Bad bad[] = {
        { TRAIN "--batch 0", 2, "--batch: 0: not a whole number from 1 to 65536" },
        { TRAIN "--batch -4", 2, "--batch: -4" }, { TRAIN "--batch 1.5", 2, "--batch: 1.5" },
        { TRAIN "--batch 99999999999999999999", 2, "--batch: 99999999999999999999" },
        { TRAIN "--lr nan", 2, "--lr: nan: not a number from 0 to 1000" },
        { TRAIN "--lr inf", 2, "--lr: inf" }, { TRAIN "--lr -1e-5", 2, "--lr: -1e-5" },
        { TRAIN "--lr 1e-5x", 2, "--lr: 1e-5x" }, { TRAIN "--lr 1e999", 2, "--lr: 1e999" },
        { TRAIN "--temp 0", 2, "--temp: 0" }, { TRAIN "--temp -1", 2, "--temp: -1" },
        { TRAIN "--warmup 1.5", 2, "--warmup: 1.5" }, { TRAIN "--betas 0.9", 2, "two numbers" },
        { TRAIN "--betas 0.9,1", 2, "--betas" }, { TRAIN "--threads 0", 2, "--threads: 0" },
        { TRAIN "--epochs 0", 2, "--epochs: 0" }, { TRAIN "--ra-m 31", 2, "--ra-m: 31" },
    };
    REFUSE(bad);
}

static void templates(void)
{
    folder_text(&world, "none.txt", "a photo\n");
    folder_text(&world, "half.txt", "a photo of a {}.\na {\n");
    folder_text(&world, "void.txt", "\n\n");
    static const Bad bad[] = {
        { TRAIN "--template 'a photo'", 2, "--template: a photo: has no {} for the class" },
        { TRAIN "--template '{ }'", 2, "has no {}" }, { ASK "$M --template ''", 2, "is empty" },
        { ASK "$M --template '{}' --template x", 2, "--template: x: has no {}" },
        { TRAIN "--templates $W/none.txt", 1, "line 1 has no {}" },
        { TRAIN "--templates $W/half.txt", 1, "line 2 has no {}" },
        { TRAIN "--templates $W/void.txt", 1, "void.txt" },
        { TRAIN "--templates $W/absent.txt", 1, "absent.txt" },
        { TRAIN "--templates $W/none.txt --template '{}'", 2, "does not go with --template" },
    };
    REFUSE(bad);
}

static void that_do_not_fit(void)
{
    static const Bad bad[] = {
        { TRAIN "--method finetune --alpha 1", 2, "--alpha: method finetune has no teacher" },
        { TRAIN "--method kd --weight k10", 2, "method kd has weight fixed" },
        { TRAIN "--power 3", 2, "--power: goes with --weight power, not k10" },
        { TRAIN "--gamma 3", 2, "--gamma: goes with --weight ce-ratio, not k10" },
        { TRAIN "--method kd --alpha 2", 2, "--alpha: 2: not from 0 to 1" },
        { "tokenize --merges $M/merges.txt --truncate x", 2, "--truncate: goes with --pad" },
        { "predict --model $M --classes a,,b $M/config.json", 2, "an empty name" },
        { "data augment x -o y.ppm", 2, "either --ops" },
        { "data decode x -o y.png", 2, "y.png: writes FILE.ppm alone" },
        { "data augment x -o y.png --randaug", 2, "y.png: writes FILE.ppm alone" },
        { "data preprocess x -o y.png", 2, "-o FILE.npy or -o FILE.ppm" },
        { "encode --model $M --texts x --skip-bad -o x.npy", 2, "--skip-bad: goes with --images" },
    };
    REFUSE(bad);
}

// ---- folders and classes ------------------------------------------------------------------------

static void sets(void)
{
    folder_name(&world, "nothing/x");
    folder_name(&world, "hollow/train/a/x");
    folder_name(&world, "hollow/test/a/x");
    folder_picture(&world, "strange/train/a/1.ppm", 1);
    folder_picture(&world, "strange/test/b/1.ppm", 1);
    folder_picture(&world, "torn/train/a/1.ppm", 1);
    folder_text(&world, "torn/train/a/2.ppm", "P6\n9 9\n255\nxx");
    folder_text(&world, "names.txt", "red\nblue\n");
    folder_text(&world, "mixed.txt", "red\nblue\nyellow\n");
    folder_text(&world, "twice.txt", "red\nred\nblue\n");
    folder_text(&world, "list.txt", "train/red/0.ppm 7\ntrain/red/1.ppm 0\n");
    folder_text(&world, "gone.txt", "train/red/none.ppm 0\n");
    static const Bad bad[] = {
        { "train --model $M --data $W/absent --out $W/run", 1, "absent" },
        { "train --model $M --data $W/nothing --out $W/run", 1, "nothing" },
        { "train --model $M --data $W/hollow --out $W/run", 1, "hollow" },
        { "train --model $M --data $W/stdout --out $W/run", 1, "stdout" },
        { "train -q --model $M --data $W/strange --eval-split test --out $W/run", 1, "b" },
        { "train -q --model $M --data $W/torn --out $W/run", 1, "torn/train/a/2.ppm" },
        { TRAIN "--train-split trian", 1, "trian" }, { TRAIN "--train-domains x", 1, "x" },
        { TRAIN "--classnames $W/names.txt", 1, "names.txt" },
        { TRAIN "--classnames $W/mixed.txt", 1, "yellow" },
        { TRAIN "--classnames $W/twice.txt", 1, "red" },
        { TRAIN "--classnames $W/absent.txt", 1, "absent.txt" },
        { TRAIN "--recipe bar", 1, "class blue is not one of the 6" },
        { "train -q --model $M --data $W/set --train-list $W/list.txt --out $W/run", 1,
          "list.txt" },
        { "train -q --model $M --data $W/set --train-list $W/gone.txt --out $W/run", 1,
          "none.ppm" },
        { "predict --model $M --classes a,b $W/none.ppm", 1, "none.ppm: no such file" },
        { "predict --model $M --classes a,b $W/set", 1, "set: is a folder" },
        { "predict --model $M --classes a,b $W/torn/train/a/2.ppm", 1, "2.ppm" },
    };
    REFUSE(bad);
}

// ---- weights that lie ---------------------------------------------------------------------------

static void put(const char *name, const void *data, size_t bytes)
{
    CHECK_OK(file_save(folder_name(&world, name), data, bytes));
}

// A copy of the model's folder, whose file `name` becomes these bytes.
static void model_with(const char *model, const char *name, const void *data, size_t bytes)
{
    static const char *const files[] = { "config.json", "preprocessor_config.json", "merges.txt",
                                         "model.safetensors", "vocab.json" };
    for (int i = 0; i < 5; i++) {
        char from[100], to[100];
        size_t n;
        snprintf(from, sizeof from, "model/%s", files[i]);
        snprintf(to, sizeof to, "%s/%s", model, files[i]);
        const char *text = program_file(from, &n);
        if (!strcmp(files[i], name)) put(to, data, bytes);
        else put(to, text, n);
    }
}

static void safetensors(void)
{
    size_t n;
    char whole[1 << 18], head[200];
    const char *file = program_file("model/model.safetensors", &n);
    if (!CHECK(n < sizeof whole, "%zu bytes", n)) return;
    memcpy(whole, file, n);
    model_with("cut1", "model.safetensors", whole, n - 1);
    model_with("cut2", "model.safetensors", whole, 100);
    model_with("cut3", "model.safetensors", whole, 7);
    model_with("cut4", "model.safetensors", "", 0);
    static const struct { const char *model; uint64_t length; const char *header; } lies[] = {
        { "lie1", (uint64_t)1 << 63, "{}" }, { "lie2", UINT64_MAX, "{}" }, { "lie3", 500, "{}" },
        { "lie4", 0, "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,4],"
                     "\"data_offsets\":[0,4]}}" },
        { "lie5", 0, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4294967296]}}" },
        { "lie6", 0, "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}" },
    };
    for (int i = 0; i < 6; i++) {
        size_t bytes = strlen(lies[i].header);
        uint64_t length = lies[i].length ? lies[i].length : bytes;
        for (int k = 0; k < 8; k++) head[k] = (char)(length >> 8 * k & 255);
        memcpy(head + 8, lies[i].header, bytes);
        memset(head + 8 + bytes, 0, 4);        // some data
        model_with(lies[i].model, "model.safetensors", head, bytes + 12);
    }
    static const Bad bad[] = {
        { ASK "$W/cut1", 1, "model.safetensors" }, { ASK "$W/cut2", 1, "model.safetensors" },
        { ASK "$W/cut3", 1, "model.safetensors" }, { ASK "$W/cut4", 1, "model.safetensors" },
        { ASK "$W/lie1", 1, "9223372036854775808" }, { ASK "$W/lie2", 1, "18446744073709551615" },
        { ASK "$W/lie3", 1, "500" }, { ASK "$W/lie4", 1, "9223372036854775807" },
        { ASK "$W/lie5", 1, "4294967296" }, { ASK "$W/lie6", 1, "-1" },
        { "info $W/lie1/model.safetensors", 1, "9223372036854775808" },
        { "info --json $W/cut2", 1, "model.safetensors" }, { ASK "$W/absent", 1, "absent" },
        { ASK "$W/nothing2", 1, "nothing2" }, { ASK "$W/set", 1, "config.json" },
    };
    REFUSE(bad);
}

// The file with every `from` replaced by `to`, which may be longer by some hundred bytes.
static void config_with(const char *model, const char *from, const char *to)
{
    char text[4000];
    const char *config = program_file("model/config.json", NULL), *at = strstr(config, from);
    if (!CHECK(at, "config.json: no %s", from)) return;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config), config, to, at + strlen(from));
    model_with(model, "config.json", text, strlen(text));
}

static void configurations(void)
{
    enum { DEEP = 1000000 };
    char *deep = malloc(5 * DEEP);
    if (!deep) exit(2);
    memset(deep, '[', 5 * DEEP);
    model_with("deep1", "config.json", deep, DEEP);
    for (int i = 0; i < DEEP; i++) memcpy(deep + 5 * i, "{\"a\":", 5);
    model_with("deep2", "config.json", deep, 5 * DEEP);
    model_with("deep3", "vocab.json", deep, 5 * DEEP);
    model_with("deep4", "preprocessor_config.json", deep, 5 * DEEP);
    put("deep.json", deep, 5 * DEEP);
    free(deep);
    config_with("wide", "\"hidden_size\": 32", "\"hidden_size\": 48");
    config_with("huge", "\"hidden_size\": 32", "\"hidden_size\": 1e300");
    config_with("neg", "\"patch_size\": 8", "\"patch_size\": -8");
    config_with("zero", "\"patch_size\": 8", "\"patch_size\": 0");
    config_with("heads", "\"num_attention_heads\": 2", "\"num_attention_heads\": 5");
    config_with("layers", "\"num_hidden_layers\": 1", "\"num_hidden_layers\": 3");
    config_with("act", "\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"relu\"");
    config_with("comma", "{", "");
    static const Bad bad[] = {
        { ASK "$W/deep1", 1, "deep" }, { ASK "$W/deep2", 1, "deep" }, { ASK "$W/deep3", 1, "deep" },
        { ASK "$W/deep4", 1, "deep" }, { "train -q --config $W/deep.json --out $W/run", 1, "deep" },
        { ASK "$W/wide", 1, "48" }, { ASK "$W/huge", 1, "hidden_size" },
        { ASK "$W/neg", 1, "patch_size" }, { ASK "$W/zero", 1, "patch_size" },
        { ASK "$W/heads", 1, "5" }, { ASK "$W/layers", 1, "layers.1" },
        { ASK "$W/act", 1, "relu" }, { ASK "$W/comma", 1, "config.json" },
    };
    REFUSE(bad);
}

static void run_configurations(void)
{
    static const struct { const char *name, *text; } files[] = {
        { "c1.json", "{\"batch\": 0}" }, { "c2.json", "{\"lr\": NaN}" },
        { "c3.json", "{\"method\": \"magic\"}" }, { "c4.json", "{\"betas\": [1, 2, 3]}" },
        { "c5.json", "{\"template\": [\"no class\"]}" }, { "c6.json", "[]" }, { "c7.json", "" },
        { "c8.json", "{\"epochs\": \"ten\"}" },
    };
    for (int i = 0; i < 8; i++) put(files[i].name, files[i].text, strlen(files[i].text));
    static const Bad bad[] = {
        { TRAIN "--config $W/c1.json", 1, "c1.json: batch" },
        { TRAIN "--config $W/c2.json", 1, "c2.json: lr" },
        { TRAIN "--config $W/c3.json", 1, "c3.json: method" },
        { TRAIN "--config $W/c4.json", 1, "c4.json: betas" },
        { TRAIN "--config $W/c5.json", 1, "has no {}" },
        { TRAIN "--config $W/c6.json", 1, "c6.json" },
        { TRAIN "--config $W/c7.json", 1, "c7.json" },
        { TRAIN "--config $W/c8.json", 1, "c8.json: epochs" },
        { "eval --run $W/set", 1, "holds no checkpoint `last`" },
        { "eval --run $W/absent", 1, "no such folder" },
    };
    REFUSE(bad);
}

static void activations(void)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, "test/golden/clip/oc-checkpoint.pt"))) return;
    put("bare.pt", map.data, map.size);
    file_unmap(&map);
    static const Bad bad[] = {
        { ASK "$M --activation gelu", 1, "its activation is quick_gelu, not gelu" },
        { ASK "$M --activation relu", 2, "--activation: relu" },
        { ASK "$W/bare.pt", 1, "give --activation quick_gelu" },
        { ASK "test/golden/clip/hf-gelu-sharded --activation quick_gelu", 1,
          "its activation is gelu" },
        { TRAIN "--activation gelu", 1, "its activation is quick_gelu, not gelu" },
    };
    REFUSE(bad);
}

// ---- zips and pickles ---------------------------------------------------------------------------

typedef struct { unsigned char data[1 << 12]; size_t n; } Zip;

static void add(Zip *z, const void *data, size_t n)
{
    if (z->n + n > sizeof z->data) exit(2);
    memcpy(z->data + z->n, data, n);
    z->n += n;
}

static void add_number(Zip *z, uint64_t x, int bytes)
{
    for (int i = 0; i < bytes; i++) add(z, &(unsigned char){ (unsigned char)(x >> 8 * i) }, 1);
}

// What the member's two headers share. method 8: the bytes are what they claim to unpack to.
static void add_fields(Zip *z, const void *data, size_t n, int method, size_t unpacked)
{
    add_number(z, (uint64_t)method << 16, 4);
    add_number(z, 0, 4);
    add_number(z, method ? 0 : crc32_of(0, data, n), 4);
    add_number(z, n, 4);
    add_number(z, unpacked, 4);
    add_number(z, strlen("a/data.pkl"), 4);
}

// A zip whose only member is data.pkl.
static void put_pickle(const char *name, const void *pickle, size_t n, int method, size_t unpacked)
{
    Zip z = { .n = 0 };
    add(&z, "PK\3\4\24\0", 6);
    add_fields(&z, pickle, n, method, unpacked);
    add(&z, "a/data.pkl", 10);
    add(&z, pickle, n);
    size_t directory = z.n;
    add(&z, "PK\1\2\24\0\24\0", 8);
    add_fields(&z, pickle, n, method, unpacked);
    add(&z, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    add(&z, "a/data.pkl", 10);
    size_t size = z.n - directory;
    add(&z, "PK\5\6\0\0\0\0\1\0\1\0", 12);
    add_number(&z, size, 4);
    add_number(&z, directory, 4);
    add_number(&z, 0, 2);
    put(name, z.data, z.n);
}

#define PICKLE(name, text) put_pickle(name, text, sizeof text - 1, 0, sizeof text - 1)

static void pickles(void)
{
    char path[FILE_PATH];
    PICKLE("system.pt", "cposix\nsystem\nX\17\0\0\0touch owned.txt\x85R.");
    PICKLE("os.pt", "cos\nsystem\nX\2\0\0\0id\x85R.");
    PICKLE("eval.pt", "cbuiltins\neval\nX\2\0\0\0()\x85R.");
    PICKLE("popen.pt", "csubprocess\nPopen\nX\2\0\0\0id\x85R.");
    PICKLE("short.pt", "}(X\377\377\377\177");
    PICKLE("memo.pt", "}h\5.");
    static const Bad bad[] = {
        { ASK "$W/system.pt", 1, "posix.system" }, { ASK "$W/os.pt", 1, "os.system" },
        { ASK "$W/eval.pt", 1, "builtins.eval" }, { ASK "$W/popen.pt", 1, "subprocess.Popen" },
        { "info $W/system.pt", 1, "posix.system" }, { ASK "$W/short.pt", 1, "short.pt" },
        { ASK "$W/memo.pt", 1, "memo.pt" },
    };
    REFUSE(bad);
    path_join(path, world.path, "owned.txt");
    CHECK(!file_exists(path) && !file_exists("owned.txt"), "a pickle was run");
}

// Small files that claim to become large ones. A PNG says its size, a gzip says it at its end.
static void bombs(void)
{
    static const unsigned char zeros[2000] = { 0 };
    static const unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
                                       "\x7f\xff\xff\xff\x7f\xff\xff\xff\10\2\0\0\0\0\0\0\0";
    put_pickle("bomb1.pt", zeros, sizeof zeros, 8, (size_t)3 << 30);
    put_pickle("bomb2.pt", zeros, sizeof zeros, 8, (size_t)1 << 31);
    put_pickle("bomb3.pt", zeros, sizeof zeros, 8, 1 << 20);
    put("bomb.png", png, sizeof png - 1);
    folder_text(&world, "bomb.ppm", "P6\n2000000000 2000000000\n255\n");
    static const Bad bad[] = {
        { ASK "$W/bomb1.pt", 1, "3221225472" }, { ASK "$W/bomb2.pt", 1, "2147483648" },
        { ASK "$W/bomb3.pt", 1, "bomb3.pt" },
        { "data decode $W/bomb.png -o $W/x.ppm", 1, "bomb.png" },
        { "data decode $W/bomb.ppm -o $W/x.ppm", 1, "bomb.ppm" },
    };
    REFUSE(bad);
}

// ---- outputs ------------------------------------------------------------------------------------

static void outputs(void)
{
    folder_text(&world, "file", "x");
    folder_name(&world, "dir/x");
    folder_name(&world, "dir.ppm/x");
    static const Bad bad[] = {
        { "train -q --model $M --data $W/set --out $W/file", 1, "file: is a file" },
        { "train -q --model $M --data $W/set --out $W/file/x", 1, "not a folder" },
        { ASK "$M --predictions $W/dir", 1, "is a folder" },
        { ASK "$M --save-logits $W/absent/x.npy", 1, "no folder to write it in" },
        { "data decode $W/set/train/red/0.ppm -o $W/dir.ppm", 1, "is a folder" },
        { "encode -q --model $M --images $W/set -o $W/absent/x.npy", 1,
          "no folder to write it in" },
    };
    REFUSE(bad);
}

// --overwrite replaces what the verb once wrote, and nobody's other files.
static void replaced(void)
{
    folder_name(&world, "void/x");
    folder_text(&world, "mine/captions.txt", "x");
    folder_text(&world, "mixed/train/x", "x");
    folder_text(&world, "aside/captions.tsv", "x");
    folder_text(&world, "aside.old/thesis", "x");
    folder_text(&world, "deep/captions.tsv", "filepath\ttitle\n");
    folder_text(&world, "deep/train/circle/mine.png", "x");
    static const Bad bad[] = {
        { "data world -q --n 2 --out $W/aside", 1, "aside is there: another --out, or --overw" },
        { "data world -q --n 2 --overwrite --out $W/file", 1, "file: is a file" },
        { "data world -q --n 2 --overwrite --out $W/mine/", 1, "something else: captions.txt" },
        { "data world -q --n 2 --overwrite --out $W/mixed", 1, "something else: train/x" },
        { "data world -q --n 2 --overwrite --out $W/half", 1, "holds no captions.tsv" },
        { "data world -q --n 2 --overwrite --out $W/deep", 1, "something else: train/circle/mine" },
        { "pretrain -q --model $M --data $W/void --overwrite --out $M", 2, "this command reads" },
        { "pretrain -q --model $M --data $W/void --overwrite --out $W/bare", 1, "no pretrain." },
        { "pretrain -q --model $M --data $W/void --overwrite --out $W/mine", 1, "captions.txt" },
    };
    folder_text(&world, "file", "x");
    folder_text(&world, "bare/config.json", "{}");
    folder_text(&world, "half/train/circle/000001_grass.png", "x");
    REFUSE(bad);
    CHECK(*program_file("mine/captions.txt", NULL) == 'x', "a file of somebody's is gone");
    CHECK(proreg("data world -q --n 2 --overwrite --out $W/aside") == 0, "%s", program_stderr());
    CHECK(*program_file("aside.old/thesis", NULL) == 'x', "a folder of somebody's is gone");
    for (int seed = 0; seed < 3; seed++)
        CHECK(proreg("data world -q --n 2 --seed %d --overwrite --out $W/void", seed) == 0, "%s",
              program_stderr());
}

// Nothing is made inside pictures and models that the command reads, nor a run around its pictures.
static void outside(void)
{
#define OUT "train --model $M --data $W/set --eval-split test -q --max-steps 1 --out "
    static const Bad bad[] = {
        { OUT "$W/set", 2, "set, which this command reads, lies there" },
        { OUT "$W/set/runs", 2, "set/runs: lies in " },
        { OUT "$W/set/runs/1/", 2, "lies in " },
        { OUT "$W/set/train/red", 2, "lies in " },
        { OUT "$W/set/none/../run", 2, "lies in " },
        { OUT "$W/see/run", 2, "see/run: lies in " },
        { OUT "$W", 2, "/set, which this command reads, lies there" },
        { OUT "$W/see/..", 2, "/set, which this command reads, lies there" },
        { OUT "$M/run", 2, "lies in " },
        { OUT "$W/set/runs --overwrite", 2, "lies in " },
        { "train --model $M --data $W/see --eval-split test -q --out $W/set/run", 2, "lies in" },
        { "pretrain -q --model $M --data $W/set --out $W/set/model", 2, "lies in " },
        { "export -q -m $M -o $M/copy", 2, "output: " },
        { "export -q -m $M -o $W/look/copy", 2, "lies in " },
    };
    CHECK(system("ln -sfn set $W/see && ln -sfn $M $W/look") == 0, "ln");
    REFUSE(bad);
    CHECK(!folder_exists(folder_name(&world, "set/runs")), "a folder was made");
    CHECK(proreg(OUT "$W/set-run") == 0, "beside: %s", program_stderr());
    CHECK(system("mv $W/set-run $W/set/.run") == 0, "mv");
    CHECK(proreg("train --resume -q --max-steps 2 --out $W/set/.run") == 0, "%s",
          program_stderr());
    CHECK(system("rm -r $W/set/.run $W/see $W/look") == 0, "rm");
}

// The small model with another first number in one of its tensors.
static void spoil(const char *model, const char *tensor, float value)
{
    size_t n;
    uint64_t length = 0;
    const char *file = program_file("model/model.safetensors", &n);
    char *whole = malloc(n);
    if (!whole) exit(2);
    memcpy(whole, file, n);
    for (int k = 7; k >= 0; k--) length = length << 8 | (uint8_t)whole[k];
    const char *at = strstr(file + 8, tensor), *key = "\"data_offsets\"";
    if (at) at = strstr(at, key);
    if (at) at = strchr(at, '[');
    if (CHECK(at, "no %s", tensor))
        memcpy(whole + 8 + length + strtoul(at + 1, NULL, 10), &value, sizeof value);
    model_with(model, "model.safetensors", whole, n);
    free(whole);
}

// A NaN anywhere would make every answer the first class, and an accuracy of it.
static void not_finite(void)
{
    static const struct { const char *model, *key; float value; const char *word; } made[] = {
        { "nan_image", "visual_projection.weight", NAN, "not finite" },
        { "inf_scale", "logit_scale", 1000, "a logit is not finite" },
        { "nan_text", "text_projection.weight", NAN, "prompts: class blue: its vector" },
    };
    for (int i = 0; i < 3; i++) {
        static const char *const commands[] = {
            "zeroshot --data $W/set --eval-split test -q --model $W/%s",
            "predict --classes blue,red $W/set/test/red/0.ppm --model $W/%s",
            "train --data $W/set --eval-split test -q --out $W/nanrun --model $W/%s",
            "encode --images $W/set/test -q -o $W/nan.npy --model $W/%s",
        };
        spoil(made[i].model, made[i].key, made[i].value);
        for (int c = 0; c < 4; c++) {
            if (c == 3 && i > 0) continue;     // pictures alone: neither texts nor a scale
            int status = proreg(commands[c], made[i].model);
            CHECK(status == 1 && strstr(program_stderr(), "not finite") &&
                  strstr(program_stderr(), made[i].word), "%s: %s: %d: %s", made[i].model,
                  commands[c], status, program_stderr());
        }
    }
}

// exp(-inf) would make every answer the first class.
static void no_scale(void)
{
    spoil("no_scale", "logit_scale", -INFINITY);
    int status = proreg("zeroshot --data $W/set --eval-split test -q --model $W/no_scale");
    CHECK(status == 1 && strstr(program_stderr(), "logit_scale is -inf"), "%d: %s", status,
          program_stderr());
}

// Every text would be read at its start.
static void other_end(void)
{
    config_with("other_end", "\"eos_token_id\": ", "\"eos_token_id\": 4, \"was\": ");
    int status = proreg("zeroshot --data $W/set --eval-split test -q --model $W/other_end");
    CHECK(status == 1 && strstr(program_stderr(), "read at the id 4 (eos_token_id)"), "%d: %s",
          status, program_stderr());
}

// Pretraining brings back a scale of more than 100: ln 100 is the limit.
static void scale_limit(void)
{
    spoil("hot", "logit_scale", 4.7f);
    folder_text(&world, "set/captions.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                "train/blue/1.ppm\ta blue cat\n");
    CHECK(proreg("pretrain -q --model $W/hot --data $W/set --epochs 1 --batch 2 --lr 1e-6 --out "
                 "$W/cooled") == 0, "%s", program_stderr());
    const char *log = program_file("cooled/pretrain.jsonl", NULL);
    CHECK(strstr(log, "\"logit_scale\": 4.605170"), "%s", log);
}

// Whatever the limit of the stack is, the program has the stack that it needs, or says so.
static void small_stack(void)
{
    setenv("PROREG_BEFORE", "ulimit -S -s 64;", 1);
    CHECK(proreg("zeroshot --model $M --data $W/set -q -t 2 --workers 2") == 0, "%s",
          program_stderr());
    setenv("PROREG_BEFORE", "ulimit -s 64;", 1);
    int status = proreg("zeroshot --model $M --data $W/set -q");       // root may raise it
    CHECK(status == 0 || (status == 1 && strstr(program_stderr(), "stack: 64 KiB (ulimit -s): ")),
          "exit %d: %s", status, program_stderr());
    unsetenv("PROREG_BEFORE");
}

// Behind a path of 3,000 bytes there is still the reason.
static void long_paths(void)
{
    static const struct { const char *command, *reason; } row[] = {
        { "info %s", ": no such file or folder\n" },
        { "predict --model $M %s", ": no such file\n" },
        { "zeroshot --model %s --data $W/set", ": no such file or folder\n" },
        { "data decode %s -o $W/x.ppm", ": No such file or directory\n" },
        { "encode --model $M --images %s -o $W/x.npy", ": no such file, or no regular one\n" },
        { "tokenize --merges %s a", ": No such file or directory\n" },
        { "data check %s", ": 1 finding keeps a run from training\n" },
        { "train --model $M --data $W/set --eval-split test --train-list %s --out $W/long",
          ": No such file or directory\n" },
        { "train --out $W/long --config %s", ": No such file or directory\n" },
    };
    char path[3001], command[3400];
    for (size_t i = 0; i < sizeof path; i++) path[i] = "/abcdefgh"[i % 9];
    path[sizeof path - 1] = 0;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        snprintf(command, sizeof command, row[i].command, path);
        int status = proreg("%s", command);
        const char *text = program_stderr();
        CHECK(status == 1 && strlen(text) > 3000 && strstr(text, row[i].reason), "%s: %d: %s",
              row[i].command, status, text);
    }
}

static const TestCase cases[] = {
    { "small_stack", small_stack }, { "long_paths", long_paths },
    { "verbs", verbs }, { "helps", helps }, { "manual", manual }, { "flags", flags },
    { "numbers", numbers }, { "templates", templates },
    { "that_do_not_fit", that_do_not_fit }, { "sets", sets }, { "safetensors", safetensors },
    { "configurations", configurations }, { "run_configurations", run_configurations },
    { "activations", activations }, { "pickles", pickles }, { "bombs", bombs },
    { "outputs", outputs }, { "replaced", replaced }, { "outside", outside },
    { "not_finite", not_finite }, { "no_scale", no_scale }, { "other_end", other_end },
    { "scale_limit", scale_limit },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("cli", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

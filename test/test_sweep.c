// test_sweep.c - every verb with one call that fails, or a kill there: what it leaves and says.
//
// test/sweep/shim.c stands between the program and the C library. For call n of a command, in turn:
// the call fails (once, or with all that follow), or the process is killed before it, in the middle
// of it (of a write) or after it. Then
//
//     failed     the command ends by itself: with exit 0 and the same outputs as without a failure,
//                or with exit 1 or 2 and one line of error
//     both       the command that goes on (the same, or --resume) succeeds with the same outputs,
//                and nothing temporary is left; two files of one output are never of two commands
//
// Here a sample of the calls; SWEEP=n takes every n-th of them, SWEEP=1 (`make sweep`) all, and
// prints a line per command and act, errno or kill. SWEEP_OF=a,b: only of these commands.
#include "test/program.h"

#include "tensor/base/sha256.h"

enum { OUTPUTS = 9, SAMPLE = 2 };          // points per act in a sample

typedef struct {
    const char *name;
    const char *prepare;               // makes $W/w what the command finds; empty at first
    const char *command;
    const char *again;                 // goes on after a failure or a kill; NULL: the same command
    const char *other;                 // prepares what `again` may also end with; NULL: nothing
    const char *outputs[OUTPUTS];      // files; "stdout" among them
} Sweep;

#define TRAIN "train --model $M --data $W/set --eval-split test -q --batch 4 --lr 1e-3 " \
              "--workers 1 "
#define RUN_FILES "w/run/last/model.safetensors", "w/run/last/optimizer.safetensors", \
                  "w/run/last/state.json", "w/run/last/classifier.safetensors", \
                  "w/run/last/classes.txt", "w/run/results.jsonl", "w/run/samples.jsonl"
#define PRETRAIN "pretrain --model $M --data $W/set --captions $W/short.tsv --epochs 1 --batch 2 " \
                 "-q --workers 1 --out $W/w/made"

// What is there already is whole, and the command would refuse to write it again.
#define UNLESS(name) "$([ -e $W/" name " ] && echo --version || echo "
#define ON "$([ -e $W/w/run/config.json ] && echo train --resume --out $W/w/run -q --workers 1 " \
           "|| echo "

#define DEMO "demo --seeds 1 --n 6 --n-test 6 --epochs 1 -q --threads 1 --model $M --out $W/w/demo"

static const Sweep sweeps[] = {
    { "check", "", "data check $W/set -q", NULL, NULL, { "stdout" } },
    { "info", "", "info $W/old", NULL, NULL, { "stdout" } },
    { "info_file", "", "info $M/model.safetensors", NULL, NULL, { "stdout" } },
    { "zeroshot", "", "zeroshot --model $M --data $W/set -q --workers 1", NULL, NULL,
      { "stdout" } },
    { "predict", "", "predict --run $W/old -q $W/set/test/*/*.ppm", NULL, NULL, { "stdout" } },
    { "export", "", "export --run $W/old -o $W/w/hf -q",
      UNLESS("w/hf") "export --run $W/old -o $W/w/hf -q)", NULL,
      { "w/hf/model.safetensors", "w/hf/config.json", "w/hf/preprocessor_config.json",
        "w/hf/classifier.safetensors", "w/hf/classifier.json", "w/hf/classes.txt",
        "w/hf/merges.txt", "w/hf/vocab.json" } },
    { "encode", "cp $W/pair.npy $W/pair.names.txt $W/w",
      "encode --model $M -q --workers 1 $W/set/test -o $W/w/pair.npy", NULL, NULL,
      { "w/pair.npy", "w/pair.names.txt" } },
    { "eval", "cp $W/pair.npy $W/w/p.npy; cp $W/old.csv $W/w/p.csv",
      "eval --run $W/old -q --workers 1 --predictions $W/w/p.csv --save-logits $W/w/p.npy", NULL,
      NULL, { "stdout", "w/p.npy", "w/p.csv" } },
    { "train", "", TRAIN "--epochs 1 --out $W/w/run", ON TRAIN "--epochs 1 --out $W/w/run)", NULL,
      { RUN_FILES } },
    { "resume", "cp -r $W/half $W/w/run", "train --resume -q --workers 1 --out $W/w/run", NULL,
      NULL, { RUN_FILES } },
    { "overwrite", "cp -r $W/old $W/w/run", TRAIN "--epochs 1 --out $W/w/run --overwrite --seed 3",
      "train --resume -q --workers 1 --out $W/w/run", "rm -rf $W/w/run; cp -r $W/old $W/w/run",
      { RUN_FILES } },
    { "world", "", "data world -q --threads 1 --n 3 --n-test 1 --out $W/w/world",
      UNLESS("w/world") "data world -q --threads 1 --n 3 --n-test 1 --out $W/w/world)", NULL,
      { "w/world/captions.tsv" } },
    { "merges", "cp $W/old.txt $W/w/m.txt",
      "tokenize --train $W/words.txt --vocab 520 --merges-out $W/w/m.txt -q", NULL, NULL,
      { "w/m.txt" } },
    { "pretrain", "", PRETRAIN, UNLESS("w/made") PRETRAIN ")", NULL,
      { "w/made/model.safetensors", "w/made/config.json", "w/made/pretrain.jsonl",
        "w/made/merges.txt", "w/made/vocab.json" } },
    { "decode", "", "data decode $W/set/train/red/0.ppm -o $W/w/x.ppm", NULL, NULL,
      { "w/x.ppm" } },
    { "preprocess", "cp $W/pair.npy $W/w/x.npy",
      "data preprocess --size 16 $W/set/train/red/0.ppm $W/set/train/red/1.ppm -o $W/w/x.npy",
      NULL, NULL, { "w/x.npy" } },
    { "wise", "", "wise --run $W/old -q --alpha 0.5 -o $W/w/mix --workers 1",
      UNLESS("w/mix") "wise --run $W/old -q --alpha 0.5 -o $W/w/mix --workers 1)", NULL,
      { "w/mix/model.safetensors", "w/mix/classifier.json", "w/mix/vocab.json" } },
    { "tokenize", "", "tokenize --model $M 'a red dog' 'a blue cat'", NULL, NULL, { "stdout" } },
    { "augment", "", "data augment $W/set/train/red/0.ppm --randaug -o $W/w/x.ppm", NULL, NULL,
      { "w/x.ppm" } },
    { "demo", "", DEMO, NULL, NULL, { "w/demo/results.jsonl", "w/demo/commands.txt" } },
};
enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

typedef struct { char hex[OUTPUTS][65]; } Hashes;

static const struct { const char *text; bool kills; } acts[] = {
    { "SHIM_DO=28", false },               // ENOSPC
    { "SHIM_DO=5", false },                // EIO
    { "SHIM_DO=24", false },               // EMFILE
    { "SHIM_EVER=1 SHIM_DO=28", false },
    { "SHIM_EVER=1 SHIM_DO=5", false },
    { "SHIM_DO=before", true },
    { "SHIM_DO=middle", true },
    { "SHIM_DO=after", true },
};
enum { ACTS = sizeof acts / sizeof *acts };

static char shim[200];
static long tried;

static Hashes hashes_of(const Sweep *s)
{
    Hashes h = { .hex = { "" } };
    for (int i = 0; i < OUTPUTS && s->outputs[i]; i++) {
        size_t n;
        const char *text = program_file(s->outputs[i], &n);
        Sha256 sum = sha256_begin();
        sha256_add(&sum, text, n);
        sha256_end(&sum, h.hex[i]);
        if (n == 0) h.hex[i][0] = 0;
    }
    return h;
}

static bool equal(const Hashes *a, const Hashes *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// It takes seconds, and does what the other commands do one by one: every 199th of its calls.
static long spared(const Sweep *s)
{
    return strcmp(s->name, "demo") ? 1 : 199;
}

// Runs the command with these settings of the shim ("": none) after `before`.
static int run(const char *before, const char *settings, const char *command)
{
    char text[1000];
    snprintf(text, sizeof text, "%s; %s%s %s", *before ? before : ":",
             *settings ? "LD_PRELOAD=" : "", *settings ? shim : "", settings);
    setenv("PROREG_BEFORE", text, 1);
    int status = proreg("%s", command);
    unsetenv("PROREG_BEFORE");
    return status;
}

static int prepared(const Sweep *s, const char *settings)
{
    char before[400];
    snprintf(before, sizeof before, "rm -rf $W/w; mkdir $W/w; %s", *s->prepare ? s->prepare : ":");
    return run(before, settings, s->command);
}

// One line, as main prints it.
static bool one_line(const char *text)
{
    const char *end = strchr(text, '\n');
    return !strncmp(text, "proreg: ", 8) && end && end[1] == 0;
}

static bool nothing_temporary(void)
{
    char command[300];
    snprintf(command, sizeof command, "[ -z \"$(find '%s/w' -name '*.proreg*')\" ]", world.path);
    return system(command) == 0;
}

// Two files that belong together: both of the old command, both of the new, or one is missing.
static bool torn(const Sweep *s, const Hashes *old, const Hashes *now, const Hashes *new)
{
    int first = strcmp(s->outputs[0], "stdout") ? 0 : 1;
    const char *a = now->hex[first], *b = now->hex[first + 1];
    if (!*a || !*b) return false;
    return !(!strcmp(a, new->hex[first]) && !strcmp(b, new->hex[first + 1])) &&
           !(!strcmp(a, old->hex[first]) && !strcmp(b, old->hex[first + 1]));
}

static void try_once(const Sweep *s, const char *kind, long at, int act, const Hashes *clean,
                     const Hashes *other, const Hashes *before)
{
    char settings[200], where[260];
    snprintf(settings, sizeof settings, "SHIM=%s SHIM_AT=%ld %s", kind, at, acts[act].text);
    snprintf(where, sizeof where, "%s: %s", s->name, settings);
    int status = prepared(s, settings);
    Hashes now = hashes_of(s);
    tried++;
    if (!acts[act].kills || status < 128) {
        CHECK(status <= 2, "%s: exit status %d: %s", where, status, program_stderr());
        CHECK(status == 0 || one_line(program_stderr()), "%s: %s", where, program_stderr());
        CHECK(status != 0 || equal(&now, clean), "%s: exit status 0, and other outputs", where);
    }
    if (before) CHECK(!torn(s, before, &now, clean), "%s: files of two commands", where);
    if (status == 0 || (!strcmp(s->outputs[0], "stdout") && !s->outputs[1])) return;
    CHECK(run(":", "", s->again ? s->again : s->command) == 0, "%s: then: %s", where,
          program_stderr());
    now = hashes_of(s);
    CHECK(equal(&now, clean) || (other && equal(&now, other)), "%s: then: other outputs", where);
    CHECK(nothing_temporary(), "%s: something temporary is left", where);
}

// Is the command one of SWEEP_OF, if that is set?
static bool wanted(const Sweep *s)
{
    const char *of = getenv("SWEEP_OF");
    const size_t n = strlen(s->name);
    for (const char *p = of; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (!strncmp(p, s->name, n) && (p[n] == ',' || p[n] == 0)) return true;
    return !of;
}

static void print_figures(const Sweep *s, const char *kind, int act, long points, long n,
                          int violations)
{
    printf("sweep %s, %s %s: %ld of %ld calls tried, %d violations\n", s->name, kind,
           acts[act].text, points, n, violations);
    fflush(stdout);
}

static long count_calls(const Sweep *s, const char *kind)
{
    char settings[300];
    snprintf(settings, sizeof settings, "SHIM=%s SHIM_COUNT=$W/count", kind);
    CHECK(prepared(s, settings) == 0, "%s: %s", s->name, program_stderr());
    return strtol(program_file("count", NULL), NULL, 10);
}

static void sweep(const Sweep *s, const char *kind, int first, int last)
{
    const long all = getenv("SWEEP") ? strtol(getenv("SWEEP"), NULL, 10) : 0;
    const long step = all * spared(s);
    Hashes other, before;
    if (!wanted(s)) return;
    const bool pair = !strncmp(s->prepare, "cp $W/pair", 10);
    long n = count_calls(s, kind);
    Hashes clean = hashes_of(s);
    if (s->other) CHECK(run(s->other, "", s->again) == 0, "%s", program_stderr());
    if (s->other) other = hashes_of(s);
    if (pair) CHECK(run(s->prepare, "", "--version") == 0, "%s", program_stderr());
    if (pair) before = hashes_of(s);
    for (int act = first; act < last; act++) {
        const int acts_here = last - first, points = SAMPLE * acts_here, failed = test_failures;
        const long offset = step ? act % step : 0, before_these = tried;
        for (long i = 0; i < (step ? (n - offset + step - 1) / step : SAMPLE); i++) {
            // A sample: so many points in all, each with one of the acts.
            long at = step ? i * step + offset : (2 * (i * acts_here + act - first) + 1) * n
                                                     / (2 * points);
            try_once(s, kind, at, act, &clean, s->other ? &other : NULL, pair ? &before : NULL);
        }
        if (step) print_figures(s, kind, act, tried - before_these, n,
                                test_failures - failed);
    }
}

static bool open_shim(void)
{
    const char *variant = getenv("RUN"), *path = getenv("SHIM_SO");
    if (!path) path = "build/release/shim.so";
    if ((variant && *variant) || access(path, R_OK) != 0) {
        test_skip("no shim.so for this build");
        return false;
    }
    char *whole = realpath(path, NULL);
    snprintf(shim, sizeof shim, "%s", whole ? whole : "");
    free(whole);
    if (*program_file("old/config.json", NULL)) return true;
    folder_text(&world, "short.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                "train/blue/0.ppm\ta blue cat\ntrain/red/1.ppm\ta red cat\n");
    folder_text(&world, "old.csv", "path,domain,label,predicted,p_label,p_predicted\n");
    folder_text(&world, "old.txt", "#version: 0.2\na b\n");
    folder_text(&world, "words.txt", "a photo of a red dog. a photo of a blue cat.\n");
    CHECK(proreg(TRAIN "--epochs 1 --out $W/old") == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 2 --out $W/half") == 0, "%s", program_stderr());
    CHECK(proreg("encode --model $M -q $W/set/train -o $W/pair.npy") == 0, "%s", program_stderr());
    return true;
}

static void failing_calls(void)
{
    if (!open_shim()) return;
    tried = 0;
    for (int i = 0; i < SWEEPS; i++) sweep(&sweeps[i], "io", 0, 5);
    test_note("%ld tried", tried);
}

static void kills(void)
{
    if (!open_shim()) return;
    tried = 0;
    for (int i = 0; i < SWEEPS; i++)
        if (strcmp(sweeps[i].outputs[0], "stdout") || sweeps[i].outputs[1])
            sweep(&sweeps[i], "io", 5, ACTS);
    test_note("%ld tried", tried);
}

static void refused_memory(void)
{
    if (!open_shim()) return;
    tried = 0;
    for (int i = 0; i < SWEEPS; i++) sweep(&sweeps[i], "memory", 0, 1);
    test_note("%ld tried", tried);
}

// Each verb that the program lists, `  data check       count a data ..`, is a command here.
static void all_verbs(void)
{
    int verbs = 0;
    CHECK(proreg("--help") == 0, "%s", program_stderr());
    for (const char *at = program_stdout(); (at = strstr(at, "\n  ")); verbs++) {
        size_t n = strcspn(at += 3, "\n");
        const char *end = strstr(at, "  ");
        if (end && end < at + n) n = (size_t)(end - at);
        bool found = false;
        for (int i = 0; i < SWEEPS && !found; i++)
            found = !strncmp(sweeps[i].command, at, n) && sweeps[i].command[n] == ' ';
        CHECK(found, "no sweep of `%.*s`", (int)n, at);
    }
    CHECK(verbs >= 16, "%d verbs", verbs);
}

// A folder that cannot be flushed is an error that names it, but not where the system has no such
// thing: then the command ends as ever.
static void unflushed_folders(void)
{
    static const int none[] = { 22, 38, 95 };          // EINVAL, ENOSYS, ENOTSUP
    int flushed = 0;
    if (!open_shim()) return;
    for (const Sweep *s = sweeps; s < sweeps + SWEEPS; s++) {
        if (spared(s) > 1 || count_calls(s, "flush") == 0) continue;
        Hashes clean = hashes_of(s);
        flushed++;
        CHECK(prepared(s, "SHIM=flush SHIM_AT=0 SHIM_EVER=1 SHIM_DO=5") == 1 &&
              one_line(program_stderr()) && strstr(program_stderr(), "cannot sync: /"),
              "%s: EIO: %s", s->name, program_stderr());
        for (int i = 0; i < 3; i++) {
            char settings[100];
            snprintf(settings, sizeof settings, "SHIM=flush SHIM_AT=0 SHIM_EVER=1 SHIM_DO=%d",
                     none[i]);
            CHECK(prepared(s, settings) == 0, "%s: %s: %s", s->name, settings, program_stderr());
            Hashes now = hashes_of(s);
            CHECK(equal(&now, &clean), "%s: %s: other outputs", s->name, settings);
        }
    }
    CHECK(flushed >= 12, "%d commands flush folders", flushed);
}

static const TestCase cases[] = {
    { "all_verbs", all_verbs }, { "unflushed_folders", unflushed_folders },
    { "failing_calls", failing_calls }, { "kills", kills }, { "refused_memory", refused_memory },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("sweep", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

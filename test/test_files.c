// test_files.c - whose files a run's are: what is swept up, replaced, refused; what a killed
// --overwrite leaves; checksums.
#include "proreg/run/run.h"
#include "proreg/run/sums.h"
#include "tensor/base/file_work.h"
#include "test/a_run.h"

static void append(const char *name, const char *text)
{
    FILE *out = fopen(folder_name(&world, name), "ab");
    if (!out) exit(2);
    fputs(text, out);
    fclose(out);
}

// Half a checkpoint of a process that is gone goes when the run goes on; no process has number
// 2^22 + 1. What a process that runs is writing stays.
static void swept(void)
{
    const unsigned here = temp_host();
    char gone[80], file[80], away[80], ours[80];
    snprintf(gone, sizeof gone, "torn/last.%08x-4194305-0123456789abcdef.proreg", here);
    snprintf(file, sizeof file, "torn/log.jsonl.%08x-4194305-0123456789abcdef.proreg", here);
    snprintf(away, sizeof away, "torn/best.%08x-4194305-0123456789abcdef.proreg", here + 1);
    snprintf(ours, sizeof ours, "torn/last.%08x-%ld-0123456789abcdef.proreg", here,
             (long)getpid());
    a_half();
    CHECK_OK(folder_make(folder_name(&world, gone)));
    CHECK_OK(folder_make(folder_name(&world, ours)));
    folder_text(&world, file, "{");
    folder_text(&world, away, "{");
    folder_text(&world, "torn/notes.4194305.new", "mine");
    folder_text(&world, "torn/last.old/config.json", "{");
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
    CHECK(!there(gone) && !there(file) && !there("torn/last.old"), "half a checkpoint is left");
    CHECK(there(ours) && there(away), "another process's work is gone");
    CHECK(there("torn/notes.4194305.new"), "a file of the user is gone");
    folder_discard(folder_name(&world, ours));
}

static void overwritten(void)
{
    a_run();
    append("run/notes.txt", "mine");
    CHECK(proreg(TRAIN "--epochs 1 --out $W/run --overwrite") == 0, "%s", program_stderr());
    CHECK(there("run/notes.txt"), "a file of the user is gone");
    CHECK(!there("run/step-8"), "the old run's checkpoints are left");
}

// One bit of a file of the checkpoint, counted from its beginning, or from its end where it is < 0.
static void flip(const char *name, long bit)
{
    FILE *f = fopen(folder_name(&world, name), "r+b");
    if (!f) exit(2);
    long at = bit < 0 ? -((-bit + 7) / 8) : bit / 8;
    fseek(f, at, bit < 0 ? SEEK_END : SEEK_SET);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 1 << (bit & 7), f);
    fclose(f);
}

// Whatever bit of a checkpoint changes, the file is named, and nothing goes on from it.
static void flipped(void)
{
    static const char *const names[] = { "optimizer.safetensors", "model.safetensors",
                                         "classes.txt", "state.json" };
    bool summed;
    size_t n;
    char folder[FILE_PATH], file[100];
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 4 --out $W/flip") == 0, "%s", program_stderr());
    path_join(folder, world.path, "flip/last");
    CHECK(sums_check(&summed, folder, true) == OK && summed, "%s", err_msg());
    program_file("flip/last/state.json", &n);
    for (long bit = 0; bit < (long)n * 8; bit++) {
        flip("flip/last/state.json", bit);
        CHECK_STATUS(sums_check(&summed, folder, true), ERR_FORMAT, "state.json");
        flip("flip/last/state.json", bit);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(file, sizeof file, "flip/last/%s", names[i]);
        flip(file, -77);
        CHECK(proreg("train --resume --out $W/flip -q") == 1 && strstr(program_stderr(), names[i]),
              "%s: %s", names[i], program_stderr());
        CHECK(proreg("eval --run $W/flip -q") == (i > 0), "%s: %s", names[i], program_stderr());
        flip(file, -77);
    }
    CHECK(proreg("train --resume --out $W/flip -q") == 0, "%s", program_stderr());
}

// Two runs have the same names of files. What came to a checkpoint's files would be read with them.
static void exchanged(void)
{
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 3 --out $W/one") == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 3 --seed 5 --out $W/two") == 0, "%s",
          program_stderr());
    folder_text(&world, "one/last/added_tokens.json", "{\"a\": 5}");
    CHECK(proreg("eval --run $W/one -q") == 1 &&
          strstr(program_stderr(), "added_tokens.json: is not of the checkpoint"), "%s",
          program_stderr());
    remove(folder_name(&world, "one/last/added_tokens.json"));
    CHECK(proreg("eval --run $W/one -q") == 0, "%s", program_stderr());
    CHECK(rename(folder_name(&world, "two/last"), folder_name(&world, "one/other")) == 0 &&
          rename(folder_name(&world, "one/last"), folder_name(&world, "two/last")) == 0, "moved");
    CHECK(proreg("eval --run $W/two -q") == 1 && strstr(program_stderr(), "is of another run"),
          "%s", program_stderr());
    CHECK(proreg("train --resume --out $W/two -q") == 1 &&
          strstr(program_stderr(), "is of another run"), "%s", program_stderr());
}

// The same lines in another order are another run: an epoch's permutation is one of the order.
static void reordered(void)
{
    static const char *const lines[2] = { "train/red/0.ppm\tred\ntrain/blue/1.ppm\tblue\n",
                                          "train/blue/1.ppm\tblue\ntrain/red/0.ppm\tred\n" };
    for (int i = 0; i < 2; i++) {
        folder_text(&world, "order.txt", lines[i]);
        int status = proreg(i ? "train --resume --out $W/order -q" : "train --model $M -q --data "
                            "$W/set --train-list $W/order.txt --eval-list $W/order.txt --epochs 2 "
                            "--max-steps 1 --out $W/order");
        CHECK(status == i && (!i || strstr(program_stderr(), "order_sha256 has changed since")),
              "%d: %s", i, program_stderr());
        if (!i) remove(folder_name(&world, "order/samples.jsonl"));
    }
}

// A state.json of an earlier version says nothing of the other files.
static void unsummed(void)
{
    a_run();
    CHECK(proreg(TRAIN "--epochs 2 --max-steps 4 --out $W/plain") == 0, "%s", program_stderr());
    char text[4000], *sums;
    snprintf(text, sizeof text, "%s", program_file("plain/last/state.json", NULL));
    sums = strstr(text, ",\n  \"crc32\"");
    if (!CHECK(sums, "no checksums: %s", text)) return;
    strcpy(sums, "\n}\n");
    folder_text(&world, "plain/last/state.json", text);
    CHECK(proreg("train --resume --out $W/plain") == 0, "%s", program_stderr());
    const char *note = strstr(program_stderr(), "without checksums");
    CHECK(note && !strstr(note + 1, "without checksums"), "one note: %s", program_stderr());
}

// Killed while it removed the old run, the new one goes on: its config.json is there already.
// Killed before, the old one does.
static void half_overwritten(void)
{
    a_half();
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--epochs 1 --seed 5 --out $W/other") == 0, "%s", program_stderr());
    size_t n;
    const char *next = program_file("other/config.json", &n);
    folder_text(&world, "torn/config.json.proreg-next", next);
    remove(folder_name(&world, "torn/last/model.safetensors"));
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
    CHECK(program_same("torn/last/model.safetensors", "other/last/model.safetensors"), "weights");
    CHECK(program_same("torn/results.jsonl", "other/results.jsonl"), "results");
    CHECK(!there("torn/config.json.proreg-next") && !there("torn/best.old"), "something is left");
    folder_make(folder_name(&world, "torn/config.json.proreg-next"));      // cannot be written
    CHECK(proreg(TRAIN "--epochs 1 --out $W/torn --overwrite") == 1, "%s", program_stderr());
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "the old run is gone: %s",
          program_stderr());
    remove(folder_name(&world, "torn/config.json.proreg-next"));
    setenv("PROREG_BEFORE", "ulimit -f 40;", 1);           // no checkpoint fits
    CHECK(proreg(TRAIN "--epochs 1 --out $W/torn --overwrite") == 1, "%s", program_stderr());
    unsetenv("PROREG_BEFORE");
    CHECK(proreg("train --resume --out $W/torn -q") == 0, "%s", program_stderr());
}

// What merely has the name of a run's file is nobody's to remove.
static void strangers(void)
{
    static const char *const names[] = { "report.html", "results.jsonl", "best/mine.txt",
                                         "step-3/mine.txt", "config.json" };
    for (int i = 0; i < 5; i++) {
        char name[200], out[100];
        snprintf(out, sizeof out, "stranger%d", i);
        snprintf(name, sizeof name, "%s/%s", out, names[i]);
        folder_text(&world, name, "{}");
        for (int k = 0; k < 2; k++)
            CHECK(proreg(TRAIN "--epochs 1 --out $W/%s %s", out, k ? "--overwrite" : "") == 1 &&
                  strstr(program_stderr(), "but no config.json of a run"), "%s: %s", name,
                  program_stderr());
        CHECK(there(name), "%s is gone", name);
    }
    a_run();
    CHECK(proreg("train --model $W/run/last --data $W/set -q --out $W/run --overwrite") == 2 &&
          strstr(program_stderr(), "which this command reads"), "%s", program_stderr());
    CHECK(there("run/last/model.safetensors"), "the model that was to be trained is gone");
}

// A refusal names the file, which stays.
static void kept(const char *line, const char *name, const char *why)
{
    CHECK(proreg("%s", line) == 1 && strstr(program_stderr(), name) &&
          strstr(program_stderr(), why), "%s: %s: %s", line, name, program_stderr());
    CHECK(there(name), "%s is gone: %s", name, line);
    CHECK(!there("inner/config.json.proreg-next"), "the new run has begun");
}

// A run's checkpoints are replaced and removed only where they hold nothing else.
static void inside(void)
{
    static const struct { const char *file, *named, *folder; } foreign[] = {
        { "inner/last/notes.txt", "inner/last/notes.txt", NULL },
        { "inner/last/sub/mine", "inner/last/sub", "inner/last/sub" },
        { "inner/best/thesis.txt", "inner/best/thesis.txt", "inner/best" },
        { "inner/best.old/mine", "inner/best.old/mine", "inner/best.old" },
    };
    static const char resume[] = "train --resume --out $W/inner --keep 1 --max-steps 8 -q";
    static const char anew[] = TRAIN "--epochs 1 --out $W/inner --overwrite";
    char path[FILE_PATH];
    CHECK(proreg(TRAIN "--epochs 3 --keep 1 --max-steps 4 --out $W/inner") == 0, "%s",
          program_stderr());
    for (int i = 0; i < 4; i++) {
        folder_text(&world, foreign[i].file, "mine");
        kept(resume, foreign[i].named, "move it elsewhere");
        kept(anew, foreign[i].named, "move it elsewhere");
        CHECK(there(foreign[i].file), "%s is gone", foreign[i].file);
        remove(folder_name(&world, foreign[i].file));
        if (foreign[i].folder) remove(folder_name(&world, foreign[i].folder));
    }
    folder_text(&world, "inner/best/mine/mine", "");           // not even an empty one is ours
    remove(folder_name(&world, "inner/best/mine/mine"));
    remove(folder_name(&world, "inner/best/mine"));
    kept(anew, "inner/best", "is not a checkpoint");
    remove(folder_name(&world, "inner/best"));
    folder_text(&world, "inner/step-2/mine", "mine");          // kept, and not counted
    folder_text(&world, "inner/step-07/mine", "mine");
    folder_text(&world, "inner/step-8/mine", "mine");          // would be written
    kept(resume, "inner/step-8/mine", "move it elsewhere");
    remove(folder_name(&world, "inner/step-8/mine"));
    remove(folder_name(&world, "inner/step-8"));
    CHECK(proreg("%s", resume) == 0, "%s", program_stderr());
    CHECK(there("inner/step-2/mine") && there("inner/step-8/state.json") && !there("inner/step-4"),
          "--keep 1");
    kept(anew, "inner/step-2/mine", "move it elsewhere");
    remove(folder_name(&world, "inner/step-2/mine"));
    kept(anew, "inner/step-2", "is not a checkpoint");
    remove(folder_name(&world, "inner/step-2"));
    folder_text(&world, "inner/step-8/mine", "mine");
    kept("train --resume --out $W/inner --keep 1 --max-steps 12 -q", "inner/step-8/mine",
         "move it elsewhere");
    path_join(path, world.path, "inner");
    CHECK_OK(run_forget(path, 0));
    CHECK(there("inner/step-8/mine"), "a file of the user is gone");
    remove(folder_name(&world, "inner/step-8/mine"));
    CHECK(proreg("%s", anew) == 0, "%s", program_stderr());
    CHECK(!there("inner/step-8") && there("inner/step-07/mine"), "--overwrite");
}

// The next checkpoint would take them along.
static void outputs_inside(void)
{
    static const char *const lines[] = {
        "wise --run $W/run --data $W/set --alpha 0.5 -o $W/run/last/mix",
        "wise --run $W/run --data $W/set --alpha 0.5 -o $W/run/best",
        "export --run $W/run -o $W/run/last/not/yet", "export --model $M -o $W/run/step-99",
        "encode --model $M --texts $W/texts.txt -o $W/run/last/x.npy",
        TRAIN "--epochs 1 --out $W/run/last/run", "data world --out $W/run/last/world",
        "export --model $M -o $W/link/mix",
    };
    a_run();
    folder_text(&world, "texts.txt", "a cat\n");
    char target[FILE_PATH];
    path_join(target, world.path, "run/last");
    CHECK(symlink(target, folder_name(&world, "link")) == 0, "symlink");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK(proreg("%s", lines[i]) == 1 && strstr(program_stderr(), "of a run, which replaces"),
              "%s: %s", lines[i], program_stderr());
    CHECK(proreg("export --model $M -o $W/last/of/nobody") == 0, "%s", program_stderr());
}

// The weights in a file of another name, and an index that lists it.
static void make_shard(void)
{
    char path[FILE_PATH];
    Weights *w;
    JsonOut o = { 0 };
    CHECK(system("cp -r $W/model $W/parts && cd $W/parts && mv model.safetensors "
                 "model-00001-of-00001.safetensors") == 0, "cp");
    path_join(path, world.path, "parts/model-00001-of-00001.safetensors");
    if (!CHECK_OK(weights_open(&w, path))) return;
    json_out_object(&o);
    json_put_object(&o, "weight_map");
    for (int64_t i = 0; i < weights_count(w); i++)
        json_put_string(&o, weights_at(w, i)->name, path_name(path));
    json_out_end(&o);
    json_out_end(&o);
    folder_text(&world, "parts/model.safetensors.index.json", o.text);
    json_out_free(&o);
    weights_close(w);
}

// Each file that an index lists is recorded; of older runs, the index alone.
static void changed_shards(void)
{
#define SHARD "parts/model-00001-of-00001.safetensors"
    size_t n;
    make_shard();
    CHECK(proreg("train --model $W/parts --data $W/set --epochs 2 --max-steps 1 --batch 4 -q "
                 "--out $W/sharded") == 0, "%s", program_stderr());
    const char *config = program_file("sharded/config.json", NULL);
    const char *hash = strstr(config, "\"model-00001-of-00001.safetensors\": ");
    CHECK(hash, "%s", config);
    CHECK(proreg("train --resume --out $W/sharded --max-steps 2 -q") == 0, "%s",
          program_stderr());
    const char *bytes = program_file(SHARD, &n);
    char *changed = malloc(n);
    if (!changed) exit(2);
    memcpy(changed, bytes, n);
    changed[n - 3] ^= 1;
    CHECK_OK(file_save(folder_name(&world, SHARD), changed, n));
    free(changed);
    CHECK(proreg("train --resume --out $W/sharded -q") == 1 &&
          strstr(program_stderr(), "model-00001-of-00001.safetensors has changed since"), "%s",
          program_stderr());
    CHECK(proreg("wise --run $W/sharded -q --alphas 0") == 1 &&
          strstr(program_stderr(), "model-00001-of-00001.safetensors: is not what the run began"),
          "%s", program_stderr());
    program_unsummed("sharded/config.json");
    CHECK(system("sed -i '/model-00001/d' $W/sharded/config.json") == 0, "sed");
    CHECK(proreg("train --resume --out $W/sharded -q") == 0, "%s", program_stderr());
}

static const TestCase cases[] = {
    { "swept", swept }, { "overwritten", overwritten }, { "half_overwritten", half_overwritten },
    { "flipped", flipped }, { "exchanged", exchanged },
    { "reordered", reordered }, { "unsummed", unsummed },
    { "strangers", strangers }, { "changed_shards", changed_shards },
    { "inside", inside }, { "outputs_inside", outputs_inside },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("files", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

// test_files.c - whose files a run's are: what is swept up, replaced, refused; what a killed
// --overwrite leaves; checksums.
#include "proreg/run/sums.h"
#include "tensor/base/file_work.h"
#include "test/program.h"

#define TRAIN "train --model $M --data $W/set --eval-split test -q --batch 10 --lr 1e-3 "

static bool there(const char *name)
{
    char path[FILE_PATH];
    path_join(path, world.path, name);
    return file_exists(path) || folder_exists(path);
}

static void append(const char *name, const char *text)
{
    FILE *out = fopen(folder_name(&world, name), "ab");
    if (!out) exit(2);
    fputs(text, out);
    fclose(out);
}

static void put(const char *name, const char *text)
{
    FILE *out = fopen(folder_name(&world, name), "wb");
    if (!out) exit(2);
    fputs(text, out);
    fclose(out);
}

// The run that the cases look at: 8 steps, evaluated after 0, 4 and 8.
static void a_run(void)
{
    if (!there("run"))
        CHECK(proreg(TRAIN "--epochs 2 --keep 1 --save-every 3 --out $W/run") == 0, "%s",
              program_stderr());
}

// The same, stopped after 4 steps.
static void a_half(void)
{
    a_run();
    if (!there("torn"))
        CHECK(proreg(TRAIN "--epochs 2 --max-steps 4 --out $W/torn") == 0, "%s", program_stderr());
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
    put("plain/last/state.json", text);
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

static const TestCase cases[] = {
    { "swept", swept }, { "overwritten", overwritten }, { "half_overwritten", half_overwritten },
    { "flipped", flipped }, { "unsummed", unsummed }, { "strangers", strangers },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("files", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

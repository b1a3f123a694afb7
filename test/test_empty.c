// test_empty.c - files of zero bytes: each file of a run and each that a flag names, emptied in
// turn, before every verb that reads it. A verb does its work or says in one line which file is
// wrong; a build with sanitizers finds nothing.
#include "test/program.h"

#define TRAIN "train --model $M --data $W/set -q --batch 10 --epochs 1 --val-fraction 0.3 "

static void copy_run(void)
{
    CHECK(system("rm -rf $W/run && cp -R $W/whole $W/run") == 0, "cannot copy the run");
}

static void a_run(void)
{
    if (*program_file("whole/config.json", NULL)) return;
    CHECK(proreg(TRAIN "--max-steps 2 --out $W/whole") == 0, "%s", program_stderr());
}

// One line at most, in which the program speaks.
static void spoke_clearly(int status, const char *file, const char *command)
{
    const char *text = program_stderr(), *end = strchr(text, '\n');
    CHECK(status <= 2, "%s: %s: exit %d: %s", file, command, status, text);
    CHECK(!strstr(text, "Sanitizer") && !strstr(text, "runtime error"), "%s: %s: %s", file, command,
          text);
    CHECK(status == 0 || (!strncmp(text, "proreg: ", 8) && end && !end[1]), "%s: %s: %s", file,
          command, text);
}

// Which files a run has is asked of the run.
static void files_of_run(void)
{
    static const char *const verbs[] = {
        "train --resume --out $W/run -q", "eval --run $W/run -q", "wise --run $W/run --alphas 1 -q",
        "predict --run $W/run -q $W/set/test/red/0.ppm", "info $W/run", "info $W/run/last",
        "export --run $W/run -o $W/made -q --overwrite",
        "encode --run $W/run --images $W/set/test -o $W/made.npy -q --overwrite",
        "eval --model $W/run/last --data $W/set -q", "tokenize --model $W/run/last red",
        "train --config $W/run/config.json --out $W/made2 -q --overwrite --max-steps 1",
        TRAIN "--max-steps 1 --out $W/run --overwrite",
    };
    char list[4000];
    a_run();
    CHECK(system("cd $W/whole && find . -type f >$W/list") == 0, "cannot list the run");
    snprintf(list, sizeof list, "%s", program_file("list", NULL));
    CHECK(strstr(list, "./last/optimizer.safetensors") && strstr(list, "./log.jsonl"), "%s", list);
    for (char *file = strtok(list, "\n"); file; file = strtok(NULL, "\n"))
        for (int i = 0; i < TEST_COUNT(verbs); i++) {
            char command[300];
            copy_run();
            snprintf(command, sizeof command, ": >$W/run/%.200s", file);
            CHECK(system(command) == 0, "cannot empty %s", file);
            spoke_clearly(proreg("%s", verbs[i]), file, verbs[i]);
        }
}

static void files_of_flags(void)
{
    static const char *const commands[] = {
        "zeroshot --model $M --data $W/set --classnames $W/empty -q",
        "zeroshot --model $M --data $W/set --templates $W/empty -q",
        "zeroshot --model $M --data $W/set --eval-list $W/empty -q",
        "zeroshot --model $M --merges $W/empty --data $W/set -q",
        "zeroshot --model $W/empty --data $W/set -q",
        TRAIN "--train-list $W/empty --out $W/none",
        "train --config $W/empty --out $W/none -q",
        "pretrain --data $W --captions $W/empty --out $W/none -q",
        "predict --model $M --classnames $W/empty -q $W/set/test/red/0.ppm",
        "predict --model $M --classes a,b -q $W/empty",
        "encode --model $M --texts $W/empty -o $W/none.npy -q",
        "encode --model $M --images $W/empty -o $W/none.npy -q",
        "encode --model $M --images $W/nothing -o $W/none.npy -q",
        "tokenize --train $W/empty --merges-out $W/none.txt --vocab 600 -q",
        "tokenize --merges $W/empty a", "info $W/empty", "info $W/nothing",
        "data check $W/nothing", "data check $W/set --eval-list $W/empty",
        "data decode $W/empty -o $W/none.ppm", "data preprocess $W/empty -o $W/none.npy",
        "zeroshot --model $M --data $W/nothing -q",
    };
    folder_text(&world, "empty", "");
    CHECK(folder_make(folder_name(&world, "nothing")) == OK, "no folder");
    for (int i = 0; i < TEST_COUNT(commands); i++)
        spoke_clearly(proreg("%s", commands[i]), "an empty file", commands[i]);
    char path[FILE_PATH];
    static const char *const none[] = { "none", "none.ppm" };
    for (int i = 0; i < TEST_COUNT(none); i++) {
        path_join(path, world.path, none[i]);
        CHECK(access(path, F_OK) != 0, "%s was written", none[i]);
    }
}

static const TestCase cases[] = {
    { "files_of_flags", files_of_flags }, { "files_of_run", files_of_run },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("empty", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

// test_stop.c - signals while the program works: what was begun is finished and saved, it says how
// to go on, and the way that it says leads to the bits of a run that nothing has stopped.
#include "test/page.h"
#include "test/program.h"

#include <signal.h>
#include <time.h>

// Starts the program as proreg() does, and does not wait for it. Nothing is left of an earlier one
// whose file it was.
static pid_t start_program(const char *arguments, const char *file)
{
    char folder[FILE_PATH];
    snprintf(folder, sizeof folder, "%s/%.*s", world.path, (int)strcspn(file, "/"), file);
    folder_discard(folder);
    unlink(folder_name(&world, "stderr"));
    char command[6000];
    const char *emulator = getenv("RUN"), *before = getenv("PROREG_BEFORE");
    pid_t child = fork();
    if (child != 0) return child;
    const int signals[] = { SIGINT, SIGTERM, SIGHUP };         // under nohup SIGHUP is ignored
    for (int i = 0; i < TEST_COUNT(signals); i++) signal(signals[i], SIG_DFL);
    snprintf(command, sizeof command, "exec >$W/stdout 2>$W/stderr; %s exec %s %s %s",
             before ? before : "", emulator ? emulator : "", program_path(), arguments);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

// Waits until the file holds the text so many times, or the program has ended: then false, and
// *status is its own.
static bool wait_for(pid_t child, const char *name, const char *text, int times, int *status)
{
    for (;;) {
        int n = 0;
        const char *file = program_file(name, NULL);
        while ((file = strstr(file, text))) n++, file++;
        if (n >= times) return true;
        if (waitpid(child, status, WNOHANG) == child) return false;
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
}

static int end_of(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

// Runs a command until its file holds the text, then signals. True: it ended by that.
static bool signalled(int number, const char *arguments, const char *file, const char *text,
                      int times)
{
    int status;
    for (int tries = 0; tries < 5; tries++) {      // a busy machine may let it end before
        pid_t child = start_program(arguments, file);
        if (wait_for(child, file, text, times, &status)) {
            kill(child, number);
            status = end_of(child);
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 128 + number) return true;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) break;
    }
    CHECK(false, "%s: status %x: %s", arguments, (unsigned)status, program_stderr());
    return false;
}

static void same_trained(const char *a, const char *b)
{
    static const char *const files[] = { "last/model.safetensors", "last/classifier.safetensors",
                                         "last/optimizer.safetensors", "samples.jsonl",
                                         "results.jsonl" };
    char x[100], y[100];
    for (int i = 0; i < TEST_COUNT(files); i++) {
        snprintf(x, sizeof x, "%s/%s", a, files[i]);
        snprintf(y, sizeof y, "%s/%s", b, files[i]);
        CHECK(program_same(x, y), "%s and %s differ", x, y);
    }
}

// The page of a stopped run says where it stopped and the command of the one line, without
// pictures; that of the whole run is the ordinary one.
static void stopped_page(int step, const char *signal)
{
    char text[FILE_PATH];
    const char *page = program_file("it's cut/report.html", NULL);
    PageWalk w = page_walk(page);
    snprintf(text, sizeof text, "<p id=\"stopped\"><b>Stopped by %s after step %d of 120</b>",
             signal, step);
    CHECK(strstr(page, text), "no %s", text);
    snprintf(text, sizeof text, " train --resume --out '%s/it'\\''s cut' --max-steps 120</pre>",
             world.path);
    CHECK(strstr(page, text), "no %s", text);
    snprintf(text, sizeof text, "of the last evaluation, after step %d.", step / 13 * 13);
    CHECK(!strstr(page, text) == (step % 13 == 0), "%d: %s", step, text);
    CHECK(w.images == 0, "%d pictures", w.images);
}

static void whole_page(void)
{
    const char *page = program_file("it's cut/report.html", NULL);
    CHECK(!strstr(page, "id=\"stopped\"") && strstr(page, "<img"), "not that of a whole run");
}

// The one line names a command; it is run as it stands, and ends where a whole run ends. Evaluated
// every 13 steps, so that some signals come where an evaluation is due.
static void goes_on(void)
{
    static const char run[] = "train --model $M --data $W/set --eval-split test -q --epochs 200 "
                              "--max-steps 120 --batch 10 --lr 1e-3 --augment randaug "
                              "--eval-every 13 --overwrite --out ";
    static const struct { int number; const char *name; } signals[] = {
        { SIGINT, "SIGINT" }, { SIGTERM, "SIGTERM" }, { SIGHUP, "SIGHUP" } };
    char command[5000], again[2000], name[64], saved[32];
    CHECK(proreg("%s $W/whole", run) == 0, "%s", program_stderr());
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s: stopped after step ", signals[i].name);
        snprintf(command, sizeof command, "%s \"$W/it's cut\"", run);
        if (!signalled(signals[i].number, command, "it's cut/log.jsonl", "\n", 3 + 5 * i)) return;
        const char *line = program_stderr(), *way = strstr(line, "; go on with: ");
        CHECK(way && strstr(line, name) && line[strcspn(line, "\n") + 1] == 0, "%s", line);
        if (!way) return;
        CHECK(strstr(way, "--max-steps 120"), "%s", way);
        snprintf(again, sizeof again, "exec >$W/stdout 2>&1; %s", way + 14);
        int step = atoi(strstr(line, "after step ") + 11);
        stopped_page(step, signals[i].name);
        snprintf(saved, sizeof saved, "\"step\": %d,", step);
        CHECK(strstr(program_file("it's cut/last/state.json", NULL), saved), "%s: %s", saved,
              program_file("it's cut/last/state.json", NULL));
        if (!getenv("RUN")) CHECK(system(again) == 0, "%s: %s", again, program_stdout());
        else proreg("train --resume -q --max-steps 120 --out \"$W/it's cut\"");
        same_trained("whole", "it's cut");
        whole_page();
    }
}

// A signal that the caller has ignored stays so.
static void ignored(void)
{
    int status = 0;
    setenv("PROREG_BEFORE", "trap '' INT HUP;", 1);
    pid_t child = start_program("train --model $M --data $W/set --eval-split test -q --epochs 9 "
                                "--batch 10 --out $W/kept", "kept/log.jsonl");
    unsetenv("PROREG_BEFORE");
    if (wait_for(child, "kept/log.jsonl", "\n", 1, &status)) {
        kill(child, SIGINT);
        status = end_of(child);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
          program_stderr());
}

// The first signal says so; the second one ends the process, not its own code, and the checkpoint
// from before is there.
static void twice(void)
{
    static const char run[] = "train --model $W/wide --data $W/set --eval-split test --epochs 99 "
                              "--batch 33 -t 1 --lr 1e-3 --overwrite --out $W/twice";
    int status = 0;
    program_model("wide", program_wide);
    for (int tries = 0; tries < 5; tries++) {
        pid_t child = start_program(run, "twice/log.jsonl");
        if (!wait_for(child, "twice/log.jsonl", "\n", 1, &status)) break;
        kill(child, SIGINT);
        wait_for(child, "stderr", "once more stops at once", 1, &status);
        kill(child, SIGTERM);
        status = end_of(child);
        if (WIFSIGNALED(status)) break;
    }
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %x", (unsigned)status);
    CHECK(proreg("train --resume -q --max-steps 2 --out $W/twice") == 0, "%s", program_stderr());
}

// Pretraining saves the model as it is; the demo says that it begins anew.
static void others(void)
{
    ClipConfig longer = program_small;
    longer.context = 24;
    program_model("long", longer);
    CHECK(proreg("data world -n 64 -q --out $W/drawn") == 0, "%s", program_stderr());
    if (signalled(SIGTERM, "pretrain --model $W/long --data $W/drawn --epochs 3000 --batch 8 "
                  "--eval-every 20 --overwrite --out $W/made", "stderr", "step 20", 1)) {
        CHECK(strstr(program_stderr(), "SIGTERM: stopped after step "), "%s", program_stderr());
        CHECK(proreg("info -q $W/made") == 0, "%s", program_stderr());
    }
    if (signalled(SIGINT, "demo --model $W/long -n 16 --n-test 16 --seeds 20 --out $W/demo",
                  "stderr", "  OOD ", 2))
        CHECK(strstr(program_stderr(), "demo: SIGINT: stopped; it begins anew"), "%s",
              program_stderr());
}

static const TestCase cases[] = {
    { "goes_on", goes_on }, { "ignored", ignored }, { "twice", twice }, { "others", others },
};

int main(void)
{
    if (!program_open(&program_small)) return 0;
    int failed = test_main("stop", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

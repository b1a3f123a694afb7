// test_select.c - which checkpoint is best: chosen on validation pictures; on test pictures only
// where that is asked for, and said everywhere; without either there is none.
#include "proreg/run/records.h"
#include "proreg/run/run.h"
#include "test/page.h"
#include "test/program.h"

#define TRAIN "train --model $M -q --batch 10 --epochs 6 --lr 1e-3 --method finetune "

static bool is_here(const char *name)
{
    char path[FILE_PATH];
    path_join(path, world.path, name);
    return file_exists(path) || folder_exists(path);
}

static RunFiles run_files(const char *run)
{
    RunFiles r;
    CHECK_OK(run_files_open(&r, folder_name(&world, run)));
    return r;
}

static RunState state_of(const char *run)
{
    RunState s;
    char path[FILE_PATH];
    path_join(path, folder_name(&world, run), "last");
    CHECK_OK(run_load_state(&s, path));
    return s;
}

// The greatest top1 of a split, and the first step that has it; "": of all splits pooled.
static double best_of(const RunFiles *r, const char *split, int64_t *step)
{
    double best = -1;
    for (int i = 0; i < r->evals; i++) {
        int64_t n = 0, correct = 0;
        if (i > 0 && r->eval[i - 1].step == r->eval[i].step) continue;
        for (int k = i; k < r->evals && r->eval[k].step == r->eval[i].step; k++) {
            if (*split && strcmp(r->eval[k].split, split)) continue;
            n += r->eval[k].n;
            correct += r->eval[k].correct;
        }
        if (n == 0 || (double)correct / (double)n <= best) continue;
        best = (double)correct / (double)n;
        *step = r->eval[i].step;
    }
    return best;
}

static void three_splits(void)
{
    if (is_here("three")) return;
    program_pictures("three/Train", 10, 0);
    program_pictures("three/dev", 5, 340);
    program_pictures("three/TEST", 7, 700);
    for (int i = 0; i < 6; i++) {              // noise, so that the splits do not agree
        char name[60];
        snprintf(name, sizeof name, "three/TEST/blue/more%d.ppm", i);
        program_picture(name, i % 2, 900 + i);
        snprintf(name, sizeof name, "three/dev/red/more%d.ppm", i);
        program_picture(name, 1 + i % 2, 950 + i);
    }
}

static void a_run(void)
{
    three_splits();
    if (!is_here("val"))
        CHECK(proreg(TRAIN "--data $W/three --eval-every 1 --out $W/val") == 0, "%s",
              program_stderr());
}

// A line for each split, and the best of validation alone, whatever the others say.
static void by_validation(void)
{
    a_run();
    RunFiles r = run_files("val");
    RunState s = state_of("val"), best = { 0 };
    int64_t val = 0, test = 0, all = 0;
    CHECK(r.evals == 38 && !strcmp(r.eval[0].split, "dev") && !strcmp(r.eval[1].split, "TEST") &&
          r.eval[0].n == 21 && r.eval[1].n == 27, "%d lines", (int)r.evals);
    CHECK_CLOSE(s.best_top1, best_of(&r, "dev", &val), 0);
    CHECK(s.best_step == val, "step %d, not %d", (int)s.best_step, (int)val);
    best_of(&r, "TEST", &test);
    best_of(&r, "", &all);
    CHECK(test != val && all != val, "these pictures cannot tell: %d %d %d", (int)val, (int)test,
          (int)all);
    CHECK_OK(run_load_state(&best, folder_name(&world, "val/best")));
    CHECK(best.step == val, "best/ is of step %d", (int)best.step);
    CHECK(!strcmp(run_files_text(&r, "selection"), "selected on dev") &&
          run_files_number(&r, "validation_pictures") == 21 && !*r.eval[0].note, "%s",
          run_files_text(&r, "selection"));
    const char *page = program_file("val/report.html", NULL);
    page_after(page, "<code>best/</code> is selected on dev");
    page = page_after(page, "<table id=\"accuracy\">");
    for (int i = 0; i < 2; i++) {              // before and after, of this split
        char row[60];
        snprintf(row, sizeof row, "<tr><td>%s</td><td>%d</td><td><data value=\"", r.eval[i].split,
                 (int)r.eval[i].n);
        page = page_after(page, row);
        CHECK(strtod(page, NULL) == r.eval[i].top1, "%s: %.20s", r.eval[i].split, page);
        page = page_after(page, "</td><td><data value=\"");
        CHECK(strtod(page, NULL) == r.eval[r.evals - 2 + i].top1, "%.20s", page);
    }
    run_files_close(&r);
    CHECK(proreg(TRAIN "--data $W/three --eval-every 1 --eval-split test --out $W/named") == 0,
          "%s", program_stderr());
    CHECK(program_same("named/results.jsonl", "val/results.jsonl"), "validation is not asked away");
    CHECK(proreg("eval --run $W/val --checkpoint best -q --json") == 0, "%s", program_stderr());
}

static void by_test(void)
{
    a_run();
    CHECK(proreg(TRAIN "--data $W/three --select test --out $W/test") == 0, "%s", program_stderr());
    RunFiles r = run_files("test");
    RunState s = state_of("test");
    int64_t test = 0;
    CHECK_CLOSE(s.best_top1, best_of(&r, "TEST", &test), 0);
    CHECK(s.best_step == test && is_here("test/best"), "step %d", (int)s.best_step);
    CHECK(!strcmp(run_files_text(&r, "selection"), "selected on test") &&
          !strcmp(run_files_text(&r, "select"), "test"), "%s", run_files_text(&r, "selection"));
    for (int i = 0; i < r.evals; i++)
        CHECK(!strcmp(r.eval[i].note, "selected on test"), "line %d: %s", i, r.eval[i].note);
    const char *page = program_file("test/report.html", NULL);
    page_after(page, "is selected on test pictures: its accuracy on them is no estimate");
    char column[60];
    snprintf(column, sizeof column, "<th>best/, %%<br/>step %d</th>", (int)s.best_step);
    const char *table = page_after(page, "<table id=\"accuracy\">");
    if (s.best_step != r.eval[r.evals - 1].step) page_after(table, column);
    const char *end = strstr(table, "</table>"), *bold = strstr(table, "<b>");
    CHECK(end && (!bold || bold > end) && !strstr(page, "class=\"best\""), "bold, yet chosen");
    run_files_close(&r);
    CHECK(program_same("test/last/model.safetensors", "val/last/model.safetensors"),
          "the choice changes what is trained");
    CHECK(proreg("train --model $M --data $W/three --select test --epochs 1 --out $W/said") == 0,
          "%s", program_stderr());
    const char *said = strstr(program_stderr(), "selected on test");
    CHECK(said && strstr(said + 1, "selected on test"), "at the start and at the end: %s",
          program_stderr());
    CHECK(proreg("train --model $M --data $W/three/Train --select test --out $W/none -q") == 2 &&
          strstr(program_stderr(), "--select: test: there are no pictures"), "%s",
          program_stderr());
}

// A recipe selects as its authors do, unless pictures are held out for it.
#define BAR "train --model $M --data $W/bar --recipe bar --template {} --epochs 1 --out $W/"
static void recipe(void)
{
    static const char *const classes[] = { "climbing", "diving", "fishing", "pole_vaulting",
                                           "racing", "throwing" };
    for (int k = 0; k < 6; k++)
        for (int i = 0; i < 6; i++) {
            char name[80];
            snprintf(name, sizeof name, "bar/%s/%s/%d.ppm", i < 4 ? "train" : "test", classes[k],
                     i);
            char folder[80];
            snprintf(folder, sizeof folder, "bar/%s/%s", i < 4 ? "train" : "test", classes[k]);
            CHECK_OK(folder_make(folder_name(&world, folder)));
            program_picture(name, k % 3, 40 * k + i);
        }
    CHECK(proreg(BAR "bar1") == 0, "%s",
          program_stderr());
    CHECK(strstr(program_file("bar1/config.json", NULL), "\"selection\": \"selected on test\"") &&
          strstr(program_stderr(), "selected on test"), "%s", program_stderr());
    CHECK(proreg(BAR "bar2 --val-fraction 0.25 -q") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("bar2/config.json", NULL),
                 "\"selection\": \"selected on held-out\""), "the flag wins over the recipe");
    CHECK(proreg(BAR "bar3 --select val -q") == 0, "%s", program_stderr());
    CHECK(!is_here("bar3/best"), "nothing to choose on");
}

// A split that is named and is not there is not passed over.
static void pretraining(void)
{
    folder_text(&world, "set/some.tsv", "filepath\ttitle\ntrain/red/0.ppm\ta red dog\n"
                                        "train/blue/0.ppm\ta blue dog\n");
    CHECK(proreg("pretrain -q --model $M --data $W/set --captions $W/set/some.tsv --epochs 1 "
                 "--eval-split tset --out $W/made") == 1 &&
          strstr(program_stderr(), "no split called tset: did you mean test"), "%s",
          program_stderr());
    CHECK(proreg("pretrain -q --model $M --data $W/set --captions $W/set/some.tsv --epochs 1 "
                 "--eval-split Testing --json --out $W/made") == 0 &&
          strstr(program_stdout(), "\"split\": \"test\""), "%s", program_stderr());
}

// Without validation pictures the last checkpoint is the answer.
static void without(void)
{
    CHECK(proreg(TRAIN "--data $W/set --out $W/without") == 0, "%s", program_stderr());
    CHECK(!is_here("without/best") && state_of("without").best_top1 < 0, "a best");
    CHECK(proreg("eval --run $W/without -q --checkpoint best") == 1 &&
          strstr(program_stderr(), "`last` is the answer"), "%s", program_stderr());
    CHECK(proreg("eval --run $W/without -q") == 0, "%s", program_stderr());
    CHECK(strstr(program_file("without/config.json", NULL),
                 "\"selection\": \"none: last is the answer\""), "config.json");
    page_after(program_file("without/report.html", NULL), "<code>last/</code> is the answer");
    CHECK(proreg("info $W/without") == 0 && strstr(program_stdout(), "last: step 24\n"), "%s",
          program_stdout());
}

// The same pictures are held out whatever the threads, after a stop and when the run is asked.
static void by_fraction(void)
{
    CHECK(proreg(TRAIN "--data $W/set --val-fraction 0.25 --seed 3 -t 1 --out $W/held") == 0, "%s",
          program_stderr());
    CHECK(proreg(TRAIN "--data $W/set --val-fraction 0.25 --seed 3 -t 2 --workers 0 --out $W/again")
          == 0, "%s", program_stderr());
    CHECK(proreg(TRAIN "--data $W/set --val-fraction 0.25 --seed 3 --max-steps 6 --out $W/cut")
          == 0, "%s", program_stderr());
    CHECK(proreg("train --resume -q --out $W/cut --val-fraction 0.5") == 2 &&
          strstr(program_stderr(), "--val-fraction: 0.5: the run to resume has 0.25"), "%s",
          program_stderr());
    CHECK(proreg("train --resume -q --out $W/cut") == 0, "%s", program_stderr());
    static const char *const file[] = { "last/model.safetensors", "best/model.safetensors",
                                        "samples.jsonl", "results.jsonl",
                                        "predictions.jsonl" };
    for (int i = 0; i < 5; i++) {
        char a[80], b[80], c[80];
        snprintf(a, sizeof a, "held/%s", file[i]);
        snprintf(b, sizeof b, "again/%s", file[i]);
        snprintf(c, sizeof c, "cut/%s", file[i]);
        CHECK(program_same(a, b), "%s: other threads", file[i]);
        CHECK(program_same(a, c), "%s: resumed", file[i]);
    }
    RunFiles r = run_files("held");
    RunState s = state_of("held");
    int64_t step = 0;
    CHECK(r.samples == 24 && !strcmp(r.eval[0].split, "held-out") && r.eval[0].n == 9 &&
          !strcmp(r.eval[1].split, "test"), "%d trained on", (int)r.samples);
    for (int k = 0; k < r.eval[0].classes; k++)
        CHECK(r.eval[0].cell[k].n == 3, "%d of class %d", (int)r.eval[0].cell[k].n, k);
    CHECK_CLOSE(s.best_top1, best_of(&r, "held-out", &step), 0);
    CHECK(s.best_step == step, "step %d", (int)s.best_step);
    CHECK(proreg("eval --run $W/held -q --json") == 0, "%s", program_stderr());
    char want[80];
    const ResultRecord *last = &r.eval[r.evals - 2];
    snprintf(want, sizeof want, "\"split\": \"held-out\", \"domain\": \"\", \"n\": 9, "
             "\"correct\": %d", (int)last->correct);
    CHECK(strstr(program_stdout(), want), "no %s in %s", want, program_stdout());
    CHECK(proreg("eval --run $W/held -q --predictions $W/held.csv") == 0, "%s", program_stderr());
    const char *asked = program_file("held.csv", NULL);
    CHECK(strstr(asked, "\ntrain/"), "no picture that is held out: %s", asked);
    for (int i = 0; i < r.samples; i++) {
        char line[200];
        snprintf(line, sizeof line, "\n%s,", r.sample[i].path);
        CHECK(!strstr(asked, line), "%s is trained on", r.sample[i].path);
    }
    run_files_close(&r);
    CHECK(proreg(TRAIN "--data $W/set/train --val-fraction 0.25 --out $W/alone") == 0, "%s",
          program_stderr());
    r = run_files("alone");
    CHECK(r.evals == 7 && !*r.eval[0].note && r.eval[0].n == 9, "nothing but what is held out");
    run_files_close(&r);
}

// What a run is measured on when only its own pictures are left is said wherever it is told.
static void trained_on(void)
{
    CHECK(proreg("train --model $M --data $W/set/train --epochs 1 --out $W/own") == 0, "%s",
          program_stderr());
    const char *said = strstr(program_stderr(), "33 of the 33 pictures that are evaluated are "
                              "trained on");
    CHECK(said && strstr(said + 1, "are trained on"), "start and end: %s", program_stderr());
    RunFiles r = run_files("own");
    for (int i = 0; i < r.evals; i++)
        CHECK(!strcmp(r.eval[i].note, "trained on these pictures"), "%s", r.eval[i].note);
    run_files_close(&r);
    page_after(program_file("own/report.html", NULL), "33 are trained on</b>");
    CHECK(!is_here("own/best"), "chosen on training pictures");
    CHECK(proreg("eval --run $W/own --json") == 0 &&
          strstr(program_stdout(), "\"note\": \"trained on these pictures\""), "%s",
          program_stdout());
    CHECK(proreg("zeroshot --model $M --data $W/set/train --json") == 0 &&
          !strstr(program_stdout(), "note") && !strstr(program_stderr(), "trained on"), "%s",
          program_stderr());
}

// How often a text stands in what was printed on stderr.
static int times_said(const char *text)
{
    int n = 0;
    for (const char *at = program_stderr(); (at = strstr(at, text)); at++) n++;
    return n;
}

// A run knows by its record what it was trained on, whatever it is asked about, and says it once.
static void by_record(void)
{
    static const char *const asked[] = {
        "--run $W/val --eval-split train", "--run $W/val --data $W/three/Train",
        "--run $W/val --data $W/three --eval-list $W/three/list.txt", ("--model $W/val/last "
        "--data $W/three/Train"), "--run $W/val --data $W/moved/Train",
    };
    a_run();
    folder_text(&world, "three/list.txt", "./Train/red/1.ppm\tred\n"
                                           "Train/../Train/blue/2.ppm\tblue\n");
    CHECK(system("cp -R $W/three $W/moved && cp $W/three/Train/red/1.ppm $W/three/TEST/red/1.ppm")
          == 0, "cp");
    for (int i = 0; i < 5; i++) {
        CHECK(proreg("eval %s --json", asked[i]) == 0 && times_said("are trained on") == 1,
              "%s: %s", asked[i], program_stderr());
        CHECK(strstr(program_stdout(), "\"note\": \"trained on these pictures\""), "%s: %s",
              asked[i], program_stdout());
    }
    CHECK(proreg("eval --run $W/val --eval-split test --json") == 0 &&
          strstr(program_stdout(), "\"note\": \"trained on 1 of these pictures\""), "%s",
          program_stdout());
    CHECK(proreg("eval --run $W/val --eval-split dev") == 0 && times_said("trained on") == 0, "%s",
          program_stderr());
    CHECK(system("mv $W/three $W/gone") == 0, "mv");
    CHECK(proreg("eval --run $W/val --data $W/moved --eval-split train") == 0 &&
          times_said("30 of the 30 pictures") == 1, "below --data: %s", program_stderr());
    CHECK(proreg("eval --run $W/val --data $W/moved/Train") == 0 &&
          times_said("of 30 pictures that it was trained on 30 are not found") == 1, "%s",
          program_stderr());
    CHECK(system("mv $W/gone $W/three && rm -r $W/moved && mv $W/val/samples.jsonl $W/kept") == 0,
          "mv");
    CHECK(proreg("eval --run $W/val --data $W/three/Train") == 0 &&
          times_said("has no samples.jsonl: what it was trained on is not known") == 1, "%s",
          program_stderr());
    CHECK(system("mv $W/kept $W/val/samples.jsonl") == 0, "mv");
    program_picture("three/TEST/red/1.ppm", 0, 701);
}

// Not what could not be read.
static void by_record_of_read(void)
{
    program_pictures("bad", 3, 0);
    folder_text(&world, "bad/red/3.ppm", "P6 no picture");
    CHECK(proreg("train --model $M --data $W/bad --epochs 1 --skip-bad --out $W/skips") == 0 &&
          times_said("9 of the 9 pictures that are evaluated are trained on") == 1, "%s",
          program_stderr());
    CHECK(strstr(program_file("skips/config.json", NULL), "\"eval_pictures_trained_on\": 9,"),
          "config.json");
    CHECK(proreg("eval --run $W/skips --skip-bad") == 0 && times_said("9 of the 10 pictures") == 1,
          "%s", program_stderr());
}

// The steps tell the number that `best` is chosen by, of what it is chosen on.
// Right answers among the predictions, without those of the picture of this name.
static int right_but(const char *file, const char *picture)
{
    static char text[4000];
    int right = 0;
    snprintf(text, sizeof text, "%s", program_file(file, NULL));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char label[60] = "", predicted[60] = "";
        if (strstr(line, picture)) continue;
        right += sscanf(line, "%*[^,],%*[^,],%59[^,],%59[^,]", label, predicted) == 2 &&
                 strcmp(label, predicted) == 0;
    }
    return right;
}

static void told(void)
{
    char want[80];
    program_pictures("split/ink/train", 6, 0);
    program_pictures("split/ink/val", 3, 40);
    program_pictures("split/oil/train", 1, 80);
    program_pictures("split/oil/val", 3, 90);
    CHECK(system("cp $W/split/ink/train/red/0.ppm $W/split/ink/val/red/9.ppm") == 0, "cp");
    CHECK(proreg("train --model $M --data $W/split --train-domains ink --epochs 2 --batch 6 "
                 "--lr 1e-3 --method finetune --out $W/told") == 0, "%s", program_stderr());
    RunFiles r = run_files("told");
    RunState s = state_of("told");
    snprintf(want, sizeof want, "step %d: top1 %.4f on `val of ink`, %.4f on `val`",
             (int)s.best_step, s.best_top1, r.eval[4 * (s.best_step / 3) + 2].top1);
    CHECK(strstr(program_stderr(), want), "no %s: %s", want, program_stderr());
    CHECK(!strcmp(run_files_text(&r, "selection"), "selected on val of ink") &&
          run_files_number(&r, "validation_pictures") == 9, "%s", run_files_text(&r, "selection"));
    CHECK(r.eval[0].n == 10 && !strcmp(r.eval[0].note, "trained on 1 of these pictures"), "%s",
          r.eval[0].note);
    run_files_close(&r);
    CHECK(proreg("eval --run $W/told --checkpoint best --eval-split val --eval-domains ink -q "
                 "--predictions $W/told.csv") == 0, "%s", program_stderr());
    CHECK_CLOSE(s.best_top1 * 9, right_but("told.csv", "red/9.ppm"), 1e-9);
    CHECK(proreg("train --model $M --data $W/set/train --epochs 1 --out $W/bare") == 0 &&
          !strstr(program_stderr(), "``") && !strstr(program_stderr(), " on \n"), "%s",
          program_stderr());
}

// What is held out can be asked for by name, and tables say which checkpoint they are of.
static void asked_by_name(void)
{
    CHECK(proreg(TRAIN "--data $W/set --val-fraction 0.25 --max-steps 4 --out $W/part") == 0 &&
          strstr(program_stdout(), "checkpoint last, step 4 (--checkpoint best: step "), "%s",
          program_stdout());
    CHECK(proreg("eval --run $W/part --eval-split held-out") == 0 && times_said("note") == 0 &&
          strstr(program_stdout(), "checkpoint last, step 4 (") &&
          strstr(program_stdout(), "held-out ") && !strstr(program_stdout(), "test "), "%s%s",
          program_stderr(), program_stdout());
    CHECK(proreg("eval --run $W/part --eval-split test,held-out") == 0 &&
          strstr(program_stdout(), "held-out ") && strstr(program_stdout(), "test "), "%s",
          program_stdout());
    CHECK(proreg("zeroshot --model $M --data $W/set --eval-split held-out") == 1 &&
          strstr(program_stderr(), "no split called held-out"), "%s", program_stderr());
    program_unsummed("part/config.json");
    CHECK(system("sed -i 's/\"val_fraction\": 0.25/\"val_fraction\": 2/' $W/part/config.json") == 0,
          "sed");
    CHECK(proreg("eval --run $W/part") == 1 &&
          strstr(program_stderr(), "val_fraction: 2: not from 0 to 0.9"), "%s", program_stderr());
}

// A run goes on with its own pictures alone, each on its side, and with the draw that it had.
static void same_data(void)
{
    program_pictures("mine/train", 4, 0);
    program_pictures("mine/test", 2, 90);
    CHECK(proreg(TRAIN "--data $W/mine --val-fraction 0.3 --max-steps 2 --out $W/mid -q") == 0,
          "%s", program_stderr());
    CHECK(system("mv $W/mine/train/red/0.ppm $W/mine/train/red/z.ppm") == 0, "mv");
    CHECK(proreg("train --resume -q --out $W/mid") == 1 &&
          strstr(program_stderr(), "data_sha256 has changed since"), "%s", program_stderr());
    program_unsummed("mid/config.json");
    CHECK(system("mv $W/mine/train/red/z.ppm $W/mine/train/red/0.ppm && sed -i '/train_sha256/d' "
                 "$W/mid/config.json") == 0, "mv, sed");
    CHECK(proreg("train --resume -q --out $W/mid") == 1 &&
          strstr(program_stderr(), "has no train_sha256"), "%s", program_stderr());
    folder_text(&world, "mine/a.txt", "train/red/0.ppm\tred\ntrain/blue/0.ppm\tblue\n"
                                      "train/blue/1.ppm\tblue\n");
    folder_text(&world, "mine/b.txt", "train/red/1.ppm\tred\ntrain/blue/2.ppm\tblue\n");
    CHECK(proreg(TRAIN "--data $W/mine --train-list $W/mine/a.txt --eval-list $W/mine/b.txt "
                 "--max-steps 1 --out $W/sides -q") == 0, "%s", program_stderr());
    folder_text(&world, "mine/a.txt", "train/red/1.ppm\tred\ntrain/blue/0.ppm\tblue\n"
                                      "train/blue/1.ppm\tblue\n");
    folder_text(&world, "mine/b.txt", "train/red/0.ppm\tred\ntrain/blue/2.ppm\tblue\n");
    CHECK(proreg("train --resume -q --out $W/sides") == 1 &&
          strstr(program_stderr(), "train_sha256 has changed since"), "%s", program_stderr());
}

// A domain that is named to be evaluated on, and trained on all the same.
static void named_domain(void)
{
    static const char *const domain[] = { "ink", "oil" };
    for (int i = 0; i < 2; i++) {
        char folder[40];
        snprintf(folder, sizeof folder, "domains/%s", domain[i]);
        program_pictures(folder, 4, 50 * i);
    }
    CHECK(proreg("train --model $M --data $W/domains --eval-domains oil --val-fraction 0.3 "
                 "--max-steps 1 --out $W/both") == 0, "%s", program_stderr());
    CHECK(times_said("domain oil, which --eval-domains names, is trained on: 9 pictures") == 1,
          "%s", program_stderr());
    CHECK(proreg("train --model $M --data $W/domains --eval-domains oil --train-domains ink "
                 "--max-steps 1 --out $W/one") == 0, "%s", program_stderr());
    CHECK(times_said("--eval-domains names") == 0, "%s", program_stderr());
}

// ---- runs of programs without --select ----------------------------------------------------------

// Removes the lines of config.json that hold one of these keys.
static void strip_config(const char *name, const char *const *key, int n)
{
    char text[20000] = "";
    const char *at = program_file(name, NULL);
    for (const char *end; (end = strchr(at, '\n')); at = end + 1) {
        bool drop = false;
        for (int i = 0; i < n; i++) {
            const char *found = strstr(at, key[i]);
            drop |= found && found < end;
        }
        size_t used = strlen(text);
        if (!drop) snprintf(text + used, sizeof text - used, "%.*s", (int)(end + 1 - at), at);
    }
    folder_text(&world, name, text);
}

// Such a run evaluated on its training pictures where no val was, and chose the best on them.
static void old_runs(void)
{
    static const char *const keys[] = { "\"select\"", "\"val_fraction\"", "\"selection\"",
                                        "\"validation_pictures\"", "\"eval_pictures_trained_on\"",
                                        "\"eval_split\"" };
    CHECK(proreg(TRAIN "--data $W/set --eval-split train --max-steps 12 --out $W/old") == 0, "%s",
          program_stderr());
    program_unsummed("old/config.json");
    strip_config("old/config.json", keys, 6);
    CHECK(proreg("eval --run $W/old -q --json") == 0 &&
          strstr(program_stdout(), "\"split\": \"train\", \"domain\": \"\", \"n\": 33"), "%s",
          program_stderr());
    CHECK(proreg("train --resume -q --out $W/old --select test") == 2, "%s", program_stderr());
    CHECK(proreg("train --resume -q --out $W/old") == 0, "%s", program_stderr());
    RunFiles r = run_files("old");
    int64_t step = 0;
    CHECK(r.evals == 7 && r.eval[6].n == 33 && !strcmp(r.eval[6].split, "train"), "%d lines",
          (int)r.evals);
    best_of(&r, "train", &step);
    CHECK(is_here("old/best"), "no best, as it was chosen before");
    CHECK(!strstr(program_file("old/config.json", NULL), "selection"), "another program's run");
    run_files_close(&r);
    CHECK(proreg("predict --run $W/old --checkpoint best -q $W/set/test/red/0.ppm") == 0, "%s",
          program_stderr());
}

static const TestCase cases[] = {
    { "by_validation", by_validation }, { "by_test", by_test }, { "without", without },
    { "recipe", recipe }, { "pretraining", pretraining },
    { "by_fraction", by_fraction }, { "trained_on", trained_on }, { "old_runs", old_runs },
    { "by_record", by_record }, { "by_record_of_read", by_record_of_read }, { "told", told },
    { "asked_by_name", asked_by_name }, { "same_data", same_data },
    { "named_domain", named_domain },
};

int main(void)
{
    if (!program_open(&program_small)) return test_main("select", cases, 0);
    int status = test_main("select", cases, TEST_COUNT(cases));
    program_close();
    return status;
}

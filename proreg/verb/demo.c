// demo.c - `demo`: does a model that is fine-tuned on a biased set learn the bias, and which
// method keeps it from that? Eight drawn shapes, each before a background of its own, seven ways to
// answer, several seeds. Every step is a command of this program, run here as a shell would run it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/page/demo_page.h"
#include "proreg/page/demo_results.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/embedded.h"
#include "proreg/verb/place.h"
#include "proreg/verb/print.h"
#include "proreg/verb/stop.h"
#include "proreg/verb/verbs.h"

typedef struct {
    Demo demo;                             // settings and results
    Options *o;
    Status (*train)(Options *o);           // the verb of that name
    Progress progress;
} DemoRun;

enum { WISE_HALF = DEMO_ALPHAS / 2, SEEDS_SWEPT = DEMO_SEED + 1000 /* --seeds */ };

static const char temp_demo[] = "proreg-demo-";    // folders below TMPDIR, where there is no --out

// ---- command lines ------------------------------------------------------------------------------

// Parses a line as if it had been typed; the name of the verb is skipped.
static Status parse_line(Options *o, const DemoRun *r, const Verb *verb, const char *line, int seed)
{
    char *argv[64], folder[FILE_PATH + 1], word[FILE_PATH];
    int argc = 0;
    Arena arena = { 0 };
    Status status = OK;
    snprintf(folder, sizeof folder, "%s/", r->demo.folder);
    line += strlen(verb->name) + 1;
    while (*line && argc < 64 && status == OK) {
        demo_word(word, sizeof word, &line, &r->demo.settings, seed, folder);
        argv[argc++] = arena_string(&arena, word);
        if (!argv[argc - 1]) status = err_memory("demo");
    }
    if (status == OK) status = options_parse(o, verb, argc, argv);
    arena_free(&arena);
    if (status != OK) return status;
    o->quiet = o->mute = o->overwrite = true;
    o->threads = r->o->threads;
    o->isa = r->o->isa;
    return OK;
}

// Draws or trains.
static Status run_line(const DemoRun *r, const char *name, unsigned bit, Status (*run)(Options *o),
                       const char *line, int seed)
{
    Options o;
    const Verb verb = { name, "", 0, 0, "", bit, run };
    TRY(parse_line(&o, r, &verb, line, seed));
    Status status = run(&o);
    options_free(&o);
    return status;
}

// ---- answers ------------------------------------------------------------------------------------

static Status answer_tests(Tally *t, const Options *o, Classifier *c, const Dataset *d,
                           const char *const *names)
{
    Score e;
    LoaderOptions l = setup_loader(o, d, &d->eval, c->config);
    float *logits = malloc((size_t)d->eval.n * (size_t)d->class_count * sizeof *logits);
    if (!logits) return err_memory("demo");
    Predictor p = classifier_predictor(c);
    Status status = evaluate(&e, d, names, &l, &p, logits, true);
    if (status == OK) {
        score_free(&e);
        status = tally_count(t, d, logits);
    }
    free(logits);
    return status;
}

// At DEMO_ALPHAS points from zero-shot to fine-tuning, t[i] at alpha = i / (DEMO_ALPHAS - 1).
static Status answer_between(DemoRun *r, Tally *t, Options *o, const Backend *be, Classifier *c,
                             const Dataset *d, const char *const *names, const char *const *prompts)
{
    Wise w;
    TRY(classifier_wise(&w, c, o, be, prompts, d->class_count));
    Status status = OK;
    for (int i = 0; i < DEMO_ALPHAS && status == OK; i++) {
        status = classifier_mix(c, &w, i / (double)(DEMO_ALPHAS - 1));
        if (status == OK) status = answer_tests(&t[i], o, c, d, names);
        progress_add(&r->progress, d->eval.n);
    }
    wise_free(&w);
    return status;
}

// `zeroshot`, `eval` or `wise`, as the line says: fills *t, or for `wise` t[0..DEMO_ALPHAS-1].
static Status ask_model(DemoRun *r, Tally *t, Options *o, const Backend *be, const Dataset *d,
                        const RunCheckpoint *run)
{
    const char **names, **prompts;
    Classifier c;
    TRY(setup_names(d, &o->arena, &names, &prompts));
    TRY(o->run ? classifier_student(&c, be, run, o)
               : classifier_zeroshot(&c, o, be, prompts, d->class_count));
    Status status = OK;
    if (o->verb->bit == VERB_WISE) {
        status = answer_between(r, t, o, be, &c, d, names, prompts);
    } else {
        status = answer_tests(t, o, &c, d, names);
        progress_add(&r->progress, d->eval.n);
    }
    classifier_free(&c);
    return status;
}

static Status ask_options(DemoRun *r, Tally *t, Options *o)
{
    RunCheckpoint run = { .classes = 0 };
    const Backend *be;
    Dataset d;
    if (o->run) TRY(setup_run(&run, o));
    TRY(setup_machine(o, &be));
    TRY(setup_dataset(&d, o, DATASET_EVAL, run.class_name, run.classes));
    Status status = ask_model(r, t, o, be, &d, &run);
    dataset_close(&d);
    return status;
}

static Status ask_line(DemoRun *r, Tally *t, const char *line, int seed)
{
    static const Verb verbs[] = {
        { "zeroshot", "", 0, 0, "", VERB_ZEROSHOT, NULL },
        { "eval", "", 0, 0, "", VERB_EVAL, NULL }, { "wise", "", 0, 0, "", VERB_WISE, NULL },
    };
    Options o;
    const Verb *verb = verbs;
    while (strncmp(line, verb->name, strlen(verb->name)) != 0) verb++;
    TRY(parse_line(&o, r, verb, line, seed));
    Status status = ask_options(r, t, &o);
    options_free(&o);
    return status;
}

// ---- results ------------------------------------------------------------------------------------

static Status print_scores_json(const Tally *t, const DemoMethod *m, int seed)
{
    double score[SCORES];
    JsonOut o = { 0 };
    tally_scores(score, t);
    json_out_object(&o);
    json_put_string(&o, "method", m->name);
    json_put_int(&o, "seed", seed);
    for (int i = 0; i < BACKGROUND; i++) json_put_double(&o, tally_key[i], score[i]);
    json_put_double(&o, "seconds", t->seconds);
    json_out_end(&o);
    return print_json(&o);
}

static Status tell_scores(DemoRun *r, int method, int seed)
{
    const Tally *t = &r->demo.tally[(seed - DEMO_SEED) * DEMO_METHODS + method];
    double score[SCORES];
    tally_scores(score, t);
    progress_say(&r->progress, "seed %d  %-20s ID %5.1f  OOD %5.1f  %6.1f s", seed,
                 demo_methods[method].title, 100 * score[ID], 100 * score[OOD], t->seconds);
    return r->o->json ? print_scores_json(t, &demo_methods[method], seed) : OK;
}

// A single seed has no standard deviation.
static void print_mean(const Demo *d, const TallyRow *r, int i)
{
    printf(" %5.1f", 100 * r->mean[i]);
    if (d->seeds > 1) printf(" +- %-4.1f", 100 * r->deviation[i]);
    else printf("%8s", "");
}

static void print_demo_table(const Demo *d)
{
    if (d->seeds > 1)
        printf("accuracy in percent, mean +- standard deviation over %d seeds\n\n", d->seeds);
    else
        printf("accuracy in percent, one seed\n\n");
    printf("%-20s %-13s %-13s %-17s %s\n", "", "ID", "OOD", "worst class", "led by");
    printf("%-20s %-13s %-13s %-8s %-8s %s\n", "", "", "", "ID", "OOD", "background");
    for (int m = 0; m < DEMO_METHODS; m++) {
        TallyRow r = tally_row(d->tally + m, d->seeds, DEMO_METHODS);
        printf("%-20s", demo_methods[m].title);
        print_mean(d, &r, ID);
        print_mean(d, &r, OOD);
        printf(" %5.1f    %5.1f    %5.1f\n", 100 * r.mean[WORST_ID], 100 * r.mean[WORST_OOD],
               100 * r.mean[BACKGROUND]);
    }
    printf("\nID: each shape before its usual background, as in training. OOD: before another's, "
           "or a new one.\nWorst class: the lowest accuracy of the eight shapes, per seed.\nLed by "
           "background: answers that name the background's usual shape, where it is another's.\n");
}

// ---- the demo's folder --------------------------------------------------------------------------

// What a demo without --out that was killed has left in `temp`: of ours, finished or not, and not
// at work. Reports stay.
static void sweep_demo(const char *folder)
{
    char path[FILE_PATH];
    bool report = true;
    int lock = -1;
    if (!place_is_demo(folder) || folder_lock(&lock, folder) != OK) return;
    for (int seed = -1; seed < SEEDS_SWEPT; seed++) {
        char name[40];
        snprintf(name, sizeof name, "seed-%d", seed);
        if (path_join(path, folder, seed < 0 ? "model" : name) == OK) folder_discard(path);
    }
    if (file_beside(&report, path, folder, "report.html") == OK && !report) folder_discard(folder);
    folder_unlock(&lock);
}

static void sweep_demos(const char *temp)
{
    DIR *dir = NULL;
    const char *name = "";
    if (folder_list(&dir, temp) != OK) return;
    while (folder_next(&name, dir, temp) == OK && name) {
        char path[FILE_PATH];
        if (strncmp(name, temp_demo, strlen(temp_demo)) != 0) continue;
        if (path_join(path, temp, name) == OK && folder_is_own(path)) sweep_demo(path);
    }
    closedir(dir);
}

// Does not write into a folder that holds anything but a demo.
static Status open_folder(char out[FILE_PATH], const Options *o)
{
    const char *temp = getenv("TMPDIR");
    if (!o->out) {
        if (!temp || !*temp) temp = "/tmp";
        sweep_demos(temp);
        snprintf(out, FILE_PATH, "%.3000s/%sXXXXXX", temp, temp_demo);
        if (mkdtemp(out)) return OK;
        return err_set(ERR_IO, "demo: %s: cannot make this folder", out);
    }
    snprintf(out, FILE_PATH, "%s", o->out);
    TRY(place_check(o, "out", out, &place_demo, PLACE_OVERWRITE));
    return folder_make(out);
}

static void write_line(FileOut *f, const Demo *d, const char *line, int seed)
{
    char text[8192];
    if (!line) return;
    demo_command(text, sizeof text, &d->settings, line, seed);
    file_printf(f, "%s\n", text);
}

static Status write_commands(const Demo *d)
{
    char path[FILE_PATH];
    FileOut f;
    TRY(path_join(path, d->folder, "commands.txt"));
    TRY(file_create(&f, path));
    file_printf(&f, PLACE_DEMO_MARK ", as commands to type in this folder\n");
    for (int seed = DEMO_SEED; seed < DEMO_SEED + d->seeds; seed++) {
        write_line(&f, d, demo_world, seed);
        for (int m = 0; m < DEMO_METHODS; m++) {
            write_line(&f, d, demo_methods[m].train, seed);
            write_line(&f, d, demo_methods[m].ask, seed);
        }
    }
    return file_commit(&f);
}

// The embedded model as a folder, unless --model names another.
static Status write_model(const Demo *d)
{
    char folder[FILE_PATH], path[FILE_PATH];
    if (d->settings.model) return OK;
    TRY(path_join(folder, d->folder, "model"));
    TRY(folder_make(folder));
    for (const EmbeddedFile *f = embedded_model; f->name; f++) {
        TRY(path_join(path, folder, f->name));
        TRY(file_save(path, f->data, (size_t)(f->end - f->data)));
    }
    return OK;
}

// Without --out only the report and the commands are kept.
static void remove_runs(const Demo *d)
{
    char path[FILE_PATH], name[40];
    for (int i = -1; i < d->seeds; i++) {
        snprintf(name, sizeof name, "seed-%d", DEMO_SEED + i);
        if (path_join(path, d->folder, i < 0 ? "model" : name) == OK) folder_discard(path);
    }
}

// ---- the demo -----------------------------------------------------------------------------------

// Its runs are short and their folder may be a temporary one: what was begun is not gone on with.
static Status demo_stopped(void)
{
    if (!stop_asked()) return OK;
    return err_set(ERR_STOPPED, "demo: %s: stopped; it begins anew when it is called again",
                   stop_name());
}

static Status one_method(DemoRun *r, int method, int seed)
{
    const DemoMethod *m = &demo_methods[method];
    Tally *t = &r->demo.tally[(seed - DEMO_SEED) * DEMO_METHODS + method];
    Tally *line = r->demo.line + (seed - DEMO_SEED) * DEMO_ALPHAS;
    double start = seconds_now();
    if (m->train) {
        Status status = run_line(r, "train", VERB_TRAIN, r->train, m->train, seed);
        if (status == ERR_STOPPED) return demo_stopped();
        TRY(status);
        progress_add(&r->progress, r->o->n * r->o->epochs);
    }
    TRY(ask_line(r, method == DEMO_WISE ? line : t, m->ask, seed));
    if (method == DEMO_WISE) *t = line[WISE_HALF];
    t->seconds = seconds_now() - start;
    TRY(demo_stopped());
    return tell_scores(r, method, seed);
}

static Status all_seeds(DemoRun *r)
{
    const Options *o = r->o;
    int64_t asked = (DEMO_METHODS - 1 + DEMO_ALPHAS) * TESTS * o->n_test, trained = 0;
    for (int m = 0; m < DEMO_METHODS; m++)
        if (demo_methods[m].train) trained += o->n * o->epochs;
    stop_watch(o->quiet);
    r->progress = progress_begin("demo", (asked + trained) * o->seeds, o->quiet);
    for (int seed = DEMO_SEED; seed < DEMO_SEED + r->demo.seeds; seed++) {
        TRY(run_line(r, "data world", VERB_WORLD, verb_world, demo_world, seed));
        for (int m = 0; m < DEMO_METHODS; m++) TRY(one_method(r, m, seed));
    }
    return OK;
}

static Status run_demo(DemoRun *r)
{
    TRY(write_commands(&r->demo));
    TRY(write_model(&r->demo));
    Status status = all_seeds(r);
    progress_end(&r->progress);
    TRY(status);
    TRY(demo_results(&r->demo));
    TRY(demo_page(&r->demo));
    if (!r->o->json) print_demo_table(&r->demo);
    say(r->o, "report: %s/report.html", r->demo.folder);
    return OK;
}

static Status demo_options(Options *o)
{
    const Backend *be;
    char *whole, folder[FILE_PATH];
    bool tuned;
    TRY(options_default(o, "n-test", "600", FROM_METHOD));
    TRY(options_default(o, "epochs", "4", FROM_METHOD));
    if (!o->model && !embedded_model[0].name)
        return err_set(ERR_UNSUPPORTED, "demo: this program was built without weights/world: "
                       "--model PATH names another small CLIP");
    if (!o->model) return setup_machine(o, &be);
    TRY(tuned_find(&tuned, folder, o->model));
    if (tuned)
        return err_set(ERR_UNSUPPORTED, "demo: %s: its classifier.safetensors would answer, where "
                       "the demo begins from prompts", o->model);
    TRY(path_whole(&whole, o->model));         // commands are typed in another folder
    if (!whole) return err_set(ERR_IO, "model: %s: no such file or folder", o->model);
    o->model = arena_string(&o->arena, whole);
    free(whole);
    return o->model ? setup_machine(o, &be) : err_memory("demo");
}

Status demo(Options *o, Status (*train)(Options *o))
{
    char folder[FILE_PATH];
    TRY(demo_options(o));
    TRY(open_folder(folder, o));
    size_t seeds = (size_t)o->seeds;
    DemoRun r = { .o = o, .train = train };
    r.demo = (Demo){ .folder = folder, .seeds = (int)o->seeds,
                     .settings = { o->n, o->n_test, o->epochs, o->model },
                     .tally = calloc(seeds * DEMO_METHODS, sizeof(Tally)),
                     .line = calloc(seeds * DEMO_ALPHAS, sizeof(Tally)) };
    int lock = -1;
    Status status = r.demo.tally && r.demo.line ? folder_lock(&lock, folder) : err_memory("demo");
    if (status == OK) status = run_demo(&r);
    if (!o->out) remove_runs(&r.demo);
    folder_unlock(&lock);
    free(r.demo.tally);
    free(r.demo.line);
    return status;
}

// demo.c - `demo`: does a model that is fine-tuned on a biased set learn the bias, and which
// method keeps it from that? Eight drawn shapes, each before a background of its own, seven ways to
// answer, several seeds. Every step is a command of this program, run here as a shell would run it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proreg/page/demo_page.h"
#include "proreg/verb/ask.h"
#include "proreg/verb/embedded.h"
#include "proreg/verb/verbs.h"

// ---- what is done -------------------------------------------------------------------------------
// `@` begins a path in the demo's folder, `%` is the seed, and $n, $m, $e, $p what the flags --n,
// --n-test, --epochs and --model say. All settings of the demo stand here.

#define FOLDER "@seed-%/"
#define TRAIN "train --model $p --data " FOLDER "data --train-domains usual --eval-domains usual " \
              "--eval-split test --eval-every 1000000 --epochs $e --batch 64 --warmup 0.1 " \
              "--head-lr-scale 30 --seed % --out " FOLDER
#define ASK(run) "eval --run " FOLDER run " --eval-domains usual,swapped,new"

const char demo_world[] = "data world --kind task --n $n --n-test $m --pairing 0.97 --seed % --out "
                          FOLDER "data";

const DemoMethod demo_methods[DEMO_METHODS] = {
    { "zeroshot", "zero-shot", 0, NULL,
      "zeroshot --model $p --data " FOLDER "data --eval-split test" },
    { "probe", "linear probe", 1, TRAIN "probe --method probe --lr 2e-4", ASK("probe") },
    { "finetune", "fine-tuning", 2, TRAIN "finetune --method finetune --lr 1e-3", ASK("finetune") },
    { "wise", "WiSE-FT, half way", 3, NULL,
      "wise --run " FOLDER "finetune --eval-domains usual,swapped,new" },
    { "kd", "distillation", 4, TRAIN "kd --method kd --alpha 0.3 --lr 1e-3", ASK("kd") },
    { "proreg", "ProReg", 5, TRAIN "proreg --method proreg --weight ce-ratio --gamma 2 --alpha 3 "
      "--temp 2 --lr 1e-3", ASK("proreg") },
    { "proreg-k10", "ProReg as released", 6, TRAIN "proreg-k10 --method proreg --weight k10 "
      "--lr 1e-3", ASK("proreg-k10") },
};
enum { WISE_ROW = 3, HALF = DEMO_ALPHAS / 2, WRAP = 68 };        // columns of a command

const char *const demo_tests[TESTS] = { "usual", "swapped", "new" };

// ---- command lines ------------------------------------------------------------------------------

static void append(char *out, size_t bytes, const char *text)
{
    size_t n = strlen(out);
    snprintf(out + n, n < bytes ? bytes - n : 0, "%s", text);
}

// One word with its marks replaced; `folder` takes the place of `@`.
static void expand(char *out, size_t bytes, const Demo *d, const char *word, size_t length,
                   int seed, const char *folder)
{
    out[0] = 0;
    for (size_t i = 0; i < length; i++) {
        char one[32] = { word[i], 0 };
        const char *text = one;
        char mark = word[i] == '$' && i + 1 < length ? word[++i] : 0;
        if (word[i] == '@') text = folder;
        if (word[i] == '%') snprintf(one, sizeof one, "%d", seed);
        if (mark == 'n') snprintf(one, sizeof one, "%lld", (long long)d->o->n);
        if (mark == 'm') snprintf(one, sizeof one, "%lld", (long long)d->o->n_test);
        if (mark == 'e') snprintf(one, sizeof one, "%lld", (long long)d->o->epochs);
        if (mark == 'p' && d->o->model) text = d->o->model;
        else if (mark == 'p') append(out, bytes, folder), text = "model";
        append(out, bytes, text);
    }
}

void demo_command(char *out, size_t bytes, const Demo *d, const char *line, int seed)
{
    char word[FILE_PATH];
    size_t column = strlen("proreg");
    snprintf(out, bytes, "proreg");
    while (*line) {
        size_t n = strcspn(line, " ");
        expand(word, sizeof word, d, line, n, seed, "");
        bool full = line[0] == '-' && column > WRAP;
        column = full ? 4 : column + 1;
        append(out, bytes, full ? " \\\n    " : " ");
        append(out, bytes, word);
        column += strlen(word);
        line += n + strspn(line + n, " ");
    }
}

// The options of a line, as if it had been typed; the verb's name is left out of them.
static Status parse(Options *o, const Demo *d, const Verb *verb, const char *line, int seed)
{
    char *argv[64], folder[FILE_PATH + 1], word[FILE_PATH];
    int argc = 0;
    Arena arena = { 0 };
    Status status = OK;
    snprintf(folder, sizeof folder, "%s/", d->out);
    line += strlen(verb->name) + 1;
    while (*line && argc < 64 && status == OK) {
        size_t n = strcspn(line, " ");
        expand(word, sizeof word, d, line, n, seed, folder);
        argv[argc++] = arena_string(&arena, word);
        if (!argv[argc - 1]) status = err_memory("demo");
        line += n + strspn(line + n, " ");
    }
    if (status == OK) status = options_parse(o, verb, argc, argv);
    arena_free(&arena);
    if (status != OK) return status;
    o->quiet = o->mute = o->overwrite = true;
    o->threads = d->o->threads;
    o->isa = d->o->isa;
    return OK;
}

// Draws or trains.
static Status run_line(const Demo *d, const char *name, unsigned bit, Status (*run)(Options *o),
                       const char *line, int seed)
{
    Options o;
    const Verb verb = { name, "", 0, 0, "", bit, run };
    TRY(parse(&o, d, &verb, line, seed));
    Status status = run(&o);
    options_free(&o);
    return status;
}

// ---- answers ------------------------------------------------------------------------------------

static int place_of(const char *const *names, int n, const char *name, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == length && !memcmp(names[i], name, length)) return i;
    return -1;
}

static int shape_of(const char *class_name)
{
    return place_of(world_shape, WORLD_SHAPES, class_name, strlen(class_name));
}

// ".../000017_grass.png": the context stands in the file's name.
static int context_of(const char *path)
{
    const char *from = strchr(path_name(path), '_');
    return from ? place_of(world_context, WORLD_CONTEXTS, from + 1, strcspn(from + 1, ".")) : -1;
}

static Status tally(Tally *t, const Dataset *d, const float *logits)
{
    *t = (Tally){ 0 };
    for (int64_t i = 0; i < d->eval.n; i++) {
        const Sample *s = &d->eval.sample[i];
        const char *domain = d->domain[s->domain];
        int test = place_of(demo_tests, TESTS, domain, strlen(domain));
        int shape = shape_of(d->classes[s->label].name), context = context_of(s->path);
        int answer = shape_of(d->classes[eval_argmax(logits + i * d->class_count,
                                                     d->class_count)].name);
        if (test < 0 || shape < 0 || context < 0)
            return err_set(ERR_FORMAT, "demo: %s: not of the drawn world", s->path);
        Cell *cell = &t->cell[test][shape][context];
        cell->n++;
        cell->correct += answer == shape;
        t->background.n += test == SWAPPED;
        t->background.correct += test == SWAPPED && answer == context;
    }
    return OK;
}

static Status answer(Tally *t, const Options *o, Classifier *c, const Dataset *d,
                     const char *const *names)
{
    Eval e;
    LoaderOptions l = setup_loader(o, d, &d->eval, c->config);
    float *logits = malloc((size_t)d->eval.n * (size_t)d->class_count * sizeof *logits);
    if (!logits) return err_memory("demo");
    Status status = evaluate(&e, d, names, &l, classifier_logits, c, logits, true);
    if (status == OK) {
        eval_free(&e);
        status = tally(t, d, logits);
    }
    free(logits);
    return status;
}

static Status answer_line(Demo *demo, Tally *t, Options *o, const Backend *be, Classifier *c,
                          const Dataset *d, const char *const *names, const char *const *prompts)
{
    Wise w;
    TRY(classifier_wise(&w, c, o, be, prompts, d->class_count));
    Status status = OK;
    for (int i = 0; i < DEMO_ALPHAS && status == OK; i++) {
        status = classifier_mix(c, &w, i / (double)(DEMO_ALPHAS - 1));
        if (status == OK) status = answer(&t[i], o, c, d, names);
        progress_add(&demo->progress, d->eval.n);
    }
    wise_free(&w);
    return status;
}

// `zeroshot`, `eval` or `wise`, as the line says: *t, or DEMO_ALPHAS of them, from t on.
static Status ask_model(Demo *demo, Tally *t, Options *o, const Backend *be, const Dataset *d,
                        const char *checkpoint)
{
    const char **names, **prompts;
    const Options own = { .activation = NULL };    // the checkpoint says it
    Classifier c;
    TRY(setup_names(d, &o->arena, &names, &prompts));
    TRY(o->run ? classifier_student(&c, &own, be, o->run, checkpoint, d->class_count)
               : classifier_zeroshot(&c, o, be, prompts, d->class_count));
    Status status = o->verb->bit == VERB_WISE
        ? answer_line(demo, t, o, be, &c, d, names, prompts) : answer(t, o, &c, d, names);
    if (o->verb->bit != VERB_WISE) progress_add(&demo->progress, d->eval.n);
    classifier_free(&c);
    return status;
}

static Status ask(Demo *demo, Tally *t, Options *o)
{
    char checkpoint[FILE_PATH], config[FILE_PATH];
    const char **names = NULL;
    const Backend *be;
    Dataset d;
    int n = 0;
    if (o->run) {
        TRY(run_checkpoint(checkpoint, o->run, o->checkpoint));
        TRY(path_join(config, o->run, "config.json"));
        TRY(options_read_config(o, config));
        TRY(run_load_classes(&o->arena, &names, &n, checkpoint));
    }
    TRY(setup_machine(o, &be));
    TRY(setup_dataset(&d, o, DATASET_EVAL, names, n));
    Status status = ask_model(demo, t, o, be, &d, checkpoint);
    dataset_close(&d);
    return status;
}

static Status ask_line(Demo *demo, Tally *t, const char *line, int seed)
{
    static const Verb verbs[] = {
        { "zeroshot", "", 0, 0, "", VERB_ZEROSHOT, NULL },
        { "eval", "", 0, 0, "", VERB_EVAL, NULL }, { "wise", "", 0, 0, "", VERB_WISE, NULL },
    };
    Options o;
    const Verb *verb = verbs;
    while (strncmp(line, verb->name, strlen(verb->name)) != 0) verb++;
    TRY(parse(&o, demo, verb, line, seed));
    Status status = ask(demo, t, &o);
    options_free(&o);
    return status;
}

// ---- scores -------------------------------------------------------------------------------------

static Cell sum(const Tally *t, int test, int shape)           // shape -1: all
{
    Cell all = { 0, 0 };
    for (int k = 0; k < WORLD_SHAPES; k++)
        for (int c = 0; c < WORLD_CONTEXTS && (shape < 0 || k == shape); c++) {
            all.n += t->cell[test][k][c].n;
            all.correct += t->cell[test][k][c].correct;
        }
    return all;
}

static double share(Cell c)
{
    return c.n ? (double)c.correct / (double)c.n : 0;
}

void demo_scores(double score[SCORES], const Tally *t)
{
    score[ID] = share(sum(t, USUAL, -1));
    score[OOD] = (share(sum(t, SWAPPED, -1)) + share(sum(t, NEW, -1))) / 2;
    score[WORST_ID] = score[WORST_OOD] = 1;
    score[BACKGROUND] = share(t->background);
    for (int k = 0; k < WORLD_SHAPES; k++) {
        Cell swapped = sum(t, SWAPPED, k), other = sum(t, NEW, k);
        const Cell both = { swapped.n + other.n, swapped.correct + other.correct };
        double id = share(sum(t, USUAL, k)), ood = share(both);
        if (id < score[WORST_ID]) score[WORST_ID] = id;
        if (ood < score[WORST_OOD]) score[WORST_OOD] = ood;
    }
}

DemoRow demo_row(const Tally *t, int seeds, int stride)
{
    DemoRow row = { { 0 }, { 0 } };
    double score[SCORES];
    for (int s = 0; s < seeds; s++) {
        demo_scores(score, &t[s * stride]);
        for (int i = 0; i < SCORES; i++) row.mean[i] += score[i] / seeds;
    }
    for (int s = 0; s < seeds && seeds > 1; s++) {
        demo_scores(score, &t[s * stride]);
        for (int i = 0; i < SCORES; i++) {
            double off = score[i] - row.mean[i];
            row.deviation[i] += off * off / (seeds - 1);
        }
    }
    for (int i = 0; i < SCORES; i++) row.deviation[i] = sqrt(row.deviation[i]);
    return row;
}

// ---- results ------------------------------------------------------------------------------------

static Status print_json(const Tally *t, const DemoMethod *m, int seed)
{
    static const char *const key[] = { "id_top1", "ood_top1", "worst_class_id",
                                       "worst_class_ood" };
    double score[SCORES];
    JsonOut o = { 0 };
    demo_scores(score, t);
    json_out_object(&o);
    json_put_string(&o, "method", m->name);
    json_put_int(&o, "seed", seed);
    for (int i = 0; i < BACKGROUND; i++) {
        json_put_double(&o, key[i], score[i]);
    }
    json_put_double(&o, "seconds", t->seconds);
    json_out_end(&o);
    Status status = json_out_status(&o);
    print_lines(&o);
    json_out_free(&o);
    return status;
}

static Status tell(Demo *d, int method, int seed)
{
    const Tally *t = &d->tally[seed * DEMO_METHODS + method];
    double score[SCORES];
    demo_scores(score, t);
    progress_say(&d->progress, "seed %d  %-20s ID %5.1f  OOD %5.1f  %6.1f s", seed,
                 demo_methods[method].title, 100 * score[ID], 100 * score[OOD], t->seconds);
    return d->o->json ? print_json(t, &demo_methods[method], seed) : OK;
}

// One seed has no deviation.
static void print_mean(const Demo *d, const DemoRow *r, int i)
{
    printf(" %5.1f", 100 * r->mean[i]);
    if (d->seeds > 1) printf(" +- %-4.1f", 100 * r->deviation[i]);
    else printf("%8s", "");
}

static void print_table(const Demo *d)
{
    if (d->seeds > 1) printf("accuracy in percent, mean +- standard deviation over %d seeds\n\n",
                             d->seeds);
    else printf("accuracy in percent, one seed\n\n");
    printf("%-20s %-13s %-13s %-17s %s\n", "", "ID", "OOD", "worst class", "led by");
    printf("%-20s %-13s %-13s %-8s %-8s %s\n", "", "", "", "ID", "OOD", "background");
    for (int m = 0; m < DEMO_METHODS; m++) {
        DemoRow r = demo_row(d->tally + m, d->seeds, DEMO_METHODS);
        printf("%-20s", demo_methods[m].title);
        print_mean(d, &r, ID);
        print_mean(d, &r, OOD);
        printf(" %5.1f    %5.1f    %5.1f\n", 100 * r.mean[WORST_ID], 100 * r.mean[WORST_OOD],
               100 * r.mean[BACKGROUND]);
    }
    printf("\nID: each shape before its usual background, as in training. OOD: before another's, "
           "or a new one.\nLed by background: answers that name the background's usual shape, "
           "where it is another's.\n");
}

// ---- the demo's folder --------------------------------------------------------------------------

// A folder that holds something else is not ours to write in.
static Status open_folder(char out[FILE_PATH], const Options *o)
{
    char mark[FILE_PATH];
    const char *temp = getenv("TMPDIR");
    if (!o->out) {
        snprintf(out, FILE_PATH, "%.3000s/proreg-demo-XXXXXX", temp && *temp ? temp : "/tmp");
        if (mkdtemp(out)) return OK;
        return err_set(ERR_IO, "demo: %s: cannot make this folder", out);
    }
    snprintf(out, FILE_PATH, "%s", o->out);
    TRY(path_join(mark, out, "commands.txt"));
    if (file_exists(out)) return err_set(ERR_IO, "demo: %s: is a file", out);
    if (folder_exists(out) && !file_exists(mark) && rmdir(out) != 0)
        return err_set(ERR_IO, "demo: %s: is there and holds no demo: another --out", out);
    return folder_make(out);
}

static Status write_commands(const Demo *d)
{
    char path[FILE_PATH], line[8192];
    FileOut f;
    TRY(path_join(path, d->out, "commands.txt"));
    TRY(file_create(&f, path));
    file_printf(&f, "# what the demo does, as commands to type in this folder\n");
    for (int seed = 0; seed < d->seeds; seed++) {
        demo_command(line, sizeof line, d, demo_world, seed);
        file_printf(&f, "%s\n", line);
        for (int m = 0; m < DEMO_METHODS; m++) {
            const char *both[] = { demo_methods[m].train, demo_methods[m].ask };
            for (int i = 0; i < 2; i++) {
                if (both[i]) demo_command(line, sizeof line, d, both[i], seed);
                if (both[i]) file_printf(&f, "%s\n", line);
            }
        }
    }
    return file_commit(&f);
}

// The embedded model as a folder, unless --model names another.
static Status write_model(const Demo *d)
{
    char folder[FILE_PATH], path[FILE_PATH];
    if (d->o->model) return OK;
    TRY(path_join(folder, d->out, "model"));
    TRY(folder_make(folder));
    for (const EmbeddedFile *f = embedded_model; f->name; f++) {
        TRY(path_join(path, folder, f->name));
        TRY(file_save(path, f->data, (size_t)(f->end - f->data)));
    }
    return OK;
}

static void clear(const Demo *d)
{
    char path[FILE_PATH], name[40];
    for (int seed = -1; seed < d->seeds; seed++) {
        snprintf(name, sizeof name, "seed-%d", seed);
        if (path_join(path, d->out, seed < 0 ? "model" : name) == OK) folder_discard(path);
    }
}

// ---- the demo -----------------------------------------------------------------------------------

static Status one_method(Demo *d, int method, int seed)
{
    const DemoMethod *m = &demo_methods[method];
    Tally *t = &d->tally[seed * DEMO_METHODS + method], *line = d->line + seed * DEMO_ALPHAS;
    double start = seconds_now();
    if (m->train) {
        TRY(run_line(d, "train", VERB_TRAIN, d->train, m->train, seed));
        progress_add(&d->progress, d->o->n * d->o->epochs);
    }
    TRY(ask_line(d, method == WISE_ROW ? line : t, m->ask, seed));
    if (method == WISE_ROW) *t = line[HALF];
    t->seconds = seconds_now() - start;
    return tell(d, method, seed);
}

static Status all_seeds(Demo *d)
{
    int64_t asked = (DEMO_METHODS - 1 + DEMO_ALPHAS) * TESTS * d->o->n_test, trained = 0;
    for (int m = 0; m < DEMO_METHODS; m++)
        if (demo_methods[m].train) trained += d->o->n * d->o->epochs;
    d->progress = progress_begin("demo", (asked + trained) * d->seeds, d->o->quiet);
    for (int seed = 0; seed < d->seeds; seed++) {
        TRY(run_line(d, "data world", VERB_WORLD, verb_world, demo_world, seed));
        for (int m = 0; m < DEMO_METHODS; m++) TRY(one_method(d, m, seed));
    }
    return OK;
}

static Status in_folder(Demo *d)
{
    TRY(write_commands(d));
    TRY(write_model(d));
    Status status = all_seeds(d);
    progress_end(&d->progress);
    TRY(status);
    TRY(demo_page(d));
    if (!d->o->json) print_table(d);
    say(d->o, "report: %s/report.html", d->out);
    return OK;
}

static Status settings(Options *o)
{
    const Backend *be;
    char *whole;
    TRY(options_default(o, "n-test", "600", FROM_METHOD));
    TRY(options_default(o, "epochs", "4", FROM_METHOD));
    if (!o->model && !embedded_model[0].name)
        return err_set(ERR_UNSUPPORTED, "demo: this program was built without weights/world: "
                       "--model PATH names another small CLIP");
    if (!o->model) return setup_machine(o, &be);
    whole = realpath(o->model, NULL);          // commands are typed in another folder
    if (!whole) return err_set(ERR_IO, "model: %s: no such file or folder", o->model);
    o->model = arena_string(&o->arena, whole);
    free(whole);
    return o->model ? setup_machine(o, &be) : err_memory("demo");
}

Status demo(Options *o, Status (*train)(Options *o))
{
    char out[FILE_PATH];
    TRY(settings(o));
    TRY(open_folder(out, o));
    size_t seeds = (size_t)o->seeds;
    Demo d = { .o = o, .out = out, .train = train, .seeds = (int)o->seeds,
               .tally = calloc(seeds * DEMO_METHODS, sizeof *d.tally),
               .line = calloc(seeds * DEMO_ALPHAS, sizeof *d.line) };
    Status status = d.tally && d.line ? in_folder(&d) : err_memory("demo");
    if (!o->out) clear(&d);
    free(d.tally);
    free(d.line);
    return status;
}

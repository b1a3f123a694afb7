// test_recipe.c - each recipe on folders in the shape of its benchmark, and on real pictures where
// ../shared has them: which pictures, which classes in which order, which settings.
#include "clip/config.h"
#include "data/set/lists.h"
#include "proreg/verb/ask.h"
#include "tensor/base/name.h"
#include "test/program.h"

#define SHARED "../shared/data/"

static int number;             // of the pictures made

static void pictures(const char *folder, const char *const *classes, int n, int each)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < each; i++, number++) {
            char name[300];
            snprintf(name, sizeof name, "%s/%s/%d.ppm", folder, classes[k], i);
            folder_picture(&world, name, number);
        }
}

// FOLDER/SPLIT/CLASS/FILE for the recipe's own classes.
static void split_tree(const char *folder, const char *recipe)
{
    static const char *const split[] = { "train", "test" };
    Options o = { 0 };
    Items classes;
    char path[200];
    CHECK_OK(options_split(&o, recipe_find(recipe)->class_list, &classes));
    for (int s = 0; s < 2; s++) {
        snprintf(path, sizeof path, "%s/%s", folder, split[s]);
        pictures(path, classes.item, classes.n, s + 1);
    }
    options_free(&o);
}

static bool says(const char *text, const char *word)
{
    return CHECK(strstr(text, word), "no `%s` in: %.2000s", word, text);
}

static void config_has(const char *run, const char *const *word, int n)
{
    char name[100];
    snprintf(name, sizeof name, "%s/config.json", run);
    const char *config = program_file(name, NULL);
    for (int i = 0; i < n; i++) says(config, word[i]);
}

// ---- one a benchmark ----------------------------------------------------------------------------

// BAR and both halves of NICO: splits, a class list, a prompt, RandAugment, alpha by the method.
static void by_split(void)
{
    static const struct { const char *name, *word[5]; int n; } set[] = {
        { "bar", { "\"alpha\": 1", "the man is {}.", "\"randaug\"", "\"pole vaulting\"" }, 6 },
        { "nico", { "\"alpha\": 2", "this is {}.", "\"randaug\"", "\"monkey\"" }, 10 },
        { "nico-vehicle", { "\"alpha\": 1.5", "this is {}.", "\"randaug\"", "\"truck\"" }, 9 },
    };
    for (int i = 0; i < 3; i++) {
        char n[40], run[40];
        split_tree(set[i].name, set[i].name);
        snprintf(run, sizeof run, "run-%s", set[i].name);
        CHECK(proreg("train --model $M --recipe %s --data $W/%s --max-steps 1 --out $W/%s --json",
                     set[i].name, set[i].name, run) == 0, "%s", program_stderr());
        snprintf(n, sizeof n, "\"n\": %d,", 2 * set[i].n);
        says(program_stdout(), n);
        config_has(run, set[i].word, 4);
        CHECK(proreg("data check $W/%s --recipe %s", set[i].name, set[i].name) == 0, "%s",
              program_stdout());
        says(program_stdout(), " 0 findings");
    }
    CHECK(proreg("train --model $M --recipe nico --data $W/nico --method kd --plan -q") == 0, "%s",
          program_stderr());
    CHECK(proreg("train --model $M --recipe bar --data $W/nico --plan") == 1, "other classes");
    says(program_stderr(), "class bear is not one of the 6");
}

// What a flag overrides is not published any more; what the method does not use, neither.
static void published(void)
{
    static const struct { const char *flags, *list; } runs[] = {
        { "", "[\"template\",\"alpha\",\"schedule\"]" },
        { "--alpha 3 --epochs 9", "[\"template\"]" },
        { "--template '{}' --batch 128", "[\"alpha\"]" },
        { "--method kd --augment none", "[\"template\",\"kd_alpha\"]" },
        { "--method kd --alpha 1", "[\"template\",\"schedule\"]" },     // proreg's alpha
        { "--method finetune", "[\"template\",\"schedule\"]" },
    };
    split_tree("pub", "bar");
    for (int i = 0; i < TEST_COUNT(runs); i++) {
        char name[60], list[120];
        size_t n = 0;
        CHECK(proreg("train --model $M --recipe bar --data $W/pub --max-steps 1 -q --out $W/pub%d "
                     "%s", i, runs[i].flags) == 0, "%s", program_stderr());
        snprintf(name, sizeof name, "pub%d/config.json", i);
        const char *at = strstr(program_file(name, NULL), "\"recipe_published\": ");
        if (!CHECK(at, "%s: no list", name)) continue;
        for (at = strchr(at, '['); at[-1] != ']' && n + 1 < sizeof list; at++)
            if (*at > ' ') list[n++] = *at;                // without blanks and line ends
        list[n] = 0;
        CHECK(!strcmp(list, runs[i].list), "%s: %s", runs[i].flags, list);
    }
}

static const char *const styles[] = { "art_painting", "cartoon", "photo", "sketch" };

// A line a picture, labels from 1, as the official lists have them.
static void pacs_list(const char *style, const char *which, const char *const *classes, int each)
{
    char name[100], text[4000];
    size_t used = 0;
    for (int k = 0; k < 7; k++)
        for (int i = 0; i < each; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s/%s/%d.ppm %d\n", style,
                                     classes[k], i, k + 1);
    snprintf(name, sizeof name, "lists/%s_%s_kfold.txt", style, which);
    folder_text(&world, name, text);
}

static void pacs_tree(void)
{
    Options o = { 0 };
    Items classes;
    CHECK_OK(options_split(&o, recipe_find("pacs")->class_list, &classes));
    for (int s = 0; s < 4; s++) {
        char folder[100];
        snprintf(folder, sizeof folder, "pacs/%s", styles[s]);
        pictures(folder, classes.item, 7, s == 3 ? 3 : 2);
        pacs_list(styles[s], "train", classes.item, 1);
        pacs_list(styles[s], "test", classes.item, 2);
    }
    options_free(&o);
}

// One style is named; the model is trained on the other three.
static void one_unseen(void)
{
    static const char *const word[] = { "\"train_domains\": \"art_painting,cartoon,photo\"",
                                        "\"alpha\": 2", "\"label_base\": 0" };
    static const char *const other[] = { "\"eval_domains\": \"art_painting,cartoon,sketch\"" };
    CHECK(proreg("train --model $M --recipe pacs --data $W/pacs --eval-domains sketch "
                 "--max-steps 1 --out $W/sketch --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"domain\": \"sketch\", \"n\": 21,");
    CHECK(!strstr(program_stderr(), "trained on and"), "%s", program_stderr());
    config_has("sketch", word, 3);
    CHECK(proreg("train --model $M --recipe pacs --data $W/pacs --train-domains photo,sketch "
                 "--eval-domains sketch --max-steps 1 --out $W/seen") == 0, "both sides");
    says(program_stderr(), "sketch is trained on and evaluated on");
    CHECK(proreg("train -q --model $M --recipe pacs --data $W/pacs --train-domains photo "
                 "--max-steps 1 --out $W/photo") == 0, "%s", program_stderr());
    config_has("photo", other, 1);
    CHECK(proreg("zeroshot --model $M --recipe pacs --data $W/pacs --json") == 0, "%s",
          program_stderr());
    for (int s = 0; s < 4; s++) says(program_stdout(), styles[s]);
    says(program_stdout(), "\"domain\": \"all\", \"n\": 63,");
}

static void by_lists(void)
{
    static const char *const word[] = { "photo_train_kfold.txt", "\"label_base\": 1" };
    CHECK(proreg("train --model $M --recipe pacs --data $W/pacs --lists $W/lists --max-steps 1 "
                 "--eval-domains sketch --out $W/listed --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"domain\": \"sketch\", \"n\": 14,");
    config_has("listed", word, 2);
    const char *samples = program_file("listed/samples.jsonl", NULL);
    CHECK(!strstr(samples, "sketch/"), "trained on the unseen style");
    // Another unseen style in a run that is repeated: its lists follow.
    CHECK(proreg("train -q --config $W/listed/config.json --eval-domains photo --out $W/again "
                 "--json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"domain\": \"photo\", \"n\": 14,");
    const char *again = program_file("again/samples.jsonl", NULL);
    CHECK(!strstr(again, "photo/") && strstr(again, "sketch/"), "its own lists: %s", again);
    CHECK(proreg("eval --run $W/listed --eval-domains cartoon --json") == 0, "%s",
          program_stderr());
    says(program_stdout(), "\"domain\": \"cartoon\", \"n\": 14,");
    CHECK(proreg("data check $W/pacs --recipe pacs --lists $W/lists --eval-domains photo") == 0,
          "%s", program_stdout());
    says(program_stdout(), "sketch_train_kfold.txt       sketch           dog ");
}

static void refused(void)
{
    static const struct { const char *arguments; int status; const char *word; } bad[] = {
        { "train --model $M --recipe pacs --data $W/pacs --out $W/x", 2,
          "which domain is unseen: --eval-domains, of art_painting,cartoon,photo,sketch" },
        { "train --model $M --recipe pacs --data $W/pacs --out $W/x --eval-domains "
          "art_painting,cartoon,photo,sketch", 2, "leaves no domain for the other side" },
        { "train --model $M --recipe pacs --data $W/pacs --out $W/x --eval-domains sketches", 1,
          "no domain called sketches: did you mean sketch" },
        { "zeroshot --model $M --data $W/pacs --lists $W/lists", 2, "goes with --recipe" },
        { "zeroshot --model $M --recipe bar --data $W/bar --lists $W/lists", 2,
          "recipe bar has none" },
        { "zeroshot --model $M --recipe pacs --data $W/pacs --lists $W/a,b", 2, "a comma" },
        { "zeroshot --model $M --recipe pacs --data $W/pacs --lists $W/none", 1,
          "none/art_painting_test_kfold.txt" },
        { "zeroshot --model $M --recipe pacs --data $W/pacs --lists $W/lists --eval-domains Sketch",
          2, "has no domain Sketch: did you mean sketch" },
        { "info --recipe bar --machine", 2, "either a PATH, --machine or --recipe" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int status = proreg("%s", bad[i].arguments);
        CHECK(status == bad[i].status, "%s: %d", bad[i].arguments, status);
        says(program_stderr(), bad[i].word);
    }
}

// In DomainNet's own order, which byte order is not, whether labels come from folders or lists.
static const char *const tricky[] = { "The_Mona_Lisa", "cell_phone", "cello", "paint_can",
                                      "paintbrush", "t-shirt", "table", "teddy-bear", "umbrella" };
static const char *const official[] = { "cello", "cell_phone", "paintbrush", "paint_can", "table",
                                        "teddy-bear", "The_Mona_Lisa", "t-shirt", "umbrella" };

static void domainnet_list(const char *domain, const char *which, const char *const *order)
{
    char name[100], text[2000];
    size_t used = 0;
    for (int k = 0; k < 9; k++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s/%s/0.ppm %d\n", domain,
                                 order[k], k);
    snprintf(name, sizeof name, "lists/%s_%s.txt", domain, which);
    folder_text(&world, name, text);
}

static void domainnet(void)
{
    static const char *const domain[] = { "clipart", "painting", "real", "sketch", "quickdraw" };
    static const char *const word[] = {
        "\"class_order\": [\n    \"cello\",\n    \"cell_phone\",\n    \"paintbrush\",\n    "
        "\"paint_can\",\n    \"table\",\n    \"teddy-bear\",\n    \"The_Mona_Lisa\",\n    "
        "\"t-shirt\",\n    \"umbrella\"\n  ]", "\"train_domains\": \"sketch\"" };
    for (int d = 0; d < 5; d++) {
        char folder[100];
        snprintf(folder, sizeof folder, "domainnet/%s", domain[d]);
        pictures(folder, tricky, 9, 1 + (d == 3));
        domainnet_list(domain[d], "train", official);
        domainnet_list(domain[d], "test", official);
    }
    CHECK(proreg("train --model $M --recipe domainnet --data $W/domainnet --max-steps 1 "
                 "--out $W/dn --json") == 0, "%s", program_stderr());
    says(program_stderr(), "recipe domainnet has 345 classes, this data 9");
    says(program_stdout(), "\"domain\": \"all\", \"n\": 27,");
    CHECK(!strstr(program_stdout(), "quickdraw"), "quickdraw is not asked for");
    config_has("dn", word, 2);
    CHECK(proreg("train --model $M --recipe domainnet --data $W/domainnet --lists $W/lists "
                 "--max-steps 1 --out $W/dnl --json") == 0, "%s", program_stderr());
    config_has("dnl", word, 2);
    CHECK(proreg("data check $W/domainnet --recipe domainnet --lists $W/lists") == 0, "check");
    CHECK(!strstr(program_stdout(), "class order"), "official: %s", program_stdout());
    domainnet_list("sketch", "train", tricky);
    CHECK(proreg("data check $W/domainnet --recipe domainnet --lists $W/lists") == 0, "check");
    says(program_stdout(), "class order: sketch_train.txt: label 1 is cell_phone");
}

// The archive writes a domain with a blank where lists have an underscore.
static void officehome(void)
{
    static const char *const domain[] = { "Art", "Clipart", "Product", "Real World" };
    static const char *const classes[] = { "Alarm_Clock", "Bike", "TV", "ToothBrush" };
    for (int d = 0; d < 4; d++) {
        char folder[100];
        snprintf(folder, sizeof folder, "office/%s", domain[d]);
        pictures(folder, classes, 4, d + 1);
    }
    CHECK(proreg("train --model $M --recipe officehome --data $W/office --eval-domains Real_World "
                 "--max-steps 1 --out $W/oh --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"domain\": \"Real World\", \"n\": 16,");
    CHECK(proreg("zeroshot -q --model $M --recipe officehome --data $W/office --json") == 0, "%s",
          program_stderr());
    says(program_stdout(), "\"domain\": \"all\", \"n\": 40,");
    folder_text(&world, "office/lists/Real_World.txt", "Real_World/Bike/0.ppm 0\n");
    CHECK(proreg("zeroshot --model $M --recipe officehome --data $W/office --lists $W/office/lists "
                 "--eval-domains Real_World") == 1, "a folder called otherwise");
    says(program_stderr(), "rename `Real World`, as the list calls it");
}

static void told(void)
{
    CHECK(proreg("info --recipe pacs") == 0, "%s", program_stderr());
    says(program_stdout(), "template       published  this is {}.");
    says(program_stdout(), "alpha of kd    ours       0.5");
    for (const Recipe *r = recipes; r->name; r++)
        CHECK(proreg("info --recipe %s --json", r->name) == 0, "%s", program_stderr());
    for (const Recipe *r = recipes; r->name; r++) {
        bool train = r->train_list && strchr(r->train_list, '%');
        bool eval = r->eval_list && strchr(r->eval_list, '%');
        CHECK(train == eval && (train ? r->domains != NULL : !r->train_list && !r->eval_list),
              "%s: lists of both sides, a %% for the domain, and domains", r->name);
    }
}

// The command line offers each row of the tables and nothing else.
static void choices(void)
{
    char all[300] = "--recipe ", methods_[300] = "--method ";
    for (const Recipe *r = recipes; r->name; r++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", r == recipes ? "" : "|",
                 r->name);
    for (const Method *m = methods; m->name; m++)
        snprintf(methods_ + strlen(methods_), sizeof methods_ - strlen(methods_), "%s%s",
                 m == methods ? "" : "|", m->name);
    CHECK(proreg("train --help") == 0, "%s", program_stderr());
    says(program_stdout(), strcat(all, "\n"));            // the list is whole
    says(program_stdout(), strcat(methods_, "\n"));
}

// ---- real pictures ------------------------------------------------------------------------------

static bool shared(const char *folder)
{
    if (folder_exists(folder)) return true;
    test_skip("no ../shared");
    return false;
}

static void real_bar(void)
{
    if (!shared(SHARED "BAR")) return;
    CHECK(proreg("train --model $M --recipe bar --data " SHARED "BAR --max-steps 2 "
                 "--out $W/bar-run --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"step\": 2, \"split\": \"test\", \"domain\": \"\", \"n\": 654,");
}

static void real_pacs(void)
{
    if (!shared(SHARED "PACS")) return;
    CHECK(proreg("train --model $M --recipe pacs --data " SHARED "PACS --eval-domains sketch "
                 "--max-steps 2 --out $W/pacs-run --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"step\": 2, \"split\": \"\", \"domain\": \"sketch\", \"n\": 1281,");
    CHECK(proreg("zeroshot --model $M --recipe pacs --data " SHARED "PACS --lists " SHARED
                 "PACS/splits/subset --json") == 0, "%s", program_stderr());
    says(program_stdout(), "\"domain\": \"photo\", \"n\": 671,");
    says(program_stdout(), "\"domain\": \"all\", \"n\": 3714,");
}

// DomainNet's official order of all 345 names.
static void real_order(void)
{
    Arena arena = { 0 };
    Lines names;
    if (!shared(SHARED "lists")) return;
    CHECK_OK(lines_read(&names, &arena, SHARED "lists/DomainNet_official_order.txt"));
    CHECK(names.n == 345, "%d", (int)names.n);
    for (int64_t i = 1; i < names.n; i++)
        CHECK(name_order(names.name[i - 1], names.name[i], true) < 0, "%s, %s", names.name[i - 1],
              names.name[i]);
    arena_free(&arena);
}

static const TestCase cases[] = {
    { "by_split", by_split }, { "published", published }, { "one_unseen", one_unseen },
    { "by_lists", by_lists },
    { "refused", refused }, { "domainnet", domainnet }, { "officehome", officehome },
    { "told", told }, { "choices", choices },
    { "real_bar", real_bar }, { "real_pacs", real_pacs },
    { "real_order", real_order },
};

int main(void)
{
    ClipConfig config = program_small;
    config.context = 48;
    if (!program_open(&config)) return 0;
    pacs_tree();
    int failed = test_main("recipe", cases, TEST_COUNT(cases));
    program_close();
    return failed;
}

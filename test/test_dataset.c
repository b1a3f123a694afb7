// test_dataset.c - folders and lists: layouts, splits, classes, and what is refused.
#include "data/set/classnames.h"
#include "data/set/dataset.h"
#include "data/set/lists.h"
#include "tensor/base/name.h"
#include "test/sets.h"

static void layouts(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{cat,dog}/{b,a}.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path })) {
        CHECK_TOLD(&d, &d.train, "cat/a.ppm cat; cat/b.ppm cat; dog/a.ppm dog; dog/b.ppm dog");
        CHECK(d.eval.n == 4 && d.class_count == 2 && !*d.train.split, "no splits");
        CHECK(d.note && strstr(d.note, "what is trained on"), "%s", d.note);
    }
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{train,test}/{cat,pole vaulting}/{1,2}.ppm");
    folder_text(&f, "classes.txt", "cat\n");
    folder_text(&f, "train/cat/notes.txt", "none");
    folder_picture(&f, "train/cat/.hidden.ppm", 1);
    if (opens(&d, (DatasetOptions){ .root = f.path, .eval_split = "test" })) {
        CHECK_TOLD(&d, &d.train,
                   "train/cat/1.ppm cat; train/cat/2.ppm cat; train/pole vaulting/1.ppm "
                   "pole vaulting; train/pole vaulting/2.ppm pole vaulting");
        CHECK(d.eval.n == 4 && !strcmp(d.eval.split, "test") && !d.note && !d.strays, "test");
    }
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{photo,sketch}/{dog,horse}/x.ppm");
    folder_text(&f, "splits/official/a.txt", "x 1\n");
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_domains = "photo",
                                    .eval_domains = "sketch" })) {
        CHECK_TOLD(&d, &d.train, "photo/dog/x.ppm dog photo; photo/horse/x.ppm horse photo");
        CHECK_TOLD(&d, &d.eval, "sketch/dog/x.ppm dog sketch; sketch/horse/x.ppm horse sketch");
    }
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{photo,sketch}/{train,val,mine}/{dog,horse}/x.PPM");
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_split = "mine",
                                    .train_domains = "sketch" })) {
        CHECK_TOLD(&d, &d.train, "sketch/mine/dog/x.PPM dog sketch; "
                   "sketch/mine/horse/x.PPM horse sketch");
        CHECK(d.eval.n == 10 && d.domain_count == 2 && d.split_count == 3 &&
              !strcmp(d.eval.split, "val, mine, train"), "all but sketch/mine: %s", d.eval.split);
    }
    dataset_close(&d);
    folder_close(&f);
}

// Order is that of the bytes of whole paths: "a-b" comes before "a/b", and upper case first.
static void byte_order(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{a,a-b,B}/{x,X}.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path }))
        CHECK_TOLD(&d, &d.train, "B/X.ppm B; B/x.ppm B; a-b/X.ppm a-b; a-b/x.ppm a-b; a/X.ppm a; "
                   "a/x.ppm a");
    CHECK(!strcmp(d.classes[1].name, "a") && !strcmp(d.classes[2].name, "a-b"), "classes by name");
    dataset_close(&d);
    folder_close(&f);
}

static void classnames(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{train,test}/{bear,t_shirt,zebra}/1.ppm");
    folder_text(&f, "order.txt", "\xef\xbb\xbfzebra\r\n\r\n  t shirt \r\nbear");
    folder_text(&f, "rename.txt", "brown bear\nshirt_with_text\nstriped horse\n");
    folder_text(&f, "mixed.txt", "bear\nt_shit\nzebra\n");
    folder_text(&f, "short.txt", "bear\nzebra\n");
    folder_text(&f, "few.txt", "one\ntwo\n");
    folder_text(&f, "twice.txt", "bear\nzebra\nbear\n");
    folder_text(&f, "empty.txt", "\n \n");
    const char *name[7];
    static const char *const file[7] = { "order.txt", "rename.txt", "mixed.txt", "short.txt",
                                         "few.txt", "twice.txt", "empty.txt" };
    for (int i = 0; i < 7; i++) name[i] = folder_name(&f, file[i]);
    if (opens(&d, (DatasetOptions){ .root = f.path, .classnames = name[0] })) {
        CHECK(!strcmp(d.classes[1].name, "t_shirt") && !strcmp(d.classes[1].prompt, "t shirt"),
              "1");
        CHECK(d.train.sample[0].label == 2 && d.train.sample[2].label == 0, "ordered");
    }
    dataset_close(&d);
    refuses((DatasetOptions){ .root = f.path, .classnames = name[1] }, ERR_FORMAT, "--rename");
    if (opens(&d, (DatasetOptions){ .root = f.path, .classnames = name[1], .rename = true })) {
        CHECK(!strcmp(d.classes[1].name, "shirt_with_text") && !strcmp(d.classes[1].folder,
                                                                       "t_shirt") &&
              !strcmp(d.classes[1].prompt, "shirt with text"), "renamed");
        CHECK(d.train.sample[1].label == 1, "same order");
    }
    dataset_close(&d);
    refuses((DatasetOptions){ .root = f.path, .classnames = name[2] }, ERR_FORMAT,
            "did you mean t_shirt");
    refuses((DatasetOptions){ .root = f.path, .classnames = name[3] }, ERR_FORMAT,
            "t_shirt is not in it");
    refuses((DatasetOptions){ .root = f.path, .classnames = name[4] }, ERR_SHAPE,
            "2 names for 3 classes");
    refuses((DatasetOptions){ .root = f.path, .classnames = name[5] }, ERR_FORMAT,
            "bear stands there twice");
    refuses((DatasetOptions){ .root = f.path, .classnames = name[6] }, ERR_FORMAT, "no names");
    refuses((DatasetOptions){ .root = f.path, .classnames = name[2], .rename = true }, ERR_FORMAT,
            "did you mean t_shirt");
    refuses((DatasetOptions){ .root = f.path, .classnames = "/nowhere" }, ERR_IO, "/nowhere");
    folder_close(&f);
}

// Why a file of names is refused: the file, its line as an editor counts, and no false suggestion.
static void refused_classnames(void)
{
    static const struct { const char *file, *word; } bad[] = {
        { "\nbear\n\nt_shit\nzebra\n",
          "names.txt: line 4: t_shit is no class folder, though 2 other lines are: did you mean "
          "t_shirt" },
        { "bear\nt_shirt\nzebra\nzebras\n",
          "names.txt: line 4: zebras is no class folder, though 3 other lines are" },
        { "bear\n\nt_shirt\nBear\nzebra\n",
          "names.txt: line 4: class folder bear stands there twice" },
        { "0 bear\n1 t_shirt\n1 zebra\n", "names.txt: line 3: number 1: its numbers are not 0..2" },
        { "0 bear\n3 t_shirt\n1 zebra\n", "names.txt: line 2: number 3: its numbers are not 0..2" },
        { "2 bear\n3 t_shirt\n4 zebra\n", "names.txt: line 1: number 2: its numbers are not 0..2" },
        { "bear,t_shirt,zebra\n",
          "names.txt: line 1: bear,t_shirt,zebra: names with commas between them: there must be" },
        { "\n\"bear\", \"t_shirt\", \"zebra\"", "names.txt: line 2: \"bear\", \"t_shirt\"" },
        { "one,two,three\n", "one,two,three: names with commas between them" },
        { "[\n\"bear\",\n\"t_shirt\",\n\"zebra\"\n]\n", "names.txt: line 1: [: a list in JSON" },
        { "{\"0\": \"bear\", \"1\": \"t_shirt\", \"2\": \"zebra\"}\n", "a list in JSON" },
    };
    Folder f = folder_open();
    ClassNames c;
    Arena arena = { 0 };
    plant(&f, "{bear,t_shirt,zebra}/1.ppm");
    for (int i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
        folder_text(&f, "names.txt", bad[i].file);
        refuses((DatasetOptions){ .root = f.path, .classnames = folder_name(&f, "names.txt") },
                ERR_FORMAT, bad[i].word);
    }
    CHECK(!strstr(err_msg(), "did you mean"), "%s", err_msg());
    folder_text(&f, "names.txt", "bear\nt_shirt\nzebra\nzebras\n");
    refuses((DatasetOptions){ .root = f.path, .classnames = folder_name(&f, "names.txt") },
            ERR_FORMAT, "line 4");
    CHECK(!strstr(err_msg(), "did you mean"), "zebra has its line: %s", err_msg());
    folder_text(&f, "names.txt", "cat,dog\n");
    CHECK_STATUS(classnames_read(&c, &arena, folder_name(&f, "names.txt")), ERR_FORMAT,
                 "line 1: cat,dog: names with commas");
    folder_text(&f, "names.txt", "\"cat, or lynx\"\n");
    if (CHECK_OK(classnames_read(&c, &arena, folder_name(&f, "names.txt"))))
        CHECK(c.n == 1 && !strcmp(c.item[0].name, "cat, or lynx"), "quoted");
    folder_text(&f, "names.txt", "0,cat\n");
    if (CHECK_OK(classnames_read(&c, &arena, folder_name(&f, "names.txt"))))
        CHECK(c.n == 1 && !strcmp(c.item[0].name, "cat"), "numbered");
    arena_free(&arena);
    folder_close(&f);
}

// "name=folder:prompt, .." of the classes.
static const char *called(const Dataset *d)
{
    static char text[1000];
    size_t used = 0;
    text[0] = 0;
    for (int k = 0; k < d->class_count && used < sizeof text - 200; k++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s:%s", k ? ", " : "",
                                 d->classes[k].name, d->classes[k].folder ? d->classes[k].folder
                                 : "none", d->classes[k].prompt);
    return text;
}

// Lines that are folders by another spelling, with a number, or with a name behind.
static void spelled_classnames(void)
{
    static const char own[] = "t-shirt=t-shirt:t-shirt, Big cat=Big cat:Big cat, star=star:star";
    static const char folders[] = "t-shirt=t-shirt:T shirt, Big cat=Big cat:BIG CAT, "
                                  "star=star:Star";
    static const struct { const char *file, *want; } good[] = {
        { "t-shirt\nBig cat\nstar\n", own },
        { "T_shirt\nBIG CAT\nStar\n", folders },
        { "\"T shirt\"\n\"BIG_CAT\"\n'Star'\n", folders },
        { "0 T shirt\n1 BIG CAT\n2 Star\n", folders },
        { "2,BIG CAT\n3,Star\n1,T shirt\n", folders },
        { "1\tbig-cat\n0\tt-shirt\n2\tstar\n",
          "t-shirt=t-shirt:t-shirt, Big cat=Big cat:big-cat, star=star:star" },
        { "\"0\", \"T shirt\"\n\"1\", \"BIG CAT\"\n\"2\", \"Star\"\n", folders },
        { "star 2\nBig cat 1\nt-shirt 0\n", NULL },
        { "star,2\nBig cat,1\nt-shirt,0\n", own },
        { "star: sun, or moon\nbig cat: lion\nt-shirt: top\n",
          "sun, or moon=star:sun, or moon, lion=Big cat:lion, top=t-shirt:top" },
        { "0 star\n0 Big cat\n1 t-shirt\n", "its numbers are not 0..2 or 1..3" },
        { "star\nSTAR\nBig cat\nt-shirt\n", "class folder star stands there twice" },
        { "star\nBig cat\n", "class folder t-shirt is not in it" },
        { "0 sun\n1 lion\n2 top\n", "--rename names the folders by order" },
    };
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{Big cat,star,t-shirt}/1.ppm");
    for (int i = 0; i < (int)(sizeof good / sizeof *good); i++) {
        folder_text(&f, "names.txt", good[i].file);
        DatasetOptions o = { .root = f.path, .classnames = folder_name(&f, "names.txt") };
        if (good[i].want && !strchr(good[i].want, '=')) {
            refuses(o, ERR_FORMAT, good[i].want);
        } else if (!good[i].want) {
            refuses(o, ERR_FORMAT, "is no class folder");      // `Big cat 1` has two blanks
        } else if (opens(&d, o)) {
            CHECK(!strcmp(called(&d), good[i].want), "%s\n    got  %s\n    want %s", good[i].file,
                  called(&d), good[i].want);
            CHECK(!d.renamed, "%s", good[i].file);
        }
        if (good[i].want && strchr(good[i].want, '=')) dataset_close(&d);
    }
    folder_close(&f);
    f = folder_open();
    plant(&f, "{n01440764,n01443537}/1.ppm");
    folder_text(&f, "names.txt", "n01443537 goldfish, Carassius\nn01440764 tench\n");
    if (opens(&d, (DatasetOptions){ .root = f.path, .classnames = folder_name(&f, "names.txt") }))
        CHECK(!strcmp(called(&d), "goldfish, Carassius=n01443537:goldfish, Carassius, "
                      "tench=n01440764:tench"), "%s", called(&d));
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{Dog,dog2}/1.ppm");
    plant(&f, "dog/1.ppm");
    folder_text(&f, "names.txt", "DOG\ndog2\ndog\n");
    refuses((DatasetOptions){ .root = f.path, .classnames = folder_name(&f, "names.txt") },
            ERR_FORMAT, "line 1: DOG: may be several class folders");
    folder_close(&f);
}

// A list of numbers may have names without pictures; a line in another form is no name of them.
static void named_numbers(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{cat,dog}/1.ppm");
    folder_text(&f, "list.txt", "cat/1.ppm 0\ndog/1.ppm 2\n");
    folder_text(&f, "names.txt", "0,Cat\n1,cow\n2,Dog\n");
    DatasetOptions o = { .root = f.path, .sides = DATASET_TRAIN,
                         .train_list = folder_name(&f, "list.txt"),
                         .classnames = folder_name(&f, "names.txt") };
    if (opens(&d, o)) CHECK(!strcmp(called(&d), "cat=cat:Cat, cow=none:cow, dog=dog:Dog"), "%s",
                            called(&d));
    dataset_close(&d);
    folder_text(&f, "names.txt", "0,Cat\ncow\n2,Dog\n");
    refuses(o, ERR_FORMAT, "line 2: cow is no class folder, though 2 other lines are");
    folder_close(&f);
}

// Names behind folders may stand twice too. What is numbered apart meets no name of the file.
static void apart(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{n02012849,n03126707,n3,n4}/1.ppm");
    folder_text(&f, "names.txt", "n02012849 crane\nn4 crane (2)\nn03126707 crane\nn3 crane\n");
    DatasetOptions o = { .root = f.path, .classnames = folder_name(&f, "names.txt") };
    if (opens(&d, o)) {
        CHECK(!strcmp(called(&d), "crane=n02012849:crane, crane (2)=n4:crane (2), "
                      "crane (3)=n03126707:crane, crane (4)=n3:crane"), "%s", called(&d));
        CHECK(d.class_note && strstr(d.class_note, "apart, with one prompt: crane (3), crane (4)"),
              "%s", d.class_note ? d.class_note : "none");
    }
    dataset_close(&d);
    folder_text(&f, "names.txt", "crane\ncrane\ncrane (2)\nn4\n");
    Arena arena = { 0 };
    ClassNames c;
    if (CHECK_OK(classnames_read(&c, &arena, folder_name(&f, "names.txt"))))
        CHECK(c.n == 4 && !strcmp(c.item[1].name, "crane (3)") &&
              !strcmp(c.item[1].prompt, "crane") && c.item[1].numbered &&
              !strcmp(c.item[2].name, "crane (2)") && !c.item[2].numbered, "%s", c.item[1].name);
    arena_free(&arena);
    folder_close(&f);
}

// Told to rename, names that stand twice are numbered apart and keep one prompt.
static void renamed(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{a,b,c,d}/1.ppm");
    folder_text(&f, "names.txt", "0,crane\n1,\"moth, or bat\"\n3,crane\n2,crane\n");
    DatasetOptions o = { .root = f.path, .classnames = folder_name(&f, "names.txt"),
                         .rename = true };
    if (opens(&d, o)) {
        CHECK(!strcmp(called(&d), "crane=a:crane, moth, or bat=b:moth, or bat, crane (2)=c:crane, "
                      "crane (3)=d:crane"), "%s", called(&d));
        CHECK(d.renamed && d.class_note && strstr(d.class_note, "crane (2), crane (3)"), "%s",
              d.class_note ? d.class_note : "none");
    }
    dataset_close(&d);
    folder_text(&f, "names.txt", "crane\nmoth\nbat\nCrane\n");
    refuses(o, ERR_FORMAT, "classes: crane and Crane have the same prompt");
    o.equal_prompts = true;
    if (opens(&d, o)) CHECK(!strcmp(d.equal_note, "crane and Crane"), "%s", d.equal_note);
    dataset_close(&d);
    folder_close(&f);
}

// Folders that a tokenizer sees as one, and one class in two normal forms of Unicode.
static void equal_classes(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{train,test}/{a_b,cat}/1.ppm");
    plant(&f, "train/a b/1.ppm");
    DatasetOptions o = { .root = f.path, .eval_split = "test" };
    refuses(o, ERR_FORMAT, "a b and a_b have the same prompt: a b (--equal-prompts");
    o.equal_prompts = true;
    if (opens(&d, o))
        CHECK(d.class_count == 3 && d.eval.sample[0].label == 1 && d.equal_note, "as they are");
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "train/{caf\xc3\xa9,square}/1.ppm");
    plant(&f, "test/{cafe\xcc\x81,square}/1.ppm");
    o = (DatasetOptions){ .root = f.path, .eval_split = "test" };
    if (opens(&d, o)) CHECK(d.class_count == 2 && d.eval.n == 2 && !d.eval.sample[0].label, "one");
    dataset_close(&d);
    CHECK(!name_same("caf\xe9", "caf\xc3\xa9") && !name_same("\xe9", "\xe8"), "no UTF-8");
    folder_close(&f);
    f = folder_open();
    plant(&f, "photo/{caf\xc3\xa9,square}/1.ppm");
    plant(&f, "sketch/{cafe\xcc\x81,square}/1.ppm");
    refuses((DatasetOptions){ .root = f.path }, ERR_SHAPE, "another normal form of Unicode");
    folder_close(&f);
}

// A folder without pictures is a class to every side, in every domain.
static void empty_classes(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{train,test}/{cat,dog}/1.ppm");
    CHECK_OK(folder_make(folder_name(&f, "train/cow")));
    CHECK_OK(folder_make(folder_name(&f, "test/ant")));
    for (int sides = 0; sides <= DATASET_EVAL; sides += DATASET_EVAL)
        if (opens(&d, (DatasetOptions){ .root = f.path, .eval_split = "test", .sides = sides })) {
            CHECK(!strcmp(called(&d), "ant=ant:ant, cat=cat:cat, cow=cow:cow, dog=dog:dog"), "%s",
                  called(&d));
            CHECK(d.empties == 2 && !strcmp(d.empty, "test/ant"), "told");
            CHECK(d.eval.sample[1].label == 3, "dog is the fourth");
            dataset_close(&d);
        }
    if (opens(&d, (DatasetOptions){ .root = f.path, .as_before = true }))
        CHECK(!strcmp(called(&d), "cat=cat:cat, cow=cow:cow, dog=dog:dog"), "%s", called(&d));
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "{photo,sketch}/{cat,dog}/1.ppm");
    plant(&f, "photo/cow/1.ppm");
    CHECK_OK(folder_make(folder_name(&f, "sketch/cow")));
    if (opens(&d, (DatasetOptions){ .root = f.path }))
        CHECK(d.class_count == 3 && d.empties == 1, "%d classes", d.class_count);
    dataset_close(&d);
    folder_close(&f);
}

// A run's classes, matched by name whatever the order and number of folders.
static void known(void)
{
    static const char *const run[] = { "zebra", "t shirt", "ant", "bear" };
    Dataset d;
    Folder f = folder_open();
    plant(&f, "test/{bear,t_shirt,zebra}/1.ppm");
    DatasetOptions o = { .root = f.path, .sides = DATASET_EVAL, .known = run, .known_count = 4 };
    if (opens(&d, o)) {
        CHECK_TOLD(&d, &d.eval, "test/bear/1.ppm bear; test/t_shirt/1.ppm t shirt; "
                   "test/zebra/1.ppm zebra");
        CHECK(d.class_count == 4 && d.eval.sample[0].label == 3, "in the run's order");
    }
    dataset_close(&d);
    plant(&f, "test/beaver/1.ppm");
    refuses(o, ERR_SHAPE, "class beaver is not one of the 4");
    refuses(o, ERR_SHAPE, "did you mean bear");
    folder_close(&f);
}

// Folders below the deepest layout are told, with the first of them: not dropped in silence.
static void deep(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "a/b/c/{y,x}/1.ppm");
    refuses((DatasetOptions){ .root = f.path }, ERR_IO,
            "no pictures in its folders; deeper than 3 levels, and not read: a/b/c/x");
    plant(&f, "art/train/{cat,dog}/1.ppm");
    if (opens(&d, (DatasetOptions){ .root = f.path })) {
        CHECK(d.train.n == 2 && d.strays == 0, "%d pictures", (int)d.train.n);
        CHECK(d.deeps == 2 && d.deep && !strcmp(d.deep, "a/b/c/x"), "%d deep, %s", (int)d.deeps,
              d.deep ? d.deep : "none");
    }
    dataset_close(&d);
    folder_close(&f);
}

static void refused(void)
{
    Folder f = folder_open();
    refuses((DatasetOptions){ 0 }, ERR_USAGE, "neither");
    refuses((DatasetOptions){ .root = "/nowhere" }, ERR_IO, "/nowhere");
    refuses((DatasetOptions){ .root = f.path }, ERR_IO, "no pictures");
    folder_picture(&f, "1.ppm", 1);
    refuses((DatasetOptions){ .root = f.path }, ERR_IO, "1.ppm: not in a folder named like");
    plant(&f, "{caltech,sun}/{auto,bird}/1.ppm");
    plant(&f, "sun/dog/1.ppm");
    refuses((DatasetOptions){ .root = f.path }, ERR_SHAPE, "sun has dog, caltech has not");
    refuses((DatasetOptions){ .root = f.path, .train_domains = "caltech", .eval_domains = "sun" },
            ERR_SHAPE,
            "sun/dog/1.ppm: class dog");
    refuses((DatasetOptions){ .root = f.path, .train_domains = "caltech,moon" }, ERR_IO,
            "no domain called moon");
    refuses((DatasetOptions){ .root = f.path, .train_split = "train" }, ERR_IO,
            "no split called train");
    Dataset d;
    folder_text(&f, "names.txt", "auto\nbird\ndog\n");
    const char *names = folder_name(&f, "names.txt");
    if (opens(&d, (DatasetOptions){ .root = f.path, .classnames = names }))
        CHECK(d.train.n == 5 && d.strays == 1 && !strcmp(d.stray, "1.ppm") && !d.deeps, "strays");
    dataset_close(&d);
    folder_close(&f);
    f = folder_open();
    plant(&f, "train/{cat,dog}/1.ppm");
    plant(&f, "test/{cat,dgo}/1.ppm");
    refuses((DatasetOptions){ .root = f.path, .eval_split = "test" }, ERR_SHAPE,
            "dgo is not one of the 2 for");
    refuses((DatasetOptions){ .root = f.path, .eval_split = "test" }, ERR_SHAPE,
            "did you mean dog");
    folder_close(&f);
}

// What a name is not, and what there is, are said without empty names.
static void no_empty_names(void)
{
    Folder f = folder_open();
    plant(&f, "flat/{cat,dog}/1.ppm");
    plant(&f, "art/{sun,sea}/{cat,dog}/1.ppm");
    folder_text(&f, "list.txt", "1.ppm\tcat\n");
    const char *list = folder_name(&f, "list.txt"), *flat = folder_name(&f, "flat");
    const char *art = folder_name(&f, "art");
    folder_picture(&f, "1.ppm", 1);
    refuses((DatasetOptions){ .root = f.path, .sides = DATASET_EVAL, .train_list = list,
                              .eval_list = list, .eval_domains = "sun" },
            ERR_IO, "list.txt: no domain called sun: there is none");
    refuses((DatasetOptions){ .root = flat, .eval_domains = "sun" }, ERR_IO,
            "no domain called sun: there is none");
    refuses((DatasetOptions){ .root = f.path, .sides = DATASET_EVAL, .train_list = list,
                              .eval_list = list, .eval_domains = "s" },
            ERR_IO, "list.txt: no domain called s: there is none");
    refuses((DatasetOptions){ .root = flat, .eval_split = "test" }, ERR_IO,
            "no split called test: there is none");
    refuses((DatasetOptions){ .root = art, .train_domains = "sun," }, ERR_USAGE,
            "sun,: an empty name between commas");
    refuses((DatasetOptions){ .root = art, .train_split = "a,,b" }, ERR_USAGE,
            "a,,b: an empty name between commas");
    refuses((DatasetOptions){ .root = f.path, .train_list = ",", .eval_list = list }, ERR_USAGE,
            ",: an empty name between commas");
    folder_close(&f);
}

// ---- lists --------------------------------------------------------------------------------------

static void lists(void)
{
    Dataset d;
    Folder f = folder_open();
    plant(&f, "{photo,sketch}/{dog,pole vaulting}/{1,2}.ppm");
    folder_text(&f, "train.txt",
                "filename label\nphoto/dog/2.ppm 1\n\nphoto/pole vaulting/1.ppm 2\r\n");
    folder_text(&f, "eval.txt", "sketch/pole vaulting/2.ppm 2");
    folder_text(&f, "words.txt",
                "photo/pole vaulting/1.ppm\tpole vaulting\nphoto/dog/1.ppm\tdog\n");
    folder_text(&f, "flat.txt", "photo/dog/1.ppm 0\nphoto/dog/2.ppm 1\n");
    folder_text(&f, "names.txt", "puppy\nold dog\n");
    const char *train = folder_name(&f, "train.txt");
    const char *eval = folder_name(&f, "eval.txt");
    const char *words = folder_name(&f, "words.txt");
    const char *flat = folder_name(&f, "flat.txt");
    const char *names = folder_name(&f, "names.txt");
    DatasetOptions o = { .root = f.path, .train_list = train, .eval_list = eval, .label_base = 1 };
    if (opens(&d, o)) {
        CHECK_TOLD(&d, &d.train,
                   "photo/dog/2.ppm dog photo; photo/pole vaulting/1.ppm pole vaulting "
                   "photo");
        CHECK_TOLD(&d, &d.eval, "sketch/pole vaulting/2.ppm pole vaulting sketch");
    }
    dataset_close(&d);
    o.root = NULL;
    if (opens(&d, o)) CHECK(d.train.n == 2 && d.eval.n == 1, "relative to the list");
    dataset_close(&d);
    o.root = f.path;
    o.label_base = 0;
    refuses(o, ERR_FORMAT, "1-based");
    if (opens(&d, (DatasetOptions){ .root = f.path, .train_list = words, .eval_list = words }))
        CHECK_TOLD(&d, &d.train,
                   "photo/pole vaulting/1.ppm pole vaulting photo; photo/dog/1.ppm dog "
                   "photo");
    dataset_close(&d);
    o = (DatasetOptions){ .root = f.path, .sides = DATASET_TRAIN, .train_list = flat };
    refuses(o, ERR_FORMAT, "folders do not name them");
    o.classnames = names;
    if (opens(&d, o))
        CHECK_TOLD(&d, &d.train, "photo/dog/1.ppm puppy photo; photo/dog/2.ppm old dog photo");
    dataset_close(&d);
    char both[1100];
    snprintf(both, sizeof both, "%s,%s", words, words);
    if (opens(&d, (DatasetOptions){ .root = f.path, .sides = DATASET_TRAIN, .train_list = both }))
        CHECK(d.train.n == 4, "two lists");
    dataset_close(&d);
    folder_close(&f);
}

static void bad_lists(void)
{
    static const struct { const char *text; Status status; const char *word; } bad[] = {
        { "", ERR_FORMAT, "no pictures in it" },
        { "\n \r\n", ERR_FORMAT, "no pictures in it" },
        { "a/dog/1.ppm\n", ERR_FORMAT, "line 1: no label" },
        { "a/dog/1.ppm 0\na/cat/3.ppm 1\n", ERR_IO, "line 2: no such file" },
        { "a/dog/1.ppm 0\na/cat/1.ppm 2\n", ERR_FORMAT, "no picture has label 1" },
        { "a/dog/1.ppm 0\na/cat/1.ppm 1\na/dog/1.ppm 1\n", ERR_FORMAT, "folders do not name" },
        { "a/dog/1.ppm 0\na/cat/1.ppm 40000\n", ERR_FORMAT, "line 2: label 40000" },
        { "a/dog/1.ppm 0\na/cat/1.ppm 1x\n", ERR_FORMAT,
          "line 2: label 1x: not a whole number from 0 on, as in other lines" },
        { "a/dog/1.ppm 0\na/cat/1.ppm -1\n", ERR_FORMAT, "line 2: label -1: not a whole" },
        { "a/dog/1.ppm 0.0\na/cat/1.ppm 1.0\n", ERR_FORMAT, "line 1: label 0.0: not a whole" },
        { "a/dog/1.ppm 0\na/cat/1.ppm 1\na/cat/3.ppm 0\n", ERR_FORMAT,
          "line 3 on (folder cat)" },
    };
    Folder f = folder_open();
    plant(&f, "a/{cat,dog}/1.ppm");
    for (int i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
        folder_text(&f, "list.txt", bad[i].text);
        const char *list = folder_name(&f, "list.txt");
        refuses((DatasetOptions){ .root = f.path, .sides = DATASET_TRAIN, .train_list = list },
                bad[i].status,
                bad[i].word);
    }
    folder_text(&f, "one.txt", "a/dog/1.ppm 1\na/cat/1.ppm 0\n");
    const char *list = folder_name(&f, "one.txt");
    refuses((DatasetOptions){ .root = f.path, .sides = DATASET_TRAIN, .train_list = list,
                              .label_base = 1 },
            ERR_FORMAT, "line 2: label 0");
    folder_close(&f);
}

static void suggestions(void)
{
    static const char *const names[] = { "train", "test", "val", NULL, "crossval" };
    CHECK(!strcmp(name_nearest("tarin", names, 5), "train"), "tarin");
    CHECK(!strcmp(name_nearest("VAL", names, 5), "val"), "VAL");
    CHECK(!strcmp(name_nearest("cross-val", names, 5), "crossval"), "cross-val");
    CHECK(!name_nearest("photograph", names, 5), "photograph is near nothing");
    CHECK(name_find("alarm clock", (const char *const[]){ "a", "alarm_clock" }, 2) == 1, "blank");
    CHECK(picture_suffix("x.JPeG") && picture_suffix("a.b/x.png") && !picture_suffix("png") &&
          !picture_suffix("x.txt") && picture_suffix("x.webp"), "suffixes");
}

static void hashes(void)
{
    Dataset d;
    char first[65], second[65];
    Folder f = folder_open();
    folder_text(&f, "train/cat/1.ppm", "abc");
    folder_text(&f, "train/dog/1.ppm", "abcdef");
    if (opens(&d, (DatasetOptions){ .root = f.path })) {
        CHECK_OK(dataset_hash(&d, first));
        // printf 'train/cat/1.ppm\t3\t0\ntrain/dog/1.ppm\t6\t1\n' | sha256sum
        CHECK(!strcmp(first, "4b99f6ea2cac04ccbbdf5caba710b4850297c80a6ceaaa1218c635769807766f"),
              "%s", first);
    }
    dataset_close(&d);
    folder_text(&f, "train/dog/1.ppm", "abcdefg");
    if (opens(&d, (DatasetOptions){ .root = f.path })) CHECK_OK(dataset_hash(&d, second));
    CHECK(strcmp(first, second), "another size, another hash");
    dataset_close(&d);
    folder_close(&f);
}

// ---- the shared sets ----------------------------------------------------------------------------

#define SHARED "../shared/data/"

static void shared_sets(void)
{
    if (!folder_exists(SHARED "BAR")) {
        test_skip("no ../shared");
        return;
    }
    Dataset d;
    if (opens(&d, (DatasetOptions){ .root = SHARED "BAR", .eval_split = "test",
                                    .classnames = SHARED "lists/BAR.txt" }))
        CHECK(d.train.n == 1941 && d.eval.n == 654 && d.class_count == 6 && !d.strays, "BAR");
    dataset_close(&d);
    if (opens(&d, (DatasetOptions){ .root = SHARED "PACS", .train_domains = "cartoon,photo,sketch",
                                    .eval_domains = "art_painting" }))
        CHECK(d.train.n == 940 + 671 + 1281 && d.eval.n == 822 && d.domain_count == 4, "PACS");
    dataset_close(&d);
    DatasetOptions o = { .root = SHARED "PACS", .label_base = 1,
        .train_list = SHARED "PACS/splits/subset/photo_train_kfold.txt,"
                      SHARED "PACS/splits/subset/sketch_train_kfold.txt",
        .eval_list = SHARED "PACS/splits/subset/art_painting_test_kfold.txt" };
    if (opens(&d, o))
        CHECK(d.train.n == 500 + 883 && d.eval.n == 822 && d.class_count == 7 &&
              !strcmp(d.classes[2].name, "giraffe"), "PACS by lists");
    dataset_close(&d);
    refuses((DatasetOptions){ .root = SHARED "VLCS_mini" }, ERR_SHAPE, "class folders differ");
    if (opens(&d, (DatasetOptions){ .root = SHARED "CIFAR10", .eval_split = "test" }))
        CHECK(d.train.n == 3000 && d.eval.n == 1000 && d.class_count == 10, "CIFAR10");
    dataset_close(&d);
}

static void shared_lists(void)
{
    Arena arena = { 0 };
    List list;
    if (!folder_exists(SHARED "lists")) {
        test_skip("no ../shared");
        return;
    }
    CHECK_OK(list_read(&list, &arena, SHARED "lists/domainnet/sketch_train.txt.gz"));
    CHECK(list.n == 48212 && list.numeric, "%lld", (long long)list.n);
    CHECK_OK(list_read(&list, &arena, SHARED "lists/office-home/Real_World.txt.gz"));
    CHECK(list.n == 4357 && list.numeric, "%lld", (long long)list.n);
    arena_free(&arena);
}

static const TestCase cases[] = {
    { "layouts", layouts }, { "byte_order", byte_order },
    { "classnames", classnames }, { "spelled_classnames", spelled_classnames },
    { "refused_classnames", refused_classnames }, { "apart", apart },
    { "named_numbers", named_numbers },
    { "renamed", renamed }, { "equal_classes", equal_classes },
    { "empty_classes", empty_classes }, { "known", known }, { "deep", deep },
    { "refused", refused }, { "no_empty_names", no_empty_names }, { "lists", lists },
    { "bad_lists", bad_lists }, { "suggestions", suggestions }, { "hashes", hashes },
    { "shared_sets", shared_sets }, { "shared_lists", shared_lists },
};

int main(void)
{
    return test_main("dataset", cases, TEST_COUNT(cases));
}

// test_shapes.c - shapes of folders and lists that people have, and what becomes of each: a table.
#include "data/set/captions.h"
#include "data/set/dataset.h"
#include "data/set/walk.h"
#include "test/folder.h"
#include "test/test.h"

typedef struct {
    const char *what;          // files, separated by `;`: a/{b,c}/1.ppm; e/: an empty folder;
                               // f@: a link to nowhere; others: files of text
    const char *becomes;       // "classes: pictures [in split] [of domains][, what is told]", or
                               // "refused: words of the message"
} Shape;

static void place(const Folder *f, const char *what)
{
    static int number;
    char name[300];
    const char *open = strchr(what, '{'), *close = open ? strchr(open, '}') : NULL;
    size_t n = strlen(what);
    if (close) {
        for (const char *at = open + 1; at < close; at += strcspn(at, ",}") + 1) {
            snprintf(name, sizeof name, "%.*s%.*s%s", (int)(open - what), what,
                     (int)strcspn(at, ",}"), at, close + 1);
            place(f, name);
        }
    } else if (what[n - 1] == '/') {
        snprintf(name, sizeof name, "%.*s", (int)n - 1, what);
        CHECK_OK(folder_make(folder_name(f, name)));
    } else if (what[n - 1] == '@') {
        snprintf(name, sizeof name, "%.*s", (int)n - 1, what);
        CHECK(symlink("nowhere", folder_name(f, name)) == 0, "%s", name);
    } else if (n > 4 && !strcmp(what + n - 4, ".ppm")) {
        folder_picture(f, what, number++);
    } else {
        folder_text(f, what, "some text");
    }
}

static Folder build(const char *shape)
{
    char text[1000];
    Folder f = folder_open();
    snprintf(text, sizeof text, "%s", shape);
    for (char *at = text, *next; at; at = next) {
        next = strchr(at, ';');
        if (next) *next++ = 0;
        place(&f, at + strspn(at, " "));
    }
    return f;
}

static void add(char *text, const char *format, ...) ERR_PRINTF(2, 3);
static void add(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, 1000 - used, format, args);
    va_end(args);
}

static const char *became(const DatasetOptions *o)
{
    static char text[1000];
    Dataset d;
    text[0] = 0;
    if (dataset_open(&d, o) != OK) {
        snprintf(text, sizeof text, "refused: %.900s", err_msg());
        return text;
    }
    for (int k = 0; k < d.class_count; k++) add(text, "%s%s", k ? "," : "", d.classes[k].name);
    add(text, ": %lld", (long long)d.train.n);
    if (*d.train.split) add(text, " in %s", d.train.split);
    for (int k = 0; k < d.domain_count && *d.domain[0]; k++)
        add(text, "%s%s", k ? "," : " of ", d.domain[k]);
    if (d.empties) add(text, ", empty %s", d.empty);
    if (d.strays) add(text, ", left out %s", d.stray);
    if (d.others) add(text, ", no class %s", d.other);
    if (d.deeps) add(text, ", too deep %s", d.deep);
    dataset_close(&d);
    return text;
}

// Equal, or for refusals: the words are in it.
static void compare(const char *what, const char *got, const char *want)
{
    size_t n = strlen("refused: ");
    bool refusal = !strncmp(want, "refused: ", n);
    bool good = refusal ? !strncmp(got, want, n) && strstr(got + n, want + n) : !strcmp(got, want);
    CHECK(good, "%s\n    got  %s\n    want %s", what, got, want);
}

// ---- folders ------------------------------------------------------------------------------------

#define LAYOUTS "known layouts are CLASS/FILE, SPLIT/CLASS/FILE, DOMAIN/CLASS/FILE and " \
                "DOMAIN/SPLIT/CLASS/FILE, as "

static const Shape folders[] = {
    // the layouts
    { "{cat,dog}/{1,2}.ppm", "cat,dog: 4" },
    { "{train,test}/{cat,dog}/1.ppm", "cat,dog: 2 in train" },
    { "{TRAINING,Dev}/{cat,dog}/1.ppm", "cat,dog: 2 in TRAINING" },
    { "{art,photo}/{cat,dog}/1.ppm", "cat,dog: 4 of art,photo" },
    { "{art,photo}/{train,test}/{cat,dog}/1.ppm", "cat,dog: 4 in train of art,photo" },
    { "set/{train,test}/{cat,dog}/1.ppm", "cat,dog: 2 in train of set" },
    // what lies beside pictures
    { "{cat,dog}/{1,2}.ppm; {cat,@eaDir,__MACOSX}/@eaDir/1.ppm/THUMB.ppm; __MACOSX/cat/1.ppm",
      "cat,dog: 4" },
    { "{cat,dog}/1.ppm; {cat,.AppleDouble}/{._1,.1}.ppm; #recycle/1.ppm; lost+found/1.ppm",
      "cat,dog: 2" },
    { "{cat,dog}/1.ppm; cat/{Thumbs.db,desktop.ini,.DS_Store,notes.txt}", "cat,dog: 2" },
    { "{cat,dog}/1.ppm; cow/Thumbs.db; cow/@eaDir/1.ppm", "cat,cow,dog: 2, empty cow" },
    { "{cat,dog}/1.ppm; lists/a.txt", "cat,dog: 2" },
    { "{train,test}/{cat,dog}/1.ppm; train/labels/a.txt",
      "cat,dog: 2 in train, no class train/labels" },
    { "{cat,dog}/{1,2}.ppm; cover.ppm", "cat,dog: 4, left out cover.ppm" },
    { "{cat,dog}/{1,2}.ppm; cat/more/1.ppm", "cat,dog: 4, left out cat/more/1.ppm" },
    { "{train,test}/{cat,dog}/1.ppm; old/cat/1.ppm",
      "cat,dog: 2 in train, left out old/cat/1.ppm" },
    { "art/{train,test}/{cat,dog}/1.ppm; a/b/c/d/1.ppm",
      "cat,dog: 2 in train of art, too deep a/b/c/d" },
    // empty folders, links to nowhere
    { "{train,test}/{cat,dog}/1.ppm; train/cow/", "cat,cow,dog: 2 in train, empty train/cow" },
    { "{train,test}/{cat,dog}/1.ppm; test/cow/", "cat,cow,dog: 2 in train, empty test/cow" },
    { "train/{cat,dog}/1.ppm; test/{cat,cow}/", "cat,cow,dog: 2 in train, empty test/cat" },
    { "{train,test}/a_b/1.ppm; test/{a b,c d}/", "a_b,c d: 1 in train, empty test/a b" },
    { "{art,photo}/{cat,dog}/1.ppm; photo/cow/", "cat,cow,dog: 4 of art,photo, empty photo/cow" },
    { "art/{train,test}/{cat,dog}/1.ppm; art/val/cow/; new/test/ant/",
      "cat,cow,dog: 2 in train of art, empty art/val/cow" },
    { "{cat,dog}/1.ppm; cat/2.ppm@", "cat,dog: 3" },
    { "{cat,dog}/1.ppm; cow@", "refused: cow: a link to nowhere (--skip-bad passes it over)" },
    { "train/{cat,dog}/1.ppm; test@", "refused: test: a link to nowhere" },
    // what is no layout
    { "{1,2}.ppm",
      "refused: 1.ppm: not in a folder named like a class: " LAYOUTS "train/dog/1.jpg" },
    { "notes.txt", "refused: no pictures in its folders" },
    { "train/{art,photo}/{cat,dog}/1.ppm",        // the split above the domains
      "refused: train/art/cat/1.ppm: its folders are no layout that is known here: " LAYOUTS
      "art/train/cat/1.ppm" },
    { "{cat,dog}/{train,test}/1.ppm",             // the splits below the classes
      "refused: cat/test/1.ppm: folders called like splits lie where classes must: " LAYOUTS
      "test/cat/1.ppm" },
    { "{art,photo}/{cat,dog}/{train,test}/1.ppm",
      "refused: art/cat/test/1.ppm: folders called like splits lie where classes must: " LAYOUTS
      "art/test/cat/1.ppm" },
    { "{train,test}/{1,2}.ppm",
      "refused: test/1.ppm: pictures of no class: " LAYOUTS "train/dog/1.jpg" },
    // called like a split: a class may be, a domain may not
    { "{bus,train,tram}/1.ppm", "bus,train,tram: 3" },
    { "{art,photo}/{bus,train}/1.ppm", "bus,train: 4 of art,photo" },
    { "{train,test}/{bus,train}/1.ppm", "bus,train: 2 in train" },
    { "{art,photo,test}/{cat,dog}/1.ppm",
      "refused: folder test is called like a split, and art beside it is not: rename one" },
    { "{train,old}/{cat,dog}/1.ppm",
      "refused: folder train is called like a split, and old beside it is not" },
    { "{art,Val}/{train,test}/{cat,dog}/1.ppm",
      "refused: Val/test/cat/1.ppm: folder Val is called like a split and lies where domains do" },
    { "train/{art,val}/{cat,dog}/1.ppm",
      "refused: train/val/cat/1.ppm: folder train is called like a split and lies where domains" },
    { "train/{images,labels}/1.ppm", "refused: train/images/1.ppm: pictures of no class" },
    { "train/{images,cat}/1.ppm", "cat,images: 2 in train" },
    { "train/{cat,cow}/1.ppm; train/dog/{puppy,old}/1.ppm",
      "refused: train/dog/old/1.ppm: its folders are no layout that is known here: " LAYOUTS },
    { "{train,val}/images/{1,2}.ppm; {train,val}/labels/1.txt",
      "refused: train/images/1.ppm: pictures of no class: " LAYOUTS },
    { "JPEGImages/{1,2}.ppm; Annotations/1.xml", "refused: pictures of no class" },
    { "train/{n01,n02}/images/{1,2}.ppm; val/images/1.ppm", "refused: train/n01/images/1.ppm: " },
    { "train/{cat,cow}/{1,2}.ppm; train/dog/{puppy,old}/1.ppm",
      "refused: train/dog/old/1.ppm: lies deeper than the pictures of other classes: " LAYOUTS },
    { "a/b/c/d/1.ppm", "refused: deeper than 3 levels" },
    { "{art,photo}/train/{cat,cow}/1.ppm; art/train/dog/puppy/1.ppm",
      "refused: art/train/dog/puppy: lies deeper" },
};

static void folder_shapes(void)
{
    for (int i = 0; i < TEST_COUNT(folders); i++) {
        Folder f = build(folders[i].what);
        DatasetOptions o = { .root = f.path, .sides = DATASET_TRAIN };
        compare(folders[i].what, became(&o), folders[i].becomes);
        folder_close(&f);
    }
    CHECK(walk_clutter("@eaDir") && walk_clutter("THUMBS.DB") && walk_clutter(".x") &&
          !walk_clutter("eaDir") && !walk_clutter("thumbs"), "clutter");
}

// ---- lists --------------------------------------------------------------------------------------

// Of art/{cat,dog}/{1,2}.ppm and `a b/cat/1.ppm`.
static const Shape lists[] = {
    { "art/cat/1.ppm 0\nart/dog/1.ppm 1\n", "cat,dog: 2 in list of art" },
    { "art/cat/1.ppm\tcat\na b/cat/1.ppm\tcat\nart/dog/1.ppm\tdog",
      "cat,dog: 3 in list of a b,art" },
    { "art/cat/1.ppm cat\r\n\r\nart/dog/1.ppm dog\r\n", "cat,dog: 2 in list of art" },
    { "\xef\xbb\xbfpath label\nart/cat/1.ppm 0\nart/dog/1.ppm 1\n", "cat,dog: 2 in list of art" },
    { "./art/cat/1.ppm 0\n./art/dog/1.ppm 1\n", "cat,dog: 2 in list of art" },
    { "art/cat/1.ppm puppy\nart/dog/1.ppm kitten\n", "kitten,puppy: 2 in list of art" },
    { "art/cat/1.ppm 1\nart/dog/1.ppm 2\n", "refused: is the list 1-based (--label-base 1)" },
    { "art/cat/1.ppm 0\nart/dog/1.ppm -1\n", "refused: line 2: label -1: not a whole number" },
    { "art/cat/1.ppm 0\nart/dog/1.ppm 1.0\n", "refused: line 2: label 1.0: not a whole number" },
    { "art/cat/1.ppm 0\nart/dog/1.ppm 0\n", "refused: folders do not name them" },
    { "art/cat/1.ppm\nart/dog/1.ppm\n", "refused: line 1: no label behind" },
    { "path,label\nart/cat/1.ppm,0\n", "refused: line 1: no label behind (lines are `path label` "
      "or `path<TAB>class`, not CSV): path,label" },
    { "art/cat/1.ppm,0\nart/dog/1.ppm,1\n", "refused: line 1: a comma before the label" },
    { "a b/cat/1.ppm,0\nart/dog/1.ppm,1\n", "refused: line 1: a comma before the label" },
    { "art\\cat\\1.ppm 0\nart\\dog\\1.ppm 1\n", "refused: line 1: a backslash (\\) in the path" },
    { "\"art/cat/1.ppm\" 0\n\"art/dog/1.ppm\" 1\n", "refused: line 1: quotes (\") around" },
    { "'a b/cat/1.ppm' 0\n", "refused: line 1: quotes (') around the path" },
    { "art/cat/1.ppm 0\rart/dog/1.ppm 1\r", "refused: line 1: a carriage return (CR) inside" },
    { "art/cat/1.ppm 0\nart/cow/1.ppm 1\n", "refused: line 2: no such file" },
    { "\n\n", "refused: no pictures in it" },
};

static void list_shapes(void)
{
    Folder f = build("art/{cat,dog}/{1,2}.ppm; a b/cat/1.ppm");
    for (int i = 0; i < TEST_COUNT(lists); i++) {
        folder_text(&f, "list.txt", lists[i].what);
        DatasetOptions o = { .root = f.path, .sides = DATASET_TRAIN,
                             .train_list = folder_name(&f, "list.txt") };
        compare(lists[i].what, became(&o), lists[i].becomes);
    }
    folder_close(&f);
}

// ---- two lists and a file of names --------------------------------------------------------------

// Of art/{cat,dog}/{1,2}.ppm and all/{1,2,3,4}.ppm. NULL: the tree; no file. Labels as `0 1 | 1`.
static const struct { const char *train, *eval, *names, *becomes; } numbered[] = {
#define FOLDERS "art/cat/1.ppm 0\nart/dog/1.ppm 1\n"
#define TURNED "art/dog/2.ppm 0\nart/cat/2.ppm 1\n"
#define MIXED "art/cat/2.ppm 1\nart/dog/2.ppm 1\n"
#define FLAT "all/1.ppm 0\nall/2.ppm 1\n"
    { FOLDERS, FLAT, NULL, "cat,dog: 0 1 | 0 1" },
    { FOLDERS, FLAT, "cat\ndog\n", "cat,dog: 0 1 | 0 1" },
    { FOLDERS, FLAT, "dog\ncat\n",
      "refused: eval.txt: line 1: label 0 is dog by names.txt, but by the other list it is folder "
      "cat: two orders of the classes" },
    { FOLDERS, TURNED, NULL, "cat,dog: 0 1 | 1 0" },           // folders name the numbers
    { FOLDERS, TURNED, "dog\ncat\n", "dog,cat: 1 0 | 0 1" },
    { FOLDERS, TURNED, "0 cat\n1 dog\n", "cat,dog: 0 1 | 1 0" },
    { FOLDERS, FOLDERS, "0 dog\n1 cat\n",
      "refused: names.txt: number 0 of its lines is dog, but label 0 of the lists is folder cat" },
    { FOLDERS, FOLDERS, "one\ntwo\n", "refused: --rename" },
    { FLAT, FOLDERS, NULL, "refused: train.txt: labels are numbers, and folders do not name them" },
    { FLAT, FOLDERS, "cat\ndog\n", "cat,dog: 0 1 | 0 1" },
    { FLAT, FOLDERS, "sun\nmoon\n", "sun,moon: 0 1 | 0 1" },
    { FLAT, FOLDERS, "dog\ncat\n",
      "refused: eval.txt: line 1: label 0 is dog by names.txt, but most pictures of it lie in "
      "folder cat: two orders of the classes" },
    { FLAT, TURNED, "cat\ndog\n", "refused: eval.txt: line 1: label 0 is cat by names.txt" },
    { FLAT, FLAT, "dog\nall\n", "dog,all: 0 1 | 0 1" },       // one folder for all is no order
    { FOLDERS MIXED, FLAT, "cat\ndog\n", "cat,dog: 0 1 1 1 | 0 1" },
    { FOLDERS MIXED, FLAT, "dog\ncat\n",
      "refused: train.txt: line 1: label 0 is dog by names.txt, but most pictures" },
    { NULL, FLAT, NULL, "cat,dog: 0 0 1 1 | 0 1" },
    { NULL, FLAT, "dog\ncat\n", "dog,cat: 1 1 0 0 | 0 1" },   // the tree has no numbers of its own
    { NULL, TURNED, "dog\ncat\n", "dog,cat: 1 1 0 0 | 0 1" },
};

// Appends a text, without the temporary folder in it.
static void add_bare(char *text, const char *what, const char *folder)
{
    char whole[1000];
    snprintf(whole, sizeof whole, "%s", what);
    for (char *at = whole, *next; at; at = next) {
        next = strstr(at, folder);
        if (next) *next = 0, next += strlen(folder) + 1;
        add(text, "%s", at);
    }
}

static const char *labelled(const DatasetOptions *o, const char *folder)
{
    static char text[1000];
    Dataset d;
    text[0] = 0;
    if (dataset_open(&d, o) != OK) {
        add(text, "refused: ");
        add_bare(text, err_msg(), folder);
        return text;
    }
    for (int k = 0; k < d.class_count; k++) add(text, "%s%s", k ? "," : "", d.classes[k].name);
    add(text, ":");
    for (int64_t i = 0; i < d.train.n; i++) add(text, " %d", d.train.sample[i].label);
    add(text, " |");
    for (int64_t i = 0; i < d.eval.n; i++) add(text, " %d", d.eval.sample[i].label);
    const char *const notes[] = { d.label_note, d.order_note };
    for (int i = 0; i < 2; i++) {
        if (notes[i]) add(text, "; note: ");
        if (notes[i]) add_bare(text, notes[i], folder);
    }
    dataset_close(&d);
    return text;
}

static void numbered_lists(void)
{
    Folder f = build("art/{cat,dog}/{1,2}.ppm; all/{1,2,3,4}.ppm");
    for (int i = 0; i < TEST_COUNT(numbered); i++) {
        DatasetOptions o = { .root = f.path };
        if (numbered[i].train) folder_text(&f, "train.txt", numbered[i].train);
        if (numbered[i].train) o.train_list = folder_name(&f, "train.txt");
        folder_text(&f, "eval.txt", numbered[i].eval);
        o.eval_list = folder_name(&f, "eval.txt");
        if (numbered[i].names) folder_text(&f, "names.txt", numbered[i].names);
        if (numbered[i].names) o.classnames = folder_name(&f, "names.txt");
        compare(numbered[i].names ? numbered[i].names : "no names", labelled(&o, f.path),
                numbered[i].becomes);
    }
    folder_close(&f);
}

// ---- where numbers begin, and whose order they follow -------------------------------------------

// Of all/{1,2,3,4}.ppm and art/{cat,dog}/{1,2}.ppm. known: of a run, with commas between them.
static const struct { int base; const char *train, *eval, *names, *known, *becomes; } begun[] = {
#define ONE "all/1.ppm 1\nall/2.ppm 2\n"
#define RUN "cat,dog,cow"
#define TELLS ": labels run from 1 to 2 and none is 0: labels here count from 0 " \
              "(--label-base 1: from 1)"
    { 0, ONE, ONE, "cat\ndog\ncow\n", NULL,
      "cat,dog,cow: 1 2 | 1 2; note: train.txt, eval.txt" TELLS },
    { 0, FLAT, ONE, "cat\ndog\ncow\n", NULL, "cat,dog,cow: 0 1 | 1 2; note: eval.txt" TELLS },
    { 0, ONE, FLAT, "cat\ndog\ncow\n", NULL, "cat,dog,cow: 1 2 | 0 1; note: train.txt" TELLS },
    { 1, ONE, ONE, "cat\ndog\ncow\n", NULL, "cat,dog,cow: 0 1 | 0 1" },
    { 0, FLAT, "all/1.ppm 2\n", "cat\ndog\ncow\n", NULL, "cat,dog,cow: 0 1 | 2" },
    { 0, ONE, ONE, "cat\ndog\n", NULL, "refused: classnames: names.txt: 2 names for 3 classes: is "
      "the list 1-based (--label-base 1)" },
    { 0, FLAT, ONE, "cat\ndog\n", NULL, "refused: dataset: eval.txt: line 2: label 2 is not one of "
      "0..1: is the list 1-based (--label-base 1)" },
    { 0, FLAT, "all/1.ppm 0\nall/2.ppm 2\n", "cat\ndog\n", NULL,
      "refused: dataset: eval.txt: line 2: label 2 is not one of 0..1" },
    { 0, FOLDERS, "art/cat/2.ppm 1\nart/dog/2.ppm 2\n", NULL, NULL, "cat,dog: 0 1 | 0 1" },
    { 0, NULL, ONE, NULL, RUN, "cat,dog,cow: | 1 2; note: eval.txt" TELLS },
    { 0, NULL, "all/1.ppm 1\nall/2.ppm 3\n", NULL, RUN,
      "refused: dataset: eval.txt: line 2: label 3 is not one of 0..2: is the list 1-based" },
    { 0, FLAT, FLAT, "0 cat\n1 dog\n", NULL, "cat,dog: 0 1 | 0 1" },
    { 1, ONE, ONE, "2 dog\n1 cat\n", NULL, "cat,dog: 0 1 | 0 1" },
    { 0, FLAT, FLAT, "1 cat\n2 dog\n", NULL, "refused: classnames: names.txt: its numbers count "
      "from 1, the labels of train.txt from 0 (--label-base 1)" },
    { 1, ONE, ONE, "0 cat\n1 dog\n", NULL, "refused: classnames: names.txt: its numbers count "
      "from 0, the labels of train.txt from 1 (--label-base 0)" },
    { 0, FOLDERS, FOLDERS, "1 cat\n2 dog\n", NULL, "cat,dog: 0 1 | 0 1" },
    { 0, NULL, FLAT, "cat\ndog\ncow\n", RUN, "cat,dog,cow: | 0 1" },
    { 0, NULL, FLAT, "cat\ndog\n", RUN, "cat,dog,cow: | 0 1" },
    { 0, NULL, FLAT, "cow\ndog\ncat\n", RUN, "cat,dog,cow: | 2 1; note: eval.txt: label 0 is cow "
      "by names.txt, but cat by the classes that are known: it is taken as cow" },
    { 0, NULL, "all/2.ppm 1\n", "cow\ndog\ncat\n", RUN, "refused: classnames: names.txt: no line "
      "is a class folder (line 1: cow; folders: all, ..): --rename names the folders by order" },
    { 1, NULL, ONE, "dog\ncow\n", RUN, "cat,dog,cow: | 1 2; note: eval.txt: label 1 is dog by "
      "names.txt, but cat by the classes that are known: it is taken as dog" },
    { 0, NULL, FLAT, "cat\nhen\n", RUN, "refused: class hen is not one of the 3 that are known" },
};

static void begun_lists(void)
{
    Folder f = build("all/{1,2,3,4}.ppm; art/{cat,dog}/{1,2}.ppm");
    for (int i = 0; i < TEST_COUNT(begun); i++) {
        const char *known[] = { "cat", "dog", "cow" };
        DatasetOptions o = { .root = f.path, .label_base = begun[i].base };
        if (begun[i].known) o.known = known, o.known_count = 3;
        if (!begun[i].train) o.sides = DATASET_EVAL;
        if (begun[i].train) folder_text(&f, "train.txt", begun[i].train);
        if (begun[i].train) o.train_list = folder_name(&f, "train.txt");
        folder_text(&f, "eval.txt", begun[i].eval);
        o.eval_list = folder_name(&f, "eval.txt");
        if (begun[i].names) folder_text(&f, "names.txt", begun[i].names);
        if (begun[i].names) o.classnames = folder_name(&f, "names.txt");
        compare(begun[i].eval, labelled(&o, f.path), begun[i].becomes);
    }
    folder_close(&f);
}

// ---- prompts alone ------------------------------------------------------------------------------

// Nothing is trained, no class is known: classes of the evaluated pictures alone are classes too.
static void prompts_alone(void)
{
    Dataset d;
    Folder f = build("train/{cat,pole_vault}/1.ppm; test/{cat,cow,pole vault}/1.ppm; test/ant/");
    DatasetOptions o = { .root = f.path, .sides = DATASET_EVAL };
    if (CHECK_OK(dataset_open(&d, &o)))
        CHECK(d.class_count == 4 && !strcmp(d.classes[0].name, "ant") && d.alones == 1 &&
              !strcmp(d.alone, "cow") && !strcmp(d.classes[3].name, "pole_vault") &&
              d.eval.sample[2].label == 3, "%d classes", d.class_count);
    dataset_close(&d);
    o.sides = 0;
    CHECK_STATUS(dataset_open(&d, &o), ERR_SHAPE, "class cow is not one of the 3 for training");
    o.sides = DATASET_EVAL;
    o.known = (const char *const[]){ "cat", "pole_vault" };
    o.known_count = 2;
    CHECK_STATUS(dataset_open(&d, &o), ERR_SHAPE, "class cow is not one of the 2 that are known");
    folder_text(&f, "train.txt", "train/cat/1.ppm 0\ntrain/pole_vault/1.ppm 2\n");
    folder_text(&f, "eval.txt", "test/cow/1.ppm 1\ntest/cat/1.ppm 0\n");
    o = (DatasetOptions){ .root = f.path, .sides = DATASET_EVAL,
                          .train_list = folder_name(&f, "train.txt"),
                          .eval_list = folder_name(&f, "eval.txt") };
    if (CHECK_OK(dataset_open(&d, &o)))
        CHECK(d.class_count == 3 && d.alones == 1 && !strcmp(d.classes[1].name, "cow") &&
              d.eval.sample[0].label == 1, "%d classes of the lists", d.class_count);
    dataset_close(&d);
    folder_close(&f);
}

// ---- captions -----------------------------------------------------------------------------------

static const struct { char sep; const char *image, *caption, *what, *becomes; } tables[] = {
    { 0, NULL, NULL, "filepath\ttitle\na.png\ta cat\nb.png\ta dog\n", "a.png:a cat|b.png:a dog|" },
    { 0, NULL, NULL, "title\tid\tfilepath\na cat\t7\ta.png\n\n", "a.png:a cat|" },
    { 0, NULL, NULL, "filepath\ttitle\r\na.png\ta \"red\" cat\r\n", "a.png:a \"red\" cat|" },
    { 0, NULL, NULL, "filepath\ttitle\na.png\t\"say \"\"hi\"\"\tor\nno\"\n",
      "a.png:say \"hi\"\tor\nno|" },
    { 0, NULL, NULL, "\xef\xbb\xbf" "filepath\ttitle\n\"a.png\"\t\"a\" cat", "a.png:a cat|" },
    { ',', NULL, NULL, "filepath,title\na.png,\"one, two\"\n", "a.png:one, two|" },
    { ';', "image", "text", "image;text\na.png;one, two\n", "a.png:one, two|" },
    { 0, NULL, NULL, "filepath\ttitle\ra.png\ta cat\rb.png\ta cat\r", "a.png:a cat|b.png:a cat|" },
    { 0, NULL, NULL, "a.png\ta cat\nb.png\ta dog\n",
      "refused: has no column title, but a.png, a cat" },
    { 0, NULL, NULL, "path\ttitle\na.png\ta cat\n",
      "refused: has no column filepath, but path, title" },
    { 0, NULL, NULL, "filepath,title\na.png,a cat\n", "refused: has no column title" },
    { 0, NULL, "text", "filepath\ttitle\na.png\ta cat\n", "refused: (--caption-key names another" },
    { 0, NULL, NULL, "filepath\ttitle\na.png\ta\tcat\n",
      "refused: line 2: 3 fields, but the header" },
    { 0, NULL, NULL, "filepath\ttitle\na.png\n", "refused: line 2: 1 fields" },
    { 0, NULL, NULL, "filepath\ttitle\na.png\t\n", "refused: line 2: no caption" },
    { 0, NULL, NULL, "filepath\ttitle\n\ta cat\n", "refused: line 2: no path" },
    { 0, NULL, NULL, "filepath\ttitle\na.png\tx\nb.png\t\"a cat\n",
      "refused: line 3: a quote (\") that" },
    { 0, NULL, NULL, "filepath\ttitle\n", "refused: no picture" },
};

static void caption_shapes(void)
{
    for (int i = 0; i < TEST_COUNT(tables); i++) {
        char text[1000] = "";
        Captions c;
        const CaptionOptions o = { .sep = tables[i].sep, .image_key = tables[i].image,
                                   .caption_key = tables[i].caption };
        const char *table = tables[i].what;
        if (captions_parse(&c, (const uint8_t *)table, strlen(table), &o) != OK)
            add(text, "refused: %.800s", err_msg());
        for (int64_t k = 0; k < c.set.n; k++)
            add(text, "%s:%s|", c.set.sample[k].path, c.text[c.set.sample[k].label]);
        compare(table, text, tables[i].becomes);
        captions_close(&c);
    }
}

static const TestCase cases[] = {
    { "folders", folder_shapes }, { "lists", list_shapes }, { "captions", caption_shapes },
    { "numbered_lists", numbered_lists }, { "prompts_alone", prompts_alone },
    { "begun_lists", begun_lists },
};

int main(void)
{
    return test_main("shapes", cases, TEST_COUNT(cases));
}

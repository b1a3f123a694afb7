// test_base.c - arena, threads, random numbers, files, hashes, messages.
#include <dirent.h>
#include <unistd.h>

#include "tensor/base/arena.h"
#include "tensor/base/file.h"
#include "tensor/base/json.h"
#include "tensor/base/par.h"
#include "tensor/base/rng.h"
#include "tensor/base/sha256.h"
#include "tensor/base/shown.h"
#include "test/test.h"

static void arena(void)
{
    Arena a = { 0 };
    for (int step = 0; step < 4; step++) {
        long before = a.blocks;
        for (int i = 0; i < 100; i++) {
            unsigned char *p = arena_take(&a, 5000);
            CHECK(p && (uintptr_t)p % 64 == 0, "not aligned");
            memset(p, i, 5000);
        }
        if (step >= 2) CHECK(a.blocks == before, "step %d took a block", step);
        ArenaMark mark = arena_mark(&a);
        char *s = arena_string(&a, "kept");
        CHECK(strcmp(s, "kept") == 0, "string");
        arena_release(&a, mark);
        CHECK(arena_take(&a, 5) == s, "the mark gives the same place again");
        arena_reset(&a);
    }
    CHECK(arena_take(&a, SIZE_MAX - 5) == NULL, "an absurd size");
    arena_free(&a);
}

static void add_one(void *arg, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) ((int *)arg)[i]++;
}

static void nested(void *arg, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) par_for(10, 1, add_one, (int *)arg + 10 * i);
}

static void threads(void)
{
    enum { N = 10000 };
    static int count[N];
    for (int t = 1; t <= 7; t++) {
        CHECK_OK(par_set_threads(t));
        for (int64_t grain = 1; grain < 3000; grain = grain * 3 + 1) {
            memset(count, 0, sizeof count);
            par_for(N, grain, add_one, count);
            par_for(N / 10, 7, nested, count);
            for (int i = 0; i < N; i++)
                if (!CHECK(count[i] == 2, "%d threads: %d is %d", t, i, count[i])) return;
        }
        usleep(t == 3 ? 20000 : 0);            // let them fall asleep once
    }
    CHECK_STATUS(par_set_threads(0), ERR_USAGE, "threads");
    CHECK_OK(par_set_threads(1));
}

static void random_numbers(void)
{
    // Known answers of the published Philox4x32-10 test set.
    static const struct { uint32_t counter[4], key[2], out[4]; } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { ~0u, ~0u, ~0u, ~0u }, { ~0u, ~0u },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    };
    for (int i = 0; i < 2; i++) {
        uint32_t out[4];
        rng_philox(out, known[i].counter, known[i].key);
        CHECK(memcmp(out, known[i].out, sizeof out) == 0, "philox vector %d", i);
    }
    Rng r = rng_at(7, 0, 0, RNG_TEST);
    double sum = 0, squares = 0;
    int bins[3] = { 0 };
    for (int i = 0; i < 30000; i++) {
        double x = rng_normal(&r);
        sum += x;
        squares += x * x;
        bins[rng_below(&r, 3)]++;
    }
    CHECK_CLOSE(sum / 30000, 0, 0.03);
    CHECK_CLOSE(squares / 30000, 1, 0.05);
    for (int i = 0; i < 3; i++) CHECK(abs(bins[i] - 10000) < 400, "bin %d: %d", i, bins[i]);
    int32_t a[50], seen[50] = { 0 };
    for (int i = 0; i < 50; i++) a[i] = i;
    rng_shuffle(&r, a, 50);
    for (int i = 0; i < 50; i++) seen[a[i]]++;
    for (int i = 0; i < 50; i++) CHECK(seen[i] == 1, "not a permutation");
}

static void sha(void)
{
    char hex[65];
    Sha256 h = sha256_begin();
    sha256_end(&h, hex);
    const char *empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    CHECK(strcmp(hex, empty) == 0, "empty: %s", hex);
    h = sha256_begin();                        // appendix B.2: no room left for the count
    sha256_add(&h, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    sha256_end(&h, hex);
    const char *two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    CHECK(strcmp(hex, two) == 0, "two blocks: %s", hex);
    h = sha256_begin();                        // FIPS 180-2, appendix B.3: a million times "a"
    for (int i = 0; i < 1000000; i++) sha256_add(&h, "a", 1);
    sha256_end(&h, hex);
    const char *million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    CHECK(strcmp(hex, million) == 0, "a million: %s", hex);
}

static void check_content(const char *path, const char *want)
{
    FileMap map;
    if (!CHECK_OK(file_map(&map, path))) return;
    CHECK(map.size == strlen(want) && (!map.size || !memcmp(map.data, want, map.size)), "%s", path);
    file_unmap(&map);
}

static int entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    if (!CHECK(d, "no folder %s", path)) return -1;
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

// Whatever operation fails, a file is the old one or the new one, and no other file lies beside it.
// The middle of a file, and the whole of one that is no larger.
static void check_middle(const char *path)
{
    uint8_t bytes[FILE_MIDDLE + 600];
    FileMap map;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i % 251);
    CHECK_OK(file_save(path, bytes, sizeof bytes));
    CHECK_OK(file_middle(&map, path));
    CHECK(map.size == FILE_MIDDLE && !memcmp(map.data, bytes + 300, FILE_MIDDLE), "middle");
    file_unmap(&map);
    CHECK_OK(file_save(path, bytes, FILE_MIDDLE));
    CHECK_OK(file_middle(&map, path));
    CHECK(map.size == FILE_MIDDLE && !memcmp(map.data, bytes, FILE_MIDDLE), "the whole");
    file_unmap(&map);
}

static void whole_files(void)
{
    char path[FILE_PATH], root[] = "/tmp/proreg-test-XXXXXX";
    if (!CHECK(mkdtemp(root), "no folder in /tmp")) return;
    path_join(path, root, "a.txt");
    CHECK_OK(file_save(path, "old", 3));
    Status status = ERR_IO;
    for (int n = 0; status != OK && n < 50; n++) {
        file_fault_after(n);
        status = file_save(path, "newer", 5);
        file_fault_after(-1);
        FileMap map;
        CHECK_OK(file_map(&map, path));
        bool old = map.size == 3 && !memcmp(map.data, "old", 3);
        bool new = map.size == 5 && !memcmp(map.data, "newer", 5);
        CHECK(old || new, "torn at operation %d", n);
        CHECK(status != OK || new, "reported as written");
        CHECK(entries(root) == 1, "something was left behind by operation %d", n);
        file_unmap(&map);
    }
    check_content(path, "newer");
    FileMap copy;                              // stays whole when the file goes away under it
    CHECK_OK(file_read(&copy, path));
    CHECK(truncate(path, 0) == 0 && copy.size == 5 && !memcmp(copy.data, "newer", 5), "a copy");
    file_unmap(&copy);
    CHECK(!copy.data && file_read(&copy, path) == OK && copy.size == 0, "an empty file");
    CHECK_STATUS(file_map(&(FileMap){ 0 }, root), ERR_IO, "is a folder");
    CHECK_STATUS(file_read(&copy, root), ERR_IO, "is a folder");
    check_middle(path);
    CHECK_STATUS(file_save("/proc/none/x", "", 0), ERR_IO, "/proc/none/x");
    // A link in a folder that goes away is removed; what it leads to stays.
    char kept[FILE_PATH], link[FILE_PATH];
    CHECK_OK(path_join(kept, root, "kept"));
    CHECK_OK(path_join(link, root, "linked"));
    CHECK_OK(folder_make(kept));
    CHECK(symlink(kept, link) == 0, "no link");
    folder_discard(link);
    CHECK(folder_exists(kept) && !folder_exists(link), "a link was followed");
    folder_discard(root);
    CHECK(!folder_exists(root), "something was left in %s", root);
}

static bool is_content(const char *path, const char *text)
{
    FileMap map;
    if (file_map(&map, path) != OK) return false;
    bool same = map.size == strlen(text) && (!map.size || !memcmp(map.data, text, map.size));
    file_unmap(&map);
    return same;
}

static Status save_pair(const char *a, const char *b, const char *text)
{
    FileOut first, last;
    TRY(file_create(&first, a));
    Status status = file_create(&last, b);
    if (status != OK) {
        file_discard(&first);
        return status;
    }
    file_write(&first, text, strlen(text));
    file_write(&last, text, strlen(text));
    return file_commit_pair(&first, &last);
}

// Two files are both old or both new whatever fails; what a kill leaves is mended.
static void whole_pairs(void)
{
    char a[FILE_PATH], b[FILE_PATH], old_a[FILE_PATH], old_b[FILE_PATH];
    char root[] = "/tmp/proreg-test-XXXXXX";
    if (!CHECK(mkdtemp(root), "no folder in /tmp")) return;
    path_join(a, root, "a");
    path_join(b, root, "b");
    path_join(old_a, root, "a.proreg-old");
    path_join(old_b, root, "b.proreg-old");
    for (int round = 0; round < 2; round++) {
        const char *new = round ? "newer" : "old";
        Status status = ERR_IO;
        for (int n = 0; status != OK && n < 80; n++) {
            const bool once = n % 2;
            if (once) file_fault_at(n / 2);
            else file_fault_after(n / 2);
            status = save_pair(a, b, new);
            file_fault_after(-1);
            if (!once) CHECK_OK(file_recover_pair(a, b));    // it could not put them back
            bool were = round ? is_content(a, "old") && is_content(b, "old")
                              : !file_exists(a) && !file_exists(b);
            bool are = is_content(a, new) && is_content(b, new);
            CHECK(were || are, "torn at operation %d", n);
            CHECK(status != OK || are, "reported as written");
            CHECK_OK(file_recover_pair(a, b));
            CHECK(entries(root) == (round || are ? 2 : 0), "operation %d left something", n);
        }
        CHECK_OK(status);
    }
    CHECK(rename(b, old_b) == 0 && rename(a, old_a) == 0, "rename");   // killed before the last
    CHECK_OK(file_save(a, "half", 4));
    CHECK_OK(file_recover_pair(a, b));
    CHECK(is_content(a, "newer") && is_content(b, "newer") && entries(root) == 2, "not mended");
    CHECK_OK(file_save(old_a, "gone", 4));                             // killed behind it
    CHECK_OK(file_recover_pair(a, b));
    CHECK(is_content(a, "newer") && entries(root) == 2, "not mended");
    folder_discard(root);
}

// What is not there is no failure; what cannot be told is.
static void absence(void)
{
    char root[] = "/tmp/proreg-test-XXXXXX", path[FILE_PATH], loop[FILE_PATH];
    PathKind kind;
    bool there;
    if (!CHECK(mkdtemp(root), "no folder in /tmp")) return;
    CHECK(path_kind(&kind, root) == OK && kind == PATH_FOLDER, "a folder");
    CHECK(file_beside(&there, path, root, "x") == OK && !there, "nothing");
    CHECK_OK(file_save(path, "x", 1));
    CHECK(file_beside(&there, path, root, "x") == OK && there, "a file");
    CHECK(file_beside(&there, path, root, "x/y") == OK && !there, "below a file");
    path_join(loop, root, "loop");
    CHECK(symlink(loop, loop) == 0, "no link");
    CHECK_STATUS(file_there(&there, loop), ERR_IO, "loop");
    CHECK(path_kind(&kind, "/dev/null") == OK && kind == PATH_OTHER, "a device");
    folder_discard(root);
}

// The same for folders; a kill between the two renames is mended by folder_recover.
static void whole_folders(void)
{
    char sub[FILE_PATH], inside[FILE_PATH], temp[FILE_PATH], root[] = "/tmp/proreg-test-XXXXXX";
    if (!CHECK(mkdtemp(root), "no folder in /tmp")) return;
    path_join(sub, root, "b/c");
    for (int round = 0; round < 2; round++) {
        CHECK_OK(folder_begin(temp, sub));
        path_join(inside, temp, "x");
        CHECK_OK(file_save(inside, round ? "2" : "1", 1));
        CHECK_OK(folder_commit(temp, sub));
        path_join(inside, sub, "x");
        check_content(inside, round ? "2" : "1");
    }
    snprintf(temp, sizeof temp, "%.4000s.proreg-old", sub);   // a kill between the two renames
    CHECK(rename(sub, temp) == 0, "rename");
    CHECK_OK(folder_recover(sub));
    check_content(inside, "2");
    for (int n = 0; n < 3; n++) {              // a rename that fails leaves what was there
        folder_exchange_off(n > 0);
        CHECK_OK(folder_begin(temp, sub));
        file_fault_after(n);
        CHECK_STATUS(folder_commit(temp, sub), ERR_IO, "cannot rename");
        file_fault_after(-1);
        check_content(inside, "2");
        folder_discard(temp);
    }
    CHECK_OK(folder_begin(temp, sub));         // by two renames
    CHECK_OK(folder_commit(temp, sub));
    folder_exchange_off(false);
    CHECK(entries(sub) == 0, "the old folder is still there");
    path_join(inside, root, "b");
    CHECK(entries(inside) == 1, "something was left beside it");
    folder_discard(sub);
    path_join(sub, root, "b");
    folder_discard(sub);
    folder_discard(root);
    CHECK(!folder_exists(root), "something was left in %s", root);
}

static void sizes(void)
{
    int64_t n;
    CHECK_OK(size_mul(&n, 1 << 20, 1 << 20));
    CHECK_STATUS(size_mul(&n, INT64_MAX / 2, 3), ERR_FORMAT, "does not fit");
    CHECK_STATUS(size_mul(&n, -1, 3), ERR_FORMAT, "does not fit");
}

static bool cell_is(const char *text, int least, int most, const char *want)
{
    char *got = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&got, &n);
    if (!CHECK(to, "open_memstream")) return false;
    shown_cell(to, text, least, most);
    fclose(to);
    bool same = !strcmp(got, want);
    free(got);
    return same;
}

// What a terminal would obey is escaped, all else comes through.
static void shown_texts(void)
{
    static const struct { const char *text, *cell; int columns; } cells[] = {
        { "ab", "ab    ", 2 }, { "", "      ", 0 }, { "K\xc3\xa4se", "K\xc3\xa4se  ", 4 },
        { "Ka\xcc\x88se", "Ka\xcc\x88se  ", 4 },            // the same, from macOS
        { "\xe7\x8a\xac\xe7\x8c\xab", "\xe7\x8a\xac\xe7\x8c\xab  ", 4 },
        { "abcdefghij", "abcdefgh", 10 }, { "abcdefg\xe7\x8a\xac", "abcdefg", 9 },
        { "a\x1b", "a\\x1b ", 5 },
    };
    static const struct { const char *text, *shown; } cases_[] = {
        { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL }, { "", NULL }, { "a\\b", NULL },
        { "a\tb\r\n", "a\\tb\\r\\n" }, { "\x1b[2J\x7f", "\\x1b[2J\\x7f" },
        { "\xc2\x9b" "2J", "\\u009b2J" }, { "caf\xe9", "caf\\xe9" }, { "\xc2", "\\xc2" },
        { "\xe2\x80\xae" "gpj", "\\u202egpj" }, { "\xe2\x81\xa6x", "\\u2066x" },
        { "\xd8\x9c", "\\u061c" }, { "\xc0\xaf", "\\xc0\\xaf" },
    };
    char out[8];
    for (size_t i = 0; i < sizeof cases_ / sizeof *cases_; i++) {
        const char *want = cases_[i].shown ? cases_[i].shown : cases_[i].text;
        CHECK(!strcmp(shown(cases_[i].text), want), "%s", shown(cases_[i].text));
    }
    for (int i = 0; i < TEST_COUNT(cells); i++) {
        CHECK(cell_is(cells[i].text, 6, 8, cells[i].cell), "cell of %s", cells[i].text);
        CHECK(shown_columns(cells[i].text) == cells[i].columns, "%s: %d columns", cells[i].text,
              shown_columns(cells[i].text));
    }
    CHECK(shown_into(out, 8, "abcd\x1b[") == 4 && !strcmp(out, "abcd"), "half an escape: %s", out);
    JsonOut json = { 0 };
    json_out_string(&json, "\xc2\x9b\xe2\x80\xae\xc3\xa9");
    CHECK(!strcmp(json.text, "\"\\u009b\\u202e\xc3\xa9\""), "%s", json.text);
    json_out_free(&json);
}

// One line per message, whatever a file's name holds; a prefix; the reason stays, however
// long the path before it is.
static void messages(void)
{
    char text[2 * ERR_MESSAGE], small[40];
    CHECK(err_set(ERR_IO, "a: %s", "b\n\x1b[31m\x7f") == ERR_IO, "the status");
    CHECK(!strcmp(err_msg(), "a: b\\n\\x1b[31m\\x7f"), "%s", err_msg());
    CHECK(err_prefix(ERR_FORMAT, "x: %d", 3) == ERR_FORMAT && !strncmp(err_msg(), "x: 3: a: b", 10),
          "%s", err_msg());
    memset(text, 'n', sizeof text);
    text[sizeof text - 1] = 0;
    err_set(ERR_IO, "cannot open: %s\xff: No such file", text);
    size_t n = strlen(err_msg());
    CHECK(n > ERR_MESSAGE - 8 && n < ERR_MESSAGE && !strncmp(err_msg(), "cannot open: nn", 15) &&
          !strcmp(err_msg() + n - 19, "n\\xff: No such file"), "%zu bytes: %s", n,
          err_msg() + n - 40);
    err_prefix(ERR_IO, "data: %s", text);
    CHECK(!strncmp(err_msg(), "data: nn", 8) && strstr(err_msg(), "nn ... nn") &&
          strstr(err_msg(), "n\\xff: No such file"), "prefix: %.40s", err_msg());
    err_copy(small, sizeof small);
    CHECK(!strcmp(small, "data: nnnnnnnnnnn ... xff: No such file"), "%s", small);
}

static const TestCase cases[] = {
    { "arena", arena }, { "threads", threads }, { "random_numbers", random_numbers },
    { "sha256", sha }, { "whole_files", whole_files },
    { "whole_pairs", whole_pairs }, { "absence", absence },
    { "whole_folders", whole_folders }, { "sizes", sizes }, { "messages", messages },
    { "shown_texts", shown_texts },
};

int main(void)
{
    return test_main("base", cases, TEST_COUNT(cases));
}

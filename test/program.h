// program.h - the program itself under test: a folder with a small random model and drawn pictures,
// commands as a shell runs them, what they print.
//
//     program_open();                                    // $W: the folder, $M: the model in it
//     CHECK(proreg("zeroshot --model $M --data $W/set") == 0, "%s", program_stderr());
//     program_close();
//
// PROREG names the program (make test sets it), RUN an emulator to start it with.
#pragma once
#include "test/folder.h"       // first: it asks for what POSIX offers

#include <sys/wait.h>

#include "clip/bpe/bpe.h"
#include "clip/clip.h"
#include "test/device.h"

static Folder world;

static inline const char *program_path(void)
{
    const char *path = getenv("PROREG");
    return path && *path ? path : "build/release/bin/proreg";
}

// Runs the program with these arguments, which a shell expands, and returns its exit status. The
// shell runs what PROREG_BEFORE says first.
static inline int proreg(const char *format, ...) ERR_PRINTF(1, 2);
static inline int proreg(const char *format, ...)
{
    char arguments[4096], command[6000];
    const char *emulator = getenv("RUN"), *before = getenv("PROREG_BEFORE");
    va_list args;
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    snprintf(command, sizeof command, "exec >$W/stdout 2>$W/stderr; %s %s %s %s",
             before ? before : "", emulator ? emulator : "", program_path(), arguments);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A whole file below the folder, "" if there is none. Lives until four later calls.
static inline const char *program_file(const char *name, size_t *size)
{
    static char *text[4];
    static int last;
    char path[FILE_PATH];
    FileMap map = { 0 };
    char **slot = &text[++last % 4];
    free(*slot);
    path_join(path, world.path, name);
    if (file_exists(path)) CHECK_OK(file_map(&map, path));
    *slot = malloc(map.size + 1);
    if (!*slot) exit(2);
    if (map.size) memcpy(*slot, map.data, map.size);
    (*slot)[map.size] = 0;
    if (size) *size = map.size;
    file_unmap(&map);
    return *slot;
}

static inline const char *program_stdout(void)
{
    return program_file("stdout", NULL);
}

static inline const char *program_stderr(void)
{
    return program_file("stderr", NULL);
}

static inline bool program_same(const char *a, const char *b)
{
    size_t n, m;
    const char *x = program_file(a, &n), *y = program_file(b, &m);
    return n > 0 && n == m && memcmp(x, y, n) == 0;
}

// Takes the checksum from a run's config.json, which then may be edited: older programs had none.
static inline void program_unsummed(const char *config)
{
    size_t n;
    const char *text = program_file(config, &n), *at = strstr(text, ",\n  \"crc32\"");
    char *less = malloc(n + 8);
    if (!less) exit(2);
    snprintf(less, n + 8, "%.*s\n}\n", at ? (int)(at - text) : 0, text);
    CHECK(at, "%s: no crc32", config);
    folder_text(&world, config, less);
    free(less);
}

// ---- a model ------------------------------------------------------------------------------------

// Learns a small vocabulary, then saves a random CLIP of this shape with it.
static inline void program_model(const char *name, ClipConfig config)
{
    static const char text[] = "a photo of a red dog. a photo of a blue cat. a picture of a green "
                               "bird. a photo of a red cat. a picture of a blue dog. a green cat.";
    char path[FILE_PATH];
    const Backend *be = device_open("cpu");
    Bpe *bpe;
    Clip clip;
    path_join(path, world.path, name);
    CHECK_OK(folder_make(path));
    CHECK_OK(bpe_train(&bpe, text, sizeof text - 1, 560));
    CHECK_OK(bpe_save(bpe, path, (int)config.context));
    config.vocab = bpe_vocab(bpe);
    config.eos = bpe_end(bpe);
    CHECK_OK(clip_random(&clip, be, &config, 3, NULL));
    CHECK_OK(clip_save(path, &clip, &clip));
    clip_free(&clip);
    bpe_close(bpe);
}

static const ClipConfig program_small = {
    .image_size = 16, .patch = 8, .embed = 16, .context = 16, .eps = 1e-5,
    .vision = { 32, 1, 2, 64 }, .text = { 32, 1, 2, 64 }, .act = ACT_QUICK_GELU,
    .pixels = { 16, 16, .filter = FILTER_BICUBIC, .scale = 1 / 255.0,
                .mean = { 0.48f, 0.46f, 0.41f }, .std = { 0.27f, 0.26f, 0.28f } },
};

// Large enough that each kind of work of a step is cut into seven pieces or more.
static const ClipConfig program_wide = {
    .image_size = 64, .patch = 8, .embed = 64, .context = 16, .eps = 1e-5,
    .vision = { 128, 2, 4, 512 }, .text = { 32, 1, 2, 64 }, .act = ACT_QUICK_GELU,
    .pixels = { 64, 64, .filter = FILTER_BICUBIC, .scale = 1 / 255.0,
                .mean = { 0.48f, 0.46f, 0.41f }, .std = { 0.27f, 0.26f, 0.28f } },
};

// ---- pictures -----------------------------------------------------------------------------------

// Noise in which the class's colour is a little stronger; another picture for each (class, number).
static inline void program_picture(const char *name, int class_index, int number)
{
    uint32_t x = (uint32_t)(number * 7 + class_index * 1009 + 1) * 2654435761u;
    int width = 16 + number % 5, height = 16 + number % 7;
    FILE *out = fopen(folder_name(&world, name), "wb");
    if (!out) exit(2);
    fprintf(out, "P6\n%d %d\n255\n", width, height);
    for (int i = 0; i < width * height * 3; i++) {
        x = x * 1664525u + 1013904223u;
        fputc((int)(x >> 24) / 2 + (i % 3 == class_index ? 100 : 0), out);
    }
    fclose(out);
}

// A set of `n` pictures a class: FOLDER/{red,green_bird,blue}/I.ppm
static inline void program_pictures(const char *folder, int n, int first)
{
    static const char *const classes[] = { "red", "green_bird", "blue" };
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n; i++) {
            char name[200];
            snprintf(name, sizeof name, "%.100s/%s/%d.ppm", folder, classes[k], i);
            program_picture(name, k, first + i);
        }
}

// $W with a model in $M, pictures in $W/set/{train,test}. False: there is no program to test.
static inline bool program_open(const ClipConfig *config)
{
    char model[FILE_PATH];
    if (!file_exists(program_path())) {
        printf("skip program: %s is not built\n", program_path());
        return false;
    }
    world = folder_open();
    program_model("model", *config);
    program_pictures("set/train", 11, 0);
    program_pictures("set/test", 4, 1000);
    path_join(model, world.path, "model");
    setenv("W", world.path, 1);
    setenv("M", model, 1);
    return true;
}

static inline void program_close(void)
{
    folder_close(&world);
}

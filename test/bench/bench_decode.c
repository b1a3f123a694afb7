// bench_decode.c - pictures decoded per second by one thread, in processor time, from memory.
//
//     bench_decode [FOLDER] [EVERY]    every EVERY-th picture; by default ../shared/data/BAR and 1
//
// Each picture counts with the best of several runs, so other programs on the machine weigh little.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/image.h"
#include "data/tree.h"
#include "tensor/file.h"

enum { REPS = 5 };

typedef struct { int64_t n, bytes, pixels; double seconds; } Sum;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status add(Sum *sum, const char *path)
{
    FileMap map;
    double best = 1e9;
    TRY(file_map(&map, path));
    for (int i = 0; i < REPS; i++) {
        Image image;
        double start = now();
        Status status = image_decode(&image, map.data, map.size, IMAGE_MAX_PIXELS);
        double seconds = now() - start;
        if (status != OK) return err_prefix(status, "%s", path);
        if (seconds < best) best = seconds;
        if (i == 0) sum->pixels += (int64_t)image.width * image.height;
        image_free(&image);
    }
    sum->n++;
    sum->bytes += (int64_t)map.size;
    sum->seconds += best;
    file_unmap(&map);
    return OK;
}

static Status bench(Arena *arena, const char *folder, int every)
{
    Tree tree;
    Sum sum = { 0 };
    TRY(tree_read(&tree, arena, folder, NULL, 0));
    for (int64_t i = 0; i < tree.n; i += every) {
        char path[FILE_PATH];
        TRY(path_join(path, folder, tree.file[i].path));
        TRY(add(&sum, path));
    }
    printf("%lld pictures: %.0f pictures/s, %.1f Mpixel/s, %.1f MB/s\n", (long long)sum.n,
           (double)sum.n / sum.seconds, (double)sum.pixels / sum.seconds * 1e-6,
           (double)sum.bytes / sum.seconds * 1e-6);
    return OK;
}

int main(int argc, char **argv)
{
    Arena arena = { 0 };
    const char *folder = argc > 1 ? argv[1] : "../shared/data/BAR";
    int every = argc > 2 ? atoi(argv[2]) : 1;
    if (!folder_exists(folder)) {
        printf("skip bench_decode: no %s\n", folder);
        return 0;
    }
    Status status = bench(&arena, folder, every > 0 ? every : 1);
    if (status != OK) fprintf(stderr, "bench_decode: %s\n", err_msg());
    arena_free(&arena);
    return status != OK;
}

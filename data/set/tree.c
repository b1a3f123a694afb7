// tree.c - walks a folder of pictures and finds its layout.
#include "data/set/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/set/lists.h"
#include "data/set/splits.h"
#include "tensor/base/file.h"

// ---- the walk -----------------------------------------------------------------------------------

// Paths, one after another, each ended by a zero byte. The first byte of each is its kind: a
// picture, a folder that holds none, a folder that holds nothing, one too deep to be read.
enum { PICTURE = 'p', NO_PICTURES = 'n', NOTHING = '0', DEEP = 'd' };

typedef struct {
    char *text;
    size_t used, size;
    int64_t n, pictures;                       // paths; pictures among them
    char path[FILE_PATH];                      // of the folder being read; the walk adds and cuts
    size_t root;                               // bytes of the root in it, with its slash
} Walk;

static Status keep(Walk *w, char kind)
{
    const char *path = w->path + w->root;
    size_t bytes = strlen(path) + 2;
    if (w->size - w->used < bytes) {
        size_t size = 2 * w->size + 2 * FILE_PATH;
        char *text = realloc(w->text, size);
        if (!text) return err_memory("dataset");
        w->text = text;
        w->size = size;
    }
    w->text[w->used] = kind;
    memcpy(w->text + w->used + 1, path, bytes - 1);
    w->used += bytes;
    w->n++;
    w->pictures += kind == PICTURE;
    return OK;
}

static Status walk_folder(Walk *w, int depth);

// One entry of a folder; the path already names it.
static Status walk_entry(Walk *w, int depth)
{
    struct stat st;
    bool nowhere = stat(w->path, &st) != 0, picture = picture_suffix(w->path);
    if (nowhere && errno != ENOENT && errno != ELOOP)
        return err_set(ERR_IO, "cannot read: %s: %s", w->path, strerror(errno));
    if (nowhere) return keep(w, picture ? PICTURE : NOTHING);
    if (S_ISDIR(st.st_mode)) return depth < TREE_DEPTH ? walk_folder(w, depth + 1) : keep(w, DEEP);
    return picture ? keep(w, PICTURE) : OK;
}

static Status walk_entries(Walk *w, DIR *dir, int depth, bool *any)
{
    size_t length = strlen(w->path);
    const char *slash = length && w->path[length - 1] == '/' ? "" : "/";
    for (;;) {
        const char *name;
        TRY(folder_next(&name, dir, w->path));
        if (!name) return OK;
        if (length + strlen(name) + 2 > sizeof w->path)
            return err_set(ERR_IO, "dataset: %s: a path of more than %d bytes", w->path, FILE_PATH);
        strcat(strcat(w->path, slash), name);
        Status status = walk_entry(w, depth);
        w->path[length] = 0;
        *any = true;
        TRY(status);
    }
}

static Status walk_folder(Walk *w, int depth)
{
    DIR *dir = opendir(w->path);
    if (!dir) return err_set(ERR_IO, "cannot open: %s: %s", w->path, strerror(errno));
    int64_t before = w->pictures;
    bool any = false;
    Status status = walk_entries(w, dir, depth, &any);
    closedir(dir);
    if (status != OK || w->pictures > before || depth == 0) return status;
    return keep(w, any ? NO_PICTURES : NOTHING);
}

// ---- the layout ---------------------------------------------------------------------------------

static int depth_of(const char *path)
{
    int depth = 0;
    for (; *path; path++) depth += *path == '/';
    return depth;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Folder number `level` of a path as a string; `last` itself if it is the same, so that the
// pictures of a class share one string.
static const char *folder_at(Arena *arena, const char *path, int level, const char *last)
{
    for (; level > 0; level--) path = strchr(path, '/') + 1;
    size_t n = strcspn(path, "/");
    if (last && strlen(last) == n && !memcmp(last, path, n)) return last;
    char *name = arena_take(arena, n + 1);
    if (!name) return NULL;
    memcpy(name, path, n);
    name[n] = 0;
    return name;
}

// What was found, being understood.
typedef struct {
    char **picture, **folder;                  // (pictures), (folders without one) in byte order
    int64_t pictures, folders;
    const char *const *extra;
    int extras;
    int depth;                                 // folders above most pictures
    int domain, split, class_name;             // which of them is what; -1: there is none
} Found;

// The depth with the most pictures; of two equal ones the deeper.
static int main_depth(const Found *f)
{
    int64_t count[TREE_DEPTH + 1] = { 0 };
    int best = 0;
    for (int64_t i = 0; i < f->pictures; i++) count[depth_of(f->picture[i])]++;
    for (int d = 1; d <= TREE_DEPTH; d++)
        if (count[d] > 0 && count[d] >= count[best]) best = d;
    return best;
}

static bool begins_with_split(const Found *f, const char *path)
{
    char name[FILE_PATH];
    size_t length = strcspn(path, "/");
    memcpy(name, path, length);
    name[length] = 0;
    return split_called(name, f->extra, f->extras);
}

static void find_levels(Found *f)
{
    f->depth = main_depth(f);
    f->class_name = f->depth - 1;
    f->domain = f->depth >= 2 ? 0 : -1;
    f->split = f->depth == 3 ? 1 : -1;
    for (int64_t i = 0; i < f->pictures && f->depth == 2; i++)
        if (depth_of(f->picture[i]) == 2 && begins_with_split(f, f->picture[i])) {
            f->domain = -1;
            f->split = 0;
            return;
        }
}

static Status name_folders(TreeFile *file, const TreeFile *last, Arena *arena, const Found *f)
{
    file->domain = file->split = "";
    if (f->domain >= 0)
        file->domain = folder_at(arena, file->path, f->domain, last ? last->domain : NULL);
    if (f->split >= 0)
        file->split = folder_at(arena, file->path, f->split, last ? last->split : NULL);
    file->class_name = folder_at(arena, file->path, f->class_name, last ? last->class_name : NULL);
    return file->domain && file->split && file->class_name ? OK : err_memory("dataset");
}

// Where there are splits, a folder in their place that is called otherwise is a stray.
static Status sort_files(Tree *tree, Arena *arena, const Found *f)
{
    tree->file = arena_take(arena, (size_t)(f->pictures + 1) * sizeof *tree->file);
    if (!tree->file) return err_memory("dataset");
    for (int64_t i = 0; i < f->pictures; i++) {
        TreeFile file = { .path = f->picture[i] };
        bool good = depth_of(file.path) == f->depth;
        if (good) TRY(name_folders(&file, tree->n ? &tree->file[tree->n - 1] : NULL, arena, f));
        if (good && (f->split < 0 || split_called(file.split, f->extra, f->extras)))
            tree->file[tree->n++] = file;
        else if (!tree->strays++) tree->stray = file.path;
    }
    return OK;
}

// Is there a picture below the folder that holds this one?
static bool has_sisters(const Tree *tree, const char *folder)
{
    size_t parent = (size_t)(path_name(folder) - folder);
    for (int64_t k = 0; k < tree->n; k++)
        if (!strncmp(tree->file[k].path, folder, parent)) return true;
    return false;
}

// Folders without pictures where classes lie. Directly below the root, where notes and lists may
// lie too, only those that hold nothing at all.
static Status keep_empties(Tree *tree, Arena *arena, const Found *f)
{
    tree->empty = arena_zero(arena, (size_t)(f->folders + 1) * sizeof *tree->empty);
    if (!tree->empty) return err_memory("dataset");
    for (int64_t i = 0; i < f->folders; i++) {
        const char *folder = f->folder[i];
        if (depth_of(folder) != f->depth - 1 || !has_sisters(tree, folder)) continue;
        if (f->depth == 1 && folder[-1] != NOTHING) continue;
        TreeFile *e = &tree->empty[tree->empties];
        *e = (TreeFile){ .path = folder };
        TRY(name_folders(e, NULL, arena, f));
        tree->empties += f->split < 0 || split_called(e->split, f->extra, f->extras);
    }
    return OK;
}

// ---- the whole ----------------------------------------------------------------------------------

static Status list_paths(Found *f, Arena *arena, const Walk *w)
{
    char *text = arena_take(arena, w->used + 1);
    char **path = arena_take(arena, (size_t)(w->n + 1) * sizeof *path);
    if (!text || !path) return err_memory("dataset");
    if (w->used) memcpy(text, w->text, w->used);
    for (char *at = text; at < text + w->used; at += strlen(at) + 1) {
        if (*at == PICTURE) path[f->pictures++] = at + 1;
        else path[w->n - ++f->folders] = at + 1;
    }
    f->picture = path;
    f->folder = path + f->pictures;
    qsort(f->picture, (size_t)f->pictures, sizeof *path, by_path);
    qsort(f->folder, (size_t)f->folders, sizeof *path, by_path);
    return OK;
}

static void count_deep(Tree *tree, const Found *f)
{
    for (int64_t i = 0; i < f->folders; i++)
        if (f->folder[i][-1] == DEEP && !tree->deeps++) tree->deep = f->folder[i];
}

static Status understand(Tree *tree, Arena *arena, const char *root, Found *f)
{
    count_deep(tree, f);
    if (f->pictures == 0 && tree->deeps)
        return err_set(ERR_IO, "dataset: %s: no pictures in its folders; deeper than %d levels, "
                       "and not read: %s", root, TREE_DEPTH, tree->deep);
    if (f->pictures == 0) return err_set(ERR_IO, "dataset: %s: no pictures in its folders", root);
    find_levels(f);
    if (f->depth == 0)
        return err_set(ERR_IO, "dataset: %s: %lld pictures, but not in folders named like classes",
                       root, (long long)f->pictures);
    tree->has_splits = f->split >= 0;
    tree->has_domains = f->domain >= 0;
    TRY(sort_files(tree, arena, f));
    if (tree->n == 0)
        return err_set(ERR_IO, "dataset: %s: %s: its folders are no layout that is known here",
                       root, tree->stray);
    return keep_empties(tree, arena, f);
}

Status tree_read(Tree *tree, Arena *arena, const char *root, const char *const *extra, int extras)
{
    Walk *w = calloc(1, sizeof *w);
    Found found = { .extra = extra, .extras = extras };
    *tree = (Tree){ 0 };
    if (!w) return err_memory("dataset");
    size_t n = strlen(root);
    bool fits = n + 2 < sizeof w->path;
    Status status = fits ? OK : err_set(ERR_IO, "dataset: a path of %zu bytes", n);
    if (status == OK) {
        memcpy(w->path, root, n + 1);
        w->root = n && root[n - 1] == '/' ? n : n + 1;
        status = walk_folder(w, 0);
    }
    if (status == OK) status = list_paths(&found, arena, w);
    if (status == OK) status = understand(tree, arena, root, &found);
    free(w->text);
    free(w);
    return status;
}

// walk.c - reads a folder and those below it.
#include "data/set/walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/set/lists.h"
#include "tensor/base/file.h"

// Thumbnails, waste and notes of Synology, QNAP, Windows, macOS and ext4. Names with a dot in front
// (.AppleDouble, ._x.jpg, .DS_Store) are passed over anyway.
static const char *const clutter[] = {
    "@eaDir", "@Recycle", "#recycle", "#snapshot", "__MACOSX", "Thumbs.db", "ehthumbs.db",
    "desktop.ini", "$RECYCLE.BIN", "System Volume Information", "lost+found", "Icon\r",
};

bool walk_clutter(const char *name)
{
    for (size_t i = 0; i < sizeof clutter / sizeof clutter[0]; i++)
        if (!strcasecmp(name, clutter[i])) return true;
    return *name == '.';
}

// Paths, one after another, each ended by a zero byte. The first byte of each is its kind.
typedef struct {
    char *text;
    size_t used, size;
    int64_t n, pictures;                       // paths; pictures among them
    char path[FILE_PATH];                      // of the folder being read; the walk adds and cuts
    size_t root;                               // bytes of the root in it, with its slash
    int deepest;
    struct { dev_t device; ino_t inode; } way[WALK_DEEPEST + 1];   // the folders it is in
    int64_t loops;
    char loop[FILE_PATH];                      // the first of them in byte order
} Paths;

static Status keep(Paths *w, WalkKind kind)
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
    w->text[w->used] = (char)kind;
    memcpy(w->text + w->used + 1, path, bytes - 1);
    w->used += bytes;
    w->n++;
    w->pictures += kind == WALK_PICTURE;
    return OK;
}

// Does the walk come back to a folder that it is in?
static bool comes_back(Paths *w, const struct stat *st, int depth)
{
    const char *path = w->path + w->root;
    for (int i = 0; i <= depth; i++) {
        if (w->way[i].device != st->st_dev || w->way[i].inode != st->st_ino) continue;
        if (w->loops++ == 0 || strcmp(path, w->loop) < 0)
            snprintf(w->loop, sizeof w->loop, "%s", path);
        return true;
    }
    return false;
}

static Status walk_folder(Paths *w, int depth);

// One entry of a folder; the path already names it. A picture that cannot be reached is one still:
// reading it says why not, where it can be left out.
static Status walk_entry(Paths *w, int depth)
{
    struct stat st;
    bool nowhere = stat(w->path, &st) != 0, picture = picture_suffix(w->path);
    if (nowhere && picture) return keep(w, WALK_PICTURE);
    if (nowhere && errno != ENOENT && errno != ELOOP)
        return err_set(ERR_IO, "cannot read: %s: %s", w->path, strerror(errno));
    if (nowhere) return keep(w, WALK_NOWHERE);
    if (S_ISDIR(st.st_mode) && comes_back(w, &st, depth)) return OK;
    if (S_ISDIR(st.st_mode))
        return depth < w->deepest ? walk_folder(w, depth + 1) : keep(w, WALK_DEEP);
    return picture ? keep(w, WALK_PICTURE) : OK;
}

static Status walk_entries(Paths *w, DIR *dir, int depth, bool *any)
{
    size_t length = strlen(w->path);
    const char *slash = length && w->path[length - 1] == '/' ? "" : "/";
    for (;;) {
        const char *name;
        TRY(folder_next(&name, dir, w->path));
        if (!name) return OK;
        if (walk_clutter(name)) continue;
        if (length + strlen(name) + 2 > sizeof w->path)
            return err_set(ERR_IO, "dataset: %s: a path of more than %d bytes", w->path, FILE_PATH);
        strcat(strcat(w->path, slash), name);
        Status status = walk_entry(w, depth);
        w->path[length] = 0;
        *any = true;
        TRY(status);
    }
}

static Status walk_folder(Paths *w, int depth)
{
    DIR *dir;
    struct stat st;
    TRY(folder_list(&dir, w->path));
    if (fstat(dirfd(dir), &st) != 0) {
        closedir(dir);
        return err_set(ERR_IO, "cannot read: %s: %s", w->path, strerror(errno));
    }
    w->way[depth].device = st.st_dev;
    w->way[depth].inode = st.st_ino;
    int64_t before = w->pictures;
    bool any = false;
    Status status = walk_entries(w, dir, depth, &any);
    closedir(dir);
    if (status != OK || w->pictures > before || depth == 0) return status;
    return keep(w, any ? WALK_NO_PICTURES : WALK_NOTHING);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static Status list_paths(Walk *found, Arena *arena, const Paths *w)
{
    char *text = arena_take(arena, w->used + 1);
    const char **path = arena_take(arena, (size_t)(w->n + 1) * sizeof *path);
    if (!text || !path) return err_memory("dataset");
    if (w->used) memcpy(text, w->text, w->used);
    for (char *at = text; at < text + w->used; at += 1 + strlen(at + 1) + 1) {
        if (*at == (char)WALK_PICTURE) path[found->pictures++] = at + 1;
        else path[w->n - ++found->folders] = at + 1;
    }
    found->loops = w->loops;
    found->loop = w->loops ? arena_string(arena, w->loop) : NULL;
    if (w->loops && !found->loop) return err_memory("dataset");
    found->picture = path;
    found->folder = path + found->pictures;
    if (found->pictures > 0) qsort(found->picture, (size_t)found->pictures, sizeof *path, by_path);
    if (found->folders > 0) qsort(found->folder, (size_t)found->folders, sizeof *path, by_path);
    return OK;
}

Status walk_read(Walk *found, Arena *arena, const char *root, int deepest)
{
    Paths *w = calloc(1, sizeof *w);
    *found = (Walk){ 0 };
    if (deepest > WALK_DEEPEST) deepest = WALK_DEEPEST;
    if (!w) return err_memory("dataset");
    size_t n = strlen(root);
    bool fits = n + 2 < sizeof w->path;
    Status status = fits ? OK : err_set(ERR_IO, "dataset: a path of %zu bytes", n);
    if (status == OK) {
        memcpy(w->path, root, n + 1);
        w->root = n && root[n - 1] == '/' ? n : n + 1;
        w->deepest = deepest;
        status = walk_folder(w, 0);
    }
    if (status == OK) status = list_paths(found, arena, w);
    free(w->text);
    free(w);
    return status;
}

WalkKind walk_kind(const char *path)
{
    return (WalkKind)path[-1];
}

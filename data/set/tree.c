// tree.c - finds the layout of a folder of pictures.
#include "data/set/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/set/splits.h"
#include "data/set/walk.h"
#include "tensor/base/file.h"

// ---- the layout ---------------------------------------------------------------------------------

static int depth_of(const char *path)
{
    int depth = 0;
    for (; *path; path++) depth += *path == '/';
    return depth;
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
    const char **picture, **folder;            // of the walk
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

static const char *copy_first(char name[FILE_PATH], const char *path)
{
    size_t length = strcspn(path, "/");
    memcpy(name, path, length);
    name[length] = 0;
    return name;
}

static bool begins_with_split(const Found *f, const char *path)
{
    char name[FILE_PATH];
    return split_called(copy_first(name, path), f->extra, f->extras);
}

// Is the folder at this level called like a split?
static bool split_at(const Found *f, const char *path, int level)
{
    for (; level > 0; level--) path = strchr(path, '/') + 1;
    return strchr(path, '/') && begins_with_split(f, path);
}

static void find_levels(Found *f)
{
    f->depth = main_depth(f);
    f->class_name = f->depth - 1;
    f->domain = f->depth >= 2 ? 0 : -1;
    f->split = f->depth == 3 ? 1 : -1;
    for (int64_t i = 0; i < f->pictures && f->depth == 2; i++)
        if (depth_of(f->picture[i]) == 2 && split_at(f, f->picture[i], 0)) {
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

// Does the path of a picture begin with these bytes?
static bool begins_so(const Tree *tree, const char *path, size_t bytes)
{
    int64_t low = 0;
    for (int64_t high = tree->n; low < high;) {
        int64_t middle = (low + high) / 2;
        if (strncmp(tree->file[middle].path, path, bytes) < 0) low = middle + 1;
        else high = middle;
    }
    return low < tree->n && !strncmp(tree->file[low].path, path, bytes);
}

// Is there a picture in the class folders beside this one, those of the domain's other splits among
// them?
static bool has_sisters(const Tree *tree, const Found *f, const char *folder)
{
    size_t parent = (size_t)(path_name(folder) - folder);
    if (f->split >= 0) parent = f->domain < 0 ? 0 : strcspn(folder, "/") + 1;
    return begins_so(tree, folder, parent);
}

// Folders that hold nothing where classes lie. Those of notes and other files are no classes.
static Status keep_empties(Tree *tree, Arena *arena, const Found *f)
{
    tree->empty = arena_zero(arena, (size_t)(f->folders + 1) * sizeof *tree->empty);
    if (!tree->empty) return err_memory("dataset");
    for (int64_t i = 0; i < f->folders; i++) {
        const char *folder = f->folder[i];
        const bool nowhere = walk_kind(folder) == WALK_NOWHERE;
        if (nowhere && depth_of(folder) < f->depth && !tree->nowheres++) tree->nowhere = folder;
        if (nowhere || depth_of(folder) != f->depth - 1 || !has_sisters(tree, f, folder))
            continue;
        if (walk_kind(folder) != WALK_NOTHING) {
            if (f->depth > 1 && !tree->others++) tree->other = folder;
            continue;
        }
        TreeFile *e = &tree->empty[tree->empties];
        *e = (TreeFile){ .path = folder };
        TRY(name_folders(e, NULL, arena, f));
        tree->empties += f->split < 0 || split_called(e->split, f->extra, f->extras);
    }
    return OK;
}

// ---- what is refused ----------------------------------------------------------------------------

// The path with its folders `level` and `level` + 1 in each other's place.
static void turn_folders(char out[FILE_PATH], const char *path, int level)
{
    const char *at = path;
    for (; level > 0; level--) at = strchr(at, '/') + 1;
    size_t n = strcspn(at, "/"), m = strcspn(at + n + 1, "/");
    snprintf(out, FILE_PATH, "%.*s%.*s/%.*s%s", (int)(at - path), path, (int)m, at + n + 1, (int)n,
             at, at + n + 1 + m);
}

// A layout that is not known: which are, and how this one would have to look.
static Status no_layout(const Found *f, const char *root, const char *path, const char *why)
{
    char example[FILE_PATH] = "train/dog/1.jpg";
    const int depth = depth_of(path) == f->depth ? f->depth : 0;
    if (depth == 3 && split_at(f, path, 0)) turn_folders(example, path, 0);
    else if (depth == 3 && split_at(f, path, 2)) turn_folders(example, path, 1);
    else if (depth == 2 && split_at(f, path, 1)) turn_folders(example, path, 0);
    return err_set(ERR_IO, "dataset: %s: %s: %s: known layouts are CLASS/FILE, SPLIT/CLASS/FILE, "
                   "DOMAIN/CLASS/FILE and DOMAIN/SPLIT/CLASS/FILE, as %s", root, path, why,
                   example);
}

// Where classes lie there are no folders but those called like splits: then classes lie above them,
// or nowhere.
static Status check_splits_below(const Found *f, const char *root)
{
    const char *first = NULL;
    if (f->split >= 0 && f->depth == 2) return OK;
    for (int64_t i = 0; i < f->pictures; i++) {
        const char *path = f->picture[i];
        if (depth_of(path) != f->depth) continue;
        if (!split_at(f, path, f->depth - 1)) return OK;
        if (!first) first = path;
    }
    return no_layout(f, root, first, f->depth == 1 ? "pictures of no class"
                     : "folders called like splits lie where classes must");
}

// SPLIT/CLASS, but not all folders are called like splits: clear where pictures to train on and
// others are there, or a flag names splits; else one of them may be a domain.
static Status check_split_or_domain(const Found *f, const char *root)
{
    const char *split = NULL, *other = NULL;
    bool kind[SPLIT_TEST + 1] = { 0 };
    char name[FILE_PATH], beside[FILE_PATH];
    if (f->depth != 2 || f->split < 0) return OK;
    for (int i = 0; i < f->extras; i++)
        if (f->extra[i]) return OK;
    for (int64_t i = 0; i < f->pictures; i++) {
        const char *path = f->picture[i];
        if (depth_of(path) != 2) continue;
        if (split_at(f, path, 0)) kind[split_kind(copy_first(name, split = path))] = true;
        else if (!other) other = path;
    }
    if (!other || (kind[SPLIT_TRAIN] && (kind[SPLIT_VAL] || kind[SPLIT_TEST]))) return OK;
    return err_set(ERR_IO, "dataset: %s: folder %s is called like a split, and %s beside it is "
                   "not: rename one, or --train-split and --eval-split say which are splits", root,
                   copy_first(name, split), copy_first(beside, other));
}

// A folder called like a split is never a domain.
static Status check_domain_names(const Found *f, const char *root)
{
    char name[FILE_PATH];
    for (int64_t i = 0; i < f->pictures && f->depth == 3; i++) {
        const char *path = f->picture[i];
        if (depth_of(path) != 3 || !split_at(f, path, 1) || !split_kind(copy_first(name, path)))
            continue;
        return err_set(ERR_IO, "dataset: %s: %s: folder %s is called like a split and lies where "
                       "domains do: rename it", root, path, name);
    }
    return OK;
}

// The bytes of the folder where a class lies, with its slash; 0: the path is not that long, or has
// no split where one must be.
static size_t class_bytes(const Found *f, const char *path)
{
    const char *end = path;
    for (int k = 0; k < f->depth; k++) {
        if (k == f->split && !begins_with_split(f, end)) return 0;
        end = strchr(end, '/');
        if (!end++) return 0;
    }
    return (size_t)(end - path);
}

// Where a class lies there are folders, and no picture beside them: classes of classes, or a folder
// `images` in a class. To leave such a class out would not do.
static Status check_nested(const Tree *tree, const Found *f, const char *root,
                           const char *const *path, int64_t n)
{
    const char *last = NULL;
    size_t same = 0;
    for (int64_t i = 0; i < n; i++) {
        if (depth_of(path[i]) + (walk_kind(path[i]) == WALK_DEEP) <= f->depth) continue;
        size_t bytes = class_bytes(f, path[i]);
        if (!bytes || (bytes == same && !strncmp(path[i], last, bytes))) continue;
        last = path[i];
        same = bytes;
        if (!begins_so(tree, last, bytes))
            return no_layout(f, root, path[i], "lies deeper than the pictures of other classes");
    }
    return OK;
}

static bool container(const char *name)
{
    static const char *const known[] = { "images", "image", "imgs", "img", "JPEGImages", "labels",
                                         "masks", "annotations", "SegmentationClass" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcasecmp(name, known[i])) return true;
    return false;
}

// Folders `images` and `labels` alone, as detectors have them, are no classes.
static Status check_containers(const Tree *tree, const Found *f, const char *root)
{
    const char *last = NULL;
    for (int64_t i = 0; i < tree->n; i++) {
        if (tree->file[i].class_name == last) continue;
        last = tree->file[i].class_name;
        if (!container(last)) return OK;
    }
    return no_layout(f, root, tree->file[0].path, "pictures of no class");
}

static const char *first_at_depth(const Found *f)
{
    int64_t i = 0;
    while (depth_of(f->picture[i]) != f->depth) i++;
    return f->picture[i];
}

// ---- the whole ----------------------------------------------------------------------------------

static void count_deep(Tree *tree, const Found *f)
{
    for (int64_t i = 0; i < f->folders; i++)
        if (walk_kind(f->folder[i]) == WALK_DEEP && !tree->deeps++) tree->deep = f->folder[i];
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
        return no_layout(f, root, f->picture[0], "not in a folder named like a class");
    TRY(check_splits_below(f, root));
    TRY(check_split_or_domain(f, root));
    TRY(check_domain_names(f, root));
    tree->has_splits = f->split >= 0;
    tree->has_domains = f->domain >= 0;
    TRY(sort_files(tree, arena, f));
    if (tree->n == 0)
        return no_layout(f, root, first_at_depth(f),
                         "its folders are no layout that is known here");
    TRY(check_containers(tree, f, root));
    TRY(check_nested(tree, f, root, f->picture, f->pictures));
    TRY(check_nested(tree, f, root, f->folder, f->folders));
    return keep_empties(tree, arena, f);
}

Status tree_read(Tree *tree, Arena *arena, const char *root, const char *const *extra, int extras)
{
    Walk w;
    *tree = (Tree){ 0 };
    TRY(walk_read(&w, arena, root, TREE_DEPTH));
    tree->loops = w.loops;
    tree->loop = w.loop;
    Found found = { .picture = w.picture, .folder = w.folder, .pictures = w.pictures,
                    .folders = w.folders, .extra = extra, .extras = extras };
    return understand(tree, arena, root, &found);
}

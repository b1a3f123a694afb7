// place.c - which folders are ours to write into.
#include "proreg/verb/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/world/world.h"
#include "proreg/run/run.h"
#include "tensor/base/file.h"

// ---- marks --------------------------------------------------------------------------------------

// A run's config.json names a method. What cannot be read now is not thereby another's.
static Status is_run(bool *yes, const char *folder)
{
    const Method *method;
    Status status = run_method(&method, folder);
    *yes = status == OK;
    return err_of_machine(status) ? status : OK;
}

static Status is_demo(bool *yes, const char *folder)
{
    static const char first[] = PLACE_DEMO_MARK;
    char path[FILE_PATH];
    FileMap map;
    TRY(file_beside(yes, path, folder, "commands.txt"));
    if (!*yes) return OK;
    TRY(file_read(&map, path));
    *yes = map.size >= sizeof first - 1 && !memcmp(map.data, first, sizeof first - 1);
    file_unmap(&map);
    return OK;
}

bool place_is_demo(const char *folder)
{
    bool yes;
    return is_demo(&yes, folder) == OK && yes;
}

// Anything at all: a demo has its folder to itself.
static Status holds_demo(const char **name, const char *folder)
{
    static char first[256];
    DIR *dir;
    TRY(folder_list(&dir, folder));
    Status status = folder_next_any(name, dir, folder);
    if (*name) snprintf(first, sizeof first, "%s", *name);
    if (*name) *name = first;
    closedir(dir);
    return status;
}

// ---- what a folder that is replaced may hold ----------------------------------------------------

static bool is_one_of(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

static bool of_model(const char *name)
{
    static const char *const names[] = {
        "pretrain.jsonl", "config.json", "model.safetensors", "preprocessor_config.json",
        "merges.txt", "vocab.json", "special_tokens_map.json", "tokenizer_config.json",
    };
    return is_one_of(name, names, sizeof names / sizeof *names);
}

// SHAPE/000017_CONTEXT.png
static bool of_set(const char *name)
{
    size_t n = strcspn(name, "/");
    for (int s = 0; s < WORLD_SHAPES; s++) {
        if (strlen(world_shape[s]) != n || strncmp(name, world_shape[s], n)) continue;
        const char *number = name + n + (name[n] == '/');
        size_t digits = strspn(number, "0123456789");
        if (digits < 6 || number[digits] != '_') return false;
        for (int c = 0; c < WORLD_CONTEXTS; c++) {
            size_t m = strlen(world_context[c]);
            const char *context = number + digits + 1;
            if (!strncmp(context, world_context[c], m) && !strcmp(context + m, ".png")) return true;
        }
    }
    return false;
}

static bool of_world(const char *name)
{
    static const char *const sets[] = { "train/", "val/", "usual/train/", "usual/test/",
                                        "swapped/test/", "new/test/" };
    if (!strcmp(name, "captions.tsv")) return true;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strncmp(name, sets[i], strlen(sets[i]))) return of_set(name + strlen(sets[i]));
    return false;
}

const PlaceKind place_run = { "a run", "config.json", is_run, NULL, run_holds,
                              "--resume goes on, --overwrite begins anew" };
const PlaceKind place_demo = { "a demo", "commands.txt", is_demo, NULL, holds_demo, NULL };
const PlaceKind place_world = { "a drawn world", "captions.tsv", NULL, of_world, NULL, NULL };
const PlaceKind place_model = { "a pretrained model", "pretrain.jsonl", NULL, of_model, NULL,
                                NULL };
const PlaceKind place_copy = { "a model", NULL, NULL, NULL, NULL, NULL };

// ---- the folder ---------------------------------------------------------------------------------

typedef struct {
    const PlaceKind *kind;
    char path[FILE_PATH];
    size_t root;                   // bytes of the folder in it, with its slash
    bool empty, marked;            // nothing there; the mark is
    char stranger[256];            // "": none
} Place;

static Status look_below(Place *p);

static Status look_at(Place *p)
{
    PathKind kind;
    bool link;
    const char *name = p->path + p->root;
    TRY(path_link(&link, p->path));
    TRY(path_kind(&kind, p->path));
    p->empty = false;
    if (p->kind->mark && !strcmp(name, p->kind->mark)) p->marked = kind == PATH_FILE;
    if (!p->kind->owns || file_is_temporary(path_name(name))) return OK;
    if (kind == PATH_FOLDER && !link) return look_below(p);
    if (!p->kind->owns(name)) snprintf(p->stranger, sizeof p->stranger, "%s", name);
    return OK;
}

static Status look_below(Place *p)
{
    DIR *dir;
    const char *name = "";
    size_t n = strlen(p->path);
    TRY(folder_list(&dir, p->path));
    Status status = OK;
    while ((status = folder_next_any(&name, dir, p->path)) == OK && name) {
        if (n + strlen(name) + 2 > sizeof p->path) status = err_set(ERR_IO, "path too long");
        else snprintf(p->path + n, sizeof p->path - n, "%s%s", p->path[n - 1] == '/' ? "" : "/",
                      name);
        if (status == OK) status = look_at(p);
        p->path[n] = 0;
        if (status != OK || *p->stranger) break;
    }
    closedir(dir);
    return status;
}

static Status look_at_place(Place *p, const char *folder, const PlaceKind *kind)
{
    size_t n = strlen(folder);
    *p = (Place){ .kind = kind, .empty = true };
    TRY(path_join(p->path, folder, ""));
    while (n > 1 && p->path[n - 1] == '/') p->path[--n] = 0;
    p->root = n + (p->path[n - 1] != '/');
    TRY(look_below(p));
    if (p->marked && kind->marked) TRY(kind->marked(&p->marked, folder));
    return OK;
}

// ---- may it be written into? --------------------------------------------------------------------

static Status in_place(const char *flag, const char *folder, const Place *p, PlaceHow how)
{
    const PlaceKind *kind = p->kind;
    const char *name;
    const bool ours = p->marked;
    TRY(kind->clash(&name, folder));
    if (how == PLACE_RESUME && !name)
        return err_set(ERR_IO, "%s: %s: holds no run to resume", flag, folder);
    if (how == PLACE_RESUME || !name) return OK;
    if (!ours)
        return err_set(ERR_IO, "%s: %s: holds %s, but no %s of %s: another --%s", flag, folder,
                       name, kind->mark, kind->what, flag);
    if (how == PLACE_NEW)
        return err_set(ERR_IO, "%s: %s: holds %s: %s", flag, folder, kind->what, kind->advice);
    return OK;
}

static Status replaced(const char *flag, const char *folder, const Place *p, PlaceHow how)
{
    if (p->empty) return OK;
    if (!p->kind->mark) return err_set(ERR_IO, "%s: %s: is there already", flag, folder);
    if (how == PLACE_NEW)
        return err_set(ERR_IO, "%s: %s is there: another --%s, or --overwrite", flag, folder,
                       flag);
    if (*p->stranger)
        return err_set(ERR_IO, "%s: %s: is not replaced: holds something else: %s", flag, folder,
                       p->stranger);
    if (!p->marked)
        return err_set(ERR_IO, "%s: %s: is not replaced: holds no %s", flag, folder,
                       p->kind->mark);
    return OK;
}

// Does `path` lie in the folder, or is it the folder? Its first name below it: "" for the folder.
static Status is_within(bool *within, char first[256], const char *path, const char *folder)
{
    char *whole = NULL, *top = NULL;
    Status status = path_whole(&whole, path);
    if (status == OK) status = path_whole(&top, folder);
    size_t n = top ? strlen(top) : 0;
    *within = whole && top && !strncmp(whole, top, n) && (!whole[n] || whole[n] == '/');
    if (*within) {
        const char *name = whole + n + (whole[n] == '/');
        snprintf(first, 256, "%.*s", (int)strcspn(name, "/"), name);
    }
    free(whole);
    free(top);
    return status;
}

// The path with its links followed, as far as it is there.
static Status whole_path(char out[FILE_PATH], const char *path)
{
    size_t n = strlen(path);
    char *whole = NULL;
    if (n >= FILE_PATH) return err_set(ERR_IO, "path too long: %.200s...", path);
    for (;; n--) {
        if (n && path[n] && path[n] != '/') continue;
        snprintf(out, FILE_PATH, "%.*s", n ? (int)n : 1, n ? path : *path == '/' ? "/" : ".");
        TRY(path_whole(&whole, out));
        if (!n || whole) break;
    }
    int length = snprintf(out, FILE_PATH, "%s/%s", whole ? whole : ".", path + n);
    free(whole);
    return length < FILE_PATH ? OK : err_set(ERR_IO, "path too long: %.200s...", path);
}

// The folder of pictures that is walked over; lists of both sides name theirs.
static const char *walked(const Options *o)
{
    return o->train_list && o->eval_list ? NULL : o->data;
}

// What the command reads stays as it is: not the folder itself, nor what would be replaced in it.
// A run may be repeated from its own config.json, which is read before anything is written.
static Status spare_read(const Options *o, const char *flag, const char *folder,
                         const PlaceKind *kind)
{
    const char *const inputs[] = { walked(o), o->images, o->model, o->run, o->merges, o->data,
                                   o->train_list, o->eval_list, o->captions, o->classnames,
                                   o->templates_file };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        char first[256] = "";
        bool within = false;
        if (inputs[i]) TRY(is_within(&within, first, inputs[i], folder));
        if (within && kind == &place_run && i >= 2) within = !*first || run_owns(first);
        if (within)
            return err_set(ERR_USAGE, "%s: %s: %s, which this command reads, lies there: "
                           "another folder", flag, folder, inputs[i]);
    }
    return OK;
}

// Nor does anything go into a folder of pictures or a model: the next walk over it would take what
// is written for a class or a domain.
static Status spare_folders(const Options *o, const char *flag, const char *folder)
{
    const char *const inputs[] = { walked(o), o->images, o->model };
    char whole[FILE_PATH];
    TRY(whole_path(whole, folder));
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        char *top = NULL;
        bool there = false;
        if (inputs[i]) TRY(folder_there(&there, inputs[i]));
        if (there) TRY(path_whole(&top, inputs[i]));
        size_t n = top ? strlen(top) : 0;
        if (n == 1) n = 0;                     // the root: its slash ends it
        const bool inside = top && !strncmp(whole, top, n) && whole[n] == '/';
        free(top);
        if (inside)
            return err_set(ERR_USAGE, "%s: %s: lies in %s, which this command reads: another "
                           "folder", flag, folder, inputs[i]);
    }
    return OK;
}

// A run replaces its checkpoints, with all that lies in them.
Status place_outside(const char *flag, const char *path)
{
    char whole[FILE_PATH], config[FILE_PATH], name[256];
    TRY(whole_path(whole, path));
    for (char *s = strchr(whole, '/'); s; s = strchr(s + 1, '/')) {
        bool run = false;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(s + 1, "/"), s + 1);
        if (!run_owns_folder(name)) continue;
        *s = 0;
        Status status = file_beside(&run, config, s > whole ? whole : "/", "config.json");
        if (status == OK && run) status = is_run(&run, s > whole ? whole : "/");
        *s = '/';
        TRY(status);
        if (run)
            return err_set(ERR_IO, "%s: %s: lies in %s of a run, which replaces it: another --%s",
                           flag, path, name, flag);
    }
    return OK;
}

static Status sweep_beside(const char *folder)
{
    char parent[FILE_PATH];
    size_t n = strlen(folder);
    if (n >= sizeof parent) return err_set(ERR_IO, "path too long: %s", folder);
    while (n > 1 && folder[n - 1] == '/') n--;
    while (n > 0 && folder[n - 1] != '/') n--;
    memcpy(parent, n ? folder : ".", n ? n : 1);
    parent[n ? n : 1] = 0;
    folder_sweep(parent);
    return OK;
}

Status place_check(const Options *o, const char *flag, const char *folder, const PlaceKind *kind,
                   PlaceHow how)
{
    PathKind there;
    Place *p;
    TRY(place_outside(flag, folder));
    TRY(sweep_beside(folder));
    TRY(folder_recover(folder));
    TRY(path_kind(&there, folder));
    if (there == PATH_FILE) return err_set(ERR_IO, "%s: %s: is a file", flag, folder);
    if (how != PLACE_RESUME) TRY(spare_read(o, flag, folder, kind));
    if (how != PLACE_RESUME) TRY(spare_folders(o, flag, folder));
    if (there == PATH_FOLDER) {
        p = calloc(1, sizeof *p);
        if (!p) return err_memory(flag);
        Status status = look_at_place(p, folder, kind);
        if (status == OK)
            status = kind->clash ? in_place(flag, folder, p, how) : replaced(flag, folder, p, how);
        if (status == OK && p->marked) folder_sweep(folder);
        free(p);
        TRY(status);
    } else if (how == PLACE_RESUME) {
        return err_set(ERR_IO, "%s: %s: holds no run to resume", flag, folder);
    }
    return folder_writable(folder);
}

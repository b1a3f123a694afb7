// tuned.c - reads and writes the classifier beside a model.
#include "proreg/run/tuned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- writing ------------------------------------------------------------------------------------

static Status save_classes(const char *folder, const Checkpoint *c)
{
    char path[FILE_PATH];
    FileOut out;
    TRY(path_join(path, folder, "classes.txt"));
    TRY(file_create(&out, path));
    for (int64_t k = 0; k < c->student->classes; k++) file_printf(&out, "%s\n", c->class_name[k]);
    return file_commit(&out);
}

static void put_texts(JsonOut *o, const char *key, const char *const *text, int64_t n)
{
    if (!text) return;
    json_put_array(o, key);
    for (int64_t i = 0; i < n; i++) json_out_string(o, text[i]);
    json_out_end(o);
}

static Status save_origin(const char *folder, const Checkpoint *c)
{
    JsonOut o = { .indent = 2 };
    int64_t K = c->student->classes;
    json_out_object(&o);
    json_put_string(&o, "method", c->student->method->name);
    json_put_int(&o, "step", c->state.step);
    if (c->mixed) json_put_double(&o, "wise_alpha", c->share);
    put_texts(&o, "classes", c->class_name, K);
    put_texts(&o, "prompts", c->prompt, K);
    put_texts(&o, "templates", c->template, c->templates);
    json_out_end(&o);
    json_out_line_end(&o);
    return json_out_save(&o, folder, "classifier.json");
}

Status tuned_save(const char *folder, const Checkpoint *c)
{
    char path[FILE_PATH];
    TRY(path_join(path, folder, "classifier.safetensors"));
    TRY(student_save_classifier(path, c->student));
    TRY(save_classes(folder, c));
    return save_origin(folder, c);
}

// ---- reading ------------------------------------------------------------------------------------

Status tuned_find(bool *found, char folder[FILE_PATH], const char *model)
{
    static const char *const ours[] = { "model.safetensors", "open_clip_model.safetensors",
                                        "open_clip_model.pt" };
    char path[FILE_PATH];
    const char *name = path_name(model);
    bool known;
    *found = false;
    TRY(folder_there(&known, model));
    int length = (int)(known ? strlen(model) : (size_t)(name - model));
    for (int i = 0; i < 3; i++) known |= strcmp(name, ours[i]) == 0;
    if (!known || length >= FILE_PATH) return OK;
    snprintf(folder, FILE_PATH, "%.*s", length ? length : 1, length ? model : ".");
    return file_beside(found, path, folder, "classifier.safetensors");
}

static Status split_lines(Arena *arena, const char ***name, int *n, const char *path, FileMap map)
{
    size_t lines = 0;
    for (size_t i = 0; i < map.size; i++) lines += map.data[i] == '\n';
    char *text = arena_take(arena, map.size + 1);
    *name = arena_take(arena, (lines + 1) * sizeof **name);
    if (!text || !*name || lines > INT32_MAX) return err_memory("classes");
    if (map.size > 0) memcpy(text, map.data, map.size);
    text[map.size] = 0;
    for (char *s = text; *s; s++) {
        char *end = strchr(s, '\n');
        if (!end || end == s)
            return err_set(ERR_FORMAT, "classes: %s: line %d is empty or cut short", path, *n + 1);
        *end = 0;
        (*name)[(*n)++] = s;
        s = end;
    }
    return *n ? OK : err_set(ERR_FORMAT, "classes: %s: is empty", path);
}

Status tuned_classes(Arena *arena, const char ***name, int *n, const char *folder)
{
    char path[FILE_PATH];
    FileMap map;
    *n = 0;
    TRY(path_join(path, folder, "classes.txt"));
    TRY(file_map(&map, path));
    Status status = split_lines(arena, name, n, path, map);
    file_unmap(&map);
    return status;
}

// `text` is copied into the arena, where *out (n) points to the copies. NULL: there is no such key.
static Status read_texts(const char ***out, int *n, Arena *arena, const Json *root, const char *key)
{
    const Json *list;
    *out = NULL;
    *n = 0;
    if (!json_get(root, key)) return OK;
    TRY(json_need(&list, root, key, JSON_ARRAY));
    *out = arena_take(arena, (size_t)(list->count + 1) * sizeof **out);
    if (!*out || list->count > INT32_MAX) return err_memory("classes");
    for (; *n < list->count; ++*n) {
        const char *text;
        TRY(json_string(&text, json_at(list, *n)));
        (*out)[*n] = arena_string(arena, text);
        if (!(*out)[*n]) return err_memory("classes");
    }
    return OK;
}

// The names of both files must be the same, or a row would be called by another's name.
static Status check_names(const RunCheckpoint *c, const char *const *name, int n, const char *path)
{
    int k = 0;
    while (k < n && k < c->classes && !strcmp(name[k], c->class_name[k])) k++;
    if (k == n && k == c->classes) return OK;
    return err_set(ERR_FORMAT, "classifier: %s: class %d is %.60s, in classes.txt %.60s", path,
                   k + 1, k < n ? name[k] : "missing", k < c->classes ? c->class_name[k]
                   : "missing");
}

static Status read_mixture(RunCheckpoint *c, const Json *root)
{
    const Json *alpha = json_get(root, "wise_alpha");
    c->mixed = alpha != NULL;
    if (!alpha) return OK;
    TRY(json_number(&c->share, alpha));
    if (c->share >= 0 && c->share <= 1) return OK;
    return json_error(ERR_FORMAT, alpha, "%g: not from 0 to 1", c->share);
}

const char *tuned_mixture(char text[MIXTURE_TEXT], const RunCheckpoint *c)
{
    *text = 0;
    if (c->mixed) snprintf(text, MIXTURE_TEXT, "mixture, alpha %.10g", c->share);
    return text;
}

static Status read_origin(RunCheckpoint *c, Arena *arena, const Json *root, const char *path)
{
    const char *method, **name;
    int n;
    TRY(json_need_string(&method, root, "method"));
    TRY(json_need_int(&c->state.step, root, "step", 0, INT64_MAX / 2));
    c->method = method_find(method);
    if (!c->method)
        return err_set(ERR_FORMAT, "classifier: %s: no such method: %.60s", path, method);
    TRY(read_mixture(c, root));
    TRY(read_texts(&name, &n, arena, root, "classes"));
    TRY(check_names(c, name, n, path));
    TRY(read_texts(&c->prompt, &n, arena, root, "prompts"));
    if (c->prompt && n != c->classes)
        return err_set(ERR_FORMAT, "classifier: %s: %d prompts for %d classes", path, n,
                       c->classes);
    return read_texts(&c->template, &c->templates, arena, root, "templates");
}

// A method whose student has such a head; which of them it was makes no difference to an answer.
static const Method *method_of(HeadKind head)
{
    switch (head) {
    case HEAD_PROMPT: return method_find("finetune");
    case HEAD_MLP: return method_find("head");
    case HEAD_LINEAR: return method_find("probe");
    }
    return NULL;
}

static Status check_head(const RunCheckpoint *c, HeadKind head, int64_t rows, const char *path)
{
    if (c->method->head != head)
        return err_set(ERR_FORMAT, "classifier: %s: is not of method %s, as classifier.json says",
                       path, c->method->name);
    if (rows != c->classes)
        return err_set(ERR_FORMAT, "classifier: %s: is of %lld classes, classes.txt has %d", path,
                       (long long)rows, c->classes);
    return OK;
}

Status tuned_open(RunCheckpoint *c, Arena *arena, const char *folder)
{
    char tensors[FILE_PATH], origin[FILE_PATH];
    Arena scratch = { 0 };
    const Json *root;
    HeadKind head;
    int64_t rows;
    *c = (RunCheckpoint){ .state.best_top1 = -1 };
    TRY(path_join(c->path, folder, ""));
    TRY(path_join(tensors, folder, "classifier.safetensors"));
    bool has_origin;
    TRY(file_beside(&has_origin, origin, folder, "classifier.json"));
    TRY(student_classifier_head(&head, &rows, tensors));
    TRY(tuned_classes(arena, &c->class_name, &c->classes, folder));
    c->method = method_of(head);
    Status status = OK;
    if (has_origin) {
        status = json_load(&root, &scratch, origin);
        if (status == OK) status = json_once(root);
        if (status == OK) status = read_origin(c, arena, root, origin);
    }
    arena_free(&scratch);
    return status == OK ? check_head(c, head, rows, tensors) : status;
}

// setup_trained.c - the files that the weights were trained on, as the run's samples.jsonl tells.
#include "data/set/dataset_work.h"
#include "proreg/run/records.h"
#include "proreg/verb/setup.h"

// The run whose weights are used: of --run; of --model where it is a checkpoint. NULL: none.
static Status run_of_weights(const char **run, Options *o)
{
    char path[FILE_PATH], state[FILE_PATH], record[FILE_PATH];
    bool checkpoint, recorded;
    *run = o->run;
    if (o->run || !o->model) return OK;
    TRY(file_beside(&checkpoint, state, o->model, "state.json"));
    TRY(path_join(path, o->model, ".."));
    TRY(file_beside(&recorded, record, path, "samples.jsonl"));
    if (!checkpoint || !recorded) return OK;
    *run = arena_string(&o->arena, path);
    return *run ? OK : err_memory("run");
}

static Status text_of(const char **text, Options *o, const Json *root, const char *key)
{
    const Json *v = json_get(root, key);
    *text = v && v->type == JSON_STRING ? arena_string(&o->arena, v->string) : "";
    return *text ? OK : err_memory("run");
}

// Where the run's pictures lay: in its --data, else where its first list lies.
static Status root_of_run(const char **root, Options *o, const char *run)
{
    char path[FILE_PATH];
    const Json *config;
    const char *list;
    TRY(path_join(path, run, "config.json"));
    TRY(json_load(&config, &o->arena, path));
    TRY(text_of(root, o, config, "data"));
    if (**root) return OK;
    TRY(text_of(&list, o, config, "train_list"));
    return list_folder(root, &o->arena, list);
}

// Below one of two folders, or wherever an absolute path says; *found NULL: nowhere.
static Status find_picture(const char **found, Options *o, const char *const root[2],
                           const char *path)
{
    char file[FILE_PATH];
    *found = NULL;
    for (int i = 0; i < 2; i++) {
        bool there;
        if (!root[i]) continue;
        TRY(dataset_path(file, root[i], path));
        TRY(file_there(&there, file));
        if (!there) continue;
        *found = arena_string(&o->arena, file);
        return *found ? OK : err_memory("run");
    }
    return OK;
}

// Pictures that are not there any more may be among those that are evaluated under other names.
static Status find_pictures(DatasetOptions *d, Options *o, const char *run, const char **path,
                            int64_t n)
{
    const char *root[2] = { NULL, o->data }, *lost = NULL;
    TRY(root_of_run(&root[0], o, run));
    d->seen = path;
    for (int64_t i = 0; i < n; i++) {
        const char *name = path[i];
        TRY(find_picture(&path[d->seens], o, root, name));
        if (path[d->seens]) d->seens++;
        else if (!lost) lost = name;
    }
    if (lost)
        say(o, "note: %s: of %lld pictures that it was trained on %lld are not found, the first: "
            "%s: they are not compared with those that are evaluated", run, (long long)n,
            (long long)(n - d->seens), lost);
    return OK;
}

Status setup_seen(DatasetOptions *d, Options *o)
{
    const char *run, **path;
    int64_t n;
    TRY(run_of_weights(&run, o));
    if (!run) return OK;
    TRY(samples_paths(&path, &n, &o->arena, run));
    if (path) return find_pictures(d, o, run, path, n);
    say(o, "note: %s: has no samples.jsonl: what it was trained on is %s", run,
        o->has_trained ? "taken from its config.json" : "not known");
    return OK;
}

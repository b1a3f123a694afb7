// export.c - `export`: a run's checkpoint, or a model, as a folder that transformers or open_clip
// loads, with the classifier that training left beside it.
#include <string.h>

#include "proreg/verb/ask.h"
#include "proreg/verb/place.h"
#include "proreg/verb/verbs.h"

// The SHA-256 of vocab.json and merges.txt as bpe_save writes OpenAI's tokenizer, which open_clip
// has built in.
static const char *const openai_tokens[][2] = {
    { "vocab.json",
      "3f0c4f7d2086b61b38487075278ea9ed04edb53a03cbb045b86c27190fa8fb69" },
    { "merges.txt",      // equal to that of openai/clip-vit-base-patch32
      "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a" },
};

static Status are_own(bool *own, const char *folder)
{
    *own = false;
    for (int i = 0; i < 2; i++) {
        char path[FILE_PATH], hex[65];
        TRY(path_join(path, folder, openai_tokens[i][0]));
        TRY(run_hash(hex, path));
        *own |= strcmp(hex, openai_tokens[i][1]) != 0;
    }
    return OK;
}

// A model may have no tokenizer; but what it has must be readable.
static Status save_tokens(bool *own, const char *folder, const Options *o, const Clip *c)
{
    Bpe *bpe;
    bool there;
    *own = false;
    TRY(bpe_there(&there, c->folder));
    TRY(setup_bpe(&bpe, o, c, there));
    if (!bpe) return OK;
    Status status = bpe_save(bpe, folder, (int)c->config.context);
    bpe_close(bpe);
    return status == OK ? are_own(own, folder) : status;
}

// Of files that belong together; classifier.json may be missing.
static Status copy_classifier(Options *o, const char *to, const char *from)
{
    static const char *const names[] = { "classifier.safetensors", "classes.txt",
                                         "classifier.json" };
    RunCheckpoint tuned;
    TRY(tuned_open(&tuned, &o->arena, from));
    for (int i = 0; i < 3; i++) {
        char source[FILE_PATH], target[FILE_PATH];
        bool there;
        TRY(file_beside(&there, source, from, names[i]));
        TRY(path_join(target, to, names[i]));
        if (there) TRY(file_copy(source, target));
    }
    return OK;
}

static Status save_export(Options *o, const char *to, const char *model)
{
    const Backend *be;
    Clip c;
    bool own, found;
    char tuned[FILE_PATH];
    TRY(backend_open(&be, "ref", NULL));                   // nothing is computed
    TRY(setup_model(&c, o, be, model, CLIP_BOTH));
    Status status = save_tokens(&own, to, o, &c);
    if (status == OK)
        status = o->format == FORMAT_HF ? clip_save(to, &c, &c)
                                        : clip_save_open_clip(to, &c, &c, own);
    clip_free(&c);
    TRY(status);
    TRY(tuned_find(&found, tuned, model));
    if (found) return copy_classifier(o, to, tuned);
    return o->run ? err_set(ERR_IO, "export: %s: no classifier.safetensors", model) : OK;
}

Status verb_export(Options *o)
{
    char checkpoint[FILE_PATH], temp[FILE_PATH];
    if (!o->output) return err_set(ERR_USAGE, "export: needs -o DIR");
    TRY(setup_model_or_run(o));
    say_idle(o);
    if (o->run) TRY(run_checkpoint(checkpoint, o->run, o->checkpoint));
    if (o->run) TRY(setup_checkpoint(o, checkpoint, false));
    TRY(place_check(o, "output", o->output, &place_copy, PLACE_NEW));
    TRY(folder_begin(temp, o->output));
    Status status = save_export(o, temp, o->run ? checkpoint : o->model);
    if (status == OK) status = folder_commit(temp, o->output);
    if (status != OK) folder_discard(temp);
    return status;
}

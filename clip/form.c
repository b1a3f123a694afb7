// form.c - a model's files are found by their names, the spelling of its tensors by a name that
// each spelling has.
#include "clip/form.h"

#include <stdio.h>
#include <string.h>

#include "clip/names.h"
#include "tensor/base/json.h"

// ---- which files --------------------------------------------------------------------------------

enum { WEIGHTS_MOST = 7 };

// A folder's form is told by its configuration file; the first weights that exist are taken.
static const struct { Form form; const char *config, *weights[WEIGHTS_MOST]; } folders[] = {
    { FORM_HF, "config.json", { "model.safetensors", "model.safetensors.index.json",
                                "pytorch_model.bin", "pytorch_model.bin.index.json" } },
    { FORM_OPEN_CLIP, "open_clip_config.json", {
        "open_clip_model.safetensors", "open_clip_model.safetensors.index.json",
        "open_clip_pytorch_model.bin", "open_clip_pytorch_model.bin.index.json",
        "open_clip_model.pt", "model.safetensors", "pytorch_model.bin" } },
};
enum { FOLDERS = sizeof folders / sizeof *folders };

static Status folder_has(bool *has, const char *folder, const char *name)
{
    char path[FILE_PATH];
    *has = false;
    return name ? file_beside(has, path, folder, name) : OK;
}

// timm's folders on the hub hold its image tower in the files that transformers names so too.
static Status is_timm(bool *timm, const char *folder)
{
    Arena arena = { 0 };
    const Json *root;
    char path[FILE_PATH];
    bool there;
    *timm = false;
    TRY(file_beside(&there, path, folder, "config.json"));
    if (!there) return OK;
    Status status = json_load(&root, &arena, path);
    if (status == OK)
        *timm = json_get(root, "architecture") && !json_get(root, "model_type") &&
                !json_get(root, "vision_config");
    arena_free(&arena);
    return status;
}

static Status is_configured(bool *is, int f, const char *folder, bool timm)
{
    TRY(folder_has(is, folder, folders[f].config));
    *is = *is && !(folders[f].form == FORM_HF && timm);
    return OK;
}

static Status no_weights(const char *folder, int configured, bool timm)
{
    char names[240] = "";
    if (configured < 0 && timm)
        return err_set(ERR_IO, "model: %s: config.json is of timm's image tower; a CLIP would have "
                       "open_clip_config.json and open_clip_model.safetensors", folder);
    if (configured < 0)
        return err_set(ERR_IO, "model: %s: neither config.json and model.safetensors nor "
                       "open_clip_config.json and open_clip_model.safetensors are there", folder);
    for (int i = 0; i < WEIGHTS_MOST && folders[configured].weights[i]; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 folders[configured].weights[i]);
    return err_set(ERR_IO, "model: %s: %s, but no weights: none of %s", folder,
                   folders[configured].config, names);
}

static Status find_in_folder(Form *form, Clip *c, const char *path, bool timm)
{
    int configured = -1;
    bool is;
    for (int f = 0; f < FOLDERS; f++) {
        TRY(is_configured(&is, f, path, timm));
        if (!is) continue;
        if (configured < 0) configured = f;
        for (int i = 0; i < WEIGHTS_MOST; i++) {
            // Beside timm's configuration a model.safetensors is timm's.
            bool theirs = timm && i >= WEIGHTS_MOST - 2;
            if (theirs) continue;
            TRY(folder_has(&is, path, folders[f].weights[i]));
            if (!is) continue;
            *form = folders[f].form;
            return path_join(c->file, path, folders[f].weights[i]);
        }
    }
    return no_weights(path, configured, timm);
}

// A file with one of those names next to its configuration stands for its folder.
static Status form_of_file(Form *form, const char *folder, const char *name, bool timm)
{
    *form = FORM_STATE;
    for (int f = FOLDERS - 1; f >= 0; f--) {               // the first that fits is taken
        bool is;
        TRY(is_configured(&is, f, folder, timm));
        for (int i = 0; i < WEIGHTS_MOST && folders[f].weights[i] && is; i++)
            if (strcmp(name, folders[f].weights[i]) == 0) *form = folders[f].form;
    }
    return OK;
}

Status form_find(Form *form, Clip *c, const char *path)
{
    bool timm = false;
    PathKind kind;
    const char *name = path_name(path);
    size_t n = (size_t)(name - path);
    if (strlen(path) >= FILE_PATH) return err_set(ERR_IO, "model: path too long");
    TRY(path_kind(&kind, path));
    const bool folder = kind == PATH_FOLDER;
    if (!folder && kind != PATH_FILE)
        return err_set(ERR_IO, "model: %s: there is no such file or folder", path);
    snprintf(c->file, sizeof c->file, "%s", path);
    snprintf(c->folder, sizeof c->folder, "%.*s", n > 1 ? (int)n - 1 : 1, n ? path : ".");
    if (folder) snprintf(c->folder, sizeof c->folder, "%s", path);
    TRY(is_timm(&timm, c->folder));
    if (folder) return find_in_folder(form, c, path, timm);
    return form_of_file(form, c->folder, name, timm);
}

// ---- which spelling -----------------------------------------------------------------------------

static const char *const prefixes[] = { "module.", "_orig_mod.", "model.", "clip." };
enum { PREFIXES = sizeof prefixes / sizeof *prefixes };

static const struct { const char *name; Spelling spelling; } marks[] = {
    { "visual.conv1.weight", SPELL_OPENAI },
    { "vision_model.embeddings.class_embedding", SPELL_HF },
};

static bool is_known(const char *head, size_t n)
{
    for (int i = 0; n > 0 && i < PREFIXES; i++) {
        size_t k = strlen(prefixes[i]);
        if (k > n || strncmp(head, prefixes[i], k) != 0) continue;
        head += k;
        n -= k;
        i = -1;
    }
    return n == 0;
}

// The shortest known prefix of a mark's name; -1: none. *other: one that is not known.
static int find_mark(char prefix[WEIGHTS_NAME], char other[WEIGHTS_NAME], const Weights *w)
{
    int found = -1;
    size_t best = WEIGHTS_NAME;
    other[0] = 0;
    for (int64_t i = 0; i < weights_count(w); i++)
        for (int m = 0; m < 2; m++) {
            const char *name = weights_at(w, i)->name;
            size_t n = strlen(name), k = strlen(marks[m].name), head = n - k;
            if (n < k || strcmp(name + head, marks[m].name) != 0) continue;
            if (head > 0 && name[head - 1] != '.') continue;
            bool known = is_known(name, head);
            if (!known || head < best) {
                memcpy(known ? prefix : other, name, head);
                (known ? prefix : other)[head] = 0;
            }
            if (known && head < best) best = head, found = m;
        }
    return found;
}

// CLIPs of other kinds, and what is mistaken for one.
static const char *kind_of(const Weights *w)
{
    static const struct { const char *part, *what; } kinds[] = {
        { "visual.trunk.", "its image tower is one of timm's" },
        { "visual.layer1.", "its image tower is a ResNet" },
        { "visual.stem.", "its image tower is a ResNet" },
        { "visual.blocks.", "its image tower is not CLIP's vision transformer" },
        { "vision_model.head.", "a SigLIP" },
        { "text.transformer.embeddings.", "its text tower is not CLIP's transformer" },
        { "text.transformer.encoder.", "its text tower is not CLIP's transformer" },
        { "text_model.embeddings.", "CLIP's text tower alone, without its image tower" },
        { "patch_embed.proj.", "an image tower of timm alone, without a text tower" },
    };
    for (int64_t i = 0; i < weights_count(w); i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            if (strstr(weights_at(w, i)->name, kinds[k].part)) return kinds[k].what;
    return NULL;
}

static Status not_known(const Clip *c, const char *prefix)
{
    const char *what = kind_of(c->weights);
    if (what) return err_set(ERR_UNSUPPORTED, "model: %s: %s: not implemented", c->file, what);
    if (*prefix)
        return err_set(ERR_FORMAT, "model: %s: the names of its tensors begin with the prefix %s, "
                       "not with module., _orig_mod., model. or clip.", c->file, prefix);
    return err_set(ERR_FORMAT, "model: %s: none of its %lld tensors is visual.conv1.weight or "
                   "vision_model.embeddings.class_embedding, as in every CLIP that is read",
                   c->file, (long long)weights_count(c->weights));
}

Status form_spelling(Clip *c)
{
    char prefix[WEIGHTS_NAME] = "", other[WEIGHTS_NAME];
    int mark = find_mark(prefix, other, c->weights);
    if (mark < 0) return not_known(c, other);
    if (*prefix) TRY(weights_drop_prefix(c->weights, prefix));
    c->spelling = (int)marks[mark].spelling;
    if (weights_find(c->weights, "text.token_embedding.weight")) c->spelling = SPELL_TEXT_PREFIX;
    const char *what = weights_find(c->weights, "visual.positional_embedding") ||
                       c->spelling == SPELL_HF ? NULL : kind_of(c->weights);
    if (what) return err_set(ERR_UNSUPPORTED, "model: %s: %s: not implemented", c->file, what);
    return OK;
}

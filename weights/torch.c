// torch.c - PyTorch's .pt: data.pkl lists the tensors and the member of the zip that each is a view
// of.
//
//     NAME/data.pkl       a pickled module (TorchScript) or dict (torch.save)
//     NAME/data/0, ..     the storages: plain numbers
//     NAME/byteorder      "little"; newer versions only
#include <string.h>

#include "weights/pickle.h"
#include "weights/reader.h"
#include "weights/zip.h"

enum { MAX_DEPTH = 32, MAX_VISITS = 1 << 20, MAX_MODULES = 1 << 16 };

typedef struct {
    Weights *w;
    Zip zip;
    char prefix[WEIGHTS_NAME];         // "NAME/"
    char path[WEIGHTS_NAME];           // of the module that is being walked: "visual.conv1."
    int64_t visits, modules;
} Archive;

// ---- one tensor ---------------------------------------------------------------------------------

static Status ints_of(int64_t *out, const Pickle *tuple, const char *name)
{
    for (int64_t i = 0; i < tuple->count; i++) {
        const Pickle *v = tuple->item[i];
        if (v->type != PICKLE_INT || v->integer < 0)
            return err_set(ERR_FORMAT, "torch: %s: a size or stride that is no whole number", name);
        out[i] = v->integer;
    }
    return OK;
}

// The distance in elements from the first to the last, for arbitrary strides.
static Status reach_of(int64_t *out, const WeightsTensor *t, const int64_t *stride)
{
    int64_t reach = 0;
    for (int i = 0; i < t->ndim; i++) {
        int64_t step;
        TRY(size_mul(&step, t->dim[i] - 1, stride[i]));
        if (step > INT64_MAX - reach) return err_set(ERR_FORMAT, "strides beyond 63 bits");
        reach += step;
    }
    *out = reach;
    return OK;
}

static bool is_contiguous(const WeightsTensor *t, const int64_t *stride)
{
    int64_t expected = 1;
    for (int i = t->ndim - 1; i >= 0; i--) {
        if (t->dim[i] != 1 && stride[i] != expected) return false;
        expected *= t->dim[i];
    }
    return true;
}

// Copies the elements in row-major order; index[] counts like an odometer.
static void gather_strided(uint8_t *dst, const uint8_t *src, const WeightsTensor *t,
                           const int64_t *stride, int64_t n)
{
    size_t size = weights_dtype_bytes(t->dtype);
    int64_t index[WEIGHTS_MAX_DIM] = { 0 }, at = 0;
    for (int64_t i = 0; i < n; i++) {
        memcpy(dst + (size_t)i * size, src + (size_t)at * size, size);
        for (int d = t->ndim - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < t->dim[d]) break;
            at -= index[d] * stride[d];
            index[d] = 0;
        }
    }
}

static Status storage_data(Archive *a, const uint8_t **data, const Pickle *storage,
                           const char *name)
{
    char path[2 * WEIGHTS_NAME];
    int n = snprintf(path, sizeof path, "%sdata/%s", a->prefix, storage->member);
    ZipMember *m = n > 0 && (size_t)n < sizeof path ? zip_find(&a->zip, path) : NULL;
    if (!m) return err_set(ERR_FORMAT, "torch: %s: no member data/%.100s", name, storage->member);
    int64_t bytes = 0, size = (int64_t)weights_dtype_bytes(storage->dtype);
    Status status = size_mul(&bytes, storage->elements, size);
    if (status != OK || (uint64_t)bytes > m->bytes)
        return err_set(ERR_FORMAT, "torch: %s: %lld elements in a member of %zu bytes", name,
                       (long long)storage->elements, m->bytes);
    TRY(zip_unpack(&a->zip, m, false));
    *data = m->data;
    return OK;
}

static Status place_tensor(Archive *a, WeightsTensor *t, const Pickle *v, const int64_t *stride)
{
    int64_t n = 0, reach = 0, elements = v->storage->elements;
    const uint8_t *data = NULL;
    size_t size = weights_dtype_bytes(t->dtype);
    TRY(reader_product(&n, t->dim, t->ndim));
    if (n > 0) TRY(reach_of(&reach, t, stride));
    if (v->offset < 0 || v->offset > elements || (n > 0 && reach >= elements - v->offset))
        return err_set(ERR_FORMAT, "torch: %s: reaches beyond its storage of %lld elements",
                       t->name, (long long)elements);
    TRY(storage_data(a, &data, v->storage, t->name));
    t->bytes = (size_t)n * size;
    t->data = data + (size_t)v->offset * size;
    if (n == 0 || is_contiguous(t, stride)) return OK;
    if (n > elements)
        return err_set(ERR_UNSUPPORTED, "torch: %s: %lld elements of a storage of %lld", t->name,
                       (long long)n, (long long)elements);
    uint8_t *copy = NULL;
    TRY(zip_take(&a->zip, &copy, t->bytes));
    gather_strided(copy, t->data, t, stride, n);
    t->data = copy;
    return OK;
}

static Status add_tensor(Archive *a, const Pickle *v, const char *name)
{
    if (v->dim->count > WEIGHTS_MAX_DIM || v->dim->count != v->stride->count)
        return err_set(ERR_UNSUPPORTED, "torch: %s: %lld dimensions, %lld strides", name,
                       (long long)v->dim->count, (long long)v->stride->count);
    WeightsTensor t = { .name = arena_string(&a->w->arena, name), .dtype = v->storage->dtype,
                        .ndim = (int)v->dim->count };
    int64_t stride[WEIGHTS_MAX_DIM] = { 0 };
    if (!t.name) return err_memory("torch");
    TRY(ints_of(t.dim, v->dim, name));
    TRY(ints_of(stride, v->stride, name));
    for (int i = 0; i < t.ndim; i++)
        if (t.dim[i] == 1) stride[i] = 0;      // never taken, whatever the file says
    TRY(place_tensor(a, &t, v, stride));
    return reader_add(a->w, &t);
}

// ---- modules and dicts --------------------------------------------------------------------------

// Appends a name to a->path, and a dot behind a module's. *length: of the path before, to restore
// it.
static Status enter_name(Archive *a, const Pickle *key, const char *dot, size_t *length)
{
    *length = strlen(a->path);
    const char *file = a->w->file;
    if (++a->visits > MAX_VISITS) return err_set(ERR_FORMAT, "torch: %s: too many values", file);
    if (key->type != PICKLE_STRING)
        return err_set(ERR_FORMAT, "torch: %s: a tensor without a name", file);
    size_t room = sizeof a->path - *length;
    int n = snprintf(a->path + *length, room, "%s%s", key->text, dot);
    if (n < 0 || (size_t)n >= room)
        return err_set(ERR_FORMAT, "torch: %s: a name is too long", file);
    return OK;
}

// a->path ends in the module's dot.
static Status note_module(Archive *a, const char *class)
{
    if (++a->modules > MAX_MODULES) return OK;
    WeightsModule *m = arena_take(&a->w->arena, sizeof *m);
    char *path = arena_string(&a->w->arena, a->path);
    if (!m || !path) return err_memory("torch");
    path[strlen(path) - 1] = 0;
    *m = (WeightsModule){ path, class, a->w->modules };
    a->w->modules = m;
    return OK;
}

static Status walk_module(Archive *a, const Pickle *dict, int depth)
{
    if (depth == MAX_DEPTH)
        return err_set(ERR_FORMAT, "torch: %s: more than %d modules deep", a->w->file, MAX_DEPTH);
    for (int64_t i = 0; dict && i < dict->count; i += 2) {
        const Pickle *v = dict->item[i + 1];
        size_t length = 0;
        TRY(enter_name(a, dict->item[i], v->type == PICKLE_OBJECT ? "." : "", &length));
        if (v->type == PICKLE_TENSOR) TRY(add_tensor(a, v, a->path));
        if (v->type == PICKLE_OBJECT) {
            TRY(note_module(a, v->class));
            TRY(walk_module(a, v->attributes, depth + 1));
        }
        a->path[length] = 0;
    }
    return OK;
}

// A kind of tensor that is not read must not be missing without a word.
static bool is_strange_tensor(const Pickle *v)
{
    return v->type == PICKLE_OTHER && v->module && strncmp(v->module, "torch", 5) == 0 &&
           (strncmp(v->name, "_rebuild", 8) == 0 || strstr(v->name, "Storage"));
}

static Status add_state(Archive *a, const Pickle *dict)
{
    for (int64_t i = 0; i < dict->count; i += 2) {
        size_t length = 0;
        const Pickle *v = dict->item[i + 1];
        bool strange = is_strange_tensor(v);
        if (v->type != PICKLE_TENSOR && !strange) continue;
        TRY(enter_name(a, dict->item[i], "", &length));
        if (strange)
            return err_set(ERR_UNSUPPORTED, "torch: %s: %s: a tensor by %s.%s is not read",
                           a->w->file, a->path, v->module, v->name);
        TRY(add_tensor(a, v, a->path));
        a->path[length] = 0;
    }
    return OK;
}

// A training checkpoint holds the state dict under one of these keys.
static const Pickle *state_of(const Pickle *root)
{
    static const char *const keys[] = { "state_dict", "model_state_dict", "model", "module" };
    for (int i = 0; i < 4; i++) {
        const Pickle *v = pickle_get(root, keys[i]);
        if (v && v->type == PICKLE_DICT) return v;
    }
    return root;
}

// ---- the archive --------------------------------------------------------------------------------

// data.pkl lies in the archive's one folder, named after the file as it was saved.
static ZipMember *find_pickle(Archive *a)
{
    static const char name[] = "/data.pkl";
    for (int64_t i = 0; i < a->zip.count; i++) {
        ZipMember *m = &a->zip.member[i];
        const char *slash = strchr(m->name, '/');
        size_t n = slash ? (size_t)(slash - m->name) : 0;
        if (n == 0 || n + 2 > sizeof a->prefix || strcmp(slash, name) != 0) continue;
        memcpy(a->prefix, m->name, n + 1);
        a->prefix[n + 1] = 0;
        return m;
    }
    return NULL;
}

static Status check_byteorder(Archive *a)
{
    char path[WEIGHTS_NAME + 16];
    snprintf(path, sizeof path, "%sbyteorder", a->prefix);
    ZipMember *m = zip_find(&a->zip, path);
    if (!m) return OK;
    TRY(zip_unpack(&a->zip, m, true));
    if (m->bytes != 6 || memcmp(m->data, "little", 6) != 0)
        return err_set(ERR_UNSUPPORTED, "torch: %s: is big-endian", a->w->file);
    return OK;
}

static Status no_state(const Weights *w, const Pickle *root)
{
    char keys[200] = "";
    for (int64_t i = 0; i < root->count && strlen(keys) < 100; i += 2)
        if (root->item[i]->type == PICKLE_STRING)
            snprintf(keys + strlen(keys), 90, " %.80s", root->item[i]->text);
    return err_set(ERR_FORMAT, "torch: %s: no state dict: its keys are%s", w->file, keys);
}

static Status read_root(Archive *a, const Pickle *root)
{
    Weights *w = a->w;
    if (root->type == PICKLE_OBJECT) {
        w->kind = WEIGHTS_TORCHSCRIPT;
        return walk_module(a, root->attributes, 0);
    }
    w->kind = WEIGHTS_STATE_DICT;
    if (root->type == PICKLE_NAME || (root->type == PICKLE_OTHER && root->module))
        return err_set(ERR_UNSUPPORTED, "pickle: %s: %s.%s: not a name that weights need, so "
                       "nothing was run: save a state_dict", w->file, root->module, root->name);
    if (root->type != PICKLE_DICT)
        return err_set(ERR_FORMAT, "torch: %s: holds neither a module nor a state dict", w->file);
    TRY(add_state(a, state_of(root)));
    return w->count ? OK : no_state(w, root);
}

Status read_torch(Weights *w)
{
    Archive a = { .w = w };
    const Pickle *root;
    TRY(zip_open(&a.zip, &w->arena, w->data, w->bytes, w->file));
    ZipMember *m = find_pickle(&a);
    if (!m)
        return err_set(ERR_FORMAT, "torch: %s: a zip without data.pkl: not of torch.save", w->file);
    TRY(check_byteorder(&a));
    TRY(zip_unpack(&a.zip, m, true));
    TRY(pickle_read(&root, &w->arena, m->data, m->bytes, w->file));
    return read_root(&a, root);
}

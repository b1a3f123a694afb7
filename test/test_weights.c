// test_weights.c - files made by PyTorch and safetensors against the values that went in; half
// precision; the writer. Files that lie are in test_weights_bad.c.
#include "tensor/base/file.h"
#include "tensor/base/inflate.h"
#include "test/test.h"
#include "weights/half.h"
#include "weights/weights.h"

#define GOLDEN "test/golden/weights/"

// ---- files made by others -----------------------------------------------------------------------

// "2x3" or "-" against a tensor.
static bool same_shape(const WeightsTensor *t, const char *shape)
{
    char text[200] = "";
    for (int i = 0; i < t->ndim; i++)
        snprintf(text + strlen(text), 24, i ? "x%lld" : "%lld", (long long)t->dim[i]);
    return strcmp(t->ndim ? text : "-", shape) == 0;
}

static void check_tensor(const Weights *w, const char *line, const float **want)
{
    char name[100], dtype[10], shape[100];
    int words = sscanf(line, "%99s %9s %99s", name, dtype, shape);
    if (!CHECK(words == 3, "odd line: %s", line)) return;
    const WeightsTensor *t = weights_find(w, name);
    if (!CHECK(t, "%s is missing", name)) return;
    CHECK(!strcmp(weights_dtype_name(t->dtype), dtype), "%s: %s", name, dtype);
    CHECK(same_shape(t, shape), "%s: not %s", name, shape);
    size_t n = (size_t)weights_elements(t);
    float *got = malloc(n * sizeof *got + 1);
    weights_to_f32(got, t);
    CHECK(!memcmp(got, *want, n * sizeof *got), "%s: other values", name);
    const float *view = weights_f32_view(t);
    CHECK(!view || !memcmp(view, *want, n * sizeof *got), "%s: other values in the view", name);
    free(got);
    *want += n;
}

static void check_file(const char *file, WeightsKind kind)
{
    char path[200];
    FileMap lines, values;
    Weights *w;
    snprintf(path, sizeof path, GOLDEN "%s.txt", file);
    if (!CHECK_OK(file_map(&lines, path))) return;
    snprintf(path, sizeof path, GOLDEN "%s.f32", file);
    if (!CHECK_OK(file_map(&values, path))) return;
    snprintf(path, sizeof path, GOLDEN "%s", file);
    if (CHECK_OK(weights_open(&w, path))) {
        const float *want = (const float *)(const void *)values.data;
        const char *c = (const char *)lines.data, *end = c + lines.size;
        int64_t n = 0;
        CHECK(weights_kind(w) == kind, "%s is %s", file, weights_kind_name(weights_kind(w)));
        for (; c < end; n++) {
            check_tensor(w, c, &want);
            c = strchr(c, '\n') + 1;
        }
        CHECK(weights_count(w) == n, "%s: %d tensors", file, (int)weights_count(w));
        CHECK((const uint8_t *)want == values.data + values.size, "%s: values are left", file);
        weights_close(w);
    }
    file_unmap(&lines);
    file_unmap(&values);
}

static void golden_files(void)
{
    check_file("types.safetensors", WEIGHTS_SAFETENSORS);
    check_file("model.safetensors.index.json", WEIGHTS_SHARDS);
    check_file("script.pt", WEIGHTS_TORCHSCRIPT);
    check_file("script_deflated.pt", WEIGHTS_TORCHSCRIPT);
    check_file("state.pt", WEIGHTS_STATE_DICT);
    check_file("metadata.pt", WEIGHTS_STATE_DICT);
    check_file("checkpoint.pt", WEIGHTS_STATE_DICT);
    check_file("extras_p2.pt", WEIGHTS_STATE_DICT);
    check_file("extras_p3.pt", WEIGHTS_STATE_DICT);
    check_file("extras_p4.pt", WEIGHTS_STATE_DICT);
    check_file("extras_p5.pt", WEIGHTS_STATE_DICT);
    check_file("pytorch_model.bin.index.json", WEIGHTS_STATE_SHARDS);
    check_file("parameters.pt", WEIGHTS_STATE_DICT);
}

static void golden_refused(void)
{
    Weights *w;
    CHECK_STATUS(weights_open(&w, GOLDEN "legacy.pt"), ERR_UNSUPPORTED, "before PyTorch 1.6");
    CHECK_STATUS(weights_open(&w, GOLDEN "module.pt"), ERR_UNSUPPORTED,
                 "torch.nn.modules.activation.ReLU: not a name that weights need");
    CHECK_STATUS(weights_open(&w, GOLDEN "no_state.pt"), ERR_FORMAT, "keys are epoch weights");
    CHECK_STATUS(weights_open(&w, GOLDEN "expanded.pt"), ERR_UNSUPPORTED,
                 "wide: 4 elements of a storage of 1");
    CHECK_STATUS(weights_open(&w, GOLDEN), ERR_IO, "is a folder");
    CHECK_STATUS(weights_open(&w, GOLDEN "no"), ERR_IO, GOLDEN "no");
    CHECK(w == NULL, "something is left");
}

static void lookups(void)
{
    Weights *w;
    if (!CHECK_OK(weights_open(&w, GOLDEN "types.safetensors"))) return;
    CHECK(!weights_find(w, "f33") && !weights_at(w, 12) && !weights_at(w, -1), "what is not there");
    CHECK(weights_f32_view(weights_find(w, "f32")) && !weights_f32_view(weights_find(w, "f16")),
          "views");
    float part[2];
    weights_part_to_f32(part, weights_find(w, "f32"), 4, 2);
    CHECK(part[0] == -3.25f && part[1] == -2.25f, "a part: %g", (double)part[0]);
    weights_close(w);
    if (!CHECK_OK(weights_open(&w, GOLDEN "script.pt"))) return;
    const char *near = weights_nearest(w, "visual.blocks.1.ln.wieght");
    CHECK(near && !strcmp(near, "visual.blocks.1.ln.weight"), "nearest: %s", near ? near : "none");
    CHECK(!weights_nearest(w, "qqqqqqqqqqqqqq"), "nearest of nonsense");
    const char *class = weights_class(w, "visual.blocks.0.ln");
    CHECK(class && !strcmp(class, "LayerNorm") && !weights_class(w, "visual.no"), "classes");
    CHECK_OK(weights_drop_prefix(w, "visual."));
    CHECK(weights_find(w, "blocks.0.ln.weight") && weights_find(w, "logit_scale") &&
          !weights_find(w, "visual.blocks.0.ln.weight") && weights_class(w, "blocks.0.ln"),
          "a prefix that not all names have");
    CHECK_OK(weights_drop_prefix(w, "blocks.0."));
    CHECK_STATUS(weights_drop_prefix(w, "blocks.1."), ERR_FORMAT, "is there twice");
    weights_close(w);
    weights_close(NULL);
}

// Where a file lies at an odd address there is no view of its floats, only copies.
static void odd_addresses(void)
{
    FileMap map;
    Weights *w;
    float part[1];
    if (!CHECK_OK(file_map(&map, GOLDEN "types.safetensors"))) return;
    uint8_t *copy = malloc(map.size + 1);
    memcpy(copy + 1, map.data, map.size);
    if (CHECK_OK(weights_parse(&w, copy + 1, map.size, "odd"))) {
        CHECK(!weights_f32_view(weights_find(w, "f32")), "a view of floats at an odd address");
        weights_part_to_f32(part, weights_find(w, "f32"), 4, 1);
        CHECK(part[0] == -3.25f, "a part: %g", (double)part[0]);
    }
    weights_close(w);
    free(copy);
    file_unmap(&map);
}

// ---- half precision -----------------------------------------------------------------------------

// The value of f16 bits by the definition of IEEE 754.
static double f16_value(unsigned h)
{
    unsigned exponent = h >> 10 & 31, fraction = h & 1023;
    double x = exponent == 0 ? ldexp(fraction, -24)
             : exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
             : ldexp(1024 + fraction, (int)exponent - 25);
    return h >> 15 ? -x : x;
}

static void half_is_exact(void)
{
    for (unsigned h = 0; h < 65536; h++) {
        float f = half_from_f16((uint16_t)h);
        double want = f16_value(h);
        if (isnan(want)) {
            uint32_t bits = (h & 0x8000) << 16 | 0x7f800000 | (h & 1023) << 13;
            CHECK(float_bits(f) == bits, "NaN %04x is %08x", h, float_bits(f));
            CHECK(half_to_f16(f) == (h | 0x200), "NaN %04x becomes %04x", h, half_to_f16(f));
        } else {
            CHECK((double)f == want && !signbit(f) == !(h >> 15), "%04x is %g", h, (double)f);
            CHECK(half_to_f16(f) == h, "%04x comes back as %04x", h, half_to_f16(f));
        }
        f = half_from_bf16((uint16_t)h);
        CHECK(float_bits(f) == h << 16, "bf16 %04x", h);
        CHECK(half_to_bf16(f) == (isnan(f) ? (h | 0x40) : h), "bf16 %04x comes back", h);
    }
}

// Between each two neighbours: halfway goes to the even one, a little more or less to the nearer.
static void half_rounds_to_even(void)
{
    for (unsigned h = 0; h < 0x7c00; h++) {
        double low = f16_value(h), high = h == 0x7bff ? 65536 : f16_value(h + 1);
        float middle = (float)((low + high) / 2);
        unsigned even = h + (h & 1);
        CHECK(half_to_f16(middle) == even, "after %04x", h);
        CHECK(half_to_f16(-middle) == (even | 0x8000), "after -%04x", h);
        CHECK(half_to_f16(nextafterf(middle, 0)) == h, "below the middle after %04x", h);
        CHECK(half_to_f16(nextafterf(middle, 1e9f)) == h + 1, "above the middle after %04x", h);
    }
    CHECK(half_to_f16(1e30f) == 0x7c00 && half_to_f16(1e-30f) == 0, "far outside");
    for (uint32_t h = 0; h < 0x7f80; h++) {
        uint32_t middle = h << 16 | 0x8000;
        CHECK(half_to_bf16(bits_float(middle)) == h + (h & 1), "bf16 after %04x", h);
        CHECK(half_to_bf16(bits_float(middle - 1)) == h, "bf16 below the middle, %04x", h);
        CHECK(half_to_bf16(bits_float(middle + 1)) == h + 1, "bf16 above the middle, %04x", h);
    }
}

// ---- writing ------------------------------------------------------------------------------------

#define OUT_FILE "build/test_weights.safetensors"

static const float values[6] = { 1, -2, 0.5f, 3e38f, -0.0f, 1e-40f };

static Status write_file(bool torch)
{
    WeightsOut *o;
    TRY(torch ? weights_create_torch(&o, OUT_FILE) : weights_create(&o, OUT_FILE));
    if (!torch) weights_put_meta(o, "format", "pt");
    weights_declare(o, "b.weight", WEIGHTS_F32, 2, (int64_t[]){ 2, 3 });
    weights_declare(o, "scale", WEIGHTS_F32, 0, NULL);
    weights_declare(o, "none", WEIGHTS_F32, 1, (int64_t[]){ 0 });
    weights_declare(o, "a \"ids\"", WEIGHTS_U8, 1, (int64_t[]){ 3 });
    weights_write(o, values, 5);                             // in pieces that fit nothing
    weights_write(o, (const uint8_t *)values + 5, 19);
    weights_write(o, values, 4);
    weights_write(o, "abc", 3);
    return weights_commit(o);
}

static void writes(void)
{
    static const char header[] =
        "{\"__metadata__\": {\"format\": \"pt\"}, "
        "\"b.weight\": {\"dtype\": \"F32\", \"shape\": [2, 3], \"data_offsets\": [0, 24]}, "
        "\"scale\": {\"dtype\": \"F32\", \"shape\": [], \"data_offsets\": [24, 28]}, "
        "\"none\": {\"dtype\": \"F32\", \"shape\": [0], \"data_offsets\": [28, 28]}, "
        "\"a \\\"ids\\\"\": {\"dtype\": \"U8\", \"shape\": [3], \"data_offsets\": [28, 31]}}";
    FileMap map;
    Weights *w;
    if (!CHECK_OK(write_file(false)) || !CHECK_OK(file_map(&map, OUT_FILE))) return;
    size_t n = map.data[0] | (size_t)map.data[1] << 8;
    CHECK(n % 8 == 0 && n + 8 + 31 == map.size, "a header of %zu bytes", n);
    CHECK(!memcmp(map.data + 8, header, sizeof header - 1), "%.400s", (const char *)map.data + 8);
    CHECK(!memcmp(map.data + 8 + n, values, 24), "the values");
    file_unmap(&map);
    if (!CHECK_OK(weights_open(&w, OUT_FILE))) return;
    CHECK(weights_count(w) == 4 && weights_at(w, 0)->dim[1] == 3, "what is in it");
    const float *view = weights_f32_view(weights_find(w, "b.weight"));
    CHECK(view && !memcmp(view, values, sizeof values), "the view");
    weights_close(w);
    remove(OUT_FILE);
}

static const WeightsTensor *tensor_is(const Weights *w, const char *name, const void *want,
                                      size_t bytes)
{
    const WeightsTensor *t = weights_find(w, name);
    CHECK(t && t->bytes == bytes && (bytes == 0 || !memcmp(t->data, want, bytes)), "%s: other bits",
          name);
    return t;
}

// What torch.save would write, which test/interop/check_open_clip.py has PyTorch read.
static void writes_torch(void)
{
    static const struct { WeightsDtype dtype; size_t bytes; } types[] = {
        { WEIGHTS_F64, 8 }, { WEIGHTS_F32, 4 }, { WEIGHTS_F16, 2 }, { WEIGHTS_BF16, 2 },
        { WEIGHTS_I64, 8 }, { WEIGHTS_I32, 4 }, { WEIGHTS_I16, 2 }, { WEIGHTS_I8, 1 },
        { WEIGHTS_U8, 1 }, { WEIGHTS_BOOL, 1 } };
    WeightsOut *o;
    Weights *w;
    if (!CHECK_OK(write_file(true)) || !CHECK_OK(weights_open(&w, OUT_FILE))) return;
    CHECK(weights_kind(w) == WEIGHTS_STATE_DICT && weights_count(w) == 4, "%s",
          weights_kind_name(weights_kind(w)));
    const WeightsTensor *t = tensor_is(w, "b.weight", values, 24);
    CHECK(t && t->ndim == 2 && t->dim[0] == 2 && t->dim[1] == 3 && t->dtype == WEIGHTS_F32, "2x3");
    CHECK(t && (uintptr_t)t->data % 64 == 0, "not aligned");
    t = tensor_is(w, "scale", values, 4);
    CHECK(t && t->ndim == 0, "a scalar");
    t = tensor_is(w, "none", NULL, 0);
    CHECK(t && t->ndim == 1 && t->dim[0] == 0, "an empty one");
    t = tensor_is(w, "a \"ids\"", "abc", 3);
    CHECK(t && t->dtype == WEIGHTS_U8, "bytes");
    weights_close(w);
    CHECK_OK(weights_create_torch(&o, OUT_FILE));
    for (int i = 0; i < TEST_COUNT(types); i++)
        weights_declare(o, weights_dtype_name(types[i].dtype), types[i].dtype, 0, NULL);
    for (int i = 0; i < TEST_COUNT(types); i++) weights_write(o, values, types[i].bytes);
    if (!CHECK_OK(weights_commit(o)) || !CHECK_OK(weights_open(&w, OUT_FILE))) return;
    for (int i = 0; i < TEST_COUNT(types); i++) {
        t = tensor_is(w, weights_dtype_name(types[i].dtype), values, types[i].bytes);
        CHECK(t && t->dtype == types[i].dtype, "%s", weights_dtype_name(types[i].dtype));
    }
    weights_close(w);
    remove(OUT_FILE);
}

// No member reaches 4 GiB here, but the records are those of larger files.
static void writes_zip(void)
{
    FileMap map;
    if (!CHECK_OK(write_file(true)) || !CHECK_OK(file_map(&map, OUT_FILE))) return;
    static const uint8_t locator[] = { 'P', 'K', 6, 7 }, descriptor[] = { 'P', 'K', 7, 8 };
    const uint8_t *end = map.data + map.size;
    CHECK(!memcmp(end - 42, locator, 4) && !memcmp(end - 42 - 56, "PK\6\6", 4), "no zip64 end");
    int descriptors = 0;
    for (const uint8_t *p = map.data; p + 24 <= end; p++) {
        if (memcmp(p, descriptor, 4) != 0) continue;
        uint32_t crc, bytes;
        memcpy(&crc, p + 4, 4);
        memcpy(&bytes, p + 8, 4);
        CHECK(crc == crc32_of(0, p - bytes, bytes), "the checksum of %u bytes", bytes);
        CHECK((p - bytes - map.data) % 64 == 0, "%u bytes are not aligned", bytes);
        descriptors++;
    }
    CHECK(descriptors == 7, "%d members", descriptors);
    file_unmap(&map);
    remove(OUT_FILE);
}

static void write_misuse_torch(void)
{
    WeightsOut *o;
    CHECK_STATUS(weights_create_torch(&o, "build/no/such/folder"), ERR_IO, "no/such/folder");
    CHECK_OK(weights_create_torch(&o, OUT_FILE));
    CHECK_STATUS(weights_put_meta(o, "b", "c"), ERR_USAGE, "a file that has none");
    weights_discard(o);
    CHECK_OK(weights_create_torch(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_U16, 0, NULL);
    CHECK_STATUS(weights_write(o, values, 2), ERR_UNSUPPORTED, "a: PyTorch has no storage of U16");
    weights_discard(o);
    CHECK_OK(weights_create_torch(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    weights_write(o, values, 3);
    CHECK_STATUS(weights_commit(o), ERR_USAGE, "3 of 4 bytes were written");
    CHECK(!file_exists(OUT_FILE), "a file is left");
}

static void write_misuse(void)
{
    WeightsOut *o;
    CHECK_STATUS(weights_create(&o, "build/no/such/folder"), ERR_IO, "no/such/folder");
    CHECK_OK(weights_create(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    weights_write(o, values, 3);
    CHECK_STATUS(weights_commit(o), ERR_USAGE, "3 of 4 bytes were written");
    CHECK_OK(weights_create(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    CHECK_STATUS(weights_write(o, values, 5), ERR_USAGE, "5 bytes where 4 are left");
    CHECK_STATUS(weights_commit(o), ERR_USAGE, "5 bytes where 4 are left");
    CHECK_OK(weights_create(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    CHECK_STATUS(weights_commit(o), ERR_FORMAT, "a: is there twice");
    CHECK_OK(weights_create(&o, OUT_FILE));
    weights_declare(o, "a", WEIGHTS_F32, 0, NULL);
    weights_write(o, values, 4);
    CHECK_STATUS(weights_declare(o, "b", WEIGHTS_F32, 0, NULL), ERR_USAGE, "declared after");
    CHECK_STATUS(weights_commit(o), ERR_USAGE, "declared after");
    CHECK_OK(weights_create(&o, OUT_FILE));
    CHECK_STATUS(weights_declare(o, "a", WEIGHTS_F32, 1, (int64_t[]){ -1 }), ERR_FORMAT, "");
    CHECK_STATUS(weights_put_meta(o, "b", "c"), ERR_FORMAT, "");          // the first error stays
    weights_discard(o);
    CHECK_OK(weights_create(&o, OUT_FILE));
    weights_declare(o, "b", WEIGHTS_U8, 1, (int64_t[]){ INT64_MAX });
    CHECK_STATUS(weights_declare(o, "c", WEIGHTS_U8, 0, NULL), ERR_SHAPE, "c: too large");
    weights_discard(o);
    weights_discard(NULL);
    CHECK_OK(weights_create(&o, OUT_FILE));
    for (int i = 0; i < 64; i++) CHECK_OK(weights_put_meta(o, "key", "value"));
    CHECK_STATUS(weights_put_meta(o, "b", "c"), ERR_USAGE, "metadata b: after the data, or");
    weights_discard(o);
    CHECK(!file_exists(OUT_FILE), "a file is left");
}

// Each file operation fails in turn: there is an error, and a whole file.
static void faults_of(bool torch, int64_t most)
{
    int64_t n = 0;
    for (Status status = ERR_IO; status != OK; n++) {
        CHECK_OK(file_save(OUT_FILE, "old", 3));
        file_fault_after(n);
        status = write_file(torch);
        file_fault_after(-1);
        if (status == OK) break;
        CHECK(status == ERR_IO && strstr(err_msg(), "No space"), "%s", err_msg());
        FileMap map;
        Weights *w = NULL;
        if (CHECK_OK(file_map(&map, OUT_FILE)))          // the old one, or all of the new one
            CHECK(map.size == 3 || weights_open(&w, OUT_FILE) == OK, "%zu bytes", map.size);
        file_unmap(&map);
        weights_close(w);
        if (!CHECK(n < most, "it never succeeds")) break;
    }
    CHECK(n > 5, "only %d operations", (int)n);
    test_note("%d operations", (int)n);
    remove(OUT_FILE);
}

static void write_faults(void) { faults_of(false, 50); }
static void write_faults_torch(void) { faults_of(true, 900); }

static const TestCase cases[] = {
    { "golden_files", golden_files },
    { "golden_refused", golden_refused },
    { "lookups", lookups },
    { "odd_addresses", odd_addresses },
    { "half_is_exact", half_is_exact },
    { "half_rounds_to_even", half_rounds_to_even },
    { "writes", writes },
    { "write_misuse", write_misuse },
    { "write_faults", write_faults },
    { "writes_torch", writes_torch }, { "writes_zip", writes_zip },
    { "write_misuse_torch", write_misuse_torch }, { "write_faults_torch", write_faults_torch },
};

int main(void)
{
    return test_main("weights", cases, TEST_COUNT(cases));
}

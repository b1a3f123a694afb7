// convert.c - the element types and their conversion to f32.
#include <string.h>

#include "weights/half.h"
#include "weights/reader.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files of weights are little-endian and are used where they lie"
#endif

// The last is the class of PyTorch's storages, if it has one.
static const struct { const char *name; size_t bytes; const char *storage; } types[] = {
    [WEIGHTS_F64] = { "F64", 8, "DoubleStorage" }, [WEIGHTS_F32] = { "F32", 4, "FloatStorage" },
    [WEIGHTS_F16] = { "F16", 2, "HalfStorage" }, [WEIGHTS_BF16] = { "BF16", 2, "BFloat16Storage" },
    [WEIGHTS_I64] = { "I64", 8, "LongStorage" }, [WEIGHTS_I32] = { "I32", 4, "IntStorage" },
    [WEIGHTS_I16] = { "I16", 2, "ShortStorage" }, [WEIGHTS_I8] = { "I8", 1, "CharStorage" },
    [WEIGHTS_U64] = { "U64", 8, NULL }, [WEIGHTS_U32] = { "U32", 4, NULL },
    [WEIGHTS_U16] = { "U16", 2, NULL }, [WEIGHTS_U8] = { "U8", 1, "ByteStorage" },
    [WEIGHTS_BOOL] = { "BOOL", 1, "BoolStorage" },
};

const char *weights_dtype_name(WeightsDtype dtype)
{
    return types[dtype].name;
}

bool weights_dtype_is_float(WeightsDtype dtype)
{
    return dtype <= WEIGHTS_BF16;
}

size_t weights_dtype_bytes(WeightsDtype dtype)
{
    return types[dtype].bytes;
}

bool reader_dtype(WeightsDtype *out, const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) != 0) continue;
        *out = (WeightsDtype)i;
        return true;
    }
    return false;
}

const char *reader_storage_name(WeightsDtype dtype)
{
    return types[dtype].storage;
}

bool reader_storage(WeightsDtype *out, const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!types[i].storage || strcmp(types[i].storage, name) != 0) continue;
        *out = (WeightsDtype)i;
        return true;
    }
    return false;
}

int64_t weights_elements(const WeightsTensor *t)
{
    return (int64_t)(t->bytes / weights_dtype_bytes(t->dtype));
}

// The data may be unaligned, so every element goes through memcpy, which compiles to a load.
static void from_f16(float *dst, const uint8_t *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t x;
        memcpy(&x, p + 2 * i, 2);
        dst[i] = half_from_f16(x);
    }
}

static void from_bf16(float *dst, const uint8_t *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t x;
        memcpy(&x, p + 2 * i, 2);
        dst[i] = half_from_bf16(x);
    }
}

static void from_f64(float *dst, const uint8_t *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x;
        memcpy(&x, p + 8 * i, 8);
        dst[i] = (float)x;
    }
}

// Integers of `size` bytes, little-endian, two's complement if is_signed.
static void from_whole(float *dst, const uint8_t *p, int64_t n, size_t size, bool is_signed)
{
    unsigned spare = (unsigned)(64 - 8 * size);
    for (int64_t i = 0; i < n; i++) {
        uint64_t x = 0;
        memcpy(&x, p + (size_t)i * size, size);
        uint64_t negative = is_signed ? x >> (8 * size - 1) & 1 : 0;
        uint64_t magnitude = negative ? (0 - x) << spare >> spare : x;
        dst[i] = negative ? -(float)magnitude : (float)magnitude;
    }
}

static void from_bool(float *dst, const uint8_t *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = p[i] != 0;
}

void weights_part_to_f32(float *dst, const WeightsTensor *t, int64_t from, int64_t count)
{
    size_t size = weights_dtype_bytes(t->dtype);
    const uint8_t *p = (const uint8_t *)t->data + (size_t)from * size;
    if (count == 0) return;
    switch (t->dtype) {
    case WEIGHTS_F32: memcpy(dst, p, (size_t)count * size); break;
    case WEIGHTS_F64: from_f64(dst, p, count); break;
    case WEIGHTS_F16: from_f16(dst, p, count); break;
    case WEIGHTS_BF16: from_bf16(dst, p, count); break;
    case WEIGHTS_BOOL: from_bool(dst, p, count); break;
    case WEIGHTS_I64: case WEIGHTS_I32: case WEIGHTS_I16: case WEIGHTS_I8:
        from_whole(dst, p, count, size, true);
        break;
    case WEIGHTS_U64: case WEIGHTS_U32: case WEIGHTS_U16: case WEIGHTS_U8:
        from_whole(dst, p, count, size, false);
        break;
    }
}

void weights_to_f32(float *dst, const WeightsTensor *t)
{
    weights_part_to_f32(dst, t, 0, weights_elements(t));
}

const float *weights_f32_view(const WeightsTensor *t)
{
    bool fits = t->dtype == WEIGHTS_F32 && (uintptr_t)t->data % _Alignof(float) == 0;
    return fits ? (const float *)t->data : NULL;
}

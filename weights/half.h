// half.h - the two 16-bit floats of weight files: f16 (IEEE binary16) and bf16 (the top half of
// f32).
//
// Conversion to f32 is exact, for subnormals, infinities and the bits of a NaN too. From f32: the
// nearest value, ties to even; overflow becomes infinity, a NaN stays one (quiet). gcc and clang
// vectorize plain loops over these.
#pragma once
#include "tensor/base/bits.h"

// Shifted into place as an f32, the exponent is 112 too small; the product corrects that and
// normalizes f16's subnormals. Infinities and NaNs then get all exponent bits. No branch: gcc
// vectorizes this, but not the same with ?: (4 against 0.9 elements per ns).
static inline float half_from_f16(uint16_t h)
{
    uint32_t rest = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t finite = float_bits(bits_float(rest) * 0x1p112f);
    uint32_t beyond = (0u - (uint32_t)((h & 0x7c00) == 0x7c00)) & 0x7f800000u;
    return bits_float(sign | finite | beyond);
}

static inline float half_from_bf16(uint16_t h)
{
    return bits_float((uint32_t)h << 16);
}

static inline uint16_t half_to_f16(float f)
{
    uint32_t bits = float_bits(f), rest = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x3ff));
    if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00);  // from 65520 on, halfway to 65536
    if (rest < 0x38800000u)                    // below 2^-14: the sum's last place is 2^-24
        return (uint16_t)(sign | (float_bits(bits_float(rest) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | ((rest - 0x38000000u + 0xfff + (rest >> 13 & 1)) >> 13));
}

static inline uint16_t half_to_bf16(float f)
{
    uint32_t bits = float_bits(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// inflate.h - unpacks deflate data: the members of zip files, PNG's IDAT, .gz files. Only unpacks.
//
//     size_t made;
//     TRY(inflate_zlib(pixels, expected, &made, idat, idat_bytes, NULL));
//     if (made != expected) return err_set(...);
//
// The caller says how much may come out, so a small file cannot fill the memory. The refusals are
// zlib's: a code that is over-subscribed or incomplete (a single code of one bit may be), a
// distance before the start, a stream that ends early. RFC 1950 (zlib), 1951 (deflate), 1952
// (gzip).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

// Unpacks one stream into out[size]. *written: the bytes that came out; *used: the bytes of `in`
// that the stream took, so what follows it can be read. Either may be NULL; after an error *written
// still tells how far it got.
// More than `size` bytes is an error, told when out[] is full; so is, for zlib, a wrong Adler-32.
// Bytes of out[] beyond *written may have been overwritten.
Status inflate_raw(uint8_t *out, size_t size, size_t *written,
                   const uint8_t *in, size_t bytes, size_t *used);
Status inflate_zlib(uint8_t *out, size_t size, size_t *written,
                    const uint8_t *in, size_t bytes, size_t *used);

// The first `size` bytes of what a zlib stream holds, as readers of PNG take them: behind them it
// may go on, break off or lack its Adler-32. Where it ends with them an Adler-32 that is there must
// fit.
Status inflate_zlib_first(uint8_t *out, size_t size, const uint8_t *in, size_t bytes);

// A whole .gz file of one or more members into memory that the caller frees; one byte 0 follows the
// *size bytes. More than `max` bytes is an error. On failure *out is NULL.
Status inflate_gzip(uint8_t **out, size_t *size, size_t max, const uint8_t *in, size_t bytes);

// CRC-32 of zip, gzip and PNG. Starts with 0; goes on with what it returned.
uint32_t crc32_of(uint32_t crc, const void *data, size_t bytes);

// The checksum of zlib.
uint32_t adler32_of(const uint8_t *data, size_t bytes);

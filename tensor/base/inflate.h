// inflate.h - unpacks deflate data: the members of zip files, PNG's IDAT, .gz files. Only unpacks.
//
//     size_t made;
//     TRY(inflate_zlib(pixels, expected, &made, idat, idat_bytes, NULL));
//     if (made != expected) return err_set(...);
//
// The caller limits the output, so a small file cannot fill the memory. Errors are zlib's: a code
// that is over-subscribed or incomplete (a single code of one bit is allowed), a distance before
// the start, a stream that ends early. RFC 1950 (zlib), 1951 (deflate), 1952 (gzip).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tensor/base/err.h"

// Unpacks one stream into out[size]. *written: bytes of output, also after an error; *used: bytes
// of `in` that the stream took, so that what follows it can be read. Either may be NULL. More than
// `size` bytes of output is an error (out[] is then full), as is a wrong Adler-32 for zlib. Bytes
// of out[] beyond *written may have been overwritten.
Status inflate_raw(uint8_t *out, size_t size, size_t *written,
                   const uint8_t *in, size_t bytes, size_t *used);
Status inflate_zlib(uint8_t *out, size_t size, size_t *written,
                    const uint8_t *in, size_t bytes, size_t *used);

// The first `size` bytes of a zlib stream's output, as PNG readers take them: the stream may go on,
// be cut off or lack its Adler-32 behind them. If it ends with them and has an Adler-32, that must
// be right.
Status inflate_zlib_first(uint8_t *out, size_t size, const uint8_t *in, size_t bytes);

// A whole .gz file of one or more members, into memory that the caller frees; a byte 0 follows the
// *size bytes. More than `max` bytes of output is an error. On failure *out is NULL.
Status inflate_gzip(uint8_t **out, size_t *size, size_t max, const uint8_t *in, size_t bytes);

// CRC-32 of zip, gzip and PNG. The first call gets crc = 0, the next what the last one returned.
uint32_t crc32_of(uint32_t crc, const void *data, size_t bytes);

// The checksum of zlib.
uint32_t adler32_of(const uint8_t *data, size_t bytes);

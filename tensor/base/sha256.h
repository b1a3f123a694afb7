// sha256.h - SHA-256 (FIPS 180-4), for the hashes of models and data that a run records.
//
//     Sha256 h = sha256_begin();  sha256_add(&h, bytes, n);  char hex[65];  sha256_end(&h, hex);
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { uint32_t state[8]; uint64_t bytes; uint8_t block[64]; } Sha256;

Sha256 sha256_begin(void);
void sha256_add(Sha256 *h, const void *data, size_t bytes);
void sha256_end(Sha256 *h, char hex[65]);

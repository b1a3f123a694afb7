// jpeg_work.h - what the files of the JPEG decoder share (ITU T.81). Use image.h.
//
//     jpeg.c         markers, tables, the frame
//     jpeg_scan.c    entropy-coded data to coefficients
//     jpeg_idct.c    coefficients to samples
//     jpeg_pixels.c  samples to RGB
//     jpeg_simd.h    eight lanes of 16 bits: SSE2, NEON
//
// Every number equals libjpeg-turbo's slow-integer path with fancy upsampling, which is Pillow's.
#pragma once
#include <stdbool.h>

#include "data/image/formats.h"

enum { JPEG_FAST = 10 };                  // bits looked up at once

typedef struct {
    bool defined;
    uint16_t fast[1 << JPEG_FAST];       // symbol << 8 | bits of code and value; 0: a longer code
    uint32_t limit[18];                  // by length: codes from here on (16 bits) are longer
    int32_t offset[17];                  // by length: place in `symbol` minus code
    uint8_t symbol[256];
} JpegHuffman;

typedef struct {
    int id, h, v, table;                 // sampling factors; which quantisation table
    int width, height;                   // in samples, before padding
    int blocks_x, blocks_y;              // padded to whole MCUs
    uint8_t *plane;                      // (8 blocks_y, 8 blocks_x)
    int16_t *coef;                       // (blocks_y, blocks_x, 64); NULL unless progressive
    bool latched;                        // quant is set
    uint16_t quant[64];                  // the table as of the component's first scan, row by row
    int dc, dc_table, ac_table;          // of the current scan
} JpegComponent;

typedef struct {
    const uint8_t *at, *end;             // bytes not read yet
    uint64_t bits;                       // read but not consumed, from the top bit down
    int n;                               // how many; below 0: consumed beyond the end of the data
    bool stopped;                        // `at` is at a marker
} JpegBits;

typedef struct {
    const uint8_t *at, *end;
    int64_t max_pixels;
    int width, height, n, hmax, vmax, mcus_x, mcus_y;
    bool progressive, jfif, adobe;
    bool whole;                          // one scan held all there is of the picture
    bool followed;                       // bytes other than FF lie behind the last scan
    int adobe_transform, restart, scans;
    bool quant_defined[4];
    uint16_t quant[4][64];
    JpegHuffman dc[4], ac[4];
    JpegComponent component[4];
} Jpeg;

// A run of zeros may lead beyond the block: the 15 places behind it map to 64, one spare entry.
extern const uint8_t jpeg_zigzag[64 + 15];

typedef struct {
    JpegComponent *component[4];
    int n, from, to, high, low;          // T.81's Ns, Ss, Se, Ah, Al
} JpegScan;

Status jpeg_huffman(JpegHuffman *t, const uint8_t counts[16], const uint8_t *symbols, int n);
Status jpeg_scan(Jpeg *j, const JpegScan *s);        // sets j->at to the marker behind the scan

Status jpeg_pixels(Image *image, Jpeg *j);

static inline uint8_t jpeg_clamp(int x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

// The inner loops. Each but jpeg_flat has a plain form, against which the vector form is tested.
void jpeg_flat(uint8_t *out, int stride, int16_t dc, uint16_t quant);    // a block of DC alone
void jpeg_idct(uint8_t *out, int stride, const int16_t coef[64], const uint16_t quant[64]);
void jpeg_idct_plain(uint8_t *out, int stride, const int16_t coef[64], const uint16_t quant[64]);

// One row of n pixels: Y, Cb, Cr to R, G, B.
void jpeg_colour(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int n);
void jpeg_colour_plain(uint8_t *rgb, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int n);

// A row of n > 2 samples to 2 n: 2 x 1, and 2 x 2 with `far`, the nearer of the rows above and
// below.
void jpeg_double(uint8_t *out, const uint8_t *row, int n);
void jpeg_double_plain(uint8_t *out, const uint8_t *row, int n);
void jpeg_double_both(uint8_t *out, const uint8_t *near, const uint8_t *far, int n);
void jpeg_double_both_plain(uint8_t *out, const uint8_t *near, const uint8_t *far, int n);

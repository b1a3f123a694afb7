// jpeg.c - the markers of a JPEG file, one after another.
//
//     FF D8 | FF xx length payload | .. | FF DA length header, entropy-coded data | .. | FF D9
//
// Read: baseline, extended and progressive Huffman of 8 bits; one, three or four components.
// Refused by name: arithmetic coding, lossless, hierarchical, 12 bits, a height that comes later
// (DNL).
#include "data/image/jpeg_work.h"

#include <stdlib.h>
#include <string.h>

enum {
    SOF0 = 0xC0, SOF2 = 0xC2, DHT = 0xC4, SOF15 = 0xCF, JPG = 0xC8, DAC = 0xCC, RST0 = 0xD0,
    SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, DQT = 0xDB, DNL = 0xDC, DRI = 0xDD, DHP = 0xDE, EXP = 0xDF,
    APP0 = 0xE0, APP14 = 0xEE, TEM = 0x01,
};

// Limits on scans: encoders write about ten; many more only make a small file slow to decode. The
// slowest files within these limits: 1.3 s for 18 KB, 9 s for 365 KB of IMAGE_MAX_PIXELS.
enum { SCANS = 500, SCANS_LARGE = 64, LARGE = 1 << 22 };         // pixels

static int u16_big(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static Status bad_length(const char *what, int n)
{
    return err_set(ERR_FORMAT, "jpeg: %s of %d bytes", what, n);
}

// ---- tables -------------------------------------------------------------------------------------

static Status quant_tables(Jpeg *j, const uint8_t *p, int n)
{
    while (n > 0) {
        int wide = p[0] >> 4, id = p[0] & 15, bytes = 1 + 64 * (wide + 1);
        if (wide > 1 || id > 3)
            return err_set(ERR_FORMAT, "jpeg: quantisation table %d of precision %d", id, wide);
        if (n < bytes) return bad_length("quantisation tables", n);
        for (int i = 0; i < 64; i++)
            j->quant[id][jpeg_zigzag[i]] = (uint16_t)(wide ? u16_big(p + 1 + 2 * i) : p[1 + i]);
        j->quant_defined[id] = true;
        p += bytes, n -= bytes;
    }
    return OK;
}

static Status huffman_tables(Jpeg *j, const uint8_t *p, int n)
{
    while (n > 0) {
        int ac = p[0] >> 4, id = p[0] & 15, count = 0;
        if (ac > 1 || id > 3) return err_set(ERR_FORMAT, "jpeg: Huffman table %d.%d", ac, id);
        if (n < 17) return bad_length("Huffman tables", n);
        for (int i = 0; i < 16; i++) count += p[1 + i];
        if (count > 256 || n < 17 + count) return bad_length("Huffman tables", n);
        for (int i = 0; i < count && !ac; i++)
            if (p[17 + i] > 15)
                return err_set(ERR_FORMAT, "jpeg: a DC difference of %d bits", p[17 + i]);
        TRY(jpeg_huffman(ac ? &j->ac[id] : &j->dc[id], p + 1, p + 17, count));
        p += 17 + count, n -= 17 + count;
    }
    return OK;
}

// ---- the frame ----------------------------------------------------------------------------------

static int div_up(int a, int b)
{
    return (a + b - 1) / b;
}

// Sizes of the components: T.81, A.1.1 and A.2.
static Status component_sizes(Jpeg *j)
{
    for (int i = 0; i < j->n; i++) {
        if (j->n == 1) j->component[i].h = j->component[i].v = 1;
        if (j->component[i].h > j->hmax) j->hmax = j->component[i].h;
        if (j->component[i].v > j->vmax) j->vmax = j->component[i].v;
    }
    j->mcus_x = div_up(j->width, 8 * j->hmax);
    j->mcus_y = div_up(j->height, 8 * j->vmax);
    for (int i = 0; i < j->n; i++) {
        JpegComponent *c = &j->component[i];
        if (j->hmax % c->h || j->vmax % c->v)
            return err_set(ERR_UNSUPPORTED, "jpeg: sampling %dx%d of %dx%d is no whole factor",
                           c->h, c->v, j->hmax, j->vmax);
        c->width = div_up(j->width * c->h, j->hmax);
        c->height = div_up(j->height * c->v, j->vmax);
        c->blocks_x = j->mcus_x * c->h;
        c->blocks_y = j->mcus_y * c->v;
    }
    return OK;
}

static Status frame_header(Jpeg *j, int marker, const uint8_t *p, int n)
{
    if (marker > SOF2)
        return err_set(ERR_UNSUPPORTED, "jpeg: %s coding is not built here; convert it: "
                       "jpegtran in.jpg > out.jpg",
                       marker > JPG ? "arithmetic" : "lossless or hierarchical");
    if (j->n) return err_set(ERR_FORMAT, "jpeg: two frames");
    if (n < 6 || n != 6 + 3 * p[5]) return bad_length("frame header", n);
    if (p[0] != 8) return err_set(ERR_UNSUPPORTED, "jpeg: %d bits a sample: 8 are read", p[0]);
    if (p[5] != 1 && p[5] != 3 && p[5] != 4)
        return err_set(ERR_UNSUPPORTED, "jpeg: %d components: 1, 3 and 4 are read", p[5]);
    j->height = u16_big(p + 1), j->width = u16_big(p + 3);
    if (j->height == 0)
        return err_set(ERR_UNSUPPORTED, "jpeg: the height comes later (DNL), which is not read");
    if (j->width == 0) return err_set(ERR_FORMAT, "jpeg: width 0");
    TRY(image_fits("jpeg", j->width, j->height, j->max_pixels));
    j->n = p[5];
    j->progressive = marker == SOF2;
    for (int i = 0; i < j->n; i++) {
        const uint8_t *q = p + 6 + 3 * i;
        JpegComponent *c = &j->component[i];
        *c = (JpegComponent){ .id = q[0], .h = q[1] >> 4, .v = q[1] & 15, .table = q[2] };
        if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4 || c->table > 3)
            return err_set(ERR_FORMAT, "jpeg: component %d: sampling %dx%d, table %d", c->id, c->h,
                           c->v, c->table);
    }
    return component_sizes(j);
}

// ---- scans --------------------------------------------------------------------------------------

static JpegComponent *component_of(Jpeg *j, int id)
{
    for (int i = 0; i < j->n; i++)
        if (j->component[i].id == id) return &j->component[i];
    return NULL;
}

static Status scan_component(Jpeg *j, JpegScan *s, const uint8_t *p)
{
    JpegComponent *c = component_of(j, p[0]);
    if (!c) return err_set(ERR_FORMAT, "jpeg: a scan names component %d, which is not there", p[0]);
    for (int i = 0; i < s->n; i++)
        if (s->component[i] == c) return err_set(ERR_FORMAT, "jpeg: component %d twice", p[0]);
    c->dc_table = p[1] >> 4, c->ac_table = p[1] & 15;
    if (c->dc_table > 3 || c->ac_table > 3)
        return err_set(ERR_FORMAT, "jpeg: Huffman tables %d and %d", c->dc_table, c->ac_table);
    if (!c->latched && !j->quant_defined[c->table])
        return err_set(ERR_FORMAT, "jpeg: quantisation table %d is not there", c->table);
    if (!c->latched) memcpy(c->quant, j->quant[c->table], sizeof c->quant);
    c->latched = true;
    s->component[s->n++] = c;
    return OK;
}

static Status check_range(const Jpeg *j, JpegScan *s)
{
    if (!j->progressive) {
        s->from = 0, s->to = 63, s->high = s->low = 0;
        return OK;
    }
    bool fits = s->from <= s->to && s->to < 64 && s->low <= 13 && (s->from > 0 || s->to == 0)
                && (s->from == 0 || s->n == 1) && (s->high == 0 || s->high == s->low + 1);
    return fits ? OK : err_set(ERR_FORMAT, "jpeg: progressive scan %d..%d, bits %d to %d", s->from,
                               s->to, s->high, s->low);
}

static Status check_tables(const Jpeg *j, const JpegScan *s)
{
    for (int i = 0; i < s->n; i++) {
        const JpegComponent *c = s->component[i];
        bool dc = s->from == 0 && s->high == 0, ac = s->to > 0;
        if ((dc && !j->dc[c->dc_table].defined) || (ac && !j->ac[c->ac_table].defined))
            return err_set(ERR_FORMAT, "jpeg: a Huffman table of component %d is not there", c->id);
    }
    return OK;
}

static int64_t blocks_of(const JpegComponent *c)
{
    return (int64_t)div_up(c->width, 8) * div_up(c->height, 8);
}

// Every block has two codes, or one in a scan of DC alone, and a code takes at least one bit. A
// scan of AC alone can be arbitrarily short, thanks to runs of empty blocks; but at the first scan,
// of whatever kind, the DC of every block is still to come.
static Status check_bytes(const Jpeg *j, const JpegScan *s)
{
    int64_t codes = 0, all = 0, left = j->end - j->at;
    int each = s->to == 0 ? 1 : s->from == 0 ? 2 : 0;
    for (int i = 0; i < s->n; i++) codes += each * blocks_of(s->component[i]);
    for (int i = 0; i < j->n; i++) all += blocks_of(&j->component[i]);
    if (j->scans == 1 && codes < all) codes = all;
    if (codes / 8 <= left) return OK;
    return err_set(ERR_FORMAT, "jpeg: truncated: %lld bytes cannot hold %lld codes",
                   (long long)left, (long long)codes);
}

// Allocates at the first scan, when the file is known to be long enough for the blocks it claims:
// at most 1.5 KB per byte of the file.
static Status take_planes(Jpeg *j)
{
    for (int i = 0; i < j->n; i++) {
        JpegComponent *c = &j->component[i];
        size_t blocks = (size_t)c->blocks_x * (size_t)c->blocks_y;
        if (c->plane) continue;
        c->plane = malloc(blocks * 64);
        c->coef = j->progressive ? calloc(blocks, 64 * sizeof *c->coef) : NULL;
        if (!c->plane || (j->progressive && !c->coef)) return err_memory("jpeg");
    }
    return OK;
}

static Status read_scan(Jpeg *j, const uint8_t *p, int n)
{
    JpegScan s = { 0 };
    if (!j->n) return err_set(ERR_FORMAT, "jpeg: a scan before the frame");
    if (j->whole) return err_set(ERR_FORMAT, "jpeg: a scan behind the one that held all");
    int most = (int64_t)j->width * j->height > LARGE ? SCANS_LARGE : SCANS;
    if (++j->scans > most) return err_set(ERR_FORMAT, "jpeg: more than %d scans", most);
    if (n < 1 || p[0] < 1 || p[0] > j->n || n != 4 + 2 * p[0]) return bad_length("scan header", n);
    for (int i = 0; i < p[0]; i++) TRY(scan_component(j, &s, p + 1 + 2 * i));
    const uint8_t *q = p + 1 + 2 * p[0];
    s.from = q[0], s.to = q[1], s.high = q[2] >> 4, s.low = q[2] & 15;
    TRY(check_range(j, &s));
    TRY(check_tables(j, &s));
    TRY(check_bytes(j, &s));
    TRY(take_planes(j));
    TRY(jpeg_scan(j, &s));
    j->whole = !j->progressive && s.n == j->n;
    return OK;
}

// ---- markers ------------------------------------------------------------------------------------

static Status restart_interval(Jpeg *j, const uint8_t *p, int n)
{
    if (n != 2) return bad_length("restart interval", n);
    j->restart = u16_big(p);
    return OK;
}

static void application_data(Jpeg *j, int marker, const uint8_t *p, int n)
{
    if (marker == APP0 && n >= 14 && memcmp(p, "JFIF", 5) == 0) j->jfif = true;
    if (marker != APP14 || n < 12 || memcmp(p, "Adobe", 5) != 0) return;
    j->adobe = true;
    j->adobe_transform = p[11];
}

static Status read_segment(Jpeg *j, int marker, const uint8_t *p, int n)
{
    if (marker == DHT) return huffman_tables(j, p, n);
    if (marker == DAC) return err_set(ERR_UNSUPPORTED, "jpeg: arithmetic coding is not built here");
    if (marker >= SOF0 && marker <= SOF15) return frame_header(j, marker, p, n);
    if (marker == SOS) return read_scan(j, p, n);
    if (marker == DQT) return quant_tables(j, p, n);
    if (marker == DRI) return restart_interval(j, p, n);
    if (marker == DNL) return err_set(ERR_UNSUPPORTED, "jpeg: DNL is not read");
    if (marker == DHP || marker == EXP)
        return err_set(ERR_UNSUPPORTED, "jpeg: hierarchical coding is not built here");
    application_data(j, marker, p, n);
    return OK;
}

// The next marker. Other bytes are skipped; any number of FF may stand before a marker.
static int next_marker(Jpeg *j)
{
    while (j->end - j->at >= 2) {
        if (j->at[0] == 0xFF && j->at[1] != 0 && j->at[1] != 0xFF) {
            j->at += 2;
            return j->at[-1];
        }
        j->at++;
    }
    return -1;
}

// Without an end marker a file was cut; but where one scan held the whole picture and anything lies
// behind it, its pixels are sure, and it is read, as libjpeg does when nobody waits for the end.
static Status no_end(const Jpeg *j, const char *where)
{
    return j->whole && j->followed ? OK : err_set(ERR_FORMAT, "jpeg: truncated: %s", where);
}

static Status read_markers(Jpeg *j)
{
    if (next_marker(j) != SOI) return err_set(ERR_FORMAT, "jpeg: does not begin with FF D8");
    for (;;) {
        int marker = next_marker(j);
        if (marker < 0) return no_end(j, "no end marker");
        if (marker == EOI) break;
        if (marker == SOI) return err_set(ERR_FORMAT, "jpeg: begins a second time");
        if (marker == TEM || (marker >= RST0 && marker < SOI)) continue;
        if (j->end - j->at < 2 || u16_big(j->at) < 2 || j->end - j->at < u16_big(j->at))
            return no_end(j, "in a marker's segment");
        const uint8_t *p = j->at + 2;
        int n = u16_big(j->at) - 2;
        j->at += n + 2;
        TRY(read_segment(j, marker, p, n));
    }
    return j->scans ? OK : err_set(ERR_FORMAT, "jpeg: no picture before the end marker");
}

Status jpeg_decode(Image *image, const uint8_t *data, size_t bytes, int64_t max_pixels)
{
    *image = (Image){ 0 };
    Jpeg *j = calloc(1, sizeof *j);
    if (!j) return err_memory("jpeg");
    j->at = data, j->end = data + bytes, j->max_pixels = max_pixels;
    Status status = read_markers(j);
    if (status == OK) status = jpeg_pixels(image, j);
    for (int i = 0; i < 4; i++) {
        free(j->component[i].plane);
        free(j->component[i].coef);
    }
    free(j);
    return status;
}

// tokens.c - from pictures to rows of tokens and back: copies, and sums over the pictures in order.
#include "tensor/cpu/work.h"

typedef struct {
    float *y, *dcls, *dpos;
    const float *x, *cls, *pos;
    int64_t B, N, C, S, P;       // N patches per picture; side of a picture, of a patch, in pixels
} Tokens;

static void patches_rows(void *arg, int64_t from, int64_t to)
{
    const Tokens *t = arg;
    int64_t S = t->S, P = t->P, G = S / P;
    for (int64_t row = from; row < to; row++) {
        int64_t b = row / (G * G), gy = row / G % G, gx = row % G;
        float *y = t->y + row * 3 * P * P;
        for (int64_t c = 0; c < 3; c++)
            for (int64_t i = 0; i < P; i++, y += P)
                memcpy(y, t->x + ((b * 3 + c) * S + gy * P + i) * S + gx * P,
                       (size_t)P * sizeof(float));
    }
}

static void cpu_patches_fwd(real *y, const real *x, int64_t B, int64_t S, int64_t P)
{
    REQUIRE(P > 0 && P <= S);
    int64_t G = S / P;
    par_for(B * G * G, row_grain(3 * P * P), patches_rows,
            &(Tokens){ .y = y, .x = x, .S = S, .P = P });
}

static void tokens_fwd_rows(void *arg, int64_t from, int64_t to)
{
    const Tokens *t = arg;
    for (int64_t row = from; row < to; row++) {
        int64_t b = row / (1 + t->N), at = row % (1 + t->N);
        const float *x = at == 0 ? t->cls : t->x + (b * t->N + at - 1) * t->C;
        const float *pos = t->pos + at * t->C;
        for (int64_t c = 0; c < t->C; c += LANES) {
            int n = lanes_left(t->C - c);
            v_store_n(t->y + row * t->C + c, v_add(v_load_n(x + c, n), v_load_n(pos + c, n)), n);
        }
    }
}

static void cpu_tokens_fwd(real *y, const real *x, const real *cls, const real *pos, int64_t B,
                           int64_t N, int64_t C)
{
    par_for(B * (1 + N), row_grain(C), tokens_fwd_rows,
            &(Tokens){ .y = y, .x = x, .cls = cls, .pos = pos, .N = N, .C = C });
}

static void add_row(float *sum, const float *x, int64_t C)
{
    for (int64_t c = 0; c < C; c += LANES) {
        int n = lanes_left(C - c);
        v_store_n(sum + c, v_add(v_load_n(sum + c, n), v_load_n(x + c, n)), n);
    }
}

// A piece is one token of all pictures, so that each sum over pictures is in one piece.
static void tokens_bwd_token(void *arg, int64_t from, int64_t to)
{
    const Tokens *t = arg;
    for (int64_t at = from; at < to; at++)
        for (int64_t b = 0; b < t->B; b++) {
            const float *dy = t->x + (b * (1 + t->N) + at) * t->C;
            if (t->dpos) add_row(t->dpos + at * t->C, dy, t->C);
            if (t->dcls && at == 0) add_row(t->dcls, dy, t->C);
            if (t->y && at > 0)
                memcpy(t->y + (b * t->N + at - 1) * t->C, dy, (size_t)t->C * sizeof(float));
        }
}

static void cpu_tokens_bwd(real *dx, real *dcls, real *dpos, const real *dy, int64_t B, int64_t N,
                           int64_t C)
{
    par_for(1 + N, 1, tokens_bwd_token,
            &(Tokens){ .y = dx, .dcls = dcls, .dpos = dpos, .x = dy, .B = B, .N = N, .C = C });
}

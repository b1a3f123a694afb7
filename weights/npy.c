// npy.c - writes NumPy's format, version 1.0.
#include "weights/npy.h"

#include <string.h>

Status npy_create(FileOut *out, const char *path, int ndim, const int64_t *dim)
{
    char header[256] = "", shape[128] = "";
    size_t n = 0;
    for (int i = 0; i < ndim && n < sizeof shape - 32; i++)
        n += (size_t)snprintf(shape + n, sizeof shape - n, "%lld,%s", (long long)dim[i],
                              i + 1 < ndim ? " " : "");
    if (ndim > 1) shape[n - 1] = 0;            // (N, E), but (N,)
    int used = snprintf(header, sizeof header,
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    int length = (10 + used + 1 + 63) / 64 * 64 - 10;
    memset(header + used, ' ', (size_t)(length - 1 - used));
    header[length - 1] = '\n';
    const unsigned char start[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0,
                                      (unsigned char)(length & 255), (unsigned char)(length >> 8) };
    TRY(file_create(out, path));
    file_write(out, start, sizeof start);
    file_write(out, header, (size_t)length);
    return OK;
}

Status npy_save(const char *path, int ndim, const int64_t *dim, const float *data)
{
    FileOut out;
    size_t bytes = sizeof *data;
    for (int i = 0; i < ndim; i++) bytes *= (size_t)dim[i];
    TRY(npy_create(&out, path, ndim, dim));
    file_write(&out, data, bytes);
    return file_commit(&out);
}

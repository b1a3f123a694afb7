// npy.h - writes arrays of float32 in NumPy's format, version 1.0, for numpy.load.
//
//     0   6  "\x93NUMPY"
//     6   2  1, 0: the version
//     8   2  n: bytes of the header, little-endian; 10 + n is a multiple of 64
//     10  n  "{'descr': '<f4', 'fortran_order': False, 'shape': (N, E), }", blanks, "\n"
//     then the numbers, the last dimension running fastest
#pragma once
#include "tensor/base/file.h"

// Starts a file; the caller writes dim[0] * dim[1] * .. floats with file_write, then commits.
Status npy_create(FileOut *out, const char *path, int ndim, const int64_t *dim);
Status npy_save(const char *path, int ndim, const int64_t *dim, const float *data);

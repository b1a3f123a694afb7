// interval.h - how far an accuracy measured on few pictures may be from that on many.
//
// Two-sided 95 % intervals, in shares of 0 to 1. They tell of the draw of the pictures alone: not
// of another seed, and not of pictures of another kind.
//
//     Interval i = interval_share(81, 263);            // 0.2553 to 0.3662
#pragma once
#include "proreg/run/score.h"

typedef struct { double low, high; } Interval;

// The score interval of a share (Wilson, 1927, J. Am. Stat. Assoc. 22:209-212): the p for which
// |correct/n - p| <= z sqrt(p (1-p) / n), z = 1.96. Of no pictures: 0 to 1.
Interval interval_share(int64_t correct, int64_t n);

// Of the mean of several shares, all of equal weight, from the score intervals of each (Zou and
// Donner, 2008, Stat. Med. 27:1693-1702): m - sqrt(sum (p_i - low_i)^2) / n, and likewise above.
// Cells without pictures do not count; of none it is 0 to 1.
Interval interval_mean(const Cell *cell, int n);

// progress.c - the line on stderr.
#include "proreg/run/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tensor/base/shown.h"

double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

Progress progress_begin(const char *what, int64_t total, bool quiet)
{
    double now = seconds_now();
    return (Progress){ .what = what, .total = total, .start = now, .drawn = now, .quiet = quiet,
                       .terminal = isatty(STDERR_FILENO) != 0 };
}

double progress_rate(const Progress *p)
{
    double seconds = seconds_now() - p->start;
    return seconds > 0 ? (double)p->done / seconds : 0;
}

static void draw_line(Progress *p)
{
    double rate = progress_rate(p);
    fprintf(stderr, "%s%s %lld", p->terminal ? "\r" : "", p->what, (long long)p->done);
    if (p->total > 0) fprintf(stderr, "/%lld", (long long)p->total);
    fprintf(stderr, "  %.1f images/s", rate);
    if (p->figure_name) fprintf(stderr, "  %s %.4f", p->figure_name, p->figure);
    if (p->total > 0 && rate > 0) {
        int64_t left = (int64_t)((double)(p->total - p->done) / rate + 0.5);
        fprintf(stderr, "  %lld:%02d left", (long long)(left / 60), (int)(left % 60));
    }
    fputs(p->terminal ? "\033[K" : "\n", stderr);
    fflush(stderr);
    p->on_screen = p->terminal;
}

void progress_add(Progress *p, int64_t done)
{
    p->done += done;
    double now = seconds_now(), interval = p->terminal ? 0.1 : 5;
    if (p->quiet || now - p->drawn < interval) return;
    p->drawn = now;
    draw_line(p);
}

void progress_figure(Progress *p, const char *name, double value)
{
    p->figure_name = name;
    p->figure = value;
}

static void clear_line(Progress *p)
{
    if (p->on_screen) fputs("\r\033[K", stderr);
    p->on_screen = false;
}

void progress_say(Progress *p, const char *format, ...)
{
    if (p->quiet) return;
    clear_line(p);
    va_list args;
    va_start(args, format);
    shown_print(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void progress_end(Progress *p)
{
    clear_line(p);
    fflush(stderr);
}

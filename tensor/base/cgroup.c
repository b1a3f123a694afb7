// cgroup.c - the least CPU quota between the process's control group and the root of its hierarchy.
#include "tensor/base/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CGROUP_PATH = 4096, CGROUP_LINE = 3 * CGROUP_PATH };

// A hierarchy as it is mounted: the group `from` of it appears at the folder `at`.
typedef struct {
    bool v2;
    char from[CGROUP_PATH], at[CGROUP_PATH];
} Hierarchy;

static double least(double a, double b)
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

// Is `word` among words that are separated by commas?
static bool among(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *s = words; *s; s += strcspn(s, ","), s += *s == ',')
        if (strcspn(s, ",") == n && !strncmp(s, word, n)) return true;
    return false;
}

// "quota period" or, with one number, a quota alone: how many were read. "max" is no number.
static int two_numbers(double x[2], const char *folder, const char *name)
{
    char path[CGROUP_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    int n = f ? fscanf(f, "%lf %lf", &x[0], &x[1]) : 0;
    if (f) fclose(f);
    return n;
}

// The quota of one group, in processors; 0: it has none.
static double quota_of(const char *folder, bool v2)
{
    double quota[2] = { 0, 0 }, period[2] = { 0, 0 };
    if (v2) {
        if (two_numbers(quota, folder, "cpu.max") != 2) return 0;
        period[0] = quota[1];
    } else {
        if (two_numbers(quota, folder, "cpu.cfs_quota_us") < 1) return 0;
        if (two_numbers(period, folder, "cpu.cfs_period_us") < 1) return 0;
    }
    return quota[0] > 0 && period[0] > 0 ? quota[0] / period[0] : 0;
}

// From the group up to where its hierarchy is mounted. A group outside of what is mounted (a
// container that shows the host's names) is not to be seen: what is mounted is asked itself.
static double walk_up(const char *root, const Hierarchy *h, const char *group)
{
    char folder[CGROUP_PATH];
    size_t n = strcmp(h->from, "/") ? strlen(h->from) : 0;
    bool below = !strncmp(group, h->from, n) && (group[n] == '/' || !group[n]);
    const char *rest = below && !strstr(group + n, "..") ? group + n : "";
    int top = snprintf(folder, sizeof folder, "%s%s", root, h->at);
    if (top < 0 || (size_t)top + strlen(rest) >= sizeof folder) return 0;
    strcpy(folder + top, rest);
    for (double limit = 0;;) {
        size_t end = strlen(folder);
        limit = least(quota_of(folder, h->v2), limit);
        if (end <= (size_t)top) return limit;
        while (end > (size_t)top + 1 && folder[end - 1] != '/') end--;
        folder[end - 1] = 0;
    }
}

// Blanks and the like stand as \040 in mountinfo.
static void unescape(char *text)
{
    char *to = text;
    for (const char *s = text; *s; to++) {
        bool code = s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
                    s[3] >= '0' && s[3] <= '7';
        *to = code ? (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + s[3] - '0') : *s;
        s += code ? 4 : 1;
    }
    *to = 0;
}

// "id parent device from at options - type source superoptions" of a hierarchy that may have
// quotas: cgroup2, or cgroup with the controller cpu.
static bool mounted(Hierarchy *h, const char *line)
{
    char type[32], super[1024];
    const char *tail = strstr(line, " - ");
    if (!tail || sscanf(tail, " - %31s %*s %1023s", type, super) != 2) return false;
    if (sscanf(line, "%*s %*s %*s %4095s %4095s", h->from, h->at) != 2) return false;
    unescape(h->from);
    unescape(h->at);
    h->v2 = !strcmp(type, "cgroup2");
    return h->v2 || (!strcmp(type, "cgroup") && among(super, "cpu"));
}

// The process's group in that hierarchy: of "number:controllers:/group", where v2 has the number 0
// and no controllers.
static bool group_of_process(char group[CGROUP_PATH], const char *root, bool v2)
{
    char path[CGROUP_PATH], line[CGROUP_LINE];
    bool found = false;
    snprintf(path, sizeof path, "%.4000s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f)) {
        char *controllers = strchr(line, ':'), *name = NULL;
        if (controllers) name = strchr(++controllers, ':');
        if (!name) continue;
        *name++ = 0;
        name[strcspn(name, "\n")] = 0;
        found = v2 ? !*controllers : among(controllers, "cpu");
        if (found) snprintf(group, CGROUP_PATH, "%.4000s", name);
    }
    if (f) fclose(f);
    return found;
}

double cgroup_cpus(const char *root)
{
    char path[CGROUP_PATH], line[CGROUP_LINE], group[CGROUP_PATH];
    double limit = 0;
    Hierarchy h;
    snprintf(path, sizeof path, "%.4000s/proc/self/mountinfo", root);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (mounted(&h, line) && group_of_process(group, root, h.v2))
            limit = least(walk_up(root, &h, group), limit);
    if (f) fclose(f);
    return limit;
}

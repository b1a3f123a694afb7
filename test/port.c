// port.c - how far a device is, and what is next: `make port DEVICE=name` (tensor/PORTING.md).
//
// Goes through kernels.inc from top to bottom and judges each kernel that is there as test_backend
// does. Prints how many are green; of the first that is not: what it computes, as kernels.inc says
// it, which cases fail and their worst element. Exit status 2: it could not judge.
#include <signal.h>
#include <unistd.h>

#include "test/conform.h"

// alloc, release, upload, download, sync come first, then sumsq, fill, copy.
enum { MEETING = 5, FIRST = 8 };
typedef enum { GREEN, RED, MISSING } State;

// ---- what kernels.inc says ----------------------------------------------------------------------

static char *read_list(void)
{
    static char text[1 << 16];
    FILE *in = fopen("tensor/kernels.inc", "r");
    if (!in) return text;
    size_t n = fread(text, 1, sizeof text - 1, in);
    text[n] = 0;
    fclose(in);
    return text;
}

// The comment above an entry, and the entry.
static void show(const char *kernel)
{
    char entry[64];
    char *text = read_list();
    snprintf(entry, sizeof entry, "KERNEL(%s,", kernel);
    char *at = strstr(text, entry);
    if (!at) return;
    while (at > text && at[-1] != '\n') at--;                      // HOST_KERNEL
    char *from = at, *end = strstr(at, "))\n");
    while (from > text + 1) {
        char *line = from - 1;
        while (line > text && line[-1] != '\n') line--;
        if (strncmp(line, "//", 2) != 0) break;
        from = line;
    }
    if (end) end[2] = 0;
    for (char *line = strtok(from, "\n"); line; line = strtok(NULL, "\n")) printf("    %s\n", line);
}

// ---- judging ------------------------------------------------------------------------------------

// A kernel of a port may crash: its name is told first.
static const char *running = "";

static void crashed(int number)
{
    const char *const text[] = { "port: crashed in ", running,
                                 ", every argument that may be NULL being NULL once\n" };
    (void)number;
    for (int i = 0; i < TEST_COUNT(text); i++)
        if (write(2, text[i], strlen(text[i])) < 0) _exit(3);
    _exit(2);
}

static bool is_there(const Backend *be, int from, int to)
{
    for (int i = from; i < to; i++)
        if (!backend_has(be, i)) return false;
    return true;
}

// Prints what fails when asked to.
static State judge_memory(const Backend *be, int kernel, bool print)
{
    running = backend_kernel(kernel);
    if (!backend_has(be, kernel)) return MISSING;
    if (!is_there(be, 0, MEETING)) return RED;           // none can be judged alone
    running = "copies between host and device";
    const char *wrong = copies_wrong(be);
    if (!*wrong && is_there(be, 0, FIRST)) wrong = release_wrong(be);
    if (print && *wrong) printf("    %s\n", wrong);
    return *wrong ? RED : GREEN;
}

static State judge_kernel(const Backend *be, int kernel, bool print)
{
    int tried = 0, failed = 0;
    if (kernel < MEETING) return judge_memory(be, kernel, print);
    if (!backend_has(be, kernel)) return MISSING;
    if (!is_there(be, 0, MEETING)) return RED;
    for (int i = 0; i < KERNEL_CASES; i++) {
        const KernelCase *k = &kernel_cases[i];
        if (k->use != SMALL || strcmp(k->kernel, backend_kernel(kernel)) != 0) continue;
        Verdict v;
        running = case_label(k);
        judge_case(&v, &be, 1, k);
        tried++;
        failed += *v.wrong != 0;
        if (print && *v.wrong) printf("    %s: %s\n", case_label(k), v.wrong);
    }
    if (print && failed) printf("    %d of %d cases fail\n", failed, tried);
    return failed ? RED : GREEN;
}

static void list(const char *title, State of, const State *state)
{
    int n = backend_kernels(), column = 0;
    for (int i = 0; i < n; i++) {
        if (state[i] != of) continue;
        if (!column) column = printf("%-8s", title);
        else if (column > 84) column = printf("\n        ") - 1;
        column += printf(" %s", backend_kernel(i));
    }
    if (column) putchar('\n');
}

static void report(const Backend *be)
{
    State state[64] = { GREEN };
    int n = backend_kernels(), green = 0, next = -1;
    for (int i = 0; i < n; i++) {
        state[i] = judge_kernel(be, i, false);
        green += state[i] == GREEN;
        if (state[i] != GREEN && next < 0) next = i;
    }
    list("green", GREEN, state);
    list("red", RED, state);
    list("missing", MISSING, state);
    printf("%s: %d of %d green", be->name, green, n);
    if (next < 0) {
        puts("; next: make test, then a training run (tensor/PORTING.md)");
        return;
    }
    printf("; next: %s, %s\n", backend_kernel(next), state[next] == RED ? "red" : "missing");
    show(backend_kernel(next));
    judge_kernel(be, next, true);
}

int main(void)
{
    const Backend *be;
    if (backend_find(&be, test_device(""), NULL) != OK) {
        fprintf(stderr, "port: %s (make port DEVICE=name)\n", err_msg());
        return 2;
    }
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    signal(SIGFPE, crashed);
    signal(SIGABRT, crashed);
    report(be);
    return 0;
}

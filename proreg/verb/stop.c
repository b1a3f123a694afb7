// stop.c - the one place of the program that handles signals.
#include "proreg/verb/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct { int number; const char *name; } watched[] = {
    { SIGINT, "SIGINT" }, { SIGTERM, "SIGTERM" }, { SIGHUP, "SIGHUP" },
};
enum { WATCHED = sizeof watched / sizeof watched[0] };

static volatile sig_atomic_t came;             // the first signal
static volatile sig_atomic_t taken[WATCHED];   // whose handler is ours
static const char *volatile notice;            // what the first signal says

// Runs between two instructions of any thread: flags, signal() and write() are all it may use.
static void note_signal(int number)
{
    int saved = errno;
    const char *text = notice;
    for (int i = 0; i < WATCHED; i++)
        if (taken[i]) signal(watched[i].number, SIG_DFL);
    if (!came && text && write(STDERR_FILENO, text, strlen(text)) < 0) errno = 0;
    if (!came) came = number;
    errno = saved;
}

void stop_watch(bool quiet)
{
    if (came) return;
    notice = quiet ? NULL : isatty(STDERR_FILENO)
        ? "\nproreg: to be stopped after this step; once more stops at once\n"
        : "proreg: to be stopped after this step; once more stops at once\n";
    for (int i = 0; i < WATCHED; i++) {
        struct sigaction now, act = { .sa_handler = note_signal, .sa_flags = SA_RESTART };
        sigemptyset(&act.sa_mask);
        if (taken[i] || sigaction(watched[i].number, NULL, &now) != 0) continue;
        if (now.sa_handler == SIG_IGN) continue;
        taken[i] = 1;
        sigaction(watched[i].number, &act, NULL);
    }
}

int stop_asked(void)
{
    return came;
}

const char *stop_name(void)
{
    for (int i = 0; i < WATCHED; i++)
        if (watched[i].number == came) return watched[i].name;
    return "";
}

static bool shell_takes_apart(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./+,:@%";
    return !*word || word[strspn(word, plain)] != 0;
}

void stop_word(char *text, size_t size, const char *word)
{
    size_t used = strlen(text);
    bool quote = shell_takes_apart(word);
    used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", quote ? "'" : "");
    for (const char *c = word; *c && used < size; c++)
        used += (size_t)snprintf(text + used, size - used, "%s%c", *c == '\'' ? "'\\'" : "", *c);
    if (quote && used < size) snprintf(text + used, size - used, "'");
}

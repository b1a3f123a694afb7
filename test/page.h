// page.h - is a text a page that any parser reads and that needs no other file? For tests of
// reports: tags that close, attributes in quotation marks, entities of XML, no script, and nothing
// that is fetched.
//
//     PageWalk w = page_walk(program_file("run/report.html", NULL));
//     CHECK(w.images == 48, "%d pictures", w.images);
#pragma once
#include "test/test.h"

typedef struct { const char *at; char open[64][32]; int depth, images, drawings; } PageWalk;

static inline size_t page_name_length(const char *s)
{
    return strcspn(s, " />\n");
}

// `&name;` of those that XML knows, or `&#123;`.
static inline const char *page_entity(const char *s)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
    size_t digits = s[1] == '#' ? strspn(s + 2, "0123456789") : 0;
    for (int i = 0; i < 4; i++)
        if (!strncmp(s, known[i], strlen(known[i]))) return s + strlen(known[i]);
    CHECK(digits > 0 && s[2 + digits] == ';', "an entity of its own: %.20s", s);
    return s + 1;
}

// name="value" ..: nothing in a value may end the tag.
static inline void page_attributes(PageWalk *w)
{
    while (*w->at == ' ' || *w->at == '\n') {
        w->at += strspn(w->at, " \n");
        size_t n = strcspn(w->at, "=> /");
        if (n == 0) return;
        if (!CHECK(w->at[n] == '=' && w->at[n + 1] == '"', "an attribute: %.40s", w->at)) return;
        bool reference = !strncmp(w->at, "src=", 4) || !strncmp(w->at, "href=", 5);
        w->at += n + 2;
        CHECK(!reference || !strncmp(w->at, "data:", 5), "another file: %.60s", w->at);
        while (*w->at && *w->at != '"') {
            CHECK(*w->at != '<', "a < in a value: %.40s", w->at);
            w->at = *w->at == '&' ? page_entity(w->at) : w->at + 1;
        }
        w->at += *w->at == '"';
    }
}

static inline void page_close_tag(PageWalk *w)
{
    size_t n = page_name_length(w->at += 2);
    if (!CHECK(w->depth > 0, "closes nothing: %.40s", w->at)) return;
    const char *open = w->open[--w->depth];
    CHECK(strlen(open) == n && !memcmp(open, w->at, n), "%s is closed by %.40s", open, w->at);
    w->at += n;
    CHECK(*w->at == '>', "%.40s", w->at);
    w->at++;
}

static inline void page_open_tag(PageWalk *w)
{
    size_t n = page_name_length(++w->at);
    if (!CHECK(n > 0 && n < 32 && w->depth < 64, "a tag: %.40s", w->at)) return;
    snprintf(w->open[w->depth++], 32, "%.*s", (int)n, w->at);
    CHECK(strcmp(w->open[w->depth - 1], "script") != 0, "a script");
    w->images += !strcmp(w->open[w->depth - 1], "img");
    w->drawings += !strcmp(w->open[w->depth - 1], "svg");
    w->at += n;
    page_attributes(w);
    if (*w->at == '/') {
        w->depth--;
        w->at++;
    }
    CHECK(*w->at == '>', "a tag does not end: %.40s", w->at);
    w->at++;
}

static inline PageWalk page_walk(const char *text)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    PageWalk w = { .at = text };
    CHECK(!strncmp(text, doctype, sizeof doctype - 1), "%.40s", text);
    w.at += sizeof doctype - 1;
    while (*w.at && test_failures == 0) {
        if (!strncmp(w.at, "</", 2)) page_close_tag(&w);
        else if (*w.at == '<') page_open_tag(&w);
        else if (*w.at == '&') w.at = page_entity(w.at);
        else w.at++;
    }
    CHECK(w.depth == 0, "%d tags are left open", w.depth);
    return w;
}

static inline const char *page_after(const char *text, const char *word)
{
    const char *at = text ? strstr(text, word) : NULL;
    CHECK(at, "no %s", word);
    return at ? at + strlen(word) : "";
}

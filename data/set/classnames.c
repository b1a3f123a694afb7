// classnames.c - which folder a line of a file of class names means, and what it calls it.
#include "data/set/classnames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/set/dataset_work.h"
#include "tensor/base/name.h"

// ---- the forms of a line ------------------------------------------------------------------------

typedef enum { WHOLE_LINE, FOLDER_FIRST, NUMBER_FIRST, WORDNET_FIRST } Form;

static const struct { Form form; char cut; } forms[] = {
    { WHOLE_LINE, 0 },
    { FOLDER_FIRST, '\t' }, { FOLDER_FIRST, ',' }, { FOLDER_FIRST, ':' }, { FOLDER_FIRST, ' ' },
    { NUMBER_FIRST, '\t' }, { NUMBER_FIRST, ',' }, { NUMBER_FIRST, ':' }, { NUMBER_FIRST, ' ' },
    { WORDNET_FIRST, '\t' }, { WORDNET_FIRST, ',' }, { WORDNET_FIRST, ':' },
    { WORDNET_FIRST, ' ' },
};
enum { FORMS = sizeof forms / sizeof forms[0] };

// A line in one form: what may be a folder, the folder that it is, what the class is called.
typedef struct {
    const char *text, *folder, *name;
    int64_t at;                // where it stands in the file, from 1
    int32_t number;            // -1: it has none
} NameLine;

static const char *without_blanks(Arena *arena, const char *text, size_t n)
{
    while (n && (*text == ' ' || *text == '\t')) text++, n--;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t')) n--;
    char *copy = arena_take(arena, n + 1);
    if (!copy) return NULL;
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

// The bytes of the quoted field that a text begins with, its quotes among them; 0: there is none.
static size_t quoted_bytes(const char *text)
{
    if (*text != '"' && *text != '\'') return 0;
    for (size_t i = 1; text[i]; i++) {
        if (text[i] != *text) continue;
        if (text[i + 1] != *text) return i + 1;
        i++;                                   // two of them stand for one
    }
    return 0;
}

// A field without the quotes around all of it. In the arena; NULL: no memory.
static const char *bare(Arena *arena, const char *field)
{
    size_t n = quoted_bytes(field), kept = 0;
    if (n < 2 || field[n]) return field;
    char *copy = arena_take(arena, n);
    if (!copy) return NULL;
    for (size_t i = 1; i + 1 < n; i++) {
        copy[kept++] = field[i];
        if (field[i] == *field) i++;
    }
    copy[kept] = 0;
    return without_blanks(arena, copy, kept);
}

static bool wordnet_id(const char *text)
{
    return *text == 'n' && strlen(text) == 9 && strspn(text + 1, "0123456789") == 8;
}

// False: the line has not this form.
static bool line_in_form(NameLine *l, Arena *arena, const char *line, int form, bool *failed)
{
    const Form kind = forms[form].form;
    *l = (NameLine){ .number = -1 };
    if (kind == WHOLE_LINE) {
        l->text = l->name = bare(arena, line);
        *failed |= !l->name;
        return l->name != NULL;
    }
    const char *cut = strchr(line + quoted_bytes(line), forms[form].cut);
    if (!cut) return false;
    const char *first = without_blanks(arena, line, (size_t)(cut - line));
    const char *rest = without_blanks(arena, cut + 1, strlen(cut + 1));
    if (first) first = bare(arena, first);
    if (rest) rest = bare(arena, rest);
    *failed |= !first || !rest;
    if (*failed || !*first || !*rest) return false;
    l->number = whole_number(kind == NUMBER_FIRST ? first : rest);
    l->text = kind == FOLDER_FIRST ? first : rest;
    l->name = rest;
    if (kind == NUMBER_FIRST) return l->number >= 0;
    return kind == FOLDER_FIRST || wordnet_id(first);
}

// Do the numbers of all lines count from 0 or 1, *from? Then sorts the lines by them, and *odd is
// NULL; else *odd is a line that does not fit.
static Status sort_by_number(NameLine *line, int64_t n, int32_t *from, Arena *arena,
                             const NameLine **odd)
{
    int32_t least = INT32_MAX;
    NameLine *sorted = arena_zero(arena, (size_t)n * sizeof *sorted);
    *odd = line;
    if (!sorted) return err_memory("classnames");
    for (int64_t i = 0; i < n; i++) {
        if (line[i].number < least) *odd = &line[i];
        if (line[i].number < least) least = line[i].number;
    }
    if (least < 0 || least > 1) return OK;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = line[i].number - least;
        *odd = &line[i];
        if (at >= n || sorted[at].name) return OK;
        sorted[at] = line[i];
    }
    memcpy(line, sorted, (size_t)n * sizeof *line);
    *from = least;
    *odd = NULL;
    return OK;
}

// ---- folders by key -----------------------------------------------------------------------------

typedef struct { const char *key, *folder; int64_t index; } Keyed;

static int by_key_and_index(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    int d = strcmp(x->key, y->key);
    return d ? d : (x->index > y->index) - (x->index < y->index);
}

static Status sort_keys(Keyed **keyed, int64_t *kept, Arena *arena, const char *const *name,
                        int64_t n, bool dashes)
{
    *keyed = arena_take(arena, (size_t)(n + 1) * sizeof **keyed);
    if (!*keyed) return err_memory("classnames");
    *kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!name[i]) continue;
        Keyed *k = &(*keyed)[(*kept)++];
        *k = (Keyed){ name_key(arena, name[i], dashes), name[i], i };
        if (!k->key) return err_memory("classnames");
    }
    qsort(*keyed, (size_t)*kept, sizeof **keyed, by_key_and_index);
    return OK;
}

// The folder that a name means: the same bytes, else the same name, else the only one of its key.
// -1: none; SEVERAL: more than one.
enum { SEVERAL = -2 };
static int64_t meant(const Keyed *keyed, int64_t n, const char *name, const char *key)
{
    int64_t low = 0;
    for (int64_t high = n; low < high;) {
        int64_t middle = (low + high) / 2;
        if (strcmp(keyed[middle].key, key) < 0) low = middle + 1;
        else high = middle;
    }
    int64_t end = low, same = -1;
    for (; end < n && !strcmp(keyed[end].key, key); end++) {
        if (!strcmp(keyed[end].folder, name)) return keyed[end].index;
        if (name_same(keyed[end].folder, name)) same = same == -1 ? keyed[end].index : SEVERAL;
    }
    return same != -1 ? same : end == low ? -1 : end == low + 1 ? keyed[low].index : SEVERAL;
}

// ---- names that stand there more than once ------------------------------------------------------

static bool stands_there(const Keyed *keyed, int64_t n, const char *name)
{
    int64_t low = 0;
    for (int64_t high = n; low < high;) {
        int64_t middle = (low + high) / 2;
        if (strcmp(keyed[middle].key, name) < 0) low = middle + 1;
        else high = middle;
    }
    return low < n && !strcmp(keyed[low].key, name);
}

static void add_to_note(char *note, size_t size, const char *name)
{
    size_t used = strlen(note);
    snprintf(note + used, size - used, "%s%.60s", used ? ", " : "", name);
}

// `crane (2)` for the second crane; where the file itself has a `crane (2)`, the next number.
static Status number_apart(ClassNames *c, Arena *arena, const char *file)
{
    char note[400] = "", text[FILE_PATH], whole[FILE_PATH + 512];
    Keyed *keyed = arena_take(arena, (size_t)c->n * sizeof *keyed);
    int64_t same = 1;
    if (!keyed) return err_memory("classnames");
    for (int64_t i = 0; i < c->n; i++) keyed[i] = (Keyed){ c->item[i].name, NULL, i };
    qsort(keyed, (size_t)c->n, sizeof *keyed, by_key_and_index);
    for (int64_t i = 1; i < c->n; i++) {
        ClassName *item = &c->item[keyed[i].index];
        same = strcmp(keyed[i].key, keyed[i - 1].key) ? 1 : same + 1;
        if (same == 1) continue;
        for (;; same++) {
            snprintf(text, sizeof text, "%.2000s (%lld)", item->name, (long long)same);
            if (!stands_there(keyed, c->n, text)) break;
        }
        add_to_note(note, sizeof note, text);
        item->name = arena_string(arena, text);
        item->numbered = c->item[keyed[i - 1].index].numbered = true;
        if (!item->name) return err_memory("classnames");
    }
    if (!*note) return OK;
    snprintf(whole, sizeof whole, "classnames: %.3000s: names that stand there before are numbered "
             "apart, with one prompt: %s", file, note);
    c->note = arena_string(arena, whole);
    return c->note ? OK : err_memory("classnames");
}

static Status too_many_lines(const Lines *lines)
{
    return err_set(ERR_FORMAT, "classnames: %s: %lld lines: more than %d", lines->what,
                   (long long)lines->n, CLASSES_MOST);
}

// ---- a file against folders ---------------------------------------------------------------------

// The file in one form: its lines, and the folder of each.
typedef struct {
    NameLine *line;            // (n)
    int64_t *folder;           // (n) index; -1: none
    int64_t n, formed, matched, distinct;      // lines; in this form; that are folders
} Reading;

static Status read_form(Reading *r, Arena *arena, const Lines *lines, int form, const Keyed *keyed,
                        int64_t folders, int64_t room)
{
    bool failed = false, *seen = arena_zero(arena, (size_t)room + 1);
    *r = (Reading){ .n = lines->n };
    r->line = arena_zero(arena, (size_t)lines->n * sizeof *r->line);
    r->folder = arena_take(arena, (size_t)lines->n * sizeof *r->folder);
    if (!seen || !r->line || !r->folder) return err_memory("classnames");
    for (int64_t i = 0; i < lines->n; i++) {
        r->folder[i] = -1;
        bool formed = line_in_form(&r->line[i], arena, lines->name[i], form, &failed);
        r->line[i].at = lines->line[i];
        if (!formed) continue;
        r->formed++;
        const char *key = name_key(arena, r->line[i].text, true);
        if (!key || failed) return err_memory("classnames");
        int64_t k = meant(keyed, folders, r->line[i].text, key);
        r->folder[i] = k < 0 ? -1 : k;
        r->matched += k >= 0;
        if (k >= 0) r->distinct += !seen[k];
        if (k >= 0) seen[k] = true;
        if (k == SEVERAL && forms[form].form == WHOLE_LINE)
            return err_set(ERR_FORMAT, "classnames: %s: line %lld: %s: may be several class "
                           "folders", lines->what, (long long)lines->line[i], r->line[i].text);
    }
    return failed ? err_memory("classnames") : OK;
}

// Which line is each folder's, from 1; 0: none. *twice: the first line whose folder another line
// has before it; -1: none.
static int64_t *lines_of(const Reading *r, Arena *arena, int64_t folders, int64_t *twice)
{
    int64_t *line = arena_zero(arena, (size_t)(folders + 1) * sizeof *line);
    *twice = -1;
    for (int64_t i = 0; line && i < r->n; i++) {
        int64_t k = r->folder[i];
        if (k < 0) continue;
        if (!line[k]) line[k] = i + 1;
        else if (*twice < 0) *twice = i;
    }
    return line;
}

// A line that is no folder, best one that is spelt nearly like a folder that no line is; -1: all
// are folders. *near: that folder, or NULL.
static int64_t other_line(const Reading *r, const Lines *lines, const char *const *left, int64_t n,
                          const char **near)
{
    enum { TRIES = 100 };                      // each compares with all folders that are left
    int64_t other = -1, tries = 0;
    *near = NULL;
    for (int64_t i = 0; i < r->n && tries < TRIES && !*near; i++) {
        const char *text = r->line[i].text ? r->line[i].text : lines->name[i];
        if (r->folder[i] >= 0) continue;
        *near = name_nearest(text, left, n);
        if (*near || other < 0) other = i;
        tries++;
    }
    return other;
}

// Why a file of which some lines are folders is refused: most likely a line is misspelt. What it
// may have meant is a folder that no other line is.
static Status mixture(const Reading *r, Arena *arena, const Lines *lines,
                      const char *const *folder, int64_t n, bool more)
{
    int64_t twice, missing = -1;
    const int64_t *line = lines_of(r, arena, n, &twice);
    const char **left = arena_zero(arena, (size_t)(n + 1) * sizeof *left), *near;
    if (!line || !left) return err_memory("classnames");
    if (twice >= 0)
        return err_set(ERR_FORMAT, "classnames: %s: line %lld: class folder %s stands there twice",
                       lines->what, (long long)lines->line[twice], folder[r->folder[twice]]);
    for (int64_t k = n - 1; k >= 0; k--)
        if (!line[k] && folder[k]) left[missing = k] = folder[k];
    int64_t other = other_line(r, lines, left, n, &near);
    if (missing >= 0 && (other < 0 || (more && !near)))
        return err_set(ERR_FORMAT, "classnames: %s: class folder %s is not in it", lines->what,
                       folder[missing]);
    return err_set(ERR_FORMAT, "classnames: %s: line %lld: %s is no class folder, though %lld "
                   "other lines are%s%s", lines->what, (long long)lines->line[other],
                   lines->name[other], (long long)r->matched, near ? ": did you mean " : "",
                   near ? near : "");
}

// The classes that a form which fits gives, in order.
static Status classes_of(ClassNames *made, Arena *arena, const Lines *lines, Reading *r, int form,
                         const char *const *folder)
{
    const NameLine *odd = NULL;
    const bool folder_first = forms[form].form == FOLDER_FIRST;
    bool numbers = true;
    for (int64_t i = 0; i < r->n; i++) {
        r->line[i].folder = r->folder[i] < 0 ? NULL : folder[r->folder[i]];
        numbers &= r->line[i].number >= 0;
    }
    if (numbers) TRY(sort_by_number(r->line, r->n, &made->from, arena, &odd));
    if (odd)
        return err_set(ERR_FORMAT, "classnames: %s: line %lld: number %d: its numbers are not "
                       "0..%lld or 1..%lld, each once", lines->what, (long long)odd->at,
                       odd->number, (long long)r->n - 1, (long long)r->n);
    made->numbers = numbers;
    made->item = arena_zero(arena, (size_t)r->n * sizeof *made->item);
    if (!made->item) return err_memory("classnames");
    for (made->n = 0; made->n < r->n; made->n++) {
        const NameLine *l = &r->line[made->n];
        const char *own = l->folder ? l->folder : l->text;
        ClassName *c = &made->item[made->n];
        *c = (ClassName){ .name = folder_first && !numbers ? l->name : own, .folder = l->folder };
        c->prompt = class_prompt(arena, folder_first ? c->name : l->name);
        if (!c->prompt) return err_memory("classnames");
    }
    return number_apart(made, arena, lines->what);
}

static bool like_json(const Lines *lines)
{
    const char *first = lines->name[0], *last = lines->name[lines->n - 1];
    const char end = last[strlen(last) - 1];
    return ((*first == '[' && end == ']') || (*first == '{' && end == '}')) &&
           (!first[1] || strchr(first, '"'));
}

// A list in JSON is no names. Nor is one line of names with commas between them, unless a comma may
// stand in a name.
static Status check_line_form(const Lines *lines, bool comma_fits)
{
    const char *first = lines->name[0];
    const bool json = like_json(lines);
    bool commas = lines->n == 1 && strchr(first, ',') && first[quoted_bytes(first)];
    if (!json && (!commas || comma_fits)) return OK;
    return err_set(ERR_FORMAT, "classnames: %s: line %lld: %.80s: %s: there must be one class per "
                   "line", lines->what, (long long)lines->line[0], first,
                   json ? "a list in JSON" : "names with commas between them");
}

Status classnames_lines(ClassNames *made, Arena *arena, const Lines *lines,
                        const char *const *folder, int64_t n, bool more)
{
    *made = (ClassNames){ 0 };
    Reading best = { 0 };
    Keyed *keyed;
    int64_t folders;
    TRY(sort_keys(&keyed, &folders, arena, folder, n, true));
    TRY(check_line_form(lines, folders <= 1));
    for (int form = 0; form < FORMS && forms[form].form != WORDNET_FIRST; form++) {
        Reading r;
        TRY(read_form(&r, arena, lines, form, keyed, folders, n));
        bool fits = folders > 0 && r.formed == r.n && r.distinct == folders &&
                    r.matched == r.distinct;
        if (fits && (more || r.matched == r.n)) return
            classes_of(made, arena, lines, &r, form, folder);
        if (r.matched > best.matched) best = r;
    }
    return best.matched ? mixture(&best, arena, lines, folder, n, more) : OK;
}

Status classnames_match(ClassNames *made, Arena *arena, const char *file, const char *const *folder,
                        int64_t n, bool more)
{
    Lines lines;
    *made = (ClassNames){ 0 };
    TRY(lines_read(&lines, arena, file));
    if (lines.n > CLASSES_MOST) return too_many_lines(&lines);
    return classnames_lines(made, arena, &lines, folder, n, more);
}

// ---- a file by itself ---------------------------------------------------------------------------

// The lines in the first form that all have, as far as numbers and ids tell; else as they are.
static Status plain_lines(NameLine *line, ClassNames *names, Arena *arena, const Lines *lines)
{
    bool failed = false;
    const NameLine *odd;
    for (int form = FORMS - 1; form >= 0; form--) {
        int64_t i = 0;
        if (forms[form].form == FOLDER_FIRST) continue;
        while (i < lines->n && line_in_form(&line[i], arena, lines->name[i], form, &failed)) i++;
        if (failed) return err_memory("classnames");
        if (i < lines->n) continue;
        const bool numbers = forms[form].form == NUMBER_FIRST;
        if (!numbers) return OK;
        TRY(sort_by_number(line, lines->n, &names->from, arena, &odd));
        names->numbers = !odd;
        if (!odd) return OK;
    }
    return OK;
}

Status classnames_read(ClassNames *names, Arena *arena, const char *file)
{
    Lines lines;
    *names = (ClassNames){ 0 };
    TRY(lines_read(&lines, arena, file));
    return classnames_alone(names, arena, &lines);
}

Status classnames_alone(ClassNames *names, Arena *arena, const Lines *lines)
{
    *names = (ClassNames){ 0 };
    if (lines->n > CLASSES_MOST) return too_many_lines(lines);
    NameLine *line = arena_zero(arena, (size_t)lines->n * sizeof *line);
    names->item = arena_zero(arena, (size_t)lines->n * sizeof *names->item);
    if (!line || !names->item) return err_memory("classnames");
    TRY(plain_lines(line, names, arena, lines));
    TRY(check_line_form(lines, !strchr(line[0].name, ',')));
    for (names->n = 0; names->n < lines->n; names->n++) {
        ClassName *c = &names->item[names->n];
        c->name = line[names->n].name;
        c->prompt = class_prompt(arena, c->name);
        if (!c->prompt) return err_memory("classnames");
    }
    return number_apart(names, arena, lines->what);
}

// ---- prompts ------------------------------------------------------------------------------------

const char *class_prompt(Arena *arena, const char *name)
{
    char *prompt = arena_string(arena, name);
    if (prompt) name_blanks(prompt);
    return prompt;
}

Status classes_equal(const ClassName *classes, int64_t n, Arena *arena, ClassPair **pair,
                     int64_t *pairs)
{
    const char **prompt = arena_take(arena, (size_t)(n + 1) * sizeof *prompt);
    Keyed *keyed;
    int64_t kept;
    *pairs = 0;
    *pair = arena_take(arena, (size_t)(n + 1) * sizeof **pair);
    if (!prompt || !*pair) return err_memory("classes");
    for (int64_t k = 0; k < n; k++) prompt[k] = classes[k].prompt;
    TRY(sort_keys(&keyed, &kept, arena, prompt, n, false));
    for (int64_t i = 1; i < kept; i++) {
        const ClassName *a = &classes[keyed[i - 1].index], *b = &classes[keyed[i].index];
        if (strcmp(keyed[i].key, keyed[i - 1].key) || (a->numbered && b->numbered)) continue;
        (*pair)[(*pairs)++] = (ClassPair){ a->name, b->name, keyed[i].key };
    }
    return OK;
}

Status classes_distinct(const ClassName *classes, int64_t n, Arena *arena, const char **note)
{
    char text[400] = "";
    ClassPair *pair;
    int64_t pairs;
    TRY(classes_equal(classes, n, arena, &pair, &pairs));
    if (!pairs) return OK;
    if (!note)
        return err_set(ERR_FORMAT, "classes: %s and %s have the same prompt: %s (--equal-prompts "
                       "allows it)", pair->a, pair->b, pair->key);
    for (int64_t i = 0; i < pairs; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.80s and %.80s", i ? ", " : "", pair[i].a,
                 pair[i].b);
    }
    *note = arena_string(arena, text);
    return *note ? OK : err_memory("classes");
}

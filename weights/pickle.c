// pickle.c - a stack machine: opcodes push values, and take some to make others of them.
#include "weights/pickle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "weights/reader.h"

enum { MAX_VALUES = 1 << 22 };

typedef struct {
    const uint8_t *start, *at, *end;
    const char *file;
    Arena *arena;
    char *text;                        // where the next string goes; none outgrows its opcode
    Pickle **stack, **memo;            // [top of room], [memos]
    int64_t top, room, memos, values;
    int64_t memorized;                 // entries of the memo that are set
    bool stopped;
} Machine;

static Status pickle_error(const Machine *m, const char *what)
{
    return err_set(ERR_FORMAT, "pickle: %s: byte %lld: %s", m->file, (long long)(m->at - m->start),
                   what);
}

// ---- memory -------------------------------------------------------------------------------------

static Status new_value(Machine *m, Pickle **out, PickleType type)
{
    if (++m->values > MAX_VALUES) return pickle_error(m, "more than 4 million values");
    *out = arena_zero(m->arena, sizeof **out);
    if (!*out) return err_memory("pickle");
    (*out)->type = type;
    return OK;
}

static Status enlarge_list(Pickle ***list, int64_t *room, int64_t wanted)
{
    if (wanted <= *room) return OK;
    int64_t more = 2 * *room > wanted ? 2 * *room : wanted + 64;
    Pickle **p = realloc(*list, (size_t)more * sizeof *p);
    if (!p) return err_memory("pickle");
    memset(p + *room, 0, (size_t)(more - *room) * sizeof *p);
    *list = p;
    *room = more;
    return OK;
}

static Status append_item(Machine *m, Pickle *list, Pickle *v)
{
    if (list->count == list->room) {
        int64_t room = list->room ? 2 * list->room : 8;
        Pickle **item = arena_take(m->arena, (size_t)room * sizeof *item);
        if (!item) return err_memory("pickle");
        if (list->count) memcpy(item, list->item, (size_t)list->count * sizeof *item);
        list->item = item;
        list->room = room;
    }
    list->item[list->count++] = v;
    return OK;
}

// ---- the stack ----------------------------------------------------------------------------------

static Status push_value(Machine *m, Pickle *v)
{
    TRY(enlarge_list(&m->stack, &m->room, m->top + 1));
    m->stack[m->top++] = v;
    return OK;
}

static Status push_new(Machine *m, Pickle **out, PickleType type)
{
    TRY(new_value(m, out, type));
    return push_value(m, *out);
}

static Status top_value(Machine *m, Pickle **out)
{
    if (m->top == 0 || m->stack[m->top - 1]->type == PICKLE_MARK)
        return pickle_error(m, "nothing is on the stack");
    *out = m->stack[m->top - 1];
    return OK;
}

static Status pop_value(Machine *m, Pickle **out)
{
    TRY(top_value(m, out));
    m->top--;
    return OK;
}

static Status pop_type(Machine *m, Pickle **out, PickleType type, const char *what)
{
    TRY(pop_value(m, out));
    return (*out)->type == type ? OK : pickle_error(m, what);
}

// *from: the place of the first value above the last mark.
static Status above_mark(Machine *m, int64_t *from)
{
    int64_t i = m->top;
    while (i > 0 && m->stack[i - 1]->type != PICKLE_MARK) i--;
    if (i == 0) return pickle_error(m, "no mark is on the stack");
    *from = i;
    return OK;
}

// ---- reading ------------------------------------------------------------------------------------

static Status take_bytes(Machine *m, const uint8_t **p, uint64_t n)
{
    if ((uint64_t)(m->end - m->at) < n) return pickle_error(m, "the data ends early");
    *p = m->at;
    m->at += n;
    return OK;
}

// A little-endian number of n <= 8 bytes, sign-extended if is_signed.
static Status take_number(Machine *m, int64_t *out, unsigned n, bool is_signed)
{
    const uint8_t *p = NULL;
    uint64_t x = 0;
    TRY(take_bytes(m, &p, n));
    for (unsigned i = n; i-- > 0;) x = x << 8 | p[i];
    if (is_signed && n > 0 && n < 8 && p[n - 1] & 0x80) x |= ~(uint64_t)0 << 8 * n;
    memcpy(out, &x, sizeof x);
    return OK;
}

static Status take_text(Machine *m, const char **out, uint64_t n)
{
    const uint8_t *p = NULL;
    TRY(take_bytes(m, &p, n));
    *out = m->text;
    memcpy(m->text, p, (size_t)n);
    m->text[n] = 0;
    m->text += n + 1;
    return OK;
}

static Status take_line(Machine *m, const char **out)
{
    const uint8_t *end = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!end) return pickle_error(m, "the data ends early");
    if (memchr(m->at, 0, (size_t)(end - m->at))) return pickle_error(m, "a byte 0 in a name");
    TRY(take_text(m, out, (uint64_t)(end - m->at)));
    m->at++;
    return OK;
}

// ---- names: the only classes and functions there are --------------------------------------------

typedef Status Call(Machine *m, const Pickle *args, Pickle **out);

// What is not read is known by the name of the class or function that would have made it.
static Status new_other(Machine *m, Pickle **out, const char *module, const char *name)
{
    TRY(new_value(m, out, PICKLE_OTHER));
    (*out)->module = module;
    (*out)->name = name;
    return OK;
}

static Status call_ordered_dict(Machine *m, const Pickle *args, Pickle **out)
{
    if (args->count != 0) return pickle_error(m, "OrderedDict with arguments");
    return new_value(m, out, PICKLE_DICT);
}

static Status call_default_dict(Machine *m, const Pickle *args, Pickle **out)
{
    (void)args;                                // the function that makes its defaults
    return new_value(m, out, PICKLE_DICT);
}

// (storage, offset, size, stride, requires_grad, hooks, ..)
static Status call_rebuild_tensor(Machine *m, const Pickle *args, Pickle **out)
{
    static const PickleType types[4] = { PICKLE_STORAGE, PICKLE_INT, PICKLE_TUPLE, PICKLE_TUPLE };
    if (args->count < 4) return pickle_error(m, "a tensor with too few arguments");
    const Pickle *storage = args->item[0];
    if (storage->type == PICKLE_OTHER) return new_other(m, out, storage->module, storage->name);
    for (int i = 0; i < 4; i++)
        if (args->item[i]->type != types[i]) return pickle_error(m, "a tensor with odd arguments");
    TRY(new_value(m, out, PICKLE_TENSOR));
    (*out)->storage = storage;
    (*out)->offset = args->item[1]->integer;
    (*out)->dim = args->item[2];
    (*out)->stride = args->item[3];
    return OK;
}

// Functions that only mark the type of their first argument.
static Status call_first(Machine *m, const Pickle *args, Pickle **out)
{
    if (args->count < 1) return pickle_error(m, "a function without arguments");
    *out = args->item[0];
    return OK;
}

static Status call_rebuild_type(Machine *m, const Pickle *args, Pickle **out);

static const struct { const char *module, *name; Call *call; } functions[] = {
    { "collections", "OrderedDict", call_ordered_dict },
    { "collections", "defaultdict", call_default_dict },
    { "torch._utils", "_rebuild_tensor_v2", call_rebuild_tensor },
    { "torch._utils", "_rebuild_parameter", call_first },
    { "torch._utils", "_rebuild_parameter_with_state", call_first },
    { "torch._tensor", "_rebuild_from_type_v2", call_rebuild_type },
    { "torch.jit._pickle", "build_intlist", call_first },
    { "torch.jit._pickle", "build_doublelist", call_first },
    { "torch.jit._pickle", "build_boollist", call_first },
    { "torch.jit._pickle", "build_tensorlist", call_first },
    { "torch.jit._pickle", "restore_type_tag", call_first },
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static Call *function_of(const Pickle *v)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (!strcmp(functions[i].module, v->module) && !strcmp(functions[i].name, v->name))
            return functions[i].call;
    return NULL;
}

static bool storage_dtype(const Pickle *v, WeightsDtype *dtype)
{
    return !strcmp(v->module, "torch") && reader_storage(dtype, v->name);
}

// TorchScript's classes belong to the archive's own code, which is not read.
static bool is_module_class(const Pickle *v)
{
    return strncmp(v->module, "__torch__.", 10) == 0 || !strcmp(v->module, "__torch__");
}

// What is neither read nor refused, as nothing is run.
static bool is_unknown(const Pickle *v)
{
    WeightsDtype dtype;
    if (v->type == PICKLE_OTHER) return true;
    return v->type == PICKLE_NAME && !function_of(v) && !storage_dtype(v, &dtype) &&
           !is_module_class(v);
}

// A tensor with attributes, or of a class of its own: (function, class, its arguments, attributes).
static Status call_rebuild_type(Machine *m, const Pickle *args, Pickle **out)
{
    bool fits = args->count >= 3 && args->item[0]->type == PICKLE_NAME &&
                args->item[2]->type == PICKLE_TUPLE;
    Call *call = fits ? function_of(args->item[0]) : NULL;
    if (call == call_rebuild_type || !fits) return pickle_error(m, "a tensor with odd arguments");
    if (!call) return new_other(m, out, args->item[0]->module, args->item[0]->name);
    return call(m, args->item[2], out);
}

// ---- opcodes ------------------------------------------------------------------------------------

static Status op_proto(Machine *m)
{
    int64_t version = 0;
    TRY(take_number(m, &version, 1, false));
    return version >= 2 && version <= 5 ? OK : pickle_error(m, "not one of protocols 2 to 5");
}

static Status op_frame(Machine *m)             // only where Python's reads are to be cut
{
    int64_t bytes = 0;
    return take_number(m, &bytes, 8, false);
}

static Status push_name(Machine *m, const char *module, const char *name)
{
    Pickle *v = NULL;
    TRY(push_new(m, &v, PICKLE_NAME));
    v->module = module;
    v->name = name;
    return OK;
}

static Status op_global(Machine *m)
{
    const char *module = NULL, *name = NULL;
    TRY(take_line(m, &module));
    TRY(take_line(m, &name));
    return push_name(m, module, name);
}

static Status op_stack_global(Machine *m)
{
    Pickle *module = NULL, *name = NULL;
    TRY(pop_type(m, &name, PICKLE_STRING, "a name that is no string"));
    TRY(pop_type(m, &module, PICKLE_STRING, "a name that is no string"));
    return push_name(m, module->text, name->text);
}

static Status op_reduce(Machine *m)
{
    Pickle *args = NULL, *name = NULL, *result = NULL;
    TRY(pop_type(m, &args, PICKLE_TUPLE, "REDUCE without a tuple"));
    TRY(pop_value(m, &name));
    Call *call = name->type == PICKLE_NAME ? function_of(name) : NULL;
    if (call) TRY(call(m, args, &result));
    else if (is_unknown(name)) TRY(new_other(m, &result, name->module, name->name));
    else return pickle_error(m, "REDUCE of what is not a function");
    return push_value(m, result);
}

static Status op_newobj(Machine *m)
{
    Pickle *args = NULL, *name = NULL, *v = NULL;
    TRY(pop_type(m, &args, PICKLE_TUPLE, "NEWOBJ without a tuple"));
    TRY(pop_value(m, &name));
    if (is_unknown(name)) {
        TRY(new_other(m, &v, name->module, name->name));
        return push_value(m, v);
    }
    if (name->type != PICKLE_NAME || !is_module_class(name))
        return pickle_error(m, "NEWOBJ of what is not a module");
    TRY(push_new(m, &v, PICKLE_OBJECT));
    v->class = name->name;
    return OK;
}

static Status op_newobj_ex(Machine *m)                     // with arguments by name
{
    Pickle *named = NULL;
    TRY(pop_type(m, &named, PICKLE_DICT, "NEWOBJ_EX without a dict"));
    return op_newobj(m);
}

// The state of an OrderedDict is its _metadata, that of a packed module a tuple: neither is needed.
static Status op_build(Machine *m)
{
    Pickle *state = NULL, *v = NULL;
    TRY(pop_value(m, &state));
    TRY(top_value(m, &v));
    if (v->type != PICKLE_OBJECT && v->type != PICKLE_DICT && v->type != PICKLE_OTHER)
        return pickle_error(m, "BUILD of a plain value");
    if (v->type == PICKLE_OBJECT && state->type == PICKLE_DICT) v->attributes = state;
    return OK;
}

// ('storage', class, member, device, elements)
static Status op_binpersid(Machine *m)
{
    static const PickleType types[5] = { PICKLE_STRING, PICKLE_NAME, PICKLE_STRING, PICKLE_STRING,
                                         PICKLE_INT };
    Pickle *id = NULL, *v = NULL;
    WeightsDtype dtype = WEIGHTS_F32;
    TRY(pop_type(m, &id, PICKLE_TUPLE, "a persistent id that is not a tuple"));
    bool fits = id->count == 5;
    for (int i = 0; i < 5 && fits; i++) fits = id->item[i]->type == types[i];
    if (!fits || strcmp(id->item[0]->text, "storage"))
        return pickle_error(m, "a persistent id that is not a storage");
    if (!storage_dtype(id->item[1], &dtype)) {             // of complex numbers, say
        if (!is_unknown(id->item[1]))
            return pickle_error(m, "a persistent id that is not a storage");
        TRY(new_other(m, &v, id->item[1]->module, id->item[1]->name));
        return push_value(m, v);
    }
    TRY(push_new(m, &v, PICKLE_STORAGE));
    v->dtype = dtype;
    v->member = id->item[2]->text;
    v->elements = id->item[4]->integer;
    return OK;
}

static Status op_mark(Machine *m)
{
    static Pickle mark = { .type = PICKLE_MARK };
    return push_value(m, &mark);
}

static Status push_empty(Machine *m, PickleType type)
{
    Pickle *v = NULL;
    return push_new(m, &v, type);
}

static Status op_none(Machine *m) { return push_empty(m, PICKLE_NONE); }
static Status op_empty_tuple(Machine *m) { return push_empty(m, PICKLE_TUPLE); }
static Status op_empty_list(Machine *m) { return push_empty(m, PICKLE_LIST); }
static Status op_empty_dict(Machine *m) { return push_empty(m, PICKLE_DICT); }
static Status op_newfalse(Machine *m) { return push_empty(m, PICKLE_BOOL); }

static Status op_newtrue(Machine *m)
{
    Pickle *v = NULL;
    TRY(push_new(m, &v, PICKLE_BOOL));
    v->integer = 1;
    return OK;
}

static Status push_int(Machine *m, unsigned bytes, bool is_signed)
{
    Pickle *v = NULL;
    TRY(push_new(m, &v, PICKLE_INT));
    return take_number(m, &v->integer, bytes, is_signed);
}

static Status op_binint(Machine *m) { return push_int(m, 4, true); }
static Status op_binint1(Machine *m) { return push_int(m, 1, false); }
static Status op_binint2(Machine *m) { return push_int(m, 2, false); }

// An integer of more than 64 bits, like bytes and the members of a set, is passed over.
static Status skip_bytes(Machine *m, int64_t n, const char *name)
{
    const uint8_t *p = NULL;
    Pickle *v = NULL;
    TRY(take_bytes(m, &p, (uint64_t)n));
    TRY(new_other(m, &v, NULL, name));
    return push_value(m, v);
}

static Status push_long(Machine *m, unsigned length_bytes)
{
    int64_t n = 0;
    TRY(take_number(m, &n, length_bytes, false));
    return n <= 8 ? push_int(m, (unsigned)n, true) : skip_bytes(m, n, "int");
}

static Status op_long1(Machine *m) { return push_long(m, 1); }
static Status op_long4(Machine *m) { return push_long(m, 4); }

static Status op_binfloat(Machine *m)                      // big-endian, unlike everything else
{
    Pickle *v = NULL;
    const uint8_t *p = NULL;
    uint64_t bits = 0;
    TRY(push_new(m, &v, PICKLE_FLOAT));
    TRY(take_bytes(m, &p, 8));
    for (int i = 0; i < 8; i++) bits = bits << 8 | p[i];
    memcpy(&v->number, &bits, sizeof bits);
    return OK;
}

static Status push_text(Machine *m, unsigned length_bytes)
{
    Pickle *v = NULL;
    int64_t n = 0;
    TRY(take_number(m, &n, length_bytes, false));
    if ((uint64_t)n <= (uint64_t)(m->end - m->at) && memchr(m->at, 0, (size_t)n))
        return skip_bytes(m, n, "str");                    // bytes, as protocol 2 has to write them
    TRY(push_new(m, &v, PICKLE_STRING));
    return take_text(m, &v->text, (uint64_t)n);
}

static Status push_bytes(Machine *m, unsigned length_bytes)
{
    int64_t n = 0;
    TRY(take_number(m, &n, length_bytes, false));
    return skip_bytes(m, n, "bytes");
}

static Status op_binunicode(Machine *m) { return push_text(m, 4); }
static Status op_binunicode8(Machine *m) { return push_text(m, 8); }
static Status op_short_binstring(Machine *m) { return push_text(m, 1); }
static Status op_binbytes(Machine *m) { return push_bytes(m, 4); }
static Status op_binbytes8(Machine *m) { return push_bytes(m, 8); }
static Status op_short_binbytes(Machine *m) { return push_bytes(m, 1); }

static Status make_tuple(Machine *m, int64_t from)
{
    Pickle *v = NULL;
    TRY(new_value(m, &v, PICKLE_TUPLE));
    int64_t n = m->top - from;
    v->item = arena_take(m->arena, (size_t)n * sizeof *v->item);
    if (!v->item) return err_memory("pickle");
    if (n > 0) memcpy(v->item, m->stack + from, (size_t)n * sizeof *v->item);
    v->count = v->room = n;
    m->top = from;
    return push_value(m, v);
}

static Status op_tuple(Machine *m)
{
    int64_t from = 0;
    TRY(above_mark(m, &from));
    int64_t n = m->top - from;
    memmove(m->stack + from - 1, m->stack + from, (size_t)n * sizeof *m->stack);
    m->top--;                                              // the mark is gone
    return make_tuple(m, from - 1);
}

static Status tuple_of(Machine *m, int64_t n)
{
    for (int64_t i = 1; i <= n; i++)
        if (m->top < i || m->stack[m->top - i]->type == PICKLE_MARK)
            return pickle_error(m, "too few values for a tuple");
    return make_tuple(m, m->top - n);
}

static Status op_tuple1(Machine *m) { return tuple_of(m, 1); }
static Status op_tuple2(Machine *m) { return tuple_of(m, 2); }
static Status op_tuple3(Machine *m) { return tuple_of(m, 3); }

// Moves the values from stack[from] on into the list or dict below them; `below`: how many entries
// lie between, 1 (the mark) or 0.
static Status move_items(Machine *m, int64_t from, int64_t below, PickleType type, const char *what)
{
    int64_t at = from - below - 1;
    bool other = at >= 0 && m->stack[at]->type == PICKLE_OTHER;
    if (at < 0 || (m->stack[at]->type != type && !other)) return pickle_error(m, what);
    if (type == PICKLE_DICT && (m->top - from) % 2 != 0)
        return pickle_error(m, "a key without a value");
    for (int64_t i = from; i < m->top; i++) {
        if (m->stack[i]->type == PICKLE_MARK) return pickle_error(m, what);
        if (!other) TRY(append_item(m, m->stack[at], m->stack[i]));
    }
    m->top = at + 1;
    return OK;
}

static Status fill_marked(Machine *m, PickleType type, const char *what)
{
    int64_t from = 0;
    TRY(above_mark(m, &from));
    return move_items(m, from, 1, type, what);
}

static Status op_setitems(Machine *m)
{
    return fill_marked(m, PICKLE_DICT, "SETITEMS of what is not a dict");
}

static Status op_appends(Machine *m)
{
    return fill_marked(m, PICKLE_LIST, "APPENDS to what is not a list");
}

static Status op_setitem(Machine *m)
{
    return move_items(m, m->top - 2, 0, PICKLE_DICT, "SETITEM of what is not a dict");
}

static Status op_append(Machine *m)
{
    return move_items(m, m->top - 1, 0, PICKLE_LIST, "APPEND to what is not a list");
}

// ---- sets, and what only moves on the stack -----------------------------------------------------

static Status op_empty_set(Machine *m) { return skip_bytes(m, 0, "set"); }

static Status op_additems(Machine *m)
{
    return fill_marked(m, PICKLE_OTHER, "ADDITEMS to what is not a set");
}

static Status op_pop_mark(Machine *m)
{
    int64_t from = 0;
    TRY(above_mark(m, &from));
    m->top = from - 1;
    return OK;
}

static Status op_frozenset(Machine *m)
{
    TRY(op_pop_mark(m));
    return skip_bytes(m, 0, "frozenset");
}

static Status op_pop(Machine *m)
{
    if (m->top == 0) return pickle_error(m, "nothing is on the stack");
    m->top--;
    return OK;
}

static Status op_dup(Machine *m)
{
    Pickle *v = NULL;
    TRY(top_value(m, &v));
    return push_value(m, v);
}

// ---- the memo -----------------------------------------------------------------------------------

static Status memo_set(Machine *m, int64_t i)
{
    Pickle *v = NULL;
    TRY(top_value(m, &v));
    if (i >= MAX_VALUES) return pickle_error(m, "a memo beyond 4 million");
    TRY(enlarge_list(&m->memo, &m->memos, i + 1));
    if (!m->memo[i]) m->memorized++;
    m->memo[i] = v;
    return OK;
}

static Status memo_put(Machine *m, unsigned bytes)
{
    int64_t i = 0;
    TRY(take_number(m, &i, bytes, false));
    return memo_set(m, i);
}

static Status op_memoize(Machine *m) { return memo_set(m, m->memorized); }


static Status memo_get(Machine *m, unsigned bytes)
{
    int64_t i = 0;
    TRY(take_number(m, &i, bytes, false));
    if (i >= m->memos || !m->memo[i]) return pickle_error(m, "a memo that was never put");
    return push_value(m, m->memo[i]);
}

static Status op_binput(Machine *m) { return memo_put(m, 1); }
static Status op_long_binput(Machine *m) { return memo_put(m, 4); }
static Status op_binget(Machine *m) { return memo_get(m, 1); }
static Status op_long_binget(Machine *m) { return memo_get(m, 4); }

static Status op_stop(Machine *m)
{
    m->stopped = true;
    return OK;
}

typedef Status Op(Machine *m);
static Op *const ops[256] = {
    [0x80] = op_proto, [0x95] = op_frame, ['.'] = op_stop, ['('] = op_mark,
    ['N'] = op_none, [0x88] = op_newtrue, [0x89] = op_newfalse,
    ['J'] = op_binint, ['K'] = op_binint1, ['M'] = op_binint2, [0x8a] = op_long1,
    [0x8b] = op_long4, ['G'] = op_binfloat, ['X'] = op_binunicode, [0x8c] = op_short_binstring,
    [0x8d] = op_binunicode8, ['U'] = op_short_binstring, ['T'] = op_binunicode,
    ['B'] = op_binbytes, ['C'] = op_short_binbytes, [0x8e] = op_binbytes8, [0x96] = op_binbytes8,
    [')'] = op_empty_tuple, ['t'] = op_tuple, [0x85] = op_tuple1, [0x86] = op_tuple2,
    [0x87] = op_tuple3, [']'] = op_empty_list, ['a'] = op_append, ['e'] = op_appends,
    ['}'] = op_empty_dict, ['s'] = op_setitem, ['u'] = op_setitems,
    ['q'] = op_binput, ['r'] = op_long_binput, ['h'] = op_binget, ['j'] = op_long_binget,
    [0x94] = op_memoize, ['c'] = op_global, [0x93] = op_stack_global, ['R'] = op_reduce,
    [0x81] = op_newobj, [0x92] = op_newobj_ex, ['b'] = op_build, ['Q'] = op_binpersid,
    [0x8f] = op_empty_set, [0x90] = op_additems, [0x91] = op_frozenset,
    ['0'] = op_pop, ['1'] = op_pop_mark, ['2'] = op_dup,
};

// ---- use ----------------------------------------------------------------------------------------

static Status run_opcodes(Machine *m, const Pickle **root)
{
    while (!m->stopped) {
        const uint8_t *op = NULL;
        TRY(take_bytes(m, &op, 1));
        if (!ops[*op])
            return err_set(ERR_UNSUPPORTED, "pickle: %s: byte %lld: opcode 0x%02x is not one that "
                           "weights need", m->file, (long long)(op - m->start), *op);
        TRY(ops[*op](m));
    }
    Pickle *v = NULL;
    TRY(pop_value(m, &v));
    if (m->top != 0) return pickle_error(m, "more than one value is left");
    *root = v;
    return OK;
}

Status pickle_read(const Pickle **root, Arena *arena, const uint8_t *data, size_t bytes,
                   const char *file)
{
    *root = NULL;
    Machine m = { .start = data, .at = data, .end = data + bytes, .file = file, .arena = arena };
    m.text = arena_take(arena, bytes + 1);
    if (!m.text) return err_memory("pickle");
    Status status = run_opcodes(&m, root);
    free(m.stack);
    free(m.memo);
    return status;
}

const Pickle *pickle_get(const Pickle *dict, const char *key)
{
    if (!dict || dict->type != PICKLE_DICT) return NULL;
    for (int64_t i = dict->count; i > 0; i -= 2) {         // the last of equal keys counts
        const Pickle *k = dict->item[i - 2];
        if (k->type == PICKLE_STRING && strcmp(k->text, key) == 0) return dict->item[i - 1];
    }
    return NULL;
}

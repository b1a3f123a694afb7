// test_json.c - what the JSON reader takes and refuses, and that the writer's text comes back.
#include "tensor/base/file.h"
#include "tensor/base/json.h"
#include "tensor/base/rng.h"
#include "test/test.h"

static Arena arena;

// The text lies in memory of its exact size, so that asan sees a byte read too many.
static Status parse(const Json **out, const char *text)
{
    size_t n = strlen(text);
    char *exact = malloc(n + (n == 0));
    memcpy(exact, text, n);
    Status status = json_parse(out, &arena, exact, n, "x.json");
    free(exact);
    return status;
}

static void values(void)
{
    const Json *v;
    CHECK_OK(parse(&v, " { \"a\" : [ 1 , -2.5e1, true, false, null, \"s\" ], \"b\":{},"
                       "\"c\":[ ] } "));
    CHECK(v->type == JSON_OBJECT && v->count == 3, "%d members", (int)v->count);
    const Json *a = json_get(v, "a");
    CHECK(a && a->count == 6 && a->parent == v && json_at(a, 3)->parent == a, "the array");
    CHECK(json_at(a, 0)->whole && json_at(a, 0)->integer == 1, "one");
    CHECK(!json_at(a, 1)->whole && json_at(a, 1)->number == -25, "minus 25");
    CHECK(json_at(a, 2)->truth && !json_at(a, 3)->truth, "booleans");
    CHECK(json_at(a, 4)->type == JSON_NULL, "null");
    CHECK(!strcmp(json_at(a, 5)->string, "s") && json_at(a, 5)->count == 1, "string");
    CHECK(!json_at(a, 6) && !json_at(a, -1) && !json_get(a, "a"), "nothing");
    CHECK(json_get(v, "b")->count == 0 && json_get(v, "c")->count == 0, "empty ones");
    CHECK(!json_get(v, "d") && !json_get(json_get(v, "b"), "d"), "missing");
    CHECK(!strcmp(json_at(v, 2)->key, "c"), "members in the order of the file");
    arena_free(&arena);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        bool whole;
        int64_t integer;
        double number;
    } known[] = {
        { "0", true, 0, 0 }, { "-0", true, 0, -0.0 },
        { "9007199254740993", true, 9007199254740993, 0x1p53 },
        { "9223372036854775807", true, INT64_MAX, 0x1p63 },
        { "-9223372036854775808", true, INT64_MIN, -0x1p63 },
        { "9223372036854775808", false, 0, 0x1p63 }, { "-9223372036854775809", false, 0, -0x1p63 },
        { "0.1", false, 0, 0.1 }, { "1E2", false, 0, 100 }, { "1e+2", false, 0, 100 },
        { "5e-324", false, 0, 5e-324 }, { "1e999", false, 0, (double)INFINITY },
        { "-Infinity", false, 0, -(double)INFINITY }, { "Infinity", false, 0, (double)INFINITY },
        { "123456789012345678901234567890", false, 0, 123456789012345678901234567890.0 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const Json *v;
        if (!CHECK_OK(parse(&v, known[i].text))) continue;
        CHECK(v->whole == known[i].whole, "%s: whole", known[i].text);
        CHECK(!v->whole || v->integer == known[i].integer, "%s: integer", known[i].text);
        CHECK(v->number == known[i].number && !signbit(v->number) == !signbit(known[i].number),
              "%s is %.17g", known[i].text, v->number);
    }
    const Json *v;
    CHECK_OK(parse(&v, "NaN"));
    CHECK(isnan(v->number), "NaN");
    arena_free(&arena);
}

static void strings(void)
{
    static const struct { const char *text, *want; int64_t bytes; } known[] = {
        { "\"\"", "", 0 }, { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
        { "\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10 },
        { "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"",
          "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", 13 },
        { "\"a\\u0000b\"", "a\0b", 3 }, { "\"\\udcff\\udc80\"", "\xff\x80", 2 },
        { "\"\x7f\"", "\x7f", 1 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const Json *v;
        if (!CHECK_OK(parse(&v, known[i].text))) continue;
        CHECK(v->count == known[i].bytes && !memcmp(v->string, known[i].want, (size_t)v->count + 1),
              "%s", known[i].text);
    }
    arena_free(&arena);
}

static void refused(void)
{
    static const struct { const char *text, *word; } bad[] = {
        { "", "ends too early" }, { " \n ", "line 2, column 2: the text ends too early" },
        { "{", "expected a key" }, { "[", "ends too early" }, { "[1", "expected ',' or ']'" },
        { "[1,]", "expected a value" }, { "[,1]", "expected a value" }, { "[1 2]", "expected ','" },
        { "{\"a\"}", "expected ':'" }, { "{\"a\":}", "expected a value" },
        { "{1:2}", "expected a key" },
        { "{\"a\":1,}", "expected a key" }, { "{\"a\":1", "expected ',' or '}'" },
        { "{\"a\":1]", "expected ',' or '}'" }, { "1 2", "something follows" },
        { "nul", "a value" },
        { "tru", "a value" }, { "01", "not a number" }, { "-", "not a number" },
        { "1.", "not a number" },
        { ".5", "a value" }, { "1e", "not a number" }, { "1e+", "not a number" },
        { "+1", "a value" },
        { "-Inf", "a value" }, { "0x10", "something follows" }, { "\"", "within a string" },
        { "\"\\", "within a string" }, { "\"a\nb\"", "control character" },
        { "\"\\x\"", "no such escape" },
        { "\"\\u12\"", "four hexadecimal" }, { "\"\\u123g\"", "four hexadecimal" },
        { "\"\\ud800\"", "surrogate" }, { "\"\\ud800\\u0041\"", "surrogate" },
        { "\"\\ude00\"", "surrogate" },
        { "\"\xff\"", "not UTF-8" }, { "\"\xc0\x80\"", "not UTF-8" },
        { "\"\xe0\x80\x80\"", "not UTF-8" },
        { "\"\xed\xa0\x80\"", "not UTF-8" }, { "\"\xf4\x90\x80\x80\"", "not UTF-8" },
        { "\"\xf0\x8f\xbf\xbf\"", "not UTF-8" }, { "\"\xe2\x82\"", "not UTF-8" },
        { "\"\xe2\x82", "not UTF-8" },
        { "{\"a\\u0000b\":1}", "in a key" }, { "'a'", "a value" }, { "[1]//", "something follows" },
    };
    const Json *v;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(parse(&v, bad[i].text), ERR_FORMAT, bad[i].word);
        CHECK(v == NULL, "%s left a value", bad[i].text);
    }
    CHECK_STATUS(parse(&v, "{\"a\":\n [1,\n  x]}"), ERR_FORMAT, "json: x.json: line 3, column 3: ");
    CHECK_STATUS(json_load(&v, &arena, "no/such/file.json"), ERR_IO, "no/such/file.json");
    CHECK_OK(json_load(&v, &arena, "test/golden/weights/model.safetensors.index.json"));
    CHECK(json_get(v, "weight_map"), "a file");
    arena_free(&arena);
}

static void deep(void)
{
    enum { N = 1000000 };
    char *text = malloc(N + 1);
    const Json *v;
    for (const char *c = "[{"; *c; c++) {
        for (int i = 0; i < N; i++) text[i] = *c == '[' ? '[' : "{\"a\":"[i % 5];
        text[N] = 0;
        CHECK_STATUS(parse(&v, text), ERR_FORMAT, "more than 64 brackets deep");
    }
    for (int i = 0; i < 64; i++) text[i] = '[', text[64 + i] = ']';
    text[128] = 0;
    CHECK_OK(parse(&v, text));
    free(text);
    size_t bytes = 2 * ((size_t)1 << 22) + 4;            // 4 million values and one more
    text = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) text[i] = i % 2 ? '1' : ',';
    text[0] = '[';
    text[bytes - 2] = ']';
    text[bytes - 1] = 0;
    CHECK_STATUS(parse(&v, text), ERR_FORMAT, "4 million values");
    free(text);
    arena_free(&arena);
}

// As Python does: the last value, at the first place.
static void repeated_keys(void)
{
    const Json *v;
    CHECK_OK(parse(&v, "{\"b\":1,\"a\":2,\"b\":[3],\"c\":4,\"a\":5,\"b\":[6]}"));
    CHECK(v->count == 3 && v->twice, "%d members", (int)v->count);
    const Json *m = v->item;
    CHECK(*m[0].key == 'b' && *m[1].key == 'a' && *m[2].key == 'c', "the order");
    const Json *last = json_at(json_get(v, "b"), 0);
    if (!CHECK(last, "b is not the last b")) return;
    CHECK(last->integer == 6 && json_get(v, "a")->integer == 5, "the last");
    CHECK(json_at(json_get(v, "b"), 0)->parent == json_get(v, "b"), "parents");
    CHECK_OK(parse(&v, "{\"a\":1,\"aa\":2}"));
    CHECK(!v->twice, "nothing is there twice");
    arena_free(&arena);
}

static void many_members(void)
{
    JsonOut o = { 0 };
    const Json *v;
    char key[16];
    json_out_object(&o);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "k%d", i * 7919 % 20000);
        json_out_key(&o, key);
        json_out_int(&o, i);
    }
    json_out_end(&o);
    CHECK_OK(json_out_status(&o));
    CHECK_OK(json_parse(&v, &arena, o.text, o.size, "x"));
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "k%d", i * 7919 % 20000);
        const Json *m = json_get(v, key);
        CHECK(m && m->integer == i && m == json_at(v, i), "%s", key);
    }
    json_out_free(&o);
    arena_free(&arena);
}

static void getters(void)
{
    const Json *v, *m;
    int64_t x = 77;
    double d = 7;
    bool b = false;
    const char *s = "default";
    CHECK_OK(parse(&v, "{\"n\":3,\"f\":3.0,\"h\":3.5,\"s\":\"text\",\"t\":true,\"z\":null,"
                       "\"o\":{\"deep\":[1,{\"x\":-1}]},\"nan\":NaN,\"nul\":\"a\\u0000\","
                       "\"big\":1e300}"));
    CHECK_OK(json_need_int(&x, v, "n", 1, 3));
    CHECK(x == 3, "x");
    CHECK_OK(json_need_int(&x, v, "f", -5, 5));
    CHECK_STATUS(json_need_int(&x, v, "n", 4, 9), ERR_FORMAT,
                 "json: x.json: n: 3 is not a whole number from 4 to 9");
    CHECK_STATUS(json_need_int(&x, v, "h", 0, 9), ERR_FORMAT, "h: 3.5 is not a whole number");
    CHECK_STATUS(json_need_int(&x, v, "s", 0, 9), ERR_FORMAT, "s: \"text\" is not a whole number");
    CHECK_STATUS(json_need_int(&x, v, "nan", 0, 9), ERR_FORMAT, "nan: nan is not a whole number");
    CHECK_STATUS(json_need_int(&x, v, "big", 0, INT64_MAX), ERR_FORMAT, "big: ");
    CHECK_STATUS(json_need_int(&x, v, "q", 0, 9), ERR_FORMAT, "json: x.json: \"q\" is missing");
    CHECK_OK(json_opt_int(&x, v, "q", 0, 9));
    CHECK_OK(json_opt_int(&x, v, "z", 0, 9));
    CHECK(x == 3, "x was changed to %d", (int)x);
    CHECK_STATUS(json_opt_int(&x, v, "t", 0, 9), ERR_FORMAT, "t: true is not");
    CHECK_OK(json_need_number(&d, v, "h"));
    CHECK(d == 3.5, "d");
    CHECK_STATUS(json_need_number(&d, v, "nan"), ERR_FORMAT, "finite");
    CHECK_OK(json_opt_number(&d, v, "z"));
    CHECK_OK(json_opt_number(&d, v, "n"));
    CHECK(d == 3, "d is %g", d);
    CHECK_OK(json_opt_bool(&b, v, "q"));
    CHECK(!b, "b was changed");
    CHECK_OK(json_opt_bool(&b, v, "t"));
    CHECK(b, "b");
    CHECK_STATUS(json_opt_bool(&b, v, "n"), ERR_FORMAT, "n: 3 is not true or false");
    CHECK_OK(json_opt_string(&s, v, "z"));
    CHECK_OK(json_need_string(&s, v, "s"));
    CHECK(!strcmp(s, "text"), "s");
    CHECK_STATUS(json_need_string(&s, v, "nul"), ERR_FORMAT, "without \\u0000");
    CHECK_STATUS(json_need(&m, v, "o", JSON_ARRAY), ERR_FORMAT, "o: an object is not an array");
    CHECK_OK(json_need(&m, v, "o", JSON_OBJECT));
    CHECK_STATUS(json_need_int(&x, json_at(json_get(m, "deep"), 1), "x", 0, 1), ERR_FORMAT,
                 "json: x.json: o.deep[1].x: -1 is not a whole number from 0 to 1");
    m = json_get(v, "n");
    CHECK_STATUS(json_need_int(&x, m, "x", 0, 1), ERR_FORMAT, "n: 3 is not an object");
    arena_free(&arena);
}

// ---- writing ------------------------------------------------------------------------------------

static void written(void)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_out_key(&o, "a");
    json_out_array(&o);
    json_out_int(&o, INT64_MIN);
    json_out_bool(&o, true);
    json_out_null(&o);
    json_out_double(&o, 0.1);
    json_out_float(&o, 0.1f);
    json_out_double(&o, (double)NAN);
    json_out_string(&o, NULL);
    json_out_end(&o);
    json_out_key(&o, "b\"");
    json_out_string(&o, "\x01\n\xff\xc3\xa9\\");
    json_out_key(&o, "c");
    json_out_object(&o);
    json_out_end(&o);
    json_out_end(&o);
    json_out_array(&o);
    json_out_end(&o);
    CHECK_OK(json_out_status(&o));
    const char *want = "{\"a\": [-9223372036854775808, true, null, 0.1, 0.1, null, null], "
                       "\"b\\\"\": \"\\u0001\\n\\udcff\xc3\xa9\\\\\", \"c\": {}}\n[]";
    CHECK(o.text && !strcmp(o.text, want), "%s", o.text);
    json_out_reset(&o);
    o.indent = 2;
    json_out_object(&o);
    json_out_key(&o, "a");
    json_out_array(&o);
    json_out_int(&o, 1);
    json_out_int(&o, 2);
    json_out_end(&o);
    json_out_key(&o, "b");
    json_out_array(&o);
    json_out_end(&o);
    json_out_end(&o);
    want = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}";
    CHECK(!strcmp(o.text, want), "%s", o.text);
    json_out_free(&o);
}

// Each json_put_x is its key and its value.
static void members(void)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    json_put_object(&o, "object");
    json_put_array(&o, "array");
    json_out_end(&o);
    json_out_end(&o);
    json_put_string(&o, "string", "s");
    json_put_string(&o, "none", NULL);
    json_put_int(&o, "int", INT64_MAX);
    json_put_double(&o, "double", 0.1f);
    json_put_float(&o, "float", 0.1f);
    json_put_bool(&o, "bool", false);
    json_out_end(&o);
    CHECK_OK(json_out_status(&o));
    const char *want = "{\"object\": {\"array\": []}, \"string\": \"s\", \"none\": null, "
                       "\"int\": 9223372036854775807, \"double\": 0.10000000149011612, "
                       "\"float\": 0.1, \"bool\": false}";
    CHECK(o.text && !strcmp(o.text, want), "%s", o.text);
    json_out_free(&o);
}

static void misused(void)
{
    JsonOut o = { 0 };
    json_out_object(&o);
    CHECK_STATUS(json_out_status(&o), ERR_USAGE, "1 brackets are open");
    json_out_int(&o, 1);
    CHECK_STATUS(json_out_status(&o), ERR_USAGE, "a member without a key");
    json_out_reset(&o);
    json_out_key(&o, "a");
    CHECK_STATUS(json_out_status(&o), ERR_USAGE, "outside an object");
    json_out_reset(&o);
    json_out_end(&o);
    CHECK_STATUS(json_out_status(&o), ERR_USAGE, "is closed");
    json_out_reset(&o);
    for (int i = 0; i < 70; i++) json_out_array(&o);
    CHECK_STATUS(json_out_status(&o), ERR_USAGE, "too many");
    json_out_free(&o);
}

// Every bit pattern comes back, in the fewest digits of the two forms.
static void digits_come_back(void)
{
    Rng r = rng_at(test_seed, 0, 0, RNG_TEST);
    JsonOut o = { 0 };
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)rng_u32(&r) << 32 | rng_u32(&r);
        uint32_t low = (uint32_t)bits;
        double x, back;
        float f;
        memcpy(&x, &bits, 8);
        memcpy(&f, &low, 4);
        if (isfinite(x)) {
            json_out_reset(&o);
            json_out_double(&o, x);
            back = strtod(o.text, NULL);
            CHECK(!memcmp(&back, &x, 8), "%a became %s", x, o.text);
        }
        if (isfinite(f)) {
            json_out_reset(&o);
            json_out_float(&o, f);
            float again = strtof(o.text, NULL);
            CHECK(!memcmp(&again, &f, 4), "%a became %s", (double)f, o.text);
        }
    }
    json_out_free(&o);
}

// Any bytes, through the writer and the reader.
static void bytes_come_back(void)
{
    Rng r = rng_at(test_seed, 0, 1, RNG_TEST);
    for (int i = 0; i < 3000; i++) {
        char text[40];
        size_t n = rng_below(&r, 40);
        for (size_t k = 0; k < n; k++)
            text[k] = rng_below(&r, 2) ? (char)rng_below(&r, 256)
                                      : "a\xc3\xa9\xe2\x82\xac\"\\"[k % 8];
        JsonOut o = { 0 };
        const Json *v;
        json_out_text(&o, text, n);
        if (!CHECK_OK(json_parse(&v, &arena, o.text, o.size, "x"))) break;
        CHECK(v->count == (int64_t)n && !memcmp(v->string, text, n), "%s", o.text);
        json_out_free(&o);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static const TestCase cases[] = {
    { "values", values },
    { "numbers", numbers },
    { "strings", strings },
    { "refused", refused },
    { "deep", deep },
    { "repeated_keys", repeated_keys },
    { "many_members", many_members },
    { "getters", getters },
    { "written", written },
    { "members", members },
    { "misused", misused },
    { "digits_come_back", digits_come_back },
    { "bytes_come_back", bytes_come_back },
};

int main(void)
{
    return test_main("json", cases, TEST_COUNT(cases));
}

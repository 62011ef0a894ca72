
/*
 * What programs and LLMs usually send is made into jansson's values without
 * jansson's loader, and exactly as by it; what that loader refuses, or would
 * take otherwise, is left to it, its error included.
 */

#include "tap.h"
#include "review/json/load.h"


#define FLAGS  (JSON_REJECT_DUPLICATES|JSON_DECODE_ANY)


static const char *const  usual[] = {
    "{}", "[]", " { } ", "\t[\n]\r", "\"\"", "\"投标\"", "true", "false",
    "null", "0", "-0", "7", "-7", "123456789012345", "0.5", "-0.25", "0.1",
    "3.14159265358979", "1000000.000001", "0.000000000000001", "-0.0",
    "1e3", "1E-3", "1.5e+10", "12345678901234567", "0.12345678901234567",
    "9007199254740993.0", "9223372036854775807", "2.2250738585072014e-308",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u6295\\u6807\"",
    "\"\\ud83d\\ude00\"", "\"a\\u00e9\\u0041\"",
    "{\"a\":1,\"b\":[1,2,{\"c\":null}],\"\":\"\"}",
    "[[[[[[[[[[1]]]]]]]]]]",
    " [ 1 , { \"a\" : \"b\" } , [ ] , { } ] ",
    NULL
};


static const char *const  refused[] = {
    "", " ", "{", "[1,", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{1:1}",
    "[1 2]", "{\"a\" 1}", "01", "-", "1.", ".5", "1e", "+1", "nul", "truex",
    "\"", "\"\x01\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"\\udc00x\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "{} {}",
    "1e400", "99999999999999999999", "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"\\u0061\":1}",
    NULL
};


static void
test_usual(void)
{
    size_t       i;
    json_t      *ours, *theirs;

    for (i = 0; usual[i]; i++) {
        ours = review_json_load_read(usual[i], strlen(usual[i]), FLAGS);
        theirs = json_loads(usual[i], FLAGS, NULL);

        ok(ours && json_equal(ours, theirs), usual[i]);

        json_decref(ours);
        json_decref(theirs);
    }
}


static void
test_refused(void)
{
    size_t        i;
    json_t       *json;
    json_error_t  ours, theirs;

    for (i = 0; refused[i]; i++) {
        json = review_json_load(refused[i], strlen(refused[i]), FLAGS, &ours);
        ok(json == NULL, refused[i]);

        json_decref(json_loads(refused[i], FLAGS, &theirs));
        ok(strcmp(ours.text, theirs.text) == 0
           && ours.position == theirs.position, "  with jansson's error");
    }
}


static void
test_flags(void)
{
    json_t       *json;
    const char   *text;
    json_error_t  error;

    text = "{\"a\":1,\"a\":2}";
    json = review_json_load_read(text, strlen(text), 0);
    ok(json_integer_value(json_object_get(json, "a")) == 2,
       "of two members the last one stays");
    json_decref(json);

    json = review_json_load_read("[12]", 4, JSON_DECODE_INT_AS_REAL);
    ok(json_is_real(json_array_get(json, 0)), "integers as reals");
    json_decref(json);

    ok(review_json_load("12", 2, 0, &error) == NULL, "no scalars unasked");

    text = "[\"a\\u0000b\"]";
    json = review_json_load(text, strlen(text), JSON_ALLOW_NUL, &error);
    ok(json_string_length(json_array_get(json, 0)) == 3, "NUL where allowed");
    json_decref(json);
}


static void
test_deep(void)
{
    char          text[200];
    json_t       *json;
    json_error_t  error;

    memset(text, '[', 100);
    memset(text + 100, ']', 100);

    ok(review_json_load_read(text, 200, 0) == NULL, "what is deep is "
       "jansson's");

    json = review_json_load(text, 200, 0, &error);
    ok(json != NULL, "  and read by it");
    json_decref(json);
}


int
main(void)
{
    test_usual();
    test_refused();
    test_flags();
    test_deep();

    return tap_end();
}


/*
 * What programs and LLMs usually send is made into jansson's values without
 * jansson's loader, and exactly as by it; what that loader refuses, or would
 * take otherwise, is left to it, its error included.  What a list of members
 * does not know is refused, and what is of no use is left out, before either is
 * built; and of any text no more is built than so many values.
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


/* "text" within so many arrays */

static json_t *
deep(size_t n, int jansson)
{
    char          *text;
    json_t        *json;

    text = malloc(2 * n);
    memset(text, '[', n);
    memset(text + n, ']', n);

    json = jansson ? json_loadb(text, 2 * n, 0, NULL)
                   : review_json_load_read(text, 2 * n, 0);
    free(text);

    return json;
}


static void
test_deep(void)
{
    json_t  *ours, *theirs;

    ours = deep(2048, 0);
    theirs = deep(2048, 1);
    ok(ours && theirs && json_equal(ours, theirs), "as deep as jansson goes");
    json_decref(ours);
    json_decref(theirs);

    ok(deep(2049, 0) == NULL && deep(2049, 1) == NULL, "  and no deeper");
}


static void
test_names(void)
{
    json_t      *json;
    const char  *text;

    text = "{\"\\u6295\\\"\":\"\\u6807\",\"a\\\\\":{\"\\n\":1}}";
    json = review_json_load_read(text, strlen(text), FLAGS);

    ok(strcmp(json_string_value(json_object_get(json, "投\"")), "标") == 0
       && json_object_get(json_object_get(json, "a\\"), "\n"),
       "names with escapes");
    json_decref(json);

    text = "{\"a\":1,\"\\u0061\":2}";
    ok(review_json_load_read(text, strlen(text), FLAGS) == NULL,
       "  are the same as without");
}


static const review_member_t  inner[] = {
    { .name = "id", .kind = REVIEW_MEMBER_STRING },
    { .name = "start" },
    review_member_end
};

static const review_member_t  any[] = {
    review_member_rest
};

static const review_member_t  outer[] = {
    { .name = "one", .kind = REVIEW_MEMBER_ANY, .of = inner },
    { .name = "many", .kind = REVIEW_MEMBER_ARRAY, .each = inner },
    { .name = "free", .kind = REVIEW_MEMBER_OBJECT },
    { .name = "vars", .kind = REVIEW_MEMBER_OBJECT, .of = any },
    { .name = "idle" },
    review_member_end
};


typedef struct {
    const char  *text;
    const char  *json;                  /* NULL: refused, */
    const char  *pointer;               /* for what, and why */
    const char  *why;
} known_t;

static const known_t  known[] = {
    { "{'one':{'id':'a'},'many':[{'id':'b'},1,[{'x':1}]]}",
      "{'one':{'id':'a'},'many':[{'id':'b'},1,[{'x':1}]]}", NULL, NULL },
    { "{'free':{'x':[null,{'y':null}]}}", "{'free':{'x':[null,{'y':null}]}}",
      NULL, NULL },
    { "{'idle':[{},{'a':{}}],'one':{'start':[[]],'id':'a'},'x-a':{},'$b':1,"
      "'_':2}", "{'one':{'id':'a'}}", NULL, NULL },
    { "{'vars':{'a':null,'x-b':1,'_':null,'c':{'d':null}}}",
      "{'vars':{'x-b':1,'c':{'d':null}}}", NULL, NULL },
    { "{'one':null,'free':{}}", "{'one':null,'free':{}}", NULL, NULL },
    { "{'o\\u006ee':{'\\u0069d':'a'}}", "{'one':{'id':'a'}}", NULL, NULL },
    { "[{'x':1}]", "[{'x':1}]", NULL, NULL },

    { "{'two':[{},{}]}", NULL, "/two", "\"two\" is unknown, known are: one, "
      "many, free, vars" },
    { "{'t\\u0077o':[{},{}]}", NULL, "/two", "\"two\" is unknown" },
    { "{'one':{'id':'a','idd':1}}", NULL, "/one/idd", "\"idd\" is unknown, "
      "known are: id; did you mean \"id\"?" },
    { "{'many':[{},{'id':'a'},{'k':1}]}", NULL, "/many/2/k", "\"k\" is "
      "unknown" },
    { "{'two':null,'one':{'k':null,'id':'a'},'two':null}",
      "{'one':{'id':'a'}}", NULL, NULL },
    { "{'two':nul}", NULL, "/two", "is unknown" },
    { "{'two':1", NULL, "/two", "is unknown" },
    { "{'two'", NULL, "/two", "the text ends" },
    { "{'':1}", NULL, "/", "\"\" is unknown" },
    { "{'idle':1,'idle':2}", NULL, "/idle", "a member of this name stands "
      "before" },
    { "{'x-a':1,'x-a':null}", NULL, "/x-a", "a member of this name stands "
      "before" },
    { "{'vars':{'a':null,'a':1}}", NULL, "/vars/a", "a member of this name "
      "stands before" },
    { "{'idle':[1,}", NULL, "/idle/1", "line 1, column 12: the \",\" before" },
    { "{'idle':nul}", NULL, "/idle", "a value was expected" },
    { NULL, NULL, NULL, NULL }
};


static void
quotes(char *text)
{
    for ( /* void */ ; *text; text++) {
        *text = (*text == '\'') ? '"' : *text;
    }
}


static void
test_known(void)
{
    char             text[256], json[256];
    size_t           i, values;
    json_t          *ours, *expected;
    review_error_t   err;

    for (i = 0; known[i].text; i++) {
        strcpy(text, known[i].text);
        quotes(text);

        ours = review_json_parse_known(text, strlen(text), outer, &values,
                                       &err);

        if (known[i].json == NULL) {
            ok(ours == NULL && strcmp(err.pointer, known[i].pointer) == 0
               && strstr(err.text, known[i].why), "%s", known[i].text);
            continue;
        }

        strcpy(json, known[i].json);
        quotes(json);
        expected = json_loads(json, 0, NULL);

        ok(json_equal(ours, expected), "%s", known[i].text);

        json_decref(ours);
        json_decref(expected);
    }
}


/* "before", "n" times "item" with commas between them, "after" */

static char *
many(const char *before, size_t n, const char *item, const char *after)
{
    char    *text, *p;
    size_t   len;

    len = strlen(item);
    text = malloc(strlen(before) + n * (len + 1) + strlen(after) + 1);

    p = stpcpy(text, before);

    while (n--) {
        p = stpcpy(p, item);

        if (n) {
            *p++ = ',';
        }
    }

    strcpy(p, after);

    return text;
}


/* is it refused for being more than so many, and at which pointer? */

static void
bounded(char *text, const char *words, const char *pointer)
{
    size_t          values;
    json_t         *json;
    review_error_t  err;

    json = review_json_parse_known(text, strlen(text), outer, &values, &err);

    ok(words ? json == NULL && strstr(err.text, words)
               && strcmp(err.pointer, pointer) == 0
             : json != NULL, "%.16s...: %s", text, words ? words : "read");

    json_decref(json);
    free(text);
}


static void
test_bounds(void)
{
    /* the object and the array are of them */

    bounded(many("{\"free\":[", REVIEW_LOAD_VALUES - 2, "1", "]}"), NULL,
            NULL);
    bounded(many("{\"free\":[", REVIEW_LOAD_VALUES - 1, "1", "]}"),
            "at most 1048576 values", "/free/1048574");
    bounded(many("{\"many\":[", REVIEW_LOAD_LISTS - 2, "{}", "]}"), NULL,
            NULL);
    bounded(many("{\"many\":[", REVIEW_LOAD_LISTS - 1, "[]", "]}"),
            "at most 200000 objects and arrays", "/many/199998");

    /* what is passed over counts, or else jansson would build it */

    bounded(many("{\"idle\":[", REVIEW_LOAD_VALUES, "[]", "],}"),
            "at most 1048576 values", "/idle");
    bounded(many("{\"two\":[", REVIEW_LOAD_VALUES, "[]", "]}"), "is unknown",
            "/two");
}


int
main(void)
{
    test_usual();
    test_refused();
    test_flags();
    test_deep();
    test_names();
    test_known();
    test_bounds();

    return tap_end();
}

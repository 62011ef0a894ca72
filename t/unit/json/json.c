
/*
 * A syntax error names the member that was being parsed by an exact JSON
 * Pointer and says in plain words what is wrong and at which line and column,
 * whatever bytes stand around it; and members of a wrong type or range are
 * told by pointer, expectation and what was found.
 */

#include "tap.h"
#include "review/json/json.h"
#include "review/base/utf8.h"


typedef struct {
    const char  *name;
    const char  *json;
    size_t       len;         /* 0: up to the NUL */
    const char  *pointer;
    const char  *text;
} bad_t;


#define UTF8   "is not valid UTF-8 here"
#define EARLY  "the text ends before the JSON does"


static const bad_t  bad[] = {
    { "empty", "", 0, "", "the text is empty, JSON was expected" },
    { "white space", " \n\t\r ", 0, "",
      "the text is empty, JSON was expected" },
    { "a byte order mark alone", "\xEF\xBB\xBF", 0, "",
      "the text is empty, JSON was expected" },

    { "end in an object", "{", 0, "", "line 1, column 2: " EARLY },
    { "end after a name", "{\"a\"", 0, "/a", "line 1, column 5: " EARLY },
    { "end after a colon", "{\"a\":", 0, "/a", "line 1, column 6: " EARLY },
    { "end in an array", "{\"a\":[1,\n 2,", 0, "/a/2",
      "line 2, column 4: " EARLY },
    { "end in a string", "{\"a\":{\"b\":\"xy", 0, "/a/b",
      "line 1, column 14: " EARLY },
    { "end after a backslash", "{\"a\":\"xy\\", 0, "/a",
      "line 1, column 10: " EARLY },
    { "end after a comma", "{\"a\":1,", 0, "", "line 1, column 8: " EARLY },
    { "end in a name", "{\"a\":1,\"b", 0, "", "line 1, column 10: " EARLY },

    { "a comma too many in an object", "{\"p\":{\"a\":1,\n}}", 0, "/p",
      "line 2, column 1: the \",\" before it is one too many, got }" },
    { "a comma too many in an array", "{\"p\":[[1],[2,]]}", 0, "/p/1/1",
      "line 1, column 14: the \",\" before it is one too many, got ]" },
    { "two commas", "[1,,2]", 0, "/1",
      "line 1, column 4: a value was expected, got ," },
    { "no comma in an object", "{\"a\":{\"b\":1 \"c\":2}}", 0, "/a/b",
      "line 1, column 13: \",\" or \"}\" was expected, got \"c\"" },
    { "no comma in an array", "{\"a\":[1, 2 3]}", 0, "/a/1",
      "line 1, column 12: \",\" or \"]\" was expected, got 3" },
    { "no comma after an object", "[{\"a\":[]} {}]", 0, "/0",
      "line 1, column 11: \",\" or \"]\" was expected, got {" },
    { "no colon", "{\"a\" 1}", 0, "/a",
      "line 1, column 6: \":\" was expected after the member's name, got 1" },
    { "no value", "{\"a\":}", 0, "/a",
      "line 1, column 6: a value was expected, got }" },
    { "a wrong bracket", "{\"a\":[1}", 0, "/a/0",
      "line 1, column 8: \",\" or \"]\" was expected, got }" },
    { "a name without quotes", "{\"a\":{b:1}}", 0, "/a",
      "line 1, column 7: a member's name in double quotes was expected, "
      "got b" },
    { "Chinese quotes", "{“名称”：1}", 0, "",
      "line 1, column 2: a member's name in double quotes was expected, "
      "got “" },
    { "a Chinese comma", "{\"甲\":1，\"乙\":2}", 0, "/甲",
      "line 1, column 7: \",\" or \"}\" was expected, got ，" },
    { "no literal", "{\"a\": [true, trueblue]}", 0, "/a/1",
      "line 1, column 14: a value was expected, got trueblue" },
    { "NaN", "{\"a\":NaN}", 0, "/a",
      "line 1, column 6: a value was expected, got NaN" },
    { "a leading zero", "{\"a\":01}", 0, "/a",
      "line 1, column 6: a value was expected, got 0" },
    { "a comment", "{\n  // hello\n}", 0, "",
      "line 2, column 3: a member's name in double quotes was expected, "
      "got /" },

    { "something after it", "{\"a\":1}\n x", 0, "",
      "line 2, column 2: nothing may follow the JSON value" },
    { "letters right behind it", "12x", 0, "",
      "line 1, column 3: nothing may follow the JSON value" },
    { "too large a number after it", "1 1e400", 0, "",
      "line 1, column 3: the number is too large" },
    { "an object after it", "{\"a\":1} {\"b\":", 0, "",
      "line 1, column 9: nothing may follow the JSON value" },
    { "a NUL after it", "{\"a\":1}\0", 8, "",
      "line 1, column 8: nothing may follow the JSON value" },
    { "a NUL in place of a value", "{\"a\":\0}", 7, "/a",
      "line 1, column 6: a value was expected, got U+0000" },
    { "a NUL behind a value", "{\"a\":1\0,\"b\":2}", 13, "/a",
      "line 1, column 7: \",\" or \"}\" was expected, got U+0000" },
    { "a NUL as the last byte", "{\"a\":\0", 6, "/a",
      "line 1, column 6: a value was expected, got U+0000" },

    { "a newline in a string", "{\"a\":\"x\ny\"}", 0, "/a",
      "line 1, column 8: a control character in a string must be written "
      "\\u000a" },
    { "a newline after an escape", "{\"a\":\"x\\t\ny\"}", 0, "/a",
      "line 1, column 10: a control character in a string must be written "
      "\\u000a" },
    { "a NUL in a string", "{\"a\":\"x\0\"}", 10, "/a",
      "line 1, column 8: a control character in a string must be written "
      "\\u0000" },
    { "an unknown escape", "{\"a\":\"x\\d+\"}", 0, "/a",
      "line 1, column 8: JSON has no such escape, a backslash is written "
      "\\\\" },
    { "a short \\u", "{\"a\":\"x\\u12g4\"}", 0, "/a",
      "line 1, column 8: \\u must be followed by four hexadecimal digits" },
    { "a \\u before the quote", "{\"a\":\"x\\u\"}", 0, "/a",
      "line 1, column 8: \\u must be followed by four hexadecimal digits" },
    { "\\u0000", "{\"a\":[\"x\\u0000\"]}", 0, "/a/0",
      "line 1, column 9: \\u0000 (NUL) is not allowed in a text" },
    { "\\u0000 in a name", "{\"a\":{\"x\\u0000\":1}}", 0, "/a/x\\u0000",
      "line 1, column 9: \\u0000 (NUL) is not allowed in a text" },
    { "a name that is none", "{\"a\":{\"x\\d\":1}}", 0, "/a",
      "line 1, column 9: JSON has no such escape, a backslash is written "
      "\\\\" },
    { "a lone high surrogate", "{\"a\":\"ab\\ud83d\"}", 0, "/a",
      "line 1, column 9: half of a surrogate pair stands alone" },
    { "a lone low surrogate", "{\"a\":\"\\ud83d\\ude00\\ude00\"}", 0, "/a",
      "line 1, column 19: half of a surrogate pair stands alone" },
    { "a high surrogate before a letter", "{\"a\":\"\\ud83d\\u0041\"}", 0,
      "/a", "line 1, column 7: half of a surrogate pair stands alone" },

    { "a byte in a value", "{\"a\":{\"b\":\"x\xff\"}}", 0, "/a/b",
      "line 1, column 13: the byte 0xff " UTF8 },
    { "a byte in a name", "{\"a\":{\"b\":1,\"x\xff\":2}}", 0, "/a",
      "line 1, column 15: the byte 0xff " UTF8 },
    { "a byte outside of strings", "{\"你\":\n\"你\", \xff}", 0, "",
      "line 2, column 6: the byte 0xff " UTF8 },
    { "a character cut by the end", "{\"a\":\"x\xe4\xbd", 0, "/a",
      "line 1, column 8: the byte 0xe4 " UTF8 },
    { "a character cut by a quote", "{\"a\":\"x\xe4\xbd\",\"b\":1}", 0, "/a",
      "line 1, column 8: the byte 0xe4 " UTF8 },
    { "an encoded surrogate", "[\"\xed\xa0\x80\"]", 0, "/0",
      "line 1, column 3: the byte 0xed " UTF8 },
    { "a byte after the value", "{\"a\":1} \xff", 0, "",
      "line 1, column 9: the byte 0xff " UTF8 },

    { "a member named twice", "{\"a\":1,\"b\":{\"c\":1,\n \"c\":2}}", 0,
      "/b/c", "line 2, column 2: a member of this name stands before" },
    { "twice, in an array", "[{},{\"a\":1,\"a\":1}]", 0, "/1/a",
      "line 1, column 12: a member of this name stands before" },
    { "twice, written differently", "{\"a/b~\":1,\"\\u0061\\/b~\":1}", 0,
      "/a~1b~0", "line 1, column 11: a member of this name stands before" },

    { "a huge integer", "{\"a\":[0,99999999999999999999]}", 0, "/a/1",
      "line 1, column 9: the number is too large" },
    { "a huge real", "{\"a\":1e400}", 0, "/a",
      "line 1, column 6: the number is too large" },

    { "after a byte order mark", "\xEF\xBB\xBF{\"a\" 1}", 0, "/a",
      "line 1, column 6: \":\" was expected after the member's name, got 1" },
    { "marks in strings", "{\"a\":\"}]\\\"{,:\",\"b\":[\"]\",x]}", 0, "/b/1",
      "line 1, column 25: a value was expected, got x" },
};


/* the text is copied, so that ASan sees a byte read past its end */

static json_t *
parse(const char *json, size_t len, review_error_t *err)
{
    char    *copy;
    json_t  *value;

    copy = malloc(len ? len : 1);
    memcpy(copy, json, len);
    memset(err, 0, sizeof(*err));

    value = review_json_parse(copy, len, err);

    free(copy);

    return value;
}


static void
test_bad(void)
{
    size_t          i, len;
    json_t         *json;
    review_error_t  err;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        len = bad[i].len ? bad[i].len : strlen(bad[i].json);
        json = parse(bad[i].json, len, &err);

        ok(json == NULL, "%s: an error", bad[i].name);
        tap_is_str(err.pointer, strlen(err.pointer), bad[i].pointer, __FILE__,
                   __LINE__, "%s: pointer", bad[i].name);
        tap_is_str(err.text, strlen(err.text), bad[i].text, __FILE__,
                   __LINE__, "%s: text", bad[i].name);

        json_decref(json);
    }
}


static void
test_good(void)
{
    json_t         *json;
    review_error_t  err;

    json = parse("\xEF\xBB\xBF {\"a\":\"\\ud83d\\ude00\"} ", 25, &err);
    ok(json_is_object(json), "a byte order mark is skipped");
    ok(json && strcmp(json_string_value(json_object_get(json, "a")), "😀") == 0,
       "a surrogate pair is one character");
    json_decref(json);

    json = parse("7", 1, &err);
    ok(json_integer_value(json) == 7, "any value may be the root");
    json_decref(json);
}


static void
test_deep(void)
{
    char             text[8192], expected[1024];
    int              i, n;
    json_t          *json;
    review_error_t   err;

    memset(text, '[', sizeof(text));
    json = parse(text, sizeof(text), &err);

    ok(json == NULL && strstr(err.text, ": nested too deeply"),
       "too deep: %s", err.text);
    ok(strlen(err.pointer) == 254 && strncmp(err.pointer, "/0/0/0", 6) == 0,
       "a pointer without room for all is cut between names");

    /* back from a depth that was not followed, the path is still right */

    n = sprintf(text, "{\"x\":");

    for (i = 0; i < 1000; i++) {
        text[n++] = '[';
    }

    for (i = 0; i < 1000; i++) {
        text[n++] = ']';
    }

    n += sprintf(text + n, ",\"y\":{\"z\":?}}");

    json = parse(text, (size_t) n, &err);
    ok(json == NULL, "an error after a deep part");
    ok(strcmp(err.pointer, "/y/z") == 0, "its pointer: %s", err.pointer);

    /* names too long for a pointer: it names what holds them */

    n = sprintf(text, "{\"a\":{\"");
    memset(text + n, 'x', 300);
    n += 300;
    n += sprintf(text + n, "\":{\"b\":?}}}");

    json = parse(text, (size_t) n, &err);
    ok(json == NULL && strcmp(err.pointer, "/a") == 0,
       "a name that is too long is left out, with all below it: %s",
       err.pointer);

    memset(expected, '~', sizeof(expected));
    expected[200] = '\0';
    ok(review_json_member_pointer_name(text, "/p", expected, 200) == -1
       && strcmp(text, "/p") == 0, "escapes count when it is too long");
    ok(review_json_member_pointer_name(text, "/p", expected, 126) == 0
       && strlen(text) == 255, "a pointer that just fits");
    ok(review_json_member_pointer_name(text, "/p", expected, 127) == -1,
       "a pointer that just doesn't");
    ok(review_json_member_pointer_name(text, text, "", 0) == 0 && strcmp(text,
                                                                         "/p/")
       == 0, "an empty name, in place");
}


/* every prefix of a text, and every byte of it broken */

static void
test_broken(void)
{
    char             copy[256];
    size_t           i, n, wrong;
    json_t          *json;
    review_error_t   err;
    static const char  text[] =
        "{\"名\":[1,-2.5e3,{\"b\\\"\\u4e2d\":\"\\ud83d\\ude00\\n\"},true],"
        "\"c\":{\"d\":null,\"e\":[[],{}]}}";
    static const char  bytes[] = "\"\\{}[],:\0\n\xff\xe4x0u";

    wrong = 0;

    for (i = 0; i < sizeof(text) - 1; i++) {
        json = parse(text, i, &err);
        wrong += (json != NULL || err.text[0] == '\0');
        wrong += review_utf8_valid(err.pointer, strlen(err.pointer))
                 != strlen(err.pointer);
        json_decref(json);
    }

    ok(wrong == 0, "no prefix of a text is parsed, all have an error");

    wrong = 0;

    for (i = 0; i < sizeof(text) - 1; i++) {
        for (n = 0; n < sizeof(bytes); n++) {
            memcpy(copy, text, sizeof(text));
            copy[i] = bytes[n];

            json = parse(copy, sizeof(text) - 1, &err);

            if (json == NULL) {
                wrong += err.text[0] == '\0';
                wrong += review_utf8_valid(err.pointer, strlen(err.pointer))
                         != strlen(err.pointer);
                wrong += review_utf8_valid(err.text, strlen(err.text))
                         != strlen(err.text);
            }

            json_decref(json);
        }
    }

    ok(wrong == 0, "errors of broken texts are valid UTF-8");
}


static void
test_place(void)
{
    size_t             line, column;
    static const char  text[] = "a\n中文x";

    review_json_place(text, 0, &line, &column);
    ok(line == 1 && column == 1, "the first byte");
    review_json_place(text, 2, &line, &column);
    ok(line == 2 && column == 1, "the first of a line");
    review_json_place(text, 8, &line, &column);
    ok(line == 2 && column == 3, "columns are code points");
}


int
main(void)
{
    test_bad();
    test_good();
    test_deep();
    test_broken();
    test_place();

    return tap_end();
}


/*
 * What the writer writes is JSON to the byte: commas where they are due and
 * nowhere else, in one buffer or in several; each kind of value, with a name
 * and without; strings that come back as they were, whatever is in them; and
 * without memory nothing but a sign of it.
 */

#include "tap.h"
#include "review/json/write.h"


static review_pool_t  *pool;


static void
write_members(review_buf_t *b, json_t *value)
{
    review_str_t  str = review_string("招标 \"a\"\\/\n");
    review_str_t  empty = { 0, NULL };

    review_write_object(b, NULL);
    review_write_object(b, "none");
    review_write_object_end(b);
    review_write_array(b, "empty");
    review_write_array_end(b);
    review_write_string(b, "string", "a\tb", 3);
    review_write_str(b, "str", &str);
    review_write_str(b, "nowhere", &empty);
    review_write_str_or_null(b, "one", &str);
    review_write_str_or_null(b, "no data", &empty);
    review_write_str_or_null(b, "no text", NULL);
    review_write_bytes(b, "bytes", "ab\xe6\x8b", 4);
    review_write_word(b, "word", "ok");
    review_write_word(b, "no word", NULL);
    review_write_open(b, "open");
    review_write_text(b, NULL, 0);
    review_write_text(b, "{", 1);
    review_write_text(b, "\"", 1);
    review_write_close(b);
    review_write_number(b, "zero", 0);
    review_write_number(b, "number", INT64_MAX);
    review_write_number_or_null(b, "known", 0, 1);
    review_write_number_or_null(b, "not known", 1, 0);
    review_write_decimal(b, "decimal", 0.87654);
    review_write_decimal(b, "whole", 2);
    review_write_decimal(b, "unknown", -1);
    review_write_bool(b, "true", 1);
    review_write_bool(b, "false", 0);
    review_write_null(b, "null");
    review_write_value(b, "value", value);
    review_write_value(b, "no value", NULL);
    review_write_raw(b, "raw", "[1]", 3);
    review_write_key(b, "a \"key\"", 7);
    review_write_number(b, NULL, 1);
    review_write_name(b, "name");
    review_write_array(b, NULL);
    review_write_array_end(b);
    review_write_object_end(b);
}


static const char  members[] =
    "{\"none\":{},\"empty\":[],\"string\":\"a\\tb\","
    "\"str\":\"招标 \\\"a\\\"\\\\/\\n\",\"nowhere\":\"\","
    "\"one\":\"招标 \\\"a\\\"\\\\/\\n\",\"no data\":null,\"no text\":null,"
    "\"bytes\":\"ab\",\"word\":\"ok\",\"no word\":null,\"open\":\"{\\\"\","
    "\"zero\":0,\"number\":9223372036854775807,\"known\":0,"
    "\"not known\":null,\"decimal\":0.8765,"
    "\"whole\":2,\"unknown\":null,\"true\":true,\"false\":false,"
    "\"null\":null,\"value\":{\"x\":[0.1,\"投\",null]},\"no value\":null,"
    "\"raw\":[1],\"a \\\"key\\\"\":1,\"name\":[]}";


static void
test_members(void)
{
    json_t        *value, *json;
    review_buf_t   b;

    value = json_pack("{s:[f,s,n]}", "x", 0.1, "投");

    review_buf_init(&b, pool, 0);
    write_members(&b, value);
    is_str(b, members, "an object of all that there is");

    json = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
    ok(json_object_size(json) == 27, "which is JSON");
    json_decref(json);

    json_decref(value);
}


static void
test_elements(void)
{
    review_str_t   str = review_string("a");
    review_buf_t   b, tail;

    review_buf_init(&b, pool, 0);
    review_write_array(&b, NULL);
    review_write_array(&b, NULL);
    review_write_array_end(&b);
    review_write_object(&b, NULL);
    review_write_object_end(&b);
    review_write_str(&b, NULL, &str);
    review_write_string(&b, NULL, "", 0);
    review_write_word(&b, NULL, "b");
    review_write_number(&b, NULL, 12);
    review_write_decimal(&b, NULL, 0.5);
    review_write_bool(&b, NULL, 1);
    review_write_null(&b, NULL);
    review_write_value(&b, NULL, NULL);
    review_write_raw(&b, NULL, "{}", 2);
    review_write_array_end(&b);

    is_str(b, "[[],{},\"a\",\"\",\"b\",12,0.5,true,null,null,{}]",
           "an array of all that there is");

    review_buf_init(&b, pool, 0);
    review_write_value(&b, NULL, NULL);
    is_str(b, "null", "a value that stands alone");

    /* as in a chain: what is between them does not stand in a buffer */

    review_buf_init(&b, pool, 0);
    review_buf_init(&tail, pool, 0);

    review_write_object(&b, NULL);
    review_write_array(&b, "results");
    review_write_array_end(&tail);
    review_write_number(&tail, "n", 2);
    review_write_object_end(&tail);

    is_str(b, "{\"results\":[", "the first of two buffers");
    is_str(tail, "],\"n\":2}", "and the second");

    review_buf_init(&b, pool, 0);
    review_write_object(&b, NULL);
    review_write_object_end(&b);
    review_buf_puts(&b, "\n");
    review_write_object(&b, NULL);
    review_write_number(&b, "n", 1);
    review_write_object_end(&b);
    is_str(b, "{}\n{\"n\":1}", "an object a line");
}


static void
test_strings(void)
{
    int            i, n, good, cases;
    char           text[64];
    size_t         at;
    json_t        *json;
    review_buf_t   b;

    review_buf_init(&b, pool, 0);

    for (i = 0; i < 0x20; i++) {
        text[i] = (char) i;
    }

    memcpy(text + 0x20, "\"\\/\x7f", 4);
    review_write_string(&b, NULL, text, 0x24);

    is_str(b, "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007"
           "\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f"
           "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017"
           "\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f"
           "\\\"\\\\/\x7f\"", "what is escaped, and how");

    /* a character of each kind at each place of texts of each length */

    good = cases = 0;

    for (n = 1; n < 40; n++) {
        for (at = 0; at < (size_t) n; at++) {
            for (i = 1; i < 0x80; i++) {
                memset(text, 'x', sizeof(text));
                text[at] = (char) i;

                b.len = 0;
                review_write_string(&b, NULL, text, (size_t) n);
                json = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);

                cases++;
                good += json_string_length(json) == (size_t) n
                        && memcmp(json_string_value(json), text, (size_t) n)
                           == 0;
                json_decref(json);
            }
        }
    }

    ok(good == cases, "%d strings come back", cases);
}


/* jansson refuses what leads back to itself */

static void
test_circle(void)
{
    json_t        *one, *other;
    review_buf_t   b;

    one = json_array();
    other = json_array();
    json_array_append(one, other);
    json_array_append(other, one);

    review_buf_init(&b, pool, 0);
    review_write_value(&b, NULL, one);
    ok(b.failed, "a value without an end");

    json_array_clear(other);
    json_decref(other);
    json_decref(one);
}


/* as much memory as is left, in bytes */

static void *
some_alloc(review_pool_t *some, size_t size)
{
    size_t  *left = some->ctx;

    if (size > *left) {
        return NULL;
    }

    *left -= size;

    return review_alloc(pool, size);
}


static void
test_no_memory(void)
{
    size_t          n, left, failed, good;
    json_t         *value;
    review_buf_t    b;
    review_pool_t   some = { some_alloc, NULL, &left };

    value = json_pack("{s:[f,s,n]}", "x", 0.1, "投");
    failed = good = 0;

    for (n = 0; n < 2048; n += 8) {
        left = n;
        review_buf_init(&b, &some, n % 128);
        write_members(&b, value);

        failed += b.failed;
        good += !b.failed && b.len == sizeof(members) - 1
                && memcmp(b.data, members, b.len) == 0;
    }

    json_decref(value);

    ok(failed > 64 && good > 64 && failed + good == 256,
       "too little memory is told, %zu times of 256", failed);
}


/* what some take for ends of lines, at any place beside what is near it */

static void
test_separators(void)
{
    size_t         i, k, n;
    json_t        *json, *value;
    review_buf_t   b;
    char           text[256];
    static const char *const  pieces[] = {
        "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xa7",
        "\xe2\x80\xaa", "\xe2\x81\xa8", "\xc2\x84", "\xc2\xa0",
        "\xe2\x80\x9c", "文", "a", "\"", "\n", "12345678"
    };
    const size_t   last = sizeof(pieces) / sizeof(pieces[0]);

    n = 0;

    for (i = 0; i < last * last * last; i++) {
        snprintf(text, sizeof(text), "%s%s%s%s", pieces[i % last],
                 pieces[i / last % last], pieces[i / last / last],
                 pieces[(i * 7 + 3) % last]);

        value = json_string(text);

        review_buf_init(&b, pool, 0);
        review_write_array(&b, NULL);
        review_write_string(&b, NULL, text, strlen(text));
        review_write_value(&b, NULL, value);

        for (k = 0; k + 1 < b.len; k++) {
            n += memcmp(b.data + k, "\xc2\x85", 2) == 0;
            n += k + 2 < b.len && (memcmp(b.data + k, "\xe2\x80\xa8", 3) == 0
                                   || memcmp(b.data + k, "\xe2\x80\xa9", 3)
                                      == 0);
        }

        review_write_raw(&b, NULL, "\"\xe2\x80\xa8\xc2\x85\"", 7);
        review_write_array_end(&b);

        n += memcmp(b.data + b.len - 15, "\"\\u2028\\u0085\"]", 15) != 0;

        json = json_loadb(b.data, b.len, 0, NULL);
        n += !json_equal(json_array_get(json, 0), value);
        n += !json_equal(json_array_get(json, 1), value);

        json_decref(json);
        json_decref(value);
    }

    ok(n == 0, "U+0085, U+2028, U+2029 are escaped, and nothing else: %zu", n);
}


int
main(void)
{
    pool = tap_pool();

    test_members();
    test_elements();
    test_strings();
    test_separators();
    test_circle();
    test_no_memory();

    tap_pool_free(pool);

    return tap_end();
}

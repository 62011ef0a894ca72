
/*
 * Proves, for any content, that an answer or an error comes of it, in valid
 * UTF-8; that a sound JSON object is taken as it is, with the verdict that it
 * gives; and that no part of one that was cut off is ever taken for an answer.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strcasestr() */
#endif

#include "check.h"
#include "review/answer/answer.h"
#include "review/base/utf8.h"


static const char  schema_text[] =
    "{\"type\":\"object\",\"properties\":{\"amount\":{\"type\":[\"number\","
    "\"null\"],\"minimum\":0},\"kind\":{\"enum\":[\"a\",\"b\"]},\"list\":"
    "{\"items\":{\"anyOf\":[{\"type\":\"string\",\"maxLength\":3},{\"type\":"
    "\"integer\"}]},\"maxItems\":3}},\"additionalProperties\":false,"
    "\"required\":[\"amount\"]}";


static void
check_text(const char *data, size_t len)
{
    check(data != NULL);
    check(review_utf8_valid(data, len) == len);
}


static int
parse(review_pool_t *pool, const char *data, size_t len, json_t *schema,
    review_answer_t *answer)
{
    int                     rc;
    char                   *block;
    review_error_t          err;
    review_answer_given_t   given;

    block = malloc(len);

    if (len) {
        memcpy(block, data, len);
    }

    memset(&err, 0, sizeof(err));

    memset(&given, 0, sizeof(given));
    given.schema = schema;

    rc = review_answer_parse(pool, block, len, &given, answer, &err);

    free(block);

    if (rc != 0) {
        check(rc == -1);
        check(err.text[0] != '\0');
        check_text(err.text, strlen(err.text));
        check_text(err.pointer, strlen(err.pointer));
    }

    return rc;
}


static void
check_answer(const review_answer_t *answer, const json_t *schema)
{
    size_t   i;
    json_t  *data;

    check((unsigned) answer->verdict <= REVIEW_VERDICT_UNSURE);
    check(answer->severity >= -1 && answer->severity <= REVIEW_SEVERITY_INFO);
    check(answer->confidence == -1
          || (answer->confidence >= 0 && answer->confidence <= 1));
    check(schema || answer->data.data == NULL);

    check_text(answer->reason.data, answer->reason.len);
    check_text(answer->suggestion.data, answer->suggestion.len);

    if (answer->data.data) {
        data = json_loadb(answer->data.data, answer->data.len,
                          JSON_DECODE_ANY, NULL);
        check(data != NULL);
        json_decref(data);
    }

    for (i = 0; i < answer->nquotes; i++) {
        check(answer->quotes[i].len != 0);
        check_text(answer->quotes[i].data, answer->quotes[i].len);
    }
}


/* "json" is the content, or NULL if the content is no sound object */

static void
check_strict(const review_answer_t *answer, const json_t *json)
{
    const char  *verdict;

    check(answer->strict == (json != NULL));

    if (json) {
        verdict = json_string_value(json_object_get(json, "verdict"));

        check(verdict != NULL);
        check(strcasestr(verdict, "pass") == NULL
              || answer->verdict == REVIEW_VERDICT_PASS);
        check(strcasestr(verdict, "fail") == NULL
              || answer->verdict == REVIEW_VERDICT_FAIL);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            cut;
    json_t           *json, *schema;
    const char       *text;
    review_pool_t    *pool;
    review_answer_t   answer;

    pool = tap_pool();

    schema = json_loads(schema_text, 0, NULL);
    text = (const char *) data;

    json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }

    if (parse(pool, text, size, NULL, &answer) == 0) {
        check_answer(&answer, NULL);

        if (size == 0 || data[0] != 0xEF) {
            check_strict(&answer, json);
        }
    }

    if (parse(pool, text, size, schema, &answer) == 0) {
        check_answer(&answer, schema);
    }

    if (json) {
        while (size && strchr(" \t\r\n", text[size - 1])) {
            size--;
        }

        cut = data[size / 2] * size / 256;
        check(parse(pool, text, cut, NULL, &answer) == -1);
        check(parse(pool, text, size - 1, NULL, &answer) == -1);
    }

    json_decref(json);
    json_decref(schema);
    tap_pool_free(pool);

    return 0;
}

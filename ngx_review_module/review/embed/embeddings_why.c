
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strcasestr() */
#endif

#include "review/embed/embeddings.h"
#include "review/base/excerpt.h"
#include "review/json/load.h"
#include "review/json/scan.h"

#include <stdio.h>
#include <string.h>


/* errors are short: of a longer body only the begin is looked at */
#define REVIEW_EMBEDDINGS_ERROR  65536

/* of which so much is searched for words */
#define REVIEW_EMBEDDINGS_WORDS  2048


/*
 * What is said of inputs that are too many or too long; the last is all that
 * OpenAI says of more than 2,048.
 */

static const char *const  review_embeddings_large[] = {
    "length", "size", "tokens", "maximum", "at most", "batch", "exceed",
    "longer than", "larger than", "greater than", "more than",
    "too long", "too large", "too many", "too big",
    "too_long", "too_large", "too_many", "too_big",
    "过长", "过大", "过多", "超过", "超出", "超长", "太长", "太大", "太多",
    "上限", "长度", "最多", "最大", "不得大于", "不能大于",
    "'$.input' is invalid", NULL
};

static const char *const  review_embeddings_encoding[] = {
    "encoding_format", "encoding format", "base64", NULL
};

/* servers that call an input that is too long an error of their own */

static const char *const  review_embeddings_own[] = {
    "too large to process", "context length", NULL
};


static int
review_embeddings_why_names(const char *text, const char *const *words)
{
    int  i;

    for (i = 0; words[i]; i++) {
        if (strcasestr(text, words[i])) {
            return 1;
        }
    }

    return 0;
}


/* text of a member, after what is there already; U+0000 ends it */

static void
review_embeddings_why_say(char *dst, size_t size, const char *before,
    const json_t *value)
{
    size_t       n;
    const char  *text;

    text = json_string_value(value);
    n = strlen(dst);

    if (text && *text && n + 1 < size) {
        snprintf(dst + n, size - n, "%s%s", n ? before : "", text);
    }
}


/* FastAPI: [{"loc": ["body", "input"], "msg": "...", "type": "..."}, ...] */

static void
review_embeddings_why_detail(const json_t *detail, char *dst, size_t size)
{
    size_t   i, j;
    json_t  *problem, *name;

    json_array_foreach(detail, i, problem) {

        json_array_foreach(json_object_get(problem, "loc"), j, name) {
            review_embeddings_why_say(dst, size, j ? "." : "; ", name);
        }

        review_embeddings_why_say(dst, size, ": ", json_object_get(problem,
                                                                   "msg"));
    }
}


/*
 * The message and the object that it stands in: that of the error's own, or
 * that above it.
 */

static const json_t *
review_embeddings_why_message(const json_t *root, char *dst, size_t size)
{
    int                       depth;
    const json_t             *value;
    static const char *const  names[] = {
        "message", "error", "detail", "error_msg", "errorMessage", "msg",
        "errors", "title", NULL
    };

    for (depth = 0; depth < 4; depth++) {

        if (json_is_array(root)) {
            root = json_array_get(root, 0);
        }

        /* an "error" that is a text may be no more than the status in words */

        value = json_is_string(root) ? root : json_object_get(root, "error");

        if (!json_is_string(root) && !json_object_size(value)) {
            value = review_json_member_first(root, names);
        }

        if (json_is_object(value)) {
            root = value;
            continue;
        }

        if (json_is_array(value)
            && json_object_get(json_array_get(value, 0), "msg"))
        {
            review_embeddings_why_detail(value, dst, size);
            break;
        }

        if (json_is_array(value)) {
            value = json_array_get(value, 0);

            if (json_is_object(value)) {
                root = value;
                continue;
            }
        }

        review_embeddings_why_say(dst, size, "", value);
        break;
    }

    return root;
}


/* "words" gets all that may tell why, the message first; 0: it is no JSON */

static int
review_embeddings_why_json(const char *data, size_t len, char *words,
    char *text, size_t size)
{
    size_t         i;
    json_t        *root;
    const json_t  *at;
    json_error_t   error;

    static const char *const  kinds[] = {
        "code", "type", "error_type", "param", NULL
    };

    root = review_json_load(data, len, JSON_DECODE_ANY|JSON_DECODE_INT_AS_REAL
                                       |JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        return 0;
    }

    at = review_embeddings_why_message(root, words, REVIEW_EMBEDDINGS_WORDS);

    if (size) {
        review_excerpt(text, size, words, strlen(words));
    }

    for (i = 0; kinds[i]; i++) {
        review_embeddings_why_say(words, REVIEW_EMBEDDINGS_WORDS, " ",
                                  json_object_get(at, kinds[i]));
    }

    json_decref(root);

    return 1;
}


review_embeddings_why_e
review_embeddings_why(int status, const char *data, size_t len, char *text,
    size_t size)
{
    char          words[REVIEW_EMBEDDINGS_WORDS];
    review_str_t  body;

    body.data = data;
    body.len = len < REVIEW_EMBEDDINGS_ERROR ? len : REVIEW_EMBEDDINGS_ERROR;

    review_scan_trim(&body);

    words[0] = '\0';
    text[0] = '\0';

    if (body.len
        && !review_embeddings_why_json(body.data, body.len, words, text, size)
        && *body.data != '<')
    {
        review_excerpt(words, sizeof(words), body.data, body.len);
        review_excerpt(text, size, body.data, body.len);
    }

    review_excerpt_mask(text);

    if (status == 413) {
        return REVIEW_EMBEDDINGS_TOO_LARGE;
    }

    if (status == 500 && review_embeddings_why_names(words,
                                                     review_embeddings_own))
    {
        return REVIEW_EMBEDDINGS_TOO_LARGE;
    }

    if (status != 400 && status != 422) {
        return REVIEW_EMBEDDINGS_REFUSED;
    }

    if (review_embeddings_why_names(words, review_embeddings_encoding)) {
        return REVIEW_EMBEDDINGS_ENCODING;
    }

    return review_embeddings_why_names(words, review_embeddings_large)
           ? REVIEW_EMBEDDINGS_TOO_LARGE : REVIEW_EMBEDDINGS_REFUSED;
}

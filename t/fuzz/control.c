
/*
 * Proves, for any text, that setting off its control tokens adds spaces and
 * does nothing else; that none of them is left; that what is set off once is so
 * for good; and that all of it, as an LLM quotes it, is found in the original.
 */

#include "check.h"
#include "../unit/quotes.h"
#include "review/base/utf8.h"
#include "review/quote/quote.h"
#include "review/rubric/control.h"


/* as an LLM reads it: without the escapes of JSON */

static review_str_t
set_off(review_pool_t *pool, const char *data, size_t len)
{
    json_t        *json;
    review_str_t   text;
    review_buf_t   b;

    review_buf_init(&b, pool, 0);
    review_buf_add(&b, "\"", 1);
    review_control_text(&b, data, len);
    review_buf_add(&b, "\"", 1);

    json = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);
    check(json != NULL && review_pool_own_json(pool, json) == 0);

    text.data = json_string_value(json);
    text.len = json_string_length(json);

    return text;
}


/* the same without spaces; its length */

static size_t
unspaced(char *to, const char *data, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        if (data[i] != ' ') {
            to[n++] = data[i];
        }
    }

    return n;
}


/* is there a letter, digit or ideograph, without which a quote is none? */

static int
is_quote(const char *data, size_t len)
{
    int32_t      c;
    const char  *p;

    for (p = data; p < data + len; /* void */) {
        c = review_utf8_next(&p, data + len);

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z') || (c >= 0x4e00 && c <= 0x9fa5))
        {
            return 1;
        }
    }

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             *text, *one, *other;
    size_t            i, n;
    review_str_t      out, again;
    review_pool_t    *pool;
    review_span_t     span;
    review_source_t  *source;

    static const char *const  tokens[] = {
        "<|", "<｜", "＜|", "＜｜", "<s>", "</s>", "<bos>", "<eos>", "<pad>",
        "<unk>", "<start_of_turn>", "<end_of_turn>", "<SYS>", "</SYS>",
        "[INST]", "[/INST]", "[gMASK]", "[TOOL_CALLS]", "[|", "]~b]",
        "◁think▷", "◁/", "<think>", "</think>", "<tool_call>",
        "<review-text", "</review-text", "<REVIEW-TEXT", "</Review-Text"
    };

    size = review_utf8_text((const char *) data, size);

    if (size == 0) {
        return 0;
    }

    pool = tap_pool();

    /* a block of its own, for the sanitizer to see its end */

    text = memcpy(review_alloc(pool, size), data, size);
    out = set_off(pool, text, size);

    one = review_alloc(pool, size);
    other = review_alloc(pool, out.len + 1);
    n = unspaced(one, text, size);
    check(n == unspaced(other, out.data, out.len)
          && memcmp(one, other, n) == 0);

    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        check(strstr(out.data, tokens[i]) == NULL);
    }

    again = set_off(pool, out.data, out.len);
    check(again.len == out.len && memcmp(again.data, out.data, out.len) == 0);

    source = review_quote_source_create(pool, text, size);
    check(source != NULL);

    if (is_quote(text, size)) {
        (void) quote_find(pool, source, out.data, out.len, &span);
        check(span.match != REVIEW_MATCH_NONE);
    }

    tap_pool_free(pool);

    return 0;
}

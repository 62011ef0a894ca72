
/*
 * Proves, for any valid text, that a template is compiled without a byte lost:
 * its parts, written out again, are the text itself, but for spaces inside of
 * braces; and that a text without "{{" is always a template.
 */

#include "check.h"
#include "review/rubric/template.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"


static const char *const  names[] = {
    "", "{{chunk}}", "{{heading}}", "{{references}}", "{{answer}}",
    "{{point.id}}", "{{point.title}}", "{{point.question}}",
    "{{point.severity}}"
};


/* a part as its author wrote it: unescaped, "{{" doubled again */

static void
write_text(review_buf_t *b, review_str_t *text)
{
    size_t         i, len;
    json_t        *json;
    const char    *s;
    review_buf_t   quoted;

    review_buf_init(&quoted, b->pool, 0);
    review_buf_puts(&quoted, "\"");
    review_buf_str(&quoted, text);
    review_buf_puts(&quoted, "\"");

    json = json_loadb(quoted.data, quoted.len,
                      JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
    check(json_is_string(json));

    s = json_string_value(json);
    len = json_string_length(json);

    for (i = 0; i < len; i++) {
        if (len - i >= 2 && s[i] == '{' && s[i + 1] == '{') {
            review_buf_puts(b, "{{{{");
            i++;

        } else {
            review_buf_add(b, &s[i], 1);
        }
    }

    json_decref(json);
}


static void
write_part(review_buf_t *b, review_part_t *part)
{
    if (part->type == REVIEW_PART_TEXT) {
        check(part->text.len > 0);
        write_text(b, &part->text);

    } else if (part->type == REVIEW_PART_VAR) {
        check(part->text.len > 0);
        review_buf_puts(b, "{{vars.");
        review_buf_str(b, &part->text);
        review_buf_puts(b, "}}");

    } else {
        review_buf_puts(b, names[part->type]);
    }
}


/* are they the same, but for spaces and tabs after "{{" and before "}}"? */

static int
same(const char *data, size_t len, review_buf_t *b)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len || n < b->len; /* void */) {

        if (i < len && n < b->len && data[i] == b->data[n]) {
            i++;
            n++;
            continue;
        }

        if (i == len || (data[i] != ' ' && data[i] != '\t')) {
            return 0;
        }

        i++;
    }

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               *text;
    size_t              i, chunks;
    review_buf_t        b;
    review_pool_t      *pool;
    review_error_t      err;
    review_template_t  *t;

    text = malloc(size + 1);
    memcpy(text, data ? data : (const uint8_t *) "", size);
    text[size] = '\0';

    if (review_utf8_valid(text, size) != size) {
        free(text);
        return 0;
    }

    pool = tap_pool();
    memset(&err, 0, sizeof(err));

    t = review_template_compile(pool, text, size, "/prompt", &err);

    if (t == NULL) {
        check(strcmp(err.pointer, "/prompt") == 0);
        check(strncmp(err.text, "line ", 5) == 0);
        check(memchr(text, '\0', size) || strstr(text, "{{"));

    } else {
        review_buf_init(&b, pool, 0);

        for (i = 0, chunks = 0; i < t->nparts; i++) {
            write_part(&b, &t->parts[i]);
            chunks += (t->parts[i].type == REVIEW_PART_CHUNK);
        }

        check(same(text, size, &b));
        check(t->chunk == (chunks > 0));
    }

    free(text);
    tap_pool_free(pool);

    return 0;
}

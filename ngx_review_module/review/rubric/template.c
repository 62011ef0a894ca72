
#include "review/rubric/template.h"
#include "review/base/buf.h"
#include "review/base/excerpt.h"
#include "review/json/json.h"
#include "review/base/utf8.h"
#include "review/json/write.h"

#include <utf8proc.h>


/* bounds how often a template can repeat the longest of texts */
#define REVIEW_TEMPLATE_NAMES  64

/* how much of an unknown name a message has room for */
#define REVIEW_TEMPLATE_SHOWN  36


typedef struct {
    const char         *data;
    const char         *last;
    const char         *pointer;
    review_template_t  *template;
    review_buf_t        text;        /* of all parts, one after another */
    size_t              from;        /* where the current part's text begins */
    review_error_t     *err;
} review_compile_t;


static const char *const  review_template_names[] = {
    "chunk", "heading", "references", "answer", "point.id", "point.title",
    "point.question", "point.severity", NULL
};


static const char *
review_template_error(review_compile_t *c, const char *p, const char *what,
    const char *name, size_t len)
{
    char    shown[REVIEW_TEMPLATE_SHOWN];
    size_t  line, column;

    review_json_place(c->data, (size_t) (p - c->data), &line, &column);

    (void) review_error(c->err, c->pointer, "line %zu, column %zu: \"%s\" %s",
                        line, column,
                        review_excerpt(shown, sizeof(shown), name, len), what);

    return NULL;
}


/* the first "{{", or the end */

static const char *
review_template_open(const char *p, const char *last)
{
    while (last - p >= 2) {
        p = memchr(p, '{', (size_t) (last - p) - 1);

        if (p == NULL) {
            break;
        }

        if (p[1] == '{') {
            return p;
        }

        p++;
    }

    return last;
}


/* adds a part; what was written since the last one is its text */

static void
review_template_part(review_compile_t *c, review_part_e type)
{
    review_part_t  *part;

    part = &c->template->parts[c->template->nparts++];

    memset(part, 0, sizeof(*part));

    part->type = type;

    if (!c->text.failed && c->text.len > c->from) {
        part->text.data = c->text.data + c->from;
        part->text.len = c->text.len - c->from;

        c->from = c->text.len;
    }
}


static int
review_template_letter(int32_t c)
{
    utf8proc_category_t  category;

    if (c == '_' || c == '.' || c == '-') {
        return 1;
    }

    if (c < 0) {
        return 0;
    }

    category = utf8proc_category(c);

    switch (category) {

    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return 1;

    default:
        return 0;
    }
}


static int
review_template_letters(const char *p, const char *last)
{
    if (p == last) {
        return 0;
    }

    while (p < last) {
        if (!review_template_letter(review_utf8_next(&p, last))) {
            return 0;
        }
    }

    return 1;
}


/* "vars.x", or "vars.x?", becomes a part; 0, or -1: it is no name */

static int
review_template_var(review_compile_t *c, const char *name, size_t len)
{
    unsigned  optional;

    name += sizeof("vars.") - 1;
    len -= sizeof("vars.") - 1;
    optional = len && name[len - 1] == '?';
    len -= optional;

    if (!review_template_letters(name, name + len)) {
        return -1;
    }

    review_buf_add(&c->text, name, len);
    review_template_part(c, REVIEW_PART_VAR);

    c->template->parts[c->template->nparts - 1].optional = optional;
    c->template->vars = 1;

    return 0;
}


static int
review_template_space(char c)
{
    return c == ' ' || c == '\t';
}


/* "{{name}}" at "open" becomes a part; returns what follows, or NULL */

static const char *
review_template_name(review_compile_t *c, const char *open)
{
    int          n;
    size_t       len;
    const char  *p, *end, *name;

    for (end = open + 2; end < c->last && *end != '}' && *end != '\n'; end++) {
        /* void */
    }

    if (c->last - end < 2 || end[0] != '}' || end[1] != '}') {
        return review_template_error(c, open, "has no \"}}\" on its line; "
                       "\"{{{{\" stands for \"{{\" itself", open, 2);
    }

    name = open + 2;
    p = end;

    while (name < p && review_template_space(*name)) {
        name++;
    }

    while (name < p && review_template_space(p[-1])) {
        p--;
    }

    len = (size_t) (p - name);

    if (len >= 5 && memcmp(name, "vars.", 5) == 0) {
        if (review_template_var(c, name, len) != 0) {
            return review_template_error(c, open, "is no name: after \"vars.\""
                           " come letters, digits, \"_\", \".\" or \"-\"",
                           name, len);
        }

        return end + 2;
    }

    n = review_name_index(review_template_names, name, len);

    if (n == -1) {
        return review_template_error(c, open, "is unknown, known are: chunk, "
                       "heading, references, answer, point.id, point.title, "
                       "point.question, point.severity, vars.NAME; "
                       "\"{{{{\" stands for \"{{\" itself", name, len);
    }

    /* the names are in the order of the enumeration, after TEXT */

    n += REVIEW_PART_TEXT + 1;

    review_template_part(c, (review_part_e) n);

    if (n == REVIEW_PART_CHUNK) {
        c->template->chunk = 1;
    }

    return end + 2;
}


static int
review_template_parse(review_compile_t *c)
{
    size_t       names;
    const char  *p, *open;

    names = 0;

    for (p = c->data; p < c->last; /* void */) {
        open = review_template_open(p, c->last);

        review_write_text(&c->text, p, (size_t) (open - p));

        if (open == c->last) {
            break;
        }

        if (c->last - open >= 4 && memcmp(open, "{{{{", 4) == 0) {
            review_buf_add(&c->text, "{{", 2);
            p = open + 4;
            continue;
        }

        if (names++ == REVIEW_TEMPLATE_NAMES) {
            (void) review_template_error(c, open, "stands here once more than "
                                         "the 64 times allowed", open, 2);
            return -1;
        }

        if (c->text.len > c->from) {
            review_template_part(c, REVIEW_PART_TEXT);
        }

        p = review_template_name(c, open);

        if (p == NULL) {
            return -1;
        }
    }

    if (c->text.len > c->from) {
        review_template_part(c, REVIEW_PART_TEXT);
    }

    return 0;
}


/* no more parts than this can come out of a text */

static size_t
review_template_parts(const char *data, size_t len)
{
    size_t       n;
    const char  *p, *last;

    last = data + len;

    p = review_template_open(data, last);

    for (n = 0; p < last && n < REVIEW_TEMPLATE_NAMES; n++) {
        p = review_template_open(p + 2, last);
    }

    return 2 * n + 1;
}


review_template_t *
review_template_compile(review_pool_t *pool, const char *data, size_t len,
    const char *pointer, review_error_t *err)
{
    review_compile_t    c;
    review_template_t  *t;

    t = review_alloc(pool, sizeof(*t));

    if (t == NULL) {
        (void) review_error(err, pointer, "no memory");
        return NULL;
    }

    memset(t, 0, sizeof(*t));

    t->parts = review_alloc(pool, review_template_parts(data, len)
                                  * sizeof(review_part_t));

    memset(&c, 0, sizeof(c));

    c.data = data;
    c.last = data + len;
    c.pointer = pointer;
    c.template = t;
    c.err = err;

    review_buf_init(&c.text, pool, len + len / 16);

    if (t->parts == NULL || c.text.failed) {
        (void) review_error(err, pointer, "no memory");
        return NULL;
    }

    if (review_template_parse(&c) != 0) {
        return NULL;
    }

    if (c.text.failed) {
        (void) review_error(err, pointer, "no memory");
        return NULL;
    }

    return t;
}

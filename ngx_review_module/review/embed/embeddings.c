
#include "review/embed/embedding.h"
#include "review/base/excerpt.h"
#include "review/json/scan.h"
#include "review/json/walk.h"

#include <stdio.h>


/* the names of members are shorter */
#define REVIEW_EMBEDDINGS_NAME   32

/* an answer without data that is shorter may be an error */
#define REVIEW_EMBEDDINGS_SHORT  4096


typedef struct {
    review_walk_t          walk;       /* comes first: handlers are given it */
    review_pool_t         *pool;
    review_embeddings_t   *answer;
    review_error_t        *err;
    const char            *start;
    size_t                 n;
    size_t                 count;      /* items read so far */
    size_t                 dim;
    int64_t                total;      /* tokens */
    int64_t                index;      /* of this item, or -1 */
    review_embedding_t     item;
    unsigned               bare:1;     /* vectors alone, no objects */
    unsigned               data:1;     /* there was any */
    unsigned               indexed:1;
} review_embeddings_read_t;


#define review_embeddings_read(w)  ((review_embeddings_read_t *) (w))


/* whatever the scanner did not like */

static int
review_embeddings_syntax(review_embeddings_read_t *r)
{
    char            got[REVIEW_EXCERPT];
    review_walk_t  *w;

    w = &r->walk;

    if (w->p == w->last) {
        return review_error(r->err, "", "the JSON is cut off after %zu bytes",
                            (size_t) (w->last - r->start));
    }

    return review_error(r->err, "", "no valid JSON at byte %zu: %s",
                        (size_t) (w->p - r->start),
                        review_excerpt(got, 32, w->p,
                                       (size_t) (w->last - w->p)));
}


/* the value at which the walk stands, in words */

static const char *
review_embeddings_got(review_walk_t *w, char *dst)
{
    const char  *p;

    if (w->p == w->last) {
        return "nothing";
    }

    switch (*w->p) {

    case '"':
        return "a string";

    case '{':
        return "an object";

    case '[':
        return "an array";
    }

    for (p = w->p; p < w->last; p++) {
        if (review_scan_is_space(*p) || strchr(",]}", *p)) {
            break;
        }
    }

    return review_excerpt(dst, REVIEW_EXCERPT, w->p, (size_t) (p - w->p));
}


/* a pointer to the item that is being read, or to something in it */

static const char *
review_embeddings_at(review_embeddings_read_t *r, char *dst,
    const char *member)
{
    snprintf(dst, REVIEW_ERROR_POINTER, "%s/%zu%s", r->bare ? "" : "/data",
             r->count, r->bare ? "" : member);

    return dst;
}


static int
review_embeddings_number(review_embeddings_read_t *r)
{
    char         at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];
    const char  *what;

    what = review_embeddings_got(&r->walk, got);

    if (what == got && r->walk.p + strlen(got) == r->walk.last) {

        /* its end may be missing */

        r->walk.p = r->walk.last;
    }

    if (r->walk.p == r->walk.last || *what == '\0') {
        return review_embeddings_syntax(r);
    }

    (void) review_embeddings_at(r, at, "/embedding");
    (void) snprintf(at + strlen(at), 32, "/%zu", r->item.dim);

    return review_error(r->err, at, "must be a finite number, got %s", what);
}


/* 0: nothing is wrong */

static int
review_embeddings_wrong(review_embeddings_read_t *r, review_embedding_e wrong)
{
    char         at[REVIEW_ERROR_POINTER];
    const char  *where;

    where = review_embeddings_at(r, at, "/embedding");

    switch (wrong) {

    case REVIEW_EMBEDDING_NUMBER:
        return review_embeddings_number(r);

    case REVIEW_EMBEDDING_INFINITE:

        if (!r->item.base64) {
            return review_embeddings_number(r);
        }

        return review_error(r->err, where, "number %zu in the base64 is not "
                            "finite", r->item.dim);

    case REVIEW_EMBEDDING_BASE64:
        return review_error(r->err, where, "is not valid base64");

    case REVIEW_EMBEDDING_LENGTH:
        return review_error(r->err, where, "the base64 does not hold a whole "
                            "number of floats");

    case REVIEW_EMBEDDING_COMMA:
        return review_embeddings_syntax(r);

    default:
        return 0;
    }
}


/* a "/" in base64 may be written "\/" */

static int
review_embeddings_unescape(review_embeddings_read_t *r, review_str_t *text)
{
    int    lossy;
    char  *dst;

    if (text->len == 0 || memchr(text->data, '\\', text->len) == NULL) {
        return 0;
    }

    dst = review_alloc(r->pool, text->len);
    if (dst == NULL) {
        return review_error(r->err, "", "no memory");
    }

    text->len = review_scan_unescape_to(dst, text, &lossy);
    text->data = dst;

    return 0;
}


/* the vector in either form; -1 without an error: bad JSON */

static int
review_embeddings_form(review_embeddings_read_t *r)
{
    char            at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];
    review_str_t   *raw;
    review_walk_t  *w;

    w = &r->walk;

    if (w->p == w->last) {
        return -1;
    }

    if (*w->p == '[') {
        return review_embeddings_wrong(r, review_embedding_array(&w->p, w->last,
                                                                 &r->item));
    }

    if (*w->p != '"' || r->bare) {
        return review_error(r->err, review_embeddings_at(r, at, "/embedding"),
                            "must be an array of numbers%s, got %s",
                            r->bare ? "" : " or a string of base64",
                            review_embeddings_got(w, got));
    }

    raw = &r->item.raw;

    if (review_scan_string(&w->p, w->last, raw) != REVIEW_SCAN_OK
        || review_embeddings_unescape(r, raw) != 0)
    {
        return -1;
    }

    return review_embeddings_wrong(r, review_embedding_base64(&r->item));
}


static int
review_embeddings_vector(review_embeddings_read_t *r)
{
    char         at[REVIEW_ERROR_POINTER];
    const char  *where;

    if (review_embeddings_form(r) != 0) {
        return -1;
    }

    where = review_embeddings_at(r, at, "/embedding");

    if (r->item.dim == 0) {
        return review_error(r->err, where, "must not be empty");
    }

    if (r->count && r->item.dim != r->dim) {
        return review_error(r->err, where, "has %zu numbers, those before "
                            "have %zu", r->item.dim, r->dim);
    }

    r->dim = r->item.dim;

    return 0;
}


static int
review_embeddings_index(review_embeddings_read_t *r)
{
    char            at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];
    int64_t         index;
    const char     *start;
    review_walk_t  *w;

    w = &r->walk;
    start = w->p;
    index = -1;

    if (review_walk_number(w, &index) == 0
        && (index == -1 || (uint64_t) index < r->n))
    {
        r->index = index;
        return 0;
    }

    w->p = start;

    return review_error(r->err, review_embeddings_at(r, at, "/index"),
                        "must be an integer from 0 to %zu, got %s",
                        r->n - 1, review_embeddings_got(w, got));
}


/* escapes are undone where they might hide a name that is known */

static const review_str_t *
review_embeddings_name(const review_str_t *name, review_str_t *own, char *dst)
{
    int  lossy;

    if (name->len == 0 || name->len > REVIEW_EMBEDDINGS_NAME * 6
        || memchr(name->data, '\\', name->len) == NULL)
    {
        return name;
    }

    own->data = dst;
    own->len = review_scan_unescape_to(dst, name, &lossy);

    return own;
}


static int
review_embeddings_skip(review_walk_t *w)
{
    return review_scan_value(&w->p, w->last) == REVIEW_SCAN_OK ? 0 : -1;
}


static int
review_embeddings_member(review_walk_t *w, const review_str_t *name)
{
    char                       text[REVIEW_EMBEDDINGS_NAME * 6];
    char                       at[REVIEW_ERROR_POINTER];
    review_str_t               own;
    review_embeddings_read_t  *r;

    r = review_embeddings_read(w);
    name = review_embeddings_name(name, &own, text);

    if (review_walk_named(name, "embedding")) {
        return r->item.raw.data == NULL ? review_embeddings_vector(r)
               : review_error(r->err, review_embeddings_at(r, at, "/embedding"),
                              "stands twice");
    }

    if (review_walk_named(name, "index")) {
        return r->index == -1 ? review_embeddings_index(r)
               : review_error(r->err, review_embeddings_at(r, at, "/index"),
                              "stands twice");
    }

    return review_embeddings_skip(w);
}


/* puts the item where it belongs */

static int
review_embeddings_place(review_embeddings_read_t *r)
{
    char                 at[REVIEW_ERROR_POINTER];
    const char          *where;
    review_embedding_t  *item;

    where = review_embeddings_at(r, at, "/index");

    if (r->count == 0) {
        r->indexed = (r->index != -1);
    }

    if (r->indexed != (r->index != -1)) {
        return review_error(r->err, where, r->indexed
                            ? "is missing, items before this one have it"
                            : "is here, but not in items before this one");
    }

    item = &r->answer->items[r->indexed ? (size_t) r->index : r->count];

    if (item->raw.data) {
        return review_error(r->err, where, "%d stands before",
                            (int) r->index);
    }

    *item = r->item;
    r->count++;

    return 0;
}


static int
review_embeddings_item(review_embeddings_read_t *r)
{
    char  at[REVIEW_ERROR_POINTER], got[REVIEW_EXCERPT];

    memset(&r->item, 0, sizeof(r->item));
    r->index = -1;

    if (r->walk.p == r->walk.last) {
        return -1;
    }

    if (r->bare) {
        return review_embeddings_vector(r) == 0 ? review_embeddings_place(r)
                                                : -1;
    }

    if (*r->walk.p != '{') {
        return review_error(r->err, review_embeddings_at(r, at, ""),
                            "must be an object, got %s",
                            review_embeddings_got(&r->walk, got));
    }

    if (review_walk_object(&r->walk, review_embeddings_member) != 0) {
        return -1;
    }

    if (r->item.raw.data == NULL) {
        return review_error(r->err, review_embeddings_at(r, at, ""),
                            "no \"embedding\" in it");
    }

    return review_embeddings_place(r);
}


/* are all there? */

static int
review_embeddings_count(review_embeddings_read_t *r)
{
    size_t       i;
    const char  *where;

    where = r->bare ? "" : "/data";

    if (r->count == r->n) {
        return 0;
    }

    for (i = 0; i < r->n && r->answer->items[i].raw.data; i++) { /* void */ }

    return review_error(r->err, where, "has %zu vectors for %zu inputs: number "
                        "%zu is the first that is missing", r->count, r->n, i);
}


static int
review_embeddings_data(review_embeddings_read_t *r)
{
    review_walk_t  *w;

    w = &r->walk;
    r->data = 1;

    if (review_walk_byte(w, '[') != 0) {
        return -1;
    }

    if (w->p < w->last && *w->p == ']') {
        w->p++;
        return review_embeddings_count(r);
    }

    for ( ;; ) {

        if (r->count == r->n) {
            return review_error(r->err, r->bare ? "" : "/data",
                                "has more vectors than the %zu of the inputs",
                                r->n);
        }

        if (review_embeddings_item(r) != 0) {
            return -1;
        }

        review_scan_space(&w->p, w->last);

        if (w->p < w->last && *w->p == ']') {
            w->p++;
            return review_embeddings_count(r);
        }

        if (review_walk_byte(w, ',') != 0) {
            return -1;
        }
    }
}


/* what is told besides the vectors costs none of them: it may be of any type */

static int
review_embeddings_usage(review_walk_t *w, const review_str_t *name)
{
    int64_t                   *n;
    review_embeddings_read_t  *r;

    r = review_embeddings_read(w);

    n = review_walk_named(name, "prompt_tokens") ? &r->answer->prompt_tokens
        : review_walk_named(name, "total_tokens") ? &r->total : NULL;

    if (n && review_walk_number(w, n) == 0) {
        return 0;
    }

    return review_embeddings_skip(w);
}


static int
review_embeddings_model(review_embeddings_read_t *r)
{
    review_str_t  *model;

    if (r->walk.p == r->walk.last || *r->walk.p != '"') {
        return review_embeddings_skip(&r->walk);
    }

    model = &r->answer->model;

    return review_walk_text(&r->walk, model) == 0
           ? review_embeddings_unescape(r, model) : -1;
}


static int
review_embeddings_body(review_walk_t *w, const review_str_t *name)
{
    char                       text[REVIEW_EMBEDDINGS_NAME * 6];
    char                       got[REVIEW_EXCERPT];
    review_str_t               own;
    review_embeddings_read_t  *r;

    r = review_embeddings_read(w);
    name = review_embeddings_name(name, &own, text);

    if (review_walk_named(name, "data")) {

        if (r->data) {
            return review_error(r->err, "/data", "stands twice");
        }

        /* null beside of an error: of that something is said in the end */

        if (review_walk_null(w) == 0) {
            return 0;
        }

        return w->p == w->last || *w->p == '[' ? review_embeddings_data(r)
               : review_error(r->err, "/data", "must be an array, got %s",
                              review_embeddings_got(w, got));
    }

    if (review_walk_named(name, "model")) {
        return review_embeddings_model(r);
    }

    if (review_walk_named(name, "usage") && w->p < w->last && *w->p == '{') {
        return review_walk_object(w, review_embeddings_usage);
    }

    return review_embeddings_skip(w);
}


static int
review_embeddings_answer(review_embeddings_read_t *r)
{
    char            got[REVIEW_EXCERPT];
    review_walk_t  *w;

    w = &r->walk;

    if (w->last - w->p >= 3 && memcmp(w->p, "\xEF\xBB\xBF", 3) == 0) {
        w->p += 3;
    }

    review_scan_space(&w->p, w->last);

    if (w->p < w->last && *w->p == '[') {
        r->bare = 1;

        if (review_embeddings_data(r) != 0) {
            return -1;
        }

    } else if (w->p < w->last && *w->p != '{') {
        return review_error(r->err, "", "must be an object, got %s",
                            review_embeddings_got(w, got));

    } else if (review_walk_object(w, review_embeddings_body) != 0) {
        return -1;
    }

    review_scan_space(&w->p, w->last);

    return w->p == w->last ? 0 : -1;
}


int
review_embeddings_parse(review_pool_t *pool, const char *data, size_t len,
    size_t n, review_embeddings_t *e, review_error_t *err)
{
    char                      text[160];
    review_embeddings_read_t  r;

    memset(&r, 0, sizeof(r));
    memset(e, 0, sizeof(*e));
    memset(err, 0, sizeof(*err));

    e->prompt_tokens = -1;
    e->items = review_alloc(pool, (n + !n) * sizeof(review_embedding_t));

    if (e->items == NULL) {
        return review_error(err, "", "no memory");
    }

    memset(e->items, 0, n * sizeof(review_embedding_t));

    r.pool = pool;
    r.answer = e;
    r.err = err;
    r.n = n;
    r.total = -1;
    r.start = data;
    r.walk.p = data;
    r.walk.last = data + len;

    if (review_embeddings_answer(&r) != 0) {
        return err->text[0] ? -1 : review_embeddings_syntax(&r);
    }

    if (!r.data) {
        text[0] = '\0';

        if (len < REVIEW_EMBEDDINGS_SHORT) {
            (void) review_embeddings_why(0, data, len, text, sizeof(text));
        }

        return text[0] ? review_error(err, "", "an error instead of \"data\": "
                                      "%s", text)
                       : review_error(err, "", "no \"data\" in it");
    }

    if (e->prompt_tokens == -1) {
        e->prompt_tokens = r.total;
    }

    return 0;
}


#include "review/completion/sse.h"


void
review_sse_init(review_sse_t *sse, review_pool_t *pool, size_t max,
    review_sse_handler_pt handler, void *ctx)
{
    memset(sse, 0, sizeof(*sse));

    sse->handler = handler;
    sse->ctx = ctx;
    sse->max = max;

    review_buf_init(&sse->line, pool, 0);
    review_buf_init(&sse->joined, pool, 0);
}


/* moves the event's data to memory of our own */

static review_sse_e
review_sse_keep(review_sse_t *sse)
{
    if (sse->data.data != sse->joined.data) {
        sse->joined.len = 0;
        review_buf_str(&sse->joined, &sse->data);
        sse->data.data = sse->joined.data;
    }

    return sse->joined.failed ? REVIEW_SSE_NO_MEMORY : REVIEW_SSE_OK;
}


static review_sse_e
review_sse_data(review_sse_t *sse, const review_str_t *value)
{
    review_sse_e  rc;

    if (!sse->any) {
        sse->any = 1;
        sse->single = 1;
        sse->data = *value;
        return REVIEW_SSE_OK;
    }

    sse->single = 0;

    if (value->len + 1 > sse->max - sse->data.len) {
        return REVIEW_SSE_TOO_LARGE;
    }

    rc = review_sse_keep(sse);
    if (rc != REVIEW_SSE_OK) {
        return rc;
    }

    review_buf_add(&sse->joined, "\n", 1);
    review_buf_str(&sse->joined, value);

    sse->data.data = sse->joined.data;
    sse->data.len = sse->joined.len;

    return sse->joined.failed ? REVIEW_SSE_NO_MEMORY : REVIEW_SSE_OK;
}


static review_sse_e
review_sse_dispatch(review_sse_t *sse)
{
    int           error;
    review_str_t  data;

    data = sse->data;
    error = sse->error;

    sse->data.data = NULL;
    sse->data.len = 0;
    sse->any = 0;
    sse->error = 0;
    sse->bare = 0;

    if (data.len && sse->handler(sse->ctx, &data, error) != 0) {
        return REVIEW_SSE_STOP;
    }

    return REVIEW_SSE_OK;
}


static int
review_sse_is(const review_str_t *str, const char *name)
{
    return str->len == strlen(name) && memcmp(str->data, name, str->len) == 0;
}


/*
 * Before a line that begins another event: of one that is whole although no
 * blank line has ended it.  More than a line of data is not looked at, lest
 * many be looked at many times.
 */

static review_sse_e
review_sse_next(review_sse_t *sse)
{
    return sse->any && sse->single && sse->whole && sse->whole(&sse->data)
           ? review_sse_dispatch(sse) : REVIEW_SSE_OK;
}


/* what is no field: an object that stands there without its "data:" */

static review_sse_e
review_sse_bare(review_sse_t *sse, const review_str_t *line)
{
    review_sse_e  rc;

    if (sse->whole == NULL || (*line->data != '{' && !sse->bare)) {
        return REVIEW_SSE_OK;
    }

    rc = review_sse_next(sse);
    if (rc != REVIEW_SSE_OK) {
        return rc;
    }

    sse->bare = 1;

    return review_sse_data(sse, line);
}


/* a whole line, without its end */

static review_sse_e
review_sse_line(review_sse_t *sse, const review_str_t *line)
{
    const char    *colon;
    review_str_t   name, value;
    review_sse_e   rc;

    if (line->len == 0) {
        return review_sse_dispatch(sse);
    }

    name = *line;
    value.data = line->data + line->len;
    value.len = 0;

    colon = memchr(line->data, ':', line->len);

    if (colon) {
        name.len = (size_t) (colon - line->data);
        value.data = colon + 1;
        value.len = line->len - name.len - 1;

        if (value.len && *value.data == ' ') {
            value.data++;
            value.len--;
        }
    }

    if (review_sse_is(&name, "data")) {
        rc = review_sse_next(sse);
        return rc == REVIEW_SSE_OK ? review_sse_data(sse, &value) : rc;
    }

    if (review_sse_is(&name, "event")) {
        rc = review_sse_next(sse);
        sse->error = review_sse_is(&value, "error");
        return rc;
    }

    return review_sse_bare(sse, line);
}


static review_sse_e
review_sse_part(review_sse_t *sse, const char *data, size_t len)
{
    if (len > sse->max - sse->line.len) {
        return REVIEW_SSE_TOO_LARGE;
    }

    review_buf_add(&sse->line, data, len);

    return sse->line.failed ? REVIEW_SSE_NO_MEMORY : REVIEW_SSE_OK;
}


/* the rest of a line, its end was seen */

static review_sse_e
review_sse_rest(review_sse_t *sse, const char *data, size_t len)
{
    review_str_t  line;
    review_sse_e  rc;

    if (sse->line.len) {
        rc = review_sse_part(sse, data, len);
        if (rc != REVIEW_SSE_OK) {
            return rc;
        }

        line.data = sse->line.data;
        line.len = sse->line.len;

        sse->line.len = 0;

        return review_sse_line(sse, &line);
    }

    if (len > sse->max) {
        return REVIEW_SSE_TOO_LARGE;
    }

    line.data = data;
    line.len = len;

    return review_sse_line(sse, &line);
}


review_sse_e
review_sse_feed(review_sse_t *sse, const char *data, size_t len)
{
    const char    *p, *last, *lf, *end;
    review_sse_e   rc;

    p = data;
    last = data + len;

    if (sse->cr && len) {
        sse->cr = 0;
        p += (*p == '\n');
    }

    /* LF is looked for anew only when passed: no input is read twice */

    for (lf = review_sse_find('\n', p, last); p < last; /* void */ ) {

        end = review_sse_find('\r', p, lf);

        if (end == last) {
            break;
        }

        rc = review_sse_rest(sse, p, (size_t) (end - p));
        if (rc != REVIEW_SSE_OK) {
            return rc;
        }

        p = end + 1;

        if (*end == '\r') {
            if (p == last) {
                sse->cr = 1;

            } else if (*p == '\n') {
                p++;
            }
        }

        if (p > lf) {
            lf = review_sse_find('\n', p, last);
        }
    }

    if (sse->any) {
        rc = review_sse_keep(sse);
        if (rc != REVIEW_SSE_OK) {
            return rc;
        }
    }

    return review_sse_part(sse, p, (size_t) (last - p));
}


review_sse_e
review_sse_end(review_sse_t *sse)
{
    review_sse_e  rc;

    if (sse->line.len) {
        rc = review_sse_rest(sse, "", 0);
        if (rc != REVIEW_SSE_OK) {
            return rc;
        }
    }

    return review_sse_dispatch(sse);
}

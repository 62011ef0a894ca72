
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

/* A scanner of XML: see xml.h. */

#include "review/net/xml.h"
#include "review/base/utf8.h"


static int review_xml_text(review_xml_t *x);
static int review_xml_reference(review_xml_t *x);


/*
 * Texts are decoded into one block: no text is longer than its source.  Each
 * stands where the one before it ended.
 */

int
review_xml_init(review_xml_t *x, review_pool_t *pool, const char *data,
    size_t len)
{
    memset(x, 0, sizeof(review_xml_t));

    x->pool = pool;
    x->p = data;
    x->last = data + len;

    /* a byte order mark */

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        x->p += 3;
    }

    x->buf = review_alloc(pool, len + 1);

    return x->buf ? 0 : -1;
}


static int
review_xml_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static int
review_xml_starts(review_xml_t *x, const char *str)
{
    size_t  len;

    len = strlen(str);

    return (size_t) (x->last - x->p) >= len && memcmp(x->p, str, len) == 0;
}


/* steps behind "str"; 0: it does not come */

static int
review_xml_skip_to(review_xml_t *x, const char *str)
{
    const char  *p;

    p = memmem(x->p, x->last - x->p, str, strlen(str));

    if (p == NULL) {
        return 0;
    }

    x->p = p + strlen(str);

    return 1;
}


/* the name at x->p, without its prefix; 0: there is none */

static int
review_xml_name(review_xml_t *x, review_str_t *name)
{
    const char  *start;

    start = x->p;

    for ( /* void */ ; x->p < x->last; x->p++) {

        if (*x->p == ':') {
            start = x->p + 1;
            continue;
        }

        if (review_xml_is_space(*x->p) || *x->p == '>' || *x->p == '/'
            || *x->p == '<' || *x->p == '=' || *x->p == '"' || *x->p == '\'')
        {
            break;
        }
    }

    name->data = start;
    name->len = x->p - start;

    return name->len != 0;
}


static review_xml_e
review_xml_close(review_xml_t *x)
{
    x->level = x->depth--;
    x->name = x->names[x->depth];

    x->text.data = x->buf;
    x->text.len = x->leaf ? x->len : 0;

    x->buf += x->len;
    x->len = 0;
    x->leaf = 0;

    return REVIEW_XML_CLOSE;
}


/* behind "</" */

static review_xml_e
review_xml_end_tag(review_xml_t *x)
{
    review_str_t  name, *open;

    if (x->depth == 0 || !review_xml_name(x, &name)) {
        return REVIEW_XML_ERROR;
    }

    open = &x->names[x->depth - 1];

    if (open->len != name.len || memcmp(open->data, name.data, name.len) != 0) {
        return REVIEW_XML_ERROR;
    }

    while (x->p < x->last && review_xml_is_space(*x->p)) {
        x->p++;
    }

    if (x->p == x->last || *x->p != '>') {
        return REVIEW_XML_ERROR;
    }

    x->p++;

    return review_xml_close(x);
}


/* behind the name of a start tag: attributes, and its end */

static int
review_xml_attributes(review_xml_t *x)
{
    char  quote;

    for (quote = 0; x->p < x->last; x->p++) {

        if (quote) {
            quote = (*x->p == quote) ? 0 : quote;
            continue;
        }

        switch (*x->p) {

        case '"':
        case '\'':
            quote = *x->p;
            break;

        case '<':
            return 0;

        case '>':
            x->empty = (x->p[-1] == '/');
            x->p++;
            return 1;
        }
    }

    return 0;
}


/* behind "<" */

static review_xml_e
review_xml_start_tag(review_xml_t *x)
{
    review_str_t  name;

    if (x->depth == REVIEW_XML_DEPTH
        || (x->depth == 0 && x->seen)
        || !review_xml_name(x, &name)
        || !review_xml_attributes(x))
    {
        return REVIEW_XML_ERROR;
    }

    x->names[x->depth++] = name;
    x->level = x->depth;
    x->name = name;
    x->seen = 1;

    /* text in front of an element is nobody's */

    x->len = 0;
    x->leaf = 1;

    return REVIEW_XML_OPEN;
}


/* what is neither an element nor text; 1: it was stepped over, 0: it is not */

static int
review_xml_skip(review_xml_t *x)
{
    if (review_xml_starts(x, "<!--")) {
        x->p += sizeof("<!--") - 1;
        return review_xml_skip_to(x, "-->") ? 1 : -1;
    }

    if (review_xml_starts(x, "<?")) {
        return review_xml_skip_to(x, "?>") ? 1 : -1;
    }

    return 0;
}


review_xml_e
review_xml_next(review_xml_t *x)
{
    int  rc;

    if (x->empty) {
        x->empty = 0;
        return review_xml_close(x);
    }

    for ( ;; ) {

        if (x->p == x->last) {
            return x->depth || !x->seen ? REVIEW_XML_ERROR : REVIEW_XML_END;
        }

        if (*x->p != '<' || review_xml_starts(x, "<![CDATA[")) {

            if (review_xml_text(x) != 0) {
                return REVIEW_XML_ERROR;
            }

            continue;
        }

        rc = review_xml_skip(x);

        if (rc < 0) {
            return REVIEW_XML_ERROR;
        }

        if (rc) {
            continue;
        }

        x->p++;

        if (x->p < x->last && *x->p == '/') {
            x->p++;
            return review_xml_end_tag(x);
        }

        /* "!": a DTD, which nothing here has */

        if (x->p < x->last && *x->p == '!') {
            return REVIEW_XML_ERROR;
        }

        return review_xml_start_tag(x);
    }
}


static void
review_xml_add(review_xml_t *x, const char *data, size_t len)
{
    if (x->leaf && len) {
        memcpy(x->buf + x->len, data, len);
        x->len += len;
    }
}


static int
review_xml_text(review_xml_t *x)
{
    const char  *start;

    if (*x->p == '<') {
        x->p += sizeof("<![CDATA[") - 1;
        start = x->p;

        if (x->depth == 0 || !review_xml_skip_to(x, "]]>")) {
            return -1;
        }

        review_xml_add(x, start, x->p - 3 - start);
        return 0;
    }

    if (*x->p == '&') {
        return x->depth ? review_xml_reference(x) : -1;
    }

    start = x->p;

    while (x->p < x->last && *x->p != '<' && *x->p != '&') {

        if (x->depth == 0 && !review_xml_is_space(*x->p)) {
            return -1;
        }

        x->p++;
    }

    review_xml_add(x, start, x->p - start);

    return 0;
}


/* "#10" or "#xa"; -1: not a character that may be */

static int32_t
review_xml_code(const char *p, const char *last)
{
    int      base, digit;
    int32_t  c;

    base = 10;
    p++;

    if (p < last && *p == 'x') {
        base = 16;
        p++;
    }

    if (p == last) {
        return -1;
    }

    for (c = 0; p < last; p++) {

        if (*p >= '0' && *p <= '9') {
            digit = *p - '0';

        } else if (base == 16 && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f') {
            digit = (*p | 0x20) - 'a' + 10;

        } else {
            return -1;
        }

        c = c * base + digit;

        if (c > 0x10ffff) {
            return -1;
        }
    }

    return c == 0 || (c >= 0xd800 && c <= 0xdfff) ? -1 : c;
}


static size_t
review_xml_encode(char *dst, int32_t c)
{
    if (c < 0x80) {
        dst[0] = c;
        return 1;
    }

    if (c < 0x800) {
        dst[0] = 0xc0 | c >> 6;
        dst[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        dst[0] = 0xe0 | c >> 12;
        dst[1] = 0x80 | (c >> 6 & 0x3f);
        dst[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    dst[0] = 0xf0 | c >> 18;
    dst[1] = 0x80 | (c >> 12 & 0x3f);
    dst[2] = 0x80 | (c >> 6 & 0x3f);
    dst[3] = 0x80 | (c & 0x3f);

    return 4;
}


/* "&...;": never shorter than what it stands for */

static int
review_xml_reference(review_xml_t *x)
{
    char         utf8[4];
    size_t       len, i, most;
    int32_t      c;
    const char  *name, *end;

    static const struct {
        const char  *name;
        char         c;
    } entities[] = {
        { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
        { "apos", '\'' }
    };

    name = x->p + 1;
    most = x->last - name < 12 ? x->last - name : 12;

    end = memchr(name, ';', most);

    if (end == NULL) {
        return -1;
    }

    len = end - name;
    x->p = end + 1;

    if (len && *name == '#') {
        c = review_xml_code(name, end);

        if (c == -1) {
            return -1;
        }

        review_xml_add(x, utf8, review_xml_encode(utf8, c));
        return 0;
    }

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {

        if (strlen(entities[i].name) == len
            && memcmp(entities[i].name, name, len) == 0)
        {
            review_xml_add(x, &entities[i].c, 1);
            return 0;
        }
    }

    return -1;
}


int
review_xml_path(review_xml_t *x, const char *path)
{
    size_t         len;
    unsigned       i;
    const char    *end;
    review_str_t  *name;

    for (i = 0; *path; i++) {

        end = strchr(path, '/');
        len = end ? (size_t) (end - path) : strlen(path);
        name = &x->names[i];

        if (i == x->level || name->len != len
            || memcmp(name->data, path, len) != 0)
        {
            return 0;
        }

        path += len + (end ? 1 : 0);
    }

    return i == x->level;
}

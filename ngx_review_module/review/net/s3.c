
/* The language of S3: see s3.h. */

#include "review/net/s3.h"
#include "review/net/xml.h"
#include "review/json/write.h"


typedef struct {
    review_pool_t      *pool;
    review_s3_list_t   *list;
    review_s3_object_t  object;     /* that is being read */
    size_t              objects;    /* room for so many */
    size_t              prefixes;
    int                 encoded;    /* EncodingType is "url" */
    int                 known;      /* the root is the right one */
} review_s3_reader_t;


typedef struct {
    const char         *path;
    review_str_t        value;
    int                 found;
} review_s3_wanted_t;


void
review_s3_encode(review_buf_t *b, const char *data, size_t len, int path)
{
    char    code[3];
    size_t  i, start;

    static const char  hex[] = "0123456789ABCDEF";

    start = 0;

    for (i = 0; i < len; i++) {
        unsigned char  c = data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
            || c == '~' || (c == '/' && path))
        {
            continue;
        }

        review_buf_add(b, data + start, i - start);
        start = i + 1;

        code[0] = '%';
        code[1] = hex[c >> 4];
        code[2] = hex[c & 15];

        review_buf_add(b, code, 3);
    }

    review_buf_add(b, data + start, len - start);
}


/* the first one ends the reading */

static int
review_s3_wanted(review_xml_t *x)
{
    review_s3_wanted_t *wanted = x->data;

    if (strcmp(x->path, wanted->path) != 0) {
        return 0;
    }

    wanted->value = x->text;
    wanted->found = 1;

    return -1;
}


int
review_s3_value(review_pool_t *pool, const char *data, size_t len,
    const char *path, review_str_t *value)
{
    review_xml_t        x;
    review_s3_wanted_t  wanted;

    wanted.path = path;
    wanted.found = 0;

    x.element = review_s3_wanted;
    x.data = &wanted;

    (void) review_xml_read(&x, pool, data, len);

    if (!wanted.found) {
        return -1;
    }

    *value = wanted.value;

    return 0;
}


const char *
review_s3_bad_key(const char *key, size_t len)
{
    size_t       n;
    const char  *p, *last, *end;

    if (len > REVIEW_S3_KEY) {
        return "is longer than 1024 bytes";
    }

    last = key + len;

    for (p = key; p < last; p = end + 1) {
        end = memchr(p, '/', last - p);
        end = end ? end : last;
        n = end - p;

        if (n && p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))) {
            return "has \".\" or \"..\" as a part";
        }
    }

    return NULL;
}


static int
review_s3_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* in place; stores write a space as "+" or "%20" */

static void
review_s3_decode(review_str_t *str)
{
    int          high, low;
    char        *dst;
    const char  *p, *last;

    if (str->len == 0) {
        return;
    }

    dst = (char *) str->data;
    last = str->data + str->len;

    for (p = str->data; p < last; p++) {

        if (*p == '%' && last - p > 2) {
            high = review_s3_hex(p[1]);
            low = review_s3_hex(p[2]);

            if (high >= 0 && low >= 0) {
                *dst++ = high << 4 | low;
                p += 2;
                continue;
            }
        }

        *dst++ = (*p == '+') ? ' ' : *p;
    }

    str->len = dst - str->data;
}


static uint64_t
review_s3_number(const review_str_t *str)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < str->len && i < 19; i++) {

        if (str->data[i] < '0' || str->data[i] > '9') {
            break;
        }

        n = n * 10 + (str->data[i] - '0');
    }

    return n;
}


static void
review_s3_unquote(review_str_t *str)
{
    if (str->len >= 2 && str->data[0] == '"'
        && str->data[str->len - 1] == '"')
    {
        str->data++;
        str->len -= 2;
    }
}


/* one more element of an array, whose room doubles; NULL: no memory */

static void *
review_s3_push(review_pool_t *pool, void *array, size_t n, size_t *room,
    size_t size)
{
    void  *p;

    if (n < *room) {
        return array;
    }

    *room = *room ? *room * 2 : 16;

    p = review_alloc(pool, *room * size);

    if (p && n) {
        memcpy(p, array, n * size);
    }

    return p;
}


static int
review_s3_add_object(review_s3_reader_t *r)
{
    review_s3_list_t  *list;

    list = r->list;

    list->objects = review_s3_push(r->pool, list->objects, list->nobjects,
                                   &r->objects, sizeof(review_s3_object_t));
    if (list->objects == NULL) {
        return -1;
    }

    list->objects[list->nobjects++] = r->object;

    memset(&r->object, 0, sizeof(review_s3_object_t));

    return 0;
}


static int
review_s3_add_prefix(review_s3_reader_t *r, review_str_t *prefix)
{
    review_s3_list_t  *list;

    list = r->list;

    list->prefixes = review_s3_push(r->pool, list->prefixes, list->nprefixes,
                                    &r->prefixes, sizeof(review_str_t));
    if (list->prefixes == NULL) {
        return -1;
    }

    list->prefixes[list->nprefixes++] = *prefix;

    return 0;
}


#define review_s3_is(x, element)                                              \
    (strcmp((x)->path, "ListBucketResult" element) == 0)

#define review_s3_same(str, literal)                                          \
    ((str)->len == sizeof(literal) - 1                                        \
     && memcmp((str)->data, literal, sizeof(literal) - 1) == 0)


/* an element has ended */

static int
review_s3_element(review_xml_t *x)
{
    review_s3_reader_t *r = x->data;

    if (review_s3_is(x, "/Contents/Key")) {
        r->object.key = x->text;

    } else if (review_s3_is(x, "/Contents/Size")) {
        r->object.size = review_s3_number(&x->text);

    } else if (review_s3_is(x, "/Contents/ETag")) {
        r->object.etag = x->text;
        review_s3_unquote(&r->object.etag);

    } else if (review_s3_is(x, "/Contents/LastModified")) {
        r->object.modified = x->text;

    } else if (review_s3_is(x, "/Contents")) {
        return review_s3_add_object(r);

    } else if (review_s3_is(x, "/CommonPrefixes/Prefix")) {
        return review_s3_add_prefix(r, &x->text);

    } else if (review_s3_is(x, "/EncodingType")) {
        r->encoded = review_s3_same(&x->text, "url");

    } else if (review_s3_is(x, "/IsTruncated")) {
        r->list->truncated = review_s3_same(&x->text, "true");

    } else if (review_s3_is(x, "/NextContinuationToken")) {
        r->list->next = x->text;

    } else if (review_s3_is(x, "")) {
        r->known = 1;
    }

    return 0;
}


review_s3_error_e
review_s3_error(const review_str_t *code)
{
    size_t  i;

    static const struct {
        const char         *name;
        review_s3_error_e   error;
    } errors[] = {
        { "NoSuchBucket", REVIEW_S3_NO_BUCKET },
        { "NoSuchUpload", REVIEW_S3_NO_UPLOAD },
        { "EntityTooLarge", REVIEW_S3_TOO_LARGE },
        { "KeyTooLongError", REVIEW_S3_BAD_REQUEST },
        { "InvalidArgument", REVIEW_S3_BAD_REQUEST },
        { "InvalidRange", REVIEW_S3_BAD_REQUEST },
        { "InvalidDigest", REVIEW_S3_BAD_REQUEST },
        { "BadDigest", REVIEW_S3_BAD_REQUEST },
        { "InvalidURI", REVIEW_S3_BAD_REQUEST },
        { "SlowDown", REVIEW_S3_BUSY },
        { "InternalError", REVIEW_S3_BUSY },
        { "ServiceUnavailable", REVIEW_S3_BUSY },
        { "RequestTimeout", REVIEW_S3_BUSY }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strlen(errors[i].name) == code->len
            && memcmp(errors[i].name, code->data, code->len) == 0)
        {
            return errors[i].error;
        }
    }

    return REVIEW_S3_OTHER;
}


int
review_s3_list(review_pool_t *pool, const char *data, size_t len,
    review_s3_list_t *list)
{
    size_t              i;
    review_xml_t        x;
    review_s3_reader_t  r;

    memset(list, 0, sizeof(review_s3_list_t));
    memset(&r, 0, sizeof(review_s3_reader_t));

    r.pool = pool;
    r.list = list;

    x.element = review_s3_element;
    x.data = &r;

    if (review_xml_read(&x, pool, data, len) != 0) {
        return -1;
    }

    /* the encoding may be told behind what it is about */

    if (r.encoded) {
        for (i = 0; i < list->nobjects; i++) {
            review_s3_decode(&list->objects[i].key);
        }

        for (i = 0; i < list->nprefixes; i++) {
            review_s3_decode(&list->prefixes[i]);
        }
    }

    return r.known ? 0 : -1;
}


/* keys are bytes to a store: what is not UTF-8 can't be written further */

static void
review_s3_bytes(review_buf_t *b, const char *name, const review_str_t *str)
{
    review_write_bytes(b, name, str->data, str->len);
}


void
review_s3_list_json(review_buf_t *b, const review_s3_list_t *list)
{
    size_t                     i;
    const review_s3_object_t  *object;

    review_write_object(b, NULL);
    review_write_array(b, "objects");

    for (i = 0; i < list->nobjects; i++) {
        object = &list->objects[i];

        review_write_object(b, NULL);
        review_s3_bytes(b, "key", &object->key);
        review_write_number(b, "size", object->size);
        review_s3_bytes(b, "etag", &object->etag);
        review_s3_bytes(b, "last_modified", &object->modified);
        review_write_object_end(b);
    }

    review_write_array_end(b);
    review_write_array(b, "prefixes");

    for (i = 0; i < list->nprefixes; i++) {
        review_s3_bytes(b, NULL, &list->prefixes[i]);
    }

    review_write_array_end(b);
    review_write_bool(b, "truncated", list->truncated);

    if (list->truncated && list->next.len) {
        review_s3_bytes(b, "next", &list->next);
    }

    review_write_object_end(b);
}


static void
review_s3_escape(review_buf_t *b, const review_str_t *str)
{
    size_t  i;

    for (i = 0; i < str->len; i++) {

        switch (str->data[i]) {

        case '&':
            review_buf_puts(b, "&amp;");
            break;

        case '<':
            review_buf_puts(b, "&lt;");
            break;

        case '>':
            review_buf_puts(b, "&gt;");
            break;

        case '"':
            review_buf_puts(b, "&quot;");
            break;

        default:
            review_buf_add(b, &str->data[i], 1);
        }
    }
}


void
review_s3_complete(review_buf_t *b, const review_str_t *etags, size_t n)
{
    size_t  i;

    review_buf_puts(b, "<CompleteMultipartUpload>");

    for (i = 0; i < n; i++) {
        review_buf_puts(b, "<Part><PartNumber>");
        review_buf_number(b, i + 1);
        review_buf_puts(b, "</PartNumber><ETag>");
        review_s3_escape(b, &etags[i]);
        review_buf_puts(b, "</ETag></Part>");
    }

    review_buf_puts(b, "</CompleteMultipartUpload>");
}


int
review_s3_etag(const char *etag, size_t len, const unsigned char *md5,
    size_t parts)
{
    int           i, high, low, differs;
    review_str_t  str;

    str.data = etag;
    str.len = len;

    review_s3_unquote(&str);

    if (str.len < 32 || (parts ? str.len < 34 || str.data[32] != '-'
                               : str.len != 32))
    {
        return 0;
    }

    for (i = 0, differs = 0; i < 16; i++) {
        high = review_s3_hex(str.data[i * 2]);
        low = review_s3_hex(str.data[i * 2 + 1]);

        if (high < 0 || low < 0) {
            return 0;
        }

        differs |= (high << 4 | low) ^ md5[i];
    }

    str.data += 33;
    str.len -= parts ? 33 : 32;

    if (parts && review_s3_number(&str) != parts) {
        differs = 1;
    }

    return differs ? -1 : 1;
}

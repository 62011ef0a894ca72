
#include "review/answer/answer_said.h"
#include "review/answer/repair.h"
#include "review/base/buf.h"
#include "review/base/utf8.h"
#include "review/json/scan.h"

#include <strings.h>


#define REVIEW_ANSWER_SAID_GAP     64  /* between a name and its colon */
#define REVIEW_ANSWER_SAID_NEAR    16  /* bytes that tell whose a tag is */
#define REVIEW_ANSWER_SAID_TAGS    64  /* that may be the document's */

#define review_answer_said_letter(c)                                          \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')


const char *const  review_answer_names[] = {
    "verdict", "severity", "reason", "quote", "quotes", "suggestion",
    "confidence", "data", NULL
};


/* the length of a reasoning tag at p, which is a "<", or 0 */

static size_t
review_answer_said_tag(const char *p, const char *last, int closing)
{
    size_t                     i;
    const char                *name;
    static const review_str_t  names[] = {
        review_string("think>"),
        review_string("thinking>"),
        review_string("thought>"),
        review_string("reasoning>"),
        review_string("seed:think>")
    };

    name = p + 1 + closing;

    if (name >= last || (p[1] == '/') != closing) {
        return 0;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((size_t) (last - name) >= names[i].len
            && strncasecmp(name, names[i].data, names[i].len) == 0)
        {
            return (size_t) (name - p) + names[i].len;
        }
    }

    return 0;
}


/* behind the object at p, or NULL: who knows where it ends */

static const char *
review_answer_said_object(review_buf_t *out, const char *p, const char *last)
{
    const char      *end;
    review_repair_t  r;

    out->len = 0;

    r.p = p;
    r.last = last;
    r.out = out;

    switch (review_repair_object(&r)) {

    case REVIEW_SCAN_OK:
        return r.p;

    case REVIEW_SCAN_CUT:
        return NULL;

    default:
        break;
    }

    if (r.members == 0) {
        return p + 1;
    }

    end = review_repair_behind(&r);

    while (p < end && (*p != '<' || review_answer_said_tag(p, end, 1) == 0)) {
        p++;
    }

    return (p < end || end == last) ? NULL : end;
}


/*
 * Is the tag at p the document's, with what stands before it, from "first" on,
 * or behind it?  "first" is NULL: nobody opened reasoning, and any may be.
 */

static int
review_answer_said_is_quoted(const review_answer_find_t *find,
    const char *first, const char *p, size_t len, const char *last)
{
    const char  *begin, *end;

    if (find == NULL || find->quoted == NULL) {
        return 0;
    }

    if (first == NULL) {
        return find->quoted(find->data, p, len);
    }

    begin = p - (p - first > REVIEW_ANSWER_SAID_NEAR ? REVIEW_ANSWER_SAID_NEAR
                                                     : p - first);

    while ((*begin & 0xc0) == 0x80) {
        begin++;
    }

    while (begin < p && review_scan_is_space(*begin)) {
        begin++;
    }

    /* before an empty one's tag there is nothing that tells whose it is */

    if (begin < p
        && find->quoted(find->data, begin, (size_t) (p + len - begin)))
    {
        return 1;
    }

    end = p + len;
    review_scan_space(&end, last);

    end += review_utf8_cut(end, (size_t) (last - end), REVIEW_ANSWER_SAID_NEAR);

    return end > p + len
           && find->quoted(find->data, p, (size_t) (end - p));
}


/*
 * The first closing tag from p on, or NULL: where reasoning was opened, behind
 * the objects in it; and where an answer may stand before it, it is text.
 */

static const char *
review_answer_said_closing(review_pool_t *pool, const char *p,
    const char *last, int opened, const review_answer_find_t *find,
    size_t *len)
{
    size_t         tags;
    const char    *end, *brace, *first;
    review_buf_t   out;

    if (p == last || memchr(p, '<', (size_t) (last - p)) == NULL) {
        return NULL;
    }

    tags = 0;
    brace = NULL;
    first = p;

    review_buf_init(&out, pool, 0);

    while (p < last) {

        if (*p == '<') {
            *len = review_answer_said_tag(p, last, 1);

            if (*len && (tags++ == REVIEW_ANSWER_SAID_TAGS
                         || (brace && review_answer_said_names(brace, p))))
            {
                return NULL;
            }

            if (*len && !review_answer_said_is_quoted(find,
                                                      opened ? first : NULL,
                                                      p, *len, last))
            {
                return p;
            }

        } else if (*p == '{' && brace == NULL) {
            end = opened ? review_answer_said_object(&out, p, last) : NULL;

            if (end) {
                p = end;
                continue;
            }

            brace = p;
        }

        p++;
    }

    return NULL;
}


static int
review_answer_said_name(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; review_answer_names[i]; i++) {
        if (strlen(review_answer_names[i]) == len
            && strncasecmp(p, review_answer_names[i], len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static const char *
review_answer_said_word(const char *p, const char *last)
{
    while (p < last && review_answer_said_letter(*p)) {
        p++;
    }

    return p;
}


static size_t
review_answer_said_either(const char *p, const char *last, const char *one,
    const char *other)
{
    size_t  n;

    n = strlen(one);

    return ((size_t) (last - p) >= n
            && (memcmp(p, one, n) == 0 || memcmp(p, other, n) == 0)) ? n : 0;
}


static size_t
review_answer_said_quote(const char *p, const char *last)
{
    size_t  n;

    n = review_answer_said_either(p, last, "\"", "'");

    return n ? n : review_answer_said_either(p, last, "“", "”");
}


static size_t
review_answer_said_colon(const char *p, const char *last)
{
    size_t  n;

    n = review_answer_said_either(p, last, ":", ":");

    return n ? n : review_answer_said_either(p, last, "：", "：");
}


/* behind white space and quotes, which may be escaped */

static const char *
review_answer_said_gap(const char *p, const char *last)
{
    size_t  n;

    for ( ;; ) {
        review_scan_space(&p, last);

        n = review_answer_said_quote(p, last);

        if (n == 0) {
            n = review_answer_said_either(p, last, "\\", "\\");
        }

        if (n == 0) {
            return p;
        }

        p += n;
    }
}


int
review_answer_said_names(const char *p, const char *last)
{
    const char  *end;

    while (p < last) {

        end = review_answer_said_word(p, last);

        if (end == p) {
            p++;
            continue;
        }

        if (review_answer_said_name(p, (size_t) (end - p))) {

            /* the verdict's is no word of prose */

            if ((*p | 0x20) == 'v') {
                return 1;
            }

            p = review_answer_said_gap(end, last);

            if (review_answer_said_colon(p, last)) {
                return 1;
            }

            continue;
        }

        p = end;
    }

    return 0;
}


size_t
review_answer_said_quoted(const char *p, const char *last)
{
    size_t       n;
    const char  *name, *end;

    n = review_answer_said_quote(p, last);

    if (n == 0) {
        return 0;
    }

    name = p + n;
    end = review_answer_said_word(name, last);

    if (!review_answer_said_name(name, (size_t) (end - name))) {
        return 0;
    }

    n = (size_t) (end - p);
    end += review_answer_said_either(end, last, "\\", "\\");

    return review_answer_said_quote(end, last) ? n : 0;
}


int
review_answer_said_value(const char *p, const char *last)
{
    if (last - p > REVIEW_ANSWER_SAID_GAP) {
        last = p + REVIEW_ANSWER_SAID_GAP;
    }

    return review_answer_said_colon(review_answer_said_gap(p, last), last) != 0;
}


static void
review_answer_said_trim(review_str_t *text)
{
    if (text->len >= 3 && memcmp(text->data, "\xEF\xBB\xBF", 3) == 0) {
        text->data += 3;
        text->len -= 3;
    }

    review_scan_trim(text);
}


int
review_answer_said(review_pool_t *pool, const char *content, size_t len,
    const review_answer_find_t *find, review_str_t *said)
{
    int          opened;
    size_t       n;
    const char  *p, *tag, *last;

    said->data = len ? content : "";
    said->len = len;

    review_answer_said_trim(said);

    p = said->data;
    last = p + said->len;

    n = (p < last && *p == '<') ? review_answer_said_tag(p, last, 0) : 0;
    opened = (n != 0);
    p += n;

    tag = review_answer_said_closing(pool, p, last, opened, find, &n);

    if (tag) {
        p = tag + n;
    }

    said->data = p;
    said->len = (size_t) (last - p);

    review_answer_said_trim(said);

    return (opened && tag == NULL) ? -1 : 0;
}

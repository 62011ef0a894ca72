
#include "review/answer/answer_name.h"
#include "review/json/scan.h"

#include <strings.h>


#define REVIEW_ANSWER_NAME_GAP  64     /* between a name and its colon */

#define review_answer_name_letter(c)                                          \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')


const char *const  review_answer_names[] = {
    "verdict", "severity", "reason", "quote", "quotes", "suggestion",
    "confidence", "data", NULL
};


static int
review_answer_name_is(const char *p, size_t len)
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


const char *
review_answer_name_other(const char *name)
{
    size_t       i;
    const char  *p;

    for (p = name; *p && (*p < 'A' || *p > 'Z'); p++) { /* void */ }

    if (*p == '\0') {
        return NULL;
    }

    for (i = 0; review_answer_names[i]; i++) {
        if (strcasecmp(review_answer_names[i], name) == 0) {
            return strcmp(review_answer_names[i], name) == 0
                   ? NULL : review_answer_names[i];
        }
    }

    return NULL;
}


static const char *
review_answer_name_word(const char *p, const char *last)
{
    while (p < last && review_answer_name_letter(*p)) {
        p++;
    }

    return p;
}


static size_t
review_answer_name_either(const char *p, const char *last, const char *one,
    const char *other)
{
    size_t  n;

    n = strlen(one);

    return ((size_t) (last - p) >= n
            && (memcmp(p, one, n) == 0 || memcmp(p, other, n) == 0)) ? n : 0;
}


static size_t
review_answer_name_quote(const char *p, const char *last)
{
    size_t  n;

    n = review_answer_name_either(p, last, "\"", "'");

    return n ? n : review_answer_name_either(p, last, "“", "”");
}


static size_t
review_answer_name_colon(const char *p, const char *last)
{
    size_t  n;

    n = review_answer_name_either(p, last, ":", ":");

    return n ? n : review_answer_name_either(p, last, "：", "：");
}


/* behind white space and quotes, which may be escaped */

static const char *
review_answer_name_gap(const char *p, const char *last)
{
    size_t  n;

    for ( ;; ) {
        review_scan_space(&p, last);

        n = review_answer_name_quote(p, last);

        if (n == 0) {
            n = review_answer_name_either(p, last, "\\", "\\");
        }

        if (n == 0) {
            return p;
        }

        p += n;
    }
}


int
review_answer_name_stands(const char *p, const char *last)
{
    const char  *end;

    while (p < last) {

        end = review_answer_name_word(p, last);

        if (end == p) {
            p++;
            continue;
        }

        if (review_answer_name_is(p, (size_t) (end - p))) {

            /* the verdict's is no word of prose */

            if ((*p | 0x20) == 'v') {
                return 1;
            }

            p = review_answer_name_gap(end, last);

            if (review_answer_name_colon(p, last)) {
                return 1;
            }

            continue;
        }

        p = end;
    }

    return 0;
}


size_t
review_answer_name_quoted(const char *p, const char *last)
{
    size_t       n;
    const char  *name, *end;

    n = review_answer_name_quote(p, last);

    if (n == 0) {
        return 0;
    }

    name = p + n;
    end = review_answer_name_word(name, last);

    if (!review_answer_name_is(name, (size_t) (end - name))) {
        return 0;
    }

    n = (size_t) (end - p);
    end += review_answer_name_either(end, last, "\\", "\\");

    return review_answer_name_quote(end, last) ? n : 0;
}


int
review_answer_name_value(const char *p, const char *last)
{
    if (last - p > REVIEW_ANSWER_NAME_GAP) {
        last = p + REVIEW_ANSWER_NAME_GAP;
    }

    return review_answer_name_colon(review_answer_name_gap(p, last), last) != 0;
}

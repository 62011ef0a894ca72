
#include "review/json/walk.h"
#include "review/json/scan.h"


int
review_walk_once(review_walk_t *w, unsigned member)
{
    if (w->seen & member) {
        return -1;
    }

    w->seen |= member;

    return 0;
}


int
review_walk_byte(review_walk_t *w, char c)
{
    if (w->p == w->last || *w->p != c) {
        return -1;
    }

    w->p++;
    review_scan_space(&w->p, w->last);

    return 0;
}


int
review_walk_skip(review_walk_t *w, const review_str_t *name)
{
    return memchr(name->data, '\\', name->len) == NULL
           && review_scan_value(&w->p, w->last) == REVIEW_SCAN_OK ? 0 : -1;
}


int
review_walk_null(review_walk_t *w)
{
    if (w->last - w->p < 4 || memcmp(w->p, "null", 4) != 0) {
        return -1;
    }

    w->p += 4;

    return 0;
}


int
review_walk_text(review_walk_t *w, review_str_t *text)
{
    if (review_walk_null(w) == 0) {
        return 0;
    }

    return review_scan_string(&w->p, w->last, text) == REVIEW_SCAN_OK ? 0 : -1;
}


int
review_walk_nothing(review_walk_t *w)
{
    review_str_t  text;

    text.len = 0;

    return review_walk_text(w, &text) == 0 && text.len == 0 ? 0 : -1;
}


int
review_walk_number(review_walk_t *w, int64_t *n)
{
    int64_t      value;
    const char  *p, *start;

    if (review_walk_null(w) == 0) {
        return 0;
    }

    value = 0;
    start = w->p;

    for (p = start; p < w->last && *p >= '0' && *p <= '9'; p++) {

        if (p - start == 15 || (p > start && value == 0)) {
            return -1;
        }

        value = value * 10 + (*p - '0');
    }

    if (p == start || p == w->last || *p == '.' || (*p | 0x20) == 'e') {
        return -1;
    }

    w->p = p;
    *n = value;

    return 0;
}


int
review_walk_object(review_walk_t *w, review_walk_member_pt member)
{
    review_str_t  name;

    if (review_walk_byte(w, '{') != 0) {
        return -1;
    }

    if (w->p < w->last && *w->p == '}') {
        w->p++;
        return 0;
    }

    for ( ;; ) {

        if (review_scan_string(&w->p, w->last, &name) != REVIEW_SCAN_OK) {
            return -1;
        }

        review_scan_space(&w->p, w->last);

        if (review_walk_byte(w, ':') != 0 || member(w, &name) != 0) {
            return -1;
        }

        review_scan_space(&w->p, w->last);

        if (w->p < w->last && *w->p == '}') {
            w->p++;
            return 0;
        }

        if (review_walk_byte(w, ',') != 0) {
            return -1;
        }
    }
}

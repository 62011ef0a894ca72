
#include "review/outline/units.h"
#include "review/base/utf8.h"


#define REVIEW_UNITS_RUN    4          /* letters, or spaces, in a token */

#define review_units_is_letter(c)                                             \
    ((unsigned char) (((c) | 0x20) - 'a') < 26)

/* the code points that begin in eight bytes */

#define review_units_leads(w)                                                 \
    (sizeof(w)                                                                \
     - (((((w) >> 7) & (~(w) >> 6) & 0x0101010101010101)                      \
         * 0x0101010101010101) >> 56))


static const char *
review_units_points(const char *p, const char *last, size_t max)
{
    size_t    n;
    uint64_t  word;

    while (last - p >= (ptrdiff_t) sizeof(word)) {
        memcpy(&word, p, sizeof(word));

        n = review_units_leads(word);

        if (n > max) {
            break;
        }

        max -= n;
        p += sizeof(word);
    }

    for ( /* void */ ; p < last; p++) {
        if (!review_utf8_trail(*p)) {
            if (max == 0) {
                break;
            }

            max--;
        }
    }

    return p;
}


/*
 * A run of letters, whose first one costs a token, or of spaces, whose fourth
 * one does; as much of it as fits.  It is read no further than that: a run may
 * be a whole text, which is asked for anew for each chunk.
 */

static const char *
review_units_run(const char *p, const char *last, size_t *max)
{
    size_t       n, rest;
    const char  *s;

    rest = (*p == ' ') ? 0 : REVIEW_UNITS_RUN - 1;

    if (*max < (size_t) (last - p) / REVIEW_UNITS_RUN) {
        n = *max * REVIEW_UNITS_RUN + (REVIEW_UNITS_RUN - 1 - rest);
        last = p + n;
    }

    s = p;

    if (*p == ' ') {
        while (s < last && *s == ' ') {
            s++;
        }

    } else {
        while (s < last && review_units_is_letter(*s)) {
            s++;
        }
    }

    n = ((size_t) (s - p) + rest) / REVIEW_UNITS_RUN;

    if (n > *max) {
        s = p + *max * REVIEW_UNITS_RUN + (REVIEW_UNITS_RUN - 1 - rest);
        n = *max;
    }

    *max -= n;

    return s;
}


/* *max loses what the part that fits costs */

static const char *
review_units_tokens(const char *p, const char *last, size_t *max)
{
    size_t       n;
    uint64_t     word;
    const char  *s;

    while (p < last) {

        if (last - p >= (ptrdiff_t) sizeof(word)) {
            memcpy(&word, p, sizeof(word));

            if ((word & 0x8080808080808080) == 0x8080808080808080) {
                n = review_units_leads(word);

                if (n <= *max) {
                    *max -= n;
                    p += sizeof(word);
                    continue;
                }
            }
        }

        if (*p == ' ' || review_units_is_letter(*p)) {
            s = review_units_run(p, last, max);

            /* no run ends where it goes on: the rest did not fit */

            if (s < last && (*p == ' ' ? *s == ' '
                                       : review_units_is_letter(*s)))
            {
                return s;
            }

            p = s;
            continue;
        }

        if (!review_utf8_trail(*p)) {
            if (*max == 0) {
                break;
            }

            (*max)--;
        }

        p++;
    }

    return p;
}


size_t
review_units(const char *p, const char *last, int tokens)
{
    size_t  max;

    if (!tokens) {
        return review_utf8_count(p, (size_t) (last - p));
    }

    max = SIZE_MAX;
    (void) review_units_tokens(p, last, &max);

    return SIZE_MAX - max;
}


const char *
review_units_fit(const char *p, const char *last, size_t max, int tokens)
{
    if (!tokens) {
        return review_units_points(p, last, max);
    }

    return review_units_tokens(p, last, &max);
}

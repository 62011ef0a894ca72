
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "review/answer/answer_claim.h"
#include "review/json/scan.h"

#include <strings.h>


#define REVIEW_ANSWER_CLAIM_NAME  32   /* longer than any name of a value */
#define REVIEW_ANSWER_CLAIM_GAP   48   /* bytes before a value, at most */

#define review_answer_claim_letter(c)                                         \
    (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')


static const char  review_answer_claim_verdict[] = "verdict";


int
review_answer_claim_index(const char *const *names, const json_t *value)
{
    char          c, name[REVIEW_ANSWER_CLAIM_NAME];
    size_t        i;
    review_str_t  str;

    if (json_array_size(value) == 1) {
        value = json_array_get(value, 0);
    }

    if (!json_is_string(value)) {
        return -1;
    }

    str.data = json_string_value(value);
    str.len = json_string_length(value);

    review_scan_trim(&str);

    if (str.len > sizeof(name)) {
        return -1;
    }

    for (i = 0; i < str.len; i++) {
        c = str.data[i];

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;

        } else if (c == '-' || c == ' ') {
            c = '_';
        }

        name[i] = c;
    }

    return review_name_index(names, name, str.len);
}


/* the length of a mark at p that may stand between a name and its value */

static size_t
review_answer_claim_mark(const char *p, const char *last)
{
    size_t         n;
    unsigned char  c;

    c = (unsigned char) *p;

    if (c < 0x80) {
        return !review_answer_claim_letter(c);
    }

    /* Latin and general punctuation, symbols; that of CJK; full-width ones */

    n = (c == 0xc2) ? 2
        : (c == 0xe2 || c == 0xef || (c == 0xe3 && last - p > 1
                                      && (unsigned char) p[1] == 0x80)) ? 3 : 0;

    return (size_t) (last - p) >= n ? n : 0;
}


static const char *
review_answer_claim_marks(const char *p, const char *last)
{
    size_t  n;

    if (last - p > REVIEW_ANSWER_CLAIM_GAP) {
        last = p + REVIEW_ANSWER_CLAIM_GAP;
    }

    for ( /* void */ ; p < last; p += n) {
        n = review_answer_claim_mark(p, last);

        if (n == 0) {
            break;
        }
    }

    return p;
}


/* a verdict's name at p, "Not applicable" as well; *end is behind it */

static int
review_answer_claim_value(const char *p, const char *last, const char **end)
{
    int          i;
    const char  *name, *q;

    for (i = 0; review_verdicts[i]; i++) {
        name = review_verdicts[i];

        for (q = p; q < last && *name; q++, name++) {

            if (*name == '_' ? *q != '_' && *q != '-' && *q != ' '
                             : (*q | 0x20) != *name)
            {
                break;
            }
        }

        if (*name == '\0') {
            *end = q;
            return i;
        }
    }

    return -1;
}


/* as in "pass|fail": it tells what may be said */

static int
review_answer_claim_is_list(const char *p, const char *last)
{
    int          bar;
    const char  *q, *end;

    end = review_answer_claim_marks(p, last);

    for (bar = 0, q = p; q < end; q++) {
        bar |= (*q == '|' || *q == '/'
                || (end - q > 2 && memcmp(q, "、", 3) == 0));
    }

    if (!bar || review_answer_claim_value(end, last, &q) == -1) {
        return 0;
    }

    /* but not in "verdict: fail / risk: high" */

    end = review_answer_claim_marks(q, last);

    return memchr(q, ':', (size_t) (end - q)) == NULL
           && memmem(q, (size_t) (end - q), "：", 3) == NULL;
}


/* behind words that say that it is so, and marks */

static const char *
review_answer_claim_words(const char *p, const char *last)
{
    size_t                    i, n;
    static const char *const  words[] = {
        "is ", "would be ", "should be ", "为", "是", "应为", "应是", "应当为"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        n = strlen(words[i]);

        if ((size_t) (last - p) > n && strncasecmp(p, words[i], n) == 0) {
            return review_answer_claim_marks(p + n, last);
        }
    }

    return p;
}


int
review_answer_claim_at(const char *p, const char *last, const char **end,
    int *words)
{
    int          verdict;
    size_t       n;
    const char  *name, *value;

    n = sizeof(review_answer_claim_verdict) - 1;

    if ((size_t) (last - p) <= n
        || strncasecmp(p, review_answer_claim_verdict, n) != 0)
    {
        return -1;
    }

    p += n;
    name = review_answer_claim_marks(p, last);
    value = review_answer_claim_words(name, last);

    if (value == p) {
        return -1;
    }

    *words = (value != name);

    verdict = review_answer_claim_value(value, last, end);

    return (verdict != -1 && review_answer_claim_is_list(*end, last))
           ? -1 : verdict;
}


int
review_answer_claim_is_bare(const json_t *json)
{
    size_t         i;
    json_t        *value;
    const char    *name;
    review_str_t   str;

    if (json_is_string(json)) {
        str.data = json_string_value(json);
        str.len = json_string_length(json);

        review_scan_trim(&str);

        return str.len == 0
               || review_answer_claim_index(review_verdicts, json) != -1
               || review_answer_claim_index(review_severities, json) != -1;
    }

    json_array_foreach(json, i, value) {
        if (!review_answer_claim_is_bare(value)) {
            return 0;
        }
    }

    json_object_foreach((json_t *) json, name, value) {
        if (!review_answer_claim_is_bare(value)) {
            return 0;
        }
    }

    return 1;
}


/* does "v" go on as the name does, letters alone being looked at? */

static int
review_answer_claim_goes_on(const char *p, const char *last)
{
    size_t  n;

    for (n = 1; p < last && review_answer_claim_verdict[n]; p++) {

        if (!review_answer_claim_letter(*p)) {
            continue;
        }

        if ((*p | 0x20) != review_answer_claim_verdict[n]) {
            return 0;
        }

        n++;
    }

    return review_answer_claim_verdict[n] == '\0';
}


int
review_answer_claim_may(const char *p, const char *last)
{
    size_t       times;
    const char  *q;

    if (memchr(p, 'V', (size_t) (last - p))) {
        return 1;
    }

    for (q = p; (q = memchr(q, '\\', (size_t) (last - q))); q++) {
        if (last - q > 1 && q[1] == 'u') {
            return 1;
        }
    }

    times = 0;

    for (q = p; (q = memchr(q, 'v', (size_t) (last - q))); q++) {
        times += review_answer_claim_goes_on(q + 1, last) & 1;
    }

    return times > 1;
}


/* its letters have "verdict" in them, whatever stands between these */

int
review_answer_claim_is_name(const char *name)
{
    size_t       n;
    const char  *p;

    if (strcmp(name, review_answer_claim_verdict) == 0) {
        return 0;
    }

    for (n = 0, p = name; *p; p++) {

        if (!review_answer_claim_letter(*p)) {
            continue;
        }

        n = ((*p | 0x20) == review_answer_claim_verdict[n])
            ? n + 1 : ((*p | 0x20) == 'v');

        if (review_answer_claim_verdict[n] == '\0') {
            return 1;
        }
    }

    return 0;
}


unsigned
review_answer_claim_worse(review_verdict_e verdict)
{
    int                    i;
    unsigned               set;
    static const unsigned  rank[] = {
        [REVIEW_VERDICT_PASS] = 0,
        [REVIEW_VERDICT_NOT_APPLICABLE] = 1,
        [REVIEW_VERDICT_UNSURE] = 2,
        [REVIEW_VERDICT_RISK] = 3,
        [REVIEW_VERDICT_FAIL] = 4
    };

    for (i = 0, set = 0; review_verdicts[i]; i++) {
        if (rank[i] > rank[verdict]) {
            set |= review_answer_claim_bit(i);
        }
    }

    return set;
}

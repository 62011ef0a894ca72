
/*
 * Numbers that begin a clause, told from numbers in running text: one that
 * counts on from those before it does, whatever follows it; else one that looks
 * like it, and does not lead back.
 */

#include "review/outline/outline.h"
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"


#define REVIEW_CLAUSE_PARTS  6         /* 1.2.3.4.5.6 */
#define REVIEW_CLAUSE_STEP   9         /* numbers that are passed over */
#define REVIEW_CLAUSE_FIRST  99        /* the largest part of a first number */
#define REVIEW_CLAUSE_TITLE  180       /* bytes of a line that is a title */


typedef struct {
    unsigned        parts[REVIEW_CLAUSE_PARTS];
    unsigned        n;                 /* 0: there is none */
} review_clause_number_t;


/* "3.2.1", of any width; 0: it is none, or has too many parts */

static int
review_clause_read(review_clause_number_t *number, const review_str_t *text)
{
    int32_t      c;
    unsigned     digits, part;
    const char  *p, *end;

    number->n = 0;
    p = text->data;
    end = p + text->len;
    digits = 0;
    part = 0;

    while (p < end && number->n < REVIEW_CLAUSE_PARTS) {
        c = review_utf8_next(&p, end);
        c -= (c >= 0xff10 && c <= 0xff19) ? 0xff10 - '0' : 0;

        if (review_sign_is_digit(c)) {
            part = part * 10 + (unsigned) (c - '0');
            digits++;

        } else if (digits) {
            number->parts[number->n++] = part;
            digits = 0;
            part = 0;
        }
    }

    if (digits) {
        if (number->n == REVIEW_CLAUSE_PARTS) {
            return 0;
        }

        number->parts[number->n++] = part;
    }

    return number->n > 0;
}


/* the first part in which they differ */

static unsigned
review_clause_differ(const review_clause_number_t *a,
    const review_clause_number_t *b)
{
    unsigned  i;

    for (i = 0; i < a->n && i < b->n && a->parts[i] == b->parts[i]; i++) {
        /* void */
    }

    return i;
}


/* are the parts from i on of a number that is the first of its kind? */

static int
review_clause_begins(const review_clause_number_t *number, unsigned i)
{
    for ( /* void */ ; i < number->n; i++) {
        if (number->parts[i] != 1) {
            return 0;
        }
    }

    return 1;
}


/* 3.2 and 3.3, 3.2 and 3.2.1, 3.2.4 and 3.3 or 4.1 */

static int
review_clause_follows(const review_clause_number_t *last,
    const review_clause_number_t *number)
{
    unsigned  i;

    i = review_clause_differ(last, number);

    if (i < last->n) {
        return i < number->n && number->parts[i] == last->parts[i] + 1
               && review_clause_begins(number, i + 1);
    }

    return i < number->n && review_clause_begins(number, i);
}


/* no year, no address, no version 2.0 */

static int
review_clause_may_begin(const review_clause_number_t *number)
{
    unsigned  i;

    for (i = 0; i < number->n; i++) {
        if (number->parts[i] == 0 || number->parts[i] > REVIEW_CLAUSE_FIRST) {
            return 0;
        }
    }

    return 1;
}


/* 3.2 and 3.5, 3.2 and 3.2.3, 3.2 and 1.1 */

static int
review_clause_may_follow(const review_clause_number_t *last,
    const review_clause_number_t *number)
{
    unsigned  i, before;

    if (review_clause_begins(number, number->n - 1)
        && review_clause_may_begin(number))
    {
        return 1;
    }

    i = review_clause_differ(last, number);

    if (i + 1 != number->n) {
        return 0;
    }

    before = i < last->n ? last->parts[i] : 0;

    return number->parts[i] > before
           && number->parts[i] <= before + REVIEW_CLAUSE_STEP;
}


static int
review_clause_is_decimal(const review_clauses_t *clauses,
    const review_mark_t *mark)
{
    review_str_t            text;
    review_clause_number_t  number, last, before;

    text.data = mark->text;
    text.len = (size_t) (mark->clause_end - mark->text);

    if (mark->doubt == REVIEW_DOUBT_SURE
        || !review_clause_read(&number, &text))
    {
        return 0;
    }

    if (!review_clause_read(&last, &clauses->last)) {
        return !mark->doubt && review_clause_may_begin(&number);
    }

    if (review_clause_follows(&last, &number)) {
        return 1;
    }

    if (mark->doubt) {
        return 0;
    }

    /* what the last one was may have been none */

    return review_clause_may_follow(&last, &number)
           || (review_clause_read(&before, &clauses->before)
               && review_clause_follows(&before, &number));
}


int
review_clause_numeral(int32_t c)
{
    switch (c) {
    case 0x96f6: case 0x3007: case 0x25cb: return 0;
    case 0x4e00: return 1;
    case 0x4e8c: case 0x4e24: return 2;
    case 0x4e09: return 3;
    case 0x56db: return 4;
    case 0x4e94: return 5;
    case 0x516d: return 6;
    case 0x4e03: return 7;
    case 0x516b: return 8;
    case 0x4e5d: return 9;
    case 0x5341: return 10;
    case 0x767e: return 100;
    case 0x5343: return 1000;
    }

    return -1;
}


/* 第一百二十条, 第12条: its number; of others no number that follows one */

static unsigned
review_clause_article(const char *p, const char *end)
{
    int       n;
    int32_t   c;
    unsigned  sum, digit;

    sum = 0;
    digit = 0;

    if (review_utf8_next(&p, end) != 0x7b2c) {
        return 0;
    }

    while (p < end) {
        c = review_utf8_next(&p, end);
        c -= (c >= 0xff10 && c <= 0xff19) ? 0xff10 - '0' : 0;
        n = review_clause_numeral(c);

        if (review_sign_is_digit(c)) {
            digit = digit * 10 + (unsigned) (c - '0');

        } else if (n >= 10) {
            sum += (digit ? digit : 1) * (unsigned) n;
            digit = 0;

        } else if (n >= 0) {
            digit = (unsigned) n;

        } else if (c == 0x6761 || c == 0x689d) {
            break;

        } else if (!review_line_is_space(c)) {
            return 0;
        }
    }

    return sum + digit;
}


int
review_clause_is(const review_clauses_t *clauses, const review_mark_t *mark,
    const review_line_t *line, int apart)
{
    if (review_mark_contents(line)) {
        return 0;
    }

    switch (mark->clause) {

    case REVIEW_CLAUSE_SUBPART:
        return mark->end - mark->text <= REVIEW_CLAUSE_TITLE
               && !review_mark_stops(mark->text, mark->end);

    case REVIEW_CLAUSE_ARTICLE:
        return apart && clauses->article.len
               && review_clause_article(mark->text, mark->clause_end)
                  == review_clause_article(clauses->article.data,
                                           clauses->article.data
                                           + clauses->article.len) + 1;

    case REVIEW_CLAUSE_DECIMAL:
        return review_clause_is_decimal(clauses, mark);
    }

    return 0;
}


void
review_clause_seen(review_clauses_t *clauses, const review_mark_t *mark)
{
    review_str_t  text;

    text.data = mark->text;

    if (mark->clause == REVIEW_CLAUSE_ARTICLE
        || mark->clause == REVIEW_CLAUSE_DECIMAL)
    {
        text.len = (size_t) (mark->clause_end - mark->text);

    } else if (mark->rank == REVIEW_RANK_ARTICLE
               || mark->rank == REVIEW_RANK_NUMBER)
    {
        text.len = (size_t) (mark->label - mark->text);

    } else {
        return;
    }

    if (mark->rank == REVIEW_RANK_ARTICLE
        || mark->clause == REVIEW_CLAUSE_ARTICLE)
    {
        clauses->article = text;
        return;
    }

    clauses->before = clauses->last;
    clauses->last = text;
}

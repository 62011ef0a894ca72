
/*
 * Proves, for any text, that what facts are read from ends, that amounts, dates
 * and what checks have found stand where they are said to: within the text,
 * cutting no code point; and that each verdict but "not_applicable" is shown.
 */

#include "check.h"
#include "review/base/utf8.h"
#include "review/facts/amount.h"
#include "review/facts/check.h"
#include "review/facts/date.h"


static void
check_place(const uint8_t *data, size_t size, const char *from, const char *to)
{
    const char  *first, *last;

    first = (const char *) data;
    last = first + size;

    check(from >= first && from < to && to <= last);
    check(!review_utf8_trail(*from) && (to == last || !review_utf8_trail(*to)));
}


static void
check_glyphs(const uint8_t *data, size_t size)
{
    int64_t          value;
    review_date_t    date;
    review_glyph_t   g, at;
    review_amount_t  amount;

    review_glyph_begin(&g, (const char *) data, size);

    while (g.c != REVIEW_GLYPH_END) {
        at = g;

        if (review_date_read(&at, &date)) {
            check_place(data, size, date.from, date.to);
            check(at.p > g.p);
            check(date.bad || date.first <= date.last);
        }

        at = g;

        if (review_numeral_read(&at, &amount)) {
            check_place(data, size, amount.from, amount.to);
            check(at.p > g.p || at.c == REVIEW_GLYPH_END);
            check(amount.bad || (amount.number >= 0
                                 && review_figure_value(&amount, 2, &value)
                                    == 0));
        }

        at = g;

        if (review_figure_read(&at, &amount)) {
            check_place(data, size, amount.from, amount.to);
            (void) review_figure_value(&amount, 6, &value);
        }

        review_glyph_next(&g);
    }
}


static void
check_checks(const uint8_t *data, size_t size)
{
    int                i;
    size_t             k;
    review_str_t       text;
    review_pool_t     *pool;
    review_check_t     check;
    review_checked_t   checked;

    pool = tap_pool();
    memset(&check, 0, sizeof(check));

    text.data = (const char *) data;
    text.len = size;

    for (i = REVIEW_CHECK_AMOUNTS; i <= REVIEW_CHECK_DATE_AFTER; i++) {
        check.kind = (review_check_e) i;

        check(review_check(pool, &check, 20260630, size & 1, &text, &checked)
              == 0);
        check(review_utf8_valid(checked.reason.data, checked.reason.len)
              == checked.reason.len);
        check(checked.reason.len);
        check((checked.verdict == REVIEW_VERDICT_NOT_APPLICABLE)
              == (checked.nplaces == 0));

        for (k = 0; k < checked.nplaces; k++) {
            check_place(data, size, text.data + checked.places[k].from,
                        text.data + checked.places[k].to);
        }
    }

    tap_pool_free(pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (review_utf8_valid((const char *) data, size) == size) {
        check_glyphs(data, size);
        check_checks(data, size);
    }

    return 0;
}


#include "review/facts/check.h"

#include "review/facts/amounts.h"
#include "review/facts/sums.h"
#include "review/facts/told.h"
#include "review/facts/until.h"


const char *const  review_checks[] = { "amounts", "sums", NULL };


int
review_check(review_pool_t *pool, const review_check_t *check, int date,
    int english, const review_str_t *text, review_checked_t *checked)
{
    review_told_t  told;

    memset(checked, 0, sizeof(*checked));
    review_told_begin(&told, pool, text->data, english);

    switch (check->kind) {

    case REVIEW_CHECK_DATE_AFTER:
        review_until(&told, text, date);

        return review_told_end(&told, "本文没有写明有效期的截止日期。",
                               "The text says no end of validity.", checked);

    case REVIEW_CHECK_SUMS:
        if (review_sums(&told, text) != 0) {
            return -1;
        }

        return review_told_end(&told, "本文没有可以核对的价格表。",
                               "The text has no table of prices to check.",
                               checked);

    default:
        if (review_amounts(&told, text) != 0) {
            return -1;
        }

        return review_told_end(&told, "本文没有并列的大写与小写金额。",
                               "The text has no amount in words beside one "
                               "in digits.", checked);
    }
}

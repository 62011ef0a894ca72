
#include "review/outline/outline.h"
#include "review/outline/line.h"


void *
review_level_list_add(review_list_t *list)
{
    char      *p;
    unsigned   part;
    uint64_t   n;

    n = (uint64_t) list->n + REVIEW_LIST_BASE;
    part = 63 - (unsigned) __builtin_clzll(n);

    if ((n & (n - 1)) == 0) {
        list->parts[part - 5] = review_alloc(list->pool, n * list->size);

        if (list->parts[part - 5] == NULL) {
            return NULL;
        }
    }

    p = review_list_at(list, list->n++);
    memset(p, 0, list->size);

    return p;
}


/*
 * The two outermost levels of titles.  Where # are not used for levels, as
 * programs that read scans do, the numbers behind them tell; titles without
 * one are as the outermost of those.
 */

static void
review_level_levels(const unsigned *seen, unsigned *forced)
{
    int       i, n, rank;
    unsigned  ranks;

    n = 0;

    for (i = 1; i < REVIEW_OUTLINE_LEVELS; i++) {
        ranks = seen[i];

        if ((ranks & ~1u) == 0) {
            n += ranks;
            forced[i] = ranks;
            ranks = 0;
        }

        for (rank = 1; rank < REVIEW_RANKS && n < 2; rank++) {
            if (ranks & 1u << rank) {
                forced[i] |= 1u << rank | (n == 0 || forced[i] == 0 ? 1 : 0);
                n++;
            }
        }

        if (n >= 2) {
            return;
        }
    }
}


void
review_level_force(review_outline_t *outline, const unsigned *seen)
{
    int                levels;
    uint32_t           i, run;
    unsigned           forced[REVIEW_OUTLINE_LEVELS];
    review_block_t    *block;
    review_section_t  *section;

    memset(forced, 0, sizeof(forced));
    review_level_levels(seen, forced);

    run = 0;

    for (i = 0; i < outline->sections.n; i++) {
        section = review_outline_section(outline, i + 1);

        if (!section->title) {
            continue;
        }

        block = review_outline_block(outline, section->block);
        levels = section->hashes ? section->hashes : REVIEW_OUTLINE_PLAIN;

        /* the run's first block, while titles follow each other */

        if (section->block == 0
            || (review_outline_block(outline, section->block - 1)->kind
                != REVIEW_BLOCK_TITLE))
        {
            run = section->block;
        }

        if (forced[levels] & 1u << section->rank) {
            block = review_outline_block(outline, run);
            block->forced = 1;
        }
    }
}

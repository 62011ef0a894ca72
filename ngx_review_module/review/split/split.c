
#include "review/split/split_shared.h"
#include "review/split/sentence.h"


#define REVIEW_SPLIT_HEADER  200       /* units of a header that is repeated
                                          though it fills half of a chunk */

review_split_t *
review_split_create(review_pool_t *pool, const char *text, size_t len,
    const review_split_options_t *options)
{
    review_split_t  *split;

    split = review_alloc(pool, sizeof(*split));
    if (split == NULL) {
        return NULL;
    }

    memset(split, 0, sizeof(*split));

    split->options = *options;
    split->whole = 1;
    split->follows = 1;

    if (review_outline_read(&split->outline, pool, text, len, options->tokens)
        != 0)
    {
        return NULL;
    }

    return split;
}


const review_outline_t *
review_split_outline(const review_split_t *split)
{
    return &split->outline;
}


/*
 * The first sentence in [from, to), which is of one paragraph, that has at most
 * "max" units together with those behind it; not the one at "from".  *max
 * becomes their number; "to": there is none.
 */

static size_t
review_split_sentences(const review_split_t *split, size_t from, size_t to,
    size_t *max)
{
    size_t               units;
    const char          *p, *last;
    review_sentences_t   s;

    p = split->outline.text + from;
    last = split->outline.text + to;
    units = review_split_units(split, from, to);

    review_sentence_init(&s, p, last, last);

    do {
        do {
            if (review_sentence_next(&s) == REVIEW_CUT_NONE) {
                *max = 0;
                return to;
            }
        } while (s.depth || s.quote);

        units -= review_units(p, s.p, split->options.tokens);
        p = s.p;

    } while (units > *max);

    *max = units;

    return (size_t) (p - split->outline.text);
}


/*
 * Where an overlap may begin at the earliest: it is of the body before, and
 * stands under the same heading as what follows it.
 */

static size_t
review_split_overlap_first(const review_split_t *split)
{
    uint32_t            n;
    review_headline_t  *headline;

    n = review_heading_until(&split->outline.headlines, split->at);

    if (n == 0) {
        return split->before;
    }

    headline = review_list_at(&split->outline.headlines, n - 1);

    return headline->start > split->before ? headline->start : split->before;
}


/*
 * Where the last whole sentences of the body before begin that have at most
 * "max" units together, which become theirs.
 */

static size_t
review_split_overlap(const review_split_t *split, size_t *max)
{
    size_t           first, from, to, units, rest;
    uint32_t         i;
    const char      *text;
    review_block_t  *block;

    text = split->outline.text;
    first = review_split_overlap_first(split);
    to = split->at;
    units = 0;

    i = split->block;
    i -= split->at == review_split_block(split, i)->start;

    for ( ;; i--) {
        block = review_split_block(split, i);
        from = block->start < first ? first : block->start;

        if (block->kind == REVIEW_BLOCK_ROW || from >= to) {
            break;
        }

        rest = *max - units;

        if ((from > block->start && !split->whole)
            || text + to != review_units_fit(text + from, text + to, rest,
                                             split->options.tokens))
        {
            to = review_split_sentences(split, from, to, &rest);
            units += rest;
            break;
        }

        units += review_split_units(split, from, to);
        to = from;

        if (from == first) {
            break;
        }
    }

    *max = units;

    return to;
}


/* the larger of the group and the block that begins here and fits as a whole */

static size_t
review_split_need(const review_split_t *split)
{
    size_t           size, need, max;
    review_block_t  *block;
    review_group_t  *group;

    max = split->options.max;
    block = review_split_block(split, split->block);

    if (split->at != block->start) {
        return 0;
    }

    size = review_split_size(split, split->block, split->block + 1);
    need = size <= max ? size : 0;

    group = review_outline_group(&split->outline, block->group);

    if (group && group->first == split->block) {
        size = review_split_size(split, group->first, group->last);
        need = size <= max ? size : need;
    }

    return need;
}


static void
review_split_with_overlap(const review_split_t *split, review_chunk_t *chunk,
    review_split_cut_t *cut)
{
    size_t               max, need, overlap;
    review_split_cut_t   whole;

    max = split->options.max;
    overlap = split->options.overlap < max / 2 ? split->options.overlap
                                               : max / 2;
    need = review_split_need(split);

    if (overlap > max - need) {
        overlap = max - need;
    }

    chunk->start = review_split_overlap(split, &overlap);
    review_split_blank_cut(split, max - overlap, cut);

    if (overlap == 0
        || (!cut->oversize && cut->kind >= REVIEW_CUT_INNER))
    {
        return;
    }

    /*
     * The overlap gives way to a sentence that would fit without it, and where
     * only white space would fit with it.
     */

    review_split_blank_cut(split, max, &whole);

    if (whole.kind >= REVIEW_CUT_INNER || cut->oversize
        || review_split_blank(split, split->at, cut->end))
    {
        *cut = whole;

        max = whole.units < max ? max - whole.units : 0;
        overlap = overlap < max ? overlap : max;
        chunk->start = review_split_overlap(split, &overlap);
    }
}


/* the header that rows are read by which stand without it; its units */

static size_t
review_split_header(const review_split_t *split, review_chunk_t *chunk)
{
    size_t           units, row;
    review_block_t  *block;
    review_group_t  *group;

    block = review_split_block(split, split->block);
    group = review_outline_group(&split->outline, block->group);

    if (group == NULL || !split->options.keep_tables
        || split->at != block->start || group->header_end <= group->header
        || block->start < group->header_end)
    {
        return 0;
    }

    units = review_split_size(split, group->first, group->first + 2);
    row = review_split_units(split, block->start,
                             review_split_cut_row_end(split, split->block));

    if (units >= split->options.max || row > split->options.max - units
        || (units > REVIEW_SPLIT_HEADER && units > split->options.max / 2))
    {
        return 0;
    }

    chunk->header = group->header;
    chunk->header_end = group->header_end;

    return units;
}


/* titles that a chunk begins with stand for what follows them */

static const review_heading_t *
review_split_heading(const review_split_t *split,
    const review_split_cut_t *cut)
{
    uint32_t  i, last;

    last = cut->block;

    if (review_split_block(split, last)->start == cut->end) {
        last--;
    }

    for (i = split->block; i < last && review_split_cut_sticks(split, i); i++) {
        /* void */
    }

    return review_heading_common(&split->outline.headlines,
                                 review_split_block(split, i)->start,
                                 cut->end);
}


int
review_split_next(review_split_t *split, review_chunk_t *chunk)
{
    size_t               header;
    review_block_t      *block;
    review_split_cut_t   cut;

    if (split->outline.blocks.n == 0 || split->at == split->outline.len) {
        return 0;
    }

    memset(chunk, 0, sizeof(*chunk));

    chunk->start = split->at;
    chunk->body = split->at;
    block = review_split_block(split, split->block);

    /* nor is there an overlap where white space was cut */

    if (split->options.overlap == 0 || split->at == 0
        || block->kind == REVIEW_BLOCK_ROW
        || review_split_overlap_first(split) == split->at
        || (split->at > block->start && split->at >= block->tail)
        || (unsigned char) split->outline.text[split->at] <= ' ')
    {
        header = review_split_header(split, chunk);
        review_split_blank_cut(split, split->options.max - header, &cut);

    } else {
        review_split_with_overlap(split, chunk, &cut);
    }

    chunk->end = cut.end;
    chunk->oversize = cut.oversize;
    chunk->heading = review_split_heading(split, &cut);

    split->before = split->at;
    split->whole = split->follows;
    split->follows = cut.kind == REVIEW_CUT_SENTENCE;
    split->at = cut.end;
    split->block = cut.block;

    return 1;
}

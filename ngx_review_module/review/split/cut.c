
#include "review/split/split_shared.h"
#include "review/outline/line.h"


/*
 * A title, what leads to a table, or white space is not left at the end of a
 * chunk: it goes with what follows.
 */

int
review_split_cut_sticks(const review_split_t *split, uint32_t i)
{
    review_block_t  *block;

    block = review_split_block(split, i);

    return block->kind == REVIEW_BLOCK_TITLE
           || block->kind == REVIEW_BLOCK_BLANK
           || block->leads
           || (i == split->block && split->at > block->start
               && split->at >= block->tail);
}


/*
 * The place nearest before block i where a chunk that begins at split->at may
 * end without leaving a title alone, or 0: there is none.
 */

static uint32_t
review_split_cut_before(const review_split_t *split, uint32_t i)
{
    while (i > split->block && review_split_cut_sticks(split, i - 1)) {
        i--;
    }

    return i > split->block ? i : 0;
}


/*
 * Block k is the first that does not fit: where the outermost section that it
 * is of begins, if that is behind split->at.  A section thus begins a chunk, or
 * lies whole in one.
 */

static uint32_t
review_split_cut_section(const review_split_t *split, uint32_t k)
{
    uint32_t           i, found, number;
    review_section_t  *section;

    found = 0;
    number = review_split_block(split, k)->section;

    for ( /* void */ ; number; number = section->parent) {
        section = review_outline_section(&split->outline, number);

        if (section->block <= split->block) {
            break;
        }

        i = review_split_cut_before(split, section->block);

        if (i) {
            found = i;
        }
    }

    return found;
}


/* the same for a table, or code, whose header is not left alone either */

static uint32_t
review_split_cut_group(const review_split_t *split, uint32_t k)
{
    int              row, blank;
    size_t           size;
    uint32_t         i;
    review_block_t  *block;
    review_group_t  *group;

    block = review_split_block(split, k);
    group = review_outline_group(&split->outline, block->group);
    row = block->kind == REVIEW_BLOCK_ROW;

    if (group == NULL || (row && !split->options.keep_tables)
        || group->first <= split->block)
    {
        return 0;
    }

    size = review_split_size(split, group->first, group->last);

    if (size > split->options.max
        && !(group->header < group->header_end && k <= group->first + 2))
    {
        return 0;
    }

    i = review_split_cut_before(split, group->first);

    if (i) {
        return i;
    }

    block = review_split_block(split, group->first);
    blank = review_split_blank(split, split->at, block->start);

    /* better a title alone than a header, or what leads to a whole table */

    if (size <= split->options.max) {
        block = review_split_block(split, group->first - 1);
        blank |= !block->leads;
    }

    return blank ? 0 : group->first;
}


static void
review_split_cut_end(const review_split_t *split, review_split_cut_t *cut,
    uint32_t i, size_t units)
{
    cut->block = i;
    cut->end = review_split_block(split, i)->start;
    cut->units = units;
    cut->kind = REVIEW_CUT_SENTENCE;
}


/* the end of the line that the block's first row is, its line break included */

size_t
review_split_cut_row_end(const review_split_t *split, uint32_t k)
{
    const char      *text, *last;
    review_line_t    line;

    text = split->outline.text;
    last = text + review_split_block(split, k + 1)->start;

    review_line_read(&line, text + review_split_block(split, k)->start, last);

    return (size_t) (line.next - text);
}


/* a row and its line break are never cut: block k, if it has more than max */

static int
review_split_cut_row(const review_split_t *split, uint32_t k, size_t max,
    review_split_cut_t *cut)
{
    size_t       from, end, last, units;
    const char  *text;

    text = split->outline.text;
    from = review_split_block(split, k)->start;
    last = review_split_block(split, k + 1)->start;
    end = review_split_cut_row_end(split, k);
    units = review_split_units(split, from, end);

    if (units <= max) {
        return 0;
    }

    /* white space behind it, if that is not a chunk's worth, is taken along */

    if (review_units_fit(text + end, text + last, split->options.max,
                         split->options.tokens)
        == text + last)
    {
        units += review_split_units(split, end, last);
        end = last;
    }

    cut->end = end;
    cut->units = units;
    cut->kind = REVIEW_CUT_SENTENCE;
    cut->oversize = 1;

    return 1;
}


/* cuts block k, of which [from, ...) has more than max units; adds to "used" */

static void
review_split_cut_inside(const review_split_t *split, uint32_t k, size_t from,
    size_t max, size_t used, review_split_cut_t *cut)
{
    size_t           last;
    const char      *p, *text, *limit;
    review_block_t  *block;

    text = split->outline.text;
    block = review_split_block(split, k);
    last = review_split_block(split, k + 1)->start;

    cut->oversize = 0;
    cut->block = k;

    if (block->kind == REVIEW_BLOCK_ROW && from == block->start
        && review_split_cut_row(split, k, max, cut))
    {
        cut->block += cut->end == last;
        cut->units += used;
        return;
    }

    p = text + from;
    limit = review_units_fit(p, text + last, max, split->options.tokens);

    if (block->kind == REVIEW_BLOCK_ROW && from == block->start) {
        cut->kind = REVIEW_CUT_BLANK;
        p = limit;

        if (p[-1] == '\r' && *p == '\n') {
            p--;
        }

    } else {
        cut->kind = review_place_find(&p, text + last, text + block->tail,
                                        limit);
    }

    cut->end = (size_t) (p - text);
    cut->block += cut->end == last;
    cut->units = used + review_split_units(split, from, cut->end);
    cut->oversize = p > limit;
}


/* is a cut before block c as good as one before block i? */

static int
review_split_cut_equal(const review_split_t *split, uint32_t c, uint32_t i)
{
    review_block_t    *block, *other;
    review_section_t  *section, *begun;

    block = review_split_block(split, c);
    other = review_split_block(split, i);
    section = review_outline_section(&split->outline, block->section);
    begun = review_outline_section(&split->outline, other->section);

    if (review_split_cut_sticks(split, c - 1)) {
        return 0;
    }

    if (begun && begun->block == i) {
        return section && section->block == c
               && section->parent == begun->parent;
    }

    return section == begun && block->group == other->group;
}


/*
 * The next chunk is to begin with block i; so that it is no tiny one at the end
 * of a chapter, one of the equals before i may.  Blocks [.., k) have "used"
 * units.
 */

static uint32_t
review_split_cut_balance(const review_split_t *split, uint32_t i, uint32_t k,
    size_t used, size_t max)
{
    size_t           rest, least;
    uint32_t         c;
    review_group_t  *group;

    rest = 0;
    least = split->options.max / 4;

    for (c = i; c < split->outline.blocks.n; c++) {

        if (review_split_block(split, c)->forced) {
            break;
        }

        rest += review_split_size(split, c, c + 1);

        if (rest >= least) {
            return i;
        }
    }

    group = review_outline_group(&split->outline,
                                 review_split_block(split, i)->group);

    for (c = i - 1; c > split->block; c--) {

        if ((used - review_split_size(split, c, k)) * 2 < max
            || (group && c <= group->first + 2))
        {
            break;
        }

        if (review_split_cut_equal(split, c, i)
            && review_split_size(split, c, i) + rest >= least)
        {
            return c;
        }
    }

    return i;
}


/* block k does not fit any more behind "used" units */

static void
review_split_cut_choose(const review_split_t *split, uint32_t k, size_t used,
    size_t max, review_split_cut_t *cut)
{
    size_t           size;
    uint32_t         i;
    review_block_t  *block;

    block = review_split_block(split, k);
    size = review_split_size(split, k, k + 1);

    i = review_split_cut_section(split, k);

    if (i == 0) {
        i = review_split_cut_group(split, k);
    }

    if (i == 0) {
        i = review_split_cut_before(split, k);

        if (block->kind == REVIEW_BLOCK_ROW
            || (block->kind == REVIEW_BLOCK_TITLE
                && size <= split->options.max
                && !review_split_blank(split, split->at, block->start)))
        {
            i = i ? i : k;

        } else if (i == 0 || (size > split->options.max && used * 2 < max)) {

            if (used < max) {
                review_split_cut_inside(split, k, block->start, max - used,
                                        used, cut);

                if (!cut->oversize
                    && (i == 0 || cut->kind >= REVIEW_CUT_INNER))
                {
                    return;
                }
            }

            i = i ? i : k;
        }
    }

    i = review_split_cut_balance(split, i, k, used, max);

    cut->oversize = 0;
    review_split_cut_end(split, cut, i, used - review_split_size(split, i, k));
}


/* as much as fits, whatever is left for the next chunk */

void
review_split_cut_full(const review_split_t *split, size_t max,
    review_split_cut_t *cut)
{
    size_t           used, next, size;
    uint32_t         k;
    const char      *text;
    review_block_t  *block;

    text = split->outline.text;
    block = review_split_block(split, split->block);
    k = split->block + 1;
    next = review_split_block(split, k)->start;

    cut->oversize = 0;

    if (review_units_fit(text + split->at, text + next, max,
                         split->options.tokens)
        < text + next)
    {
        review_split_cut_inside(split, split->block, split->at, max, 0, cut);
        return;
    }

    used = split->at == block->start
           ? review_split_size(split, split->block, k)
           : review_split_units(split, split->at, next);

    for ( /* void */ ; k < split->outline.blocks.n; k++) {

        /* a chapter begins a chunk, but for white space that was left over */

        if (review_split_block(split, k)->forced
            && !(k == split->block + 1
                 && review_split_cut_sticks(split, split->block)))
        {
            break;
        }

        size = review_split_size(split, k, k + 1);

        if (size > max - used) {
            review_split_cut_choose(split, k, used, max, cut);
            return;
        }

        used += size;
    }

    review_split_cut_end(split, cut, k, used);
}

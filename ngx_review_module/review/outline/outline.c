
#include "review/outline/outline.h"
#include "review/outline/line.h"
#include "review/outline/units.h"
#include "review/base/utf8.h"


#define REVIEW_OUTLINE_WRAPPED 56      /* columns of a line that may go on */
#define REVIEW_OUTLINE_FENCE   8       /* marks of a fence that are counted */
#define REVIEW_OUTLINE_LEADS   400     /* bytes of what leads to a table */


/* a line, and what a look at it alone tells */

typedef struct {
    review_line_t       line;
    review_mark_t       mark;
    unsigned char       kind;            /* TEXT, ROW or CODE */
    unsigned            gap:1;           /* a blank line stands before it */
    unsigned            fence:1;         /* of code: its first line */
    unsigned            rule:1;          /* |---|---| */
    unsigned            none:1;          /* behind the last line */
} review_item_t;


typedef struct {
    review_outline_t   *outline;
    const char         *p;
    const char         *last;
    const char         *fence_end;       /* of the code p stands in */
    const char         *contents_end;    /* of the table of contents */
    const char         *contents_seen;   /* where one was looked for */
    unsigned char       no_fence[2];     /* ` and ~: so many do not come */

    review_item_t       before;          /* the line before that */
    review_item_t       item;            /* the line at hand */
    review_item_t       ahead;

    uint32_t            stack[REVIEW_OUTLINE_DEPTH];
    uint32_t            depth;
    review_heading_reader_t  headings;
    review_clauses_t    clauses;
    uint32_t            group;           /* that the line before is of */
    unsigned            list:1;          /* that line was one of a list */
    unsigned            table:1;         /* and had a rule above it */
    unsigned            heading:1;       /* and was a heading */
    unsigned            hangs:1;         /* and of a list's item */
    unsigned            seen[REVIEW_OUTLINE_LEVELS]; /* ranks, as bits */
} review_reader_t;


/* how many of the same stand at p */

static size_t
review_outline_repeated(const char *p, const char *last)
{
    const char  *s;

    for (s = p; s < last && *s == *p; s++) { /* void */ }

    return (size_t) (s - p);
}


/* where the code ends whose fence is a line of n or more of "c", or NULL */

static const char *
review_outline_fence(const char *p, const char *last, char c, size_t n)
{
    size_t         k;
    review_line_t  line;

    while (p < last) {
        review_line_read(&line, p, last);

        if (line.text < line.end && *line.text == c) {
            k = review_outline_repeated(line.text, line.end);

            if (k >= n && line.text + k == line.end) {
                return line.next;
            }
        }

        p = line.next;
    }

    return NULL;
}


/* ``` and ~~~ that are closed again; what follows up to there is code */

static void
review_outline_code(review_reader_t *r, review_item_t *item)
{
    char            c;
    size_t          n;
    const char     *p;
    unsigned char  *none;

    c = *item->line.text;
    n = review_outline_repeated(item->line.text, item->line.end);
    p = item->line.text + n;
    none = &r->no_fence[c == '~'];

    if (n < 3
        || (c == '`' && memchr(p, '`', (size_t) (item->line.end - p))))
    {
        return;
    }

    if (n > REVIEW_OUTLINE_FENCE) {
        n = REVIEW_OUTLINE_FENCE;
    }

    if (*none && n >= *none) {
        return;
    }

    r->fence_end = review_outline_fence(item->line.next, r->last, c, n);

    if (r->fence_end == NULL) {
        *none = (unsigned char) n;
        return;
    }

    item->kind = REVIEW_BLOCK_CODE;
    item->fence = 1;
}


/* |---|:--:|, the line below a table's header */

static int
review_outline_is_rule(const review_line_t *line)
{
    const char  *p;
    unsigned     bars, dashes;

    bars = 0;
    dashes = 0;

    for (p = line->text; p < line->end; p++) {

        switch (*p) {

        case '|':
            bars = 1;
            break;

        case '-':
            dashes = 1;
            break;

        case ':': case ' ': case '\t':
            break;

        default:
            return 0;
        }
    }

    return bars && dashes;
}


/* the next line that is not blank */

static void
review_outline_ahead(review_reader_t *r)
{
    review_item_t  *item;

    item = &r->ahead;
    memset(item, 0, sizeof(*item));

    for ( /* void */ ; r->p < r->last; r->p = item->line.next) {
        review_line_read(&item->line, r->p, r->last);

        if (item->line.text < item->line.end) {
            break;
        }

        item->gap = 1;
    }

    if (r->p == r->last) {
        item->none = 1;
        return;
    }

    r->p = item->line.next;

    if (item->line.start < r->fence_end) {
        item->kind = REVIEW_BLOCK_CODE;
        item->mark.text = item->line.text;
        item->mark.end = item->line.end;
        return;
    }

    switch (*item->line.text) {

    case '`': case '~':
        review_outline_code(r, item);
        break;

    case '|':
        item->kind = REVIEW_BLOCK_ROW;
        item->rule = review_outline_is_rule(&item->line);
        break;

    case '-': case ':':
        item->rule = review_outline_is_rule(&item->line);
        break;
    }

    review_mark_read(&item->mark, &item->line);
}


/* does the line go on with what the one before it began? */

static int
review_outline_is_wrapped(const review_reader_t *r)
{
    ptrdiff_t             columns;
    const review_line_t  *line;

    line = &r->before.line;

    if (r->item.gap || r->heading || r->before.kind != REVIEW_BLOCK_TEXT
        || line->text == NULL)
    {
        return 0;
    }

    columns = line->end - line->text;

    if (*line->text & 0x80) {
        columns = columns * 2 / 3;
    }

    return columns >= REVIEW_OUTLINE_WRAPPED
           && !review_mark_stops(line->text, line->end);
}


static review_block_t *
review_outline_push(review_reader_t *r, int kind, const char *start,
    const char *tail)
{
    review_block_t    *block, *prev;
    review_outline_t  *outline;

    outline = r->outline;

    block = review_level_list_add(&outline->blocks);
    if (block == NULL) {
        return NULL;
    }

    block->start = (uint32_t) (start - outline->text);
    block->tail = (uint32_t) (tail - outline->text);
    block->kind = (unsigned char) kind;
    block->section = r->depth ? r->stack[r->depth - 1] : 0;

    if (outline->blocks.n > 1) {
        prev = review_outline_block(outline, outline->blocks.n - 2);
        block->units = prev->units
                       + (uint32_t) review_units(outline->text + prev->start,
                                                 start, outline->tokens);
    }

    return block;
}


/* does a heading like "mark" end the section? */

static int
review_outline_ends(const review_section_t *section, const review_mark_t *mark)
{
    return review_heading_ends(section->hashes, section->rank, mark->hashes,
                               mark->rank);
}


static void
review_outline_pop(review_reader_t *r, uint32_t units)
{
    review_section_t  *section;

    section = review_outline_section(r->outline, r->stack[--r->depth]);
    section->units = units;
}


static int
review_outline_heading(review_reader_t *r, const char *tail)
{
    uint32_t           parent;
    review_block_t    *block;
    review_mark_t     *mark;
    review_section_t  *section;

    mark = &r->item.mark;

    block = review_outline_push(r, mark->title ? REVIEW_BLOCK_TITLE
                                               : REVIEW_BLOCK_TEXT,
                                r->item.line.start, tail);
    section = review_level_list_add(&r->outline->sections);

    if (block == NULL || section == NULL) {
        return -1;
    }

    while (r->depth
           && (r->depth == REVIEW_OUTLINE_DEPTH
               || review_outline_ends(review_outline_section(r->outline,
                                                   r->stack[r->depth - 1]),
                                      mark)))
    {
        review_outline_pop(r, block->units);
    }

    parent = r->depth ? r->stack[r->depth - 1] : 0;

    section->block = r->outline->blocks.n - 1;
    section->parent = parent;
    section->hashes = mark->hashes;
    section->rank = mark->rank;
    section->title = mark->title;

    r->stack[r->depth++] = r->outline->sections.n;
    block->section = r->outline->sections.n;

    if (mark->title) {
        r->seen[mark->hashes ? mark->hashes : REVIEW_OUTLINE_PLAIN] |=
                                                            1u << mark->rank;
    }

    r->heading = 1;
    r->hangs = 0;

    review_clause_seen(&r->clauses, mark);

    return review_heading_add(&r->headings, mark, &r->item.line, 0);
}


/* a paragraph that begins with a clause's number is named by it */

static int
review_outline_clause(review_reader_t *r)
{
    int             apart;
    review_item_t  *item, *before;

    item = &r->item;
    before = &r->before;

    if (item->mark.clause == REVIEW_CLAUSE_NONE
        || item->line.start < r->contents_end
        || review_outline_is_wrapped(r))
    {
        return 0;
    }

    apart = item->gap || r->heading || before->line.text == NULL
            || before->kind != REVIEW_BLOCK_TEXT
            || review_mark_stops(before->line.text, before->line.end);

    if (!review_clause_is(&r->clauses, &item->mark, &item->line, apart)) {
        return 0;
    }

    review_clause_seen(&r->clauses, &item->mark);

    return review_heading_add(&r->headings, &item->mark, &item->line, 1);
}


/* a heading by what stands around it, too? */

static int
review_outline_is_heading(review_reader_t *r)
{
    int                   wrapped;
    review_mark_t        *mark;
    const review_mark_t  *next;

    mark = &r->item.mark;
    next = &r->ahead.mark;

    if (r->item.line.start < r->contents_end || mark->contents) {
        return 0;
    }

    if (!r->ahead.none) {
        review_mark_bare(mark, next, &r->item.line);
    }

    if (mark->hashes) {
        return mark->title;
    }

    if (mark->rank == 0) {
        return 0;
    }

    wrapped = review_outline_is_wrapped(r);

    if (wrapped && !(mark->apart && mark->rank <= REVIEW_RANK_ARTICLE)) {
        return 0;
    }

    if (!mark->title) {
        return mark->rank == REVIEW_RANK_ARTICLE;
    }

    /* numbers of one kind with nothing between them are a list */

    return mark->rank <= REVIEW_RANK_ARTICLE
           || !(r->list || (!r->ahead.none && next->rank == mark->rank));
}


/* a line of - or = below a title, which is a paragraph of its own */

static int
review_outline_underlined(review_reader_t *r)
{
    char                  c;
    size_t                n;
    const review_line_t  *line, *next;

    line = &r->item.line;
    next = &r->ahead.line;

    if (r->ahead.none || r->ahead.gap || r->item.mark.bullet
        || r->ahead.kind != REVIEW_BLOCK_TEXT
        || (*next->text != '=' && *next->text != '-'))
    {
        return 0;
    }

    c = *next->text;
    n = review_outline_repeated(next->text, next->end);

    if (n < 3 || next->text + n != next->end
        || !(r->item.gap || r->heading || r->outline->blocks.n == 0)
        || *line->text == c
        || review_mark_stops(line->text, line->end)
        || review_utf8_count(line->text, (size_t) (line->end - line->text))
           > 60)
    {
        return 0;
    }

    r->item.mark.hashes = (c == '=') ? 1 : 2;
    r->item.mark.title = 1;

    return 1;
}


/*
 * "as follows:", or a comment of HTML, goes with the table or the code behind
 * it, which has just begun.
 */

static void
review_outline_lead(review_reader_t *r)
{
    size_t                n;
    const char           *end;
    review_block_t       *block;
    const review_line_t  *line;

    if (r->outline->blocks.n < 2 || r->before.kind != REVIEW_BLOCK_TEXT) {
        return;
    }

    block = review_outline_block(r->outline, r->outline->blocks.n - 2);

    if (block->kind != REVIEW_BLOCK_TEXT
        || block->tail - block->start > REVIEW_OUTLINE_LEADS)
    {
        return;
    }

    line = &r->before.line;
    end = line->end;
    n = (size_t) (end - line->text);

    block->leads = (n >= 1 && end[-1] == ':')
                   || (n >= 3 && memcmp(end - 3, "\xef\xbc\x9a", 3) == 0)
                   || (n >= 7 && memcmp(line->text, "<!--", 4) == 0
                       && memcmp(end - 3, "-->", 3) == 0);
}


static int
review_outline_row(review_reader_t *r)
{
    review_block_t  *block;
    review_group_t  *group;

    block = review_outline_push(r, REVIEW_BLOCK_ROW, r->item.line.start,
                                r->item.line.end);
    if (block == NULL) {
        return -1;
    }

    if (r->group == 0) {
        group = review_level_list_add(&r->outline->groups);
        if (group == NULL) {
            return -1;
        }

        r->group = r->outline->groups.n;
        group->first = r->outline->blocks.n - 1;
        review_outline_lead(r);

        if (r->table) {
            group->header = block->start;
            group->header_end = (uint32_t) (r->ahead.line.next
                                            - r->outline->text);
        }
    }

    block->group = r->group;
    review_outline_group(r->outline, r->group)->last = r->outline->blocks.n;

    return 0;
}


/* rows begin with a bar, or stand around a rule; a blank line ends a table */

static int
review_outline_is_row(review_reader_t *r)
{
    int             begins;
    review_item_t  *item;

    item = &r->item;

    if (item->gap || r->before.kind != REVIEW_BLOCK_ROW) {
        r->group = 0;
        r->table = 0;
    }

    begins = item->kind == REVIEW_BLOCK_ROW;

    if (r->group == 0) {
        r->table = !r->ahead.none && !r->ahead.gap && r->ahead.rule
                   && !item->rule
                   && (begins || (!item->mark.bullet
                                  && memchr(item->line.text, '|',
                                            (size_t) (item->line.end
                                                      - item->line.text))));

        begins |= r->table;

    } else if (r->table) {
        begins |= item->rule
                  || memchr(item->line.text, '|', (size_t) (item->line.end
                                                  - item->line.text)) != NULL;
    }

    if (!begins) {
        r->group = 0;
        r->table = 0;
    }

    return begins;
}


static int
review_outline_code_line(review_reader_t *r)
{
    review_block_t  *block;
    review_group_t  *group;

    block = review_outline_push(r, REVIEW_BLOCK_CODE, r->item.line.start,
                                r->item.line.end);
    if (block == NULL) {
        return -1;
    }

    if (r->item.fence || r->before.kind != REVIEW_BLOCK_CODE) {
        group = review_level_list_add(&r->outline->groups);
        if (group == NULL) {
            return -1;
        }

        r->group = r->outline->groups.n;
        group->first = r->outline->blocks.n - 1;
        review_outline_lead(r);
    }

    block->group = r->group;
    review_outline_group(r->outline, r->group)->last = r->outline->blocks.n;

    return 0;
}


/* lines that were only wrapped make one paragraph */

static int
review_outline_text(review_reader_t *r)
{
    review_block_t  *block;
    review_item_t   *item;

    item = &r->item;

    /* those of an item of a list are indented, as is a new paragraph else */

    if (review_outline_is_wrapped(r) && !item->mark.rank && !item->mark.bullet
        && !item->mark.hashes
        && (item->line.text - item->line.start < 2
            || (r->hangs && !(*item->line.start & 0x80))))
    {
        block = review_outline_block(r->outline, r->outline->blocks.n - 1);
        block->tail = (uint32_t) (item->line.end - r->outline->text);
        return 0;
    }

    r->hangs = item->mark.bullet || item->mark.rank
               || (r->hangs && !item->gap
                   && item->line.text - item->line.start >= 2);

    return review_outline_push(r, REVIEW_BLOCK_TEXT, item->line.start,
                               item->line.end)
           ? 0 : -1;
}


static int
review_outline_item(review_reader_t *r)
{
    int          rc, list;
    const char  *tail;

    list = 0;

    if (r->item.kind == REVIEW_BLOCK_CODE) {
        rc = review_outline_code_line(r);
        r->heading = 0;

    } else if (review_outline_is_row(r)) {
        r->item.kind = REVIEW_BLOCK_ROW;
        rc = review_outline_row(r);
        r->heading = 0;

    } else {
        r->item.kind = REVIEW_BLOCK_TEXT;
        tail = r->item.line.end;

        if (r->item.line.start >= r->contents_seen) {
            r->contents_end = review_outline_contents(&r->item.line, r->last,
                                                      r->contents_end,
                                                      &r->contents_seen);
        }

        if (r->item.line.start >= r->contents_end
            && review_outline_underlined(r))
        {
            tail = r->ahead.line.end;
            rc = review_outline_heading(r, tail);
            review_outline_ahead(r);

        } else if (review_outline_is_heading(r)) {
            rc = review_outline_heading(r, tail);
            r->heading = r->item.mark.title;

        } else {
            list = r->item.mark.rank > REVIEW_RANK_ARTICLE;
            rc = review_outline_clause(r);
            rc = rc == 0 ? review_outline_text(r) : rc;
            r->heading = 0;
        }
    }

    r->list = list && !r->ahead.none
              && r->ahead.mark.rank == r->item.mark.rank;

    return rc;
}


int
review_outline_read(review_outline_t *outline, review_pool_t *pool,
    const char *text, size_t len, int tokens)
{
    review_block_t   *end;
    review_reader_t   r;

    memset(outline, 0, sizeof(*outline));
    memset(&r, 0, sizeof(r));

    outline->text = text;
    outline->len = len;
    outline->tokens = tokens;

    outline->blocks.pool = pool;
    outline->blocks.size = sizeof(review_block_t);
    outline->sections.pool = pool;
    outline->sections.size = sizeof(review_section_t);
    outline->groups.pool = pool;
    outline->groups.size = sizeof(review_group_t);
    outline->headlines.pool = pool;
    outline->headlines.size = sizeof(review_headline_t);

    if (len >= UINT32_MAX) {
        return -1;
    }

    r.outline = outline;
    r.p = text;
    r.last = text + len;
    r.headings.list = &outline->headlines;
    r.headings.text = text;

    review_outline_ahead(&r);

    if (!r.ahead.none && r.ahead.line.start > text
        && review_outline_push(&r, REVIEW_BLOCK_BLANK, text, text) == NULL)
    {
        return -1;
    }

    while (!r.ahead.none) {
        r.before = r.item;
        r.item = r.ahead;
        review_outline_ahead(&r);

        if (review_outline_item(&r) != 0) {
            return -1;
        }
    }

    if (outline->blocks.n == 0) {
        return 0;
    }

    end = review_outline_push(&r, REVIEW_BLOCK_TEXT, r.last, r.last);
    if (end == NULL) {
        return -1;
    }

    while (r.depth) {
        review_outline_pop(&r, end->units);
    }

    outline->blocks.n--;
    review_level_force(outline, r.seen);

    return 0;
}

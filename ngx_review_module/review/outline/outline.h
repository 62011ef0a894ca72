
/*
 * What a text is made of: blocks, which are paragraphs, headings, rows of
 * tables and lines of code, the sections they are of, and the headings that
 * places stand under: those of sections, and the numbers of clauses.
 */

#ifndef _REVIEW_SPLIT_OUTLINE_H_INCLUDED_
#define _REVIEW_SPLIT_OUTLINE_H_INCLUDED_


#include "review/base/review.h"
#include "review/outline/heading.h"
#include "review/outline/line.h"

#pragma GCC visibility push(hidden)


/* a list that grows without its elements being moved */

#define REVIEW_LIST_BASE   32
#define REVIEW_LIST_PARTS  28

typedef struct {
    review_pool_t      *pool;
    size_t              size;            /* of an element */
    uint32_t            n;
    char               *parts[REVIEW_LIST_PARTS]; /* 32, 64, 128... elements */
} review_list_t;

static inline void *
review_list_at(const review_list_t *list, uint32_t i)
{
    unsigned  part;
    uint64_t  n;

    n = (uint64_t) i + REVIEW_LIST_BASE;
    part = 63 - (unsigned) __builtin_clzll(n);

    return list->parts[part - 5] + (n - ((uint64_t) 1 << part)) * list->size;
}

/* one more, all zeroes, or NULL */

void *review_level_list_add(review_list_t *list);


typedef enum {
    REVIEW_BLOCK_TEXT = 0,
    REVIEW_BLOCK_TITLE,                  /* a heading and nothing else */
    REVIEW_BLOCK_ROW,                    /* of a table */
    REVIEW_BLOCK_CODE,                   /* a line between fences */
    REVIEW_BLOCK_BLANK                   /* before all that is to be seen */
} review_block_e;


/* numbers of sections and groups begin with 1: 0 is none */

typedef struct {
    uint32_t            start;           /* up to where the next one starts */
    uint32_t            tail;            /* behind what is to be seen of it */
    uint32_t            units;           /* of all before it */
    uint32_t            section;         /* the innermost; a heading's own */
    uint32_t            group;           /* the table, or the code, it is of */
    unsigned char       kind;
    unsigned char       forced;          /* always begins a chunk */
    unsigned char       leads;           /* to a table, or code, behind it */
} review_block_t;


typedef struct {
    uint32_t            block;           /* the heading's */
    uint32_t            units;           /* up to its end */
    uint32_t            parent;
    unsigned char       hashes;
    unsigned char       rank;
    unsigned char       title;
} review_section_t;


/*
 * What places stand under: the headings of sections, and clauses (3.2.1), which
 * begin none.  A heading holds up to where the next one stands.
 */

typedef struct {
    review_heading_t    heading;         /* first, so that it leads back here */
    uint32_t            start;           /* of its line */
    unsigned char       depth;           /* 1: outermost */
    unsigned char       hashes;
    unsigned char       level;           /* by its number; 0: it has none */
} review_headline_t;


/* rows, or lines of code, one after another */

typedef struct {
    uint32_t            first;           /* blocks */
    uint32_t            last;            /* behind the last one */
    uint32_t            header;          /* bytes; the same twice: none */
    uint32_t            header_end;
} review_group_t;


typedef struct {
    const char         *text;
    size_t              len;
    int                 tokens;
    review_list_t       blocks;
    review_list_t       sections;
    review_list_t       groups;
    review_list_t       headlines;       /* as they stand */
} review_outline_t;


#define REVIEW_OUTLINE_DEPTH   16        /* headings above each other */

/* what headings are added to while a text is read */

typedef struct {
    review_list_t      *list;
    const char         *text;
    uint32_t            stack[REVIEW_OUTLINE_DEPTH]; /* from 1 */
    uint32_t            depth;
} review_heading_reader_t;

/* a heading that begins a section, or a clause; 0, or -1: no memory */

int review_heading_add(review_heading_reader_t *r, const review_mark_t *mark,
    const review_line_t *line, int clause);

/* does a heading of the second kind end what stands under the first? */

int review_heading_ends(unsigned hashes, unsigned level, unsigned hashes2,
    unsigned level2);

/* the number of headings that begin at a byte or before it */

uint32_t review_heading_until(const review_list_t *headlines, size_t byte);

/* the innermost above a byte; NULL: none */

const review_heading_t *review_heading_above(const review_list_t *headlines,
    size_t byte);

/* the innermost that all of [from, to) stands under; NULL: none */

const review_heading_t *review_heading_common(const review_list_t *headlines,
    size_t from, size_t to);


/* clauses that have come, by whose numbers others are known; "": none has */

typedef struct {
    review_str_t        last;            /* 3.2.1 */
    review_str_t        before;          /* the one before that */
    review_str_t        article;         /* 第六条 */
} review_clauses_t;

/*
 * Does the line begin a clause, by its number and by those before it?  "apart":
 * a sentence, or a heading, has ended before it.
 */

int review_clause_is(const review_clauses_t *clauses, const review_mark_t *mark,
    const review_line_t *line, int apart);

/* of a Chinese numeral: 0 to 9, 10, 100, 1000; or -1: it is none */

int review_clause_numeral(int32_t c);

/* a heading, or a clause, has come */

void review_clause_seen(review_clauses_t *clauses, const review_mark_t *mark);


/* reads all of the text; 0, or -1: no memory, or more than 4 GB of text */

int review_outline_read(review_outline_t *outline, review_pool_t *pool,
    const char *text, size_t len, int tokens);

/*
 * Behind a line "目录" titles are a table of contents up to where the first one
 * comes again: there the contents end.  Looks no further than to the first line
 * that is a sentence, which *seen becomes.  Returns "end" if there are none.
 */

const char *review_outline_contents(const review_line_t *at, const char *last,
    const char *end, const char **seen);


/* levels of titles: one to six #, and those without */

#define REVIEW_OUTLINE_PLAIN   7
#define REVIEW_OUTLINE_LEVELS  8

/*
 * Titles one behind another go together: where one of them begins a chunk,
 * all do.  "seen" are the ranks of the titles of each level, as bits.
 */

void review_level_force(review_outline_t *outline, const unsigned *seen);


/* blocks may be asked for up to one behind the last, which is never used */

static inline review_block_t *
review_outline_block(const review_outline_t *outline, uint32_t i)
{
    return review_list_at(&outline->blocks, i);
}

static inline review_section_t *
review_outline_section(const review_outline_t *outline, uint32_t n)
{
    return n ? review_list_at(&outline->sections, n - 1) : NULL;
}

static inline review_group_t *
review_outline_group(const review_outline_t *outline, uint32_t n)
{
    return n ? review_list_at(&outline->groups, n - 1) : NULL;
}


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_OUTLINE_H_INCLUDED_ */

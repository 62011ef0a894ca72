
/* The lines of a text, and what stands at the beginning of one. */

#ifndef _REVIEW_SPLIT_LINE_H_INCLUDED_
#define _REVIEW_SPLIT_LINE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* lines end with \n, \r\n, \r, U+2028 or U+2029 */

typedef struct {
    const char     *start;
    const char     *text;      /* the first to be seen */
    const char     *end;       /* behind the last; == text: nothing is */
    const char     *next;
} review_line_t;

void review_line_read(review_line_t *line, const char *p, const char *last);

/* the first to be seen at p or behind it, else last */

const char *review_line_visible(const char *p, const char *last);

int review_line_is_space(int32_t c);


/*
 * Ranks of numbers, from the outermost.  1.1.1 is as far below 1. as it has
 * numbers more.
 */

enum {
    REVIEW_RANK_NONE = 0,
    REVIEW_RANK_PART,          /* 第X编/部分/篇/卷, Part */
    REVIEW_RANK_CHAPTER,       /* 第X章, Chapter, 附件 */
    REVIEW_RANK_SECTION,       /* 第X节, Section */
    REVIEW_RANK_ARTICLE,       /* 第X条, Article */
    REVIEW_RANK_HAN,           /* 一、  I. */
    REVIEW_RANK_HAN_CLOSED,    /* （一）  A. */
    REVIEW_RANK_NUMBER,        /* 1.  1、 */
    REVIEW_RANK_CLOSED = 12,   /* (1)  1)  (a) */
    REVIEW_RANK_CIRCLED,
    REVIEW_RANKS
};


/* what a line begins with, and whether it is a heading by its own looks */

typedef struct {
    const char     *text;      /* a heading's, behind the marks of Markdown */
    const char     *end;
    const char     *label;     /* behind the number: "第六条", "3.2" */
    const char     *clause_end; /* behind a number that names places, even
                                  where it begins no section */
    unsigned char   hashes;    /* #, ##: Markdown's level, 0: none */
    unsigned char   rank;
    unsigned char   clause;    /* of what kind that number is; 0: none */
    unsigned char   doubt;     /* is it one? */
    unsigned        apart:1;   /* what follows the label shows that it is one */
    unsigned        bullet:1;
    unsigned        title:1;   /* a line of its own, short, no sentence */
    unsigned        contents:1; /* of a table of contents: leads to a page */
    unsigned        bare:1;    /* "3 Scope": a number, if "3.1" follows */
} review_mark_t;


enum {
    REVIEW_CLAUSE_NONE = 0,
    REVIEW_CLAUSE_SUBPART,     /* 第一分编: below a part, above chapters */
    REVIEW_CLAUSE_ARTICLE,     /* 第六条所有, 第六条以: it may be referred to */
    REVIEW_CLAUSE_DECIMAL      /* 3.2.1 */
};

enum {
    REVIEW_DOUBT_NONE = 0,
    REVIEW_DOUBT_SOME,         /* 3.2 公: of miles, or of companies */
    REVIEW_DOUBT_SURE          /* 3.2 万元 */
};

void review_mark_read(review_mark_t *mark, const review_line_t *line);

/* a bare number is one: "next", which follows, counts on from it */

void review_mark_bare(review_mark_t *mark, const review_mark_t *next,
    const review_line_t *line);

/* the number that mark->text begins with: its rank, and where it ends */

void review_number_read(review_mark_t *mark);

/* "第一章 总则……12": does the line lead to a page? */

int review_mark_contents(const review_line_t *line);

/* does a sentence end before "end"?  Closing marks behind it do not count */

int review_mark_stops(const char *start, const char *end);


#pragma GCC visibility pop


#endif /* _REVIEW_SPLIT_LINE_H_INCLUDED_ */

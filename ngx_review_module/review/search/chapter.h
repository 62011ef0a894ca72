
/*
 * Which parts of a document stand below a heading that fits a name: teams tie
 * points to chapters, with all the spellings that these have.
 *
 * Names and headings are compared folded, without spaces, quote marks and what
 * numbers a heading: "第六章 投标文件格式" is "投标文件格式".  A heading equals a
 * name, or begins with it, or contains it: those that fit best are taken, in
 * all documents, and no others.
 */

#ifndef _REVIEW_CHAPTER_H_INCLUDED_
#define _REVIEW_CHAPTER_H_INCLUDED_


#include "review/outline/outline.h"

#pragma GCC visibility push(hidden)


typedef struct review_chapter_names_s  review_chapter_names_t;


/* NULL: no memory */

review_chapter_names_t *review_chapter_names(review_pool_t *pool,
    const review_str_t *names, size_t n);

/*
 * How well each of the headings fits goes to grades[], which has room for them;
 * returns the best, 0: none does.
 */

unsigned review_chapter_grades(const review_chapter_names_t *names,
    const review_list_t *headlines, unsigned char *grades);

/* grades become marks: 1 for those that have this one, and all below them */

void review_chapter_mark(const review_list_t *headlines, unsigned char *grades,
    unsigned grade);

/* does any of the bytes [from, to) stand below one that is marked? */

int review_chapter_is_below(const review_list_t *headlines,
    const unsigned char *marks, size_t from, size_t to);


#pragma GCC visibility pop


#endif /* _REVIEW_CHAPTER_H_INCLUDED_ */

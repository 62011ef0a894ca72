
/*
 * Marks of HTML, Markdown and LaTeX, as converters leave them in a text: what
 * begins at p is looked at alone, and no further than it may reach.
 */

#ifndef _REVIEW_MARKUP_H_INCLUDED_
#define _REVIEW_MARKUP_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


/* behind the tag of HTML that begins with the "<" at p, or NULL: it is none */

const char *review_markup_tag(const char *p, const char *last);

/* the same, of one that parts no words: "inline" ones, but for <br> */

const char *review_markup_inline(const char *p, const char *last);

/* where the tag begins that ends with the ">" before p, if it is inline */

const char *review_markup_inline_back(const char *p, const char *first);

/*
 * The character of an entity: "&amp;", "&#20803;"; *p is "&", and is set behind
 * the ";".  -1: it is none, and *p stays.
 */

int32_t review_markup_entity(const char **p, const char *last);

/*
 * The "]" of a link in Markdown, whose "[" is at p, or NULL; *end is set behind
 * it: "[text](address)".
 */

const char *review_markup_link(const char *p, const char *last,
    const char **end);

/*
 * The "$" that ends the formula in LaTeX that the one at p begins, or NULL: it
 * is money.
 */

const char *review_markup_math(const char *p, const char *first,
    const char *last);

/*
 * What a command of LaTeX stands for; *p is the backslash, and is set behind
 * it.  0: nothing, ' ': nothing, but it parts numbers; -1: *p stays.
 */

int32_t review_markup_command(const char **p, const char *last);


#pragma GCC visibility pop


#endif /* _REVIEW_MARKUP_H_INCLUDED_ */

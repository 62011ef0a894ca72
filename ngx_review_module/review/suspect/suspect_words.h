
/* What is said to a reviewer by those who want to be let pass: a table. */

#ifndef _REVIEW_SUSPECT_WORDS_H_INCLUDED_
#define _REVIEW_SUSPECT_WORDS_H_INCLUDED_

#pragma GCC visibility push(hidden)


/* parts of a pattern, at most */

#define REVIEW_SUSPECT_PARTS  3


/*
 * Parts follow one another, each at most "gap" characters behind the one
 * before.  A part is one of several words, with spaces between them; they are
 * compared folded, and written so here: lower case, half width, "_" and all
 * dashes as "-", without white space and invisible characters.  A first word
 * begins with a character of one byte or three, as ideographs have.  A word
 * that ends in a letter a-z ends there in the text as well, unless "open".
 * Quote marks before a word of "unless" do not count.
 */

typedef struct {
    const char  *parts[REVIEW_SUSPECT_PARTS];
    int          gap;
    const char  *unless;                 /* words behind it: it is harmless */
    unsigned     negated:1;              /* is none with a "not" before it */
    unsigned     open:1;
} review_suspect_words_t;


/* parts[0] is NULL at the end */

extern const review_suspect_words_t  review_suspect_words[];


#pragma GCC visibility pop


#endif /* _REVIEW_SUSPECT_WORDS_H_INCLUDED_ */

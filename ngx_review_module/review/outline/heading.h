
/* A heading of a text. */

#ifndef _REVIEW_HEADING_H_INCLUDED_
#define _REVIEW_HEADING_H_INCLUDED_


#include "review/base/review.h"


typedef struct review_heading_s  review_heading_t;

struct review_heading_s {
    review_heading_t          *parent;   /* NULL: it is one of the outermost */
    review_str_t               text;     /* without the marks of Markdown */
};


#endif /* _REVIEW_HEADING_H_INCLUDED_ */


/*
 * A scanner of XML, as much as answers of object stores need: elements and
 * their text, with references and CDATA.  Attributes are stepped over, what
 * stands before the colon of a name is dropped; there are no DTDs, so that
 * nothing grows.  No recursion: depth and names are bounded.
 */

#ifndef _REVIEW_XML_H_INCLUDED_
#define _REVIEW_XML_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


#define REVIEW_XML_DEPTH    16


typedef enum {
    REVIEW_XML_ERROR = -1,
    REVIEW_XML_END = 0,
    REVIEW_XML_OPEN,
    REVIEW_XML_CLOSE
} review_xml_e;


typedef struct {
    review_pool_t   *pool;
    const char      *p;
    const char      *last;
    review_str_t     names[REVIEW_XML_DEPTH];   /* of open elements */
    unsigned         depth;
    unsigned         level;         /* of the element that opens or ends */
    unsigned         empty:1;       /* <name/>: its end comes next */
    unsigned         seen:1;        /* there was a root */
    review_str_t     name;          /* of the element that opens or ends */
    review_str_t     text;          /* of one that ends and has no elements */
    char            *buf;
    size_t           len;
    unsigned         leaf:1;
} review_xml_t;


/* -1: no memory.  Texts stay valid as long as the pool */

int review_xml_init(review_xml_t *x, review_pool_t *pool, const char *data,
    size_t len);

review_xml_e review_xml_next(review_xml_t *x);

/* is it this that opens or ends?  "ListBucketResult/Contents/Key" */

int review_xml_path(review_xml_t *x, const char *path);


#pragma GCC visibility pop


#endif /* _REVIEW_XML_H_INCLUDED_ */

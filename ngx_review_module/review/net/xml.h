
/*
 * Answers of object stores, read by libexpat: elements and their text.
 * Attributes are stepped over, what stands before the colon of a name is
 * dropped.  There are no document types, so that nothing is declared that
 * could grow, or be fetched.  Depth and names are bounded.
 */

#ifndef _REVIEW_XML_H_INCLUDED_
#define _REVIEW_XML_H_INCLUDED_


#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


#define REVIEW_XML_DEPTH    16
#define REVIEW_XML_PATH     1024


typedef struct review_xml_s  review_xml_t;

/* an element has ended; returns 0, or -1: no more is read */

typedef int (*review_xml_element_pt)(review_xml_t *x);

struct review_xml_s {

    /* what the owner sets */

    review_xml_element_pt   element;
    void                   *data;

    /* the element that has ended: "ListBucketResult/Contents/Key" */

    char                    path[REVIEW_XML_PATH];
    review_str_t            text;   /* empty if there are elements in it */

    /* its own */

    void                   *parser;
    review_buf_t            texts;
    size_t                  start;  /* of the text that is being read */
    unsigned                depth;
    unsigned                leaf:1;
    unsigned                stopped:1;
};


/*
 * Returns 0, or -1: it is not XML, the owner wants no more, or no memory.
 * Texts stay valid as long as the pool.
 */

int review_xml_read(review_xml_t *x, review_pool_t *pool, const char *data,
    size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_XML_H_INCLUDED_ */

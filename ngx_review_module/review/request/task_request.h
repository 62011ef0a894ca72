
/* What a client asks of a task: documents, and what is to be done with them. */

#ifndef _REVIEW_TASK_REQUEST_H_INCLUDED_
#define _REVIEW_TASK_REQUEST_H_INCLUDED_


#include "review/request/request.h"
#include "review/split/split.h"

#pragma GCC visibility push(hidden)


/* cells that may be named at once: a report has no more of them */

#define REVIEW_TASK_FRESH  500000


typedef struct {
    review_rubrics_t         rubrics;
    review_str_t             rubric;    /* the name of theirs */
    review_split_options_t   split;     /* where nothing is said */
    review_str_t             text;      /* the document; data is NULL: JSON
                                           tells it */
    size_t                   max_text;  /* bytes of each document, */
    size_t                   max_vars;  /* and of vars */
    size_t                   max_points;  /* and references */
    unsigned                 store:1;   /* there is one */
    unsigned                 converted:1; /* the text is a converter's */
} review_task_given_t;


/* where a document is to be had; the order is that of review_sources */

typedef enum {
    REVIEW_SOURCE_TEXT = 0,
    REVIEW_SOURCE_OBJECT,
    REVIEW_SOURCE_URL,
    REVIEW_SOURCE_UPLOAD                  /* base64 */
} review_source_e;

extern const char *const  review_sources[];  /* NULL at the end */


typedef struct {
    review_str_t             id;        /* data is NULL: none */
    review_source_e       from;
    review_str_t             name;      /* the text, key, URL, or base64 */
    review_str_t             type;      /* empty: not told */
} review_task_document_t;


/* a cell that caches are bypassed for */

typedef struct {
    size_t                   document;  /* of several, or 0 */
    size_t                   chunk;     /* from 0: there may be no such */
    size_t                   point;     /* of those that are asked */
    unsigned                 whole:1;   /* the point's cell of the document */
} review_task_fresh_t;


typedef struct {
    review_task_document_t   document;  /* the only one; or */
    review_task_document_t  *documents; /* several; NULL: there is but one */
    size_t                   ndocuments;
    review_task_document_t  *references;
    size_t                   nreferences;
    review_rubric_t         *rubric;
    review_str_t             rubric_name;  /* data is NULL: it has none */
    json_t                  *own;       /* the request's own rubric; NULL: it
                                           is a given one, or there is none */
    json_t                  *spelled;   /* the list of points, if some of them
                                           are the request's own; or NULL */
    review_point_t         **points;
    size_t                   npoints;
    review_split_options_t   split;
    size_t                   top_k;     /* chunks for each point; 0: all */
    size_t                   clauses;   /* of references, with each chunk */
    json_t                  *vars;      /* NULL: none */
    double                   deadline;  /* seconds; 0: none is asked for */
    review_str_t             object;    /* the report's key; data is NULL: it
                                           is not saved */
    int                      markdown;
    int                      text;      /* is to be in the report */
    int                      dry_run;   /* nothing is asked of an LLM */
    review_task_fresh_t     *fresh;
    size_t                   nfresh;
} review_task_request_t;


extern const review_member_t  review_task_members[];

/*
 * Reads {"document"|"documents", "references"?, "rubric"?, "points"?,
 * "split"?, "select"?, "vars"?, "deadline"?, "result"?, "return"?, "fresh"?,
 * "dry_run"?}.
 */

int review_task_request(review_pool_t *pool, json_t *body,
    const review_task_given_t *given, review_task_request_t *request,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_TASK_REQUEST_H_INCLUDED_ */

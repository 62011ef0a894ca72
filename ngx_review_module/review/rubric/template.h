
/*
 * Prompt templates: text with {{name}} in it.
 *
 * {{chunk}} {{heading}} {{references}} {{answer}} {{point.id}} {{point.title}}
 * {{point.question}} {{point.severity}} {{vars.x}} {{vars.x?}}
 */

#ifndef _REVIEW_TEMPLATE_H_INCLUDED_
#define _REVIEW_TEMPLATE_H_INCLUDED_


#include "review/base/review.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_PART_TEXT = 0,
    REVIEW_PART_CHUNK,
    REVIEW_PART_HEADING,
    REVIEW_PART_REFERENCES,
    REVIEW_PART_ANSWER,            /* of the step before; empty in the first */
    REVIEW_PART_POINT_ID,
    REVIEW_PART_POINT_TITLE,
    REVIEW_PART_POINT_QUESTION,
    REVIEW_PART_POINT_SEVERITY,
    REVIEW_PART_VAR
} review_part_e;


typedef struct {
    review_part_e        type;
    review_str_t         text;     /* TEXT: escaped for JSON; VAR: its name */
    unsigned             optional:1; /* VAR: there may be none */
} review_part_t;


typedef struct {
    review_part_t       *parts;
    size_t               nparts;
    unsigned             chunk:1;  /* has {{chunk}} in it */
    unsigned             vars:1;   /* has {{vars.x}} in it */
} review_template_t;


/*
 * Compiles a template; spaces inside of the braces are allowed, "{{{{" stands
 * for "{{" itself.  NULL on an error: what and where is in *err, with
 * "pointer" as its pointer.
 */

review_template_t *review_template_compile(review_pool_t *pool,
    const char *data, size_t len, const char *pointer, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_TEMPLATE_H_INCLUDED_ */

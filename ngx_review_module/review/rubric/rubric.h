
/*
 * A rubric: the review points of a kind of document.  Data that the algorithm
 * team edits; loaded at configuration time, or point by point from a request.
 */

#ifndef _REVIEW_RUBRIC_H_INCLUDED_
#define _REVIEW_RUBRIC_H_INCLUDED_


#include "review/base/review.h"
#include "review/facts/check.h"
#include "review/json/json.h"
#include "review/rubric/params.h"
#include "review/rubric/template.h"

#pragma GCC visibility push(hidden)


/* what a point is asked of; the order is that of its names in JSON */

typedef enum {
    REVIEW_SCOPE_CHUNK = 0,              /* of each chunk */
    REVIEW_SCOPE_DOCUMENT                /* of the document, found in it */
} review_scope_e;


/* a point that is decided without an LLM */

typedef struct {
    review_str_t         pattern;
    const char          *member;         /* where in the point it stands:
                                            "/rule", "/rule/pattern" */
    review_verdict_e     match;          /* the verdict if it matches */
    review_verdict_e     no_match;       /* and if it does not */
    review_str_t         reason;         /* may be empty */
    review_str_t         suggestion;     /* may be empty */
    int                  raw;            /* only the text itself may match */
    void                *regex;          /* the owner's compiled pattern */
} review_rule_t;


/* what a text has to have for the point to be asked at all */

typedef struct {
    review_str_t         pattern;
    const char          *member;         /* "/when", "/when/pattern" */
    int                  raw;
    void                *regex;          /* the owner's compiled pattern */
} review_when_t;


typedef struct {
    review_str_t         id;
    review_str_t         title;          /* the id where none is given */
    review_str_t         question;       /* may be empty with prompt, steps */
    review_severity_e    severity;       /* major where none is given */

    review_when_t        when;           /* no data in its pattern: none */
    review_rule_t       *rule;           /* these decide; NULL, both: */
    review_check_t      *check;          /* an LLM does */

    review_template_t  **prompts;        /* "prompt": one; "steps": several;
                                            NULL: the default prompt */
    size_t               nprompts;       /* 0 with the default prompt */

    int                  max_tokens;     /* 0: not set */
    double               temperature;    /* -1: not set */
    json_t              *data;           /* a JSON Schema, or NULL */
    review_str_t        *agree;          /* members of it whose values have to
                                            be the same in all chunks */
    size_t               nagree;
    uint64_t             key;            /* the owner's, of what is counted of
                                            it; 0: it has none */

    review_str_t         llm;            /* that it asks; empty: the rubric's */
    review_params_t      params;

    review_scope_e       scope;
    review_str_t        *query;          /* what to look for; none: title and
                                            question */
    size_t               nquery;
    review_str_t        *heading;        /* what it stands below; none: any */
    size_t               nheading;
    review_str_t        *documents;      /* whose ids fit; none: all */
    size_t               ndocuments;
    int                  absent;         /* the verdict where it is nowhere; -1:
                                            that is not known */
    int                  k;              /* chunks of a round */
    int                  max_context;    /* units of a reading; 0: k chunks */
    int                  rounds;
    int                  expand;         /* the LLM may name other words */
} review_point_t;


#define review_point_asks(point)                                              \
    ((point)->rule == NULL && (point)->check == NULL)


typedef struct {
    review_str_t         name;
    review_str_t         version;
    review_str_t         model;          /* may be empty */
    review_str_t         llm;            /* its name; may be empty */
    review_params_t      params;
    review_str_t         system;         /* may be empty: the default one */
    review_str_t         language;       /* "zh" where none is given, "en" */
    review_point_t      *points;
    size_t               npoints;
    int                  own;            /* it is a request's own: a client's */
} review_rubric_t;


/*
 * Loads a rubric from the text of a file.  All memory is the pool's.  NULL on
 * an error: *err says where (a JSON Pointer; for a syntax error the text says
 * line and column) and what was expected.
 */

review_rubric_t *review_rubric_load(review_pool_t *pool, const char *data,
    size_t len, review_error_t *err);

extern const review_member_t  review_rubric_members[];
extern const review_member_t  review_point_members[];

/*
 * Of points that are asked together: their schemas have so many values at most.
 * Adds up *values, which is 0 before the first; returns 0 or -1.
 */

int review_rubric_schemas(review_point_t *point, size_t *values,
    const char *pointer, review_error_t *err);

/*
 * The same of an object in a request, which is a client's, see below.  Returns
 * 0 or -1.
 */

int review_rubric_read(review_pool_t *pool, json_t *json, const char *pointer,
    review_rubric_t *rubric, review_error_t *err);

/*
 * Loads one point, as a request carries it, which is a client's: of parameters
 * it has no more than such a one may set.  The pointers in *err
 * begin with "pointer" ("/points/3").  The JSON value must outlive the pool's
 * users: the point borrows its strings.  Returns 0 or -1.
 */

int review_rubric_point_load(review_pool_t *pool, json_t *json,
    const char *pointer, review_point_t *point, review_error_t *err);

/* what people call a value that has to agree: its schema's title, or name */

review_str_t review_rubric_agree_title(const review_point_t *point, size_t n);

/* the point of that id, or NULL */

review_point_t *review_rubric_point(review_rubric_t *rubric, const char *id,
    size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_RUBRIC_H_INCLUDED_ */

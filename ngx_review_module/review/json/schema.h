
/*
 * JSON Schema, as much of it as answers of LLMs need: type, enum, const,
 * properties, required, additionalProperties, items, minItems, maxItems,
 * minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * anyOf.  Annotations (title, description, default, examples, format, $schema,
 * $id, $comment) are allowed and mean nothing.
 */

#ifndef _REVIEW_SCHEMA_H_INCLUDED_
#define _REVIEW_SCHEMA_H_INCLUDED_


#include "review/base/review.h"
#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


/* in a schema, annotations included; elements of an enum, or of required */

#define REVIEW_SCHEMA_VALUES  5000
#define REVIEW_SCHEMA_LIST    1000

/* in all schemas that are shown to an LLM together */

#define REVIEW_SCHEMA_ALL     50000


/* the values in a schema, or at least "max" */

size_t review_schema_size(json_t *schema, size_t max);

/*
 * Is this a schema that we can check?  A keyword we don't know is an error: a
 * check silently left out would be no check.  Pointers are prefixed with
 * "pointer".
 */

int review_schema_check(json_t *schema, const char *pointer,
    review_error_t *err);

/*
 * Does the value satisfy the schema?  Pointers are prefixed likewise.  What
 * takes too many steps to tell does not: of each value that is some
 * milliseconds, whatever the schema.
 */

int review_schema_validate(json_t *schema, json_t *value, const char *pointer,
    review_error_t *err);

/*
 * A schema that was checked, for a server that has an answer's form enforced:
 * annotations are left out, but for descriptions
 */

void review_schema_write(review_buf_t *b, const char *name, json_t *schema);


#pragma GCC visibility pop


#endif /* _REVIEW_SCHEMA_H_INCLUDED_ */

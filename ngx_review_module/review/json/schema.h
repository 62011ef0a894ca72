
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

#pragma GCC visibility push(hidden)


/*
 * Is this a schema that we can check?  A keyword we don't know is an error: a
 * check silently left out would be no check.  Pointers are prefixed with
 * "pointer".
 */

int review_schema_check(json_t *schema, const char *pointer,
    review_error_t *err);

/* does the value satisfy the schema?  Pointers are prefixed likewise */

int review_schema_validate(json_t *schema, json_t *value, const char *pointer,
    review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_SCHEMA_H_INCLUDED_ */


/* For the two files that read a task. */

#ifndef _REVIEW_TASK_SHARED_H_INCLUDED_
#define _REVIEW_TASK_SHARED_H_INCLUDED_


#include "review/request/task_request.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_pool_t              *pool;
    const review_task_given_t  *given;
    review_task_request_t      *request;
    double                      deadline;
    int                         dry_run;
} review_task_reading_t;


/* task_documents.c: members, read by review_json_object() */

extern const review_member_t  review_task_document_members[];

int review_task_documents_one(void *data, json_t *json, const char *pointer,
    review_error_t *err);
int review_task_documents_several(void *data, json_t *list,
    const char *pointer, review_error_t *err);
int review_task_documents_references(void *data, json_t *list,
    const char *pointer, review_error_t *err);


#pragma GCC visibility pop


#endif /* _REVIEW_TASK_SHARED_H_INCLUDED_ */

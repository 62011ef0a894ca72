
/* What a client is told of an object store that has failed, or refused. */

#include "http/store/ngx_http_review_store.h"
#include "http/request/ngx_http_review_reply.h"


void
ngx_http_review_s3_problem_log(ngx_http_review_s3_t *op, const char *what)
{
    ngx_log_error(NGX_LOG_ERR, op->log, 0, "object store \"%V\": %s%s%s%s",
                  &op->store->name, op->code, op->message[0] ? ": " : "",
                  op->message, what);
}


/* whose fault is it that the store has refused? */

static ngx_uint_t
ngx_http_review_s3_refused(ngx_http_review_s3_t *op)
{
    switch (op->status) {

    case NGX_HTTP_NOT_FOUND:
        return op->said == REVIEW_S3_NO_BUCKET
               ? NGX_HTTP_BAD_GATEWAY : NGX_HTTP_NOT_FOUND;

    case NGX_HTTP_CONFLICT:
    case NGX_HTTP_PRECONDITION_FAILED:
    case NGX_HTTP_RANGE_NOT_SATISFIABLE:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return op->status;

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return NGX_HTTP_SERVICE_UNAVAILABLE;

    case NGX_HTTP_BAD_REQUEST:

        if (op->said == REVIEW_S3_TOO_LARGE) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        if (op->said == REVIEW_S3_BAD_REQUEST) {
            return NGX_HTTP_BAD_REQUEST;
        }
    }

    return NGX_HTTP_BAD_GATEWAY;
}


ngx_int_t
ngx_http_review_s3_problem(ngx_http_review_ctx_t *ctx,
    ngx_http_review_s3_t *op, const char *pointer)
{
    ngx_uint_t  status;

    status = op->result == REVIEW_CODE_OK ? ngx_http_review_s3_refused(op)
                                          : review_code_status(op->result);

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_http_review_s3_problem_log(op, "");
    }

    /* where the store is, is no matter of the client's */

    if (op->result != REVIEW_CODE_OK) {
        return ngx_http_review_refuse(ctx, status, pointer,
                                      review_code_sentence(op->result),
                                      "the object store");
    }

    /* what the store says then is about keys that are not the client's */

    if (op->status == NGX_HTTP_FORBIDDEN
        || op->status == NGX_HTTP_UNAUTHORIZED)
    {
        return ngx_http_review_refuse(ctx, status, pointer,
                                      "the object store refuses this "
                                      "server's key: %s", op->code);
    }

    /* what is not there, is the request's URL, or a name in its body */

    if (status == NGX_HTTP_NOT_FOUND) {
        return ngx_http_review_problem(ctx, pointer ? NGX_HTTP_UNPROCESSABLE
                                                    : NGX_HTTP_NOT_FOUND,
                                       pointer, "there is no such object");
    }

    return ngx_http_review_refuse(ctx, status, pointer,
                                  "the object store: %s%s%s", op->code,
                                  op->message[0] ? ": " : "", op->message);
}

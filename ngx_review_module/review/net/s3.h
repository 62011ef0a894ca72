
/* What is said to and by an object store that speaks S3's language. */

#ifndef _REVIEW_S3_H_INCLUDED_
#define _REVIEW_S3_H_INCLUDED_


#include "review/base/buf.h"

#pragma GCC visibility push(hidden)


typedef struct {
    review_str_t         key;
    review_str_t         etag;          /* without quotes */
    review_str_t         modified;      /* as it was written */
    uint64_t             size;
} review_s3_object_t;


typedef struct {
    review_s3_object_t  *objects;
    size_t               nobjects;
    review_str_t        *prefixes;      /* "folders", up to the delimiter */
    size_t               nprefixes;
    review_str_t         next;          /* where to go on */
    unsigned             truncated:1;
} review_s3_list_t;


/*
 * A key or a parameter, percent-encoded as signatures want it: only letters,
 * digits, "-", ".", "_" and "~" stay, in paths "/" too.
 */

void review_s3_encode(review_buf_t *b, const char *data, size_t len,
    int path);

/*
 * Why it can't be a key, as a verb and its object; NULL: it can.  Some on the
 * way to a store would take "." and ".." for folders, and lead to another
 * bucket.
 */

#define REVIEW_S3_KEY  1024             /* bytes, S3's limit */

const char *review_s3_bad_key(const char *key, size_t len);

/*
 * The text of the first element of that path; 0, or -1: there is none, or it
 * is not XML.
 */

int review_s3_value(review_pool_t *pool, const char *data, size_t len,
    const char *path, review_str_t *value);

/* the code of an error, as far as anything follows from it */

typedef enum {
    REVIEW_S3_OTHER = 0,
    REVIEW_S3_NO_BUCKET,
    REVIEW_S3_NO_UPLOAD,
    REVIEW_S3_TOO_LARGE,
    REVIEW_S3_BAD_REQUEST,              /* it is the client's fault */
    REVIEW_S3_BUSY                      /* another try is worth it */
} review_s3_error_e;

review_s3_error_e review_s3_error(const review_str_t *code);

/* an answer to ListObjectsV2; -1: it is not one, or no memory */

int review_s3_list(review_pool_t *pool, const char *data, size_t len,
    review_s3_list_t *list);

/* {"objects":[{"key","size","etag","last_modified"}],"prefixes",...} */

void review_s3_list_json(review_buf_t *b, const review_s3_list_t *list);

/* the body of CompleteMultipartUpload: the ETags of its parts, as they came */

void review_s3_complete(review_buf_t *b, const review_str_t *etags, size_t n);

/*
 * Is the ETag of the usual form: an MD5 in hexadecimal, of many parts with "-"
 * and their number behind it?  Returns 0: no, 1: yes, and it is this one,
 * -1: yes, and it is another.
 */

int review_s3_etag(const char *etag, size_t len, const unsigned char *md5,
    size_t parts);


#pragma GCC visibility pop


#endif /* _REVIEW_S3_H_INCLUDED_ */

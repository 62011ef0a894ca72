
/*
 * What the lower floor shares.  Nothing here knows nginx: text in, structures
 * out.
 */

#ifndef _REVIEW_H_INCLUDED_
#define _REVIEW_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <jansson.h>

#pragma GCC visibility push(hidden)


/* a text that is not null-terminated and is not owned */

typedef struct {
    size_t         len;
    const char    *data;
} review_str_t;

#define review_string(str)     { sizeof(str) - 1, str }


/*
 * Where memory comes from: the owner of the pool frees all of it at once
 * (nginx: a request's or a configuration's pool).  "cleanup" has "handler"
 * called with "data" when that happens; it returns 0, or -1 if it could not
 * be arranged, and then calls nothing.
 */

typedef struct review_pool_s  review_pool_t;

struct review_pool_s {
    void        *(*alloc)(review_pool_t *pool, size_t size);
    int          (*cleanup)(review_pool_t *pool, void (*handler)(void *),
                            void *data);
    void          *ctx;
};

#define review_alloc(pool, size)  (pool)->alloc(pool, size)


/* makes the pool decref "json" at its end; on failure decrefs it at once */

int review_pool_own_json(review_pool_t *pool, json_t *json);


/* what is wrong with somebody's JSON, and where: an RFC 6901 pointer */

#define REVIEW_ERROR_POINTER  256
#define REVIEW_ERROR_TEXT     256

typedef struct {
    char           pointer[REVIEW_ERROR_POINTER];
    char           text[REVIEW_ERROR_TEXT];
} review_error_t;

/* formats the text; always returns -1, to be returned by the caller */

int review_error(review_error_t *err, const char *pointer, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a client's request; returns "status": 400 for a wrong form, 413
 * for what is too long, 422 for what is right in form, but cannot be done.
 */

#define review_refuse(err, status, ...)                                       \
    ((void) review_error(err, __VA_ARGS__), (status))


typedef enum {
    REVIEW_VERDICT_PASS = 0,
    REVIEW_VERDICT_RISK,
    REVIEW_VERDICT_FAIL,
    REVIEW_VERDICT_NOT_APPLICABLE,
    REVIEW_VERDICT_UNSURE
} review_verdict_e;

typedef enum {
    REVIEW_SEVERITY_FATAL = 0,
    REVIEW_SEVERITY_MAJOR,
    REVIEW_SEVERITY_MINOR,
    REVIEW_SEVERITY_INFO
} review_severity_e;

/* names, in the order of the enumerations, NULL at the end */

extern const char *const  review_verdicts[];
extern const char *const  review_severities[];

/* what a person is warned of: a set of bits, in the order of the names */

#define REVIEW_WARNING_INJECTION   0x01  /* a text speaks to the reviewer */
#define REVIEW_WARNING_PROMPT_CUT  0x02  /* not all of a prompt was read */

extern const char *const  review_warnings[];

/* what of an answer was taken for what it may mean, or left out: a set */

#define REVIEW_NOTE_VERDICT_MAPPED      0x001
#define REVIEW_NOTE_NAMES_MAPPED        0x002
#define REVIEW_NOTE_SEVERITY_MAPPED     0x004
#define REVIEW_NOTE_SEVERITY_DROPPED    0x008
#define REVIEW_NOTE_CONFIDENCE_MAPPED   0x010
#define REVIEW_NOTE_CONFIDENCE_DROPPED  0x020
#define REVIEW_NOTE_REASON_MAPPED       0x040
#define REVIEW_NOTE_REASON_DROPPED      0x080
#define REVIEW_NOTE_SUGGESTION_MAPPED   0x100
#define REVIEW_NOTE_SUGGESTION_DROPPED  0x200
#define REVIEW_NOTE_QUOTE_DROPPED       0x400

extern const char *const  review_notes[];

/* an index into such a list of names, or -1 */

int review_name_index(const char *const *names, const char *name, size_t len);


#pragma GCC visibility pop


#endif /* _REVIEW_H_INCLUDED_ */

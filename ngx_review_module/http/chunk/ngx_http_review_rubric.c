
/* Rubrics in the configuration, and the regexes of their points. */

#include "http/chunk/ngx_http_review_chunk.h"


/*
 * A regex of a rubric is not trusted to be a good one: past this number of
 * steps a match is given up.  PCRE counts from each starting place anew and
 * does not count what it makes possessive by itself, so a pattern gets one
 * starting place only, from which it looks for its own, and stays as it is.
 */

#if (NGX_PCRE2)
#define NGX_HTTP_REVIEW_REGEX_HEAP   "(*LIMIT_HEAP=65536)"
#else
#define NGX_HTTP_REVIEW_REGEX_HEAP   ""
#endif

#define NGX_HTTP_REVIEW_UTF  "(*UTF)"

#define NGX_HTTP_REVIEW_REGEX                                                 \
    NGX_HTTP_REVIEW_UTF "(*UCP)(*NO_AUTO_POSSESS)(*LIMIT_MATCH=5000000)"      \
    NGX_HTTP_REVIEW_REGEX_HEAP "\\A(?s:.*?)\\K(?:"

/* for all regexes of a review together, in milliseconds */

#define NGX_HTTP_REVIEW_REGEX_TIME   500

#define NGX_HTTP_REVIEW_MAX_RUBRIC  (16 * 1024 * 1024)


static ngx_int_t ngx_http_review_rubric_point_compile(ngx_pool_t *pool,
    review_point_t *point, const char *pointer, review_error_t *err);
static review_rubric_t *ngx_http_review_rubric_named(void *data,
    const review_str_t *name);
static int ngx_http_review_rubric_compile(void *data, review_point_t *point,
    const char *pointer, review_error_t *err);


static ngx_int_t
ngx_http_review_rubric_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text)
{
    off_t        size;
    ssize_t      n;
    ngx_file_t   file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *name;
    file.log = cf->log;

    /* a pipe must not keep nginx waiting before it is refused */

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                            NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    n = NGX_ERROR;

    if (ngx_fd_info(file.fd, &file.info) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    size = ngx_file_size(&file.info);

    if (!ngx_is_file(&file.info) || size > NGX_HTTP_REVIEW_MAX_RUBRIC) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "rubric \"%V\" is not a file of at most %d bytes",
                           name, NGX_HTTP_REVIEW_MAX_RUBRIC);
        goto done;
    }

    text->data = ngx_palloc(cf->pool, size + 1);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text->data, size, 0);
    text->len = n;

    if (n != NGX_ERROR && n != size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           ngx_read_file_n " \"%V\" returned only %z bytes",
                           name, n);
        n = NGX_ERROR;
    }

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", name);
    }

    return n == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_review_rubric_compile_points(ngx_conf_t *cf, review_rubric_t *rubric,
    review_error_t *err)
{
    char    pointer[sizeof("/points/") + NGX_INT_T_LEN];
    size_t  i;

    for (i = 0; i < rubric->npoints; i++) {
        *ngx_sprintf((u_char *) pointer, "/points/%uz", i) = '\0';

        if (ngx_http_review_rubric_point_compile(cf->pool, &rubric->points[i],
                                                 pointer, err)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_review_rubric(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_chunk_main_conf_t *rmcf = conf;

    ngx_str_t                       *value, file, text;
    review_pool_t                   *pool;
    review_error_t                   err;
    review_rubric_t                 *rubric;
    ngx_http_review_named_rubric_t  *named;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    if (ngx_http_review_rubric_find(rmcf, (char *) value[1].data,
                                    value[1].len))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate rubric \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    file = value[2];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_review_rubric_read_file(cf, &file, &text) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pool = ngx_http_review_pool(cf->pool);
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&err, sizeof(review_error_t));

    rubric = review_rubric_load(pool, (char *) text.data, text.len, &err);

    if (rubric == NULL
        || ngx_http_review_rubric_compile_points(cf, rubric, &err) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "rubric \"%V\": %s%s%s", &file, err.pointer,
                           err.pointer[0] ? ": " : "", err.text);
        return NGX_CONF_ERROR;
    }

    named = ngx_array_push(&rmcf->rubrics);
    if (named == NULL) {
        return NGX_CONF_ERROR;
    }

    named->name = value[1];
    named->rubric = rubric;

    return NGX_CONF_OK;
}


/* by the name in the configuration, which need not be that in the file */

review_rubric_t *
ngx_http_review_rubric_find(ngx_http_review_chunk_main_conf_t *rmcf,
    const char *name, size_t len)
{
    ngx_uint_t                       i;
    ngx_http_review_named_rubric_t  *named;

    named = rmcf->rubrics.elts;

    for (i = 0; i < rmcf->rubrics.nelts; i++) {
        if (named[i].name.len == len
            && ngx_strncmp(named[i].name.data, name, len) == 0)
        {
            return named[i].rubric;
        }
    }

    return NULL;
}


void
ngx_http_review_rubric_all(ngx_http_review_ctx_t *ctx, review_rubrics_t *given)
{
    given->rubric = ngx_http_review_chunk_conf(ctx)->rubric;
    given->find = ngx_http_review_rubric_named;
    given->compile = ngx_http_review_rubric_compile;
    given->data = ctx->request;
}


static review_rubric_t *
ngx_http_review_rubric_named(void *data, const review_str_t *name)
{
    return ngx_http_review_rubric_find(
               ngx_http_get_module_main_conf((ngx_http_request_t *) data,
                                             ngx_http_review_chunk_module),
               name->data, name->len);
}


static int
ngx_http_review_rubric_compile(void *data, review_point_t *point,
    const char *pointer, review_error_t *err)
{
    ngx_http_request_t *r = data;

    return ngx_http_review_rubric_point_compile(r->pool, point, pointer, err);
}


static ngx_int_t
ngx_http_review_rubric_regex_build(ngx_pool_t *pool, ngx_regex_compile_t *rc,
    const char *before, review_str_t *pattern, const char *after)
{
    u_char  *p;

    p = ngx_pnalloc(pool, ngx_strlen(before) + pattern->len
                          + ngx_strlen(after) + 1);
    if (p == NULL) {
        rc->err.len = 0;
        return NGX_ERROR;
    }

    rc->pattern.data = p;

    p = ngx_cpymem(p, before, ngx_strlen(before));
    p = ngx_cpymem(p, pattern->data, pattern->len);
    p = ngx_cpymem(p, after, ngx_strlen(after));
    *p = '\0';

    rc->pattern.len = p - rc->pattern.data;
    rc->pool = pool;
    rc->err.len = NGX_MAX_CONF_ERRSTR;

    return ngx_regex_compile(rc);
}


/* what we put before a pattern is not its author's concern */

static void
ngx_http_review_rubric_regex_hide(ngx_str_t *message)
{
    u_char  *p;
    size_t   len;

    len = sizeof(NGX_HTTP_REVIEW_UTF) - 1;

    p = ngx_strlcasestrn(message->data, message->data + message->len,
                         (u_char *) NGX_HTTP_REVIEW_UTF, len - 1);

    if (p) {
        message->len -= len;
        ngx_memmove(p, p + len, message->data + message->len - p);
    }
}


/* first on its own: errors, and what would end a group, are its author's */

static ngx_int_t
ngx_http_review_rubric_regex_compile(ngx_pool_t *pool, review_str_t *pattern,
    const char *pointer, const char *member, void **regex,
    review_error_t *err)
{
    u_char               errstr[NGX_MAX_CONF_ERRSTR];
    char                 at[REVIEW_ERROR_POINTER];
    ngx_regex_compile_t  rc;

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    rc.err.data = errstr;

    *ngx_snprintf((u_char *) at, sizeof(at) - 1, "%s%s", pointer, member)
        = '\0';

    if (ngx_http_review_rubric_regex_build(pool, &rc, NGX_HTTP_REVIEW_UTF,
                                           pattern, "") != NGX_OK)
    {
        ngx_http_review_rubric_regex_hide(&rc.err);

        return review_error(err, at, "is not a valid regex: %.*s",
                            (int) rc.err.len, (char *) rc.err.data);
    }

    /* with (?x) a comment at the end would take the group's end with it */

    if (ngx_http_review_rubric_regex_build(pool, &rc, NGX_HTTP_REVIEW_REGEX,
                                           pattern, ")") != NGX_OK
        && ngx_http_review_rubric_regex_build(pool, &rc, NGX_HTTP_REVIEW_REGEX,
                                              pattern, "\n)") != NGX_OK)
    {
        return review_error(err, at, "must not begin with a setting such as "
                            "(*UTF)");
    }

    *regex = rc.regex;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_rubric_point_compile(ngx_pool_t *pool, review_point_t *point,
    const char *pointer, review_error_t *err)
{
    if (point->when.data
        && ngx_http_review_rubric_regex_compile(pool, &point->when, pointer,
                                                "/when", &point->when_regex,
                                                err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (point->rule
        && ngx_http_review_rubric_regex_compile(pool, &point->rule->pattern,
                                                pointer, point->rule->member,
                                                &point->rule->regex, err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* microseconds of this thread: a busy machine makes no regex a slow one */

static uint64_t
ngx_http_review_rubric_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


ngx_int_t
ngx_http_review_rubric_regex(ngx_http_review_chunk_t *chunk, void *regex,
    ngx_int_t *captures)
{
    int        ovector[3];
    uint64_t   started;
    ngx_int_t  n;
    ngx_str_t  s;

    s.data = (u_char *) chunk->subject.chunk.data;
    s.len = chunk->subject.chunk.len;

    if (chunk->regex_time > NGX_HTTP_REVIEW_REGEX_TIME * 1000) {
        ngx_log_error(NGX_LOG_WARN, chunk->ctx.request->connection->log, 0,
                      "review: regexes took too long, another is left out");
        return NGX_ERROR;
    }

    started = ngx_http_review_rubric_clock();

    n = ngx_regex_exec((ngx_regex_t *) regex, &s, ovector, 3);

    chunk->regex_time += ngx_http_review_rubric_clock() - started;

    if (n >= 0) {
        /* a \K of the pattern's own may place its start behind its end */

        captures[0] = ngx_min(ovector[0], ovector[1]);
        captures[1] = ovector[1];
        return NGX_OK;
    }

    if (n == NGX_REGEX_NO_MATCHED) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_WARN, chunk->ctx.request->connection->log, 0,
                  "review: a regex gave up on a text of %uz bytes, "
                  ngx_regex_exec_n " returned %i", s.len, n);

    return NGX_ERROR;
}

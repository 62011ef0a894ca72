
/* Rubrics in the configuration, and the regexes of their points. */

#include "ngx_http_review.h"


/*
 * A regex of a rubric is not trusted to be a good one: past this number of
 * steps from one place in the text a match is given up.
 */

#define NGX_HTTP_REVIEW_REGEX  "(*UTF)(*UCP)(*LIMIT_MATCH=100000)"

#define NGX_HTTP_REVIEW_MAX_RUBRIC  (16 * 1024 * 1024)


static ngx_int_t
ngx_http_review_read_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
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
ngx_http_review_compile_points(ngx_conf_t *cf, review_rubric_t *rubric,
    review_error_t *err)
{
    char    pointer[sizeof("/points/") + NGX_INT_T_LEN];
    size_t  i;

    for (i = 0; i < rubric->npoints; i++) {
        *ngx_sprintf((u_char *) pointer, "/points/%uz", i) = '\0';

        if (ngx_http_review_point_compile(cf->pool, &rubric->points[i],
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
    ngx_http_review_main_conf_t *rmcf = conf;

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
        || ngx_http_review_read_file(cf, &file, &text) != NGX_OK)
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
        || ngx_http_review_compile_points(cf, rubric, &err) != NGX_OK)
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
ngx_http_review_rubric_find(ngx_http_review_main_conf_t *rmcf,
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


/* what we put before a pattern is not its author's concern */

static void
ngx_http_review_regex_hide(ngx_str_t *message)
{
    u_char  *p;
    size_t   len;

    len = sizeof(NGX_HTTP_REVIEW_REGEX) - 1;

    p = ngx_strlcasestrn(message->data, message->data + message->len,
                         (u_char *) NGX_HTTP_REVIEW_REGEX, len - 1);

    if (p) {
        message->len -= len;
        ngx_memmove(p, p + len, message->data + message->len - p);
    }
}


static ngx_int_t
ngx_http_review_regex_compile(ngx_pool_t *pool, review_str_t *pattern,
    const char *pointer, const char *member, void **regex,
    review_error_t *err)
{
    u_char               *p;
    u_char                errstr[NGX_MAX_CONF_ERRSTR];
    char                  at[REVIEW_ERROR_POINTER];
    ngx_regex_compile_t   rc;

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    rc.pattern.len = sizeof(NGX_HTTP_REVIEW_REGEX) - 1 + pattern->len;
    rc.pattern.data = ngx_pnalloc(pool, rc.pattern.len + 1);

    if (rc.pattern.data == NULL) {
        return review_error(err, pointer, "no memory");
    }

    p = ngx_cpymem(rc.pattern.data, NGX_HTTP_REVIEW_REGEX,
                   sizeof(NGX_HTTP_REVIEW_REGEX) - 1);
    p = ngx_cpymem(p, pattern->data, pattern->len);
    *p = '\0';

    rc.pool = pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) != NGX_OK) {
        *ngx_snprintf((u_char *) at, sizeof(at) - 1, "%s%s", pointer, member)
            = '\0';

        ngx_http_review_regex_hide(&rc.err);

        return review_error(err, at, "is not a valid regex: %.*s",
                            (int) rc.err.len, (char *) rc.err.data);
    }

    *regex = rc.regex;

    return NGX_OK;
}


ngx_int_t
ngx_http_review_point_compile(ngx_pool_t *pool, review_point_t *point,
    const char *pointer, review_error_t *err)
{
    if (point->when.data
        && ngx_http_review_regex_compile(pool, &point->when, pointer, "/when",
                                         &point->when_regex, err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (point->rule
        && ngx_http_review_regex_compile(pool, &point->rule->pattern, pointer,
                                         point->rule->member,
                                         &point->rule->regex, err)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_review_regex(void *regex, review_str_t *text, ngx_int_t *captures,
    ngx_log_t *log)
{
    int        ovector[3];
    ngx_int_t  n;
    ngx_str_t  s;

    s.data = (u_char *) text->data;
    s.len = text->len;

    n = ngx_regex_exec((ngx_regex_t *) regex, &s, ovector, 3);

    if (n >= 0) {
        captures[0] = ovector[0];
        captures[1] = ovector[1];
        return NGX_OK;
    }

    if (n == NGX_REGEX_NO_MATCHED) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "review: a regex gave up on a text of %uz bytes, "
                  ngx_regex_exec_n " returned %i", s.len, n);

    return NGX_ERROR;
}

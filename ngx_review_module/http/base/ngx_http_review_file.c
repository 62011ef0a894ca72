
/* Files that directives name: read whole, at each load of the configuration. */

#include "http/base/ngx_http_review_base.h"


/* bytes of a key, with what stands around it */

#define NGX_HTTP_REVIEW_FILE_KEY  (8 * 1024)

#define NGX_HTTP_REVIEW_FILE_BEARER  "Bearer "


ngx_int_t
ngx_http_review_file_read(ngx_conf_t *cf, ngx_str_t *name, const char *what,
    size_t max, ngx_str_t *text)
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

    if (!ngx_is_file(&file.info) || size > (off_t) max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s \"%V\" is not a file of at most %uz bytes",
                           what, name, max);
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


static ngx_uint_t
ngx_http_review_file_is_blank(u_char c)
{
    return c == ' ' || c == '\t' || c == LF || c == CR;
}


/* nothing of the key itself is told of it: messages are kept in logs */

ngx_int_t
ngx_http_review_file_key(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *authorization)
{
    u_char     *p;
    size_t      i;
    ngx_str_t   file, key;

    file = *name;

    if (file.len == 0) {
        return NGX_DECLINED;
    }

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_review_file_read(cf, &file, "key",
                                     NGX_HTTP_REVIEW_FILE_KEY, &key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    while (key.len && ngx_http_review_file_is_blank(key.data[key.len - 1])) {
        key.len--;
    }

    while (key.len && ngx_http_review_file_is_blank(key.data[0])) {
        key.data++;
        key.len--;
    }

    for (i = 0; i < key.len; i++) {
        if (key.data[i] <= ' ' || key.data[i] >= 0x7f) {
            break;
        }
    }

    if (key.len == 0 || i < key.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "key \"%V\" must be one word of printable ASCII",
                           &file);
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, sizeof(NGX_HTTP_REVIEW_FILE_BEARER) + key.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    authorization->data = p;
    authorization->len = ngx_sprintf(p, NGX_HTTP_REVIEW_FILE_BEARER "%V", &key)
                         - p;

    return NGX_OK;
}

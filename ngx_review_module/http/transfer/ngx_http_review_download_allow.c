
/*
 * Whom a download may talk to.  The name in a URL is checked before anything
 * is done, and the address it has led to when it is connected to: a name's
 * owner may let it lead anywhere, and elsewhere the next time.
 */

#include "http/transfer/ngx_http_review_download.h"


char *
ngx_http_review_fetch_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_transfer_conf_t *rlcf = conf;

    ngx_str_t       *value;
    ngx_uint_t       i;
    review_pool_t   *pool;
    review_allow_t  *allow;

    value = cf->args->elts;
    pool = ngx_http_review_pool(cf->pool);

    if (rlcf->fetch_allow == NGX_CONF_UNSET_PTR) {
        rlcf->fetch_allow = ngx_array_create(cf->pool, 4,
                                             sizeof(review_allow_t));
    }

    if (pool == NULL || rlcf->fetch_allow == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "off") == 0) {
            return cf->args->nelts == 2 && rlcf->fetch_allow->nelts == 0
                   ? NGX_CONF_OK : "allows something, or is \"off\"";
        }

        allow = ngx_array_push(rlcf->fetch_allow);

        if (allow == NULL) {
            return NGX_CONF_ERROR;
        }

        if (review_allow_parse(pool, (char *) value[i].data, value[i].len,
                               allow)
            != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is neither a name, nor \"*.name\", nor "
                               "an address, nor a network", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


review_code_t
ngx_http_review_download_why_bad(review_url_e rc)
{
    switch (rc) {

    case REVIEW_URL_SCHEME:
        return REVIEW_CODE_BAD_SCHEME;

    case REVIEW_URL_USERINFO:
        return REVIEW_CODE_USERINFO;

    case REVIEW_URL_DOWNGRADE:
        return REVIEW_CODE_DOWNGRADE;

    default:
        return REVIEW_CODE_BAD_URL;
    }
}


review_code_t
ngx_http_review_download_why_not(ngx_http_review_ctx_t *ctx, review_url_t *url)
{
    ngx_array_t  *list;

    list = ngx_http_review_transfer_conf(ctx)->fetch_allow;

    if (url->host.len) {
        return list && review_allow_name(list->elts, list->nelts, &url->host,
                                         url->port)
               ? REVIEW_CODE_OK : REVIEW_CODE_HOST_NOT_ALLOWED;
    }

    return list && review_allow_address(list->elts, list->nelts,
                                        &url->address, url->port)
           ? REVIEW_CODE_OK : REVIEW_CODE_ADDRESS_NOT_ALLOWED;
}


ngx_uint_t
ngx_http_review_download_may_connect(ngx_http_review_ctx_t *ctx,
    review_url_t *url, struct sockaddr *sockaddr)
{
    ngx_array_t       *list;
    in_port_t          port;
    review_address_t   address;

    switch (sockaddr->sa_family) {

    case AF_INET:
        port = ((struct sockaddr_in *) sockaddr)->sin_port;
        review_address_v4(&address,
                          &((struct sockaddr_in *) sockaddr)->sin_addr);
        break;

    case AF_INET6:
        port = ((struct sockaddr_in6 *) sockaddr)->sin6_port;
        review_address_v6(&address,
                          &((struct sockaddr_in6 *) sockaddr)->sin6_addr);
        break;

    default:
        return 0;
    }

    if (url->host.len && review_address_public(&address)) {
        return 1;
    }

    list = ngx_http_review_transfer_conf(ctx)->fetch_allow;

    return review_allow_address(list->elts, list->nelts, &address,
                                ntohs(port));
}

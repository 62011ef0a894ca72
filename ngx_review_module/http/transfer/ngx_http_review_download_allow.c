
/*
 * Whom a download may talk to.  The name in a URL is checked before anything
 * is done, and the address it has led to when it is connected to: a name's
 * owner may let it lead anywhere, and elsewhere the next time.
 */

#include "http/transfer/ngx_http_review_download.h"


/* one of "example.com", "*.example.com:8443", "10.1.2.3:80", "fd00::/8" */

typedef struct {
    review_str_t   name;                /* in lower case; empty: a network */
    ngx_cidr_t     cidr;
    in_port_t      port;                /* 0: any */
    unsigned       sub:1;               /* all names below, not itself */
} ngx_http_review_download_allow_t;


/* takes ":port" off the end; an IPv6 address has brackets then */

static ngx_int_t
ngx_http_review_download_allow_port(ngx_str_t *host, in_port_t *port)
{
    u_char     *p, *last;
    ngx_int_t   n;

    last = host->data + host->len;

    if (host->len && host->data[0] == '[') {
        p = ngx_strlchr(host->data, last, ']');

        if (p == NULL) {
            return NGX_ERROR;
        }

        host->data++;
        host->len = p++ - host->data;

        if (p == last) {
            return NGX_OK;
        }

    } else {
        p = ngx_strlchr(host->data, last, ':');

        if (p == NULL || ngx_strlchr(p + 1, last, ':')) {
            return NGX_OK;
        }

        host->len = p - host->data;
    }

    n = *p == ':' ? ngx_atoi(p + 1, last - p - 1) : NGX_ERROR;
    *port = n;

    return n > 0 && n <= 65535 ? NGX_OK : NGX_ERROR;
}


/* of addresses that wrap IPv4 nginx looks at what they wrap, in networks not */

static void
ngx_http_review_download_allow_unwrap(ngx_cidr_t *cidr)
{
    ngx_in6_cidr_t  in6;

    in6 = cidr->u.in6;

    if (cidr->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6.addr)) {
        cidr->family = AF_INET;
        ngx_memcpy(&cidr->u.in.addr, &in6.addr.s6_addr[12], 4);
        ngx_memcpy(&cidr->u.in.mask, &in6.mask.s6_addr[12], 4);
    }
}


static ngx_int_t
ngx_http_review_download_allow_add(ngx_conf_t *cf, ngx_str_t host,
    ngx_http_review_download_allow_t *allow)
{
    char  *name;

    ngx_memzero(allow, sizeof(ngx_http_review_download_allow_t));

    if (ngx_http_review_download_allow_port(&host, &allow->port) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_ptocidr(&host, &allow->cidr) != NGX_ERROR) {
        ngx_http_review_download_allow_unwrap(&allow->cidr);
        return NGX_OK;
    }

    if (host.len > 2 && ngx_strncmp(host.data, "*.", 2) == 0) {
        allow->sub = 1;
        host.data += 2;
        host.len -= 2;
    }

    name = ngx_pnalloc(cf->pool, host.len + 1);
    if (name == NULL) {
        return NGX_ERROR;
    }

    allow->name.data = name;
    allow->name.len = review_address_host_name(name, (char *) host.data,
                                               host.len);

    return allow->name.len ? NGX_OK : NGX_ERROR;
}


char *
ngx_http_review_fetch_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_transfer_conf_t *rlcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_review_download_allow_t  *allow;

    value = cf->args->elts;

    if (rlcf->fetch_allow == NGX_CONF_UNSET_PTR) {
        rlcf->fetch_allow = ngx_array_create(cf->pool, 4,
                                   sizeof(ngx_http_review_download_allow_t));
    }

    if (rlcf->fetch_allow == NULL) {
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

        if (ngx_http_review_download_allow_add(cf, value[i], allow) != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is neither a name, nor \"*.name\", nor "
                               "an address, nor a network", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_review_download_allow_name(ngx_http_review_download_allow_t *allow,
    review_str_t *name)
{
    size_t  above;

    if (allow->name.len == 0 || allow->name.len > name->len) {
        return 0;
    }

    above = name->len - allow->name.len;

    if (ngx_memcmp(name->data + above, allow->name.data, allow->name.len)
        != 0)
    {
        return 0;
    }

    return allow->sub ? above > 1 && name->data[above - 1] == '.'
                      : above == 0;
}


/* is there an entry for the name, or the address if there is none? */

static ngx_uint_t
ngx_http_review_download_allow_has(ngx_http_review_ctx_t *ctx,
    review_str_t *name, struct sockaddr *sockaddr, in_port_t port)
{
    ngx_uint_t                         i, same;
    ngx_array_t                       *list, one;
    ngx_http_review_download_allow_t  *allow;

    list = ngx_http_review_transfer_conf(ctx)->fetch_allow;

    if (list == NULL) {
        return 0;
    }

    allow = list->elts;
    one.nelts = 1;

    for (i = 0; i < list->nelts; i++) {

        if (allow[i].port && allow[i].port != port) {
            continue;
        }

        if (name) {
            same = ngx_http_review_download_allow_name(&allow[i], name);

        } else {
            one.elts = &allow[i].cidr;
            same = allow[i].name.len == 0
                   && ngx_cidr_match(sockaddr, &one) == NGX_OK;
        }

        if (same) {
            return 1;
        }
    }

    return 0;
}


review_code_t
ngx_http_review_download_allow_why_bad(review_url_e rc)
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
ngx_http_review_download_allow_why_not(ngx_http_review_ctx_t *ctx,
    review_url_t *url)
{
    struct sockaddr_in6  sin6;

    if (url->host.len) {
        return ngx_http_review_download_allow_has(ctx, &url->host, NULL,
                                                  url->port)
               ? REVIEW_CODE_OK : REVIEW_CODE_HOST_NOT_ALLOWED;
    }

    ngx_memzero(&sin6, sizeof(struct sockaddr_in6));

    sin6.sin6_family = AF_INET6;
    ngx_memcpy(&sin6.sin6_addr, url->address.bytes, 16);

    return ngx_http_review_download_allow_has(ctx, NULL,
                                              (struct sockaddr *) &sin6,
                                              url->port)
           ? REVIEW_CODE_OK : REVIEW_CODE_ADDRESS_NOT_ALLOWED;
}


ngx_uint_t
ngx_http_review_download_allow_may_connect(ngx_http_review_ctx_t *ctx,
    review_url_t *url, struct sockaddr *sockaddr)
{
    review_address_t   address;

    switch (sockaddr->sa_family) {

    case AF_INET:
        review_address_v4(&address,
                          &((struct sockaddr_in *) sockaddr)->sin_addr);
        break;

    case AF_INET6:
        review_address_v6(&address,
                          &((struct sockaddr_in6 *) sockaddr)->sin6_addr);
        break;

    default:
        return 0;
    }

    if (url->host.len && review_address_public(&address)) {
        return 1;
    }

    return ngx_http_review_download_allow_has(ctx, NULL, sockaddr,
                                              ngx_inet_get_port(sockaddr));
}
